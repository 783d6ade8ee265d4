//! What counts in a build: the references of the core kinds, what makes secrets, and which objects there are.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_yaml::Value;

use crate::objects::{self, Identity, Object, at, items};

/// Where each core kind keeps its pod spec.
const POD_SPECS: [(&str, &[&str]); 9] = [
    ("Pod", &["spec"]),
    ("PodTemplate", &["template", "spec"]),
    ("Deployment", &["spec", "template", "spec"]),
    ("ReplicaSet", &["spec", "template", "spec"]),
    ("DaemonSet", &["spec", "template", "spec"]),
    ("StatefulSet", &["spec", "template", "spec"]),
    ("ReplicationController", &["spec", "template", "spec"]),
    ("Job", &["spec", "template", "spec"]),
    ("CronJob", &["spec", "jobTemplate", "spec", "template", "spec"]),
];

const CORE_GROUPS: [&str; 5] = ["", "apps", "batch", "extensions", "networking.k8s.io"];

const PROVIDERS: [&str; 3] = ["ExternalSecret", "SealedSecret", "Secret"];

const INGRESS_ANNOTATIONS: [&str; 3] = [
    "ingress.kubernetes.io/auth-secret",
    "nginx.ingress.kubernetes.io/auth-secret",
    "nginx.ingress.kubernetes.io/auth-tls-secret",
];

/// How often each fact holds. A fact is an object, a field (empty for a provider) and a secret's name.
type Counted = BTreeMap<(Identity, String, String), usize>;

/// What is compared.
#[derive(Default)]
pub(crate) struct Facts {
    references: Counted,
    providers: Counted,
    objects: Counted,
}

impl Facts {
    /// Those of what kubectl renders.
    pub(crate) fn rendered(objects: &[Object]) -> Self {
        let mut facts = Self::default();
        for object in objects {
            let identity = object.identity();
            for (field, secret) in references(object) {
                count(&mut facts.references, &identity, &field, &secret);
            }
            if let Some(secret) = provided(object) {
                count(&mut facts.providers, &identity, "", secret);
            }
            count(&mut facts.objects, &identity, "", "");
        }
        facts
    }

    /// Those of a root that `rotate refs` reports.
    pub(crate) fn reported(root: &Json) -> Self {
        let text = |entry: &Json, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let identity = |entry: &Json| {
            let namespace = entry["namespace"].as_str().map(str::to_owned);
            (text(entry, "kind"), namespace, entry["name"].as_str().map(str::to_owned))
        };
        let mut facts = Self::default();
        for entry in root["references"].as_array().unwrap() {
            if is_core(&text(entry, "kind"), &text(entry, "apiVersion")) {
                let (field, secret) = (text(entry, "field"), text(entry, "secret"));
                if !mentions(&field) {
                    count(&mut facts.references, &identity(entry), &field, &secret);
                }
            }
        }
        for entry in root["providers"].as_array().unwrap() {
            if PROVIDERS.contains(&text(entry, "kind").as_str()) {
                count(&mut facts.providers, &identity(entry), "", &text(entry, "secret"));
            }
        }
        for entry in root["resources"].as_array().expect("--resources lists them") {
            count(&mut facts.objects, &identity(entry), "", "");
        }
        facts
    }
}

fn count(counted: &mut Counted, identity: &Identity, field: &str, secret: &str) {
    *counted.entry((identity.clone(), field.to_owned(), secret.to_owned())).or_default() += 1;
}

fn is_core(kind: &str, version: &str) -> bool {
    let known = POD_SPECS.iter().any(|(name, _)| *name == kind);
    (known || kind == "ServiceAccount" || kind == "Ingress")
        && CORE_GROUPS.contains(&objects::group(version))
}

/// Fields of core kinds that no catalogue of fields can foresee: names found by their value, or watched for.
fn mentions(field: &str) -> bool {
    let last = field.rsplit(['.', ']']).find(|part| !part.is_empty()).unwrap_or_default();
    field.contains("reloader") || field.contains("args[") || last == "value"
}

