//! What every command begins with: the tree, its configuration, its Git repository.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::opening::{
    before_step, current_directory, known_holds, left_out, nested, open_writer, read_config, site,
};
use crate::config::parse;
use crate::config::settings::Config;
use crate::disk::locate::{CONFIG, canonical, locate};
use crate::disk::tree::DiskTree;
use crate::disk::walk::Skipped;
use crate::disk::write::{Change, Writer};
use crate::history::error::HistoryError;
use crate::history::git::Git;
use crate::plan::{FileChange, word};
use crate::repo::{Repo, Scope};
use crate::report::console::Console;
use crate::report::message::{self, Message};
use crate::text::path::TreePath;
use crate::text::tree::{ReadError, Tree as _};
use crate::timeline::Timeline;
use crate::timeline::walk::Depth;

/// What a command does with the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only reads.
    Read,
    /// It writes; no other run may write meanwhile.
    Write,
}

/// An opened tree.
pub struct Session {
    tree: Arc<DiskTree>,
    git: Option<Git>,
    config: Option<Config>,
    writer: Option<Writer>,
    /// The directory that paths on the command line count from.
    start: PathBuf,
    /// Whether that is the tree's own.
    starts_at_root: bool,
    /// Whether `-C` named it.
    is_named: bool,
    /// The settings that `--config` named.
    named_config: Option<PathBuf>,
}

impl Session {
    /// Finds the tree, finishes or takes back what an interrupted run left, and reads the configuration.
    ///
    /// # Errors
    /// When there is no tree, or its configuration or Git repository cannot be read.
    pub fn open(global: &Global, console: &Console, access: Access) -> Result<Self, Failure> {
        let (start, explicit) = match &global.directory {
            Some(directory) => (directory.clone(), true),
            None => (current_directory()?, false),
        };
        let git = Git::discover(&start)?;
        let root = locate(&start, explicit, git.as_ref().map(Git::work_tree))?;
        let git = git.map(|git| git.rooted(&root)).transpose()?;
        console.detail(&format!("tree: {}", root.display()));
        let site = site(git.as_ref(), &root)?;
        let writer = match access {
            Access::Write => Some(open_writer(&site, console)?),
            Access::Read => None,
        };
        if writer.is_none() && site.is_being_written() {
            let text = "an interrupted run left this tree half-written, or another run is writing";
            let help = "the next command that writes brings it in order first";
            message::warning(&Message::new(text).help(help), console);
        }
        let ignored = |path: &TreePath, is_directory: bool| {
            git.as_ref().is_some_and(|git| git.is_ignored(path, is_directory))
        };
        let tree = DiskTree::open(&root, ignored)?;
        for skipped in tree.skipped() {
            let text = format!("{}: {}", skipped.path, skipped.reason);
            message::warning(&Message::new(text), console);
        }
        match left_out(git.as_ref()) {
            Some(message) if writer.is_some() => return Err(Failure::usage(message)),
            Some(message) => message::warning(&message, console),
            None => {}
        }
        if let Some(message) = nested(&tree) {
            message::warning(&message, console);
        }
        let config = read_config(global, &start, &tree)?;
        let named_config = global.config.clone();
        let starts_at_root = canonical(&start).is_ok_and(|here| here == tree.root());
        let tree = Arc::new(tree);
        let is_named = explicit;
        Ok(Self { tree, git, config, writer, start, starts_at_root, is_named, named_config })
    }

    /// Whether the tree is in a Git repository.
    #[must_use]
    pub const fn has_git(&self) -> bool {
        self.git.is_some()
    }

    /// Whether nothing was committed yet.
    #[must_use]
    pub fn is_unborn(&self) -> bool {
        self.git.as_ref().is_some_and(Git::head_is_unborn)
    }

    /// The tree as the person would name it from here; `None` where it is the current directory.
    #[must_use]
    pub fn named(&self) -> Option<String> {
        let here = self.starts_at_root;
        let named = if here { &self.start } else { self.tree.root() };
        (self.is_named || !here).then(|| named.display().to_string())
    }

