//! The fields that the schemas under `crds` declare to be names, labels or references.

use std::sync::Arc;

use crate::kustomize::fields::config::{Config, NameReference};
use crate::kustomize::fields::field_spec::FieldSpec;
use crate::text::problem::Problem;
use crate::yaml::node::{Node, Value};

/// How deep schemas may refer to each other.
const DEEPEST: usize = 32;

/// The most fields visited in total: schemas that refer to each other would recurse forever.
const MOST: usize = 100_000;

/// Reads one file of `crds`: schemas by type name, not CustomResourceDefinitions.
///
/// # Errors
/// When it holds anything else.
pub fn config(root: &Node) -> Result<Config, Problem> {
    let is_map = |node: &Node| matches!(node.value, Value::Map(_));
    let entries = root.entries().iter().map(|entry| &entry.value);
    if let Some(other) = std::iter::once(root).chain(entries).find(|node| !is_map(node)) {
        let help = "`crds` takes schemas by the names of types; list a CustomResourceDefinition under `resources`";
        return Err(Problem::at("expected a schema", other).with_help(help));
    }
    let mut config = Config::default();
    let mut budget = MOST;
    for entry in root.entries() {
        let name = entry.key.str().unwrap_or_default();
        let is_object = ["kind", "apiVersion", "metadata"]
            .iter()
            .all(|key| properties(&entry.value).and_then(|all| all.get(key)).is_some());
        if is_object {
            let kind = name.rsplit('.').next().unwrap_or_default();
            collect(root, kind, name, &mut Vec::new(), &mut config, &mut budget);
        }
    }
    Ok(config)
}

fn properties(definition: &Node) -> Option<&Node> {
    definition.at(&["Schema", "properties"]).or_else(|| definition.at(&["schema", "properties"]))
}

fn collect(
    root: &Node,
    kind: &str,
    name: &str,
    path: &mut Vec<String>,
    config: &mut Config,
    budget: &mut usize,
) {
    let all = root.get(name).and_then(properties).map(Node::entries).unwrap_or_default();
    if path.len() >= DEEPEST {
        return;
    }
    for entry in all {
        if *budget == 0 {
            return;
        }
        *budget -= 1;
        let text = |key: &str| entry.value.get(key).and_then(Node::str);
        path.push(entry.key.str().unwrap_or_default().to_owned());
        let field = |last: Option<&str>| FieldSpec {
            kind: kind.to_owned(),
            path: path.iter().map(String::as_str).chain(last).collect::<Vec<_>>().join("/"),
            ..FieldSpec::default()
        };
        if text("x-kubernetes-annotation").is_some() {
            Arc::make_mut(&mut config.annotations).push(field(None));
        }
        if text("x-kubernetes-label-selector").is_some() {
            Arc::make_mut(&mut config.labels).push(field(None));
        }
        if text("x-kubernetes-identity").is_some() {
            Arc::make_mut(&mut config.name_prefix).push(field(None));
        }
        let named =
            text("x-kubernetes-object-ref-api-version").zip(text("x-kubernetes-object-ref-kind"));
        if let Some((version, named)) = named {
            let key = text("x-kubernetes-object-ref-name-key").unwrap_or("name");
            Arc::make_mut(&mut config.name_references).push(NameReference {
                group: String::new(),
                version: version.to_owned(),
                kind: named.to_owned(),
                referrers: Arc::new(vec![field(Some(key))]),
            });
        }
        if let Some(reference) = text("$ref").filter(|reference| *reference != name) {
            collect(root, kind, reference, path, config, budget);
        }
        path.pop();
    }
}
