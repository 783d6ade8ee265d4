//! A family moved to another version in one environment.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::forge::marker::Kind;
use crate::ops::change::{Change, Described};
use crate::ops::failure::Failure;
use crate::ops::families::{Choose, families};
use crate::ops::from_store::{self, Where};
use crate::ops::gates::{Gates, Overrides, questions};
use crate::ops::later;
use crate::ops::leave::{Leave, refuse_unclear, refuse_unread, refuse_unused};
use crate::ops::outcome::{Changed, Context, Outcome};
use crate::ops::promotions::{self, Ask, Together, Waiting};
use crate::ops::proposals::{ProposalBuilder, Proposals};
use crate::ops::proposing::{Gone, Scope};
use crate::ops::pull_requests::Action;
use crate::ops::pulls::{Target, program};
use crate::ops::rotation::{Background, Rotation};
use crate::ops::watching::Watch;
use crate::ops::writing::Mode;
use crate::plan::batch::Batch;
use crate::plan::commit::{Remark, Verb};
use crate::plan::from_store::Choice;
use crate::plan::remaining::remaining;
use crate::plan::request::{BumpRequest, Line};
use crate::plan::stored::stored;
use crate::plan::{FileChange, NextStep, Plan, hold};
use crate::repo::Repo;
use crate::repo::subject::{Family, Subject};
use crate::text::path::TreePath;
use crate::timeline::outlook::outlook;
use crate::timeline::walk::Depth;

/// The request.
pub struct Request<'a> {
    /// The environment, as it was typed.
    pub environment: String,
    /// The families; if empty, the only one, or those that the user chooses.
    pub families: Vec<Family>,
    /// Whether all families are meant.
    pub all: bool,
    /// The version; if `None`, it is created or taken over.
    pub version: Option<String>,
    /// Versions that stores assigned.
    pub pins: Vec<String>,
    /// The listings of stores that choose the version or the pins.
    pub from_store: from_store::Request,
    /// What may be left unchanged.
    pub leave: Leave,
    /// What monitors say; `None` if they are not asked.
    pub watch: Option<Watch>,
    /// What is overridden.
    pub overrides: Overrides,
    /// Whether the hold is removed.
    pub lift_hold: bool,
    /// The branch whose history is read; `None` for the default branch.
    pub mainline: Option<String>,
    /// Whether the output is for a reviewer and needs the whole history.
    pub needs_everything: bool,
    /// The current time.
    pub now: DateTime<Utc>,
    /// Lets a person choose among families.
    pub choose: Option<Choose<'a>>,
}

impl Request<'_> {
    /// How far back the history is read: the gates are all that is asked.
    fn depth(
        &self,
        repo: &Repo,
        environment: &str,
        families: &[Family],
        choices: &BTreeMap<Family, Choice>,
    ) -> Depth {
        if self.needs_everything {
            return Depth::Everything;
        }
        let subjects = families.iter().map(|family| Subject::new(environment, family));
        let questions = subjects.flat_map(|subject| {
            let chosen = choices.get(&subject.family).and_then(|one| one.version.as_deref());
            let asked = (chosen.or(self.version.as_deref()), !self.all);
            questions(repo, &subject, asked, self.now)
        });
        Depth::Asked(questions.collect())
    }
}

/// Plans the bump, proves it, and writes it or opens pull requests.
///
/// # Errors
/// When the tree cannot be read, the bump is refused, a gate is closed, or the change cannot be written.
pub fn run(request: &Request<'_>, context: &Context<'_>) -> Result<Outcome<Changed>, Failure> {
    let Context { session, target, writing, .. } = *context;
    if matches!(writing.mode, Mode::Commit(_)) {
        session.required_git()?;
    }
    let repo = context.repo()?;
    let index = repo.environment(&request.environment)?;
    let environment = repo.environments[index].name.clone();
    let named = (request.environment.as_str(), request.families.as_slice(), request.all);
    let mut families = families(named, &repo, request.choose)?;
    let mainline = target.map(Target::mainline).or_else(|| request.mainline.clone());
    let on = Where {
        session,
        repo: &repo,
        pins: &request.pins,
        mainline: mainline.as_deref(),
        events: context.events,
        now: request.now,
    };
    let choices = request.from_store.choices(&environment, &families, &on)?;
    families.retain(|family| choices.get(family).is_none_or(Choice::is_new));
    let reach = (mainline.as_deref(), request.depth(&repo, &environment, &families, &choices));
    let gates = Gates::open(&request.overrides, session, &repo, reach, request.now)?;
    let gates = gates.watching(request.watch.as_ref());
    request.watch.iter().try_for_each(|watch| watch.check(&repo))?;
    let leave = request.leave.lines(session)?;
    refuse_unread(session, &repo, index)?;
    refuse_unclear(&request.pins, &families)?;
    let program = program(session, target);
    let bump =
        Bump { request, context, environment, leave, gates: &gates, program, choices: &choices };
    if let Some(target) = target {
        return bump.propose(&repo, &families, target).map(Outcome::Proposed);
    }
    let Written { rotations, waiting, files, next } = bump.write(&repo, &families)?;
    let (timeline, prefix, failures) = (gates.into_timeline(), session.prefix(), Vec::new());
    let stored = choices.into_values().flat_map(|choice| choice.newest).collect();
    let now = request.now;
    let changed =
        Changed { repo, timeline, now, prefix, rotations, waiting, failures, files, next, stored };
    Ok(Outcome::Changed(changed))
}

