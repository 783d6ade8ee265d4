//! Listing the files of a directory.

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use crate::disk::error::{DiskError, reason};
use crate::disk::site::{STATE, TEMPORARY};
use crate::text::path::TreePath;

/// What the walk found at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// A regular file.
    File,
    /// A directory that was walked.
    Directory,
    /// A link, a directory that was not walked, a socket: must be looked up.
    Unknown,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The path, as precisely as UTF-8 can represent it.
    pub path: String,
    /// Why.
    pub reason: String,
    /// Whether it is a directory that could not be listed, so that what it holds is not known.
    pub is_unlisted: bool,
}

/// Everything that a walk found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) met: HashMap<TreePath, Met>,
    pub(super) files: Vec<TreePath>,
    pub(super) links: Vec<TreePath>,
    pub(super) skipped: Vec<Skipped>,
}

/// How many directories of one depth are enough to keep all threads busy.
const ENOUGH: usize = 32;

/// Maximum number of directories that a thread holds open.
const MOST_OPEN: usize = 4;

/// Walks a directory without following links; ignored directories are not entered.
///
/// The directories of one depth are listed by several threads in parallel. Once there are enough, each is listed
/// together with everything below it, so that none is opened twice. Uses no recursion, however deep the tree.
pub(super) fn walk(
    root: &Path,
    ignored: impl Fn(&TreePath, bool) -> bool + Sync,
) -> Result<Walked, DiskError> {
    let mut walked = Walked::default();
    let mut met = vec![(TreePath::root(), Met::Directory)];
    let mut level = vec![TreePath::root()];
    while !level.is_empty() {
        let whole = level.len() >= ENOUGH;
        let mut listed: Vec<Listed> = level
            .par_iter()
            .map(|directory| Listed::of(root, directory, whole, &ignored))
            .collect();
        for listed in &mut listed {
            met.append(&mut listed.met);
            walked.files.append(&mut listed.files);
            walked.links.append(&mut listed.links);
            walked.skipped.append(&mut listed.skipped);
            for (directory, reason) in listed.refused.drain(..) {
                walked.refuse(root, &directory, reason)?;
                met.push((directory, Met::Unknown));
            }
        }
        level = listed.into_iter().flat_map(|listed| listed.directories).collect();
    }
    walked.met = met.into_iter().collect();
    walked.files.sort();
    walked.skipped.sort();
    Ok(walked)
}

impl Walked {
    /// Records a directory that could not be listed; for the root itself, that is an error.
    fn refuse(
        &mut self,
        root: &Path,
        directory: &TreePath,
        reason: String,
    ) -> Result<(), DiskError> {
        if directory.as_str().is_empty() {
            return Err(DiskError::System { path: root.to_owned(), reason });
        }
        self.skipped.push(Skipped {
            path: directory.as_str().to_owned(),
            reason,
            is_unlisted: true,
        });
        Ok(())
    }
}

/// What a directory holds.
#[derive(Default)]
struct Listed {
    met: Vec<(TreePath, Met)>,
    files: Vec<TreePath>,
    links: Vec<TreePath>,
    /// The directories that are still to be listed.
    directories: Vec<TreePath>,
    skipped: Vec<Skipped>,
    /// The directories that could not be listed completely, and why.
    refused: Vec<(TreePath, String)>,
}

impl Listed {
    /// Lists a directory; with `whole`, everything below it too.
    fn of(
        root: &Path,
        directory: &TreePath,
        whole: bool,
        ignored: impl Fn(&TreePath, bool) -> bool,
    ) -> Self {
        let mut listed = Self::default();
        // The ancestors of the directory that is being listed.
        let mut way = vec![directory.clone()];
        let depth = if whole { usize::MAX } else { 1 };
        let start = WalkDir::new(root.join(directory.as_str()));
        let start = start.min_depth(1).max_depth(depth).max_open(MOST_OPEN);
        let mut entries = start.into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let why = error.io_error().map_or_else(|| error.to_string(), reason);
                    listed.refuse(refused(root, &way, &error), why);
                    continue;
                }
            };
            way.truncate(entry.depth());
            let Some(parent) = way.last() else { continue };
            match listed.take(parent, &entry, &ignored) {
                Some(path) if whole => {
                    way.push(path.clone());
                    listed.met.push((path, Met::Directory));
                }
                Some(path) => {
                    listed.met.push((path.clone(), Met::Directory));
                    listed.directories.push(path);
                }
                None if whole && entry.file_type().is_dir() => entries.skip_current_dir(),
                None => {}
            }
        }
        listed
    }

    /// Records that a directory could not be listed completely; the last reason wins.
    fn refuse(&mut self, directory: TreePath, reason: String) {
        match self.refused.last_mut().filter(|(last, _)| *last == directory) {
            Some((_, last)) => *last = reason,
            None => self.refused.push((directory, reason)),
        }
    }

    /// Records an entry, and returns the path of a directory to enter.
    fn take(
        &mut self,
        directory: &TreePath,
        entry: &DirEntry,
        ignored: impl Fn(&TreePath, bool) -> bool,
    ) -> Option<TreePath> {
        let name = entry.file_name();
        if name == ".git" || name == STATE {
            return None;
        }
        let Some(name) = name.to_str() else {
            let path = directory.child(&name.to_string_lossy()).to_string();
            let reason = "its name is not UTF-8".to_owned();
            self.skipped.push(Skipped { path, reason, is_unlisted: false });
            return None;
        };
        let path = directory.child(name);
        let kind = entry.file_type();
        let temporary = kind.is_file() && name.starts_with(TEMPORARY);
        if temporary || ignored(&path, kind.is_dir()) {
            self.met.push((path, Met::Unknown));
        } else if kind.is_dir() {
            return Some(path);
        } else if kind.is_file() {
            self.files.push(path.clone());
            self.met.push((path, Met::File));
        } else {
            if kind.is_symlink() {
                self.links.push(path.clone());
            }
            self.met.push((path, Met::Unknown));
        }
        None
    }
}

