//! Removing items and keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::text::edit::Edit;
use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::text::work;
use crate::yaml::edit::spot::{self, Spot};
use crate::yaml::edit::{EditError, layout};
use crate::yaml::node::{Node, Seq, Style, Value};
use crate::yaml::path::{Path, PathStep};
use crate::yaml::runs::block::header;

/// Removes an item from the sequence at a path, with its lines and its trailing comment. Comments
/// above it are kept. Removing a list's only item leaves `[]`.
///
/// # Errors
/// When nothing is there, or the path goes through an alias.
pub fn remove_item(root: &Node, path: &Path, index: usize) -> Result<Edit, EditError> {
    let list = List::find(root, path)?;
    let item = list.seq.items.get(index);
    let item =
        item.ok_or_else(|| EditError::Unexpected { path: path.index(index), wanted: "item" })?;
    let List { spot, seq, source, span, ends } = &list;
    if seq.items.len() == 1 {
        return Ok(only(source, spot, "[]"));
    }
    if seq.flow {
        let token = Span::new(spot::start(item).unwrap_or(span.start), ends[index]);
        let behind = if index == 0 { span.start + 1 } else { ends[index - 1] };
        return Ok(from_flow(source, *span, behind, token, index == 0));
    }
    Ok(list.without(index, item))
}

/// Removes several items as one after the other would be removed, not all of them. `None` where the edits may depend on each
/// other: in a list in flow style, or of anything but plain or quoted words.
///
/// # Errors
/// As [`remove_item`].
pub fn remove_items(
    root: &Node,
    path: &Path,
    indexes: &BTreeSet<usize>,
) -> Result<Option<Vec<Edit>>, EditError> {
    let list = List::find(root, path)?;
    let is_word = |item: &Node| {
        let style = item.scalar().map(|scalar| scalar.style);
        matches!(style, Some(Style::Plain | Style::Single | Style::Double))
    };
    if list.seq.flow || indexes.len() >= list.seq.items.len() || !list.seq.items.iter().all(is_word)
    {
        return Ok(None);
    }
    let text = list.source.text();
    let begins_line = |at: usize| at == 0 || at == text.len() || text[..at].ends_with('\n');
    let mut edits = Vec::new();
    for &index in indexes {
        let Some(item) = list.seq.items.get(index) else { return Ok(None) };
        let edit = list.without(index, item);
        if !begins_line(edit.span.start) || !begins_line(edit.span.end) {
            return Ok(None);
        }
        edits.push(edit);
    }
    Ok(Some(edits))
}

/// A sequence that a file spells.
struct List<'n> {
    spot: Spot<'n>,
    seq: &'n Seq,
    source: &'n Arc<Source>,
    span: Span,
    /// Where each item ends.
    ends: Vec<usize>,
}

impl<'n> List<'n> {
    fn find(root: &'n Node, path: &Path) -> Result<Self, EditError> {
        work::count("list looked through");
        let spot = Spot::find(root, path)?;
        let Value::Seq(seq) = &spot.node.value else {
            return Err(EditError::Unexpected { path: path.clone(), wanted: "list" });
        };
        let (source, span) = spot.place()?;
        let ends: Vec<_> = seq.items.iter().filter_map(spot::end).collect();
        if ends.len() < seq.items.len() {
            return Err(EditError::Unspelled);
        }
        Ok(Self { seq, source, span, ends, spot })
    }

    /// Removes an item of a list in block style.
    fn without(&self, index: usize, item: &Node) -> Edit {
        let Self { seq, source, span, ends, .. } = self;
        let token = Span::new(spot::start(item).unwrap_or(span.start), ends[index]);
        let from =
            if index == 0 { span.start } else { next_dash(source, ends[index - 1], token.start) };
        let next = seq.items.get(index + 1).and_then(spot::start);
        let next = next.map(|next| next_dash(source, token.end, next));
        let before = index.checked_sub(1).and_then(|before| seq.items.get(before));
        from_block(source, from, token.end, next, before)
    }
}

