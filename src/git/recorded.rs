//! Which files of the work tree are as the index records them, told as Git tells it: without looking into them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use git2::{IndexEntry, IndexEntryExtendedFlag, IndexTime, Oid};
use memchr::{memchr, memmem};

use crate::disk::tree::read_bytes;
use crate::git::repository::Git;
use crate::git::snapshot::Snapshot;
use crate::text::memo::Memo;
use crate::text::path::TreePath;

/// The file of attributes in a directory.
const FILE: &str = ".gitattributes";
/// The attributes of the whole system.
const OF_SYSTEM: &str = "/etc/gitattributes";
/// The attributes that let a file be stored as something else, whatever its content.
const CONVERTING: [&str; 2] = ["filter", "working-tree-encoding"];

/// Seconds and nanoseconds.
type Moment = (i64, u32);

/// What the system records of a file.
struct Stamp {
    size: u64,
    inode: u32,
    modified: Moment,
    changed: Moment,
}

/// What it takes to trust the index.
#[derive(Debug)]
pub(super) struct Recorded {
    /// When the index was written; `None` if the system does not tell.
    written: Option<Moment>,
    /// The attributes that hold for the whole work tree.
    general: Vec<PathBuf>,
    /// Whether those may convert files.
    converting: OnceLock<bool>,
    /// Whether the attributes of a directory, or of one above it, may.
    own: Memo<bool>,
}

impl Recorded {
    /// For the index of a Git directory that has not been read yet: one that is written later only looks too old then.
    pub(super) fn new(git_dir: &Path, common: &Path, of_user: Option<PathBuf>) -> Self {
        let general = [common.join("info/attributes"), PathBuf::from(OF_SYSTEM)];
        Self {
            written: stamp(&git_dir.join("index")).map(|index| index.modified),
            general: general.into_iter().chain(of_user).collect(),
            converting: OnceLock::new(),
            own: Memo::default(),
        }
    }

    /// Whether Git may store these bytes as others. Without a carriage return there is no line end to convert, whatever the
    /// settings; and only a keyword is stored without its value.
    fn converts(&self, git: &Git, path: &TreePath, bytes: &[u8]) -> bool {
        memchr(b'\r', bytes).is_some()
            || memmem::find(bytes, b"$Id").is_some()
            || *self.converting.get_or_init(|| self.general.iter().any(|file| may_convert(file)))
            || self.is_in_converting(git, &path.parent())
    }

    fn is_in_converting(&self, git: &Git, directory: &TreePath) -> bool {
        if let Some(known) = self.own.known(directory) {
            return known;
        }
        // From the top down, so that the depth of a path costs no stack.
        let mut at = TreePath::root();
        let mut above = self.own.get(&at, || git.may_convert_in(&at));
        for part in directory.parts() {
            let Some(next) = at.join(part) else { return true };
            at = next;
            above = self.own.get(&at, || above || git.may_convert_in(&at));
        }
        above
    }
}

impl Git {
    /// Whether a snapshot has a file of the work tree, which was read as `bytes`. The bytes are looked at only if the index
    /// does not tell.
    #[must_use]
    pub fn is_in(&self, snapshot: &Snapshot, path: &TreePath, bytes: &[u8]) -> bool {
        match self.recorded(path, bytes) {
            Some(id) => snapshot.has_object(path, id),
            None => snapshot.has(path, bytes),
        }
    }

    /// The object that a file of the work tree is stored as; `None` if the index does not tell. Whatever was written at the
    /// same moment as the index or later may have been changed since without a trace.
    fn recorded(&self, path: &TreePath, bytes: &[u8]) -> Option<Oid> {
        let written = self.recorded.written?;
        let full = self.full(path);
        let entry = self.repository().index().ok()?.get_path(Path::new(full.as_str()), 0)?;
        let found = stamp(&self.work_tree().join(full.as_str()))?;
        let is_same = found.is_of(&entry)
            && found.modified.max(found.changed) < written
            && found.size == bytes.len() as u64
            // Git marks what it has to look into with a size of zero.
            && found.size > 0
            && !self.recorded.converts(self, &full, bytes);
        is_same.then_some(entry.id)
    }

