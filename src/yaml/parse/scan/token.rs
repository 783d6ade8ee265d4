//! What a text is made of before its structure is known.

use crate::yaml::node::Style;

/// A piece of a text and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::yaml::parse) struct Token {
    pub(in crate::yaml::parse) kind: Kind,
    pub(in crate::yaml::parse) start: usize,
    pub(in crate::yaml::parse) end: usize,
}

/// What a piece is. Those that begin and end blocks hold no byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::yaml::parse) enum Kind {
    End,
    Directive,
    DocumentStart,
    DocumentEnd,
    BlockSeq,
    BlockMap,
    BlockEnd,
    FlowSeq,
    FlowSeqEnd,
    FlowMap,
    FlowMapEnd,
    Dash,
    Comma,
    Key,
    Value,
    Alias,
    Anchor,
    Tag,
    /// A plain or quoted text; whether its bytes are its value, quotes left out.
    Text(Style, bool),
    /// A literal or folded text; its value stands in [`super::Scanner::blocks`].
    Block(Style),
}
