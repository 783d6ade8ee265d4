//! The tree of files at a commit.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use git2::{ErrorCode, ObjectType, Oid, Repository};

use crate::git::error::GitError;
use crate::git::loose;
use crate::git::repository::Git;
use crate::git::trees::{Known, Trees};
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::tree::memory::may_hold_manifests;
use crate::tree::{Entry, ReadError, Tree};

/// Maximum number of links to follow in a row.
const LINKS: usize = 40;

/// What Git records for a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File(Oid),
    Link(Oid),
    Directory,
}

/// Paths, each with what is there; `None` if nothing is.
pub(super) type Kinds = BTreeMap<TreePath, Option<Kind>>;

/// The files of a commit below the tree's root.
pub struct Snapshot {
    repository: Arc<Mutex<Repository>>,
    entries: BTreeMap<TreePath, Kind>,
    /// Every file, listed on first use.
    files: OnceLock<Vec<TreePath>>,
    manifests: Vec<TreePath>,
    sources: Mutex<BTreeMap<TreePath, Arc<Source>>>,
    /// Whether a requested file is missing from the clone.
    lacks: Arc<AtomicBool>,
    /// Where to keep a requested file that was cut off; `None` if all are known to be whole.
    broken: Option<Arc<OnceLock<PathBuf>>>,
}

impl Git {
    /// The tree at the merge base of a revision and the checked-out commit: what a branch is compared with. [`Git::check_read`]
    /// reports a file that was cut off, once it was read.
    ///
    /// # Errors
    /// When the revision is unknown, shares no commit with the checked-out one, or cannot be read.
    pub fn base(&self, revision: &str) -> Result<Snapshot, GitError> {
        let repository = self.structure()?;
        let parted = parting(&repository, revision).map_err(|error| match error.code() {
            ErrorCode::NotFound | ErrorCode::InvalidSpec | ErrorCode::Ambiguous => {
                let shallow = repository.is_shallow();
                GitError::UnknownRevision { revision: revision.to_owned(), shallow }
            }
            _ => self.failed(&error),
        })?;
        let entries = entries(&repository, parted, self.prefix());
        let entries = entries.map_err(|error| self.failed(&error))?;
        let broken = Some(Arc::clone(&self.broken_content));
        Ok(Snapshot::new(Arc::new(Mutex::new(repository)), entries, broken))
    }

    pub(super) fn failed(&self, error: &git2::Error) -> GitError {
        let path: PathBuf = self.git_dir().to_owned();
        GitError::System { path, reason: error.message().to_owned() }
    }
}

/// The merge base of a revision and the checked-out commit.
fn parting(repository: &Repository, revision: &str) -> Result<Oid, git2::Error> {
    let named = repository.revparse_single(revision)?.peel_to_commit()?.id();
    let head = repository.head()?.peel_to_commit()?.id();
    repository.merge_base(named, head)
}

/// Every path of a commit below a directory.
pub(super) fn entries(
    repository: &Repository,
    commit: Oid,
    prefix: &TreePath,
) -> Result<BTreeMap<TreePath, Kind>, git2::Error> {
    let trees = Trees::new(repository, Known::new())?;
    let tree = trees.below(repository.find_commit(commit)?.tree_id(), prefix)?;
    let mut all = Kinds::new();
    trees.compare(None, tree, &mut all)?;
    Ok(all.into_iter().filter_map(|(path, kind)| Some((path, kind?))).collect())
}

impl Snapshot {
    pub(super) fn new(
        repository: Arc<Mutex<Repository>>,
        mut entries: BTreeMap<TreePath, Kind>,
        broken: Option<Arc<OnceLock<PathBuf>>>,
    ) -> Self {
        entries.insert(TreePath::root(), Kind::Directory);
        let mut snapshot = Self {
            repository,
            entries,
            files: OnceLock::new(),
            manifests: Vec::new(),
            sources: Mutex::default(),
            lacks: Arc::default(),
            broken,
        };
        let files = snapshot.entries.keys().filter(|path| snapshot.is_manifest(path));
        snapshot.manifests = files.cloned().collect();
        snapshot
    }

