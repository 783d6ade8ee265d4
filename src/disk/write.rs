//! Atomic writes to a tree: all changes or none, whatever happens in between.
//!
//! The new texts are written next to their targets; then a journal records them as complete; then they are renamed.
//! A run that finds an incomplete journal rolls everything back; one that finds a complete journal resumes renaming.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::error::{WriteError, reason};
use crate::disk::journal::{Journal, Record, Stage, digest, read_regular};
use crate::disk::lock::Lock;
use crate::disk::site::{Site, TEMPORARY};
use crate::disk::steps::{Hook, Steps};
use crate::disk::target::Targets;
use crate::text::path::TreePath;

/// A change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileWrite {
    /// The file, below the tree's root.
    pub path: TreePath,
    /// Its contents as they were read; `None` if it did not exist.
    pub before: Option<Vec<u8>>,
    /// Its contents after; `None` if it is removed.
    pub after: Option<Vec<u8>>,
}

/// What was done about an earlier, interrupted run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovered {
    /// There was none.
    Nothing,
    /// Its changes were completed.
    Finished,
    /// Its changes were rolled back.
    TakenBack,
}

/// The exclusive right to write to a tree.
#[derive(Debug)]
pub struct Writer {
    site: Site,
    _lock: Lock,
}

impl Writer {
    /// Takes the lock, and completes or rolls back an interrupted run. Read the tree only after this.
    ///
    /// # Errors
    /// When another run holds the lock, or the interrupted run can be neither completed nor rolled back.
    pub fn open(site: &Site) -> Result<(Self, Recovered), WriteError> {
        Self::open_with(site, &mut |_| Ok(()))
    }

    /// The same, with a call before each step.
    ///
    /// # Errors
    /// As [`Writer::open`].
    pub fn open_with(site: &Site, hook: Hook<'_>) -> Result<(Self, Recovered), WriteError> {
        let writer = Self { site: site.clone(), _lock: Lock::take(site)? };
        let recovered = writer.recover(&mut Steps::new(hook))?;
        Ok((writer, recovered))
    }

    /// Writes all changes or none.
    ///
    /// # Errors
    /// When a file has changed since it was read, or the system returns an error; nothing has changed then.
    pub fn commit(&self, changes: &[FileWrite]) -> Result<(), WriteError> {
        self.commit_with(changes, &mut |_| Ok(()))
    }

