//! Which versions of a family an environment runs: what its references name.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::found::Role;
use crate::k8s::job::is_fixed;
use crate::k8s::secret_name::{family, split};
use crate::repo::Repo;

/// The names of one family that the references of an environment have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Running {
    /// The versions, 14 digits each.
    pub versions: BTreeSet<String>,
    /// Whether a reference has the plain name.
    pub plain: bool,
}

impl Running {
    /// The version, when every reference names it.
    #[must_use]
    pub fn only(&self) -> Option<&str> {
        let mut versions = self.versions.iter();
        match (versions.next(), versions.next(), self.plain) {
            (Some(version), None, false) => Some(version),
            _ => None,
        }
    }

    /// Whether nothing names the family.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty() && !self.plain
    }
}

impl Repo {
    /// What each family of an environment runs. Grants do not count, since they let several versions in, nor do Jobs,
    /// which name for ever what they were made with.
    #[must_use]
    pub fn running(&self, environment: usize) -> BTreeMap<&str, Running> {
        let mut families: BTreeMap<&str, Running> = BTreeMap::new();
        for (_, root) in self.roots_of(environment) {
            let counts = |reference: &&crate::repo::root::Reference| {
                reference.found.role != Role::Grant && !is_fixed(&root.object_of(reference).node)
            };
            for reference in root.references.iter().filter(counts) {
                let running = families.entry(family(reference.secret())).or_default();
                match split(reference.secret()) {
                    Some((_, version)) => {
                        running.versions.insert(version.to_owned());
                    }
                    None => running.plain = true,
                }
            }
        }
        families
    }
}
