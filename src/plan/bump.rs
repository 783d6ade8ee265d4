//! One family of one environment, moved to another version.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::k8s::secret_name::{VersionedName, split};
use crate::plan::batch::overlay;
use crate::plan::behind::behind;
use crate::plan::check::idle;
use crate::plan::cost::costs;
use crate::plan::draft::Draft;
use crate::plan::from_store::Held;
use crate::plan::monitor::renewals;
use crate::plan::moves::Mover;
use crate::plan::next::supply::Supply;
use crate::plan::next::{self, After};
use crate::plan::prove::{Expected, prove};
use crate::plan::reads::misread;
use crate::plan::refusal::{PlanError, Refusal, environment};
use crate::plan::request::BumpRequest;
use crate::plan::spell::first_few;
use crate::plan::stub::given::ask;
use crate::plan::stub::plain::plain;
use crate::plan::stub::planner::{Planner, Stubs};
use crate::plan::survey::{Survey, undecided};
use crate::plan::version::{Before, Question, Unfit};
use crate::plan::{FileChange, NextStep, Plan, Stage};
use crate::repo::Repo;
use crate::repo::deployed::Starts;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::Reference;
use crate::repo::root::Root;
use crate::repo::subject::{Family, Subject};
use crate::text::few::FEW;
use crate::text::path::TreePath;
use crate::text::shell::{command, option};
use crate::timeline::gate::span;

/// Plans a bump and proves it on the planned tree, which is returned too where anything changes. A plan that is empty means
/// that nothing is to be done.
///
/// # Errors
/// When the environment or the family is not known, the version cannot be used, something forbids the
/// move, or the planned tree does not resolve to what was meant.
pub fn plan_with_tree(
    repo: &Repo,
    request: &BumpRequest,
) -> Result<(Plan, Option<Repo>), PlanError> {
    let bump = Bump::new(repo, request)?;
    let survey = Survey::new(repo, bump.environment, &bump.subject.family);
    bump.check(&survey, request.back.is_some())?;
    let name = bump.name(&survey, request)?;
    bump.planned(&survey, &name, request)
}

/// The plan alone.
#[cfg(test)]
pub(super) fn plan(repo: &Repo, request: &BumpRequest) -> Result<Plan, PlanError> {
    plan_with_tree(repo, request).map(|(plan, _)| plan)
}

/// A bump whose environment is known.
pub(super) struct Bump<'p> {
    pub(super) repo: &'p Repo,
    pub(super) environment: EnvironmentId,
    /// The family without a version, and the environment's own name.
    pub(super) subject: Subject,
}

impl<'p> Bump<'p> {
    fn new(repo: &'p Repo, request: &'p BumpRequest) -> Result<Self, PlanError> {
        let environment = environment(repo, &request.subject.environment)?;
        let found = &repo.environments[environment];
        if !found.versioned {
            return Err(PlanError::Unversioned(found.name.clone()));
        }
        let subject = Subject::new(&found.name, Family::of(&request.subject.family));
        Ok(Self { repo, environment, subject })
    }

    pub(super) fn refused(&self, mut reasons: Vec<Refusal>) -> PlanError {
        let place = |one: &Refusal| {
            let place = one.place.as_ref().map(|place| place.near_in_file());
            place.map(|place| (place.source.path().clone(), place.span()))
        };
        reasons.sort_by(|a, b| (place(a), &a.what).cmp(&(place(b), &b.what)));
        reasons.dedup_by(|a, b| (place(a), &a.what) == (place(b), &b.what));
        PlanError::Refused { subject: self.subject.clone(), reasons }
    }

    pub(super) fn reason(&self, what: String, hint: &str) -> PlanError {
        self.refused(vec![Refusal { what, place: None, hint: hint.to_owned() }])
    }

    /// The name to move to.
    fn name(&self, survey: &Survey<'_>, request: &BumpRequest) -> Result<String, PlanError> {
        if request.goes_to_plain() {
            return Ok(self.subject.family.to_string());
        }
        let before =
            self.repo.before(self.environment, &self.subject.family).map(|before| Before {
                environment: before.environment.name.clone(),
                join: self.repo.version_to_join(before.environment.id, &self.subject.family),
                seen: Survey::new(self.repo, before.environment.id, &self.subject.family).seen(),
            });
        let here = survey.seen();
        let environments = &self.repo.environments;
        let is_last = environments.after(self.environment).is_empty();
        let unplaced = if is_last { environments.unplaced() } else { Vec::new() };
        let question = Question {
            family: &self.subject.family,
            asked: request.version.as_deref(),
            here: &here,
            before: before.as_ref(),
            first: self.repo.is_first(self.environment),
            unplaced: unplaced.iter().find(|one| one.may_come_before),
            now: request.now,
        };
        let answer = if request.back.is_some() { question.went_back() } else { question.answer() };
        let version = answer.map_err(|unfit| self.unfit(unfit))?;
        let name = VersionedName::new(&self.subject.family, version).map_err(|error| {
            self.reason(error.to_string(), "give the secret another name before versioning it")
        })?;
        Ok(name.to_string())
    }

