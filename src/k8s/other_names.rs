//! Fields that name something other than a Secret, even if the name looks like a secret's.

use crate::k8s::pattern::trail::Trail;
use crate::k8s::resource::{group_of, is_kubernetes_own, kind_of};
use crate::yaml::node::Node;

/// Keys of Kubernetes' own objects below which text is free-form.
const FREE_TEXT: &[&str] = &[
    "annotations",
    "args",
    "binaryData",
    "command",
    "data",
    "mountPath",
    "subPath",
    "subPathExpr",
    "volumeAttributes",
    "workingDir",
];

/// Keys whose own value names something else, in objects and in chart values.
const NAMES_OTHERS: &[&str] = &[
    "claimName",
    "className",
    "configMap",
    "configMapName",
    "containerName",
    "existingClaim",
    "fullnameOverride",
    "generateName",
    "hostname",
    "image",
    "ingressClassName",
    "nameOverride",
    "namespace",
    "nodeName",
    "priorityClassName",
    "repository",
    "runtimeClassName",
    "schedulerName",
    "serviceAccount",
    "serviceAccountName",
    "serviceName",
    "storageClass",
    "storageClassName",
    "subdomain",
    "tag",
    "topologyKey",
    "volumeName",
];

/// Keys below which nothing names a Secret.
const ABOVE_OTHERS: &[&str] = &[
    "commonLabels",
    "configMap",
    "configMapExpressions",
    "configMapKeyRef",
    "configMapRef",
    "defaultBackend",
    "labels",
    "labelSelector",
    "matchExpressions",
    "matchLabels",
    "namespaceSelector",
    "nodeSelector",
    "podLabels",
    "podSelector",
    "roleRef",
    "scaleTargetRef",
    "selector",
    "selectorLabels",
    "subjects",
];

/// Keys of lists and mappings whose `name` is that of an item, or of an object of the kind the key stands for.
const OF_NAMED: &[&str] = &[
    "backendRefs",
    "containers",
    "env",
    "ephemeralContainers",
    "image",
    "initContainers",
    "ports",
    "service",
    "serviceAccount",
    "serviceRef",
    "volumeDevices",
    "volumeMounts",
    "volumes",
];

/// The kind of a reference that means the Secret itself.
const SECRET: &str = "Secret";

/// Whether a field of an object names something other than a Secret, so that its text is not a secret's name.
#[must_use]
pub fn names_another(object: &Node, trail: &Trail<'_>) -> bool {
    if is_own_kind(object) && !is_free_text(object, trail) {
        return true;
    }
    let mut keys = trail.keys_upward();
    let last = keys.next().unwrap_or_default();
    // The key of an annotation indicates what it lists.
    if last.to_ascii_lowercase().contains("configmap") || NAMES_OTHERS.contains(&last) {
        return true;
    }
    if last == "name" {
        let of_kind = trail.last_key().and_then(|(map, _)| map.get("kind")).and_then(Node::str);
        if of_kind.is_some_and(|kind| kind != SECRET)
            || keys.next().is_some_and(|key| OF_NAMED.contains(&key))
        {
            return true;
        }
    }
    trail.keys_upward().skip(1).any(|key| ABOVE_OTHERS.contains(&key))
}

/// Whether Kubernetes itself defines an object's kind.
fn is_own_kind(object: &Node) -> bool {
    let is_object = !kind_of(object).is_empty() && object.get("apiVersion").is_some();
    is_object && is_kubernetes_own(group_of(object))
}

/// Whether the text at the end of the trail is free-form.
fn is_free_text(object: &Node, trail: &Trail<'_>) -> bool {
    let mut keys = trail.keys_upward();
    let (last, above) = (keys.next().unwrap_or_default(), keys.next().unwrap_or_default());
    let is_value = last == "value" && matches!(above, "env" | "httpHeaders");
    // `options` is free-form only in a flexVolume; the `parameters` of an IngressClass reference another object.
    let is_free = |key: &str| match key {
        "options" => trail.keys_upward().any(|key| key == "flexVolume"),
        "parameters" => kind_of(object) != "IngressClass",
        _ => FREE_TEXT.contains(&key),
    };
    is_value || trail.keys_upward().any(is_free)
}
