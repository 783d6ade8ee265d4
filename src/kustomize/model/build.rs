//! The result of a build.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::kustomize::model::object::Object;
use crate::text::path::TreePath;
use crate::text::problem::Problem;

/// How much of a build root could be resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// All of it.
    Resolved,
    /// Everything local; something remote or foreign is missing.
    Partial,
    /// Kustomize would refuse it.
    Failed,
}

impl Status {
    /// The word that reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// Which files a kustomization may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadRestrictions {
    /// Those in its own directory and below, as kubectl has it.
    RootOnly,
    /// Any of the repository, as Flux has it.
    None,
}

/// A build root, resolved.
#[derive(Debug, Clone)]
pub struct Build {
    /// Its directory.
    pub path: TreePath,
    /// How much of it could be resolved.
    pub status: Status,
    /// What could not be resolved, and why.
    pub problems: Vec<Problem>,
    /// The objects that kustomize would print, in its order of accumulation; none when it failed.
    pub objects: Arc<[Object]>,
    /// Every file read for it.
    pub files: BTreeSet<TreePath>,
    /// Every kustomization directory reached, its own included.
    pub directories: BTreeSet<TreePath>,
}

/// One kustomization below a build root: what it includes, and the resulting objects.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its directory.
    pub directory: TreePath,
    /// The kustomization file.
    pub file: TreePath,
    /// The directories it names under `resources` and `bases`.
    pub bases: Vec<TreePath>,
    /// The directories it names under `components`.
    pub components: Vec<TreePath>,
    /// The files of objects it names under `resources`.
    pub resources: Vec<TreePath>,
    /// The objects after its last patch, before its namespace, prefix and the rest:
    /// what another entry of `patches` would see.
    pub patched: Vec<Object>,
    /// The objects as passed to the next kustomization.
    pub objects: Vec<Object>,
}
