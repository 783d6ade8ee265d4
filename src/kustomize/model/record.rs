//! What resolving a kustomization read, met and missed.

use std::collections::BTreeSet;

use crate::text::path::TreePath;
use crate::text::problem::Problem;

/// What was read and met on the way.
#[derive(Debug, Default, Clone)]
pub struct Record {
    /// Every file that was read, or should have been.
    pub files: BTreeSet<TreePath>,
    /// Every kustomization directory.
    pub directories: BTreeSet<TreePath>,
    /// What is missing, though the rest stands without it.
    pub problems: Vec<Problem>,
}

impl Record {
    /// Adds what another one has.
    pub fn extend(&mut self, other: &Self) {
        self.files.extend(other.files.iter().cloned());
        self.directories.extend(other.directories.iter().cloned());
        for problem in &other.problems {
            self.miss(problem.clone());
        }
    }

    /// Notes something missing, once.
    pub fn miss(&mut self, problem: Problem) {
        let same = |known: &Problem| {
            let at = |problem: &Problem| problem.place.as_ref().map(|place| place.span);
            known.message == problem.message
                && known.path == problem.path
                && at(known) == at(&problem)
        };
        if !self.problems.iter().any(same) {
            self.problems.push(problem.as_partial());
        }
    }
}
