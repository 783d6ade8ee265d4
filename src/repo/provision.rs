//! What provides a secret: references and providers are matched by environment and namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::repo::carry::Change;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::{ProviderId, Root};
use crate::text::path::TreePath;

/// What makes a secret exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provision {
    /// An object of a build root.
    Provider(ProviderId),
    /// Something that `rotate.yaml` lists under `external`.
    External,
}

/// Providers by the secret's name.
#[derive(Debug, Clone, Default)]
pub(super) struct Provisions {
    by_secret: BTreeMap<Arc<str>, Arc<Vec<Offer>>>,
    /// The directories that roots of an environment include.
    included: Arc<BTreeSet<TreePath>>,
}

#[derive(Debug, Clone)]
struct Offer {
    id: ProviderId,
    namespace: Option<String>,
    environment: Option<EnvironmentId>,
    /// Whether a root of an environment includes this root: its providers then count as part of that one.
    included: bool,
}

impl Provisions {
    pub(super) fn new<'r>(roots: impl Iterator<Item = &'r Root> + Clone) -> Self {
        let of_environments = roots.clone().filter(|root| root.environment.is_some());
        let included = of_environments.flat_map(Root::directories).cloned().collect();
        let mut provisions = Self { by_secret: BTreeMap::new(), included: Arc::new(included) };
        for (index, root) in roots.enumerate() {
            provisions.add(index, root);
        }
        provisions
    }

    /// The same after a change; `None` if a root of an environment includes other directories than before.
    pub(super) fn with_changes(&self, change: &Change<'_>) -> Option<Self> {
        let moved = |(_, old, new): &(usize, &Root, &Root)| {
            old.environment.is_some() && old.directories() != new.directories()
        };
        if change.roots.iter().any(moved) {
            return None;
        }
        let mut provisions = self.clone();
        for (index, old, new) in &change.roots {
            for one in &old.providers {
                if let Some(offers) = provisions.by_secret.get_mut(one.secret()) {
                    Arc::make_mut(offers).retain(|offer| offer.id.root != *index);
                }
            }
            provisions.add(*index, new);
            for one in &new.providers {
                if let Some(offers) = provisions.by_secret.get_mut(one.secret()) {
                    Arc::make_mut(offers).sort_by_key(|offer| offer.id);
                }
            }
        }
        Some(provisions)
    }

    fn add(&mut self, index: usize, root: &Root) {
        for (provider, one) in root.providers.iter().enumerate() {
            #[cfg(test)]
            crate::text::tally::count("provider listed");
            let offer = Offer {
                id: ProviderId { root: index, provider },
                namespace: root.namespace_of_provider(one).map(str::to_owned),
                environment: root.environment,
                included: self.included.contains(&root.path),
            };
            match self.by_secret.get_mut(one.secret()) {
                Some(offers) => Arc::make_mut(offers).push(offer),
                None => drop(self.by_secret.insert(one.secret().into(), Arc::new(vec![offer]))),
            }
        }
    }

    /// The providers of a secret in an environment and a namespace; a root that belongs to no environment and is
    /// included by none, such as a tree that every cluster applies, provides for all of them.
    pub(super) fn of(
        &self,
        environment: Option<EnvironmentId>,
        namespace: Option<&str>,
        secret: &str,
    ) -> Vec<ProviderId> {
        let meets = |offer: &&Offer| {
            let own = offer.environment == environment;
            let for_all = offer.environment.is_none() && !offer.included;
            let same = match (offer.namespace.as_deref(), namespace) {
                (Some(there), Some(here)) => there == here,
                _ => true,
            };
            same && (own || for_all)
        };
        let offers = self.by_secret.get(secret).map(|all| all.as_slice()).unwrap_or_default();
        offers.iter().filter(meets).map(|offer| offer.id).collect()
    }
}
