//! Whether one commit is part of the history of another.

use git2::Oid;

use crate::git::error::GitError;
use crate::git::repository::Git;

/// How a revision and a commit are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Descent {
    /// The revision is the commit, or has it in its history.
    Has,
    /// It does not have it.
    Lacks,
    /// The clone does not have the revision.
    Unknown,
    /// The clone is shallow, and what it has does not tell.
    Shallow,
}

impl Git {
    /// Whether a revision has a commit in its history. Both are full commit IDs.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn descent(&self, revision: &str, commit: &str) -> Result<Descent, GitError> {
        let repository = self.objects()?;
        let (Ok(revision), Ok(commit)) = (Oid::from_str(revision), Oid::from_str(commit)) else {
            return Ok(Descent::Unknown);
        };
        if revision == commit {
            return Ok(Descent::Has);
        }
        if repository.find_commit(revision).is_err() || repository.find_commit(commit).is_err() {
            return Ok(Descent::Unknown);
        }
        let has = repository.graph_descendant_of(revision, commit);
        Ok(match has.map_err(|error| self.failed(&error))? {
            true => Descent::Has,
            false if repository.is_shallow() => Descent::Shallow,
            false => Descent::Lacks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Descent;
    use crate::git::testing::history;

    #[test]
    fn a_revision_has_what_came_before_it() {
        let sandbox = tempfile::tempdir().unwrap();
        let git = history(sandbox.path(), &[vec![("a", "1")], vec![("a", "2")]]);
        let mut line = git.line(None).unwrap();
        let second = line.step().unwrap().unwrap().commit.id;
        let first = line.step().unwrap().unwrap().commit.id;
        assert_eq!(git.descent(&second, &first).unwrap(), Descent::Has);
        assert_eq!(git.descent(&first, &first).unwrap(), Descent::Has);
        assert_eq!(git.descent(&first, &second).unwrap(), Descent::Lacks);
        assert_eq!(git.descent(&"1".repeat(40), &second).unwrap(), Descent::Unknown);
        assert_eq!(git.descent("main", &second).unwrap(), Descent::Unknown);
    }
}
