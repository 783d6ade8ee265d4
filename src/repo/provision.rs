//! What provides a secret: references and providers are matched by environment and namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::repo::carry::Change;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::{ProviderId, Root};
use crate::text::path::TreePath;
use crate::text::shared_map::SharedMap;
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
#[derive(Debug, Clone, Default)]
pub(super) struct Provisions {
    by_secret: SharedMap<Arc<str>, Arc<Offers>>,
    included: Arc<Included>,
}

/// The directories that roots of environments include.
#[derive(Debug, Default)]
struct Included {
    all: BTreeSet<TreePath>,
    /// Those that another root of the same environment includes.
    within: BTreeSet<(EnvironmentId, TreePath)>,
}

/// The providers of one secret.
#[derive(Debug, Default)]
struct Offers {
    /// All of them, in the order of the roots.
    all: Vec<Offer>,
    /// The positions of those in a namespace, or in none that is known.
    by_namespace: BTreeMap<Option<String>, Vec<usize>>,
}

#[derive(Debug, Clone)]
struct Offer {
    id: ProviderId,
    namespace: Option<String>,
    environment: Option<EnvironmentId>,
    /// Whether a root of an environment includes this root: its providers then count as part of that one.
    included: bool,
    /// Whether only another root of the environment says which namespace it is in.
    placed_elsewhere: bool,
}

impl Offers {
    fn of(mut all: Vec<Offer>) -> Self {
        all.sort_by_key(|offer| offer.id);
        let mut by_namespace: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
        for (position, offer) in all.iter().enumerate() {
            by_namespace.entry(offer.namespace.clone()).or_default().push(position);
        }
        Self { all, by_namespace }
    }
}

impl Provisions {
    pub(super) fn new<'r>(roots: impl Iterator<Item = &'r Root> + Clone) -> Self {
        let of_environments = roots.clone().filter(|root| root.environment.is_some());
        let mut included = Included::default();
        for root in of_environments {
            included.all.extend(root.directories().iter().cloned());
            let others = root.directories().iter().filter(|below| **below != root.path);
            let within = root.environment.into_iter();
            let within =
                within.flat_map(|one| others.clone().map(move |below| (one, below.clone())));
            included.within.extend(within);
        }
        let mut all: BTreeMap<&str, Vec<Offer>> = BTreeMap::new();
        for (index, root) in roots.enumerate() {
            for (secret, offer) in offers(&included, index, root) {
                all.entry(secret).or_default().push(offer);
            }
        }
        let by_secret =
            all.into_iter().map(|(secret, all)| (secret.into(), Arc::new(Offers::of(all))));
        Self { by_secret: by_secret.collect(), included: Arc::new(included) }
    }

    /// The same after a change; `None` if a root of an environment includes other directories than before.
    pub(super) fn with_changes(&self, change: &Change<'_>) -> Option<Self> {
        let moved = |(_, old, new): &(usize, &Root, &Root)| {
            old.environment.is_some() && old.directories() != new.directories()
        };
        if change.roots.iter().any(moved) {
            return None;
        }
        let changed: BTreeSet<usize> = change.roots.iter().map(|(index, ..)| *index).collect();
        let mut all: BTreeMap<&str, Vec<Offer>> = BTreeMap::new();
        for (index, old, new) in &change.roots {
            for one in &old.providers {
                all.entry(one.secret()).or_default();
            }
            for (secret, offer) in offers(&self.included, *index, new) {
                all.entry(secret).or_default().push(offer);
            }
        }
        let mut provisions = self.clone();
        for (secret, mut all) in all {
            if let Some(known) = self.by_secret.get(secret) {
                let kept = known.all.iter().filter(|offer| !changed.contains(&offer.id.root));
                all.extend(kept.cloned());
            }
            provisions.by_secret.insert(secret.into(), Arc::new(Offers::of(all)));
        }
        Some(provisions)
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
        let is_there = |offer: &&Offer| !(offer.placed_elsewhere && offer.namespace.is_none());
        let found = found.filter(is_there).filter(|offer| offer.meets(environment));
        found.map(|offer| offer.id).collect()
    }

    /// Every provider of a secret.
    pub(super) fn all(&self, secret: &str) -> impl Iterator<Item = ProviderId> {
        let offers = self.by_secret.get(secret).into_iter().flat_map(|offers| &offers.all);
        offers.map(|offer| offer.id)
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

/// What a root provides: each secret's name, and the offer.
fn offers<'r>(
    included: &Included,
    index: usize,
    root: &'r Root,
) -> impl Iterator<Item = (&'r str, Offer)> {
    let is_included = included.all.contains(&root.path);
    let is_within = |environment| included.within.contains(&(environment, root.path.clone()));
    let is_placed_elsewhere = root.builders.is_empty() && root.environment.is_some_and(is_within);
    root.providers.iter().enumerate().map(move |(provider, one)| {
        work::count("provider listed");
        let offer = Offer {
            id: ProviderId { root: index, provider },
            namespace: root.namespace_of_provider(one).map(str::to_owned),
            environment: root.environment,
            included: is_included,
            placed_elsewhere: is_placed_elsewhere,
        };
        (one.secret(), offer)
    })
}

impl Offer {
    fn meets(&self, environment: Option<EnvironmentId>) -> bool {
        work::step();
        self.environment == environment || (self.environment.is_none() && !self.included)
    }
}
