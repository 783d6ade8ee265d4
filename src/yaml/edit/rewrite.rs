//! Replacing the text of a scalar while keeping its style.

use std::ops::Range;

use crate::text::edit::Edit;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::yaml::edit::{EditError, layout, quote};
use crate::yaml::embed;
use crate::yaml::node::{Node, Style, Tag};
use crate::yaml::runs::{self, block, flow};
use crate::yaml::scalar::{IN_FLOW, Kind, Schema, kind, needs_quotes, needs_quotes_in_block};

/// Replaces a scalar's text and keeps its style. The result is always a string: a plain scalar that
/// would be read as another type is quoted. For an alias, the anchor's value is changed.
///
/// # Errors
/// When the value is not written in any file, or its style cannot represent the new text.
pub fn rewrite(node: &Node, new: &str) -> Result<Edit, EditError> {
    let (Some(scalar), Some(place)) = (node.scalar(), &node.origin) else {
        return Err(EditError::Unspelled);
    };
    runs::spelled(node).ok_or(EditError::Unspelled)?;
    if matches!(scalar.tag, Tag::Int | Tag::Float | Tag::Bool | Tag::Null) {
        return Err(inexpressible(place, "its tag asks for another type"));
    }
    let text = match scalar.style {
        Style::Plain if layout::is_json(&place.source) => quote::spell(new, Style::Double),
        Style::Plain if is_plain(node, new) => new.to_owned(),
        Style::Plain => quote::spell(new, Style::Double),
        Style::Single | Style::Double => quote::spell(new, scalar.style),
        style => return rewrite_block(place, node.str().unwrap_or_default(), new, style),
    };
    if place.span().is_empty() { fill(place, &text) } else { Ok(edit(place.span(), text)) }
}

/// Replaces an integer by another one; for an alias, the anchor's value, or with `stays` the alias.
///
/// # Errors
/// When the value is not written in any file, or is no plain integer there.
pub fn rewrite_integer(node: &Node, new: u64, stays: bool) -> Result<Edit, EditError> {
    let Some(place) = &node.origin else { return Err(EditError::Unspelled) };
    if !matches!(kind(node, Schema::Kyaml), Some(Kind::Int(_))) {
        return Err(inexpressible(place, "it is no integer"));
    }
    let alias = if stays { node.alias() } else { None };
    match alias {
        Some(span) => Ok(edit(span, new.to_string())),
        None if stays => Err(EditError::Unspelled),
        None => {
            runs::spelled(node).ok_or(EditError::Unspelled)?;
            Ok(edit(place.span(), new.to_string()))
        }
    }
}

/// Replaces the alias that supplied a value with a literal text; the anchor is kept.
///
/// # Errors
/// When the value did not come from an alias.
pub fn rewrite_alias(node: &Node, new: &str) -> Result<Edit, EditError> {
    let span = node.alias().ok_or(EditError::Unspelled)?;
    Ok(edit(span, quote::spell(new, Style::Plain)))
}

/// Replaces a range of a scalar's decoded text; the rest of its source text is left unchanged if possible.
///
/// # Errors
/// When the value is not written in any file, or its style cannot represent the new text.
pub fn rewrite_part(node: &Node, range: Range<usize>, new: &str) -> Result<Edit, EditError> {
    let (Some(text), Some(scalar), Some(origin)) = (node.str(), node.scalar(), &node.origin) else {
        return Err(EditError::Unspelled);
    };
    let (Some(head), Some(tail)) = (text.get(..range.start), text.get(range.end..)) else {
        return Err(EditError::Unspelled);
    };
    let whole = format!("{head}{new}{tail}");
    if whole == text {
        return rewrite_nothing(node, range);
    }
    let Some(place) = embed::part(node, range).filter(|_| is_visible(new)) else {
        return rewrite(node, &whole);
    };
    let spelled = match scalar.style {
        Style::Single => new.replace('\'', "''"),
        Style::Double => new.replace('\\', "\\\\").replace('"', "\\\""),
        _ => new.to_owned(),
    };
    let token = origin.text();
    let at = place.span().start - origin.span().start;
    let changed = format!("{}{spelled}{}", &token[..at], &token[at + place.span().len()..]);
    let reads = |style| flow::decode(&changed, style).is_some_and(|(text, _)| text == whole);
    let fits = match scalar.style {
        Style::Plain if layout::is_json(&origin.source) => false,
        // A text that is the same in the file is no YAML: a generator takes the whole file.
        Style::Plain if token.contains('\n') => {
            is_word(new) && (reads(Style::Plain) || changed == whole)
        }
        Style::Plain => is_plain(node, &whole),
        Style::Single | Style::Double => reads(scalar.style),
        Style::Literal | Style::Folded => !new.is_empty() && new.trim() == new,
    };
    if fits { Ok(edit(place.span(), spelled)) } else { rewrite(node, &whole) }
}

