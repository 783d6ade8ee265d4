//! What determines the value of a secret, and where two objects that provide it differ.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::k8s::encryption::is_ciphertext;
use crate::k8s::resource::kind_of;
use crate::k8s::stub::spec_of;
use crate::text::source::Place;
use crate::yaml::compare::effective;
use crate::yaml::node::{Node, Value};
use crate::yaml::path::{Path, PathStep};
use crate::yaml::scalar::{Kind, Schema, kind};

/// The fields of a Secret that hold no value.
pub const OPEN: [&str; 5] = ["apiVersion", "kind", "metadata", "type", "immutable"];

/// A changed field that determines the value.
#[derive(Debug, Clone)]
pub struct FieldChange {
    /// The field.
    pub path: Path,
    /// Its place in the new object, or that of its nearest parent.
    pub place: Option<Place>,
}

/// The default of each field, by name: the API's own defaults, according to the schema of External Secrets 2.9
/// and the Kubernetes reference. An empty string counts as unset anyway.
const DEFAULTS: &[(&str, &str)] = &[
    ("apiVersion", "generators.external-secrets.io/v1alpha1"),
    ("conflictPolicy", "Error"),
    ("conversionStrategy", "Default"),
    ("decodingStrategy", "None"),
    ("engineVersion", "v2"),
    ("kind", "SecretStore"),
    ("mergePolicy", "Replace"),
    ("metadataPolicy", "None"),
    ("priorityPolicy", "Strict"),
    ("strategy", "Extract"),
    ("target", "Data"),
    ("templateAs", "Values"),
    ("type", "Opaque"),
];

/// Fields that only affect error handling or what surrounds the value.
const BESIDE_VALUE: &[&str] = &["metadata", "nullBytePolicy"];

/// The first field in which the secrets of two objects of one kind may differ; `None` if there is none or unknown.
#[must_use]
pub fn change(old: &Node, new: &Node) -> Option<FieldChange> {
    if kind_of(old) != kind_of(new) {
        return None;
    }
    if kind_of(new) == "Secret" {
        return of_secret(old, new);
    }
    let ((_, from), (path, to)) = (spec_of(old)?, spec_of(new)?);
    let mut walk = ChangeFinder { object: new, found: None };
    for fields in [&["data"][..], &["dataFrom"], &["secretStoreRef"], &["target", "template"]] {
        let path = fields.iter().fold(path.clone(), |path, field| path.key(field));
        walk.on(from.at(fields), to.at(fields), &path);
    }
    walk.found
}

/// A value of a Secret: its bytes, or `None` if it cannot be compared.
type Bytes = Option<Vec<u8>>;

fn of_secret(old: &Node, new: &Node) -> Option<FieldChange> {
    let (before, now) = (contents(old), contents(new));
    let keys: BTreeSet<&str> = before.keys().chain(now.keys()).copied().collect();
    let differ = |one: &Bytes, other: &Bytes| one.is_some() && other.is_some() && one != other;
    let changed = keys.into_iter().find_map(|key| match (before.get(key), now.get(key)) {
        (Some((_, one)), Some((path, other))) => differ(one, other).then(|| path.clone()),
        (Some((path, _)), None) | (None, Some((path, _))) => Some(path.clone()),
        (None, None) => None,
    });
    let found = changed.map(|path| FieldChange { place: near(new, &path), path });
    found.or_else(|| {
        let mut walk = ChangeFinder { object: new, found: None };
        walk.on(old.get("type"), new.get("type"), &Path::default().key("type"));
        walk.found
    })
}

/// The values of a Secret by key, from `data` or `stringData`.
fn contents(object: &Node) -> BTreeMap<&str, (Path, Bytes)> {
    let mut contents = BTreeMap::new();
    for field in ["data", "stringData"] {
        for (key, value) in object.get(field).map(effective).unwrap_or_default() {
            let text = text(value).unwrap_or_default();
            let bytes = match field {
                _ if is_ciphertext(text) => None,
                "data" => {
                    let packed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
                    Some(STANDARD.decode(packed).unwrap_or_else(|_| text.as_bytes().to_vec()))
                }
                _ => Some(text.as_bytes().to_vec()),
            };
            contents.insert(key, (Path::default().key(field).key(key), bytes));
        }
    }
    contents
}

struct ChangeFinder<'n> {
    object: &'n Node,
    found: Option<FieldChange>,
}

