//! Values that a person must put somewhere under the new version.

use std::collections::BTreeSet;

use crate::k8s::backend::Backend;

/// A value and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) enum Supply {
    /// It is in its store already, and only lacks the label of the version.
    Label {
        /// What to do, a sentence.
        title: String,
        /// The command that does it.
        command: Option<String>,
    },
    /// Into a store, from which a stub reads it.
    Remote {
        /// The store, where the repository says which.
        backend: Option<Box<Backend>>,
        /// The key that the new stub reads.
        key: String,
        /// The pin in `remoteRef.version`; `None` for a key that exists for this version alone.
        pin: Option<String>,
        /// What the value is.
        value: Value,
        /// Another environment whose stub reads the same from a store of the same name.
        read_by: Option<String>,
    },
    /// Into a secret that something outside the repository makes.
    Elsewhere {
        /// The secret's name.
        name: String,
        /// The namespace, where Git sets one.
        namespace: Option<String>,
        /// Who makes it, as `rotate.yaml` says.
        by: Option<String>,
    },
    /// Into the cluster, for a family without a stub.
    Cluster {
        /// The secret's name.
        name: String,
        /// The namespace, where Git sets one.
        namespace: Option<String>,
        /// What the references ask the secret to be.
        shape: SecretType,
        /// The keys that the references read.
        keys: BTreeSet<String>,
    },
}

/// What a value of a store must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) enum Value {
    /// A text as it is.
    Text,
    /// A JSON object with these keys.
    Object(BTreeSet<String>),
    /// A JSON object; the references read these keys of it.
    Everything(BTreeSet<String>),
}

/// The type of a secret, inferred from its uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) enum SecretType {
    /// Keys and values.
    Opaque,
    /// A login to a registry.
    Registry,
    /// A certificate.
    Tls,
}

impl Value {
    /// What the value must be, as a phrase that follows the words "the value".
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Text => String::new(),
            Self::Object(keys) if keys.len() == 1 => {
                format!(", a JSON object with the key {},", list(keys))
            }
            Self::Object(keys) => format!(", a JSON object with the keys {},", list(keys)),
            Self::Everything(keys) if keys.is_empty() => ", a JSON object,".to_owned(),
            Self::Everything(keys) => {
                format!(", a JSON object with at least {},", list(keys))
            }
        }
    }
}

/// Keys as a readable list.
pub(super) fn list(keys: &BTreeSet<String>) -> String {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    match keys[..] {
        [] => String::new(),
        [one] => one.to_owned(),
        [ref all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
