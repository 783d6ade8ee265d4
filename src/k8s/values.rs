//! The values of Helm charts: which objects hold some, and where values name secrets.
//!
//! Most keys by which charts take the name of a Secret are the shapes of [`heuristics`], which custom resources share. What only
//! values have is here.

use std::sync::LazyLock;

use crate::k8s::found::{Found, Role};
use crate::k8s::heuristics;
use crate::k8s::pattern::Pattern;
use crate::k8s::references::reading::{name_text, read};
use crate::k8s::references::row::Reads;
use crate::k8s::resource::{group_of, kind_of};
use crate::k8s::secret_name::check;
use crate::yaml::embed;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::path::{Path, PathStep};

/// The API group and version of the object that stands for the values of a release, and its kind.
pub const API: &str = "helm.sh/v1";
/// Its kind.
pub const KIND: &str = "Values";
/// The key below which it has the values.
pub const VALUES: &str = "values";
/// The key below which it lists the files that they are from, those that win last.
pub const FILES: &str = "valueFiles";

/// Shapes that only the values of charts have.
const SHAPES: &[(&str, &str)] = &[
    ("values-credentials", "**.credentialsName"),
    ("values-env-from", "**.envFrom[].secret"),
    ("values-list", "**.{envFromSecrets,existingSecrets,extraEnvFromSecrets,extraSecrets}[]"),
    ("values-volume", "**.persistence.*[type=secret].name"),
];

/// The row of a parameter of a chart whose name ends in a key of a secret's name.
const PARAMETER: &str = "values-parameter";

static PATTERNS: LazyLock<Vec<(&str, Pattern)>> = LazyLock::new(|| {
    let pattern = |(row, path): &(&'static str, &str)| Some((*row, Pattern::new(path).ok()?));
    SHAPES.iter().filter_map(pattern).collect()
});

/// Values in an object.
#[derive(Debug)]
pub struct Held<'n> {
    /// Where they are.
    pub path: Path,
    /// How they are written.
    pub values: Written<'n>,
}

/// How an object holds values.
#[derive(Debug, Clone, Copy)]
pub enum Written<'n> {
    /// As a mapping.
    Tree(&'n Node),
    /// As a text of YAML.
    Text(&'n Node),
    /// As a list of names and values, such as `auth.existingSecret`.
    Parameters(&'n Node),
}

/// The object that stands for the values of a release.
#[must_use]
pub fn object(release: &str, namespace: Option<&str>, values: Node) -> Node {
    let text = |text: &str| Node::string(text, Provenance::Generated);
    let mut metadata = Node::map(Provenance::Generated);
    metadata.set("name", text(release));
    if let Some(namespace) = namespace {
        metadata.set("namespace", text(namespace));
    }
    let mut object = Node::map(Provenance::Generated);
    object.set("apiVersion", text(API));
    object.set("kind", text(KIND));
    object.set("metadata", metadata);
    object.set(VALUES, values);
    object
}

/// Whether an object stands for the values of a release: no cluster has it.
#[must_use]
pub fn is_values(object: &Node) -> bool {
    kind_of(object) == KIND && object.get("apiVersion").is_some_and(|api| api.reads(API))
}

/// The values that an object holds, those that win last; none if it is of a kind that holds none.
#[must_use]
pub fn held(object: &Node) -> Vec<Held<'_>> {
    let found = match (group_of(object), kind_of(object)) {
        ("helm.toolkit.fluxcd.io", "HelmRelease") => {
            vec![at(object, &["spec", "values"], Written::Tree)]
        }
        ("helm.sh", KIND) => vec![at(object, &[VALUES], Written::Tree)],
        ("helm.cattle.io", "HelmChart" | "HelmChartConfig") => vec![
            at(object, &["spec", "valuesContent"], Written::Text),
            at(object, &["spec", "set"], Written::Tree),
        ],
        ("argoproj.io", "Application") => return of_sources(object, &["spec"]),
        ("argoproj.io", "ApplicationSet") => {
            return of_sources(object, &["spec", "template", "spec"]);
        }
        _ => return Vec::new(),
    };
    found.into_iter().flatten().collect()
}

fn at<'n>(
    object: &'n Node,
    keys: &[&str],
    written: fn(&'n Node) -> Written<'n>,
) -> Option<Held<'n>> {
    let node = object.at(keys)?;
    let path = keys.iter().fold(Path::default(), |path, key| path.key(key));
    Some(Held { path, values: written(node) })
}

