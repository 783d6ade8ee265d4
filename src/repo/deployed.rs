//! What a repository deploys, and which parts of it cannot be seen here.

use std::collections::BTreeSet;

use crate::k8s::placeholder::{is_filled_in, known_start};
use crate::kustomize::model::build::Status;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::Root;
use crate::text::path::TreePath;

/// Whether what a root is missing may be in a namespace: one of its objects is, or it is unknown.
#[must_use]
pub fn may_reach(root: &Root, namespace: Option<&str>) -> bool {
    let Some(namespace) = namespace else { return true };
    let objects = root.objects();
    let mut set = objects.iter().map(|object| object.namespace().or(root.namespace.as_deref()));
    objects.is_empty() || set.any(|own| own.is_none_or(|own| own == namespace))
}

/// The roots that are deployed, each with its environment's name: those that belong to an environment,
/// and others that no root includes.
pub fn deployed(repo: &Repo) -> impl Iterator<Item = (&Root, Option<&str>)> {
    let mut included: BTreeSet<&TreePath> = BTreeSet::new();
    for root in &repo.roots {
        included.extend(root.directories().iter().filter(|directory| **directory != root.path));
    }
    let roots = repo.roots.iter().map(|root| &**root);
    roots
        .filter(move |root| root.environment.is_some() || !included.contains(&root.path))
        .map(|root| (root, root.environment.map(|index| repo.environments[index].name.as_str())))
}

/// Whether a root of an environment, or of none, may have unreadable objects in a namespace: it lacks something
/// remote or foreign, or does not build.
#[must_use]
pub fn may_hide(repo: &Repo, environment: Option<EnvironmentId>, namespace: Option<&str>) -> bool {
    let near = |root: &Root| root.environment == environment || root.environment.is_none();
    let mut partial = repo.roots.iter().filter(|root| root.status() != Status::Resolved);
    partial.any(|root| near(root) && may_reach(root, namespace))
}

/// Whether a reference is filled in only when it is deployed, and may then name a version of the family.
#[must_use]
pub fn may_be_filled_in(family: &str, named: &BTreeSet<&str>) -> bool {
    let name = format!("{family}-");
    let open = named.iter().filter(|name| is_filled_in(name));
    open.filter_map(|open| known_start(open)).any(|start| name.starts_with(start))
}
