//! Single files that need not be in a tree: written atomically, or appended to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::Path;

use crate::disk::error::{DiskError, WriteError};

/// How many bytes of a large file are read at once.
const PIECE: usize = 1 << 18;

/// Opens a file of any size, which is read piece by piece.
///
/// # Errors
/// When it cannot be opened, or is a directory.
pub fn open(path: &Path) -> Result<BufReader<File>, DiskError> {
    let opened = File::open(path).and_then(|file| {
        if file.metadata()?.is_dir() {
            return Err(io::Error::other("it is a directory"));
        }
        Ok(file)
    });
    let file = opened.map_err(|error| DiskError::new(path, &error))?;
    Ok(BufReader::with_capacity(PIECE, file))
}

/// Writes a file atomically: the new text is written to a temporary file next to it, which is then renamed.
///
/// # Errors
/// When the system returns an error; the file is then unchanged.
pub fn replace(path: &Path, text: &str) -> Result<(), WriteError> {
    let refused = |error: io::Error| WriteError::system(path, &error);
    // Writes the target of a link, not the link itself.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = target.with_file_name(name);
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, &target));
    if written.is_err() {
        let _gone_already = fs::remove_file(&beside);
    }
    written.map_err(refused)
}

/// Writes a file atomically, as [`replace`] does, and creates its directory if it is missing.
///
/// # Errors
/// When the system refuses.
pub fn make(path: &Path, text: &str) -> Result<(), WriteError> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(|error| WriteError::system(directory, &error))?;
    }
    replace(path, text)
}

/// Reads a file, and at most one byte more than so many.
///
/// # Errors
/// When the system refuses.
pub fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Appends a text to a file; creates the file if it is missing.
///
/// # Errors
/// When the system refuses.
pub fn append(path: &Path, text: &str) -> Result<(), WriteError> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| WriteError::system(path, &error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests look at the files")]

    use super::{append, make, read, replace};

    #[test]
    fn replaces_and_appends() {
        let sandbox = tempfile::tempdir().unwrap();
        let file = sandbox.path().join("a.json");
        replace(&file, "one").unwrap();
        replace(&file, "two\n").unwrap();
        append(&file, "three\n").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "two\nthree\n");
        assert_eq!(std::fs::read_dir(sandbox.path()).unwrap().count(), 1);
        make(&sandbox.path().join("new/b.md"), "x").unwrap();
        assert_eq!(std::fs::read_to_string(sandbox.path().join("new/b.md")).unwrap(), "x");
        assert_eq!(read(&file, 2).unwrap(), b"two");
        assert!(read(&sandbox.path().join("none"), 2).is_err());
        let error = replace(&sandbox.path().join("no/where"), "x").unwrap_err();
        assert!(error.to_string().contains("where"), "{error}");
    }
}
