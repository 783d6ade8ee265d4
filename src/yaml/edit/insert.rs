//! Inserting keys into a mapping.

use crate::text::edit::Edit;
use crate::text::span::Span;
use crate::yaml::edit::append::{below_key, into_flow, key_column, parse_text};
use crate::yaml::edit::spot::{self, Spot};
use crate::yaml::edit::{EditError, flow, layout};
use crate::yaml::node::{Node, Value};
use crate::yaml::path::Path;
use crate::yaml::scalar::{Kind, Schema, kind};

/// Adds a key to the mapping at a path, after the key `after` or at the end. The value is given in
/// block style without indentation (`- path: x\n  target: y`) and written in the style of the file.
///
/// # Errors
/// When the path does not lead to a mapping, goes through an alias, or the value is not valid YAML.
pub fn insert_entry(
    root: &Node,
    path: &Path,
    key: &str,
    value: &str,
    after: Option<&str>,
) -> Result<Edit, EditError> {
    let parsed = parse_text(value)?;
    let spot = Spot::find(root, path)?;
    let (source, span) = spot.place()?;
    let new = New { root, key, value, parsed: &parsed };
    match &spot.node.value {
        Value::Map(map) if map.flow && !map.entries.is_empty() => {
            let behind = after.and_then(|name| spot::entry(spot.node, name));
            let mut items = map.entries.iter().filter(|e| !e.is_merged()).map(|e| &e.value);
            let first = map.entries.iter().find(|e| !e.is_merged()).map(|e| &e.key);
            let last = behind.map(|e| &e.value).or_else(|| items.next_back());
            let (Some(first), Some(last)) = (first, last) else { return Err(EditError::Unspelled) };
            let json = layout::is_json(source);
            let text = format!("{}: {}", flow::key(key, json), flow::write(&parsed, json));
            into_flow(source, span, &[first.clone(), last.clone()], &text)
        }
        Value::Map(map) if !map.flow => {
            let behind = after.and_then(|name| spot::entry(spot.node, name));
            let end = behind.and_then(|entry| spot::end(&entry.value)).unwrap_or(span.end);
            let at = layout::line_end(source, end);
            let column = layout::column(source, span.start);
            let newline = layout::newline(source);
            let text = format!("{newline}{}{}", " ".repeat(column), new.block(newline, column));
            Ok(Edit { span: Span::new(at, at), text })
        }
        Value::Map(_) => new.as_first(&spot),
        Value::Scalar(_) if kind(spot.node, Schema::Kubectl) == Some(Kind::Null) => {
            new.as_first(&spot)
        }
        _ => Err(EditError::Unexpected { path: path.clone(), wanted: "mapping" }),
    }
}

/// A key to be added.
struct New<'n> {
    root: &'n Node,
    key: &'n str,
    value: &'n str,
    parsed: &'n Node,
}

impl New<'_> {
    /// Key and value in block style, for a key at a column.
    fn block(&self, newline: &str, column: usize) -> String {
        let key = flow::key(self.key, false);
        let value = self.value.trim_matches('\n');
        let child = match &self.parsed.value {
            Value::Seq(seq) if !seq.flow => column + layout::seq_indent(self.root),
            Value::Map(map) if !map.flow => column + layout::map_indent(self.root),
            _ => {
                let lines = layout::indented(value, newline, column);
                return if lines.is_empty() {
                    format!("{key}:")
                } else {
                    format!("{key}: {lines}")
                };
            }
        };
        let lines = layout::indented(value, newline, child);
        format!("{key}:{newline}{}{lines}", " ".repeat(child))
    }

    /// The first key of a mapping that was `{}` or empty.
    fn as_first(&self, spot: &Spot<'_>) -> Result<Edit, EditError> {
        let (source, span) = spot.place()?;
        let newline = layout::newline(source);
        if let Some(colon) = spot.behind_colon().filter(|_| !spot.in_flow) {
            let column = key_column(source, spot) + layout::map_indent(self.root);
            let lines = format!("{newline}{}{}", " ".repeat(column), self.block(newline, column));
            return Ok(below_key(source, colon, span, &lines));
        }
        if spot.in_flow || layout::is_json(source) {
            let json = layout::is_json(source);
            let value = flow::write(self.parsed, json);
            return Ok(Edit { span, text: format!("{{{}: {value}}}", flow::key(self.key, json)) });
        }
        let column = layout::column(source, span.start);
        if span.is_empty() {
            return Err(EditError::Unspelled);
        }
        Ok(Edit { span, text: self.block(newline, column) })
    }
}
