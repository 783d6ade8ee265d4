//! What stands for a value of a Secret where it is copied out of it: what becomes of it, such as a name, is printed.

use crate::k8s::content::OPEN;
use crate::k8s::secret_name::split;
use crate::yaml::node::{Node, Provenance};

/// A value that was found at a path of an object, as it may be shown outside of Secrets; `None` if nothing of it is the
/// value of one. A versioned name is none.
pub(super) fn covered(kind: &str, path: &[String], value: &Node) -> Option<Node> {
    let mut steps: Vec<&str> = path.iter().map(String::as_str).collect();
    let mut covered = value.clone();
    cover(kind, &mut steps, value, &mut covered).then_some(covered)
}

/// Whether the values of a Secret are below a path: in a Secret itself, or in the template of one.
fn is_value(kind: &str, path: &[&str]) -> bool {
    let holds = |key: &str| matches!(key, "data" | "stringData");
    (kind == "Secret" && path.first().is_some_and(|key| !OPEN.contains(key)))
        || path.windows(2).any(|keys| keys[0] == "template" && holds(keys[1]))
}

/// Covers the values in a node, and returns whether there are any. What holds none is not touched, so it stays shared.
fn cover<'n>(kind: &str, path: &mut Vec<&'n str>, node: &'n Node, copy: &mut Node) -> bool {
    if let Some(text) = node.str() {
        let is_covered = is_value(kind, path) && split(text).is_none();
        if is_covered {
            *copy = node.with_text("hidden", Provenance::Derived);
        }
        return is_covered;
    }
    let mut any = false;
    for (index, entry) in node.entries().iter().enumerate() {
        path.push(entry.key.str().unwrap_or_default());
        let mut value = entry.value.clone();
        if cover(kind, path, &entry.value, &mut value) {
            any = true;
            if let Some(map) = copy.map_mut() {
                map.entries[index].value = value;
            }
        }
        path.pop();
    }
    for (index, item) in node.items().iter().enumerate() {
        path.push("");
        let mut value = item.clone();
        if cover(kind, path, item, &mut value) {
            any = true;
            if let Some(items) = copy.items_mut() {
                items[index] = value;
            }
        }
        path.pop();
    }
    any
}
