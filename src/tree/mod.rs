//! What can be asked of a tree of files, on disk or planned.

pub mod memory;

use std::sync::Arc;

use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::tree::memory::MemoryTree;

/// A tree of files. `disk` reads a directory; `plan` answers as if its changes had been written.
pub trait Tree: Send + Sync {
    /// The path with links resolved, and what is there.
    ///
    /// # Errors
    /// When nothing is there, or a link leads out of the tree.
    fn entry(&self, path: &TreePath) -> Result<(TreePath, Entry), ReadError>;

    /// The bytes of a file; `path` as [`Tree::entry`] returned it.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn bytes(&self, path: &TreePath) -> Result<Arc<[u8]>, ReadError>;

    /// The text of a file; `path` as [`Tree::entry`] returned it. Always returns the same `Arc` for the same file.
    ///
    /// # Errors
    /// When the file cannot be read or is not UTF-8.
    fn source(&self, path: &TreePath) -> Result<Arc<Source>, ReadError>;

    /// Every file that Git would not ignore, sorted; excludes links.
    fn files(&self) -> &[TreePath];

    /// Every file that may hold manifests (`.yaml`, `.yml`, `.json`, `Kustomization`) and that Git
    /// would not ignore, sorted; includes links to such files.
    fn manifests(&self) -> &[TreePath];

    /// Whether all lookups so far found only [`Tree::files`] and their directories: nothing ignored by Git, and nothing
    /// reached through a link. A tree that cannot tell returns `false`.
    fn kept_to_files(&self) -> bool {
        false
    }

    /// The tree itself, if it is one in memory.
    fn in_memory(&self) -> Option<&MemoryTree> {
        None
    }
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Nothing is there.
    #[error("`{0}` does not exist")]
    Missing(TreePath),
    /// A directory, a socket, a device.
    #[error("`{0}` is not a regular file")]
    NotAFile(TreePath),
    /// A link leads out of the tree.
    #[error("`{0}` leads out of the repository")]
    Outside(TreePath),
    /// The file is not UTF-8 text.
    #[error("`{path}` is not UTF-8 text (byte {offset})")]
    NotUtf8 {
        /// The file.
        path: TreePath,
        /// The first byte that is not UTF-8, from 0.
        offset: usize,
    },
    /// The operating system returned an error.
    #[error("cannot read `{path}`: {reason}")]
    System {
        /// The file.
        path: TreePath,
        /// The system's error message.
        reason: String,
    },
}
