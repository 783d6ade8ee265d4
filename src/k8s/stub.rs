//! An ExternalSecret read as a stub: which secret it creates, from which store, and how it is pinned.

use crate::k8s::references::reading::name_text;
use crate::k8s::resource::{group_of, kind_of};
use crate::k8s::secret_name::family;
use crate::text::work;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// An ExternalSecret, read as the stub of one secret.
#[derive(Debug, Clone)]
pub struct Stub {
    /// The `apiVersion`.
    pub api_version: Option<Node>,
    /// The field that names the secret: `spec.target.name`, else `metadata.name`.
    pub secret: Field,
    /// The store of entries that do not name one themselves.
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

impl Remote {
    /// The store's key, where it is a text.
    #[must_use]
    pub fn key_text(&self) -> Option<&str> {
        self.key.as_ref()?.node.str()
    }

    /// The version that it is pinned to, where it is a text.
    #[must_use]
    pub fn version_text(&self) -> Option<&str> {
        self.version.as_ref()?.node.str()
    }

    /// The same; `None` where it reads the newest version, by a name for that or without any.
    #[must_use]
    pub fn pin(&self) -> Option<&str> {
        let names_newest = |pin: &&str| matches!(*pin, "" | "~" | "null" | "latest" | "AWSCURRENT");
        self.version_text().filter(|pin| !names_newest(pin))
    }
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

const NO_VERSION: &str =
    "`find` reads whatever the store has now; name the keys under `data` or `extract`";
/// Why a generator's entry cannot be pinned: each version gets its own value anyway.
pub const GENERATED: &str = "a generator makes a new value each time; nothing can pin it";

impl Stub {
    /// Reads an ExternalSecret, or the one inside a ClusterExternalSecret; `None` for anything else.
    #[must_use]
    pub fn read(object: &Node) -> Option<Self> {
        work::count("stub read");
        let (path, spec) = spec_of(object)?;
        let mut stub = Self {
            api_version: object.get("apiVersion").cloned(),
            secret: secret(object, spec, &path)?,
            store: spec.get("secretStoreRef").and_then(StoreRef::read),
            remotes: Vec::new(),
            unpinnable: Vec::new(),
        };
        for (list, field) in [("data", "remoteRef"), ("dataFrom", "extract")] {
            let path = path.key(list);
            for (index, entry) in spec.get(list).map_or(&[][..], Node::items).iter().enumerate() {
                stub.entry(&path.index(index), entry, field);
            }
        }
        Some(stub)
    }

    /// The family of the secret that it creates.
    #[must_use]
    pub fn family(&self) -> Option<&str> {
        self.secret.node.str().map(family)
    }

    /// The store that an entry reads.
    #[must_use]
    pub fn store_of<'s>(&'s self, remote: &'s Remote) -> Option<&'s StoreRef> {
        remote.store.as_ref().or(self.store.as_ref())
    }

    /// An entry of another stub that reads the same value: the same key, property and version of the same store.
    #[must_use]
    pub fn reads_like<'s>(&'s self, remote: &Remote, other: &'s Self) -> Option<&'s Remote> {
        self.reads_beside(remote, other, |own, pin| own == pin)
    }

    /// An entry of another stub that reads the same key and property of the same store, with a pin that fits.
    #[must_use]
    pub fn reads_beside<'s>(
        &'s self,
        remote: &Remote,
        other: &'s Self,
        fits: impl Fn(Option<&str>, Option<&str>) -> bool,
    ) -> Option<&'s Remote> {
        let value = |stub: &'s Self, one: &Remote| {
            let text = |field: Option<&Field>| field?.node.str().map(str::to_owned);
            let key = text(one.key.as_ref()).filter(|key| !key.is_empty())?;
            Some((stub.store_of(one).cloned(), key, text(one.property.as_ref())))
        };
        let own = value(self, remote)?;
        let mut others = other.remotes.iter();
        others.find(|one| fits(remote.pin(), one.pin()) && value(other, one).as_ref() == Some(&own))
    }

    fn entry(&mut self, path: &Path, entry: &Node, field: &str) {
        let source = entry.get("sourceRef");
        if let Some(remote) = entry.get(field) {
            let path = path.key(field);
            let part = |key: &str| {
                let node = remote.get(key).filter(|node| node.scalar().is_some())?;
                Some(Field { path: path.key(key), node: node.clone() })
            };
            self.remotes.push(Remote {
                key: part("key"),
                version: part("version"),
                property: part("property"),
                store: source.and_then(|source| source.get("storeRef")).and_then(StoreRef::read),
                node: remote.clone(),
                path,
            });
        } else if source.is_some_and(|source| source.get("generatorRef").is_some()) {
            self.unpinnable(path, entry, GENERATED);
        } else if entry.get("find").is_some() {
            self.unpinnable(path, entry, NO_VERSION);
        }
    }

    fn unpinnable(&mut self, path: &Path, entry: &Node, reason: &'static str) {
        self.unpinnable.push(Unpinnable { path: path.clone(), node: entry.clone(), reason });
    }
}

