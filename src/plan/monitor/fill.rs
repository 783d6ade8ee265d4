//! Placeholders in the texts of a template.

use std::ops::Range;

use crate::text::nearest::is_typo;

/// What is filled in.
pub(super) struct Values<'v> {
    pub(super) family: &'v str,
    pub(super) environment: &'v str,
    pub(super) version: &'v str,
    /// `None` where nothing in Git sets one.
    pub(super) namespace: Option<&'v str>,
}

/// The words between braces that are ours.
const WORDS: [&str; 4] = ["family", "environment", "version", "namespace"];

/// The words that are alone between double braces, each with its bytes, braces included.
fn braces(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    const BLANKS: [char; 2] = [' ', '\t'];
    text.match_indices("{{").filter_map(|(start, _)| {
        // Only what may be a word is looked at, so that the whole text is read once.
        let body = text.get(start + 2..)?.trim_start_matches(BLANKS);
        let rest = body.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let word = body.get(..body.len() - rest.len()).filter(|word| !word.is_empty())?;
        let rest = rest.trim_start_matches(BLANKS).strip_prefix("}}")?;
        Some((start..text.len() - rest.len(), word))
    })
}

/// Whether a text has a placeholder.
pub(super) fn has(text: &str, word: &str) -> bool {
    braces(text).any(|(_, found)| found == word)
}

/// A text with its placeholders filled in; every other byte stays.
pub(super) fn fill(text: &str, values: &Values<'_>) -> String {
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for (range, word) in braces(text) {
        let value = match word {
            "family" => values.family,
            "environment" => values.environment,
            "version" => values.version,
            "namespace" => values.namespace.unwrap_or_default(),
            _ => continue,
        };
        out.push_str(text.get(done..range.start).unwrap_or_default());
        out.push_str(value);
        done = range.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// The words between braces that look like one of ours, each with it.
pub(super) fn typos(text: &str) -> Vec<(&str, &'static str)> {
    let words = braces(text).map(|(_, word)| word).filter(|word| !WORDS.contains(word));
    words.filter_map(|word| Some((word, *WORDS.iter().find(|own| is_typo(word, own))?))).collect()
}

#[cfg(test)]
mod tests {
    use super::{Values, fill, has, typos};

    fn filled(text: &str) -> String {
        let values = Values {
            family: "auth",
            environment: "production",
            version: "20250723110000",
            namespace: Some("shop"),
        };
        fill(text, &values)
    }

    #[test]
    fn fills_in_its_own_words_and_no_others() {
        assert_eq!(
            filled("{{family}}-{{ version }} in {{namespace}}"),
            "auth-20250723110000 in shop"
        );
        for other in [
            "{{ $labels.pod }}",
            "{{version.name}}",
            "{{#is_alert}}x{{/is_alert}}",
            "{{args.family}}",
            "{{",
            "}}{{family",
            "{{ }}",
            "{family}",
            "{{Family}}",
            "{{\nfamily}}",
            "{{é}}",
        ] {
            assert_eq!(filled(other), other);
        }
        assert_eq!(filled("{{{family}}}"), "{{{family}}}");
        assert_eq!(filled("{{ $value }}{{environment}}{{"), "{{ $value }}production{{");
    }

    #[test]
    fn a_text_without_ends_is_read_once() {
        let long = "{{ } }".repeat(100_000);
        assert_eq!(filled(&long), long);
        let long = "{{family }".repeat(100_000);
        assert_eq!(filled(&long), long);
    }

    #[test]
    fn finds_what_is_asked_for_and_what_is_misspelled() {
        assert!(has("{{ version}}", "version") && !has("{{version.name}}", "version"));
        assert_eq!(typos("{{versoin}} {{family}} {{ value }}"), [("versoin", "version")]);
    }
}
