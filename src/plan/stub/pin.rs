//! How a stub names the version of its store.

use crate::config::secrets::{Pin, Remote};
use crate::k8s::secret_name::Version;
use crate::k8s::store::{Store, check_pin, label};
use crate::k8s::stub::{StoreRef, Stub};
use crate::repo::stores::of_service;

/// What one entry of a stub reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) struct Pinned {
    /// The store it names.
    pub(in crate::plan) store: Option<StoreRef>,
    /// The key.
    pub(in crate::plan) key: String,
    /// The version, where one is named.
    pub(in crate::plan) version: Option<String>,
    /// Whether the key exists for this version alone.
    pub(in crate::plan) own_key: bool,
}

/// How the entries of a first stub name a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plan) enum Pinning {
    /// By `version`.
    Label(String),
    /// By the end of the key.
    KeySuffix(String),
    /// Not at all.
    None,
}

impl Pinned {
    /// What every entry of a stub reads.
    pub(in crate::plan) fn all(stub: &Stub, version: &str) -> Vec<Self> {
        let entry = |remote: &crate::k8s::stub::Remote| {
            let key = remote.key.as_ref()?.node.str()?.to_owned();
            let store = remote.store.clone().or_else(|| stub.store.clone());
            let pin = remote.version.as_ref().and_then(|field| field.node.str().map(str::to_owned));
            let own_key = key.contains(version);
            Some(Self { store, key, version: pin, own_key })
        };
        let mut all: Vec<Self> = stub.remotes.iter().filter_map(entry).collect();
        all.sort();
        all.dedup();
        all
    }
}

impl Pinning {
    /// How a store lets a version be named, and as `rotate.yaml` wants it.
    ///
    /// # Errors
    /// With what the store would refuse, a phrase.
    pub(super) fn choose(
        settings: &Remote,
        store: Option<Store>,
        version: &Version,
    ) -> Result<Self, String> {
        let store = settings.provider.map_or(store, |service| Some(of_service(service)));
        match settings.version {
            Some(Pin::None) => return Ok(Self::None),
            Some(Pin::KeySuffix) => return Ok(Self::KeySuffix(version.to_string())),
            Some(Pin::Label) | None => {}
        }
        let text = match (&settings.prefix, store) {
            (Some(prefix), _) => format!("{prefix}{version}"),
            (None, None | Some(Store::Other | Store::Webhook | Store::Fake)) => version.to_string(),
            (None, Some(store)) => label(store, version).unwrap_or_else(|| version.to_string()),
        };
        check_pin(store.unwrap_or(Store::Other), &text).map_err(|error| error.to_string())?;
        Ok(Self::Label(text))
    }
}