    fn unfit(&self, unfit: Unfit) -> PlanError {
        PlanError::Version {
            version: unfit.version.into(),
            subject: self.subject.clone(),
            reason: unfit.reason.into(),
            help: unfit.help.into(),
            reasons: unfit.reasons,
        }
    }

    fn planned(
        &self,
        survey: &Survey<'_>,
        name: &str,
        request: &BumpRequest,
    ) -> Result<(Plan, Option<Repo>), PlanError> {
        let mut draft = Draft::default();
        let stubs = survey.roots.iter().copied().collect();
        let mut expected = Expected::new(name, self.environment, stubs);
        let mover = Mover::new(self.repo, self.environment, name, &mut draft, &mut expected);
        let (mut moved, mut reasons) = mover.run(survey);
        let mut plan = self.empty(survey, name);
        if moved.is_empty() && reasons.is_empty() {
            return Ok((plan, None));
        }
        let behind = behind(self.repo, self.environment, &plan.from, &request.leave);
        reasons.extend(behind.refusals);
        plan.left.extend(behind.left);
        let back = request.back.as_ref();
        let mut outcome = self.stubs(survey, name, request, &mut draft, &mut expected);
        reasons.append(&mut outcome.refusals);
        if !reasons.is_empty() || !outcome.missing.is_empty() {
            return Err(self.unpinned(reasons, &outcome, name, request));
        }
        let changes = draft.finish().map_err(|error| self.unproved(vec![error]))?;
        let after = self.prove(&changes, &expected)?;
        moved.sort_by(|a, b| (&a.root, &a.object, &a.field).cmp(&(&b.root, &b.object, &b.field)));
        // Going back, the value is in the store already, and no environment follows.
        if back.is_none() {
            plan.next = self.next(name, &request.program, &outcome.supplies);
        }
        let moves = (plan.from.as_slice(), name);
        let renewed =
            renewals((self.repo, self.environment), &self.subject, moves, &request.program);
        let at = plan.next.iter().take_while(|step| step.stage == Stage::Values).count();
        plan.next.splice(at..at, renewed);
        plan.notes.extend(request.held.iter().map(Held::note).chain(outcome.notes));
        plan.notes.extend(self.undecided(name));
        plan.notes.extend(costs(&after, self.environment, name));
        if back.is_some() {
            plan.notes.extend(self.idle_holds().map(|(_, hold)| idle(hold)));
        }
        (plan.stubs, plan.pins) = (outcome.stubs, outcome.pins.into_keys().collect());
        (plan.moved, plan.changes) = (moved, changes);
        let after = (!plan.is_empty()).then_some(after);
        Ok((plan, after))
    }

    /// The refusal for these reasons or, if there are none, for missing pins.
    fn unpinned(
        &self,
        mut reasons: Vec<Refusal>,
        outcome: &Stubs,
        name: &str,
        request: &BumpRequest,
    ) -> PlanError {
        let Subject { environment, family } = &self.subject;
        let version = split(name).map_or("", |(_, version)| version);
        let program = &request.program;
        let pins = outcome.pins.keys().map(|pin| option("--pin", pin));
        let left = request
            .leave
            .iter()
            .map(|at| option("--leave", &format!("{}:{}", at.file.as_str(), at.line)));
        let given: String = pins.chain(left).collect();
        let bump = command(
            program,
            &[environment, family],
            &format!("{}{given}", option("--version", version)),
        );
        let (unpinned, command) = ask(&outcome.missing, family, &bump);
        if reasons.is_empty() {
            let subject = self.subject.clone();
            return PlanError::Unpinned { subject, command, reasons: unpinned };
        }
        reasons.extend(unpinned);
        self.refused(reasons)
    }

    /// Build roots that keep the old name, since they belong to no environment and share a base with this one.
    fn undecided(&self, name: &str) -> impl Iterator<Item = String> {
        let all = undecided(self.repo, self.environment, &self.subject.family, name).into_iter();
        all.map(|(item, others)| {
            let (are, keep) = if others.len() == 1 { ("belongs", "keeps") } else { ("belong", "keep") };
            format!(
                "{} {are} to no environment and {keep} `{}`, which `{}` names for everything that includes it",
                first_few(&others),
                item.reference.secret(),
                item.root.path
            )
        })
    }

