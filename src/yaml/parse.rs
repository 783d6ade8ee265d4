//! From text to documents.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::yaml::node::{Entry, How, Map, Node, Scalar, Seq, Style, Tag, Value};
use crate::yaml::runs;

/// How deep collections may nest. Kubernetes allows more, but nothing real comes near.
const DEEPEST: usize = 500;

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
}

/// Parses all documents of a text.
///
/// # Errors
/// When the text is no YAML, nests deeper than a document may, or expands aliases without end.
pub fn parse(source: &Arc<Source>) -> Result<Stream, SyntaxError> {
    let options = granit_parser::options! {
        max_buffered_comment_events: usize::MAX,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let mut builder = Builder::new(source);
    let mut parser = Parser::new_from_str_with_options(source.text(), options);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(source.text().len());
            builder.error(&error.info(), Span::new(at, at))
        })?;
        builder.event(event, bytes(span))?;
    }
    Ok(builder.stream)
}

fn bytes(span: granit_parser::Span) -> Span {
    span.byte_range().map_or_else(Span::default, |range| Span::new(range.start, range.end))
}

/// Makes documents of events, without recursion.
struct Builder<'s> {
    source: &'s Arc<Source>,
    stream: Stream,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    duplicates: Vec<(Span, Span)>,
    root: Option<Node>,
    document_start: usize,
    /// Behind the last token: where the search for a block scalar's header begins.
    behind: usize,
    /// Nodes written, and nodes there would be if every alias were expanded.
    written: usize,
    expanded: usize,
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
    fn new(source: &'s Arc<Source>) -> Self {
        let stream =
            Stream { source: Arc::clone(source), documents: Vec::new(), comments: Vec::new() };
        Self {
            source,
            stream,
            open: Vec::new(),
            anchors: HashMap::new(),
            duplicates: Vec::new(),
            root: None,
            document_start: 0,
            behind: 0,
            written: 0,
            expanded: 0,
        }
    }

    fn error(&self, message: &str, span: Span) -> SyntaxError {
        let place = Place { source: Arc::clone(self.source), span };
        SyntaxError { message: message.to_owned(), place }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        match event {
            Event::Comment(..) => self.stream.comments.push(span),
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, tag.as_deref(), span);
                self.remember(anchor, &node, 1);
                self.count(1, 1, span)?;
                let end = node.origin.as_ref().map_or(span.end, |origin| origin.span.end);
                self.behind = end.max(self.behind);
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
            Event::DocumentEnd => self.document(span),
            _ => {}
        }
        Ok(())
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&granit_parser::Tag>,
        span: Span,
    ) -> Node {
        let (style, span) = match style {
            ScalarStyle::Plain => (Style::Plain, span),
            ScalarStyle::SingleQuoted => (Style::Single, span),
            ScalarStyle::DoubleQuoted => (Style::Double, span),
            ScalarStyle::Literal => return self.block(text, Style::Literal, tag, span),
            ScalarStyle::Folded => return self.block(text, Style::Folded, tag, span),
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
        let scalar = if spelled == text {
            Scalar::verbatim(style, tag)
        } else {
            Scalar::new(text, style, tag)
        };
        self.node(Value::Scalar(scalar), span)
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

    /// Refuses documents whose aliases expand without end, by the rule of Kubernetes' own parser.
    fn count(&mut self, written: usize, expanded: usize, span: Span) -> Result<(), SyntaxError> {
        const FEW: f64 = 400_000.0;
        const MANY: f64 = 4_000_000.0;
        self.written += written;
        self.expanded = self.expanded.saturating_add(expanded);
        let aliased = self.expanded - self.written.min(self.expanded);
        if aliased <= 100 || self.expanded <= 1000 {
            return Ok(());
        }
        #[allow(clippy::cast_precision_loss)] // a ratio
        let (aliased, expanded) = (aliased as f64, self.expanded as f64);
        let share = ((expanded - FEW) / (MANY - FEW)).clamp(0.0, 1.0);
        if aliased / expanded > 0.99 - 0.89 * share {
            return Err(self.error("the document's aliases expand without end", span));
        }
        Ok(())
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
        self.count(1, expanded, span)?;
        self.behind = span.end;
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
            return Err(self.error(&format!("nested deeper than {DEEPEST} levels"), span));
        }
        let expanded_before = self.expanded;
        self.count(1, 1, span)?;
        let flow = style == StructureStyle::Flow;
        let listed = !flow && matches!(content, Content::Seq(_));
        let start = if listed { self.first_dash(span.start) } else { span.start };
        self.behind = span.end.max(self.behind);
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
        let end = if open.flow { span.end } else { self.behind.max(open.start) };
        self.behind = end.max(self.behind);
        let flow = open.flow;
        let value = match open.content {
            Content::Seq(items) => Value::Seq(Arc::new(Seq { items, flow })),
            Content::Map { mut entries, merges, .. } => {
                self.find_duplicates(&entries);
                merge(&mut entries, &merges);
                Value::Map(Arc::new(Map { entries, flow }))
            }
        };
        let node = self.node(value, Span::new(open.start, end));
        self.remember(open.anchor, &node, self.expanded - open.expanded_before);
        self.place(node)
    }

    fn find_duplicates(&mut self, entries: &[Entry]) {
        let mut seen: HashMap<&str, &Node> = HashMap::with_capacity(entries.len());
        for entry in entries {
            let Some(text) = entry.key.str() else { continue };
            let spans = |node: &Node| node.origin.as_ref().map(|origin| origin.span);
            if let Some(first) = seen.insert(text, &entry.key)
                && let (Some(first), Some(second)) = (spans(first), spans(&entry.key))
            {
                self.duplicates.push((first, second));
            }
        }
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
        if matches!(self.open.last(), Some(Open { content: Content::Map { key: Some(_), .. }, .. }))
        {
            self.behind_colon(&mut node);
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.content {
            Content::Seq(items) => items.push(node),
            Content::Map { entries, key, merges } => match key.take() {
                None => *key = Some(node),
                Some(name) if is_merge(&name) => match &node.value {
                    Value::Map(_) => merges.push(node),
                    Value::Seq(seq) if seq.items.iter().all(|item| !item.entries().is_empty()) => {
                        merges.extend(seq.items.iter().cloned());
                    }
                    _ => {
                        let span = name.origin.map_or_else(Span::default, |origin| origin.span);
                        let text = "`<<` takes a mapping or a list of mappings";
                        return Err(self.error(text, span));
                    }
                },
                Some(key) => entries.push(Entry { key, value: node, merged: false }),
            },
        }
        Ok(())
    }

    fn document(&mut self, span: Span) {
        let end = span.end.max(self.behind);
        let root = self.root.take().unwrap_or_else(|| {
            self.node(Value::Scalar(Scalar::verbatim(Style::Plain, Tag::None)), Span::new(end, end))
        });
        let span = Span::new(self.document_start, end);
        let duplicates = std::mem::take(&mut self.duplicates);
        self.stream.documents.push(Document { root, span, duplicates });
        self.document_start = end;
        self.anchors.clear();
    }
}

fn is_merge(key: &Node) -> bool {
    key.str() == Some("<<")
        && key.scalar().is_some_and(|s| s.style == Style::Plain && s.tag == Tag::None)
}

/// Adds what merge keys bring: a mapping's own keys win, then the earlier of several merged ones.
fn merge(entries: &mut Vec<Entry>, merges: &[Node]) {
    for entry in merges.iter().flat_map(Node::entries) {
        let known = entries.iter().any(|own| own.key.str() == entry.key.str());
        if !known {
            entries.push(Entry { merged: true, ..entry.clone() });
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::path::TreePath;

    fn stream(text: &str) -> Stream {
        parse(&Source::file(TreePath::root(), text)).unwrap()
    }

    fn token(stream: &Stream, keys: &[&str]) -> String {
        let node = stream.documents[0].root.at(keys).unwrap();
        let origin = node.origin.as_ref().unwrap();
        origin.source.slice(origin.span).to_owned()
    }

    #[test]
    fn every_style_knows_its_token() {
        let text = "a: x y\nb: 'q''r'\nc: \"s\\n\"\nd: &n !!str |2- # c\n    t\n   u\ne: >\n  v\n  w\nf: [1, {g: h}]\ni:\nj: *n\n";
        let stream = stream(text);
        assert_eq!(token(&stream, &["a"]), "x y");
        assert_eq!(token(&stream, &["b"]), "'q''r'");
        assert_eq!(token(&stream, &["c"]), "\"s\\n\"");
        assert!(token(&stream, &["d"]).starts_with("|2- # c\n    t\n   u"));
        assert!(token(&stream, &["e"]).starts_with(">\n  v\n  w"));
        assert_eq!(token(&stream, &["f"]), "[1, {g: h}]");
        assert_eq!(token(&stream, &["i"]), "");
        let root = &stream.documents[0].root;
        assert_eq!(root.get("b").unwrap().str(), Some("q'r"));
        assert_eq!(root.get("d").unwrap().str(), Some("  t\n u"));
        assert_eq!(root.get("e").unwrap().str(), Some("v w\n"));
        assert_eq!(root.get("j").unwrap().str(), Some("  t\n u"));
    }

    #[test]
    fn merges_and_reports_duplicates() {
        let stream = stream("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n  y: 4\n---\nz: 1\n");
        let b = stream.documents[0].root.get("b").unwrap();
        assert_eq!(b.get("x").unwrap().str(), Some("1"));
        assert_eq!(b.get("y").unwrap().str(), Some("4"));
        assert_eq!(stream.documents[0].duplicates.len(), 1);
        assert_eq!(stream.documents.len(), 2);
    }

    #[test]
    fn refuses_bombs() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..12 {
            let row = vec![format!("*a{}", i - 1); 10].join(", ");
            bomb.push_str(&format!("a{i}: &a{i} [{row}]\n"));
        }
        assert!(parse(&Source::file(TreePath::root(), bomb)).is_err());
        let deep = "[".repeat(100_000);
        assert!(parse(&Source::file(TreePath::root(), deep)).is_err());
        let own = "a: &a [*a]\n";
        assert!(parse(&Source::file(TreePath::root(), own)).is_err());
    }
}
