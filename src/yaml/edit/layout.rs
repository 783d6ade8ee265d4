//! Lines, columns and indentation around a position, and the conventions of a file.

use crate::text::source::Source;
use crate::yaml::node::{Node, Value};

/// The line break style of a text: that of its first line break.
#[must_use]
pub fn newline(source: &Source) -> &'static str {
    let text = source.text();
    let first = memchr::memchr(b'\n', text.as_bytes());
    if first.is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" }
}

/// The start of the line that contains a byte; a byte order mark comes before the first line.
#[must_use]
pub fn line_start(source: &Source, at: usize) -> usize {
    let before = source.text().get(..at).unwrap_or_default();
    let mark = if before.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    before.rfind('\n').map_or(mark, |line| line + 1)
}

/// The end of the line that contains a byte, excluding its line break.
#[must_use]
pub fn line_end(source: &Source, at: usize) -> usize {
    let rest = source.text().get(at..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    let broken = line.len() < rest.len();
    at + if broken { line.strip_suffix('\r').unwrap_or(line).len() } else { line.len() }
}

/// The beginning of the next line, or the end of the text.
#[must_use]
pub fn next_line(source: &Source, at: usize) -> usize {
    let rest = source.text().get(at..).unwrap_or_default();
    rest.find('\n').map_or(source.text().len(), |line| at + line + 1)
}

/// The number of characters before a byte on its line.
#[must_use]
pub fn column(source: &Source, at: usize) -> usize {
    source.text().get(line_start(source, at)..at).unwrap_or_default().chars().count()
}

/// Joins the lines of a text with a line break and an indent before each but the first; blank lines get no indent.
#[must_use]
pub fn indented(text: &str, newline: &str, indent: usize) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (index, line) in text.trim_end_matches('\n').split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if index > 0 {
            out.push_str(newline);
            if !line.is_empty() {
                out.extend(std::iter::repeat_n(' ', indent));
            }
        }
        out.push_str(line);
    }
    out
}

/// Whether a text is JSON, where every string is double-quoted.
#[must_use]
pub fn is_json(source: &Source) -> bool {
    let text = source.text().trim_start_matches('\u{feff}').trim_start();
    let inner = text.strip_prefix(['{', '[']).map(str::trim_start);
    inner.is_some_and(|rest| {
        source.path().name().ends_with(".json") || rest.starts_with(['"', '{', '['])
    })
}

/// How far a document indents the sequence below a key: 0 if it has none.
#[must_use]
pub fn seq_indent(root: &Node) -> usize {
    child_indent(root, &|value| matches!(value, Value::Seq(seq) if !seq.flow)).unwrap_or(0)
}

/// How far a document indents the mapping below a key: 2 if it has none.
#[must_use]
pub fn map_indent(root: &Node) -> usize {
    child_indent(root, &|value| matches!(value, Value::Map(map) if !map.flow)).unwrap_or(2)
}

fn child_indent(node: &Node, wanted: &dyn Fn(&Value) -> bool) -> Option<usize> {
    let own = |child: &&Node| child.alias.is_none();
    if let (Value::Map(map), Some(origin)) = (&node.value, &node.origin) {
        let here = column(&origin.source, origin.span().start);
        let values =
            map.entries.iter().filter(|entry| !entry.is_merged()).map(|entry| &entry.value);
        for child in values.clone().filter(own) {
            if let Some(place) = child.origin.as_ref().filter(|_| wanted(&child.value)) {
                return column(&place.source, place.span().start).checked_sub(here);
            }
        }
        return values.filter(own).find_map(|child| child_indent(child, wanted));
    }
    node.items().iter().filter(own).find_map(|child| child_indent(child, wanted))
}
