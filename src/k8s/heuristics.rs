//! The shapes in which custom resources name secrets, for fields that are not in the catalogue.

use crate::k8s::destination;
use crate::k8s::found::{Found, Role};
use crate::k8s::pattern::trail::Trail;
use crate::k8s::placeholder::is_filled_in;
use crate::k8s::providers;
use crate::k8s::references::reading::{name_text, read};
use crate::k8s::references::row::Reads;
use crate::k8s::resource::{group_of, is_kubernetes_own};
use crate::k8s::secret_name::check;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// The names of the shapes.
pub const ROWS: &[&str] = &[
    "like-certificate-refs",
    "like-existing-secret",
    "like-kind-secret",
    "like-secret-list",
    "like-secret-name",
    "like-secret-ref",
    "like-secret-string",
    "like-selector",
    "values-credentials",
    "values-env-from",
    "values-list",
    "values-parameter",
    "values-volume",
];

/// Kinds whose fields are in the catalogue, or that hold whole secrets.
const KNOWN: &[&str] = &[
    "ClusterExternalSecret",
    "ClusterPushSecret",
    "ClusterSecretStore",
    "ClusterTriggerAuthentication",
    "ExternalSecret",
    "PushSecret",
    "SealedSecret",
    "SecretStore",
    "SopsSecret",
    "TriggerAuthentication",
];

/// Keys below which nothing names a secret in the cluster, even if it looks like it.
const NOT_BELOW: &[&str] = &[
    "annotations",
    "configMapExpressions",
    "ignoreDifferences",
    "labels",
    "matchLabels",
    "metadata",
    "nodeSelector",
    "openAPIV3Schema",
    "operatorSpec",
    "ownerReferences",
    "patches",
    "publishConnectionDetailsTo",
    "secretObjects",
    "status",
    "writeConnectionSecretToRef",
];

/// Keys that look as if they held a secret's name but hold something else.
const NOT_NAMES: &[&str] = &[
    "awssecretname",
    "azuresecretname",
    "clientsecret",
    "gcpsecretname",
    "remotesecretname",
    "secretstoreref",
    "vaultsecretname",
];

/// Suffixes of keys that describe a secret without naming it: its location, its content, its store.
const ABOUT_SECRETS: &[&str] = &[
    "arn",
    "backend",
    "file",
    "key",
    "keyfield",
    "keyid",
    "keys",
    "namespace",
    "namespaces",
    "path",
    "policy",
    "prefix",
    "store",
    "suffix",
    "type",
    "url",
    "uuid",
    "visibility",
];

/// Suffixes of keys whose plain string names a secret although the key ends neither in `SecretName` nor in
/// `SecretRef`; a key that ends in just `Secret` may hold the secret itself.
const NAME_ENDS: &[&str] = &[
    "casecret",
    "certificatesecret",
    "certsecret",
    "configsecret",
    "configurationsecret",
    "credentialsecret",
    "credentialssecret",
    "envfromsecret",
    "envvarssecret",
    "passwordsecret",
    "pullsecret",
    "tlssecret",
];

/// Words that mark a field whose selector `{name, key}` refers to a secret.
const SELECTED: &[&str] = &[
    "auth",
    "apiurl",
    "bearer",
    "cert",
    "client",
    "connectionstring",
    "credential",
    "key",
    "kubeconfig",
    "pass",
    "secret",
    "token",
    "user",
    "webhookurl",
];

/// Finds the fields of a custom resource that have the shape of a secret's name.
#[must_use]
pub fn find(object: &Node, group: &str, kind: &str) -> Vec<Found> {
    if is_kubernetes_own(group) || KNOWN.contains(&kind) {
        return Vec::new();
    }
    let mut found = below(object).found;
    if found.is_empty() {
        return found;
    }
    let provided = providers::find(object);
    found.retain(|found| provided.iter().all(|own| own.path != found.path));
    found
}

/// Finds the scalars of the values of a chart that have the shape of a secret's name.
pub(super) fn in_values(values: &Node) -> Vec<Found> {
    below(values).found
}

/// The scalars in the place of a secret's name whose text has a placeholder, with their paths.
#[must_use]
pub fn templated(object: &Node) -> Vec<(Path, &Node)> {
    below(object).templated
}

fn below(object: &Node) -> Guesser<'_> {
    let mut walk = Guesser { trail: Trail::default(), found: Vec::new(), templated: Vec::new() };
    for entry in object.entries() {
        walk.entry(object, entry.key.str().unwrap_or_default(), &entry.value);
    }
    walk
}

/// Whether the trail leads to a field that has the shape of a secret's name, whatever its value.
#[must_use]
pub fn is_name(trail: &Trail<'_>) -> bool {
    let mut keys = trail.keys_upward();
    let is_item = trail.last_key().is_none();
    let Some(last) = keys.next() else { return false };
    if last == "value"
        && let Some((map, _)) = trail.last_key()
        && let Some(name) = map.get("name").and_then(Node::str)
    {
        // A parameter of a chart: `auth.existingSecret`.
        return row_of_key(name.rsplit('.').next().unwrap_or(name)).is_some();
    }
    if last == "name"
        && let Some((map, _)) = trail.last_key()
    {
        return keys.next().is_some_and(|above| object_row(&folded(above), map).is_some());
    }
    string_row(&folded(last), is_item).is_some()
}

