//! The documents that create the secrets of a family.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::secret_name::{Version, split};
use crate::kustomize::model::object::Object;
use crate::repo::Repo;
use crate::repo::deployed::deployed;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::Provider;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::text::source::Place;

/// A document that creates a versioned secret, in every root that includes it.
pub(in crate::plan) struct Document<'r> {
    pub(in crate::plan) secret: &'r str,
    pub(in crate::plan) version: &'r str,
    /// Where it is written; `None` if it is not written in any file.
    pub(in crate::plan) place: Option<Place>,
    /// Every object built from it, in every root.
    pub(in crate::plan) makers: Vec<Maker<'r>>,
}

/// An object that creates a secret.
#[derive(Clone, Copy)]
pub(in crate::plan) struct Maker<'r> {
    /// The root: an index into the repository's roots.
    pub(in crate::plan) index: usize,
    pub(in crate::plan) root: &'r Root,
    pub(in crate::plan) provider: &'r Provider,
    /// Whether the root is deployed, rather than only included.
    pub(in crate::plan) is_deployed: bool,
}

impl<'r> Maker<'r> {
    pub(in crate::plan) fn object(&self) -> &'r Object {
        self.root.object_that_provides(self.provider)
    }

    pub(in crate::plan) fn namespace(&self) -> Option<&'r str> {
        self.root.namespace_of_provider(self.provider)
    }

    fn place(&self) -> Option<Place> {
        self.object().node.origin.as_ref().map(Place::near_in_file)
    }
}

/// What identifies a document.
type Key<'r> = (Option<(TreePath, usize)>, &'r str);

fn key<'r>(maker: &Maker<'r>) -> Key<'r> {
    let place = maker.place().map(|place| (place.source.path().clone(), place.span().start));
    (place, maker.provider.secret())
}

/// The documents that create versioned secrets of a family in an environment, by version and place.
pub(in crate::plan) fn documents<'r>(
    repo: &'r Repo,
    environment: EnvironmentId,
    family: &str,
) -> Vec<Document<'r>> {
    let live: BTreeSet<*const Root> =
        deployed(repo).map(|(root, _)| std::ptr::from_ref(root)).collect();
    let mut all: BTreeMap<Key<'r>, Document<'r>> = BTreeMap::new();
    for (index, root) in repo.roots.iter().enumerate() {
        let root: &Root = root;
        for provider in &root.providers {
            let Some((_, version)) = split(provider.secret())
                .filter(|(own, digits)| *own == family && Version::new(digits).is_some())
            else {
                continue;
            };
            let is_deployed = live.contains(&std::ptr::from_ref(root));
            let maker = Maker { index, root, provider, is_deployed };
            let document = all.entry(key(&maker)).or_insert_with(|| Document {
                secret: provider.secret(),
                version,
                place: maker.place(),
                makers: Vec::new(),
            });
            document.makers.push(maker);
        }
    }
    let mut documents: Vec<Document<'r>> = all.into_values().collect();
    documents.retain(|one| one.environments(repo).contains(&environment));
    // A stable sort keeps the places in order.
    documents.sort_by(|a, b| a.version.cmp(b.version));
    documents
}

impl Document<'_> {
    /// The environments that reach it; a deployed root without an environment counts for all of them.
    pub(in crate::plan) fn environments(&self, repo: &Repo) -> BTreeSet<EnvironmentId> {
        let live = || self.makers.iter().filter(|maker| maker.is_deployed);
        if live().any(|maker| maker.root.environment.is_none()) {
            return repo.environments.ids().collect();
        }
        live().filter_map(|maker| maker.root.environment).collect()
    }

    /// The namespace in which it creates the secret, if Git sets one.
    pub(in crate::plan) fn namespace(&self) -> Option<&str> {
        self.makers.iter().find(|maker| maker.is_deployed)?.namespace()
    }

    /// Whether it is an ExternalSecret.
    pub(in crate::plan) fn is_stub(&self) -> bool {
        self.makers.iter().all(|maker| maker.provider.provided.row == "external-secret")
    }
}
