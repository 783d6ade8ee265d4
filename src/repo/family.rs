//! The references and providers of each family in an environment.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::settings::Config;
use crate::k8s::by_value::Families;
use crate::k8s::secret_name::{Family, PLAIN, family, split};
use crate::repo::root::{ProviderId, ReferenceId, Root};

/// The references and providers of one family in an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FamilyState {
    /// The references to each version.
    pub versions: BTreeMap<String, Vec<ReferenceId>>,
    /// The references to the plain name.
    pub plain: Vec<ReferenceId>,
    /// The providers of each version.
    pub stubs: BTreeMap<String, Vec<ProviderId>>,
    /// The providers of the plain name.
    pub plain_providers: Vec<ProviderId>,
}

impl FamilyState {
    /// Whether a reference or a provider names a version.
    #[must_use]
    pub fn is_versioned(&self) -> bool {
        !self.versions.is_empty() || !self.stubs.is_empty()
    }

    /// Every reference, by version, those to the plain name first.
    pub fn references(&self) -> impl Iterator<Item = ReferenceId> {
        self.plain.iter().chain(self.versions.values().flatten()).copied()
    }

    /// Every version that something provides, the newest first, and `plain` at the end.
    pub fn provided(&self) -> impl Iterator<Item = &str> {
        let plain = (!self.plain_providers.is_empty()).then_some(PLAIN);
        self.stubs.keys().rev().map(String::as_str).chain(plain)
    }

    /// Every provider, by version, those of the plain name first.
    pub fn providers(&self) -> impl Iterator<Item = ProviderId> {
        self.plain_providers.iter().chain(self.stubs.values().flatten()).copied()
    }
}

/// Every family that each environment names or provides, in the environments' order.
pub(super) type States = Vec<BTreeMap<Family, FamilyState>>;

/// The state of each family in each environment.
pub(super) fn states<'r>(environments: usize, roots: impl Iterator<Item = &'r Root>) -> States {
    let mut states: States = vec![BTreeMap::new(); environments];
    for (index, root) in roots.enumerate() {
        let Some(states) = root.environment.and_then(|id| states.get_mut(id.index())) else {
            continue;
        };
        for (reference, one) in root.references.iter().enumerate() {
            let id = ReferenceId { root: index, reference };
            let state = states.entry(Family::of(one.secret())).or_default();
            match split(one.secret()) {
                Some((_, version)) => {
                    state.versions.entry(version.to_owned()).or_default().push(id);
                }
                None => state.plain.push(id),
            }
        }
        for (provider, one) in root.providers.iter().enumerate() {
            let id = ProviderId { root: index, provider };
            let state = states.entry(Family::of(one.secret())).or_default();
            match split(one.secret()) {
                Some((_, version)) => state.stubs.entry(version.to_owned()).or_default().push(id),
                None => state.plain_providers.push(id),
            }
        }
    }
    states
}

/// Every family that is referenced, provided or configured: those that are searched for by value.
pub(super) fn known<'n>(config: &'n Config, names: impl Iterator<Item = &'n str>) -> Families {
    let configured = config.secrets.iter().map(|(name, _)| name);
    let configured = configured.filter(|name| name.is_literal()).map(|name| name.as_str());
    let all: BTreeSet<&str> = names.map(family).chain(configured).collect();
    all.into_iter().collect()
}

/// Whether a family belongs to an environment: it is versioned there or listed in `rotate.yaml`, and
/// not ignored by it.
pub(super) fn counts(config: &Config, name: &str, state: &FamilyState) -> bool {
    (state.is_versioned() || config.names_family(name))
        && config.secret(name).managed != Some(false)
}
