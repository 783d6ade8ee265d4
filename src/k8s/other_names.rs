//! Fields that name something else than a Secret, however much the name looks like one.

use crate::k8s::pattern::trail::Trail;
use crate::k8s::resource::{group_of, is_kubernetes_own, kind_of};
use crate::yaml::node::Node;

/// Keys of Kubernetes' own objects below which a text is free.
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

/// Keys whose own value names something else, in objects and in the values of charts.
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

/// Keys of lists and mappings whose `name` is that of an item, or of a thing of the key's own kind.
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

/// Kinds by which a reference means the Secret itself.
const SECRET: &str = "Secret";

/// Whether a field of an object names something else than a Secret, so that a text in it is none's name.
#[must_use]
pub fn names_another(object: &Node, trail: &Trail<'_>) -> bool {
    if is_own_kind(object) && !is_free_text(object, trail) {
        return true;
    }
    let mut keys = trail.keys_upward();
    let last = keys.next().unwrap_or_default();
    // An annotation tells by its own key what it lists.
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

/// Whether a text at the end of the way may say anything.
fn is_free_text(object: &Node, trail: &Trail<'_>) -> bool {
    let mut keys = trail.keys_upward();
    let (last, above) = (keys.next().unwrap_or_default(), keys.next().unwrap_or_default());
    let is_value = last == "value" && matches!(above, "env" | "httpHeaders");
    // The options of a name server are its own, and the parameters of an IngressClass are an object that is named here.
    let is_free = |key: &str| match key {
        "options" => trail.keys_upward().any(|key| key == "flexVolume"),
        "parameters" => kind_of(object) != "IngressClass",
        _ => FREE_TEXT.contains(&key),
    };
    is_value || trail.keys_upward().any(is_free)
}
