//! `rotate prune`: remove the stubs that nothing needs any more.

use crate::cli::args::{Format, Global};
use crate::cli::failure::Failure;
use crate::cli::outputs::{Outputs, headed};
use crate::cli::proposing::{Care, Gone, Proposed, Run, Told};
use crate::cli::pulls::Ground;
use crate::cli::session::Session;
use crate::cli::writing::Commit;
use crate::cli::{Status, outputs, past, pulls, writing};
use crate::forge::marker::{Kind, Marker, Subject};
use crate::forge::reconcile::Wanted;
use crate::plan::FileChange;
use crate::plan::batch::Batch;
use crate::plan::prune::{Branch, Prune, PruneRequest, plan};
use crate::repo::Repo;
use crate::report::console::Console;
use crate::report::prune::{Pruned, markdown, markdown_of, summary};
use crate::report::pulls::Action;
use crate::report::workflow::log;
use crate::timeline::Timeline;
use crate::timeline::walk::Depth;

/// Remove the stubs that nothing references and whose retention is over
///
/// Since when nothing references a version is read from Git. It is kept for the environment's
/// retention from then on, or, where a CronJob references the family, for twice the longest time
/// between two of its runs. The version in use stays, and so do newer ones, the version before it,
/// the one that a hold names, and whatever a text in the repository mentions. Every stub that stays is
/// listed with its reason.
///
/// With the stub the operator removes the Secret. Afterwards the commands that remove the version
/// from the store are printed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,

    /// The families; none: all of the environment
    #[arg(value_name = "FAMILY")]
    families: Vec<String>,

    /// Keep what BRANCH references, too; can be given several times
    #[arg(long, value_name = "BRANCH")]
    also_branch: Vec<String>,

    /// Also remove what scripts, documents and other texts mention
    #[arg(long)]
    ignore_text: bool,

    #[command(flatten)]
    writing: writing::Args,

    #[command(flatten)]
    outputs: outputs::Args,

    #[command(flatten)]
    past: past::Args,

    #[command(flatten, next_help_heading = "Pull requests")]
    pulls: pulls::Args,
}

/// What it prints.
const FORMATS: [Format; 4] = [Format::Text, Format::Json, Format::Markdown, Format::Github];

/// Plans what goes, proves it, and writes it, makes pull requests of it, or shows it.
///
/// # Errors
/// When the tree or its history cannot be read, a stub cannot be removed, or it cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&FORMATS)?;
    let session = Session::open(global, console, args.pulls.access(&args.writing))?;
    session.required_git()?;
    let ground = args.pulls.ground(&session, args.writing.dry_run)?;
    let repo = ground.as_ref().map_or_else(|| session.repo(), |ground| ground.repo(&session))?;
    session.report_problems(&repo, console);
    let families = families(args, &repo)?;
    let mainline = ground.as_ref().map(Ground::mainline).or_else(|| args.past.mainline.clone());
    let timeline = session.timeline(&repo, mainline.as_deref(), Depth::Everything)?;
    let mut batch = Batch::new(&repo);
    let plans = plans(args, &session, &mut batch, &families, &timeline, ground.is_some())?;
    match &ground {
        Some(ground) => propose(args, &plans, &families, ground, &session, format, console),
        None => {
            write(args, &plans, &batch.changes(), &timeline.mainline, &session, format, console)
        }
    }
}

fn write(
    args: &Args,
    plans: &[Prune],
    changes: &[FileChange],
    mainline: &str,
    session: &Session,
    format: Format,
    console: &Console,
) -> Result<Status, Failure> {
    let commits: Vec<Commit> = plans.iter().filter(|one| !one.is_empty()).map(commit).collect();
    args.writing.write(session, &commits, changes, console)?;
    let written = args.writing.writes();
    let report = || markdown_of(plans);
    match format {
        Format::Json => {
            console.json(&Pruned::new(&args.environment, mainline, plans, written))?;
        }
        Format::Markdown => console.result(&report())?,
        Format::Github => console.result(&log(&report()))?,
        _ => {
            args.writing.show_diff(changes, console)?;
            for one in plans {
                console.talk(summary(one, written, console.color_err).trim_end());
                args.writing.show_next(session, &one.next, console);
            }
            if plans.is_empty() {
                console.talk(&format!("{} has no versioned secret", args.environment));
            }
        }
    }
    let left = Outputs { changed: !changes.is_empty(), ..Outputs::default() };
    args.outputs.leave(session, format, || Ok(report()), || headed("prune", &report()), left)?;
    let would = args.writing.check && !changes.is_empty();
    Ok(if would { Status::Findings } else { Status::Done })
}

