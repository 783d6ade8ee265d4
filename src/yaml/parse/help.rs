//! What to do about a syntax error.

use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};

use crate::text::source::Source;
use crate::text::span::Span;
use crate::yaml::bounds::DEEPEST;
use crate::yaml::parse::SyntaxError;

/// Tells a parser's error in our words, with a hint.
pub(super) fn explain(source: &Arc<Source>, error: &ScanError, at: usize) -> SyntaxError {
    let at = floor(source.text(), at);
    let line = source.slice(source.line_span(source.position(at).line));
    let (message, help) = match error.kind() {
        ErrorKind::RecursionLimitExceeded => (Some(too_deep()), None),
        ErrorKind::UnknownAnchor => (
            Some("an alias without an anchor before it".to_owned()),
            Some("write `&name` before the value that `*name` repeats"),
        ),
        ErrorKind::TabInIndentation
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabAtBlockScalarStart => {
            (Some("a tab in the indentation".to_owned()), Some("indent with spaces"))
        }
        _ if line.contains("{{") || line.contains("{%") => {
            (None, Some("this looks like a template: quote it if `{{` is meant as text"))
        }
        ErrorKind::InvalidQuotedScalarIndent => (
            None,
            Some("Kubernetes reads this, but write the string on one line, or indent its lines"),
        ),
        ErrorKind::CommentNotSeparated => (None, Some("put a space before `#`")),
        ErrorKind::UnknownQuotedScalarEscape => (
            None,
            Some(
                "write the character itself, or `\\\\` if a backslash is meant: `\\'` needs none between double quotes",
            ),
        ),
        ErrorKind::UnclosedQuotedScalar => (None, Some("close the quotes")),
        ErrorKind::UnclosedFlowCollection { .. } => (None, Some("close the bracket")),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            (None, Some("take the invisible character out"))
        }
        ErrorKind::UnexpectedCharacter { .. } => (None, Some("put the value in quotes")),
        ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidSimpleKey
        | ErrorKind::MappingValueNotAllowed
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation => (
            None,
            Some(
                "look for a missing `:`, a line indented wrongly, or a `: ` inside a text without quotes",
            ),
        ),
        _ => (None, None),
    };
    let message = message.unwrap_or_else(|| error.info());
    SyntaxError::new(source, Span::new(at, at), &message, help)
}

/// The message for collections that nest too deep.
pub(super) fn too_deep() -> String {
    format!("nested deeper than {DEEPEST} levels")
}

fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
