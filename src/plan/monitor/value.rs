//! A manifest as it is written: keys in the order in which people write them.

use crate::plan::spell::{entry, indented, scalar};

/// A value of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(u64),
    /// Keys and values.
    Map(Vec<(String, Self)>),
    /// Items.
    List(Vec<Self>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A mapping being written.
#[derive(Debug, Default)]
pub(super) struct Map(Vec<(String, Value)>);

impl Map {
    /// Adds a key.
    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.push((key.to_owned(), value.into()));
        self
    }

    /// Adds a key, where it has a value.
    pub(super) fn maybe<V: Into<Value>>(self, key: &str, value: Option<V>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds a mapping, where it has entries.
    pub(super) fn map(self, key: &str, entries: Self) -> Self {
        if entries.0.is_empty() { self } else { self.with(key, Value::Map(entries.0)) }
    }

    /// Adds texts by their keys, those that it lacks.
    pub(super) fn extend(mut self, pairs: impl Iterator<Item = (String, String)>) -> Self {
        for (key, value) in pairs {
            if self.0.iter().all(|(known, _)| *known != key) {
                self.0.push((key, Value::Text(value)));
            }
        }
        self
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map.0)
    }
}

/// A document.
pub(super) fn document(map: Map) -> String {
    format!("{}\n", lines(&Value::Map(map.0)))
}

/// The lines of a value; the last one without its end.
fn lines(value: &Value) -> String {
    match value {
        Value::Text(text) => scalar(text),
        Value::Number(number) => number.to_string(),
        Value::Map(entries) => {
            let all: Vec<String> = entries.iter().map(|(key, value)| line(key, value)).collect();
            all.join("\n")
        }
        Value::List(items) => {
            let all: Vec<String> = items.iter().map(item).collect();
            all.join("\n")
        }
    }
}

fn line(key: &str, value: &Value) -> String {
    let key = scalar(key);
    match value {
        Value::Text(text) => entry(&key, text),
        Value::Number(number) => format!("{key}: {number}"),
        Value::Map(_) | Value::List(_) => format!("{key}:\n{}", indented(&lines(value), 2)),
    }
}

fn item(value: &Value) -> String {
    let moved = indented(&lines(value), 2);
    format!("- {}", moved.trim_start_matches(' '))
}
