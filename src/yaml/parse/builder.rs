//! Builds documents from what the grammar finds.

use std::collections::HashMap;
use std::sync::Arc;

use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::yaml::bounds::{DEEPEST, MOST_IN_FILE};
use crate::yaml::entries::Entries;
use crate::yaml::node::{Entry, Map, Node, Provenance, Scalar, Seq, Style, Tag, Value};
use crate::yaml::parse::expansion::Expansion;
use crate::yaml::parse::fault::{Cause, Fault, explain, too_deep, too_many};
use crate::yaml::parse::map::{find_duplicates, is_merge, is_mergeable, merge};
use crate::yaml::parse::skim::Skimmed;
use crate::yaml::parse::strict::{self, Rare, Refusal};
use crate::yaml::parse::{Document, Stream, SyntaxError, read};
use crate::yaml::runs;

/// The key of a schema in a CustomResourceDefinition.
const SCHEMA: &str = "openAPIV3Schema";

/// Maximum number of enclosing collections for a schema to be skimmed.
const SHALLOW: usize = 100;

/// This many values of a schema that is only looked through count as one.
const SKIMMED: usize = 4;

/// From this length on, a list's own vector is kept rather than copied.
const LONG: usize = 1024;

/// What precedes a value.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Properties {
    /// `&name`
    pub(super) anchor: Option<Span>,
    pub(super) tag: Option<Tag>,
}

/// Which kind of collection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Seq {
        flow: bool,
    },
    Map {
        flow: bool,
    },
    /// A single pair in a flow sequence.
    Pair,
}

/// Builds documents without recursion.
pub(super) struct Builder<'s> {
    source: &'s Arc<Source>,
    rare: Rare,
    documents: Vec<Document>,
    open: Vec<Open>,
    /// The items of all open sequences, those of inner ones after those of outer ones.
    items: Vec<Node>,
    /// The entries of all open mappings, in the same order.
    entries: Vec<Entry>,
    /// The values of anchors; `None` for a collection that is still open.
    anchors: HashMap<&'s str, Option<(Node, usize)>>,
    duplicates: Vec<(Span, Span)>,
    root: Option<Node>,
    document_start: usize,
    expansion: Expansion,
    /// How many more values the file may have.
    room: usize,
}

/// A collection that has not ended yet.
struct Open {
    start: usize,
    anchor: Option<Span>,
    flow: bool,
    expanded_before: usize,
    content: Content,
}

/// The contents of a collection: everything from `first` on in the builder's list.
enum Content {
    Seq { first: usize },
    Map { first: usize, key: Option<Node>, merges: Vec<Node> },
}

impl<'s> Builder<'s> {
    pub(super) fn new(source: &'s Arc<Source>, rare: Rare) -> Self {
        Self {
            source,
            rare,
            documents: Vec::new(),
            open: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            anchors: HashMap::new(),
            duplicates: Vec::new(),
            root: None,
            document_start: 0,
            expansion: Expansion::default(),
            room: MOST_IN_FILE,
        }
    }

    /// The same for a part of a file whose values have been counted.
    pub(super) fn counted(self) -> Self {
        Self { room: usize::MAX, ..self }
    }

