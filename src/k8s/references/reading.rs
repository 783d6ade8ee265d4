//! Reads a scalar that names secrets: which part of the text is the name, and the fields next to it.

use std::ops::Range;

use crate::k8s::found::{EVERYWHERE, Found, Role};
use crate::k8s::pattern::trail::Trail;
use crate::k8s::placeholder::is_placeholder;
use crate::k8s::references::row::Reads;
use crate::k8s::secret_name::check;
use crate::yaml::node::Node;
use crate::yaml::scalar::{Kind, Schema, kind};

/// Reads the names in a scalar.
pub fn read(
    row: &'static str,
    reads: Reads,
    role: Role,
    trail: &Trail<'_>,
    node: &Node,
) -> Vec<Found> {
    let Some(text) = name_text(node) else { return Vec::new() };
    let beside = if reads == Reads::Name { Beside::of(trail) } else { Beside::default() };
    let found = |name: Name| {
        let secret = text.get(name.range.clone())?;
        let whole = name.range.len() == text.len();
        (!secret.is_empty() && !is_placeholder(secret)).then(|| Found {
            row,
            path: trail.path(),
            node: node.clone(),
            part: (!whole).then_some(name.range),
            secret: secret.to_owned(),
            namespace: name.namespace.or_else(|| beside.namespace.clone()),
            optional: beside.optional,
            key: beside.key.clone(),
            role,
        })
    };
    names(reads, text).into_iter().filter_map(found).collect()
}

/// The text of a scalar that is a string and not empty.
pub fn name_text(node: &Node) -> Option<&str> {
    let is_text = kind(node, Schema::Kyaml) == Some(Kind::Str);
    node.str().filter(|text| is_text && !text.is_empty())
}

struct Name {
    range: Range<usize>,
    namespace: Option<String>,
}

fn names(reads: Reads, text: &str) -> Vec<Name> {
    match reads {
        Reads::Name => vec![Name { range: 0..text.len(), namespace: None }],
        Reads::Scoped => vec![scoped(text, 0..text.len())],
        Reads::Proxy => proxy(text).into_iter().collect(),
        Reads::List => list(text),
        Reads::Json(key) => json(text, key).into_iter().collect(),
        Reads::Behind(word) => {
            let Some(at) = text.rfind(word) else { return Vec::new() };
            let start = at + word.len();
            let end = text[start..].find('#').map_or(text.len(), |at| start + at);
            vec![scoped(text, start..end)]
        }
    }
}

/// `namespace/name` or `name` in a range of a text.
fn scoped(text: &str, range: Range<usize>) -> Name {
    let Some(at) = text[range.clone()].rfind('/') else { return Name { range, namespace: None } };
    let namespace = &text[range.start..range.start + at];
    let namespace = (!namespace.is_empty()).then(|| namespace.to_owned());
    Name { range: range.start + at + 1..range.end, namespace }
}

/// The credential of an Istio proxy: a secret in the proxy's own namespace, which a selector determines, or one with
/// a namespace. Other schemes (`builtin:`, `configmap:`) name no secret.
fn proxy(text: &str) -> Option<Name> {
    const SCHEMES: [&str; 2] = ["kubernetes-gateway://", "kubernetes://"];
    let scheme = SCHEMES.iter().find(|scheme| text.starts_with(**scheme));
    let start = scheme.map_or(0, |scheme| scheme.len());
    if scheme.is_none() && text.contains("://") {
        return None;
    }
    let name = scoped(text, start..text.len());
    let namespace = name.namespace.unwrap_or_else(|| EVERYWHERE.to_owned());
    Some(Name { range: name.range, namespace: Some(namespace) })
}

fn list(text: &str) -> Vec<Name> {
    let mut names = Vec::new();
    let mut at = 0;
    for item in text.split(',') {
        let name = item.trim();
        let start = at + (item.len() - item.trim_start().len());
        // Reloader also accepts patterns, which are not names.
        if check(name).is_ok() {
            names.push(Name { range: start..start + name.len(), namespace: None });
        }
        at += item.len() + 1;
    }
    names
}

/// The string behind a key in a JSON text.
fn json(text: &str, key: &str) -> Option<Name> {
    let quoted = format!("\"{key}\"");
    let behind = text.find(&quoted)? + quoted.len();
    let value = text[behind..].trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let start = text.len() - value.len();
    let end = start + value.find('"')?;
    Some(Name { range: start..end, namespace: None })
}

/// The fields next to a name in the same mapping.
#[derive(Default)]
struct Beside {
    namespace: Option<String>,
    optional: bool,
    key: Option<String>,
}

impl Beside {
    fn of(trail: &Trail<'_>) -> Self {
        let Some((map, name)) = trail.last_key() else { return Self::default() };
        let text = |key: &str| map.get(key).and_then(name_text).map(str::to_owned);
        Self {
            namespace: text(&namespace_key(name)),
            optional: map.get("optional").is_some_and(is_true),
            key: text("key").or_else(|| text("valuesKey")),
        }
    }
}

/// The key under which a field's namespace stands: `name` beside `namespace`, `…SecretName` beside
/// `…SecretNamespace`, `…-secret-name` beside `…-secret-namespace`.
pub fn namespace_key(name: &str) -> String {
    let prefix = |end| name.strip_suffix(end);
    match (prefix("Name"), prefix("name")) {
        (Some(start), _) => format!("{start}Namespace"),
        (None, Some(start)) => format!("{start}namespace"),
        _ => "namespace".to_owned(),
    }
}

fn is_true(node: &Node) -> bool {
    kind(node, Schema::Kyaml) == Some(Kind::Bool(true))
}
