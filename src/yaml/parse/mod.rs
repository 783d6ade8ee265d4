//! From text to documents.

mod builder;
mod expansion;
mod help;
mod map;
mod mended;
mod strict;

use std::sync::Arc;

use granit_parser::Parser;

use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::yaml::bounds::DEEPEST;
use crate::yaml::node::Node;
use crate::yaml::parse::builder::Builder;
use crate::yaml::parse::mended::Mended;

/// The documents of a text.
#[derive(Debug)]
pub struct Stream {
    /// The text.
    pub source: Arc<Source>,
    /// Its documents, in order.
    pub documents: Vec<Document>,
    /// Its comments, `#` included, line break not.
    pub comments: Vec<Span>,
}

/// One document.
#[derive(Debug)]
pub struct Document {
    /// The value; an empty document is null.
    pub root: Node,
    /// From the end of the document before (its `---` included) to this one's end.
    pub span: Span,
    /// Keys that stand twice in one mapping: the first and the second.
    pub duplicates: Vec<(Span, Span)>,
}

/// Why a text is not YAML, and where.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong, a lower-case phrase.
    pub message: String,
    /// The place.
    pub place: Place,
    /// What to do about it, a lower-case phrase.
    pub help: Option<String>,
}

impl SyntaxError {
    fn new(source: &Arc<Source>, span: Span, message: &str, help: Option<&str>) -> Self {
        let place = Place { source: Arc::clone(source), span };
        Self { message: message.to_owned(), place, help: help.map(str::to_owned) }
    }
}

/// Parses all documents of a text as Kubernetes does.
///
/// # Errors
/// When the text is no YAML, nests deeper than a document may, or expands aliases without end.
pub fn parse(source: &Arc<Source>) -> Result<Stream, SyntaxError> {
    let mut mended = Mended::default();
    loop {
        match attempt(source, &mended) {
            Ok(stream) => return Ok(stream),
            Err(Failure::Ours(error)) => return Err(error),
            Err(Failure::Parser { error, at, in_flow }) => {
                if !mended.mend(source.text(), error.kind(), at, in_flow) {
                    return Err(help::explain(source, &error, at));
                }
            }
        }
    }
}

/// Why one attempt failed.
enum Failure {
    Ours(SyntaxError),
    Parser { error: granit_parser::ScanError, at: usize, in_flow: bool },
}

fn attempt(source: &Arc<Source>, mended: &Mended) -> Result<Stream, Failure> {
    let options = granit_parser::options! {
        max_buffered_comment_events: usize::MAX,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let text = mended.text(source.text());
    let mut builder = Builder::new(source, mended);
    let mut parser = Parser::new_from_str_with_options(&text, options);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(text.len());
            Failure::Parser { error, at, in_flow: builder.in_flow() }
        })?;
        let span = span.byte_range().map_or_else(Span::default, |r| Span::new(r.start, r.end));
        builder.event(event, span).map_err(Failure::Ours)?;
    }
    Ok(builder.stream)
}

#[cfg(test)]
mod tests;
