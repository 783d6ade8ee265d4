//! Prints and exports the results of `--pull-request`.

use crate::cli::args::Format;
use crate::cli::outputs;
use crate::cli::outputs::{Outputs, headed};
use crate::ops::failure::{Failure, Status};
use crate::ops::pull_requests;
use crate::ops::session::Session;
use crate::report::console::Console;
use crate::report::message;
use crate::report::pulls::{self as picture, PullRequests};

/// The results of `--pull-request`.
pub struct Pulls<'a> {
    /// The command.
    pub command: &'a str,
    /// What was done.
    pub done: &'a pull_requests::PullRequests,
    /// What failed.
    pub failures: &'a [Failure],
    /// Additional Markdown for the report.
    pub more: &'a str,
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
        // If a run failed, no changes do not mean that there was nothing to do.
        let view = PullRequests::new(self.done);
        let is_silent = !self.failures.is_empty() && view.pull_requests.is_empty();
        let describe = |text: fn(&PullRequests) -> String| {
            if is_silent { String::new() } else { text(&view) }
        };
        let report = || format!("{}{}", describe(picture::markdown), self.more);
        match self.format {
            Format::Json => console.json(&view)?,
            Format::Markdown => console.result(&report())?,
            Format::Github => console.result(&describe(picture::github))?,
            _ => console.result(&describe(picture::text))?,
        }
        let left =
            Outputs { changed: self.done.is_change(), pulls: &view.pull_requests, findings: None };
        let summary = || headed(self.command, &report());
        outputs.leave(session, self.format, || Ok(report()), summary, left)?;
        for failure in self.failures {
            message::error(&failure.message, console);
        }
        let worst = self.failures.iter().map(|failure| failure.status).max();
        Ok(worst.unwrap_or(Status::Done))
    }
}
