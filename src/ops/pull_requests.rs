//! Pull requests, and what was done with them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::repo::subject::Subject;

/// The pull requests of a run, and what was done with them.
#[derive(Debug)]
pub struct PullRequests {
    /// Whether the changes were made; `false` for a dry run.
    pub written: bool,
    /// The branch that they go to.
    pub base: String,
    /// Every one that was looked at.
    pub all: Vec<PullRequest>,
}

/// A pull request, and what was done with it.
#[derive(Debug, Clone)]
pub struct PullRequest {
    /// The family and the environment.
    pub subject: Subject,
    /// The new version, or the removed ones, joined by `+`.
    pub version: String,
    /// The branch that is to be merged.
    pub branch: String,
    /// The branch that it goes to.
    pub base: String,
    /// Its number, where it was opened.
    pub number: Option<u64>,
    /// Its page, where it was opened.
    pub url: Option<String>,
    /// What was done.
    pub action: Action,
    /// The reason, if it is not obvious.
    pub reason: Option<String>,
}

/// What was done with a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is new.
    Opened,
    /// Its branch or its text was brought up to date.
    Updated,
    /// It was as it should be.
    Unchanged,
    /// It was closed, since another version takes its place.
    Superseded,
    /// It was closed, since its reason is gone.
    Closed,
    /// A person closed one for the same version: none was opened.
    Declined,
    /// Its branch has commits of others, which are left as they are.
    Left,
}

impl Action {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Superseded => "superseded",
            Self::Closed => "closed",
            Self::Declined => "declined",
            Self::Left => "left",
        }
    }

    /// Whether anything was changed.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Opened | Self::Updated | Self::Superseded | Self::Closed)
    }
}

impl PullRequests {
    /// Whether anything was or would be changed.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.all.iter().any(|one| one.action.is_change())
    }
}
