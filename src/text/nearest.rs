//! Suggestions for a mistyped word.

/// The candidate closest to the word, if any is close enough: a typo away, or one is a prefix
/// of the other. The first one wins a tie.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(256).flat_map(char::to_lowercase).collect();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let other: Vec<char> = candidate.chars().take(256).flat_map(char::to_lowercase).collect();
        let distance = distance(&word, &other);
        let bound = (word.len().max(other.len()) / 3).max(1);
        let begins = word.len() >= 2 && (other.starts_with(&word) || word.starts_with(&other));
        if (distance <= bound || begins) && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The number of characters to change, add, remove or swap with their neighbour.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut rows = [vec![0; to.len() + 1], (0..=to.len()).collect(), vec![0; to.len() + 1]];
    for (i, a) in from.iter().enumerate() {
        rows[2][0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let changed = rows[1][j] + usize::from(a != b);
            let mut least = changed.min(rows[1][j + 1] + 1).min(rows[2][j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(rows[0][j - 1] + 1);
            }
            rows[2][j + 1] = least;
        }
        rows.rotate_left(1);
    }
    rows[1][to.len()]
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
