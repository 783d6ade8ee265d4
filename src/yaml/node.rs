//! The tree of a document, from a file or changed on the way: values with their origin.

use std::fmt;
use std::sync::Arc;

use crate::text::problem::Placed;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::yaml::entries::Entries;

/// A value, where it is written, and how it came about. Cloning shares everything below.
#[derive(Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where the value is written: the whole token, quotes and block header included, tag and anchor not.
    /// For an alias, where its anchor's value is written.
    pub origin: Option<Place>,
    /// The token `*name` through which the value came here; in a box, as few values have one.
    pub alias: Option<Box<Span>>,
    /// How the value came about.
    pub how: Provenance,
}

/// A scalar, a mapping or a sequence.
#[derive(Clone)]
pub enum Value {
    /// A text, not yet read as a number or anything else.
    Scalar(Scalar),
    /// Keys and values, in order.
    Map(Arc<Map>),
    /// Items, in order.
    Seq(Arc<Seq>),
}

/// A scalar's text and spelling.
#[derive(Clone)]
pub struct Scalar {
    /// The decoded text; `None` when the origin spells it byte for byte.
    text: Option<Arc<str>>,
    /// How it is spelled.
    pub style: Style,
    /// The tag before it.
    pub tag: Tag,
}

/// A mapping. Keys merged by `<<` stand behind the mapping's own.
#[derive(Clone, Default)]
pub struct Map {
    /// The entries, in order.
    pub entries: Entries,
    /// Whether it is written with braces.
    pub flow: bool,
}

/// A key and its value.
#[derive(Clone)]
pub struct Entry {
    /// The key.
    pub key: Node,
    /// The value.
    pub value: Node,
    /// Whether a merge key (`<<`) brought the entry.
    pub merged: bool,
}

/// A sequence.
#[derive(Clone, Default)]
pub struct Seq {
    /// The items, in order.
    pub items: Vec<Node>,
    /// Whether it is written with brackets.
    pub flow: bool,
}

/// How an effective value came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provenance {
    /// As the resource's own file has it.
    Written,
    /// As a patch has it.
    Patched,
    /// Copied from another field by a replacement or a variable; the origin is that field.
    Copied,
    /// Made longer by a prefix, a suffix or a hash, or assembled from parts; no file spells the value.
    Derived,
    /// Made by a generator from an entry of a kustomization.
    Generated,
}

/// How a scalar is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// No quotes.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// The tag before a scalar, as far as it bears on how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// None: the text decides.
    None,
    /// `!` or `!!str`
    Str,
    /// `!!int`
    Int,
    /// `!!float`
    Float,
    /// `!!bool`
    Bool,
    /// `!!null`
    Null,
    /// Any other.
    Other,
}

impl Scalar {
    /// A scalar whose text its origin spells byte for byte.
    #[must_use]
    pub const fn verbatim(style: Style, tag: Tag) -> Self {
        Self { text: None, style, tag }
    }

    /// A scalar with a text of its own.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>, style: Style, tag: Tag) -> Self {
        Self { text: Some(text.into()), style, tag }
    }
}

impl Placed for Node {
    fn place(&self) -> Option<&Place> {
        self.origin.as_ref()
    }
}

impl Node {
    /// A value that no file spells.
    #[must_use]
    pub const fn made(value: Value, how: Provenance) -> Self {
        Self { value, origin: None, alias: None, how }
    }

    /// A string that no file spells.
    #[must_use]
    pub fn string(text: &str, how: Provenance) -> Self {
        Self::made(Value::Scalar(Scalar::new(text, Style::Plain, Tag::Str)), how)
    }

    /// The same place with another text: the origin stays and says where the value came from.
    #[must_use]
    pub fn with_text(&self, text: &str, how: Provenance) -> Self {
        let tag = if let Value::Scalar(scalar) = &self.value { scalar.tag } else { Tag::Str };
        let style =
            if let Value::Scalar(scalar) = &self.value { scalar.style } else { Style::Plain };
        Self {
            value: Value::Scalar(Scalar::new(text, style, tag)),
            origin: self.origin.clone(),
            alias: self.alias.clone(),
            how,
        }
    }

    /// The token through which the value came here, where it is an alias.
    #[must_use]
    pub fn alias(&self) -> Option<Span> {
        self.alias.as_deref().copied()
    }

    /// An empty mapping that no file spells.
    #[must_use]
    pub fn map(how: Provenance) -> Self {
        Self::made(Value::Map(Arc::default()), how)
    }

    /// A sequence that no file spells.
    #[must_use]
    pub fn seq(items: Vec<Self>, how: Provenance) -> Self {
        Self::made(Value::Seq(Arc::new(Seq { items, flow: false })), how)
    }

