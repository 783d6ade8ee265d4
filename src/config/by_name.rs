//! A mapping from names and patterns, which keeps the order of the file.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use crate::config::glob::NameGlob;
use crate::config::name_index::NameIndex;
use crate::config::ordered::Ordered;

/// Values by name or pattern.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct ByName<V> {
    entries: Ordered<NameGlob, V>,
    #[serde(skip)]
    index: OnceLock<NameIndex>,
}

impl<V> Default for ByName<V> {
    fn default() -> Self {
        Self { entries: Ordered::default(), index: OnceLock::new() }
    }
}

impl<V: PartialEq> PartialEq for ByName<V> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<V> ByName<V> {
    /// The entries in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&NameGlob, &V)> {
        self.entries.iter()
    }

    /// The keys that match none of these names.
    pub fn idle<'s>(&'s self, names: &BTreeSet<&str>) -> Vec<&'s NameGlob> {
        let mut is_idle = vec![true; self.entries.len()];
        for name in names {
            self.positions(name).for_each(|at| is_idle[at] = false);
        }
        let entries = self.entries.iter().zip(is_idle);
        entries.filter(|(_, is_idle)| *is_idle).map(|((glob, _), _)| glob).collect()
    }

    /// The values of what matches a name: its own entry first, then the patterns from top to bottom.
    pub(super) fn matching(&self, name: &str) -> impl Iterator<Item = &V> {
        self.positions(name).filter_map(|at| self.entries.at(at)).map(|(_, value)| value)
    }

    fn positions(&self, name: &str) -> impl Iterator<Item = usize> {
        let mut found = self.index().exact(name).to_vec();
        found.extend(self.index().patterns(name));
        let fits = |at: &usize| self.entries.at(*at).is_some_and(|(glob, _)| glob.matches(name));
        found.retain(fits);
        found.into_iter()
    }

    /// Whether a name has an entry of its own.
    pub(super) fn names(&self, name: &str) -> bool {
        !self.index().exact(name).is_empty()
    }

    fn index(&self) -> &NameIndex {
        self.index.get_or_init(|| NameIndex::new(self.entries.iter().map(|(glob, _)| glob)))
    }
}

impl<V: JsonSchema> JsonSchema for ByName<V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Ordered::<NameGlob, V>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Ordered::<NameGlob, V>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::ByName;
    use crate::text::work;

    fn read(text: &str) -> ByName<usize> {
        serde_yaml::from_str(text).unwrap()
    }

    #[test]
    fn the_own_entry_comes_before_the_patterns() {
        let names = read("{'*': 1, 'a-*': 2, '*-b': 3, a-b: 4, 'a-?': 5, c: 6, '[a]*b': 7}");
        let matching = |name: &str| names.matching(name).copied().collect::<Vec<_>>();
        assert_eq!(matching("a-b"), [4, 1, 2, 3, 5, 7]);
        assert_eq!((matching("c"), matching("d")), (vec![6, 1], vec![1]));
        assert!(names.names("c") && !names.names("*") && !names.names("a-c"));
        let idle = names.idle(&BTreeSet::from(["a-b"]));
        assert_eq!(idle.into_iter().map(|glob| glob.as_str()).collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn tries_few_of_many_entries() {
        let steps = |count: usize| {
            let mut text = String::new();
            for at in 0..count {
                let _ = writeln!(text, "app-{at}: 1\napp-{at}-*: 2\n'*-db-{at}': 3");
            }
            let names = read(&text);
            let one = |at: usize| assert_eq!(names.matching(&format!("app-{at}")).count(), 1);
            work::steps(|| (0..count).for_each(one))
        };
        assert!(steps(400) <= 4 * steps(100), "{} {}", steps(400), steps(100));
    }
}
