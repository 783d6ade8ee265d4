//! What a rule is: a constant with its words, and a function over facts.

use chrono::{DateTime, Utc};

use crate::finding::{Finding, Level};
use crate::repo::Repo;
use crate::text::source::Place;

/// A rule.
pub struct Rule {
    /// Its name: the offence, as it reads behind `allow`.
    pub id: &'static str,
    /// How much its findings matter by default.
    pub level: Level,
    /// Whether its findings carry repairs.
    pub fixes: Fixes,
    /// What it finds, in a phrase.
    pub summary: &'static str,
    /// Its page: Markdown with the headings *What it finds*, *Why it matters*, *Example* and *Repair*.
    pub docs: &'static str,
    /// Looks for it. Findings may come in any order and once an environment.
    pub check: fn(&Facts<'_>) -> Vec<Finding>,
}

/// Whether the findings of a rule carry repairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixes {
    /// None does.
    Never,
    /// Those do whose text can be edited where it stands.
    Sometimes,
}

/// What a rule may look at.
pub struct Facts<'r> {
    /// The repository as it stands.
    pub repo: &'r Repo,
    /// The repository at the revision that it is compared with.
    pub base: Option<&'r Repo>,
    /// The present time.
    pub now: DateTime<Utc>,
}

impl Rule {
    /// A finding of the rule at a place.
    #[must_use]
    pub fn finding(&self, place: &Place, message: impl Into<String>) -> Finding {
        Finding {
            rule: self.id,
            level: self.level,
            message: message.into(),
            place: place.near_in_file(),
            environments: Vec::new(),
            related: Vec::new(),
            help: None,
            fix: None,
            fingerprint: String::new(),
        }
    }
}
