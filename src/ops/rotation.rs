//! A family moved to another version or back, with information for its reviewer.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::plan::commit::{Remark, Verb};
use crate::plan::remaining::Remaining;
use crate::plan::stored::Stored;
use crate::plan::{FileChange, Plan};
use crate::repo::Repo;
use crate::text::path::TreePath;
use crate::timeline::Timeline;
use crate::timeline::gate::Gate;

/// A family moved to another version, planned.
pub struct Rotation {
    /// The plan.
    pub plan: Plan,
    /// Changes of settings that belong to it.
    pub settings: Vec<FileChange>,
    /// The additional trailers of its commit.
    pub remarks: Vec<Remark>,
    /// What its commit does.
    pub verb: Verb,
    /// The environment that the version is taken over from.
    pub from: Option<String>,
    /// Every gate, including lint.
    pub gates: Vec<Gate>,
    /// What still references the old version.
    pub remaining: Vec<Remaining>,
    /// The values that the version has there.
    pub stored: BTreeSet<Stored>,
}

/// The context in which rotations are described.
#[derive(Clone, Copy)]
pub struct Background<'a> {
    /// The tree that they were planned on.
    pub repo: &'a Repo,
    /// The mainline's history, if there is one.
    pub timeline: Option<&'a Timeline>,
    /// The current time.
    pub now: DateTime<Utc>,
    /// The tree's root below the repository's.
    pub prefix: &'a TreePath,
}

/// Of all changes those of settings: several families can change one file.
#[must_use]
pub fn settings(rotations: &[Rotation], all: &[FileChange]) -> Vec<FileChange> {
    let own: BTreeSet<&TreePath> =
        rotations.iter().flat_map(|one| &one.settings).map(|change| &change.path).collect();
    all.iter().filter(|change| own.contains(&change.path)).cloned().collect()
}