/// Whether a text can replace a plain scalar. If the old one contains a flow indicator, it is in block style.
fn is_plain(node: &Node, new: &str) -> bool {
    let in_block = node.str().is_some_and(|old| old.contains(IN_FLOW));
    if in_block { !needs_quotes_in_block(new) } else { !needs_quotes(new) }
}

/// A no-op edit, so that there is an edit for every request.
fn rewrite_nothing(node: &Node, range: Range<usize>) -> Result<Edit, EditError> {
    let place = embed::part(node, range).or_else(|| node.origin.clone());
    let place = place.filter(|_| runs::spelled(node).is_some()).ok_or(EditError::Unspelled)?;
    Ok(edit(place.span(), place.text().to_owned()))
}

const fn edit(span: Span, text: String) -> Edit {
    Edit { span, text }
}

fn inexpressible(place: &Place, reason: &'static str) -> EditError {
    EditError::Inexpressible { place: place.clone(), reason }
}

fn is_visible(text: &str) -> bool {
    !text.contains(quote::is_hidden)
}

fn is_word(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    !text.is_empty() && text.chars().all(word)
}

/// Writes a text where a key or a dash has no value yet.
fn fill(place: &Place, text: &str) -> Result<Edit, EditError> {
    let (before, after) = place.source.text().split_at(place.span().start);
    let word = before.rsplit([' ', '\t', '\n', '\r']).find(|word| !word.is_empty());
    let is_parted = after.is_empty() || after.starts_with([' ', '\t', '\n', '\r']);
    // In `{ a:, b-, "c": }` only the last colon is one that a value follows.
    let colon = |word: &str| {
        let key = word.strip_suffix(':');
        key.is_some_and(|key| {
            is_parted || before.ends_with(' ') || key.ends_with(['"', '\'', ']', '}'])
        })
    };
    let expects = |word: &str| colon(word) || word == "-" || word.starts_with(['&', '!']);
    if !word.is_some_and(expects) {
        return Err(inexpressible(place, "it has no place for a value"));
    }
    let space = if before.ends_with([' ', '\t']) { "" } else { " " };
    Ok(edit(place.span(), format!("{space}{text}")))
}

/// Rewrites the lines of a block scalar. The header is kept, so the trailing line breaks must be kept too.
fn rewrite_block(place: &Place, old: &str, new: &str, style: Style) -> Result<Edit, EditError> {
    let token = place.text();
    let found = if style == Style::Literal {
        block::literal(token, old)
    } else {
        block::folded(token, old)
    };
    let found = found.ok_or(EditError::Unspelled)?;
    let Some(indent) = found.indent else {
        return Err(inexpressible(place, "an empty block scalar does not tell its indent"));
    };
    let body = new.trim_end_matches('\n');
    if old.len() - old.trim_end_matches('\n').len() != new.len() - body.len() || body.is_empty() {
        return Err(inexpressible(
            place,
            "the block's header asks for other line breaks at the end",
        ));
    }
    let spaced = body.trim_start_matches('\n').starts_with([' ', '\t'])
        && !token[..block::header(token)].contains(|c: char| c.is_ascii_digit());
    let marker = indent == 0 && body.lines().any(|l| l.starts_with("---") || l.starts_with("..."));
    if spaced || marker || body.split('\n').any(|line| !is_visible(line)) {
        return Err(inexpressible(
            place,
            "its first line or a character would be read differently",
        ));
    }
    let body = if style == Style::Folded { unfold(place, body)? } else { body.to_owned() };
    let text = layout::indented(&body, layout::newline(&place.source), indent);
    let start = layout::next_line(&place.source, place.span().start);
    let indent = if body.starts_with('\n') { 0 } else { indent };
    let span = Span::new(start, place.span().start + last_content(&found, old, style));
    Ok(edit(span, format!("{}{text}", " ".repeat(indent))))
}

/// The end of the last non-blank line, so that trailing blank lines kept by `+` are preserved.
fn last_content(found: &block::Block, old: &str, style: Style) -> usize {
    if style == Style::Folded {
        return found.runs.last().map_or(found.end, |run| run.outer + run.len);
    }
    let body = old.trim_end_matches('\n').len();
    let last = found.runs.iter().rev().find(|run| run.inner < body || body == 0);
    last.map_or(found.end, |run| run.outer + (body - run.inner).min(run.len))
}

/// Writes the line breaks of a text so that folding restores them: one extra each.
fn unfold(place: &Place, body: &str) -> Result<String, EditError> {
    let start = body.len() - body.trim_start_matches('\n').len();
    let (head, rest) = body.split_at(start);
    if rest.split('\n').any(|line| line.starts_with([' ', '\t'])) {
        return Err(inexpressible(place, "a folded scalar would keep its indented lines apart"));
    }
    let mut out = head.to_owned();
    for (index, line) in rest.split('\n').enumerate() {
        let starts_run = index > 0 && !line.is_empty();
        out.push_str(if starts_run {
            "\n\n"
        } else if index > 0 {
            "\n"
        } else {
            ""
        });
        out.push_str(line);
    }
    Ok(out)
}
