//! What our parser reads, but Kubernetes does not.

use crate::text::span::Span;
use crate::yaml::node::{Node, Style, Tag};
use crate::yaml::scalar::{Kind, Schema, kind};

/// What is wrong at a place, and what to do.
pub(super) struct Refusal {
    pub(super) span: Span,
    pub(super) message: &'static str,
    pub(super) help: &'static str,
}

/// Which of the rarer characters a text holds at all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rare {
    tabs: bool,
    separators: bool,
}

impl Rare {
    /// Looks a text through once.
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let separators = memchr::memmem::find(bytes, "\u{85}".as_bytes()).is_some()
            || memchr::memmem::find(bytes, b"\xe2\x80\xa8").is_some()
            || memchr::memmem::find(bytes, b"\xe2\x80\xa9").is_some();
        Self { tabs: memchr::memchr(b'\t', bytes).is_some(), separators }
    }

    /// Refuses tabs between two tokens of block style: in an indentation, or behind a dash.
    pub(super) fn between(self, gap: &str, start: usize) -> Option<Refusal> {
        if !self.tabs || !gap.contains('\t') {
            return None;
        }
        let mut at = start;
        for (index, line) in gap.split_inclusive('\n').enumerate() {
            let word = line.trim_start_matches(' ');
            let behind = word.strip_prefix(['-', '?']).map(|rest| rest.trim_start_matches(' '));
            let indents = index > 0 && word.starts_with('\t');
            if indents || behind.is_some_and(|rest| rest.starts_with('\t')) {
                let tab = at + line.find('\t').unwrap_or_default();
                return Some(Refusal {
                    span: Span::new(tab, tab + 1),
                    message: "a tab in the indentation",
                    help: "indent with spaces",
                });
            }
            at += line.len();
        }
        None
    }

    /// Refuses a scalar that Kubernetes reads differently or not at all.
    pub(super) fn scalar(self, node: &Node) -> Option<Refusal> {
        let (scalar, origin) = (node.scalar()?, node.origin.as_ref()?);
        let token = origin.text();
        let refuse = |at: usize, len: usize, message, help| {
            let start = origin.span.start + at;
            Some(Refusal { span: Span::new(start, start + len), message, help })
        };
        if scalar.style == Style::Double
            && let Some((at, len)) = bad_escape(token)
        {
            return refuse(at, len, "an escape that Kubernetes does not read", ESCAPE_HELP);
        }
        if self.separators && !matches!(scalar.style, Style::Single | Style::Double) {
            let at = token.find(['\u{85}', '\u{2028}', '\u{2029}']);
            let len = |at: usize| token[at..].chars().next().map_or(0, char::len_utf8);
            if let Some(at) = at {
                let help = "take it out, or write the text in double quotes with an escape";
                return refuse(at, len(at), "an invisible line separator inside a text", help);
            }
        }
        let wanted = matches!(scalar.tag, Tag::Int | Tag::Float | Tag::Bool | Tag::Null);
        if wanted && kind(node, Schema::Kubectl) == Some(Kind::Str) {
            return refuse(0, token.len(), "a value that does not fit its tag", "drop the tag");
        }
        None
    }
}

const ESCAPE_HELP: &str = "write the character itself: `/`, or an emoji as it is";

/// The first escape that is `\/`, or a half of a pair of UTF-16.
fn bad_escape(token: &str) -> Option<(usize, usize)> {
    let mut at = 0;
    while let Some(next) = memchr::memchr(b'\\', token.get(at..)?.as_bytes()) {
        let escape = at + next;
        let rest = token.get(escape + 1..)?;
        if rest.starts_with('/') {
            return Some((escape, 2));
        }
        let half = rest.strip_prefix(['u', 'U']).and_then(|hex| hex.get(..4));
        let half = half.and_then(|hex| u32::from_str_radix(hex, 16).ok());
        if rest.starts_with('u') && half.is_some_and(|code| (0xd800..0xe000).contains(&code)) {
            return Some((escape, 6));
        }
        at = escape + 1 + rest.chars().next().map_or(1, char::len_utf8);
    }
    None
}

/// Refuses keys that no object can have.
pub(super) fn key(node: &Node) -> Option<Refusal> {
    let span = node.origin.as_ref()?.span;
    let text = node.origin.as_ref()?.text();
    let refuse = |message, help| Some(Refusal { span, message, help });
    match kind(node, Schema::Kubectl) {
        Some(Kind::Null) => refuse("a key without a name", "name the key, or take the `:` out"),
        None if text.starts_with('{') => refuse(
            "a mapping in the place of a key",
            "this looks like a template: quote it if `{{` is meant as text",
        ),
        None => refuse("a collection in the place of a key", "quote it if it is meant as text"),
        Some(_) if is_broken(node) => {
            refuse("a key that goes on over several lines", "look for a missing quote or comma")
        }
        _ => None,
    }
}

/// Whether a key without `?` reaches over a line break.
fn is_broken(key: &Node) -> bool {
    let Some(origin) = &key.origin else { return false };
    let style = key.scalar().map(|scalar| scalar.style);
    let in_line = matches!(style, Some(Style::Plain | Style::Single | Style::Double));
    in_line && origin.text().contains('\n') && {
        let text = origin.source.text();
        let asked = text[..origin.span.start].trim_end().ends_with('?');
        !asked && text[origin.span.end..].trim_start_matches([' ', '\t']).starts_with(':')
    }
}
