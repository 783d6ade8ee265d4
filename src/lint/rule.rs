//! What a rule is: a constant with its words, and a function over facts.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};

use crate::finding::{Finding, Level};
use crate::lint::judge::Judgements;
use crate::lint::rules::label_budget::Counted;
use crate::lint::rules::unresolved::{self, Faults};
use crate::repo::Repo;
use crate::text::source::Place;
use crate::timeline::Timeline;
use crate::timeline::question::{Question, Questions};
use crate::timeline::shared::SharedWalk;
use crate::timeline::walk::Depth;

/// A rule.
pub struct Rule {
    /// Its name, which describes the problem and is used in `allow[…]` comments.
    pub id: &'static str,
    /// How much its findings matter by default.
    pub level: Level,
    /// Whether its findings carry repairs.
    pub fixes: Fixes,
    /// What it finds, in a phrase.
    pub summary: &'static str,
    /// Its page: Markdown with the headings *What it finds*, *Why it matters*, *Example* and *Repair*.
    pub docs: &'static str,
    /// Runs the rule. Findings may come in any order, and once per environment.
    pub check: fn(&Facts<'_>) -> Vec<Finding>,
}

/// Whether the findings of a rule carry repairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixes {
    /// None does.
    Never,
    /// Those do whose text can be edited in place.
    Sometimes,
}

/// What a rule may look at.
pub struct Facts<'r> {
    /// The repository as it stands.
    pub repo: &'r Repo,
    /// The repository at the revision that it is compared with.
    pub base: Option<&'r Repo>,
    /// The history from Git.
    pub history: &'r History<'r>,
    /// The current time.
    pub now: DateTime<Utc>,
    /// Whether a reference that could not be judged is a finding.
    pub strict: bool,
    /// The labels that stores list.
    pub counted: &'r Counted,
    judgements: OnceLock<Judgements<'r>>,
    faults: OnceLock<Faults>,
}

/// No listing.
static NONE_COUNTED: Counted = Counted::new();

impl<'r> Facts<'r> {
    /// The facts of a repository.
    #[must_use]
    pub const fn new(
        repo: &'r Repo,
        base: Option<&'r Repo>,
        history: &'r History<'r>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            repo,
            base,
            history,
            now,
            strict: false,
            counted: &NONE_COUNTED,
            judgements: OnceLock::new(),
            faults: OnceLock::new(),
        }
    }

    /// Which references have what they name.
    pub(super) fn judgements(&self) -> &Judgements<'r> {
        self.judgements.get_or_init(|| Judgements::of(self.repo))
    }

    /// What does not build.
    pub(super) fn faults(&self) -> &Faults {
        self.faults.get_or_init(|| unresolved::faults(self.repo))
    }
}

/// Reads what the mainline says, to a depth; `None` where there is no Git or it cannot be read.
type Read<'r> = Box<dyn Fn(Depth) -> Option<Timeline> + Send + Sync + 'r>;

/// What a rule that reads the history by itself has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// Stubs that nothing names any more.
    Unused,
    /// Stubs that were removed.
    Removed,
    /// References to older versions.
    Stale,
    /// Versions that are too old.
    Overdue,
}

/// What Git says of the time before, read when the first rule asks: most runs never do.
pub struct History<'r> {
    read: Read<'r>,
    asked: OnceLock<(Questions, Option<Timeline>)>,
    recent: OnceLock<Option<Timeline>>,
    by: [OnceLock<(Questions, Option<Timeline>)>; 4],
    all: OnceLock<Option<Timeline>>,
}

impl<'r> History<'r> {
    /// A history that `read` reads.
    #[must_use]
    pub fn new(read: impl Fn(Depth) -> Option<Timeline> + Send + Sync + 'r) -> Self {
        Self {
            read: Box::new(read),
            asked: OnceLock::new(),
            recent: OnceLock::new(),
            by: [const { OnceLock::new() }; 4],
            all: OnceLock::new(),
        }
    }

    /// A history that one walk reads, as far as each question needs.
    #[must_use]
    pub fn of(walk: &'r SharedWalk<'_>) -> Self {
        Self::new(|depth| walk.read(depth).ok())
    }

    /// None: rules go by the time in a version's name.
    #[must_use]
    pub fn none() -> Self {
        Self::new(|_| None)
    }

    /// A history that answers a question. The first time, it is read as far as for all those that are `likely` to follow;
    /// for a question that is not one of them, to the first commit.
    #[must_use]
    pub fn answering(
        &self,
        question: Question,
        likely: impl FnOnce() -> Questions,
    ) -> Option<&Timeline> {
        let (asked, past) = self.asked.get_or_init(|| {
            let mut questions = likely();
            questions.insert(question.clone());
            let past = (self.read)(Depth::Asked(questions.clone()));
            (questions, past)
        });
        if past.is_none() || asked.contains(&question) {
            return past.as_ref();
        }
        self.all.get_or_init(|| (self.read)(Depth::Everything)).as_ref()
    }

    /// A history that answers what is asked of the last days: read by itself, since other questions may reach far back.
    #[must_use]
    pub fn recent(&self, likely: impl FnOnce() -> Questions) -> Option<&Timeline> {
        self.recent.get_or_init(|| (self.read)(Depth::Asked(likely()))).as_ref()
    }

    /// A history that answers what one rule asks where it found something, read once for each of these.
    #[must_use]
    pub fn asked_by(&self, asker: Asker, questions: &Questions) -> Option<&Timeline> {
        let read = || (questions.clone(), (self.read)(Depth::Asked(questions.clone())));
        let (asked, past) = self.by[asker as usize].get_or_init(read);
        if past.is_none() || asked.is_superset(questions) {
            return past.as_ref();
        }
        self.all.get_or_init(|| (self.read)(Depth::Everything)).as_ref()
    }
}

impl Rule {
    /// A finding of the rule at a place.
    #[must_use]
    pub fn finding(&self, place: &Place, message: impl Into<String>) -> Finding {
        Finding {
            rule: self.id,
            level: self.level,
            message: message.into(),
            user: None,
            is_general: false,
            place: place.near_in_file(),
            environments: Vec::new(),
            families: BTreeSet::new(),
            related: Vec::new(),
            help: None,
            fix: None,
            fingerprint: String::new(),
        }
    }
}
