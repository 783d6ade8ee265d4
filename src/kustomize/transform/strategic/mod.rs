//! Strategic merge as in kustomize: mappings are merged, some lists by key, everything else is replaced.

use std::sync::Arc;

use crate::k8s::schema::{Field, Shape};
use crate::kustomize::transform::strategic::directive::{Directive, of_list, of_map, without};
use crate::text::problem::Problem;
use crate::yaml::node::{Entry, Map, Node, Style, Tag, Value};
use crate::yaml::scalar::{Kind, Schema, is_null, kind};

pub mod directive;
pub mod list;

/// What a value is merged with.
#[derive(Debug, Clone)]
pub enum With {
    /// Nothing: the patch does not mention it.
    Nothing,
    /// Itself: a patch added it, and it still contains its delete directives.
    Itself,
    /// What the patch says.
    Patch(Node),
}

/// Merges a patch into an object; `None` when the patch deletes it.
///
/// # Errors
/// If the patch has a mapping, a list or a scalar where the object has a different type, or if
/// it has an unknown `$patch` directive.
pub fn merge(object: &Node, patch: &Node) -> Result<Option<Node>, Problem> {
    // At the root kustomize computes the replacement and drops it.
    if of_map(patch)? == Some(Directive::Replace) {
        return Ok(Some(object.clone()));
    }
    walk(Some(object.clone()), With::Patch(patch.clone()), None)
}

/// Merges one value; `field` is its schema.
///
/// # Errors
/// As [`merge`].
pub fn walk(
    value: Option<Node>,
    with: With,
    field: Option<Field>,
) -> Result<Option<Node>, Problem> {
    let present = value.filter(|value| !is_null(value) || matches!(with, With::Nothing));
    match (present, with) {
        (value, With::Nothing) => {
            let Some(value) = value.filter(|value| !is_blank(value)) else { return Ok(None) };
            if is_settled(&value, field) {
                Ok(Some(value))
            } else {
                same_kind(value, With::Nothing, field)
            }
        }
        (None, With::Itself) => Ok(None),
        (None, With::Patch(patch)) => added(patch, field),
        (Some(_), With::Patch(patch)) if is_null(&patch) => Ok(None),
        (Some(value), With::Patch(patch)) if name(&value) != name(&patch) => {
            let message =
                format!("the patch has {} where the object has {}", name(&patch), name(&value));
            Err(Problem::at(message, &patch))
        }
        (Some(value), with) => same_kind(value, with, field),
    }
}

/// Adds a value that only the patch has.
fn added(patch: Node, field: Option<Field>) -> Result<Option<Node>, Problem> {
    match &patch.value {
        Value::Scalar(_) => Ok(Some(patch).filter(|patch| !is_null(patch))),
        Value::Map(_) => match of_map(&patch) {
            Ok(Some(Directive::Delete)) => Ok(None),
            Ok(_) => map(without_known(patch), With::Itself, field),
            // Kustomize treats `$patch` with an unknown value as an ordinary key if there is nothing to merge with.
            Err(_) => map(patch, With::Itself, field),
        },
        Value::Seq(_) => match field.and_then(|field| field.keys) {
            Some(keys) => {
                list::join(patch, &With::Itself, keys, field.and_then(|f| f.shape)).map(Some)
            }
            None => Ok(Some(patch)),
        },
    }
}

fn same_kind(value: Node, with: With, field: Option<Field>) -> Result<Option<Node>, Problem> {
    match &value.value {
        Value::Scalar(_) => Ok(Some(match with {
            With::Patch(patch) => patch,
            With::Nothing | With::Itself => value,
        })),
        Value::Map(_) => directed_map(value, with, field),
        Value::Seq(_) => directed_list(value, with, field),
    }
}

fn directed_map(value: Node, with: With, field: Option<Field>) -> Result<Option<Node>, Problem> {
    let directive = match &with {
        With::Nothing => None,
        With::Itself => of_map(&value)?,
        With::Patch(patch) => of_map(patch)?,
    };
    match (directive, with) {
        (Some(Directive::Delete), _) => Ok(None),
        (Some(_), With::Itself) => map(without(value), With::Itself, field),
        (Some(Directive::Replace), With::Patch(patch)) => map(without(patch), With::Itself, field),
        (Some(Directive::Merge), With::Patch(patch)) => {
            map(value, With::Patch(without(patch)), field)
        }
        (_, with) => map(value, with, field),
    }
}

fn directed_list(value: Node, with: With, field: Option<Field>) -> Result<Option<Node>, Problem> {
    let shape = field.and_then(|field| field.shape);
    let Some(keys) = field.and_then(|field| field.keys) else {
        return Ok(Some(match with {
            With::Patch(patch) => patch,
            With::Nothing | With::Itself => value,
        }));
    };
    let directive = match &with {
        With::Nothing => None,
        With::Itself => of_list(&value)?,
        With::Patch(patch) => of_list(patch)?,
    };
    let joined = match (directive, with) {
        (Some(Directive::Delete), _) => return Ok(None),
        (Some(_), With::Itself) => list::join(without(value), &With::Itself, keys, shape),
        (Some(Directive::Replace), With::Patch(patch)) => {
            list::join(without(patch), &With::Itself, keys, shape)
        }
        (Some(Directive::Merge), With::Patch(patch)) => {
            list::join(value, &With::Patch(without(patch)), keys, shape)
        }
        (_, with) => list::join(value, &with, keys, shape),
    };
    joined.map(Some)
}

