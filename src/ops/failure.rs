//! Errors of every module as a message, and how bad they are.

use crate::config::error::ConfigError;
use crate::disk::error::{DiskError, WriteError};
use crate::forge::error::ForgeError;
use crate::git::error::GitError;
use crate::lint::selection::UnknownRule;
use crate::ops::message::Message;
use crate::plan::refusal::{PlanError, Refusal};
use crate::repo::error::RepoError;
use crate::repo::sensitive;
use crate::timeline::walk::WalkError;
use crate::tree::ReadError;

/// The exit status of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Nothing to report; done.
    Done,
    /// Something was found, something would change, or a gate refused.
    Findings,
    /// Usage, configuration, input that could not be read, Git.
    Trouble,
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// The exit status.
    pub status: Status,
    /// The message for the user.
    pub message: Box<Message>,
}

impl Failure {
    /// A usage error.
    #[must_use]
    pub fn usage(message: Message) -> Self {
        Self { status: Status::Trouble, message: Box::new(message) }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::usage(Message::new(format!("cannot write the result: {error}")))
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        let status = if error.is_trouble() { Status::Trouble } else { Status::Findings };
        let mut message = Message::new(error.to_string());
        message.help = error.help();
        message.also = error.reasons().iter().map(reason).collect();
        // Help that all of them share is printed once.
        for also in &mut message.also {
            also.help.take_if(|help| Some(&*help) == message.help.as_ref());
        }
        Self { status, message: Box::new(message) }
    }
}

impl Failure {
    /// Merges several failures: the worst status, every message; `None` if there are none.
    #[must_use]
    pub fn first_of(failures: Vec<Self>) -> Option<Self> {
        let mut failures = failures.into_iter();
        let mut first = failures.next()?;
        for failure in failures {
            if failure.status == Status::Trouble {
                first.status = Status::Trouble;
            }
            first.message.also.push(*failure.message);
        }
        Some(first)
    }
}

fn reason(refusal: &Refusal) -> Message {
    Message::new(refusal.what.clone()).at(refusal.place.clone()).help(refusal.hint.clone())
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let source = &error.place.source;
        if sensitive::is_foreign(source) {
            // What such a file holds is unknown, so nothing of it is quoted.
            let position = error.place.position();
            let text =
                "this is no setting; the line is not shown, because such a file may hold secrets";
            let place = format!("{}:{}:{}", source.path(), position.line, position.column);
            let message = Message { path: Some(place), ..Message::new(text) };
            return Self::usage(message.help("`rotate schema` prints what can be set"));
        }
        let message = Message::new(error.message).at(Some(error.place));
        Self::usage(Message { help: error.help, ..message })
    }
}

impl From<RepoError> for Failure {
    fn from(error: RepoError) -> Self {
        let message = Message::new(error.to_string()).at(error.place().cloned());
        Self::usage(Message { help: error.help(), ..message })
    }
}

impl From<WalkError> for Failure {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::Git(error) => error.into(),
            WalkError::Repo(error) => error.into(),
        }
    }
}

impl From<UnknownRule> for Failure {
    fn from(error: UnknownRule) -> Self {
        let message = Message::new(error.to_string()).at(error.place.clone());
        Self::usage(message.help(error.help()))
    }
}

impl From<DiskError> for Failure {
    fn from(error: DiskError) -> Self {
        Self::usage(Message::new(error.to_string()))
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::usage(Message::new(error.to_string()))
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        let help = error.help();
        Self::usage(Message { help, ..Message::new(error.to_string()) })
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        let help = error.help();
        Self::usage(Message { help, ..Message::new(error.to_string()) })
    }
}

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Self {
        let help = error.help();
        Self::usage(Message { help, ..Message::new(error.to_string()) })
    }
}
