//! What must never be shown: the values of Secrets in Git. Whether a line of a file may be shown is decided here and nowhere else.

use std::sync::Arc;

use crate::k8s::content::OPEN;
use crate::k8s::secret_name::split;
use crate::text::nearest::is_typo;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::text::span::Span;
use crate::yaml::embed::parse_inside;
use crate::yaml::node::{Entry, Node};
use crate::yaml::parse::{Stream, parse};

/// The keys that a file of settings begins with.
const SETTINGS: [&str; 8] =
    ["environments", "secrets", "external", "references", "lint", "holds", "pairs", "monitors"];

/// The text with every byte of a secret value masked by `*`: same length, same lines. `None` if it may hold a
/// value and cannot be understood, so that no line of it may be shown.
#[must_use]
pub fn shown(source: &Arc<Source>) -> Option<String> {
    let text = source.text();
    if !is_manifest(source.path()) {
        return None;
    }
    let Ok(stream) = parse(source) else {
        return (!may_hold_values(text)).then(|| text.to_owned());
    };
    let mut found = Found::default();
    for document in &stream.documents {
        if document.root.str().is_some_and(|text| !is_null(text)) {
            return None;
        }
        found.look(&document.root, Inside::Other);
    }
    if !found.has_secret {
        return Some(text.to_owned());
    }
    if stream.documents.iter().any(|document| !document.duplicates.is_empty()) {
        return None;
    }
    found.spans.extend(&stream.comments);
    cover(text, &found.spans)
}

/// The same for a text that has not been written yet.
#[must_use]
pub fn shown_text(path: &TreePath, text: &str) -> Option<String> {
    shown(&Source::file(path.clone(), text))
}

/// Whether a file that is read as settings is something else, so that an error about it may not quote it.
#[must_use]
pub fn is_foreign(source: &Arc<Source>) -> bool {
    let is_known = |key: &str| SETTINGS.iter().any(|known| is_typo(key, known));
    let Ok(Stream { documents, .. }) = parse(source) else {
        let begins = |line: &str| line.split_once(':').is_some_and(|(key, _)| is_known(key));
        return may_hold_values(source.text()) || !source.text().lines().any(begins);
    };
    documents.iter().any(|document| {
        let root = &document.root;
        let is_scalar = root.str().is_some_and(|text| !is_null(text));
        let is_odd = |entry: &Entry| {
            let key = entry.key.str().unwrap_or_default();
            let holds_text = |entry: &Entry| entry.value.str().is_some_and(|text| !is_null(text));
            !is_known(key) || (key == "secrets" && entry.value.entries().iter().any(holds_text))
        };
        is_scalar || !root.items().is_empty() || root.entries().iter().any(is_odd)
    })
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Whether a file is of the kind whose values can be found; one of variables, such as `.env`, consists of them.
fn is_manifest(path: &TreePath) -> bool {
    let name = path.name().to_lowercase();
    name.rsplit_once('.').is_none_or(|(_, end)| matches!(end, "yaml" | "yml" | "json"))
}

/// Whether a text that does not parse may be or contain a Secret.
fn may_hold_values(text: &str) -> bool {
    let lower = text.to_lowercase();
    let escapes = ["\\u", "\\x"].iter().any(|escape| lower.contains(escape));
    let data = lower.match_indices("data").any(|(at, _)| !lower[..at].ends_with("meta"));
    let data = data && !is_config_map(text);
    escapes || data || lower.contains("literal") || names_secret(&lower)
}

/// Whether every object of a text says that it is a ConfigMap.
fn is_config_map(text: &str) -> bool {
    let mut kinds = text.lines().filter(|line| line.to_lowercase().contains("kind")).peekable();
    kinds.peek().is_some()
        && kinds.all(|line| line.trim_end() == "kind: ConfigMap")
        && !text.lines().any(|line| line.starts_with("---"))
}

/// Whether a lower-case text has something of the kind Secret, or makes one.
fn names_secret(lower: &str) -> bool {
    let dense: String = lower.chars().filter(|c| !matches!(c, ' ' | '"' | '\'' | '\\')).collect();
    let ends = |at: usize| !dense[at..].starts_with(|c: char| c.is_alphanumeric());
    let kind = "kind:secret";
    dense.match_indices(kind).any(|(at, _)| ends(at + kind.len()))
        || ["stringdata", "secretgenerator"].iter().any(|word| dense.contains(word))
}

/// What a node is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// The patches of a kustomization.
    Patches,
    /// A generator of ConfigMaps.
    ConfigMaps,
    /// Anything else.
    Other,
}