/// Merges the fields of a mapping, those of the object first.
fn map(mut node: Node, with: With, field: Option<Field>) -> Result<Option<Node>, Problem> {
    let shape = field.and_then(|field| field.shape).or_else(|| shape_of(&node, &with));
    let Value::Map(own) = &node.value else { return Ok(Some(node)) };
    let mut entries = Vec::with_capacity(own.entries.len());
    for (index, entry) in own.entries.iter().enumerate() {
        let key = entry.key.str().unwrap_or_default();
        if shadowed(own, index, entry) {
            continue;
        }
        let partner = match &with {
            With::Nothing => With::Nothing,
            With::Itself => With::Itself,
            With::Patch(patch) => patch.get(key).cloned().map_or(With::Nothing, With::Patch),
        };
        let field = shape.and_then(|shape| shape.field(key));
        if let Some(value) = walk(Some(entry.value.clone()), partner, field)? {
            let value = keep_quotes(&entry.value, value);
            entries.push(Entry::new(entry.key.clone(), value));
        }
    }
    if let With::Patch(patch) = &with {
        for (index, entry) in patch.entries().iter().enumerate() {
            let key = entry.key.str().unwrap_or_default();
            let new = node.get(key).is_none();
            if !new || patch.entries()[..index].iter().any(|seen| seen.key.str() == Some(key)) {
                continue;
            }
            let Some(value) = patch.get(key) else { continue };
            let field = shape.and_then(|shape| shape.field(key));
            if let Some(value) = walk(None, With::Patch(value.clone()), field)? {
                entries.push(Entry::new(entry.key.clone(), value));
            }
        }
    }
    let flow = own.flow;
    node.value = Value::Map(Arc::new(Map { entries: entries.into(), flow }));
    Ok(Some(node))
}

/// Whether another entry with the same key takes precedence over this one.
fn shadowed(map: &Map, index: usize, entry: &Entry) -> bool {
    let key = entry.key.str();
    let behind = &map.entries[index + 1..];
    if entry.is_merged() {
        return map.entries.iter().any(|other| !other.is_merged() && other.key.str() == key);
    }
    behind.iter().any(|other| !other.is_merged() && other.key.str() == key)
}

/// Kustomize keeps the quotes of a value, so a number that replaces a quoted string becomes a string.
fn keep_quotes(old: &Node, mut new: Node) -> Node {
    let quoted = old.scalar().is_some_and(|scalar| scalar.style != Style::Plain);
    let text = matches!(kind(&new, Schema::Kyaml), None | Some(Kind::Str));
    if let Value::Scalar(scalar) = &mut new.value
        && quoted
        && !text
    {
        scalar.tag = Tag::Str;
    }
    new
}

/// The shape of an object at a place that the schema does not cover.
fn shape_of(node: &Node, with: &With) -> Option<Shape> {
    let of = |node: &Node| {
        let kind = node.get("kind").and_then(Node::str)?;
        Shape::of(node.get("apiVersion").and_then(Node::str)?, kind)
    };
    of(node).or_else(|| if let With::Patch(patch) = with { of(patch) } else { None })
}

/// Whether a value that no patch mentions stays unchanged: entries with nothing after the colon are dropped, and
/// merging a list with nothing drops duplicates.
fn is_settled(value: &Node, field: Option<Field>) -> bool {
    match &value.value {
        Value::Scalar(_) => !is_blank(value),
        Value::Map(map) => {
            let shape = field.and_then(|field| field.shape);
            let shape = shape.or_else(|| shape_of(value, &With::Nothing));
            map.entries.iter().all(|entry| {
                let name = entry.key.str().unwrap_or_default();
                is_settled(&entry.value, shape.and_then(|shape| shape.field(name)))
            })
        }
        Value::Seq(seq) => match field.and_then(|field| field.keys) {
            Some(keys) => list::is_settled(&seq.items, keys, field.and_then(|field| field.shape)),
            None => true,
        },
    }
}

fn without_known(patch: Node) -> Node {
    if patch.get(directive::KEY).is_some() { without(patch) } else { patch }
}

fn name(node: &Node) -> &'static str {
    match node.value {
        Value::Scalar(_) => "a plain value",
        Value::Map(_) => "a mapping",
        Value::Seq(_) => "a list",
    }
}

/// Whether the value is missing altogether; an explicit `null` is not.
fn is_blank(node: &Node) -> bool {
    node.str() == Some("") && is_null(node)
}

#[cfg(test)]
mod tests;