    /// The tree's directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.tree.root()
    }

    /// What of the tree could not be read.
    #[must_use]
    pub fn unread(&self) -> &[Skipped] {
        self.tree.skipped()
    }

    /// How the program is called for this tree.
    #[must_use]
    pub fn program(&self) -> String {
        let tree = self.named().map_or_else(String::new, |tree| format!(" -C {}", word(&tree)));
        let config = self.named_config.as_ref();
        let config = config.map_or_else(String::new, |file| {
            format!(" --config {}", word(&file.to_string_lossy()))
        });
        format!("rotate{tree}{config}")
    }

    /// How Git is called for this tree; `None` where it is in no Git repository.
    #[must_use]
    pub fn git_program(&self) -> Option<String> {
        let tree = self.named().map_or_else(String::new, |tree| format!(" -C {}", word(&tree)));
        self.git.as_ref().map(|_| format!("git{tree}"))
    }

    /// The Git repository around the tree, if there is one.
    #[must_use]
    pub const fn git(&self) -> Option<&Git> {
        self.git.as_ref()
    }

    /// Refuses new files that Git would leave out of every commit.
    ///
    /// # Errors
    /// When there are any.
    pub fn refuse_ignored(&self, changes: &[FileChange]) -> Result<(), Failure> {
        let Some(git) = &self.git else { return Ok(()) };
        let mut new = changes.iter().filter(|change| change.before.is_none());
        let Some(change) = new.find(|change| git.is_ignored(&change.path, false)) else {
            return Ok(());
        };
        let path = &change.path;
        let text = format!("Git would ignore the new file `{path}`; nothing was written");
        let help = format!(
            "`git check-ignore --verbose {path}` names the rule; take it back with a `!` rule"
        );
        Err(Failure::usage(Message::new(text).help(help)))
    }

    /// Refuses changes to files that differ from the last commit.
    ///
    /// # Errors
    /// When there are any and they are not allowed, or Git cannot tell.
    pub fn refuse_uncommitted(&self, changes: &[FileChange], allowed: bool) -> Result<(), Failure> {
        let (Some(git), false) = (&self.git, allowed) else { return Ok(()) };
        let paths: Vec<TreePath> = changes.iter().map(|change| change.path.clone()).collect();
        let dirty = git.uncommitted(&paths)?;
        if dirty.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = dirty.iter().map(TreePath::as_str).collect();
        let text = format!("uncommitted changes in {}; nothing was written", names.join(", "));
        let help = "commit or stash them, so that this change is a commit of its own; or take `--allow-dirty`";
        Err(Failure::usage(Message::new(text).help(help)))
    }

    /// The Git repository around the tree.
    ///
    /// # Errors
    /// When there is none.
    pub fn required_git(&self) -> Result<&Git, Failure> {
        let none = || HistoryError::NoRepository(self.tree.root().to_owned());
        Ok(self.git.as_ref().ok_or_else(none)?)
    }

    /// Writes all changes or none.
    ///
    /// # Errors
    /// When the system refuses, or a file changed since it was read.
    pub fn write(&self, changes: &[FileChange]) -> Result<(), Failure> {
        let bytes = |text: &str| text.as_bytes().to_vec();
        let changes: Vec<Change> = changes
            .iter()
            .map(|change| Change {
                path: change.path.clone(),
                before: change.before.as_ref().map(|source| bytes(source.text())),
                after: change.after.as_deref().map(bytes),
            })
            .collect();
        let Some(writer) = &self.writer else { return Ok(()) };
        Ok(writer.commit_with(&changes, &mut before_step)?)
    }

    /// Loads the whole tree.
    ///
    /// # Errors
    /// When the configuration does not fit it.
    pub fn repo(&self) -> Result<Repo, Failure> {
        self.load(Scope::Everything)
    }

    /// Loads these directories as build roots, or all of the tree.
    ///
    /// # Errors
    /// When a directory is not in the tree, or the configuration does not fit.
    pub fn roots(&self, directories: &[String]) -> Result<Repo, Failure> {
        if directories.is_empty() {
            return self.repo();
        }
        self.load(Scope::Directories(self.tree_paths(directories)?))
    }

    /// The tree as it was where the line of a revision parted from the checked-out one, under the settings of that time;
    /// `None` where nothing was committed yet.
    ///
    /// # Errors
    /// When Git does not know the revision, or its tree cannot be loaded.
    pub fn base(&self, revision: &str) -> Result<Option<Repo>, Failure> {
        let git = self.required_git()?;
        if git.head_is_unborn() {
            return Ok(None);
        }
        let tree = Arc::new(git.base(revision)?);
        let path = TreePath::root().join(CONFIG).unwrap_or_else(TreePath::root);
        let config = match tree.source(&path) {
            // Settings that were broken then say nothing about now.
            Ok(source) => parse::parse(&source).ok(),
            Err(_) => None,
        };
        Ok(Some(Repo::load(tree, config, Scope::Everything)?))
    }

    /// The tree of a branch's newest commit, under its own settings, or else those of the checked-out one.
    ///
    /// # Errors
    /// When Git does not know the branch, or its tree cannot be loaded.
    pub fn branch(&self, name: &str, repo: &Repo) -> Result<Repo, Failure> {
        let git = self.required_git()?;
        let tree = git.line(Some(name))?.snapshot()?;
        let tree = tree.ok_or_else(|| HistoryError::Unborn(git.work_tree().to_owned()))?;
        let path = TreePath::root().join(CONFIG).unwrap_or_else(TreePath::root);
        let own = tree.source(&path).ok().and_then(|source| parse::parse(&source).ok());
        let config = own.unwrap_or_else(|| repo.config.clone());
        Ok(Repo::load(Arc::new(tree), Some(config), Scope::Everything)?)
    }

    /// The tree of a branch's newest commit, under its own settings, whatever is checked out.
    ///
    /// # Errors
    /// When Git does not know the branch, or its tree or its settings cannot be loaded.
    pub fn newest(&self, branch: &str) -> Result<Repo, Failure> {
        let git = self.required_git()?;
        let tree = git.line(Some(branch))?.snapshot()?;
        let tree = tree.ok_or_else(|| HistoryError::Unborn(git.work_tree().to_owned()))?;
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
        Ok(Repo::load(Arc::new(tree), config, Scope::Everything)?)
    }

    /// What the mainline says of every family and environment.
    ///
    /// # Errors
    /// When there is no Git repository, or its history cannot be read.
    pub fn timeline(
        &self,
        repo: &Repo,
        mainline: Option<&str>,
        (depth, now): (Depth, DateTime<Utc>),
    ) -> Result<Timeline, Failure> {
        Ok(Timeline::read_from(self.required_git()?, mainline, repo, (depth, now))?)
    }

    /// The tree's root below the work tree's; the root where there is no Git.
    #[must_use]
    pub fn prefix(&self) -> TreePath {
        self.git.as_ref().map_or_else(TreePath::root, |git| git.prefix().clone())
    }

    /// A file that the command line names, which need not be in the tree.
    #[must_use]
    pub fn file(&self, path: &Path) -> PathBuf {
        self.start.join(path)
    }

    /// Paths of the command line as paths of the tree.
    ///
    /// # Errors
    /// When one is not in the tree.
    pub fn tree_paths(&self, paths: &[String]) -> Result<Vec<TreePath>, Failure> {
        paths.iter().map(|path| self.tree_path(path)).collect()
    }

    /// Whether the settings come from a file.
    #[must_use]
    pub const fn has_config(&self) -> bool {
        self.config.is_some()
    }

    /// Says what is wrong beside the build roots, and what keeps roots from being resolved.
    pub fn report_problems(&self, repo: &Repo, console: &Console) {
        for problem in &repo.problems {
            let message = Message::from(problem);
            message::warning(&message, console);
        }
    }

    fn load(&self, scope: Scope) -> Result<Repo, Failure> {
        let tree: Arc<DiskTree> = Arc::clone(&self.tree);
        let repo = Repo::load(tree, self.config.clone(), scope)?;
        known_holds(&repo)?;
        Ok(repo)
    }

    /// A path that leads to a directory without any link: there is nothing to ask the system about it.
    fn walked(&self, path: &str) -> Option<TreePath> {
        let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        let goes_down = self.starts_at_root && Path::new(path).components().all(is_plain);
        let known = spell(path).filter(|_| goes_down)?;
        self.tree.has_walked(&known).then_some(known)
    }

    /// A path of the command line as a path of the tree.
    fn tree_path(&self, path: &str) -> Result<TreePath, Failure> {
        let outside = || {
            let text = format!("`{path}` is not in the tree {}", self.tree.root().display());
            Failure::usage(Message::new(text).help("name a path of the tree, or use `-C DIR`"))
        };
        if let Some(known) = self.walked(path) {
            return Ok(known);
        }
        let base = self.start.join(path);
        let real = canonical(&base)?;
        let inside = real.strip_prefix(self.tree.root()).map_err(|_| outside())?;
        inside.to_str().and_then(spell).ok_or_else(outside)
    }
}

fn spell(path: &str) -> Option<TreePath> {
    TreePath::new(&path.replace(std::path::MAIN_SEPARATOR, "/"))
}
