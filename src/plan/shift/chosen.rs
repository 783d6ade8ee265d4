//! The pairs that a shift is about.

use std::collections::BTreeSet;

use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::pairs::{Colour, Pair};

/// The pairs that a name means: one, or the same in several clusters or namespaces. Else why there is none, and what to do.
pub(super) fn chosen(
    repo: &Repo,
    environment: EnvironmentId,
    workload: &str,
) -> Result<Vec<Pair>, (String, String)> {
    let (kind, name) = match workload.split_once('/') {
        Some((kind, name)) => (Some(kind), name),
        None => (None, workload),
    };
    let all = repo.pairs_of(environment);
    let is_meant = |pair: &&Pair| {
        let objects = Colour::ALL.map(|colour| repo.workload(pair.of(colour)));
        let has_kind = kind.is_none_or(|kind| objects[0].kind().eq_ignore_ascii_case(kind));
        has_kind && (pair.name == name || objects.iter().any(|object| object.name() == name))
    };
    let found: Vec<Pair> = all.iter().filter(is_meant).cloned().collect();
    let kinds: BTreeSet<&str> =
        found.iter().map(|pair| repo.workload(pair.of(Colour::Blue)).kind()).collect();
    if kinds.len() > 1 {
        let kinds: Vec<String> = kinds.iter().map(|kind| format!("`{kind}/{name}`")).collect();
        let what = format!("`{name}` is the name of pairs of different kinds");
        return Err((what, format!("say which: {}", kinds.join(" or "))));
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let names: BTreeSet<&str> = all.iter().map(|pair| pair.name.as_str()).collect();
    let environment = &repo.environments[environment].name;
    Err(if names.is_empty() {
        (
            format!("no two workloads in {environment} are a pair"),
            "a pair is two workloads called alike but for `blue` and `green`, two whose pods have the same labels but for one that is `blue` or `green`, or what `pairs` in rotate.yaml names; the second workload has to be written by hand, since its selector, claims, autoscaler and budget cannot be guessed".to_owned(),
        )
    } else {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        (
            format!("no pair in {environment} is called `{name}`"),
            format!("pairs here: {}", names.join(", ")),
        )
    })
}