fn of_sources<'n>(object: &'n Node, keys: &[&str]) -> Vec<Held<'n>> {
    let Some(spec) = object.at(keys) else { return Vec::new() };
    let path = keys.iter().fold(Path::default(), |path, key| path.key(key));
    let sources = path.key("sources");
    let several = spec.get("sources").map_or(&[][..], Node::items).iter().enumerate();
    let several = several.map(|(index, source)| (sources.index(index), source));
    let one = spec.get("source").map(|source| (path.key("source"), source));
    several.chain(one).flat_map(|(path, source)| of_source(&path, source)).collect()
}

/// The values that a source of an Argo CD `Application` holds; `values` is ignored beside a `valuesObject`.
pub fn of_source<'n>(path: &Path, source: &'n Node) -> Vec<Held<'n>> {
    let Some(helm) = source.get("helm") else { return Vec::new() };
    let path = path.key("helm");
    let object = helm.get("valuesObject");
    let tree =
        object.map(|node| Held { path: path.key("valuesObject"), values: Written::Tree(node) });
    let text = helm.get("values").filter(|_| object.is_none());
    let text = text.map(|node| Held { path: path.key("values"), values: Written::Text(node) });
    let parameters = helm.get("parameters");
    let parameters = parameters
        .map(|node| Held { path: path.key("parameters"), values: Written::Parameters(node) });
    tree.into_iter().chain(text).chain(parameters).collect()
}

/// Whether a key of a mapping holds values that Argo CD ignores, since there is a `valuesObject` beside them.
#[must_use]
pub fn is_ignored(kind: &str, mapping: &Node, key: &str) -> bool {
    key == "values"
        && matches!(kind, "Application" | "ApplicationSet")
        && mapping.get("valuesObject").is_some()
}

/// Finds what the values in an object name besides what has the shapes of any custom resource.
pub(super) fn find(object: &Node) -> Vec<Found> {
    let of = |held: Held<'_>| match held.values {
        Written::Tree(values) => only_of_values(values, &held.path),
        Written::Text(text) => in_text(&held.path, text),
        Written::Parameters(list) => in_parameters(&held.path, list),
    };
    held(object).into_iter().flat_map(of).collect()
}

/// Finds the names in a text of values, each as a part of the text at this path.
#[must_use]
pub fn in_text(path: &Path, text: &Node) -> Vec<Found> {
    let Ok(stream) = embed::parse_inside(text) else { return Vec::new() };
    let Some(document) = stream.documents.first() else { return Vec::new() };
    let shaped = heuristics::in_values(&document.root).into_iter();
    let found = shaped.chain(only_of_values(&document.root, &Path::default()));
    let part = |found: Found| {
        let place = embed::content(&found.node)?;
        let span = place.span();
        (*place.source.text() == *stream.source.text()).then_some(())?;
        Some(Found {
            path: path.clone(),
            node: text.clone(),
            part: Some(span.start..span.end),
            ..found
        })
    };
    found.filter_map(part).collect()
}

/// What has a shape that only values have.
fn only_of_values(values: &Node, path: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    for (row, pattern) in &*PATTERNS {
        pattern.visit(values, &mut |trail, node| {
            if name_text(node).is_some_and(|text| check(text).is_ok()) {
                found.extend(read(row, Reads::Name, Role::Use, trail, node));
            }
        });
    }
    for one in &mut found {
        one.path = joined(path, &one.path);
    }
    found
}

