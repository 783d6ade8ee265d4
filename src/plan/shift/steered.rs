//! Routes and Services that a controller writes in the cluster: whoever edits them in Git writes against it.

use crate::k8s::resource::{group_of, kind_of};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::pairs::Workload;
use crate::yaml::node::Node;

/// Who writes an object of an environment in the cluster, and what to edit instead; `None` if nobody does.
pub(super) fn writer(
    repo: &Repo,
    environment: EnvironmentId,
    at: Workload,
) -> Option<(String, String)> {
    let object = repo.workload(at);
    let namespace = object.namespace().or(repo.roots[at.root].namespace.as_deref());
    for (_, root) in repo.roots_of(environment) {
        for other in root.objects() {
            let own = other.namespace().or(root.namespace.as_deref());
            if own.is_some() && namespace.is_some() && own != namespace {
                continue;
            }
            let found = match (group_of(&other.node), kind_of(&other.node)) {
                ("argoproj.io", "Rollout") => names_in_strategy(&other.node, object.name())
                    .then_some(("Argo Rollouts", "spec.strategy")),
                ("flagger.app", "Canary") => {
                    makes(&other.node, object.name()).then_some(("Flagger", "spec.analysis"))
                }
                _ => None,
            };
            let Some((who, field)) = found else { continue };
            let place = other.node.at(&["metadata", "name"]).and_then(|name| name.origin.as_ref());
            let place = place.map_or_else(String::new, |place| {
                format!(" ({}:{})", place.source.path(), place.position().line)
            });
            return Some((
                format!("{who} writes it for {} `{}`", other.kind(), other.name()),
                format!(
                    "change the steps there instead: `{field}` of {} `{}`{place}",
                    other.kind(),
                    other.name()
                ),
            ));
        }
    }
    None
}

/// Whether a Rollout's strategy names a route or a Service.
fn names_in_strategy(rollout: &Node, name: &str) -> bool {
    fn has(node: &Node, name: &str) -> bool {
        node.reads(name)
            || node.items().iter().any(|item| has(item, name))
            || node.entries().iter().any(|entry| has(&entry.value, name))
    }
    let strategy = |keys: &[&str]| rollout.at(&["spec", "strategy"])?.at(keys);
    let canary = strategy(&["canary", "trafficRouting"]).is_some_and(|routing| has(routing, name));
    let services = [
        &["canary", "stableService"][..],
        &["canary", "canaryService"],
        &["blueGreen", "activeService"],
        &["blueGreen", "previewService"],
    ];
    canary || services.iter().any(|keys| strategy(keys).is_some_and(|node| node.reads(name)))
}

/// Whether Flagger makes the routes and Services of a name for a Canary.
fn makes(canary: &Node, name: &str) -> bool {
    let own = canary.at(&["spec", "service", "name"]);
    let own = own.or_else(|| canary.at(&["spec", "targetRef", "name"])).and_then(Node::str);
    own.is_some_and(|own| {
        [String::new(), "-primary".to_owned(), "-canary".to_owned()]
            .iter()
            .any(|end| format!("{own}{end}") == name)
    })
}