    /// Whether a directory has attributes that may convert files. If the file is gone, Git takes that of the index.
    fn may_convert_in(&self, directory: &TreePath) -> bool {
        let Some(path) = directory.join(FILE) else { return true };
        let file = self.work_tree().join(path.as_str());
        match file.symlink_metadata() {
            Ok(_) => may_convert(&file),
            Err(_) => self.is_in_index(&path),
        }
    }
}

/// Whether a file of attributes may convert files; anything but a readable file may.
fn may_convert(file: &Path) -> bool {
    let Ok(found) = file.metadata() else { return false };
    let text = found.is_file().then(|| read_bytes(file).ok()).flatten();
    text.is_none_or(|text| {
        CONVERTING.iter().any(|name| memmem::find(&text, name.as_bytes()).is_some())
    })
}

impl Stamp {
    fn is_of(&self, entry: &IndexEntry) -> bool {
        let moment = |time: IndexTime| (i64::from(time.seconds()), time.nanoseconds());
        entry.flags_extended & IndexEntryExtendedFlag::INTENT_TO_ADD.bits() == 0
            && self.size == u64::from(entry.file_size)
            && self.inode == entry.ino
            && self.modified == moment(entry.mtime)
            && self.changed == moment(entry.ctime)
    }
}

/// What the system records of a file; links are not followed.
#[cfg(unix)]
fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt as _;

    let found = path.symlink_metadata().ok().filter(|found| found.is_file())?;
    let moment = |seconds, nanoseconds| Some((seconds, u32::try_from(nanoseconds).ok()?));
    Some(Stamp {
        size: found.size(),
        // The index keeps the lower half.
        inode: u32::try_from(found.ino() & u64::from(u32::MAX)).ok()?,
        modified: moment(found.mtime(), found.mtime_nsec())?,
        changed: moment(found.ctime(), found.ctime_nsec())?,
    })
}

