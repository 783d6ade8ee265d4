//! Every state of facts that a workload can be in, each with its word and exit status.

use serde_json::{Value, json};

use crate::contracts::{holds, kept};
use crate::support::Sandbox;
use crate::verify::dump::{Dump, STARTED, pod};
use rotate::report::verify::json::Verify;

pub(crate) const OLD: &str = "auth-20250601090000";
pub(crate) const NEW: &str = "auth-20250701090000";

/// A workload of a kind whose container reads the secret.
fn workload(kind: &str, name: &str, more: &str) -> String {
    let group = if kind == "Rollout" { "argoproj.io/v1alpha1" } else { "apps/v1" };
    format!(
        "apiVersion: {group}\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  selector: {{matchLabels: {{app: a}}}}\n{more}  template: {}\n",
        template("envFrom: [{secretRef: {name: SECRET}}]")
    )
}

fn template(container: &str) -> String {
    let container = container.replace("SECRET", NEW);
    format!(
        "{{metadata: {{labels: {{app: a}}}}, spec: {{containers: [{{name: app, image: a, {container}}}]}}}}"
    )
}

/// A repository with one of everything, at the new version.
pub(crate) fn repository() -> Sandbox {
    let job = template("env: [{name: A, valueFrom: {secretKeyRef: {name: SECRET, key: a}}}]")
        .replace("spec: {", "spec: {restartPolicy: Never, ");
    let files = [
        ("web.yaml", workload("Deployment", "web", "  replicas: 3\n")),
        ("db.yaml", workload("StatefulSet", "db", "  serviceName: db\n  replicas: 3\n")),
        ("agent.yaml", workload("DaemonSet", "agent", "")),
        ("canary.yaml", workload("Rollout", "buy", "  replicas: 2\n  strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}\n")),
        ("nightly.yaml", format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: nightly, namespace: shop}}\nspec: {{schedule: '0 3 * * *', jobTemplate: {{spec: {{template: {job}}}}}}}\n")),
        ("migrate.yaml", format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: migrate, namespace: shop}}\nspec: {{template: {job}}}\n")),
        // The Canary sorts before what it steers, and the dump is made in this order.
        ("a-pay.yaml", "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: pay, namespace: shop}\nspec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: pay}}\n".to_owned()),
        ("pay.yaml", workload("Deployment", "pay", "  replicas: 2\n")),
        ("ingress.yaml", format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: edge, namespace: shop, annotations: {{nginx.ingress.kubernetes.io/auth-secret: {NEW}}}}}\nspec: {{defaultBackend: {{service: {{name: a, port: {{number: 80}}}}}}}}\n")),
        ("role.yaml", format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: reader, namespace: shop}}\nrules: [{{apiGroups: [''], resources: [secrets], resourceNames: [{OLD}, {NEW}], verbs: [get]}}]\n")),
        ("old.yaml", stub(OLD)),
        ("new.yaml", stub(NEW)),
    ];
    let sandbox = Sandbox::empty();
    for (path, text) in files {
        sandbox.write(&format!("staging/{path}"), &text);
    }
    sandbox.commit_all();
    sandbox
}

