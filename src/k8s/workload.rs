//! What runs pods from a template, and whether replacing them takes it down.

use crate::k8s::references::pod_spec::WORKLOADS;
use crate::k8s::resource::{group_of, kind_of};
use crate::yaml::node::Node;
use crate::yaml::scalar::is_null;

/// The kinds that run pods until they are deleted, or once, by group.
const KINDS: &[(&str, &[&str])] = &[
    ("", &["Pod", "ReplicationController"]),
    ("apps", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("argoproj.io", &["Rollout"]),
    ("batch", &["Job"]),
];

/// What keeps a pod running where a new one may start first.
const SURGE: &str = "lower `maxUnavailable` below the number of replicas: 0 with `maxSurge: 1` always keeps one running";
/// The same where each node has one pod.
const ON_NODES: &str = "lower `maxUnavailable`: 1 replaces the pods of one node after the other";
/// The same where a pod stops before its successor starts.
const ONE_BY_ONE: &str = "lower `maxUnavailable` below the number of replicas: 1, the default, replaces one pod after the other";

/// Why all pods of a workload are gone for a while when its template changes.
#[derive(Debug, Clone)]
pub struct Outage<'n> {
    /// Why, as a phrase that follows the workload's name and a colon.
    pub reason: String,
    /// The field that says so, or the one that names the workload.
    pub field: &'n Node,
    /// What avoids it.
    pub help: &'static str,
}

/// Whether an object runs pods from a template, or is one.
#[must_use]
pub fn runs_pods(object: &Node) -> bool {
    let (group, kind) = (group_of(object), kind_of(object));
    KINDS.iter().any(|(of, kinds)| *of == group && kinds.contains(&kind))
}

/// Where an object of a kind keeps the spec of the pods that it runs; `None` if it runs none itself, or does not keep it there.
#[must_use]
pub fn pod_spec(group: &str, kind: &str) -> Option<&'static str> {
    let place = WORKLOADS.iter().find(|(known, _)| *known == kind).map(|(_, place)| *place);
    match (group, kind) {
        ("argoproj.io", "Rollout") => Some("spec.template.spec"),
        (_, "PodTemplate") => None,
        ("" | "apps" | "batch" | "extensions", _) => place,
        _ => None,
    }
}

/// Whether an object starts no pod by itself: it is scaled to zero.
#[must_use]
pub fn is_scaled_to_zero(object: &Node) -> bool {
    object.at(&["spec", "replicas"]).is_some_and(|node| node.reads("0"))
}

/// How many pods a workload asks for; `None` if nobody can tell.
#[must_use]
pub fn replicas(object: &Node) -> Option<u64> {
    match object.at(&["spec", "replicas"]) {
        None => Some(1),
        Some(node) if node.reads("null") || node.reads("") => Some(1),
        Some(node) => node.str().and_then(|text| text.parse().ok()),
    }
}

/// Why replacing the pods of a workload takes it down; `None` if it does not, or if nobody can tell. `replicas`: how many pods
/// it has at least, where that is known.
#[must_use]
pub fn outage(object: &Node, replicas: Option<u64>) -> Option<Outage<'_>> {
    if replicas == Some(0) {
        return None;
    }
    match (group_of(object), kind_of(object)) {
        ("apps", "Deployment") => of_deployment(object, replicas),
        ("apps", "StatefulSet") => of_stateful_set(object, replicas),
        ("apps", "DaemonSet") => {
            let strategy = object.at(&["spec", "updateStrategy"])?;
            let most = strategy.at(&["rollingUpdate", "maxUnavailable"])?;
            (!is_by_hand(strategy) && most.reads("100%")).then(|| together(most, None, ON_NODES))
        }
        ("argoproj.io", "Rollout") => {
            let most = set(object, &["spec", "strategy", "canary", "maxUnavailable"])?;
            let surge = set(object, &["spec", "strategy", "canary", "maxSurge"]);
            all_stop(Some(most), surge, replicas)
        }
        _ => None,
    }
}

