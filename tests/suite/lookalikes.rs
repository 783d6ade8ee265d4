//! The name of a secret in every field of Kubernetes' own kinds, from the types of its API: it moves where a Secret can be
//! meant, and nowhere else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use k8s_openapi::Resource;
use k8s_openapi::api::{
    admissionregistration, apps, authentication, authorization, autoscaling, batch, certificates,
    coordination, core, discovery, events, flowcontrol, networking, node, policy, rbac, resource,
    scheduling, storage, storagemigration,
};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::support::{NOW, Sandbox};

const OLD: &str = "auth-20250701000000";
const NEW: &str = "auth-20250820110000";

/// What a field may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The name of a Secret.
    Secret,
    /// Anything: a text that programs read.
    Text,
    /// Something else than the name of a Secret.
    Other,
}

/// Keys below which programs read what they like.
const TEXTS: &[&str] = &[
    "annotations",
    "args",
    "command",
    "data",
    "mountPath",
    "subPath",
    "subPathExpr",
    "volumeAttributes",
    "workingDir",
];

impl Meaning {
    /// By the path's keys alone, since the types of the API do not say it.
    fn of(kind: &str, path: &[String]) -> Self {
        let last = path.last().map_or("", String::as_str);
        let above = path.iter().rev().filter(|key| *key != "[]").nth(1).map_or("", String::as_str);
        let is_secret = |key: &String| key.to_ascii_lowercase().contains("secret");
        if path.iter().any(is_secret) && matches!(last, "name" | "secretName") {
            return Self::Secret;
        }
        // A Secret's own content is its value, and a role's rules name by themselves.
        if kind == "Secret" && path[0] != "metadata" {
            return Self::Other;
        }
        let is_value = last == "value" && matches!(above, "env" | "httpHeaders");
        let is_text = is_value
            || path.iter().any(|key| match key.as_str() {
                "options" => path.iter().any(|key| key == "flexVolume"),
                "parameters" => kind != "IngressClass",
                key => TEXTS.contains(&key),
            });
        if is_text { Self::Text } else { Self::Other }
    }
}

/// Every field of a kind that is a text, as a path of keys; `[]` is an item.
struct Fields {
    definitions: Map<String, Value>,
    found: Vec<Vec<String>>,
}

impl Fields {
    fn of<T: JsonSchema>() -> Vec<Vec<String>> {
        let schema =
            serde_json::to_value(SchemaGenerator::default().into_root_schema_for::<T>()).unwrap();
        let definitions = schema["$defs"].as_object().cloned().unwrap_or_default();
        let mut fields = Self { definitions, found: Vec::new() };
        fields.walk(&schema, &mut Vec::new(), &mut Vec::new());
        fields.found
    }

    fn walk(&mut self, schema: &Value, path: &mut Vec<String>, inside: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
            // Some types hold themselves.
            if !inside.iter().any(|outer| outer == name) {
                let definition = self.definitions.get(name).cloned().unwrap_or_default();
                inside.push(name.to_owned());
                self.walk(&definition, path, inside);
                inside.pop();
            }
            return;
        }
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            self.below(key, property, path, inside);
        }
        if schema["additionalProperties"].is_object() {
            self.below("a", &schema["additionalProperties"], path, inside);
        }
        if schema["items"].is_object() {
            self.below("[]", &schema["items"], path, inside);
        }
        let is_text = schema["type"] == "string" && schema["format"].is_null();
        if is_text && !matches!(path.last().map(String::as_str), Some("kind" | "apiVersion")) {
            self.found.push(path.clone());
        }
    }

    fn below(
        &mut self,
        key: &str,
        schema: &Value,
        path: &mut Vec<String>,
        inside: &mut Vec<String>,
    ) {
        path.push(key.to_owned());
        self.walk(schema, path, inside);
        path.pop();
    }
}

/// A value with one text, at the end of a path.
fn at(path: &[String], text: &str) -> Value {
    match path.split_first() {
        None => json!(text),
        Some((key, rest)) if key == "[]" => json!([at(rest, text)]),
        Some((key, rest)) => json!({ key: at(rest, text) }),
    }
}

struct Kind {
    api_version: &'static str,
    kind: &'static str,
    fields: Vec<Vec<String>>,
}

fn kind<T: Resource + JsonSchema>() -> Kind {
    Kind { api_version: T::API_VERSION, kind: T::KIND, fields: Fields::of::<T>() }
}

macro_rules! kinds {
    ($($module:path: $($name:ident),+;)+) => {{
        let mut all = Vec::new();
        $({ use $module as api; $(all.push(kind::<api::$name>());)+ })+
        all
    }};
}

