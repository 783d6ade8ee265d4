//! What our parser would accept, but Kubernetes does not.

use crate::text::span::Span;
use crate::yaml::node::{Node, Style, Tag};
use crate::yaml::scalar::{Kind, Schema, kind};

/// What is wrong at a place, and what to do.
pub(super) struct Refusal {
    pub(super) span: Span,
    pub(super) message: &'static str,
    pub(super) help: &'static str,
}

/// Which line separators other than a line feed a text contains.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rare {
    /// Those that Kubernetes does not treat as line breaks.
    separators: bool,
    returns: bool,
}

impl Rare {
    /// Scans a text once; the error is the first character that YAML does not allow.
    pub(super) fn of(text: &str) -> Result<Self, usize> {
        let bytes = text.as_bytes();
        let mut rare = Self::none();
        let (chunks, rest) = bytes.as_chunks::<64>();
        for (index, chunk) in chunks.iter().enumerate() {
            if chunk.iter().fold(false, |found, byte| found | is_odd(*byte)) {
                rare.look(bytes, index * 64, chunk.len())?;
            }
        }
        rare.look(bytes, bytes.len() - rest.len(), rest.len())?;
        Ok(rare)
    }

    /// Checks bytes one by one.
    fn look(&mut self, bytes: &[u8], start: usize, len: usize) -> Result<(), usize> {
        for at in start..start + len {
            match bytes[at] {
                b'\n' | b'\t' => {}
                b'\r' => self.returns = true,
                0xc2 => match bytes.get(at + 1) {
                    Some(0x85) => self.separators = true,
                    Some(0x80..0xa0) => return Err(at),
                    _ => {}
                },
                0xe2 => {
                    let separator = matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xa8 | 0xa9]));
                    self.separators |= separator;
                }
                0xef if matches!(bytes.get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf])) => {
                    return Err(at);
                }
                0..0x20 | 0x7f => return Err(at),
                _ => {}
            }
        }
        Ok(())
    }

    /// The result for a text with no separator but line feeds.
    pub(super) const fn none() -> Self {
        Self { separators: false, returns: false }
    }

    /// Whether line feeds are the only line separators.
    pub(super) const fn is_none(self) -> bool {
        !self.separators && !self.returns
    }

    /// Rejects a scalar that Kubernetes reads differently or not at all.
    pub(super) fn scalar(self, node: &Node) -> Option<Refusal> {
        let scalar = node.scalar()?;
        if !self.separators && matches!(scalar.tag, Tag::None | Tag::Str | Tag::Other) {
            return None;
        }
        let origin = node.origin.as_ref()?;
        let token = origin.text();
        let refuse = |at: usize, len: usize, message, help| {
            let start = origin.span().start + at;
            Some(Refusal { span: Span::new(start, start + len), message, help })
        };
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

/// Whether a byte may start a forbidden or rare character; most texts have no such byte.
const fn is_odd(byte: u8) -> bool {
    // As a signed integer, any non-ASCII byte is also less than a space.
    ((byte.cast_signed() < 0x20) & (byte != b'\n') & (byte != b'\t')) | (byte == 0x7f)
}

/// Rejects keys that no object can have.
pub(super) fn key(node: &Node) -> Option<Refusal> {
    let span = node.origin.as_ref()?.span();
    let text = node.origin.as_ref()?.text();
    let refuse = |message, help| Some(Refusal { span, message, help });
    match kind(node, Schema::Kubectl) {
        Some(Kind::Null) => refuse("a key without a name", "name the key, or take the `:` out"),
        None if text.starts_with('{') => refuse(
            "a mapping in the place of a key",
            "this looks like a template: quote it if `{{` is meant as text",
        ),
        None => refuse("a collection in the place of a key", "quote it if it is meant as text"),
        _ => None,
    }
}
