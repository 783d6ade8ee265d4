//! What the file system refused.

use std::io;
use std::path::{Path, PathBuf};

/// Why a tree could not be found or opened.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// Nothing is there.
    #[error("`{0}` does not exist")]
    Missing(PathBuf),
    /// A file where a directory was asked for.
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

/// What the system said, without the number.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let plain = text.split(" (os error").next().unwrap_or_default();
    let mut letters = plain.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}
