//! The single steps of a write, each of which may be the last one before a crash.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// A step that is about to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteStep {
    /// The number of steps before it.
    pub number: usize,
    /// What it does.
    pub what: &'static str,
}

/// Called before each step; an error makes the step fail.
pub type Hook<'a> = &'a mut dyn FnMut(WriteStep) -> io::Result<()>;

/// The system calls of a write, counted.
pub(super) struct Steps<'a> {
    hook: Hook<'a>,
    number: usize,
}

impl<'a> Steps<'a> {
    pub(super) const fn new(hook: Hook<'a>) -> Self {
        Self { hook, number: 0 }
    }

    fn next(&mut self, what: &'static str) -> io::Result<()> {
        let step = WriteStep { number: self.number, what };
        self.number += 1;
        (self.hook)(step)
    }

    pub(super) fn create_directory(&mut self, path: &Path) -> io::Result<()> {
        self.next("create a directory")?;
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            done => done,
        }
    }

    /// Removes an empty directory; does nothing if it is not empty or is already gone.
    pub(super) fn remove_directory(&mut self, path: &Path) -> io::Result<()> {
        self.next("remove a directory")?;
        match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            done => unless_missing(done),
        }
    }

    /// Writes and syncs a new file, with the permissions and owner of another.
    pub(super) fn create(
        &mut self,
        path: &Path,
        bytes: &[u8],
        like: Option<&Path>,
    ) -> io::Result<()> {
        self.next("create a file")?;
        let mut file = File::options().write(true).create_new(true).open(path)?;
        self.next("write a file")?;
        file.write_all(bytes)?;
        if let Some(like) = like {
            let metadata = fs::metadata(like)?;
            own(path, &metadata);
            file.set_permissions(metadata.permissions())?;
        }
        self.next("synchronize a file")?;
        file.sync_all()
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.next("rename a file")?;
        fs::rename(from, to)
    }

    /// Removes a file; succeeds if it is already gone.
    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.next("remove a file")?;
        unless_missing(fs::remove_file(path))
    }

    /// Syncs the entries of a directory to disk.
    pub(super) fn synchronize(&mut self, directory: &Path) -> io::Result<()> {
        self.next("synchronize a directory")?;
        if cfg!(unix) {
            unless_missing(File::open(directory).and_then(|file| file.sync_all()))
        } else {
            Ok(())
        }
    }
}

fn unless_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(())
        }
        done => done,
    }
}

/// Gives a file the owner of another, if the system allows it.
#[cfg(unix)]
fn own(path: &Path, like: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, chown};
    let same =
        fs::metadata(path).is_ok_and(|now| now.uid() == like.uid() && now.gid() == like.gid());
    if !same && chown(path, Some(like.uid()), Some(like.gid())).is_err() {
        let _group_alone = chown(path, None, Some(like.gid()));
    }
}

#[cfg(not(unix))]
const fn own(_: &Path, _: &fs::Metadata) {}
