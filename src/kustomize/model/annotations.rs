//! Annotations are strings: kustomize converts them wherever it reads or writes objects.

use crate::kustomize::model::object::Object;
use crate::yaml::node::{Node, Tag, Value};
use crate::yaml::scalar::{Kind, Schema, kind};

/// Converts an object's annotations to strings, and drops the field if it is empty.
pub fn settle(object: &mut Object) {
    let path = ["metadata", "annotations"];
    let Some(annotations) = object.node.at(&path) else { return };
    let is_empty = annotations.entries().is_empty();
    if !is_empty && all_texts(annotations) {
        return;
    }
    let Some(metadata) = object.node.get_mut("metadata") else { return };
    if is_empty {
        metadata.remove("annotations");
    } else if let Some(annotations) = metadata.get_mut("annotations") {
        texts(annotations);
    }
}

/// Converts the values of a mapping to strings as written, `null` included. A value that is not a scalar has
/// no such form, and becomes an empty string.
pub fn texts(values: &mut Node) {
    if all_texts(values) {
        return;
    }
    for entry in values.map_mut().into_iter().flat_map(|map| &mut map.entries) {
        let other = !is_text(&entry.value);
        match &mut entry.value.value {
            Value::Scalar(scalar) if other => scalar.tag = Tag::Str,
            Value::Scalar(_) => {}
            Value::Map(_) | Value::Seq(_) => {
                entry.value = entry.value.with_text("", entry.value.how)
            }
        }
    }
}

fn all_texts(values: &Node) -> bool {
    values.entries().iter().all(|entry| is_text(&entry.value))
}

fn is_text(node: &Node) -> bool {
    kind(node, Schema::Kyaml) == Some(Kind::Str)
}

#[cfg(test)]
mod tests {
    use super::settle;
    use crate::kustomize::model::object::Object;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::compare::same;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn node(text: &str) -> Node {
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    /// The outcomes are those of `kubectl kustomize`.
    #[track_caller]
    fn becomes(metadata: &str, expected: &str) {
        let mut object = Object::new(node(&format!("{{metadata: {metadata}}}")));
        settle(&mut object);
        let found = object.node.get("metadata").unwrap();
        assert!(same(found, &node(expected)), "{found:?}, expected {expected}");
    }

    #[test]
    fn annotations_become_texts_as_spelled() {
        becomes(
            "{labels: {a: 1}, annotations: {a: 1, b: , c: yes, d: 1.50, e: 0x10, f: 20250723110000, g: null, h: [1]}}",
            "{labels: {a: 1}, annotations: {a: '1', b: '', c: 'yes', d: '1.50', e: '0x10', f: '20250723110000', g: 'null', h: ''}}",
        );
    }

    #[test]
    fn a_field_without_annotations_goes() {
        becomes("{labels: {}, annotations: {}}", "{labels: {}}");
        becomes("{labels: null, annotations: null}", "{labels: null}");
        becomes("{name: a}", "{name: a}");
    }
}
