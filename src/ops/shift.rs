//! Traffic moved between the two colours of a pair.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::ops::change::Change;
use crate::ops::failure::Failure;
use crate::ops::gates::{Gates, Overrides};
use crate::ops::leave::refuse_unlisted;
use crate::ops::outcome::Context;
use crate::ops::writing::Mode;
use crate::plan::commit::{Message, Remark};
use crate::plan::shift::{ShiftPlan, ShiftRequest, plan};
use crate::plan::{FileChange, NextStep, Stage};
use crate::repo::Repo;
use crate::repo::pairs::{Colour, Pair};
use crate::repo::subject::{Family, Subject};
use crate::text::shell::{command, option};
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
        next: if shift.changes.is_empty() { Vec::new() } else { then(&repo, &shift) },
    };
    let known = after.as_ref().unwrap_or(&repo);
    let next = writing.carry_out(session, &[change], (&shift.changes, known), events)?;
    Ok(Shifted { files: shift.changes.clone(), plan: shift, remarks, next })
}

/// The families that the workloads of a pair use.
fn families(repo: &Repo, pair: &Pair) -> BTreeSet<String> {
    let used = Colour::ALL.into_iter().flat_map(|colour| {
        let at = pair.of(colour);
        let references = repo.roots[at.root].references.iter();
        references.filter(move |one| one.object == at.object).map(|one| one.family().to_owned())
    });
    used.collect()
}

/// The version that a colour of a pair runs of a family, where it is one.
fn version_of(repo: &Repo, pair: &Pair, colour: Colour, family: &str) -> Option<String> {
    let at = pair.of(colour);
    let references = repo.roots[at.root].references.iter();
    let own = references.filter(|one| one.object == at.object && one.family() == family);
    let digits = own.filter_map(|one| one.secret().strip_prefix(family)?.strip_prefix('-'));
    let all: BTreeSet<&str> = digits.collect();
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
fn then(repo: &Repo, shift: &ShiftPlan) -> Vec<NextStep> {
    let families: BTreeSet<String> =
        shift.pairs.iter().flat_map(|pair| families(repo, pair)).collect();
    let mut words = vec![shift.environment.as_str()];
    words.extend(families.iter().map(String::as_str));
    let back = format!(
        "{}{}",
        option("--to", shift.to.as_str()),
        option(
            "--weight",
            &shift
                .rows
                .first()
                .map_or(0, |row| row.before[usize::from(shift.to == Colour::Green)])
                .to_string()
        )
    );
    vec![
        NextStep {
            title: "Once it is reconciled, see what each pod runs.".to_owned(),
            command: Some(command("rotate verify", &words, " --context CONTEXT")),
            stage: Stage::Then,
        },
        NextStep {
            title: "To go back, give the colour the part that it had.".to_owned(),
            command: Some(command("rotate shift", &[&shift.environment, &shift.pair], &back)),
            stage: Stage::Then,
        },
    ]
}
