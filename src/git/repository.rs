//! A Git work tree, and what Git knows about its files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use git2::{ErrorCode, IndexEntryExtendedFlag, Repository, RepositoryOpenFlags, StatusOptions};

use crate::git::error::GitError;
use crate::git::ignore::Ignored;
use crate::git::loose;
use crate::git::recorded::Recorded;
use crate::text::path::TreePath;

/// A Git repository with a work tree; paths are relative to the tree's root, which may be below the work tree's.
pub struct Git {
    repository: Mutex<Repository>,
    work_tree: PathBuf,
    git_dir: PathBuf,
    prefix: TreePath,
    tracked: HashSet<TreePath>,
    ignored: Ignored,
    pub(super) recorded: Recorded,
    /// An object that was cut off, once the objects were looked at.
    broken: OnceLock<Option<PathBuf>>,
    /// The same for the content of a file, which may be looked at only when it is read.
    pub(super) broken_content: Arc<OnceLock<PathBuf>>,
    /// The tracked files that a sparse checkout leaves out, relative to the work tree's root.
    left_out: Vec<TreePath>,
}

impl Git {
    /// Finds the repository that a directory belongs to; `None` if there is none. `user_ignore` is where the user's ignore
    /// patterns are, unless Git's configuration says otherwise.
    ///
    /// # Errors
    /// When there is one that cannot be used.
    pub fn discover(
        directory: &Path,
        user_ignore: Option<PathBuf>,
    ) -> Result<Option<Self>, GitError> {
        git2::opts::strict_hash_verification(false);
        let none: [&Path; 0] = [];
        let opened = Repository::open_ext(directory, RepositoryOpenFlags::CROSS_FS, none);
        let repository = match opened {
            Ok(repository) => repository,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(refused(directory, &error)),
        };
        let git_dir = repository.path().to_owned();
        let Some(work_tree) = repository.workdir() else {
            return Err(GitError::Bare(git_dir));
        };
        let work_tree = work_tree.canonicalize().map_err(|error| GitError::System {
            path: work_tree.to_owned(),
            reason: error.to_string(),
        })?;
        let recorded = recorded(&repository, user_ignore.as_deref());
        let (tracked, left_out) =
            tracked(&repository).map_err(|error| refused(&work_tree, &error))?;
        let ignored = ignored(&repository, &work_tree, user_ignore);
        let (repository, prefix) = (Mutex::new(repository), TreePath::root());
        Ok(Some(Self {
            repository,
            work_tree,
            git_dir,
            prefix,
            tracked,
            ignored,
            recorded,
            broken: OnceLock::new(),
            broken_content: Arc::default(),
            left_out,
        }))
    }