fn stub(name: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{refreshPolicy: CreatedOnce, secretStoreRef: {{name: s, kind: ClusterSecretStore}}, target: {{name: {name}, immutable: true}}, dataFrom: [{{extract: {{key: auth, version: \"{}\"}}}}]}}\n",
        name.rsplit('-').next().unwrap()
    )
}

/// What runs once all of it has come to rest, with Flagger's primary.
pub(crate) fn at_rest(sandbox: &Sandbox) -> Dump {
    let mut dump = Dump::of(sandbox, "staging");
    let mut primary = dump.get("Deployment", "pay").clone();
    primary["metadata"]["name"] = json!("pay-primary");
    primary["metadata"]["uid"] = json!("pay-primary");
    primary["metadata"]["ownerReferences"] = json!([{"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": "pay", "uid": "c", "controller": true}]);
    primary["spec"]["replicas"] = json!(1);
    for field in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
        primary["status"][field] = json!(1);
    }
    let template = primary["spec"]["template"].clone();
    dump.0.push(primary);
    let mut one = pod(("ReplicaSet", "pay-primary-6c"), "pay-primary-6c-0", &template, "shop");
    one["metadata"]["labels"]["pod-template-hash"] = json!("6c");
    dump.0.push(one);
    dump.rename("Deployment", "pay-primary", NEW, &format!("{NEW}-primary"));
    dump.rename("Pod", "pay-primary-6c-0", NEW, &format!("{NEW}-primary"));
    dump
}

/// The state of an object in the JSON.
#[track_caller]
pub(super) fn state<'v>(value: &'v Value, kind: &str, name: &str) -> &'v Value {
    let objects = value["families"][0]["objects"].as_array().unwrap();
    let found = objects.iter().find(|one| one["kind"] == kind && one["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name} in {value:#}"))
}

pub(crate) type Change = fn(&mut Dump);

/// A kind and a name, how the cluster differs from one at rest, and the word for it.
pub(crate) type Case = (&'static str, &'static str, &'static str, Change);

/// A pod that still names the old version.
fn behind(dump: &mut Dump, pod: &str) {
    dump.rename("Pod", pod, NEW, OLD);
}

/// A partition of the StatefulSet keeps one pod of the revision before.
fn partitioned(dump: &mut Dump) {
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}});
    set(dump, "StatefulSet", "db", "spec/updateStrategy", strategy);
    set(dump, "StatefulSet", "db", "status/updatedReplicas", json!(2));
    set(dump, "StatefulSet", "db", "status/currentRevision", json!("db-1"));
}

fn set(dump: &mut Dump, kind: &str, name: &str, pointer: &str, value: Value) {
    let mut at = dump.get(kind, name);
    for key in pointer.split('/').filter(|key| !key.is_empty()) {
        at = match key.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[key],
        };
    }
    *at = value;
}

fn waiting(dump: &mut Dump, pod: &str, reason: &str, message: &str) {
    let state = json!({"waiting": {"reason": reason, "message": message}});
    set(dump, "Pod", pod, "status/containerStatuses/0/state", state);
    set(dump, "Pod", pod, "status/phase", json!("Pending"));
}

/// A Job that the CronJob started, with its pod.
fn started(dump: &mut Dump, secret: &str, with_job: bool, with_pod: bool) {
    let template = dump.get("CronJob", "nightly")["spec"]["jobTemplate"]["spec"].clone();
    let text = serde_json::to_string(&template).unwrap().replace(NEW, secret);
    let template: Value = serde_json::from_str(&text).unwrap();
    set(
        dump,
        "CronJob",
        "nightly",
        "status/active",
        json!([{"kind": "Job", "name": "nightly-29000001", "namespace": "shop"}]),
    );
    if with_job {
        dump.0.push(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "nightly-29000001", "namespace": "shop",
            "uid": "j", "creationTimestamp": STARTED,
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "nightly", "controller": true}]},
            "spec": template, "status": {"active": 1}}));
    }
    if with_pod {
        dump.0.push(pod(
            ("Job", "nightly-29000001"),
            "nightly-29000001-x",
            &template["template"],
            "shop",
        ));
    }
}

