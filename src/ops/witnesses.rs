//! Families that nothing names any more: only the workloads of others show whether an input has all pods.

use crate::cluster::word::Word;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Family;
use crate::verify::Proof;
use crate::verify::part::Part;

/// Whether something in an environment names a family.
fn is_named(repo: &Repo, environment: EnvironmentId, family: &Family) -> bool {
    let state = repo.family(environment, family);
    state.is_some_and(|state| state.references().next().is_some())
}

/// Whether an input can show what uses a family: something names it, or it has stubs and something names another one.
pub(super) fn can_be_proved(repo: &Repo, environment: EnvironmentId, family: &Family) -> bool {
    let has_stubs = || repo.family(environment, family).is_some_and(|one| !one.stubs.is_empty());
    is_named(repo, environment, family)
        || has_stubs() && repo.running(environment).values().any(|one| !one.is_empty())
}

/// The families, followed by all others that something names if one of them is out of use: its old pods could be missing
/// from the input, and only the workloads of others show whether the input is whole.
pub(super) fn with_witnesses(
    repo: &Repo,
    environment: EnvironmentId,
    named: &[Family],
) -> Vec<Family> {
    let mut all = named.to_vec();
    if !named.iter().all(|family| is_named(repo, environment, family)) {
        let others = repo.running(environment).iter();
        let others =
            others.filter(|(family, running)| !running.is_empty() && !named.contains(family));
        all.extend(others.map(|(family, _)| family.clone()));
    }
    all
}

/// A proof without its witnesses: what they miss is missing for each family that is out of use.
pub(super) fn testified(mut proof: Proof, named: usize) -> Proof {
    let is_missing =
        |part: &&Part| matches!(part.word(), Word::MissingWorkload | Word::MissingPods);
    let parts = proof.families.iter().flat_map(|one| &one.parts);
    let mut missing: Vec<Part> = parts.filter(is_missing).cloned().collect();
    missing.sort_by_key(Part::named);
    missing.dedup_by_key(|part| part.named());
    proof.families.truncate(named);
    for family in proof.families.iter_mut().filter(|family| family.running.is_empty()) {
        family.parts.extend(missing.iter().cloned());
    }
    proof
}
