//! `rotate rollback`: point the references back at the version before.

use chrono::{DateTime, Utc};

use crate::cli::args::Global;
use crate::cli::past::Opened;
use crate::cli::{leave, past, writing};
use crate::ops::failure::{Failure, Status};
use crate::ops::leave::refuse_unused;
use crate::ops::writing::{Work, settings as settings_of};
use crate::plan::Plan;
use crate::plan::back::Story;
use crate::plan::batch::Batch;
use crate::plan::commit::Remark;
use crate::plan::hold::{self, NewHold};
use crate::plan::refusal::PlanError;
use crate::plan::request::{Back, BumpRequest};
use crate::repo::Repo;
use crate::report::bump::Bump;
use crate::report::console::Console;
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

    /// Go back to version V (YYYYMMDDHHMMSS), or to the name without a version (`plain`), instead of the one before
    #[arg(long, value_name = "V")]
    to: Option<String>,

    /// Why; it goes into the hold and into the commit's message
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Write no hold
    #[arg(long)]
    no_hold: bool,

    #[command(flatten)]
    leave: leave::Args,

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
    let version = target(args, &opened, environment)?;
    let Opened { session, writer, repo, now } = opened;
    let name = repo.environments[environment].name.clone();
    let leave = args.leave.named().lines(&session)?;
    args.leave.named().refuse_unread(&session, &repo, environment)?;
    let mut request = BumpRequest {
        environment: name,
        family: args.family.clone(),
        version: Some(version.clone()),
        pins: Vec::new(),
        leave,
        back: Some(Back::default()),
        program: session.program(),
        now,
    };
    let gone = !repo
        .family(environment, &args.family)
        .is_some_and(|state| state.stubs.contains_key(&version));
    let stubs = if gone && !request.goes_to_plain() {
        let git = session.required_git()?;
        let (mainline, settings) = (args.past.mainline.as_deref(), &repo.config);
        stub::last(git, mainline, settings, &request.environment, &args.family, &version)?
    } else {
        std::collections::BTreeMap::new()
    };
    let is_restored = !stubs.is_empty();
    request.back = Some(Back { stubs });
    let mut batch = Batch::new(&repo);
    let mut plan = batch.plan(&request)?;
    // The value is in the store already, and nothing goes on from here.
    plan.next.clear();
    if is_restored && !plan.stubs.is_empty() {
        plan.notes.push(
            "the stub was removed and is brought back as it was: the operator fetches the value again, so see that the store still has it".to_owned(),
        );
    }
    refuse_unused(&request.leave, &[], &[&plan])?;
    let work = with_hold(args, &mut batch, plan, version, now)?;
    let changes = batch.changes();
    let all = (changes.as_slice(), batch.repo());
    let next = args.writing.how(writer.as_ref()).carry_out(&session, &[&work], all, console)?;
    if json {
        let settings = settings_of(&[&work], &changes);
        console.json(&Bump::rollback(&work.plan, &settings, &next, args.writing.writes()))?;
    } else {
        args.writing.show(&[&work], &changes, &next, console)?;
    }
    let would = args.writing.check && !changes.is_empty();
    Ok(if would { Status::Findings } else { Status::Done })
}

fn with_hold(
    args: &Args,
    batch: &mut Batch<'_>,
    plan: Plan,
    version: String,
    now: DateTime<Utc>,
) -> Result<Work, Failure> {
    let mut remarks = Vec::new();
    if let Some(reason) = &args.reason {
        remarks.push(Remark { trailer: "Rotate-Reason", text: reason.clone() });
    }
    let mut settings = Vec::new();
    let verb = if plan.is_empty() { "Hold" } else { "Roll back" };
    let new = NewHold {
        environment: plan.environment.clone(),
        family: plan.family.clone(),
        version,
        reason: args.reason.clone(),
        since: now,
    };
    if !args.no_hold && is_wanted(batch.repo(), &plan, &new)? {
        let text = format!(
            "{}, until `rotate bump {} {} --lift-hold`",
            new.version, plan.environment, plan.family
        );
        settings.push(hold::put(batch.repo(), &new)?);
        remarks.push(Remark { trailer: "Rotate-Hold", text });
    }
    batch.take(&settings);
    Ok(Work { plan, settings, remarks, verb })
}

/// Whether a hold is to be written: where something moves always, else on what runs alone already, unless it is held there.
fn is_wanted(repo: &Repo, plan: &Plan, hold: &NewHold) -> Result<bool, Failure> {
    if !plan.is_empty() {
        return Ok(true);
    }
    let running = repo.running_of(repo.environment(&plan.environment)?, &plan.family);
    Ok(running.alone() == Some(hold.version.as_str()) && !hold::is_there(repo, hold))
}

/// The version to go back to, or `plain`: the one that was asked for, or the one that ran alone before. Never one whose
/// first run began after that of the current one.
fn target(args: &Args, opened: &Opened, environment: usize) -> Result<String, Failure> {
    let (repo, family) = (&opened.repo, args.family.as_str());
    let name = repo.environments[environment].name.as_str();
    let timeline = args.past.timeline(opened, Depth::Everything)?;
    let now = repo.running_of(environment, family);
    if now.is_empty() && timeline.eras(name, family).is_empty() {
        return Err(unknown(repo, environment, args));
    }
    let story = Story { timeline: &timeline, environment: name, family, now: &now };
    Ok(story.target(args.to.as_deref()).map_err(PlanError::from)?.to_owned())
}

fn unknown(repo: &Repo, environment: usize, args: &Args) -> Failure {
    let (name, family) = (args.environment.clone(), args.family.clone());
    let known: Vec<String> =
        repo.all_families_of(environment).into_keys().map(str::to_owned).collect();
    let nearest = nearest(&family, known.iter().map(String::as_str)).map(str::to_owned);
    PlanError::UnknownFamily { family, environment: name, nearest, known }.into()
}
