//! An in-memory tree: another tree with some files changed, or files alone.

use std::sync::Arc;

use crate::text::path::TreePath;
use crate::text::shared_map::SharedMap;
use crate::text::source::Source;
use crate::tree::{Entry, ReadError, Tree};

/// Files over another tree, or over nothing.
pub struct MemoryTree {
    base: Option<Arc<dyn Tree>>,
    own: SharedMap<TreePath, File>,
    files: Vec<TreePath>,
    manifests: Vec<TreePath>,
}

/// What the in-memory tree has at a path.
#[derive(Clone)]
enum File {
    Text(Arc<Source>),
    Bytes(Arc<[u8]>),
    Removed,
}

impl MemoryTree {
    /// A tree of these files alone.
    #[must_use]
    pub fn new(files: impl IntoIterator<Item = (TreePath, Vec<u8>)>) -> Self {
        Self::build(None, files.into_iter().map(|(path, bytes)| (path, Some(bytes))))
    }

    /// Another tree with files replaced, added, or (where there are no bytes) removed.
    ///
    /// The paths must be resolved, as [`Tree::entry`] returns them.
    #[must_use]
    pub fn over(
        base: Arc<dyn Tree>,
        changes: impl IntoIterator<Item = (TreePath, Option<Vec<u8>>)>,
    ) -> Self {
        Self::build(Some(base), changes)
    }

    fn build(
        base: Option<Arc<dyn Tree>>,
        changes: impl IntoIterator<Item = (TreePath, Option<Vec<u8>>)>,
    ) -> Self {
        let of_base = |list: fn(&dyn Tree) -> &[TreePath]| -> Vec<TreePath> {
            base.as_ref().map_or_else(Vec::new, |base| list(&**base).to_vec())
        };
        let mut files = of_base(|base| base.files());
        let mut manifests = of_base(|base| base.manifests());
        // Trees over trees would be asked one after the other.
        let (base, mut own) = match base.as_ref().and_then(|base| base.in_memory()) {
            Some(below) => (below.base.clone(), below.own.clone()),
            None => (base, SharedMap::default()),
        };
        for (path, bytes) in changes {
            let file = bytes.map_or(File::Removed, |bytes| File::new(&path, bytes));
            let is_there = !matches!(file, File::Removed);
            list(&mut files, &path, is_there);
            list(&mut manifests, &path, is_there && may_hold_manifests(&path));
            own.insert(path, file);
        }
        Self { base, own, files, manifests }
    }

    /// What is at a path that does not go through a link, as far as this tree knows.
    fn at(&self, path: &TreePath) -> Option<Result<Entry, ReadError>> {
        match self.own.get(path) {
            Some(File::Removed) => return Some(Err(ReadError::Missing(path.clone()))),
            Some(_) => return Some(Ok(Entry::File)),
            None => {}
        }
        let holds = || self.below(path).any(|at| !matches!(at, File::Removed));
        (holds() || (self.base.is_none() && path.as_str().is_empty()))
            .then_some(Ok(Entry::Directory))
    }

    /// What was changed below a directory.
    fn below(&self, directory: &TreePath) -> impl Iterator<Item = &File> {
        // Sorted paths below a directory are neighbours.
        let after = self.own.from(&directory.child(""));
        let below = after.take_while(|(file, _)| file.is_within(directory));
        below.filter(move |(file, _)| *file != directory).map(|(_, at)| at)
    }
}

/// Adds a path to a sorted list, or removes it.
fn list(sorted: &mut Vec<TreePath>, path: &TreePath, is_there: bool) {
    match (sorted.binary_search(path), is_there) {
        (Ok(at), false) => drop(sorted.remove(at)),
        (Err(at), true) => sorted.insert(at, path.clone()),
        _ => {}
    }
}

impl File {
    fn new(path: &TreePath, bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(Source::file(path.clone(), text)),
            Err(error) => Self::Bytes(Arc::from(error.into_bytes())),
        }
    }
}

