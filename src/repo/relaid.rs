//! The build roots of a changed tree, where the change leaves alone who builds what: only what it reaches is built again.

use std::collections::HashSet;
use std::sync::Arc;

use crate::kustomize::model::build::Build;
use crate::repo::Repo;
use crate::repo::bases::{Bases, Outcome};
use crate::repo::builder::{Builder, Builders, Way};
use crate::repo::laid::{Laid, built_by, like, order};
use crate::repo::loader::Loader;
use crate::repo::pointer::Pointers;
use crate::repo::root::{Root, RootKind};
use crate::repo::site::Site;
use crate::repo::views::Open;
use crate::text::path::TreePath;

/// What the views of a tree depend on besides the directories.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs {
    /// Whether a builder takes variables from ConfigMaps.
    config_maps: bool,
    /// Whether one follows from which files there are.
    listing: bool,
    /// Whether there is more than is made.
    pub(super) is_cut: bool,
}

impl Needs {
    pub(super) fn of(sites: &[Site], open: Open) -> Self {
        let mut needs = Self { config_maps: false, listing: open.to_files, is_cut: open.is_cut };
        for site in sites {
            needs.listing |= site.configured().lists_files;
            let is_listed = site.kind() == RootKind::Plain && site.is_view();
            needs.listing |= is_listed;
            for builder in site.builders() {
                needs.config_maps |=
                    matches!(&builder.way, Way::Flux(flux) if !flux.from.is_empty());
            }
        }
        needs
    }
}

/// The build roots, from those before a change; `None` if the change may have other directories built, or by others.
pub(super) fn lay(loader: &Loader<'_>, bases: &[Site], pointers: &Pointers) -> Option<Laid> {
    let (before, _) = loader.before?;
    let ground = before.ground.as_ref()?;
    let has_same_charts = Arc::ptr_eq(&loader.layout.charts, &before.layout.charts);
    if ground.needs.is_cut {
        return None;
    }
    if !has_same_charts || ground.needs.listing && !loader.lists_the_same(before) {
        return None;
    }
    let is_base = |site: &&Site| site.kind() != RootKind::Chart;
    if bases.iter().filter(is_base).count() != bases_of(before).count() {
        return None;
    }
    let mut new: HashSet<&TreePath> = HashSet::new();
    for site in bases.iter().filter(is_base) {
        if let Site::New(_) = site {
            let old = old(before, site)?;
            if !is_alike(&ground.needs, site, old) {
                return None;
            }
            new.insert(site.key().0);
        }
    }
    let again = Again { loader, bases: Bases::new(loader, bases), all: bases, needs: ground.needs };
    let sites = Vec::with_capacity(before.roots.len());
    let mut laid = Laid { sites, shadowed: Vec::new(), needs: ground.needs };
    for root in before.roots.iter().filter(|root| root.view.is_some()) {
        let is_reached = new.contains(&root.path) || root.is_own() && !loader.is_kept(root);
        laid.sites.push(if is_reached { again.view(root)? } else { Site::Kept(Arc::clone(root)) });
    }
    for site in bases {
        let (base, is_bare) = again.base(before, site, pointers)?;
        if is_bare { laid.shadowed.push(base) } else { laid.sites.push(base) }
    }
    laid.sites.sort_by(|a, b| order(a).cmp(&order(b)));
    laid.needs.listing |= again.bases.is_open();
    Some(laid)
}

/// The bases of a tree.
fn bases_of(repo: &Repo) -> impl Iterator<Item = &Arc<Root>> {
    let shadowed = repo.ground.iter().flat_map(|ground| &ground.shadowed);
    let roots = repo.roots.iter().filter(|root| root.view.is_none());
    roots.filter(|root| root.kind != RootKind::Chart).chain(shadowed)
}

/// What a base was before.
fn old<'r>(before: &'r Repo, site: &Site) -> Option<&'r Arc<Root>> {
    let is_it =
        |root: &&Arc<Root>| root.kind == site.kind() && root.environment == site.environment();
    before.bases_at(site.key().0).find(is_it)
}

/// Whether a base has a change only in what no builder depends on.
fn is_alike(needs: &Needs, site: &Site, old: &Root) -> bool {
    let has = |kind: &str, name: Option<&str>| {
        let is_it = |build: &Build| {
            let mut objects = build.objects.iter();
            objects.any(|one| one.kind() == kind && name.is_none_or(|name| one.name() == name))
        };
        is_it(site.build()) || is_it(&old.build)
    };
    is_same(site.configured(), &old.configured)
        && site.build().directories == old.build.directories
        && !has("GitRepository", None)
        && !has("ConfigMap", Some("argocd-cm"))
        && !(needs.config_maps && has("ConfigMap", None))
}

fn is_same(some: &Builders, others: &Builders) -> bool {
    let (some, others) = (&some.all, &others.all);
    some.len() == others.len() && some.iter().zip(&**others).all(|(a, b)| Arc::ptr_eq(a, b))
}

/// Whether a base is a root from before, in this namespace.
fn is_kept_in(site: &Site, namespace: Option<&str>) -> bool {
    matches!(site, Site::Kept(root) if root.namespace.as_deref() == namespace)
}

/// What is built again.
struct Again<'a> {
    loader: &'a Loader<'a>,
    bases: Bases<'a>,
    all: &'a [Site],
    needs: Needs,
}

impl Again<'_> {
    /// A root that builders made.
    fn view(&self, root: &Root) -> Option<Site> {
        if !root.is_own() {
            let base = self.same_base(root, &root.builders)?;
            let (namespace, builders) = (root.namespace.clone(), root.builders.clone());
            return Some(like(self.loader, base, root.environment, namespace, builders));
        }
        let made = self.made(root.builders.first()?, root)?;
        let Outcome::Own(site) = made else { return None };
        is_same(site.configured(), &root.configured).then_some(site)
    }

    /// A base, and whether every builder makes something else of its directory.
    fn base(&self, before: &Repo, site: &Site, pointers: &Pointers) -> Option<(Site, bool)> {
        if site.kind() == RootKind::Chart {
            return Some((site.clone(), false));
        }
        let known = match site {
            Site::Kept(root) => root,
            Site::New(_) => old(before, site)?,
        };
        if known.is_bare {
            return Some((site.clone(), true));
        }
        if let Some(builder) = known.builders.first() {
            if let Site::New(_) = site {
                self.same_base(known, &known.builders)?;
            }
            let namespace = builder.target();
            if is_kept_in(site, namespace) {
                return Some((site.clone(), false));
            }
            let namespace = namespace.map(str::to_owned);
            return Some((built_by(site.clone(), namespace, known.builders.clone()), false));
        }
        let namespace = pointers.namespace(site.key().0);
        if is_kept_in(site, namespace) {
            return Some((site.clone(), false));
        }
        Some((built_by(site.clone(), namespace.map(str::to_owned), Vec::new()), false))
    }

    /// The base that some builders still make as it is.
    fn same_base(&self, root: &Root, builders: &[Arc<Builder>]) -> Option<&Site> {
        let mut base = None;
        for builder in builders {
            let Outcome::Base(index) = self.made(builder, root)? else { return None };
            base = Some(&self.all[index]);
        }
        base
    }

    fn made(&self, builder: &Arc<Builder>, root: &Root) -> Option<Outcome> {
        // The ConfigMaps of what builders make are not at hand.
        let needs_maps = matches!(&builder.way, Way::Flux(flux) if !flux.from.is_empty());
        if self.needs.config_maps && needs_maps {
            return None;
        }
        self.bases.made_by(builder, root.environment)
    }
}
