//! Several families moved at once, and the tree as it will be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::plan::bump::plan;
use crate::plan::refusal::PlanError;
use crate::plan::request::BumpRequest;
use crate::plan::{FileChange, Plan};
use crate::repo::Repo;
use crate::text::memory::MemoryTree;
use crate::text::path::TreePath;

/// The repository's tree as if the changes were written.
#[must_use]
pub fn overlay(repo: &Repo, changes: &[FileChange]) -> MemoryTree {
    let files =
        changes.iter().map(|change| (change.path.clone(), Some(change.after.clone().into_bytes())));
    MemoryTree::over(Arc::clone(repo.library.tree()), files)
}

/// Plans the bumps of several families, each on the tree that the one before would leave.
///
/// Returns a plan for each family and the changes of all of them together.
///
/// # Errors
/// With every plan's error, when any of them has one.
pub fn plan_all(
    repo: &Repo,
    requests: &[BumpRequest],
) -> Result<(Vec<Plan>, Vec<FileChange>), Vec<PlanError>> {
    let (mut plans, mut errors) = (Vec::new(), Vec::new());
    let mut total: BTreeMap<TreePath, FileChange> = BTreeMap::new();
    let mut current: Option<Repo> = None;
    for request in requests {
        let base = current.as_ref().unwrap_or(repo);
        let plan = match plan(base, request) {
            Ok(plan) => plan,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        for change in &plan.changes {
            let known = total.entry(change.path.clone()).or_insert_with(|| change.clone());
            known.after.clone_from(&change.after);
        }
        if !plan.changes.is_empty() {
            let changed: BTreeSet<TreePath> =
                plan.changes.iter().map(|one| one.path.clone()).collect();
            let tree = overlay(base, &plan.changes);
            if let Ok(next) = base.reload(Arc::new(tree), &changed) {
                current = Some(next);
            }
        }
        plans.push(plan);
    }
    if errors.is_empty() { Ok((plans, total.into_values().collect())) } else { Err(errors) }
}
