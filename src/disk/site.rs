//! The location of a tree, and where rotate keeps its journal and lock.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::disk::error::DiskError;
use crate::disk::journal::Journal;
use crate::text::path::TreePath;

/// The directory for journal and lock of a tree outside of Git.
pub(super) const STATE: &str = ".rotate";
/// The prefix of the names of new texts until they are renamed to their targets.
pub(super) const TEMPORARY: &str = ".rotate-";

/// A tree on disk, as writing sees it.
///
/// Journal and lock are per work tree, so that two runs on different parts of it see each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The directory that the paths in the journal are relative to.
    pub(super) base: PathBuf,
    /// The tree's root, relative to it.
    pub(super) prefix: TreePath,
    /// Where journal and lock are.
    pub(super) state: PathBuf,
    /// Whether the state directory is removed once it is empty.
    pub(super) tidy: bool,
}

/// The state of a tree's journal and of what holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    is_being_written: bool,
    state: Option<SystemTime>,
    base: Option<SystemTime>,
}

impl Site {
    /// A tree in a Git work tree; `prefix` is the tree's root below `work_tree`, `git_dir` the work tree's own Git directory.
    #[must_use]
    pub fn in_git(work_tree: &Path, prefix: TreePath, git_dir: &Path) -> Self {
        Self { base: work_tree.to_owned(), prefix, state: git_dir.join("rotate"), tidy: false }
    }

    /// A tree outside of Git.
    ///
    /// # Errors
    /// When the directory is not there.
    pub fn plain(root: &Path) -> Result<Self, DiskError> {
        let base = root.canonicalize().map_err(|error| DiskError::new(root, &error))?;
        let state = base.join(STATE);
        Ok(Self { base, prefix: TreePath::root(), state, tidy: true })
    }

    /// Whether a run is writing, or was interrupted: what is read now may be a mix of old and new.
    #[must_use]
    pub fn is_being_written(&self) -> bool {
        Journal::path(&self.state).symlink_metadata().is_ok()
    }

    /// What differs once a run has begun to write, or has ended.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        let changed = |path: &Path| path.symlink_metadata().and_then(|found| found.modified()).ok();
        // Outside Git, the directory is there only during a run.
        let state = changed(&self.state);
        let base = if self.tidy { changed(&self.base) } else { None };
        Stamp { is_being_written: self.is_being_written(), state, base }
    }

    /// Checks that what keeps the journal and the lock is a directory of the tree itself, and that neither is anything but a
    /// file.
    pub(super) fn check_state(&self) -> io::Result<()> {
        let found = |path: &Path| match path.symlink_metadata() {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        if found(&self.state)?.is_some_and(|found| !found.is_dir()) {
            let text = format!("`{}` is not a directory", self.spelled(&self.state).display());
            return Err(io::Error::other(text));
        }
        for path in ["lock", "journal", "journal.new"].map(|name| self.state.join(name)) {
            if found(&path)?.is_some_and(|found| !found.is_file()) {
                let text = format!("`{}` is not a regular file", self.spelled(&path).display());
                return Err(io::Error::other(text));
            }
        }
        Ok(())
    }

    /// A path for display: relative to the base if it is below it.
    pub(super) fn spelled(&self, path: &Path) -> PathBuf {
        let below = path.strip_prefix(&self.base).unwrap_or(path);
        if below.as_os_str().is_empty() { PathBuf::from(".") } else { below.to_owned() }
    }
}
