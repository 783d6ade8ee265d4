//! What there is to say about a store.

use crate::k8s::store::commands::Commands;
use crate::k8s::store::listing::Reader;
use crate::k8s::store::location::{Location, Provider};
use crate::k8s::store::page::{Cleanup, Glance};
use crate::k8s::store::pin::{PinError, Versions};

/// Everything that is known about a store.
#[derive(Debug)]
pub struct Definition {
    /// The display name.
    pub name: &'static str,
    /// The keys under `spec.provider` of a SecretStore.
    pub providers: &'static [&'static str],
    /// Whether a SecretStore means this store, for providers that more than one store has.
    pub is_meant: fn(Provider<'_>) -> bool,
    /// Its name in `remote.provider` of `rotate.yaml`, if it has one.
    pub setting: Option<&'static str>,
    /// Its versions.
    pub versions: Versions,
    /// Why no version can be requested there, although the store has versions elsewhere.
    pub without_versions: fn(&Location) -> Option<PinError>,
    /// What separates a key from its version, in a key of one version alone.
    pub separator: char,
    /// Reads from a SecretStore where the values are.
    pub locate: fn(Provider<'_>) -> Location,
    /// Whether a SecretStore says all that it takes to tell its values from those of any other.
    pub is_certain: fn(Provider<'_>) -> bool,
    /// The fields of a SecretStore that configure how the operator authenticates, beside those of every provider.
    pub access: &'static [&'static str],
    /// Whether it can copy a secret to other regions, with the same versions.
    pub replicates: bool,
    /// The fields of a SecretStore that tell one account from another.
    pub account: &'static [&'static str],
    /// The key as the store itself names it.
    pub path: fn(&Location, &str) -> String,
    /// The commands of its command line.
    pub commands: Commands,
    /// How the listings of its versions are read, if it has a command that prints them.
    pub reader: Option<Reader>,
    /// Its rows in the first table of the page on stores.
    pub glance: &'static [Glance],
    /// Its row in the table on cleaning up, if `prune` prints commands.
    pub cleanup: Option<Cleanup>,
}

/// Fields by which providers that print no commands tell where they read.
const PLACES: &[&str] = &["region", "prefix", "projectID", "location", "path", "namespace"];

impl Definition {
    /// A store without commands of its own.
    #[must_use]
    pub const fn new(
        name: &'static str,
        providers: &'static [&'static str],
        versions: Versions,
        glance: &'static [Glance],
    ) -> Self {
        Self {
            name,
            providers,
            is_meant: |_| true,
            setting: None,
            versions,
            without_versions: |_| None,
            separator: '-',
            locate: |provider| Location::read(provider, PLACES),
            is_certain: |_| true,
            access: &[],
            replicates: false,
            account: &[],
            path: |_, key| key.to_owned(),
            commands: Commands::NONE,
            reader: None,
            glance,
            cleanup: None,
        }
    }
}
