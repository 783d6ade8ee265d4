//! What a command leaves beside its results: a report in a file, and what a GitHub workflow reads of a step.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::disk::file;
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::ops::session::Session;
use crate::repo::own::REPORT;
use crate::report::format::Format;
use crate::report::pulls::PullView;
use crate::text::markdown::line;

/// What commands print that a workflow or a reviewer may read.
pub const FORMATS: [Format; 4] = [Format::TEXT, Format::JSON, Format::MARKDOWN, Format::GITHUB];

/// The flag for a report.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Also write the report to FILE (SARIF for `lint`, Markdown otherwise)
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// The outputs of a workflow's step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outputs<'a> {
    /// Whether files or pull requests were or would be changed.
    pub changed: bool,
    /// The pull requests.
    pub pulls: &'a [PullView],
    /// How many findings there are; `None` for a command that does not lint.
    pub findings: Option<usize>,
}

/// A report under its command's name.
#[must_use]
pub fn headed(command: &str, report: &str) -> String {
    format!("### rotate {command}\n\n{}\n\n", report.trim())
}

/// What a workflow's step is left with where the command could not run: no change, and why.
pub fn leave_nothing(failure: &Failure) {
    let none = Args { report: None };
    let why = failure.message.in_words();
    let why: Vec<String> = why.lines().map(line).collect();
    let summary = format!("### rotate could not run\n\n{}\n\n", why.join("<br>"));
    // The failure is already reported; failing to write it here as well changes nothing.
    if let Ok(lines) = none.lines(Path::new(""), Outputs::default()) {
        let _ = tell(&summary, &lines);
    }
}

/// Adds to the summary and to the outputs of a workflow's step.
fn tell(summary: &str, outputs: &str) -> Result<(), Failure> {
    for (file, text) in [("GITHUB_STEP_SUMMARY", summary), ("GITHUB_OUTPUT", outputs)] {
        if let Some(file) = variable(file) {
            file::append(Path::new(&file), text)?;
        }
    }
    Ok(())
}

impl Args {
    /// Whether changes are described to a reviewer, with the whole history of their families.
    #[must_use]
    pub fn describes(&self, proposes: bool, format: Format) -> bool {
        proposes || matches!(format, Format::MARKDOWN | Format::GITHUB) || self.report.is_some()
    }

    /// Writes the report where one is asked for; in a workflow adds the summary to that of the step, and sets its outputs.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn leave(
        &self,
        session: &Session,
        format: Format,
        report: impl FnOnce() -> Result<String, Failure>,
        summary: impl FnOnce() -> String,
        outputs: Outputs<'_>,
    ) -> Result<(), Failure> {
        let path = self.report.as_ref().map(|path| session.file(path));
        if let Some(path) = &path {
            let report = report()?;
            let head = if report.starts_with('{') { "" } else { REPORT };
            file::make(path, &format!("{head}{report}"))?;
        }
        if format != Format::GITHUB {
            return Ok(());
        }
        tell(&summary(), &self.lines(&path.unwrap_or_default(), outputs)?)
    }

    /// One line for each output.
    fn lines(&self, report: &Path, outputs: Outputs<'_>) -> Result<String, Failure> {
        let mut lines =
            format!("changed={}\npull-requests={}\n", outputs.changed, json(outputs.pulls)?);
        if let Some(findings) = outputs.findings {
            lines.push_str(&format!("findings={findings}\n"));
        }
        if self.report.is_some() {
            let path = report.display().to_string();
            if path.contains(['\n', '\r']) {
                let text = "the path of the report has a line break, which no output of a workflow can hold";
                return Err(Failure::usage(Message::new(text).help("name another file")));
            }
            lines.push_str(&format!("report={path}\n"));
        }
        Ok(lines)
    }
}

/// A value as JSON on one line.
fn json(value: impl Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string(&value).map_err(std::io::Error::from)?)
}

/// A variable that names something.
#[allow(clippy::disallowed_methods)] // the command line is where the environment is read
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
