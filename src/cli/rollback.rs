//! `rotate rollback`: point the references back at the version before.

use chrono::{DateTime, Utc};

use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::past::Opened;
use crate::cli::writing::Work;
use crate::cli::{Status, past, writing};
use crate::plan::batch::Batch;
use crate::plan::contract::Bump;
use crate::plan::hold::{self, NewHold};
use crate::plan::refusal::PlanError;
use crate::plan::request::{Back, BumpRequest};
use crate::repo::Repo;
use crate::report::console::Console;
use crate::report::message::Message;
use crate::report::plan::Remark;
use crate::text::nearest::nearest;
use crate::timeline::stub;
use crate::timeline::walk::Depth;

/// Point the references of a family back at the version before
///
/// The version before is read from Git. Its stub is still there; if it was removed, it is brought back
/// as it was. A hold in rotate.yaml keeps the environment there until `rotate bump … --lift-hold`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,

    /// The family
    #[arg(value_name = "FAMILY")]
    family: String,

    /// Go back to version V (YYYYMMDDHHMMSS) instead of the one before
    #[arg(long, value_name = "V")]
    to: Option<String>,

    /// Why; it goes into the hold and into the commit's message
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Write no hold
    #[arg(long)]
    no_hold: bool,

    #[command(flatten)]
    writing: writing::Args,

    #[command(flatten)]
    past: past::Args,
}

/// Plans the way back, proves it, and writes it or shows it.
///
/// # Errors
/// When there is no version to go back to, the tree or its history cannot be read, or it cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let json = global.is_json()?;
    let opened = args.past.open(global, console, args.writing.access())?;
    let environment = opened.repo.environment(&args.environment)?;
    let version = version(args, &opened, environment)?;
    let Opened { session, repo, now } = opened;
    let gone = !repo
        .family(environment, &args.family)
        .is_some_and(|state| state.stubs.contains_key(&version));
    let stubs = if gone {
        let git = session.required_git()?;
        let (mainline, settings) = (args.past.mainline.as_deref(), &repo.config);
        stub::last(git, mainline, settings, &args.environment, &args.family, &version)?
    } else {
        std::collections::BTreeMap::new()
    };
    let is_restored = !stubs.is_empty();
    let request = BumpRequest {
        environment: args.environment.clone(),
        family: args.family.clone(),
        version: Some(version.clone()),
        back: Some(Back { stubs }),
        now,
    };
    let mut batch = Batch::new(&repo);
    let mut plan = batch.plan(&request)?;
    // The value is in the store already, and nothing goes on from here.
    plan.next.retain(|step| step.is_commit);
    if is_restored && !plan.stubs.is_empty() {
        plan.notes.push(
            "the stub was removed and is brought back as it was: the operator fetches the value again, so see that the store still has it".to_owned(),
        );
    }
    let work = with_hold(args, &mut batch, plan, version, now)?;
    let changes = batch.changes();
    args.writing.carry_out(&session, &[&work], &changes, console)?;
    if json {
        console.json(&Bump::rollback(&work.plan, args.writing.writes()))?;
    } else {
        args.writing.show(&session, &[&work], &changes, console)?;
    }
    let would = args.writing.check && !changes.is_empty();
    Ok(if would { Status::Findings } else { Status::Done })
}

fn with_hold(
    args: &Args,
    batch: &mut Batch<'_>,
    plan: crate::plan::Plan,
    version: String,
    now: DateTime<Utc>,
) -> Result<Work, Failure> {
    let mut remarks = Vec::new();
    if let Some(reason) = &args.reason {
        remarks.push(Remark { trailer: "Rotate-Reason", text: reason.clone() });
    }
    let mut settings = Vec::new();
    if !args.no_hold && !plan.is_empty() {
        let text = format!(
            "{version}, until `rotate bump {} {} --lift-hold`",
            args.environment, args.family
        );
        let new = NewHold {
            environment: args.environment.clone(),
            family: args.family.clone(),
            version,
            reason: args.reason.clone(),
            since: now,
        };
        settings.push(hold::put(batch.repo(), &new)?);
        remarks.push(Remark { trailer: "Rotate-Hold", text });
    }
    batch.take(&settings);
    Ok(Work { plan, settings, remarks, verb: "Roll back" })
}

/// The version to go back to: the one that was asked for, or the one that ran alone before.
fn version(args: &Args, opened: &Opened, environment: usize) -> Result<String, Failure> {
    if let Some(version) = &args.to {
        return Ok(version.clone());
    }
    let (repo, name, family) = (&opened.repo, &args.environment, &args.family);
    let depth = Depth::Before(name, family);
    let timeline = args.past.timeline(opened, depth)?;
    let here = repo.running_of(environment, family);
    let here = here.only();
    let merged = timeline.now(name, family).and_then(|era| era.running.only());
    let before = match merged {
        // What is here was not committed yet: the mainline still runs the version before.
        Some(merged) if Some(merged) != here => Some(merged),
        _ => timeline.before(name, family).map(|(version, _)| version),
    };
    before.map(str::to_owned).ok_or_else(|| {
        if repo.family(environment, family).is_none() && timeline.eras(name, family).is_empty() {
            return unknown(repo, environment, args);
        }
        let text = format!("no version of `{family}` ran in `{name}` before the one that runs now");
        let help =
            format!("`rotate history {family}` shows what ran when; `--to V` names a version");
        Failure::usage(Message::new(text).help(help))
    })
}

fn unknown(repo: &Repo, environment: usize, args: &Args) -> Failure {
    let (name, family) = (args.environment.clone(), args.family.clone());
    let known: Vec<String> =
        repo.all_families_of(environment).into_keys().map(str::to_owned).collect();
    let nearest = nearest(&family, known.iter().map(String::as_str)).map(str::to_owned);
    PlanError::UnknownFamily { family, environment: name, nearest, known }.into()
}
