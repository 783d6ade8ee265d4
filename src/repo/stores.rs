//! The stores that ExternalSecrets read, if their SecretStores are in the repository.

use crate::config::secrets::Service;
use crate::k8s::backend::Backend;
use crate::k8s::store::Store;
use crate::k8s::stub::StoreRef;
use crate::kustomize::model::object::Object;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;

/// Every SecretStore of a repository.
pub struct Stores<'r>(Vec<Known<'r>>);

struct Known<'r> {
    environment: Option<EnvironmentId>,
    object: &'r Object,
    store: Store,
}

impl Repo {
    /// The SecretStores that are in the repository.
    #[must_use]
    pub fn stores(&self) -> Stores<'_> {
        let known = self.roots.iter().flat_map(|root| {
            let known = root.facts.stores.get_or_init(|| {
                let objects = root.objects().iter().enumerate();
                objects.filter_map(|(at, object)| Some((at, Store::read(&object.node)?))).collect()
            });
            known.iter().map(|(object, store)| Known {
                environment: root.environment,
                object: &root.objects()[*object],
                store: *store,
            })
        });
        Stores(known.collect())
    }
}

impl<'r> Stores<'r> {
    /// The store that an ExternalSecret of an environment and a namespace names: the environment's own, or else one
    /// of another environment.
    #[must_use]
    pub fn find(
        &self,
        environment: Option<EnvironmentId>,
        named: &StoreRef,
        namespace: Option<&str>,
    ) -> Option<(Store, &'r Object)> {
        let is_meant = |known: &&Known<'_>| {
            let object = known.object;
            object.kind() == named.kind
                && object.name() == named.name
                && (named.kind == "ClusterSecretStore"
                    || namespace.is_none()
                    || object.namespace().is_none_or(|one| Some(one) == namespace))
        };
        let mut meant = self.0.iter().filter(is_meant);
        let first = meant.clone().next()?;
        let own = meant.find(|known| known.environment == environment);
        own.or(Some(first)).map(|known| (known.store, known.object))
    }

    /// Where a store reads from: according to the store in the repository, or else the service named in `rotate.yaml`.
    #[must_use]
    pub fn backend(
        &self,
        environment: Option<EnvironmentId>,
        named: Option<&StoreRef>,
        namespace: Option<&str>,
        service: Option<Service>,
    ) -> Option<Backend> {
        let found = named.and_then(|named| self.find(environment, named, namespace));
        let read = found.and_then(|(_, object)| Backend::read(&object.node));
        read.or_else(|| Some(Backend::of(of_service(service?))))
    }
}

/// The store behind a service that `rotate.yaml` names.
#[must_use]
pub fn of_service(service: Service) -> Store {
    Store::of_setting(service.as_str()).unwrap_or(Store::OTHER)
}

#[cfg(test)]
mod tests {
    use super::of_service;
    use crate::config::secrets::Service;
    use crate::k8s::store::Store;

    #[test]
    fn every_service_is_a_store() {
        for service in Service::ALL {
            let store = Store::of_setting(service.as_str());
            assert_eq!(store, Some(of_service(service)), "{}", service.as_str());
        }
    }
}
