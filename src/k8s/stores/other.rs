//! Whatever no other file describes.

use crate::k8s::store::definition::Definition;
use crate::k8s::store::page::{Cleanup, Glance};
use crate::k8s::store::pin::{Versions, nothing, something};

pub(super) static STORE: Definition = Definition {
    setting: Some("other"),
    cleanup: Some(Cleanup {
        store: "others",
        prints: "which version or key to remove, without a command",
    }),
    ..Definition::new("the store", &[], VERSIONS, &[Glance::digits("any other")])
};

const VERSIONS: Versions = Versions {
    is_assigned: nothing,
    ..Versions::assigned(something, "wants a text that is not empty")
};
