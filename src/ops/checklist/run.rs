//! `rotate checklist`: the list of the newest rotation of a family, as the tree and its history prove it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::ops::checklist::facts::{At, Calls, Facts, Move, Refused};
use crate::ops::checklist::list::List;
use crate::ops::checklist::stored::no_listing;
use crate::ops::checklist::{Checklist, Given, Item, State};
use crate::ops::errors::{Errors, lint, lint_change};
use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::from_store;
use crate::ops::leave::{refuse_unlisted, refuse_unread};
use crate::ops::message::Message;
use crate::ops::proving::{Asked, Place};
use crate::ops::session::Session;
use crate::plan::batch::Batch;
use crate::plan::from_store::Held;
use crate::plan::refusal::PlanError;
use crate::plan::request::BumpRequest;
use crate::plan::stored::stored;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::{Family, Subject};
use crate::text::nearest::nearest;
use crate::text::shell::command;
use crate::timeline::Timeline;
use crate::timeline::walk::Depth;

/// The request.
pub struct Request<'a> {
    /// The environment up to which the list goes, as it was typed.
    pub environment: String,
    /// The family.
    pub family: Family,
    /// The version; `None` for the newest one that the tree has.
    pub version: Option<String>,
    /// The listings of stores that are to be read.
    pub from_store: from_store::Request,
    /// The cluster whose pods may prove what Git names in the environment; `None` if it is not looked at.
    pub live: Option<Asked<'a>>,
    /// The branch whose history is read; `None` for the default branch.
    pub mainline: Option<String>,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// The result.
pub struct Checked {
    /// The list.
    pub list: Checklist,
    /// The branch whose history counted; `None` without Git.
    pub mainline: Option<String>,
    /// The tree that was read.
    pub repo: Repo,
}

/// Reads the tree and its history, and makes the list.
///
/// # Errors
/// When the tree, its configuration or its history cannot be read, or has no such environment, family or version.
pub fn run(
    request: &Request<'_>,
    session: &Session,
    events: &dyn Events,
) -> Result<Checked, Failure> {
    let repo = session.repo()?;
    session.report_problems(&repo, events);
    let last = repo.environment(&request.environment)?;
    refuse_unlisted(session, &repo)?;
    let subject = Subject::new(&repo.environments[last].name, &request.family);
    refuse_unknown(&repo, last, &subject)?;
    refuse_unread(session, &repo, last)?;
    let has_history = session.has_git() && !session.is_unborn();
    let reach = (Depth::Everything, request.now);
    let timeline = has_history
        .then(|| session.timeline(&repo, request.mainline.as_deref(), reach))
        .transpose()?;
    let mut given = Given::default();
    if let Some(live) = request.live {
        let mainline = request.mainline.as_deref();
        let place = Place {
            repo: &repo,
            environment: last,
            mainline,
            is_work_tree: true,
            now: request.now,
        };
        let family = &subject.family;
        let proved = live.prove(place, std::slice::from_ref(family), (session, events))?;
        given.pods.insert(subject.environment.clone(), proved.of(family, request.now));
    }
    let known = (&repo, timeline.as_ref(), &given);
    let list = listed(request, (session, events), known, (last, subject))?;
    Ok(Checked { list, mainline: timeline.map(|one| one.mainline), repo })
}

fn listed(
    request: &Request<'_>,
    (session, events): (&Session, &dyn Events),
    (repo, timeline, given): (&Repo, Option<&Timeline>, &Given),
    (last, subject): (EnvironmentId, Subject),
) -> Result<Checklist, Failure> {
    let family = subject.family.clone();
    let calls = Calls {
        verify: session.with_helm(&session.call(), "verify"),
        rotate: session.call(),
        bump: session.program(),
        git: session.git_program(),
    };
    let mut facts = Facts {
        repo,
        timeline,
        family: &family,
        version: "",
        environments: Vec::new(),
        calls,
        now: request.now,
        given,
        moves: BTreeMap::new(),
        lint: BTreeMap::new(),
        publishing: BTreeMap::new(),
        merge: None,
    };
    facts.environments = facts.up_to(last);
    let known = facts.known();
    let version = match (&request.version, known.last()) {
        (Some(asked), _) => Some(facts.asked(asked, &known)?),
        (None, newest) => newest.cloned(),
    };
    let Some(version) = version else {
        if request.from_store.is_given() {
            return Err(no_listing(&format!("`{family}` has no version yet")));
        }
        let items = facts.unversioned();
        return Ok(Checklist { subject, version: None, items });
    };
    facts.version = &version;
    facts.publish(session)?;
    facts.plan(&[])?;
    let with_listings;
    if request.from_store.is_given() {
        let listings = facts.listings(request, session, events)?;
        with_listings = Given { listings, ..given.clone() };
        facts.given = &with_listings;
        // What its store has needs not be put there.
        let held = facts.held();
        facts.plan(&held)?;
    }
    let items = facts.items();
    drop(facts);
    Ok(Checklist { subject, version: Some(version), items })
}

