//! Loose objects that were cut off, as by a full disk: libgit2 would read one for ever.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::ZlibDecoder;
use rayon::prelude::*;

use crate::disk::tree::read_bytes;

/// How many bytes of an object are unpacked; more need not be looked at to see that reading comes to an end.
const MOST: u64 = 1 << 30;

/// The first loose object of a repository that does not unpack to its end.
pub(super) fn broken(git_dir: &Path) -> Option<PathBuf> {
    let directories = git_dir.join("objects").read_dir().ok()?.flatten();
    let is_loose = |path: &PathBuf| path.file_name().is_some_and(|name| name.len() == 2);
    let directories = directories.map(|entry| entry.path()).filter(is_loose);
    let files = directories.filter_map(|directory| directory.read_dir().ok()).flatten().flatten();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
    files.sort();
    files.into_par_iter().find_first(|file| !is_whole(file))
}

/// Whether a file is not an object, or unpacks to its end.
fn is_whole(file: &Path) -> bool {
    let is_object = file.file_name().is_some_and(|name| name.len() == 38)
        && file.symlink_metadata().is_ok_and(|found| found.is_file());
    let Some(bytes) = is_object.then(|| read_bytes(file).ok()).flatten() else { return true };
    io::copy(&mut ZlibDecoder::new(&*bytes).take(MOST), &mut io::sink()).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests make and break the objects")]

    use std::fs;

    use super::broken;

    #[test]
    fn an_object_that_was_cut_off_is_found() {
        let sandbox = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init(sandbox.path()).unwrap();
        let text: String = (0..500).map(|number| format!("{}\n", number * number)).collect();
        let id = repository.blob(text.as_bytes()).unwrap().to_string();
        assert_eq!(broken(repository.path()), None);
        let file = repository.path().join("objects").join(&id[..2]).join(&id[2..]);
        let bytes = fs::read(&file).unwrap();
        for kept in [0, 1, 20, bytes.len() / 2, bytes.len() - 1] {
            fs::remove_file(&file).unwrap();
            fs::write(&file, &bytes[..kept]).unwrap();
            assert_eq!(broken(repository.path()).as_ref(), Some(&file), "{kept}");
        }
    }
}