/// The spec of an ExternalSecret, or of the one in a ClusterExternalSecret, with its path; `None` for anything else.
#[must_use]
pub fn spec_of(object: &Node) -> Option<(Path, &Node)> {
    if group_of(object) != "external-secrets.io" {
        return None;
    }
    let spec = Path::default().key("spec");
    let path = match kind_of(object) {
        "ExternalSecret" => spec,
        "ClusterExternalSecret" => spec.key("externalSecretSpec"),
        _ => return None,
    };
    let spec = path.follow(object)?;
    Some((path, spec))
}

impl StoreRef {
    fn read(node: &Node) -> Option<Self> {
        let name = name_text(node.get("name")?)?.to_owned();
        let kind = node.get("kind").and_then(name_text).unwrap_or("SecretStore").to_owned();
        Some(Self { kind, name })
    }
}

fn secret(object: &Node, spec: &Node, path: &Path) -> Option<Field> {
    let field = |path: Path| {
        let node = path.follow(object).filter(|node| name_text(node).is_some())?;
        Some(Field { node: node.clone(), path })
    };
    if spec.at(&["target", "manifest"]).is_some() {
        return None;
    }
    let target = field(path.key("target").key("name"));
    // A ClusterExternalSecret may name the ExternalSecrets it creates.
    target
        .or_else(|| field(Path::default().key("spec").key("externalSecretName")))
        .or_else(|| field(Path::default().key("metadata").key("name")))
}

#[cfg(test)]
mod tests {
    use super::Stub;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    fn stub(text: &str) -> Option<Stub> {
        Stub::read(&parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root)
    }

    #[test]
    fn reads_every_entry() {
        let stub = stub(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: auth}\nspec:\n  secretStoreRef: {name: aws, kind: ClusterSecretStore}\n  target: {name: auth-20250723110000}\n  data:\n    - {secretKey: a, remoteRef: {key: prod/auth, version: '20250723110000', property: a}}\n    - {secretKey: b, sourceRef: {storeRef: {name: other}}, remoteRef: {key: prod/b}}\n  dataFrom:\n    - extract: {key: prod/c}\n    - find: {name: {regexp: '.*'}}\n    - sourceRef: {generatorRef: {kind: Password, name: p}}\n",
        )
        .unwrap();
        assert_eq!(stub.secret.node.str(), Some("auth-20250723110000"));
        assert_eq!(stub.secret.path.to_string(), "spec.target.name");
        let keys: Vec<_> =
            stub.remotes.iter().map(|r| r.key.as_ref().unwrap().node.str()).collect();
        assert_eq!(keys, [Some("prod/auth"), Some("prod/b"), Some("prod/c")]);
        let version = stub.remotes[0].version.as_ref().unwrap();
        assert_eq!(version.path.to_string(), "spec.data[0].remoteRef.version");
        assert_eq!(stub.store_of(&stub.remotes[0]).unwrap().kind, "ClusterSecretStore");
        assert_eq!(stub.store_of(&stub.remotes[1]).unwrap().name, "other");
        assert_eq!(stub.unpinnable.len(), 2);
    }

    #[test]
    fn a_stub_is_named_by_its_target_or_itself() {
        let head = "apiVersion: external-secrets.io/v1beta1\nmetadata: {name: a}\n";
        let own = stub(&format!("{head}kind: ExternalSecret\nspec: {{}}\n")).unwrap();
        assert_eq!(own.secret.path.to_string(), "metadata.name");
        assert_eq!(own.api_version.unwrap().str(), Some("external-secrets.io/v1beta1"));
        let text = format!(
            "{head}kind: ClusterExternalSecret\nspec: {{externalSecretName: b, externalSecretSpec: {{}}}}\n"
        );
        assert_eq!(stub(&text).unwrap().secret.node.str(), Some("b"));
        assert!(stub("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n").is_none());
    }
}
