//! An ExternalSecret read as a stub: what it makes, from which store, pinned how.

use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// An ExternalSecret, read as the stub of one secret.
#[derive(Debug, Clone)]
pub struct Stub {
    /// The `apiVersion`.
    pub api_version: Option<Node>,
    /// The field that names the secret: `spec.target.name`, else `metadata.name`.
    pub secret: Field,
    /// The store that entries read when they name none themselves.
    pub store: Option<StoreRef>,
    /// Every entry that reads one key of a store, in order.
    pub remotes: Vec<Remote>,
    /// Every entry that no version can pin.
    pub unpinnable: Vec<Unpinnable>,
}

/// A scalar and its path.
#[derive(Debug, Clone)]
pub struct Field {
    /// The path.
    pub path: Path,
    /// The scalar.
    pub node: Node,
}

/// Which store an entry reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreRef {
    /// `SecretStore` or `ClusterSecretStore`.
    pub kind: String,
    /// The store's name.
    pub name: String,
}

/// An entry that reads one key of a store: `data[].remoteRef` or `dataFrom[].extract`.
#[derive(Debug, Clone)]
pub struct Remote {
    /// The path of the mapping.
    pub path: Path,
    /// The mapping.
    pub node: Node,
    /// The store's key.
    pub key: Option<Field>,
    /// The version it is pinned to.
    pub version: Option<Field>,
    /// The property of the store's value.
    pub property: Option<Field>,
    /// The entry's own store.
    pub store: Option<StoreRef>,
}

/// An entry that no version can pin, and why.
#[derive(Debug, Clone)]
pub struct Unpinnable {
    /// The path of the entry.
    pub path: Path,
    /// The entry.
    pub node: Node,
    /// Why, a lower-case phrase.
    pub reason: &'static str,
}

impl Stub {
    /// Reads an ExternalSecret, or the one inside a ClusterExternalSecret; `None` for anything else.
    #[must_use]
    pub fn read(object: &Node) -> Option<Self> {
        let _ = object;
        None
    }
}
