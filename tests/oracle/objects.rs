//! Rendered objects as plain values, read by a parser that is not ours.

use serde::Deserialize as _;
use serde_yaml::Value;

/// A Kubernetes object.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Object(pub(crate) Value);

/// Kind, namespace and name.
pub(crate) type Identity = (String, Option<String>, Option<String>);

impl Object {
    pub(crate) fn text(&self, path: &[&str]) -> Option<&str> {
        at(&self.0, path).and_then(Value::as_str)
    }

    pub(crate) fn kind(&self) -> &str {
        self.text(&["kind"]).unwrap_or_default()
    }

    /// The group of its `apiVersion`; empty for the core.
    pub(crate) fn group(&self) -> &str {
        group(self.text(&["apiVersion"]).unwrap_or_default())
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.text(&["metadata", "name"])
    }

    pub(crate) fn identity(&self) -> Identity {
        let namespace = self.text(&["metadata", "namespace"]).map(str::to_owned);
        (self.kind().to_owned(), namespace, self.name().map(str::to_owned))
    }
}

/// The group of an `apiVersion`; empty for the core.
pub(crate) fn group(version: &str) -> &str {
    version.rsplit_once('/').map_or("", |(group, _)| group)
}

/// The value under a path of keys.
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| value.get(*key))
}

/// The items of a sequence with their indices; none for anything else.
pub(crate) fn items(value: Option<&Value>) -> impl Iterator<Item = (usize, &Value)> {
    value.and_then(Value::as_sequence).into_iter().flatten().enumerate()
}

/// The objects of a stream of documents, `List`s taken apart.
pub(crate) fn parse(text: &str) -> Result<Vec<Object>, serde_yaml::Error> {
    let mut objects = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text.trim_start_matches('\u{feff}')) {
        let mut value = Value::deserialize(document)?;
        value.apply_merge()?;
        flatten(value, &mut objects);
    }
    Ok(objects)
}

fn flatten(value: Value, objects: &mut Vec<Object>) {
    let list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match value.get("items").and_then(Value::as_sequence) {
        Some(inner) if list => inner.iter().for_each(|item| flatten(item.clone(), objects)),
        _ if value.get("kind").is_some() => objects.push(Object(value)),
        _ => {}
    }
}

/// Calls `see` with every string of a value, keys left out, and its path.
pub(crate) fn strings(value: &Value, path: &str, see: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) => see(path, text),
        Value::Sequence(sequence) => {
            for (index, item) in sequence.iter().enumerate() {
                strings(item, &format!("{path}[{index}]"), see);
            }
        }
        Value::Mapping(mapping) => {
            for (key, item) in mapping {
                strings(item, &format!("{path}.{}", key.as_str().unwrap_or("?")), see);
            }
        }
        _ => {}
    }
}