    /// A copy of the same files.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            repository: Arc::clone(&self.repository),
            entries: self.entries.clone(),
            files: OnceLock::new(),
            manifests: self.manifests.clone(),
            sources: Mutex::default(),
            lacks: Arc::clone(&self.lacks),
            broken: self.broken.clone(),
        }
    }

    /// Whether a requested file is missing from the clone, because it was cloned with a filter.
    #[must_use]
    pub fn lacks_files(&self) -> bool {
        self.lacks.load(Ordering::Relaxed)
    }

    /// Whether a file exists and has these contents.
    pub(super) fn has(&self, path: &TreePath, bytes: &[u8]) -> bool {
        let id = Oid::hash_object(ObjectType::Blob, bytes).ok();
        id.is_some_and(|id| self.has_object(path, id))
    }

    pub(super) fn has_object(&self, path: &TreePath, id: Oid) -> bool {
        self.kind(path) == Some(Kind::File(id))
    }

    /// Applies changes.
    pub(super) fn change(&mut self, changes: &Kinds) {
        for (path, kind) in changes {
            match kind {
                Some(kind) => drop(self.entries.insert(path.clone(), *kind)),
                None => drop(self.entries.remove(path)),
            }
        }
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        changes.keys().for_each(|path| drop(sources.remove(path)));
        drop(sources);
        self.files = OnceLock::new();
        for path in changes.keys() {
            match (self.manifests.binary_search(path), self.is_manifest(path)) {
                (Ok(at), false) => drop(self.manifests.remove(at)),
                (Err(at), true) => self.manifests.insert(at, path.clone()),
                _ => {}
            }
        }
    }

    /// The text of a file on the other side of a difference; `None` if it is not UTF-8.
    pub(super) fn text(&self, path: &TreePath, id: Oid) -> Option<Arc<Source>> {
        let text = String::from_utf8(self.read(path, id).ok()?).ok()?;
        Some(Source::file(path.clone(), text))
    }

    fn is_manifest(&self, path: &TreePath) -> bool {
        may_hold_manifests(path)
            && match self.kind(path) {
                Some(Kind::File(_)) => true,
                Some(Kind::Link(_)) => matches!(self.entry(path), Ok((_, Entry::File))),
                Some(Kind::Directory) | None => false,
            }
    }

    pub(super) fn kind(&self, path: &TreePath) -> Option<Kind> {
        self.entries.get(path).copied()
    }

    fn read(&self, path: &TreePath, id: Oid) -> Result<Vec<u8>, ReadError> {
        let repository = self.repository.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(broken) = &self.broken {
            let file = loose::file(repository.commondir(), id);
            if !loose::is_whole(&file) {
                let reason = "its object was cut off".to_owned();
                broken.get_or_init(|| file);
                return Err(ReadError::System { path: path.clone(), reason });
            }
        }
        let blob = repository.find_blob(id).map_err(|error| {
            if error.code() == ErrorCode::NotFound {
                self.lacks.store(true, Ordering::Relaxed);
            }
            ReadError::System { path: path.clone(), reason: error.message().to_owned() }
        })?;
        Ok(blob.content().to_vec())
    }

    fn load(&self, path: &TreePath) -> Result<Vec<u8>, ReadError> {
        match self.kind(path) {
            Some(Kind::File(id)) => self.read(path, id),
            Some(_) => Err(ReadError::NotAFile(path.clone())),
            None => Err(ReadError::Missing(path.clone())),
        }
    }

    /// The path after following the first link in it; `None` if it has none.
    fn follow_one(&self, path: &TreePath) -> Result<Option<TreePath>, ReadError> {
        let parts: Vec<&str> = path.parts().collect();
        let mut at = TreePath::root();
        for (index, part) in parts.iter().enumerate() {
            let next = at.join(part).ok_or_else(|| ReadError::Outside(path.clone()))?;
            if let Some(Kind::Link(id)) = self.kind(&next) {
                let target = self.read(&next, id)?;
                let target = String::from_utf8(target).unwrap_or_default();
                let led = Some(target).filter(|target| !target.starts_with('/'));
                let led = led.and_then(|target| at.join(&target));
                let led = led.ok_or_else(|| ReadError::Outside(path.clone()))?;
                let rest = parts[index + 1..].join("/");
                let led = if rest.is_empty() { Some(led) } else { led.join(&rest) };
                return led.map(Some).ok_or_else(|| ReadError::Outside(path.clone()));
            }
            at = next;
        }
        Ok(None)
    }
}

impl Tree for Snapshot {
    fn entry(&self, path: &TreePath) -> Result<(TreePath, Entry), ReadError> {
        let mut at = path.clone();
        for _ in 0..LINKS {
            match self.kind(&at) {
                Some(Kind::File(_)) => return Ok((at, Entry::File)),
                Some(Kind::Directory) => return Ok((at, Entry::Directory)),
                _ => {}
            }
            at = self.follow_one(&at)?.ok_or_else(|| ReadError::Missing(path.clone()))?;
        }
        Err(ReadError::System { path: path.clone(), reason: "too many links".to_owned() })
    }

