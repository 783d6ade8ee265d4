//! What `kubectl api-resources` prints: the kinds of a cluster, and what kubectl calls them.

use crate::k8s::resource::group;

/// A kind that a cluster has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What kubectl calls it: the plural, with the group.
    pub name: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// Whether its objects are in namespaces.
    pub is_namespaced: bool,
}

/// The kinds of a table without a heading: name, short names if there are any, version, whether it is in namespaces, kind.
#[must_use]
pub fn resources(table: &str) -> Vec<Resource> {
    table.lines().filter_map(resource).collect()
}

fn resource(line: &str) -> Option<Resource> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (plural, version, namespaced, kind) = match words[..] {
        [plural, version, namespaced, kind] | [plural, _, version, namespaced, kind] => {
            (plural, version, namespaced, kind)
        }
        _ => return None,
    };
    let is_name = |text: &str| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        text.bytes().next().is_some_and(is_plain)
            && text.bytes().all(|byte| is_plain(byte) || b"-.".contains(&byte))
    };
    let group = group(version);
    let name = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
    let is_namespaced = match namespaced {
        "true" => true,
        "false" => false,
        _ => return None,
    };
    let (group, kind) = (group.to_owned(), kind.to_owned());
    is_name(&name).then_some(Resource { name, group, kind, is_namespaced })
}

#[cfg(test)]
mod tests {
    use super::resources;

    #[test]
    fn a_table_is_read_with_and_without_short_names() {
        let table = "\
pods                 po         v1                       true    Pod
clusterissuers                  cert-manager.io/v1       false   ClusterIssuer
deployments          deploy     apps/v1                  true    Deployment
--all                           apps/v1                  true    Odd
what is this, it is no line of a table
";
        let found = resources(table);
        let found: Vec<(&str, &str, bool)> =
            found.iter().map(|one| (&*one.name, &*one.kind, one.is_namespaced)).collect();
        assert_eq!(
            found,
            [
                ("pods", "Pod", true),
                ("clusterissuers.cert-manager.io", "ClusterIssuer", false),
                ("deployments.apps", "Deployment", true)
            ]
        );
    }
}
