//! What changed in an environment, by the eras of its families: rotations, ways back, and the soak that a version had.

use std::cmp::Ordering;

use chrono::{DateTime, TimeDelta, Utc};

use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::repo::usage::Running;
use crate::timeline::{Began, Era, Timeline};

/// What kind of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The family got its first version, or the environment began to use it.
    First,
    /// A newer version.
    Rotation,
    /// The newest version is the only one now, or some of the references went back and others did not.
    Completion,
    /// An older version.
    Return,
    /// Nothing names the family any more.
    End,
}

/// How long a version had run in the environment before when it was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soak {
    /// That environment.
    pub environment: String,
    /// How long.
    pub had: TimeDelta,
    /// How long `rotate.yaml` asks for today.
    pub wanted: TimeDelta,
}

/// A change of what an environment runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The family and the environment.
    pub subject: Subject,
    /// What kind of change it is.
    pub kind: ChangeKind,
    /// What it ran before.
    pub from: Running,
    /// What it has run since.
    pub to: Running,
    /// When, and with which commit.
    pub began: Began,
    /// The soak that the version had, where an environment before runs versions.
    pub soak: Option<Soak>,
    /// How old the version before had become here, where it was a single one.
    pub age: Option<TimeDelta>,
}

/// Every change that a whole history knows, the oldest first.
#[must_use]
pub fn changes(repo: &Repo, timeline: &Timeline) -> Vec<Change> {
    let mut all = Vec::new();
    for (subject, eras) in &timeline.eras {
        for (at, era) in eras.iter().enumerate() {
            let from =
                eras.get(at + 1).map_or_else(Running::default, |before| before.running.clone());
            // The oldest era that is known is no change where it may have begun earlier.
            let is_known = at + 1 < eras.len() || era.began.is_exact();
            let is_versioned = !(era.running.is_plain() && from.versions.is_empty());
            if !is_known || !is_versioned {
                continue;
            }
            all.push(change(repo, timeline, subject, era, from));
        }
    }
    all.sort_by(|one, other| {
        let key = |change: &Change| (change.began.time(), change.subject.clone());
        key(one).cmp(&key(other))
    });
    all
}

fn change(repo: &Repo, timeline: &Timeline, subject: &Subject, era: &Era, from: Running) -> Change {
    let to = era.running.clone();
    let kind = if to.is_empty() {
        ChangeKind::End
    } else if from.versions.is_empty() {
        ChangeKind::First
    } else {
        match to.versions.last().cmp(&from.versions.last()) {
            Ordering::Less => ChangeKind::Return,
            Ordering::Equal => ChangeKind::Completion,
            Ordering::Greater => ChangeKind::Rotation,
        }
    };
    let time = era.began.time();
    let age = from.only().and_then(|version| {
        let began = timeline.first_run(subject, version)?;
        (time >= began.time()).then(|| time - began.time())
    });
    let takes = matches!(kind, ChangeKind::First | ChangeKind::Rotation);
    let soak = to.versions.last().filter(|_| takes);
    let soak = soak.and_then(|version| soak_of(repo, timeline, subject, version, time));
    Change { subject: subject.clone(), kind, from, to, began: era.began.clone(), soak, age }
}

/// The soak of a version in the environment before, when it was taken over.
fn soak_of(
    repo: &Repo,
    timeline: &Timeline,
    subject: &Subject,
    version: &str,
    time: DateTime<Utc>,
) -> Option<Soak> {
    let here = repo.environments.iter().find(|one| one.name == subject.environment)?;
    let mut earlier = repo.environments.before(here.id).iter().rev().filter(|one| one.versioned);
    let before =
        earlier.find(|one| !timeline.eras(&Subject::new(&one.name, &subject.family)).is_empty())?;
    let eras = timeline.eras(&Subject::new(&before.name, &subject.family));
    let era = eras.iter().find(|era| era.began.time() <= time);
    let era = era.filter(|era| era.running.only() == Some(version));
    let had = era.map_or_else(TimeDelta::zero, |era| time - era.began.time());
    Some(Soak { environment: before.name.clone(), had, wanted: before.soak() })
}
