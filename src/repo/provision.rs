//! What provides a secret: references and providers are matched by environment and namespace.

use std::collections::{BTreeMap, BTreeSet};

use crate::repo::environment::EnvironmentId;
use crate::repo::root::{ProviderId, Root};
use crate::text::path::TreePath;
use crate::text::work;

/// What makes a secret exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provision {
    /// An object of a build root.
    Provider(ProviderId),
    /// Something that `rotate.yaml` lists under `external`.
    External,
}

/// Providers by the secret's name.
#[derive(Debug, Default)]
pub(super) struct Provisions {
    by_secret: BTreeMap<String, Offers>,
}

/// The providers of one secret.
#[derive(Debug, Default)]
struct Offers {
    /// All of them, in the order of the roots.
    all: Vec<Offer>,
    /// The positions of those in a namespace, or in none that is known.
    by_namespace: BTreeMap<Option<String>, Vec<usize>>,
}

#[derive(Debug)]
struct Offer {
    id: ProviderId,
    environment: Option<EnvironmentId>,
    /// Whether a root of an environment includes this root: its providers then count as part of that one.
    included: bool,
}

impl Provisions {
    pub(super) fn new<'r>(roots: impl Iterator<Item = &'r Root> + Clone) -> Self {
        let of_environments = roots.clone().filter(|root| root.environment.is_some());
        let included: BTreeSet<&TreePath> = of_environments.flat_map(Root::directories).collect();
        let mut provisions = Self::default();
        for (index, root) in roots.enumerate() {
            for (provider, one) in root.providers.iter().enumerate() {
                let offers = provisions.by_secret.entry(one.secret().to_owned()).or_default();
                let namespace = root.namespace_of_provider(one).map(str::to_owned);
                offers.by_namespace.entry(namespace).or_default().push(offers.all.len());
                offers.all.push(Offer {
                    id: ProviderId { root: index, provider },
                    environment: root.environment,
                    included: included.contains(&root.path),
                });
            }
        }
        provisions
    }

    /// The providers of a secret in an environment and a namespace; a root that belongs to no environment and is
    /// included by none, such as a tree that every cluster applies, provides for all of them.
    pub(super) fn of(
        &self,
        environment: Option<EnvironmentId>,
        namespace: Option<&str>,
        secret: &str,
    ) -> Vec<ProviderId> {
        let Some(namespace) = namespace else {
            return self.anywhere(environment, secret).collect();
        };
        let Some(offers) = self.by_secret.get(secret) else { return Vec::new() };
        let sets = [Some(namespace.to_owned()), None].map(|one| offers.by_namespace.get(&one));
        let mut found: Vec<usize> = sets.into_iter().flatten().flatten().copied().collect();
        found.sort_unstable();
        let found = found.into_iter().map(|at| &offers.all[at]);
        found.filter(|offer| offer.meets(environment)).map(|offer| offer.id).collect()
    }

    /// The same in whatever namespace.
    pub(super) fn anywhere(
        &self,
        environment: Option<EnvironmentId>,
        secret: &str,
    ) -> impl Iterator<Item = ProviderId> {
        let offers = self.by_secret.get(secret).into_iter().flat_map(|offers| &offers.all);
        offers.filter(move |offer| offer.meets(environment)).map(|offer| offer.id)
    }
}

impl Offer {
    fn meets(&self, environment: Option<EnvironmentId>) -> bool {
        work::step();
        self.environment == environment || (self.environment.is_none() && !self.included)
    }
}
