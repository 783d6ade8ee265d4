//! The services of AWS.

use crate::k8s::store::commands::flag;
use crate::k8s::store::location::{Location, Provider};

/// The key of AWS under `spec.provider`.
pub(in crate::k8s::stores) const PROVIDER: &str = "aws";

/// The fields that tell one account from another.
pub(in crate::k8s::stores) const ACCOUNT: &[&str] = &["region", "role", "prefix"];

/// Whether a SecretStore reads from Parameter Store, and not from Secrets Manager.
pub(in crate::k8s::stores) fn is_parameter_store(provider: Provider<'_>) -> bool {
    provider.text("service") == Some("ParameterStore")
}

/// The region, and the prefix that the operator adds to each key.
pub(in crate::k8s::stores) fn locate(provider: Provider<'_>) -> Location {
    Location::read(provider, &["region", "prefix"])
}

/// Without a role, the account is that of the cluster.
pub(in crate::k8s::stores) fn is_certain(provider: Provider<'_>) -> bool {
    provider.text("role").is_some()
}

/// The key with the operator's prefix.
pub(in crate::k8s::stores) fn path(at: &Location, key: &str) -> String {
    format!("{}{key}", at.get("prefix").unwrap_or_default())
}

/// `aws SERVICE COMMAND`, in the store's region.
pub(in crate::k8s::stores) fn aws(at: &Location, command: &str) -> String {
    format!("aws {command}{}", flag("--region", at.get("region")))
}