fn of_deployment(object: &Node, replicas: Option<u64>) -> Option<Outage<'_>> {
    let strategy = |keys: &[&str]| set(object.at(&["spec", "strategy"])?, keys);
    if let Some(field) = strategy(&["type"]).filter(|node| node.reads("Recreate")) {
        return Some(Outage {
            reason: "`Recreate` stops every pod before a new one starts".to_owned(),
            field,
            help: "set `strategy.type: RollingUpdate` if two pods may run side by side; otherwise let rotations wait for a `window` in rotate.yaml",
        });
    }
    let most = strategy(&["rollingUpdate", "maxUnavailable"]);
    all_stop(most, strategy(&["rollingUpdate", "maxSurge"]), replicas)
}

fn of_stateful_set(object: &Node, replicas: Option<u64>) -> Option<Outage<'_>> {
    let strategy = object.at(&["spec", "updateStrategy"])?;
    let is_held = strategy.at(&["rollingUpdate", "partition"]).is_some_and(|node| !node.reads("0"));
    // No setting has a new pod start first, so a single one always goes down.
    if is_by_hand(strategy) || is_held || replicas == Some(1) {
        return None;
    }
    // One pod after the other is replaced by default.
    let most = strategy.at(&["rollingUpdate", "maxUnavailable"])?;
    (unavailable(Some(most), replicas) == Some(true)).then(|| together(most, replicas, ONE_BY_ONE))
}

/// Whether pods are replaced only when somebody deletes them.
fn is_by_hand(strategy: &Node) -> bool {
    strategy.get("type").is_some_and(|node| node.reads("OnDelete"))
}

/// A field that has a value.
fn set<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n Node> {
    node.at(keys).filter(|value| !is_null(value))
}

/// Whether as many pods may be unavailable as there are; `None` if nobody can tell.
fn unavailable(most: Option<&Node>, replicas: Option<u64>) -> Option<bool> {
    let text = most.map_or(Some("25%"), Node::str)?;
    if text == "100%" {
        return Some(true);
    }
    Some(share(text, replicas?, false)? >= replicas?)
}

/// Why a rolling update lets every pod stop at once.
fn all_stop<'n>(
    most: Option<&'n Node>,
    surge: Option<&'n Node>,
    replicas: Option<u64>,
) -> Option<Outage<'n>> {
    if let Some(most) = most.filter(|most| unavailable(Some(most), replicas) == Some(true)) {
        return Some(together(most, replicas, SURGE));
    }
    // Where neither leaves room, Kubernetes lets one pod be unavailable.
    let surge = surge?;
    let replicas = replicas?;
    let room = share(surge.str()?, replicas, true)?
        + share(most.map_or(Some("25%"), Node::str)?, replicas, false)?;
    (room == 0 && replicas == 1).then(|| Outage {
        reason: "without `maxSurge` its only pod stops before the new one starts".to_owned(),
        field: surge,
        help: "set `maxSurge: 1` if two pods may run side by side; otherwise let rotations wait for a `window` in rotate.yaml",
    })
}

fn together<'n>(most: &'n Node, replicas: Option<u64>, help: &'static str) -> Outage<'n> {
    let text = most.str().unwrap_or_default();
    let pods = match replicas {
        Some(1) => "its only pod stop before the new one is ready",
        _ => "every pod stop at once",
    };
    Outage { reason: format!("`maxUnavailable: {text}` lets {pods}"), field: most, help }
}

/// A number of pods, given as such or as a share of all.
fn share(text: &str, replicas: u64, rounds_up: bool) -> Option<u64> {
    let Some(percent) = text.strip_suffix('%') else { return text.parse().ok() };
    let parts = percent.parse::<u64>().ok()?.checked_mul(replicas)?;
    Some(if rounds_up { parts.div_ceil(100) } else { parts / 100 })
}

