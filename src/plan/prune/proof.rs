//! Compares the planned tree with the current one: what was meant is gone or new, and nothing else differs.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::k8s::found::Role;
use crate::kustomize::model::object::Object;
use crate::plan::refusal::Refusal;
use crate::repo::Repo;
use crate::repo::deployed::deployed;
use crate::repo::root::{Root, RootKind};
use crate::yaml::compare::same;

/// Objects, each by the index of its root and its own.
pub(in crate::plan) type Objects = BTreeSet<(usize, usize)>;

/// What a change is to do.
pub(in crate::plan) struct Change<'c> {
    /// The objects that go.
    pub(in crate::plan) gone: &'c Objects,
    /// Whether an object may be new, or say something else than before.
    pub(in crate::plan) is_meant: &'c dyn Fn(&Root, &Object) -> bool,
}

/// Roots that kustomize builds now and would refuse without the stubs: something, such as a patch of a stub, needs them.
pub(in crate::plan) fn broken(before: &Repo, after: &Repo) -> Vec<Refusal> {
    let breaks = |root: &Arc<Root>| {
        let now = || before.same_root(root);
        let worse = root.has_failed() && now().is_some_and(|now| !now.has_failed());
        if !worse {
            return None;
        }
        let problem = root.problems().iter().find(|problem| !problem.partial);
        let why = problem.map_or("", |problem| problem.message.as_str());
        Some(Refusal {
            what: format!("without them `{}` would no longer build: {why}", root.path),
            place: problem.and_then(|problem| problem.place.clone()),
            hint: "remove what needs them, such as a patch of a stub, then prune again".to_owned(),
        })
    };
    after.roots.iter().filter_map(breaks).collect()
}

/// Everything that is not as expected; empty if the plan is proved.
pub(in crate::plan) fn prove(before: &Repo, after: &Repo, change: &Change<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for root in after.roots.iter().filter(|root| before.same_root(root).is_none()) {
        faults.push(format!("{}: would be a new build root", root.path));
    }
    for (index, root) in before.roots.iter().enumerate() {
        let stays = |number: usize| !change.gone.contains(&(index, number));
        match after.same_root(root) {
            Some(now) => held(root, now, (&stays, change), &mut faults),
            // A tree of plain manifests is what its files are.
            None if root.kind == RootKind::Plain && !(0..root.objects().len()).any(stays) => {}
            None => faults.push(format!("{}: would no longer be a build root", root.path)),
        }
    }
    dangling(before, after, &mut faults);
    faults
}

fn held(
    old: &Root,
    new: &Root,
    (stays, change): (&dyn Fn(usize) -> bool, &Change<'_>),
    faults: &mut Vec<String>,
) {
    let mut fault = |text: String| faults.push(format!("{}: {text}", old.path));
    if new.status() > old.status() {
        fault("can be resolved less far than before".to_owned());
    }
    let (was, now) = (old.objects(), new.objects());
    let matches = old.matches(&new.inventory, stays);
    if !matches.is_in_order() {
        fault("its objects would change their order".to_owned());
    }
    for index in matches.gone {
        fault(format!("{} would be gone", was[index].identity()));
    }
    let is_meant = |index: usize| (change.is_meant)(new, &now[index]);
    for index in matches.new.into_iter().filter(|index| !is_meant(*index)) {
        fault(format!("{} would be new", now[index].identity()));
    }
    for (one, other) in matches.both {
        if !same(&was[one].node, &now[other].node) && !is_meant(other) {
            fault(format!("{} would change", was[one].identity()));
        }
    }
}

/// Checks that no reference loses its provider. A grant does not need the secret to exist.
fn dangling(before: &Repo, after: &Repo, faults: &mut Vec<String>) {
    for (root, _) in deployed(after) {
        for reference in root.references.iter().filter(|one| one.found.role != Role::Grant) {
            let namespace = root.namespace_of(reference);
            let providers = |repo: &Repo| {
                repo.providers_of(root.environment, namespace, reference.secret()).len()
            };
            if providers(after) == 0 && providers(before) > 0 {
                let object = root.object_of(reference).identity();
                let (path, field) = (&root.path, reference.field());
                faults
                    .push(format!("{path}: nothing would provide what {object} names in {field}"));
            }
        }
    }
}
