//! Which build roots name or provide secrets of a family.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::k8s::secret_name::{Family, family};
use crate::repo::Repo;
use crate::repo::carry::Change;
use crate::repo::inventory::{Provider, Reference};
use crate::repo::root::Root;
use crate::text::shared_map::SharedMap;
use crate::text::work;

/// The roots by each family, as indexes into the repository's roots.
#[derive(Debug, Clone, Default)]
pub(super) struct Namings(SharedMap<Family, Arc<BTreeSet<usize>>>);

impl Namings {
    fn new<'r>(roots: impl Iterator<Item = &'r Root>) -> Self {
        let mut namings = Self::default();
        for (index, root) in roots.enumerate() {
            namings.add(index, root);
        }
        namings
    }

    /// The same after a change.
    pub(super) fn with_changes(&self, change: &Change<'_>) -> Self {
        let mut namings = self.clone();
        for (index, old, new) in &change.roots {
            for gone in families(old).difference(&families(new)) {
                let known = namings.0.get(*gone).cloned();
                let mut known = known.unwrap_or_default();
                Arc::make_mut(&mut known).remove(index);
                namings.0.insert(Family::from(*gone), known);
            }
            namings.add(*index, new);
        }
        namings
    }

    fn add(&mut self, index: usize, root: &Root) {
        for family in families(root) {
            work::count("root listed by a family");
            let known = self.0.get_or_insert_with(Family::from(family), Arc::default);
            Arc::make_mut(known).insert(index);
        }
    }
}

/// The families that a root names, makes longer or provides.
fn families(root: &Root) -> BTreeSet<&str> {
    let written = root.references.iter().filter_map(Reference::written).map(family);
    let named = root.references.iter().map(Reference::family);
    named.chain(written).chain(root.providers.iter().map(Provider::family)).collect()
}

impl Repo {
    /// The roots that name or provide a secret of a family, or write such a name that kustomize makes longer, with their
    /// indexes.
    pub fn roots_naming(&self, family: &str) -> impl Iterator<Item = (usize, &Arc<Root>)> {
        let all = self.namings().0.get(family).into_iter();
        all.flat_map(|all| all.iter()).map(|&index| (index, &self.roots[index]))
    }

    fn namings(&self) -> &Namings {
        let roots = || self.roots.iter().map(|root| &**root);
        self.derived.namings.get_or_init(|| Namings::new(roots()))
    }
}
