//! The operator's store for tests.

use crate::k8s::store::definition::Definition;
use crate::k8s::store::page::Glance;
use crate::k8s::store::pin::{Versions, something};

pub(super) static STORE: Definition = Definition::new(
    "the fake store",
    &["fake"],
    Versions::labels("", something, "wants a text that is not empty"),
    &[Glance::digits("fake")],
);
