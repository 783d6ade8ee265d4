//! The monitors of a repository, and which families each of them watches.

use std::collections::BTreeSet;

use crate::config::monitors::MonitorKind;
use crate::k8s::monitors::{is_monitor, version, watches};
use crate::k8s::resource::kind_of;
use crate::kustomize::model::object::{Identity, Object};
use crate::repo::Repo;
use crate::repo::deployed::{deployed, may_hide};
use crate::repo::environment::EnvironmentId;
use crate::repo::root::Root;
use crate::repo::usage::Running;
use crate::text::source::Place;
use crate::yaml::node::Node;

/// A monitor that is deployed.
#[derive(Clone, Copy)]
pub struct Monitor<'r> {
    /// Its kind.
    pub kind: MonitorKind,
    /// The build root.
    pub root: &'r Root,
    /// The index of its object in the root.
    pub index: usize,
}

/// An alert of a PrometheusRule.
pub struct Alert<'r> {
    /// Its name.
    pub name: &'r str,
    /// The labels that are fixed, not templates.
    pub labels: Vec<(&'r str, &'r str)>,
}

impl<'r> Monitor<'r> {
    /// The object.
    #[must_use]
    pub fn object(&self) -> &'r Object {
        &self.root.objects()[self.index]
    }

    /// The version that it watches, if it watches only one.
    #[must_use]
    pub fn version(&self) -> Option<&'r str> {
        version(&self.object().node)
    }

    /// Whether it watches a family.
    #[must_use]
    pub fn watches(&self, family: &str) -> bool {
        watches(&self.object().node, family)
    }

    /// Whether it watches what runs: any version, or one of those.
    #[must_use]
    pub fn is_current(&self, running: &Running) -> bool {
        self.version().is_none_or(|version| running.has(version))
    }

    /// Where it is written, if a file spells it.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.object().node.origin.as_ref().map(Place::near_in_file)
    }

    /// What identifies it, in the namespace in which it is deployed.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let mut identity = self.object().identity();
        let namespace = || self.root.namespace.as_deref().map(Into::into);
        identity.namespace = identity.namespace.or_else(namespace);
        identity
    }

    /// What Datadog calls it; `None` for other kinds.
    #[must_use]
    pub fn datadog_name(&self) -> Option<&'r str> {
        let is_datadog = self.kind == MonitorKind::Datadog;
        self.object().node.at(&["spec", "name"]).filter(|_| is_datadog)?.str()
    }

    /// The alerts that watch a family, of a rule that has several: those that name it, or all if none does by itself.
    #[must_use]
    pub fn alerts(&self, family: &str) -> Vec<Alert<'r>> {
        let groups = self.object().node.at(&["spec", "groups"]).map_or(&[][..], Node::items);
        let rules = groups.iter().filter_map(|group| group.get("rules")).flat_map(Node::items);
        let rules: Vec<&Node> = rules.filter(|rule| rule.get("alert").is_some()).collect();
        let own: Vec<&Node> = rules.iter().copied().filter(|rule| watches(rule, family)).collect();
        let rules = if own.is_empty() { rules } else { own };
        rules.into_iter().filter_map(alert).collect()
    }
}

/// That no monitor of an environment watches a family; `has_old`: some watch versions that do not run.
#[must_use]
pub fn nothing_watches(environment: &str, family: &str, has_old: bool) -> String {
    if has_old {
        format!(
            "the monitors of `{family}` in {environment} watch only versions that do not run there"
        )
    } else {
        format!("no monitor in {environment} watches `{family}`")
    }
}

fn alert(rule: &Node) -> Option<Alert<'_>> {
    let labels = rule.get("labels").map_or(&[][..], Node::entries).iter();
    let labels = labels.filter_map(|entry| Some((entry.key.str()?, entry.value.str()?)));
    Some(Alert {
        name: rule.get("alert")?.str()?,
        labels: labels.filter(|(_, value)| !value.contains("{{")).collect(),
    })
}

