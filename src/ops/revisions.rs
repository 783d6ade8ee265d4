//! The tree as Git has it elsewhere than in the work tree.

use std::sync::Arc;

use crate::config::parse;
use crate::config::settings::Config;
use crate::disk::locate::CONFIG;
use crate::git::error::GitError;
use crate::git::snapshot::Snapshot;
use crate::ops::failure::Failure;
use crate::ops::session::Session;
use crate::repo::{Repo, Scope};
use crate::text::path::TreePath;
use crate::tree::{ReadError, Tree};

impl Session {
    /// The tree as it was where the line of a revision parted from the checked-out one, under the settings of that time;
    /// `None` where nothing was committed yet. `beside` is a tree that is probably similar.
    ///
    /// # Errors
    /// When Git does not know the revision, or its tree cannot be loaded.
    pub fn base(&self, revision: &str, beside: Option<&Repo>) -> Result<Option<Repo>, Failure> {
        let git = self.required_git()?;
        if git.head_is_unborn() {
            return Ok(None);
        }
        let snapshot = Arc::new(git.base(revision)?);
        let tree: Arc<dyn Tree> = Arc::<Snapshot>::clone(&snapshot);
        let path = TreePath::root().join(CONFIG).unwrap_or_else(TreePath::root);
        let config = match tree.source(&path) {
            // Settings that were broken then say nothing about now.
            Ok(source) => parse::parse(&source).ok(),
            Err(_) => None,
        };
        let is_same = |path: &TreePath, bytes: &[u8]| git.is_in(&snapshot, path, bytes);
        let settings = config.clone().unwrap_or_default();
        match beside.and_then(|beside| beside.beside(&tree, &settings, is_same)) {
            Some(shared) => Ok(Some(shared)),
            None => Ok(Some(self.load_other(tree, config)?)),
        }
    }

    /// The tree of a branch's newest commit, under its own settings, or else those of the checked-out one.
    ///
    /// # Errors
    /// When Git does not know the branch, or its tree cannot be loaded.
    pub fn branch(&self, name: &str, repo: &Repo) -> Result<Repo, Failure> {
        let git = self.required_git()?;
        let tree = git.line(Some(name))?.snapshot()?;
        let tree = tree.ok_or_else(|| GitError::Unborn(git.work_tree().to_owned()))?;
        let path = TreePath::root().join(CONFIG).unwrap_or_else(TreePath::root);
        let own = tree.source(&path).ok().and_then(|source| parse::parse(&source).ok());
        let config = own.unwrap_or_else(|| repo.config.clone());
        self.load_other(Arc::new(tree), Some(config))
    }

    /// The tree of a branch's newest commit, under its own settings, whatever is checked out.
    ///
    /// # Errors
    /// When Git does not know the branch, or its tree or its settings cannot be loaded.
    pub fn newest(&self, branch: &str) -> Result<Repo, Failure> {
        let git = self.required_git()?;
        let tree = git.line(Some(branch))?.snapshot()?;
        let tree = tree.ok_or_else(|| GitError::Unborn(git.work_tree().to_owned()))?;
        let path = TreePath::root().join(CONFIG).unwrap_or_else(TreePath::root);
        let config = if self.named_config.is_some() {
            self.config.clone()
        } else {
            match tree.source(&path) {
                Ok(source) => Some(parse::parse(&source)?),
                Err(ReadError::Missing(_)) => None,
                Err(error) => return Err(error.into()),
            }
        };
        self.load_other(Arc::new(tree), config)
    }

    /// Another tree than the checked-out one, with its charts rendered alike.
    fn load_other(&self, tree: Arc<dyn Tree>, config: Option<Config>) -> Result<Repo, Failure> {
        Ok(Repo::load_rendering(tree, config, Scope::Everything, self.renders.clone())?)
    }
}
