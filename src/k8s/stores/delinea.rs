//! Delinea DevOps Secrets Vault and Secret Server.

use crate::k8s::store::definition::Definition;
use crate::k8s::store::page::Glance;
use crate::k8s::store::pin::Versions;

pub(super) static STORE: Definition = Definition::new(
    "Delinea",
    &["delinea", "secretserver"],
    Versions::refused("takes no version"),
    &[Glance::own_key("Delinea")],
);