/// What was written, or would be.
struct Written {
    rotations: Vec<Rotation>,
    waiting: Vec<Waiting>,
    files: Vec<FileChange>,
    next: Vec<NextStep>,
}

/// One run.
struct Bump<'a> {
    request: &'a Request<'a>,
    context: &'a Context<'a>,
    /// The environment's canonical name, whatever alias was typed.
    environment: String,
    leave: Vec<Line>,
    gates: &'a Gates<'a>,
    /// How `rotate bump` is called for the tree.
    program: String,
    /// What the stores have.
    choices: &'a BTreeMap<Family, Choice>,
}

impl Bump<'_> {
    /// One plan per family, each on the tree that results from the ones before.
    fn write(&self, repo: &Repo, families: &[Family]) -> Result<Written, Failure> {
        let Context { session, writing, events, .. } = self.context;
        let mut batch = Batch::new(repo);
        let (mut rotations, waiting) = if self.takes_what_is_due(repo)? {
            self.due(&mut batch)?
        } else {
            (self.each(&mut batch, families)?, Vec::new())
        };
        self.look_ahead(repo, batch.repo(), &mut rotations)?;
        let files = batch.changes();
        let plans: Vec<&Plan> = rotations.iter().map(|one| &one.plan).collect();
        refuse_unused(&self.leave, &self.request.pins, &plans)?;
        let changes: Vec<Change> = rotations.iter().map(Change::from).collect();
        let next = writing.carry_out(session, &changes, (&files, batch.repo()), *events)?;
        Ok(Written { rotations, waiting, files, next })
    }

    /// Whether it does what `promote` does in the environment: all was asked for, and nothing by name.
    fn takes_what_is_due(&self, repo: &Repo) -> Result<bool, Failure> {
        let Request { all, lift_hold, version, .. } = self.request;
        let first = repo.is_first(repo.environment(&self.environment)?);
        Ok(*all && !first && !lift_hold && version.is_none())
    }

    /// What is due, planned, and what waits.
    fn due(&self, batch: &mut Batch<'_>) -> Result<(Vec<Rotation>, Vec<Waiting>), Failure> {
        let mut standings = outlook(batch.repo(), self.gates.timeline(), self.request.now);
        standings.retain(|one| one.subject.environment == self.environment);
        if let Some(watch) = self.gates.watch() {
            watch.add_to(batch.repo(), &mut standings);
        }
        let gates = Some(self.gates);
        let ask = Ask {
            together: Together::OnTop,
            program: &self.program,
            now: self.request.now,
            leave: &self.leave,
            pins: &self.request.pins,
            gates,
            is_watched: self.gates.watch().is_some(),
        };
        let mut planned = promotions::plan(batch, &standings, ask);
        let failures = planned.failures.into_iter().map(|(_, failure)| failure).collect();
        if let Some(failure) = Failure::first_of(failures) {
            return Err(failure);
        }
        planned.due.iter_mut().for_each(|one| one.verb = Verb::Bump);
        Ok((planned.due, planned.waiting))
    }

    /// One plan per family; all gates must be open.
    fn each(&self, batch: &mut Batch<'_>, families: &[Family]) -> Result<Vec<Rotation>, Failure> {
        let (mut done, mut failures) = (Vec::new(), Vec::new());
        for family in families {
            match self.one(batch, &self.request(self.subject(family), None)) {
                Ok((one, after)) => {
                    let changes = one.plan.changes.iter().chain(&one.settings);
                    batch.take_known(&changes.cloned().collect::<Vec<_>>(), after);
                    done.push(one);
                }
                Err(failure) => failures.push(failure),
            }
        }
        Failure::first_of(failures).map_or(Ok(done), Err)
    }

    /// Adds to the plans what will block the next environment.
    fn look_ahead(
        &self,
        before: &Repo,
        after: &Repo,
        done: &mut [Rotation],
    ) -> Result<(), Failure> {
        let plans: Vec<&Plan> = done.iter().map(|one| &one.plan).collect();
        let mut later = later::notes(before, after, &plans, (&self.program, self.request.now))?;
        for plan in done.iter_mut().map(|one| &mut one.plan) {
            plan.notes.extend(later.notes.remove(&plan.subject.family).unwrap_or_default());
            if let Some((next, command)) = later.commands.remove(&plan.subject.family) {
                plan.give_pins(&next, command);
            }
        }
        Ok(())
    }

    /// A pull request for each family.
    fn propose(
        &self,
        repo: &Repo,
        families: &[Family],
        target: &Target<'_>,
    ) -> Result<Proposals, Failure> {
        let environment = &self.environment;
        let prefix = self.context.session.prefix();
        let mut proposals = ProposalBuilder::new(self.context, target, Kind::Bump);
        let (mut planned, mut failures) = (BTreeSet::new(), Vec::new());
        for family in families {
            // What is proposed already keeps its version: another one is minted when that is merged or closed.
            let subject = self.subject(family);
            let key = proposals.key(&subject);
            let open = target.marker(&key).map(|marker| marker.version.clone());
            let index = repo.environment(environment)?;
            let runs = repo.running_of(index, family).versions.pop_last();
            let open = open.filter(|open| runs.is_none_or(|runs| runs < *open));
            match self.proposable(repo, &self.request(subject.clone(), open)) {
                Ok(one) => {
                    planned.insert(subject);
                    if !one.plan.is_empty() {
                        let on = self.background(repo, &prefix);
                        proposals.add(key, Described::Rotation(&one, on), true);
                    }
                }
                Err(failure) => failures.push(failure),
            }
        }
        let scope = Scope {
            // A plan that fails now says nothing about a pull request that is already open.
            has: &|subject| planned.contains(subject),
            gone: &|marker| Gone {
                action: Action::Closed,
                why: format!("{environment} no longer needs {}", marker.version),
            },
        };
        Ok(proposals.carry_out(repo, &scope, (Vec::new(), failures)))
    }

    /// A plan alone, with what its reviewer should know of the next environment.
    fn proposable(&self, repo: &Repo, request: &BumpRequest) -> Result<Rotation, Failure> {
        let mut batch = Batch::new(repo);
        let (mut one, _) = self.one(&batch, request)?;
        batch.take(&one.plan.changes);
        self.look_ahead(repo, batch.repo(), std::slice::from_mut(&mut one))?;
        Ok(one)
    }

    fn subject(&self, family: &Family) -> Subject {
        Subject::new(&self.environment, family)
    }

    fn request(&self, subject: Subject, version: Option<String>) -> BumpRequest {
        let choice = self.choices.get(&subject.family).cloned().unwrap_or_default();
        BumpRequest {
            subject,
            version: choice.version.or_else(|| self.request.version.clone()).or(version),
            pins: [self.request.pins.clone(), choice.pins].concat(),
            held: choice.held,
            leave: self.leave.clone(),
            back: None,
            program: self.program.clone(),
            now: self.request.now,
        }
    }

    /// A plan that passed its gates, and the tree after it where it changes.
    fn one(
        &self,
        batch: &Batch<'_>,
        request: &BumpRequest,
    ) -> Result<(Rotation, Option<Repo>), Failure> {
        let subject = &request.subject;
        let (before, lifts) = (batch.repo(), self.request.lift_hold);
        // A planning error is reported before a closed gate.
        let (mut plan, after) = batch.preview(request)?;
        if let Some(choice) = self.choices.get(&subject.family) {
            plan.notes.extend(choice.notes.iter().cloned());
        }
        if !plan.is_empty() {
            plan.notes.extend(self.gates.not_asked(before, subject));
        }
        let version = request.version.as_deref();
        let mut remarks = self.gates.pass(before, subject, version, (lifts, !self.request.all))?;
        let lifted = if lifts { hold::lift(before, subject)? } else { None };
        let settings: Vec<FileChange> = lifted.into_iter().collect();
        // The gates are evaluated as if the hold were already lifted.
        let all: Vec<FileChange> = plan.changes.iter().chain(&settings).cloned().collect();
        let after = if settings.is_empty() { after } else { batch.after(&all) };
        if let Some(after) = &after {
            remarks.extend(self.gates.pass_lint(before, after, subject)?);
        }
        if !settings.is_empty() {
            let text = "lifted".to_owned();
            remarks.push(Remark { trailer: "Rotate-Hold", text });
        }
        let known = after.as_ref().unwrap_or(before);
        let is_described = self.request.needs_everything;
        let gates = if is_described { self.gates.all(before, known, &plan)? } else { Vec::new() };
        let index = before.environment(&subject.environment)?;
        let rotation = Rotation {
            from: before.before(index, &subject.family).map(|from| from.environment.name.clone()),
            remaining: if is_described { remaining(known, &plan) } else { Vec::new() },
            stored: if is_described {
                stored(known, index, &subject.family, plan.version())
            } else {
                BTreeSet::new()
            },
            plan,
            settings,
            remarks,
            verb: Verb::Bump,
            gates,
        };
        Ok((rotation, after))
    }

    const fn background<'b>(&'b self, repo: &'b Repo, prefix: &'b TreePath) -> Background<'b> {
        Background { repo, timeline: self.gates.timeline(), now: self.request.now, prefix }
    }
}
