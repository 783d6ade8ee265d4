//! Scaleway Secret Manager.

use crate::k8s::store::definition::Definition;
use crate::k8s::store::page::Glance;
use crate::k8s::store::pin::{Versions, is_version_number};

pub(super) static STORE: Definition = Definition::new(
    "Scaleway Secret Manager",
    &["scaleway"],
    VERSIONS,
    &[Glance::number("Scaleway")],
);

const VERSIONS: Versions = Versions {
    moving: &["latest", "latest_enabled"],
    ..Versions::assigned(is_version_number, "wants the number of the revision, from 1")
};
