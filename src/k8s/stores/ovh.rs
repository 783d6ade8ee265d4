//! OVHcloud Secret Manager.

use crate::k8s::store::definition::Definition;
use crate::k8s::store::page::Glance;
use crate::k8s::store::pin::{Versions, is_count};

pub(super) static STORE: Definition = Definition::new(
    "OVHcloud Secret Manager",
    &["ovh"],
    Versions::assigned(is_short_count, "wants the number of the version, from 1 to 4294967295"),
    &[Glance::number("OVHcloud")],
);

fn is_short_count(pin: &str) -> bool {
    pin.parse::<u32>().is_ok() && is_count(pin)
}
