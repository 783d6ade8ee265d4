//! The keys of a secret that a reference reads, next to its name.

use crate::k8s::found::Found;
use crate::k8s::heuristics;
use crate::k8s::references::CONFIGURED;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// Shapes of custom resources whose `key` is surely a key of the secret.
const SURE_SHAPES: &[&str] = &["like-kind-secret", "like-secret-ref", "like-selector"];

/// Rows whose mappings may hold anything.
const FREE_FORM: &[&str] = &["snapshot-class", "storage-class", CONFIGURED];

/// Fields next to the name that hold a key: for every row, or for one row.
const KEYS: &[(Option<&str>, &str)] = &[
    (None, "key"),
    (None, "valuesKey"),
    (Some("strimzi-client"), "certificate"),
    (Some("strimzi-client"), "password"),
    (Some("strimzi-listener"), "certificate"),
    (Some("tekton-interceptor"), "secretKey"),
];

/// Lists next to the name whose items are keys or mappings with a `key`.
const LISTS: &[&str] = &["entries", "items", "keys"];

/// The scalars of an object that hold keys of the secret which one of its references names.
#[must_use]
pub fn keys<'n>(object: &'n Node, found: &Found) -> Vec<&'n Node> {
    let row = found.row;
    let guessed = heuristics::ROWS.contains(&row) && !SURE_SHAPES.contains(&row);
    if guessed || FREE_FORM.contains(&row) || found.part.is_some() {
        return Vec::new();
    }
    let Some((_, above)) = found.path.0.split_last() else { return Vec::new() };
    let Some(map) = Path(above.to_vec()).follow(object) else { return Vec::new() };
    let own = KEYS.iter().filter(|(of, _)| of.is_none_or(|of| of == row));
    let own = own.filter_map(|(_, field)| map.get(field));
    let listed = LISTS.iter().filter_map(|field| map.get(field)).flat_map(Node::items);
    let listed = listed.filter_map(|item| item.get("key").or(Some(item)));
    own.chain(listed).filter(|node| node.str().is_some_and(is_key)).collect()
}

fn is_key(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.chars().all(plain)
}
