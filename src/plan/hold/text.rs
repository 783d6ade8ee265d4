//! Adds, replaces and removes holds in the text of the settings.

use std::sync::Arc;

use crate::text::edit::{Edit, apply};
use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::yaml::edit::append::append_item;
use crate::yaml::edit::insert::insert_entry;
use crate::yaml::edit::remove::{remove_entry, remove_item};
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::edit::{layout, spot};
use crate::yaml::node::{Node, Style, Value};
use crate::yaml::parse::{Stream, parse};
use crate::yaml::path::{Path, PathStep};

const KEY: &str = "holds";

/// The environment and the family that a hold is on.
pub(super) type On<'a> = (&'a str, &'a str);

/// The text with one hold added.
///
/// # Errors
/// When it cannot be edited.
pub(super) fn added(
    source: &Arc<Source>,
    (environment, family): On<'_>,
    fields: &[(&str, String)],
) -> Result<String, String> {
    let (version, rest) = fields.split_first().ok_or("it has no version")?;
    let named = [("secret", family.to_owned()), version.clone()];
    let named = named.into_iter().chain([("environment", environment.to_owned())]);
    let lines = named.chain(rest.iter().cloned());
    let lines: Vec<String> =
        lines.map(|(key, value)| format!("{key}: {}", spelled(key, &value))).collect();
    if says_nothing(&parsed(source)?) {
        let newline = layout::newline(source);
        let item = lines.join(&format!("{newline}    "));
        let text = source.text();
        let line = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
        return Ok(format!("{text}{line}{KEY}:{newline}  - {item}{newline}"));
    }
    edited(source, |root| {
        let item = lines.join("\n");
        append_item(root, &holds(), &item).map_err(|error| error.to_string())
    })
}

/// The text with new values in the first hold on a family, and without its other holds.
///
/// # Errors
/// When it cannot be edited.
pub(super) fn replaced(
    source: &Arc<Source>,
    on: On<'_>,
    fields: &[(&str, String)],
) -> Result<String, String> {
    let mut source = Arc::clone(source);
    while let [_, .., last] = found(&source, on)?[..] {
        source = again(&source, edited(&source, |root| item_out(root, last))?);
    }
    for (key, value) in fields {
        let text = edited(&source, |root| {
            let index = *positions(root, on).first().ok_or("it is gone")?;
            field(root, index, key, value)
        })?;
        source = again(&source, text);
    }
    Ok(source.text().to_owned())
}

/// The text without any hold on a family.
///
/// # Errors
/// When it cannot be edited.
pub(super) fn without(source: &Arc<Source>, on: On<'_>) -> Result<String, String> {
    let mut source = Arc::clone(source);
    // The last one first: an alias comes after what it repeats.
    while let [.., last] = found(&source, on)?[..] {
        source = again(&source, edited(&source, |root| item_out(root, last))?);
    }
    Ok(source.text().to_owned())
}

fn holds() -> Path {
    Path(vec![PathStep::Key(KEY.into())])
}

/// A key of a hold as YAML; free text is always quoted.
fn spelled(key: &str, value: &str) -> String {
    if key == "since" { value.to_owned() } else { quoted(value) }
}

fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// The edit that sets a key of a hold. A value that comes from an alias is written out instead.
fn field(root: &Node, index: usize, key: &str, value: &str) -> Result<Edit, String> {
    let path = holds().index(index);
    let item = path.follow(root).ok_or("it is gone")?;
    let Some(entry) = spot::entry(item, key) else {
        let edit = insert_entry(root, &path, key, &spelled(key, value), None);
        return edit.map_err(|error| error.to_string());
    };
    let node = &entry.value;
    if item.alias().is_some() {
        return Err(format!("`{path}` is an alias; write the hold itself there first"));
    }
    if let Some(span) = node.alias() {
        return Ok(Edit { span, text: spelled(key, value) });
    }
    let place = node.origin.as_ref().ok_or("it is not written in any file")?;
    if node.str() == Some(value) {
        return Ok(Edit { span: place.span(), text: place.text().to_owned() });
    }
    unshared(root, place.span(), &format!("the hold's `{key}`"))?;
    other(node, place, (key, value))
}

/// Another value for a scalar. A version or a time needs no quotes where it has none: every reader of the settings takes
/// it for a text.
fn other(node: &Node, place: &Place, (key, value): (&str, &str)) -> Result<Edit, String> {
    let plain = node.scalar().is_some_and(|scalar| scalar.style == Style::Plain);
    if plain && key != "reason" && !place.span().is_empty() {
        return Ok(Edit { span: place.span(), text: value.to_owned() });
    }
    let error = match rewrite(node, value) {
        Ok(edit) => return Ok(edit),
        Err(error) => error.to_string(),
    };
    // A block scalar that cannot hold the new text is replaced with a quoted scalar.
    let token = place.text();
    let is_block =
        node.scalar().is_some_and(|it| matches!(it.style, Style::Literal | Style::Folded));
    if !is_block || token.lines().next().is_some_and(|header| header.contains('#')) {
        return Err(error);
    }
    let tail = &token[token.trim_end().len()..];
    Ok(Edit { span: place.span(), text: format!("{}{tail}", quoted(value)) })
}

