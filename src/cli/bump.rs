//! `rotate bump`: move a family to another version in one environment.

use std::io::IsTerminal as _;

use chrono::{DateTime, Utc};

use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::gates::Gates;
use crate::cli::session::Session;
use crate::cli::writing::Work;
use crate::cli::{Status, gates, writing};
use crate::plan::batch::Batch;
use crate::plan::contract::Bump;
use crate::plan::request::BumpRequest;
use crate::plan::{FileChange, Plan, hold};
use crate::repo::Repo;
use crate::report::console::Console;
use crate::report::message::Message;
use crate::report::plan::Remark;

/// Move secret references to another version in one environment
///
/// In the first versioned environment a version is minted: its name is the present time. Later
/// environments take over the version that all of the environment before runs. References are edited
/// where they stand, or through a guarded patch where their file is shared with another environment;
/// a stub for the new version is made beside the old one, which stays.
///
/// Values never enter Git: afterwards the command that puts the value into the store is printed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,

    /// The families; one may be left out where the environment has only one
    #[arg(value_name = "FAMILY", conflicts_with = "all")]
    families: Vec<String>,

    /// Move every family of the environment
    #[arg(long)]
    all: bool,

    /// Move to version V (YYYYMMDDHHMMSS, UTC) instead of minting one
    #[arg(long = "version", value_name = "V")]
    to_version: Option<String>,

    #[command(flatten)]
    writing: writing::Args,

    #[command(flatten)]
    gates: gates::Args,

    /// Take the hold on the family out of rotate.yaml
    #[arg(long)]
    lift_hold: bool,

    /// Take TIME (RFC 3339) for the present time
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
}

/// Plans the bump, proves it, and writes it or shows it.
///
/// # Errors
/// When the tree cannot be read, the bump is refused, a gate is shut, or it cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let json = global.is_json()?;
    let session = Session::open(global, console, args.writing.access())?;
    if args.writing.commit {
        session.required_git()?;
    }
    let repo = session.repo()?;
    session.report_problems(&repo, console);
    let families = families(args, &repo, console)?;
    let now = args.at.unwrap_or_else(Utc::now);
    let gates = Gates::open(&args.gates, &session, &repo, now)?;
    let (work, changes) = plan(args, &repo, families, &gates, now)?;
    args.writing.carry_out(&session, &work, &changes, console)?;
    if json {
        let plans: Vec<&Plan> = work.iter().map(|one| &one.plan).collect();
        console.json(&Bump::new(&plans, args.writing.writes()))?;
    } else {
        args.writing.show(&session, &work, &changes, console)?;
    }
    let would = args.writing.check && !changes.is_empty();
    Ok(if would { Status::Findings } else { Status::Done })
}

/// One plan a family, each on the tree that the ones before would leave.
fn plan(
    args: &Args,
    repo: &Repo,
    families: Vec<String>,
    gates: &Gates<'_>,
    now: DateTime<Utc>,
) -> Result<(Vec<Work>, Vec<FileChange>), Failure> {
    let mut batch = Batch::new(repo);
    let (mut work, mut failures) = (Vec::new(), Vec::new());
    for family in families {
        let request = BumpRequest {
            environment: args.environment.clone(),
            family,
            version: args.to_version.clone(),
            back: None,
            now,
        };
        match one(args, &mut batch, &request, gates) {
            Ok(one) => work.push(one),
            Err(failure) => failures.push(failure),
        }
    }
    match Failure::first_of(failures) {
        Some(failure) => Err(failure),
        None => Ok((work, batch.changes())),
    }
}

fn one(
    args: &Args,
    batch: &mut Batch<'_>,
    request: &BumpRequest,
    gates: &Gates<'_>,
) -> Result<Work, Failure> {
    let (environment, family) = (&request.environment, &request.family);
    // What cannot be planned at all is told before what keeps it from being done now.
    let planned = batch.preview(request)?;
    let version = request.version.as_deref();
    let mut remarks = gates.pass(batch.repo(), environment, family, version, args.lift_hold)?;
    let lifted = if args.lift_hold { hold::lift(batch.repo(), environment, family)? } else { None };
    let settings: Vec<FileChange> = lifted.into_iter().collect();
    if let Some(after) = batch.after(&planned.changes) {
        remarks.extend(gates.pass_lint(batch.repo(), &after, environment, family)?);
    }
    batch.take(&planned.changes);
    batch.take(&settings);
    if !settings.is_empty() {
        let text = "lifted".to_owned();
        remarks.push(Remark { trailer: "Rotate-Hold", text });
    }
    Ok(Work { plan: planned, settings, remarks, verb: "Bump" })
}

/// The families that were named, all of them, the only one, or the one that a person chooses.
fn families(args: &Args, repo: &Repo, console: &Console) -> Result<Vec<String>, Failure> {
    if !args.families.is_empty() {
        let mut families = args.families.clone();
        families.dedup();
        return Ok(families);
    }
    let environment = repo.environment(&args.environment)?;
    let known: Vec<String> = repo.families_of(environment).into_keys().map(str::to_owned).collect();
    match known.as_slice() {
        [] => Err(nothing_versioned(args, repo, environment)),
        [_] => Ok(known),
        _ if args.all => Ok(known),
        _ if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => {
            choose(&known, console)
        }
        [first, ..] => Err(several(&args.environment, first, &known)),
    }
}

fn nothing_versioned(args: &Args, repo: &Repo, environment: usize) -> Failure {
    let plain: Vec<&str> = repo.all_families_of(environment).into_keys().collect();
    let text = format!("`{}` has no versioned secret yet", args.environment);
    let help = if plain.is_empty() {
        "nothing there names a secret; `rotate refs` shows what is found".to_owned()
    } else {
        format!("name one to give it its first version: {}", plain.join(", "))
    };
    Failure::usage(Message::new(text).help(help))
}

fn several(environment: &str, first: &str, known: &[String]) -> Failure {
    let text = format!("`{environment}` has {} families: {}", known.len(), known.join(", "));
    let help = format!("name one: `rotate bump {environment} {first}`, or take `--all`");
    Failure::usage(Message::new(text).help(help))
}

fn choose(known: &[String], console: &Console) -> Result<Vec<String>, Failure> {
    for (index, family) in known.iter().enumerate() {
        console.complain(&format!("{:>3}  {family}", index + 1));
    }
    let answer = console.ask(&format!("Which family (1-{}, a name, or `all`)?", known.len()));
    let answer = answer.unwrap_or_default();
    if answer == "all" {
        return Ok(known.to_vec());
    }
    let by_number = answer.parse::<usize>().ok().and_then(|n| known.get(n.checked_sub(1)?));
    let chosen = by_number.or_else(|| known.iter().find(|family| **family == answer));
    chosen.map(|family| vec![family.clone()]).ok_or_else(|| {
        Failure::usage(Message::new(format!("`{answer}` is none of these families")))
    })
}
