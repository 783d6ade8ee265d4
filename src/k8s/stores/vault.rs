//! HashiCorp Vault.

use crate::k8s::store::definition::Definition;
use crate::k8s::store::location::Location;
use crate::k8s::store::page::{Cleanup, Glance};
use crate::k8s::store::pin::{Versions, is_version_number};
use crate::k8s::stores::shared::kv::{self, Server};

pub(super) static STORE: Definition = Definition {
    setting: Some("vault"),
    without_versions: kv::without_versions,
    locate: kv::locate,
    is_certain: kv::is_certain,
    path: |at, key| place(at, key).1,
    commands: kv::commands::<Vault>(),
    reader: Some(kv::reader::<Vault>()),
    cleanup: Some(Cleanup { store: "Vault", prints: kv::CLEANUP }),
    ..Definition::new("Vault", &["vault"], VERSIONS, GLANCE)
};

const VERSIONS: Versions =
    Versions::assigned(is_version_number, "requires a version number, 1 or higher");

const GLANCE: &[Glance] = &[
    kv::glance("HashiCorp Vault"),
    Glance { commands: "yes", ..Glance::own_key("Vault KV version 1") },
];

struct Vault;

impl Server for Vault {
    const PROGRAM: &'static str = "vault";

    fn mount(at: &Location, key: &str) -> Option<String> {
        place(at, key).0
    }
}

/// The mount and the path below it, derived from a key as the operator does.
fn place(at: &Location, key: &str) -> (Option<String>, String) {
    if let Some(mount) = at.get(kv::MOUNT) {
        let below = key.strip_prefix(mount).and_then(|rest| rest.strip_prefix('/'));
        // A key that starts with the mount may also include the API's `data/` segment.
        let below = below.map(|path| match path.strip_prefix("data/") {
            Some(path) if !kv::is_first(at) => path,
            _ => path,
        });
        return (Some(mount.to_owned()), below.unwrap_or(key).to_owned());
    }
    if kv::is_first(at) || !at.is_in_git() {
        return (None, key.to_owned());
    }
    match key.split_once("/data/").or_else(|| key.split_once('/')) {
        Some((mount, path)) => (Some(mount.to_owned()), path.to_owned()),
        None => (None, key.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{STORE, place};
    use crate::k8s::store::commands::tests::{key, remove_version};
    use crate::k8s::store::location::Location;
    use crate::k8s::store::location::tests::located;

    #[test]
    fn mounts_and_keys_are_what_the_operator_makes_of_them() {
        for (provider, key, mount, path) in [
            ("{ path: apps }", "shop/db", Some("apps"), "shop/db"),
            ("{ path: /team/apps/ }", "team/apps/data/db", Some("team/apps"), "db"),
            ("{ path: apps }", "data/db", Some("apps"), "data/db"),
            ("{ path: apps, version: v1 }", "apps/data/db", Some("apps"), "data/db"),
            ("{}", "kv/shop/db", Some("kv"), "shop/db"),
            ("{}", "team/apps/data/db", Some("team/apps"), "db"),
            ("{ version: v1 }", "secret/db", None, "secret/db"),
            ("{ path: \"${MOUNT}\" }", "db", None, "db"),
        ] {
            let (found, below) = place(&located(&STORE, provider), key);
            assert_eq!((found.as_deref(), &*below), (mount, path), "{provider} {key}");
        }
    }

    #[test]
    fn only_numbers_pin_a_version() {
        for pin in ["0", "-1", "+1", "v1", "", "20250723110000"] {
            assert!(!(STORE.versions.takes)(pin), "{pin}");
        }
        assert!((STORE.versions.takes)("5"));
    }

    #[test]
    fn values_are_put_below_the_mount() {
        let at = located(&STORE, "{ path: apps, namespace: team }");
        assert_eq!(
            (STORE.commands.create)(&key(&STORE, &at, "shop/auth")).unwrap(),
            "vault kv put -namespace=team -mount=apps shop/auth -"
        );
        // An unknown mount is never guessed.
        assert_eq!((STORE.commands.create)(&key(&STORE, &Location::default(), "shop/auth")), None);
    }

    #[test]
    fn versions_are_destroyed() {
        let at = located(&STORE, "{ path: apps }");
        assert_eq!(
            remove_version(&STORE, &at, "shop/auth", "7").unwrap(),
            "vault kv destroy -mount=apps -versions=7 shop/auth"
        );
    }
}
