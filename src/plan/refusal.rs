//! Why there is no plan.

use std::borrow::Borrow;
use std::fmt;

use crate::plan::back::BackError;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::error::RepoError;
use crate::repo::subject::{Family, Subject};
use crate::text::source::Place;

/// Why a bump is not planned. Nothing was written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlanError {
    /// No environment has the name.
    #[error("there is no environment `{name}`{}", did_you_mean(.nearest.as_deref()))]
    UnknownEnvironment {
        /// The name that was asked for.
        name: String,
        /// The environment that is spelled most like it.
        nearest: Option<String>,
        /// Every environment, in promotion order.
        known: Vec<String>,
    },
    /// The environment uses plain names.
    #[error("`{0}` is not versioned")]
    Unversioned(String),
    /// Nothing in the environment names the family.
    #[error(
        "nothing in `{}` names a secret of the family `{}`{}",
        .subject.environment,
        .subject.family,
        did_you_mean(.nearest.as_deref())
    )]
    UnknownFamily {
        /// The family that was asked for, and the environment.
        subject: Subject,
        /// The family that is spelled most like it.
        nearest: Option<Family>,
        /// Every family of the environment, sorted.
        known: Vec<Family>,
    },
    /// The version cannot be used.
    #[error(
        "`{version}` cannot be the next version of `{}` in `{}`: {reason}",
        .subject.family, .subject.environment
    )]
    Version {
        /// The version.
        version: Box<str>,
        /// The family and the environment.
        subject: Subject,
        /// What is wrong with it, a lower-case phrase.
        reason: Box<str>,
        /// What to type instead.
        help: Box<str>,
        /// The relevant places.
        reasons: Vec<Refusal>,
    },
    /// There is nothing to go back to.
    #[error(transparent)]
    Back(#[from] BackError),
    /// The settings cannot be changed.
    #[error("{task} {file}: {reason}")]
    Settings {
        /// What cannot be done to them, such as `a hold cannot be written into`.
        task: &'static str,
        /// The file.
        file: Box<str>,
        /// Why.
        reason: Box<str>,
        /// What to do about it.
        help: &'static str,
    },
    /// Something in the tree keeps the whole family from being moved.
    #[error(
        "`{}` cannot be moved in `{}`; nothing was written",
        .subject.family, .subject.environment
    )]
    Refused {
        /// The family and the environment.
        subject: Subject,
        /// Every reason, sorted by place.
        reasons: Vec<Refusal>,
    },
    /// The store assigns the versions itself, and the pin of the new value was not given.
    #[error(
        "`{}` cannot be moved in `{}` without `--pin`; nothing was written",
        .subject.family, .subject.environment
    )]
    Unpinned {
        /// The family and the environment.
        subject: Subject,
        /// The command that gives every pin, with `VALUE` for each.
        command: String,
        /// The entries that need one.
        reasons: Vec<Refusal>,
    },
    /// Part of the environment cannot be read, so what it names is not known.
    #[error(
        "part of `{environment}` cannot be read, so its references are not all known; nothing was written"
    )]
    Unreadable {
        /// The environment.
        environment: String,
        /// What cannot be read, and why.
        reasons: Vec<Refusal>,
    },
    /// Something in the tree keeps stubs from being removed.
    #[error(
        "the unused stubs of `{}` cannot be removed in `{}`; nothing was written",
        .subject.family, .subject.environment
    )]
    Irremovable {
        /// The family and the environment.
        subject: Subject,
        /// Every reason.
        reasons: Vec<Refusal>,
    },
    /// Something in the tree keeps monitors from being written.
    #[error(
        "the monitors of `{}` in `{}` cannot be written; nothing was written",
        .subject.family, .subject.environment
    )]
    Unwatched {
        /// The family and the environment.
        subject: Subject,
        /// Every reason.
        reasons: Vec<Refusal>,
    },
    /// The clone lacks the commits that would tell since when a version is no longer in use.
    #[error(
        "the clone is shallow, so it is unknown how long nothing in `{environment}` has referenced `{secret}`, and what ran there before"
    )]
    Hidden {
        /// The secret.
        secret: String,
        /// The environment.
        environment: String,
    },
    /// The planned tree did not resolve to what was meant.
    #[error(
        "the planned change of `{}` in `{}` differs from the intended one: {}",
        .subject.family,
        .subject.environment,
        .differences.join("; ")
    )]
    Unproved {
        /// The family and the environment.
        subject: Subject,
        /// What is not as it should be, a phrase each.
        differences: Vec<String>,
    },
    /// The repaired tree did not resolve to what was meant.
    #[error("the fixes would make unintended changes: {}", .differences.join("; "))]
    UnprovedRepairs {
        /// What would change, a phrase each.
        differences: Vec<String>,
    },
}

/// One reason against a plan.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// What is wrong, a lower-case phrase.
    pub what: String,
    /// Where.
    pub place: Option<Place>,
    /// What to do about it.
    pub hint: String,
}

impl PlanError {
    /// Whether the request or the input was invalid, rather than the plan refused.
    #[must_use]
    pub const fn is_trouble(&self) -> bool {
        matches!(
            self,
            Self::UnknownEnvironment { .. }
                | Self::UnknownFamily { .. }
                | Self::Unversioned(_)
                | Self::Unreadable { .. }
                | Self::Back(_)
                | Self::Settings { .. }
                | Self::Hidden { .. }
        )
    }

    /// What to type next.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::UnknownEnvironment { known, .. } => list("environments", known),
            Self::UnknownFamily { known, .. } => list("families", known),
            Self::Unversioned(name) => Some(format!(
                "remove `versioned: false` from `{name}` in rotate.yaml; if there is no such file, `rotate init` writes it"
            )),
            Self::Version { help, .. } => Some(help.to_string()),
            Self::Back(error) => Some(error.help()),
            Self::Settings { help, .. } => Some((*help).to_owned()),
            Self::Hidden { .. } => {
                Some("check out with `fetch-depth: 0`, or run `git fetch --unshallow`".to_owned())
            }
            Self::Refused { .. }
            | Self::Unpinned { .. }
            | Self::Unreadable { .. }
            | Self::Irremovable { .. }
            | Self::Unwatched { .. } => None,
            Self::Unproved { .. } | Self::UnprovedRepairs { .. } => Some(
                "nothing was written; please report this with a tree that reproduces it".to_owned(),
            ),
        }
    }

    /// What to type where nothing but pins is missing: `VALUE` is for each the version of the new value in the store.
    #[must_use]
    pub fn with_pins(&self) -> Option<&str> {
        if let Self::Unpinned { command, .. } = self { Some(command) } else { None }
    }

    /// The reasons, each with a place and a hint.
    #[must_use]
    pub fn reasons(&self) -> &[Refusal] {
        match self {
            Self::Refused { reasons, .. }
            | Self::Unpinned { reasons, .. }
            | Self::Unreadable { reasons, .. }
            | Self::Irremovable { reasons, .. }
            | Self::Unwatched { reasons, .. }
            | Self::Version { reasons, .. } => reasons,
            _ => &[],
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// The environment with that name.
pub(super) fn environment(repo: &Repo, name: &str) -> Result<EnvironmentId, PlanError> {
    repo.environment(name).map_err(|error| match error {
        RepoError::UnknownEnvironment { name, nearest, known } => {
            PlanError::UnknownEnvironment { name, nearest, known }
        }
        _ => PlanError::UnknownEnvironment {
            name: name.to_owned(),
            nearest: None,
            known: Vec::new(),
        },
    })
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn list(what: &str, names: &[impl Borrow<str>]) -> Option<String> {
    (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")))
}
