//! The commits of a branch with what each changed, newest first, along first parents only.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};

use chrono::{DateTime, Utc};
use git2::{ErrorCode, Oid, Repository};

use crate::git::error::GitError;
use crate::git::moved;
use crate::git::repository::Git;
use crate::git::snapshot::{Kind, Kinds, Snapshot, entries};
use crate::git::trees::{Known, Trees};
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::tree::memory::may_hold_manifests;

/// A commit, for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id in hexadecimal.
    pub id: String,
    /// When it was committed.
    pub time: DateTime<Utc>,
    /// Who wrote it.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
}

impl Commit {
    /// The abbreviated id, as Git shows it.
    #[must_use]
    pub fn short(&self) -> &str {
        self.id.get(..9).unwrap_or(&self.id)
    }

    pub(super) fn new(commit: &git2::Commit<'_>) -> Self {
        let seconds = commit.time().seconds();
        Self {
            id: commit.id().to_string(),
            time: DateTime::from_timestamp(seconds, 0).unwrap_or_default(),
            author: commit.author().name().unwrap_or_default().to_owned(),
            subject: commit.summary().ok().flatten().unwrap_or_default().to_owned(),
        }
    }
}

/// A commit and its difference from its first parent.
#[derive(Debug)]
pub struct CommitDiff {
    /// The commit.
    pub commit: Commit,
    /// What its parent has at each path that differs; every file of the tree if there is no parent.
    pub before: Difference,
    /// Whether there is a parent.
    pub has_parent: bool,
}

/// Paths that differ, and what is there on the older side.
#[derive(Debug, Default)]
pub struct Difference {
    kinds: Kinds,
    /// The older texts of manifests, if there are only a few.
    texts: BTreeMap<TreePath, Arc<Source>>,
}

impl Difference {
    /// The files that differ, sorted; excludes directories.
    pub fn files(&self) -> impl Iterator<Item = &TreePath> {
        let files = self.kinds.iter().filter(|(_, kind)| !matches!(kind, Some(Kind::Directory)));
        files.map(|(path, _)| path)
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Whether a file exists on the older side.
    #[must_use]
    pub fn has(&self, path: &TreePath) -> bool {
        matches!(self.kinds.get(path), Some(Some(Kind::File(_) | Kind::Link(_))))
    }

    /// Removes a path from the difference, and returns the difference there.
    pub fn take(&mut self, path: &TreePath) -> Self {
        let kinds = self.kinds.remove_entry(path).into_iter().collect();
        Self { kinds, texts: self.texts.remove_entry(path).into_iter().collect() }
    }

    /// Adds an older difference.
    pub fn extend(&mut self, older: Self) {
        self.kinds.extend(older.kinds);
    }
}

/// How many commits to read ahead.
const AHEAD: usize = 64;
/// Texts are read with the commit only if at most this many files differ.
const FEW: usize = 16;

/// Commits that a thread of its own reads ahead; it ends with this.
pub struct Ahead {
    steps: Option<mpsc::Receiver<Result<CommitDiff, GitError>>>,
    reader: Option<JoinHandle<()>>,
}

impl Iterator for Ahead {
    type Item = Result<CommitDiff, GitError>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.steps.as_ref()?.recv().ok();
        // Without a step, the thread is over. Were a panic there taken for the first commit, what is older would go unseen.
        let reader = if step.is_none() { self.reader.take() } else { None };
        if let Some(Err(panic)) = reader.map(JoinHandle::join) {
            resume_unwind(panic);
        }
        step
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // Without a receiver, the next commit is the last one that is read.
        self.steps = None;
        if let Some(reader) = self.reader.take() {
            // What went wrong there has ended the commits already.
            let _ = reader.join();
        }
    }
}

/// A branch, walked along its first parents.
pub struct Line {
    repository: Repository,
    prefix: TreePath,
    /// Whether the directory is looked for elsewhere before the commit that moved it there.
    follows: bool,
    name: String,
    next: Option<Oid>,
    /// The trees of the next commit that were read for the last one.
    known: Known,
    is_shallow: bool,
    git_dir: std::path::PathBuf,
}

