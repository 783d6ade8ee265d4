//! Oracle Vault.

use crate::k8s::store::definition::Definition;
use crate::k8s::store::page::Glance;
use crate::k8s::store::pin::Versions;

pub(super) static STORE: Definition = Definition::new(
    "Oracle Vault",
    &["oracle"],
    Versions::refused("knows stages such as CURRENT and PREVIOUS, which move with each rotation"),
    &[Glance::own_key("Oracle Vault")],
);
