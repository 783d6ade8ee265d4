//! What the stubs of a repository read, as the operator would, and from which stores.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_yaml::Value;

use crate::isolation::stub_secret;
use crate::objects::{self, Object, at, items};
use crate::state::{self, State};
use crate::tree;

/// One version of one key of one store.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Entry {
    /// The service and what says which of its accounts is meant: `ssm us-east-2`, `google shop`, `vault kv`.
    pub(super) store: String,
    pub(super) key: String,
    /// What names the version; `None` where the key does, or nothing.
    pub(super) pin: Option<String>,
}

/// What is read of a value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Reads {
    Text,
    Property(String),
    Object,
}

/// One line of a stub.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Line {
    pub(super) environment: String,
    /// The Secret that the stub makes.
    pub(super) secret: String,
    /// `None` where the store is not in the repository.
    pub(super) entry: Option<Entry>,
    pub(super) reads: Reads,
}

/// Every line of every stub that kubectl renders for an environment.
pub(super) fn lines(root: &Path) -> BTreeSet<Line> {
    let state = state::only(root, |path| state::environment(path).is_some());
    let stores = stores(root, &state);
    let mut lines = BTreeSet::new();
    for (environment, object) in of_environments(&state) {
        if object.kind() != "ExternalSecret" {
            continue;
        }
        let own = object.text(&["spec", "secretStoreRef", "name"]);
        for (remote, reads, other) in remotes(object) {
            let name = other.or(own).unwrap_or_default();
            let store =
                [environment, ""].iter().find_map(|one| stores.get(&(*one, name.to_owned())));
            let text = |key: &str| remote.get(key).and_then(Value::as_str).map(str::to_owned);
            let entry = store.and_then(|provider| {
                let (store, key) = place(provider, &text("key").unwrap_or_default())?;
                Some(Entry { store, key, pin: text("version") })
            });
            lines.insert(Line {
                environment: environment.to_owned(),
                secret: stub_secret(object).unwrap_or_default().to_owned(),
                entry,
                reads,
            });
        }
    }
    lines
}

/// The objects of the environments' roots.
fn of_environments(state: &State) -> impl Iterator<Item = (&'static str, &Object)> {
    let own = state.iter().filter_map(|(path, build)| Some((state::environment(path)?, build)));
    own.flat_map(|(name, build)| build.objects.iter().flatten().map(move |object| (name, object)))
}

/// The remote references of a stub, what each reads, and the store that it names beside the stub's.
fn remotes(stub: &Object) -> Vec<(&Value, Reads, Option<&str>)> {
    let spec = &stub.0["spec"];
    let all = items(spec.get("data")).chain(items(spec.get("dataFrom")));
    all.filter_map(|(_, one)| {
        let store = at(one, &["sourceRef", "storeRef", "name"]).and_then(Value::as_str);
        if let Some(remote) = one.get("extract") {
            return Some((remote, Reads::Object, store));
        }
        let remote = one.get("remoteRef")?;
        let property = remote.get("property").and_then(Value::as_str);
        let reads = property.map_or(Reads::Text, |name| Reads::Property(name.to_owned()));
        Some((remote, reads, store))
    })
    .collect()
}

/// The providers of stores by environment and name; those of no environment under an empty one.
fn stores(root: &Path, state: &State) -> BTreeMap<(&'static str, String), Value> {
    let mut found = BTreeMap::new();
    let mut take = |environment, object: &Object| {
        let provider = at(&object.0, &["spec", "provider"]);
        let provider = provider.filter(|_| object.kind().ends_with("SecretStore"));
        if let (Some(provider), Some(name)) = (provider, object.name()) {
            found.insert((environment, name.to_owned()), provider.clone());
        }
    };
    for (path, bytes) in tree::files(root) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if state::environment(&path).is_none() && text.contains("SecretStore") {
            objects::parse(&text).unwrap_or_default().iter().for_each(|object| take("", object));
        }
    }
    of_environments(state).for_each(|(environment, object)| take(environment, object));
    found
}

/// Where a provider reads a key: the store, and the key as the store's own command line knows it.
fn place(provider: &Value, key: &str) -> Option<(String, String)> {
    let (kind, provider) = provider.as_mapping()?.iter().next()?;
    let text = |key: &str| provider.get(key).and_then(Value::as_str).unwrap_or_default();
    let key = key.to_owned();
    match kind.as_str()? {
        "aws" => {
            let service =
                if text("service") == "ParameterStore" { "ssm" } else { "secretsmanager" };
            Some((format!("{service} {}", text("region")), format!("{}{key}", text("prefix"))))
        }
        "gcpsm" => Some((format!("google {}", text("projectID")), key)),
        "azurekv" => {
            let host = text("vaultUrl").trim_start_matches("https://");
            let key = key.strip_prefix("secret/").unwrap_or(&key).to_owned();
            Some((format!("azure {}", host.split('.').next()?), key))
        }
        "vault" if text("path").is_empty() => {
            let (mount, key) = key.split_once('/')?;
            Some((format!("vault {mount}"), key.to_owned()))
        }
        "vault" => Some((format!("vault {}", text("path")), key)),
        "openbao" => Some((format!("bao {}", text("path")), key)),
        _ => None,
    }
}
