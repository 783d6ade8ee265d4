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
    /// The first file that lies outside of the directory of the kustomization that names it: kubectl refuses such a build,
    /// Flux does not.
    pub outside: Option<Problem>,
}

impl Build {
    /// The build with load restrictions, as kubectl makes it.
    #[must_use]
    pub fn restricted(self: Arc<Self>) -> Arc<Self> {
        let Some(outside) = &self.outside else { return self };
        let known = self.problems.iter().filter(|problem| problem.partial);
        let problems = known.chain([outside]).cloned().collect();
        let build = Self::clone(&self);
        Arc::new(Self { status: Status::Failed, problems, objects: Arc::default(), ..build })
    }
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
