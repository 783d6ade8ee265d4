//! Patterns over paths and names, as in a shell: `*`, `?`, `[abc]`, `[!a-z]`, and `**` across directories.
//!
//! `globset` reads `[^a]` as a negation, refuses `[z-a]`, and cannot say which leading part of a path a pattern matched.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer};

use crate::config::word;
use crate::text::path::TreePath;
use crate::text::work;

/// A pattern over paths: `apps/*/staging`, `clusters/prod-*`, `**/staging`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathGlob {
    text: String,
    parts: Vec<Part>,
}

/// A pattern over one name: `legacy-*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameGlob {
    text: String,
    units: Vec<Unit>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `**`: any number of directories.
    Directories,
    /// One directory or file.
    Name(Vec<Unit>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Unit {
    Char(char),
    Any,
    Rest,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl PathGlob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it cannot match any path.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains('\\') {
            return Err(format!("`{text}` has a backslash; path components are separated by `/`"));
        }
        let mut parts = Vec::new();
        for part in text.split('/').filter(|part| !matches!(*part, "" | ".")) {
            match part {
                ".." => return Err(format!("`{text}` leads out of the repository")),
                "**" => parts.push(Part::Directories),
                part => parts.push(Part::Name(units(part)?)),
            }
        }
        if parts.is_empty() && !text.contains('.') {
            return Err(format!("`{text}` names no path; write `.` for the whole repository"));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern matches the path or a directory above it.
    #[must_use]
    pub fn matches_prefix(&self, path: &TreePath) -> bool {
        self.matched(path).is_some()
    }

    /// The shortest leading part of the path that the pattern matches.
    #[must_use]
    pub fn matched(&self, path: &TreePath) -> Option<TreePath> {
        let names: Vec<&str> = path.parts().collect();
        let ends = reached(&self.parts, &names);
        let end = ends.iter().position(|&end| end)?;
        TreePath::new(&names[..end].join("/"))
    }
}

/// How many leading components the parts can match: entry `n` says whether exactly `n` do.
fn reached(parts: &[Part], names: &[&str]) -> Vec<bool> {
    let mut ends = vec![false; names.len() + 1];
    ends[0] = true;
    for part in parts {
        let mut next = vec![false; names.len() + 1];
        match part {
            Part::Directories => {
                let mut open = false;
                for (end, reached) in next.iter_mut().enumerate() {
                    open |= ends[end];
                    *reached = open;
                }
            }
            Part::Name(units) => {
                for (at, name) in names.iter().enumerate() {
                    next[at + 1] = ends[at] && matches(units, name);
                }
            }
        }
        ends = next;
    }
    ends
}

impl NameGlob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it cannot match any name.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a name must not be empty".to_owned());
        }
        if text.contains('/') {
            return Err(format!("`{text}` is not a name: it has a `/`"));
        }
        Ok(Self { text: text.to_owned(), units: units(text)? })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern is a plain name.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.units.iter().all(|unit| matches!(unit, Unit::Char(_)))
    }

    /// What every name begins with that the pattern matches, and what it ends with.
    pub(super) fn ends(&self) -> (String, String) {
        let literal = |unit: &Unit| if let Unit::Char(c) = unit { Some(*c) } else { None };
        let start = self.units.iter().map_while(literal).collect();
        let end: Vec<char> = self.units.iter().rev().map_while(literal).collect();
        (start, end.into_iter().rev().collect())
    }

    /// Whether the pattern matches the whole name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        work::step();
        matches(&self.units, name)
    }
}

impl Default for NameGlob {
    fn default() -> Self {
        Self { text: "*".to_owned(), units: vec![Unit::Rest] }
    }
}

fn units(text: &str) -> Result<Vec<Unit>, String> {
    let mut units = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if units.last() == Some(&Unit::Rest) => {}
            '*' => units.push(Unit::Rest),
            '?' => units.push(Unit::Any),
            '[' => units.push(class(text, &mut chars)?),
            '{' | '}' => {
                return Err(format!(
                    "`{text}` has braces, which patterns do not support; write one pattern for each"
                ));
            }
            c => units.push(Unit::Char(c)),
        }
    }
    Ok(units)
}

