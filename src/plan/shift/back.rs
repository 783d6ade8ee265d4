//! The way back of a pair in the middle of a rotation: all traffic to the colour that has the older version. The references stay.

use std::collections::BTreeSet;

use crate::k8s::secret_name::{PLAIN, family, split};
use crate::plan::next::then;
use crate::plan::refusal::{PlanError, environment};
use crate::plan::shift::{Goal, Shift, ShiftRequest};
use crate::plan::{NextStep, Plan};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::Reference;
use crate::repo::pairs::{Colour, Pair, Workload};
use crate::repo::subject::Subject;
use crate::repo::traffic::Leads;
use crate::repo::usage::Usage;
use crate::text::few::few;
use crate::text::shell::command;

/// How a family goes back to a version.
pub enum Way {
    /// By the weights: the plan, and the planned tree where anything changes.
    Weights(Box<(Plan, Option<Repo>)>),
    /// By the references; why not by the weights, where there is a pair.
    References(Option<String>),
}

/// A pair whose colours run two versions, and the colour that has the older one.
type Middle = (Pair, Colour);

/// How a family of an environment goes back to a version, or `plain`: by the weights where everything else that names the
/// family has that version already.
///
/// # Errors
/// When the weights cannot be changed; the references can be moved all the same.
pub fn way(repo: &Repo, subject: &Subject, version: &str) -> Result<Way, PlanError> {
    let id = environment(repo, &subject.environment)?;
    let name = match version {
        PLAIN => subject.family.to_string(),
        version => format!("{}-{version}", subject.family),
    };
    let pairs = middles(repo, id, subject, &name);
    if pairs.is_empty() {
        return Ok(Way::References(None));
    }
    if let Some(why) = against(repo, id, subject, (&name, &pairs)) {
        return Ok(Way::References(Some(format!("the references move, not the weights: {why}"))));
    }
    let request = ShiftRequest {
        environment: subject.environment.clone(),
        workload: pairs[0].0.name.clone(),
        to: pairs[0].1,
        goal: Goal::AllOfBoth,
        total: None,
        others: None,
    };
    let mut shift = Shift::new(repo, id, request);
    for (pair, older) in &pairs {
        shift.request.to = *older;
        shift.pair(pair, &repo.traffic(id, pair));
    }
    let shifted = shift.finish(subject, pairs.iter().map(|(pair, _)| pair.clone()).collect());
    let (shifted, after) = shifted.map_err(|error| with_references(error, subject))?;
    let several = pairs.iter().any(|(pair, _)| pair.blue.root != pairs[0].0.blue.root);
    let mut notes = shifted.notes;
    notes.extend(pairs.iter().map(|(pair, older)| {
        let (name, root) = (&pair.name, &repo.roots[pair.of(*older).root].path);
        let at = if several { format!(" in {root}") } else { String::new() };
        format!("{older} of {name}{at} gets all of its traffic; the references stay")
    }));
    notes.extend(pairs.iter().flat_map(|(pair, older)| together(repo, subject, pair, *older)));
    let from: BTreeSet<&str> = uses(repo, id, subject).map(|(_, one)| one.secret()).collect();
    let plan = Plan {
        subject: subject.clone(),
        from: from.into_iter().map(str::to_owned).collect(),
        to: name,
        changes: shifted.changes,
        moved: Vec::new(),
        shifted: shifted.rows,
        stubs: Vec::new(),
        pins: BTreeSet::new(),
        left: Vec::new(),
        next: vec![verify(subject)],
        notes,
    };
    Ok(Way::Weights(Box::new((plan, after))))
}

fn verify(subject: &Subject) -> NextStep {
    let Subject { environment, family } = subject;
    let verify = command("rotate verify", &[environment, family], " --context CONTEXT");
    then("Once it is reconciled, see what each pod runs.", Some(verify))
}

