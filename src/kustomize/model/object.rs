//! A Kubernetes object during a build.

use std::fmt;
use std::sync::Arc;

use crate::kustomize::model::scope::is_cluster_scoped;
use crate::text::work;
use crate::yaml::node::Node;

/// An object, and the names it had before.
#[derive(Clone)]
pub struct Object {
    /// The object in its current state.
    pub node: Node,
    /// The names it had, the oldest first; empty while it has the one it was written with.
    pub previous: Vec<Identity>,
    /// The prefixes it was given, the first one first.
    pub prefixes: Vec<Arc<str>>,
    /// The suffixes it was given, the first one first.
    pub suffixes: Vec<Arc<str>>,
    /// The variables that take their value from it.
    pub variables: Vec<Arc<str>>,
    /// What made it, if a generator did.
    pub generated: Option<Generated>,
    /// Whether Helm rendered it for a kustomization.
    pub is_inflated: bool,
}

/// What a generator says about the object that it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generated {
    /// What happens if an object with the same name exists.
    pub behavior: Behavior,
    /// Whether a content hash is appended to its name.
    pub hash: bool,
}

/// What happens if an object with the name of a generated one already exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    /// Nothing is said, as with an object from a file.
    Unspecified,
    /// There must be no such object.
    Create,
    /// It takes the other's place.
    Replace,
    /// Its entries are added to the other's.
    Merge,
}

/// What identifies an object. Clones share the strings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// `apps/v1`
    pub api_version: Arc<str>,
    /// `Deployment`
    pub kind: Arc<str>,
    /// The namespace, where one is set.
    pub namespace: Option<Arc<str>>,
    /// The name.
    pub name: Arc<str>,
}

impl Identity {
    /// `apps`; empty for the core group.
    #[must_use]
    pub fn group(&self) -> &str {
        match memchr::memchr(b'/', self.api_version.as_bytes()) {
            Some(slash) => &self.api_version[..slash],
            None if &*self.api_version == "builtin" => "builtin",
            None => "",
        }
    }

    /// `v1`
    #[must_use]
    pub fn version(&self) -> &str {
        match memchr::memchr(b'/', self.api_version.as_bytes()) {
            Some(slash) => &self.api_version[slash + 1..],
            None if &*self.api_version == "builtin" => "",
            None => &self.api_version,
        }
    }

    /// Whether kustomize considers the object cluster-scoped.
    #[must_use]
    pub fn is_cluster_scoped(&self) -> bool {
        is_cluster_scoped(self.group(), self.version(), &self.kind)
    }

    /// The namespace for comparing identities: `default` if unset, `None` for a cluster-scoped object.
    #[must_use]
    pub fn effective_namespace(&self) -> Option<&str> {
        if self.is_cluster_scoped() {
            return None;
        }
        Some(self.namespace.as_deref().unwrap_or("default"))
    }

    /// The identity in the form by which identities are compared: two objects are the same if these are equal.
    #[must_use]
    pub fn into_key(mut self) -> Self {
        if self.is_cluster_scoped() {
            self.namespace = None;
        } else if self.namespace.is_none() {
            self.namespace = Some(Arc::from("default"));
        }
        self
    }

    /// Whether both name the same object.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.kind == other.kind
            && self.api_version == other.api_version
            && self.effective_namespace() == other.effective_namespace()
    }
}

/// `Deployment web in shop`, for messages.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        self.namespace.as_ref().map_or(Ok(()), |namespace| write!(f, " in {namespace}"))
    }
}

/// Its identity only: an object may hold the values of a secret.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.identity())
    }
}

impl Object {
    /// An object as read from a file.
    #[must_use]
    pub const fn new(node: Node) -> Self {
        Self {
            node,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            variables: Vec::new(),
            generated: None,
            is_inflated: false,
        }
    }

    /// Remembers the current identity, before a step changes it.
    pub fn remember(&mut self) {
        self.remember_as(self.identity());
    }

    /// Remembers its current identity, if the caller already has it.
    pub fn remember_as(&mut self, identity: Identity) {
        if !identity.name.is_empty() {
            self.previous.push(identity);
        }
    }

    /// Whether the object has the identity, or had it before.
    #[must_use]
    pub fn was(&self, identity: &Identity) -> bool {
        *self.name() == *identity.name && self.identity().same(identity)
            || self.earlier().any(|previous| previous.same(identity))
    }

    /// Its name, and every name that it had before.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name()).chain(self.previous.iter().map(|previous| &*previous.name))
    }

    /// The identity that the object was written with.
    #[must_use]
    pub fn original(&self) -> Identity {
        self.earlier().next().unwrap_or_else(|| self.identity())
    }

    /// Its previous identities, oldest first, with the current apiVersion: kustomize does not remember that.
    pub fn earlier(&self) -> impl Iterator<Item = Identity> {
        let now = self.api_version();
        self.previous.iter().map(move |previous| {
            let mut identity = previous.clone();
            if *identity.api_version != *now {
                identity.api_version = Arc::from(now);
            }
            identity
        })
    }

    /// `apps/v1`; empty when it has none.
    #[must_use]
    pub fn api_version(&self) -> &str {
        self.node.get("apiVersion").and_then(Node::str).unwrap_or_default()
    }

    /// `Deployment`; empty when it has none.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.node.get("kind").and_then(Node::str).unwrap_or_default()
    }

    /// The name; empty when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.node.at(&["metadata", "name"]).and_then(Node::str).unwrap_or_default()
    }

    /// The namespace, where one is set.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        let text = self.node.at(&["metadata", "namespace"]).and_then(Node::str);
        text.filter(|text| !text.is_empty())
    }

    /// The object's current identity.
    #[must_use]
    pub fn identity(&self) -> Identity {
        work::count("identity made");
        Identity {
            api_version: Arc::from(self.api_version()),
            kind: Arc::from(self.kind()),
            namespace: self.namespace().map(Arc::from),
            name: Arc::from(self.name()),
        }
    }
}
