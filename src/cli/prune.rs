//! `rotate prune`: remove the stubs that nothing needs any more.

use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::past::Opened;
use crate::cli::writing::Commit;
use crate::cli::{Status, past, writing};
use crate::plan::FileChange;
use crate::plan::batch::Batch;
use crate::plan::prune::{Branch, Prune, PruneRequest, plan};
use crate::repo::Repo;
use crate::report::console::Console;
use crate::report::prune::{Pruned, summary};
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
    past: past::Args,
}

/// Plans what goes, proves it, and writes it or shows it.
///
/// # Errors
/// When the tree or its history cannot be read, a stub cannot be removed, or it cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let json = global.is_json()?;
    let opened = args.past.open(global, console, args.writing.access())?;
    let families = families(args, &opened.repo)?;
    let timeline = args.past.timeline(&opened, Depth::Everything)?;
    let (plans, changes) = plans(args, &opened, &families, &timeline)?;
    let session = &opened.session;
    let commits: Vec<Commit> = plans.iter().filter(|one| !one.is_empty()).map(commit).collect();
    args.writing.write(session, &commits, &changes, console)?;
    let written = args.writing.writes();
    if json {
        let mainline = &timeline.mainline;
        console.json(&Pruned::new(&args.environment, mainline, &plans, written))?;
    } else {
        args.writing.show_diff(&changes, console)?;
        for one in &plans {
            console.talk(summary(one, written, console.color_err).trim_end());
            args.writing.show_next(session, &one.next, console);
        }
        if plans.is_empty() {
            console.talk(&format!("{} has no versioned secret", args.environment));
        }
    }
    let would = args.writing.check && !changes.is_empty();
    Ok(if would { Status::Findings } else { Status::Done })
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

/// One plan a family, each on the tree that the ones before would leave, and the changes of all.
fn plans(
    args: &Args,
    opened: &Opened,
    families: &[String],
    timeline: &Timeline,
) -> Result<(Vec<Prune>, Vec<FileChange>), Failure> {
    let load = |name: &String| -> Result<Branch, Failure> {
        Ok(Branch { name: name.clone(), repo: opened.session.branch(name, &opened.repo)? })
    };
    let branches = args.also_branch.iter().map(load).collect::<Result<Vec<Branch>, Failure>>()?;
    let mut batch = Batch::new(&opened.repo);
    let (mut plans, mut failures) = (Vec::new(), Vec::new());
    for family in families {
        let request = PruneRequest {
            environment: &args.environment,
            family,
            timeline,
            branches: &branches,
            ignore_text: args.ignore_text,
            now: opened.now,
        };
        match plan(batch.repo(), &request) {
            Ok(one) => {
                batch.take(&one.changes);
                plans.push(one);
            }
            Err(error) => failures.push(Failure::from(error)),
        }
    }
    match Failure::first_of(failures) {
        Some(failure) => Err(failure),
        None => Ok((plans, batch.changes())),
    }
}
