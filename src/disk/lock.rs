//! The lock that lets one run write at a time; it is released when its process exits, so it is never stale.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::error::{WriteError, reason};
use crate::disk::site::Site;

/// A held lock.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
    path: PathBuf,
    tidy: bool,
}

impl Lock {
    /// Takes the lock of a site.
    pub(super) fn take(site: &Site) -> Result<Self, WriteError> {
        let path = site.state.join("lock");
        let refused =
            |error: &io::Error| WriteError::Lock { path: path.clone(), reason: reason(error) };
        // NOTE: outside Git, the holder removes the file when it is done. A process that had already opened that
        // file would hold a lock that nobody else sees, so it tries again.
        for _ in 0..100 {
            site.check_state().map_err(|error| refused(&error))?;
            fs::create_dir_all(&site.state).map_err(|error| refused(&error))?;
            let opened = File::options().create(true).truncate(false).write(true).open(&path);
            let file = match opened {
                Err(error) if site.tidy && error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.map_err(|error| refused(&error))?,
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(WriteError::Busy),
                Err(TryLockError::Error(error)) => return Err(refused(&error)),
            }
            if is_at(&file, &path) {
                return Ok(Self { _file: file, path, tidy: site.tidy });
            }
        }
        Err(WriteError::Busy)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.tidy {
            let _stays = fs::remove_file(&self.path);
            let _not_empty = self.path.parent().map(fs::remove_dir);
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let key = |data: fs::Metadata| (data.dev(), data.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(named)) => key(held) == key(named),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
