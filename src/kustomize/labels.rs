//! Labels and annotations that a kustomization gives its objects.

use crate::kustomize::build::Problem;
use crate::kustomize::field_spec::{FieldSpec, visit};
use crate::kustomize::object::Object;
use crate::yaml::node::{Entry, How, Map, Node, Value};

/// Sets the pairs in every such field of all objects.
///
/// # Errors
/// When such a field holds something else than a mapping.
pub fn set(objects: &mut [Object], pairs: &Node, fields: &[FieldSpec]) -> Result<(), Problem> {
    let mut entries: Vec<&Entry> = pairs.entries().iter().collect();
    entries.sort_by_key(|entry| entry.key.str());
    if entries.is_empty() {
        return Ok(());
    }
    for object in objects {
        let identity = object.identity();
        for field in fields.iter().filter(|field| field.selects(&identity)) {
            visit(&mut object.node, &field.path, field.create, &mut |node| put(node, &entries))?;
        }
    }
    Ok(())
}

fn put(node: &mut Node, entries: &[&Entry]) -> Result<(), Problem> {
    if node.scalar().is_some() {
        if node.str().is_some_and(|text| !matches!(text, "" | "~" | "null" | "Null" | "NULL")) {
            return Err(Problem::at("expected a mapping", node));
        }
        node.value = Value::Map(std::sync::Arc::new(Map::default()));
    }
    for entry in entries {
        let key = entry.key.str().unwrap_or_default();
        let value = Node { how: How::Patched, ..entry.value.clone() };
        if let Some(old) = node.get_mut(key) {
            *old = value;
        } else if let Some(map) = node.map_mut() {
            let key = Node { how: How::Patched, ..entry.key.clone() };
            map.entries.push(Entry { key, value, merged: false });
        }
    }
    Ok(())
}