impl ChangeFinder<'_> {
    fn on(&mut self, old: Option<&Node>, new: Option<&Node>, path: &Path) {
        let (old, new) = (old.filter(is_there), new.filter(is_there));
        let Some(either) = new.or(old) else { return };
        if self.found.is_some() || BESIDE_VALUE.contains(&last(path)) && !is_free(path) {
            return;
        }
        let shape = |node: &Node| std::mem::discriminant(&node.value);
        if old.zip(new).is_some_and(|(old, new)| shape(old) != shape(new)) {
            return self.found(path);
        }
        match &either.value {
            Value::Scalar(_) => self.scalars(old, new, path),
            Value::Map(_) => self.maps(old, new, path),
            Value::Seq(_) if last(path) == "data" => self.entries(old, new, path),
            Value::Seq(_) => {
                let (old, new) =
                    (old.map_or(&[][..], Node::items), new.map_or(&[][..], Node::items));
                for at in 0..old.len().max(new.len()) {
                    self.on(old.get(at), new.get(at), &path.index(at));
                }
            }
        }
    }

    fn scalars(&mut self, old: Option<&Node>, new: Option<&Node>, path: &Path) {
        let default = |absent: Option<&Node>| {
            let known = DEFAULTS.iter().find(|(field, _)| *field == last(path));
            let known = known.map_or("", |(_, value)| value);
            (absent.is_none() && !is_free(path)).then_some(known)
        };
        let (one, other) = (old.and_then(Node::str), new.and_then(Node::str));
        // Quoting does not change a version.
        let (one, other) = (one.or_else(|| default(old)), other.or_else(|| default(new)));
        let sealed = [one, other].into_iter().flatten().any(is_ciphertext);
        let empty = |text: Option<&str>| text == Some("") && !is_free(path);
        let same = one == other
            || (empty(one) && other == default(None))
            || (empty(other) && one == default(None));
        if !same && !sealed {
            self.found(path);
        }
    }

    fn maps(&mut self, old: Option<&Node>, new: Option<&Node>, path: &Path) {
        let (before, now) =
            (old.map(effective).unwrap_or_default(), new.map(effective).unwrap_or_default());
        let keys: BTreeSet<&str> = before.keys().chain(now.keys()).copied().collect();
        for key in keys {
            self.on(before.get(key).copied(), now.get(key).copied(), &path.key(key));
        }
    }

    /// The entries of an ExternalSecret, in any order; if two have the same key, the last one wins.
    fn entries(&mut self, old: Option<&Node>, new: Option<&Node>, path: &Path) {
        let (before, now) = (by_key(old), by_key(new));
        let keys: BTreeSet<&str> = now.keys().chain(before.keys()).copied().collect();
        for key in keys {
            match (before.get(key), now.get(key)) {
                (Some((_, old)), Some((at, new))) => {
                    self.on(Some(old), Some(new), &path.index(*at))
                }
                (Some(_), None) if self.found.is_none() => self.found(path),
                (None, Some((at, _))) if self.found.is_none() => self.found(&path.index(*at)),
                _ => {}
            }
        }
    }

    fn found(&mut self, path: &Path) {
        self.found = Some(FieldChange { path: path.clone(), place: near(self.object, path) });
    }
}

fn by_key(list: Option<&Node>) -> BTreeMap<&str, (usize, &Node)> {
    let items = list.map_or(&[][..], Node::items).iter().enumerate();
    items.filter_map(|(at, item)| Some((item.get("secretKey")?.str()?, (at, item)))).collect()
}

/// Whether a value is present; `null` counts as absent.
fn is_there(node: &&Node) -> bool {
    kind(node, Schema::Kyaml) != Some(Kind::Null)
}

fn text(node: &Node) -> Option<&str> {
    Some(node).filter(is_there)?.str()
}

/// The last key of a path.
fn last(path: &Path) -> &str {
    if let Some(PathStep::Key(key)) = path.0.last() { key } else { "" }
}

/// Whether a field is in a mapping whose keys are the secret's keys.
fn is_free(path: &Path) -> bool {
    let steps = path.0.len().checked_sub(2).and_then(|at| path.0.get(at));
    matches!(steps, Some(PathStep::Key(key)) if **key == *"data")
}

/// The place of the value at a path, or else of its nearest parent.
fn near(object: &Node, path: &Path) -> Option<Place> {
    let above = (0..path.0.len()).rev().map(|len| Path(path.0[..=len].to_vec()));
    above.filter_map(|path| path.follow(object)?.origin.clone()).next()
}
