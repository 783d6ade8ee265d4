//! Stubs that nothing references any more, removed.

use chrono::{DateTime, Utc};

use crate::forge::marker::Kind;
use crate::ops::change::{Change, Described};
use crate::ops::failure::Failure;
use crate::ops::families::unique;
use crate::ops::leave::refuse_unread;
use crate::ops::outcome::{Context, Outcome};
use crate::ops::proposals::{ProposalBuilder, Proposals};
use crate::ops::proposing::{Gone, Scope};
use crate::ops::pull_requests::Action;
use crate::ops::pulls::Target;
use crate::ops::session::Session;
use crate::plan::batch::Batch;
use crate::plan::prune::{Branch, Prune, PruneRequest, plan};
use crate::plan::{FileChange, NextStep};
use crate::repo::Repo;
use crate::repo::subject::{Family, Subject};
use crate::timeline::Timeline;
use crate::timeline::walk::Depth;

/// The request.
pub struct Request {
    /// The environment.
    pub environment: String,
    /// The families; if omitted, all families in the environment.
    pub families: Vec<Family>,
    /// Branches whose references count, too.
    pub also_branches: Vec<String>,
    /// Whether what texts mention is removed.
    pub ignore_text: bool,
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
}

/// Plans the removals, proves them, and writes them or opens pull requests.
///
/// # Errors
/// When the tree or its history cannot be read, something forbids the removal, or it cannot be written.
pub fn run(request: &Request, context: &Context<'_>) -> Result<Outcome<Removals>, Failure> {
    let Context { session, target, writing, events, .. } = *context;
    session.required_git()?;
    let repo = context.repo()?;
    refuse_unread(session, &repo, repo.environment(&request.environment)?)?;
    let families = families(request, &repo)?;
    let mainline = target.map(Target::mainline).or_else(|| request.mainline.clone());
    let reach = (Depth::Everything, request.now);
    let timeline = session.timeline(&repo, mainline.as_deref(), reach)?;
    let mut batch = Batch::new(&repo);
    let (plans, failures) =
        plans(request, session, &mut batch, &families, &timeline, target.is_some())?;
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
    Ok(Outcome::Changed(Removals { plans, files, next, mainline: timeline.mainline }))
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
    request: &Request,
    planned: Planned,
    (repo, target): (&Repo, &Target<'_>),
    context: &Context<'_>,
) -> Proposals {
    let Planned { plans, failures, families } = planned;
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
        gone: &|_| Gone {
            action: Action::Closed,
            why: "there is nothing to remove any more".to_owned(),
        },
    };
    proposals.carry_out(repo, &scope, (Vec::new(), failures))
}

/// The families that were named, or all of the environment.
fn families(request: &Request, repo: &Repo) -> Result<Vec<Family>, Failure> {
    let environment = repo.environment(&request.environment)?;
    if request.families.is_empty() {
        return Ok(repo.families_of(environment).into_keys().map(Family::from).collect());
    }
    Ok(unique(&request.families))
}

/// One plan a family, each alone or on the tree that the ones before would leave.
fn plans(
    request: &Request,
    session: &Session,
    batch: &mut Batch<'_>,
    families: &[Family],
    timeline: &Timeline,
    apart: bool,
) -> Result<(Vec<Prune>, Vec<Failure>), Failure> {
    let repo = batch.repo();
    let load = |name: &String| -> Result<Branch, Failure> {
        Ok(Branch { name: name.clone(), repo: session.branch(name, repo)? })
    };
    let branches =
        request.also_branches.iter().map(load).collect::<Result<Vec<Branch>, Failure>>()?;
    let now = request.now;
    let (mut plans, mut failures) = (Vec::new(), Vec::new());
    for family in families {
        let request = PruneRequest {
            subject: &Subject::new(&request.environment, family),
            timeline,
            branches: &branches,
            ignore_text: request.ignore_text,
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
