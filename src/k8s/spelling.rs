//! Texts that contain a secret's name, whole or composed of parts.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::k8s::secret_name::{DIGITS, digits_at, split};
use crate::text::source::Place;
use crate::text::work;
use crate::yaml::embed;
use crate::yaml::node::Node;

/// Where a text contains a name.
///
/// A versioned name is found by its digits: as the whole name, after a template or a variable
/// (`{{ .Release.Name }}-secrets-20250723110000`, `${APP}-20250723110000`), or as the digits alone. A name without a version is found
/// if it is the whole text, or the value on one of its lines.
#[must_use]
pub fn spelled(text: &str, name: &str) -> Vec<Range<usize>> {
    work::count("name looked for");
    match split(name) {
        Some((family, digits)) => digits_at(text)
            .filter(|(_, found)| *found == digits)
            .filter_map(|(start, _)| put_together(text, start, family))
            .collect(),
        None => lines(text).filter(|line| text[line.clone()] == *name).collect(),
    }
}

/// Where a file spells the version of a name that is put together from several places.
#[must_use]
pub fn version_in_file(name: &Node) -> Option<Place> {
    name.origin.as_ref().filter(|origin| origin.source.is_composed())?;
    let text = name.str()?;
    let (_, digits) = split(text)?;
    embed::part(name, text.len() - digits.len()..text.len())?.in_file()
}

/// Several names, each with a number, that are looked for in one pass.
#[derive(Debug, Default)]
pub struct Names<'n> {
    /// By their digits.
    versioned: HashMap<&'n str, Vec<(usize, &'n str)>>,
    others: Vec<(usize, &'n str)>,
}

impl<'n> Names<'n> {
    /// Adds a name.
    pub fn add(&mut self, number: usize, name: &'n str) {
        let group = match split(name) {
            Some((_, digits)) => self.versioned.entry(digits).or_default(),
            None => &mut self.others,
        };
        group.push((number, name));
    }

    /// Every name that a text [spells](spelled), with its number and where.
    #[must_use]
    pub fn spelled(&self, text: &str) -> Vec<(usize, &'n str, Vec<Range<usize>>)> {
        let digits: BTreeSet<&str> = digits_at(text).map(|(_, digits)| digits).collect();
        let versioned = digits.into_iter().filter_map(|digits| self.versioned.get(digits));
        let names = versioned.flatten().chain(&self.others);
        let found = names.map(|&(number, name)| (number, name, spelled(text, name)));
        found.filter(|(_, _, parts)| !parts.is_empty()).collect()
    }
}

/// The digits of every version that a text contains, each with the family before them; `None` where it may be any: a text
/// [spells](spelled) no versioned name of other digits or families.
pub fn dated(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    digits_at(text).map(|(start, digits)| {
        let (before, word) = word_before(text, start);
        let is_template = before.ends_with(['}', ')', '$']);
        (digits, (!is_template && !word.is_empty()).then_some(word))
    })
}

/// What comes before the digits at `start`: the word that ends there, without a hyphen at its end, and all before it.
fn word_before(text: &str, start: usize) -> (&str, &str) {
    let before = text[..start].trim_end_matches(in_word);
    let word = &text[before.len()..start];
    (before, word.strip_suffix('-').unwrap_or(word))
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The part of a text that ends in the digits at `start` and may be a name of the family.
fn put_together(text: &str, start: usize, family: &str) -> Option<Range<usize>> {
    let end = start + DIGITS;
    let mut behind = text[end..].chars();
    let goes_on = match behind.next() {
        // A full stop may end a sentence; a file name continues after it.
        Some('.') => behind.next().is_some_and(in_word),
        Some(c) => in_word(c),
        None => false,
    };
    if goes_on {
        return None;
    }
    let (before, word) = word_before(text, start);
    let whole = before.len()..end;
    if word.is_empty() || word == family {
        return Some(whole);
    }
    // What comes before is known only once the template is rendered.
    let rest = match before.chars().next_back()? {
        '}' | ')' => word,
        '$' => word.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_'),
        _ => return None,
    };
    (rest.is_empty() || family.ends_with(rest)).then_some(whole)
}

/// The whole text, or the value on each of several lines: what follows the last `: `, `- ` or `=`, without quotes.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    const QUOTES: [char; 2] = ['"', '\''];
    let several = text.trim_end().contains('\n');
    let mut next = 0;
    text.split_inclusive('\n').map(move |line| {
        next += line.len();
        let before = next - line.len();
        let line = line.trim_end();
        let value = if several { line.rsplit([' ', '=']).next() } else { Some(line) };
        let value = value.unwrap_or_default().trim_start().trim_start_matches(QUOTES);
        let start = before + line.len() - value.len();
        start..start + value.trim_end_matches(QUOTES).len()
    })
}

#[cfg(test)]
mod tests {
    use super::spelled;

    const NAME: &str = "shop-secrets-20250602090000";

    fn found(text: &str, name: &str) -> Vec<String> {
        spelled(text, name).into_iter().map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn finds_names_that_are_put_together() {
        for text in [
            NAME,
            "kubectl get secret shop-secrets-20250602090000",
            "see shop-secrets-20250602090000.",
            "{{ .Release.Name }}-secrets-20250602090000",
            "${APP}-secrets-20250602090000",
            "$APP-secrets-20250602090000",
            "$(APP)-20250602090000",
            "20250602090000",
            "version=20250602090000",
        ] {
            assert_eq!(found(text, NAME).len(), 1, "{text}");
        }
    }

    #[test]
    fn leaves_other_names_alone() {
        for text in [
            "shop-secrets-20250602090001",
            "other-20250602090000",
            "my-shop-secrets-20250602090000",
            "{{ .Release.Name }}-tls-20250602090000",
            "shop-secrets-20250602090000.yaml",
            "shop-secrets-20250602090000-ca",
        ] {
            assert!(found(text, NAME).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_plain_name_is_all_of_a_value() {
        assert_eq!(found("creds", "creds"), ["creds"]);
        assert_eq!(found("auth:\n  credentials: 'creds'\nlist:\n- creds\n", "creds").len(), 2);
        for text in ["the creds", "creds-old", "credits", "a: creds-x\nb: c\n"] {
            assert!(found(text, "creds").is_empty(), "{text}");
        }
    }
}