    /// The repository that a directory belongs to, for commands that require one.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub fn required(directory: &Path) -> Result<Self, GitError> {
        Self::discover(directory, None)?.ok_or_else(|| GitError::NoRepository(directory.to_owned()))
    }

    /// The same repository with paths relative to `root`.
    ///
    /// # Errors
    /// When `root` is not in the work tree.
    pub fn rooted(mut self, root: &Path) -> Result<Self, GitError> {
        let outside =
            || GitError::Outside { directory: root.to_owned(), work_tree: self.work_tree.clone() };
        let real = root.canonicalize().map_err(|_| outside())?;
        let inside = real.strip_prefix(&self.work_tree).map_err(|_| outside())?;
        self.prefix = TreePath::of_system(inside).ok_or_else(outside)?;
        Ok(self)
    }

    /// The work tree's root, links followed.
    #[must_use]
    pub fn work_tree(&self) -> &Path {
        &self.work_tree
    }

    /// The work tree's own Git directory.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The tree's root, relative to the work tree's.
    #[must_use]
    pub const fn prefix(&self) -> &TreePath {
        &self.prefix
    }

    /// Whether Git ignores a path. Tracked files and the directories that contain them are never ignored.
    #[must_use]
    pub fn is_ignored(&self, path: &TreePath, is_directory: bool) -> bool {
        let path = self.full(path);
        if self.tracked.contains(&path) {
            return false;
        }
        self.ignored.has(&path, is_directory)
    }

    /// Which of these files differ from the last commit: modified, staged, removed, or untracked.
    ///
    /// # Errors
    /// When Git cannot tell.
    pub fn uncommitted(&self, paths: &[TreePath]) -> Result<Vec<TreePath>, GitError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        self.check_objects()?;
        let changed = self.changed(paths).map_err(|error| refused(&self.work_tree, &error))?;
        let differs = |path: &&TreePath| changed.contains(self.full(path).as_str().as_bytes());
        Ok(paths.iter().filter(differs).cloned().collect())
    }

    /// Which of these files differ, by their full paths. Libgit2 is not asked for untracked ones: it would match them with the
    /// patterns of ignored files.
    fn changed(&self, paths: &[TreePath]) -> Result<HashSet<Vec<u8>>, git2::Error> {
        let repository = self.repository();
        let mut index = repository.index()?;
        index.read(false)?;
        let mut options = StatusOptions::new();
        options.disable_pathspec_match(true).include_untracked(false);
        options.exclude_submodules(true).update_index(false);
        let full = paths.iter().map(|path| self.full(path));
        let (tracked, others): (Vec<TreePath>, Vec<TreePath>) =
            full.partition(|path| index.get_path(Path::new(path.as_str()), 0).is_some());
        tracked.iter().for_each(|path| {
            options.pathspec(path.as_str());
        });
        let mut changed = HashSet::new();
        if !tracked.is_empty() {
            let statuses = repository.statuses(Some(&mut options))?;
            changed.extend(statuses.iter().map(|entry| entry.path_bytes().to_vec()));
        }
        // A file that was removed from the index, or one that is new.
        let head = repository.head().and_then(|head| head.peel_to_tree()).ok();
        let was = |path: &TreePath| {
            head.as_ref().is_some_and(|tree| tree.get_path(Path::new(path.as_str())).is_ok())
        };
        let is_new = |path: &TreePath| {
            let found = self.work_tree.join(path.as_str()).symlink_metadata();
            found.is_ok() && !self.ignored.has(path, false)
        };
        let others = others.iter().filter(|path| was(path) || is_new(path));
        changed.extend(others.map(|path| path.as_str().as_bytes().to_vec()));
        Ok(changed)
    }

    /// The repository, to read objects of it that are known to be whole.
    ///
    /// # Errors
    /// When an object was cut off, or the repository cannot be opened.
    pub(super) fn objects(&self) -> Result<Repository, GitError> {
        self.check_objects()?;
        Repository::open(self.git_dir()).map_err(|error| self.failed(&error))
    }

    /// The repository, to read objects of it; the content of files need not be whole: [`Git::check_read`] tells.
    ///
    /// # Errors
    /// When another object was cut off, or the repository cannot be opened.
    pub(super) fn structure(&self) -> Result<Repository, GitError> {
        let directory = self.repository().commondir().to_owned();
        if let Some(object) = loose::broken_structure(&directory) {
            return Err(GitError::Broken(object));
        }
        Repository::open(self.git_dir()).map_err(|error| self.failed(&error))
    }

    /// Whether all that was read of [`Git::base`] so far was whole.
    ///
    /// # Errors
    /// When a file had been cut off.
    pub fn check_read(&self) -> Result<(), GitError> {
        self.broken_content.get().map_or(Ok(()), |object| Err(GitError::Broken(object.clone())))
    }

    fn check_objects(&self) -> Result<(), GitError> {
        let directory = || self.repository().commondir().to_owned();
        match self.broken.get_or_init(|| loose::broken(&directory())) {
            Some(object) => Err(GitError::Broken(object.clone())),
            None => Ok(()),
        }
    }

    /// Whether a file is in the index.
    #[must_use]
    pub fn is_tracked(&self, path: &TreePath) -> bool {
        self.is_in_index(&self.full(path))
    }

    /// The same for a path relative to the work tree's root.
    pub(super) fn is_in_index(&self, path: &TreePath) -> bool {
        self.tracked.contains(path)
    }

    /// The tracked files below the tree's root that a sparse checkout leaves out, relative to the work tree's root.
    pub fn left_out(&self) -> impl Iterator<Item = &TreePath> {
        let is_there = |path: &&TreePath| self.work_tree.join(path.as_str()).exists();
        self.left_out
            .iter()
            .filter(|path| path.is_within(&self.prefix))
            .filter(move |path| !is_there(path))
    }

    /// Whether there is no commit yet.
    #[must_use]
    pub fn head_is_unborn(&self) -> bool {
        self.repository().head().is_err_and(|error| error.code() == ErrorCode::UnbornBranch)
    }

    pub(super) fn repository(&self) -> MutexGuard<'_, Repository> {
        self.repository.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn full(&self, path: &TreePath) -> TreePath {
        self.prefix.join(path.as_str()).unwrap_or_else(|| path.clone())
    }
}