/// Elsewhere, a file that was changed and dated back leaves no trace.
#[cfg(not(unix))]
fn stamp(_: &Path) -> Option<Stamp> {
    None
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests make the files that Git is asked about")]

    use std::fs::{self, File};
    use std::path::Path;
    use std::time::Duration;

    use git2::Repository;

    use crate::git::repository::Git;
    use crate::git::testing::commit;
    use crate::text::path::TreePath;

    /// A repository below `p`, whose last commit has these files; its index was written `later` than they were.
    fn sandbox(later: Duration, files: &[(&str, &str)]) -> (tempfile::TempDir, Repository) {
        let sandbox = tempfile::tempdir().unwrap();
        let repository = Repository::init(sandbox.path()).unwrap();
        repository.config().unwrap().set_str("core.attributesFile", "/dev/null/none").unwrap();
        for (file, text) in files {
            let file = sandbox.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        commit(&repository);
        write_index(sandbox.path(), later);
        (sandbox, repository)
    }

    /// Dates the index by the newest file and then by so much later.
    fn write_index(root: &Path, later: Duration) {
        let index = File::options().append(true).open(root.join(".git/index")).unwrap();
        let newest = fs::metadata(root.join("p/a")).unwrap().modified().unwrap();
        index.set_modified(newest + later).unwrap();
    }

    /// Whether the index tells of a file, and whether the last commit has what is read of it.
    fn asked(root: &Path, file: &str) -> (bool, bool) {
        let git = Git::discover(root, None).unwrap().unwrap().rooted(&root.join("p")).unwrap();
        let bytes = fs::read(root.join("p").join(file)).unwrap();
        let path = TreePath::new(file).unwrap();
        let told = git.recorded(&path, &bytes).is_some();
        (told, git.is_in(&git.base("HEAD").unwrap(), &path, &bytes))
    }

    const LATER: Duration = Duration::from_secs(60);

    #[test]
    fn an_untouched_file_is_not_looked_into() {
        let (sandbox, _) = sandbox(LATER, &[("p/a", "old"), ("p/d/b", "b"), ("p/empty", "")]);
        let root = sandbox.path();
        assert_eq!([asked(root, "a"), asked(root, "d/b")], [(true, true); 2]);
        assert_eq!(asked(root, "empty"), (false, true));
        fs::write(root.join("p/new"), "old").unwrap();
        assert_eq!(asked(root, "new"), (false, false));
    }

    #[test]
    fn what_is_only_staged_is_not_in_the_commit() {
        let (sandbox, repository) = sandbox(LATER, &[("p/a", "old")]);
        fs::write(sandbox.path().join("p/a"), "new").unwrap();
        let mut index = repository.index().unwrap();
        index.add_path(Path::new("p/a")).unwrap();
        index.write().unwrap();
        write_index(sandbox.path(), LATER);
        assert_eq!(asked(sandbox.path(), "a"), (true, false));
    }

    #[test]
    fn a_change_that_was_dated_back_is_seen() {
        let (sandbox, _) = sandbox(LATER, &[("p/a", "old")]);
        let file = sandbox.path().join("p/a");
        let then = fs::metadata(&file).unwrap().modified().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        fs::write(&file, "new").unwrap();
        File::options().append(true).open(&file).unwrap().set_modified(then).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), then);
        assert_eq!(asked(sandbox.path(), "a"), (false, false));
    }

    #[test]
    fn what_is_as_old_as_the_index_is_looked_into() {
        let (sandbox, _) = sandbox(Duration::ZERO, &[("p/a", "old")]);
        assert_eq!(asked(sandbox.path(), "a"), (false, true));
    }

    #[test]
    fn a_file_that_may_be_stored_as_another_is_looked_into() {
        let files = [
            ("p/a", "one\ntwo\n"),
            ("p/ends", "one\r\ntwo\r\n"),
            ("p/keyword", "# $Id$\n"),
            ("p/d/.gitattributes", "*.x filter=other\n"),
            ("p/d/e/b", "b"),
            ("p/f/.gitattributes", "* text=auto eol=lf diff=yaml\n"),
            ("p/f/b", "b"),
        ];
        let (sandbox, repository) = sandbox(LATER, &files);
        let root = sandbox.path();
        assert_eq!([asked(root, "a"), asked(root, "f/b")], [(true, true); 2]);
        assert_eq!(["ends", "keyword", "d/e/b"].map(|file| asked(root, file)), [(false, true); 3]);
        // Git takes the attributes of the index, then.
        fs::remove_file(root.join("p/d/.gitattributes")).unwrap();
        assert_eq!(asked(root, "d/e/b"), (false, true));
        for file in ["mine", ".git/info/attributes"] {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "* working-tree-encoding=UTF-16\n").unwrap();
            let named = if file.ends_with("mine") { file.to_str().unwrap() } else { "/none" };
            repository.config().unwrap().set_str("core.attributesFile", named).unwrap();
            assert_eq!(asked(root, "a"), (false, true), "{}", file.display());
        }
    }

    #[test]
    fn line_ends_that_git_converts_are_looked_into() {
        let sandbox = tempfile::tempdir().unwrap();
        let repository = Repository::init(sandbox.path()).unwrap();
        repository.config().unwrap().set_str("core.autocrlf", "true").unwrap();
        fs::create_dir(sandbox.path().join("p")).unwrap();
        fs::write(sandbox.path().join("p/a"), "one\r\ntwo\r\n").unwrap();
        commit(&repository);
        write_index(sandbox.path(), LATER);
        assert_eq!(asked(sandbox.path(), "a"), (false, false));
    }
}
