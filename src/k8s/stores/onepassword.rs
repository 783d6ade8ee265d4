//! 1Password, by Connect server or SDK.

use crate::k8s::store::definition::Definition;
use crate::k8s::store::page::Glance;
use crate::k8s::store::pin::Versions;

pub(super) static STORE: Definition = Definition::new(
    "1Password",
    &["onepassword", "onepasswordSDK"],
    Versions::refused("takes no version"),
    &[Glance::own_key("1Password")],
);
