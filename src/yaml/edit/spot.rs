//! The position of a collection in its document: what structural edits need to know about it.

use std::sync::Arc;

use crate::text::source::Source;
use crate::text::span::Span;
use crate::yaml::edit::EditError;
use crate::yaml::node::{Entry, Node, Value};
use crate::yaml::path::{Path, PathStep};

/// A node and its context.
#[derive(Clone, Copy)]
pub struct Spot<'n> {
    /// The node.
    pub node: &'n Node,
    /// The key whose value it is.
    pub key: Option<&'n Node>,
    /// Whether it is inside a flow collection.
    pub in_flow: bool,
}

impl<'n> Spot<'n> {
    /// Follows a path from a document's root.
    ///
    /// # Errors
    /// When nothing is there, or the path goes through an alias or a merge key.
    pub fn find(root: &'n Node, path: &Path) -> Result<Self, EditError> {
        let mut spot = Self { node: root, key: None, in_flow: false };
        for (depth, step) in path.0.iter().enumerate() {
            let here = || Path(path.0[..=depth].to_vec());
            spot = spot.step(step).ok_or_else(|| EditError::Unexpected {
                path: here(),
                wanted: "value of this document",
            })?;
            if spot.node.alias.is_some() || spot.key.is_none() && matches!(step, PathStep::Key(_)) {
                return Err(EditError::Shared { path: here() });
            }
        }
        Ok(spot)
    }

    fn step(self, step: &PathStep) -> Option<Self> {
        let in_flow = self.in_flow || is_flow(self.node);
        match step {
            PathStep::Index(index) => {
                Some(Self { node: self.node.items().get(*index)?, key: None, in_flow })
            }
            PathStep::Key(key) => match entry(self.node, key) {
                Some(entry) => Some(Self { node: &entry.value, key: Some(&entry.key), in_flow }),
                // It came from a merge key: the mapping has no entry of its own for it.
                None => Some(Self { node: self.node.get(key)?, key: None, in_flow }),
            },
        }
    }

    /// The source text of the node, and the range of its token.
    ///
    /// # Errors
    /// When it is not written in any file.
    pub fn place(&self) -> Result<(&'n Arc<Source>, Span), EditError> {
        let origin = self.node.origin.as_ref().ok_or(EditError::Unspelled)?;
        Ok((&origin.source, origin.span()))
    }

    /// The position after the colon of the node's key.
    #[must_use]
    pub fn behind_colon(&self) -> Option<usize> {
        let (key, node) = (self.key?, self.node.origin.as_ref()?);
        let from = end(key)?;
        let between = node.source.slice(Span::new(from, node.span().start));
        between.find(':').map(|at| from + at + 1)
    }
}

/// A mapping's own entry for a key: the last one if it is repeated, because that one counts.
#[must_use]
pub fn entry<'n>(map: &'n Node, key: &str) -> Option<&'n Entry> {
    map.entries().iter().rev().find(|entry| !entry.is_merged() && entry.key.str() == Some(key))
}

/// Whether a node is written in flow style.
#[must_use]
pub fn is_flow(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map.flow,
        Value::Seq(seq) => seq.flow,
        Value::Scalar(_) => false,
    }
}

/// The end of a node's token; for an alias, of the alias itself.
#[must_use]
pub fn end(node: &Node) -> Option<usize> {
    node.alias().or_else(|| node.origin.as_ref().map(|origin| origin.span())).map(|span| span.end)
}

/// The start of a node's token; for an alias, of the alias itself. Anchor and tag come before it.
#[must_use]
pub fn start(node: &Node) -> Option<usize> {
    node.alias().or_else(|| node.origin.as_ref().map(|origin| origin.span())).map(|span| span.start)
}
