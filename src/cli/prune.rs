//! `rotate prune`: remove the stubs that nothing needs any more.

use crate::cli::args::{Format, Global};
use crate::cli::outcome::Outcome;
use crate::cli::outputs::{Outputs, headed};
use crate::cli::{outputs, past, pulls, writing};
use crate::forge::marker::Kind;
use crate::forge::reconcile::Wanted;
use crate::ops::failure::{Failure, Status};
use crate::ops::families::unique;
use crate::ops::leave::refuse_unread;
use crate::ops::proposing::{Gone, Proposed, Run, Scope};
use crate::ops::pull_requests::Action;
use crate::ops::pulls::Target;
use crate::ops::session::Session;
use crate::ops::writing::{Commit, Writing};
use crate::plan::FileChange;
use crate::plan::batch::Batch;
use crate::plan::prune::{Branch, Prune, PruneRequest, plan};
use crate::repo::Repo;
use crate::report::console::Console;
use crate::report::prune::{Pruned, markdown, markdown_of, summary};
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

/// Plans what goes, proves it, and writes it, makes pull requests of it, or shows it.
///
/// # Errors
/// When the tree or its history cannot be read, a stub cannot be removed, or it cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&outputs::FORMATS)?;
    let (session, writer) = global.open(console, args.pulls.access(&args.writing))?;
    session.required_git()?;
    let asked = args.pulls.request();
    let target = asked.as_ref().map(|asked| asked.target(&session, args.writing.dry_run));
    let target = target.transpose()?;
    let repo = target.as_ref().map_or_else(|| session.repo(), |target| target.repo(&session))?;
    session.report_problems(&repo, console);
    refuse_unread(&session, &repo, repo.environment(&args.environment)?)?;
    let families = families(args, &repo)?;
    let mainline = target.as_ref().map(Target::mainline).or_else(|| args.past.mainline.clone());
    let reach = (Depth::Everything, args.past.now());
    let timeline = session.timeline(&repo, mainline.as_deref(), reach)?;
    let mut batch = Batch::new(&repo);
    let apart = target.is_some();
    let (plans, failures) = plans(args, &session, &mut batch, &families, &timeline, apart)?;
    if let Some(target) = &target {
        let planned = Planned { plans, failures, families };
        return propose(args, planned, &repo, target, &session, format, console);
    }
    if let Some(failure) = Failure::first_of(failures) {
        return Err(failure);
    }
    let at = (&session, args.writing.how(writer.as_ref()));
    write(args, &plans, &batch.changes(), &timeline.mainline, at, format, console)
}

fn write(
    args: &Args,
    plans: &[Prune],
    changes: &[FileChange],
    mainline: &str,
    (session, writing): (&Session, Writing<'_>),
    format: Format,
    console: &Console,
) -> Result<Status, Failure> {
    let commits: Vec<Commit> = plans.iter().filter(|one| !one.is_empty()).map(commit).collect();
    let next = writing.write(session, &commits, changes, console)?;
    let written = args.writing.writes();
    let report = || markdown_of(plans);
    match format {
        Format::Json => {
            console.json(&Pruned::new(&args.environment, mainline, plans, &next, written))?;
        }
        Format::Markdown => console.result(&report())?,
        Format::Github => console.result(&log(&report()))?,
        _ => {
            args.writing.show_diff(changes, console)?;
            for one in plans {
                console.talk(summary(one, written, console.color_err).trim_end());
            }
            args.writing.show_next(&next, console);
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

/// What came of planning.
struct Planned {
    plans: Vec<Prune>,
    failures: Vec<Failure>,
    /// The families that were asked for.
    families: Vec<String>,
}

/// A pull request for each family of which something goes.
fn propose(
    args: &Args,
    planned: Planned,
    repo: &Repo,
    target: &Target<'_>,
    session: &Session,
    format: Format,
    console: &Console,
) -> Result<Status, Failure> {
    let Planned { plans, mut failures, families } = planned;
    let proposed = |plan: &Prune| Proposed {
        wanted: Wanted {
            subject: target.subject(Kind::Prune, &args.environment, &plan.family),
            version: plan.versions().join("+"),
            opens: true,
        },
        changes: plan.changes.clone(),
        message: plan.message().text(),
        body: markdown(plan),
    };
    let proposed: Vec<Proposed> =
        plans.iter().filter(|one| !one.is_empty()).map(proposed).collect();
    let is_planned = |family: &str| plans.iter().any(|one| one.family == family);
    // What cannot be planned now says nothing about what is proposed of it. A family that is gone from the environment
    // altogether is looked after by a run for all of them.
    let is_gone =
        |family: &str| args.families.is_empty() && !families.iter().any(|known| known == family);
    let scope = Scope {
        kind: Kind::Prune,
        has: &|at, family| at == args.environment && (is_planned(family) || is_gone(family)),
        gone: &|_| Gone {
            action: Action::Closed,
            why: "there is nothing to remove any more".to_owned(),
        },
    };
    let (done, failed) = Run::new(target, repo, console).carry_out(&proposed, &scope);
    failures.extend(failed);
    Outcome { command: "prune", done: &done, failures: &failures, more: "", format }.tell(
        session,
        &args.outputs,
        console,
    )
}

fn commit(plan: &Prune) -> Commit {
    let (changes, next) = (plan.changes.clone(), plan.next.clone());
    Commit { changes, also: Vec::new(), message: plan.message(), next }
}

/// The families that were named, or all of the environment.
fn families(args: &Args, repo: &Repo) -> Result<Vec<String>, Failure> {
    let environment = repo.environment(&args.environment)?;
    if args.families.is_empty() {
        return Ok(repo.families_of(environment).into_keys().map(str::to_owned).collect());
    }
    Ok(unique(&args.families))
}

/// One plan a family, each alone or on the tree that the ones before would leave.
fn plans(
    args: &Args,
    session: &Session,
    batch: &mut Batch<'_>,
    families: &[String],
    timeline: &Timeline,
    apart: bool,
) -> Result<(Vec<Prune>, Vec<Failure>), Failure> {
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
    Ok((plans, failures))
}
