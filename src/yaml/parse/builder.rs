//! Makes documents of the parser's events.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, ScalarStyle, StructureStyle};

use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::yaml::bounds::DEEPEST;
use crate::yaml::node::{Entry, How, Map, Node, Scalar, Seq, Style, Tag, Value};
use crate::yaml::parse::expansion::Expansion;
use crate::yaml::parse::map::{find_duplicates, is_merge, is_mergeable, merge};
use crate::yaml::parse::mended::Mended;
use crate::yaml::parse::strict::{self, Rare, Refusal};
use crate::yaml::parse::{Document, Stream, SyntaxError, help};
use crate::yaml::runs;

/// Makes documents of events, without recursion.
pub(super) struct Builder<'s> {
    source: &'s Arc<Source>,
    mended: &'s Mended,
    rare: Rare,
    pub(super) stream: Stream,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    duplicates: Vec<(Span, Span)>,
    root: Option<Node>,
    document_start: usize,
    /// Behind the last token: where the search for a block scalar's header begins.
    behind: usize,
    /// Whether a collection in brackets or braces is open.
    flow: usize,
    expansion: Expansion,
}

/// A collection whose end has not come yet.
struct Open {
    start: usize,
    anchor: usize,
    flow: bool,
    expanded_before: usize,
    content: Content,
}

enum Content {
    Seq(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<Node>, merges: Vec<Node> },
}

impl<'s> Builder<'s> {
    pub(super) fn new(source: &'s Arc<Source>, mended: &'s Mended) -> Self {
        let stream =
            Stream { source: Arc::clone(source), documents: Vec::new(), comments: Vec::new() };
        Self {
            source,
            mended,
            rare: Rare::of(source.text()),
            stream,
            open: Vec::new(),
            anchors: HashMap::new(),
            duplicates: Vec::new(),
            root: None,
            document_start: 0,
            behind: 0,
            flow: 0,
            expansion: Expansion::default(),
        }
    }

    fn error(&self, message: &str, span: Span) -> SyntaxError {
        SyntaxError::new(self.source, span, message, None)
    }

    fn refuse(&self, refusal: Option<Refusal>) -> Result<(), SyntaxError> {
        refusal
            .map_or(Ok(()), |r| Err(SyntaxError::new(self.source, r.span, r.message, Some(r.help))))
    }

    /// Whether the parser stands between brackets or braces.
    pub(super) const fn in_flow(&self) -> bool {
        self.flow > 0
    }

