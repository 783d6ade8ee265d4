//! The clusters of an environment, as far as Git names them, and which inputs are of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::repo::root::Root;
use crate::verify::Request;
use crate::verify::clusters::groups;
use crate::verify::expected::Expected;
use crate::verify::hubs::{self, Hub};

/// The clusters that Git names.
pub(super) struct Known<'r> {
    roots: Vec<(usize, &'r Root)>,
    /// The names in what builds the roots.
    built: BTreeSet<&'r str>,
    /// Where each root is deployed to, as far as what builds it tells.
    destinations: BTreeMap<usize, BTreeSet<String>>,
    /// Whether Git tells one cluster from another.
    is_told: bool,
    /// The clusters that only deploy to others.
    pub(super) hubs: Vec<Hub>,
}

impl<'r> Known<'r> {
    pub(super) fn of(request: &Request<'r>, expected: &[&Expected<'r>]) -> Self {
        let roots: Vec<(usize, &Root)> = request
            .repo
            .roots_of(request.environment)
            .map(|(index, root)| (index, &**root))
            .collect();
        let built: BTreeSet<&str> = roots.iter().flat_map(|(_, root)| built_for(root)).collect();
        let all = expected.iter().map(|one| one.root).collect();
        let is_told = !built.is_empty() || !groups(request, expected, &all).is_empty();
        let destinations = request.repo.destinations(request.environment);
        Self { roots, built, destinations, is_told, hubs: hubs::of(request, expected) }
    }

    /// Whether an input may be of a cluster: it is one of the environment or deploys to one, or Git names none.
    pub(super) fn has(&self, cluster: &str) -> bool {
        !self.is_told
            || self.roots.iter().any(|(index, _)| self.is_of(*index, cluster))
            || self.hubs.iter().any(|hub| hub.name == cluster)
    }

    /// Whether a root is of a cluster, by its name or by where it is deployed to.
    pub(super) fn is_of(&self, index: usize, cluster: &str) -> bool {
        let root = self.roots.iter().find(|(at, _)| *at == index);
        root.is_some_and(|(_, root)| is_of(root, cluster))
            || self.destination(index, cluster).is_some()
    }

    /// The clusters of a root, where it is deployed to several.
    pub(super) fn several(&self, index: usize) -> Option<&BTreeSet<String>> {
        self.destinations.get(&index).filter(|all| all.len() > 1)
    }

    /// The inputs that show workloads, as indexes.
    pub(super) fn inputs(&self, request: &Request<'_>) -> impl Iterator<Item = usize> {
        let is_hub = |at: &usize| self.hubs.iter().any(|hub| hub.inputs.contains(at));
        (0..request.inputs.len()).filter(move |at| !is_hub(at))
    }

    /// The cluster that a root is deployed to and that is meant by a name; a directory is named by its last part as well.
    pub(super) fn destination(&self, index: usize, cluster: &str) -> Option<&str> {
        let all = self.destinations.get(&index)?.iter().map(String::as_str);
        all.into_iter().find(|one| is_called(one, cluster))
    }

    /// What a root's clusters are called.
    pub(super) fn names(&self, request: &Request<'_>, index: usize) -> BTreeSet<String> {
        let label = || BTreeSet::from([label(&request.repo.roots[index])]);
        self.several(index).cloned().unwrap_or_else(label)
    }

    /// The clusters of a root beside one that was chosen.
    pub(super) fn besides(
        &self,
        request: &Request<'_>,
        index: usize,
        cluster: &str,
    ) -> BTreeSet<String> {
        if !self.is_of(index, cluster) {
            return BTreeSet::from([label(&request.repo.roots[index])]);
        }
        let Some(several) = self.several(index) else { return BTreeSet::new() };
        match self.destination(index, cluster) {
            Some(chosen) => several.iter().filter(|one| *one != chosen).cloned().collect(),
            // It is not known which of them a directory means.
            None => several.clone(),
        }
    }

    pub(super) fn is_named(&self, cluster: &str) -> bool {
        self.roots.iter().any(|(_, root)| is_of(root, cluster))
    }

    /// Whether what is said to be of a cluster shows a root; `only`: the cluster that counts.
    pub(super) fn shows(&self, cluster: &str, index: usize, only: Option<&str>) -> bool {
        let is_other = |only: &str| {
            let (one, other) = (self.destination(index, only), self.destination(index, cluster));
            let is_built = self.built.contains(only) && self.built.contains(cluster);
            only != cluster && (is_built || one.is_some() && other.is_some() && one != other)
        };
        let is_free = !self.is_told && !self.is_named(cluster);
        (self.is_of(index, cluster) || is_free) && !only.is_some_and(is_other)
    }
}

/// Whether a cluster that is called by a name, an address or a directory is meant by a name.
pub(super) fn is_called(cluster: &str, name: &str) -> bool {
    cluster == name || cluster.rsplit('/').next() == Some(name)
}

/// The clusters that a root is deployed to, as far as what builds it names them.
pub(super) fn built_for(root: &Root) -> impl Iterator<Item = &str> {
    root.builders.iter().filter_map(|builder| builder.cluster())
}

/// The name of the cluster of a root: by the Application that builds it, or else its directory.
pub(super) fn label(root: &Root) -> String {
    built_for(root).next().map_or_else(|| root.path.display().to_owned(), str::to_owned)
}

/// Whether a root is of a cluster: by an Application that builds it, or by a directory of that name.
pub(super) fn is_of(root: &Root, cluster: &str) -> bool {
    label(root) == cluster
        || built_for(root).any(|name| name == cluster)
        || root.path.as_str() == cluster
        || root.path.parts().any(|part| part == cluster)
}
