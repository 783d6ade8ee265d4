//! Since when which version runs where: read from Git, and from nothing else.

mod clock;
mod eras;
pub mod gate;
mod harmless;
pub mod outlook;
pub mod runs;
pub mod stub;
pub mod walk;
pub mod window;
mod words;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::git::line::Commit;
use crate::repo::usage::Running;

/// A family in an environment, both by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The environment.
    pub environment: String,
    /// The family.
    pub family: String,
}

/// A time in which an environment ran the same of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Era {
    /// What it ran.
    pub running: Running,
    /// The commit it began with.
    pub began: Began,
}

/// When an era began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Began {
    /// With this commit.
    With(Start),
    /// Before this one, which is the oldest that a shallow clone has.
    Before(Start),
    /// Not with this commit nor with any newer one; older ones were not looked at.
    Earlier(Start),
}

/// A commit that something began with, and the time from which that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The commit.
    pub commit: Commit,
    /// The time: the newest date among the commit and its ancestors that is not in the future.
    pub since: DateTime<Utc>,
    /// Which commit's date it is.
    pub dated: Dated,
}

/// Which commit tells since when something counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dated {
    /// The one it began with, or an ancestor of it with a later date.
    Own,
    /// A later one, since the one it began with has a date in the future.
    By(Commit),
    /// None: that date is in the future, and no later commit of the mainline has a better one.
    Never,
}

impl From<Commit> for Start {
    fn from(commit: Commit) -> Self {
        Self { since: commit.time, dated: Dated::Own, commit }
    }
}

impl Began {
    const fn start(&self) -> &Start {
        match self {
            Self::With(start) | Self::Before(start) | Self::Earlier(start) => start,
        }
    }

    /// The commit.
    #[must_use]
    pub const fn commit(&self) -> &Commit {
        &self.start().commit
    }

    /// The time it began, or the earliest time of which it is known.
    #[must_use]
    pub const fn time(&self) -> DateTime<Utc> {
        self.start().since
    }

    /// Which commit tells the time.
    #[must_use]
    pub const fn dated(&self) -> &Dated {
        &self.start().dated
    }

    /// The commit whose date the time is, as reports name it.
    #[must_use]
    pub fn by(&self) -> String {
        let own = self.commit().short();
        match self.dated() {
            Dated::Own => own.to_owned(),
            Dated::By(later) => format!("{}, because {own} is dated in the future", later.short()),
            Dated::Never => format!("{own}, which is dated in the future"),
        }
    }

    /// Whether the time is the one it really began.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        matches!(self, Self::With(_))
    }
}

/// What the mainline says.
#[derive(Debug)]
pub struct Timeline {
    /// What the mainline is called.
    pub mainline: String,
    /// Its newest commit.
    pub tip: Commit,
    /// The eras of each family in each environment, the newest first.
    pub eras: BTreeMap<Key, Vec<Era>>,
    /// How many commits were looked at.
    pub commits: usize,
}

impl Timeline {
    /// Whether the walk ended where a shallow clone does.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.eras.values().flatten().any(|era| matches!(era.began, Began::Before(_)))
    }

    /// The eras of a family in an environment, the newest first; none where nothing ever named it.
    #[must_use]
    pub fn eras(&self, environment: &str, family: &str) -> &[Era] {
        let key = Key { environment: environment.to_owned(), family: family.to_owned() };
        self.eras.get(&key).map_or(&[], Vec::as_slice)
    }

    /// What the mainline's newest commit runs.
    #[must_use]
    pub fn now(&self, environment: &str, family: &str) -> Option<&Era> {
        self.eras(environment, family).first()
    }

    /// The era of the only version that an environment runs, unbroken until now.
    #[must_use]
    pub fn runs(&self, environment: &str, family: &str, version: &str) -> Option<&Era> {
        self.now(environment, family).filter(|era| era.running.only() == Some(version))
    }

    /// Whether an environment ever named a version, or `plain`.
    #[must_use]
    pub fn had(&self, environment: &str, family: &str, version: &str) -> bool {
        let mut eras = self.eras(environment, family).iter();
        eras.any(|era| era.running.has(version))
    }

    /// Whether the whole life of a family in an environment is known.
    #[must_use]
    pub fn is_whole(&self, environment: &str, family: &str) -> bool {
        self.eras(environment, family).last().is_some_and(|era| era.began.is_exact())
    }
}
