//! The target of a rollback: always a name that first ran before the current one did.

use crate::k8s::secret_name::{PLAIN, Version, split};
use crate::repo::subject::Subject;
use crate::repo::usage::Running;
use crate::text::shell::command;
use crate::timeline::Timeline;
use crate::timeline::runs::WayBack;

/// What ran in an environment.
pub struct Story<'a> {
    /// The mainline's history, back to its first commit.
    pub timeline: &'a Timeline,
    /// The family and the environment.
    pub subject: &'a Subject,
    /// What the tree runs now.
    pub now: &'a Running,
}

/// Why there is nothing to roll back to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackError {
    /// The plain name ran before; it is rolled back to only on request.
    #[error(
        "before the current version, `{}` ran `{}` without a version",
        .subject.environment, .subject.family
    )]
    Plain {
        /// The family and the environment.
        subject: Subject,
    },
    /// Nothing older ran.
    #[error(
        "no earlier version of `{}` ran alone in `{}`",
        .subject.family, .subject.environment
    )]
    Nothing {
        /// The family and the environment.
        subject: Subject,
        /// The other versions that ran there, as help text.
        ran: String,
    },
    /// The clone lacks the commits that show what ran before.
    #[error(
        "the clone is shallow, so the previous version of `{}` in `{}` is unknown",
        .subject.family, .subject.environment
    )]
    Hidden {
        /// The family and the environment.
        subject: Subject,
    },
    /// The requested target is not a version.
    #[error("`{0}` is not a version")]
    NoVersion(String),
    /// The requested version is newer than the current one.
    #[error("`{version}` is newer than what `{environment}` runs now; a rollback only goes back")]
    Newer {
        /// The environment.
        environment: String,
        /// The requested version.
        version: String,
        /// The other versions that ran there, as help text.
        ran: String,
    },
    /// The requested version never ran.
    #[error(
        "`{}` never ran `{version}` of `{}`, so there is no way back to it",
        .subject.environment, .subject.family
    )]
    NeverRan {
        /// The family and the environment.
        subject: Subject,
        /// The requested version.
        version: String,
        /// What ran there.
        ran: String,
    },
}

impl BackError {
    /// What to type next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Plain { subject: Subject { environment, family } } => {
                let back = command("rotate rollback", &[environment, family], " --to plain");
                format!("to go back to it: `{back}`")
            }
            Self::Hidden { .. } => {
                "get the whole history with `git fetch --unshallow`; in a workflow, check out with `fetch-depth: 0`"
                    .to_owned()
            }
            Self::NoVersion(_) => {
                "give 14 digits, a UTC date and time such as 20250723110000, or `plain`".to_owned()
            }
            Self::Nothing { ran, .. } | Self::Newer { ran, .. } | Self::NeverRan { ran, .. } => {
                ran.clone()
            }
        }
    }
}

impl<'a> Story<'a> {
    /// The version to roll back to, or `plain`: the requested one, or the previous one that ran alone.
    ///
    /// # Errors
    /// When there is none, or the requested version cannot be rolled back to.
    pub fn target(&self, asked: Option<&'a str>) -> Result<&'a str, BackError> {
        asked.map_or_else(|| self.back(), |asked| self.to(asked))
    }

    fn back(&self) -> Result<&'a str, BackError> {
        let subject = self.subject.clone();
        match self.timeline.way_back(self.subject, self.now) {
            WayBack::To(PLAIN) => Err(BackError::Plain { subject }),
            WayBack::To(version) => Ok(version),
            WayBack::Hidden => Err(BackError::Hidden { subject }),
            WayBack::Nothing => Err(BackError::Nothing { subject, ran: self.ran() }),
        }
    }

    fn to(&self, asked: &'a str) -> Result<&'a str, BackError> {
        let Self { timeline, subject, now } = *self;
        let name = match split(asked) {
            Some((family, digits)) if subject.family == *family => digits,
            None if subject.family == *asked => PLAIN,
            _ => asked,
        };
        if name != PLAIN && Version::new(name).is_none() {
            return Err(BackError::NoVersion(asked.to_owned()));
        }
        if now.alone() == Some(name) {
            return Ok(name);
        }
        if timeline.is_shallow() && !timeline.is_whole(subject) {
            return Err(BackError::Hidden { subject: subject.clone() });
        }
        if timeline.is_older(subject, name, now) {
            return Ok(name);
        }
        let (version, ran) = (name.to_owned(), self.ran());
        if timeline.had(subject, name) || now.has(name) {
            Err(BackError::Newer { environment: subject.environment.clone(), version, ran })
        } else {
            Err(BackError::NeverRan { subject: subject.clone(), version, ran })
        }
    }

    /// The valid values for `--to`, and how to move forward instead.
    fn ran(&self) -> String {
        let Self { timeline, subject, now } = self;
        let Subject { environment, family } = subject;
        let names = timeline.names(subject).into_iter().filter(|name| !now.has(name));
        let is_older = |name: &&str| timeline.is_older(subject, name, now);
        let (older, newer): (Vec<&str>, Vec<&str>) = names.partition(is_older);
        let mut help = if older.is_empty() {
            format!(
                "there is no version to give to `--to`; `{}` shows what ran when",
                command("rotate history", &[family], "")
            )
        } else {
            format!("`--to` takes one of: {}", older.join(", "))
        };
        if !newer.is_empty() {
            let list = newer.join(", ");
            help += &format!(
                "; newer: {list} (`{}` goes forward)",
                command("rotate bump", &[environment, family], " --lift-hold")
            );
        }
        help
    }
}
