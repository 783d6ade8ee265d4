//! Which files a directory holds.

use std::collections::HashMap;
use std::path::Path;

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
pub(super) fn walk(
    root: &Path,
    ignored: impl Fn(&TreePath, bool) -> bool,
) -> Result<Walked, DiskError> {
    let mut walked = Walked::default();
    walked.met.insert(TreePath::root(), Met::Directory);
    let mut entries = WalkDir::new(root).min_depth(1).into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                walked.skip(root, &error)?;
                continue;
            }
        };
        if walked.take(root, &entry, &ignored) == Enter::No {
            entries.skip_current_dir();
        }
    }
    walked.files.sort();
    walked.skipped.sort();
    Ok(walked)
}

#[derive(PartialEq, Eq)]
enum Enter {
    Yes,
    No,
}

impl Walked {
    /// Notes an entry; says whether a directory is not to be entered.
    fn take(
        &mut self,
        root: &Path,
        entry: &DirEntry,
        ignored: impl Fn(&TreePath, bool) -> bool,
    ) -> Enter {
        let (kind, name) = (entry.file_type(), entry.file_name());
        let leave = if kind.is_dir() { Enter::No } else { Enter::Yes };
        if name == ".git" || name == STATE {
            return leave;
        }
        let spelled = entry.path().strip_prefix(root).ok().and_then(spell);
        let Some(path) = spelled else {
            let path = entry.path().to_string_lossy().into_owned();
            self.skipped.push(Skipped { path, reason: "its name is not UTF-8".to_owned() });
            return leave;
        };
        let temporary = kind.is_file() && path.name().starts_with(TEMPORARY);
        if temporary || ignored(&path, kind.is_dir()) {
            self.met.insert(path, Met::Unknown);
            return leave;
        }
        if kind.is_file() {
            self.files.push(path.clone());
            self.met.insert(path, Met::File);
        } else {
            if kind.is_symlink() {
                self.links.push(path.clone());
            }
            let met = if kind.is_dir() { Met::Directory } else { Met::Unknown };
            self.met.insert(path, met);
        }
        Enter::Yes
    }

    /// Notes what the system would not show; the root itself must be shown.
    fn skip(&mut self, root: &Path, error: &walkdir::Error) -> Result<(), DiskError> {
        let path = error.path().unwrap_or(root);
        let system = error.io_error();
        let reason = system.map_or_else(|| error.to_string(), reason);
        if path == root {
            let path = path.to_owned();
            return Err(DiskError::System { path, reason });
        }
        let spelled = path.strip_prefix(root).unwrap_or(path);
        if let Some(path) = spell(spelled) {
            self.met.insert(path, Met::Unknown);
        }
        self.skipped.push(Skipped { path: spelled.to_string_lossy().into_owned(), reason });
        Ok(())
    }
}

/// A relative path as a path in the tree.
pub(super) fn spell(path: &Path) -> Option<TreePath> {
    let text = path.to_str()?;
    if cfg!(windows) { TreePath::new(&text.replace('\\', "/")) } else { TreePath::new(text) }
}
