//! GitHub errors.

/// Why a request to GitHub failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// `gh` is not installed.
    #[error("cannot run `gh`, which is needed to access GitHub: {0}")]
    NoProgram(String),
    /// `gh` has no token.
    #[error("`gh` is not logged in: {0}")]
    NoToken(String),
    /// GitHub rejected the request.
    #[error("GitHub refused to {what}: {reason}")]
    Refused {
        /// What was asked for.
        what: String,
        /// The message, with GitHub's own reasons.
        reason: String,
    },
    /// The response is not one that GitHub would send.
    #[error("GitHub's answer cannot be read ({what}): {reason}")]
    Answer {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ForgeError {
    /// What to type next.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoProgram(_) => {
                Some("install it from https://cli.github.com, or make the commit with `--commit`".to_owned())
            }
            Self::NoToken(_) => {
                Some("`gh auth login`; in a workflow, set `GH_TOKEN` or the input `token`".to_owned())
            }
            Self::Refused { reason, .. } if forbids(reason) => Some(
                "the job needs `permissions: { contents: write, pull-requests: write }`, and the repository must allow \
                 workflows to open pull requests (Settings, Actions, General)"
                    .to_owned(),
            ),
            Self::Refused { reason, .. } if reason.contains("404") => Some(
                "`gh repo view` shows which repository it takes; `GH_REPO=OWNER/NAME` names another".to_owned(),
            ),
            Self::Refused { .. } | Self::Answer { .. } => None,
        }
    }
}

/// Whether a request was rejected because of the token's permissions.
fn forbids(reason: &str) -> bool {
    ["not accessible by", "not permitted to"].iter().any(|words| reason.contains(words))
}
