//! How old what an environment runs is, and when it has to be rotated.

use chrono::{DateTime, TimeDelta, Utc};

use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::{Family, Subject};
use crate::timeline::question::{Question, Questions};
use crate::timeline::{Began, Timeline};

/// How old what an environment runs may become, and when it is so old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Age {
    /// `max-age` of the family, or else of the environment.
    pub most: TimeDelta,
    /// What Git says of it.
    pub known: Known,
}

/// What Git says of an age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Since when the oldest version that runs has run in the first environment that had it.
    Since {
        /// The version.
        version: String,
        /// That environment.
        environment: String,
        /// When it began there.
        began: Box<Began>,
    },
    /// Nothing; why, as a phrase.
    Nothing(String),
}

impl Age {
    /// Since when it counts, where that is known.
    #[must_use]
    pub const fn since(&self) -> Option<DateTime<Utc>> {
        match &self.known {
            Known::Since { began, .. } => Some(began.time()),
            Known::Nothing(_) => None,
        }
    }

    /// When it is due, or was; the latest time where history is missing.
    #[must_use]
    pub fn due(&self) -> Option<DateTime<Utc>> {
        self.since()?.checked_add_signed(self.most)
    }

    /// Whether it is too old, or will be within a span.
    #[must_use]
    pub fn is_overdue(&self, now: DateTime<Utc>, within: TimeDelta) -> bool {
        let limit = now.checked_add_signed(within).unwrap_or(now);
        self.due().is_some_and(|due| due <= limit)
    }
}

/// What must be known of the history for the age of what an environment runs; nothing where no age is set.
#[must_use]
pub fn questions(repo: &Repo, environment: EnvironmentId, family: &Family) -> Questions {
    let mut questions = Questions::new();
    if repo.max_age(environment, family).is_none() {
        return questions;
    }
    let running = repo.running_of(environment, family);
    let Some(oldest) = running.versions.first() else { return questions };
    for one in repo.environments.iter().filter(|one| one.versioned) {
        let subject = Subject::new(&one.name, family);
        questions.insert(Question::First(subject, oldest.clone()));
    }
    questions
}

/// The age of what an environment runs; `None` where no age is set, or it runs nothing.
#[must_use]
pub fn age(
    repo: &Repo,
    timeline: Option<&Timeline>,
    environment: EnvironmentId,
    family: &Family,
) -> Option<Age> {
    let most = repo.max_age(environment, family)?;
    let running = repo.running_of(environment, family);
    if running.is_empty() {
        return None;
    }
    let nothing = |why: &str| Some(Age { most, known: Known::Nothing(why.to_owned()) });
    if running.plain {
        return nothing("a plain name has no version");
    }
    let Some(timeline) = timeline else { return nothing("there is no Git history") };
    // The digits are not trusted, but of two versions the smaller ones are the older.
    let version = running.versions.first()?;
    let mut versioned = repo.environments.iter().filter(|one| one.versioned);
    let first = versioned.find_map(|one| {
        let began = timeline.first_run(&Subject::new(&one.name, family), version)?;
        let (version, environment) = (version.clone(), one.name.clone());
        Some(Known::Since { version, environment, began: Box::new(began.clone()) })
    });
    match first {
        Some(known) => Some(Age { most, known }),
        None => nothing(&format!("{version} is not on {} yet", timeline.mainline)),
    }
}
