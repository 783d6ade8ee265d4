//! A value of JSON as a node, without what may hold the values of a secret.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::sync::Arc;

use crate::k8s::references::catalogue::has_annotation;
use crate::yaml::node::{Entry, Map, Node, Provenance, Scalar, Style, Tag, Value};

/// Keys under which objects keep the values of secrets.
pub(super) const VALUES: &[&str] = &["binaryData", "data", "encryptedData", "stringData"];

/// The part of an object in which a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Its annotations, or those of its pods.
    Annotations,
    /// Its metadata, or that of its pods.
    Metadata,
    /// The template of another object.
    Template,
    /// Anything else.
    Other,
}

/// Reads a value as a node.
pub(super) struct Tree(pub(super) Part);

impl Part {
    /// The part in which the value of a key is; `None` if the value is dropped.
    fn below(self, key: &str) -> Option<Self> {
        match (self, key) {
            (Self::Annotations, key) if !has_annotation(key) => None,
            (Self::Metadata, "annotations") => Some(Self::Annotations),
            (Self::Metadata, "managedFields") => None,
            (Self::Template, key) if VALUES.contains(&key) => None,
            (_, "metadata") => Some(Self::Metadata),
            (_, "template") => Some(Self::Template),
            _ => Some(Self::Other),
        }
    }
}

fn scalar(text: &str, tag: Tag) -> Node {
    Node::made(Value::Scalar(Scalar::new(text, Style::Plain, tag)), Provenance::Written)
}

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(scalar(if value { "true" } else { "false" }, Tag::Bool))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(scalar(&value.to_string(), Tag::Int))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(scalar(&value.to_string(), Tag::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        Ok(scalar(&value.to_string(), Tag::Float))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        Ok(scalar(value, Tag::Str))
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(scalar("null", Tag::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        // The items of a list of templates are templates.
        while let Some(item) = items.next_element_seed(Self(self.0))? {
            all.push(item);
        }
        Ok(Node::seq(all, Provenance::Written))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            let Some(part) = self.0.below(&key) else {
                let _: IgnoredAny = entries.next_value()?;
                continue;
            };
            let value = entries.next_value_seed(Self(part))?;
            all.push(Entry { key: scalar(&key, Tag::Str), value });
        }
        let map = Map { entries: all.into(), flow: true };
        Ok(Node::made(Value::Map(Arc::new(map)), Provenance::Written))
    }
}
