//! Why GitHub could not be asked.

/// Why GitHub could not be asked, or refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// The program is not there.
    #[error("cannot run `gh`, which is needed to access GitHub: {0}")]
    NoProgram(String),
    /// `gh` has no token.
    #[error("`gh` is not logged in: {0}")]
    NoToken(String),
    /// GitHub refused.
    #[error("GitHub refused to {what}: {reason}")]
    Refused {
        /// What was asked for.
        what: String,
        /// What was said, with GitHub's own reasons.
        reason: String,
    },
    /// The answer is none that GitHub would give.
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

/// Whether a refusal is about what the token may do.
fn forbids(reason: &str) -> bool {
    ["not accessible by", "not permitted to"].iter().any(|words| reason.contains(words))
}