    /// The same, with a call before each step.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn commit_with(&self, changes: &[FileWrite], hook: Hook<'_>) -> Result<(), WriteError> {
        let mut journal = Targets::check(&self.site, changes)?;
        if journal.files.is_empty() {
            return Ok(());
        }
        let steps = &mut Steps::new(hook);
        if let Err(failed) = self.prepare(&mut journal, changes, steps) {
            return Err(self.give_up(&mut journal, failed, steps));
        }
        self.finish(&journal, steps)
    }

    /// Writes all new texts to disk, and the journal that records them.
    fn prepare(
        &self,
        journal: &mut Journal,
        changes: &[FileWrite],
        steps: &mut Steps<'_>,
    ) -> Result<(), Failed> {
        let state = &self.site.state;
        journal.write(state, steps).map_err(at(state))?;
        for directory in &journal.directories {
            let path = self.full(directory);
            steps.create_directory(&path).map_err(at(&path))?;
        }
        let texts = changes.iter().filter(|change| change.before != change.after);
        for (record, change) in journal.files.iter().zip(texts) {
            let (Some(temporary), Some(after)) = (&record.temporary, &change.after) else {
                continue;
            };
            let target = self.full(&record.path);
            let like = change.before.as_ref().map(|_| &*target);
            steps.create(&self.full(temporary), after, like).map_err(at(&target))?;
        }
        for directory in self.directories(journal) {
            steps.synchronize(&directory).map_err(at(&directory))?;
        }
        for record in &journal.files {
            let path = self.full(&record.path);
            if self.now(record).map_err(at(&path))? != record.before {
                return Err(Failed { path, reason: "it changed meanwhile".to_owned() });
            }
        }
        journal.stage = Stage::Ready;
        journal.write(state, steps).map_err(at(state))
    }

    /// Rolls everything back after a failure; if that fails too, the next run does it.
    fn give_up(&self, journal: &mut Journal, failed: Failed, steps: &mut Steps<'_>) -> WriteError {
        let Failed { path, reason } = failed;
        let path = self.site.spelled(&path);
        let was_ready = journal.stage == Stage::Ready;
        journal.stage = Stage::Preparing;
        let marked = if was_ready { journal.write(&self.site.state, steps) } else { Ok(()) };
        match marked.map_err(at(&self.site.state)).and_then(|()| self.take_back(journal, steps)) {
            Ok(()) => WriteError::System { path, reason },
            Err(_) => WriteError::Interrupted { path, reason },
        }
    }

    /// Completes or rolls back an interrupted run.
    fn recover(&self, steps: &mut Steps<'_>) -> Result<Recovered, WriteError> {
        let state = &self.site.state;
        let unreadable = |error: io::Error| WriteError::Journal {
            path: Journal::path(state),
            reason: reason(&error),
        };
        let Some(journal) = Journal::read(state).map_err(unreadable)? else {
            Journal::tidy(state, steps).map_err(unreadable)?;
            return Ok(Recovered::Nothing);
        };
        if let Some(record) = journal.files.iter().find(|record| !self.is_ours(record)) {
            let reason = format!("`{}` is not where a run writes", record.path);
            return Err(unreadable(io::Error::other(reason)));
        }
        if let Some(path) = journal.directories.iter().find(|path| !self.is_own(&self.full(path))) {
            let reason = format!("`{path}` is not where a run writes");
            return Err(unreadable(io::Error::other(reason)));
        }
        if journal.stage == Stage::Preparing {
            self.take_back(&journal, steps).map_err(|failed| self.interrupted(failed))?;
            return Ok(Recovered::TakenBack);
        }
        self.must_be_as_left(&journal)?;
        self.finish(&journal, steps)?;
        Ok(Recovered::Finished)
    }

    /// Whether a journal record can come from a run: the file is in the tree itself, and the new text is next to it.
    fn is_ours(&self, record: &Record) -> bool {
        let path = self.full(&record.path);
        let directory = path.parent().unwrap_or(&path);
        let beside =
            record.temporary.as_ref().map(|temporary| self.full(temporary)).is_none_or(|new| {
                let name = new.file_name().and_then(OsStr::to_str).unwrap_or_default();
                new.parent() == Some(directory) && name.starts_with(TEMPORARY)
            });
        beside && self.is_own(&path)
    }

    /// Whether no link leads to a path: the nearest directory above it that exists is in the tree itself.
    fn is_own(&self, path: &Path) -> bool {
        let mut above = path.ancestors().skip(1).take_while(|at| at.starts_with(&self.site.base));
        above.find_map(|at| Some(at.canonicalize().ok()? == at)).unwrap_or(false)
    }

    /// Refuses to continue if a file has been modified since.
    fn must_be_as_left(&self, journal: &Journal) -> Result<(), WriteError> {
        for record in &journal.files {
            let path = self.full(&record.path);
            let temporary = record.temporary.as_ref().map(|temporary| self.full(temporary));
            if temporary.as_ref().is_some_and(|path| path.symlink_metadata().is_err()) {
                continue;
            }
            let now =
                self.now(record).map_err(at(&path)).map_err(|failed| self.interrupted(failed))?;
            if now != record.before && now != record.after {
                return Err(WriteError::Diverged {
                    path: self.site.spelled(&path),
                    new: temporary.map(|path| self.site.spelled(&path)),
                    journal: Journal::path(&self.site.state),
                });
            }
        }
        Ok(())
    }

    /// Renames the new texts to their targets; skips those already renamed.
    fn finish(&self, journal: &Journal, steps: &mut Steps<'_>) -> Result<(), WriteError> {
        self.rename_all(journal, steps).map_err(|failed| self.interrupted(failed))
    }

    fn rename_all(&self, journal: &Journal, steps: &mut Steps<'_>) -> Result<(), Failed> {
        for record in &journal.files {
            let path = self.full(&record.path);
            match record.temporary.as_ref().map(|temporary| self.full(temporary)) {
                None => steps.remove(&path).map_err(at(&path))?,
                Some(temporary) if temporary.symlink_metadata().is_ok() => {
                    steps.rename(&temporary, &path).map_err(at(&path))?;
                }
                Some(_) => {}
            }
        }
        for directory in self.directories(journal) {
            steps.synchronize(&directory).map_err(at(&directory))?;
        }
        Journal::remove(&self.site.state, steps).map_err(at(&self.site.state))
    }

    /// Removes new texts and directories, then the journal.
    fn take_back(&self, journal: &Journal, steps: &mut Steps<'_>) -> Result<(), Failed> {
        for temporary in journal.files.iter().filter_map(|record| record.temporary.as_ref()) {
            let path = self.full(temporary);
            steps.remove(&path).map_err(at(&path))?;
        }
        for directory in journal.directories.iter().rev() {
            let path = self.full(directory);
            steps.remove_directory(&path).map_err(at(&path))?;
        }
        Journal::remove(&self.site.state, steps).map_err(at(&self.site.state))
    }

    /// The digest of a file's bytes, `None` where there is no file.
    fn now(&self, record: &Record) -> io::Result<Option<String>> {
        match read_regular(&self.full(&record.path)) {
            Ok(bytes) => Ok(Some(digest(&bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The directories whose entries change.
    fn directories(&self, journal: &Journal) -> BTreeSet<PathBuf> {
        let files = journal.files.iter().map(|record| self.full(&record.path));
        let made = journal.directories.iter().map(|directory| self.full(directory));
        files.chain(made).filter_map(|path| path.parent().map(Path::to_owned)).collect()
    }

    fn full(&self, path: &str) -> PathBuf {
        self.site.base.join(path)
    }

    fn interrupted(&self, failed: Failed) -> WriteError {
        WriteError::Interrupted { path: self.site.spelled(&failed.path), reason: failed.reason }
    }
}

/// A step for which the system returned an error.
struct Failed {
    path: PathBuf,
    reason: String,
}

fn at(path: &Path) -> impl Fn(io::Error) -> Failed {
    move |error| Failed { path: path.to_owned(), reason: reason(&error) }
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
