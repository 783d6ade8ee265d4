//! `rotate lint`: flags, and findings as people and programs read them.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::ValueEnum;

use crate::cli::args::{Format, Global, time};
use crate::cli::explain::words;
use crate::cli::outputs;
use crate::cli::outputs::Outputs;
use crate::finding::{Finding, Level};
use crate::ops::failure::{Failure, Status};
use crate::ops::lint::{self, Linted, Request};
use crate::ops::session::Access;
use crate::report::console::Console;
use crate::report::lint::Report;
use crate::report::lint::concise::concise;
use crate::report::lint::github::github;
use crate::report::lint::json::Lint;
use crate::report::lint::sarif::sarif;
use crate::report::lint::summary::summary;
use crate::report::lint::text::text;
use crate::report::plan::diff;

/// What it prints.
pub(super) const FORMATS: [Format; 6] =
    [Format::Text, Format::Concise, Format::Json, Format::Sarif, Format::Github, Format::Markdown];

/// Find stale, dangling and wrong secret references
///
/// Every reference is checked as the cluster would see it, in each environment that uses it, and
/// reported once, where it is written. What cannot be resolved (a remote base, a chart) is not checked.
///
/// A comment `# rotate: allow[RULE] REASON`, on the line or the line above, silences a finding;
/// `lint.rules` in rotate.yaml sets the level of a rule. Run `rotate explain RULE` for details.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Report only findings in these files and directories; the whole tree is still checked
    #[arg(value_name = "PATH")]
    paths: Vec<String>,

    /// Exit with 1 if there are findings at this level or above
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    fail_on: FailOn,

    /// Apply the fixes that are safe
    #[arg(long)]
    fix: bool,

    /// With --fix: print the diff and write nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,

    /// With --fix: also change files that have uncommitted changes
    #[arg(long, requires = "fix")]
    allow_dirty: bool,

    /// Compare with the merge base of REV and the current commit
    #[arg(long, value_name = "REV")]
    base: Option<String>,

    /// Ignore the findings listed in FILE
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write the findings to the baseline file instead of reporting them
    #[arg(long, requires = "baseline", conflicts_with_all = ["fix", "paths"])]
    write_baseline: bool,

    #[command(flatten)]
    outputs: outputs::Args,

    /// Use TIME (RFC 3339) as the current time
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<DateTime<Utc>>,
}

/// From which level on findings fail the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum FailOn {
    /// Errors
    Error,
    /// Errors and warnings
    #[default]
    Warning,
    /// Any finding
    Info,
    /// No finding
    Never,
}

impl FailOn {
    fn is_met(self, finding: &Finding) -> bool {
        match self {
            Self::Error => finding.level >= Level::Error,
            Self::Warning => finding.level >= Level::Warning,
            Self::Info => true,
            Self::Never => false,
        }
    }
}

impl Args {
    fn request(&self) -> Request {
        Request {
            paths: self.paths.clone(),
            base: self.base.clone(),
            baseline: self.baseline.clone(),
            fix: self.fix,
            allow_dirty: self.allow_dirty,
            now: self.at.unwrap_or_else(Utc::now),
        }
    }
}

/// Runs the rules and reports what they find.
///
/// # Errors
/// When the tree, the configuration, the baseline or the base revision cannot be read, or a repair cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&FORMATS)?;
    let access = if args.fix && !args.dry_run { Access::Write } else { Access::Read };
    let (session, writer) = global.open(console, access)?;
    let request = args.request();
    if let (true, Some(file)) = (args.write_baseline, &args.baseline) {
        let written = lint::write_baseline(&request, &session, file)?;
        console.talk(&format!("Wrote {written} findings to {}.", file.display()));
        return Ok(Status::Done);
    }
    let Linted { findings, counts, changes, trees } =
        lint::run(&request, &session, writer.as_ref())?;
    if args.dry_run && format == Format::Text {
        console.result(&diff(&changes, console.color_out))?;
    }
    let (rules, prefix) = (words(), session.prefix());
    let report = Report { findings: &findings, rules: &rules, prefix: &prefix, counts };
    show(&report, format, console)?;
    let left = Outputs {
        changed: !changes.is_empty(),
        findings: Some(findings.len()),
        ..Outputs::default()
    };
    args.outputs.leave(&session, format, || json(&report), || summary(&report), left)?;
    let fails = findings.iter().any(|finding| args.fail_on.is_met(finding));
    // The process is about to exit; dropping large trees node by node would only delay that.
    std::mem::forget(trees);
    Ok(if fails { Status::Findings } else { Status::Done })
}

fn show(report: &Report<'_>, format: Format, console: &Console) -> Result<(), Failure> {
    match format {
        Format::Concise => console.result(&concise(report, console.color_out))?,
        Format::Json => console.json(&Lint::new(report))?,
        Format::Sarif => console.json(&sarif(report))?,
        Format::Github => console.result(&github(report))?,
        Format::Markdown => console.result(&summary(report))?,
        Format::Text | Format::Mermaid => {
            console.result(&text(report, console.color_out, console.width))?;
        }
    }
    Ok(())
}

/// The findings as a file for code scanning.
fn json(report: &Report<'_>) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(&sarif(report)).map_err(std::io::Error::from)?;
    Ok(format!("{text}\n"))
}
