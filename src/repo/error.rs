//! Why a repository cannot be loaded or queried.

use crate::text::path::TreePath;
use crate::text::source::Place;

/// Why a repository cannot be loaded or queried.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RepoError {
    /// No environment has the name.
    #[error("there is no environment `{name}`")]
    UnknownEnvironment {
        /// The name that was asked for.
        name: String,
        /// The environment with the most similar name.
        nearest: Option<String>,
        /// Every environment, in promotion order.
        known: Vec<String>,
    },
    /// No file lies under any path of a declared environment.
    #[error("no manifest belongs to the environment `{name}`")]
    EmptyEnvironment {
        /// The environment.
        name: String,
        /// Where `rotate.yaml` declares it.
        place: Option<Place>,
    },
    /// No file lies under a path of a declared environment.
    #[error("the path `{pattern}` of the environment `{environment}` matches nothing")]
    UnusedPattern {
        /// The pattern.
        pattern: String,
        /// The environment.
        environment: String,
        /// Where `rotate.yaml` has it.
        place: Option<Place>,
    },
    /// A configured field of a custom resource cannot be read.
    #[error("{message}")]
    Field {
        /// What is wrong with it, a lower-case phrase.
        message: String,
        /// Where `rotate.yaml` has it.
        place: Option<Place>,
    },
    /// A named directory does not exist.
    #[error("there is no directory `{path}`")]
    NoDirectory {
        /// What was named.
        path: TreePath,
    },
}

impl RepoError {
    /// The place that is at fault.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::EmptyEnvironment { place, .. }
            | Self::UnusedPattern { place, .. }
            | Self::Field { place, .. } => place.as_ref(),
            Self::UnknownEnvironment { .. } | Self::NoDirectory { .. } => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::UnknownEnvironment { known, .. } if known.is_empty() => Some(
                "name directories `staging` and `production`, or declare environments in `rotate.yaml`"
                    .to_owned(),
            ),
            Self::UnknownEnvironment { nearest: Some(nearest), known, .. } => {
                Some(format!("did you mean `{nearest}`? there are: {}", known.join(", ")))
            }
            Self::UnknownEnvironment { known, .. } => {
                Some(format!("there are: {}", known.join(", ")))
            }
            Self::EmptyEnvironment { .. } | Self::UnusedPattern { .. } => Some(
                "paths are matched from the repository's root, directory by directory; remove it if it is no longer needed"
                    .to_owned(),
            ),
            Self::Field { .. } => {
                Some("write the keys with dots between, `[]` behind a list: `spec.auth[].secretName`".to_owned())
            }
            Self::NoDirectory { .. } => {
                Some("name directories by their path from the root of the tree".to_owned())
            }
        }
    }
}
