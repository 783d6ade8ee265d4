//! What every command begins with: the tree, its configuration, its Git repository.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::builders::render::Renders;
use crate::config::settings::Config;
use crate::disk::locate::{canonical, locate};
use crate::disk::site::{Site, Stamp};
use crate::disk::steps::WriteStep;
use crate::disk::tree::DiskTree;
use crate::disk::walk::Skipped;
use crate::disk::write::{FileWrite, Writer};
use crate::git::error::GitError;
use crate::git::repository::Git;
use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::ops::opening::{known_holds, left_out, nested, open_writer, read_config, site};
use crate::ops::render::Machine;
use crate::plan::FileChange;
use crate::repo::{Repo, Scope};
use crate::text::path::TreePath;
use crate::text::shell::command;
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

/// Called before each step of a write; an error ends it there.
pub type BeforeStep = fn(WriteStep) -> io::Result<()>;

/// Where a command begins.
pub struct Start {
    /// The directory that was named, or the current one.
    pub directory: PathBuf,
    /// Whether it was named.
    pub is_named: bool,
    /// The settings that were named.
    pub config: Option<PathBuf>,
    /// Called before each step of a write.
    pub before_step: BeforeStep,
    /// Where the user's ignore patterns are, unless Git's configuration says otherwise.
    pub user_ignore: Option<PathBuf>,
    /// Where the `helm` is that renders the charts of the tree; `None` if they are not rendered.
    pub helm: Option<Machine>,
}

/// What writes to an opened tree: no other run writes meanwhile.
pub struct TreeWriter {
    writer: Writer,
    before_step: BeforeStep,
}

/// An opened tree.
pub struct Session {
    tree: Arc<DiskTree>,
    git: Option<Git>,
    pub(super) config: Option<Config>,
    /// The directory that paths on the command line count from.
    start: PathBuf,
    /// Whether that is the tree's own.
    starts_at_root: bool,
    /// Whether `-C` named it.
    is_named: bool,
    /// The settings that `--config` named.
    pub(super) named_config: Option<PathBuf>,
    /// What shows that another run writes while this one reads.
    stamp: Option<(Site, Stamp)>,
    /// What renders the charts of the tree; `None` if they are not rendered.
    pub(super) renders: Option<Arc<Renders>>,
}

impl Session {
    /// Finds the tree and reads its configuration, to look at it only.
    ///
    /// # Errors
    /// When there is no tree, or its configuration or Git repository cannot be read.
    pub fn open(start: &Start, events: &dyn Events) -> Result<Self, Failure> {
        Ok(Self::begin(start, events, Access::Read)?.0)
    }

    /// The same, to write to the tree: what an interrupted run left is finished or taken back first.
    ///
    /// # Errors
    /// When another run is writing as well, or only a part of the tree is checked out.
    pub fn open_to_write(
        start: &Start,
        events: &dyn Events,
    ) -> Result<(Self, Option<TreeWriter>), Failure> {
        Self::begin(start, events, Access::Write)
    }

