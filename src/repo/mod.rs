//! One loaded tree: its build roots and environments, who provides and who references each secret.

pub mod sensitive;

use std::collections::BTreeSet;

use crate::k8s::found::{Found, Provided};
use crate::kustomize::build::{Problem, Status};
use crate::kustomize::object::Object;
use crate::text::path::TreePath;

/// A directory that is built as one.
#[derive(Debug)]
pub struct Root {
    /// The directory.
    pub path: TreePath,
    /// A kustomization or a tree of plain manifests.
    pub kind: RootKind,
    /// The environment it belongs to: an index into the repository's environments.
    pub environment: Option<usize>,
    /// How much of it could be resolved.
    pub status: Status,
    /// What could not, and why.
    pub problems: Vec<Problem>,
    /// The effective objects.
    pub objects: Vec<Object>,
    /// Every effective reference, in the order of the objects.
    pub references: Vec<Reference>,
    /// Every secret that its objects make.
    pub providers: Vec<Provider>,
    /// Every file read for it.
    pub files: BTreeSet<TreePath>,
    /// Every kustomization directory reached, its own included; empty for plain manifests.
    pub directories: BTreeSet<TreePath>,
}

/// What a build root is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootKind {
    /// A kustomization.
    Kustomize,
    /// A tree of plain manifests.
    Plain,
}

/// A reference of a build root.
#[derive(Debug)]
pub struct Reference {
    /// The object that has it: an index into the root's objects.
    pub object: usize,
    /// The place in the object.
    pub found: Found,
}

/// A provider of a build root.
#[derive(Debug)]
pub struct Provider {
    /// The object that makes the secret: an index into the root's objects.
    pub object: usize,
    /// What it makes.
    pub provided: Provided,
}
