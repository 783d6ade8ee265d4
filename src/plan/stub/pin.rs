//! How a stub names the version of its store.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::secrets::{Pin, Remote as Settings};
use crate::k8s::backend::Backend;
use crate::k8s::secret_name::Version;
use crate::k8s::store::Store;
use crate::k8s::stub::{Remote, StoreRef, Stub};
use crate::plan::overlay::listing;
use crate::plan::spell::quoted;
use crate::plan::stub::copy::read_back;
use crate::plan::stub::document::{comments_behind, stream};
use crate::text::edit::{Edit, apply};
use crate::yaml::edit::remove::remove_entry;
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::path::{Path, PathStep};

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
    /// What it reads of the value.
    pub(in crate::plan) reads: Reads,
}

/// How the entries of a first stub name a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plan) enum Pinning {
    /// By `version`.
    Label(String),
    /// By the end of the key, as the store takes keys.
    KeySuffix(Store, String),
    /// Not at all.
    None,
}

/// What an entry reads of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) enum Reads {
    /// All of it, as it is.
    Text,
    /// These properties of a JSON object.
    Properties(BTreeSet<String>),
    /// Every property of a JSON object.
    Everything,
}

impl Reads {
    fn of(remote: &Remote) -> Self {
        let is_extract =
            matches!(remote.path.0.last(), Some(PathStep::Key(key)) if **key == *"extract");
        let property = remote.property.as_ref().and_then(|field| field.node.str());
        match property {
            _ if is_extract => Self::Everything,
            Some(property) => Self::Properties(BTreeSet::from([property.to_owned()])),
            None => Self::Text,
        }
    }

    /// What both read together.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Properties(mut one), Self::Properties(other)) => {
                one.extend(other);
                Self::Properties(one)
            }
            (one, other) => one.max(other),
        }
    }
}

impl Pinned {
    /// What every entry of a stub reads, each version of a key once.
    pub(in crate::plan) fn all(stub: &Stub, version: &str) -> Vec<Self> {
        let mut all: BTreeMap<(Option<StoreRef>, String, Option<String>), Reads> = BTreeMap::new();
        for remote in &stub.remotes {
            let Some(key) = remote.key.as_ref().and_then(|key| key.node.str()) else { continue };
            let store = remote.store.clone().or_else(|| stub.store.clone());
            let pin = remote.version.as_ref().and_then(|field| field.node.str().map(str::to_owned));
            let reads = Reads::of(remote);
            let known = all.remove(&(store.clone(), key.to_owned(), pin.clone()));
            let reads = known.map_or_else(|| reads.clone(), |known| known.and(reads.clone()));
            all.insert((store, key.to_owned(), pin), reads);
        }
        let pinned = |((store, key, pin), reads): ((_, String, _), _)| Self {
            own_key: key.contains(version),
            store,
            key,
            version: pin,
            reads,
        };
        all.into_iter().map(pinned).collect()
    }

    /// Whether two entries read the same version of the same key.
    pub(in crate::plan) fn is_same(&self, other: &Self) -> bool {
        (&self.store, &self.key, &self.version) == (&other.store, &other.key, &other.version)
    }
}

/// How the entries of a stub are pinned, by their paths.
pub(super) type Pinnings = BTreeMap<Path, Pinning>;

/// A stub's text with its entries pinned, and what they read then.
///
/// # Errors
/// With a phrase that says why it cannot be done.
pub(super) fn pinned(
    text: &str,
    family: &str,
    version: &str,
    pinnings: &Pinnings,
) -> Result<(String, Vec<Pinned>), String> {
    let stream = stream(text)?;
    let root = stream.documents.first().map(|document| &document.root).ok_or("it is empty")?;
    let stub = Stub::read(root).ok_or("it is no ExternalSecret")?;
    let (mut edits, mut values) = (Vec::new(), Vec::new());
    for remote in &stub.remotes {
        let key = remote.key.as_ref().ok_or_else(|| format!("{} has no key", remote.path))?;
        match (pinnings.get(&remote.path), &remote.version) {
            (None | Some(Pinning::None), _) => {}
            (Some(pinning @ Pinning::KeySuffix(..)), old) => {
                let own = pinning.key(key.node.str().unwrap_or_default());
                edits.push(rewrite(&key.node, &own).map_err(|error| error.to_string())?);
                if old.is_some() {
                    let gone = remove_entry(root, &remote.path, "version");
                    edits.push(gone.map_err(|error| error.to_string())?);
                }
            }
            (Some(Pinning::Label(label)), Some(field)) => {
                let origin = field.node.origin.as_ref().map(|origin| origin.span());
                let span = field.node.alias().or(origin).ok_or("its version has no place")?;
                values.push(Edit { span, text: quoted(label) });
            }
            (Some(Pinning::Label(label)), None) => {
                let added = listing::add(root, &remote.path, "key", "version", &quoted(label));
                edits.push(added.ok_or_else(|| format!("{} cannot take a version", remote.path))?);
            }
        }
    }
    let comments = comments_behind(&stream, &values);
    let text =
        apply(text, &[edits, values, comments].concat()).map_err(|error| error.to_string())?;
    let pins = read_back(&text, family, version)?;
    Ok((text, pins))
}

impl Pinning {
    /// The key that an entry reads.
    pub(super) fn key(&self, key: &str) -> String {
        match self {
            Self::KeySuffix(store, version) => store.own_key(key, version),
            Self::Label(_) | Self::None => key.to_owned(),
        }
    }

    /// How a store lets a version be named, and as `rotate.yaml` wants it.
    ///
    /// # Errors
    /// With what the store would refuse, a phrase.
    pub(super) fn choose(
        settings: &Settings,
        backend: Option<&Backend>,
        version: &Version,
    ) -> Result<Self, String> {
        let store = backend.map_or(Store::OTHER, |backend| backend.store);
        match settings.version {
            Some(Pin::None) => return Ok(Self::None),
            Some(Pin::KeySuffix) => return Ok(Self::KeySuffix(store, version.to_string())),
            Some(Pin::Label) | None => {}
        }
        if let Some(error) = backend.and_then(Backend::without_versions) {
            return Err(error.to_string());
        }
        let text = match &settings.prefix {
            Some(prefix) => format!("{prefix}{version}"),
            None => store.label(version).unwrap_or_else(|| version.to_string()),
        };
        store.check_pin(&text).map_err(|error| error.to_string())?;
        Ok(Self::Label(text))
    }
}
