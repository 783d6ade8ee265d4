//! Several families moved at once, and the tree as it will be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::parse::parse_past;
use crate::config::settings::Config;
use crate::plan::bump::plan_with_tree;
use crate::plan::hold;
use crate::plan::refusal::PlanError;
use crate::plan::request::BumpRequest;
use crate::plan::{FileChange, Plan};
use crate::repo::Repo;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::tree::memory::MemoryTree;

/// The repository's tree as if the changes were written.
#[must_use]
pub fn overlay(repo: &Repo, changes: &[FileChange]) -> MemoryTree {
    let files = changes
        .iter()
        .map(|change| (change.path.clone(), change.after.clone().map(String::into_bytes)));
    MemoryTree::over(Arc::clone(repo.library.tree()), files)
}

/// Plans several families in sequence, each on the tree that results from the plans before it.
pub struct Batch<'r> {
    repo: &'r Repo,
    current: Option<Repo>,
    total: BTreeMap<TreePath, FileChange>,
}

impl<'r> Batch<'r> {
    /// An empty batch.
    #[must_use]
    pub const fn new(repo: &'r Repo) -> Self {
        Self { repo, current: None, total: BTreeMap::new() }
    }

    /// The tree with all plans so far applied.
    #[must_use]
    pub fn repo(&self) -> &Repo {
        self.current.as_ref().unwrap_or(self.repo)
    }

    /// Plans a bump on the tree with all plans so far applied; with [`Batch::after`] of its changes.
    ///
    /// # Errors
    /// When the bump cannot be planned.
    pub fn preview(&self, request: &BumpRequest) -> Result<(Plan, Option<Repo>), PlanError> {
        plan_with_tree(self.repo(), request)
    }

    /// Plans a bump and adds it to the batch.
    ///
    /// # Errors
    /// When the bump cannot be planned; earlier plans are kept.
    pub fn plan(&mut self, request: &BumpRequest) -> Result<Plan, PlanError> {
        let (plan, after) = self.preview(request)?;
        self.take_known(&plan.changes, after);
        Ok(plan)
    }

    /// The tree with all plans so far and these changes applied; `None` if nothing would change.
    #[must_use]
    pub fn after(&self, changes: &[FileChange]) -> Option<Repo> {
        if changes.is_empty() {
            return None;
        }
        let changed: BTreeSet<TreePath> = changes.iter().map(|one| one.path.clone()).collect();
        let base = self.repo();
        let mut after = base.reload(Arc::new(overlay(base, changes)), &changed).ok()?;
        if let Some(settings) = changes.iter().find(|change| hold::is_settings(base, &change.path))
        {
            after.config = settings_of(settings).unwrap_or(after.config);
        }
        Some(after)
    }

    /// Adds changes that were planned on [`Batch::repo`].
    pub fn take(&mut self, changes: &[FileChange]) {
        let after = self.after(changes);
        self.take_known(changes, after);
    }

    /// Adds changes of which [`Batch::after`] has already said what the tree is with them.
    pub fn take_known(&mut self, changes: &[FileChange], after: Option<Repo>) {
        if after.is_some() {
            self.current = after;
        }
        for change in changes {
            let known = self.total.entry(change.path.clone()).or_insert_with(|| change.clone());
            known.after.clone_from(&change.after);
        }
    }

    /// The changes of all plans together, sorted by path.
    #[must_use]
    pub fn changes(&self) -> Vec<FileChange> {
        // A file that one plan creates and a later one removes is no change.
        let real = |one: &&FileChange| one.before.is_some() || one.after.is_some();
        self.total.values().filter(real).cloned().collect()
    }
}

/// The settings that a change of their file leaves; only holds are ever changed in it.
fn settings_of(change: &FileChange) -> Option<Config> {
    let Some(text) = &change.after else { return Some(Config::default()) };
    parse_past(&Source::file(change.path.clone(), text.as_str())).ok()
}

/// Plans the bumps of several families, each on the tree that results from the one before.
///
/// Returns a plan for each family and the changes of all of them together.
///
/// # Errors
/// With every plan's error, when any of them has one.
pub fn plan_all(
    repo: &Repo,
    requests: &[BumpRequest],
) -> Result<(Vec<Plan>, Vec<FileChange>), Vec<PlanError>> {
    let mut batch = Batch::new(repo);
    let (mut plans, mut errors) = (Vec::new(), Vec::new());
    for request in requests {
        match batch.plan(request) {
            Ok(plan) => plans.push(plan),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok((plans, batch.changes())) } else { Err(errors) }
}
