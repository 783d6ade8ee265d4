//! A planned change of one family, with information for its reviewer.

use crate::forge::marker::PullKey;
use crate::forge::reconcile::Wanted;
use crate::ops::proposing::Proposed;
use crate::ops::writing::Work;
use crate::plan::remaining::Remaining;
use crate::repo::Repo;
use crate::text::path::TreePath;
use crate::timeline::Timeline;
use crate::timeline::gate::Gate;

/// A planned change.
pub struct Change {
    /// The plan and what belongs to its commit.
    pub work: Work,
    /// The environment that the version is taken over from.
    pub from: Option<String>,
    /// Every gate, including lint.
    pub gates: Vec<Gate>,
    /// What still references the old version.
    pub remaining: Vec<Remaining>,
}

/// The context in which changes are described.
#[derive(Clone, Copy)]
pub struct Background<'a> {
    /// The tree that they were planned on.
    pub repo: &'a Repo,
    /// The mainline's history, if there is one.
    pub timeline: Option<&'a Timeline>,
    /// The tree's root below the repository's.
    pub prefix: &'a TreePath,
}

impl Change {
    /// The pull request of it, with its text.
    #[must_use]
    pub fn proposed(&self, key: PullKey, opens: bool, body: String) -> Proposed {
        let commit = self.work.commit();
        Proposed {
            wanted: Wanted { key, version: self.work.plan.version().to_owned(), opens },
            changes: commit.changes,
            message: commit.message.text(),
            body,
        }
    }
}
