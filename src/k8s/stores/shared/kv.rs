//! The KV engine of Vault and OpenBao.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::k8s::store::commands::{Commands, Key, Step};
use crate::k8s::store::listing::{Date, Listed, Listing, Reader, json};
use crate::k8s::store::location::{Location, Provider};
use crate::k8s::store::page::Glance;
use crate::k8s::store::pin::{PinError, is_digits};
use crate::text::shell::word;

/// The detail that says where the engine is mounted.
pub(in crate::k8s::stores) const MOUNT: &str = "mount";
const NAMESPACE: &str = "namespace";
/// The detail that is there if the engine is version 1.
const FIRST: &str = "first";

/// What `prune` prints for either.
pub(in crate::k8s::stores) const CLEANUP: &str =
    "`kv destroy -versions=N`; `kv metadata delete` for a key of its own";

/// A server with a KV engine.
pub(in crate::k8s::stores) trait Server {
    /// The program of its command line.
    const PROGRAM: &'static str;

    /// The mount of the engine that holds a key; `None` if it is part of the key or unknown.
    fn mount(at: &Location, key: &str) -> Option<String>;
}

/// The row of a store with version 2 of the engine.
pub(in crate::k8s::stores) const fn glance(store: &'static str) -> Glance {
    Glance {
        store,
        pinned_by: "number, such as `\"8\"`",
        version_from: "the store: `--pin`",
        commands: "yes",
    }
}

/// The mount, the namespace, and the version of the engine where it is the first.
pub(in crate::k8s::stores) fn locate(provider: Provider<'_>) -> Location {
    let mount = provider.text("path").map(|path| path.trim_matches('/').to_owned());
    let namespace = provider.text("namespace").map(str::to_owned);
    let first = provider.text("version").filter(|version| *version == "v1").map(str::to_owned);
    Location::read(provider, &[]).with(MOUNT, mount).with(NAMESPACE, namespace).with(FIRST, first)
}

/// Whether the engine is version 1.
pub(in crate::k8s::stores) fn is_first(at: &Location) -> bool {
    at.get(FIRST).is_some()
}

/// Version 1 of the engine keeps the newest value only.
pub(in crate::k8s::stores) fn without_versions(at: &Location) -> Option<PinError> {
    let error = PinError { store: "version 1 of the KV engine", reason: "keeps no versions" };
    is_first(at).then_some(error)
}

/// Whether the server is the same for every cluster.
pub(in crate::k8s::stores) fn is_certain(provider: Provider<'_>) -> bool {
    provider.text("server").is_some_and(|server| !is_in_cluster(server))
}

/// Whether a URL names an in-cluster host, which differs between clusters.
fn is_in_cluster(url: &str) -> bool {
    let host = url.rsplit("://").next().unwrap_or(url);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    host.matches('.').count() < 2 || host.ends_with(".svc") || host.ends_with(".local")
}

/// The commands of a server.
pub(in crate::k8s::stores) const fn commands<S: Server>() -> Commands {
    Commands {
        create: |key| kv::<S>(key, "put", "").map(|put| format!("{put} -")),
        list: list::<S>,
        remove_key: |key| {
            let delete = if is_first(key.at) { "delete" } else { "metadata delete" };
            kv::<S>(key, delete, "")
        },
        remove_version: |key, pin| {
            let has_number = is_digits(pin) && !is_first(key.at);
            let destroy = if has_number {
                kv::<S>(key, "destroy", &format!(" -versions={pin}"))
            } else {
                None
            };
            Step::remove_version(key, pin, destroy)
        },
        ..Commands::NONE
    }
}

/// `vault kv …` or `bao kv …` with the mount and the path of a key; `None` where the mount is not known.
fn kv<S: Server>(key: &Key<'_>, command: &str, flags: &str) -> Option<String> {
    let namespace = key.at.get(NAMESPACE);
    let namespace =
        namespace.map_or_else(String::new, |name| format!(" -namespace={}", word(name)));
    let mount = match S::mount(key.at, key.name) {
        Some(mount) => format!(" -mount={}", word(&mount)),
        // With a version 1 engine, the path includes the mount.
        None if is_first(key.at) && key.name.contains('/') => String::new(),
        None => return None,
    };
    Some(format!("{} kv {command}{namespace}{mount}{flags} {}", S::PROGRAM, key.word()))
}

/// `vault kv metadata get` and the same of OpenBao, as a program and its arguments.
fn list<S: Server>(key: &Key<'_>) -> Option<Vec<String>> {
    let mount = S::mount(key.at, key.name).filter(|_| !is_first(key.at))?;
    let namespace = key.at.get(NAMESPACE).map(|name| format!("-namespace={name}"));
    let words = [S::PROGRAM, "kv", "metadata", "get"].map(str::to_owned).into_iter();
    let end = [format!("-mount={mount}"), key.path.clone()];
    Some(words.chain(namespace).chain(end).collect())
}

/// How the listings of a server are read.
pub(in crate::k8s::stores) const fn reader<S: Server>() -> Reader {
    Reader {
        program: S::PROGRAM,
        // Flags stand before the path.
        as_json: (&["-format=json"], 1),
        shows_labels: false,
        read,
        // It does not say of which key it is.
        is_of: |_, _| true,
        label: |_, _, _| None,
    }
}

/// What `kv metadata get` prints.
#[derive(Deserialize)]
struct Answer {
    data: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    current_version: u64,
    versions: BTreeMap<u64, Version>,
}

#[derive(Deserialize)]
struct Version {
    created_time: Option<Date>,
    deletion_time: Option<Date>,
    destroyed: bool,
}

fn read(text: &str, now: DateTime<Utc>) -> Result<Listing, serde_json::Error> {
    let Answer { data: Metadata { current_version, versions } } = json(text)?;
    let listed = |(number, one): (u64, Version)| {
        let deleted = one.deletion_time.as_ref().and_then(Date::time);
        Listed {
            is_usable: !one.destroyed && deleted.is_none_or(|at| at > now),
            is_current: number == current_version,
            ..Listed::numbered(number, one.created_time.as_ref())
        }
    };
    let versions = versions.into_iter().map(listed).collect();
    Ok(Listing { versions, ..Listing::default() })
}