    fn begin(
        start: &Start,
        events: &dyn Events,
        access: Access,
    ) -> Result<(Self, Option<TreeWriter>), Failure> {
        let Start { directory, is_named, config, before_step, user_ignore, helm } = start;
        let renders = helm.as_ref().map(Machine::renders).transpose()?;
        let git = Git::discover(directory, user_ignore.clone())?;
        let root = locate(directory, *is_named, git.as_ref().map(Git::work_tree))?;
        let git = git.map(|git| git.rooted(&root)).transpose()?;
        events.detail(format!("tree: {}", root.display()));
        let site = site(git.as_ref(), &root)?;
        let writer = match access {
            Access::Write => Some(open_writer(&site, *before_step, events)?),
            Access::Read => None,
        };
        if writer.is_none() && site.is_being_written() {
            let text = "an interrupted run left this tree half-written, or another run is writing";
            let help = "the next command that writes repairs it first";
            events.warning(Message::new(text).help(help));
        }
        let stamp = writer.is_none().then(|| (site.clone(), site.stamp()));
        let ignored = |path: &TreePath, is_directory: bool| {
            git.as_ref().is_some_and(|git| git.is_ignored(path, is_directory))
        };
        let tree = DiskTree::open(&root, ignored)?;
        for skipped in tree.skipped() {
            events.warning(Message::new(format!("{}: {}", skipped.path, skipped.reason)));
        }
        match left_out(git.as_ref()) {
            Some(message) if writer.is_some() => return Err(Failure::usage(message)),
            Some(message) => events.warning(message),
            None => {}
        }
        if let Some(message) = nested(&tree) {
            events.warning(message);
        }
        let settings = read_config(config.as_deref(), directory, &tree)?;
        let session = Self {
            starts_at_root: canonical(directory).is_ok_and(|here| here == tree.root()),
            tree: Arc::new(tree),
            git,
            config: settings,
            start: directory.clone(),
            is_named: *is_named,
            named_config: config.clone(),
            stamp,
            renders,
        };
        let writer = writer.map(|writer| TreeWriter { writer, before_step: *before_step });
        Ok((session, writer))
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

    /// The Git repository around the tree, if there is one.
    #[must_use]
    pub const fn git(&self) -> Option<&Git> {
        self.git.as_ref()
    }

    /// Refuses changes that [`Session::obstacle`] has something against.
    ///
    /// # Errors
    /// When it has, or Git cannot tell.
    pub fn refuse(&self, changes: &[FileChange], allows_dirty: bool) -> Result<(), Failure> {
        let Some(mut why) = self.obstacle(changes, allows_dirty)? else { return Ok(()) };
        why.text += "; nothing was written";
        Err(Failure::usage(why))
    }

    /// Why changes are not written: Git would leave a new file out of every commit, or a file differs from the last one.
    ///
    /// # Errors
    /// When Git cannot tell.
    pub fn obstacle(
        &self,
        changes: &[FileChange],
        allows_dirty: bool,
    ) -> Result<Option<Message>, GitError> {
        let Some(git) = &self.git else { return Ok(None) };
        let mut new = changes.iter().filter(|change| change.before.is_none());
        if let Some(FileChange { path, .. }) = new.find(|one| git.is_ignored(&one.path, false)) {
            let text = format!("Git would ignore the new file `{path}`");
            let show = command("git check-ignore --verbose", &[path.as_str()], "");
            let help = format!("`{show}` shows the pattern; negate it with a `!` pattern");
            return Ok(Some(Message::new(text).help(help)));
        }
        let paths: Vec<TreePath> = changes.iter().map(|change| change.path.clone()).collect();
        let dirty = if allows_dirty { Vec::new() } else { git.uncommitted(&paths)? };
        if dirty.is_empty() {
            return Ok(None);
        }
        let names: Vec<&str> = dirty.iter().map(TreePath::as_str).collect();
        let text = format!("uncommitted changes in {}", names.join(", "));
        let help =
            "commit or stash them so that this change gets its own commit, or use `--allow-dirty`";
        Ok(Some(Message::new(text).help(help)))
    }

    /// The Git repository around the tree.
    ///
    /// # Errors
    /// When there is none.
    pub fn required_git(&self) -> Result<&Git, Failure> {
        let none = || GitError::NoRepository(self.tree.root().to_owned());
        Ok(self.git.as_ref().ok_or_else(none)?)
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

    /// The whole tree, with what is wrong with it reported, and what the mainline says of it.
    ///
    /// # Errors
    /// When there is no Git repository, or the tree or its history cannot be read.
    pub fn repo_and_timeline(
        &self,
        mainline: Option<&str>,
        (depth, now): (impl FnOnce(&Repo) -> Depth, DateTime<Utc>),
        events: &dyn Events,
    ) -> Result<(Repo, Timeline), Failure> {
        self.required_git()?;
        let repo = self.repo()?;
        self.report_problems(&repo, events);
        let timeline = self.timeline(&repo, mainline, (depth(&repo), now))?;
        Ok((repo, timeline))
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

    /// Tells what is wrong beside the build roots, and what keeps roots from being resolved.
    pub fn report_problems(&self, repo: &Repo, events: &dyn Events) {
        repo.problems.iter().for_each(|problem| events.warning(Message::from(problem)));
    }

    pub(super) fn load(&self, scope: Scope) -> Result<Repo, Failure> {
        let tree: Arc<DiskTree> = Arc::clone(&self.tree);
        let renders = self.renders.clone();
        let repo = Repo::load_rendering(tree, self.config.clone(), scope, renders)?;
        if self.stamp.as_ref().is_some_and(|(site, stamp)| site.stamp() != *stamp) {
            let text = "the tree changed while it was being read";
            return Err(Failure::usage(Message::new(text).help("run the command again")));
        }
        known_holds(&repo)?;
        Ok(repo)
    }

    /// A path that leads to a directory without any link: there is nothing to ask the system about it.
    fn walked(&self, path: &str) -> Option<TreePath> {
        let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        let goes_down = self.starts_at_root && Path::new(path).components().all(is_plain);
        let known = TreePath::of_system(Path::new(path)).filter(|_| goes_down)?;
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
        TreePath::of_system(inside).ok_or_else(outside)
    }
}

impl TreeWriter {
    /// Writes all changes or none.
    ///
    /// # Errors
    /// When the system refuses, or a file changed since it was read.
    pub fn write(&self, changes: &[FileChange]) -> Result<(), Failure> {
        let bytes = |text: &str| text.as_bytes().to_vec();
        let change = |change: &FileChange| FileWrite {
            path: change.path.clone(),
            before: change.before.as_ref().map(|source| bytes(source.text())),
            after: change.after.as_deref().map(bytes),
        };
        let changes: Vec<FileWrite> = changes.iter().map(change).collect();
        let mut before_step = self.before_step;
        Ok(self.writer.commit_with(&changes, &mut before_step)?)
    }
}
