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

/// Why containers wait whose Secret is missing, lacks a key, or holds what the program does not accept.
const REASONS: [&str; 2] = ["CreateContainerConfigError", "CrashLoopBackOff"];

/// The names of what runs pods with a Secret of a family in a namespace.
pub(super) fn workloads<'r>(
    repo: &'r Repo,
    environment: EnvironmentId,
    (family, namespace): (&str, Option<&str>),
) -> BTreeSet<&'r str> {
    let mut names = BTreeSet::new();
    for (_, root) in repo.roots_of(environment) {
        for reference in root.references.iter().filter(|one| one.family() == family) {
            let object = root.object_of(reference);
            let is_there = namespace.is_none() || root.namespace_of(reference) == namespace;
            if is_there
                && (runs_pods(&object.node) || object.kind() == "CronJob")
                && root.usage(reference) == Usage::Runs
            {
                names.insert(object.name());
            }
        }
    }
    names
}

/// The template of a kind; `workloads`: what uses the family, `address_in`: the namespace of Prometheus.
pub(super) fn template(
    kind: MonitorKind,
    workloads: &BTreeSet<&str>,
    namespace: Option<&str>,
    address_in: Option<&str>,
) -> Template {
    let template = empty(kind);
    let summary = "Containers that use {{family}} in {{environment}} do not start";
    match kind {
        MonitorKind::Prometheus => Template {
            expr: Some(format!("{} > 0", waiting(workloads, namespace))),
            hold: Some("5m".to_owned()),
            labels: [("severity", "warning")].into_iter().collect(),
            annotations: [("summary", summary)].into_iter().collect(),
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
            query: Some(format!("{} or vector(0)", waiting(workloads, namespace))),
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

/// How many containers wait, as kube-state-metrics counts them.
fn waiting(workloads: &BTreeSet<&str>, namespace: Option<&str>) -> String {
    let mut matchers: Vec<String> = Vec::new();
    matchers.extend(namespace.map(|one| format!("namespace=\"{one}\"")));
    if !workloads.is_empty() {
        let names: Vec<String> = workloads.iter().map(|name| pattern(name)).collect();
        matchers.push(format!("pod=~\"({})-.+\"", names.join("|")));
    }
    matchers.push(format!("reason=~\"{}\"", REASONS.join("|")));
    format!("sum(kube_pod_container_status_waiting_reason{{{}}})", matchers.join(","))
}

/// The same of the Kubernetes State Metrics of Datadog.
fn datadog(workloads: &BTreeSet<&str>, namespace: Option<&str>) -> String {
    let mut filters: Vec<String> = Vec::new();
    filters.extend(namespace.map(|one| format!("kube_namespace:{one}")));
    if !workloads.is_empty() {
        let names: Vec<String> =
            workloads.iter().map(|name| format!("pod_name:{name}-*")).collect();
        filters.push(format!("({})", names.join(" OR ")));
    }
    let reasons = REASONS.map(str::to_lowercase);
    filters.push(format!("reason IN ({})", reasons.join(",")));
    format!(
        "max(last_5m):sum:kubernetes_state.container.status_report.count.waiting{{{}}} > 0",
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
