//! Loose objects that were cut off, as by a full disk: libgit2 would read one for ever.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::ZlibDecoder;
use git2::Oid;
use rayon::prelude::*;

use crate::disk::tree::{read_bytes, read_start};

/// How many bytes of an object are unpacked; more need not be looked at to see that reading comes to an end.
const MOST: u64 = 1 << 30;

/// How many bytes of a file are read to see what kind of object it is.
const START: usize = 128;
/// How the content of a file begins.
const FILE: &[u8] = b"blob ";

/// The first loose object of a repository that does not unpack to its end.
pub(super) fn broken(git_dir: &Path) -> Option<PathBuf> {
    first(git_dir, |file| !is_whole(file))
}

/// The same among the objects that are not the content of a file.
pub(super) fn broken_structure(git_dir: &Path) -> Option<PathBuf> {
    first(git_dir, |file| !is_content(file) && !is_whole(file))
}

fn first(git_dir: &Path, is_meant: impl Fn(&PathBuf) -> bool + Sync + Send) -> Option<PathBuf> {
    let directories = git_dir.join("objects").read_dir().ok()?.flatten();
    let is_loose = |path: &PathBuf| path.file_name().is_some_and(|name| name.len() == 2);
    let directories = directories.map(|entry| entry.path()).filter(is_loose);
    let files = directories.filter_map(|directory| directory.read_dir().ok()).flatten().flatten();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
    files.sort();
    files.into_par_iter().find_first(is_meant)
}

/// Where an object is, if it is loose.
pub(super) fn file(git_dir: &Path, id: Oid) -> PathBuf {
    let id = id.to_string();
    let (directory, name) = id.split_at(2);
    git_dir.join("objects").join(directory).join(name)
}

/// Whether a file is not an object, or unpacks to its end.
pub(super) fn is_whole(file: &Path) -> bool {
    let is_object = file.file_name().is_some_and(|name| name.len() == 38)
        && file.symlink_metadata().is_ok_and(|found| found.is_file());
    let Some(bytes) = is_object.then(|| read_bytes(file).ok()).flatten() else { return true };
    io::copy(&mut ZlibDecoder::new(&*bytes).take(MOST), &mut io::sink()).is_ok()
}

/// Whether an object is surely the content of a file.
fn is_content(file: &Path) -> bool {
    let is_file = file.symlink_metadata().is_ok_and(|found| found.is_file());
    let Some(bytes) = is_file.then(|| read_start(file, START).ok()).flatten() else { return false };
    let mut start = [0; FILE.len()];
    ZlibDecoder::new(&*bytes).read_exact(&mut start).is_ok() && start == FILE
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests make and break the objects")]

    use std::fs;

    use super::{broken, broken_structure, file, is_whole};

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

    #[test]
    fn the_content_of_files_can_be_left_for_later() {
        let sandbox = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init(sandbox.path()).unwrap();
        let text: String = (0..500).map(|number| format!("{}\n", number * number)).collect();
        let blob = repository.blob(text.as_bytes()).unwrap();
        let mut tree = repository.treebuilder(None).unwrap();
        for number in 0..20 {
            tree.insert(format!("{number}"), blob, 0o100_644).unwrap();
        }
        let tree = tree.write().unwrap();
        let [blob, tree] = [blob, tree].map(|id| file(repository.path(), id));
        let cut = |file: &std::path::Path, kept: usize| {
            let bytes = fs::read(file).unwrap();
            fs::remove_file(file).unwrap();
            fs::write(file, &bytes[..kept]).unwrap();
        };
        cut(&blob, 300);
        assert!(!is_whole(&blob) && is_whole(&tree));
        assert_eq!(broken_structure(repository.path()), None);
        cut(&blob, 0);
        assert_eq!(broken_structure(repository.path()).as_ref(), Some(&blob));
        fs::remove_file(&blob).unwrap();
        assert!(is_whole(&blob));
        cut(&tree, 20);
        assert_eq!(broken_structure(repository.path()).as_ref(), Some(&tree));
    }
}
