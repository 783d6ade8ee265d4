//! What tells kinds of objects apart: API group and kind.

use crate::yaml::node::Node;

/// The kind of a CRD, whose schema describes fields without having them.
pub const CUSTOM_RESOURCE_DEFINITION: &str = "CustomResourceDefinition";

/// The groups of Kubernetes' own API: every field of their kinds that names a Secret is in the catalogue.
const OWN: &[&str] = &[
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "lifecycle.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// Whether Kubernetes itself defines the kinds of a group.
#[must_use]
pub fn is_kubernetes_own(group: &str) -> bool {
    OWN.contains(&group)
}

/// The API group of an `apiVersion`; empty for the core group.
#[must_use]
pub fn group(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}

/// The API group of an object; empty for the core group, or when the object has none.
#[must_use]
pub fn group_of(object: &Node) -> &str {
    group(object.get("apiVersion").and_then(Node::str).unwrap_or_default())
}

/// The kind of an object; empty when it has none.
#[must_use]
pub fn kind_of(object: &Node) -> &str {
    object.get("kind").and_then(Node::str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::group;

    #[test]
    fn the_group_stands_before_the_version() {
        assert_eq!(group("v1"), "");
        assert_eq!(group("apps/v1"), "apps");
        assert_eq!(group("networking.k8s.io/v1beta1"), "networking.k8s.io");
    }
}
