//! Every file of a tree, read and parsed once.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::text::memo::Memo;
use crate::text::path::TreePath;
use crate::tree::{ReadError, Tree};
use crate::yaml::parse::{Stream, SyntaxError, parse};

/// Maximum size of a file that is parsed, in bytes. Kubernetes takes objects of up to 1.5 MiB.
const LARGEST: usize = 16 << 20;
/// A [`Place`](crate::text::source::Place) counts bytes in 32 bits.
const _: () = assert!(LARGEST <= u32::MAX as usize);

/// A tree of files with the documents of each file requested so far.
pub struct Library {
    tree: Arc<dyn Tree>,
    parsed: Memo<Parsed>,
}

/// What a library has read so far, without the tree it was read from.
pub struct Shelf(Memo<Parsed>);

/// The result of reading and parsing a file.
pub type Parsed = Result<Arc<Stream>, FileError>;

/// Why a file has no documents.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FileError {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It has more bytes than any manifest.
    #[error("`{0}` is larger than 16 MiB")]
    TooLarge(TreePath),
    /// It is not YAML that Kubernetes accepts.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
}

impl Library {
    /// A library over a tree; nothing has been read yet.
    #[must_use]
    pub fn new(tree: Arc<dyn Tree>) -> Self {
        Self { tree, parsed: Memo::default() }
    }

    /// A library over a changed tree that reuses what this one has read of all other files.
    #[must_use]
    pub fn with_changes(&self, tree: Arc<dyn Tree>, changed: &BTreeSet<TreePath>) -> Self {
        Self::stocked(tree, Shelf(self.parsed.clone()), changed)
    }

    /// What has been read; cloned only if the library is shared.
    #[must_use]
    pub fn into_shelf(library: Arc<Self>) -> Shelf {
        Shelf(match Arc::try_unwrap(library) {
            Ok(own) => own.parsed,
            Err(shared) => shared.parsed.clone(),
        })
    }

    /// A library over a tree that has already been read, except for the changed files.
    #[must_use]
    pub fn stocked(tree: Arc<dyn Tree>, shelf: Shelf, changed: &BTreeSet<TreePath>) -> Self {
        let mut parsed = shelf.0;
        changed.iter().for_each(|path| parsed.forget(path));
        Self { tree, parsed }
    }

    /// The tree.
    #[must_use]
    pub fn tree(&self) -> &Arc<dyn Tree> {
        &self.tree
    }

    /// Every file requested so far.
    #[must_use]
    pub fn asked(&self) -> BTreeSet<TreePath> {
        self.parsed.paths().into_iter().collect()
    }

    /// The documents of a file; `path` as [`Tree::entry`] returned it.
    ///
    /// # Errors
    /// When the file cannot be read or parsed.
    pub fn stream(&self, path: &TreePath) -> Parsed {
        self.parsed.get(path, || {
            let source = self.tree.source(path)?;
            if source.text().len() > LARGEST {
                return Err(FileError::TooLarge(path.clone()));
            }
            Ok(Arc::new(parse(&source)?))
        })
    }
}
