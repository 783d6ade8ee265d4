//! A rule's findings about a place, and how to fix them. Independent of rules, colours and formats.

pub mod cause;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::finding::cause::User;
use crate::text::edit::Edit;
use crate::text::source::{Place, Source};

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Info,
    /// Worth a look.
    Warning,
    /// Would break something, or already does.
    Error,
}

impl Level {
    /// The word used in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A problem at a place in a file.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// Its severity.
    pub level: Level,
    /// What is wrong, as a lower-case phrase that is the same for every environment.
    pub message: String,
    /// Whose reference it is about, where the message names it.
    pub user: Option<User>,
    /// Whether its words mean the same cause at every place, whomever that concerns.
    pub is_general: bool,
    /// The bytes of a file that are wrong.
    pub place: Place,
    /// The affected environments, in promotion order; empty if it does not depend on the environment.
    pub environments: Vec<String>,
    /// The families of secrets it is about; empty if it is about something else.
    pub families: BTreeSet<String>,
    /// Other places that explain it.
    pub related: Vec<Related>,
    /// What to type, as a lower-case phrase.
    pub help: Option<String>,
    /// A safe fix.
    pub fix: Option<Fix>,
    /// A fingerprint that is stable when lines move; empty until the runner fills it in.
    pub fingerprint: String,
}

/// A place that explains a finding.
#[derive(Debug, Clone)]
pub struct Related {
    /// What is there, as a lower-case phrase.
    pub label: String,
    /// The place.
    pub place: Place,
}

/// A fix that only follows what the tree already says.
#[derive(Debug, Clone)]
pub struct Fix {
    /// What it does, as a lower-case phrase.
    pub title: String,
    /// The edits, all of them or none.
    pub edits: Vec<FileEdit>,
}

/// An edit of a file.
#[derive(Debug, Clone)]
pub struct FileEdit {
    /// The file.
    pub source: Arc<Source>,
    /// The edit.
    pub edit: Edit,
}

impl Finding {
    /// The same finding in an environment.
    #[must_use]
    pub fn in_environment(mut self, name: impl Into<String>) -> Self {
        self.environments.push(name.into());
        self
    }

    /// The same finding in each of these environments.
    #[must_use]
    pub fn in_each<'e>(mut self, names: impl IntoIterator<Item = &'e str>) -> Self {
        self.environments.extend(names.into_iter().map(str::to_owned));
        self
    }

    /// The same finding, with a minimum severity that applies if `rotate.yaml` sets no level for its rule.
    #[must_use]
    pub const fn at_least(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The same finding, known to be about a family.
    #[must_use]
    pub fn about(mut self, family: impl Into<String>) -> Self {
        self.families.insert(family.into());
        self
    }

    /// The same finding, about a reference that the message describes in these words.
    #[must_use]
    pub fn of_user(mut self, words: impl Into<String>, namespace: Option<&str>) -> Self {
        let namespace = namespace.map(str::to_owned);
        self.user = Some(User { words: words.into(), namespace });
        self
    }

    /// The same finding, of a cause that the words alone tell: with places of its own in several environments and families.
    #[must_use]
    pub const fn general(mut self) -> Self {
        self.is_general = true;
        self
    }

    /// The same finding with another place that explains it; unchanged if there is no place.
    #[must_use]
    pub fn related(mut self, label: impl Into<String>, place: Option<Place>) -> Self {
        if let Some(place) = place {
            self.related.push(Related { label: label.into(), place: place.near_in_file() });
        }
        self
    }

    /// The same finding with a hint.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same finding with a safe fix, if there is one.
    #[must_use]
    pub fn fix(mut self, fix: Option<Fix>) -> Self {
        self.fix = fix;
        self
    }
}

impl Fix {
    /// A fix with a single edit.
    #[must_use]
    pub fn one(title: impl Into<String>, source: &Arc<Source>, edit: Edit) -> Self {
        let edits = vec![FileEdit { source: Arc::clone(source), edit }];
        Self { title: title.into(), edits }
    }
}
