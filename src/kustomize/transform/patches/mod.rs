//! The fields `patches`, `patchesStrategicMerge` and `patchesJson6902`, and the transformers of the
//! same names.

use std::collections::HashSet;

use crate::kustomize::fields::candidates::Candidates;
use crate::kustomize::fields::selector::Selector;
use crate::kustomize::load::context::Context;
use crate::kustomize::model::object::Object;
use crate::kustomize::transform::patches::apply::{
    Allowed, apply_json, apply_json_forgetting, merge_one, merge_selected,
};
use crate::kustomize::transform::patches::content::{
    Content, Field, read_file, read_inline, strategic,
};
use crate::text::problem::Problem;
use crate::yaml::embed::parse_inside;
use crate::yaml::node::{Node, Value};

mod apply;
mod content;
mod post;

pub use post::post_render;

/// How the problem of a patch without a target begins.
pub const NOTHING_TO_PATCH: &str = "no object matches the patch";

/// Applies the entries of `patches`, in order.
///
/// # Errors
/// When kustomize would refuse one of them.
pub fn patches(
    objects: &mut Vec<Object>,
    list: &Node,
    context: &mut Context<'_>,
) -> Result<(), Problem> {
    let mut candidates = Candidates::default();
    let mut patch = |entry| patch(objects, &mut candidates, entry, context);
    list.items().iter().try_for_each(&mut patch)
}

/// Applies one entry of `patches`, or what a `PatchTransformer` says: `path` or `patch`, `target`, `options`.
///
/// # Errors
/// When kustomize would refuse it.
fn patch(
    objects: &mut Vec<Object>,
    candidates: &mut Candidates,
    entry: &Node,
    context: &mut Context<'_>,
) -> Result<(), Problem> {
    let content = content_of(entry, "patch", Field::Patches, context)?;
    let target = entry.get("target").filter(|target| matches!(target.value, Value::Map(_)));
    let selector = target.map(Selector::read).transpose()?;
    match (content, selector) {
        (Content::Empty, _) => Ok(()),
        (Content::Json(operations), Some(selector)) => {
            // Two objects may temporarily share a name; uniqueness is checked at the end.
            for index in selector.select(objects, candidates) {
                apply_json(&mut objects[index], &operations)?;
                candidates.changed(index, &objects[index]);
            }
            Ok(())
        }
        (Content::Json(_), None) => {
            let help =
                "a JSON patch says what to change, not where: add `target:` with kind and name";
            Err(Problem::at("the patch has no target", entry).with_help(help))
        }
        (Content::Strategic(patches), None) => {
            let allowed = Allowed::read(entry.get("options"));
            let mut merge = |patch| merge_one(objects, candidates, patch, allowed);
            patches.iter().try_for_each(&mut merge)?;
            if allowed.rename() { unique(objects, entry) } else { Ok(()) }
        }
        (Content::Strategic(patches), Some(selector)) => {
            let [patch] = &patches[..] else {
                let help = "write one entry for each patch, or leave the target out";
                let message = "a target goes with one patch only, and here are several";
                return Err(Problem::at(message, entry).with_help(help));
            };
            let allowed = Allowed::read(entry.get("options"));
            merge_selected(objects, candidates, &selector, patch, allowed)?;
            if allowed.rename() { unique(objects, entry) } else { Ok(()) }
        }
    }
}

/// Applies the entries of `patchesStrategicMerge`: paths of files, or patches inline.
///
/// # Errors
/// When kustomize would refuse one of them.
pub fn strategic_merge(
    objects: &mut Vec<Object>,
    list: &Node,
    context: &mut Context<'_>,
) -> Result<(), Problem> {
    let mut candidates = Candidates::default();
    for entry in list.items() {
        let inline = parse_inside(entry).ok().filter(|stream| {
            stream.documents.iter().any(|document| matches!(document.root.value, Value::Map(_)))
        });
        let patches = match inline {
            Some(stream) => strategic(&stream)?,
            None => strategic(&*context.load(entry)?)?,
        };
        merge_all(objects, &mut candidates, &patches, entry)?;
    }
    Ok(())
}

fn merge_all(
    objects: &mut Vec<Object>,
    candidates: &mut Candidates,
    patches: &[Node],
    entry: &Node,
) -> Result<(), Problem> {
    if patches.is_empty() {
        return Err(Problem::at("the patch is empty", entry));
    }
    let mut merge = |patch| merge_one(objects, candidates, patch, Allowed::default());
    patches.iter().try_for_each(&mut merge)
}

/// Applies the entries of `patchesJson6902`, in order.
///
/// # Errors
/// When kustomize would refuse one of them.
#[allow(clippy::ptr_arg)] // the signature that all steps share
pub fn json6902(
    objects: &mut Vec<Object>,
    list: &Node,
    context: &mut Context<'_>,
) -> Result<(), Problem> {
    let mut candidates = Candidates::default();
    let mut patch = |entry| json6902_entry(objects, &mut candidates, (entry, "patch"), context);
    list.items().iter().try_for_each(&mut patch)
}

/// Applies one entry of `patchesJson6902`, or of a `PatchJson6902Transformer`: there the patch
/// is under `jsonOp` instead of `patch`.
///
/// # Errors
/// When kustomize would refuse it.
fn json6902_entry(
    objects: &mut [Object],
    candidates: &mut Candidates,
    (entry, inline): (&Node, &str),
    context: &mut Context<'_>,
) -> Result<(), Problem> {
    let Some(target) = entry.get("target") else {
        return Err(Problem::at("the patch has no target", entry)
            .with_help("add `target:` with version, kind and name"));
    };
    if target.get("name").and_then(Node::str).is_none_or(str::is_empty) {
        return Err(Problem::at("the target has no name", target).with_help("add `name:`"));
    }
    let selector = Selector::read(target)?;
    let Content::Json(operations) = content_of(entry, inline, Field::Json6902, context)? else {
        let help = "each is written as `- op: replace`, `path: /spec/replicas`, `value: 3`";
        return Err(Problem::at("expected a list of operations", entry).with_help(help));
    };
    for index in selector.select(objects, candidates) {
        apply_json_forgetting(&mut objects[index], &operations)?;
        candidates.changed(index, &objects[index]);
    }
    Ok(())
}

fn content_of(
    entry: &Node,
    inline: &str,
    field: Field,
    context: &mut Context<'_>,
) -> Result<Content, Problem> {
    let text = |key| {
        let node: Option<&Node> = entry.get(key);
        node.filter(|node| node.str().is_none_or(|text| !text.trim().is_empty()))
    };
    match (text(inline), text("path")) {
        (Some(_), Some(path)) => {
            let help = format!("keep one of `{inline}` and `path`");
            Err(Problem::at("the patch is given twice", path).with_help(help))
        }
        (Some(node), None) => read_inline(node, field),
        (None, Some(path)) => read_file(path, context),
        (None, None) => {
            let help = format!("add `path:` with a file, or `{inline}:` with the patch itself");
            Err(Problem::at("the entry has no patch", entry).with_help(help))
        }
    }
}

/// Rejects a patch that gives two objects the same name.
fn unique(objects: &[Object], entry: &Node) -> Result<(), Problem> {
    let mut seen = HashSet::with_capacity(objects.len());
    for object in objects {
        let identity = object.identity();
        if !seen.insert(identity.clone().into_key()) {
            let message = format!("behind the patch there are two objects `{identity}`");
            return Err(Problem::at(message, entry)
                .with_help("let the target select one of them, or give each its own patch"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
