//! What may be asked of a history, and when the part of it that was read is enough for an answer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Utc};

use crate::k8s::secret_name::Version;
use crate::repo::subject::Subject;
use crate::repo::usage::Running;
use crate::timeline::Era;
use crate::timeline::runs::{is_older, left, newest_run};
use crate::timeline::unused::overlapped;

/// A single commit may have any date, but this many in a row that are older than a version must predate it.
const SURE: usize = 32;

/// Something that a command needs to know about the past.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Since when a subject has run what it runs now.
    Since(Subject, Running),
    /// Whether a subject ever ran a version.
    Ran(Subject, String),
    /// When a subject ran a version for the first time.
    First(Subject, String),
    /// What a subject ran at a time.
    At(Subject, DateTime<Utc>),
    /// Whether a subject left a version for an older one; it now runs the names given last.
    Left(Subject, String, Running),
    /// Which versions a subject may go back to; it now runs these names.
    WaysBack(Subject, Running),
}

/// All that a command asks.
pub type Questions = BTreeSet<Question>;

impl Question {
    const fn subject(&self) -> &Subject {
        match self {
            Self::Since(subject, _)
            | Self::Ran(subject, _)
            | Self::First(subject, _)
            | Self::At(subject, _)
            | Self::Left(subject, ..)
            | Self::WaysBack(subject, _) => subject,
        }
    }

    /// The time it is about, or when the version that it is about was created; `None` if there is none, or it is unknown.
    fn made(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Since(..) => None,
            Self::At(_, time) => Some(*time),
            Self::Ran(_, version) | Self::First(_, version) | Self::Left(_, version, _) => {
                made(version)
            }
            Self::WaysBack(_, now) => now.versions.first().and_then(|version| made(version)),
        }
    }
}

fn made(version: &str) -> Option<DateTime<Utc>> {
    Version::new(version).map(|version| version.time())
}

/// What a walk has read so far.
pub(super) struct Past<'a> {
    /// The eras of each subject; the last one of each may have begun earlier.
    pub(super) eras: &'a BTreeMap<Subject, Vec<Era>>,
    /// Whether a build root has failed in every state so far: what it references is not known yet.
    pub(super) has_broken: bool,
    /// Whether commits are missing from the clone.
    pub(super) is_shallow: bool,
}

/// The questions without a final answer.
///
/// An answer is final once no older commit can change it, so a walk that stops when every answer is final gives the
/// same answers as one to the first commit. This follows from how eras grow: older commits only add eras at the end,
/// which leaves the start of a closed era and the last run of a name where they are, but moves first runs further
/// back. Two things are therefore open for as long as they may change:
///
/// - The only era of a subject may have begun earlier. If a build root has failed so far, it may even be replaced by
///   what that root referenced when it last succeeded.
/// - Which of two names is older depends on their first runs. That of a version is final when the walk is past the
///   time in its name. A name that did run before the version's first run is older, whatever else is found; one that
///   did not is newer only once its own first run is final, and for a plain name, that takes the whole history.
///
/// A clone that lacks commits may lack a run. Where the answer then depends on how far the clone reaches, only its
/// oldest commit makes the answer final.
#[derive(Default)]
pub(super) struct OpenQuestions {
    open: Vec<(Question, Option<DateTime<Utc>>)>,
    horizon: Horizon,
}

impl OpenQuestions {
    /// Asks more.
    pub(super) fn ask(&mut self, questions: Questions) {
        let open = questions.into_iter().map(|question| (question.made(), question));
        self.open.extend(open.map(|(made, question)| (question, made)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Notes that the walk has reached a commit of this time.
    pub(super) fn pass(&mut self, time: DateTime<Utc>) {
        self.horizon.pass(time);
    }

    /// Drops the questions whose answers have become final. `changed` are the subjects with other eras than at the last
    /// call; `None` if any may have.
    pub(super) fn settle(&mut self, past: &Past<'_>, changed: Option<&BTreeSet<Subject>>) {
        let horizon = &self.horizon;
        self.open.retain(|(question, made)| {
            let may_be_final = made.is_some_and(|made| horizon.is_past(made))
                || changed.is_none_or(|changed| changed.contains(question.subject()));
            !(may_be_final && past.settles(question, horizon))
        });
    }
}

impl Past<'_> {
    fn settles(&self, question: &Question, horizon: &Horizon) -> bool {
        let eras = self.eras.get(question.subject()).map_or(&[][..], Vec::as_slice);
        let is_fixed = eras.len() > 1 || !self.has_broken;
        let is_past = |name: &str| made(name).is_some_and(|made| horizon.is_past(made));
        match question {
            Question::Since(_, running) => match eras {
                [now] => is_fixed && now.running != *running,
                _ => is_fixed,
            },
            Question::Ran(_, version) => {
                let ran = eras.iter().any(|era| era.running.has(version));
                let is_known = eras.iter().any(|era| !era.running.is_empty());
                is_fixed && is_known && !self.is_shallow && (ran || is_past(version))
            }
            Question::First(_, version) => {
                let is_open = eras.last().is_some_and(|era| era.running.has(version));
                is_fixed && !is_open && is_past(version)
            }
            Question::At(_, time) => is_fixed && horizon.is_past(*time),
            Question::Left(_, version, now) => {
                if now.is_empty() || now.only() == Some(version) {
                    return true;
                }
                if !is_past(version) {
                    return false;
                }
                let Some(last) = newest_run(eras, version, now) else { return true };
                let reference = Running::of(version);
                let is_decided = |name: &str| {
                    name == version || is_older(eras, name, &reference) || is_past(name)
                };
                let between = eras[..last].iter().map(|era| &era.running);
                is_fixed
                    && between.chain([now]).flat_map(Running::names).all(is_decided)
                    // What a shallow clone lacks may decide.
                    && (!self.is_shallow || now.has(version) || left(eras, version, now).is_some())
            }
            Question::WaysBack(_, now) => {
                let mut alone = eras.iter().filter_map(|era| era.running.alone());
                let is_older = |name: &str| is_older(eras, name, now);
                let first = alone.find(|name| is_older(name) || !is_past(name));
                is_fixed
                    && !self.is_shallow
                    && now.names().all(is_past)
                    && first.is_some_and(is_older)
                    && overlapped(eras, now).is_some()
            }
        }
    }
}

/// How far back a walk has surely come.
#[derive(Default)]
struct Horizon {
    /// The times of the last commits passed.
    last: VecDeque<DateTime<Utc>>,
    /// So many commits in a row are not newer than this.
    newest: Option<DateTime<Utc>>,
}

impl Horizon {
    fn pass(&mut self, time: DateTime<Utc>) {
        self.last.push_back(time);
        if self.last.len() > SURE {
            self.last.pop_front();
        }
        if self.last.len() == SURE {
            self.newest = self.newest.into_iter().chain(self.last.iter().copied().max()).min();
        }
    }

    /// Whether everything older than the commits passed is older than this time.
    fn is_past(&self, time: DateTime<Utc>) -> bool {
        self.newest.is_some_and(|newest| newest < time)
    }
}
