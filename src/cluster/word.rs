//! The words for how far a workload, or what makes it, has come.

use std::fmt;

use chrono::{DateTime, Utc};

/// How far a workload, or what makes it, has come. The order is that in which one of several is chosen: what needs a person first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Word {
    /// A pod cannot start, or a roll-out is past its deadline.
    Stuck,
    /// A Rollout was aborted: its stable pods run, whatever Git names.
    Aborted,
    /// A canary of Flagger failed: its primary pods run as before.
    CanaryFailed,
    /// What makes or checks it says that it is unhealthy.
    Degraded,
    /// An ExternalSecret is not synced.
    NotSynced,
    /// A Secret was edited although its ExternalSecret never writes it again.
    EditedInPlace,
    /// A builder has not applied the commit, or an object in the cluster differs from Git.
    NotApplied,
    /// The partition of a StatefulSet keeps old pods.
    Partition,
    /// Pods are replaced only when somebody deletes them.
    OnDelete,
    /// The primary pods of Flagger use a copy of an old version.
    PrimaryCopy,
    /// A Job that started with an old version is not finished.
    JobRunning,
    /// A pod of an old version is still being stopped.
    Terminating,
    /// Pods are being replaced.
    Rolling,
    /// Something else in the namespace uses an old version.
    OldVersionInUse,
    /// A workload that Git has is not in the input.
    MissingWorkload,
    /// Pods that a workload has are not in the input.
    MissingPods,
    /// It cannot be told from the input.
    NotChecked,
    /// Every pod runs the version that Git names.
    Moved,
}

impl Word {
    /// Every word.
    pub const ALL: [Self; 18] = [
        Self::Stuck,
        Self::Aborted,
        Self::CanaryFailed,
        Self::Degraded,
        Self::NotSynced,
        Self::EditedInPlace,
        Self::NotApplied,
        Self::Partition,
        Self::OnDelete,
        Self::PrimaryCopy,
        Self::JobRunning,
        Self::Terminating,
        Self::Rolling,
        Self::OldVersionInUse,
        Self::MissingWorkload,
        Self::MissingPods,
        Self::NotChecked,
        Self::Moved,
    ];

    /// The word as results print it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stuck => "stuck",
            Self::Aborted => "aborted",
            Self::CanaryFailed => "canary-failed",
            Self::Degraded => "degraded",
            Self::NotSynced => "not-synced",
            Self::EditedInPlace => "edited-in-place",
            Self::NotApplied => "not-applied",
            Self::Partition => "partition",
            Self::OnDelete => "on-delete",
            Self::PrimaryCopy => "primary-copy",
            Self::JobRunning => "job-running",
            Self::Terminating => "terminating",
            Self::Rolling => "rolling",
            Self::OldVersionInUse => "old-version-in-use",
            Self::MissingWorkload => "missing-workload",
            Self::MissingPods => "missing-pods",
            Self::NotChecked => "not-checked",
            Self::Moved => "moved",
        }
    }

    /// Whether it does not keep a rotation from being complete.
    #[must_use]
    pub const fn is_fine(self) -> bool {
        matches!(self, Self::Moved | Self::NotChecked)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What an object says of itself that keeps a rotation from being complete.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Saying {
    /// The word.
    pub word: Word,
    /// The same as a phrase, with numbers and the cluster's own message.
    pub text: String,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
}

impl Saying {
    pub(super) fn new(word: Word, text: impl Into<String>, since: Option<DateTime<Utc>>) -> Self {
        Self { word, text: text.into(), since }
    }
}