/// The directory whose listing failed: the one that could not be opened, or the parent of what could not be read.
fn refused(root: &Path, way: &[TreePath], error: &walkdir::Error) -> TreePath {
    let path = error.path().and_then(|path| TreePath::of_system(path.strip_prefix(root).ok()?));
    let listing = || way.get(error.depth().saturating_sub(1)).or(way.last());
    match path {
        Some(path) if way.contains(&path) => path,
        Some(path) => path.parent(),
        None => listing().cloned().unwrap_or_else(TreePath::root),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::fs;
    use std::path::Path;

    use super::{ENOUGH, Listed, Met, walk};
    use crate::text::path::TreePath;

    fn write(root: &Path, file: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    /// However many directories are next to each other, each is found with everything below it.
    #[test]
    fn narrow_and_wide_trees_are_walked_alike() {
        let inner = [
            ("a.yaml", Met::File),
            ("deep", Met::Directory),
            ("deep/er", Met::Directory),
            ("deep/er/b.yaml", Met::File),
            ("deep/ignored", Met::Unknown),
            ("deep/z.yaml", Met::File),
            ("empty", Met::Directory),
        ];
        for width in [1, ENOUGH - 1, ENOUGH, 3 * ENOUGH] {
            let sandbox = tempfile::tempdir().unwrap();
            let mut expected = HashMap::from([(TreePath::root(), Met::Directory)]);
            for number in 0..width {
                let top = format!("d{number}");
                for file in ["a.yaml", "deep/er/b.yaml", "deep/z.yaml"] {
                    write(sandbox.path(), &format!("{top}/{file}"));
                }
                for hidden in ["deep/ignored/x/c.yaml", "deep/.git/d.yaml", ".rotate/e.yaml"] {
                    write(sandbox.path(), &format!("{top}/{hidden}"));
                }
                fs::create_dir(sandbox.path().join(&top).join("empty")).unwrap();
                let met = inner.iter().map(|(path, met)| (format!("{top}/{path}"), *met));
                for (path, met) in met.chain([(top.clone(), Met::Directory)]) {
                    expected.insert(TreePath::new(&path).unwrap(), met);
                }
            }
            let walked = walk(sandbox.path(), |path, _| path.name() == "ignored").unwrap();
            assert_eq!(walked.met, expected, "{width} side by side");
            assert_eq!(walked.files.len(), 3 * width);
            assert!(walked.files.is_sorted() && walked.skipped.is_empty());
        }
    }

    /// A path longer than the system allows cannot be opened by anybody.
    #[cfg(unix)]
    #[test]
    fn goes_on_where_a_directory_below_cannot_be_opened() {
        const PART: usize = 250;
        const PARTS: usize = 11;
        let chain = |letter: &str| vec![letter.repeat(PART); PARTS].join("/");
        for width in [1, ENOUGH] {
            let sandbox = tempfile::tempdir().unwrap();
            for number in 0..width {
                write(sandbox.path(), &format!("d{number}/z.yaml"));
            }
            let long = sandbox.path().join("d0").join(chain("a"));
            fs::create_dir_all(&long).unwrap();
            fs::create_dir_all(sandbox.path().join(chain("b"))).unwrap();
            let top = "b".repeat(PART);
            fs::rename(sandbox.path().join(&top), long.join(&top)).unwrap();
            let walked = walk(sandbox.path(), |_, _| false).unwrap();
            let [skipped] = walked.skipped.as_slice() else { panic!("{:?}", walked.skipped) };
            let path = TreePath::new(&skipped.path).unwrap();
            assert!(path.as_str().starts_with("d0/aaa") && path.name() == top, "{path}");
            assert_eq!(walked.met.get(&path), Some(&Met::Unknown));
            assert_eq!(walked.met.get(&path.parent()), Some(&Met::Directory));
            assert_eq!(walked.files.len(), width);
        }
    }

    #[test]
    fn says_which_directory_could_not_be_listed() {
        let sandbox = tempfile::tempdir().unwrap();
        let gone = TreePath::new("x/gone").unwrap();
        for whole in [false, true] {
            let listed = Listed::of(sandbox.path(), &gone, whole, |_, _| false);
            let refused: Vec<_> = listed.refused.iter().map(|(path, _)| path.as_str()).collect();
            assert_eq!(refused, ["x/gone"]);
        }
        assert!(walk(&sandbox.path().join("gone"), |_, _| false).is_err());
    }
}
