//! Changes of a manifest that cannot change which secret is referenced: another image, more replicas.

use std::sync::Arc;

use crate::k8s::resource::{group, kind_of};
use crate::k8s::values;
use crate::repo::Repo;
use crate::text::source::Source;
use crate::timeline::words;
use crate::yaml::compare::differences;
use crate::yaml::node::Node;
use crate::yaml::parse::{Stream, parse};
use crate::yaml::path::{Path, PathStep};

/// Keys whose value determines what else is read, selected, merged or named.
const STRUCTURE: [&str; 8] =
    ["apiVersion", "kind", "metadata", "name", "namespace", "path", "$patch", "target"];
/// Kinds whose values determine which files are read, or how other objects are changed.
const WIRING: [&str; 4] = ["Kustomization", "Component", "Application", "ApplicationSet"];
/// Keys of values that determine what others beside them mean, or what a template puts together.
const OF_VALUES: [&str; 7] =
    ["create", "key", "releaseName", "targetNamespace", "targetPath", "type", "valuesKey"];
/// The values of a kustomization that affect only images and replicas.
const OF_KUSTOMIZATION: [(&str, &str); 5] = [
    ("images", "newTag"),
    ("images", "newName"),
    ("images", "digest"),
    ("images", "tagSuffix"),
    ("replicas", "count"),
];

/// Whether two states of a file are equivalent with respect to every secret.
pub(super) fn is_harmless(repo: &Repo, now: &Stream, older: &Arc<Source>) -> bool {
    // Usually a single word has changed, which can be detected without parsing.
    // A template may put a name together from any value.
    let has_templates = [now.source.text(), older.text()].iter().any(|text| text.contains("{{"));
    let harmless = |one: &words::Changed<'_>| {
        !(has_templates && holds_values(one.root))
            && may_change(one.root, &one.path)
            && !one.words.iter().any(|word| may_name(repo, word))
    };
    match words::changed(now, older.text()) {
        Some(changed) => changed.iter().all(harmless),
        None if has_templates && now.documents.iter().any(|one| holds_values(&one.root)) => false,
        None => parse(older).is_ok_and(|older| are_harmless(repo, now, &older)),
    }
}

fn are_harmless(repo: &Repo, now: &Stream, older: &Stream) -> bool {
    now.documents.len() == older.documents.len()
        && now.documents.iter().zip(&older.documents).all(|(now, older)| {
            differences(&now.root, &older.root)
                .iter()
                .all(|path| is_harmless_at(repo, &now.root, &older.root, path))
        })
}

fn is_harmless_at(repo: &Repo, now: &Node, older: &Node, path: &Path) -> bool {
    let text = |root: &Node| path.follow(root).and_then(Node::str).map(str::to_owned);
    let (Some(now_text), Some(older_text)) = (text(now), text(older)) else { return false };
    may_change(now, path) && [now_text, older_text].iter().all(|text| !may_name(repo, text))
}

/// Whether a document may hold the values of a chart.
fn holds_values(root: &Node) -> bool {
    matches!(kind_of(root), "" | "ConfigMap") || !values::held(root).is_empty()
}

/// Whether nothing else depends on the value at this path.
fn may_change(root: &Node, path: &Path) -> bool {
    let keys: Vec<&str> = path
        .0
        .iter()
        .filter_map(|step| if let PathStep::Key(key) = step { Some(&**key) } else { None })
        .collect();
    let (Some(PathStep::Key(_)), Some(first), Some(last)) =
        (path.0.first(), keys.first(), keys.last())
    else {
        return false;
    };
    let api_version = root.get("apiVersion").and_then(Node::str).unwrap_or_default();
    let kind = kind_of(root);
    if kind.is_empty() || kind == "Kustomization" && group(api_version) == "kustomize.config.k8s.io"
    {
        return OF_KUSTOMIZATION.contains(&(first, last));
    }
    let is_free = values::held(root).is_empty() || !keys.iter().any(|key| OF_VALUES.contains(key));
    is_free
        && !WIRING.contains(&kind)
        && !kind.ends_with("List")
        && api_version != "builtin"
        && group(api_version) != "kustomize.config.k8s.io"
        && !keys.iter().any(|key| STRUCTURE.contains(key))
}

/// Whether a text may relate to a secret: it contains a family's name, or digits that may be a version.
fn may_name(repo: &Repo, text: &str) -> bool {
    let mut run = 0;
    let has_version = text.bytes().any(|byte| {
        run = if byte.is_ascii_digit() { run + 1 } else { 0 };
        run >= 14
    });
    has_version || repo.families.iter().any(|family| text.contains(family))
}
