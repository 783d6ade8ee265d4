//! Objects with the secrets that they name and provide, wherever the objects come from, and how two such lists differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::k8s::found::{EVERYWHERE, Found, Provided, Role};
use crate::k8s::resource::group_of;
use crate::k8s::secret_name::{family, split};
use crate::k8s::spelling::version_in_file;
use crate::k8s::values::is_values;
use crate::kustomize::model::object::{Identity, Object};
use crate::repo::spelled;
use crate::text::source::Place;
use crate::yaml::node::Provenance;

/// Objects, and every secret that they name or provide.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// The objects.
    pub objects: Arc<[Object]>,
    /// Every reference, in the order of the objects.
    pub references: Vec<Reference>,
    /// Every secret that the objects provide.
    pub providers: Vec<Provider>,
    /// The namespace of objects that set none, if that is known.
    pub namespace: Option<String>,
}

/// A reference of a build root.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The object that has it: an index into the root's objects.
    pub object: usize,
    /// The place in the object.
    pub found: Found,
}

/// A provider of a build root.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The object that makes the secret: an index into the root's objects.
    pub object: usize,
    /// What it makes.
    pub provided: Provided,
}

/// Which objects of two inventories are the same, by kind, namespace and name. Each number is an index.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// The objects in both, in the order of the old ones: the old and the new index.
    pub both: Vec<(usize, usize)>,
    /// The objects that only the old inventory has.
    pub gone: Vec<usize>,
    /// The objects that only the new inventory has.
    pub new: Vec<usize>,
}

impl Matches {
    /// Whether the objects in both have kept their order.
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        self.both.is_sorted_by_key(|(_, new)| new)
    }
}

impl Inventory {
    /// Finds the same objects in another inventory, without the old ones that are not wanted. Of several with the same name, the
    /// first belongs to the first.
    #[must_use]
    pub fn matches(&self, new: &Self, is_wanted: impl Fn(usize) -> bool) -> Matches {
        let mut rest: BTreeMap<Identity, Vec<usize>> = BTreeMap::new();
        for (index, object) in new.objects.iter().enumerate().rev() {
            rest.entry(object.identity()).or_default().push(index);
        }
        let mut matches = Matches::default();
        for (index, object) in self.objects.iter().enumerate().filter(|(at, _)| is_wanted(*at)) {
            match rest.get_mut(&object.identity()).and_then(Vec::pop) {
                Some(found) => matches.both.push((index, found)),
                None => matches.gone.push(index),
            }
        }
        matches.new = rest.into_values().flatten().collect();
        matches.new.sort_unstable();
        matches
    }

    /// The effective objects.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// Whether a cluster would have an object: it does not only stand for the values of a release.
    #[must_use]
    pub fn is_real(&self, object: usize) -> bool {
        !is_values(&self.objects[object].node)
    }

    /// Every secret that it names or provides.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let references = self.references.iter().map(Reference::secret);
        references.chain(self.providers.iter().map(Provider::secret))
    }

    /// The object that has a reference.
    #[must_use]
    pub fn object_of(&self, reference: &Reference) -> &Object {
        &self.objects[reference.object]
    }

    /// Whether a reference is a mere mention: the name appears in an object whose fields Kubernetes itself
    /// defines, in a place that no field of it reads as a secret's name (an argument, a text, an
    /// annotation for a controller). In other kinds a name by value is all that can be known.
    #[must_use]
    pub fn is_mention(&self, reference: &Reference) -> bool {
        let object = self.object_of(reference);
        let group = group_of(&object.node);
        let defined =
            !object.kind().is_empty() && (!group.contains('.') || group.ends_with(".k8s.io"));
        defined && matches!(reference.found.role, Role::Mention | Role::Watch)
    }

    /// The object that makes a secret.
    #[must_use]
    pub fn object_that_provides(&self, provider: &Provider) -> &Object {
        &self.objects[provider.object]
    }

    /// The namespace in which a reference looks for its secret; `None` when nothing in Git sets one, or when
    /// it may be any.
    #[must_use]
    pub fn namespace_of<'r>(&'r self, reference: &'r Reference) -> Option<&'r str> {
        let named = reference.found.namespace.as_deref();
        if named == Some(EVERYWHERE) {
            return None;
        }
        named.or_else(|| self.object_of(reference).namespace()).or(self.namespace.as_deref())
    }

    /// The namespace in which a provider makes its secret; `None` when nothing in Git sets one, or when
    /// it makes the secret in every one.
    #[must_use]
    pub fn namespace_of_provider<'r>(&'r self, provider: &'r Provider) -> Option<&'r str> {
        let named = provider.provided.namespace.as_deref();
        if named == Some(EVERYWHERE) {
            return None;
        }
        let own = || self.object_that_provides(provider).namespace();
        named.or_else(own).or(self.namespace.as_deref())
    }
}

