//! ConfigMaps and Secrets made from entries of a kustomization.

pub mod hash;
pub mod pairs;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::kustomize::generate::pairs::Content;
use crate::kustomize::load::context::Context;
use crate::kustomize::model::object::{Behavior, Generated, Object};
use crate::text::problem::Problem;
use crate::yaml::node::{Entry, Node, Provenance, Scalar, Style, Tag, Value};
use crate::yaml::scalar::{Kind, Schema, kind};

/// What a generator makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

/// Makes the object that an entry of `configMapGenerator` or `secretGenerator` describes.
///
/// # Errors
/// When it has no name or one of its sources cannot be read.
pub fn generate(
    product: Product,
    entry: &Node,
    global: Option<&Node>,
    context: &mut Context<'_>,
) -> Result<Object, Problem> {
    let text =
        |key: &str| entry.get(key).filter(|node| node.str().is_some_and(|text| !text.is_empty()));
    let Some(name) = text("name") else {
        return Err(Problem::at("a generator without a name", entry).with_help("give it a `name:`"));
    };
    let generated = |node: &Node| Node { how: Provenance::Generated, ..node.clone() };
    let options = Options { local: entry.get("options"), global };
    let mut metadata = Node::map(Provenance::Generated);
    metadata.set("name", generated(name));
    if let Some(namespace) = text("namespace") {
        metadata.set("namespace", generated(namespace));
    }
    for key in ["labels", "annotations"] {
        if let Some(pairs) = options.pairs(key) {
            metadata.set(key, pairs);
        }
    }
    let mut node = Node::map(Provenance::Generated);
    let kind = if product == Product::Secret { "Secret" } else { "ConfigMap" };
    node.set("apiVersion", Node::string("v1", Provenance::Generated));
    node.set("kind", Node::string(kind, Provenance::Generated));
    node.set("metadata", metadata);
    add_content(&mut node, product, entry, context)?;
    if product == Product::Secret {
        let default = || Node::string("Opaque", Provenance::Generated);
        node.set("type", text("type").map_or_else(default, generated));
    }
    if options.flag("immutable") {
        let scalar = Scalar::new("true", Style::Plain, Tag::Bool);
        node.set("immutable", Node::made(Value::Scalar(scalar), Provenance::Generated));
    }
    let behavior = match text("behavior").and_then(Node::str) {
        Some("create") => Behavior::Create,
        Some("replace") => Behavior::Replace,
        Some("merge") => Behavior::Merge,
        _ => Behavior::Unspecified,
    };
    let hash = !options.flag("disableNameSuffixHash");
    let mut object = Object::new(node);
    object.generated = Some(Generated { behavior, hash });
    Ok(object)
}

fn add_content(
    node: &mut Node,
    product: Product,
    entry: &Node,
    context: &mut Context<'_>,
) -> Result<(), Problem> {
    let mut data = Node::map(Provenance::Generated);
    let mut binary = Node::map(Provenance::Generated);
    for pair in pairs::read(entry, context)? {
        match (product, pair.content) {
            (Product::ConfigMap, Content::Text(value)) => data.set(&pair.key, value),
            (Product::ConfigMap, Content::Bytes(bytes)) => binary.set(&pair.key, encoded(&bytes)),
            (Product::Secret, Content::Text(value)) => {
                data.set(&pair.key, encoded(value.str().unwrap_or_default().as_bytes()));
            }
            (Product::Secret, Content::Bytes(bytes)) => data.set(&pair.key, encoded(&bytes)),
        }
    }
    for (key, content) in [("data", data), ("binaryData", binary)] {
        // Kustomize gives a Secret without entries an empty mapping, and a ConfigMap none.
        if !content.entries().is_empty() || (key == "data" && product == Product::Secret) {
            node.set(key, content);
        }
    }
    Ok(())
}

/// Bytes in base64, wrapped at 70 characters if they do not fit on one line.
fn encoded(bytes: &[u8]) -> Node {
    const LINE: usize = 70;
    let text = STANDARD.encode(bytes);
    let text = if text.len() < LINE {
        text
    } else {
        let mut lines = String::with_capacity(text.len() + text.len() / LINE + 1);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, more) = rest.split_at(rest.len().min(LINE));
            lines.push_str(line);
            lines.push('\n');
            rest = more;
        }
        lines
    };
    Node::string(&text, Provenance::Generated)
}

/// A generator's own options, which override those of the kustomization.
struct Options<'n> {
    local: Option<&'n Node>,
    global: Option<&'n Node>,
}

impl Options<'_> {
    fn flag(&self, key: &str) -> bool {
        let is_set = |options: &Node| {
            options.get(key).and_then(|value| kind(value, Schema::Kubectl))
                == Some(Kind::Bool(true))
        };
        [self.local, self.global].into_iter().flatten().any(is_set)
    }

    fn pairs(&self, key: &str) -> Option<Node> {
        let mut entries: BTreeMap<&str, &Entry> = BTreeMap::new();
        for options in [self.global, self.local].into_iter().flatten() {
            let pairs = options.get(key).map(Node::entries).unwrap_or_default();
            entries.extend(pairs.iter().map(|entry| (entry.key.str().unwrap_or_default(), entry)));
        }
        let mut node = Node::map(Provenance::Generated);
        for (name, entry) in &entries {
            node.set(name, Node { how: Provenance::Generated, ..entry.value.clone() });
        }
        (!entries.is_empty()).then_some(node)
    }
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn breaks_long_base64_into_lines() {
        assert_eq!(encoded(b"1").str(), Some("MQ=="));
        let long = encoded(&[0; 60]);
        let lines: Vec<_> = long.str().unwrap().split('\n').map(str::len).collect();
        assert_eq!(lines, [70, 10, 0]);
    }
}