#[cfg(test)]
mod tests {
    use super::{outage, replicas, runs_pods};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn object(text: &str) -> Node {
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    #[track_caller]
    fn says(kind: &str, spec: &str, least: Option<u64>, says: Option<&str>) {
        let group = if kind == "Rollout" { "argoproj.io/v1alpha1" } else { "apps/v1" };
        let object = object(&format!(
            "{{apiVersion: {group}, kind: {kind}, metadata: {{name: a}}, spec: {{{spec}}}}}"
        ));
        assert!(runs_pods(&object));
        let outage = outage(&object, least.or_else(|| replicas(&object)));
        let reason = outage.as_ref().map(|one| one.reason.as_str());
        match says {
            Some(says) => {
                assert!(reason.is_some_and(|reason| reason.contains(says)), "{spec}: {reason:?}")
            }
            None => assert_eq!(reason, None, "{spec}"),
        }
    }

    #[test]
    fn a_strategy_may_stop_everything() {
        let rolling = |fields: &str| format!("strategy: {{rollingUpdate: {{{fields}}}}}");
        let one = "its only pod";
        for (spec, least, expected) in [
            ("strategy: {type: Recreate}".to_owned(), None, Some("`Recreate`")),
            ("replicas: 0, strategy: {type: Recreate}".to_owned(), None, None),
            ("replicas: 0, strategy: {type: Recreate}".to_owned(), Some(2), Some("`Recreate`")),
            ("replicas: 1, strategy: {type: Recreate}".to_owned(), Some(0), None),
            (String::new(), None, None),
            (rolling("maxUnavailable: 100%"), None, Some(one)),
            (
                format!("replicas: '${{N}}', {}", rolling("maxUnavailable: 100%")),
                None,
                Some("every pod"),
            ),
            (format!("replicas: '${{N}}', {}", rolling("maxUnavailable: 2")), None, None),
            (format!("replicas: 3, {}", rolling("maxUnavailable: 3")), None, Some("every pod")),
            (format!("replicas: 4, {}", rolling("maxUnavailable: 3")), None, None),
            (format!("replicas: 4, {}", rolling("maxUnavailable: 3")), Some(2), Some("every pod")),
            (rolling("maxUnavailable: 1"), None, Some(one)),
            (rolling("maxSurge: 0"), None, Some(one)),
            (rolling("maxSurge: 0, maxUnavailable: 0"), None, Some(one)),
            (rolling("maxSurge: 0, maxUnavailable: null"), None, Some(one)),
            (rolling("maxSurge: null, maxUnavailable: 0"), None, None),
            (format!("replicas: 2, {}", rolling("maxSurge: 0")), None, None),
            (rolling("maxSurge: 1"), None, None),
            (rolling("maxUnavailable: 50%"), None, None),
        ] {
            says("Deployment", &spec, least, expected);
        }
    }

    /// Neither a StatefulSet nor one pod a node has a `maxSurge` that keeps an old pod.
    #[test]
    fn the_help_is_of_the_kind() {
        for (kind, has_surge) in
            [("Deployment", true), ("StatefulSet", false), ("DaemonSet", false)]
        {
            let object = object(&format!(
                "{{apiVersion: apps/v1, kind: {kind}, spec: {{replicas: 3, strategy: &s {{rollingUpdate: {{maxUnavailable: 100%}}}}, updateStrategy: *s}}}}"
            ));
            let help = outage(&object, replicas(&object)).unwrap().help;
            assert_eq!(help.contains("maxSurge"), has_surge, "{kind}: {help}");
        }
    }

    #[test]
    fn other_kinds_have_rules_of_their_own() {
        says("StatefulSet", "", None, None);
        let single = "replicas: 1, updateStrategy: {rollingUpdate: {maxUnavailable: 1}}";
        says("StatefulSet", single, None, None);
        let all = |more: &str| {
            format!(
                "replicas: 3, updateStrategy: {{rollingUpdate: {{maxUnavailable: 100%}}{more}}}"
            )
        };
        says("StatefulSet", &all(""), None, Some("every pod"));
        says("StatefulSet", &all(", type: OnDelete"), None, None);
        let held = all("").replace("100%", "100%, partition: 1");
        says("StatefulSet", &held, None, None);
        says(
            "DaemonSet",
            "updateStrategy: {rollingUpdate: {maxUnavailable: 100%}}",
            None,
            Some("every pod"),
        );
        says("DaemonSet", "updateStrategy: {rollingUpdate: {maxUnavailable: 1}}", None, None);
        let by_hand = "updateStrategy: {type: OnDelete, rollingUpdate: {maxUnavailable: 100%}}";
        says("DaemonSet", by_hand, None, None);
        says(
            "Rollout",
            "replicas: 2, strategy: {canary: {maxUnavailable: 2}}",
            None,
            Some("every pod"),
        );
        says("Rollout", "strategy: {canary: {steps: []}}", None, None);
    }
}
