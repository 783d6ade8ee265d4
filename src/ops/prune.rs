//! Stubs that nothing references any more, removed.

use chrono::{DateTime, Utc};

use crate::forge::marker::Kind;
use crate::ops::change::{Change, Described};
use crate::ops::events::Events;
use crate::ops::failure::{Failure, Status};
use crate::ops::families::unique;
use crate::ops::from_store::{self, Where};
use crate::ops::leave::refuse_unread;
use crate::ops::message::Message;
use crate::ops::outcome::{Context, Outcome};
use crate::ops::proposals::{ProposalBuilder, Proposals};
use crate::ops::proposing::{Gone, Scope};
use crate::ops::proving::{Asked, Place, Proved, command};
use crate::ops::pull_requests::Action;
use crate::ops::pulls::{Target, verify_at};
use crate::ops::session::Session;
use crate::ops::verify::Verified;
use crate::plan::batch::Batch;
use crate::plan::from_store::StoreKey;
use crate::plan::prune::{Branch, Pods, Prune, PruneRequest, plan};
use crate::plan::stored::stored;
use crate::plan::{FileChange, NextStep};
use crate::repo::Repo;
use crate::repo::subject::{Family, Subject};
use crate::timeline::Timeline;
use crate::timeline::walk::Depth;

/// The request.
pub struct Request<'a> {
    /// The environment.
    pub environment: String,
    /// The families; if omitted, all families in the environment.
    pub families: Vec<Family>,
    /// Branches whose references count, too.
    pub also_branches: Vec<String>,
    /// Whether what texts mention is removed.
    pub ignore_text: bool,
    /// The cluster in which every pod has to have moved; `None` if it is not looked at.
    pub live: Option<Asked<'a>>,
    /// The listings of stores that show when versions were last read.
    pub from_store: from_store::Request,
    /// The branch whose history is read; `None` for the default branch.
    pub mainline: Option<String>,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// What was removed, or would be.
pub struct Removals {
    /// One plan per family.
    pub plans: Vec<Prune>,
    /// All files.
    pub files: Vec<FileChange>,
    /// The remaining manual steps.
    pub next: Vec<NextStep>,
    /// The branch whose history counted.
    pub mainline: String,
    /// What the cluster showed, if it was asked and something names a secret.
    pub verified: Option<Verified>,
}

/// Plans the removals, proves them, and writes them or opens pull requests.
///
/// # Errors
/// When the tree or its history cannot be read, something forbids the removal, or it cannot be written.
pub fn run(request: &Request<'_>, context: &Context<'_>) -> Result<Outcome<Removals>, Failure> {
    let Context { session, target, writing, events, .. } = *context;
    session.required_git()?;
    let repo = context.repo()?;
    let environment = repo.environment(&request.environment)?;
    refuse_unread(session, &repo, environment)?;
    let families = families(request, &repo)?;
    let mainline = target.map(Target::mainline).or_else(|| request.mainline.clone());
    let reach = (Depth::Everything, request.now);
    let timeline = session.timeline(&repo, mainline.as_deref(), reach)?;
    let place = Place {
        repo: &repo,
        environment,
        mainline: mainline.as_deref(),
        is_work_tree: target.is_none(),
        now: request.now,
    };
    let proved = proved(request, place, &families, (session, events))?;
    let mut batch = Batch::new(&repo);
    let known = Known { timeline: &timeline, proved: proved.as_ref(), target };
    let (mut plans, failures) = plans(request, session, &mut batch, &families, &known)?;
    say_reads(request, (session, events), place, &mut plans)?;
    if let Some(target) = target {
        let planned = Planned { plans, failures, families };
        return Ok(Outcome::Proposed(propose(request, planned, (&repo, target), context)));
    }
    if let Some(failure) = Failure::first_of(failures) {
        return Err(failure);
    }
    let changes: Vec<Change> = plans.iter().map(Change::from).collect();
    let files = batch.changes();
    let next = writing.carry_out(session, &changes, (&files, batch.repo()), events)?;
    let verified = proved.and_then(|proved| proved.verified);
    Ok(Outcome::Changed(Removals { plans, files, next, mainline: timeline.mainline, verified }))
}

/// What the cluster shows of the families with stubs, if it is to be asked.
fn proved(
    request: &Request<'_>,
    place: Place<'_>,
    families: &[Family],
    told: (&Session, &dyn Events),
) -> Result<Option<Proved>, Failure> {
    let Some(live) = request.live else { return Ok(None) };
    let state = |family: &Family| place.repo.family(place.environment, family);
    let has_stubs = |family: &Family| state(family).is_some_and(|state| !state.stubs.is_empty());
    let families: Vec<Family> = families.iter().filter(|one| has_stubs(one)).cloned().collect();
    live.prove(place, &families, told).map(Some)
}

