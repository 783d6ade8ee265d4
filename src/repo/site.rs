//! A directory that is built, before the references in it are known.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::kustomize::model::build::Build;
use crate::repo::Repo;
use crate::repo::builder::{Builder, Builders, TreeListing};
use crate::repo::environment::EnvironmentId;
use crate::repo::pointer::Pointers;
use crate::repo::releases;
use crate::repo::root::{Root, RootKind, View};
use crate::text::path::TreePath;

/// A build root of a tree.
#[derive(Clone)]
pub(super) enum Site {
    /// It is known from before some files changed, and no change reaches it.
    Kept(Arc<Root>),
    /// It was built.
    New(Box<BuildSite>),
}

/// A root without its references.
#[derive(Clone)]
pub(super) struct BuildSite {
    pub(super) path: TreePath,
    pub(super) kind: RootKind,
    pub(super) environment: Option<EnvironmentId>,
    pub(super) namespace: Option<String>,
    pub(super) build: Arc<Build>,
    pub(super) pointers: Pointers,
    /// What builds it in life.
    pub(super) builders: Vec<Arc<Builder>>,
    /// How it was made by a builder.
    pub(super) view: Option<View>,
    /// The builders that its objects configure.
    pub(super) configured: Builders,
}

impl BuildSite {
    /// What kubectl makes of a directory.
    pub(super) fn new(
        path: &TreePath,
        kind: RootKind,
        environment: Option<EnvironmentId>,
        build: Arc<Build>,
    ) -> Self {
        Self {
            path: path.clone(),
            kind,
            environment,
            namespace: None,
            pointers: Pointers::default(),
            build,
            builders: Vec::new(),
            view: None,
            configured: Builders::default(),
        }
    }

    /// A root as it was before anything was looked for in its objects.
    pub(super) fn of(root: &Root) -> Self {
        Self {
            namespace: root.namespace.clone(),
            pointers: root.pointers.clone(),
            builders: root.builders.clone(),
            view: root.view.clone(),
            configured: root.configured.clone(),
            ..Self::new(&root.path, root.kind, root.environment, Arc::clone(&root.build))
        }
    }

    /// The same with the values of the releases that its objects install.
    pub(super) fn with_values(self) -> Self {
        Self { build: releases::with_values(&self.build), ..self }
    }

    /// The same with what its objects configure.
    pub(super) fn configuring(self, listing: &TreeListing<'_>) -> Self {
        let (configured, build) = Builders::of(self.build, listing);
        let pointers = Pointers::of(&build.objects, &configured);
        Self { build, pointers, configured, ..self }
    }
}

impl Site {
    pub(super) fn new(site: BuildSite) -> Self {
        Self::New(Box::new(site))
    }

    /// What was built.
    pub(super) fn build(&self) -> &Build {
        match self {
            Self::Kept(root) => &root.build,
            Self::New(site) => &site.build,
        }
    }

    /// The directories that controllers are configured to apply by its objects.
    pub(super) fn pointers(&self) -> &Pointers {
        match self {
            Self::Kept(root) => &root.pointers,
            Self::New(site) => &site.pointers,
        }
    }

    /// The directory, the kind and the environment.
    pub(super) fn key(&self) -> (&TreePath, RootKind, Option<EnvironmentId>) {
        match self {
            Self::Kept(root) => (&root.path, root.kind, root.environment),
            Self::New(site) => (&site.path, site.kind, site.environment),
        }
    }

    pub(super) fn kind(&self) -> RootKind {
        self.key().1
    }

    pub(super) fn environment(&self) -> Option<EnvironmentId> {
        self.key().2
    }

    /// The namespace of objects that set none.
    pub(super) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Kept(root) => root.namespace.as_deref(),
            Self::New(site) => site.namespace.as_deref(),
        }
    }

    /// Whether a builder made it.
    pub(super) fn is_view(&self) -> bool {
        match self {
            Self::Kept(root) => root.view.is_some(),
            Self::New(site) => site.view.is_some(),
        }
    }

    /// What it builds in life.
    pub(super) fn builders(&self) -> &[Arc<Builder>] {
        match self {
            Self::Kept(root) => &root.builders,
            Self::New(site) => &site.builders,
        }
    }

    /// The same with the builders from before that are written alike.
    pub(super) fn like(self, before: &Repo) -> Self {
        match self {
            Self::New(mut site) if !site.configured.all.is_empty() => {
                let is_it =
                    |old: &&Arc<Root>| old.kind == site.kind && old.environment == site.environment;
                let old = before.bases_at(&site.path).find(is_it);
                if let Some(old) = old.cloned() {
                    site.configured = site.configured.like(&old.configured);
                }
                Self::New(site)
            }
            other => other,
        }
    }

    /// The builders that its objects configure.
    pub(super) fn configured(&self) -> &Builders {
        match self {
            Self::Kept(root) => &root.configured,
            Self::New(site) => &site.configured,
        }
    }

    /// The build, to be shared.
    pub(super) fn shared_build(&self) -> &Arc<Build> {
        match self {
            Self::Kept(root) => &root.build,
            Self::New(site) => &site.build,
        }
    }

    /// The same root, in the namespace in which controllers put its directory, and with load restrictions unless a controller
    /// that has none builds it.
    pub(super) fn placed(self, pointers: &Pointers, unrestricted: &BTreeSet<TreePath>) -> Self {
        let namespace = pointers.namespace(self.key().0).map(str::to_owned);
        let is_restricted = !unrestricted.contains(self.key().0);
        let is_refused = is_restricted && self.build().outside.is_some();
        match self {
            // What it would point to counts all the same.
            Self::Kept(root) if is_refused => {
                let (build, pointers) = (Arc::clone(&root.build), root.pointers.clone());
                let site =
                    BuildSite::new(&root.path, root.kind, root.environment, build.restricted());
                Self::new(BuildSite { namespace, pointers, ..site })
            }
            Self::New(site) if is_refused => {
                let (build, configured) = (site.build.restricted(), Builders::default());
                Self::new(BuildSite { namespace, build, configured, ..*site })
            }
            Self::Kept(root) if root.namespace == namespace || !root.builders.is_empty() => {
                Self::Kept(root)
            }
            Self::Kept(root) => {
                let mut root = Root::clone(&root);
                root.inventory.namespace = namespace;
                Self::Kept(Arc::new(root))
            }
            Self::New(mut site) => {
                site.namespace = namespace;
                Self::New(site)
            }
        }
    }
}

/// The directories whose kustomizations may read files anywhere: those that a controller without load restrictions builds, and
/// what these include.
pub(super) fn unrestricted<'s>(
    sites: impl Iterator<Item = &'s Site> + Clone,
    pointers: &Pointers,
) -> BTreeSet<TreePath> {
    if !sites.clone().any(|site| site.build().outside.is_some()) {
        return BTreeSet::new();
    }
    let built = sites.filter(|site| pointers.is_built_by_flux(site.key().0));
    built.flat_map(|site| site.build().directories.iter().cloned()).collect()
}
