//! What provides a secret: references and providers are matched by environment and namespace.

use std::collections::{BTreeMap, BTreeSet};

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
#[derive(Debug, Default)]
pub(super) struct Provisions {
    by_secret: BTreeMap<String, Vec<Offer>>,
}

#[derive(Debug)]
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
        let included: BTreeSet<&TreePath> = of_environments.flat_map(Root::directories).collect();
        let mut provisions = Self::default();
        for (index, root) in roots.enumerate() {
            for (provider, one) in root.providers.iter().enumerate() {
                let offers = provisions.by_secret.entry(one.secret().to_owned()).or_default();
                offers.push(Offer {
                    id: ProviderId { root: index, provider },
                    namespace: root.namespace_of_provider(one).map(str::to_owned),
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
        let meets = |offer: &&Offer| {
            let own = offer.environment == environment;
            let for_all = offer.environment.is_none() && !offer.included;
            let same = match (offer.namespace.as_deref(), namespace) {
                (Some(there), Some(here)) => there == here,
                _ => true,
            };
            same && (own || for_all)
        };
        let offers = self.by_secret.get(secret).map(Vec::as_slice).unwrap_or_default();
        offers.iter().filter(meets).map(|offer| offer.id).collect()
    }
}
