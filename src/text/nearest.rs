//! Suggestions for a mistyped word.

use strsim::osa_distance;

use crate::text::work;

/// The candidate closest to the word, if any is close enough: a typo away, or one is a prefix
/// of the other. The first one wins a tie.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    Words::new(candidates.into_iter()).closest(word, None)
}

/// Words that suggestions are made from, for many mistyped ones.
#[derive(Debug)]
pub struct Words<'a>(Vec<Candidate<'a>>);

#[derive(Debug)]
struct Candidate<'a> {
    word: &'a str,
    folded: String,
    length: usize,
    letters: Letters,
}

/// How often each letter occurs in a word; letters that are not ASCII share places.
type Letters = [u8; 32];

impl<'a> Words<'a> {
    /// Words to choose from; the first ones win a tie.
    pub fn new(words: impl Iterator<Item = &'a str>) -> Self {
        let candidate = |word: &'a str| {
            let folded = folded(word);
            Candidate { word, length: folded.chars().count(), letters: letters(&folded), folded }
        };
        Self(words.map(candidate).collect())
    }

    /// The word closest to this one, if any is close enough, as for [`nearest`]; `but` does not count.
    #[must_use]
    pub fn nearest(&self, word: &str, but: &str) -> Option<&'a str> {
        self.closest(word, Some(but))
    }

    fn closest(&self, word: &str, but: Option<&str>) -> Option<&'a str> {
        let word = folded(word);
        let (length, own) = (word.chars().count(), letters(&word));
        let mut best: Option<(usize, &'a str)> = None;
        for other in self.0.iter().filter(|other| but != Some(other.word)) {
            let begins =
                length >= 2 && (other.folded.starts_with(&word) || word.starts_with(&other.folded));
            let bound = (length.max(other.length) / 3).max(1);
            let least = length.abs_diff(other.length).max(differ(&own, &other.letters));
            // Most words differ in more letters than the best one so far.
            if (least > bound && !begins) || best.is_some_and(|(best, _)| best <= least) {
                continue;
            }
            work::step();
            let distance = osa_distance(&word, &other.folded);
            if (distance <= bound || begins) && best.is_none_or(|(best, _)| distance < best) {
                best = Some((distance, other.word));
            }
        }
        best.map(|(_, candidate)| candidate)
    }
}

fn letters(word: &str) -> Letters {
    let mut letters = [0_u8; 32];
    for character in word.chars() {
        let place = &mut letters[character as usize % 32];
        *place = place.saturating_add(1);
    }
    letters
}

/// At least so many edits lie between two words: each takes a letter away and adds another at most.
fn differ(one: &Letters, other: &Letters) -> usize {
    let more = |(one, other): (&u8, &u8)| usize::from(one.saturating_sub(*other));
    let gone: usize = one.iter().zip(other).map(more).sum();
    let new: usize = other.iter().zip(one).map(more).sum();
    gone.max(new)
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
