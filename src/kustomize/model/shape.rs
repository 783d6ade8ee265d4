//! What a kustomization may hold: the fields of each part and their types.

use std::borrow::Cow;

use crate::text::problem::Problem;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::scalar::{Kind, Schema, kind};

/// The type of a value. A missing or null value fits every type; a null field counts as missing, and a null among
/// strings is an empty string.
#[derive(Debug)]
pub enum Shape {
    /// A text.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// Texts by name.
    Texts,
    /// Anything.
    Any,
    /// A list of one type.
    List(&'static Self),
    /// A mapping with these fields and no others.
    Fields(&'static [(&'static str, &'static Self)]),
}

use Shape::{Any, Bool, Fields, Int, List, Text, Texts};

const GENERATOR_OPTIONS: &Shape = &Fields(&[
    ("labels", &Texts),
    ("annotations", &Texts),
    ("disableNameSuffixHash", &Bool),
    ("immutable", &Bool),
]);

const SELECTOR: &Shape = &Fields(&[
    ("group", &Text),
    ("version", &Text),
    ("kind", &Text),
    ("name", &Text),
    ("namespace", &Text),
    ("annotationSelector", &Text),
    ("labelSelector", &Text),
]);

const PATCH: &Shape =
    &Fields(&[("path", &Text), ("patch", &Text), ("target", SELECTOR), ("options", PATCH_OPTIONS)]);

const PATCH_OPTIONS: &Shape = &Fields(&[("allowNameChange", &Bool), ("allowKindChange", &Bool)]);

const FIELD_SPEC: &Shape = &Fields(&[
    ("group", &Text),
    ("version", &Text),
    ("kind", &Text),
    ("path", &Text),
    ("create", &Bool),
]);

const FIELD_OPTIONS: &Shape =
    &Fields(&[("delimiter", &Text), ("index", &Int), ("encoding", &Text), ("create", &Bool)]);

const REPLACEMENT: &Shape = &Fields(&[
    ("path", &Text),
    (
        "source",
        &Fields(&[
            ("group", &Text),
            ("version", &Text),
            ("kind", &Text),
            ("name", &Text),
            ("namespace", &Text),
            ("fieldPath", &Text),
            ("options", FIELD_OPTIONS),
        ]),
    ),
    ("sourceValue", &Text),
    (
        "targets",
        &List(&Fields(&[
            ("select", SELECTOR),
            ("reject", &List(SELECTOR)),
            ("fieldPaths", &List(&Text)),
            ("options", FIELD_OPTIONS),
        ])),
    ),
]);

const IMAGE: &Shape = &Fields(&[
    ("name", &Text),
    ("newName", &Text),
    ("tagSuffix", &Text),
    ("newTag", &Text),
    ("digest", &Text),
]);

const VAR: &Shape = &Fields(&[
    ("name", &Text),
    (
        "objref",
        &Fields(&[
            ("apiVersion", &Text),
            ("group", &Text),
            ("version", &Text),
            ("kind", &Text),
            ("name", &Text),
            ("namespace", &Text),
        ]),
    ),
    ("fieldref", &Fields(&[("fieldPath", &Text)])),
]);

macro_rules! generator {
    ($($more:expr),*) => {
        &List(&Fields(&[
            ("namespace", &Text),
            ("name", &Text),
            ("behavior", &Text),
            ("literals", &List(&Text)),
            ("files", &List(&Text)),
            ("envs", &List(&Text)),
            ("env", &Text),
            ("options", GENERATOR_OPTIONS),
            $($more),*
        ]))
    };
}

/// A kustomization or a component.
pub const KUSTOMIZATION: &Shape = &Fields(&[
    ("apiVersion", &Text),
    ("kind", &Text),
    (
        "metadata",
        &Fields(&[
            ("name", &Text),
            ("namespace", &Text),
            ("labels", &Texts),
            ("annotations", &Texts),
        ]),
    ),
    ("openapi", &Texts),
    ("namePrefix", &Text),
    ("nameSuffix", &Text),
    ("namespace", &Text),
    ("commonLabels", &Texts),
    (
        "labels",
        &List(&Fields(&[
            ("pairs", &Texts),
            ("includeSelectors", &Bool),
            ("includeTemplates", &Bool),
            ("fields", &List(FIELD_SPEC)),
        ])),
    ),
    ("commonAnnotations", &Texts),
    ("patchesStrategicMerge", &List(&Text)),
    ("patchesJson6902", &List(PATCH)),
    ("patches", &List(PATCH)),
    ("images", &List(IMAGE)),
    ("imageTags", &List(IMAGE)),
    ("replacements", &List(REPLACEMENT)),
    ("replicas", &List(&Fields(&[("name", &Text), ("count", &Int)]))),
    ("vars", &List(VAR)),
    (
        "sortOptions",
        &Fields(&[
            ("order", &Text),
            (
                "legacySortOptions",
                &Fields(&[("orderFirst", &List(&Text)), ("orderLast", &List(&Text))]),
            ),
        ]),
    ),
    ("resources", &List(&Text)),
    ("components", &List(&Text)),
    ("crds", &List(&Text)),
    ("bases", &List(&Text)),
    ("configMapGenerator", generator!()),
    ("secretGenerator", generator!(("type", &Text))),
    ("helmGlobals", &Any),
    ("helmCharts", &List(&Any)),
    ("helmChartInflationGenerator", &List(&Any)),
    ("generatorOptions", GENERATOR_OPTIONS),
    ("configurations", &List(&Text)),
    ("generators", &List(&Text)),
    ("transformers", &List(&Text)),
    ("validators", &List(&Text)),
    ("buildMetadata", &List(&Text)),
]);

/// A file of `configurations`.
pub const CONFIGURATION: &Shape = &Fields(&[
    ("namePrefix", &List(FIELD_SPEC)),
    ("nameSuffix", &List(FIELD_SPEC)),
    ("namespace", &List(FIELD_SPEC)),
    ("commonLabels", &List(FIELD_SPEC)),
    ("labels", &List(FIELD_SPEC)),
    ("templateLabels", &List(FIELD_SPEC)),
    ("commonAnnotations", &List(FIELD_SPEC)),
    (
        "nameReference",
        &List(&Fields(&[
            ("group", &Text),
            ("version", &Text),
            ("kind", &Text),
            ("fieldSpecs", &List(FIELD_SPEC)),
        ])),
    ),
    ("varReference", &List(FIELD_SPEC)),
    ("images", &List(FIELD_SPEC)),
    ("replicas", &List(FIELD_SPEC)),
]);

/// Checks a value against a shape and normalizes its keys to the shape's: kustomize ignores their case.
///
/// # Errors
/// When a field is unknown or has the wrong type.
pub fn fit<'n>(node: &'n Node, shape: &Shape) -> Result<Cow<'n, Node>, Problem> {
    let read = kind(node, Schema::Kubectl);
    if read == Some(Kind::Null) {
        let text = || Node { origin: node.origin.clone(), ..Node::string("", Provenance::Written) };
        return Ok(if matches!(shape, Text) { Cow::Owned(text()) } else { Cow::Borrowed(node) });
    }
    match shape {
        Any => Ok(Cow::Borrowed(node)),
        Text => expect(read == Some(Kind::Str), node, "a text"),
        Bool => expect(matches!(read, Some(Kind::Bool(_))), node, "true or false"),
        Int => expect(matches!(read, Some(Kind::Int(_))), node, "a whole number"),
        Texts => fit_entries(node),
        List(shape) => fit_items(node, shape),
        Fields(fields) => fit_fields(node, fields),
    }
}

