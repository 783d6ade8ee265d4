//! Texts that Kubernetes reads and our parser does not: read again with blanks in the place of what it stumbles over.
//!
//! A replacement has as many bytes as what it replaces, so that every range stays right; quoted
//! scalars that hold one are decoded from the original.

use std::borrow::Cow;

use granit_parser::ErrorKind;

use crate::text::span::Span;

/// Each costs one more pass over the text.
const MOST: usize = 64;

/// The ranges of a text that are read as blanks.
#[derive(Debug, Default)]
pub(super) struct Mended(Vec<Span>);

impl Mended {
    /// The text with its blanks.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut bytes = Cow::Borrowed(text);
        for span in &self.0 {
            bytes.to_mut().replace_range(span.start..span.end, &" ".repeat(span.len()));
        }
        bytes
    }

    /// Whether a range holds a replacement.
    pub(super) fn touches(&self, span: Span) -> bool {
        self.0.iter().any(|own| own.start < span.end && span.start < own.end)
    }

    /// Notes what to replace so that an error goes away; `false` when it is a real one.
    pub(super) fn mend(&mut self, text: &str, kind: &ErrorKind, at: usize, in_flow: bool) -> bool {
        let Some((before, behind)) = text.split_at_checked(at) else { return false };
        let span = match kind {
            // A quoted scalar goes on at the column of its key, or before it.
            ErrorKind::InvalidQuotedScalarIndent
                if !(behind.starts_with("---") || behind.starts_with("...")) =>
            {
                Span::new(before.trim_end_matches([' ', '\t', '\n', '\r']).len(), at)
            }
            ErrorKind::TabInIndentation => {
                Span::new(at, at + behind.len() - behind.trim_start_matches([' ', '\t']).len())
            }
            ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed if in_flow => {
                let start = before.trim_end_matches([' ', '\t']).len();
                let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
                Span::new(start, at + blanks)
            }
            // The error stands at the text before the tab.
            ErrorKind::TabInPlainScalar if in_flow => {
                let unread = self.text(text);
                let Some(tab) = unread.get(at..).and_then(|rest| rest.find('\t')) else {
                    return false;
                };
                let start = text[..at + tab].trim_end_matches([' ', '\t']).len();
                let blanks =
                    text[start..].len() - text[start..].trim_start_matches([' ', '\t']).len();
                Span::new(start, start + blanks)
            }
            _ => return false,
        };
        let known = self.0.iter().any(|own| own.contains(span));
        if span.is_empty() || self.0.len() >= MOST || known {
            return false;
        }
        self.0.push(span);
        true
    }
}
