//! Edits as data, and the one place that applies them.

use crate::text::span::Span;

/// Text to replace a range with; an empty range means an insertion.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// The range to replace.
    pub span: Span,
    /// The replacement.
    pub text: String,
}

/// Why edits were not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Two edits overlap.
    #[error("two edits overlap at bytes {}..{}", .0.start, .0.end)]
    Overlap(Span),
    /// An edit does not lie on character boundaries of the text.
    #[error("an edit at bytes {}..{} is not within the text", .0.start, .0.end)]
    Outside(Span),
}

/// Applies edits to a text; identical edits are applied once.
///
/// Several insertions at the same position keep their given order.
///
/// # Errors
/// When two edits overlap, or one is not within the text.
pub fn apply(text: &str, edits: &[Edit]) -> Result<String, EditError> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.span);
    sorted.dedup_by(|one, before| one == before && !one.span.is_empty());
    let mut out = String::with_capacity(text.len() + 64);
    let mut done = 0;
    for edit in sorted {
        if edit.span.start < done {
            return Err(EditError::Overlap(edit.span));
        }
        if edit.span.end < edit.span.start || text.get(edit.span.start..edit.span.end).is_none() {
            return Err(EditError::Outside(edit.span));
        }
        out.push_str(&text[done..edit.span.start]);
        out.push_str(&edit.text);
        done = edit.span.end;
    }
    out.push_str(&text[done..]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{Edit, EditError, apply};
    use crate::text::span::Span;

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit { span: Span::new(start, end), text: text.to_owned() }
    }

    #[test]
    fn applies_in_any_order_and_once() {
        let edits = [edit(4, 5, "E"), edit(0, 1, "A"), edit(4, 5, "E"), edit(2, 2, "+")];
        assert_eq!(apply("abcde", &edits).unwrap(), "Ab+cdE");
    }

    #[test]
    fn refuses_overlap_and_outside() {
        let overlap = apply("abcde", &[edit(0, 3, "x"), edit(2, 4, "y")]);
        assert_eq!(overlap, Err(EditError::Overlap(Span::new(2, 4))));
        assert!(matches!(apply("ü", &[edit(1, 2, "x")]), Err(EditError::Outside(_))));
    }
}
