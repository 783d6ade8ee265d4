//! A Git work tree, and what Git knows of its files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use git2::{ErrorCode, Repository, RepositoryOpenFlags, StatusOptions};

use crate::history::error::HistoryError;
use crate::text::path::TreePath;

/// A Git repository with a work tree; paths count from the tree's root, which may lie below the work tree's.
pub struct Git {
    repository: Mutex<Repository>,
    work_tree: PathBuf,
    git_dir: PathBuf,
    prefix: TreePath,
    tracked: HashSet<TreePath>,
}

impl Git {
    /// Finds the repository that a directory belongs to; `None` where there is none.
    ///
    /// # Errors
    /// When there is one that cannot be used.
    pub fn discover(directory: &Path) -> Result<Option<Self>, HistoryError> {
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
            return Err(HistoryError::Bare(git_dir));
        };
        let work_tree = work_tree.canonicalize().map_err(|error| HistoryError::System {
            path: work_tree.to_owned(),
            reason: error.to_string(),
        })?;
        let tracked = tracked(&repository).map_err(|error| refused(&work_tree, &error))?;
        let repository = Mutex::new(repository);
        Ok(Some(Self { repository, work_tree, git_dir, prefix: TreePath::root(), tracked }))
    }

    /// The repository that a directory belongs to, for what cannot be done without.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub fn required(directory: &Path) -> Result<Self, HistoryError> {
        Self::discover(directory)?.ok_or_else(|| HistoryError::NoRepository(directory.to_owned()))
    }

    /// The same repository with paths that count from `root`.
    ///
    /// # Errors
    /// When `root` is not in the work tree.
    pub fn rooted(mut self, root: &Path) -> Result<Self, HistoryError> {
        let outside = || HistoryError::Outside {
            directory: root.to_owned(),
            work_tree: self.work_tree.clone(),
        };
        let real = root.canonicalize().map_err(|_| outside())?;
        let inside = real.strip_prefix(&self.work_tree).map_err(|_| outside())?;
        self.prefix = inside.to_str().and_then(spell).ok_or_else(outside)?;
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

    /// The tree's root below the work tree's.
    #[must_use]
    pub const fn prefix(&self) -> &TreePath {
        &self.prefix
    }

    /// Whether Git would leave a path out. What is tracked is never ignored, nor is a directory that holds something tracked.
    #[must_use]
    pub fn is_ignored(&self, path: &TreePath, is_directory: bool) -> bool {
        let path = self.full(path);
        if self.tracked.contains(&path) {
            return false;
        }
        let mut asked = path.as_str().to_owned();
        if is_directory {
            asked.push('/');
        }
        self.repository().is_path_ignored(asked).unwrap_or(false)
    }

    /// Which of these files differ from the last commit: edited, staged, removed, or not tracked yet.
    ///
    /// # Errors
    /// When Git cannot tell.
    pub fn uncommitted(&self, paths: &[TreePath]) -> Result<Vec<TreePath>, HistoryError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let mut options = StatusOptions::new();
        options.disable_pathspec_match(true).include_untracked(true).recurse_untracked_dirs(true);
        options.exclude_submodules(true).update_index(false);
        for path in paths {
            options.pathspec(self.full(path).as_str());
        }
        let repository = self.repository();
        let statuses = repository
            .statuses(Some(&mut options))
            .map_err(|error| refused(&self.work_tree, &error))?;
        let changed: HashSet<Vec<u8>> = statuses
            .iter()
            .filter(|entry| !entry.status().is_ignored())
            .map(|entry| entry.path_bytes().to_vec())
            .collect();
        let differs = |path: &&TreePath| changed.contains(self.full(path).as_str().as_bytes());
        Ok(paths.iter().filter(differs).cloned().collect())
    }

    /// Whether there is no commit yet.
    #[must_use]
    pub fn head_is_unborn(&self) -> bool {
        self.repository().head().is_err_and(|error| error.code() == ErrorCode::UnbornBranch)
    }

    fn repository(&self) -> MutexGuard<'_, Repository> {
        self.repository.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn full(&self, path: &TreePath) -> TreePath {
        self.prefix.join(path.as_str()).unwrap_or_else(|| path.clone())
    }
}

/// Every tracked file, and every directory that holds one.
fn tracked(repository: &Repository) -> Result<HashSet<TreePath>, git2::Error> {
    let index = repository.index()?;
    let mut tracked = HashSet::with_capacity(index.len() * 2);
    for entry in index.iter() {
        let Some(path) = std::str::from_utf8(&entry.path).ok().and_then(TreePath::new) else {
            continue;
        };
        let mut directory = path.parent();
        tracked.insert(path);
        while !directory.as_str().is_empty() && tracked.insert(directory.clone()) {
            directory = directory.parent();
        }
    }
    Ok(tracked)
}

fn spell(path: &str) -> Option<TreePath> {
    if cfg!(windows) { TreePath::new(&path.replace('\\', "/")) } else { TreePath::new(path) }
}

fn refused(path: &Path, error: &git2::Error) -> HistoryError {
    let path = path.to_owned();
    let message = error.message();
    if error.code() == ErrorCode::Owner {
        HistoryError::Owner(path)
    } else if message.contains("refstorage") {
        HistoryError::Reftable(path)
    } else if message.contains("object format") || message.contains("objectformat") {
        HistoryError::Sha256(path)
    } else {
        HistoryError::System { path, reason: message.to_owned() }
    }
}
