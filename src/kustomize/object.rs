//! A Kubernetes object on its way through a build.

use std::sync::Arc;

use crate::yaml::node::Node;

/// An object, and the names it had before.
#[derive(Debug, Clone)]
pub struct Object {
    /// The object as it stands.
    pub node: Node,
    /// The names it had, the oldest first; empty while it has the one it was written with.
    pub previous: Vec<Identity>,
    /// The prefixes it was given, the first one first; an empty one counts, since kustomize counts it.
    pub prefixes: Vec<Arc<str>>,
    /// The suffixes it was given, the first one first.
    pub suffixes: Vec<Arc<str>>,
    /// What made it, if a generator did.
    pub generated: Option<Generated>,
}

/// What a generator says about the object that it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generated {
    /// How it meets an object of the same name.
    pub behavior: Behavior,
    /// Whether a hash of the content is put behind its name.
    pub hash: bool,
}

/// How a generated object meets one of the same name that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    /// Nothing is said, as with an object from a file.
    Unspecified,
    /// There must be none.
    Create,
    /// It takes the other's place.
    Replace,
    /// Its entries are added to the other's.
    Merge,
}

/// What tells one object from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// `apps/v1`
    pub api_version: String,
    /// `Deployment`
    pub kind: String,
    /// The namespace, where one is set.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl Object {
    /// An object as a file has it.
    #[must_use]
    pub const fn new(node: Node) -> Self {
        Self {
            node,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            generated: None,
        }
    }

    /// Remembers the identity as it stands, before a step changes it.
    pub fn remember(&mut self) {
        let identity = self.identity();
        if !identity.name.is_empty() {
            self.previous.push(identity);
        }
    }

    /// The identity that the object was written with.
    #[must_use]
    pub fn original(&self) -> Identity {
        self.previous.first().cloned().unwrap_or_else(|| self.identity())
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

    /// The object's identity as it stands.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity {
            api_version: self.api_version().to_owned(),
            kind: self.kind().to_owned(),
            namespace: self.namespace().map(str::to_owned),
            name: self.name().to_owned(),
        }
    }
}
