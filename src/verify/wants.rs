//! What a cluster is asked for, kind by kind, and in which namespaces: no more than the proof of some families needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::resource::group_of;
use crate::k8s::workload::pod_spec;
use crate::kustomize::model::object::Object;
use crate::text::work;
use crate::verify::builders::group;
use crate::verify::expected::Expected;
use crate::verify::{Request, stubs};

/// A kind, and where its objects are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// The API group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespaces; `None` for all, where one is not known.
    pub namespaces: Option<BTreeSet<String>>,
    /// The namespaces that are known, though others may not be.
    pub known: BTreeSet<String>,
}

/// What runs pods, and what is between.
const OF_RELEASES: &[(&str, &str)] = &[
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("batch", "CronJob"),
    ("batch", "Job"),
];

/// Whether no pod can be proved to have moved without a kind: it runs pods, or is one.
#[must_use]
pub fn is_decisive(group: &str, kind: &str) -> bool {
    // What owns a pod follows from its labels and its name where ReplicaSets are not known.
    let is_between = (group, kind) == ("apps", "ReplicaSet");
    !is_between && pod_spec(group, kind).is_some()
}

/// The namespaces of each kind; `None` among them where one is not known.
#[derive(Default)]
struct Wants(BTreeMap<(String, String), BTreeSet<Option<String>>>);

impl Wants {
    fn add<'n>(
        &mut self,
        (group, kind): (&str, &str),
        namespaces: impl IntoIterator<Item = Option<&'n str>>,
    ) {
        let known = self.0.entry((group.to_owned(), kind.to_owned())).or_default();
        known.extend(namespaces.into_iter().map(|one| one.map(str::to_owned)));
    }

    fn workload<'n>(&mut self, one: &Expected<'n>, pods: &mut BTreeSet<Option<&'n str>>) {
        let of_values = one.values.iter().map(|(namespace, _)| *namespace);
        for kind in OF_RELEASES.iter().filter(|_| !one.values.is_empty()) {
            self.add(*kind, of_values.clone());
        }
        pods.extend(of_values);
        let is_release = matches!(one.kind, "HelmRelease" | "Application");
        if !one.is_compared() {
            return;
        }
        if one.values.is_empty() || !one.in_pods.is_empty() || is_release {
            self.add((one.group, one.kind), [one.namespace]);
        }
        if one.in_pods.is_empty() {
            return;
        }
        pods.insert(one.namespace);
        match one.kind {
            "Deployment" | "Rollout" => self.add(("apps", "ReplicaSet"), [one.namespace]),
            "CronJob" => self.add(("batch", "Job"), [one.namespace]),
            _ => {}
        }
    }
}

/// What the families of a request need, given what Git has of them. Pods come first, and there are no Secrets.
pub(super) fn of(request: &Request<'_>, expected: &[Expected<'_>]) -> Vec<Want> {
    let mut wants = Wants::default();
    let mut pods: BTreeSet<Option<&str>> = BTreeSet::new();
    for one in expected {
        wants.workload(one, &mut pods);
    }
    for family in request.families {
        for (namespace, ..) in stubs::of(request, family, None) {
            wants.add(("external-secrets.io", "ExternalSecret"), [namespace]);
            pods.insert(namespace);
        }
    }
    let roots: BTreeSet<usize> = expected.iter().map(|one| one.root).collect();
    for root in roots.into_iter().map(|root| &request.repo.roots[root]) {
        for builder in &root.builders {
            wants.add((group(builder.kind), builder.kind), [builder.namespace.as_deref()]);
        }
    }
    // A Canary may be in another root than what it steers.
    let canary = |one: &Object| {
        work::count("object asked for");
        one.kind() == "Canary" && group_of(&one.node) == "flagger.app"
    };
    let mut all = request.repo.roots_of(request.environment);
    if all.any(|(_, root)| root.objects().iter().any(canary)) {
        wants.add(("flagger.app", "Canary"), pods.iter().copied());
    }
    wants.add(("", "Pod"), pods);
    // An object of Git may be a Secret that names another one, for whatever copies it.
    wants.0.remove(&(String::new(), "Secret".to_owned()));
    let mut all: Vec<Want> = wants.0.into_iter().map(want).collect();
    // What is asked first is the oldest: pods that had moved then had moved when the rest was asked for.
    all.sort_by_key(|want| want.kind != "Pod");
    all
}

fn want(((group, kind), namespaces): ((String, String), BTreeSet<Option<String>>)) -> Want {
    let is_known = !namespaces.contains(&None) && !namespaces.is_empty();
    let known: BTreeSet<String> = namespaces.into_iter().flatten().collect();
    Want { group, kind, namespaces: is_known.then(|| known.clone()), known }
}
