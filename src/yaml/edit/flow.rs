//! Single-line values, as they appear in flow collections.

use crate::yaml::edit::quote;
use crate::yaml::node::{Node, Style, Value};
use crate::yaml::scalar::{Kind, Schema, kind};

/// Writes a value on one line; as JSON if the surrounding file is JSON.
#[must_use]
pub fn write(node: &Node, json: bool) -> String {
    let mut out = String::new();
    write_to(node, json, &mut out);
    out
}

fn write_to(node: &Node, json: bool, out: &mut String) {
    match &node.value {
        Value::Scalar(_) => out.push_str(&scalar(node, json)),
        Value::Seq(seq) => {
            out.push('[');
            for (index, item) in seq.items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_to(item, json, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (index, entry) in map.entries.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                out.push_str(&key(entry.key.str().unwrap_or_default(), json));
                out.push_str(": ");
                write_to(&entry.value, json, out);
            }
            out.push('}');
        }
    }
}

/// Writes a key.
#[must_use]
pub fn key(text: &str, json: bool) -> String {
    quote::spell(text, if json { Style::Double } else { Style::Plain })
}

fn scalar(node: &Node, json: bool) -> String {
    let text = node.str().unwrap_or_default();
    let style = node.scalar().map_or(Style::Plain, |scalar| scalar.style);
    match kind(node, Schema::Kyaml) {
        Some(Kind::Null) if json || text.is_empty() => "null".to_owned(),
        Some(Kind::Bool(value)) if json => value.to_string(),
        Some(Kind::Int(value)) if json => value.to_string(),
        Some(Kind::Float(value)) if json => value.to_string(),
        Some(Kind::Str) if json => quote::spell(text, Style::Double),
        Some(Kind::Str) => quote::spell(text, style),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    #[test]
    fn writes_one_line() {
        let text = "path: x.yaml\ntarget:\n  kind: 'A b'\nl: [1, '2', yes, ~]\ne:\n";
        let root = &parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone();
        let plain = "{path: x.yaml, target: {kind: 'A b'}, l: [1, '2', \"yes\", ~], e: null}";
        assert_eq!(write(root, false), plain);
        let json = r#"{"path": "x.yaml", "target": {"kind": "A b"}, "l": [1, "2", "yes", null], "e": null}"#;
        assert_eq!(write(root, true), json);
    }
}
