//! What `rotate.yaml` says about one family of secrets.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::period::Period;
use crate::config::word;

/// What is set for a family, or for all that a pattern matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SecretSettings {
    /// `false`: rotate leaves the family alone
    pub managed: Option<bool>,
    /// How old a version may become, counted from when it began to run in its first environment; the environment's `max-age` by default
    #[serde(rename = "max-age")]
    pub max_age: Option<Period>,
    /// How a stub finds the value in the store
    pub remote: Remote,
}

/// How a stub finds the value of a version in the secret store.
///
/// `version`, `prefix` and `provider` hold for every stub; the rest is needed only for a first stub where no effective
/// ExternalSecret of the family exists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Remote {
    /// How the stub pins the store's version
    pub version: Option<Pin>,
    /// What stands before the digits in a label: a label of Parameter Store or an alias of Google must not begin with a digit, so there it is `v` by default
    #[serde(deserialize_with = "word::prefix")]
    pub prefix: Option<String>,
    /// Which service keeps the values; found from the SecretStore where that is in the repository
    pub provider: Option<Service>,
    /// The SecretStore that a first stub reads from
    pub store: Option<Store>,
    /// The key that a first stub reads; `{environment}` and `{family}` stand for their names
    #[serde(deserialize_with = "word::key")]
    pub key: Option<String>,
    /// The properties that a first stub reads, one key of the Secret each; none: all that the key holds
    pub properties: Option<Vec<String>>,
}

/// How a stub pins the version of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pin {
    /// `remoteRef.version` names the digits
    Label,
    /// the digits are the end of `remoteRef.key`
    KeySuffix,
    /// nothing in the stub names the version but its name
    None,
}

/// The service behind a SecretStore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// AWS Secrets Manager
    AwsSecretsManager,
    /// AWS Systems Manager Parameter Store
    AwsParameterStore,
    /// Google Secret Manager
    GcpSecretManager,
    /// Azure Key Vault
    AzureKeyVault,
    /// HashiCorp Vault or OpenBao, key-value store of version 2
    Vault,
    /// any other: versions are spelled as they are
    Other,
}

/// The store that a stub reads from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The store's name; `{environment}` stands for the environment's name
    #[serde(deserialize_with = "word::key_text")]
    pub name: String,
    /// The store's kind
    #[serde(default)]
    pub kind: StoreKind,
}

/// The kind of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum StoreKind {
    /// of one namespace
    #[default]
    SecretStore,
    /// of the whole cluster
    ClusterSecretStore,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 6] = [
        Self::AwsSecretsManager,
        Self::AwsParameterStore,
        Self::GcpSecretManager,
        Self::AzureKeyVault,
        Self::Vault,
        Self::Other,
    ];

    /// The service as `rotate.yaml` names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwsSecretsManager => "aws-secrets-manager",
            Self::AwsParameterStore => "aws-parameter-store",
            Self::GcpSecretManager => "gcp-secret-manager",
            Self::AzureKeyVault => "azure-key-vault",
            Self::Vault => "vault",
            Self::Other => "other",
        }
    }
}

impl StoreKind {
    /// The kind as written in manifests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecretStore => "SecretStore",
            Self::ClusterSecretStore => "ClusterSecretStore",
        }
    }
}

impl SecretSettings {
    /// Whether rotate may change references to the family.
    #[must_use]
    pub fn is_managed(&self) -> bool {
        self.managed.unwrap_or(true)
    }

    /// Fills in what is not set yet from another entry.
    pub(super) fn fill(&mut self, other: &Self) {
        let (mine, theirs) = (&mut self.remote, &other.remote);
        self.managed = self.managed.or(other.managed);
        self.max_age = self.max_age.or(other.max_age);
        mine.version = mine.version.or(theirs.version);
        mine.provider = mine.provider.or(theirs.provider);
        mine.prefix = mine.prefix.take().or_else(|| theirs.prefix.clone());
        mine.store = mine.store.take().or_else(|| theirs.store.clone());
        mine.key = mine.key.take().or_else(|| theirs.key.clone());
        mine.properties = mine.properties.take().or_else(|| theirs.properties.clone());
    }
}

impl Remote {
    /// A key or a store's name with `{environment}` and `{family}` substituted.
    #[must_use]
    pub fn spell(template: &str, environment: &str, family: &str) -> String {
        template.replace("{environment}", environment).replace("{family}", family)
    }
}

#[cfg(test)]
mod tests {
    use super::Service;

    #[test]
    fn services_are_read_by_the_names_that_they_have() {
        for service in Service::ALL {
            assert_eq!(serde_yaml::from_str::<Service>(service.as_str()).unwrap(), service);
        }
    }
}