    pub(super) const fn source(&self) -> &'s Arc<Source> {
        self.source
    }

    pub(super) fn finish(mut self, mut comments: Vec<Span>) -> Stream {
        self.documents.shrink_to_fit();
        comments.shrink_to_fit();
        Stream { source: Arc::clone(self.source), documents: self.documents, comments }
    }

    fn error(&self, message: &str, span: Span) -> SyntaxError {
        SyntaxError::new(self.source, span, message, None)
    }

    fn refuse(&self, refusal: Option<Refusal>) -> Result<(), SyntaxError> {
        refusal
            .map_or(Ok(()), |r| Err(SyntaxError::new(self.source, r.span, r.message, Some(r.help))))
    }

    /// A plain or quoted scalar.
    pub(super) fn text(
        &mut self,
        span: Span,
        style: Style,
        verbatim: bool,
        properties: &Properties,
    ) -> Result<(), SyntaxError> {
        let tag = properties.tag.unwrap_or(Tag::None);
        let scalar = if verbatim {
            Scalar::verbatim(style, tag)
        } else {
            let decoded = runs::flow::text(self.source.slice(span), style);
            let text = decoded.ok_or_else(|| self.error("an escape that does not exist", span))?;
            Scalar::new(text, style, tag)
        };
        self.scalar(scalar, span, properties)
    }

    /// A literal or folded scalar.
    pub(super) fn block(
        &mut self,
        span: Span,
        style: Style,
        text: String,
        properties: &Properties,
    ) -> Result<(), SyntaxError> {
        self.scalar(Scalar::new(text, style, properties.tag.unwrap_or(Tag::None)), span, properties)
    }

    /// A missing value.
    pub(super) fn empty(&mut self, at: usize, properties: &Properties) -> Result<(), SyntaxError> {
        let scalar = Scalar::verbatim(Style::Plain, properties.tag.unwrap_or(Tag::None));
        self.scalar(scalar, Span::new(at, at), properties)
    }

    fn scalar(
        &mut self,
        scalar: Scalar,
        span: Span,
        properties: &Properties,
    ) -> Result<(), SyntaxError> {
        self.take_room(1, span)?;
        let node = self.node(Value::Scalar(scalar), span);
        self.refuse(self.rare.scalar(&node))?;
        self.count(1, span)?;
        if let Some(anchor) = properties.anchor {
            self.remember(anchor, &node, 1);
        }
        self.place(node)
    }

    fn node(&self, value: Value, span: Span) -> Node {
        let origin = Some(Place::new(Arc::clone(self.source), span));
        Node { origin, ..Node::made(value, Provenance::Written) }
    }

    fn count(&mut self, expanded: usize, span: Span) -> Result<(), SyntaxError> {
        if self.expansion.count(expanded) {
            return Ok(());
        }
        Err(self.error("the document's aliases expand without end", span))
    }

    /// Counts values that are kept in memory.
    fn take_room(&mut self, values: usize, span: Span) -> Result<(), SyntaxError> {
        let Some(room) = self.room.checked_sub(values) else {
            return Err(self.error(&too_many(), span));
        };
        self.room = room;
        Ok(())
    }

    /// The name after `&` or `*`.
    fn name(&self, span: Span) -> &'s str {
        self.source.slice(Span::new(span.start + 1, span.end))
    }

    fn remember(&mut self, anchor: Span, node: &Node, expanded: usize) {
        self.anchors.insert(self.name(anchor), Some((node.clone(), expanded)));
    }

    pub(super) fn alias(&mut self, span: Span) -> Result<(), SyntaxError> {
        let (mut node, expanded) = match self.anchors.get(self.name(span)) {
            Some(Some((node, expanded))) => (node.clone(), *expanded),
            Some(None) => {
                return Err(self.error("the value of an anchor contains its own alias", span));
            }
            None => {
                return Err(explain(
                    self.source,
                    Fault { cause: Cause::UnknownAnchor, at: span.start },
                ));
            }
        };
        self.take_room(1, span)?;
        node.alias = Some(Box::new(span));
        self.count(expanded, span)?;
        self.place(node)
    }

    pub(super) fn open(
        &mut self,
        start: usize,
        shape: Container,
        properties: &Properties,
    ) -> Result<(), SyntaxError> {
        let span = Span::new(start, start);
        if self.open.len() >= DEEPEST {
            return Err(self.error(&too_deep(), span));
        }
        let expanded_before = self.expansion.size();
        self.take_room(1, span)?;
        self.count(1, span)?;
        if let Some(anchor) = properties.anchor {
            self.anchors.insert(self.name(anchor), None);
        }
        let content = match shape {
            Container::Seq { .. } => Content::Seq { first: self.items.len() },
            Container::Map { .. } | Container::Pair => {
                Content::Map { first: self.entries.len(), key: None, merges: Vec::new() }
            }
        };
        let flow = matches!(shape, Container::Seq { flow: true } | Container::Map { flow: true });
        self.open.push(Open { start, anchor: properties.anchor, flow, expanded_before, content });
        Ok(())
    }

    /// The end of the innermost collection.
    pub(super) fn close(&mut self, end: usize) -> Result<(), SyntaxError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let flow = open.flow;
        let value = match open.content {
            Content::Seq { first } => {
                Value::Seq(Arc::new(Seq { items: behind(&mut self.items, first), flow }))
            }
            Content::Map { first, merges, .. } => {
                let mut entries = behind(&mut self.entries, first);
                find_duplicates(&entries, &mut self.duplicates);
                merge(&mut entries, &merges);
                Value::Map(Arc::new(Map { entries: entries.into(), flow }))
            }
        };
        let node = self.node(value, Span::new(open.start, end.max(open.start)));
        if let Some(anchor) = open.anchor {
            self.remember(anchor, &node, self.expansion.size() - open.expanded_before);
        }
        self.place(node)
    }

    fn place(&mut self, node: Node) -> Result<(), SyntaxError> {
        match self.open.last() {
            Some(Open { content: Content::Map { key: Some(key), .. }, .. })
                if is_merge(key) && !is_mergeable(&node) =>
            {
                let span = key.origin.as_ref().map_or_else(Span::default, |o| o.span());
                return Err(self.error("`<<` takes a mapping or a list of mappings", span));
            }
            Some(Open { content: Content::Map { key: None, .. }, .. }) => {
                self.refuse(strict::key(&node))?;
            }
            _ => {}
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::Seq { .. }) => self.items.push(node),
            Some(Content::Map { key, merges, .. }) => match key.take() {
                None => *key = Some(node),
                Some(key) if is_merge(&key) => match &node.value {
                    Value::Seq(seq) => merges.extend(seq.items.iter().cloned()),
                    _ => merges.push(node),
                },
                Some(key) => self.entries.push(Entry::new(key, node)),
            },
        }
        Ok(())
    }

    /// Whether the value of the last key is rarely looked at: a schema.
    pub(super) fn may_skim(&self) -> bool {
        let Some(Content::Map { key: Some(key), .. }) = self.open.last().map(|open| &open.content)
        else {
            return false;
        };
        key.reads(SCHEMA)
            && self.open.len() < SHALLOW
            && self.rare.is_none()
            && self.expansion.is_written_out()
            && self.is_definition()
    }

    /// Whether the document is a CustomResourceDefinition.
    fn is_definition(&self) -> bool {
        // The entries of the root come before those of nested mappings.
        let mut firsts = self.open.iter().filter_map(|open| match open.content {
            Content::Map { first, .. } => Some(first),
            Content::Seq { .. } => None,
        });
        firsts.next();
        let end = firsts.next().unwrap_or(self.entries.len());
        let is_map = matches!(self.open.first(), Some(Open { content: Content::Map { .. }, .. }));
        let mut kinds = self.entries[..end].iter().filter(|entry| entry.key.reads("kind"));
        is_map && kinds.any(|entry| entry.value.reads("CustomResourceDefinition"))
    }

    /// A mapping that was only skimmed.
    pub(super) fn skimmed(&mut self, skimmed: Skimmed) -> Result<(), SyntaxError> {
        self.expansion.count_written(skimmed.nodes);
        let span = Span::new(skimmed.start, skimmed.behind);
        self.take_room(skimmed.nodes / SKIMMED, Span::new(skimmed.start, skimmed.start))?;
        let place = Place::new(Arc::clone(self.source), span);
        let map = Map { entries: Entries::unread(place, read), flow: false };
        let node = self.node(Value::Map(Arc::new(map)), Span::new(skimmed.start, skimmed.end));
        self.place(node)
    }

    /// The end of a document.
    pub(super) fn document(&mut self, end: usize) -> Result<(), SyntaxError> {
        self.take_room(1, Span::new(end, end))?;
        let root = self.root.take().unwrap_or_else(|| {
            self.node(Value::Scalar(Scalar::verbatim(Style::Plain, Tag::None)), Span::new(end, end))
        });
        let span = Span::new(self.document_start, end);
        let duplicates = std::mem::take(&mut self.duplicates);
        self.documents.push(Document { root, span, duplicates });
        self.document_start = end;
        self.anchors.clear();
        Ok(())
    }
}

/// Takes everything from `first` on out of a list; what is long is not copied.
fn behind<T>(list: &mut Vec<T>, first: usize) -> Vec<T> {
    let length = list.len() - first;
    if length < LONG || length < first {
        return list.drain(first..).collect();
    }
    let before = list.drain(..first).collect();
    let mut behind = std::mem::replace(list, before);
    behind.shrink_to_fit();
    behind
}
