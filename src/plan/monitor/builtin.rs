//! The templates that are used where `rotate.yaml` has none of a kind.

use std::collections::BTreeSet;

use crate::config::monitors::{MonitorKind, Template, Threshold, Thresholds};
use crate::config::ordered::Ordered;
use crate::k8s::workload::runs_pods;
use crate::plan::monitor::object::pattern;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::usage::Usage;

/// What a built-in template is called.
pub(super) const NAME: &str = "waiting";

/// Where Prometheus is, where the repository does not tell.
const NAMESPACE: &str = "monitoring";

/// Why containers wait whose Secret lacks a key, is missing from their variables, or holds what the program does not accept.
const REASONS: [&str; 2] = ["CrashLoopBackOff", "CreateContainerConfigError"];
/// Why they wait while a Secret is missing that they mount, and for a moment whenever a pod starts.
const STARTING: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// The metric that has a reason for each container that waits, and its twin for those that run before them.
const WAITING: &str = "__name__=~\"kube_pod_(init_)?container_status_waiting_reason\"";

/// What the pods of a workload are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pods<'r> {
    /// The name of the workload.
    name: &'r str,
    /// Whether it is a pod itself, and not what a controller names its pods after.
    is_pod: bool,
}

impl Pods<'_> {
    /// A name for each of them, in a language where this text is any sequence of characters.
    fn named(&self, spell: impl Fn(&str) -> String, any: &str) -> String {
        let name = spell(self.name);
        if self.is_pod { name } else { format!("{name}-{any}") }
    }
}

/// What runs pods with a Secret of a family in a namespace.
pub(super) fn workloads<'r>(
    repo: &'r Repo,
    environment: EnvironmentId,
    (family, namespace): (&str, Option<&str>),
) -> BTreeSet<Pods<'r>> {
    let mut names = BTreeSet::new();
    for (_, root) in repo.roots_of(environment) {
        for reference in root.references.iter().filter(|one| one.family() == family) {
            let object = root.object_of(reference);
            let is_there = namespace.is_none() || root.namespace_of(reference) == namespace;
            if is_there
                && (runs_pods(&object.node) || object.kind() == "CronJob")
                && root.usage(reference) == Usage::Runs
            {
                names.insert(Pods { name: object.name(), is_pod: object.kind() == "Pod" });
            }
        }
    }
    names
}

/// The template of a kind; `workloads`: what uses the family, `address_in`: the namespace of Prometheus.
pub(super) fn template(
    kind: MonitorKind,
    workloads: &BTreeSet<Pods<'_>>,
    namespace: Option<&str>,
    address_in: Option<&str>,
) -> Template {
    let template = empty(kind);
    let summary = "Containers that use {{family}} in {{environment}} do not start";
    match kind {
        MonitorKind::Prometheus => Template {
            expr: Some(stuck(&of_pods(workloads, namespace))),
            hold: Some("10m".to_owned()),
            labels: [("severity", "warning")].into_iter().collect(),
            annotations: [(
                "summary",
                "Containers of {{ $labels.pod }}, which uses {{family}} in {{environment}}, do not start",
            )]
            .into_iter()
            .collect(),
            ..template
        },
        MonitorKind::Datadog => Template {
            query: Some(datadog(workloads, namespace)),
            message: Some(summary.to_owned()),
            thresholds: Some(Thresholds {
                critical: Some(Threshold("0".to_owned())),
                warning: None,
            }),
            ..template
        },
        MonitorKind::Analysis => Template {
            query: Some(format!(
                "sum({{{WAITING},{}reason=~\"{}\"}}) or vector(0)",
                of_pods(workloads, namespace),
                REASONS.join("|")
            )),
            address: Some(format!(
                "http://prometheus-operated.{}.svc:9090",
                address_in.unwrap_or(NAMESPACE)
            )),
            success_condition: Some("result[0] == 0".to_owned()),
            interval: Some("1m".to_owned()),
            count: Some(5),
            failure_limit: Some(0),
            ..template
        },
    }
}

/// The pods that have a container which does not start, as kube-state-metrics tells. Between two attempts a container may run
/// for a moment, so that the last minutes count.
fn stuck(pods: &str) -> String {
    let fails = format!("{{{WAITING},{pods}reason=~\"{}\"}}", REASONS.join("|"));
    let starts = format!("{{{WAITING},{pods}reason=~\"{}\"}}", STARTING.join("|"));
    format!("sum by (pod) (max_over_time({fails}[5m]) or {starts}) > 0")
}

/// The beginning of a selector of PromQL that selects the pods of some workloads.
fn of_pods(workloads: &BTreeSet<Pods<'_>>, namespace: Option<&str>) -> String {
    let namespace = namespace.map(|one| format!("namespace=\"{one}\",")).unwrap_or_default();
    if workloads.is_empty() {
        return namespace;
    }
    let names: Vec<String> = workloads.iter().map(|one| one.named(pattern, ".+")).collect();
    format!("{namespace}pod=~\"{}\",", names.join("|"))
}

/// How many containers wait, as the Kubernetes State Metrics of Datadog count them: there is no data where none does.
fn datadog(workloads: &BTreeSet<Pods<'_>>, namespace: Option<&str>) -> String {
    let mut filters: Vec<String> = Vec::new();
    filters.extend(namespace.map(|one| format!("kube_namespace:{one}")));
    if !workloads.is_empty() {
        let names: Vec<String> = workloads
            .iter()
            .map(|one| format!("pod_name:{}", one.named(str::to_owned, "*")))
            .collect();
        filters.push(format!("({})", names.join(" OR ")));
    }
    let reasons = REASONS.map(str::to_lowercase);
    filters.push(format!("reason IN ({})", reasons.join(",")));
    format!(
        "max(last_5m):default_zero(sum:kubernetes_state.container.status_report.count.waiting{{{}}}) > 0",
        filters.join(" AND ")
    )
}

fn empty(kind: MonitorKind) -> Template {
    Template {
        kind,
        expr: None,
        hold: None,
        labels: Ordered::default(),
        annotations: Ordered::default(),
        within: None,
        query: None,
        of_type: None,
        message: None,
        priority: None,
        tags: Vec::new(),
        thresholds: None,
        provider: None,
        address: None,
        success_condition: None,
        failure_condition: None,
        interval: None,
        count: None,
        failure_limit: None,
        object_labels: Ordered::default(),
    }
}
