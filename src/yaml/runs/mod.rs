//! Which bytes of a file a scalar's decoded text is made of.

pub mod block;
pub mod flow;

use crate::text::source::Run;
use crate::yaml::node::{Node, Style};

/// The runs of a scalar's text that its origin spells byte for byte, in order.
///
/// Empty when no file spells the text: the node is no scalar, was made, or its text was changed.
#[must_use]
pub fn of(node: &Node) -> Vec<Run> {
    let (Some(scalar), Some(origin), Some(text)) = (node.scalar(), &node.origin, node.str()) else {
        return Vec::new();
    };
    let (token, start) = (origin.text(), origin.span.start);
    let mut runs = match scalar.style {
        Style::Plain if token == text => vec![Run { inner: 0, outer: 0, len: text.len() }],
        Style::Literal => block::literal(token, text).unwrap_or_default().runs,
        Style::Folded => block::folded(token, text).unwrap_or_default().runs,
        style => match flow::decode(token, style) {
            Some((decoded, runs)) if decoded == text => runs,
            _ => Vec::new(),
        },
    };
    for run in &mut runs {
        run.outer += start;
    }
    runs
}
