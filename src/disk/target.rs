//! What a change means on disk, and whether it can be made.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::error::{WriteError, reason};
use crate::disk::journal::{Journal, Record, digest};
use crate::disk::site::{STATE, Site, TEMPORARY};
use crate::disk::write::FileWrite;
use crate::text::path::TreePath;

/// Everything that a list of changes needs on disk.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// Directories to create, parents first.
    directories: BTreeSet<PathBuf>,
    /// The real file of each change, with links resolved.
    files: BTreeSet<PathBuf>,
    records: Vec<Record>,
}

impl Targets {
    /// Checks every change without touching anything.
    pub(super) fn check(site: &Site, changes: &[FileWrite]) -> Result<Journal, WriteError> {
        let mut targets = Self::default();
        for change in changes.iter().filter(|change| change.before != change.after) {
            let path = site.prefix.join(change.path.as_str()).unwrap_or_else(TreePath::root);
            let real = match &change.before {
                Some(before) => existing(site, &path, before)?,
                None => targets.absent(site, &path)?,
            };
            if !targets.files.insert(real.clone()) {
                return Err(WriteError::Twice { path });
            }
            targets.record(site, &path, &real, change)?;
        }
        let directories = targets.directories.iter().map(|path| spell(site, path));
        Ok(Journal::new(directories.collect::<Result<_, _>>()?, targets.records))
    }

    /// Where a file that does not exist yet will be.
    fn absent(&mut self, site: &Site, path: &TreePath) -> Result<PathBuf, WriteError> {
        let full = site.base.join(path.as_str());
        if full.symlink_metadata().is_ok() {
            return Err(WriteError::Changed { path: path.clone() });
        }
        let mut missing = vec![full.file_name().unwrap_or_default()];
        for directory in full.ancestors().skip(1) {
            let Ok(real) = directory.canonicalize() else {
                missing.push(directory.file_name().unwrap_or_default());
                continue;
            };
            let mut real = inside(site, path, real)?;
            if !real.is_dir() {
                return Err(WriteError::Changed { path: path.clone() });
            }
            writable_directory(site, &real)?;
            while let Some(name) = missing.pop() {
                real.push(name);
                if !missing.is_empty() {
                    self.directories.insert(real.clone());
                }
            }
            return Ok(real);
        }
        Err(WriteError::Outside { path: path.clone() })
    }

    fn record(
        &mut self,
        site: &Site,
        path: &TreePath,
        real: &Path,
        change: &FileWrite,
    ) -> Result<(), WriteError> {
        let temporary = match &change.after {
            Some(_) => Some(spell(site, &self.temporary(real))?),
            None => None,
        };
        let directory = real.parent().unwrap_or(real);
        if change.before.is_some() {
            writable_directory(site, directory)?;
        }
        let below = site.spelled(directory);
        if below.components().any(|part| part.as_os_str() == ".git" || part.as_os_str() == STATE) {
            return Err(WriteError::Outside { path: path.clone() });
        }
        let digest = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(digest);
        self.records.push(Record {
            path: spell(site, real)?,
            temporary,
            before: digest(&change.before),
            after: digest(&change.after),
        });
        Ok(())
    }

    /// An unused name in the target's directory.
    fn temporary(&self, real: &Path) -> PathBuf {
        let mut number = self.records.len();
        loop {
            let path = real.with_file_name(format!("{TEMPORARY}{number}.tmp"));
            if path.symlink_metadata().is_err() {
                return path;
            }
            number += 1000;
        }
    }
}

/// The real file of a change, which must not have changed since it was read.
fn existing(site: &Site, path: &TreePath, before: &[u8]) -> Result<PathBuf, WriteError> {
    let full = site.base.join(path.as_str());
    let real = match full.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(WriteError::Changed { path: path.clone() });
        }
        real => real.map_err(|error| refused(path, &error))?,
    };
    let real = inside(site, path, real)?;
    let metadata = fs::metadata(&real).map_err(|error| refused(path, &error))?;
    let unlike = metadata.len() != before.len() as u64;
    if unlike || fs::read(&real).map_err(|error| refused(path, &error))? != before {
        return Err(WriteError::Changed { path: path.clone() });
    }
    let denied = || WriteError::ReadOnly { path: site.spelled(&real) };
    if metadata.permissions().readonly() && marks_count(site) {
        return Err(denied());
    }
    match File::options().append(true).open(&real) {
        Ok(_) => Ok(real),
        Err(error) if is_denied(&error) => Err(denied()),
        Err(error) => Err(refused(path, &error)),
    }
}

fn is_denied(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Whether missing write permissions are deliberate and must be respected even if the system would allow
/// the write, as it always does for root. If the base directory itself is read-only, all of it probably comes from
/// a read-only medium, and only the system's answer counts.
fn marks_count(site: &Site) -> bool {
    !is_marked(&site.base)
}

fn is_marked(directory: &Path) -> bool {
    // On Windows, the attribute means nothing for a directory.
    cfg!(unix) && fs::metadata(directory).is_ok_and(|data| data.permissions().readonly())
}

fn writable_directory(site: &Site, directory: &Path) -> Result<(), WriteError> {
    if is_marked(directory) && marks_count(site) {
        return Err(WriteError::ReadOnly { path: site.spelled(directory) });
    }
    Ok(())
}

fn inside(site: &Site, path: &TreePath, real: PathBuf) -> Result<PathBuf, WriteError> {
    if real.starts_with(&site.base) {
        Ok(real)
    } else {
        Err(WriteError::Outside { path: path.clone() })
    }
}

fn spell(site: &Site, real: &Path) -> Result<String, WriteError> {
    let spelled = real.strip_prefix(&site.base).ok().and_then(TreePath::of_system);
    let unknown =
        || WriteError::System { path: real.to_owned(), reason: "its name is not UTF-8".to_owned() };
    spelled.map(|path| path.as_str().to_owned()).ok_or_else(unknown)
}

fn refused(path: &TreePath, error: &io::Error) -> WriteError {
    WriteError::System { path: PathBuf::from(path.as_str()), reason: reason(error) }
}
