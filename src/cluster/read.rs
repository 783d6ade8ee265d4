//! Reads what `kubectl get … -o json` prints, object by object: lists and single objects, any number one after another.
//!
//! Each object becomes a record at once. What could hold the values of a secret is not kept, not even while an object is
//! read: kubectl prints `data` before `kind`, so it is dropped whatever the kind.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::BufRead;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use crate::cluster::fault::{Fault, Why};
use crate::cluster::live::Live;
use crate::cluster::metadata::Metadata;
use crate::cluster::object::{Named, Object, State};
use crate::cluster::reader::{Counted, Position};
use crate::cluster::states;
use crate::cluster::tree::{Part, Tree, VALUES};
use crate::k8s::by_value::{self, Families};
use crate::k8s::found::Role;
use crate::k8s::references;
use crate::k8s::references::field_rule::FieldRule;
use crate::k8s::resource::group;
use crate::k8s::workload::pod_spec;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::path::{Path, PathStep};

/// The most bytes of one object; etcd takes less than 2 MiB.
pub const LARGEST_OBJECT: u64 = 16 << 20;
/// The most objects of all inputs.
pub const MOST_OBJECTS: usize = 2_000_000;
/// The most objects that are read before their list says of which kind they are.
pub const MOST_WAITING: usize = 10_000;

/// The fields of an object, beside its metadata and status, that are looked at.
const FIELDS: &[&str] =
    &["imagePullSecrets", "parameters", "rules", "secrets", "spec", "template", "webhooks"];

/// What names a secret in a live object.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The families that are looked for by value.
    pub families: &'a Families,
    /// The fields that `rotate.yaml` declares.
    pub rules: &'a [FieldRule],
}

/// Whether a field of an object is kept when a live object is read.
#[must_use]
pub fn is_kept(path: &Path) -> bool {
    let key = |index: usize| match path.0.get(index) {
        Some(PathStep::Key(key)) => Some(&**key),
        _ => None,
    };
    match (key(0), key(1), key(2)) {
        (Some("metadata"), Some("annotations"), Some(key)) => {
            references::catalogue::has_annotation(key)
        }
        (Some(first), ..) => FIELDS.contains(&first),
        _ => false,
    }
}

/// Reads a whole input and adds its objects to the others.
///
/// # Errors
/// When it is not what kubectl prints, or larger than the limits.
pub fn read(
    (file, input): (&str, usize),
    stream: impl BufRead,
    known: Known<'_>,
    live: &mut Live,
) -> Result<(), Fault> {
    let at = Position::default();
    let fault = |at, why| Fault { file: file.to_owned(), at, why };
    let mut stream = Counted::new(stream, &at);
    let refused = |error: std::io::Error| fault(None, Why::System(error.to_string()));
    if stream.skip(b"\xff\xfe").map_err(refused)? || stream.skip(b"\xfe\xff").map_err(refused)? {
        return Err(fault(None, Why::Utf16));
    }
    stream.skip("\u{feff}".as_bytes()).map_err(refused)?;
    let mut is_first = true;
    while let Some(next) = stream.peek().map_err(refused)? {
        if next != b'{' {
            return Err(fault(Some(at.place()), Why::NotJson));
        }
        is_first = false;
        let (line, column) = at.place();
        let live = RefCell::new(&mut *live);
        let reading = Reading { at: &at, known, input, live, why: Cell::default() };
        at.allow(Some(LARGEST_OBJECT));
        let mut json = serde_json::Deserializer::from_reader(&mut stream);
        let Err(error) = (Document { reading: &reading }).deserialize(&mut json) else {
            continue;
        };
        let column = if error.line() <= 1 { column - 1 + error.column() } else { error.column() };
        let place = Some((line - 1 + error.line().max(1), column.max(1)));
        let why = reading.why.take().unwrap_or_else(|| match error.classify() {
            Category::Io if at.is_passed() => Why::TooLarge(LARGEST_OBJECT),
            Category::Io if error.io_error_kind() == Some(std::io::ErrorKind::InvalidData) => {
                Why::Syntax
            }
            Category::Io => Why::System(std::io::Error::from(error).to_string()),
            Category::Eof => Why::Cut,
            Category::Syntax => Why::Syntax,
            Category::Data => Why::Type,
        });
        return Err(fault(place, why));
    }
    if is_first { Err(fault(None, Why::Empty)) } else { Ok(()) }
}

