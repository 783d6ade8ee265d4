//! A directory for a program that reads files: it is gone afterwards.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many names are tried.
const TRIES: usize = 100;

/// A new directory that only this user can read, removed when it is dropped.
#[derive(Debug)]
pub struct Scratch {
    directory: PathBuf,
}

impl Scratch {
    /// Makes one below a directory.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn below(directory: &Path) -> io::Result<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
        let mut tries = 0;
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("rotate-{}-{now}-{number}", std::process::id());
            let directory = directory.join(name);
            tries += 1;
            match builder().create(&directory) {
                Ok(()) => return Ok(Self { directory }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// Writes a file below it. `file` is relative, and leads nowhere else.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        let file = self.directory.join(file);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(file, bytes)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever clears temporary files.
        let _stays = fs::remove_dir_all(&self.directory);
    }
}

#[cfg(unix)]
fn builder() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn builder() -> DirBuilder {
    DirBuilder::new()
}

/// The file of a program, in the first of some directories that has it.
#[must_use]
pub fn program_in(directories: impl Iterator<Item = PathBuf>, name: &str) -> Option<PathBuf> {
    let names = [name.to_owned(), format!("{name}.exe")];
    let mut files =
        directories.flat_map(|directory| names.clone().map(|name| directory.join(name)));
    files.find(|file| file.is_absolute() && is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file() && file.extension().is_some_and(|end| end == "exe")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::Scratch;

    #[test]
    fn it_is_gone_afterwards() {
        let sandbox = tempfile::tempdir().unwrap();
        let one = Scratch::below(sandbox.path()).unwrap();
        let other = Scratch::below(sandbox.path()).unwrap();
        assert_ne!(one.path(), other.path());
        one.write(Path::new("chart/templates/a.yaml"), b"a").unwrap();
        assert_eq!(fs::read(one.path().join("chart/templates/a.yaml")).unwrap(), b"a");
        drop((one, other));
        assert_eq!(fs::read_dir(sandbox.path()).unwrap().count(), 0);
        assert!(Scratch::below(&sandbox.path().join("none")).is_err());
    }
}
