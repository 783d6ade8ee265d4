//! A single walk along the mainline that covers all families and environments.

use chrono::{DateTime, Utc};

use crate::config::settings::Config;
use crate::git::error::GitError;
use crate::git::repository::Git;
use crate::repo::Repo;
use crate::repo::error::RepoError;
use crate::timeline::Timeline;
use crate::timeline::clock::Clock;
use crate::timeline::eras::EraBuilder;
use crate::timeline::question::Questions;
use crate::timeline::repo_at_commit::RepoAtCommit;

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
        Self::walk(git, mainline, (settings, None), depth, now)
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
        // The past is never rendered.
        Self::walk(git, mainline, (&tree.config, Some(tree.unrendered())), depth, now)
    }

    fn walk(
        git: &Git,
        mainline: Option<&str>,
        (settings, tree): (&Config, Option<&Repo>),
        depth: Depth,
        now: DateTime<Utc>,
    ) -> Result<Self, WalkError> {
        let line = git.line(mainline)?;
        let (mainline, is_shallow) = (line.name().to_owned(), line.is_shallow());
        let unborn = || GitError::Unborn(git.work_tree().to_owned());
        let snapshot = line.snapshot()?.ok_or_else(unborn)?;
        let (mut walked, mut commits) = line.ahead(|steps| {
            let first = steps.next().ok_or_else(unborn)??;
            let mut past = RepoAtCommit::new(git, snapshot, settings, tree)?;
            let mut walk = EraBuilder::new(&past, &depth, is_shallow);
            let mut step = Some(first);
            let mut commits = Vec::new();
            while let Some(now) = step {
                commits.push(now.commit.clone());
                if !walk.take(&mut past, now) || walk.is_done() {
                    break;
                }
                step = steps.next().transpose()?;
            }
            if past.snapshot.lacks_files() {
                return Err(GitError::Filtered(git.work_tree().to_owned()).into());
            }
            Ok::<_, WalkError>((walk.into_eras(), commits))
        })?;
        let ages = git.ages(&commits[0].id, now)?;
        Clock { line: &commits, ages, now }.set(&mut walked);
        let count = commits.len();
        Ok(Self { mainline, tip: commits.swap_remove(0), eras: walked, commits: count })
    }
}
