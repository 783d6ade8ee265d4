//! The bytes of a file that make up a scalar's decoded text.

pub mod block;
pub mod flow;

use crate::text::source::Run;
use crate::yaml::node::{Node, Style};

/// The runs of a scalar's text that appear verbatim at its origin, in order.
///
/// Empty if the text is not written in any file, or no part of it appears verbatim.
#[must_use]
pub fn of(node: &Node) -> Vec<Run> {
    spelled(node).unwrap_or_default()
}

/// The same, but `None` if the text is not written in any file: the node is not a scalar, was generated,
/// or its text was changed.
#[must_use]
pub fn spelled(node: &Node) -> Option<Vec<Run>> {
    let (scalar, origin, text) = (node.scalar()?, node.origin.as_ref()?, node.str()?);
    let (token, start) = (origin.text(), origin.span().start);
    let mut runs = match scalar.style {
        Style::Plain if token == text => vec![Run { inner: 0, outer: 0, len: text.len() }],
        Style::Literal => block::literal(token, text)?.runs,
        Style::Folded => block::folded(token, text)?.runs,
        style => flow::decode(token, style).filter(|(decoded, _)| decoded == text)?.1,
    };
    for run in &mut runs {
        run.outer += start;
    }
    Some(runs)
}
