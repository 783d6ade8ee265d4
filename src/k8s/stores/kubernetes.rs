//! Secrets of a Kubernetes cluster.

use crate::k8s::store::definition::Definition;
use crate::k8s::store::page::Glance;
use crate::k8s::store::pin::Versions;

pub(super) static STORE: Definition = Definition::new(
    "the Kubernetes provider",
    &["kubernetes"],
    Versions::refused("takes no version"),
    &[Glance::own_key("Kubernetes provider")],
);
