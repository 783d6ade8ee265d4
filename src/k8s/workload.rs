//! What runs pods from a template, and whether replacing them takes it down.

use crate::k8s::resource::{group_of, kind_of};
use crate::yaml::node::Node;

/// The kinds that run pods until they are deleted, or once, by group.
const KINDS: &[(&str, &[&str])] = &[
    ("", &["Pod", "ReplicationController"]),
    ("apps", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("argoproj.io", &["Rollout"]),
    ("batch", &["Job"]),
];

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

/// Whether an object starts no pod by itself: it is scaled to zero.
#[must_use]
pub fn is_scaled_to_zero(object: &Node) -> bool {
    object.at(&["spec", "replicas"]).is_some_and(|node| node.reads("0"))
}

/// Why replacing the pods of a workload takes it down; `None` if it does not, or if nobody can tell. `least`: the number of
/// pods below which an autoscaler never goes, which then counts instead of `replicas`.
#[must_use]
pub fn outage(object: &Node, least: Option<u64>) -> Option<Outage<'_>> {
    let own = match object.at(&["spec", "replicas"]) {
        None => Some(1),
        Some(node) if node.reads("null") || node.reads("") => Some(1),
        Some(node) => node.str().and_then(|text| text.parse().ok()),
    };
    let replicas = least.or(own);
    if replicas == Some(0) {
        return None;
    }
    match (group_of(object), kind_of(object)) {
        ("apps", "Deployment") => of_deployment(object, replicas),
        ("apps", "StatefulSet") => of_stateful_set(object, replicas),
        ("apps", "DaemonSet") => {
            let most = object.at(&["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"])?;
            most.reads("100%").then(|| together(most, None))
        }
        ("argoproj.io", "Rollout") => {
            let most = object.at(&["spec", "strategy", "canary", "maxUnavailable"])?;
            let surge = object.at(&["spec", "strategy", "canary", "maxSurge"]);
            all_stop(Some(most), surge, replicas)
        }
        _ => None,
    }
}

fn of_deployment(object: &Node, replicas: Option<u64>) -> Option<Outage<'_>> {
    let strategy = |keys: &[&str]| object.at(&["spec", "strategy"])?.at(keys);
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
    let strategy = object.at(&["spec", "updateStrategy"]);
    let field = |keys: &[&str]| strategy?.at(keys);
    let is_by_hand = field(&["type"]).is_some_and(|node| node.reads("OnDelete"));
    let is_held = field(&["rollingUpdate", "partition"]).is_some_and(|node| !node.reads("0"));
    if is_by_hand || is_held {
        return None;
    }
    // One pod after the other is replaced by default, and no setting has a new one start first.
    let most = field(&["rollingUpdate", "maxUnavailable"])?;
    (unavailable(Some(most), replicas) == Some(true)).then(|| together(most, replicas))
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
        return Some(together(most, replicas));
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

fn together(most: &Node, replicas: Option<u64>) -> Outage<'_> {
    let text = most.str().unwrap_or_default();
    let pods = match replicas {
        Some(1) => "its only pod stop before the new one is ready",
        _ => "every pod stop at once",
    };
    Outage {
        reason: format!("`maxUnavailable: {text}` lets {pods}"),
        field: most,
        help: "lower `maxUnavailable` below the number of replicas: 0 with `maxSurge: 1` always keeps one running",
    }
}

/// A number of pods, given as such or as a share of all.
fn share(text: &str, replicas: u64, rounds_up: bool) -> Option<u64> {
    let Some(percent) = text.strip_suffix('%') else { return text.parse().ok() };
    let parts = percent.parse::<u64>().ok()?.checked_mul(replicas)?;
    Some(if rounds_up { parts.div_ceil(100) } else { parts / 100 })
}

#[cfg(test)]
mod tests {
    use super::{outage, runs_pods};
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
        let outage = outage(&object, least);
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
            (format!("replicas: 2, {}", rolling("maxSurge: 0")), None, None),
            (rolling("maxSurge: 1"), None, None),
            (rolling("maxUnavailable: 50%"), None, None),
        ] {
            says("Deployment", &spec, least, expected);
        }
    }

    #[test]
    fn other_kinds_have_rules_of_their_own() {
        says("StatefulSet", "", None, None);
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
        says(
            "Rollout",
            "replicas: 2, strategy: {canary: {maxUnavailable: 2}}",
            None,
            Some("every pod"),
        );
        says("Rollout", "strategy: {canary: {steps: []}}", None, None);
    }
}