/// Refuses an environment without versions, and a family that nothing there names or makes.
fn refuse_unknown(repo: &Repo, last: EnvironmentId, subject: &Subject) -> Result<(), PlanError> {
    if !repo.environments[last].versioned {
        return Err(PlanError::Unversioned(subject.environment.clone()));
    }
    let all = repo.all_families_of(last);
    if all.contains_key(&*subject.family) {
        return Ok(());
    }
    let nearest = nearest(&subject.family, all.keys().copied()).map(Family::from);
    let known = all.into_keys().map(Family::from).collect();
    Err(PlanError::UnknownFamily { subject: subject.clone(), nearest, known })
}

impl Facts<'_> {
    /// The environments that the family goes through, up to one of them.
    pub(super) fn up_to(&self, last: EnvironmentId) -> Vec<EnvironmentId> {
        let before = self.repo.environments.before(last).iter();
        let is_there = |id: &EnvironmentId| !self.repo.running_of(*id, self.family).is_empty();
        let before = before.filter(|one| one.versioned).map(|one| one.id).filter(is_there);
        before.chain([last]).collect()
    }

    /// The versions that those environments name or provide.
    fn known(&self) -> BTreeSet<String> {
        let mut known = BTreeSet::new();
        for id in &self.environments {
            known.extend(self.repo.running_of(*id, self.family).versions);
            let state = self.repo.family(*id, self.family);
            known.extend(state.into_iter().flat_map(|state| state.stubs.keys().cloned()));
        }
        known
    }

    /// The version that was asked for.
    fn asked(&self, asked: &str, known: &BTreeSet<String>) -> Result<String, Failure> {
        let ran = |id: &EnvironmentId| {
            let subject = self.subject(self.here(*id));
            self.timeline.is_some_and(|timeline| timeline.had(&subject, asked))
        };
        let is_digits = asked.bytes().all(|byte| byte.is_ascii_digit());
        if is_digits && (known.contains(asked) || self.environments.iter().any(ran)) {
            return Ok(asked.to_owned());
        }
        let names = self.environments.iter().map(|id| &*self.repo.environments[*id].name);
        let names: Vec<&str> = names.collect();
        let text =
            format!("`{}` never had the version `{asked}` in {}", self.family, names.join(" or "));
        let near = nearest(asked, known.iter().map(String::as_str));
        let help = match (near, known.is_empty()) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, false) => {
                let known: Vec<&str> = known.iter().rev().map(String::as_str).collect();
                format!("it has {}", known.join(", "))
            }
            (None, true) => format!("`{}` has no version yet", self.family),
        };
        Err(Failure::usage(Message::new(text).help(help)))
    }

    /// How the first version begins.
    fn unversioned(&self) -> Vec<Item> {
        let mut list = List::new();
        if let Some(first) = self.environments.first() {
            let name = &*self.repo.environments[*first].name;
            let text = format!("The first version of {} begins in {name}.", self.family);
            let bump = command(&self.calls.bump, &[name, self.family], "");
            list.add(&["first-version"], text, State::Open(None), Some(bump));
        }
        list.into_items()
    }

    /// Plans the moves that are still to be made, each on the tree that the ones before leave, and asks the rules.
    fn plan(&mut self, held: &[Held]) -> Result<(), Failure> {
        let mut batch = Batch::new(self.repo);
        let now = Errors::of(self.repo, self.now);
        let mut is_refused = false;
        for id in self.environments.clone() {
            let here = self.here(id);
            let subject = self.subject(here);
            if here.at != At::Older || is_refused {
                self.lint.insert(id, lint(&now, &now, &subject)?);
                continue;
            }
            let request = BumpRequest {
                subject: subject.clone(),
                version: Some(self.version.to_owned()),
                pins: Vec::new(),
                held: held.to_vec(),
                leave: Vec::new(),
                back: None,
                program: self.calls.bump.clone(),
                now: self.now,
            };
            match batch.preview(&request) {
                Ok((plan, after)) => {
                    let tree = after.as_ref().unwrap_or_else(|| batch.repo());
                    let before = Errors::of(batch.repo(), self.now);
                    let gate = lint_change(&before, &Errors::of(tree, self.now), &subject)?;
                    self.lint.insert(id, gate);
                    let stored = stored(tree, id, self.family, self.version);
                    self.moves.insert(id, Ok(Move::of(&plan, stored)));
                    batch.take_known(&plan.changes, after);
                }
                Err(error) => {
                    is_refused = true;
                    let command = error.with_pins().map(str::to_owned);
                    let command = command.or_else(|| Some(self.bump(here)));
                    let reason = error.reasons().first().map(|one| format!(": {}", one.what));
                    let why = format!("{error}{}", reason.unwrap_or_default());
                    self.moves.insert(id, Err(Refused { why, command }));
                    self.lint.insert(id, lint(&now, &now, &subject)?);
                }
            }
        }
        Ok(())
    }

    /// Every item, in order.
    pub(super) fn items(&self) -> Vec<Item> {
        let mut list = List::new();
        self.first(&mut list);
        let last = self.environments.last();
        for id in &self.environments {
            let here = self.here(*id);
            self.before_the_move(&mut list, here);
            if Some(id) == last {
                list.follow();
            }
            self.pods(&mut list, here);
            if Some(id) == last {
                self.watch(&mut list, here);
                self.way_back(&mut list, here);
            }
        }
        for id in &self.environments {
            // A pull request is about one environment.
            if self.merge.is_none() || Some(id) == last {
                self.clean_up(&mut list, self.here(*id));
            }
        }
        list.into_items()
    }
}
