//! The steps that check whether a store still has what a restored stub reads.

use std::collections::BTreeSet;

use crate::k8s::backend::Backend;
use crate::k8s::store::Store;
use crate::k8s::stub::Stub;
use crate::plan::NextStep;
use crate::plan::next::value;
use crate::plan::stub::pin::Pinned;
use crate::repo::Repo;
use crate::repo::subject::Subject;

/// The steps for what the stubs of a version read in a tree.
pub(in crate::plan) fn steps(after: &Repo, subject: &Subject, version: &str) -> Vec<NextStep> {
    let Ok(environment) = after.environment(&subject.environment) else { return Vec::new() };
    let state = after.family(environment, &subject.family);
    let ids = state.and_then(|state| state.stubs.get(version)).into_iter().flatten();
    let (stores, service) = (after.stores(), after.config.secret(&subject.family).remote.provider);
    let mut entries: BTreeSet<(Option<Backend>, Pinned)> = BTreeSet::new();
    for id in ids {
        let (root, provider) = after.provider(*id);
        let Some(stub) = Stub::read(&root.object_that_provides(provider).node) else { continue };
        let namespace = root.namespace_of_provider(provider);
        for pinned in Pinned::all(&stub, version) {
            let backend =
                stores.backend(root.environment, pinned.store.as_ref(), namespace, service);
            entries.insert((backend, pinned));
        }
    }
    entries.into_iter().map(|(backend, pinned)| step(backend, &pinned)).collect()
}

/// The step for one version of one key.
fn step(backend: Option<Backend>, pinned: &Pinned) -> NextStep {
    let backend = backend.unwrap_or_else(|| Backend::of(Store::OTHER));
    let key = backend.word(&pinned.key);
    let what = match pinned.version.as_deref().filter(|_| !pinned.own_key) {
        Some(version) => format!("the version {version} of {key}"),
        None => format!("the key {key}"),
    };
    let title = format!(
        "Check that the store still has {what}: it may have been removed together with the stub."
    );
    value(title, backend.list_versions(&pinned.key))
}
