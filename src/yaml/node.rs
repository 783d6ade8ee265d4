//! The tree of a document, parsed from a file or modified since: values with their origin.

use std::fmt;
use std::sync::Arc;

use crate::text::problem::Placed;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::yaml::entries::Entries;

/// A value, its position in the source, and its provenance. Clones share all descendants.
#[derive(Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where the value is written: the whole token, including quotes and block header, without tag and anchor.
    /// For an alias, where the anchor's value is written.
    pub origin: Option<Place>,
    /// The `*name` token that refers to this value; boxed because few values have one.
    pub alias: Option<Box<Span>>,
    /// The provenance of the value.
    pub how: Provenance,
    /// Whether it is the key of an entry that comes from a merge key (`<<`).
    pub merged: bool,
}

/// A scalar, a mapping or a sequence.
#[derive(Clone)]
pub enum Value {
    /// A text, not yet resolved to a number or any other type.
    Scalar(Scalar),
    /// Keys and values, in order.
    Map(Arc<Map>),
    /// Items, in order.
    Seq(Arc<Seq>),
}

/// A scalar's text and spelling.
#[derive(Clone)]
pub struct Scalar {
    /// The decoded text; `None` if the bytes at the origin are the text. Few scalars have one, so that it takes one word here.
    text: Option<Arc<Box<str>>>,
    /// The quoting or block style.
    pub style: Style,
    /// The tag before it.
    pub tag: Tag,
}

/// A mapping. Keys merged by `<<` come after the mapping's own.
#[derive(Clone, Default)]
pub struct Map {
    /// The entries, in order.
    pub entries: Entries,
    /// Whether it is in flow style.
    pub flow: bool,
}

/// A key and its value.
#[derive(Clone)]
pub struct Entry {
    /// The key.
    pub key: Node,
    /// The value.
    pub value: Node,
}

impl Entry {
    /// An entry of the mapping's own, wherever the key comes from.
    #[must_use]
    pub const fn new(mut key: Node, value: Node) -> Self {
        key.merged = false;
        Self { key, value }
    }

    /// The same entry, as it comes from a merge key (`<<`).
    #[must_use]
    pub const fn as_merged(mut self) -> Self {
        self.key.merged = true;
        self
    }

    /// Whether the entry comes from a merge key (`<<`).
    #[must_use]
    pub const fn is_merged(&self) -> bool {
        self.key.merged
    }
}

/// A sequence.
#[derive(Clone, Default)]
pub struct Seq {
    /// The items, in order.
    pub items: Vec<Node>,
    /// Whether it is in flow style.
    pub flow: bool,
}

/// How an effective value came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provenance {
    /// As written in the resource's own file.
    Written,
    /// Set by a patch.
    Patched,
    /// Copied from another field by a replacement or a variable; the origin is that field.
    Copied,
    /// Extended with a prefix, a suffix or a hash, or assembled from parts; no file contains the value.
    Derived,
    /// Generated from an entry of a kustomization.
    Generated,
}

/// The style of a scalar.
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

/// The tag of a scalar, as far as it affects how the scalar is read.
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

/// So many entries may a mapping have for another one to get no room for more.
const FEW: usize = 16;

impl Map {
    /// Appends an entry. Most mappings get a single one, so that the room for more would be lost.
    pub fn push(&mut self, entry: Entry) {
        if self.entries.len() < FEW {
            self.entries.reserve_exact(1);
        }
        self.entries.push(entry);
    }
}

impl Scalar {
    /// A scalar whose text is exactly the bytes at its origin.
    #[must_use]
    pub const fn verbatim(style: Style, tag: Tag) -> Self {
        Self { text: None, style, tag }
    }

    /// A scalar with a text of its own.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>, style: Style, tag: Tag) -> Self {
        Self { text: Some(Arc::new(text.into())), style, tag }
    }
}

impl Placed for Node {
    fn place(&self) -> Option<&Place> {
        self.origin.as_ref()
    }
}

impl Node {
    /// A value that is not written in any file.
    #[must_use]
    pub const fn made(value: Value, how: Provenance) -> Self {
        Self { value, origin: None, alias: None, how, merged: false }
    }