/// The values of Secrets in a text.
#[derive(Default)]
struct Found {
    spans: Vec<Span>,
    has_secret: bool,
}

impl Found {
    fn look(&mut self, node: &Node, inside: Inside) {
        if let Some(text) = node.str() {
            self.look_into(node, text, inside);
        }
        node.items().iter().for_each(|item| self.look(item, inside));
        let kind = field(node, "kind").and_then(Node::str);
        let is_secret = kind.is_some_and(|kind| is_typo(kind, "Secret"));
        self.has_secret |= is_secret;
        self.operation(node);
        let aims = node.get("target").and_then(|target| field(target, "kind")).and_then(Node::str);
        if aims.is_some_and(|kind| is_typo(kind, "Secret")) {
            node.get("patch").into_iter().for_each(|patch| self.take(patch));
        }
        for Entry { key, value, .. } in node.entries() {
            let key = key.str().unwrap_or_default();
            let is_value = if is_secret {
                !OPEN.contains(&key)
            } else {
                holds_values(key, value, kind, inside)
            };
            if is_value {
                self.take(value);
                continue;
            }
            self.look(
                value,
                match key {
                    "configMapGenerator" => Inside::ConfigMaps,
                    "patches" | "patchesStrategicMerge" | "patchesJson6902" => Inside::Patches,
                    _ => inside,
                },
            );
        }
    }

    /// A text may contain a Secret, such as an inline patch or a copy of the whole object; then all of it is a value.
    fn look_into(&mut self, node: &Node, text: &str, inside: Inside) {
        if !text.contains([':', '{']) {
            return;
        }
        let is_value = match parse_inside(node) {
            Err(_) if inside == Inside::Patches => may_hold_values(text),
            Err(_) => names_secret(&text.to_lowercase()),
            Ok(stream) => {
                let mut found = Self::default();
                let roots = stream.documents.iter().map(|document| &document.root);
                let roots = roots.filter(|root| root.str().is_none());
                roots.for_each(|root| found.look(root, inside));
                found.has_secret
            }
        };
        if is_value {
            self.take(node);
        }
    }

    /// What an operation of a JSON 6902 patch puts below the data of a Secret. Whether it is one or a
    /// ConfigMap depends on the target; a bare versioned name is shown in either.
    fn operation(&mut self, node: &Node) {
        let (Some(path), Some(value)) = (node.get("path").and_then(Node::str), node.get("value"))
        else {
            return;
        };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let is_value = |(index, part): (usize, &&str)| {
            let above = index.checked_sub(1).map(|index| parts[index]);
            is_typo(part, "stringData")
                || (part.eq_ignore_ascii_case("data") && matches!(above, None | Some("template")))
                || is_typo(part, "literals")
        };
        if parts.iter().enumerate().any(is_value)
            && value.str().is_none_or(|text| split(text).is_none())
        {
            self.take(value);
        }
    }

    /// Takes every scalar in a node for a value.
    fn take(&mut self, node: &Node) {
        self.has_secret = true;
        if node.scalar().is_some() {
            self.spans.extend(node.origin.as_ref().map(|origin| origin.span()));
        }
        node.items().iter().for_each(|item| self.take(item));
        node.entries().iter().for_each(|entry| self.take(&entry.value));
    }
}

/// A field in whatever case.
fn field<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let is_it = |entry: &&Entry| entry.key.str().is_some_and(|key| key.eq_ignore_ascii_case(name));
    node.entries().iter().find(is_it).map(|entry| &entry.value)
}

/// Whether what a field holds may be the values of a Secret, in an object that is not plainly one.
fn holds_values(key: &str, value: &Node, kind: Option<&str>, inside: Inside) -> bool {
    if is_typo(key, "stringData") {
        return true;
    }
    if is_typo(key, "literals") {
        return inside != Inside::ConfigMaps;
    }
    // A list of that name says what an ExternalSecret reads.
    is_typo(key, "data") && value.items().is_empty() && kind != Some("ConfigMap")
}

