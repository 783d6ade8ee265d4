//! Every versioned secret that the environments of a repository make, to be held against another revision.

use std::collections::BTreeMap;

use crate::k8s::secret_name::split;
use crate::kustomize::model::object::Object;
use crate::lint::judge::deployed;
use crate::repo::Repo;
use crate::repo::inventory::Provider;
use crate::repo::root::Root;

/// A versioned secret by environment, namespace and name.
pub(super) type Key = (String, Option<String>, String);

/// What makes a versioned secret.
#[derive(Clone, Copy)]
pub(super) struct Maker<'r> {
    pub(super) root: &'r Root,
    pub(super) provider: &'r Provider,
}

impl<'r> Maker<'r> {
    pub(super) fn object(&self) -> &'r Object {
        self.root.object_that_provides(self.provider)
    }

    /// The family and the digits.
    pub(super) fn version(&self) -> (&'r str, &'r str) {
        split(self.provider.secret()).unwrap_or((self.provider.secret(), ""))
    }
}

/// Every versioned secret that objects of these environments make; where several clusters have it, the first.
pub(super) fn makers(repo: &Repo) -> BTreeMap<Key, Maker<'_>> {
    let mut makers = BTreeMap::new();
    for (root, environment) in deployed(repo) {
        let Some(environment) = environment else { continue };
        for provider in root.providers.iter().filter(|one| split(one.secret()).is_some()) {
            let namespace = root.namespace_of_provider(provider).map(str::to_owned);
            let key = (environment.to_owned(), namespace, provider.secret().to_owned());
            makers.entry(key).or_insert(Maker { root, provider });
        }
    }
    makers
}
