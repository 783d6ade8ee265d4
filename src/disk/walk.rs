//! Which files a directory holds.

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use crate::disk::error::{DiskError, reason};
use crate::disk::site::{STATE, TEMPORARY};
use crate::text::path::TreePath;

/// What the walk met at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// A regular file.
    File,
    /// A directory that was walked.
    Directory,
    /// A link, a directory that was not walked, a socket: must be asked.
    Unknown,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The path, as near as text can spell it.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// All that a walk met.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) met: HashMap<TreePath, Met>,
    pub(super) files: Vec<TreePath>,
    pub(super) links: Vec<TreePath>,
    pub(super) skipped: Vec<Skipped>,
}

/// Walks a directory without following links; what is ignored is not entered.
///
/// The directories of one depth are listed at once by several threads; deep trees take no stack.
pub(super) fn walk(
    root: &Path,
    ignored: impl Fn(&TreePath, bool) -> bool + Sync,
) -> Result<Walked, DiskError> {
    let mut walked = Walked::default();
    let mut all = Vec::new();
    let mut level = vec![TreePath::root()];
    while !level.is_empty() {
        let mut listed: Vec<Listed> =
            level.par_iter().map(|directory| Listed::of(root, directory, &ignored)).collect();
        for (directory, listed) in level.iter().zip(listed.iter_mut()) {
            let met = walked.enter(root, directory, listed.refusal.take())?;
            all.push((directory.clone(), met));
            all.append(&mut listed.met);
            walked.files.append(&mut listed.files);
            walked.links.append(&mut listed.links);
            walked.skipped.append(&mut listed.skipped);
        }
        level = listed.into_iter().flat_map(|listed| listed.directories).collect();
    }
    walked.met = all.into_iter().collect();
    walked.files.sort();
    walked.skipped.sort();
    Ok(walked)
}

impl Walked {
    /// Notes a directory that the system would not show; the root itself must be shown.
    fn enter(
        &mut self,
        root: &Path,
        directory: &TreePath,
        refusal: Option<String>,
    ) -> Result<Met, DiskError> {
        let Some(reason) = refusal else { return Ok(Met::Directory) };
        if directory.as_str().is_empty() {
            return Err(DiskError::System { path: root.to_owned(), reason });
        }
        self.skipped.push(Skipped { path: directory.to_string(), reason });
        Ok(Met::Unknown)
    }
}

/// What one directory holds.
#[derive(Default)]
struct Listed {
    met: Vec<(TreePath, Met)>,
    files: Vec<TreePath>,
    links: Vec<TreePath>,
    /// The directories to enter.
    directories: Vec<TreePath>,
    skipped: Vec<Skipped>,
    /// Why the directory could not be listed to its end.
    refusal: Option<String>,
}

impl Listed {
    fn of(root: &Path, directory: &TreePath, ignored: impl Fn(&TreePath, bool) -> bool) -> Self {
        let mut listed = Self::default();
        for entry in WalkDir::new(root.join(directory.as_str())).min_depth(1).max_depth(1) {
            match entry {
                Ok(entry) => listed.take(directory, &entry, &ignored),
                Err(error) => {
                    let why = error.io_error().map_or_else(|| error.to_string(), reason);
                    listed.refusal = Some(why);
                }
            }
        }
        listed
    }

    /// Notes an entry.
    fn take(
        &mut self,
        directory: &TreePath,
        entry: &DirEntry,
        ignored: impl Fn(&TreePath, bool) -> bool,
    ) {
        let name = entry.file_name();
        if name == ".git" || name == STATE {
            return;
        }
        let Some(name) = name.to_str() else {
            let path = directory.child(&name.to_string_lossy());
            return self.skip(&path, "its name is not UTF-8".to_owned());
        };
        let path = directory.child(name);
        let kind = entry.file_type();
        let temporary = kind.is_file() && name.starts_with(TEMPORARY);
        if temporary || ignored(&path, kind.is_dir()) {
            self.met.push((path, Met::Unknown));
        } else if kind.is_dir() {
            self.directories.push(path);
        } else if kind.is_file() {
            self.files.push(path.clone());
            self.met.push((path, Met::File));
        } else {
            if kind.is_symlink() {
                self.links.push(path.clone());
            }
            self.met.push((path, Met::Unknown));
        }
    }

    fn skip(&mut self, path: &TreePath, reason: String) {
        self.skipped.push(Skipped { path: path.to_string(), reason });
    }
}

/// A relative path as a path in the tree.
pub(super) fn spell(path: &Path) -> Option<TreePath> {
    let text = path.to_str()?;
    if cfg!(windows) { TreePath::new(&text.replace('\\', "/")) } else { TreePath::new(text) }
}
