//! Every file of a tree, read and parsed once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock, RwLock};

use crate::text::path::TreePath;
use crate::tree::{ReadError, Tree};
use crate::yaml::parse::{Stream, SyntaxError, parse};

/// A tree of files with the documents of each file requested so far.
pub struct Library {
    tree: Arc<dyn Tree>,
    parsed: RwLock<BTreeMap<TreePath, Arc<OnceLock<Parsed>>>>,
}

/// What a library has read so far, without the tree it was read from.
pub struct Shelf(BTreeMap<TreePath, Arc<OnceLock<Parsed>>>);

/// The result of reading and parsing a file.
pub type Parsed = Result<Arc<Stream>, FileError>;

/// Why a file has no documents.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FileError {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not YAML that Kubernetes accepts.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
}

impl Library {
    /// A library over a tree; nothing has been read yet.
    #[must_use]
    pub fn new(tree: Arc<dyn Tree>) -> Self {
        Self { tree, parsed: RwLock::default() }
    }

    /// A library over a changed tree that reuses what this one has read of all other files.
    #[must_use]
    pub fn with_changes(&self, tree: Arc<dyn Tree>, changed: &BTreeSet<TreePath>) -> Self {
        let shelf = Shelf(self.parsed.read().map(|map| map.clone()).unwrap_or_default());
        Self::stocked(tree, shelf, changed)
    }

    /// What has been read; cloned only if the library is shared.
    #[must_use]
    pub fn into_shelf(library: Arc<Self>) -> Shelf {
        Shelf(match Arc::try_unwrap(library) {
            Ok(own) => own.parsed.into_inner().unwrap_or_default(),
            Err(shared) => shared.parsed.read().map(|map| map.clone()).unwrap_or_default(),
        })
    }

    /// A library over a tree that has already been read, except for the changed files.
    #[must_use]
    pub fn stocked(tree: Arc<dyn Tree>, shelf: Shelf, changed: &BTreeSet<TreePath>) -> Self {
        let mut parsed = shelf.0;
        changed.iter().for_each(|path| drop(parsed.remove(path)));
        Self { tree, parsed: RwLock::new(parsed) }
    }

    /// The tree.
    #[must_use]
    pub fn tree(&self) -> &Arc<dyn Tree> {
        &self.tree
    }

    /// Every file requested so far.
    #[must_use]
    pub fn asked(&self) -> BTreeSet<TreePath> {
        self.parsed.read().map(|map| map.keys().cloned().collect()).unwrap_or_default()
    }

    /// The documents of a file; `path` as [`Tree::entry`] returned it.
    ///
    /// # Errors
    /// When the file cannot be read or parsed.
    pub fn stream(&self, path: &TreePath) -> Parsed {
        let known = self.parsed.read().ok().and_then(|map| map.get(path).cloned());
        let cell = known.unwrap_or_else(|| match self.parsed.write() {
            Ok(mut map) => Arc::clone(map.entry(path.clone()).or_default()),
            Err(_) => Arc::default(),
        });
        let read = || Ok(Arc::new(parse(&self.tree.source(path)?)?));
        cell.get_or_init(read).clone()
    }
}