/// Reads a character class after its `[`.
fn class(text: &str, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Unit, String> {
    let negated = chars.next_if_eq(&'!').is_some();
    let mut inside = Vec::new();
    loop {
        match chars.next() {
            Some(']') if !inside.is_empty() => break,
            Some(c) => inside.push(c),
            None => return Err(format!("`{text}` has a `[` without its `]`")),
        }
    }
    let (mut ranges, mut at) = (Vec::new(), 0);
    while at < inside.len() {
        if at + 2 < inside.len() && inside[at + 1] == '-' {
            ranges.push((inside[at], inside[at + 2]));
            at += 3;
        } else {
            ranges.push((inside[at], inside[at]));
            at += 1;
        }
    }
    Ok(Unit::Class { negated, ranges })
}

fn matches(units: &[Unit], name: &str) -> bool {
    let chars: Vec<char> = name.chars().collect();
    let (mut unit, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let fits = match (units.get(unit), chars.get(at)) {
            (Some(Unit::Rest), _) => {
                retry = Some((unit + 1, at));
                unit += 1;
                continue;
            }
            (None, None) => return true,
            (Some(Unit::Any), Some(_)) => true,
            (Some(Unit::Char(wanted)), Some(c)) => wanted == c,
            (Some(Unit::Class { negated, ranges }), Some(c)) => {
                ranges.iter().any(|(from, to)| (from..=to).contains(&c)) != *negated
            }
            (Some(_), None) | (None, Some(_)) => false,
        };
        if fits {
            (unit, at) = (unit + 1, at + 1);
            continue;
        }
        match retry {
            Some((from, taken)) if taken < chars.len() => {
                retry = Some((from, taken + 1));
                (unit, at) = (from, taken + 1);
            }
            _ => return false,
        }
    }
}

impl fmt::Display for PathGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for NameGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for PathGlob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word::parsed(deserializer, "a pattern over paths", Self::parse)
    }
}

impl<'de> Deserialize<'de> for NameGlob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word::parsed(deserializer, "a name or a pattern", Self::parse)
    }
}

impl JsonSchema for PathGlob {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PathGlob".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "examples": ["*/staging", "clusters/prod-*"] })
    }
}

impl JsonSchema for NameGlob {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "NameGlob".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "pattern": "^[^/]+$" })
    }
}

#[cfg(test)]
mod tests {
    use super::{NameGlob, PathGlob};
    use crate::text::path::TreePath;

    fn matched(glob: &str, path: &str) -> Option<String> {
        let path = TreePath::new(path).unwrap();
        PathGlob::parse(glob).unwrap().matched(&path).map(|path| path.as_str().to_owned())
    }

    #[test]
    fn matches_a_leading_part_directory_by_directory() {
        assert_eq!(matched("*/staging", "apps/staging/web.yaml").as_deref(), Some("apps/staging"));
        assert_eq!(matched("*/staging", "apps/shop/staging"), None);
        assert_eq!(matched("*/staging", "staging"), None);
        assert_eq!(matched("/apps/", "apps/x").as_deref(), Some("apps"));
        assert_eq!(matched("apps", "apps-old/x"), None);
        assert_eq!(matched(".", "x/y").as_deref(), Some(""));
        assert_eq!(matched("a/*/c", "a/b/c").as_deref(), Some("a/b/c"));
        assert_eq!(matched("a", ""), None);
    }

    #[test]
    fn crosses_directories_with_two_stars() {
        assert_eq!(matched("**/staging", "staging/x").as_deref(), Some("staging"));
        assert_eq!(matched("**/staging", "a/b/staging/x").as_deref(), Some("a/b/staging"));
        assert_eq!(matched("a/**/prod", "a/b/c/prod").as_deref(), Some("a/b/c/prod"));
        assert_eq!(matched("a/**/prod", "b/prod"), None);
        assert_eq!(matched("**", "a/b").as_deref(), Some(""));
    }

    #[test]
    fn matches_names() {
        let matches = |glob, name| NameGlob::parse(glob).unwrap().matches(name);
        assert!(matches("prod-[a-c]?", "prod-b1"));
        assert!(!matches("prod-[!a-c]?", "prod-b1"));
        assert!(matches("[]a]x", "]x"));
        assert!(matches("[a-]", "-"));
        assert!(matches("[^a]", "^"));
        assert!(!matches("[z-a]", "m"));
        assert!(matches("*a*b*c", "xxaxxbxxbc"));
        assert!(!matches("*a*b*c", "xxaxxbxxbd"));
        assert!(matches("*", ""));
        assert!(matches("über*", "überall"));
        assert!(!matches("a", "ab"));
    }

    #[test]
    fn takes_no_time_for_many_stars() {
        let name = "a".repeat(5_000);
        assert!(!NameGlob::parse(&"*a".repeat(50)).unwrap().matches(&(name + "b")));
    }

    #[test]
    fn refuses_what_cannot_match() {
        for glob in ["", "/", "a/../b", "a\\b", "a/[b", "{a,b}"] {
            assert!(PathGlob::parse(glob).is_err(), "{glob}");
        }
        assert!(NameGlob::parse("").is_err());
        assert!(NameGlob::parse("a/b").is_err());
    }
}
