//! A planned change of one family, with what its reviewer is told.

use crate::cli::proposing::Proposed;
use crate::forge::marker::Subject;
use crate::forge::reconcile::Wanted;
use crate::ops::writing::Work;
use crate::plan::remaining::Remaining;
use crate::repo::Repo;
use crate::report::proposal::Proposal;
use crate::text::path::TreePath;
use crate::timeline::Timeline;
use crate::timeline::gate::Gate;

/// A planned change.
pub struct Change {
    /// The plan and what belongs to its commit.
    pub work: Work,
    /// The environment that ran the version before.
    pub from: Option<String>,
    /// Every gate, that of the rules included.
    pub gates: Vec<Gate>,
    /// Who goes on naming the old version.
    pub remaining: Vec<Remaining>,
}

/// What changes are told against.
#[derive(Clone, Copy)]
pub struct Background<'a> {
    /// The tree that they were planned on.
    pub repo: &'a Repo,
    /// What the mainline says, where there is one.
    pub timeline: Option<&'a Timeline>,
    /// The tree's root below the repository's.
    pub prefix: &'a TreePath,
}

impl Change {
    /// What a reviewer is told.
    #[must_use]
    pub fn proposal<'a>(&'a self, on: Background<'a>) -> Proposal<'a> {
        let plan = &self.work.plan;
        let environment = on.repo.environments.iter().find(|one| one.name == plan.environment);
        let retention = environment.map(|one| on.repo.retention(one.index, &plan.family));
        Proposal {
            plan,
            source: self.from.as_deref(),
            timeline: on.timeline,
            gates: &self.gates,
            remarks: &self.work.remarks,
            remaining: &self.remaining,
            retention,
            watch: environment.map(|one| one.soak()),
            environments: on.repo.environments.iter().map(|one| one.name.clone()).collect(),
            prefix: on.prefix,
        }
    }

    /// The pull request of it.
    #[must_use]
    pub fn proposed(&self, subject: Subject, opens: bool, on: Background<'_>) -> Proposed {
        let commit = self.work.commit();
        Proposed {
            wanted: Wanted { subject, version: self.work.plan.version().to_owned(), opens },
            changes: commit.changes,
            message: commit.message.text(),
            body: self.proposal(on).markdown(),
        }
    }
}
