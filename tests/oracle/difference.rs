//! Differences between two rendered values beyond one family's name.

use std::collections::BTreeSet;

use serde_yaml::{Mapping, Value};

/// The name that a bump moves to, and how the older ones are spelled.
pub(crate) struct Names {
    /// The new name.
    pub(crate) new: String,
    family: String,
    version: String,
}

/// Splits a name into its family and its version.
pub(crate) fn split(name: &str) -> Option<(&str, &str)> {
    let (family, version) = name.rsplit_once('-')?;
    let digits = version.len() == 14 && version.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some((family, version))
}

impl Names {
    pub(crate) fn new(family: &str, version: &str) -> Self {
        Self {
            new: format!("{family}-{version}"),
            family: family.to_owned(),
            version: version.to_owned(),
        }
    }

    /// The other versions of the family that a text names as a whole word.
    pub(crate) fn older_in(&self, text: &str) -> BTreeSet<String> {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let mut found = BTreeSet::new();
        for (start, _) in text.match_indices(&self.family) {
            let end = start + self.family.len() + 15;
            let Some(word) = text.get(start..end) else { continue };
            let bytes = text.as_bytes();
            let alone = (start == 0 || !inside(bytes[start - 1]))
                && bytes.get(end).is_none_or(|byte| !inside(*byte) || *byte == b'.');
            if alone
                && split(word).is_some_and(|(family, _)| family == self.family)
                && word != self.new
            {
                found.insert(word.to_owned());
            }
        }
        found
    }

    /// A text with every older name of the family replaced by the new one.
    fn renewed(&self, text: &str) -> String {
        let older = self.older_in(text);
        older.iter().fold(text.to_owned(), |text, name| text.replace(name, &self.new))
    }
}

/// What differs between two values beyond the family's name, one line each.
pub(crate) fn beyond(before: &Value, after: &Value, names: &Names) -> Vec<String> {
    let mut found = Vec::new();
    walk(before, after, names, "", &mut found);
    found
}

fn walk(before: &Value, after: &Value, names: &Names, path: &str, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Mapping(then), Value::Mapping(now)) => keys(then, now, names, path, found),
        (Value::Sequence(then), Value::Sequence(now)) if path.ends_with(".resourceNames") => {
            let added: Vec<_> = now.iter().filter(|name| !then.contains(name)).collect();
            let kept = then.iter().all(|name| now.contains(name));
            if !kept || added.iter().any(|name| name.as_str() != Some(names.new.as_str())) {
                found.push(format!("{path}: {then:?} became {now:?}"));
            }
        }
        (Value::Sequence(then), Value::Sequence(now)) if then.len() == now.len() => {
            for (index, (then, now)) in then.iter().zip(now).enumerate() {
                walk(then, now, names, &format!("{path}[{index}]"), found);
            }
        }
        (Value::String(then), Value::String(now)) if *now == names.renewed(then) => {}
        (then, now) if then == now => {}
        (then, now) => found.push(format!("{path}: {then:?} became {now:?}")),
    }
}

fn keys(then: &Mapping, now: &Mapping, names: &Names, path: &str, found: &mut Vec<String>) {
    for (key, value) in then {
        let path = format!("{path}.{}", key.as_str().unwrap_or("?"));
        match now.get(key) {
            Some(other) => walk(value, other, names, &path, found),
            None => found.push(format!("{path} was removed")),
        }
    }
    for key in now.keys().filter(|key| !then.contains_key(*key)) {
        found.push(format!("{path}.{} was added", key.as_str().unwrap_or("?")));
    }
}

/// Whether a stub is another with nothing changed but the version, wherever it stands.
pub(crate) fn is_next_version(old: &Value, new: &Value, names: &Names) -> bool {
    let name = |value: &Value| {
        let target = value.get("spec")?.get("target").and_then(|target| target.get("name"));
        target.or(value.get("metadata")?.get("name"))?.as_str().map(str::to_owned)
    };
    let Some(old_name) = name(old) else { return false };
    let Some((family, version)) = split(&old_name) else { return false };
    family == names.family && renumbered(old, version, &names.version) == *new
}

fn renumbered(value: &Value, old: &str, new: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace(old, new)),
        // A version that nobody quoted: the API server would reject it again.
        Value::Number(number) if number.to_string() == old => Value::String(new.to_owned()),
        Value::Sequence(items) => {
            Value::Sequence(items.iter().map(|item| renumbered(item, old, new)).collect())
        }
        Value::Mapping(mapping) => {
            let entry = |(key, item): (&Value, &Value)| (key.clone(), renumbered(item, old, new));
            Value::Mapping(mapping.iter().map(entry).collect())
        }
        other => other.clone(),
    }
}
