//! The result of a command that changes an environment.

use chrono::{DateTime, Utc};

use crate::ops::change::Describe;
use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::promotions::Waiting;
use crate::ops::proposals::Proposals;
use crate::ops::pulls::Target;
use crate::ops::rotation::{Background, Rotation};
use crate::ops::session::Session;
use crate::ops::writing::Writing;
use crate::plan::from_store::Newest;
use crate::plan::{FileChange, NextStep, Plan};
use crate::repo::Repo;
use crate::text::path::TreePath;
use crate::timeline::Timeline;

/// What a command works with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The opened tree.
    pub session: &'a Session,
    /// Where pull requests go, where they are asked for.
    pub target: Option<&'a Target<'a>>,
    /// How changes are written.
    pub writing: Writing<'a>,
    /// Receives events.
    pub events: &'a dyn Events,
    /// Renders the body of a pull request.
    pub describe: Describe<'a>,
}

impl Context<'_> {
    /// The tree that is worked on: that of the base branch where pull requests go, else the work tree.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn repo(&self) -> Result<Repo, Failure> {
        let repo = self.target.map_or_else(|| self.session.repo(), |one| one.repo(self.session))?;
        self.session.report_problems(&repo, self.events);
        Ok(repo)
    }
}

/// The result of a command that can open pull requests.
pub enum Outcome<C> {
    /// Files were or would be changed.
    Changed(C),
    /// Pull requests were or would be opened.
    Proposed(Proposals),
}

/// Changes to files, with what to report about them.
pub struct Changed {
    /// The tree that they were planned on.
    pub repo: Repo,
    /// The mainline's history, if there is one.
    pub timeline: Option<Timeline>,
    /// The time that counts as now.
    pub now: DateTime<Utc>,
    /// The tree's root below the repository's.
    pub prefix: TreePath,
    /// One rotation of each family.
    pub rotations: Vec<Rotation>,
    /// The versions that wait.
    pub waiting: Vec<Waiting>,
    /// What could not be planned.
    pub failures: Vec<Failure>,
    /// All files of all changes.
    pub files: Vec<FileChange>,
    /// The remaining manual steps.
    pub next: Vec<NextStep>,
    /// What the stores have, where that chose the versions.
    pub stored: Vec<Newest>,
}

impl Changed {
    /// What was changed in a tree, where nothing waits and nothing failed.
    #[must_use]
    pub fn new(
        repo: Repo,
        (prefix, now): (TreePath, DateTime<Utc>),
        rotations: Vec<Rotation>,
        (files, next): (Vec<FileChange>, Vec<NextStep>),
    ) -> Self {
        let (timeline, waiting, failures, stored) = (None, Vec::new(), Vec::new(), Vec::new());
        Self { repo, timeline, now, prefix, rotations, waiting, failures, files, next, stored }
    }

    /// The tree, the timeline and the prefix with which rotations are described.
    #[must_use]
    pub const fn background(&self) -> Background<'_> {
        let (timeline, now) = (self.timeline.as_ref(), self.now);
        Background { repo: &self.repo, timeline, now, prefix: &self.prefix }
    }

    /// The plans.
    #[must_use]
    pub fn plans(&self) -> Vec<&Plan> {
        self.rotations.iter().map(|one| &one.plan).collect()
    }
}
