//! The way back to the plain name: it must still be provided, and a person must know what it reads now.

use std::collections::BTreeSet;

use crate::k8s::stub::Stub as Read;
use crate::plan::refusal::Refusal;
use crate::plan::stub::pin::Pinned;
use crate::plan::stub::planner::Stubs;
use crate::plan::survey::{Made, Survey};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::provision::Provision;

/// Refuses where nothing provides the plain name any more, and notes what its providers read.
pub(in crate::plan) fn plain(
    repo: &Repo,
    environment: EnvironmentId,
    family: &str,
    survey: &Survey<'_>,
) -> Stubs {
    let mut outcome = Stubs::default();
    let mut seen = BTreeSet::new();
    for item in survey.uses.iter().filter(|item| item.root.environment.is_some()) {
        let namespace = item.root.namespace_of(item.reference);
        if !seen.insert(namespace) {
            continue;
        }
        let providers = repo.providers_of(Some(environment), namespace, family);
        if providers.is_empty() {
            let at = namespace.map_or_else(String::new, |name| format!(" in the namespace {name}"));
            outcome.refusals.push(Refusal {
                what: format!("nothing provides `{family}`{at} any more"),
                place: item.reference.near(),
                hint:
                    "restore what provided the plain name, or roll back to a version with `--to V`"
                        .to_owned(),
            });
        }
        outcome.notes.extend(providers.iter().flat_map(|one| reads(repo, family, one)));
    }
    outcome
}

/// What a provider of the plain name holds at this time.
fn reads(repo: &Repo, family: &str, provision: &Provision) -> Vec<String> {
    let Provision::Provider(id) = provision else {
        return vec![format!("something outside the repository makes `{family}`")];
    };
    let (root, provider) = repo.provider(*id);
    let made = Made { index: id.root, root, provider };
    let Some(stub) = Read::read(&made.object().node) else {
        let file = made.object().node.origin.as_ref().map(|origin| origin.source.path().clone());
        let file = file.map_or_else(String::new, |file| format!(" in `{file}`"));
        return vec![format!("`{family}` has the values of the {}{file}", made.object().kind())];
    };
    let reads = Pinned::all(&stub, "").into_iter().map(|pinned| match pinned.version {
        Some(version) => format!("`{family}` reads `{}` at {version}", pinned.key),
        None => format!(
            "`{family}` reads `{}` without a version: it holds whatever the store has there now",
            pinned.key
        ),
    });
    reads.collect()
}
