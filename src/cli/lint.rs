//! `rotate lint`: flags, and findings as people and programs read them.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::ValueEnum;

use crate::cli::args::{Global, time};
use crate::cli::explain::words;
use crate::cli::outputs::Outputs;
use crate::cli::{filter, from_store, helm, outputs};
use crate::finding::{Finding, Level};
use crate::ops::failure::{Failure, Status};
use crate::ops::lint::{self, Linted, Request};
use crate::ops::narrowed;
use crate::ops::session::Access;
use crate::report::console::{Console, pretty};
use crate::report::format::Format;
use crate::report::lint::sarif::sarif;
use crate::report::lint::summary::summary;
use crate::report::lint::{RENDERERS, Report, several};
use crate::report::plan::diff;

/// What it prints.
pub(super) fn formats() -> Vec<Format> {
    RENDERERS.iter().map(|one| one.format).collect()
}

/// Find stale, dangling and wrong secret references
///
/// Every reference is checked as the cluster would see it, in each environment that uses it, and
/// reported once, where it is written. References to what a remote base or a chart may make are counted,
/// not judged; `--strict` reports them.
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

    /// Report each reference that could not be judged, too
    #[arg(long)]
    strict: bool,

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
    #[arg(long, requires = "baseline", conflicts_with_all = ["fix", "paths", "rules", "families", "environments"])]
    write_baseline: bool,

    /// Show only findings of this rule; can be given several times
    #[arg(long = "rule", value_name = "RULE", value_delimiter = ',')]
    rules: Vec<String>,

    /// Count the labels that FILE lists, for `label-budget`; can be given several times
    ///
    /// FILE is what `aws secretsmanager list-secret-version-ids` printed as JSON, `-` is standard input.
    #[arg(long = "from-store", value_name = "[KEY=]FILE", conflicts_with = "write_baseline")]
    listings: Vec<String>,

    #[command(flatten)]
    filter: filter::Args,

    #[command(flatten)]
    helm: helm::Args,

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
            narrowed: narrowed::Request {
                paths: self.paths.clone(),
                rules: self.rules.clone(),
                shown: self.filter.request(),
            },
            base: self.base.clone(),
            baseline: self.baseline.clone(),
            fix: self.fix,
            allow_dirty: self.allow_dirty,
            strict: self.strict,
            from_store: from_store::listings(&self.listings),
            now: self.at.unwrap_or_else(Utc::now),
        }
    }
}

/// Runs the rules and reports what they find.
///
/// # Errors
/// When the tree, the configuration, the baseline or the base revision cannot be read, or a repair cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&formats())?;
    let access = if args.fix && !args.dry_run { Access::Write } else { Access::Read };
    let (session, writer) = global.open_with(console, access, args.helm.machine())?;
    let request = args.request();
    if let (true, Some(file)) = (args.write_baseline, &args.baseline) {
        let written = lint::write_baseline(&request, &session, file)?;
        let findings = several(written, "finding");
        console.talk(&format!("Wrote {findings} to {}.", file.display()));
        return Ok(Status::Done);
    }
    let Linted { findings, counts, coverage, changes, trees } =
        lint::run(&request, &session, writer.as_ref())?;
    if args.dry_run && format == Format::TEXT {
        console.result(&diff(&changes, console.color_out))?;
    }
    let (rules, prefix) = (words(), session.prefix());
    let (findings, coverage) = (&findings[..], &coverage);
    let report = Report::new(findings, (&rules, &prefix), counts, coverage);
    if let Some(renderer) = RENDERERS.iter().find(|one| one.format == format) {
        console.result(&renderer.render(&report, console)?)?;
    }
    let left = Outputs {
        changed: !changes.is_empty(),
        findings: Some(findings.len()),
        ..Outputs::default()
    };
    let scanning = || Ok(pretty(&sarif(&report))?);
    args.outputs.leave(&session, format, scanning, || summary(&report), left)?;
    let fails = findings.iter().any(|finding| args.fail_on.is_met(finding));
    // The process is about to exit; dropping large trees node by node would only delay that.
    std::mem::forget(trees);
    Ok(if fails { Status::Findings } else { Status::Done })
}
