//! What must never be shown: the values of Secrets in Git.

use std::sync::Arc;

use crate::k8s::secret_name::split;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::text::span::Span;
use crate::yaml::embed::parse_inside;
use crate::yaml::node::Node;
use crate::yaml::parse::parse;

/// The text with every byte of a secret value masked by `*`: same length, same lines.
#[must_use]
pub fn mask(source: &Arc<Source>) -> String {
    if !may_hold_values(source.text()) {
        return source.text().to_owned();
    }
    let Ok(stream) = parse(source) else { return cover_all_values(source.text()) };
    let mut spans = Vec::new();
    for document in &stream.documents {
        values(&document.root, &mut spans);
    }
    cover(source.text(), &spans)
}

/// The same for a text that has not been written yet.
#[must_use]
pub fn mask_text(path: &TreePath, text: &str) -> String {
    mask(&Source::file(path.clone(), text))
}

fn may_hold_values(text: &str) -> bool {
    ["Secret", "secretGenerator", "/data", "/stringData"].iter().any(|word| text.contains(word))
}

/// Collects the values that a document holds as a Secret, in a list or in a generator.
fn values(root: &Node, into: &mut Vec<Span>) {
    for item in root.get("items").map(Node::items).unwrap_or_default() {
        values(item, into);
    }
    if root.get("kind").and_then(Node::str) == Some("Secret") {
        for field in ["data", "stringData"] {
            root.get(field).into_iter().for_each(|data| leaves(data, into));
        }
        // A copy of the whole object, values included.
        let applied =
            ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"];
        root.at(&applied).into_iter().for_each(|text| leaves(text, into));
    }
    let generators = root.get("secretGenerator").map(Node::items).unwrap_or_default();
    for generator in generators.iter().chain(generator_object(root)) {
        generator.get("literals").into_iter().for_each(|literals| leaves(literals, into));
    }
    operations(root, into);
    embedded(root, into);
}

/// Inline patches of a kustomization may contain a Secret, too; the whole text of such a patch is masked.
fn embedded(root: &Node, into: &mut Vec<Span>) {
    let patches = ["patches", "patchesStrategicMerge", "patchesJson6902"];
    let entries = patches.iter().filter_map(|field| root.get(field)).flat_map(Node::items);
    for entry in entries {
        let text = entry.get("patch").unwrap_or(entry);
        let targets = entry.at(&["target", "kind"]).and_then(Node::str) == Some("Secret");
        if targets || carries_values(text) {
            leaves(text, into);
        }
    }
}

/// Whether the text of a patch has values to mask, or mentions a Secret and is not valid YAML.
fn carries_values(text: &Node) -> bool {
    let Ok(stream) = parse_inside(text) else {
        return text.str().is_some_and(may_hold_values);
    };
    let mut spans = Vec::new();
    stream.documents.iter().for_each(|document| values(&document.root, &mut spans));
    !spans.is_empty()
}

/// What the operations of a JSON 6902 patch put below the data of a Secret. Whether it is one or a
/// ConfigMap depends on the target; a bare versioned name is shown in either.
fn operations(root: &Node, into: &mut Vec<Span>) {
    for operation in root.items() {
        let path = operation.get("path").and_then(Node::str).unwrap_or_default();
        let first = path.trim_start_matches('/').split('/').next();
        if !matches!(first, Some("data" | "stringData")) {
            continue;
        }
        let Some(value) = operation.get("value") else { continue };
        if value.str().is_none_or(|text| split(text).is_none()) {
            leaves(value, into);
        }
    }
}

fn generator_object(root: &Node) -> Option<&Node> {
    (root.get("kind").and_then(Node::str) == Some("SecretGenerator")).then_some(root)
}

fn leaves(node: &Node, into: &mut Vec<Span>) {
    if node.scalar().is_some() {
        into.extend(node.origin.as_ref().map(|origin| origin.span));
    }
    node.items().iter().for_each(|item| leaves(item, into));
    node.entries().iter().for_each(|entry| leaves(&entry.value, into));
}

fn cover(text: &str, spans: &[Span]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for span in spans {
        for byte in bytes.iter_mut().take(span.end).skip(span.start) {
            if !byte.is_ascii_whitespace() {
                *byte = b'*';
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| cover_all_values(text))
}

/// For a text that does not parse: masks whatever follows a key, and every line without one.
fn cover_all_values(text: &str) -> String {
    let stars = |text: &str| -> String {
        let star =
            |c: char| if c.is_whitespace() { c.to_string() } else { "*".repeat(c.len_utf8()) };
        text.chars().map(star).collect()
    };
    let line = |line: &str| match line.split_once(": ") {
        Some((key @ ("kind" | "apiVersion"), value)) => format!("{key}: {value}"),
        Some((key, value)) => format!("{key}: {}", stars(value)),
        None if line.trim_end().ends_with(':') => line.to_owned(),
        None => stars(line),
    };
    text.split_inclusive('\n').map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::mask_text;
    use crate::text::path::TreePath;

    fn masked(text: &str) -> String {
        mask_text(&TreePath::root(), text)
    }

    #[test]
    fn covers_values_and_nothing_else() {
        let text = "kind: Secret\nmetadata: {name: a}\nstringData:\n  k: hunter2 # why\n  b: |\n    two\n    lines\n";
        let out = masked(text);
        assert_eq!(out.len(), text.len());
        assert!(out.contains("k: ******* # why"));
        assert!(out.contains("    ***\n    *****\n"));
        assert!(out.contains("metadata: {name: a}"));
        let generator = "secretGenerator:\n- name: a\n  literals:\n  - password=hunter2\n";
        assert!(!masked(generator).contains("hunter2"));
        let deployment = "kind: Deployment\nspec: {x: Secret}\n";
        assert_eq!(masked(deployment), deployment);
    }

    #[test]
    fn covers_what_patches_carry() {
        for patch in [
            "- patch: |-\n    kind: Secret\n    stringData: {k: hunter2}\n",
            "- patch: '{kind: Secret, metadata: {name: a}, data: {k: hunter2}}'\n",
            "- patch: '[{op: add, path: /stringData/k, value: hunter2}]'\n  target: {name: a}\n",
            "- path: a.yaml\n- patch: 'kind: Secret: hunter2'\n",
        ] {
            let out = masked(&format!("patches:\n{patch}"));
            assert!(!out.contains("hunter"), "{out}");
        }
        let operation = |value: &str| format!("- {{op: replace, path: /data/k, value: {value}}}\n");
        assert!(!masked(&operation("hunter2")).contains("hunter"));
        let name = operation("auth-20250723110000");
        assert_eq!(masked(&name), name);
        let reference = "patches:\n- patch: |-\n    kind: Pod\n    spec: {secret: Secret}\n";
        assert_eq!(masked(reference), reference);
    }

    #[test]
    fn covers_what_does_not_parse() {
        let text = "kind: Secret\ndata:\n  k: hunter2\n  - [ü hunter3\n";
        let out = masked(text);
        assert!(!out.contains("hunter"), "{out}");
        assert_eq!(out.len(), text.len());
        assert!(out.starts_with("kind: Secret\ndata:\n  k: *"));
    }
}
