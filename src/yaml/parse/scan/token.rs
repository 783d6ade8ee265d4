//! What a text is made of before its structure is known.

use crate::yaml::node::Style;

/// A piece of a text and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::yaml::parse) struct Token {
    pub(in crate::yaml::parse) kind: Kind,
    pub(in crate::yaml::parse) start: usize,
    pub(in crate::yaml::parse) end: usize,
}

/// The kind of a token. Those that start and end blocks are empty.
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
    /// A plain or quoted scalar, and whether its bytes, without quotes, are its value.
    Text(Style, bool),
    /// A literal or folded scalar; its value is in [`super::Scanner::blocks`].
    Block(Style),
}