impl Reference {
    /// The 14 digits of the version that it names; `None` for a plain name.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        split(self.secret()).map(|(_, version)| version)
    }

    /// The secret's name.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.found.secret
    }

    /// The family of the secret.
    #[must_use]
    pub fn family(&self) -> &str {
        family(self.secret())
    }

    /// The name as the file has it, where kustomize made it longer.
    #[must_use]
    pub fn written(&self) -> Option<&str> {
        let node = &self.found.node;
        let origin = node.origin.as_ref().filter(|_| node.how == Provenance::Derived)?;
        Some(origin.text().trim_matches(['"', '\'']))
    }

    /// Whether a template puts the name together from several places.
    #[must_use]
    pub fn is_put_together(&self) -> bool {
        self.found.node.origin.as_ref().is_some_and(|origin| origin.source.is_composed())
    }

    /// The field, for display.
    #[must_use]
    pub fn field(&self) -> String {
        self.found.path.to_string()
    }

    /// The bytes of a file that spell the secret's name and nothing else; `None` when no file spells it
    /// so (a generated or prefixed name, an escape).
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        spelled::place(&self.found.node, self.found.part.clone(), &self.found.secret)
    }

    /// Where the name comes from, as near as can be told.
    #[must_use]
    pub fn near(&self) -> Option<Place> {
        let version = || version_in_file(&self.found.node);
        let near = || self.found.node.origin.as_ref().map(Place::near_in_file);
        self.place().or_else(version).or_else(near)
    }
}

impl Provider {
    /// The secret's name.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.provided.secret
    }

    /// The family of the secret.
    #[must_use]
    pub fn family(&self) -> &str {
        family(self.secret())
    }

    /// The field that names the secret, for display.
    #[must_use]
    pub fn field(&self) -> String {
        self.provided.path.to_string()
    }

    /// The bytes of a file that spell the secret's name and nothing else; `None` when no file spells it so.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        spelled::place(&self.provided.node, None, &self.provided.secret)
    }

    /// Where the name comes from, as near as can be told.
    #[must_use]
    pub fn near(&self) -> Option<Place> {
        self.place().or_else(|| self.provided.node.origin.as_ref().map(Place::near_in_file))
    }
}

#[cfg(test)]
mod tests {
    use crate::repo::testing::{deployment, repo};

    #[test]
    fn objects_match_by_name_and_in_order() {
        let of = |objects: &[&str]| {
            let text: Vec<String> = objects.iter().map(|name| deployment(name, "auth")).collect();
            repo(&[("staging/all.yaml", &text.join("---\n"))]).roots.remove(0)
        };
        let (old, new) = (of(&["a", "b", "c", "c"]), of(&["d", "c", "a"]));
        let matches = old.matches(&new, |_| true);
        assert_eq!(matches.both, [(0, 2), (2, 1)]);
        assert_eq!((&matches.gone[..], &matches.new[..]), (&[1, 3][..], &[0][..]));
        assert!(!matches.is_in_order());
        // The one that is meant to go is not taken for the one that stays.
        let matches = old.matches(&of(&["a", "b", "c"]), |index| index != 2);
        assert_eq!(matches.both, [(0, 0), (1, 1), (3, 2)]);
        assert!(matches.is_in_order() && matches.gone.is_empty() && matches.new.is_empty());
    }
}
