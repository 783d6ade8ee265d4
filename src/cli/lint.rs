//! `rotate lint`: findings, their repair, and what a repository begins with.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::ValueEnum;

use crate::cli::args::{Format, Global, time};
use crate::cli::explain::words;
use crate::cli::outputs;
use crate::cli::outputs::Outputs;
use crate::disk::file;
use crate::disk::tree::read_file;
use crate::finding::{Finding, Fix, Level};
use crate::lint::baseline::Baseline;
use crate::lint::rule::{Facts, History};
use crate::lint::selection::Selection;
use crate::lint::{self, Outcome};
use crate::ops::failure::{Failure, Status};
use crate::ops::message::Message;
use crate::ops::session::{Access, Session};
use crate::plan::{FileChange, fix};
use crate::repo::Repo;
use crate::report::console::Console;
use crate::report::lint::concise::concise;
use crate::report::lint::github::github;
use crate::report::lint::json::Lint;
use crate::report::lint::sarif::sarif;
use crate::report::lint::summary::summary;
use crate::report::lint::text::text;
use crate::report::lint::{Counts, Report};
use crate::report::plan::diff;
use crate::text::path::TreePath;

/// What it prints.
pub(super) const FORMATS: [Format; 6] =
    [Format::Text, Format::Concise, Format::Json, Format::Sarif, Format::Github, Format::Markdown];
/// How often repairs are looked for again after repairs: each pass takes what the one before overlapped with.
const PASSES: usize = 8;

/// Find stale, dangling and wrong secret references
///
/// Every reference is judged as the cluster would see it, in each environment that uses it, and
/// reported once, where it is written. What cannot be known (a remote base, a chart) is not judged.
///
/// A comment `# rotate: allow[RULE] REASON`, on the line or the line above, silences a finding;
/// `lint.rules` in rotate.yaml sets the level of a rule. `rotate explain RULE` says more about one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Report only what is in these files and directories; the whole tree is judged all the same
    #[arg(value_name = "PATH")]
    paths: Vec<String>,

    /// Exit with 1 from findings of this level on
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    fail_on: FailOn,

    /// Make the repairs that are safe
    #[arg(long)]
    fix: bool,

    /// With --fix: print the diff and write nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,

    /// With --fix: also change files that have uncommitted changes
    #[arg(long, requires = "fix")]
    allow_dirty: bool,

    /// Compare with the commit where the line of REV and the present one parted
    #[arg(long, value_name = "REV")]
    base: Option<String>,

    /// Leave out the findings that FILE lists
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write the findings into the baseline instead of reporting them
    #[arg(long, requires = "baseline", conflicts_with_all = ["fix", "paths"])]
    write_baseline: bool,

    #[command(flatten)]
    outputs: outputs::Args,

    /// Take TIME (RFC 3339) for the present time
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

/// Runs the rules and reports what they find.
///
/// # Errors
/// When the tree, the configuration, the baseline or the base revision cannot be read, or a repair cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&FORMATS)?;
    let writes = args.fix && !args.dry_run;
    let access = if writes { Access::Write } else { Access::Read };
    let (session, writer) = global.open(console, access)?;
    let within = session.tree_paths(&args.paths)?;
    let baseline = read_baseline(args, &session)?;
    let base = args.base.as_ref().map(|revision| session.base(revision)).transpose()?.flatten();
    let repo = judgeable(&session)?;
    let selection = Selection::of(&repo.config)?;
    let now = args.at.unwrap_or_else(Utc::now);
    let history = History::new(|depth| {
        let timeline = session.has_git().then(|| session.timeline(&repo, None, (depth, now)));
        timeline.and_then(Result::ok)
    });
    let (base, baseline) = (base.as_ref(), baseline.as_ref());
    let judge =
        Judge { selection: &selection, base, history: &history, now, within: &within, baseline };
    let mut judged = judge.run(&repo);
    if let (true, Some(file)) = (args.write_baseline, &args.baseline) {
        let new = Baseline::of(&judged.findings);
        file::replace(&session.file(file), &new.text())?;
        console.talk(&format!("Wrote {} findings to {}.", new.len(), file.display()));
        return Ok(Status::Done);
    }
    let mut changes = Vec::new();
    if args.fix {
        let (after, repaired) = repair(&judge, &repo, &judged)?;
        changes = repaired;
        // Without --dry-run what is left is reported, with it what is there.
        judged = if writes { after } else { judged };
    }
    if let Some(writer) = &writer {
        session.refuse_uncommitted(&changes, args.allow_dirty)?;
        writer.write(&changes)?;
    }
    if args.dry_run && format == Format::Text {
        console.result(&diff(&changes, console.color_out))?;
    }
    let rules = words();
    let prefix = session.prefix();
    let report = Report {
        findings: &judged.findings,
        rules: &rules,
        prefix: &prefix,
        counts: judged.counts,
    };
    show(&report, format, console)?;
    let left = Outputs {
        changed: !changes.is_empty(),
        findings: Some(judged.findings.len()),
        ..Outputs::default()
    };
    args.outputs.leave(&session, format, || json(&report), || summary(&report), left)?;
    let fails = judged.findings.iter().any(|finding| args.fail_on.is_met(finding));
    drop(history);
    // The process ends here; taking large trees apart node by node would only delay that.
    std::mem::forget((base, repo));
    Ok(if fails { Status::Findings } else { Status::Done })
}

