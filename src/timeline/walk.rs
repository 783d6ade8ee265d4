//! A single walk along the mainline that covers all families and environments.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::config::settings::Config;
use crate::git::ages::Ages;
use crate::git::error::GitError;
use crate::git::line::{Ahead, Commit};
use crate::git::repository::Git;
use crate::repo::Repo;
use crate::repo::error::RepoError;
use crate::repo::subject::Subject;
use crate::timeline::clock::Clock;
use crate::timeline::eras::EraBuilder;
use crate::timeline::question::Questions;
use crate::timeline::repo_at_commit::RepoAtCommit;
use crate::timeline::{Era, Timeline};

/// Why a history could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// Git could not answer.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The mainline's newest state does not match its settings.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

/// How far back a walk goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Depth {
    /// Until older commits cannot change the answer to any of these.
    Asked(Questions),
    /// To the first commit.
    Everything,
}

impl Timeline {
    /// Walks the mainline; uses `settings` if it has none of its own.
    ///
    /// # Errors
    /// When Git cannot be read, or the newest state does not fit its settings.
    pub fn read(
        git: &Git,
        mainline: Option<&str>,
        settings: &Config,
        (depth, now): (Depth, DateTime<Utc>),
    ) -> Result<Self, WalkError> {
        let mut walk = Walk::begin(git, mainline, (settings, None), now)?;
        walk.go(depth)?;
        walk.into_timeline()
    }

    /// The same, starting from the checked-out tree: if the mainline has the same files, they are not loaded again.
    ///
    /// # Errors
    /// As [`Timeline::read`].
    pub fn read_from(
        git: &Git,
        mainline: Option<&str>,
        tree: &Repo,
        (depth, now): (Depth, DateTime<Utc>),
    ) -> Result<Self, WalkError> {
        let mut walk = Walk::beside(git, mainline, tree, now)?;
        walk.go(depth)?;
        walk.into_timeline()
    }
}

/// A walk that has gone as far as it was asked to, and can go on.
pub(super) struct Walk<'g> {
    git: &'g Git,
    now: DateTime<Utc>,
    mainline: String,
    steps: Ahead,
    past: RepoAtCommit,
    eras: EraBuilder,
    /// The commits that it has passed, newest first.
    commits: Vec<Commit>,
    /// Whether there is no commit before those.
    has_ended: bool,
    /// The dates of all commits, once they were needed.
    ages: Option<Ages>,
}

impl<'g> Walk<'g> {
    fn begin(
        git: &'g Git,
        mainline: Option<&str>,
        (settings, tree): (&Config, Option<&Repo>),
        now: DateTime<Utc>,
    ) -> Result<Self, WalkError> {
        let line = git.line(mainline)?;
        let (mainline, is_shallow) = (line.name().to_owned(), line.is_shallow());
        let snapshot = line.snapshot()?.ok_or_else(|| unborn(git))?;
        let steps = line.ahead()?;
        let past = RepoAtCommit::new(git, snapshot, settings, tree)?;
        let eras = EraBuilder::new(&past, is_shallow);
        let (commits, has_ended, ages) = (Vec::new(), false, None);
        Ok(Self { git, now, mainline, steps, past, eras, commits, has_ended, ages })
    }

    /// Begins beside a tree, as [`Timeline::read_from`] does.
    pub(super) fn beside(
        git: &'g Git,
        mainline: Option<&str>,
        tree: &Repo,
        now: DateTime<Utc>,
    ) -> Result<Self, WalkError> {
        // The past is never rendered.
        Self::begin(git, mainline, (&tree.config, Some(tree.unrendered())), now)
    }

    /// Goes on until what is asked is answered, too; not at all where it is already. After an error, it can go no further.
    pub(super) fn go(&mut self, depth: Depth) -> Result<(), WalkError> {
        self.eras.ask(depth);
        // The newest commit is always looked at.
        while !self.has_ended && (self.commits.is_empty() || !self.eras.is_done()) {
            let Some(step) = self.steps.next().transpose()? else { break };
            self.commits.push(step.commit.clone());
            self.has_ended = !self.eras.take(&mut self.past, step);
        }
        if self.past.snapshot.lacks_files() {
            return Err(GitError::Filtered(self.git.work_tree().to_owned()).into());
        }
        Ok(())
    }

    /// What it has found so far.
    pub(super) fn timeline(&mut self) -> Result<Timeline, WalkError> {
        let eras = self.eras.eras().clone();
        self.dated(eras)
    }

    /// How many commits it has examined.
    pub(super) const fn commits(&self) -> usize {
        self.commits.len()
    }

    fn into_timeline(mut self) -> Result<Timeline, WalkError> {
        let eras = self.eras.take_eras();
        self.dated(eras)
    }

    /// These eras, with the times since which they have run.
    fn dated(&mut self, mut eras: BTreeMap<Subject, Vec<Era>>) -> Result<Timeline, WalkError> {
        let tip = self.commits.first().ok_or_else(|| unborn(self.git))?.clone();
        let ages = match self.ages.take() {
            Some(ages) => ages,
            None => self.git.ages(&tip.id, self.now)?,
        };
        let ages = self.ages.insert(ages);
        Clock { line: &self.commits, ages, now: self.now }.set(&mut eras);
        Ok(Timeline { mainline: self.mainline.clone(), tip, eras, commits: self.commits.len() })
    }
}

fn unborn(git: &Git) -> GitError {
    GitError::Unborn(git.work_tree().to_owned())
}
