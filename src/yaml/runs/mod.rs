//! Which bytes of a file a scalar's decoded text is made of.

pub mod block;
pub mod flow;

use crate::text::source::Run;
use crate::yaml::node::{Node, Style};

/// The runs of a scalar's text that its origin spells byte for byte, in order.
///
/// Empty when no file spells the text, or nothing of it as it reads.
#[must_use]
pub fn of(node: &Node) -> Vec<Run> {
    spelled(node).unwrap_or_default()
}

/// The same, but `None` when no file spells the text: the node is no scalar, was made, or its text
/// was changed.
#[must_use]
pub fn spelled(node: &Node) -> Option<Vec<Run>> {
    let (scalar, origin, text) = (node.scalar()?, node.origin.as_ref()?, node.str()?);
    let (token, start) = (origin.text(), origin.span.start);
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
