//! Stubs that nothing needs any more, taken out of one environment.

mod document;
mod next_steps;
mod planner;
mod proof;
mod removal;
mod verdict;

use chrono::{DateTime, TimeDelta, Utc};

use crate::plan::commit::Message;
use crate::plan::{FileChange, NextStep};
use crate::repo::Repo;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::timeline::Timeline;

pub use planner::plan;

/// What a caller asks of a removal.
pub struct PruneRequest<'a> {
    /// The environment's name.
    pub environment: &'a str,
    /// The family.
    pub family: &'a str,
    /// What the mainline says, to its first commit.
    pub timeline: &'a Timeline,
    /// Other branches whose references count as well.
    pub branches: &'a [Branch],
    /// Whether texts that are no manifests may go on naming a version.
    pub ignore_text: bool,
    /// The time that counts as now.
    pub now: DateTime<Utc>,
}

/// A branch as its newest commit has it.
pub struct Branch {
    /// What it is called.
    pub name: String,
    /// Its tree.
    pub repo: Repo,
}

/// Which stubs of one family go from one environment, and which stay. Nothing to do when [`Prune::changes`] is empty.
#[derive(Debug, Clone)]
pub struct Prune {
    /// The family.
    pub family: String,
    /// The environment.
    pub environment: String,
    /// The stubs that go, by version.
    pub gone: Vec<Gone>,
    /// The stubs that stay, by version.
    pub kept: Vec<Kept>,
    /// The files to write or remove, sorted by path.
    pub changes: Vec<FileChange>,
    /// What is left to a person, in order.
    pub next: Vec<NextStep>,
    /// What is worth knowing and keeps nobody from going on.
    pub notes: Vec<String>,
}

/// A stub that goes.
#[derive(Debug, Clone)]
pub struct Gone {
    /// The secret that it made.
    pub secret: String,
    /// The 14 digits.
    pub version: String,
    /// The namespace it made the secret in, where Git sets one.
    pub namespace: Option<String>,
    /// Where it is written.
    pub place: Place,
    /// Whether the whole file goes, since it holds nothing else.
    pub is_whole_file: bool,
    /// The kustomizations that no longer list the file.
    pub listed_in: Vec<TreePath>,
    /// Since when nothing names it.
    pub unused: Unused,
}

/// A stub that stays.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The secret that it makes.
    pub secret: String,
    /// The 14 digits.
    pub version: String,
    /// The namespace it makes the secret in, where Git sets one.
    pub namespace: Option<String>,
    /// Where it is written.
    pub place: Option<Place>,
    /// Why.
    pub reason: Reason,
}

/// Why a stub stays.
#[derive(Debug, Clone)]
pub struct Reason {
    /// The kind.
    pub why: Why,
    /// A lower-case phrase.
    pub text: String,
    /// When it may go, as far as this reason is concerned.
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
    /// It is the version before the current one.
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
    /// It cannot be taken out.
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

/// Since when a version is not in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// The time.
    pub since: DateTime<Utc>,
    /// How the time is known.
    pub known: Known,
    /// How long it had to be kept from then on.
    pub retention: TimeDelta,
}

/// How it is known since when a version is not in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// With this commit the last reference went.
    By(String),
    /// The oldest commit that a shallow clone has does not name it.
    Before(String),
    /// Nothing in the history names it; this version followed it.
    Followed(String),
}

impl Prune {
    /// Whether every stub stays.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The versions that go, each once.
    #[must_use]
    pub fn versions(&self) -> Vec<&str> {
        let mut versions: Vec<&str> = self.gone.iter().map(|one| one.version.as_str()).collect();
        versions.dedup();
        versions
    }

    /// The message of a commit that holds the changes.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::of_removal(&self.family, &self.environment, &self.versions())
    }
}