pub(crate) const CASES: &[Case] = &[
    // Deployments.
    ("Deployment", "web", "moved", |_| {}),
    ("Deployment", "web", "rolling", |dump| {
        behind(dump, "web-5b8c-2");
        set(dump, "Deployment", "web", "status/updatedReplicas", json!(2));
    }),
    ("Deployment", "web", "rolling", |dump| behind(dump, "web-5b8c-1")),
    ("Deployment", "web", "rolling", |dump| {
        set(dump, "Deployment", "web", "status/observedGeneration", json!(2))
    }),
    ("Deployment", "web", "rolling", |dump| {
        set(dump, "Deployment", "web", "status/availableReplicas", json!(2))
    }),
    ("Deployment", "web", "rolling", |dump| {
        set(dump, "Deployment", "web", "status/replicas", json!(4))
    }),
    ("Deployment", "web", "stuck", |dump| {
        set(
            dump,
            "Deployment",
            "web",
            "status/conditions/0",
            json!({"type": "Progressing", "status": "False",
            "reason": "ProgressDeadlineExceeded", "message": "ReplicaSet has timed out progressing.", "lastTransitionTime": STARTED}),
        );
    }),
    ("Deployment", "web", "stuck", |dump| {
        waiting(
            dump,
            "web-5b8c-0",
            "CreateContainerConfigError",
            "secret \"auth-20250701090000\" not found",
        );
    }),
    ("Deployment", "web", "stuck", |dump| {
        waiting(dump, "web-5b8c-0", "CrashLoopBackOff", "back-off 5m0s restarting")
    }),
    ("Deployment", "web", "rolling", |dump| waiting(dump, "web-5b8c-0", "ContainerCreating", "")),
    ("Deployment", "web", "stuck", |dump| {
        set(
            dump,
            "Pod",
            "web-5b8c-0",
            "status/conditions",
            json!([{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": "0/3 nodes are available"}]),
        );
        set(dump, "Pod", "web-5b8c-0", "status/phase", json!("Pending"));
    }),
    ("Deployment", "web", "stuck", |dump| {
        set(dump, "Deployment", "web", "spec/paused", json!(true));
        set(dump, "Deployment", "web", "status/updatedReplicas", json!(1));
    }),
    ("Deployment", "web", "terminating", |dump| {
        let template = json!({"spec": dump.get("Pod", "web-5b8c-0")["spec"].clone()});
        let mut old = pod(("ReplicaSet", "web-4a7b"), "web-4a7b-0", &template, "shop");
        old["metadata"]["labels"]["pod-template-hash"] = json!("4a7b");
        old["metadata"]["deletionTimestamp"] = json!("2025-08-20T10:59:00Z");
        dump.0.push(old);
        behind(dump, "web-4a7b-0");
    }),
    ("Deployment", "web", "not-applied", |dump| {
        for object in ["web-5b8c-0", "web-5b8c-1", "web-5b8c-2"] {
            behind(dump, object);
        }
        dump.rename("Deployment", "web", NEW, OLD);
    }),
    ("Deployment", "web", "missing-workload", |dump| dump.remove("Deployment", "web")),
    ("Deployment", "web", "missing-pods", |dump| dump.remove("Pod", "web-5b8c-1")),
    ("Deployment", "web", "moved", |dump| {
        // What was evicted stays, as failed.
        let template = json!({"spec": dump.get("Pod", "web-5b8c-0")["spec"].clone()});
        let mut old = pod(("ReplicaSet", "web-4a7b"), "web-4a7b-9", &template, "shop");
        old["status"] = json!({"phase": "Failed", "reason": "Evicted"});
        dump.0.push(old);
        behind(dump, "web-4a7b-9");
    }),
    ("Deployment", "web", "moved", |dump| {
        // Scaled to zero.
        for name in ["web-5b8c-0", "web-5b8c-1", "web-5b8c-2"] {
            dump.remove("Pod", name);
        }
        set(dump, "Deployment", "web", "spec/replicas", json!(0));
        set(dump, "ReplicaSet", "web-5b8c", "status/replicas", json!(0));
        set(dump, "Deployment", "web", "status", json!({"observedGeneration": 3}));
    }),
    ("Deployment", "web", "moved", |dump| {
        // Without its ReplicaSets, the label of the pods tells.
        dump.remove("ReplicaSet", "web-5b8c");
        dump.remove("ReplicaSet", "web-4a7b");
    }),
    ("Deployment", "web", "moved", |dump| dump.rename("ReplicaSet", "web-4a7b", NEW, OLD)),
    // The old ReplicaSet counts a pod that the Deployment does not count yet, or any more.
    ("Deployment", "web", "missing-pods", |dump| {
        dump.rename("ReplicaSet", "web-4a7b", NEW, OLD);
        set(dump, "ReplicaSet", "web-4a7b", "status/replicas", json!(1));
    }),
    // It is scaled down, and its pods are not gone yet.
    ("Deployment", "web", "missing-pods", |dump| {
        set(dump, "ReplicaSet", "web-4a7b", "status/terminatingReplicas", json!(1));
    }),
    ("Deployment", "web", "rolling", |dump| {
        // A native sidecar counts.
        let sidecar = json!([{"name": "s", "image": "a", "restartPolicy": "Always", "envFrom": [{"secretRef": {"name": OLD}}]}]);
        set(dump, "Pod", "web-5b8c-0", "spec/initContainers", sidecar);
    }),
    ("Deployment", "web", "rolling", |dump| {
        let ephemeral =
            json!([{"name": "e", "image": "a", "envFrom": [{"secretRef": {"name": OLD}}]}]);
        set(dump, "Pod", "web-5b8c-0", "spec/ephemeralContainers", ephemeral);
    }),
    ("Deployment", "web", "rolling", |dump| {
        let volumes = json!([{"name": "v", "projected": {"sources": [{"secret": {"name": OLD}}]}}]);
        set(dump, "Pod", "web-5b8c-0", "spec/volumes", volumes);
    }),
    // StatefulSets.
    ("StatefulSet", "db", "moved", |_| {}),
    ("StatefulSet", "db", "rolling", |dump| {
        behind(dump, "db-0");
        set(dump, "StatefulSet", "db", "status/updatedReplicas", json!(2));
        set(dump, "StatefulSet", "db", "status/currentRevision", json!("db-1"));
    }),
    ("StatefulSet", "db", "partition", |dump| {
        behind(dump, "db-0");
        partitioned(dump);
    }),
    ("StatefulSet", "db", "moved", |dump| {
        // The partition keeps pods of an older revision that name the same version.
        partitioned(dump);
    }),
    ("StatefulSet", "db", "on-delete", |dump| {
        behind(dump, "db-1");
        set(dump, "StatefulSet", "db", "spec/updateStrategy", json!({"type": "OnDelete"}));
        set(dump, "StatefulSet", "db", "status/updatedReplicas", json!(2));
        set(dump, "StatefulSet", "db", "status/currentRevision", json!("db-1"));
    }),
    ("StatefulSet", "db", "missing-pods", |dump| dump.remove("Pod", "db-2")),
    // The last old pod was deleted, and the new one is not there yet.
    ("StatefulSet", "db", "rolling", |dump| {
        dump.remove("Pod", "db-2");
        set(dump, "StatefulSet", "db", "spec/updateStrategy", json!({"type": "OnDelete"}));
        for field in ["replicas", "readyReplicas", "availableReplicas", "updatedReplicas"] {
            set(dump, "StatefulSet", "db", &format!("status/{field}"), json!(2));
        }
        set(dump, "StatefulSet", "db", "status/currentRevision", json!("db-1"));
    }),
    // DaemonSets.
    ("DaemonSet", "agent", "moved", |_| {}),
    ("DaemonSet", "agent", "rolling", |dump| {
        behind(dump, "agent-0");
        set(dump, "DaemonSet", "agent", "status/updatedNumberScheduled", json!(1));
    }),
    ("DaemonSet", "agent", "on-delete", |dump| {
        behind(dump, "agent-0");
        set(dump, "DaemonSet", "agent", "spec/updateStrategy", json!({"type": "OnDelete"}));
        set(dump, "DaemonSet", "agent", "status/updatedNumberScheduled", json!(1));
    }),
    ("DaemonSet", "agent", "rolling", |dump| {
        set(dump, "DaemonSet", "agent", "status/numberAvailable", json!(1))
    }),
    ("DaemonSet", "agent", "missing-pods", |dump| dump.remove("Pod", "agent-1")),
    ("DaemonSet", "agent", "missing-pods", |dump| {
        set(dump, "DaemonSet", "agent", "status/numberMisscheduled", json!(1));
    }),
    ("DaemonSet", "agent", "rolling", |dump| {
        dump.remove("Pod", "agent-1");
        set(dump, "DaemonSet", "agent", "spec/updateStrategy", json!({"type": "OnDelete"}));
        for field in ["currentNumberScheduled", "updatedNumberScheduled", "numberAvailable"] {
            set(dump, "DaemonSet", "agent", &format!("status/{field}"), json!(1));
        }
    }),
    // CronJobs and Jobs.
    ("CronJob", "nightly", "moved", |_| {}),
    ("CronJob", "nightly", "moved", |dump| {
        set(dump, "CronJob", "nightly", "spec/suspend", json!(true))
    }),
    ("CronJob", "nightly", "moved", |dump| started(dump, NEW, true, true)),
    ("CronJob", "nightly", "job-running", |dump| started(dump, OLD, true, true)),
    ("CronJob", "nightly", "job-running", |dump| started(dump, OLD, false, true)),
    ("CronJob", "nightly", "missing-pods", |dump| started(dump, NEW, false, false)),
    ("CronJob", "nightly", "missing-pods", |dump| started(dump, NEW, true, false)),
    ("CronJob", "nightly", "not-applied", |dump| dump.rename("CronJob", "nightly", NEW, OLD)),
    ("CronJob", "nightly", "missing-workload", |dump| dump.remove("CronJob", "nightly")),
    ("Job", "migrate", "moved", |_| {}),
    ("Job", "migrate", "job-running", |dump| {
        dump.rename("Job", "migrate", NEW, OLD);
        behind(dump, "migrate-0");
        set(dump, "Job", "migrate", "status", json!({"active": 1}));
        set(dump, "Pod", "migrate-0", "status/phase", json!("Running"));
    }),
    // Argo Rollouts.
    ("Rollout", "buy", "moved", |_| {}),
    ("Rollout", "buy", "moved", |dump| {
        // A person paused it when all was done.
        set(dump, "Rollout", "buy", "spec/paused", json!(true));
        set(dump, "Rollout", "buy", "status/phase", json!("Paused"));
    }),
    ("Deployment", "web", "rolling", |dump| set(dump, "Pod", "web-5b8c-0", "status", json!({}))),
    ("Deployment", "web", "missing-pods", |dump| {
        set(dump, "Deployment", "web", "status/terminatingReplicas", json!(2));
    }),
    ("ExternalSecret", NEW, "not-applied", |dump| {
        set(dump, "ExternalSecret", NEW, "spec/target/name", json!("other"));
    }),
    ("Deployment", "web", "moved", |dump| {
        // What is left of a Deployment that is gone.
        let mut set = dump.get("Deployment", "web").clone();
        set["kind"] = json!("ReplicaSet");
        set["metadata"]["name"] = json!("gone-5c");
        set["metadata"]["uid"] = json!("gone");
        set["spec"]["replicas"] = json!(0);
        set["status"] = json!({"replicas": 0, "observedGeneration": 3});
        let text = set.to_string().replace(NEW, OLD);
        dump.0.push(serde_json::from_str(&text).unwrap());
    }),
    ("ExternalSecret", NEW, "not-synced", |dump| {
        set(dump, "ExternalSecret", NEW, "metadata/deletionTimestamp", json!(STARTED));
    }),
    ("ExternalSecret", NEW, "not-synced", |dump| {
        // Restored from a backup.
        set(dump, "ExternalSecret", NEW, "metadata/generation", json!(1));
        set(dump, "ExternalSecret", NEW, "status/syncedResourceVersion", json!("2-a"));
    }),
    ("Rollout", "buy", "rolling", |dump| {
        behind(dump, "buy-5b8c-1");
        set(dump, "Rollout", "buy", "status/phase", json!("Paused"));
        set(dump, "Rollout", "buy", "status/stableRS", json!("4a7b"));
        set(
            dump,
            "Rollout",
            "buy",
            "status/pauseConditions",
            json!([{"reason": "CanaryPauseStep", "startTime": STARTED}]),
        );
    }),
    ("Rollout", "buy", "aborted", |dump| {
        behind(dump, "buy-5b8c-0");
        behind(dump, "buy-5b8c-1");
        set(dump, "Rollout", "buy", "status/abort", json!(true));
        set(dump, "Rollout", "buy", "status/phase", json!("Degraded"));
        set(
            dump,
            "Rollout",
            "buy",
            "status/message",
            json!("RolloutAborted: metric \"errors\" assessed Failed"),
        );
        set(dump, "Rollout", "buy", "status/stableRS", json!("4a7b"));
    }),
    ("Rollout", "buy", "degraded", |dump| {
        set(dump, "Rollout", "buy", "status/phase", json!("Degraded"))
    }),
    ("Rollout", "buy", "rolling", |dump| {
        set(dump, "Rollout", "buy", "status/observedGeneration", json!("2"))
    }),
    // Flagger.
    ("Deployment", "pay", "moved", |_| {}),
    ("Deployment", "pay", "canary-failed", |dump| {
        let (new, old) = (format!("{NEW}-primary"), format!("{OLD}-primary"));
        dump.rename("Pod", "pay-primary-6c-0", &new, &old);
        set(dump, "Canary", "pay", "status/phase", json!("Failed"));
        set(
            dump,
            "Canary",
            "pay",
            "status/conditions",
            json!([{"type": "Promoted", "status": "False", "reason": "Failed",
            "message": "Canary analysis failed, Deployment scaled to zero."}]),
        );
    }),
    ("Deployment", "pay", "primary-copy", |dump| {
        let (new, old) = (format!("{NEW}-primary"), format!("{OLD}-primary"));
        dump.rename("Pod", "pay-primary-6c-0", &new, &old);
    }),
    ("Deployment", "pay", "rolling", |dump| {
        set(dump, "Canary", "pay", "status/phase", json!("Progressing"))
    }),
    ("Deployment", "pay", "missing-workload", |dump| dump.remove("Deployment", "pay-primary")),
    // An old ReplicaSet of the primary has a pod that is not in the input.
    ("Deployment", "pay", "missing-pods", |dump| {
        let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": "pay-primary-5b", "namespace": "shop", "generation": 1,
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "pay-primary", "uid": "p", "controller": true}]},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "a"}},
                "template": dump.get("Deployment", "pay-primary")["spec"]["template"]},
            "status": {"replicas": 1}});
        dump.0.push(set);
    }),
    // Without the Canary nobody sees that other pods get the traffic.
    ("Deployment", "pay", "missing-workload", |dump| {
        dump.remove("Canary", "pay");
        dump.remove("Deployment", "pay-primary");
        dump.remove("Pod", "pay-primary-6c-0");
    }),
    ("Deployment", "pay", "rolling", |dump| {
        set(dump, "Canary", "pay", "status/phase", json!("Progressing"));
        dump.rename(
            "Deployment",
            "pay-primary",
            &format!("{NEW}-primary"),
            &format!("{OLD}-primary"),
        );
        dump.rename(
            "Pod",
            "pay-primary-6c-0",
            &format!("{NEW}-primary"),
            &format!("{OLD}-primary"),
        );
    }),
    // What runs no pods.
    ("Ingress", "edge", "moved", |_| {}),
    ("Ingress", "edge", "not-checked", |dump| dump.remove("Ingress", "edge")),
    ("Ingress", "edge", "not-applied", |dump| {
        set(
            dump,
            "Ingress",
            "edge",
            "metadata/annotations",
            json!({"nginx.ingress.kubernetes.io/auth-secret": OLD}),
        );
    }),
    ("Role", "reader", "moved", |_| {}),
    ("Role", "reader", "not-applied", |dump| {
        set(dump, "Role", "reader", "rules/0/resourceNames", json!([OLD]))
    }),
    // ExternalSecrets.
    ("ExternalSecret", NEW, "moved", |_| {}),
    ("ExternalSecret", NEW, "not-synced", |dump| {
        set(
            dump,
            "ExternalSecret",
            NEW,
            "status/conditions/0",
            json!({"type": "Ready", "status": "False",
            "reason": "SecretSyncedError", "message": "could not get secret data from provider", "lastTransitionTime": STARTED}),
        );
    }),
    ("ExternalSecret", NEW, "not-synced", |dump| {
        set(dump, "ExternalSecret", NEW, "status/conditions/0/reason", json!("SecretDeleted"))
    }),
    ("ExternalSecret", NEW, "not-synced", |dump| {
        set(dump, "ExternalSecret", NEW, "status", json!({}))
    }),
    ("ExternalSecret", NEW, "not-synced", |dump| dump.remove("ExternalSecret", NEW)),
    ("ExternalSecret", NEW, "edited-in-place", |dump| {
        set(dump, "ExternalSecret", NEW, "status/syncedResourceVersion", json!("2-0123abcd"))
    }),
    ("ExternalSecret", NEW, "not-checked", |dump| {
        dump.remove("ExternalSecret", NEW);
        dump.remove("ExternalSecret", OLD);
    }),
    // What Git does not have.
    ("Pod", "debug", "old-version-in-use", |dump| {
        let mut one = dump.get("Pod", "web-5b8c-0").clone();
        one["metadata"] = json!({"name": "debug", "namespace": "shop", "uid": "d"});
        dump.0.push(one);
        behind(dump, "debug");
    }),
    ("Deployment", "left", "old-version-in-use", |dump| {
        let mut one = dump.get("Deployment", "web").clone();
        one["metadata"] = json!({"name": "left", "namespace": "shop", "uid": "l", "generation": 3});
        dump.0.push(one);
        dump.rename("Deployment", "left", NEW, OLD);
    }),
    ("ReplicaSet", "web-old", "old-version-in-use", |dump| {
        let template = json!({"spec": dump.get("Pod", "web-5b8c-0")["spec"].clone()});
        dump.0.push(pod(("ReplicaSet", "web-old"), "web-old-x", &template, "shop"));
        behind(dump, "web-old-x");
    }),
];

