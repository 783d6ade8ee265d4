//! Why Kubernetes does not accept a text as YAML, and what to do about it.

use std::sync::Arc;

use crate::text::source::Source;
use crate::text::span::Span;
use crate::yaml::bounds::{DEEPEST, MOST_IN_FILE};
use crate::yaml::parse::SyntaxError;

/// What stopped the parser, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) cause: Cause,
    pub(super) at: usize,
}

/// What stopped the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    TooDeep,
    Control,
    Tab,
    NoToken,
    NoColon,
    NoKeyHere,
    NoItemHere,
    NoValueHere,
    NoContent,
    NoKey,
    NoItem,
    FlowMap,
    FlowSeq,
    Unclosed,
    Marker,
    Escape,
    ForeignEscape,
    Header,
    HeaderZero,
    TooIndented,
    AnchorName,
    AliasName,
    TagText,
    TagHandle,
    TwoAnchors,
    TwoTags,
    Directive,
    DirectiveTwice,
    Version,
    NoDocument,
    UnknownAnchor,
}

const COLON: Option<&str> =
    Some("look for a missing `:`, a line indented wrongly, or a `: ` inside a text without quotes");
const TEMPLATE: &str = "this looks like a template: quote it if `{{` is meant as text";

impl Cause {
    /// What is wrong, a lower-case phrase.
    const fn message(self) -> &'static str {
        match self {
            Self::TooDeep => "nested too deep",
            Self::Control => "a control character",
            Self::Tab => "a tab in the indentation",
            Self::NoToken => "a character that no value begins with",
            Self::NoColon => "a key without a `:`",
            Self::NoKeyHere => "a key where none can stand",
            Self::NoItemHere => "a list item where none can stand",
            Self::NoValueHere => "a `:` where none can stand",
            Self::NoContent => "a value is missing",
            Self::NoKey => "the next key of the mapping, or its end, is missing",
            Self::NoItem => "the next item of the list, or its end, is missing",
            Self::FlowMap => "a `,` or `}` is missing",
            Self::FlowSeq => "a `,` or `]` is missing",
            Self::Unclosed => "a text in quotes does not end",
            Self::Marker => "a document begins or ends inside a text in quotes",
            Self::Escape => "an escape that does not exist",
            Self::ForeignEscape => "an escape that Kubernetes does not read",
            Self::Header => "something other than a comment behind `|` or `>`",
            Self::HeaderZero => "an indentation of zero",
            Self::TooIndented => "a text that is indented less than the empty lines before it",
            Self::AnchorName => {
                "an anchor's name with other characters than letters, digits, `-` and `_`"
            }
            Self::AliasName => "an alias with other characters than letters, digits, `-` and `_`",
            Self::TagText => "a tag that does not end",
            Self::TagHandle => "a tag whose handle is not declared",
            Self::TwoAnchors => "two anchors on one value",
            Self::TwoTags => "two tags on one value",
            Self::Directive => "an unknown directive",
            Self::DirectiveTwice => "a directive that is there twice",
            Self::Version => "a version of YAML that Kubernetes does not read",
            Self::NoDocument => "something before the document begins",
            Self::UnknownAnchor => "an alias without an anchor before it",
        }
    }

    /// What to do about it, a lower-case phrase.
    const fn help(self) -> Option<&'static str> {
        match self {
            Self::TooDeep => None,
            Self::Control => Some("take the invisible character out"),
            Self::Tab => Some("indent with spaces"),
            Self::NoToken => Some("put the value in quotes"),
            Self::NoColon
            | Self::NoKeyHere
            | Self::NoValueHere
            | Self::NoContent
            | Self::NoKey
            | Self::NoItem => COLON,
            Self::NoItemHere => Some("start the list on a new line, with its dashes aligned"),
            Self::FlowMap => Some("close the brace, or look for a missing comma"),
            Self::FlowSeq => Some("close the bracket, or look for a missing comma"),
            Self::Unclosed => Some("close the quotes"),
            Self::Marker => Some("close the quotes, or indent the line"),
            Self::Escape => Some("write the character itself, or `\\\\` if a backslash is meant"),
            Self::ForeignEscape => Some("write the character itself: `/`, or an emoji as it is"),
            Self::Header => Some("begin the text on the next line"),
            Self::HeaderZero => Some("write 1 to 9 behind `|` or `>`, or nothing"),
            Self::TooIndented => Some("take the blanks out of the empty lines"),
            Self::AnchorName => Some("name it with letters, digits, `-` and `_`"),
            Self::AliasName => Some(
                "put the value in quotes if `*` is meant as text, and a space before the `:` behind an alias",
            ),
            Self::TagText | Self::TagHandle => {
                Some("put the value in quotes if `!` is meant as text")
            }
            Self::TwoAnchors | Self::TwoTags | Self::DirectiveTwice => Some("take one of them out"),
            Self::Directive => Some("put the value in quotes if `%` is meant as text"),
            Self::Version => Some("take the directive out"),
            Self::NoDocument => Some("begin the document with a line `---`"),
            Self::UnknownAnchor => Some("write `&name` before the value that `*name` repeats"),
        }
    }
}

/// Describes a fault, with a hint.
pub(super) fn explain(source: &Arc<Source>, fault: Fault) -> SyntaxError {
    let at = source.text().floor_char_boundary(fault.at);
    let line = source.slice(source.line_span(source.position(at).line));
    let known =
        matches!(fault.cause, Cause::Tab | Cause::Control | Cause::UnknownAnchor | Cause::TooDeep);
    let help = if !known && (line.contains("{{") || line.contains("{%")) {
        Some(TEMPLATE)
    } else {
        fault.cause.help()
    };
    let message =
        if fault.cause == Cause::TooDeep { too_deep() } else { fault.cause.message().to_owned() };
    SyntaxError::new(source, Span::new(at, at), &message, help)
}

/// The message for collections that are nested too deep.
pub(super) fn too_deep() -> String {
    format!("nested deeper than {DEEPEST} levels")
}

/// The message for a file with too many values, with what to do: reports of unreadable files have a hint of their own.
pub(super) fn too_many() -> String {
    format!("more than {MOST_IN_FILE} values in one file; split it")
}
