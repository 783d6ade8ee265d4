//! Appending items to a sequence.

use std::sync::Arc;

use crate::text::edit::Edit;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::text::span::Span;
use crate::yaml::edit::spot::{self, Spot};
use crate::yaml::edit::{EditError, flow, insert, layout};
use crate::yaml::node::{Node, Value};
use crate::yaml::parse::parse;
use crate::yaml::path::{Path, PathStep};
use crate::yaml::scalar::{Kind, Schema, kind};

/// Appends an item to the sequence at a path. The item is given in block style, without its
/// dash (`path: x\ntarget:\n  kind: y`), and written in the style of the sequence: below the last item's
/// line in block style, before the closing bracket in flow style. An empty list or value becomes a block
/// sequence where possible; a missing key is added.
///
/// # Errors
/// When the path does not lead to a sequence, goes through an alias, or the item is not valid YAML.
pub fn append_item(root: &Node, path: &Path, item: &str) -> Result<Edit, EditError> {
    let parsed = parse_text(item)?;
    if let Some((PathStep::Key(key), parent)) = path.0.split_last() {
        let parent = Path(parent.to_vec());
        let map = Spot::find(root, &parent)?;
        if spot::entry(map.node, key).is_none() && map.node.get(key).is_none() {
            let value = format!("- {}", layout::indented(item, "\n", 2));
            return insert::insert_entry(root, &parent, key, &value, None);
        }
    }
    let spot = Spot::find(root, path)?;
    match &spot.node.value {
        Value::Seq(seq) if seq.items.is_empty() => into_empty(root, &spot, item, &parsed),
        Value::Seq(seq) if seq.flow => {
            let (source, span) = spot.place()?;
            let text = flow::write(&parsed, layout::is_json(source));
            into_flow(source, span, &seq.items, &text)
        }
        Value::Seq(_) => into_block(&spot, item),
        Value::Scalar(_) if kind(spot.node, Schema::Kubectl) == Some(Kind::Null) => {
            into_empty(root, &spot, item, &parsed)
        }
        _ => Err(EditError::Unexpected { path: path.clone(), wanted: "list" }),
    }
}

/// The same, with the mappings on the way to the sequence where these are not there.
///
/// # Errors
/// As for [`append_item`].
pub fn append_deep(root: &Node, path: &Path, item: &str) -> Result<Edit, EditError> {
    let is_there = |length: &usize| Path(path.0[..*length].to_vec()).follow(root).is_some();
    let there = (0..=path.0.len()).rev().find(is_there).unwrap_or_default();
    // The key of the sequence itself may be missing.
    if there + 1 >= path.0.len() {
        return append_item(root, path, item);
    }
    let mut value = format!("- {}", layout::indented(item, "\n", 2));
    for step in path.0[there + 1..].iter().rev() {
        let PathStep::Key(key) = step else {
            return Err(EditError::Unexpected { path: path.clone(), wanted: "list" });
        };
        value = format!("{}:\n  {}", flow::key(key, false), layout::indented(&value, "\n", 2));
    }
    let PathStep::Key(key) = &path.0[there] else {
        return Err(EditError::Unexpected { path: path.clone(), wanted: "list" });
    };
    insert::insert_entry(root, &Path(path.0[..there].to_vec()), key, &value, None)
}

/// Parses a text to be inserted: one document that is not empty.
pub(super) fn parse_text(text: &str) -> Result<Node, EditError> {
    let source = Source::file(TreePath::root(), text);
    let stream = parse(&source).map_err(|error| EditError::Text { reason: error.to_string() })?;
    let mut documents = stream.documents.into_iter();
    match (documents.next(), documents.next()) {
        (Some(document), None) => Ok(document.root),
        _ => Err(EditError::Text { reason: "not exactly one value".to_owned() }),
    }
}

