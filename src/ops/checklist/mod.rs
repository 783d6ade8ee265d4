//! The list of what a rotation takes, from its first value to the removal of the old one, ticked by what is proved.
//!
//! It is the one list: `rotate checklist` prints it, and a pull request carries it.

mod after;
mod before;
mod clean_up;
mod commit;
mod facts;
mod list;
mod merge;
mod run;
mod stored;
mod stub;
mod words;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::plan::from_store::KeyListing;
use crate::plan::prune::Shown;
use crate::repo::subject::Subject;
use crate::timeline::Began;

pub use merge::{Merge, of_rotation};
pub use run::{Checked, Request, run};

/// What a rotation takes, in order.
#[derive(Debug, Clone)]
pub struct Checklist {
    /// The family, and the environment up to which the list goes.
    pub subject: Subject,
    /// The version in question; `None` for a family that has none yet.
    pub version: Option<String>,
    /// The items, by section.
    pub items: Vec<Item>,
}

/// A part of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Section {
    /// Before anything moves.
    Before,
    /// The move of an environment.
    Environment(String),
    /// What is left of older versions.
    CleanUp,
}

/// A line of the list.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it is about: lower-case letters, digits and `-`, the same in each run.
    pub id: String,
    /// Whether the sentence alone says what it is about: such an ID only counts steps.
    pub is_step: bool,
    /// The part that it belongs to.
    pub section: Section,
    /// Whether it comes after the move of the last environment.
    pub follows: bool,
    /// The sentence.
    pub text: String,
    /// How it stands.
    pub state: State,
    /// The command that does it, or else the one that proves it.
    pub command: Option<String>,
}

/// How an item stands.
#[derive(Debug, Clone)]
pub enum State {
    /// It is proved.
    Done(Proof),
    /// It is not; with what is known instead, a lower-case phrase.
    Open(Option<String>),
    /// It passes by itself: at a time, or as the phrase says.
    Waiting(Option<DateTime<Utc>>, String),
    /// It is not known, for the reason that the phrase gives.
    Unknown(String),
}

/// What proves an item.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    /// A lower-case phrase; empty where the sentence says it all.
    pub text: String,
    /// Since when, and by which commit.
    pub since: Option<Began>,
}

/// What was given besides the tree and its history. What is not given is not proved.
#[derive(Debug, Clone, Default)]
struct Given {
    /// What stores list of the keys of the version.
    listings: Vec<KeyListing>,
    /// What a cluster shows of the pods, by environment.
    pods: BTreeMap<String, Shown>,
}

impl Proof {
    /// Facts in a phrase.
    #[must_use]
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), since: None }
    }
}

impl State {
    /// The word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Open(_) => "open",
            Self::Waiting(..) => "waiting",
            Self::Unknown(_) => "unknown",
        }
    }

    /// What there is to say about it, a lower-case phrase.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        let note = match self {
            Self::Done(proof) => &proof.text,
            Self::Open(note) => note.as_deref().unwrap_or_default(),
            Self::Waiting(_, note) | Self::Unknown(note) => note,
        };
        (!note.is_empty()).then_some(note)
    }

    /// Whether it is proved.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

impl Checklist {
    /// The items of each section, in order.
    #[must_use]
    pub fn sections(&self) -> Vec<(&Section, Vec<&Item>)> {
        let mut sections: Vec<(&Section, Vec<&Item>)> = Vec::new();
        for item in &self.items {
            match sections.last_mut().filter(|(section, _)| **section == item.section) {
                Some((_, items)) => items.push(item),
                None => sections.push((&item.section, vec![item])),
            }
        }
        sections
    }
}