/// What the objects of a document have in common.
struct Reading<'a, 'l> {
    at: &'a Position,
    known: Known<'a>,
    input: usize,
    live: RefCell<&'l mut Live>,
    /// Why the reading ended, where it is not a fault of the JSON.
    why: Cell<Option<Why>>,
}

/// An object as it is read.
#[derive(Default)]
struct Raw {
    api_version: Option<String>,
    kind: Option<String>,
    metadata: Metadata,
    fields: Vec<(String, Node)>,
    status: Option<Node>,
    is_immutable: bool,
    has_values: bool,
    has_items: bool,
}

/// A document: a list of objects, or one.
struct Document<'a, 'r, 'l> {
    reading: &'r Reading<'a, 'l>,
}

/// The items of a list. Those that do not say of which kind they are wait until the list does.
struct Items<'a, 'r, 'l> {
    reading: &'r Reading<'a, 'l>,
    /// The API version and the kind of the list, if they are known by now.
    of: (Option<String>, Option<String>),
    waiting: Vec<Raw>,
}

/// An item of a list.
struct Item;

impl Reading<'_, '_> {
    fn end<T, E: Error>(&self, why: Why) -> Result<T, E> {
        self.why.set(Some(why));
        Err(E::custom("ended"))
    }

    /// Adds an object as a record.
    fn take<E: Error>(&self, raw: Raw) -> Result<(), E> {
        let Some(kind) = raw.kind.as_deref().filter(|kind| !kind.is_empty()) else {
            return self.end(Why::NoKind);
        };
        let version = raw.api_version.as_deref().unwrap_or_default();
        match (group(version), kind) {
            ("meta.k8s.io", "Table" | "PartialObjectMetadata") => return self.end(Why::Table),
            ("", "Status") => return self.end(Why::Status),
            _ => {}
        }
        let Some(name) = raw.metadata.name.clone() else { return self.end(Why::NoName) };
        let mut live = self.live.borrow_mut();
        if live.objects.len() >= MOST_OBJECTS {
            return self.end(Why::TooMany(MOST_OBJECTS));
        }
        live.has_values |= raw.has_values && kind == "Secret";
        let (of, kind) = (live.word(group(version)), live.word(kind));
        let namespace = raw.metadata.namespace.as_deref().map(|name| live.word(name));
        let object = object(raw, (of, kind, namespace, name), self.input, self.known);
        live.add(object);
        Ok(())
    }
}

/// The record of an object.
fn object(
    raw: Raw,
    (group, kind, namespace, name): (
        std::sync::Arc<str>,
        std::sync::Arc<str>,
        Option<std::sync::Arc<str>>,
        String,
    ),
    input: usize,
    known: Known<'_>,
) -> Object {
    let is_secret = group.is_empty() && &*kind == "Secret";
    let node = node(&raw, is_secret);
    let empty = Node::map(Provenance::Written);
    let spec = node.get("spec").unwrap_or(&empty);
    let status = raw.status.as_ref().unwrap_or(&empty);
    let facts = states::Facts { spec, status, metadata: &raw.metadata, name: &name };
    let (state, sayings) = if is_secret {
        (State::Secret { is_immutable: raw.is_immutable }, Vec::new())
    } else {
        states::read(&group, &kind, &facts)
    };
    let named = if is_secret { Vec::new() } else { named(&node, (&group, &kind), known) };
    let Metadata { uid, created, deleted, owner, .. } = raw.metadata;
    Object {
        input,
        group,
        kind,
        namespace,
        name,
        uid,
        created,
        deleted,
        owner,
        named,
        sayings,
        state,
    }
}

/// What is looked at of an object, as manifests have it.
fn node(raw: &Raw, is_secret: bool) -> Node {
    let mut node = Node::map(Provenance::Written);
    let text = |text: &str| Node::string(text, Provenance::Written);
    node.set("apiVersion", text(raw.api_version.as_deref().unwrap_or_default()));
    node.set("kind", text(raw.kind.as_deref().unwrap_or_default()));
    let mut metadata = Node::map(Provenance::Written);
    metadata.set("name", text(raw.metadata.name.as_deref().unwrap_or_default()));
    if let Some(namespace) = &raw.metadata.namespace {
        metadata.set("namespace", text(namespace));
    }
    if let Some(annotations) = &raw.metadata.annotations {
        metadata.set("annotations", annotations.clone());
    }
    node.set("metadata", metadata);
    for (key, value) in raw.fields.iter().filter(|_| !is_secret) {
        node.set(key, value.clone());
    }
    node
}