fn in_parameters(path: &Path, list: &Node) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, parameter) in list.items().iter().enumerate() {
        let name = parameter.get("name").and_then(Node::str).unwrap_or_default();
        let value = parameter.get("value");
        let path = path.index(index).key("value");
        found.extend(value.and_then(|value| as_parameter(&path, name, value)));
    }
    found
}

/// The name that a value is, if it is the value of a parameter such as `auth.existingSecret`.
#[must_use]
pub fn as_parameter(path: &Path, name: &str, value: &Node) -> Option<Found> {
    let text = name_text(value).filter(|text| names_secret(name) && check(text).is_ok())?;
    Some(Found {
        row: PARAMETER,
        path: path.clone(),
        node: value.clone(),
        part: None,
        secret: text.to_owned(),
        namespace: None,
        optional: false,
        key: None,
        role: Role::Use,
    })
}

/// Whether the name of a parameter ends in a key of a secret's name: `auth.existingSecret`, `imagePullSecrets[0].name`.
fn names_secret(name: &str) -> bool {
    let mut keys = name
        .rsplit('.')
        .map(|key| key.split_once('[').map_or((key, false), |(key, _)| (key, true)));
    let Some((last, is_item)) = keys.next() else { return false };
    if last == "name" {
        let above = keys.next().map_or(String::new(), |(key, _)| key.to_ascii_lowercase());
        return ["secret", "secretref", "secretkeyref", "pullsecrets"]
            .iter()
            .any(|end| above.ends_with(end));
    }
    is_item && last.to_ascii_lowercase().ends_with("pullsecrets")
        || heuristics::row_of_key(last).is_some()
}

/// One path behind another.
#[must_use]
pub fn joined(path: &Path, below: &Path) -> Path {
    let steps: Vec<PathStep> = path.0.iter().chain(&below.0).cloned().collect();
    Path(steps)
}

#[cfg(test)]
mod tests {
    use super::{find, in_text, names_secret};
    use crate::k8s::references;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;
    use crate::yaml::path::Path;

