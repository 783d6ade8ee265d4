//! File system errors, and what to type next.

use std::io;
use std::path::{Path, PathBuf};

use crate::text::path::TreePath;
use crate::text::shell::command;

/// Why a tree could not be found or opened.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// Nothing is there.
    #[error("`{0}` does not exist")]
    Missing(PathBuf),
    /// A file where a directory was expected.
    #[error("`{0}` is not a directory")]
    NotADirectory(PathBuf),
    /// The system refused.
    #[error("cannot read `{path}`: {reason}")]
    System {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl DiskError {
    /// What the system said about a path.
    pub(super) fn new(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing(path.to_owned()),
            io::ErrorKind::NotADirectory => Self::NotADirectory(path.to_owned()),
            _ => Self::System { path: path.to_owned(), reason: reason(error) },
        }
    }
}

/// Why a tree was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another run holds the lock.
    #[error("another `rotate` process is writing to this repository")]
    Busy,
    /// The lock could not be taken.
    #[error("cannot take the lock `{path}`: {reason}")]
    Lock {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file has changed since it was read.
    #[error("`{path}` changed on disk since it was read; nothing was written")]
    Changed {
        /// The file.
        path: TreePath,
    },
    /// A file or directory is write-protected.
    #[error("`{path}` is read-only; nothing was written")]
    ReadOnly {
        /// The file or directory.
        path: PathBuf,
    },
    /// A path leads out of the tree.
    #[error("`{path}` points outside the repository; nothing was written")]
    Outside {
        /// The path.
        path: TreePath,
    },
    /// Two changes affect the same file.
    #[error("two changes affect the same file, `{path}`; nothing was written")]
    Twice {
        /// The file.
        path: TreePath,
    },
    /// The system returned an error; nothing has changed.
    #[error("cannot write `{path}`: {reason}; nothing was changed")]
    System {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The system returned an error midway; the journal records how to continue.
    #[error("the write stopped half-way at `{path}`: {reason}")]
    Interrupted {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file changed after an earlier run was interrupted.
    #[error("an earlier run was interrupted, and `{path}` has changed since")]
    Diverged {
        /// The file.
        path: PathBuf,
        /// The new text that the run was going to write.
        new: Option<PathBuf>,
        /// The journal of the run.
        journal: PathBuf,
    },
    /// The journal of an earlier run is invalid.
    #[error("cannot read the journal `{path}` of an interrupted run: {reason}")]
    Journal {
        /// The journal.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl WriteError {
    /// The system's error for a file that was not written.
    pub(super) fn system(path: &Path, error: &io::Error) -> Self {
        Self::System { path: path.to_owned(), reason: reason(error) }
    }

    /// What to type next.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Busy => Some("wait until it is done, then run the command again".to_owned()),
            Self::Changed { .. } => Some("run the command again".to_owned()),
            Self::ReadOnly { path } => Some(format!("allow it: `chmod u+w {}`", path.display())),
            Self::Interrupted { .. } => {
                Some("the next command that writes continues where this one stopped".to_owned())
            }
            Self::Diverged { new, journal, .. } => {
                let look = new.as_ref().map_or(String::new(), |new| {
                    format!(
                        "compare it with `{}`, which the run was about to replace it with; ",
                        new.display()
                    )
                });
                let remove = command("rm", &[&journal.to_string_lossy()], "");
                Some(format!("{look}to keep everything as it is: `{remove}`"))
            }
            Self::Journal { path, .. } => {
                let remove = command("rm", &[&path.to_string_lossy()], "");
                Some(format!("look at `git status`, then `{remove}`"))
            }
            Self::Lock { .. } | Self::Outside { .. } | Self::Twice { .. } | Self::System { .. } => {
                None
            }
        }
    }
}

/// The system's error message, without the error number.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let plain = text.split(" (os error").next().unwrap_or_default();
    let mut letters = plain.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}