/// Each secret that an object names, once for each thing that it does with it.
fn named(node: &Node, (group, kind): (&str, &str), known: Known<'_>) -> Vec<Named> {
    let mut found = references::find(node, known.rules);
    found.extend(by_value::find(node, known.families, &found));
    let place = pod_spec(group, kind).map(|place| format!("{place}."));
    let mut named: Vec<Named> = Vec::new();
    for one in found {
        let in_pods =
            place.as_ref().is_some_and(|place| one.path.to_string().starts_with(place.as_str()));
        let is_grant = one.role == Role::Grant;
        let new = Named { secret: one.secret, in_pods, is_grant };
        if !named.contains(&new) {
            named.push(new);
        }
    }
    named.shrink_to_fit();
    named
}

impl Raw {
    /// Reads the value of a key. Items of a list are left to the caller.
    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: String,
        entries: &mut A,
    ) -> Result<(), A::Error> {
        match key.as_str() {
            "apiVersion" => self.api_version = entries.next_value()?,
            "kind" => self.kind = entries.next_value()?,
            "metadata" => self.metadata = entries.next_value()?,
            "status" => self.status = Some(entries.next_value_seed(Tree(Part::Other))?),
            "immutable" => {
                self.is_immutable = entries.next_value::<Option<bool>>()?.unwrap_or(false);
            }
            field if FIELDS.contains(&field) => {
                let part = if field == "template" { Part::Template } else { Part::Other };
                let value = entries.next_value_seed(Tree(part))?;
                self.fields.push((key, value));
            }
            field => {
                self.has_values |= VALUES.contains(&field);
                let _: IgnoredAny = entries.next_value()?;
            }
        }
        Ok(())
    }

    /// What it is, taken from its list where it does not say so itself.
    fn of_list(mut self, (version, kind): (Option<&str>, Option<&str>)) -> Self {
        if self.kind.is_none() {
            self.kind = kind.and_then(|kind| kind.strip_suffix("List")).map(str::to_owned);
            self.kind = self.kind.filter(|kind| !kind.is_empty());
            self.api_version = self.api_version.or_else(|| version.map(str::to_owned));
        }
        self
    }
}

impl<'de> DeserializeSeed<'de> for Document<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut raw = Raw::default();
        let mut waiting = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key != "items" {
                raw.field(key, &mut entries)?;
                continue;
            }
            raw.has_items = true;
            let of = (raw.api_version.clone(), raw.kind.clone());
            waiting.extend(entries.next_value_seed(Items {
                reading: self.reading,
                of,
                waiting: Vec::new(),
            })?);
        }
        if !raw.has_items {
            return self.reading.take(raw);
        }
        for item in waiting {
            let of = (raw.api_version.as_deref(), raw.kind.as_deref());
            self.reading.take(item.of_list(of))?;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_, '_> {
    type Value = Vec<Raw>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Raw>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_, '_> {
    type Value = Vec<Raw>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_unit<E: Error>(self) -> Result<Vec<Raw>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Vec<Raw>, A::Error> {
        let at = self.reading.at;
        loop {
            at.allow(Some(LARGEST_OBJECT));
            let Some(item) = items.next_element_seed(Item)? else { break };
            let item = item.of_list((self.of.0.as_deref(), self.of.1.as_deref()));
            if item.kind.is_some() || self.of.1.is_some() {
                self.reading.take(item)?;
            } else if self.waiting.len() < MOST_WAITING {
                self.waiting.push(item);
            } else {
                return self.reading.end(Why::TooLate(MOST_WAITING));
            }
        }
        at.allow(Some(LARGEST_OBJECT));
        Ok(self.waiting)
    }
}

impl<'de> DeserializeSeed<'de> for Item {
    type Value = Raw;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Item {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut raw = Raw::default();
        while let Some(key) = entries.next_key::<String>()? {
            raw.field(key, &mut entries)?;
        }
        Ok(raw)
    }
}
