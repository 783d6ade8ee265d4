//! Which of the findings of `rotate lint` are reported. Every rule runs over the whole tree all the same, so that no allow
//! comment and no entry of a baseline seems unused because of what was left out.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::lint::selection::Selection;
use crate::ops::failure::Failure;
use crate::ops::session::Session;
use crate::ops::shown::{self, Shown};
use crate::repo::Repo;
use crate::text::path::TreePath;

/// What is asked for, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The files and directories; none: the whole tree.
    pub paths: Vec<String>,
    /// The rules; none: all.
    pub rules: Vec<String>,
    /// The environments and families.
    pub shown: shown::Request,
}

/// Some files, some rules, some environments and some families; all of them where none is named.
#[derive(Debug, Default)]
pub struct Narrowed {
    paths: Vec<TreePath>,
    rules: BTreeSet<String>,
    shown: Shown,
}

impl Request {
    /// The paths in the tree.
    ///
    /// # Errors
    /// When one of them is not there.
    pub(super) fn within(&self, session: &Session) -> Result<Vec<TreePath>, Failure> {
        session.tree_paths(&self.paths)
    }

    /// What is reported of a tree, within these paths.
    ///
    /// # Errors
    /// When there is no such rule, environment or family.
    pub(super) fn of(&self, repo: &Repo, paths: Vec<TreePath>) -> Result<Narrowed, Failure> {
        for rule in &self.rules {
            Selection::only(rule)?;
        }
        let rules = self.rules.iter().cloned().collect();
        Ok(Narrowed { paths, rules, shown: self.shown.of(repo)? })
    }
}

impl Narrowed {
    /// Whether every finding is reported.
    pub(super) fn is_whole(&self) -> bool {
        self.paths.is_empty() && self.rules.is_empty() && self.shown == Shown::default()
    }

    /// Whether a finding is reported.
    pub(super) fn has(&self, finding: &Finding) -> bool {
        let path = finding.place.source.path();
        let is_within = self.paths.is_empty() || self.paths.iter().any(|one| path.is_within(one));
        is_within
            && (self.rules.is_empty() || self.rules.contains(finding.rule))
            && self.shown.has_any(&finding.environments, &finding.families)
    }

    /// How many of some findings are reported.
    pub(super) fn count(&self, findings: &[Finding]) -> usize {
        findings.iter().filter(|finding| self.has(finding)).count()
    }
}