fn into_block(spot: &Spot<'_>, item: &str) -> Result<Edit, EditError> {
    let (source, span) = spot.place()?;
    let dash = layout::column(source, span.start);
    let gap = gap(source, span.start);
    let at = layout::line_end(source, span.end);
    let newline = layout::newline(source);
    let lines = layout::indented(item, newline, dash + 1 + gap);
    let text = format!("{newline}{}-{}{lines}", " ".repeat(dash), " ".repeat(gap));
    Ok(Edit { span: Span::new(at, at), text })
}

/// The number of spaces between a dash and its content; 1 if it has none.
fn gap(source: &Source, dash: usize) -> usize {
    let rest = source.slice(Span::new(dash + 1, layout::line_end(source, dash)));
    let spaces = rest.len() - rest.trim_start_matches(' ').len();
    if spaces == rest.len() || rest[spaces..].starts_with(['#', '\t']) { 1 } else { spaces }
}

/// Writes the first item of a list that was `[]` or empty.
fn into_empty(root: &Node, spot: &Spot<'_>, item: &str, parsed: &Node) -> Result<Edit, EditError> {
    let (source, span) = spot.place()?;
    let Some(colon) = spot.behind_colon().filter(|_| !spot.in_flow) else {
        let text = flow::write(parsed, layout::is_json(source));
        let space = if source.text()[..span.start].ends_with([' ', '[', '{']) { "" } else { " " };
        return Ok(Edit { span, text: format!("{space}[{text}]") });
    };
    let indent = key_column(source, spot) + layout::seq_indent(root);
    let newline = layout::newline(source);
    let lines = layout::indented(item, newline, indent + 2);
    Ok(below_key(source, colon, span, &format!("{newline}{}- {lines}", " ".repeat(indent))))
}

pub(super) fn key_column(source: &Arc<Source>, spot: &Spot<'_>) -> usize {
    spot.key.and_then(spot::start).map_or(0, |at| layout::column(source, at))
}

/// Removes a key's value and inserts lines below the key's line; the rest of that line is kept.
pub(super) fn below_key(source: &Arc<Source>, colon: usize, value: Span, lines: &str) -> Edit {
    let end = layout::line_end(source, value.end);
    let before = source.slice(Span::new(colon, value.start)).trim_end();
    let after = source.slice(Span::new(value.end, end)).trim_end();
    let space = if after.is_empty() || after.starts_with([' ', '\t']) { "" } else { " " };
    Edit { span: Span::new(colon, end), text: format!("{before}{space}{after}{lines}") }
}

/// Inserts a text after the last item of a non-empty flow collection.
pub(super) fn into_flow(
    source: &Arc<Source>,
    span: Span,
    items: &[Node],
    text: &str,
) -> Result<Edit, EditError> {
    let (Some(first), Some(last)) = (items.first(), items.last()) else {
        return Err(EditError::Unspelled);
    };
    let (Some(first), Some(at)) = (spot::start(first), spot::end(last)) else {
        return Err(EditError::Unspelled);
    };
    let line = layout::line_start(source, first);
    if line <= span.start {
        return Ok(Edit { span: Span::new(at, at), text: format!(", {text}") });
    }
    let indent = source.slice(Span::new(line, first));
    let indent = &indent[..indent.len() - indent.trim_start().len()];
    let newline = layout::newline(source);
    let end = layout::line_end(source, at);
    let rest = source.slice(Span::new(at, end));
    // A comment after the last item stays with it, and so does its comma.
    let comment = rest.trim_start().strip_prefix(',').unwrap_or(rest).trim_start();
    if end < span.end && (comment.is_empty() || comment.starts_with('#')) {
        let comma = if rest.trim_start().starts_with(',') { "," } else { "" };
        let kept = if comma.is_empty() { format!(",{}", rest.trim_end()) } else { rest.to_owned() };
        let text = format!("{kept}{newline}{indent}{text}{comma}");
        return Ok(Edit { span: Span::new(at, end), text });
    }
    Ok(Edit { span: Span::new(at, at), text: format!(",{newline}{indent}{text}") })
}
