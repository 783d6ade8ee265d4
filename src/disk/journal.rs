//! The record of a write in progress, which the next run reads after a crash.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::disk::steps::Steps;
use crate::disk::tree::read_bytes;
use crate::text::path::TreePath;

/// What a run is about to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    schema: Schema,
    /// How far it got.
    pub(super) stage: Stage,
    /// Directories to create, parents first.
    pub(super) directories: Vec<String>,
    /// Files to change.
    pub(super) files: Vec<Record>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Schema {
    #[serde(rename = "rotate.journal/v1")]
    V1,
}

/// How far a run got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stage {
    /// No target has been touched: a recovery rolls everything back.
    Preparing,
    /// All new texts are on disk: a recovery renames them to their targets.
    Ready,
}

/// The change of one file; paths are relative to the site's base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// The file.
    pub(super) path: String,
    /// Its new text, in the same directory; `None` if it is removed.
    pub(super) temporary: Option<String>,
    /// The digest of its contents before; `None` if it did not exist.
    pub(super) before: Option<String>,
    /// The digest of its contents after.
    pub(super) after: Option<String>,
}

impl Journal {
    pub(super) const fn new(directories: Vec<String>, files: Vec<Record>) -> Self {
        Self { schema: Schema::V1, stage: Stage::Preparing, directories, files }
    }

    pub(super) fn path(state: &Path) -> PathBuf {
        state.join("journal")
    }

    /// The journal of an earlier run.
    pub(super) fn read(state: &Path) -> io::Result<Option<Self>> {
        let path = Self::path(state);
        if path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(None);
        }
        let bytes = read_regular(&path)?;
        let journal: Self = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
        let outside = journal.paths().find(|path| TreePath::new(path).is_none()).cloned();
        match outside {
            Some(path) => Err(io::Error::other(format!("`{path}` leads out of the repository"))),
            None => Ok(Some(journal)),
        }
    }

    /// Every path that the journal names.
    fn paths(&self) -> impl Iterator<Item = &String> {
        let files = self.files.iter().flat_map(|file| [Some(&file.path), file.temporary.as_ref()]);
        files.flatten().chain(&self.directories)
    }

    /// Writes the journal to disk atomically.
    pub(super) fn write(&self, state: &Path, steps: &mut Steps<'_>) -> io::Result<()> {
        let new = state.join("journal.new");
        let text = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        steps.remove(&new)?;
        steps.create(&new, &text, None)?;
        steps.rename(&new, &Self::path(state))?;
        steps.synchronize(state)
    }

    /// Removes what a crash left of a journal that was never moved into place.
    pub(super) fn tidy(state: &Path, steps: &mut Steps<'_>) -> io::Result<()> {
        let new = state.join("journal.new");
        if new.exists() { steps.remove(&new) } else { Ok(()) }
    }

    pub(super) fn remove(state: &Path, steps: &mut Steps<'_>) -> io::Result<()> {
        Self::tidy(state, steps)?;
        steps.remove(&Self::path(state))?;
        steps.synchronize(state)
    }
}

/// The bytes of a regular file; a link is not followed, and a pipe not waited for.
pub(super) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    if path.symlink_metadata()?.is_file() {
        read_bytes(path)
    } else {
        Err(io::Error::other("it is not a regular file"))
    }
}

/// The digest of some bytes, in the journal's format.
pub(super) fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _never_fails = write!(text, "{byte:02x}");
        text
    })
}
