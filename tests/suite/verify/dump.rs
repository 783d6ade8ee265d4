//! What a cluster would print after it applied a tree: the rendered objects with the fields that the API server and controllers
//! add, read and written by the types of the Kubernetes API.

use std::fs;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Pod, Secret, ServiceAccount};
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::api::rbac::v1::Role;
use rotate::config::parse::parse;
use rotate::disk::tree::DiskTree;
use rotate::repo::{Repo, Scope};
use rotate::text::path::TreePath;
use rotate::text::source::Source;
use rotate::yaml::node::{Node, Value as Tree};
use rotate::yaml::scalar::{Kind, Schema, kind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::support::{Output, Sandbox};

/// When everything was started.
pub(crate) const STARTED: &str = "2025-08-20T09:00:00Z";

/// The objects of a cluster.
#[derive(Clone)]
pub(crate) struct Dump(pub(crate) Vec<Value>);

/// A node as JSON.
fn json_of(node: &Node) -> Value {
    match &node.value {
        Tree::Map(_) => {
            let entries = node.entries().iter();
            let entries =
                entries.map(|one| (one.key.str().unwrap().to_owned(), json_of(&one.value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Tree::Seq(_) => node.items().iter().map(json_of).collect(),
        Tree::Scalar(_) => match kind(node, Schema::Kubectl).unwrap() {
            Kind::Null => Value::Null,
            Kind::Bool(value) => value.into(),
            Kind::Int(value) => i64::try_from(value).unwrap().into(),
            Kind::Float(value) => value.into(),
            Kind::Str => node.str().unwrap().into(),
        },
    }
}

/// A value as the types of the API have it, with its kind.
fn typed<T: DeserializeOwned + Serialize>(value: &Value) -> Value {
    let read: T = serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{e}: {value}"));
    let mut written = serde_json::to_value(read).unwrap();
    // The types leave these to whoever writes them; kubectl sorts all keys.
    let mut sorted = Map::new();
    let object = written.as_object_mut().unwrap();
    for key in ["apiVersion", "kind"] {
        object.entry(key).or_insert_with(|| value[key].clone());
    }
    let mut keys: Vec<String> = object.keys().cloned().collect();
    keys.sort();
    keys.iter().for_each(|key| drop(sorted.insert(key.clone(), object[key].clone())));
    Value::Object(sorted)
}

/// An object in the API server's own form, where its kind is Kubernetes' own.
pub(crate) fn served(value: &Value) -> Value {
    match value["kind"].as_str().unwrap() {
        "CronJob" => typed::<CronJob>(value),
        "DaemonSet" => typed::<DaemonSet>(value),
        "Deployment" => typed::<Deployment>(value),
        "Ingress" => typed::<Ingress>(value),
        "Job" => typed::<Job>(value),
        "Pod" => typed::<Pod>(value),
        "ReplicaSet" => typed::<ReplicaSet>(value),
        "Role" => typed::<Role>(value),
        "Secret" => typed::<Secret>(value),
        "ServiceAccount" => typed::<ServiceAccount>(value),
        "StatefulSet" => typed::<StatefulSet>(value),
        _ => value.clone(),
    }
}

/// A pod of something.
pub(crate) fn pod(owner: (&str, &str), name: &str, template: &Value, namespace: &str) -> Value {
    let mut spec = template["spec"].clone();
    spec["nodeName"] = json!("node-1");
    let containers = spec["containers"].as_array().unwrap().iter();
    let statuses = containers.map(|one| {
        json!({"name": one["name"], "image": "registry.example/a", "imageID": "x", "ready": true, "restartCount": 0,
               "state": {"running": {"startedAt": STARTED}}})
    });
    let statuses: Vec<Value> = statuses.collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": namespace, "uid": format!("pod-{name}"), "creationTimestamp": STARTED,
            "labels": {"app": "a"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": owner.0, "name": owner.1, "uid": owner.1, "controller": true}],
        },
        "spec": spec,
        "status": {
            "phase": "Running", "startTime": STARTED, "containerStatuses": statuses,
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": STARTED},
                           {"type": "PodScheduled", "status": "True", "lastTransitionTime": STARTED}],
        },
    })
}

/// The metadata that the API server adds.
fn stored(object: &mut Value, namespace: &str) {
    let name = object["metadata"]["name"].as_str().unwrap().to_owned();
    let metadata = object["metadata"].as_object_mut().unwrap();
    metadata.entry("namespace").or_insert_with(|| namespace.into());
    metadata.insert("uid".to_owned(), name.into());
    metadata.insert("generation".to_owned(), 3.into());
    metadata.insert("creationTimestamp".to_owned(), STARTED.into());
    metadata
        .insert("managedFields".to_owned(), json!([{"manager": "kubectl", "operation": "Apply"}]));
}

impl Dump {
    /// What runs once everything of an environment is applied and has come to rest. What has no namespace is in `default`.
    pub(crate) fn of(sandbox: &Sandbox, environment: &str) -> Self {
        let settings = fs::read_to_string(sandbox.path("rotate.yaml")).ok();
        let settings = settings
            .map(|text| parse(&Source::file(TreePath::new("rotate.yaml").unwrap(), text)).unwrap());
        let tree = DiskTree::open(&sandbox.root(), |_, _| false).unwrap();
        let repo = Repo::load(Arc::new(tree), settings, Scope::Everything).unwrap();
        let mut dump = Self(Vec::new());
        for (_, root) in repo.roots_of(repo.environment(environment).unwrap()) {
            for (index, object) in root.objects().iter().enumerate() {
                if root.is_real(index) {
                    let mut value = json_of(&object.node);
                    stored(&mut value, root.namespace.as_deref().unwrap_or("default"));
                    dump.apply(value);
                }
            }
        }
        dump.0 = dump.0.iter().map(served).collect();
        dump
    }

    fn has(&self, object: &Value) -> bool {
        let same = |one: &Value| {
            one["kind"] == object["kind"]
                && one["metadata"]["name"] == object["metadata"]["name"]
                && one["metadata"]["namespace"] == object["metadata"]["namespace"]
        };
        self.0.iter().any(same)
    }

    /// Adds an object, with what controllers make of it.
    fn apply(&mut self, mut object: Value) {
        if self.has(&object) {
            return;
        }
        let replicas = object["spec"]["replicas"].as_u64().unwrap_or(1);
        match object["kind"].as_str().unwrap() {
            "Deployment" => {
                if self
                    .0
                    .iter()
                    .any(|one| one["spec"]["targetRef"]["name"] == object["metadata"]["name"])
                {
                    // Flagger scales it to zero once its primary runs.
                    return self.replicated(object, 0);
                }
                self.replicated(object, replicas);
            }
            "Rollout" => self.rollout(object, replicas),
            "StatefulSet" => {
                object["status"] = json!({"observedGeneration": 3, "replicas": replicas, "readyReplicas": replicas,
                    "availableReplicas": replicas, "updatedReplicas": replicas, "currentReplicas": replicas,
                    "currentRevision": "db-2", "updateRevision": "db-2"});
                self.pods(&object, "StatefulSet", replicas);
                self.0.push(object);
            }
            "DaemonSet" => {
                object["status"] = json!({"observedGeneration": 3, "currentNumberScheduled": 2, "desiredNumberScheduled": 2,
                    "numberMisscheduled": 0, "numberReady": 2, "numberAvailable": 2, "updatedNumberScheduled": 2});
                self.pods(&object, "DaemonSet", 2);
                self.0.push(object);
            }
            "CronJob" => {
                object["status"] = json!({"lastScheduleTime": STARTED});
                self.0.push(object);
            }
            "Job" => {
                object["status"] =
                    json!({"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]});
                self.pods(&object, "Job", 1);
                let pod = self.0.last_mut().unwrap();
                pod["status"]["phase"] = json!("Succeeded");
                self.0.push(object);
            }
            "ExternalSecret" => {
                object["status"] = json!({"refreshTime": STARTED, "syncedResourceVersion": "3-0123abcd",
                    "binding": {"name": object["metadata"]["name"]},
                    "conditions": [{"type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced",
                                    "lastTransitionTime": STARTED}]});
                self.0.push(object);
            }
            "Canary" => {
                object["status"] = json!({"phase": "Succeeded", "lastTransitionTime": STARTED});
                self.0.push(object);
            }
            _ => self.0.push(object),
        }
    }

    fn pods(&mut self, of: &Value, kind: &str, count: u64) {
        let (name, namespace) = (
            of["metadata"]["name"].as_str().unwrap(),
            of["metadata"]["namespace"].as_str().unwrap(),
        );
        for number in 0..count {
            let name_of_pod = format!("{name}-{number}");
            self.0.push(pod((kind, name), &name_of_pod, &of["spec"]["template"], namespace));
        }
    }

    /// A Deployment with its ReplicaSet and pods, and an older ReplicaSet.
    fn replicated(&mut self, mut object: Value, replicas: u64) {
        object["spec"]["replicas"] = json!(replicas);
        object["status"] = json!({"observedGeneration": 3, "replicas": replicas, "updatedReplicas": replicas,
            "readyReplicas": replicas, "availableReplicas": replicas,
            "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable",
                            "lastTransitionTime": STARTED}]});
        self.replica_set(&object, "Deployment", "5b8c", replicas, "pod-template-hash");
        self.replica_set(&object, "Deployment", "4a7b", 0, "pod-template-hash");
        self.0.push(object);
    }

    fn rollout(&mut self, mut object: Value, replicas: u64) {
        object["status"] = json!({"observedGeneration": "3", "phase": "Healthy", "replicas": replicas, "HPAReplicas": replicas,
            "updatedReplicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas,
            "currentPodHash": "5b8c", "stableRS": "5b8c", "currentStepIndex": 2});
        self.replica_set(&object, "Rollout", "5b8c", replicas, "rollouts-pod-template-hash");
        self.0.push(object);
    }

    fn replica_set(&mut self, of: &Value, kind: &str, hash: &str, replicas: u64, label: &str) {
        let (name, namespace) = (
            of["metadata"]["name"].as_str().unwrap(),
            of["metadata"]["namespace"].as_str().unwrap(),
        );
        let mut template = of["spec"]["template"].clone();
        if kind == "Rollout" && template.is_null() {
            // `workloadRef`: the template is that of the Deployment.
            let target = &of["spec"]["workloadRef"]["name"];
            let found = self
                .0
                .iter()
                .find(|one| one["kind"] == "Deployment" && one["metadata"]["name"] == *target);
            template = found.unwrap()["spec"]["template"].clone();
        }
        let set = format!("{name}-{hash}");
        self.0.push(json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": set, "namespace": namespace, "uid": set, "generation": 1,
                "ownerReferences": [{"apiVersion": "x/v1", "kind": kind, "name": name, "uid": name, "controller": true}]},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "a"}}, "template": template.clone()},
            "status": {"replicas": replicas, "readyReplicas": replicas, "observedGeneration": 1}}));
        for number in 0..replicas {
            let mut pod =
                pod(("ReplicaSet", &set), &format!("{set}-{number}"), &template, namespace);
            pod["metadata"]["labels"][label] = json!(hash);
            self.0.push(pod);
        }
    }

    /// The object of a kind and name.
    #[track_caller]
    pub(crate) fn get(&mut self, kind: &str, name: &str) -> &mut Value {
        let found =
            self.0.iter_mut().find(|one| one["kind"] == kind && one["metadata"]["name"] == name);
        found.unwrap_or_else(|| panic!("no {kind} {name}"))
    }

    /// Removes the object of a kind and name.
    pub(crate) fn remove(&mut self, kind: &str, name: &str) {
        self.0.retain(|one| one["kind"] != kind || one["metadata"]["name"] != name);
    }

    /// Has everything of an object name another secret.
    #[track_caller]
    pub(crate) fn rename(&mut self, kind: &str, name: &str, from: &str, to: &str) {
        let object = self.get(kind, name);
        let text = serde_json::to_string(&object["spec"]).unwrap();
        assert!(text.contains(from), "{kind} {name} does not name {from}");
        object["spec"] = serde_json::from_str(&text.replace(from, to)).unwrap();
    }

    /// As kubectl prints it, each object in the API server's own form.
    pub(crate) fn text(&self) -> String {
        let items: Vec<Value> = self.0.iter().map(served).collect();
        serde_json::to_string_pretty(&json!({"apiVersion": "v1", "items": items, "kind": "List",
            "metadata": {"resourceVersion": ""}}))
        .unwrap()
    }

    /// Runs `rotate verify` on it.
    pub(crate) fn verify(&self, sandbox: &Sandbox, arguments: &[&str]) -> Output {
        self.given(sandbox, &[&["verify"], arguments, &["--at", crate::support::NOW]].concat())
    }

    /// Runs a command with it as `--live`.
    pub(crate) fn given(&self, sandbox: &Sandbox, arguments: &[&str]) -> Output {
        let file = sandbox.root().parent().unwrap().join("live.json");
        fs::write(&file, self.text()).unwrap();
        sandbox.rotate(&[arguments, &["--live", file.to_str().unwrap()]].concat())
    }
}