/// Whether a file's name is one that [`Tree::manifests`] lists.
#[must_use]
pub fn may_hold_manifests(path: &TreePath) -> bool {
    let name = path.name();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    matches!(extension, Some("yaml" | "yml" | "json")) || name == "Kustomization"
}

impl Tree for MemoryTree {
    fn entry(&self, path: &TreePath) -> Result<(TreePath, Entry), ReadError> {
        if let Some(own) = self.at(path) {
            return own.map(|entry| (path.clone(), entry));
        }
        let missing = || ReadError::Missing(path.clone());
        let base = self.base.as_ref().ok_or_else(missing)?;
        match base.entry(path) {
            Ok((real, entry)) => match self.at(&real) {
                Some(own) => own.map(|entry| (real, entry)),
                None => Ok((real, entry)),
            },
            // A new file below a linked directory.
            Err(ReadError::Missing(_)) if !path.as_str().is_empty() => {
                let (parent, _) = self.entry(&path.parent())?;
                let real = parent.join(path.name()).filter(|real| real != path);
                let own = real.and_then(|real| Some((self.at(&real)?, real)));
                own.map_or_else(|| Err(missing()), |(own, real)| own.map(|entry| (real, entry)))
            }
            Err(error) => Err(error),
        }
    }

    fn bytes(&self, path: &TreePath) -> Result<Arc<[u8]>, ReadError> {
        match (self.own.get(path), &self.base) {
            (Some(File::Text(source)), _) => Ok(Arc::from(source.text().as_bytes())),
            (Some(File::Bytes(bytes)), _) => Ok(Arc::clone(bytes)),
            (None, Some(base)) => base.bytes(path),
            _ => Err(ReadError::Missing(path.clone())),
        }
    }

    fn source(&self, path: &TreePath) -> Result<Arc<Source>, ReadError> {
        match (self.own.get(path), &self.base) {
            (Some(File::Text(source)), _) => Ok(Arc::clone(source)),
            (Some(File::Bytes(bytes)), _) => {
                let offset = std::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), str::len);
                Err(ReadError::NotUtf8 { path: path.clone(), offset })
            }
            (None, Some(base)) => base.source(path),
            _ => Err(ReadError::Missing(path.clone())),
        }
    }

    fn files(&self) -> &[TreePath] {
        &self.files
    }

    fn manifests(&self) -> &[TreePath] {
        &self.manifests
    }

    fn in_memory(&self) -> Option<&Self> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::MemoryTree;
    use crate::text::path::TreePath;
    use crate::tree::{Entry, ReadError, Tree};

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    #[test]
    fn answers_as_if_changes_were_written() {
        let files = [("a/x.yaml", "x: 1\n"), ("a/y.yaml", "y: 1\n"), ("b/note.txt", "n")];
        let base = MemoryTree::new(files.map(|(name, text)| (path(name), text.into())));
        let changes = [
            (path("a/x.yaml"), Some(b"x: 2\n".to_vec())),
            (path("a/y.yaml"), None),
            (path("c/d/z.yaml"), Some(b"z: \xff".to_vec())),
        ];
        let tree = MemoryTree::over(Arc::new(base), changes);
        assert_eq!(tree.manifests(), [path("a/x.yaml"), path("c/d/z.yaml")]);
        assert_eq!(tree.files(), ["a/x.yaml", "b/note.txt", "c/d/z.yaml"].map(path));
        assert_eq!(tree.source(&path("a/x.yaml")).unwrap().text(), "x: 2\n");
        assert_eq!(tree.source(&path("b/note.txt")).unwrap().text(), "n");
        assert!(matches!(tree.entry(&path("a/y.yaml")), Err(ReadError::Missing(_))));
        assert!(matches!(tree.source(&path("a/y.yaml")), Err(ReadError::Missing(_))));
        assert_eq!(tree.entry(&path("c/d")).unwrap().1, Entry::Directory);
        assert_eq!(tree.entry(&TreePath::root()).unwrap().1, Entry::Directory);
        let broken = tree.source(&path("c/d/z.yaml"));
        assert!(matches!(broken, Err(ReadError::NotUtf8 { offset: 3, .. })));
    }
}