/// A pull request for each family of which something goes.
fn propose(
    args: &Args,
    plans: &[Prune],
    families: &[String],
    ground: &Ground<'_>,
    session: &Session,
    format: Format,
    console: &Console,
) -> Result<Status, Failure> {
    let subject = |family: &str| Subject {
        kind: Kind::Prune,
        environment: args.environment.clone(),
        family: family.to_owned(),
    };
    let proposed = |plan: &Prune| Proposed {
        wanted: Wanted {
            subject: subject(&plan.family),
            version: plan.versions().join("+"),
            opens: true,
        },
        changes: plan.changes.clone(),
        message: plan.commit_message(),
        body: markdown(plan),
    };
    let proposed: Vec<Proposed> =
        plans.iter().filter(|one| !one.is_empty()).map(proposed).collect();
    // A family that is gone from the environment altogether is looked after by a run for all of them.
    let scope = |of: &Subject| {
        let all = args.families.is_empty() && of.environment == args.environment;
        of.kind == Kind::Prune && (all || families.iter().any(|family| *of == subject(family)))
    };
    let gone = |_: &Marker| Gone {
        action: Action::Closed,
        why: "there is nothing to remove any more".to_owned(),
    };
    let care = Care { scope: &scope, gone: &gone };
    let (done, failures) = Run::new(ground, console).carry_out(&proposed, &care);
    Told { command: "prune", done: &done, more: "", has_failed: !failures.is_empty(), format }
        .tell(session, &args.outputs, console)?;
    Failure::first_of(failures).map_or(Ok(Status::Done), Err)
}

fn commit(plan: &Prune) -> Commit {
    Commit { changes: plan.changes.clone(), message: plan.commit_message() }
}

/// The families that were named, or all of the environment.
fn families(args: &Args, repo: &Repo) -> Result<Vec<String>, Failure> {
    let environment = repo.environment(&args.environment)?;
    if args.families.is_empty() {
        return Ok(repo.families_of(environment).into_keys().map(str::to_owned).collect());
    }
    let mut families: Vec<String> = Vec::new();
    for family in &args.families {
        if !families.contains(family) {
            families.push(family.clone());
        }
    }
    Ok(families)
}

/// One plan a family, each alone or on the tree that the ones before would leave.
fn plans(
    args: &Args,
    session: &Session,
    batch: &mut Batch<'_>,
    families: &[String],
    timeline: &Timeline,
    apart: bool,
) -> Result<Vec<Prune>, Failure> {
    let repo = batch.repo();
    let load = |name: &String| -> Result<Branch, Failure> {
        Ok(Branch { name: name.clone(), repo: session.branch(name, repo)? })
    };
    let branches = args.also_branch.iter().map(load).collect::<Result<Vec<Branch>, Failure>>()?;
    let now = args.past.now();
    let (mut plans, mut failures) = (Vec::new(), Vec::new());
    for family in families {
        let request = PruneRequest {
            environment: &args.environment,
            family,
            timeline,
            branches: &branches,
            ignore_text: args.ignore_text,
            now,
        };
        match plan(batch.repo(), &request) {
            Ok(one) => {
                if !apart {
                    batch.take(&one.changes);
                }
                plans.push(one);
            }
            Err(error) => failures.push(Failure::from(error)),
        }
    }
    match Failure::first_of(failures) {
        Some(failure) => Err(failure),
        None => Ok(plans),
    }
}
