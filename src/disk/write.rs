//! Writing changes to a tree as a whole: all of them or none, whatever happens in between.

use std::path::PathBuf;

use crate::disk::site::Site;
use crate::text::path::TreePath;

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file, below the tree's root.
    pub path: TreePath,
    /// Its bytes as they were read; `None`: it did not exist.
    pub before: Option<Vec<u8>>,
    /// Its bytes afterwards; `None`: it is removed.
    pub after: Option<Vec<u8>>,
}

/// What was done about an earlier run that did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovered {
    /// There was none.
    Nothing,
    /// Its changes were written to the end.
    Finished,
    /// What it had written was taken back.
    TakenBack,
}

/// The exclusive right to write to a tree.
#[derive(Debug)]
pub struct Writer {
    site: Site,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another run holds the lock.
    #[error("another rotate is writing to this tree")]
    Busy {
        /// The lock.
        lock: PathBuf,
    },
}

impl Writer {
    /// Takes the lock, and finishes or takes back what an earlier run left.
    ///
    /// # Errors
    /// When another run holds the lock, or the earlier run cannot be brought to an end.
    pub fn open(site: &Site) -> Result<(Self, Recovered), WriteError> {
        Ok((Self { site: site.clone() }, Recovered::Nothing))
    }

    /// Writes all changes or none.
    ///
    /// # Errors
    /// When a file is not as it was read, or the system refuses; nothing has changed then.
    pub fn commit(&self, _changes: &[Change]) -> Result<(), WriteError> {
        Err(WriteError::Busy { lock: self.site.state.clone() })
    }
}