    fn bytes(&self, path: &TreePath) -> Result<Arc<[u8]>, ReadError> {
        self.load(path).map(Arc::from)
    }

    fn source(&self, path: &TreePath) -> Result<Arc<Source>, ReadError> {
        let known = |sources: &BTreeMap<TreePath, Arc<Source>>| sources.get(path).cloned();
        if let Some(source) = known(&self.sources.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(source);
        }
        let text = String::from_utf8(self.load(path)?).map_err(|error| ReadError::NotUtf8 {
            path: path.clone(),
            offset: error.utf8_error().valid_up_to(),
        })?;
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let source =
            sources.entry(path.clone()).or_insert_with(|| Source::file(path.clone(), text));
        Ok(Arc::clone(source))
    }

    fn files(&self) -> &[TreePath] {
        self.files.get_or_init(|| {
            let files = self.entries.iter().filter(|(_, kind)| matches!(kind, Kind::File(_)));
            files.map(|(path, _)| path.clone()).collect()
        })
    }

    fn manifests(&self) -> &[TreePath] {
        &self.manifests
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests make the files that are committed")]

    use std::fs;
    use std::path::Path;

    use git2::Repository;

    use crate::git::error::GitError;
    use crate::git::repository::Git;
    use crate::git::testing;
    use crate::text::path::TreePath;
    use crate::tree::{Entry, ReadError, Tree as _};

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    fn commit(repository: &Repository, files: &[(&str, &str)]) {
        let root = repository.workdir().unwrap();
        for (file, text) in files {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), text).unwrap();
        }
        testing::commit(repository);
    }

    fn open(root: &Path, below: &str) -> Git {
        Git::required(root).unwrap().rooted(&root.join(below)).unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn shows_files_and_links_below_the_tree() {
        let sandbox = tempfile::tempdir().unwrap();
        let repository = Repository::init(sandbox.path()).unwrap();
        for (target, link) in
            [("../a", "p/up"), ("d", "p/to-d"), ("d/x.yaml", "p/to-x.yaml"), ("loop", "p/loop")]
        {
            fs::create_dir_all(sandbox.path().join("p")).unwrap();
            std::os::unix::fs::symlink(target, sandbox.path().join(link)).unwrap();
        }
        commit(
            &repository,
            &[("a.yaml", "a"), ("p/d/x.yaml", "old"), ("p/b.txt", "b"), ("pq/c.yaml", "")],
        );
        commit(&repository, &[("p/d/x.yaml", "new")]);
        let git = open(sandbox.path(), "p");
        let base = git.base("HEAD~1").unwrap();
        assert_eq!(base.manifests(), [path("d/x.yaml"), path("to-x.yaml")]);
        assert_eq!(base.entry(&path("to-d/x.yaml")).unwrap(), (path("d/x.yaml"), Entry::File));
        assert_eq!(base.entry(&path("to-d")).unwrap(), (path("d"), Entry::Directory));
        assert_eq!(base.source(&path("d/x.yaml")).unwrap().text(), "old");
        assert_eq!(&*base.bytes(&path("b.txt")).unwrap(), b"b");
        assert_eq!(git.base("HEAD").unwrap().source(&path("d/x.yaml")).unwrap().text(), "new");
        assert!(matches!(base.entry(&path("up")), Err(ReadError::Outside(_))));
        assert!(matches!(base.entry(&path("loop")), Err(ReadError::System { .. })));
        assert!(matches!(base.entry(&path("nowhere")), Err(ReadError::Missing(_))));
    }

    #[test]
    fn compares_with_where_the_lines_parted() {
        let sandbox = tempfile::tempdir().unwrap();
        let repository = Repository::init(sandbox.path()).unwrap();
        commit(&repository, &[("x.yaml", "common")]);
        let common = repository.head().unwrap().peel_to_commit().unwrap();
        commit(&repository, &[("x.yaml", "theirs")]);
        let theirs = repository.head().unwrap().peel_to_commit().unwrap().id().to_string();
        repository.branch("mine", &common, false).unwrap();
        repository.set_head("refs/heads/mine").unwrap();
        commit(&repository, &[("x.yaml", "mine")]);
        let git = open(sandbox.path(), "");
        assert_eq!(git.base(&theirs).unwrap().source(&path("x.yaml")).unwrap().text(), "common");
        let error = git.base("nowhere").err().unwrap();
        assert!(matches!(error, GitError::UnknownRevision { shallow: false, .. }), "{error}");
        assert!(error.help().unwrap().contains("--base"));
    }
}
