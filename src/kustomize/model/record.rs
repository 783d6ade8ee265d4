//! What was read, visited and missing while resolving a kustomization.

use std::collections::BTreeSet;

use crate::text::path::TreePath;
use crate::text::problem::Problem;

/// What was read and visited.
#[derive(Debug, Default, Clone)]
pub struct Record {
    /// Every file that was or should have been read.
    pub files: BTreeSet<TreePath>,
    /// Every kustomization directory.
    pub directories: BTreeSet<TreePath>,
    /// What is missing without affecting the rest.
    pub problems: Vec<Problem>,
    /// The first file outside of its kustomization's directory, which only a build without load restrictions reads.
    pub outside: Option<Problem>,
}

impl Record {
    /// Adds the contents of another record.
    pub fn extend(&mut self, other: &Self) {
        self.files.extend(other.files.iter().cloned());
        self.directories.extend(other.directories.iter().cloned());
        for problem in &other.problems {
            self.miss(problem.clone());
        }
        if self.outside.is_none() {
            self.outside.clone_from(&other.outside);
        }
    }

    /// Records something missing, once.
    pub fn miss(&mut self, problem: Problem) {
        let same = |known: &Problem| {
            let at = |problem: &Problem| problem.place.as_ref().map(|place| place.span());
            known.message == problem.message
                && known.path == problem.path
                && at(known) == at(&problem)
        };
        if !self.problems.iter().any(same) {
            self.problems.push(problem.as_partial());
        }
    }
}