    /// A string that is not written in any file.
    #[must_use]
    pub fn string(text: &str, how: Provenance) -> Self {
        Self::made(Value::Scalar(Scalar::new(text, Style::Plain, Tag::Str)), how)
    }

    /// The same node with another text: the origin is kept to show where the value came from.
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
            merged: self.merged,
        }
    }

    /// The token that refers to the value: the alias, if there is one.
    #[must_use]
    pub fn alias(&self) -> Option<Span> {
        self.alias.as_deref().copied()
    }

    /// An empty mapping that is not written in any file.
    #[must_use]
    pub fn map(how: Provenance) -> Self {
        Self::made(Value::Map(Arc::default()), how)
    }

    /// A sequence that is not written in any file.
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
            (Some(own), _) => ***own == *text,
            // Most texts differ in length, so their bytes need not be compared.
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

    /// The value of a key: the last one if the key is repeated; a mapping's own key wins over a merged one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let entries = self.entries();
        place_of(entries, key).map(|index| &entries[index].value)
    }

    /// The value at a sequence of nested keys.
    #[must_use]
    pub fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The mapping, for modification; shared data is cloned first. `None` for anything else.
    pub fn map_mut(&mut self) -> Option<&mut Map> {
        if let Value::Map(map) = &mut self.value { Some(Arc::make_mut(map)) } else { None }
    }

    /// The items, for modification; shared data is cloned first. `None` for anything else.
    pub fn items_mut(&mut self) -> Option<&mut Vec<Self>> {
        if let Value::Seq(seq) = &mut self.value {
            Some(&mut Arc::make_mut(seq).items)
        } else {
            None
        }
    }

    /// The value of a key, for modification.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let index = place_of(self.entries(), key)?;
        self.map_mut()?.entries.get_mut(index).map(|entry| &mut entry.value)
    }

    /// Sets the value of a key, appending the key if it is new. Does nothing if the node is not a mapping.
    pub fn set(&mut self, key: &str, value: Self) {
        if let Some(place) = self.get_mut(key) {
            *place = value;
        } else if let Some(map) = self.map_mut() {
            let key = Self::string(key, value.how);
            map.push(Entry::new(key, value));
        }
    }

    /// Removes a key from a mapping.
    pub fn remove(&mut self, key: &str) -> Option<Self> {
        let index = self.entries().iter().rposition(|e| e.key.reads(key))?;
        Some(self.map_mut()?.entries.remove(index).value)
    }

    /// Sets the provenance of this value and all its descendants.
    pub fn mark(&mut self, how: Provenance) {
        // A copy of a value that no file contains is not in any file either.
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

    /// The range inside the quotes of a quoted scalar; any other origin unchanged.
    fn content_span(&self, origin: &Place) -> Span {
        match self.scalar().map(|scalar| scalar.style) {
            Some(Style::Single | Style::Double) if origin.span().len() >= 2 => {
                Span::new(origin.span().start + 1, origin.span().end - 1)
            }
            _ => origin.span(),
        }
    }
}

/// The index of a key; a single pass, because most keys that are looked up are absent.
fn place_of(entries: &[Entry], key: &str) -> Option<usize> {
    let mut merged = None;
    for (index, entry) in entries.iter().enumerate().rev() {
        if entry.key.reads(key) {
            if !entry.is_merged() {
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

#[cfg(test)]
mod tests {
    use super::{Entry, Map, Node, Provenance};

    /// A key more is all that most mappings get.
    #[test]
    fn a_new_key_takes_no_more_room_than_its_own() {
        let mut node = Node::map(Provenance::Written);
        for (index, key) in ["name", "namespace", "labels"].into_iter().enumerate() {
            node.set(key, Node::string("x", Provenance::Written));
            assert_eq!(node.map_mut().unwrap().entries.capacity(), index + 1);
        }
    }

    /// A tree holds a node for every few bytes of its files: a word more in each is a tenth of the memory of a run.
    #[test]
    fn nodes_are_small() {
        let sizes = [size_of::<Node>(), size_of::<Entry>(), size_of::<Map>()];
        assert_eq!(sizes, [6, 12, 4].map(|words| words * size_of::<u64>()));
    }
}
