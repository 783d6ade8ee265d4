//! Suggestions for a mistyped word.

use strsim::osa_distance;

/// The candidate closest to the word, if any is close enough: a typo away, or one is a prefix
/// of the other. The first one wins a tie.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = folded(word);
    let length = word.chars().count();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let other = folded(candidate);
        let distance = osa_distance(&word, &other);
        let bound = (length.max(other.chars().count()) / 3).max(1);
        let begins = length >= 2 && (other.starts_with(&word) || word.starts_with(&other));
        if (distance <= bound || begins) && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Whether a word is another one in whatever case, or a typo away from it.
#[must_use]
pub fn is_typo(word: &str, of: &str) -> bool {
    let (word, of) = (folded(word), folded(of));
    let bound = (word.chars().count().max(of.chars().count()) / 3).max(1);
    osa_distance(&word, &of) <= bound
}

/// A word without its case; the end of a very long one does not count.
fn folded(word: &str) -> String {
    word.chars().take(256).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let known = ["development", "staging", "production"];
        assert_eq!(nearest("stagin", known), Some("staging"));
        assert_eq!(nearest("Staging", known), Some("staging"));
        assert_eq!(nearest("satging", known), Some("staging"));
        assert_eq!(nearest("prodution", known), Some("production"));
        assert_eq!(nearest("prod", known), Some("production"));
        assert_eq!(nearest("productoin", known), Some("production"));
        assert_eq!(nearest("qa", known), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest("pahts", ["paths", "path"]), Some("paths"));
    }
}