    pub(super) fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        match event {
            Event::Comment(..) => self.stream.comments.push(span),
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, tag.as_deref(), span)?;
                self.gap(node.origin.as_ref().map_or(span, |origin| origin.span))?;
                self.refuse(self.rare.scalar(&node))?;
                self.remember(anchor, &node, 1);
                self.count(1, span)?;
                self.place(node)?;
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
            Event::SequenceStart(style, anchor, _) => {
                self.open(span, style, anchor, Content::Seq(Vec::new()))?;
            }
            Event::MappingStart(style, anchor, _) => {
                let content = Content::Map { entries: Vec::new(), key: None, merges: Vec::new() };
                self.open(span, style, anchor, content)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            Event::DocumentEnd => self.document(span)?,
            _ => {}
        }
        Ok(())
    }

    /// Steps over a token; what stands before it must be as Kubernetes reads it.
    fn gap(&mut self, token: Span) -> Result<(), SyntaxError> {
        if self.flow == 0 && self.behind < token.start {
            let gap = self.source.slice(Span::new(self.behind, token.start));
            self.refuse(self.rare.between(gap, self.behind))?;
        }
        self.behind = token.end.max(self.behind);
        Ok(())
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&granit_parser::Tag>,
        span: Span,
    ) -> Result<Node, SyntaxError> {
        let mended = self.mended.touches(span);
        let (style, span) = match style {
            ScalarStyle::Literal | ScalarStyle::Folded if mended => {
                return Err(self.error("a tab in the indentation", span));
            }
            ScalarStyle::Plain => (Style::Plain, span),
            ScalarStyle::SingleQuoted => (Style::Single, span),
            ScalarStyle::DoubleQuoted => (Style::Double, span),
            ScalarStyle::Literal => return Ok(self.block(text, Style::Literal, tag, span)),
            ScalarStyle::Folded => return Ok(self.block(text, Style::Folded, tag, span)),
        };
        // An empty value comes as `~`.
        let text = if span.is_empty() { "" } else { text };
        let spelled = match style {
            Style::Single | Style::Double => {
                self.source.slice(Span::new(span.start + 1, span.end.saturating_sub(1)))
            }
            _ => self.source.slice(span),
        };
        let tag = tag.map_or(Tag::None, read_tag);
        if mended {
            let token = self.source.slice(span);
            let decoded = runs::flow::decode(token, style);
            let (text, _) = decoded.ok_or_else(|| self.error("an unknown escape", span))?;
            return Ok(self.node(Value::Scalar(Scalar::new(text, style, tag)), span));
        }
        let scalar = if spelled == text {
            Scalar::verbatim(style, tag)
        } else {
            Scalar::new(text, style, tag)
        };
        Ok(self.node(Value::Scalar(scalar), span))
    }

    /// A block scalar: the parser's range begins behind the header, and its end says nothing about
    /// the lines that count.
    fn block(
        &self,
        text: &str,
        style: Style,
        tag: Option<&granit_parser::Tag>,
        span: Span,
    ) -> Node {
        let start = self.header_before(span);
        let token = self.source.text().get(start..).unwrap_or_default();
        // Where the file ends without a line break, the text does too.
        let ended = span.end < self.source.text().len() || self.source.text().ends_with('\n');
        let text = if ended { text } else { text.strip_suffix('\n').unwrap_or(text) };
        let layout = match style {
            Style::Literal => runs::block::literal(token, text),
            _ => runs::block::folded(token, text),
        };
        let end = layout.map_or(span.end, |block| start + block.end).max(start);
        let scalar = Scalar::new(text, style, tag.map_or(Tag::None, read_tag));
        self.node(Value::Scalar(scalar), Span::new(start, end))
    }

    fn node(&self, value: Value, span: Span) -> Node {
        let origin = Some(Place { source: Arc::clone(self.source), span });
        Node { value, origin, alias: None, how: How::Written }
    }

    /// Finds the `|` or `>` before a block scalar's content.
    fn header_before(&self, span: Span) -> usize {
        let between = self.source.slice(Span::new(self.behind.min(span.start), span.start));
        let mut at = span.start - between.len();
        for line in between.split_inclusive('\n') {
            let mut word = at;
            for part in line.split_inclusive([' ', '\t', ':', '-', '?']) {
                if part.starts_with('#') {
                    break;
                }
                if part.starts_with(['|', '>']) {
                    return word;
                }
                word += part.len();
            }
            at += line.len();
        }
        span.start
    }

    fn count(&mut self, expanded: usize, span: Span) -> Result<(), SyntaxError> {
        if self.expansion.count(expanded) {
            return Ok(());
        }
        Err(self.error("the document's aliases expand without end", span))
    }

    fn remember(&mut self, anchor: usize, node: &Node, expanded: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), expanded));
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), SyntaxError> {
        let Some((node, expanded)) = self.anchors.get(&anchor) else {
            return Err(self.error("the value of an anchor contains its own alias", span));
        };
        let (mut node, expanded) = (node.clone(), *expanded);
        node.alias = Some(span);
        self.count(expanded, span)?;
        self.gap(span)?;
        self.place(node)
    }

    fn open(
        &mut self,
        span: Span,
        style: StructureStyle,
        anchor: usize,
        content: Content,
    ) -> Result<(), SyntaxError> {
        if self.open.len() >= DEEPEST {
            return Err(self.error(&help::too_deep(), span));
        }
        let expanded_before = self.expansion.size();
        self.count(1, span)?;
        let flow = style == StructureStyle::Flow;
        let below_key = matches!(
            self.open.last(),
            Some(Open { content: Content::Map { key: Some(_), .. }, .. })
        );
        let listed = !flow && below_key && matches!(content, Content::Seq(_));
        let start = if listed { self.first_dash(span.start) } else { span.start };
        self.gap(span)?;
        self.flow += usize::from(flow);
        self.open.push(Open { start, anchor, flow, expanded_before, content });
        Ok(())
    }

    /// The first dash of a block sequence. The parser says where the first item begins when the dashes
    /// stand at the column of the key above.
    fn first_dash(&self, start: usize) -> usize {
        let between = self.source.slice(Span::new(self.behind.min(start), start));
        let mut at = start - between.len();
        for (index, line) in between.split_inclusive('\n').enumerate() {
            let word = line.trim_start_matches(' ');
            if index > 0 && word.starts_with('-') {
                return at + line.len() - word.len();
            }
            at += line.len();
        }
        start
    }

    fn close(&mut self, span: Span) -> Result<(), SyntaxError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let flow = open.flow;
        self.flow -= usize::from(flow);
        let end = if flow { span.end } else { self.behind.max(open.start) };
        self.behind = end.max(self.behind);
        let value = match open.content {
            Content::Seq(items) => Value::Seq(Arc::new(Seq { items, flow })),
            Content::Map { mut entries, merges, .. } => {
                find_duplicates(&entries, &mut self.duplicates);
                merge(&mut entries, &merges);
                Value::Map(Arc::new(Map { entries, flow }))
            }
        };
        let node = self.node(value, Span::new(open.start, end));
        self.remember(open.anchor, &node, self.expansion.size() - open.expanded_before);
        self.place(node)
    }

    /// The parser puts an empty value before its colon: moves it behind.
    fn behind_colon(&mut self, node: &mut Node) {
        let Some(origin) = node.origin.as_mut().filter(|origin| origin.span.is_empty()) else {
            return;
        };
        let rest = self.source.text().get(origin.span.start..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if node.alias.is_none() && rest[blank..].starts_with(':') {
            let at = origin.span.start + blank + 1;
            origin.span = Span::new(at, at);
            self.behind = self.behind.max(at);
        }
    }

    fn place(&mut self, mut node: Node) -> Result<(), SyntaxError> {
        match self.open.last() {
            Some(Open { content: Content::Map { key: Some(key), .. }, .. }) => {
                if is_merge(key) && !is_mergeable(&node) {
                    let span = key.origin.as_ref().map_or_else(Span::default, |o| o.span);
                    return Err(self.error("`<<` takes a mapping or a list of mappings", span));
                }
                self.behind_colon(&mut node);
            }
            Some(Open { content: Content::Map { key: None, .. }, .. }) => self.check_key(&node)?,
            _ => {}
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::Seq(items)) => items.push(node),
            Some(Content::Map { entries, key, merges }) => match key.take() {
                None => *key = Some(node),
                Some(key) if is_merge(&key) => match &node.value {
                    Value::Seq(seq) => merges.extend(seq.items.iter().cloned()),
                    _ => merges.push(node),
                },
                Some(key) => entries.push(Entry { key, value: node, merged: false }),
            },
        }
        Ok(())
    }

    fn check_key(&self, key: &Node) -> Result<(), SyntaxError> {
        self.refuse(strict::key(key))?;
        match &key.origin {
            Some(origin) if self.mended.touches(origin.span) => {
                Err(self.error("a key that goes on over several lines", origin.span))
            }
            _ => Ok(()),
        }
    }

    fn document(&mut self, span: Span) -> Result<(), SyntaxError> {
        self.gap(Span::new(span.start, span.start))?;
        let end = span.end.max(self.behind);
        let root = self.root.take().unwrap_or_else(|| {
            self.node(Value::Scalar(Scalar::verbatim(Style::Plain, Tag::None)), Span::new(end, end))
        });
        let span = Span::new(self.document_start, end);
        let duplicates = std::mem::take(&mut self.duplicates);
        self.stream.documents.push(Document { root, span, duplicates });
        self.document_start = end;
        self.anchors.clear();
        Ok(())
    }
}

fn read_tag(tag: &granit_parser::Tag) -> Tag {
    match tag.core_suffix() {
        Some("str") => Tag::Str,
        Some("int") => Tag::Int,
        Some("float") => Tag::Float,
        Some("bool") => Tag::Bool,
        Some("null") => Tag::Null,
        _ if tag.original() == "!" => Tag::Str,
        _ => Tag::Other,
    }
}