fn expect<'n>(fits: bool, node: &'n Node, wanted: &str) -> Result<Cow<'n, Node>, Problem> {
    if fits {
        return Ok(Cow::Borrowed(node));
    }
    let problem = Problem::at(format!("expected {wanted}"), node);
    let quoted = wanted == "a text" && node.scalar().is_some();
    Err(if quoted { problem.with_help("put the value in quotes") } else { problem })
}

fn fit_entries(node: &Node) -> Result<Cow<'_, Node>, Problem> {
    if node.items().is_empty() && node.scalar().is_none() {
        let mut fitted = Cow::Borrowed(node);
        for (index, entry) in node.entries().iter().enumerate() {
            if let Cow::Owned(value) = fit(&entry.value, &Text)?
                && let Some(place) =
                    fitted.to_mut().map_mut().and_then(|map| map.entries.get_mut(index))
            {
                place.value = value;
            }
        }
        return Ok(fitted);
    }
    expect(false, node, "a mapping")
}

fn fit_items<'n>(node: &'n Node, shape: &Shape) -> Result<Cow<'n, Node>, Problem> {
    let mut fitted = Cow::Borrowed(node);
    if node.scalar().is_some() || !node.entries().is_empty() {
        return expect(false, node, "a list");
    }
    for (index, item) in node.items().iter().enumerate() {
        if let Cow::Owned(item) = fit(item, shape)?
            && let Some(place) = fitted.to_mut().items_mut().and_then(|items| items.get_mut(index))
        {
            *place = item;
        }
    }
    Ok(fitted)
}

