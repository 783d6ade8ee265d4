//! Where the values of a version are, and the command that shows whether they are there.

use std::collections::BTreeSet;

use crate::config::secrets::Pin;
use crate::k8s::backend::Backend;
use crate::k8s::store::is_given;
use crate::k8s::stub::Stub;
use crate::plan::stub::pin::Pinned;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Family;
use crate::text::shell::{command, option};

/// A value of a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored {
    /// Where it is.
    pub place: Place,
    /// The command that lists what is there, without values; `None` if there is none.
    pub list: Option<String>,
    /// The store, where it is known.
    pub(in crate::plan) backend: Option<Backend>,
}

/// Where a value is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a store, under a key.
    Store {
        /// The key, as the stub names it.
        key: String,
        /// The pin; `None` for a key that exists for this version alone.
        pin: Option<String>,
    },
    /// In a store, under a key of which the stub does not read this version.
    Unpinned {
        /// The key, as the stub names it.
        key: String,
        /// What the stub reads of it; `None` for whatever is newest.
        pin: Option<String>,
    },
    /// In the cluster, in a Secret that nothing in Git makes.
    Cluster {
        /// The Secret.
        secret: String,
    },
}

impl Stored {
    /// The version of its key, as a stub pins it.
    #[must_use]
    pub fn pin(&self) -> Option<&str> {
        match &self.place {
            Place::Store { pin, .. } => pin.as_deref(),
            Place::Unpinned { .. } | Place::Cluster { .. } => None,
        }
    }
}

/// The values that the stubs of a version read in an environment, or the Secrets that its references name where Git has no
/// stub; sorted, each once. Where `rotate.yaml` says that a family is not pinned, what is the same for every version is left out.
#[must_use]
pub fn stored(
    repo: &Repo,
    environment: EnvironmentId,
    family: &Family,
    version: &str,
) -> BTreeSet<Stored> {
    let mut found = BTreeSet::new();
    let Some(state) = repo.family(environment, family) else { return found };
    let stubs = state.stubs.get(version).map_or(&[][..], Vec::as_slice);
    if stubs.is_empty() {
        for id in state.versions.get(version).into_iter().flatten() {
            let (root, reference) = repo.reference(*id);
            found.insert(in_cluster(reference.secret(), root.object_of(reference).namespace()));
        }
        return found;
    }
    let (stores, remote) = (repo.stores(), repo.config.secret(family).remote);
    let (service, is_pinned) = (remote.provider, remote.version != Some(Pin::None));
    for id in stubs {
        let (root, provider) = repo.provider(*id);
        let object = root.object_that_provides(provider);
        let Some(stub) = Stub::read(&object.node) else { continue };
        for pinned in Pinned::all(&stub, version) {
            let (store, namespace) = (pinned.store.as_ref(), object.namespace());
            let backend = stores.backend(Some(environment), store, namespace, service);
            let refuses = backend.as_ref().is_some_and(|one| one.without_versions().is_some());
            let is_own = |pin: &str| pin.contains(version) || is_given(pin);
            let reads_it =
                pinned.own_key || !refuses && pinned.version.as_deref().is_some_and(is_own);
            if !reads_it && !is_pinned {
                continue;
            }
            let list = backend.as_ref().and_then(|one| one.list_versions(&pinned.key));
            let (key, pin) = (pinned.key, pinned.version.filter(|_| !pinned.own_key));
            let pin = pin.filter(|pin| !pin.is_empty());
            let place = match reads_it {
                true => Place::Store { key, pin },
                false => Place::Unpinned { key, pin: pin.filter(|_| !refuses) },
            };
            found.insert(Stored { place, list, backend });
        }
    }
    found
}

fn in_cluster(secret: &str, namespace: Option<&str>) -> Stored {
    let namespace = namespace.map_or_else(String::new, |name| option("--namespace", name));
    // Without an output format, the server prints no values.
    let list = Some(command("kubectl get secret", &[secret], &namespace));
    Stored { place: Place::Cluster { secret: secret.to_owned() }, list, backend: None }
}