/// The references of a family by which an environment runs it.
fn uses<'r>(
    repo: &'r Repo,
    environment: EnvironmentId,
    subject: &'r Subject,
) -> impl Iterator<Item = (Workload, &'r Reference)> {
    repo.roots_of(environment).flat_map(move |(index, root)| {
        let own = root.references.iter().filter(move |one| {
            subject.family == *family(one.secret()) && root.usage(one) == Usage::Runs
        });
        own.map(move |one| (Workload { root: index, object: one.object }, one))
    })
}

/// The pairs of which one colour has nothing but a name, and the other one nothing but others.
fn middles(repo: &Repo, id: EnvironmentId, subject: &Subject, name: &str) -> Vec<Middle> {
    let has = |at: Workload| -> BTreeSet<&str> {
        let own = uses(repo, id, subject).filter(|(user, _)| *user == at);
        own.map(|(_, one)| one.secret()).collect()
    };
    let middle = |pair: Pair| {
        let older = Colour::ALL.into_iter().find(|colour| {
            let (own, other) = (has(pair.of(*colour)), has(pair.of(colour.other())));
            own.iter().eq([&name]) && !other.is_empty() && !other.contains(name)
        });
        older.map(|older| (pair, older))
    };
    repo.pairs_of(id).into_iter().filter_map(middle).collect()
}

/// Other families whose traffic goes back with it, a sentence each: the newer colour has another version of them, too.
fn together(repo: &Repo, subject: &Subject, pair: &Pair, older: Colour) -> Vec<String> {
    let has = |colour| -> BTreeSet<&str> {
        let at = pair.of(colour);
        let root = &repo.roots[at.root];
        let names = repo
            .references_of(at)
            .filter(|one| root.usage(one) == Usage::Runs)
            .map(Reference::secret);
        names.filter(|name| split(name).is_some()).collect()
    };
    let kept = has(older);
    let newer = has(older.other());
    let others = newer.difference(&kept).filter(|name| subject.family != *family(name));
    let say = |name: &&str| {
        format!(
            "{} of {} has `{name}`, too, and its traffic goes back with it",
            older.other(),
            pair.name
        )
    };
    others.map(say).collect()
}

/// What keeps a family from going back by the weights of pairs, if anything does.
fn against(
    repo: &Repo,
    id: EnvironmentId,
    subject: &Subject,
    (name, pairs): (&str, &[Middle]),
) -> Option<String> {
    let is_newer = |at: Workload| pairs.iter().any(|(pair, older)| pair.of(older.other()) == at);
    let others: BTreeSet<String> = uses(repo, id, subject)
        .filter(|(at, one)| one.secret() != name && !is_newer(*at))
        .map(|(at, _)| format!("{} `{}`", repo.workload(at).kind(), repo.workload(at).name()))
        .collect();
    if !others.is_empty() {
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        return Some(format!("{} must go back, too", few(&others)));
    }
    let is_gone = |(at, one): &(Workload, &Reference)| {
        let root = &repo.roots[at.root];
        split(name).is_some()
            && one.secret() == name
            && !repo.is_provided(root.environment, root.namespace_of(one), name)
    };
    if uses(repo, id, subject).any(|one| is_gone(&one)) {
        return Some(format!("nothing provides `{name}` any more"));
    }
    let undivided = pairs.iter().find(|(pair, _)| {
        let traffic = repo.traffic(id, pair);
        traffic.splits.is_empty() && traffic.switches.iter().all(|one| one.leads == Leads::Both)
    });
    undivided.map(|(pair, _)| format!("nothing in Git divides the traffic of {}", pair.name))
}

/// The same refusal, with the other way back.
fn with_references(error: PlanError, subject: &Subject) -> PlanError {
    let Subject { environment, family } = subject;
    let way = command("rotate rollback", &[environment, family], " --references");
    match error {
        PlanError::Refused { subject, mut reasons } => {
            for one in &mut reasons {
                one.hint = format!("{}; `{way}` moves the references instead", one.hint);
            }
            PlanError::Refused { subject, reasons }
        }
        error => error,
    }
}