/// What is printed works: kubectl waits for no `OnDelete`, and the pods of a Canary are those of its primary.
#[test]
fn commands_name_what_kubectl_can_wait_for() {
    let sandbox = repository();
    let next = |change: Change, kind: &str, name: &str| {
        let mut dump = at_rest(&sandbox);
        change(&mut dump);
        let output = dump.verify(&sandbox, &["staging", "--format", "json"]).status(1);
        let value: Value = serde_json::from_str(&output.stdout).unwrap();
        let findings = state(&value, kind, name)["findings"].as_array().unwrap().iter();
        findings.filter_map(|one| one["next"].as_str()).collect::<Vec<_>>().join("\n")
    };
    let on_delete: Change = |dump| {
        behind(dump, "db-1");
        set(dump, "StatefulSet", "db", "spec/updateStrategy", json!({"type": "OnDelete"}));
        set(dump, "StatefulSet", "db", "status/updatedReplicas", json!(2));
        set(dump, "StatefulSet", "db", "status/currentRevision", json!("db-1"));
    };
    let found = next(on_delete, "StatefulSet", "db");
    assert!(!found.contains("rollout status"), "{found}");
    assert!(found.contains("kubectl delete pod db-1 -n shop"), "{found}");
    let progressing: Change =
        |dump| set(dump, "Canary", "pay", "status/phase", json!("Progressing"));
    let found = next(progressing, "Deployment", "pay");
    assert_eq!(found, "kubectl rollout status deployment/pay-primary -n shop");
}