    fn root(text: &str) -> Node {
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    fn names(text: &str) -> Vec<String> {
        let values = format!(
            "apiVersion: helm.sh/v1\nkind: Values\nvalues:\n  {}\n",
            text.trim_end().replace('\n', "\n  ")
        );
        let found = references::find(&root(&values), &[]);
        found.into_iter().map(|one| format!("{} {}", one.path, one.secret)).collect()
    }

    #[test]
    fn charts_take_names_by_these_keys() {
        for (text, path) in [
            ("existingSecret: x", "existingSecret"),
            ("auth: { existingSecret: x }", "auth.existingSecret"),
            ("existingPasswordSecret: x", "existingPasswordSecret"),
            ("db: { existingSecretName: x }", "db.existingSecretName"),
            ("existingSecret: { name: x }", "existingSecret.name"),
            ("jwtSecretName: x", "jwtSecretName"),
            ("tls: [{ secretName: x }]", "tls[0].secretName"),
            ("secretRef: { name: x }", "secretRef.name"),
            ("envFromSecret: x", "envFromSecret"),
            ("extraEnvVarsSecret: x", "extraEnvVarsSecret"),
            ("extraEnvFrom: [{ secretRef: { name: x } }]", "extraEnvFrom[0].secretRef.name"),
            ("envFrom: [{ secret: x }]", "envFrom[0].secret"),
            (
                "env: { A: { valueFrom: { secretKeyRef: { name: x, key: a } } } }",
                "env.A.valueFrom.secretKeyRef.name",
            ),
            (
                "env: [{ name: A, valueFrom: { secretKeyRef: { name: x, key: a } } }]",
                "env[0].valueFrom.secretKeyRef.name",
            ),
            ("imagePullSecrets: [x]", "imagePullSecrets[0]"),
            ("global: { imagePullSecrets: [{ name: x }] }", "global.imagePullSecrets[0].name"),
            ("persistence: { certs: { type: secret, name: x } }", "persistence.certs.name"),
            (
                "extraVolumes: [{ name: v, secret: { secretName: x } }]",
                "extraVolumes[0].secret.secretName",
            ),
            (
                "volumes: [{ projected: { sources: [{ secret: { name: x } }] } }]",
                "volumes[0].projected.sources[0].secret.name",
            ),
            ("existingSecrets: [x]", "existingSecrets[0]"),
        ] {
            assert_eq!(names(text), [format!("values.{path} x")], "{text}");
        }
    }

    #[test]
    fn other_keys_name_something_else() {
        for text in [
            "persistence: { certs: { type: configMap, name: x } }",
            "persistence: { data: { existingClaim: x } }",
            "existingSecret: ''",
            "existingSecretPasswordKey: x",
            "serviceAccount: { name: x }",
            "existingSecret: '{{ .Release.Name }}-x'",
            "ingress: { className: x }",
            "envFrom: [{ configMapRef: { name: x } }]",
        ] {
            assert_eq!(names(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_text_of_values_is_read() {
        let text = root(
            "values: |\n  auth:\n    existingSecret: \"db-20250602090000\" # keep\n  persistence: {x: {type: secret, name: tls}}\n",
        );
        let text = text.get("values").unwrap();
        let found = in_text(&Path::default().key("values"), text);
        let seen: Vec<_> = found
            .iter()
            .map(|one| (one.path.to_string(), &text.str().unwrap()[one.part.clone().unwrap()]))
            .collect();
        assert_eq!(
            seen,
            [("values".to_owned(), "db-20250602090000"), ("values".to_owned(), "tls")]
        );
        assert!(in_text(&Path::default(), &root("'a: ['")).is_empty());
    }

    fn application(helm: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {{ sources: [{{ helm: {helm} }}] }}\n"
        );
        let found = references::find(&root(&text), &[]);
        found.into_iter().map(|one| format!("{} {}", one.path, one.secret)).collect()
    }

    #[test]
    fn argo_cd_has_values_in_three_places() {
        let parameters = "[{ name: auth.existingSecret, value: a }, { name: image.tag, value: b }]";
        let values = "\"existingSecret: c\"";
        let object = "{ existingSecret: d, persistence: { v: { type: secret, name: e } } }";
        let at = "spec.sources[0].helm";
        let all =
            format!("{{ parameters: {parameters}, values: {values}, valuesObject: {object} }}");
        let want =
            |of: &[&str]| -> Vec<String> { of.iter().map(|one| format!("{at}.{one}")).collect() };
        assert_eq!(
            application(&all),
            want(&[
                "valuesObject.existingSecret d",
                "valuesObject.persistence.v.name e",
                "parameters[0].value a"
            ])
        );
        let without = format!("{{ parameters: {parameters}, values: {values} }}");
        assert_eq!(application(&without), want(&["values c", "parameters[0].value a"]));
    }

    #[test]
    fn parameters_are_told_by_their_last_key() {
        for name in [
            "existingSecret",
            "a.tls.secretName",
            "imagePullSecrets[0]",
            "imagePullSecrets[0].name",
            "x.secretRef.name",
            "secret.name",
        ] {
            assert!(names_secret(name), "{name}");
        }
        for name in
            ["", "name", "image.tag", "serviceAccount.name", "existingSecretKey", "ports[0].name"]
        {
            assert!(!names_secret(name), "{name}");
        }
    }

    #[test]
    fn other_objects_hold_no_values() {
        assert!(
            find(&root("apiVersion: v1\nkind: ConfigMap\ndata: { values: 'existingSecret: x' }\n"))
                .is_empty()
        );
        assert!(find(&root("- a\n")).is_empty());
    }
}
