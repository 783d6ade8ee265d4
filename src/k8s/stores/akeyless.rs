//! Akeyless.

use crate::k8s::store::definition::Definition;
use crate::k8s::store::page::Glance;
use crate::k8s::store::pin::{Versions, is_version_number};

pub(super) static STORE: Definition =
    Definition::new("Akeyless", &["akeyless"], VERSIONS, &[Glance::number("Akeyless")]);

const VERSIONS: Versions = Versions {
    only_takes: Some("takes numbers only"),
    ..Versions::assigned(
        is_version_number,
        "wants the number of the version, from 1, and reads the latest for anything else",
    )
};
