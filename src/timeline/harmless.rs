//! Changes of a manifest that cannot change which secret is referenced: another image, more replicas, an entry of a ConfigMap.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::k8s::placeholder::is_filled_in;
use crate::k8s::resource::{group, kind_of};
use crate::k8s::values;
use crate::repo::Repo;
use crate::text::path::TreePath;
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

/// What keeps two states of a file equivalent with respect to every secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Harmless {
    /// The names of the ConfigMaps whose entries differ: nothing but pods may read them.
    pub(super) entries: BTreeSet<String>,
}

/// Whether two states of a file are equivalent with respect to every secret, and on what that depends; `None` if they may
/// not be.
pub(super) fn harmless(
    repo: &Repo,
    file: &TreePath,
    now: &Stream,
    older: &Arc<Source>,
) -> Option<Harmless> {
    let mut harmless = Harmless::default();
    // A template may put a name together from any value.
    let has_templates = [now.source.text(), older.text()].iter().any(|text| text.contains("{{"));
    if has_templates && now.documents.iter().any(|one| holds_values(&one.root)) {
        return None;
    }
    // Usually a single word has changed, which can be detected without parsing.
    let is_harmless = match words::changed(now, older.text()) {
        Some(changed) => changed.iter().all(|one| {
            let values = one.words.map(Some);
            is_harmless_at(repo, one.root, &one.path, values, &mut harmless)
        }),
        None => parse(older).is_ok_and(|older| are_harmless(repo, now, &older, &mut harmless)),
    };
    let spreads = |name: &String| repo.may_spread(file, name);
    (is_harmless && !harmless.entries.iter().any(spreads)).then_some(harmless)
}

fn are_harmless(repo: &Repo, now: &Stream, older: &Stream, harmless: &mut Harmless) -> bool {
    now.documents.len() == older.documents.len()
        && now.documents.iter().zip(&older.documents).all(|(now, older)| {
            let (now, older) = (&now.root, &older.root);
            differences(now, older).iter().all(|path| {
                let sides = [now, older].map(|root| path.follow(root));
                let texts = sides.map(|node| node.and_then(Node::str));
                // A side that has something other than a text.
                let is_odd =
                    sides.iter().zip(texts).any(|(node, text)| node.is_some() && text.is_none());
                !is_odd && is_harmless_at(repo, now, path, texts, harmless)
            })
        })
}

/// Whether a difference at a path is harmless. Of `texts`, one is `None` if the path is only in the other state.
fn is_harmless_at(
    repo: &Repo,
    root: &Node,
    path: &Path,
    texts: [Option<&str>; 2],
    harmless: &mut Harmless,
) -> bool {
    if let Some((name, key)) = entry(root, path) {
        harmless.entries.insert(name.to_owned());
        return texts
            .into_iter()
            .flatten()
            .chain([key])
            .all(|text| is_word(text) && !may_name(repo, text));
    }
    // What a controller fills in may become a name.
    let now = path.follow(root).and_then(Node::str);
    may_change(root, path)
        && !texts.into_iter().chain([now]).flatten().any(is_filled_in)
        && texts.into_iter().all(|text| text.is_some_and(|text| !may_name(repo, text)))
}

/// The name of the ConfigMap and the key, if a path leads to an entry of one.
fn entry<'n>(root: &'n Node, path: &'n Path) -> Option<(&'n str, &'n str)> {
    let [PathStep::Key(field), PathStep::Key(key)] = &path.0[..] else { return None };
    let is_entry = matches!(&**field, "data" | "binaryData")
        && kind_of(root) == "ConfigMap"
        && root.get("apiVersion").and_then(Node::str) == Some("v1");
    let name = root.at(&["metadata", "name"]).and_then(Node::str)?;
    is_entry.then_some((name, key))
}

/// Whether a text is one word or line, from which nothing else is made: no variable, no template, no YAML.
fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut pairs = bytes.iter().zip(bytes[1.min(bytes.len())..].iter().chain(b" "));
    let opens =
        |(sign, next): (&u8, &u8)| matches!(sign, b'-' | b':' | b'?') && next.is_ascii_whitespace();
    !bytes.iter().any(|byte| matches!(byte, b'\n' | b'$' | b'{' | b'[')) && !pairs.any(opens)
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
    has_version || repo.families.are_in(text)
}
