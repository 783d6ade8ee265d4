//! The form of the catalogue's tables.

use crate::k8s::found::Role;

/// Fields of some kinds of objects that name a secret.
#[derive(Debug)]
pub struct Row {
    /// The row's name; its example is `fixtures/references/<id>.yaml`.
    pub id: &'static str,
    /// API groups, whatever their version; `*` in a group stands for any characters.
    pub groups: &'static [&'static str],
    /// Kinds; `*` for any.
    pub kinds: &'static [&'static str],
    /// The fields, in the notation of [`crate::k8s::pattern`].
    pub paths: &'static [&'static str],
    /// How a value is read.
    pub reads: Reads,
    /// What naming a secret there does.
    pub role: Role,
}

/// A field of a pod spec, a container or a volume that names a secret, wherever such a part occurs.
#[derive(Debug)]
pub struct Slot {
    /// The row's name.
    pub id: &'static str,
    /// The field, from the pod spec, the container or the volume.
    pub path: &'static str,
}

/// Where kinds of objects keep pod specs, or parts of them.
#[derive(Debug)]
pub struct Embedding {
    /// API groups, as in [`Row::groups`].
    pub groups: &'static [&'static str],
    /// Kinds.
    pub kinds: &'static [&'static str],
    /// Which part is there.
    pub holds: Holds,
    /// Where.
    pub paths: &'static [&'static str],
}

/// Which part of a pod spec an object has in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A pod spec, or a mapping with some of its fields.
    PodSpec,
    /// A container.
    Container,
    /// A volume.
    Volume,
}

/// How a scalar names secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// It is the name.
    Name,
    /// It is the name, or `namespace/name`.
    Scoped,
    /// It is the name, in the namespace of the proxy that reads it, or `kubernetes-gateway://namespace/name`.
    Proxy,
    /// Comma-separated names.
    List,
    /// A JSON text with the name as the value of this key.
    Json(&'static str),
    /// `namespace/name` after this word, up to a `#`.
    Behind(&'static str),
}

/// A row that is read as plain names.
pub(super) const fn row(
    id: &'static str,
    groups: &'static [&'static str],
    kinds: &'static [&'static str],
    paths: &'static [&'static str],
) -> Row {
    Row { id, groups, kinds, paths, reads: Reads::Name, role: Role::Use }
}

impl Row {
    /// The row with another way to read its values.
    pub(super) const fn reads(mut self, reads: Reads) -> Self {
        self.reads = reads;
        self
    }

    /// The row with another role.
    pub(super) const fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }
}

/// A slot of a table.
pub(super) const fn slot(id: &'static str, path: &'static str) -> Slot {
    Slot { id, path }
}
