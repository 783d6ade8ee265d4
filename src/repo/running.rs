//! Which versions of a family an environment runs: what its references name.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::found::Role;
use crate::k8s::job::is_fixed;
use crate::k8s::secret_name::{family, split};
use crate::repo::Repo;
use crate::repo::root::Reference;

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

    fn add(&mut self, secret: &str) {
        match split(secret) {
            Some((_, version)) => drop(self.versions.insert(version.to_owned())),
            None => self.plain = true,
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
        for reference in self.lasting(environment, |_| true) {
            families.entry(family(reference)).or_default().add(reference);
        }
        families
    }

    /// What an environment runs of one family.
    #[must_use]
    pub fn running_of(&self, environment: usize, name: &str) -> Running {
        let mut running = Running::default();
        let own = |reference: &Reference| {
            reference.secret().starts_with(name) && family(reference.secret()) == name
        };
        self.lasting(environment, own).for_each(|reference| running.add(reference));
        running
    }

    /// The secrets that some references name, of those which can change and mean one version.
    fn lasting(
        &self,
        environment: usize,
        is_wanted: impl Fn(&Reference) -> bool + Copy,
    ) -> impl Iterator<Item = &str> {
        self.roots_of(environment).flat_map(move |(_, root)| {
            let counts = move |reference: &&Reference| {
                is_wanted(reference)
                    && reference.found.role != Role::Grant
                    && !is_fixed(&root.object_of(reference).node)
            };
            root.references.iter().filter(counts).map(Reference::secret)
        })
    }
}
