//! What a command leaves beside its results: a report in a file, and what a GitHub workflow reads of a step.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::args::Format;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::disk::file;
use crate::report::message::Message;
use crate::report::pulls::PullView;
use crate::timeline::walk::Depth;

/// The flag for a report.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Also write the report to FILE: that of `lint` as SARIF, any other as Markdown
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// The outputs of a workflow's step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outputs<'a> {
    /// Whether files or pull requests are otherwise now, or would be.
    pub changed: bool,
    /// The pull requests.
    pub pulls: &'a [PullView],
    /// How many findings there are; none of a command that looks for none.
    pub findings: Option<usize>,
}

/// How far back a command reads that may have a reviewer, who is told the whole story.
#[must_use]
pub fn tells(proposes: bool, args: &Args, format: Format) -> Depth<'static> {
    let told = matches!(format, Format::Markdown | Format::Github);
    if proposes || told || args.report.is_some() { Depth::Everything } else { Depth::Since }
}

/// A report under its command's name.
#[must_use]
pub fn headed(command: &str, report: &str) -> String {
    format!("### rotate {command}\n\n{}\n\n", report.trim())
}

impl Args {
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
        if let Some(path) = &self.report {
            file::make(&session.file(path), &report()?)?;
        }
        if format != Format::Github {
            return Ok(());
        }
        if let Some(file) = variable("GITHUB_STEP_SUMMARY") {
            file::append(Path::new(&file), &summary())?;
        }
        if let Some(file) = variable("GITHUB_OUTPUT") {
            file::append(Path::new(&file), &self.lines(session, outputs)?)?;
        }
        Ok(())
    }

    /// One line for each output.
    fn lines(&self, session: &Session, outputs: Outputs<'_>) -> Result<String, Failure> {
        let mut lines =
            format!("changed={}\npull-requests={}\n", outputs.changed, json(outputs.pulls)?);
        if let Some(findings) = outputs.findings {
            lines.push_str(&format!("findings={findings}\n"));
        }
        if let Some(path) = &self.report {
            let path = session.file(path).display().to_string();
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
