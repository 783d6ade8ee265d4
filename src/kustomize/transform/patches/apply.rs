//! Applies patches to objects.

use crate::kustomize::fields::candidates::Candidates;
use crate::kustomize::fields::selector::Selector;
use crate::kustomize::model::annotations::{settle, texts};
use crate::kustomize::model::object::{Identity, Object};
use crate::kustomize::transform::json_patch::{self, Operation};
use crate::kustomize::transform::patches::NOTHING_TO_PATCH;
use crate::kustomize::transform::strategic::merge;
use crate::text::problem::Problem;
use crate::text::work;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::scalar::{Kind, Schema, kind};

/// What a strategic merge patch may change besides the content.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allowed {
    name: bool,
    kind: bool,
}

impl Allowed {
    /// Reads `options`.
    pub(super) fn read(options: Option<&Node>) -> Self {
        let is_set = |key| {
            let value = options.and_then(|options| options.get(key));
            value.and_then(|value| kind(value, Schema::Kubectl)) == Some(Kind::Bool(true))
        };
        Self { name: is_set("allowNameChange"), kind: is_set("allowKindChange") }
    }

    /// Whether the patch may change the object's identity.
    pub(super) const fn rename(self) -> bool {
        self.name || self.kind
    }
}

/// Merges a patch into the one object that it names, by its current or a previous name.
pub(super) fn merge_one(
    objects: &mut Vec<Object>,
    candidates: &mut Candidates,
    patch: &Node,
    allowed: Allowed,
) -> Result<(), Problem> {
    let wanted = Object::new(patch.clone()).identity();
    let named = candidates.of(objects, Some(&wanted.name)).into_iter();
    let mut found = named.filter(|&index| is_named(&objects[index], &wanted));
    let (index, second) = (found.next(), found.next());
    let place = patch.at(&["metadata", "name"]).unwrap_or(patch);
    let Some(index) = index else { return Err(no_match(objects, &wanted, place)) };
    if second.is_some() {
        let message = format!("several objects match the patch `{wanted}`");
        return Err(Problem::at(message, place).with_help("add a namespace to the patch"));
    }
    if merge_into(&mut objects[index], patch, allowed)? {
        candidates.changed(index, &objects[index]);
    } else {
        objects.remove(index);
    }
    Ok(())
}

/// Merges a patch into every object that a target selects.
pub(super) fn merge_selected(
    objects: &mut Vec<Object>,
    candidates: &mut Candidates,
    selector: &Selector,
    patch: &Node,
    allowed: Allowed,
) -> Result<(), Problem> {
    let patch = with_texts(patch.clone());
    let mut deleted = Vec::new();
    for index in selector.select(objects, candidates) {
        // The patch's own apiVersion is ignored, so it does not affect how lists are merged.
        let mut patch = patch.clone();
        keep(&objects[index].node, &mut patch, "apiVersion");
        if merge_into(&mut objects[index], &patch, allowed)? {
            candidates.changed(index, &objects[index]);
        } else {
            deleted.push(index);
        }
    }
    for index in deleted.into_iter().rev() {
        objects.remove(index);
    }
    Ok(())
}

/// Returns whether the object still exists.
fn merge_into(object: &mut Object, patch: &Node, allowed: Allowed) -> Result<bool, Problem> {
    let Some(mut merged) = merge(&object.node, patch)? else { return Ok(false) };
    let before = object.identity();
    keep(&object.node, &mut merged, "apiVersion");
    if !allowed.kind {
        keep(&object.node, &mut merged, "kind");
    }
    if let (Some(old), Some(new)) = (object.node.get("metadata"), merged.get_mut("metadata")) {
        if !allowed.name {
            keep(old, new, "name");
        }
        keep(old, new, "namespace");
    }
    object.node = merged;
    if allowed.rename() && object.identity() != before {
        object.previous.push(before);
    }
    Ok(true)
}

/// Restores the old value of a field.
fn keep(old: &Node, new: &mut Node, key: &str) {
    match old.get(key) {
        Some(value) => new.set(key, value.clone()),
        None => {
            new.remove(key);
        }
    }
}

/// Applies operations of `patches` to an object. If they rename it, the old name is remembered.
pub(super) fn apply_json(object: &mut Object, operations: &[Operation]) -> Result<(), Problem> {
    let before = object.identity();
    run(object, operations, true)?;
    if object.identity() != before {
        object.remember_as(before);
    }
    Ok(())
}

/// Applies operations of `patchesJson6902` to an object; here kustomize forgets the old name.
pub(super) fn apply_json_forgetting(
    object: &mut Object,
    operations: &[Operation],
) -> Result<(), Problem> {
    let annotated = !object.previous.is_empty()
        || !object.prefixes.is_empty()
        || !object.suffixes.is_empty()
        || object.generated.is_some();
    run(object, operations, annotated)
}

/// If kustomize keeps internal annotations on an object, the patch sees an `annotations` mapping, too.
fn run(object: &mut Object, operations: &[Operation], annotated: bool) -> Result<(), Problem> {
    let node = &mut object.node;
    let empty = annotated && node.at(&["metadata", "annotations"]).is_none();
    if let Some(metadata) = node.get_mut("metadata").filter(|_| empty) {
        metadata.set("annotations", Node::map(Provenance::Patched));
    }
    // In place: a copy would share everything with the object, and each operation would then copy what it changes.
    json_patch::apply(node, operations)?;
    settle(object);
    Ok(())
}

/// Labels and annotations of a patch with a target are strings, even a null meant to delete one; if
/// there are none, the field is dropped from the patch.
fn with_texts(mut patch: Node) -> Node {
    if let Some(metadata) = patch.get_mut("metadata") {
        for key in ["labels", "annotations"] {
            let Some(values) = metadata.get_mut(key) else { continue };
            texts(values);
            if values.entries().is_empty() {
                metadata.remove(key);
            }
        }
    }
    patch
}

fn is_named(object: &Object, wanted: &Identity) -> bool {
    work::step();
    object.was(wanted)
}

/// The problem of a patch whose object does not exist, with similar objects that do.
fn no_match(objects: &[Object], wanted: &Identity, place: &Node) -> Problem {
    let of_kind = || objects.iter().filter(|object| *object.kind() == *wanted.kind);
    let named = objects.iter().find(|object| *object.name() == *wanted.name);
    let same = of_kind().find(|object| *object.name() == *wanted.name);
    let help = if let Some(object) = same {
        let there = object.identity();
        format!(
            "there is `{there}` with apiVersion `{}`: apiVersion and namespace must be the same",
            there.api_version
        )
    } else if let Some(object) = named {
        format!("there is `{}`", object.identity())
    } else {
        let names: Vec<_> =
            of_kind().map(|object| format!("`{}`", object.name())).take(5).collect();
        match names.is_empty() {
            true => format!("the kustomization has no {}", wanted.kind),
            false => format!("the kustomization has of this kind: {}", names.join(", ")),
        }
    };
    Problem::at(format!("{NOTHING_TO_PATCH} `{wanted}`"), place).with_help(help)
}