    fn empty(&self, survey: &Survey<'_>, name: &str) -> Plan {
        let from: BTreeSet<String> = survey.seen().into_iter().map(|seen| seen.name).collect();
        let roots = survey.roots.iter().map(|&index| &self.repo.roots[index]);
        // What is missing may be an object, or only a part of a name.
        let may_name = |root: &Root| {
            let names = root.references.iter().map(Reference::secret);
            root.may_hide() || Starts::of(names).may_name(&self.subject.family)
        };
        let partial: Vec<&Arc<Root>> =
            roots.filter(|root| root.is_partial() && may_name(root)).collect();
        let rest = partial.len().saturating_sub(FEW);
        let rest = (rest > 0).then(|| {
            format!("{rest} more build roots are known only in part; `rotate refs` says why")
        });
        let note = |root: &&Arc<Root>| {
            let why = root.problems().first().map_or("", |problem| problem.message.as_str());
            format!(
                "`{}` is known only in part ({why}); what is missing may name the family too",
                root.path
            )
        };
        Plan {
            subject: self.subject.clone(),
            from: from.into_iter().collect(),
            to: name.to_owned(),
            changes: Vec::new(),
            moved: Vec::new(),
            shifted: Vec::new(),
            stubs: Vec::new(),
            pins: BTreeSet::new(),
            left: survey.left(name),
            next: Vec::new(),
            notes: partial.iter().take(FEW).map(note).chain(rest).chain(survey.pods()).collect(),
        }
    }

    fn stubs(
        &self,
        survey: &Survey<'p>,
        name: &str,
        request: &BumpRequest,
        draft: &mut Draft,
        expected: &mut Expected,
    ) -> Stubs {
        let Some(name) = VersionedName::parse(name) else {
            return plain(self.repo, self.environment, &self.subject.family, survey);
        };
        let settings = self.repo.config.secret(&self.subject.family);
        let spelled = name.to_string();
        let mut planner = Planner {
            repo: self.repo,
            environment: self.environment,
            family: &self.subject.family,
            version: name.version(),
            name: &spelled,
            settings: &settings,
            back: request.back.as_ref(),
            pins: &request.pins,
            held: &request.held,
            program: &request.program,
            draft,
            expected,
            outcome: Stubs::default(),
            shared: BTreeMap::new(),
            elsewhere: OnceCell::new(),
        };
        planner.run(survey);
        planner.outcome
    }

    /// Resolves the planned tree and compares it with the current one.
    fn prove(&self, changes: &[FileChange], expected: &Expected) -> Result<Repo, PlanError> {
        let tree = overlay(self.repo, changes);
        let changed: BTreeSet<TreePath> =
            changes.iter().map(|change| change.path.clone()).collect();
        let after = self.repo.reload(Arc::new(tree), &changed);
        let after = after.map_err(|error| self.unproved(vec![error.to_string()]))?;
        let broken = self.broken(&after);
        if !broken.is_empty() {
            return Err(self.refused(broken));
        }
        // A stub restored from history reads what it read then.
        let new = expected.restored.is_empty();
        let misread =
            if new { misread(&after, self.environment, &expected.name) } else { Vec::new() };
        if !misread.is_empty() {
            return Err(self.refused(misread));
        }
        let differences = prove(self.repo, &after, expected);
        if differences.is_empty() { Ok(after) } else { Err(self.unproved(differences)) }
    }

    /// Roots that kustomize would build now and refuse with the new name: something in the tree, such
    /// as the `test` of a patch written by hand, insists on the old one.
    fn broken(&self, after: &Repo) -> Vec<Refusal> {
        let is_broken = |root: &&Arc<Root>| {
            let now = || self.repo.same_root(root);
            root.has_failed() && now().is_some_and(|now| !now.has_failed())
        };
        let refusal = |root: &Arc<Root>| {
            let problem = root.problems().iter().find(|problem| !problem.partial);
            let why = problem.map_or("", |problem| problem.message.as_str());
            Refusal {
                what: format!("with the new name `{}` would no longer build: {why}", root.path),
                place: problem.and_then(|problem| problem.place.clone()),
                hint: "remove whatever requires the old name, such as a patch's `test`, then bump again"
                    .to_owned(),
            }
        };
        after.roots.iter().filter(is_broken).map(refusal).collect()
    }

    fn unproved(&self, differences: Vec<String>) -> PlanError {
        PlanError::Unproved { subject: self.subject.clone(), differences }
    }

    fn next(&self, name: &str, program: &str, supplies: &BTreeSet<Supply>) -> Vec<NextStep> {
        let here = &self.repo.environments[self.environment];
        let later = self.repo.environments.after(self.environment).iter();
        let after = later
            .filter(|next| next.versioned)
            .find(|next| {
                let mut roots = self.repo.roots_naming(&self.subject.family);
                roots.any(|(_, root)| {
                    root.environment == Some(next.id) && root.has_family(&self.subject.family)
                })
            })
            .filter(|next| {
                let running = self.repo.running_of(next.id, &self.subject.family);
                running.only().is_none_or(|version| !name.ends_with(version))
            })
            .map(|next| After {
                program,
                environment: &next.name,
                soak: hours(here.soak()),
                is_held: self.repo.config.hold(&next.name, &self.subject.family).is_some(),
            });
        next::steps(supplies, &self.subject.family, &self.subject.environment, after.as_ref())
    }
}

/// A span of time as people set it for a watch: `24h`, `3d`.
fn hours(time: TimeDelta) -> String {
    let is_short = time.num_hours() <= 48 && time.num_minutes() % 60 == 0;
    if is_short { format!("{}h", time.num_hours()) } else { span(time) }
}
