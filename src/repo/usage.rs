//! Which versions of each family an environment runs, and from which environment it promotes. Commands, gates and
//! rules all use this, so that they agree.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::found::Role;
use crate::k8s::job::is_fixed;
use crate::k8s::secret_name::{Family, PLAIN, family, split};
use crate::repo::Repo;
use crate::repo::environment::{Environment, EnvironmentId};
use crate::repo::inventory::Reference;
use crate::repo::root::Root;

/// What a reference means for a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// It names the secret in use, and is updated with each version.
    Runs,
    /// It grants access to a secret. Pods of two versions may run side by side, so it names several on purpose.
    Grants,
    /// It belongs to a Job, whose template is immutable.
    Fixed,
}

/// The names of one family in the references of an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Running {
    /// The versions, 14 digits each.
    pub versions: BTreeSet<String>,
    /// Whether a reference has the plain name.
    pub plain: bool,
}

/// The environment that a version is promoted from.
#[derive(Debug, Clone)]
pub struct Before<'r> {
    /// The environment.
    pub environment: &'r Environment,
    /// What it runs of the family; never empty.
    pub running: Running,
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

    /// One version and nothing else.
    #[must_use]
    pub fn of(version: &str) -> Self {
        Self { versions: BTreeSet::from([version.to_owned()]), plain: false }
    }

    /// The version, or `plain`, when every reference names it.
    #[must_use]
    pub fn alone(&self) -> Option<&str> {
        self.only().or_else(|| self.is_plain().then_some(PLAIN))
    }

    /// Every version, the oldest first, and `plain` at the end.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.versions.iter().map(String::as_str).chain(self.plain.then_some(PLAIN))
    }

    /// Whether a reference names a version, or `plain`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Whether every reference has the plain name.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.plain && self.versions.is_empty()
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

impl Root {
    /// What one of its references means for a rotation.
    #[must_use]
    pub fn usage(&self, reference: &Reference) -> Usage {
        if is_fixed(&self.object_of(reference).node) {
            Usage::Fixed
        } else if reference.found.role == Role::Grant {
            Usage::Grants
        } else {
            Usage::Runs
        }
    }
}

/// What each environment runs of each family, in the environments' order.
pub(super) type Usages = Vec<BTreeMap<Family, Running>>;

impl Repo {
    /// What each family of an environment runs.
    #[must_use]
    pub fn running(&self, environment: EnvironmentId) -> &BTreeMap<Family, Running> {
        static NOTHING: BTreeMap<Family, Running> = BTreeMap::new();
        self.usages().get(environment.index()).unwrap_or(&NOTHING)
    }

    /// What an environment runs of one family.
    #[must_use]
    pub fn running_of(&self, environment: EnvironmentId, name: &str) -> Running {
        if let Some(usages) = self.derived.usages.get() {
            let families = usages.get(environment.index());
            return families.and_then(|all| all.get(name)).cloned().unwrap_or_default();
        }
        // A walk through history queries few families in many commits.
        let mut running = Running::default();
        let own = |secret: &str| secret.starts_with(name) && family(secret) == name;
        self.used(environment, own).for_each(|secret| running.add(secret));
        running
    }

    /// The environment from which another one's versions of a family are promoted: the nearest earlier one requiring
    /// versions and runs anything of the family.
    #[must_use]
    pub fn before(&self, environment: EnvironmentId, name: &str) -> Option<Before<'_>> {
        let earlier =
            self.environments.before(environment).iter().rev().filter(|one| one.versioned);
        let mut earlier = earlier.map(|environment| Before {
            environment,
            running: self.running_of(environment.id, name),
        });
        earlier.find(|before| !before.running.is_empty())
    }

    /// The version that a bump of an environment must name so that what still has the plain name joins it: the only one that
    /// runs there, where none is taken over from an environment before.
    #[must_use]
    pub fn version_to_join(&self, environment: EnvironmentId, name: &str) -> Option<String> {
        let versions = self.running_of(environment, name).versions;
        let is_only = versions.len() == 1 && self.before(environment, name).is_none();
        versions.into_iter().next().filter(|_| is_only)
    }

    /// Whether no earlier environment requires versions: new versions of all families start here.
    #[must_use]
    pub fn is_first(&self, environment: EnvironmentId) -> bool {
        !self.environments.before(environment).iter().any(|one| one.versioned)
    }

    fn usages(&self) -> &Usages {
        self.derived.usages.get_or_init(|| {
            let of = |environment: &Environment| {
                let mut families: BTreeMap<Family, Running> = BTreeMap::new();
                for secret in self.used(environment.id, |_| true) {
                    let name = family(secret);
                    match families.get_mut(name) {
                        Some(running) => running.add(secret),
                        None => families.entry(name.into()).or_default().add(secret),
                    }
                }
                families
            };
            self.environments.iter().map(of).collect()
        })
    }

    /// The secrets that an environment runs with.
    fn used(
        &self,
        environment: EnvironmentId,
        is_wanted: impl Fn(&str) -> bool + Copy,
    ) -> impl Iterator<Item = &str> {
        self.roots_of(environment).flat_map(move |(_, root)| {
            let counts = move |reference: &&Reference| {
                is_wanted(reference.secret()) && root.usage(reference) == Usage::Runs
            };
            root.references.iter().filter(counts).map(Reference::secret)
        })
    }
}