    /// The scalar, if it is one.
    #[must_use]
    pub const fn scalar(&self) -> Option<&Scalar> {
        if let Value::Scalar(scalar) = &self.value { Some(scalar) } else { None }
    }

    /// The decoded text of a scalar, whatever its type.
    #[must_use]
    pub fn str(&self) -> Option<&str> {
        let scalar = self.scalar()?;
        match &scalar.text {
            Some(text) => Some(text),
            None => {
                self.origin.as_ref().map(|origin| origin.source.slice(self.content_span(origin)))
            }
        }
    }

    /// Whether it is a scalar with this text.
    #[must_use]
    pub fn reads(&self, text: &str) -> bool {
        let Value::Scalar(scalar) = &self.value else { return false };
        match (&scalar.text, &self.origin) {
            (Some(own), _) => **own == *text,
            // Most texts differ in length, which needs no look at the bytes.
            (None, Some(origin)) => {
                let span = self.content_span(origin);
                let bytes = origin.source.text().as_bytes();
                span.len() == text.len() && bytes.get(span.start..span.end) == Some(text.as_bytes())
            }
            (None, None) => false,
        }
    }

    /// The entries of a mapping; empty for anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        if let Value::Map(map) = &self.value { &map.entries } else { &[] }
    }

    /// The items of a sequence; empty for anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        if let Value::Seq(seq) = &self.value { &seq.items } else { &[] }
    }

    /// The value of a key: of keys that stand twice the last one, a mapping's own before a merged one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let entries = self.entries();
        place_of(entries, key).map(|index| &entries[index].value)
    }

    /// The value below several keys.
    #[must_use]
    pub fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The mapping, to be changed; what is shared is copied first. `None` for anything else.
    pub fn map_mut(&mut self) -> Option<&mut Map> {
        if let Value::Map(map) = &mut self.value { Some(Arc::make_mut(map)) } else { None }
    }

    /// The items, to be changed; what is shared is copied first. `None` for anything else.
    pub fn items_mut(&mut self) -> Option<&mut Vec<Self>> {
        if let Value::Seq(seq) = &mut self.value {
            Some(&mut Arc::make_mut(seq).items)
        } else {
            None
        }
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let index = place_of(self.entries(), key)?;
        self.map_mut()?.entries.get_mut(index).map(|entry| &mut entry.value)
    }

    /// Sets the value of a key, behind the others if it is new. Nothing happens to a node that is no mapping.
    pub fn set(&mut self, key: &str, value: Self) {
        if let Some(place) = self.get_mut(key) {
            *place = value;
        } else if let Some(map) = self.map_mut() {
            let key = Self::string(key, value.how);
            map.entries.push(Entry { key, value, merged: false });
        }
    }

    /// Takes a key out of a mapping.
    pub fn remove(&mut self, key: &str) -> Option<Self> {
        let index = self.entries().iter().rposition(|e| e.key.reads(key))?;
        Some(self.map_mut()?.entries.remove(index).value)
    }

    /// Says of this value and of all below it how it came about.
    pub fn mark(&mut self, how: Provenance) {
        // A copy of what no file spells is spelled by no file either.
        if how != Provenance::Copied
            || !matches!(self.how, Provenance::Derived | Provenance::Generated)
        {
            self.how = how;
        }
        if let Some(map) = self.map_mut() {
            for entry in &mut map.entries {
                entry.key.mark(how);
                entry.value.mark(how);
            }
        } else if let Some(items) = self.items_mut() {
            items.iter_mut().for_each(|item| item.mark(how));
        }
    }

    /// The range inside the quotes of a quoted scalar; any other origin as it is.
    fn content_span(&self, origin: &Place) -> Span {
        match self.scalar().map(|scalar| scalar.style) {
            Some(Style::Single | Style::Double) if origin.span.len() >= 2 => {
                Span::new(origin.span.start + 1, origin.span.end - 1)
            }
            _ => origin.span,
        }
    }
}

/// Where the value of a key stands; one look at each entry, as most keys that are asked for are not there.
fn place_of(entries: &[Entry], key: &str) -> Option<usize> {
    let mut merged = None;
    for (index, entry) in entries.iter().enumerate().rev() {
        if entry.key.reads(key) {
            if !entry.merged {
                return Some(index);
            }
            merged = Some(index);
        }
    }
    merged
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Scalar(_) => write!(f, "{:?}", self.str().unwrap_or_default()),
            Value::Map(map) => {
                f.debug_map().entries(map.entries.iter().map(|e| (&e.key, &e.value))).finish()
            }
            Value::Seq(seq) => f.debug_list().entries(&seq.items).finish(),
        }
    }
}