/// The ignore patterns of a repository; `user_ignore` holds unless `core.excludesFile` names another file.
fn ignored(repository: &Repository, work_tree: &Path, user_ignore: Option<PathBuf>) -> Ignored {
    let config = repository.config().and_then(|mut config| config.snapshot());
    let named = config.as_ref().ok().and_then(|config| config.get_path("core.excludesFile").ok());
    let ignores_case = config.as_ref().is_ok_and(|one| one.get_bool("core.ignoreCase") == Ok(true));
    let of_user = named.or(user_ignore);
    Ignored::new(work_tree.to_owned(), repository.commondir(), of_user, ignores_case)
}

/// What it takes to trust the index. The user's attributes are beside the ignore patterns, unless `core.attributesFile` names
/// another file.
fn recorded(repository: &Repository, user_ignore: Option<&Path>) -> Recorded {
    let config = repository.config().and_then(|mut config| config.snapshot());
    let named = config.and_then(|config| config.get_path("core.attributesFile")).ok();
    let of_user = named.or_else(|| Some(user_ignore?.with_file_name("attributes")));
    Recorded::new(repository.path(), repository.commondir(), of_user)
}

/// Every tracked file, and every directory that contains one; and the files that a sparse checkout leaves out.
fn tracked(repository: &Repository) -> Result<(HashSet<TreePath>, Vec<TreePath>), git2::Error> {
    let index = repository.index()?;
    let mut left_out = Vec::new();
    let mut tracked = HashSet::with_capacity(index.len() * 2);
    for entry in index.iter() {
        let Some(path) = std::str::from_utf8(&entry.path).ok().and_then(TreePath::new) else {
            continue;
        };
        let mut directory = path.parent();
        if entry.flags_extended & IndexEntryExtendedFlag::SKIP_WORKTREE.bits() != 0 {
            left_out.push(path.clone());
        }
        tracked.insert(path);
        while !directory.as_str().is_empty() && tracked.insert(directory.clone()) {
            directory = directory.parent();
        }
    }
    Ok((tracked, left_out))
}

