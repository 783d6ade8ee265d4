//! Reads what `kubectl get … -o json` prints, object by object: lists and single objects, any number one after another.
//!
//! Each object becomes a record at once. What could hold the values of a secret is not kept, not even while an object is
//! read: kubectl prints `data` before `kind`, so it is dropped whatever the kind.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::BufRead;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::cluster::fault::{Fault, Why};
use crate::cluster::live::Live;
use crate::cluster::reader::{Counted, Position};
use crate::cluster::record::{FIELDS, Raw, record};
use crate::k8s::by_value::Families;
use crate::k8s::references;
use crate::k8s::references::field_rule::FieldRule;
use crate::k8s::resource::group;
use crate::k8s::secret_name::LONGEST;
use crate::yaml::path::{Path, PathStep};

/// The most bytes of one object; etcd takes less than 2 MiB.
pub const LARGEST_OBJECT: u64 = 16 << 20;
/// The most objects of all inputs.
pub const MOST_OBJECTS: usize = 2_000_000;
/// The most secrets that all objects name together.
pub const MOST_NAMES: usize = 5_000_000;
/// The most bytes of objects that are read before their list says of which kind they are.
pub const MOST_WAITING: u64 = 64 << 20;

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
        let why = reading.why.take();
        let limit = at.is_passed().then_some(LARGEST_OBJECT);
        let why = why.unwrap_or_else(|| Why::of(error, limit, Why::Type));
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
        if name.len() > LONGEST {
            return self.end(Why::Type);
        }
        let mut live = self.live.borrow_mut();
        if live.objects.len() >= MOST_OBJECTS {
            return self.end(Why::TooMany(MOST_OBJECTS, "objects"));
        }
        if live.names > MOST_NAMES {
            return self.end(Why::TooMany(MOST_NAMES, "names of secrets"));
        }
        live.has_values |= raw.has_values && kind == "Secret";
        let (of, kind) = (live.word(group(version)), live.word(kind));
        let namespace = raw.metadata.namespace.as_deref().map(|name| live.word(name));
        live.add(record(raw, (of, kind, namespace, name), self.input, self.known));
        Ok(())
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
        if raw.metadata.is_page {
            return self.reading.end(Why::Page);
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
        let start = at.bytes();
        loop {
            at.allow(Some(LARGEST_OBJECT));
            let Some(item) = items.next_element_seed(Item)? else { break };
            let item = item.of_list((self.of.0.as_deref(), self.of.1.as_deref()));
            if item.kind.is_some() || self.of.1.is_some() {
                self.reading.take(item)?;
            } else if at.bytes() - start < MOST_WAITING {
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
