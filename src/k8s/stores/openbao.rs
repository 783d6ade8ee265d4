//! OpenBao.

use crate::k8s::store::definition::Definition;
use crate::k8s::store::location::{Location, Provider};
use crate::k8s::store::page::{Cleanup, Glance};
use crate::k8s::store::pin::{Versions, is_version_number};
use crate::k8s::stores::shared::kv::{self, Server};

pub(super) static STORE: Definition = Definition {
    without_versions: kv::without_versions,
    locate,
    is_certain: kv::is_certain,
    commands: kv::commands::<OpenBao>(),
    reader: Some(kv::reader::<OpenBao>()),
    cleanup: Some(Cleanup { store: "OpenBao", prints: kv::CLEANUP }),
    ..Definition::new("OpenBao", &["openbao"], VERSIONS, GLANCE)
};

const VERSIONS: Versions =
    Versions::assigned(is_version_number, "requires a version number, 1 or higher");

const GLANCE: &[Glance] = &[kv::glance("OpenBao (KV version 2)")];

struct OpenBao;

impl Server for OpenBao {
    const PROGRAM: &'static str = "bao";

    fn mount(at: &Location, _: &str) -> Option<String> {
        at.get(kv::MOUNT).map(str::to_owned)
    }
}

/// Without a mount the operator reads from `kv`.
fn locate(provider: Provider<'_>) -> Location {
    let at = kv::locate(provider);
    let mount = at.get(kv::MOUNT).unwrap_or("kv").to_owned();
    at.with(kv::MOUNT, Some(mount))
}

#[cfg(test)]
mod tests {
    use super::STORE;
    use crate::k8s::store::commands::tests::key;
    use crate::k8s::store::location::tests::located;

    #[test]
    fn a_key_is_below_the_default_mount() {
        let at = located(&STORE, "{}");
        assert_eq!(
            (STORE.commands.create)(&key(&STORE, &at, "kv/db")).unwrap(),
            "bao kv put -mount=kv kv/db -"
        );
    }
}
