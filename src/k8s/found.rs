//! A secret's name found in an object, and a secret that an object provides.

use std::ops::Range;

use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// The namespace of a secret that is created in every namespace, or read in one that the object does not specify.
pub const EVERYWHERE: &str = "*";

/// One place in an object that names a secret.
#[derive(Debug, Clone)]
pub struct Found {
    /// The row of the catalogue that names the field, such as `env-from`; `by-value` for a versioned
    /// name found by its value alone.
    pub row: &'static str,
    /// The field.
    pub path: Path,
    /// The scalar that holds the name.
    pub node: Node,
    /// The part of the scalar's decoded value that is the name; `None` for all of it.
    pub part: Option<Range<usize>>,
    /// The secret's name.
    pub secret: String,
    /// The namespace the field or value itself names; `None` for the object's own, `*` for any.
    pub namespace: Option<String>,
    /// Whether the workload starts without the secret.
    pub optional: bool,
    /// The key of the secret that is read, where the field names one.
    pub key: Option<String>,
    /// What the reference does.
    pub role: Role,
}

/// What a reference to a secret does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The object reads the secret.
    Use,
    /// The object grants access to it (`resourceNames`): versions are added, not replaced.
    Grant,
    /// A controller is told to watch it (an annotation).
    Watch,
    /// A mention by value in a place that no row of the catalogue names.
    Mention,
}

/// A secret that an object provides.
#[derive(Debug, Clone)]
pub struct Provided {
    /// The row of the catalogue, such as `external-secret`.
    pub row: &'static str,
    /// The field that names it.
    pub path: Path,
    /// The scalar that holds the name.
    pub node: Node,
    /// The secret's name.
    pub secret: String,
    /// The namespace it is created in, if not the object's own; `*` for every namespace.
    pub namespace: Option<String>,
    /// The keys of the secret; `None` if they cannot be determined from the object.
    pub keys: Option<Vec<String>>,
}