/// Whether the trail leads to a custom resource field that describes a secret without naming it (`secretNamespace`).
/// In chart values, such a key may mean anything.
#[must_use]
pub fn is_about_secret(object: &Node, trail: &Trail<'_>) -> bool {
    let is_custom = object.get("apiVersion").is_some() && !is_kubernetes_own(group_of(object));
    let mut keys = trail.keys_upward();
    let Some(last) = keys.next().map(folded) else { return false };
    let is_value = !destination::deploys(object) && is_custom;
    is_value && (last.ends_with("namespace") || last.ends_with("namespaces") || about(&last))
}

/// Whether a folded key describes a secret without naming it.
fn about(key: &str) -> bool {
    key.contains("secret") && ABOUT_SECRETS.iter().any(|end| key.ends_with(end))
}

struct Guesser<'a> {
    trail: Trail<'a>,
    found: Vec<Found>,
    /// What has a placeholder, which no name has.
    templated: Vec<(Path, &'a Node)>,
}

impl<'a> Guesser<'a> {
    fn entry(&mut self, from: &'a Node, key: &'a str, value: &'a Node) {
        if NOT_BELOW.contains(&key) {
            return;
        }
        self.trail.enter_key(from, key);
        self.value(key, value);
        self.trail.leave();
    }

    /// A value below a key, or an item of the list below it.
    fn value(&mut self, key: &'a str, value: &'a Node) {
        for (index, item) in value.items().iter().enumerate() {
            self.trail.enter_item(value, index);
            self.value(key, item);
            self.trail.leave();
        }
        if value.scalar().is_some() {
            if let Some(row) = string_row(&folded(key), self.is_item()) {
                self.take(row, value);
            }
            return;
        }
        if let Some(name) = value.get("name")
            && let Some(row) = object_row(&folded(key), value)
        {
            self.trail.enter_key(value, "name");
            self.take(row, name);
            self.trail.leave();
        }
        for entry in value.entries() {
            self.entry(value, entry.key.str().unwrap_or_default(), &entry.value);
        }
    }

    fn is_item(&self) -> bool {
        self.trail.last_key().is_none()
    }

    fn take(&mut self, row: &'static str, node: &'a Node) {
        let Some(text) = name_text(node) else { return };
        if check(text).is_ok() {
            self.found.extend(read(row, Reads::Name, Role::Use, &self.trail, node));
        } else if is_filled_in(text) {
            self.templated.push((self.trail.path(), node));
        }
    }
}

/// A key regardless of naming style: `image_pull_secret` and `imagePullSecret` are the same.
fn folded(key: &str) -> String {
    key.chars().filter(|&c| c != '_' && c != '-').map(|c| c.to_ascii_lowercase()).collect()
}

/// The shape of a plain string below a key, whatever the naming style.
pub(super) fn row_of_key(key: &str) -> Option<&'static str> {
    string_row(&folded(key), false)
}

/// The shape of a plain string below a key.
fn string_row(key: &str, is_item: bool) -> Option<&'static str> {
    if NOT_NAMES.contains(&key) || about(key) {
        return None;
    }
    let ends = |end: &str| key.ends_with(end);
    if ends("pullsecrets") || ends("secretnames") || ends("secretrefs") {
        return is_item.then_some("like-secret-list");
    }
    if ends("secretname") {
        return Some("like-secret-name");
    }
    if ends("secretref") || NAME_ENDS.iter().any(|end| ends(end)) {
        return Some("like-secret-string");
    }
    let existing = key.contains("existing") && ends("secret");
    existing.then_some("like-existing-secret")
}

/// The shape of a mapping with a `name` below a key.
fn object_row(key: &str, value: &Node) -> Option<&'static str> {
    let kind = value.get("kind").and_then(Node::str);
    if kind == Some("Secret") {
        return Some("like-kind-secret");
    }
    let made_here = value.get("create").is_some_and(|create| create.str() == Some("true"));
    if kind.is_some() || made_here {
        return None;
    }
    let ends = |ends: &[&str]| ends.iter().any(|end| key.ends_with(end));
    let may_select = matches!(key, "clientsecret" | "secretaccesskey" | "secretkey");
    if !may_select && (NOT_NAMES.contains(&key) || about(key)) {
        return None;
    }
    if ends(&[
        "secret",
        "secretref",
        "secretkeyref",
        "secretreference",
        "secretkeyselector",
        "secretselector",
    ]) {
        return Some("like-secret-ref");
    }
    if ends(&["pullsecrets", "secrets", "secretrefs"]) {
        return Some("like-secret-list");
    }
    if key == "certificaterefs" {
        return Some("like-certificate-refs");
    }
    is_selector(key, value).then_some("like-selector")
}

/// Whether a mapping has only a name and a key, below a field that refers to something secret.
fn is_selector(key: &str, value: &Node) -> bool {
    const ALLOWED: &[&str] = &["key", "name", "namespace", "optional"];
    let allowed = |key: Option<&str>| key.is_some_and(|key| ALLOWED.contains(&key));
    value.get("key").and_then(name_text).is_some()
        && value.entries().iter().all(|entry| allowed(entry.key.str()))
        && !key.contains("configmap")
        && SELECTED.iter().any(|word| key.contains(word))
}
