//! A family taken back to the version before.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::ops::change::Change;
use crate::ops::failure::Failure;
use crate::ops::leave::{Leave, refuse_unused};
use crate::ops::outcome::{Changed, Context};
use crate::ops::rotation::Rotation;
use crate::ops::session::Session;
use crate::plan::back::Story;
use crate::plan::batch::Batch;
use crate::plan::commit::{Remark, Verb};
use crate::plan::hold::{self, NewHold};
use crate::plan::refusal::PlanError;
use crate::plan::request::{Back, BumpRequest};
use crate::plan::shift::Row;
use crate::plan::shift::back::{Way, way};
use crate::plan::{FileChange, NextStep, Plan};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::{Family, Subject};
use crate::text::nearest::nearest;
use crate::text::path::TreePath;
use crate::text::shell::command;
use crate::timeline::stub;
use crate::timeline::walk::Depth;

/// The request.
pub struct Request {
    /// The environment, as it was typed.
    pub environment: String,
    /// The family.
    pub family: Family,
    /// The version to go back to, or `plain`; none: the one before.
    pub to: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Whether no hold is written.
    pub no_hold: bool,
    /// Whether the references move where the weights of a pair would do.
    pub by_references: bool,
    /// What may be left unchanged.
    pub leave: Leave,
    /// The branch whose history is read; `None` for the default branch.
    pub mainline: Option<String>,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// Plans the way back, proves it, and writes it.
///
/// # Errors
/// When there is no version to go back to, the tree or its history cannot be read, or it cannot be written.
pub fn run(request: &Request, context: &Context<'_>) -> Result<Changed, Failure> {
    let session = context.session;
    session.required_git()?;
    let repo = context.repo()?;
    let environment = repo.environment(&request.environment)?;
    let version = target(request, session, &repo, environment)?;
    let leave = request.leave.lines(session)?;
    request.leave.refuse_unread(session, &repo, environment)?;
    let subject = Subject::new(&repo.environments[environment].name, &request.family);
    let when = (session.prefix(), request.now);
    let found = match request.by_references {
        true => Way::References(None),
        false => way(&repo, &subject, &version)?,
    };
    let note = match found {
        Way::References(note) => note,
        Way::Weights(found) => {
            refuse_unused(&leave, &[], &[&found.0])?;
            let mut batch = Batch::new(&repo);
            let (plan, after) = *found;
            batch.take_known(&plan.changes, after);
            let rotation = with_hold(request, &mut batch, plan, version)?;
            let written = write(context, &batch, &rotation)?;
            return Ok(Changed::new(repo, when, vec![rotation], written));
        }
    };
    let mut back = BumpRequest {
        subject,
        version: Some(version.clone()),
        pins: Vec::new(),
        held: Vec::new(),
        leave,
        back: Some(Back::default()),
        program: session.program(),
        now: request.now,
    };
    let stubs = stubs(request, session, &repo, &back)?;
    let is_restored = !stubs.is_empty();
    back.back = Some(Back { stubs });
    let mut batch = Batch::new(&repo);
    let mut plan = batch.plan(&back)?;
    plan.notes.extend(note);
    if is_restored && !plan.stubs.is_empty() {
        plan.notes.push(
            "the removed stub is restored as it was; the operator fetches the value again, so check that the store still has it".to_owned(),
        );
        plan.check_store(batch.repo());
    }
    refuse_unused(&back.leave, &[], &[&plan])?;
    let rotation = with_hold(request, &mut batch, plan, version)?;
    let written = write(context, &batch, &rotation)?;
    Ok(Changed::new(repo, when, vec![rotation], written))
}

/// Writes what goes back; the files, and what is left to a person.
fn write(
    context: &Context<'_>,
    batch: &Batch<'_>,
    rotation: &Rotation,
) -> Result<(Vec<FileChange>, Vec<NextStep>), Failure> {
    let Context { session, writing, events, .. } = *context;
    let (files, change) = (batch.changes(), Change::from(rotation));
    let next = writing.carry_out(session, &[change], (&files, batch.repo()), events)?;
    Ok((files, next))
}

/// The stubs of the version as Git last had them, where they are gone.
fn stubs(
    request: &Request,
    session: &Session,
    repo: &Repo,
    back: &BumpRequest,
) -> Result<BTreeMap<TreePath, String>, Failure> {
    let version = back.version.as_deref().unwrap_or_default();
    let environment = repo.environment(&back.subject.environment)?;
    let state = repo.family(environment, &request.family);
    let is_there = state.is_some_and(|state| state.stubs.contains_key(version));
    if is_there || back.goes_to_plain() {
        return Ok(BTreeMap::new());
    }
    let git = session.required_git()?;
    let (mainline, settings) = (request.mainline.as_deref(), &repo.config);
    Ok(stub::last(git, mainline, settings, &back.subject, version)?)
}

fn with_hold(
    request: &Request,
    batch: &mut Batch<'_>,
    plan: Plan,
    version: String,
) -> Result<Rotation, Failure> {
    let mut remarks = Vec::new();
    if let Some(reason) = &request.reason {
        remarks.push(Remark { trailer: "Rotate-Reason", text: reason.clone() });
    }
    if !plan.is_empty() {
        remarks.extend(weights(&plan));
    }
    let mut settings = Vec::new();
    let verb = if plan.is_empty() { Verb::Hold } else { Verb::RollBack };
    let new = NewHold {
        subject: plan.subject.clone(),
        version,
        reason: request.reason.clone(),
        since: request.now,
    };
    if !request.no_hold && is_wanted(batch.repo(), &plan, &new)? {
        let text = format!(
            "{}, until `{}`",
            new.version,
            command(
                "rotate bump",
                &[&plan.subject.environment, &plan.subject.family],
                " --lift-hold"
            )
        );
        settings.push(hold::put(batch.repo(), &new)?);
        remarks.push(Remark { trailer: "Rotate-Hold", text });
    }
    batch.take(&settings);
    let (from, gates, remaining, stored) = (None, Vec::new(), Vec::new(), BTreeSet::new());
    Ok(Rotation { plan, settings, remarks, verb, from, gates, remaining, stored })
}

/// The trailers that say which traffic moves.
fn weights(plan: &Plan) -> Vec<Remark> {
    let parts: BTreeSet<String> = plan.shifted.iter().map(Row::gains).collect();
    let in_root = |row: &Row| format!("{} in {}", row.gains(), row.root);
    let differ = parts.len() > 1;
    let parts = if differ { plan.shifted.iter().map(in_root).collect() } else { parts };
    parts.into_iter().map(|text| Remark { trailer: "Rotate-Weight", text }).collect()
}

/// Whether a hold is to be written: where something moves always, else on what runs alone already, unless it is held there.
fn is_wanted(repo: &Repo, plan: &Plan, hold: &NewHold) -> Result<bool, Failure> {
    if !plan.is_empty() {
        return Ok(true);
    }
    if !plan.shifted.is_empty() {
        return Ok(!hold::is_there(repo, hold));
    }
    let running =
        repo.running_of(repo.environment(&plan.subject.environment)?, &plan.subject.family);
    Ok(running.alone() == Some(hold.version.as_str()) && !hold::is_there(repo, hold))
}

/// The version to go back to, or `plain`: the one that was asked for, or the one that ran alone before. Never one whose
/// first run began after that of the current one.
fn target(
    request: &Request,
    session: &Session,
    repo: &Repo,
    environment: EnvironmentId,
) -> Result<String, Failure> {
    let subject = Subject::new(&repo.environments[environment].name, &request.family);
    let reach = (Depth::Everything, request.now);
    let timeline = session.timeline(repo, request.mainline.as_deref(), reach)?;
    let now = repo.running_of(environment, &subject.family);
    if now.is_empty() && timeline.eras(&subject).is_empty() {
        return Err(unknown(repo, environment, request));
    }
    let story = Story { timeline: &timeline, subject: &subject, now: &now };
    Ok(story.target(request.to.as_deref()).map_err(PlanError::from)?.to_owned())
}

fn unknown(repo: &Repo, environment: EnvironmentId, request: &Request) -> Failure {
    let subject = Subject::new(&request.environment, &request.family);
    let all = repo.all_families_of(environment);
    let nearest = nearest(&subject.family, all.keys().copied()).map(Family::from);
    let known = all.into_keys().map(Family::from).collect();
    PlanError::UnknownFamily { subject, nearest, known }.into()
}
