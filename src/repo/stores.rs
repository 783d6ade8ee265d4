//! The stores that ExternalSecrets read, as far as their SecretStores are in the repository.

use crate::config::secrets::Service;
use crate::k8s::store::{self, Store};
use crate::k8s::stub::StoreRef;
use crate::kustomize::object::Object;
use crate::repo::Repo;

impl Repo {
    /// The SecretStore that an ExternalSecret of an environment and a namespace names: the environment's own, or
    /// else one of another environment.
    #[must_use]
    pub fn store(
        &self,
        environment: Option<usize>,
        named: &StoreRef,
        namespace: Option<&str>,
    ) -> Option<(Store, &Object)> {
        let is_meant = |object: &&Object| {
            object.kind() == named.kind
                && object.name() == named.name
                && (named.kind == "ClusterSecretStore"
                    || namespace.is_none()
                    || object.namespace().is_none_or(|one| Some(one) == namespace))
        };
        let (own, others): (Vec<_>, Vec<_>) =
            self.roots.iter().partition(|root| root.environment == environment);
        let objects = own.into_iter().chain(others).flat_map(|root| root.objects());
        objects.filter(is_meant).find_map(|object| Some((store::read(&object.node)?, object)))
    }
}

/// The store behind a service that `rotate.yaml` names.
#[must_use]
pub const fn of_service(service: Service) -> Store {
    match service {
        Service::AwsSecretsManager => Store::AwsSecretsManager,
        Service::AwsParameterStore => Store::AwsParameterStore,
        Service::GcpSecretManager => Store::GcpSecretManager,
        Service::AzureKeyVault => Store::AzureKeyVault,
        Service::Vault => Store::Vault,
        Service::Other => Store::Other,
    }
}