#[test]
fn a_partition_names_the_pods_that_it_keeps() {
    let sandbox = repository();
    let mut dump = at_rest(&sandbox);
    behind(&mut dump, "db-0");
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 7}});
    set(&mut dump, "StatefulSet", "db", "spec/updateStrategy", strategy);
    set(&mut dump, "StatefulSet", "db", "spec/ordinals", json!({"start": 5}));
    set(&mut dump, "StatefulSet", "db", "status/updatedReplicas", json!(1));
    set(&mut dump, "StatefulSet", "db", "status/currentRevision", json!("db-1"));
    let output = dump.verify(&sandbox, &["staging"]).status(1);
    let words = "the partition 7 keeps pods 5 to 6 as they were; 1 of 3 pods are updated";
    assert!(output.stdout.contains(words), "{output}");
}

#[test]
fn a_job_that_names_no_version_is_said_to_run_without() {
    let sandbox = repository();
    let mut dump = at_rest(&sandbox);
    let mut job = dump.get("Job", "migrate").clone();
    job["metadata"] = json!({"name": "nightly-29221", "namespace": "shop", "uid": "n",
        "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "nightly", "controller": true}]});
    job["status"] = json!({"active": 0});
    job["spec"]["template"]["spec"]["containers"][0]["env"] = json!([]);
    dump.0.push(job);
    let output = dump.verify(&sandbox, &["staging"]).status(1);
    assert!(
        output.stdout.contains("Job nightly-29221 runs without auth; its template"),
        "{output}"
    );
}

#[test]
fn every_state_has_its_word_and_status() {
    assert!(CASES.len() >= 60);
    let schema = kept::<Verify>("verify.json");
    let sandbox = repository();
    let rest = at_rest(&sandbox);
    let mut wrong = Vec::new();
    for (index, (kind, name, word, change)) in CASES.iter().enumerate() {
        let mut dump = rest.clone();
        change(&mut dump);
        let output = dump.verify(&sandbox, &["staging", "--format", "json"]);
        let value = holds(&schema, &output);
        let found = state(&value, kind, name);
        let status = i32::from(!matches!(*word, "moved" | "not-checked"));
        if found["state"] != *word || output.status != status || value["complete"] != (status == 0)
        {
            let all = value["families"][0]["objects"].as_array().unwrap().iter();
            let others = all.filter(|one| one["state"] != "moved").map(|one| {
                format!(
                    "\n    {} {} {}: {}",
                    one["kind"], one["name"], one["state"], one["findings"]
                )
            });
            let others: String = others.collect();
            wrong.push(format!(
                "case {index}: {kind} {name} is no {word} (status {}):{others}",
                output.status
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is said in each format has the numbers, the message of the cluster and a command.
#[test]
fn each_format_says_why_and_what_next() {
    let sandbox = repository();
    let mut dump = at_rest(&sandbox);
    waiting(&mut dump, "web-5b8c-0", "CreateContainerConfigError", "secret \"x\" not found");
    behind(&mut dump, "db-0");
    for (format, says) in [
        (
            "text",
            [
                "waits: CreateContainerConfigError: secret \"x\" not found",
                "kubectl describe pod/web-5b8c-0 -n shop",
            ],
        ),
        (
            "markdown",
            [
                "| stuck | Deployment shop/web | 3 of 3 pods |",
                "1 of 3 pods runs 20250601090000: db-0",
            ],
        ),
        ("github", ["::error title=auth stuck::Deployment shop/web", "not complete: 2 of"]),
    ] {
        let output = dump.verify(&sandbox, &["staging", "--format", format]).status(1);
        for words in says {
            assert!(output.stdout.contains(words), "{format} does not say {words}:\n{output}");
        }
    }
    let output = at_rest(&sandbox).verify(&sandbox, &["staging"]).success();
    assert!(
        output
            .stdout
            .contains("complete: 7 workloads, 11 pods, all with what Git names in staging"),
        "{output}"
    );
    assert!(output.stdout.contains("rollback: Rollout `buy` cannot go back at once"), "{output}");
}
