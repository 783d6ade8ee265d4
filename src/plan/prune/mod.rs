//! Removes the stubs that one environment no longer needs.

pub(in crate::plan) mod document;
mod leftover;
mod next_steps;
mod planner;
pub(in crate::plan) mod proof;
mod removal;
mod verdict;
mod watching;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::plan::{FileChange, NextStep};
use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::text::count::counted;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::timeline::Timeline;
use crate::timeline::gate::moment;
use crate::timeline::unused::Known;

pub use leftover::Leftover;
pub use planner::plan;

/// What is known of the pods of a family.
#[derive(Clone, Copy)]
pub enum Pods<'a> {
    /// Nothing; with what makes the command that would show it, if one can.
    Unknown(&'a dyn Fn() -> Option<String>),
    /// What a cluster shows.
    Shown(&'a Shown),
}

/// What a cluster shows of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What keeps it from being proved that every pod has moved, as phrases; empty if it is proved.
    pub reasons: Vec<String>,
    /// What still uses each old version, as phrases.
    pub users: BTreeMap<String, String>,
    /// How many workloads name the family, and how many pods of them were seen.
    pub workloads: usize,
    /// The pods.
    pub pods: usize,
    /// When the newest of these pods was started, where that is known.
    pub moved: Option<DateTime<Utc>>,
    /// When that was.
    pub at: DateTime<Utc>,
    /// When the newest pod that was seen started, where that is known.
    pub newest: Option<DateTime<Utc>>,
}

impl Shown {
    /// Whether every pod has moved.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.reasons.is_empty()
    }

    /// What was proved, and when, as a phrase.
    #[must_use]
    pub fn proof(&self) -> String {
        let newest = self.newest.map_or_else(String::new, |newest| {
            format!("; the newest pod in the input started at {}", moment(newest))
        });
        let (workloads, pods) = (counted(self.workloads, "workload"), counted(self.pods, "pod"));
        format!("{workloads}, {pods}, checked on {}{newest}", self.at.format("%Y-%m-%d"))
    }

    /// What keeps it from being proved that every pod has moved, as one phrase; `None` if it is proved.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let first = self.reasons.first()?;
        Some(match self.reasons.len() - 1 {
            0 => first.clone(),
            more => format!("{first} (and {more} more)"),
        })
    }
}

/// A request to prune a family.
pub struct PruneRequest<'a> {
    /// The family and the environment.
    pub subject: &'a Subject,
    /// The mainline's history, back to its first commit.
    pub timeline: &'a Timeline,
    /// Other branches whose references count as well.
    pub branches: &'a [Branch],
    /// Whether text other than manifests may still mention a removed version.
    pub ignore_text: bool,
    /// What is known of the family's pods in the environment.
    pub pods: Pods<'a>,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// A branch at its newest commit.
pub struct Branch {
    /// What it is called.
    pub name: String,
    /// Its tree.
    pub repo: Repo,
}

/// Which stubs of a family are removed from an environment, and which are kept. No-op if [`Prune::changes`] is empty.
#[derive(Debug, Clone)]
pub struct Prune {
    /// The family and the environment.
    pub subject: Subject,
    /// The stubs to remove, by version.
    pub gone: Vec<Gone>,
    /// The stubs to keep, by version.
    pub kept: Vec<Kept>,
    /// The files to write or remove, sorted by path.
    pub changes: Vec<FileChange>,
    /// The remaining manual steps, in order.
    pub next: Vec<NextStep>,
    /// What stays in the stores.
    pub leftovers: Vec<Leftover>,
    /// Notes that do not block the change.
    pub notes: Vec<String>,
    /// What the cluster shows, if it was asked.
    pub shown: Option<Shown>,
}

/// A stub to remove.
#[derive(Debug, Clone)]
pub struct Gone {
    /// The secret that it created.
    pub secret: String,
    /// The 14 digits.
    pub version: String,
    /// The namespace in which it created the secret, if Git sets one.
    pub namespace: Option<String>,
    /// Where it is written.
    pub place: Place,
    /// Whether the whole file is removed, since it contains nothing else.
    pub is_whole_file: bool,
    /// The kustomizations that no longer list the file.
    pub listed_in: Vec<TreePath>,
    /// Since when nothing has referenced it.
    pub unused: Unused,
}

/// A stub to keep.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The secret that it creates.
    pub secret: String,
    /// The 14 digits.
    pub version: String,
    /// The namespace in which it creates the secret, if Git sets one.
    pub namespace: Option<String>,
    /// Where it is written.
    pub place: Option<Place>,
    /// Why.
    pub reason: Reason,
}

/// Why a stub is kept.
#[derive(Debug, Clone)]
pub struct Reason {
    /// The kind.
    pub why: Why,
    /// A lower-case phrase.
    pub text: String,
    /// When this reason no longer applies.
    pub until: Option<DateTime<Utc>>,
    /// The place that keeps it.
    pub place: Option<Place>,
}

/// The kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is the version in use, or one of several.
    Referenced,
    /// It is newer than the version in use.
    Newer,
    /// A hold names it.
    Held,
    /// It is the previous version.
    WayBack,
    /// The mainline still references it.
    Mainline,
    /// Another branch references it.
    Branch,
    /// Its retention is not over.
    Retention,
    /// A text mentions it.
    Mentioned,
    /// Something that cannot be read may name it.
    Unreadable,
    /// It cannot be removed.
    Irremovable,
    /// Something in the cluster uses it.
    Live,
    /// It is not proved that every pod has moved.
    Unproved,
}

impl Why {
    /// The word that programs read.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Referenced => "referenced",
            Self::Newer => "newer",
            Self::Held => "held",
            Self::WayBack => "way-back",
            Self::Mainline => "mainline",
            Self::Branch => "branch",
            Self::Retention => "retention",
            Self::Mentioned => "mentioned",
            Self::Unreadable => "unreadable",
            Self::Irremovable => "irremovable",
            Self::Live => "live",
            Self::Unproved => "not-proved",
        }
    }
}

/// Since when a version has not been in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// The time.
    pub since: DateTime<Utc>,
    /// How the time is known.
    pub known: Known,
    /// How long it had to be kept from then on.
    pub retention: TimeDelta,
}

impl Prune {
    /// Whether every stub is kept.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Why stubs that nothing else keeps are kept because of what the cluster shows.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        let mut kept = self.kept.iter().map(|kept| &kept.reason);
        let reason = kept.find(|reason| matches!(reason.why, Why::Live | Why::Unproved))?;
        Some(&reason.text)
    }

    /// The versions to remove, without duplicates.
    #[must_use]
    pub fn versions(&self) -> Vec<&str> {
        let mut versions: Vec<&str> = self.gone.iter().map(|one| one.version.as_str()).collect();
        versions.dedup();
        versions
    }
}