/// Every reference of the fields that are compared.
fn references(object: &Object) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if !CORE_GROUPS.contains(&object.group()) {
        return found;
    }
    let mut add = |field: String, secret: Option<&Value>| {
        if let Some(secret) = secret.and_then(Value::as_str).filter(|secret| !secret.is_empty()) {
            found.push((field, secret.to_owned()));
        }
    };
    match object.kind() {
        "ServiceAccount" => {
            for list in ["secrets", "imagePullSecrets"] {
                for (index, item) in items(object.0.get(list)) {
                    add(format!("{list}[{index}].name"), item.get("name"));
                }
            }
        }
        "Ingress" => of_ingress(object, &mut add),
        kind => {
            if let Some((_, path)) = POD_SPECS.iter().find(|(name, _)| *name == kind)
                && let Some(spec) = at(&object.0, path)
            {
                of_pod(spec, &path.join("."), &mut add);
            }
        }
    }
    found
}

fn of_ingress(object: &Object, add: &mut dyn FnMut(String, Option<&Value>)) {
    for (index, item) in items(at(&object.0, &["spec", "tls"])) {
        add(format!("spec.tls[{index}].secretName"), item.get("secretName"));
    }
    for name in INGRESS_ANNOTATIONS {
        if let Some(text) = object.text(&["metadata", "annotations", name]) {
            let secret = text.rsplit('/').next().unwrap_or_default().to_owned();
            add(format!("metadata.annotations[{name}]"), Some(&Value::String(secret)));
        }
    }
}

fn of_pod(spec: &Value, base: &str, add: &mut dyn FnMut(String, Option<&Value>)) {
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for (at_container, container) in items(spec.get(list)) {
            let container_path = format!("{base}.{list}[{at_container}]");
            for (index, item) in items(container.get("env")) {
                let field = format!("{container_path}.env[{index}].valueFrom.secretKeyRef.name");
                add(field, at(item, &["valueFrom", "secretKeyRef", "name"]));
            }
            for (index, item) in items(container.get("envFrom")) {
                let field = format!("{container_path}.envFrom[{index}].secretRef.name");
                add(field, at(item, &["secretRef", "name"]));
            }
        }
    }
    for (index, volume) in items(spec.get("volumes")) {
        let path = format!("{base}.volumes[{index}]");
        add(format!("{path}.secret.secretName"), at(volume, &["secret", "secretName"]));
        for (source, item) in items(at(volume, &["projected", "sources"])) {
            let field = format!("{path}.projected.sources[{source}].secret.name");
            add(field, at(item, &["secret", "name"]));
        }
        let field = format!("{path}.csi.nodePublishSecretRef.name");
        add(field, at(volume, &["csi", "nodePublishSecretRef", "name"]));
    }
    for (index, item) in items(spec.get("imagePullSecrets")) {
        add(format!("{base}.imagePullSecrets[{index}].name"), item.get("name"));
    }
}

/// The secret that an object makes.
fn provided(object: &Object) -> Option<&str> {
    match (object.kind(), object.group()) {
        ("Secret", "") => object.name(),
        ("ExternalSecret", "external-secrets.io") => {
            object.text(&["spec", "target", "name"]).or(object.name())
        }
        ("SealedSecret", _) => {
            object.text(&["spec", "template", "metadata", "name"]).or(object.name())
        }
        _ => None,
    }
}

/// What differs, one line each.
pub(crate) fn compare(directory: &str, expected: &Facts, reported: &Facts) -> Vec<String> {
    let rows = [
        ("reference", &expected.references, &reported.references),
        ("provider", &expected.providers, &reported.providers),
        ("object", &expected.objects, &reported.objects),
    ];
    let mut lines = Vec::new();
    for (what, expected, reported) in rows {
        for (side, here, there) in
            [("not reported", expected, reported), ("not rendered", reported, expected)]
        {
            for (fact, times) in here {
                if there.get(fact).is_none_or(|others| others < times) {
                    lines.push(format!("{directory}: {what} {side}: {fact:?}"));
                }
            }
        }
    }
    lines
}
