//! Traffic moved between the two colours of a pair.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::ops::change::Change;
use crate::ops::failure::Failure;
use crate::ops::gates::{Gates, Overrides};
use crate::ops::leave::refuse_unlisted;
use crate::ops::outcome::Context;
use crate::ops::writing::Mode;
use crate::plan::commit::{Message, Remark};
use crate::plan::shift::{Row, ShiftPlan, ShiftRequest, plan};
use crate::plan::{FileChange, NextStep, Stage};
use crate::repo::Repo;
use crate::repo::inventory::Reference;
use crate::repo::pairs::{Colour, Pair};
use crate::repo::subject::{Family, Subject};
use crate::text::shell::{command, option};
use crate::timeline::gate::span;
use crate::timeline::question::Questions;
use crate::timeline::walk::Depth;

/// The request.
pub struct Request {
    /// What is shifted.
    pub shift: ShiftRequest,
    /// What is overridden.
    pub overrides: Overrides,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// What was or would be done.
pub struct Shifted {
    /// The plan.
    pub plan: ShiftPlan,
    /// The additional trailers of its commit.
    pub remarks: Vec<Remark>,
    /// The files.
    pub files: Vec<FileChange>,
    /// The remaining manual steps.
    pub next: Vec<NextStep>,
}

/// Plans the shift, proves it, and writes it.
///
/// # Errors
/// When the tree cannot be read, the shift is refused, a gate is closed, or the change cannot be written.
pub fn run(request: &Request, context: &Context<'_>) -> Result<Shifted, Failure> {
    let Context { session, writing, events, .. } = *context;
    if matches!(writing.mode, Mode::Commit(_)) {
        session.required_git()?;
    }
    let repo = context.repo()?;
    refuse_unlisted(session, &repo)?;
    let (shift, after) = plan(&repo, &request.shift)?;
    let remarks = pass(request, context, &repo, &shift)?;
    let subject = Subject::new(&shift.environment, &*shift.pair);
    let change = Change {
        subject,
        version: format!("{} {}", shift.to, shift.weight),
        files: shift.changes.clone(),
        needs: None,
        message: Message::of_shift(&shift, &remarks),
        next: if shift.changes.is_empty() {
            Vec::new()
        } else {
            then(&repo, &shift, &session.call())
        },
    };
    let known = after.as_ref().unwrap_or(&repo);
    let next = writing.carry_out(session, &[change], (&shift.changes, known), events)?;
    Ok(Shifted { files: shift.changes.clone(), plan: shift, remarks, next })
}

/// The families that the workloads of a pair use.
fn families(repo: &Repo, pair: &Pair) -> BTreeSet<String> {
    let all = Colour::ALL.into_iter().flat_map(|colour| repo.references_of(pair.of(colour)));
    all.map(|one| one.family().to_owned()).collect()
}

/// The version that a colour of a pair runs of a family, where it is one.
fn version_of(repo: &Repo, pair: &Pair, colour: Colour, family: &str) -> Option<String> {
    let own = repo.references_of(pair.of(colour)).filter(|one| one.family() == family);
    let all: BTreeSet<&str> = own.filter_map(Reference::version).collect();
    if all.len() == 1 { all.into_iter().next().map(str::to_owned) } else { None }
}

/// Refuses to give more traffic to a newer version while a gate is shut. Less traffic passes always.
fn pass(
    request: &Request,
    context: &Context<'_>,
    repo: &Repo,
    shift: &ShiftPlan,
) -> Result<Vec<Remark>, Failure> {
    let mut newer = BTreeSet::new();
    for gaining in shift.gaining() {
        for pair in &shift.pairs {
            for family in families(repo, pair) {
                let of = |colour| version_of(repo, pair, colour, &family);
                let (gains, loses) = (of(gaining), of(gaining.other()));
                let gains = gains.filter(|gains| loses.is_none_or(|loses| *gains > loses));
                newer.extend(gains.map(|version| (family, version)));
            }
        }
    }
    let nothing = (None, Depth::Asked(Questions::new()));
    let gates = Gates::open(&request.overrides, context.session, repo, nothing, request.now)?;
    let mut remarks = Vec::new();
    for (family, version) in newer {
        let subject = Subject::new(&shift.environment, Family::of(&family));
        remarks.extend(gates.pass_now(repo, &subject, &version)?);
    }
    remarks.dedup();
    Ok(remarks)
}

/// What is left to a person.
fn then(repo: &Repo, shift: &ShiftPlan, call: &str) -> Vec<NextStep> {
    let environment = shift.environment.as_str();
    let step = |title: String, command| NextStep { title, command, stage: Stage::Then };
    let known = repo.environment(environment).map(|one| repo.families_of(one)).unwrap_or_default();
    let used = shift.pairs.iter().flat_map(|pair| families(repo, pair));
    let used: BTreeSet<String> = used.filter(|one| known.contains_key(one.as_str())).collect();
    let mut steps = Vec::new();
    if !used.is_empty() {
        let words: Vec<&str> =
            std::iter::once(environment).chain(used.iter().map(String::as_str)).collect();
        let verify = command(&format!("{call} verify"), &words, " --context CONTEXT");
        steps.push(step("Once it is reconciled, see what each pod runs.".to_owned(), Some(verify)));
    }
    let at = usize::from(shift.to == Colour::Green);
    let again = |weight: u64| {
        let weight = option("--weight", &weight.to_string());
        let options = format!("{}{weight}", option("--to", shift.to.as_str()));
        Some(command(&format!("{call} shift"), &[environment, &shift.pair], &options))
    };
    let of_row = |parts: fn(&Row) -> [u64; 2]| -> BTreeSet<u64> {
        shift.rows.iter().map(|row| parts(row)[at]).collect()
    };
    let (before, after) = (of_row(|row| row.before), of_row(|row| row.after));
    if let Some((weight, soak)) = next(repo, environment, &after) {
        let title = format!("Watch it for {}, then take the next step.", span(soak));
        steps.push(step(title, again(weight)));
    }
    let back = before.first().copied().filter(|_| before.len() == 1);
    steps.push(match back {
        Some(part) => {
            step("To go back, give the colour the part that it had.".to_owned(), again(part))
        }
        None => {
            step("To go back, revert the commit: the routes had different parts.".to_owned(), None)
        }
    });
    steps
}

/// The step of `rotate.yaml` that follows the parts that a colour has, and how long those last at least.
fn next(repo: &Repo, environment: &str, parts: &BTreeSet<u64>) -> Option<(u64, TimeDelta)> {
    let environment = &repo.environments[repo.environment(environment).ok()?];
    let steps = &environment.declared.as_ref()?.shift;
    let part = *parts.first().filter(|_| parts.len() == 1)?;
    let at = steps.iter().position(|step| u64::from(step.weight) == part)?;
    let soak = steps[at].soak.map(|soak| TimeDelta::seconds(i64::from(soak.seconds())));
    Some((u64::from(steps.get(at + 1)?.weight), soak.unwrap_or_else(|| environment.soak())))
}