/// The tree, if there is anything in it to judge.
fn judgeable(session: &Session) -> Result<Repo, Failure> {
    let repo = session.repo()?;
    if repo.roots.is_empty() && repo.problems.is_empty() {
        let text = format!(
            "there is no kustomization and no manifest in {}, so nothing was judged",
            session.root().display()
        );
        let help = "check which directory this is (`-C DIR` names another), and whether Git ignores its manifests";
        return Err(Failure::usage(Message::new(text).help(help)));
    }
    Ok(repo)
}

/// How a tree is judged.
struct Judge<'a> {
    selection: &'a Selection,
    base: Option<&'a Repo>,
    history: &'a History<'a>,
    now: DateTime<Utc>,
    within: &'a [TreePath],
    baseline: Option<&'a Baseline>,
}

/// What is reported of a tree.
struct Judged {
    findings: Vec<Finding>,
    counts: Counts,
}

impl Judge<'_> {
    fn run(&self, repo: &Repo) -> Judged {
        let facts = Facts { repo, base: self.base, history: self.history, now: self.now };
        let Outcome { mut findings, allowed } = lint::run(&facts, self.selection);
        let (known, gone) = self.baseline.map_or((0, 0), |known| known.sift(&mut findings));
        if !self.within.is_empty() {
            let is_within =
                |path: &TreePath| self.within.iter().any(|within| path.is_within(within));
            findings.retain(|finding| is_within(finding.place.source.path()));
        }
        let counts = Counts {
            roots: repo.roots.len(),
            incomplete: repo.roots.iter().filter(|root| root.is_partial()).count(),
            allowed,
            known,
            // Findings elsewhere were not looked for.
            gone: if self.within.is_empty() { gone } else { 0 },
            repaired: 0,
        };
        Judged { findings, counts }
    }
}

/// Repairs what can be repaired, in memory: what is left to report, and the files to write.
fn repair(
    judge: &Judge<'_>,
    repo: &Repo,
    found: &Judged,
) -> Result<(Judged, Vec<FileChange>), Failure> {
    let mut judged = Judged { findings: found.findings.clone(), counts: found.counts };
    let mut changes: Vec<FileChange> = Vec::new();
    let mut repaired = 0;
    let mut now: Option<Repo> = None;
    for _ in 0..PASSES {
        let fixes: Vec<&Fix> =
            judged.findings.iter().filter_map(|finding| finding.fix.as_ref()).collect();
        let repairs = fix::plan(now.as_ref().unwrap_or(repo), &fixes)?;
        let Some(after) = repairs.after else { break };
        repaired += repairs.taken.len();
        for change in repairs.changes {
            match changes.iter_mut().find(|known| known.path == change.path) {
                Some(known) => known.after = change.after,
                None => changes.push(change),
            }
        }
        judged = judge.run(&after);
        now = Some(after);
    }
    judged.counts.repaired = repaired;
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((judged, changes))
}

fn read_baseline(args: &Args, session: &Session) -> Result<Option<Baseline>, Failure> {
    let Some(path) = args.baseline.as_ref().filter(|_| !args.write_baseline) else {
        return Ok(None);
    };
    let source = read_file(&session.file(path)).map_err(|error| {
        let help = format!("`rotate lint --baseline {} --write-baseline` makes it", path.display());
        Failure::usage(Message::new(error.to_string()).help(help))
    })?;
    Baseline::parse(source.text()).map(Some).map_err(|error| {
        let text = format!("`{}`: {error}", path.display());
        let help = "`--write-baseline` writes it anew";
        Failure::usage(Message::new(text).help(help))
    })
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