impl Git {
    /// The mainline: a named branch, or the remote's default branch, or the checked-out commit.
    ///
    /// # Errors
    /// When the branch is unknown, or there is no commit yet.
    pub fn line(&self, named: Option<&str>) -> Result<Line, GitError> {
        let repository = self.objects()?;
        let (name, tip) = tip(&repository, named).map_err(|error| match (error.code(), named) {
            (ErrorCode::UnbornBranch, None) => GitError::Unborn(self.work_tree().to_owned()),
            (ErrorCode::NotFound | ErrorCode::InvalidSpec | ErrorCode::Ambiguous, Some(named)) => {
                let shallow = repository.is_shallow();
                GitError::UnknownBranch { branch: named.to_owned(), shallow }
            }
            _ => self.failed(&error),
        })?;
        Ok(Line {
            is_shallow: repository.is_shallow(),
            repository,
            prefix: self.prefix().clone(),
            follows: false,
            name,
            next: Some(tip),
            known: Known::new(),
            git_dir: self.git_dir().to_owned(),
        })
    }
}

impl Git {
    /// Whether the branch that is checked out has an upstream to push to.
    #[must_use]
    pub fn has_upstream(&self) -> bool {
        let repository = self.repository();
        let head = repository.head().ok();
        let head = head.as_ref().and_then(|head| head.name().ok());
        head.is_some_and(|name| upstream_remote(&repository, name).is_some())
    }
}

/// The remote of a branch's upstream.
fn upstream_remote(repository: &Repository, branch: &str) -> Option<String> {
    let remote = repository.branch_upstream_remote(branch).ok()?;
    remote.as_str().ok().map(str::to_owned)
}

/// The name and the newest commit of the mainline.
fn tip(repository: &Repository, named: Option<&str>) -> Result<(String, Oid), git2::Error> {
    let commit = |name: &str| -> Result<Oid, git2::Error> {
        Ok(repository.revparse_single(name)?.peel_to_commit()?.id())
    };
    if let Some(named) = named {
        return Ok((named.to_owned(), commit(named)?));
    }
    let head = repository.head()?;
    let remote = head
        .name()
        .ok()
        .and_then(|name| upstream_remote(repository, name))
        .unwrap_or_else(|| "origin".to_owned());
    let default = repository.find_reference(&format!("refs/remotes/{remote}/HEAD"));
    if let Ok(default) = default.and_then(|reference| reference.resolve()) {
        let name = default.shorthand().unwrap_or("HEAD").to_owned();
        return Ok((name, default.peel_to_commit()?.id()));
    }
    let name = if head.is_branch() { head.shorthand().unwrap_or("HEAD") } else { "HEAD" };
    Ok((name.to_owned(), head.peel_to_commit()?.id()))
}

impl Line {
    /// The same, where the directory has its history under other names, too.
    #[must_use]
    pub fn following(mut self) -> Self {
        self.follows = true;
        self
    }

    /// The name of the branch.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the clone may lack commits before its oldest one.
    #[must_use]
    pub const fn is_shallow(&self) -> bool {
        self.is_shallow
    }

    /// The files of the next commit.
    ///
    /// # Errors
    /// When Git cannot read them.
    pub fn snapshot(&self) -> Result<Option<Snapshot>, GitError> {
        let Some(next) = self.next else { return Ok(None) };
        let failed = |error| self.failed(&error);
        let entries = entries(&self.repository, next, &self.prefix).map_err(failed)?;
        // A separate handle, so that it does not wait for the thread that reads commits ahead.
        let repository = Repository::open(&self.git_dir).map_err(failed)?;
        Ok(Some(Snapshot::new(Arc::new(Mutex::new(repository)), entries, None)))
    }

    /// The next older commit; `None` after the oldest.
    ///
    /// # Errors
    /// When Git cannot read it.
    pub fn step(&mut self) -> Result<Option<CommitDiff>, GitError> {
        let Some(next) = self.next.take() else { return Ok(None) };
        let known = std::mem::take(&mut self.known);
        let before = if self.follows {
            moved::before(&self.repository, next, &self.prefix)
        } else {
            Ok(self.prefix.clone())
        };
        let before = before.map_err(|error| self.failed(&error))?;
        let step = step(&self.repository, next, (&self.prefix, &before), known);
        let (step, parent, known) = step.map_err(|error| self.failed(&error))?;
        self.prefix = before;
        (self.next, self.known) = (parent, known);
        Ok(Some(step))
    }

