//! Infisical.

use crate::k8s::store::definition::Definition;
use crate::k8s::store::page::Glance;
use crate::k8s::store::pin::Versions;

pub(super) static STORE: Definition = Definition {
    // Names have letters, digits and `_` only.
    separator: '_',
    ..Definition::new(
        "Infisical",
        &["infisical"],
        Versions::refused("takes no version"),
        &[Glance::own_key("Infisical")],
    )
};
