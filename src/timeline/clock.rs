//! The time of a commit, given that clocks are unreliable: a committer date may be before that of a parent, or in the
//! future.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::git::ages::Ages;
use crate::git::line::Commit;
use crate::repo::subject::Subject;
use crate::timeline::{Began, Dated, Era, Start};

/// The mainline commits seen by a walk, and the maximum age of each.
pub(super) struct Clock<'a> {
    /// Newest first.
    pub(super) line: &'a [Commit],
    /// The newest usable date among each commit and its ancestors.
    pub(super) ages: &'a Ages,
    /// The time that counts as now.
    pub(super) now: DateTime<Utc>,
}

impl Clock<'_> {
    /// Sets the time since which each era has run.
    pub(super) fn set(&self, eras: &mut BTreeMap<Subject, Vec<Era>>) {
        let places: BTreeMap<&str, usize> =
            self.line.iter().enumerate().map(|(at, commit)| (commit.id.as_str(), at)).collect();
        for era in eras.values_mut().flatten() {
            let start = era.began.start_mut();
            if let Some(at) = places.get(start.commit.id.as_str()) {
                self.date(start, *at);
            }
        }
    }

    /// A commit is dated by the newest date among itself and its ancestors: it cannot be older than them. If its
    /// own date is in the future, the next commit of the mainline with a usable date is used instead.
    fn date(&self, start: &mut Start, at: usize) {
        let later = self.line[..=at].iter().rev().find(|commit| commit.time <= self.now);
        let Some(commit) = later else {
            (start.since, start.dated) = (self.now, Dated::Never);
            return;
        };
        start.since = self.ages.of(&commit.id).unwrap_or(commit.time);
        if commit.id != start.commit.id {
            start.dated = Dated::By(commit.clone());
        }
    }
}

impl Began {
    fn start_mut(&mut self) -> &mut Start {
        match self {
            Self::With(start) | Self::Before(start) | Self::Earlier(start) => start,
        }
    }
}