/// The edit that removes one hold; the last hold takes the key with it, and the last key all but comments.
fn item_out(root: &Node, index: usize) -> Result<Edit, String> {
    let list = root.get(KEY).ok_or("it is gone")?;
    let item = &list.items()[index];
    let is_only = list.items().len() == 1;
    let shared = if is_only { list } else { item };
    if let Some(place) = shared.origin.as_ref().filter(|_| shared.alias().is_none()) {
        unshared(root, place.span(), "a part of the hold")?;
    }
    let edit = if !is_only {
        remove_item(root, &holds(), index)
    } else if let Some(edit) = lines(root) {
        return Ok(edit);
    } else {
        remove_entry(root, &Path(Vec::new()), KEY)
    };
    edit.map_err(|error| error.to_string())
}

/// The edit that takes out the lines of a mapping with a single key; `None` where other text shares them.
fn lines(root: &Node) -> Option<Edit> {
    let place =
        root.origin.as_ref().filter(|_| root.entries().len() == 1 && !spot::is_flow(root))?;
    let source = &place.source;
    let start = layout::line_start(source, place.span().start);
    if !source.slice(Span::new(start, place.span().start)).trim().is_empty() {
        return None;
    }
    let at_line = layout::line_start(source, place.span().end) == place.span().end;
    let end = if at_line { place.span().end } else { layout::next_line(source, place.span().end) };
    Some(Edit { span: Span::new(start, end), text: String::new() })
}

/// Refuses to change text that an alias elsewhere refers to.
fn unshared(root: &Node, span: Span, what: &str) -> Result<(), String> {
    let Some((source, alias)) = borrowed(root, span) else { return Ok(()) };
    let (line, name) = (source.position(alias.start).line, source.slice(alias));
    Err(format!(
        "{what} is also read in line {line}, through the alias `{name}`; write the value itself there first"
    ))
}

/// An alias outside of a range whose value is written inside it.
fn borrowed(node: &Node, span: Span) -> Option<(Arc<Source>, Span)> {
    let within = |one: Span| span.start <= one.start && one.end <= span.end;
    if let Some(alias) = node.alias() {
        let origin =
            node.origin.as_ref().filter(|origin| within(origin.span()) && !within(alias))?;
        return Some((Arc::clone(&origin.source), alias));
    }
    match &node.value {
        Value::Scalar(_) => None,
        Value::Seq(seq) => seq.items.iter().find_map(|item| borrowed(item, span)),
        Value::Map(map) => {
            let mut parts = map.entries.iter().flat_map(|entry| [&entry.key, &entry.value]);
            parts.find_map(|part| borrowed(part, span))
        }
    }
}

/// Which holds of a text are on a family.
fn found(source: &Arc<Source>, on: On<'_>) -> Result<Vec<usize>, String> {
    let stream = parsed(source)?;
    Ok(stream.documents.first().map_or_else(Vec::new, |first| positions(&first.root, on)))
}

/// Which of the holds are on a family in an environment.
fn positions(root: &Node, (environment, family): On<'_>) -> Vec<usize> {
    let says = |item: &Node, key: &str, text: &str| item.get(key).and_then(Node::str) == Some(text);
    let items = root.get(KEY).map(Node::items).unwrap_or_default().iter().enumerate();
    let meant = items
        .filter(|(_, item)| says(item, "secret", family) && says(item, "environment", environment));
    meant.map(|(index, _)| index).collect()
}

/// Whether there is nothing but comments, directives and marks.
fn says_nothing(stream: &Stream) -> bool {
    let is_empty = |root: &Node| {
        root.scalar().is_some() && root.origin.as_ref().is_none_or(|place| place.span().is_empty())
    };
    stream.documents.iter().all(|document| is_empty(&document.root))
}

/// Parses the text. The settings may declare YAML 1.2, which changes nothing in them; the
/// parser reads manifests, which may not.
fn parsed(source: &Arc<Source>) -> Result<Stream, String> {
    let text = source.text();
    let directive = "%YAML 1.2";
    let at = text.find(directive).filter(|at| layout::line_start(source, *at) == *at);
    let at = at.filter(|at| !text[..*at].lines().any(|line| line.starts_with("---")));
    let read = match at {
        // Of equal length, so that no position shifts.
        Some(at) => {
            let rest = &text[at + directive.len()..];
            &Source::file(source.path().clone(), format!("{}%YAML 1.1{rest}", &text[..at]))
        }
        None => source,
    };
    parse(read).map_err(|error| error.to_string())
}

fn again(source: &Source, text: String) -> Arc<Source> {
    Source::file(source.path().clone(), text)
}

fn edited(
    source: &Arc<Source>,
    edit: impl FnOnce(&Node) -> Result<Edit, String>,
) -> Result<String, String> {
    let stream = parsed(source)?;
    let document = stream.documents.first().ok_or("it has no document")?;
    let edit = edit(&document.root)?;
    apply(source.text(), &[edit]).map_err(|error| error.to_string())
}