impl Repo {
    /// The monitors that are deployed to an environment, or to none and thus to all, each once.
    #[must_use]
    pub fn monitors(&self, environment: EnvironmentId) -> Vec<Monitor<'_>> {
        let mut seen: BTreeSet<Identity> = BTreeSet::new();
        let mut monitors = Vec::new();
        for (root, _) in deployed(self) {
            if root.environment.is_some_and(|id| id != environment) {
                continue;
            }
            for (index, object) in root.objects().iter().enumerate() {
                if let Some(kind) = kind(&object.node) {
                    let monitor = Monitor { kind, root, index };
                    if seen.insert(monitor.identity()) {
                        monitors.push(monitor);
                    }
                }
            }
        }
        monitors
    }

    /// Those of them that watch a family.
    #[must_use]
    pub fn monitors_of(&self, environment: EnvironmentId, family: &str) -> Vec<Monitor<'_>> {
        let mut monitors = self.monitors(environment);
        monitors.retain(|monitor| monitor.watches(family));
        monitors
    }

    /// Whether an environment asks for a monitor of every family.
    #[must_use]
    pub fn requires_monitors(&self, environment: EnvironmentId) -> bool {
        let declared = self.environments[environment].declared.as_ref();
        declared.is_some_and(|declared| declared.monitors.is_some())
    }

    /// Whether monitors of an environment may be unknown: something that it deploys is not known as a whole.
    #[must_use]
    pub fn may_hide_monitors(
        &self,
        environment: EnvironmentId,
        namespaces: &BTreeSet<Option<&str>>,
    ) -> bool {
        namespaces.iter().any(|namespace| may_hide(self, Some(environment), *namespace))
    }

    /// The labels by which the Prometheus of an environment selects its rules, where objects of the repository tell: those that
    /// the `ruleSelector` of a Prometheus asks for, or that every PrometheusRule has. `None` if nothing tells.
    #[must_use]
    pub fn rule_labels(&self, environment: EnvironmentId) -> Option<Vec<(String, String)>> {
        let servers = self.nearest_of(environment, "Prometheus");
        let selector = servers.iter().find_map(|(_, one)| one.node.at(&["spec", "ruleSelector"]));
        if let Some(selector) = selector {
            return selected_by(selector);
        }
        let mut all = self
            .nearest_of(environment, "PrometheusRule")
            .into_iter()
            .map(|(_, one)| one.node.at(&["metadata", "labels"]).map(pairs).unwrap_or_default());
        let mut common = all.next()?;
        for other in all {
            common.retain(|pair| other.contains(pair));
        }
        common.retain(|(key, _)| matches!(&**key, "prometheus" | "release" | "role"));
        Some(common).filter(|common| !common.is_empty())
    }

    /// The namespace of the Prometheus of an environment, or else of another one.
    #[must_use]
    pub fn prometheus_namespace(&self, environment: EnvironmentId) -> Option<&str> {
        let servers = self.nearest_of(environment, "Prometheus");
        let (root, object) = servers.first()?;
        object.namespace().or(root.namespace.as_deref())
    }

    /// The objects of a kind of the Prometheus Operator: first those of an environment, then those of none, then all others.
    fn nearest_of(&self, environment: EnvironmentId, kind: &str) -> Vec<(&Root, &Object)> {
        let all =
            deployed(self).flat_map(|(root, _)| root.objects().iter().map(move |one| (root, one)));
        let is_it = |object: &Object| {
            object.kind() == kind && group(object).starts_with("monitoring.coreos.com/")
        };
        let mut all: Vec<(&Root, &Object)> = all.filter(|(_, object)| is_it(object)).collect();
        all.sort_by_key(|(root, _)| match root.environment {
            Some(id) if id == environment => 0,
            None => 1,
            Some(_) => 2,
        });
        all
    }
}

/// Labels that a selector selects; `None` if it asks for a label whose value cannot be known.
fn selected_by(selector: &Node) -> Option<Vec<(String, String)>> {
    let mut labels = selector.get("matchLabels").map(pairs).unwrap_or_default();
    for asked in selector.get("matchExpressions").map_or(&[][..], Node::items) {
        let text = |key: &str| asked.get(key).and_then(Node::str);
        match text("operator")? {
            "In" => {
                let key = text("key")?;
                let values = asked.get("values")?.items();
                let known = labels.iter().any(|(known, value)| {
                    known == key && values.iter().any(|one| one.str() == Some(value))
                });
                if !known {
                    labels.push((key.to_owned(), values.first()?.str()?.to_owned()));
                }
            }
            "NotIn" | "DoesNotExist" => {}
            _ => return None,
        }
    }
    Some(labels)
}

fn group(object: &Object) -> &str {
    object.node.get("apiVersion").and_then(Node::str).unwrap_or_default()
}

fn pairs(labels: &Node) -> Vec<(String, String)> {
    let pairs = labels.entries().iter();
    let text = |node: &Node| node.str().map(str::to_owned);
    pairs.filter_map(|entry| Some((text(&entry.key)?, text(&entry.value)?))).collect()
}

fn kind(object: &Node) -> Option<MonitorKind> {
    is_monitor(object).then(|| match kind_of(object) {
        "PrometheusRule" => MonitorKind::Prometheus,
        "DatadogMonitor" => MonitorKind::Datadog,
        _ => MonitorKind::Analysis,
    })
}
