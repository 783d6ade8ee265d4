//! Where in a store the values are, as far as its SecretStore says.

use crate::k8s::placeholder::is_filled_in;
use crate::yaml::node::Node;

/// The settings of a SecretStore below the key of its provider.
#[derive(Debug, Clone, Copy)]
pub struct Provider<'n>(pub &'n Node);

impl<'n> Provider<'n> {
    /// The text of a field; `None` if it is empty, or filled in only when it is deployed.
    #[must_use]
    pub fn text(self, field: &str) -> Option<&'n str> {
        let text = self.0.get(field).and_then(Node::str);
        text.filter(|text| !text.is_empty() && !is_filled_in(text))
    }
}

/// Where in a store the values are: its region, project, mount and the like.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    is_in_git: bool,
    /// In the order in which the store lists them, by which locations are sorted.
    details: Vec<(&'static str, Option<String>)>,
}

impl Location {
    /// The location in a SecretStore, each detail from the field of that name.
    #[must_use]
    pub fn read(provider: Provider<'_>, fields: &[&'static str]) -> Self {
        let details = fields.iter().map(|field| (*field, provider.text(field).map(str::to_owned)));
        Self { is_in_git: true, details: details.collect() }
    }

    /// The location with this detail, new or in place of the one that it has.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Option<String>) -> Self {
        match self.details.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.details.push((name, value)),
        }
        self
    }

    /// The location with one detail unknown.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        for (_, value) in self.details.iter_mut().filter(|(known, _)| *known == name) {
            *value = None;
        }
        self
    }

    /// Whether the SecretStore is in the repository; otherwise nothing is known.
    #[must_use]
    pub const fn is_in_git(&self) -> bool {
        self.is_in_git
    }

    /// A detail, if it is known.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let detail = self.details.iter().find(|(known, _)| *known == name);
        detail.and_then(|(_, value)| value.as_deref())
    }
}

#[cfg(test)]
pub(in crate::k8s) mod tests {
    use super::{Location, Provider};
    use crate::k8s::store::definition::Definition;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    /// The location that a store reads from the settings of its provider.
    pub(in crate::k8s) fn located(store: &Definition, provider: &str) -> Location {
        let stream = parse(&Source::file(TreePath::root(), provider.to_owned())).unwrap();
        (store.locate)(Provider(&stream.documents[0].root))
    }

    #[test]
    fn placeholders_are_not_known() {
        let text = "{ a: 1x, b: \"${B}\", c: '' }";
        let stream = parse(&Source::file(TreePath::root(), text.to_owned())).unwrap();
        let location = Location::read(Provider(&stream.documents[0].root), &["a", "b", "c", "d"]);
        assert_eq!(location.get("a"), Some("1x"));
        assert_eq!(["b", "c", "d", "e"].map(|name| location.get(name)), [None; 4]);
        assert_eq!(location.clone().without("a").get("a"), None);
        assert!(location.is_in_git() && !Location::default().is_in_git());
    }
}
