//! The build roots that the cluster sees as they stand.

use std::collections::BTreeSet;

use crate::lint::judge::deployed;
use crate::repo::Repo;
use crate::repo::environment::{Environment, EnvironmentId};
use crate::repo::root::{Root, RootKind};
use crate::text::path::TreePath;

/// The roots that something is deployed from, each with its environment, without those that another root of the same
/// environment includes: what they say may be changed there before the cluster sees it.
pub(super) fn running(repo: &Repo) -> impl Iterator<Item = (&Root, Option<EnvironmentId>)> {
    let mut included: BTreeSet<(EnvironmentId, &TreePath)> = BTreeSet::new();
    for root in &repo.roots {
        let Some(environment) = root.environment else { continue };
        let below = root.directories().iter().filter(|directory| **directory != root.path);
        included.extend(below.map(|directory| (environment, directory)));
    }
    deployed(repo).map(|(root, _)| (root, root.environment)).filter(move |(root, environment)| {
        root.kind != RootKind::Kustomize
            || environment.is_none_or(|index| !included.contains(&(index, &root.path)))
    })
}

/// Those of environments that ask for versions.
pub(super) fn versioned(repo: &Repo) -> impl Iterator<Item = (&Root, &Environment)> {
    let roots = running(repo).filter_map(|(root, index)| Some((root, &repo.environments[index?])));
    roots.filter(|(_, environment)| environment.versioned)
}