#[rustfmt::skip] // a line a version of a group
fn kinds() -> Vec<Kind> {
    kinds! {
        admissionregistration::v1: MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration;
        apps::v1: ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet;
        authentication::v1: SelfSubjectReview, TokenRequest, TokenReview;
        authorization::v1: LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview;
        autoscaling::v1: Scale;
        autoscaling::v2: HorizontalPodAutoscaler;
        batch::v1: CronJob, Job;
        certificates::v1: CertificateSigningRequest, ClusterTrustBundle, PodCertificateRequest;
        coordination::v1: Lease;
        core::v1: Binding, ComponentStatus, ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, PodTemplate, ReplicationController, ResourceQuota, Secret, Service, ServiceAccount;
        discovery::v1: EndpointSlice;
        events::v1: Event;
        flowcontrol::v1: FlowSchema, PriorityLevelConfiguration;
        networking::v1: IPAddress, Ingress, IngressClass, NetworkPolicy, ServiceCIDR;
        node::v1: RuntimeClass;
        policy::v1: Eviction, PodDisruptionBudget;
        rbac::v1: ClusterRole, ClusterRoleBinding, Role, RoleBinding;
        resource::v1: DeviceClass, DeviceTaintRule, ResourceClaim, ResourceClaimTemplate, ResourceSlice;
        scheduling::v1: PriorityClass;
        storage::v1: CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass;
        storagemigration::v1: StorageVersionMigration;
    }
}

/// Bumps a family whose old name a list of objects spells; with the objects before and after, as JSON.
fn bumped(manifests: &[String]) -> Vec<(String, String)> {
    let web = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: web }}\nspec: {{ containers: [{{ name: web, envFrom: [{{ secretRef: {{ name: {OLD} }} }}] }}] }}\n"
    );
    let stub = format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: {OLD} }}\nspec: {{ dataFrom: [{{ extract: {{ key: a, version: \"20250701000000\" }} }}] }}\n"
    );
    let sandbox = Sandbox::staging(&[("web.yaml", &web), ("stub.yaml", &stub)]);
    sandbox.write("staging/fields.yaml", &manifests.join("\n---\n"));
    let _ = sandbox.rotate(&["bump", "staging", "--version", NEW, "--at", NOW]).success();
    assert!(sandbox.read("staging/web.yaml").contains(NEW));
    let after = sandbox.read("staging/fields.yaml");
    let after: Vec<String> = after.split("\n---\n").map(str::to_owned).collect();
    assert_eq!(after.len(), manifests.len());
    manifests.iter().cloned().zip(after).collect()
}

/// An object with one text in it, at the end of a path, and a name of its own.
fn object(api_version: &str, kind: &str, path: &[String], number: usize) -> String {
    let mut object = at(path, OLD);
    object["apiVersion"] = json!(api_version);
    object["kind"] = json!(kind);
    if path != ["metadata", "name"] {
        object["metadata"]["name"] = json!(format!("object-{number}"));
    }
    serde_json::to_string(&object).unwrap()
}

#[test]
fn a_look_alike_stays_in_every_field_of_kubernetes_own_kinds() {
    let mut manifests = Vec::new();
    let mut fields: Vec<(String, Meaning)> = Vec::new();
    // The template of a Job cannot change, and a VolumeAttachment is made by the cluster.
    let written =
        kinds().into_iter().filter(|kind| !matches!(kind.kind, "Job" | "VolumeAttachment"));
    for Kind { api_version, kind, fields: all } in written {
        for path in all {
            manifests.push(object(api_version, kind, &path, fields.len()));
            fields.push((format!("{kind} {}", path.join(".")), Meaning::of(kind, &path)));
        }
    }
    assert!(fields.len() > 3000, "{} fields only", fields.len());
    let mut wrong: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for ((field, meaning), (then, now)) in fields.iter().zip(&bumped(&manifests)) {
        let what = match (meaning, now != then) {
            (Meaning::Secret, false) => "stays and names a Secret",
            (Meaning::Text, false) => "stays and may say anything",
            (Meaning::Other, true) => "moves and names no Secret",
            _ => continue,
        };
        wrong.entry(what).or_default().push(field);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Fields of custom kinds whose key speaks of secrets and that name something else: a file, a namespace, a key, a store.
#[test]
fn a_look_alike_stays_in_fields_that_only_speak_of_secrets() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(root.join("fixtures/lookalikes.tsv")).unwrap();
    let fields = list.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let manifests = fields.enumerate().map(|(number, field)| {
        let [group, kind, version, path] = field[..] else { panic!("{field:?}") };
        let keys = path.replace("[]", ".[]").replace('*', "a");
        let keys: Vec<String> = keys.split('.').map(str::to_owned).collect();
        object(&format!("{group}/{version}"), kind, &keys, number)
    });
    let manifests: Vec<String> = manifests.collect();
    assert!(manifests.len() > 200, "{} fields only", manifests.len());
    let moved: Vec<String> = bumped(&manifests)
        .into_iter()
        .filter(|(then, now)| then != now)
        .map(|(then, _)| then)
        .collect();
    assert!(moved.is_empty(), "{moved:#?}");
}

/// A path or a line of a script that holds the name moves whatever its key is, and so does a value of a chart.
#[test]
fn a_name_in_a_text_moves_whatever_its_key_is() {
    let texts = [
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" }, "data": { "DB_SECRET_PATH": format!("/mnt/{OLD}/password") } }),
        json!({ "apiVersion": "example.com/v1", "kind": "Mailer", "metadata": { "name": "b" }, "spec": { "secretFile": format!("/run/secrets/{OLD}/token") } }),
        json!({ "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": { "name": "c" }, "spec": { "values": { "tls": { "secretStore": OLD } } } }),
    ];
    let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
    for (then, now) in bumped(&texts) {
        assert_eq!(now, then.replace(OLD, NEW));
    }
}