/// Removes a key and its value from the mapping at a path; removing a mapping's only key leaves `{}`.
///
/// # Errors
/// When nothing is there, or the path goes through an alias or a merge key.
pub fn remove_entry(root: &Node, path: &Path, key: &str) -> Result<Edit, EditError> {
    let spot = Spot::find(root, path)?;
    let own: Vec<_> = spot.node.entries().iter().filter(|entry| !entry.is_merged()).collect();
    let Some(index) = own.iter().rposition(|entry| entry.key.str() == Some(key)) else {
        return Err(EditError::Unexpected { path: path.key(key), wanted: "key of its own" });
    };
    let (source, span) = spot.place()?;
    let (start, end) = (spot::start(&own[index].key), spot::end(&own[index].value));
    let (Some(start), Some(end)) = (start, end) else { return Err(EditError::Unspelled) };
    // A merge key is not an entry, but it is still in the text.
    let merges = spot.node.entries().len() > own.len();
    if own.len() == 1 && !merges {
        return Ok(only(source, &spot, "{}"));
    }
    if spot::is_flow(spot.node) {
        let behind = index.checked_sub(1).and_then(|before| spot::end(&own[before].value));
        let first = behind.is_none();
        let behind = behind.unwrap_or(span.start + 1);
        return Ok(from_flow(source, span, behind, Span::new(start, end), first));
    }
    let next = own.get(index + 1).and_then(|entry| spot::start(&entry.key));
    let before = index.checked_sub(1).map(|before| &own[before].value);
    Ok(from_block(source, start, end, next, before))
}

/// Removes the node at a path from its document.
///
/// # Errors
/// When nothing is there, or the path goes through an alias or a merge key.
pub fn remove(root: &Node, path: &Path) -> Result<Edit, EditError> {
    let unexpected = || EditError::Unexpected { path: path.clone(), wanted: "item or key" };
    let (last, parent) = path.0.split_last().ok_or_else(unexpected)?;
    let parent = Path(parent.to_vec());
    match last {
        PathStep::Key(key) => remove_entry(root, &parent, key),
        PathStep::Index(index) => remove_item(root, &parent, *index),
    }
}

/// The dash of the item that starts at `item`: only whitespace, comments, and the item's anchor or tag
/// may lie between the two.
fn next_dash(source: &Arc<Source>, behind: usize, item: usize) -> usize {
    let mut at = layout::next_line(source, behind);
    while at <= item {
        let line = source.slice(Span::new(at, layout::line_end(source, at)));
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        if line[blank..].starts_with('-') {
            return at + blank;
        }
        let next = layout::next_line(source, at);
        if next == at {
            break;
        }
        at = next;
    }
    item
}

/// Replaces a collection with an empty one.
fn only(source: &Arc<Source>, spot: &Spot<'_>, empty: &str) -> Edit {
    let span = spot.node.origin.as_ref().map_or_else(Span::default, |origin| origin.span());
    match spot.behind_colon() {
        Some(colon) if !spot::is_flow(spot.node) => {
            let props = source.slice(Span::new(colon, span.start));
            let line = props.split(['\n', '#']).next().unwrap_or_default().trim_end();
            let kept = colon + line.len();
            let end = layout::line_end(source, span.end);
            let rest = &props[line.len()..props.rfind('\n').unwrap_or(props.len())];
            Edit { span: Span::new(kept, end), text: format!(" {empty}{}", rest.trim_end()) }
        }
        _ => Edit { span, text: empty.to_owned() },
    }
}

fn from_flow(source: &Arc<Source>, span: Span, behind: usize, token: Span, first: bool) -> Edit {
    if !first {
        return Edit { span: Span::new(behind, token.end), text: String::new() };
    }
    let rest = source.slice(Span::new(token.end, span.end));
    let comma = rest.find(',').map_or(0, |at| at + 1);
    let blank = rest[comma..].len() - rest[comma..].trim_start().len();
    Edit { span: Span::new(token.start, token.end + comma + blank), text: String::new() }
}

/// Deletes whole lines; if something else precedes it on its first line, deletes up to the next item or key.
fn from_block(
    source: &Arc<Source>,
    from: usize,
    end: usize,
    next: Option<usize>,
    before: Option<&Node>,
) -> Edit {
    let line = layout::line_start(source, from);
    let deletion = |start, end| Edit { span: Span::new(start, end), text: String::new() };
    if !source.slice(Span::new(line, from)).trim().is_empty() {
        return deletion(from, next.unwrap_or_else(|| layout::line_end(source, end)));
    }
    let mut behind = layout::next_line(source, end);
    if before.is_some_and(keeps_blank_lines) {
        let rest = source.text().get(behind..).unwrap_or_default();
        let blank = rest.split_inclusive('\n').take_while(|line| line.trim().is_empty());
        behind += blank.map(str::len).sum::<usize>();
    }
    deletion(line, behind)
}

/// Whether blank lines after a value would become part of it: it ends with a `+` block scalar.
fn keeps_blank_lines(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map.entries.last().is_some_and(|e| keeps_blank_lines(&e.value)),
        Value::Seq(seq) => seq.items.last().is_some_and(keeps_blank_lines),
        Value::Scalar(scalar) => {
            let block = matches!(scalar.style, Style::Literal | Style::Folded);
            let token = node.origin.as_ref().map_or("", Place::text);
            block && token[..header(token)].contains('+')
        }
    }
}
