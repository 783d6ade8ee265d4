//! Which version has been running where, and since when: read from Git and nothing else.

pub mod age;
pub mod changes;
mod clock;
mod eras;
pub mod gate;
mod harmless;
pub mod named;
pub mod outlook;
pub mod question;
mod repo_at_commit;
pub mod runs;
pub mod shared;
pub mod stub;
pub mod unused;
pub mod walk;
pub mod window;
mod words;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::git::line::Commit;
use crate::k8s::secret_name::Version;
use crate::repo::subject::Subject;
use crate::repo::usage::Running;

/// A period in which an environment ran the same names of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Era {
    /// What it ran.
    pub running: Running,
    /// When it began.
    pub began: Began,
}

/// When an era began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Began {
    /// With this commit.
    With(Start),
    /// Before this commit, which is the oldest in a shallow clone.
    Before(Start),
    /// Before this commit; older ones were not examined.
    Earlier(Start),
}

/// The commit at which something began, and the time from which it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The commit.
    pub commit: Commit,
    /// The time: the newest date among the commit and its ancestors that is not in the future.
    pub since: DateTime<Utc>,
    /// Which commit the date comes from.
    pub dated: Dated,
}

/// Which commit's date is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dated {
    /// The commit itself, or an ancestor with a later date.
    Own,
    /// A later commit, because the commit's own date is in the future.
    By(Commit),
    /// None: the date is in the future, and no later commit of the mainline has a usable one.
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

    /// The time it began, or the earliest time known.
    #[must_use]
    pub const fn time(&self) -> DateTime<Utc> {
        self.start().since
    }

    /// Which commit the time comes from.
    #[must_use]
    pub const fn dated(&self) -> &Dated {
        &self.start().dated
    }

    /// The commit whose date is used, as shown in reports.
    #[must_use]
    pub fn by(&self) -> String {
        let own = self.commit().short();
        match self.dated() {
            Dated::Own => own.to_owned(),
            Dated::By(later) => format!("{}, because {own} is dated in the future", later.short()),
            Dated::Never => format!("{own}, which is dated in the future"),
        }
    }

    /// Whether this is the exact time it began.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        matches!(self, Self::With(_))
    }
}

/// The history of the mainline.
#[derive(Debug)]
pub struct Timeline {
    /// The name of the mainline.
    pub mainline: String,
    /// Its newest commit.
    pub tip: Commit,
    /// The eras of each family in each environment, newest first.
    pub eras: BTreeMap<Subject, Vec<Era>>,
    /// How many commits were examined.
    pub commits: usize,
}

impl Timeline {
    /// Whether the walk reached the end of a shallow clone.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.eras.values().flatten().any(|era| matches!(era.began, Began::Before(_)))
    }

    /// The eras of a family in an environment, newest first; empty if it was never referenced.
    #[must_use]
    pub fn eras(&self, subject: &Subject) -> &[Era] {
        self.eras.get(subject).map_or(&[], Vec::as_slice)
    }

    /// What the mainline's newest commit runs in an environment.
    #[must_use]
    pub fn now(&self, subject: &Subject) -> Option<&Era> {
        self.eras(subject).first()
    }

    /// The current era, if the environment runs only this one version in it.
    #[must_use]
    pub fn runs(&self, subject: &Subject, version: &str) -> Option<&Era> {
        self.now(subject).filter(|era| era.running.only() == Some(version))
    }

    /// What an environment ran of a family at a time that was asked for; `None` if it ran nothing, or commits are missing.
    #[must_use]
    pub fn at(&self, subject: &Subject, time: DateTime<Utc>) -> Option<&Running> {
        let mut eras = self.eras(subject).iter();
        // A walk ends within an era only where the time is surely passed.
        let is_from_then =
            |era: &&Era| era.began.time() <= time || matches!(era.began, Began::Earlier(_));
        eras.find(is_from_then).map(|era| &era.running)
    }

    /// Whether an environment ever referenced a version, or `plain`.
    #[must_use]
    pub fn had(&self, subject: &Subject, version: &str) -> bool {
        let mut eras = self.eras(subject).iter();
        eras.any(|era| era.running.has(version))
    }

    /// The same, where that was asked or the whole history was read; `None` if it does not tell, because the clone is
    /// shallow or the family was never referenced.
    #[must_use]
    pub fn ever_had(&self, subject: &Subject, version: &str) -> Option<bool> {
        let oldest = self.eras(subject).last()?;
        let is_hidden = matches!(oldest.began, Began::Before(_));
        (!is_hidden).then(|| self.had(subject, version))
    }

    /// Whether an environment has run an older version since this one was made. The answer is known where that of
    /// [`Timeline::ever_had`] is.
    #[must_use]
    pub fn ran_older_since(&self, subject: &Subject, version: &Version) -> bool {
        let eras = self.eras(subject);
        let ended = |at: usize| eras.get(at.checked_sub(1)?).map(|next| next.began.time());
        let mut since = eras
            .iter()
            .enumerate()
            .take_while(|(at, _)| ended(*at).is_none_or(|end| end >= version.time()));
        since.any(|(_, era)| era.running.versions.iter().any(|one| **one < *version.as_str()))
    }

    /// When an environment began to run a version for the first time; `None` if it never did.
    #[must_use]
    pub fn first_run(&self, subject: &Subject, version: &str) -> Option<&Began> {
        let mut eras = self.eras(subject).iter().rev();
        eras.find(|era| era.running.has(version)).map(|era| &era.began)
    }

    /// Whether the complete history of a family in an environment is known.
    #[must_use]
    pub fn is_whole(&self, subject: &Subject) -> bool {
        self.eras(subject).last().is_some_and(|era| era.began.is_exact())
    }
}
