//! What a patch is: a list of operations, or objects to merge.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::kustomize::load::context::{Context, file_problem};
use crate::kustomize::transform::json_patch::{Operation, read};
use crate::text::problem::Problem;
use crate::yaml::embed::{parse_inside, parse_trimmed};
use crate::yaml::node::{Node, Provenance, Value};
use crate::yaml::parse::{Document, Stream, SyntaxError};
use crate::yaml::scalar::is_null;

/// A patch, read.
pub(super) enum Content {
    /// Nothing but comments.
    Empty,
    /// Operations.
    Json(Vec<Operation>),
    /// Objects to merge, marked as patched.
    Strategic(Vec<Node>),
}

/// Which field of the kustomization an inline patch is in.
#[derive(Clone, Copy)]
pub(super) enum Field {
    /// `patches`: kustomize trims the text first, so a block scalar at its end loses its line break.
    Patches,
    /// `patchesJson6902`: the text is read unchanged.
    Json6902,
}

/// Reads an inline patch of the kustomization.
pub(super) fn read_inline(node: &Node, field: Field) -> Result<Content, Problem> {
    if node.str().is_none() {
        let help = "write `patch: |-` and the patch indented below it";
        return Err(Problem::at("the patch must be a text", node).with_help(help));
    }
    let stream = match field {
        Field::Patches => parse_trimmed(node),
        Field::Json6902 => parse_inside(node),
    };
    let stream = stream.map_err(syntax)?;
    content(&stream, stream.source.text().trim(), node)
}

/// Reads a patch from a file.
pub(super) fn read_file(path: &Node, context: &mut Context<'_>) -> Result<Content, Problem> {
    let stream = context.load(path)?;
    content(&stream, stream.source.text(), path)
}

fn content(stream: &Stream, text: &str, entry: &Node) -> Result<Content, Problem> {
    let roots = || stream.documents.iter().map(|document| &document.root);
    let Some(first) = roots().find(|root| !is_null(root)) else {
        return Ok(Content::Empty);
    };
    match &first.value {
        Value::Map(_) => strategic(stream).map(Content::Strategic),
        Value::Seq(_) if text.starts_with('[') && !is_json(text) => {
            let help = "kustomize reads a patch that begins with `[` as JSON: \
                        put keys and texts into double quotes, or write one `- op:` a line";
            Err(Problem::at("the patch is not JSON", first).with_help(help))
        }
        Value::Seq(_) => read(first).map(Content::Json),
        Value::Scalar(_) => {
            let help = "a patch is an object with what changes, or a list of JSON patch operations";
            Err(Problem::at("the patch is neither an object nor a list", entry).with_help(help))
        }
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The objects of a strategic merge patch.
pub(super) fn strategic(stream: &Stream) -> Result<Vec<Node>, Problem> {
    let mut patches = Vec::new();
    for document in &stream.documents {
        let root = &*first_of_each(document);
        if is_null(root) {
            continue;
        }
        let is_list =
            root.get("kind").and_then(Node::str).is_some_and(|kind| kind.ends_with("List"));
        match root.get("items").filter(|items| is_list && matches!(items.value, Value::Seq(_))) {
            Some(items) => {
                for item in items.items() {
                    patches.push(object(item)?);
                }
            }
            None => patches.push(object(root)?),
        }
    }
    Ok(patches)
}

/// The patch with the first entry of each key: kustomize ignores later duplicates.
fn first_of_each(document: &Document) -> Cow<'_, Node> {
    fn keep(node: &mut Node) {
        if let Some(map) = node.map_mut() {
            let mut seen = BTreeSet::new();
            map.entries.retain(|entry| {
                let key = entry.key.str().unwrap_or_default();
                entry.is_merged() || seen.insert(key.to_owned())
            });
            map.entries.iter_mut().for_each(|entry| keep(&mut entry.value));
        } else if let Some(items) = node.items_mut() {
            items.iter_mut().for_each(keep);
        }
    }
    if document.duplicates.is_empty() {
        return Cow::Borrowed(&document.root);
    }
    let mut root = document.root.clone();
    keep(&mut root);
    Cow::Owned(root)
}

/// An object of a strategic merge patch.
pub(super) fn object(node: &Node) -> Result<Node, Problem> {
    let has =
        |keys: &[&str]| node.at(keys).and_then(Node::str).is_some_and(|text| !text.is_empty());
    for keys in [&["kind"][..], &["metadata", "name"]] {
        if !has(keys) {
            let help = "kustomize wants kind and name in every patch, even where a target selects; \
                        with a target any name will do";
            let message = format!("the patch has no `{}`", keys.join("."));
            return Err(Problem::at(message, node).with_help(help));
        }
    }
    let mut patch = node.clone();
    patch.mark(Provenance::Patched);
    Ok(patch)
}

/// What to report for a patch that is not valid YAML.
pub(super) fn syntax(error: SyntaxError) -> Problem {
    let path = error.place.source.path().clone();
    file_problem(&error.clone().into(), &path, &Node::map(Provenance::Patched))
}
