//! What a rotation costs a workload: whether it goes down meanwhile, and whether it can go back at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::k8s::found::Role;
use crate::k8s::resource::{group_of, kind_of};
use crate::k8s::secret_name::split;
use crate::k8s::stub::spec_of;
use crate::k8s::values::{Written, held};
use crate::k8s::workload::{Outage, outage, replicas, runs_pods};
use crate::kustomize::model::object::Object;
use crate::repo::Repo;
use crate::repo::inventory::Reference;
use crate::repo::provision::Provision;
use crate::repo::root::Root;
use crate::text::work;
use crate::yaml::node::Node;
use crate::yaml::scalar::is_null;

/// The annotation by which Flagger leaves a Secret alone.
const TRACKING: &str = "flagger.app/config-tracking";

/// The kind, the name and the namespace of an object.
type Named = (String, String, Option<String>);

/// The number of pods below which autoscalers never go, by what they scale; `None` where nobody can tell it.
pub(super) type LeastReplicas = BTreeMap<Named, Option<u64>>;

/// A Rollout or a Canary that cannot go back to an older version at once.
pub struct SlowReturn<'r> {
    /// The Rollout or Canary.
    pub object: &'r Object,
    /// What names versioned secrets in its pods; never empty.
    pub references: Vec<&'r Reference>,
    /// Why, as a phrase.
    pub why: String,
    /// The field that says so.
    pub field: &'r Node,
    /// What to do about it.
    pub help: &'static str,
}

fn named(object: &Object, kind: &str, name: &str) -> Named {
    (kind.to_owned(), name.to_owned(), object.namespace().map(str::to_owned))
}

fn text<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n str> {
    node.at(keys).and_then(Node::str).filter(|text| !text.is_empty())
}

impl Root {
    /// The workloads that name a versioned secret and that a new version takes down, each with why and with what names one.
    pub fn outages(&self) -> impl Iterator<Item = (&Object, Outage<'_>, Vec<&Reference>)> {
        let mut users: BTreeMap<usize, Vec<&Reference>> = BTreeMap::new();
        for reference in self.references.iter().filter(|one| is_versioned(self, one)) {
            users.entry(reference.object).or_default().push(reference);
        }
        let borrowers = if users.is_empty() { BTreeMap::new() } else { self.borrowers() };
        let mut outages = Vec::new();
        for (index, references) in users {
            let object = &self.objects()[index];
            let key = named(object, object.kind(), object.name());
            let borrowers = borrowers.get(&key).map_or(&[][..], Vec::as_slice);
            let runs = (!borrowers.iter().any(|one| takes_over(one))).then_some(object);
            for workload in runs.into_iter().chain(borrowers.iter().copied()) {
                work::step();
                let outage = outage(&workload.node, self.replicas(workload));
                outages.extend(outage.map(|outage| (workload, outage, references.clone())));
            }
        }
        outages.into_iter()
    }

    /// The Rollouts that run the pods of another workload's template, by that workload.
    fn borrowers(&self) -> BTreeMap<Named, Vec<&Object>> {
        let mut borrowers: BTreeMap<Named, Vec<&Object>> = BTreeMap::new();
        let is_rollout =
            |one: &&Object| (group_of(&one.node), kind_of(&one.node)) == ("argoproj.io", "Rollout");
        for rollout in self.objects().iter().filter(is_rollout) {
            let field = |key: &str| text(&rollout.node, &["spec", "workloadRef", key]);
            if let Some((kind, name)) = field("kind").zip(field("name")) {
                borrowers.entry(named(rollout, kind, name)).or_default().push(rollout);
            }
        }
        borrowers
    }

    /// How many pods a workload has at least; `None` where nobody can tell.
    fn replicas(&self, workload: &Object) -> Option<u64> {
        let key = named(workload, workload.kind(), workload.name());
        let scaled = self.least_replicas().get(&key);
        scaled.map_or_else(|| replicas(&workload.node), |least| *least)
    }

    /// The number of pods below which autoscalers never go, by what they scale.
    fn least_replicas(&self) -> &LeastReplicas {
        self.facts.scaled.get_or_init(|| {
            let scaled = self.objects().iter().filter_map(|object| {
                let node = &object.node;
                let (least, default, kind) = match (group_of(node), kind_of(node)) {
                    ("autoscaling", "HorizontalPodAutoscaler") => ("minReplicas", "1", None),
                    ("keda.sh", "ScaledObject") => ("minReplicaCount", "0", Some("Deployment")),
                    _ => return None,
                };
                let kind = text(node, &["spec", "scaleTargetRef", "kind"]).or(kind)?;
                let name = text(node, &["spec", "scaleTargetRef", "name"])?;
                let least = text(node, &["spec", least]).unwrap_or(default);
                Some((named(object, kind, name), least.parse().ok()))
            });
            scaled.collect()
        })
    }
}