    /// The commits one by one, as [`Line::step`] returns them, read ahead by a separate thread.
    ///
    /// # Errors
    /// When the system allows no more threads.
    pub fn ahead(mut self) -> Result<Ahead, GitError> {
        let (send, steps) = mpsc::sync_channel(AHEAD);
        let path = self.git_dir.clone();
        let reader = thread::Builder::new().spawn(move || {
            // Stops after the first commit or an error, and when the receiver is gone.
            while let Some(step) = self.step().transpose() {
                let is_last = step.is_err();
                if send.send(step).is_err() || is_last {
                    break;
                }
            }
        });
        let reader =
            reader.map_err(|error| GitError::System { path, reason: error.to_string() })?;
        Ok(Ahead { steps: Some(steps), reader: Some(reader) })
    }

    fn failed(&self, error: &git2::Error) -> GitError {
        let reason = error.message().to_owned();
        GitError::System { path: self.git_dir.clone(), reason }
    }
}

impl Snapshot {
    /// The older text of a file that differs and exists on both sides.
    #[must_use]
    pub fn older(&self, difference: &Difference, path: &TreePath) -> Option<Arc<Source>> {
        match difference.kinds.get(path) {
            Some(Some(Kind::File(id))) => {
                difference.texts.get(path).cloned().or_else(|| self.text(path, *id))
            }
            _ => None,
        }
    }

    /// Whether a link differs: what other paths lead to may differ then, too.
    #[must_use]
    pub fn has_other_links(&self, difference: &Difference) -> bool {
        let is_link = |kind: Option<Kind>| matches!(kind, Some(Kind::Link(_)));
        difference.kinds.iter().any(|(path, older)| is_link(*older) || is_link(self.kind(path)))
    }

    /// Reverts the files to their state before these differences.
    pub fn go_back(&mut self, difference: &Difference) {
        self.change(&difference.kinds);
    }
}

fn step(
    repository: &Repository,
    id: Oid,
    (prefix, before): (&TreePath, &TreePath),
    known: Known,
) -> Result<(CommitDiff, Option<Oid>, Known), git2::Error> {
    let commit = repository.find_commit(id)?;
    let parent = commit.parent_ids().next();
    let trees = Trees::new(repository, known)?;
    let new = trees.below(commit.tree_id(), prefix)?;
    let old = match parent {
        Some(parent) => trees.below(repository.find_commit(parent)?.tree_id(), before)?,
        None => None,
    };
    let mut kinds = Kinds::new();
    let known = trees.compare(new, old, &mut kinds)?;
    let texts = if kinds.len() > FEW { BTreeMap::new() } else { texts(&trees, &kinds) };
    let step = CommitDiff {
        commit: Commit::new(&commit),
        before: Difference { kinds, texts },
        has_parent: parent.is_some(),
    };
    Ok((step, parent, known))
}

/// The texts of the manifests that differ.
fn texts(trees: &Trees<'_>, kinds: &Kinds) -> BTreeMap<TreePath, Arc<Source>> {
    let text = |(path, kind): (&TreePath, &Option<Kind>)| {
        let Some(Kind::File(id)) = kind.filter(|_| may_hold_manifests(path)) else { return None };
        let text = String::from_utf8(trees.bytes(id)?).ok()?;
        Some((path.clone(), Source::file(path.clone(), text)))
    };
    kinds.iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc;
    use std::thread;

    use super::Ahead;

    #[test]
    fn a_reader_that_panics_is_not_the_end_of_history() {
        let (send, steps) = mpsc::sync_channel(1);
        let reader = thread::spawn(move || {
            let _sender = send;
            panic!("no commit is read");
        });
        let mut ahead = Ahead { steps: Some(steps), reader: Some(reader) };
        let panic = catch_unwind(AssertUnwindSafe(|| ahead.next().is_none())).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"no commit is read"));
        assert!(ahead.next().is_none());
    }
}