/// Adds to the steps that clean up when each version was last read, as far as listings are given.
fn say_reads(
    request: &Request<'_>,
    (session, events): (&Session, &dyn Events),
    place: Place<'_>,
    plans: &mut [Prune],
) -> Result<(), Failure> {
    let Place { repo, environment, mainline, now, .. } = place;
    if !request.from_store.is_given() || plans.iter().all(|plan| plan.leftovers.is_empty()) {
        return Ok(());
    }
    let mut values = Vec::new();
    for family in plans.iter().map(|plan| &plan.subject.family) {
        let versions = repo.family(environment, family).map(|state| state.stubs.keys());
        for version in versions.into_iter().flatten() {
            values.extend(stored(repo, environment, family, version));
        }
    }
    let on = Where { session, repo, pins: &[], mainline, events, now };
    let listings = request.from_store.listings(&StoreKey::all(&values), &on)?;
    plans.iter_mut().for_each(|plan| plan.say_reads(&listings));
    Ok(())
}

/// What the plans are based on.
struct Known<'a> {
    timeline: &'a Timeline,
    /// `None` if the cluster is not looked at.
    proved: Option<&'a Proved>,
    target: Option<&'a Target<'a>>,
}

/// The result of planning.
struct Planned {
    plans: Vec<Prune>,
    failures: Vec<Failure>,
    /// The families that were asked for.
    families: Vec<Family>,
}

/// A pull request for each family of which something goes.
fn propose(
    request: &Request<'_>,
    planned: Planned,
    (repo, target): (&Repo, &Target<'_>),
    context: &Context<'_>,
) -> Proposals {
    let Planned { plans, mut failures, families } = planned;
    failures.extend(plans.iter().filter_map(refused));
    let mut proposals = ProposalBuilder::new(context, target, Kind::Prune);
    for plan in plans.iter().filter(|plan| !plan.is_empty()) {
        proposals.add(proposals.key(&plan.subject), Described::Removal(plan), true);
    }
    let is_planned = |subject: &Subject| plans.iter().any(|one| one.subject == *subject);
    // A plan that fails now says nothing about a pull request that is already open. A family that is gone entirely
    // from the environment is handled by a run for all families.
    let is_gone = |subject: &Subject| {
        request.families.is_empty()
            && subject.environment == request.environment
            && !families.contains(&subject.family)
    };
    let scope = Scope {
        has: &|subject| is_planned(subject) || is_gone(subject),
        gone: &|marker| {
            let subject = Subject::from(&marker.key);
            let plan = plans.iter().find(|one| one.subject == subject);
            let why = plan.and_then(Prune::refusal);
            let why = why.unwrap_or("there is nothing to remove any more").to_owned();
            Gone { action: Action::Closed, why }
        },
    };
    proposals.carry_out(repo, &scope, (Vec::new(), failures))
}

/// What keeps a family's stubs because of what the cluster shows.
fn refused(plan: &Prune) -> Option<Failure> {
    let Subject { environment, family } = &plan.subject;
    let why = plan.refusal()?;
    let text = format!("the unused stubs of `{family}` stay in `{environment}`: {why}");
    Some(Failure { status: Status::Findings, message: Box::new(Message::new(text)) })
}

/// The families that were named, or all of the environment.
fn families(request: &Request<'_>, repo: &Repo) -> Result<Vec<Family>, Failure> {
    let environment = repo.environment(&request.environment)?;
    if request.families.is_empty() {
        return Ok(repo.families_of(environment).into_keys().map(Family::from).collect());
    }
    Ok(unique(&request.families))
}

/// One plan a family, each alone or on the tree that the ones before would leave.
fn plans(
    request: &Request<'_>,
    session: &Session,
    batch: &mut Batch<'_>,
    families: &[Family],
    known: &Known<'_>,
) -> Result<(Vec<Prune>, Vec<Failure>), Failure> {
    let repo = batch.repo();
    let load = |name: &String| -> Result<Branch, Failure> {
        Ok(Branch { name: name.clone(), repo: session.branch(name, repo)? })
    };
    let branches =
        request.also_branches.iter().map(load).collect::<Result<Vec<Branch>, Failure>>()?;
    let now = request.now;
    let environment = repo.environment(&request.environment)?;
    let verify = verify_at(session, known.target);
    let (mut plans, mut failures) = (Vec::new(), Vec::new());
    for family in families {
        let shown = known.proved.map(|proved| proved.of(family, now));
        let tree = batch.repo();
        let verify = || command((tree, environment), family, &verify);
        let pods = shown.as_ref().map_or(Pods::Unknown(&verify), Pods::Shown);
        let request = PruneRequest {
            subject: &Subject::new(&request.environment, family),
            timeline: known.timeline,
            branches: &branches,
            ignore_text: request.ignore_text,
            pods,
            now,
        };
        match plan(batch.repo(), &request) {
            Ok(one) => {
                if known.target.is_none() {
                    batch.take(&one.changes);
                }
                plans.push(one);
            }
            Err(error) => failures.push(Failure::from(error)),
        }
    }
    Ok((plans, failures))
}
