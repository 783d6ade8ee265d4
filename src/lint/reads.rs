//! What keeps the stubs of a version from being known to read that version.

use crate::finding::Finding;
use crate::k8s::secret_name::Family;
use crate::lint::rules::{shared_pin, unpinnable_source, unpinned_version, version_mismatch};
use crate::lint::stubs::Versioned;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::ProviderId;

/// What the rules about pins find of the stubs of a version in an environment, whatever comments and settings silence.
#[must_use]
pub fn doubts(
    repo: &Repo,
    environment: EnvironmentId,
    family: &Family,
    version: &str,
) -> Vec<Finding> {
    let Some(state) = repo.family(environment, family) else { return Vec::new() };
    let name = &*repo.environments[environment].name;
    let stub = |id: &ProviderId| {
        let (root, provider) = repo.provider(*id);
        Versioned::of(repo, (root, Some(name)), root.object_that_provides(provider))
    };
    let stores = repo.stores();
    let mut found = Vec::new();
    for new in state.stubs.get(version).into_iter().flatten().filter_map(stub) {
        found.extend(unpinned_version::of_stub(&stores, &new));
        found.extend(unpinnable_source::of_stub(&new));
        found.extend(version_mismatch::of_stub(&new));
        let older = state.stubs.iter().rev().filter(|(older, _)| older.as_str() < version);
        let mut older = older.flat_map(|(_, ids)| ids).filter_map(stub);
        let namespace = new.namespace();
        found.extend(older.find_map(|old| {
            let is_near = old.namespace() == namespace;
            is_near.then(|| shared_pin::beside(&new, &old)).flatten()
        }));
    }
    found
}
