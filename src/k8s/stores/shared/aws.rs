//! The services of AWS.

use crate::k8s::store::commands::flag;
use crate::k8s::store::definition::Definition;
use crate::k8s::store::location::{Location, Provider};
use crate::k8s::store::page::Glance;
use crate::k8s::store::pin::Versions;

/// What the services have in common.
pub(in crate::k8s::stores) const fn service(
    name: &'static str,
    versions: Versions,
    glance: &'static [Glance],
) -> Definition {
    Definition {
        locate: |provider| Location::read(provider, &["region", "prefix"]),
        // Without a role, the account is that of the cluster.
        is_certain: |provider| provider.text("role").is_some(),
        account: &["region", "role", "prefix"],
        path: |at, key| format!("{}{key}", at.get("prefix").unwrap_or_default()),
        ..Definition::new(name, &["aws"], versions, glance)
    }
}

/// Whether a SecretStore reads from Parameter Store, and not from Secrets Manager.
pub(in crate::k8s::stores) fn is_parameter_store(provider: Provider<'_>) -> bool {
    provider.text("service") == Some("ParameterStore")
}

/// `aws SERVICE COMMAND`, in the store's region.
pub(in crate::k8s::stores) fn aws(at: &Location, command: &str) -> String {
    format!("aws {command}{}", flag("--region", at.get("region")))
}
