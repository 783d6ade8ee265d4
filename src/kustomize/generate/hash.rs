//! The hash that kustomize appends to the name of a generated object.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::kustomize::model::object::Object;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::scalar::{Kind, Schema, kind};

/// Appends the content hash to the name of every object that asks for one.
pub fn add_hashes(objects: &mut [Object]) {
    for object in objects {
        if object.generated.is_some_and(|generated| generated.hash) {
            let name = format!("{}-{}", object.name(), hash(&object.node));
            object.remember();
            if let Some(node) =
                object.node.get_mut("metadata").and_then(|meta| meta.get_mut("name"))
            {
                *node = node.with_text(&name, Provenance::Derived);
            }
        }
    }
}

/// The hash of an object's content, ten letters and digits.
#[must_use]
pub fn hash(node: &Node) -> String {
    let digest = Sha256::digest(encode(node).as_bytes());
    let mut hex = String::with_capacity(10);
    for byte in digest.iter().take(5) {
        let _ = write!(hex, "{byte:02x}");
    }
    // Characters are replaced so that the hash cannot spell a word.
    hex.chars()
        .map(|digit| match digit {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            other => other,
        })
        .collect()
}

/// The hashed parts of an object, as JSON with sorted keys.
fn encode(node: &Node) -> String {
    let text = |path: &[&str]| string(node.at(path).and_then(Node::str).unwrap_or_default());
    let mut parts: BTreeMap<&str, String> = BTreeMap::new();
    let is_secret = node.get("kind").and_then(Node::str) == Some("Secret");
    parts.insert("kind", text(&["kind"]));
    // Kustomize intends to include the name, but reads it from a key that no object has.
    parts.insert("name", string(""));
    parts.insert("data", node.get("data").map_or_else(|| string(""), json));
    if is_secret {
        parts.insert("type", text(&["type"]));
    }
    let more = if is_secret { "stringData" } else { "binaryData" };
    if let Some(value) = node.get(more).filter(|value| value.scalar().is_none()) {
        parts.insert(more, json(value));
    }
    object(parts.iter().map(|(key, value)| (*key, value.clone())))
}

fn object<'a>(entries: impl Iterator<Item = (&'a str, String)>) -> String {
    let entries: Vec<_> = entries.map(|(key, value)| format!("{}:{value}", string(key))).collect();
    format!("{{{}}}", entries.join(","))
}

fn json(node: &Node) -> String {
    let text = node.str().unwrap_or_default();
    match kind(node, Schema::Kyaml) {
        Some(Kind::Null) => "null".to_owned(),
        Some(Kind::Bool(value)) => value.to_string(),
        Some(Kind::Int(value)) => value.to_string(),
        Some(_) => string(text),
        None if !node.items().is_empty() => {
            let items: Vec<_> = node.items().iter().map(json).collect();
            format!("[{}]", items.join(","))
        }
        None => {
            let entries = node.entries().iter();
            let sorted: BTreeMap<&str, &Node> =
                entries.map(|entry| (entry.key.str().unwrap_or_default(), &entry.value)).collect();
            object(sorted.into_iter().map(|(key, value)| (key, json(value))))
        }
    }
}

/// A JSON string as Go writes it, with HTML characters escaped.
fn string(text: &str) -> String {
    let mut out = serde_json::Value::from(text).to_string();
    for (plain, escaped) in [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ] {
        if out.contains(plain) {
            out = out.replace(plain, escaped);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{encode, hash};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn node(text: &str) -> Node {
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    #[test]
    fn encodes_as_kustomize_does() {
        let text = "kind: ConfigMap\nmetadata: {name: m}\ndata: {b: '1', a: \"<&>\\n\"}\n";
        let json = r#"{"data":{"a":"\u003c\u0026\u003e\n","b":"1"},"kind":"ConfigMap","name":""}"#;
        assert_eq!(encode(&node(text)), json);
        let text = "kind: Secret\nmetadata: {name: s}\ntype: Opaque\n";
        assert_eq!(encode(&node(text)), r#"{"data":"","kind":"Secret","name":"","type":"Opaque"}"#);
    }

    #[test]
    fn hashes_as_kustomize_does() {
        // Recorded from kustomize 5.8.1.
        let text = "kind: Secret\nmetadata: {name: s}\ntype: Opaque\ndata: {A: MQ==, B: '', C: InEi, W: Ig==, X: eQ==, Z: J2E=}\n";
        assert_eq!(hash(&node(text)), "t5d7842dgk");
    }
}
