//! The secrets that something outside the repository makes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::glob::NameGlob;
use crate::config::name_index::NameIndex;

/// A secret that something outside the repository makes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// The secret's name; `*`, `?` and `[…]` match as in a shell
    pub name: NameGlob,
    /// The namespace it exists in; every one by default
    #[serde(default)]
    pub namespace: NameGlob,
    /// Who makes it
    #[serde(default)]
    pub reason: Option<String>,
}

/// Every such secret, in the order of the file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Externals {
    list: Vec<External>,
    #[serde(skip)]
    index: OnceLock<Index>,
}

/// The positions of the entries, found by the name of a secret.
#[derive(Debug, Clone, Default)]
struct Index {
    /// By name and namespace, where neither is a pattern.
    plain: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
    /// Those of the others, whose patterns are in the index.
    others: Vec<usize>,
    names: NameIndex,
}

impl PartialEq for Externals {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Externals {
    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = &External> {
        self.list.iter()
    }

    /// The positions of the entries that are for none of these secrets, each with its namespace.
    #[must_use]
    pub fn idle(&self, secrets: &BTreeSet<(&str, Option<&str>)>) -> Vec<usize> {
        let mut is_idle = vec![true; self.list.len()];
        for (name, namespace) in secrets {
            self.all(name, *namespace).for_each(|at| is_idle[at] = false);
        }
        (0..is_idle.len()).filter(|at| is_idle[*at]).collect()
    }

    /// Whether an entry is for this secret; an unknown namespace matches any.
    pub(super) fn has(&self, name: &str, namespace: Option<&str>) -> bool {
        self.all(name, namespace).next().is_some()
    }

    /// The reason of the first entry for a secret that has one.
    #[must_use]
    pub fn reason(&self, name: &str, namespace: Option<&str>) -> Option<&str> {
        let mut entries: Vec<usize> = self.all(name, namespace).collect();
        entries.sort_unstable();
        entries.into_iter().find_map(|at| self.list[at].reason.as_deref())
    }

    /// The positions of the entries for a secret.
    fn all(&self, name: &str, namespace: Option<&str>) -> impl Iterator<Item = usize> {
        let Index { plain, others, names } = self.index.get_or_init(|| Index::new(&self.list));
        let (mut whole, mut one) = (None, None);
        if let Some(by_namespace) = plain.get(name) {
            match namespace {
                None => whole = Some(by_namespace.values().flatten()),
                Some(namespace) => one = by_namespace.get(namespace),
            }
        }
        let plain = whole.into_iter().flatten().chain(one.into_iter().flatten()).copied();
        let mut found = names.exact(name).to_vec();
        found.extend(names.patterns(name));
        let fits = move |at: &usize| {
            let External { name: glob, namespace: wanted, .. } = &self.list[*at];
            namespace.is_none_or(|namespace| wanted.matches(namespace)) && glob.matches(name)
        };
        plain.chain(found.into_iter().map(|at| others[at]).filter(fits))
    }
}

impl Index {
    fn new(list: &[External]) -> Self {
        let mut index = Self::default();
        for (at, External { name, namespace, .. }) in list.iter().enumerate() {
            if name.is_literal() && namespace.is_literal() {
                let by_namespace = index.plain.entry(name.as_str().to_owned()).or_default();
                by_namespace.entry(namespace.as_str().to_owned()).or_default().push(at);
            } else {
                index.others.push(at);
            }
        }
        index.names = NameIndex::new(index.others.iter().map(|at| &list[*at].name));
        index
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::Externals;
    use crate::text::work;

    fn read(text: &str) -> Externals {
        serde_yaml::from_str(text).unwrap()
    }

    #[test]
    fn finds_an_entry_by_name_and_namespace() {
        let externals = read(
            "[{name: a, namespace: x}, {name: a, namespace: 'y*'}, {name: b}, {name: 'c-*'}, {name: '*-d', namespace: x}, {name: '*e*'}]",
        );
        for (name, namespace, has) in [
            ("a", Some("x"), true),
            ("a", Some("y1"), true),
            ("a", Some("z"), false),
            ("a", None, true),
            ("b", Some("z"), true),
            ("c-1", None, true),
            ("c", None, false),
            ("1-d", Some("x"), true),
            ("1-d", Some("y"), false),
            ("1-d", None, true),
            ("1e1", Some("x"), true),
            ("f", None, false),
        ] {
            assert_eq!(externals.has(name, namespace), has, "{name} {namespace:?}");
        }
        let secrets = BTreeSet::from([("a", Some("z")), ("a", Some("y")), ("c-d", Some("x"))]);
        assert_eq!(externals.idle(&secrets), [0, 2, 5]);
    }

    #[test]
    fn tries_few_of_many_patterns() {
        let steps = |count: usize| {
            let mut text = String::new();
            for at in 0..count {
                let _ = writeln!(text, "- {{name: 'app-{at}-*'}}\n- {{name: '*-tls-{at}'}}");
            }
            let externals = read(&text);
            let has = |at: usize| assert!(externals.has(&format!("app-{at}-db"), Some("x")));
            work::steps(|| (0..count).for_each(has))
        };
        assert!(steps(400) <= 4 * steps(100), "{} {}", steps(400), steps(100));
    }
}
