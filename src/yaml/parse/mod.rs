//! From text to documents.
//!
//! Kubernetes reads YAML with go-yaml, which follows libyaml and not the standard; so does this parser, step by
//! step: `scan` turns bytes into tokens, `grammar` follows their structure, `builder` builds nodes. The schema of a
//! CustomResourceDefinition is parsed in full only when it is accessed: until then, `skim` has only checked that it
//! is well-formed.

mod builder;
mod directive;
mod expansion;
mod fault;
mod grammar;
mod map;
mod scan;
mod skim;
mod strict;

use std::sync::Arc;

use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::yaml::node::{Entry, Node, Value};
use crate::yaml::parse::builder::Builder;
use crate::yaml::parse::fault::{Cause, Fault, explain};
use crate::yaml::parse::grammar::Grammar;
use crate::yaml::parse::strict::Rare;

/// The documents of a text.
#[derive(Debug)]
pub struct Stream {
    /// The text.
    pub source: Arc<Source>,
    /// Its documents, in order.
    pub documents: Vec<Document>,
    /// Its comments, including `#` but not the line break.
    pub comments: Vec<Span>,
}

/// One document.
#[derive(Debug)]
pub struct Document {
    /// The value; an empty document is null.
    pub root: Node,
    /// From the end of the previous document (its `---` included) to the end of this one.
    pub span: Span,
    /// Duplicate keys of a mapping: the first and the second.
    pub duplicates: Vec<(Span, Span)>,
}

/// Why a text is not YAML, and where.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong, as a lower-case phrase.
    pub message: String,
    /// The place.
    pub place: Place,
    /// A hint, as a lower-case phrase.
    pub help: Option<String>,
}

impl SyntaxError {
    fn new(source: &Arc<Source>, span: Span, message: &str, help: Option<&str>) -> Self {
        let place = Place::new(Arc::clone(source), span);
        Self { message: message.to_owned(), place, help: help.map(str::to_owned) }
    }
}

/// Parses all documents of a text as Kubernetes does.
///
/// # Errors
/// When the text is not valid YAML, is nested too deep, expands aliases excessively, or has too many values.
pub fn parse(source: &Arc<Source>) -> Result<Stream, SyntaxError> {
    let rare = Rare::of(source.text())
        .map_err(|at| explain(source, Fault { cause: Cause::Control, at }))?;
    Grammar::new(source.text(), Builder::new(source, rare)).run()
}

/// Parses a mapping that was only skimmed before.
fn read(place: &Place) -> Vec<Entry> {
    let text = place.source.slice(Span::new(0, place.span().end));
    let builder = Builder::new(&place.source, Rare::none()).counted();
    let stream = Grammar::inside(text, place.span().start, builder).run();
    debug_assert!(stream.is_ok(), "what was looked through is no YAML");
    let root = stream.ok().and_then(|stream| stream.documents.into_iter().next());
    match root.map(|document| document.root.value) {
        Some(Value::Map(map)) => Arc::unwrap_or_clone(map).entries.into(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