fn cover(text: &str, spans: &[Span]) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    for span in spans {
        for byte in bytes.iter_mut().take(span.end).skip(span.start) {
            if !byte.is_ascii_whitespace() {
                *byte = b'*';
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{is_foreign, shown_text};
    use crate::text::path::TreePath;
    use crate::text::source::Source;

    fn masked(text: &str) -> Option<String> {
        shown_text(&TreePath::new("a.yaml").unwrap(), text)
    }

    #[track_caller]
    fn covered(text: &str) {
        let out = masked(text).unwrap_or_default();
        assert!(!out.contains("hunter"), "{out}");
    }

    #[test]
    fn covers_values_and_comments_and_nothing_else() {
        let text = "kind: Secret\nmetadata: {name: a}\nstringData:\n  k: hunter2 # why\n  b: |\n    two\n    lines\n";
        let out = masked(text).unwrap();
        assert_eq!(out.len(), text.len());
        assert!(out.contains("k: ******* * ***"), "{out}");
        assert!(out.contains("    ***\n    *****\n"), "{out}");
        assert!(out.contains("metadata: {name: a}"), "{out}");
        for text in [
            "kind: Deployment\nspec: {x: Secret} # why\n",
            "kind: ConfigMap\ndata: {k: v} # why\n",
            "kind: ExternalSecret\nspec:\n  data:\n    - secretKey: k # why\n",
            "configMapGenerator:\n- literals: [a=b]\n",
        ] {
            assert_eq!(masked(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn covers_what_is_misspelt() {
        for text in [
            "kind: secret\ndata:\n  k: hunter2\n",
            "kind: Secert\ndata:\n  k: hunter2\n",
            "metadata: {name: a}\nstringdata:\n  k: hunter2\n",
            "kind: \"S\\u0065cret\"\nstringDat: {k: hunter2}\n",
            "kind: Secret\nstringData: {a: b}\nstringData: {k: hunter2}\n",
            "SecretGenerator:\n- name: a\n  Literals: [password=hunter2]\n",
            "secretGenerator:\n- name: a\n  literals:\n  - password=hunter2\n",
            "kind: ExternalSecret\nspec:\n  target:\n    template:\n      data: {k: hunter2}\n",
        ] {
            covered(text);
        }
    }

    #[test]
    fn covers_what_patches_carry() {
        for patch in [
            "- patch: |-\n    kind: Secret\n    stringData: {k: hunter2}\n",
            "- patch: '{kind: Secret, metadata: {name: a}, data: {k: hunter2}}'\n",
            "- patch: '[{op: add, path: /stringData/k, value: hunter2}]'\n  target: {name: a}\n",
            "- patch: '[{op: replace, path: \"\", value: {kind: Secret, stringData: {k: hunter2}}}]'\n",
            "- path: a.yaml\n- patch: 'kind: Secret: hunter2'\n",
        ] {
            covered(&format!("patches:\n{patch}"));
        }
        let operation = |value: &str| format!("- {{op: replace, path: /data/k, value: {value}}}\n");
        covered(&operation("hunter2"));
        let name = operation("auth-20250723110000");
        assert_eq!(masked(&name), Some(name));
        let reference = "patches:\n- patch: |-\n    kind: Pod\n    spec: {secret: Secret}\n";
        assert_eq!(masked(reference).as_deref(), Some(reference));
    }

    #[test]
    fn shows_nothing_that_is_not_understood() {
        for text in ["kind: Secret\ndata:\n  k: hunter2\n  - [ü hunter3\n", "hunter2\n"] {
            assert_eq!(masked(text), None, "{text}");
        }
        assert_eq!(shown_text(&TreePath::new("a/.env").unwrap(), "A: b\n"), None);
        assert!(masked("metadata: [\n").is_some());
    }

    #[test]
    fn knows_settings_from_other_files() {
        let foreign = |text: &str| is_foreign(&Source::file(TreePath::root(), text));
        for text in ["PASSWORD=hunter2\n", "kind: Secret\n", "secrets: {k: hunter2}\n", "a: [\n"] {
            assert!(foreign(text), "{text}");
        }
        for text in ["", "secrts: {}\n", "environments: []\n", "environments: [\n"] {
            assert!(!foreign(text), "{text}");
        }
    }
}
