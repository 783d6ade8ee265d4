//! Prints and exports the results of commands that change files or open pull requests.

use std::io;

use crate::cli::outputs;
use crate::cli::outputs::{Outputs, headed};
use crate::ops::failure::{Failure, Status};
use crate::ops::proposals::Proposals;
use crate::ops::session::Session;
use crate::report::console::Console;
use crate::report::format::Format;
use crate::report::message;
use crate::report::promote::waits;
use crate::report::pulls::{self as picture, PullRequests};
use crate::report::workflow::log;

/// Changes to files, in the formats that most commands have in common.
pub struct Changes<'a> {
    /// The command.
    pub command: &'a str,
    /// Whether there are any.
    pub is_change: bool,
    /// The report for a reviewer.
    pub report: &'a dyn Fn() -> String,
    /// How they are printed.
    pub format: Format,
}

impl Changes<'_> {
    /// Prints them, and leaves the report and a workflow's outputs; `json` and `text` print what differs by command.
    ///
    /// # Errors
    /// When stdout or a file cannot be written to.
    pub fn print(
        &self,
        session: &Session,
        outputs: &outputs::Args,
        console: &Console,
        json: impl FnOnce() -> io::Result<()>,
        text: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match self.format {
            Format::JSON => json()?,
            Format::MARKDOWN => console.result(&(self.report)())?,
            Format::GITHUB => console.result(&log(&(self.report)()))?,
            _ => text()?,
        }
        let left = Outputs { changed: self.is_change, ..Outputs::default() };
        let summary = || headed(self.command, &(self.report)());
        outputs.leave(session, self.format, || Ok((self.report)()), summary, left)
    }
}

/// The results of `--pull-request`.
pub struct Pulls<'a> {
    /// The command.
    pub command: &'a str,
    /// What was done.
    pub proposals: &'a Proposals,
    /// How it is printed.
    pub format: Format,
}

impl Pulls<'_> {
    /// Prints it, and leaves the report and a workflow's outputs.
    ///
    /// # Errors
    /// When stdout or a file cannot be written to.
    pub fn print(
        &self,
        session: &Session,
        outputs: &outputs::Args,
        console: &Console,
    ) -> Result<Status, Failure> {
        let Proposals { pulls, waiting, failures } = self.proposals;
        // If a run failed, no changes do not mean that there was nothing to do.
        let view = PullRequests::new(pulls);
        let is_silent = !failures.is_empty() && view.pull_requests.is_empty();
        let describe = |text: fn(&PullRequests) -> String| {
            if is_silent { String::new() } else { text(&view) }
        };
        let report = || format!("{}{}", describe(picture::markdown), waits(waiting));
        match self.format {
            Format::JSON => console.json(&view)?,
            Format::MARKDOWN => console.result(&report())?,
            Format::GITHUB => console.result(&describe(picture::github))?,
            _ => console.result(&describe(picture::text))?,
        }
        let left =
            Outputs { changed: pulls.is_change(), pulls: &view.pull_requests, findings: None };
        let summary = || headed(self.command, &report());
        outputs.leave(session, self.format, || Ok(report()), summary, left)?;
        for failure in failures {
            message::error(&failure.message, console);
        }
        let worst = failures.iter().map(|failure| failure.status).max();
        Ok(worst.unwrap_or(Status::Done))
    }
}
