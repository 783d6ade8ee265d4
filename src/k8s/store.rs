//! The stores behind a SecretStore and how each lets a version be pinned.

use crate::k8s::secret_name::Version;
use crate::yaml::node::Node;

/// What a SecretStore reads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Store {
    /// AWS Secrets Manager.
    AwsSecretsManager,
    /// AWS Systems Manager Parameter Store.
    AwsParameterStore,
    /// Google Secret Manager.
    GcpSecretManager,
    /// Azure Key Vault.
    AzureKeyVault,
    /// HashiCorp Vault.
    Vault,
    /// OpenBao.
    OpenBao,
    /// Oracle Vault.
    Oracle,
    /// Scaleway Secret Manager.
    Scaleway,
    /// OVHcloud Secret Manager.
    Ovh,
    /// Akeyless.
    Akeyless,
    /// 1Password, by Connect server or SDK.
    OnePassword,
    /// Delinea DevOps Secrets Vault or Secret Server.
    Delinea,
    /// A webhook.
    Webhook,
    /// The operator's store for tests.
    Fake,
    /// Any other.
    Other,
}

/// Why a text cannot pin a version in a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{store} {reason}")]
pub struct PinError {
    /// The store's name, as people say it.
    pub store: &'static str,
    /// What it wants, a phrase that goes on after the name.
    pub reason: &'static str,
}

/// The store that a SecretStore or ClusterSecretStore describes; `None` for any other object.
#[must_use]
pub fn read(object: &Node) -> Option<Store> {
    let _ = object;
    None
}

/// Checks that a text may stand in `remoteRef.version` of a store.
///
/// # Errors
/// When the store would refuse it, ignore it, or never find it.
pub fn check_pin(store: Store, pin: &str) -> Result<(), PinError> {
    let _ = (store, pin);
    Ok(())
}

/// The label that names a version in a store; `None` for stores that take no label of one's own.
#[must_use]
pub fn label(store: Store, version: &Version) -> Option<String> {
    let _ = (store, version);
    None
}
