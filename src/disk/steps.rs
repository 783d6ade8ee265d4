//! The single steps of a write, each of which may be the last one before a crash.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// A step that is about to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteStep {
    /// How many were taken before it.
    pub number: usize,
    /// What it does.
    pub what: &'static str,
}

/// Called before each step; an error stands for the step's failure.
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

    /// Removes a directory that is empty; one that is not, or is gone, stays as it is.
    pub(super) fn remove_directory(&mut self, path: &Path) -> io::Result<()> {
        self.next("remove a directory")?;
        match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            done => unless_missing(done),
        }
    }

    /// Writes a new file to the disk itself, with the permissions and owner of another.
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

    /// Removes a file; one that is gone already is fine.
    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.next("remove a file")?;
        unless_missing(fs::remove_file(path))
    }

    /// Makes sure that the names in a directory are on the disk itself.
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

/// Gives a file to the owner of another, where the system lets us.
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