fn refused(path: &Path, error: &git2::Error) -> GitError {
    let path = path.to_owned();
    let message = error.message();
    if error.code() == ErrorCode::Owner {
        GitError::Owner(path)
    } else if message.contains("refstorage") {
        GitError::Reftable(path)
    } else if message.contains("object format") || message.contains("objectformat") {
        GitError::Sha256(path)
    } else {
        GitError::System { path, reason: message.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests make the files that Git is asked about")]

    use std::fs;
    use std::path::Path;

    use git2::{Repository, RepositoryInitOptions};

    use super::Git;
    use crate::git::error::GitError;
    use crate::git::testing::commit;
    use crate::text::path::TreePath;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    fn write(root: &Path, file: &str, text: &str) {
        let full = root.join(file);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, text).unwrap();
    }

    /// A repository with a commit of `files`.
    fn sandbox(files: &[&str]) -> (tempfile::TempDir, Repository) {
        let sandbox = tempfile::tempdir().unwrap();
        let repository = Repository::init(sandbox.path()).unwrap();
        repository.config().unwrap().set_str("core.excludesFile", "/dev/null").unwrap();
        for file in files {
            write(sandbox.path(), file, "old");
        }
        commit(&repository);
        (sandbox, repository)
    }

    #[test]
    fn finds_the_repository_and_its_parts() {
        let (sandbox, _) = sandbox(&["a/b/x"]);
        let root = sandbox.path().canonicalize().unwrap();
        let git = Git::discover(&root.join("a/b"), None).unwrap().unwrap();
        assert_eq!((git.work_tree(), git.prefix()), (&*root, &TreePath::root()));
        assert!(!git.head_is_unborn());
        let git = git.rooted(&root.join("a")).unwrap();
        assert_eq!(git.prefix(), &path("a"));
        assert!(matches!(git.rooted(Path::new("/")), Err(GitError::Outside { .. })));
    }

    #[test]
    fn says_that_there_is_no_repository() {
        let sandbox = tempfile::tempdir().unwrap();
        assert!(Git::discover(sandbox.path(), None).unwrap().is_none());
        let error = Git::required(sandbox.path()).err().unwrap();
        assert!(matches!(error, GitError::NoRepository(_)) && error.help().is_some());
    }

    #[test]
    fn refuses_repositories_it_cannot_read() {
        let refused = |extension: &str, format: &str| {
            let (sandbox, _) = sandbox(&["x"]);
            let config = sandbox.path().join(".git/config");
            let text = fs::read_to_string(&config).unwrap();
            let text = text.replace("repositoryformatversion = 0", "repositoryformatversion = 1");
            fs::write(&config, format!("{text}[extensions]\n\t{extension} = {format}\n")).unwrap();
            Git::discover(sandbox.path(), None).err().unwrap()
        };
        assert!(matches!(refused("refstorage", "reftable"), GitError::Reftable(_)));
        let sha256 = refused("objectformat", "sha256");
        assert!(matches!(sha256, GitError::Sha256(_)), "{sha256}");
        assert!(matches!(refused("strange", "true"), GitError::System { .. }));
        let bare = tempfile::tempdir().unwrap();
        Repository::init_bare(bare.path()).unwrap();
        assert!(matches!(Git::discover(bare.path(), None), Err(GitError::Bare(_))));
    }

    #[test]
    fn ignores_what_git_ignores_and_nothing_that_is_tracked() {
        let (sandbox, _) = sandbox(&["part/kept.log", "part/deep/kept.log"]);
        for (file, text) in [
            (".gitignore", "*.log\n/part/out/\n"),
            ("part/.gitignore", "local\n*.tmp\n!good.tmp\n"),
        ] {
            write(sandbox.path(), file, text);
        }
        let git = Git::discover(sandbox.path(), None).unwrap().unwrap();
        let git = git.rooted(&sandbox.path().join("part")).unwrap();
        let ignored = |file: &str| git.is_ignored(&path(file), false);
        assert!(
            ignored("new.log") && ignored("deep/new.log") && ignored("local") && ignored("out/x")
        );
        assert!(!ignored("kept.log") && !ignored("deep/kept.log") && !ignored("good.tmp"));
        assert!(ignored("bad.tmp") && !ignored("x.yaml"));
        assert!(git.is_ignored(&path("out"), true) && !git.is_ignored(&path("out"), false));
        assert!(!git.is_ignored(&path("deep"), true));
    }

    #[test]
    fn tells_which_files_differ_from_the_last_commit() {
        let (sandbox, repository) =
            sandbox(&["p/same", "p/edited", "p/staged", "p/removed", "p/[x]", "q/edited"]);
        for file in ["p/edited", "p/staged", "p/new/new", "q/edited"] {
            write(sandbox.path(), file, "new");
        }
        fs::remove_file(sandbox.path().join("p/removed")).unwrap();
        let mut index = repository.index().unwrap();
        index.add_path(Path::new("p/staged")).unwrap();
        index.write().unwrap();
        let git = Git::discover(sandbox.path(), None).unwrap().unwrap();
        let git = git.rooted(&sandbox.path().join("p")).unwrap();
        let asked = ["same", "edited", "staged", "removed", "new/new", "[x]", "never", "new/never"]
            .map(path);
        let expected = ["edited", "staged", "removed", "new/new"].map(path);
        assert_eq!(git.uncommitted(&asked).unwrap(), expected);
        assert_eq!(git.uncommitted(&[]).unwrap(), []);
        assert_eq!(git.uncommitted(&[path("same")]).unwrap(), []);
    }

    #[test]
    fn takes_line_ends_as_git_does() {
        let sandbox = tempfile::tempdir().unwrap();
        let repository = Repository::init(sandbox.path()).unwrap();
        repository.config().unwrap().set_str("core.autocrlf", "true").unwrap();
        write(sandbox.path(), "x", "a\r\nb\r\n");
        commit(&repository);
        let blob =
            repository.head().unwrap().peel_to_tree().unwrap().get_path(Path::new("x")).unwrap();
        assert_eq!(repository.find_blob(blob.id()).unwrap().content(), b"a\nb\n");
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
        let file = fs::File::options().append(true).open(sandbox.path().join("x")).unwrap();
        file.set_modified(later).unwrap();
        let git = Git::discover(sandbox.path(), None).unwrap().unwrap();
        assert_eq!(git.uncommitted(&[path("x")]).unwrap(), []);
    }

    #[test]
    fn works_before_the_first_commit() {
        let sandbox = tempfile::tempdir().unwrap();
        Repository::init_opts(sandbox.path(), &RepositoryInitOptions::new()).unwrap();
        write(sandbox.path(), "x", "");
        let git = Git::discover(sandbox.path(), None).unwrap().unwrap();
        assert!(git.head_is_unborn());
        assert_eq!(git.uncommitted(&[path("x"), path("y")]).unwrap(), [path("x")]);
        assert!(!git.is_ignored(&path("x"), false));
    }

    #[test]
    fn keeps_the_git_directory_of_a_linked_work_tree_apart() {
        let (sandbox, repository) = sandbox(&["x"]);
        let other = tempfile::tempdir().unwrap();
        repository.worktree("other", &other.path().join("tree"), None).unwrap();
        let git = Git::discover(&other.path().join("tree"), None).unwrap().unwrap();
        assert!(git.git_dir().ends_with(".git/worktrees/other"));
        assert_eq!(git.uncommitted(&[path("x")]).unwrap(), []);
        drop(sandbox);
    }
}