impl Repo {
    /// The Rollouts and Canaries of a root whose pods name a versioned secret and cannot go back to an older one at once.
    #[must_use]
    pub fn slow_returns<'r>(&'r self, root: &'r Root) -> Vec<SlowReturn<'r>> {
        let steers = |object: &&Object| {
            matches!(
                (group_of(&object.node), kind_of(&object.node)),
                ("argoproj.io", "Rollout") | ("flagger.app", "Canary")
            )
        };
        let steering: Vec<&Object> = root.objects().iter().filter(steers).collect();
        if steering.is_empty() {
            return Vec::new();
        }
        let mut used: BTreeMap<Named, Vec<&Reference>> = BTreeMap::new();
        for reference in root.references.iter().filter(|one| is_versioned(root, one)) {
            let object = root.object_of(reference);
            work::step();
            used.entry(named(object, object.kind(), object.name())).or_default().push(reference);
        }
        let slow = |object: &'r Object| {
            let target = match kind_of(&object.node) {
                "Canary" => "targetRef",
                _ => "workloadRef",
            };
            let field = |key: &str| text(&object.node, &["spec", target, key]);
            let own = named(object, object.kind(), object.name());
            let other = field("kind").zip(field("name"));
            let key = other.map_or(own, |(kind, name)| named(object, kind, name));
            let references = used.get(&key)?;
            match kind_of(&object.node) {
                "Canary" => self.copied(root, object, references),
                _ => walked(object, references),
            }
        };
        steering.into_iter().filter_map(slow).collect()
    }

    /// Why Flagger keeps the old value of a secret in a copy.
    fn copied<'r>(
        &'r self,
        root: &'r Root,
        canary: &'r Object,
        references: &[&'r Reference],
    ) -> Option<SlowReturn<'r>> {
        let is_tracked = |reference: &&&Reference| {
            let namespace = root.namespace_of(reference);
            let makers = self.providers_of(root.environment, namespace, reference.secret());
            !makers.into_iter().any(|maker| match maker {
                Provision::Provider(id) => {
                    let (home, provider) = self.provider(id);
                    is_left_alone(&home.object_that_provides(provider).node)
                }
                Provision::External => false,
            })
        };
        let references: Vec<&Reference> = references.iter().filter(is_tracked).copied().collect();
        let secret = references.first()?.secret();
        let is_off = |one: &&Arc<Root>| {
            (one.environment.is_none() || one.environment == root.environment)
                && *one
                    .facts
                    .tracks_nothing
                    .get_or_init(|| one.objects().iter().any(|object| switches_off(&object.node)))
        };
        if self.roots.iter().any(|one| is_off(&one)) {
            return None;
        }
        Some(SlowReturn {
            object: canary,
            why: format!(
                "Flagger copies `{secret}` to `{secret}-primary`, which keeps the old value and is never removed"
            ),
            references,
            field: canary.node.at(&["spec", "targetRef", "name"])?,
            help: "give the Secret the annotation `flagger.app/config-tracking: disabled`: in a stub under `target.template.metadata.annotations`",
        })
    }
}

/// Whether a reference makes pods name a version.
fn is_versioned(root: &Root, reference: &Reference) -> bool {
    reference.found.role == Role::Use
        && split(reference.secret()).is_some()
        && !reference.field().starts_with("metadata.")
        && runs_pods(&root.object_of(reference).node)
}

/// Whether a Rollout scales the workload down whose template it takes.
fn takes_over(rollout: &Object) -> bool {
    let scales = text(&rollout.node, &["spec", "workloadRef", "scaleDown"]);
    matches!(scales, Some("onsuccess" | "progressively"))
}

/// Why a Rollout walks all of its way again to an older version.
fn walked<'r>(rollout: &'r Object, references: &[&'r Reference]) -> Option<SlowReturn<'r>> {
    let spec = rollout.node.get("spec")?;
    let window = spec.at(&["rollbackWindow", "revisions"]);
    if window.is_some_and(|revisions| !revisions.reads("0") && !is_null(revisions)) {
        return None;
    }
    let strategy = spec.get("strategy")?;
    let steps = strategy.at(&["canary", "steps"]).map_or(0, |steps| steps.items().len());
    let (field, why) = if let Some(field) = strategy.get("blueGreen") {
        let delay = text(field, &["scaleDownDelaySeconds"]).unwrap_or("30");
        (field, format!("its old pods are gone {delay} seconds after the switch"))
    } else if steps > 0 {
        let many = if steps == 1 { "the step".to_owned() } else { format!("all {steps} steps") };
        (strategy.at(&["canary", "steps"])?, format!("it walks {many} of its canary again"))
    } else {
        return None;
    };
    Some(SlowReturn {
        object: rollout,
        references: references.to_vec(),
        why,
        field,
        help: "set `spec.rollbackWindow.revisions` to the number of versions to which it may go back at once",
    })
}

/// Whether what makes a Secret has Flagger leave it alone.
fn is_left_alone(object: &Node) -> bool {
    let places: [&[&str]; 2] = [
        &["metadata", "annotations", TRACKING],
        &["spec", "template", "metadata", "annotations", TRACKING],
    ];
    let stub = spec_of(object).map(|(_, spec)| spec);
    let stub =
        stub.and_then(|spec| spec.at(&["target", "template", "metadata", "annotations", TRACKING]));
    let own =
        places.iter().filter_map(|keys| object.at(keys)).filter(|_| spec_of(object).is_none());
    stub.into_iter().chain(own).any(|node| node.reads("disabled"))
}

/// Whether an object installs Flagger without tracking.
fn switches_off(object: &Node) -> bool {
    held(object).iter().any(|held| match held.values {
        Written::Tree(values) => {
            values.at(&["configTracking", "enabled"]).is_some_and(|value| value.reads("false"))
        }
        Written::Text(_) | Written::Parameters(_) => false,
    })
}