fn fit_fields<'n>(
    node: &'n Node,
    fields: &[(&'static str, &Shape)],
) -> Result<Cow<'n, Node>, Problem> {
    let mut fitted = Cow::Borrowed(node);
    if node.scalar().is_some() || !node.items().is_empty() {
        return expect(false, node, "a mapping");
    }
    for (index, entry) in node.entries().iter().enumerate() {
        let key = entry.key.str().unwrap_or_default();
        let exact = fields.iter().find(|(name, _)| *name == key);
        let known =
            exact.or_else(|| fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)));
        let Some((name, shape)) = known else {
            return Err(unknown(&entry.key, key, fields));
        };
        if is_null(&entry.value) {
            continue;
        }
        let value = fit(&entry.value, shape)?;
        if (matches!(value, Cow::Owned(_)) || *name != key)
            && let Some(place) =
                fitted.to_mut().map_mut().and_then(|map| map.entries.get_mut(index))
        {
            place.value = value.into_owned();
            place.key = place.key.with_text(name, Provenance::Written);
        }
    }
    if node.entries().iter().any(|entry| is_null(&entry.value))
        && let Some(map) = fitted.to_mut().map_mut()
    {
        map.entries.retain(|entry| !is_null(&entry.value));
    }
    Ok(fitted)
}

fn is_null(node: &Node) -> bool {
    kind(node, Schema::Kubectl) == Some(Kind::Null)
}

fn unknown(node: &Node, key: &str, fields: &[(&'static str, &Shape)]) -> Problem {
    let problem = Problem::at(format!("unknown field `{key}`"), node);
    let start = key.to_ascii_lowercase();
    let start = start.get(..3).unwrap_or(&start);
    let near: Vec<_> = fields
        .iter()
        .filter(|(name, _)| !start.is_empty() && name.to_ascii_lowercase().starts_with(start))
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if near.is_empty() {
        problem
    } else {
        problem.with_help(format!("did you mean {}?", near.join(" or ")))
    }
}

#[cfg(test)]
mod tests {
    use super::{KUSTOMIZATION, fit};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn fitted(text: &str) -> Result<Node, String> {
        let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
        fit(&stream.documents[0].root, KUSTOMIZATION)
            .map(std::borrow::Cow::into_owned)
            .map_err(|problem| problem.message)
    }

    #[test]
    fn takes_keys_in_any_case() {
        let node = fitted("Resources: [a]\npatches: [{PATH: p.yaml}]\n").unwrap();
        assert_eq!(node.get("resources").unwrap().items().len(), 1);
        assert_eq!(
            node.get("patches").unwrap().items()[0].get("path").unwrap().str(),
            Some("p.yaml")
        );
    }

    #[test]
    fn refuses_what_kustomize_refuses() {
        assert_eq!(fitted("resource: [a]").unwrap_err(), "unknown field `resource`");
        assert_eq!(fitted("nameSuffix: -20250723110000").unwrap_err(), "expected a text");
        assert_eq!(fitted("commonLabels: {a: yes}").unwrap_err(), "expected a text");
        assert_eq!(fitted("resources: a").unwrap_err(), "expected a list");
        assert_eq!(fitted("images: [{foo: 1}]").unwrap_err(), "unknown field `foo`");
        assert!(fitted("namespace:\nresources:\n").is_ok());
    }
}
