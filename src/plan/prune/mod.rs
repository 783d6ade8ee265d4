//! Removes the stubs that one environment no longer needs.

mod document;
mod next_steps;
mod planner;
mod proof;
mod removal;
mod verdict;

use chrono::{DateTime, TimeDelta, Utc};

use crate::plan::{FileChange, NextStep};
use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::timeline::Timeline;
use crate::timeline::unused::Known;

pub use planner::plan;

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
    /// Notes that do not block the change.
    pub notes: Vec<String>,
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

    /// The versions to remove, without duplicates.
    #[must_use]
    pub fn versions(&self) -> Vec<&str> {
        let mut versions: Vec<&str> = self.gone.iter().map(|one| one.version.as_str()).collect();
        versions.dedup();
        versions
    }
}
