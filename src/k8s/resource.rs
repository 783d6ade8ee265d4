//! What tells kinds of objects apart: API group and kind.

use crate::yaml::node::Node;

/// The kind of a CRD, whose schema talks about fields without having them.
pub const CUSTOM_RESOURCE_DEFINITION: &str = "CustomResourceDefinition";

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
