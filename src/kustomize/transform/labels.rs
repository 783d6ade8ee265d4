//! Labels and annotations that a kustomization gives its objects.

use std::sync::Arc;

use crate::kustomize::fields::config::{Config, Fields, field_specs, merge};
use crate::kustomize::fields::field_spec::{FieldSpec, visit};
use crate::kustomize::load::kustomization::Kustomization;
use crate::kustomize::model::object::Object;
use crate::text::problem::Problem;
use crate::yaml::node::{Entry, Map, Node, Provenance, Value};
use crate::yaml::scalar::{Kind, Schema, kind};

/// Sets what `labels`, `commonLabels` and `commonAnnotations` say.
///
/// # Errors
/// When a field that should hold labels or annotations holds something else.
pub fn set_all(
    objects: &mut [Object],
    kustomization: &Kustomization,
    config: &Config,
) -> Result<(), Problem> {
    for entry in kustomization.items("labels") {
        if let Some(pairs) = entry.get("pairs") {
            set(objects, pairs, &label_fields(entry, config)?)?;
        }
    }
    for (key, fields) in
        [("commonLabels", &config.labels), ("commonAnnotations", &config.annotations)]
    {
        if let Some(pairs) = kustomization.get(key) {
            set(objects, pairs, fields)?;
        }
    }
    Ok(())
}

/// The fields that an entry of `labels` sets.
fn label_fields(entry: &Node, config: &Config) -> Result<Fields, Problem> {
    let flag = |key: &str| {
        entry.get(key).and_then(|value| kind(value, Schema::Kubectl)) == Some(Kind::Bool(true))
    };
    let mut fields = entry.get("fields").map(field_specs).unwrap_or_default();
    if flag("includeSelectors") {
        merge(&mut fields, &config.labels)?;
    } else {
        if flag("includeTemplates") {
            merge(&mut fields, &config.template_labels)?;
        }
        merge(&mut fields, &config.own_labels)?;
    }
    Ok(fields)
}

/// Sets the pairs in each of these fields of all objects.
///
/// # Errors
/// If such a field holds something other than a mapping.
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
        node.value = Value::Map(Arc::new(Map::default()));
    }
    for entry in entries {
        let key = entry.key.str().unwrap_or_default();
        let value = Node { how: Provenance::Patched, ..entry.value.clone() };
        if let Some(old) = node.get_mut(key) {
            *old = value;
        } else if let Some(map) = node.map_mut() {
            let key = Node { how: Provenance::Patched, ..entry.key.clone() };
            map.push(Entry::new(key, value));
        }
    }
    Ok(())
}
