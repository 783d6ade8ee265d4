//! Findings that one cause has in several places: they differ by who is concerned and where that is written, and by nothing else.

use std::collections::HashMap;

use crate::finding::{Finding, Level};
use crate::text::path::TreePath;

/// Whose reference a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct User {
    /// The words of the message for it: its object and field.
    pub words: String,
    /// Its namespace, where Git sets one. A secret is another one in each.
    pub namespace: Option<String>,
}

/// What findings of one cause have in common. Where neither a reference nor a family tells what they are about, equal words
/// may mean different things.
#[derive(PartialEq, Eq, Hash)]
struct Key<'a> {
    rule: &'static str,
    level: Level,
    /// The message, before and after the words for the user.
    message: (&'a str, &'a str),
    namespace: Option<&'a str>,
    environments: &'a [String],
    families: Vec<&'a str>,
    help: Option<&'a str>,
    fix: Option<&'a str>,
    related: Vec<(&'a str, &'a TreePath, usize)>,
}

impl<'a> Key<'a> {
    fn of(finding: &'a Finding) -> Option<Self> {
        let is_general = finding.is_general;
        if finding.user.is_none() && finding.families.is_empty() && !is_general {
            return None;
        }
        let message = &*finding.message;
        let user = finding.user.as_ref();
        let split = user.and_then(|user| message.split_once(&*user.words));
        let families = finding.families.iter().filter(|_| !is_general);
        let related = finding.related.iter().map(|related| {
            (&*related.label, related.place.source.path(), related.place.span().start)
        });
        Some(Self {
            rule: finding.rule,
            level: finding.level,
            message: split.unwrap_or((message, "")),
            namespace: user.and_then(|user| user.namespace.as_deref()),
            environments: if is_general { &[] } else { &finding.environments },
            families: families.map(String::as_str).collect(),
            help: finding.help.as_deref(),
            fix: finding.fix.as_ref().map(|fix| &*fix.title),
            related: related.collect(),
        })
    }
}

/// The findings by what causes them, in the order of the first one of each cause.
#[must_use]
pub fn by_cause(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut causes: Vec<Vec<&Finding>> = Vec::new();
    let mut known: HashMap<Key<'_>, usize> = HashMap::new();
    for finding in findings {
        let new = causes.len();
        let index = Key::of(finding).map_or(new, |key| *known.entry(key).or_insert(new));
        match causes.get_mut(index) {
            Some(places) => places.push(finding),
            None => causes.push(vec![finding]),
        }
    }
    causes
}
