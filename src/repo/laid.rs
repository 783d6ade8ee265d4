//! The build roots of a tree: what controllers make of each directory, and what kubectl makes of the others.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::repo::bases::Outcome;
use crate::repo::builder::{Builder, BuilderKey};
use crate::repo::environment::EnvironmentId;
use crate::repo::loader::Loader;
use crate::repo::pointer::Pointers;
use crate::repo::relaid::{self, Needs};
use crate::repo::root::{Root, RootKind, View};
use crate::repo::site::{BuildSite, Site};
use crate::repo::views::{self, Made};
use crate::text::path::TreePath;

/// The build roots of a tree.
pub(super) struct Laid {
    /// All that is built.
    pub(super) sites: Vec<Site>,
    /// What kubectl makes of directories of which every controller makes something else, by path.
    pub(super) shadowed: Vec<Site>,
    pub(super) needs: Needs,
}

/// What several builders make alike: of which base, for which environment, in which namespace.
type Alike = (usize, Option<EnvironmentId>, Option<String>);

/// Lays what controllers make over what kubectl makes.
pub(super) fn lay(loader: &Loader<'_>, bases: Vec<Site>, pointers: &Pointers) -> Laid {
    let bases: Vec<Site> = match loader.before {
        Some((before, _)) => bases.into_iter().map(|site| site.like(before)).collect(),
        None => bases,
    };
    if let Some(laid) = relaid::lay(loader, &bases, pointers) {
        return laid;
    }
    let (made, open) = views::made(loader, &bases);
    let mut alike: BTreeMap<Alike, Vec<Arc<Builder>>> = BTreeMap::new();
    let mut sites: Vec<Site> = Vec::new();
    let (mut directories, mut files) = (HashSet::new(), HashSet::new());
    for Made { builder, environment, result } in made {
        directories.insert(builder.directory.clone());
        match result {
            Outcome::Own(site) => {
                if site.kind() == RootKind::Plain {
                    let own = site.build().files.iter();
                    files.extend(own.filter(|file| file.is_within(&builder.directory)).cloned());
                }
                sites.push(site);
            }
            Outcome::Base(index) => {
                let namespace = builder.target().map(str::to_owned);
                alike.entry((index, environment, namespace)).or_default().push(builder);
            }
        }
    }
    let mut elsewhere = HashSet::new();
    let mut as_they_are: BTreeMap<usize, (Option<String>, Vec<Arc<Builder>>)> = BTreeMap::new();
    for ((index, environment, namespace), builders) in alike {
        let base = &bases[index];
        if environment == base.environment() && !as_they_are.contains_key(&index) {
            as_they_are.insert(index, (namespace, builders));
        } else {
            elsewhere.insert(index);
            sites.push(like(loader, base, environment, namespace, builders));
        }
    }
    let mut shadowed = Vec::new();
    for (index, base) in bases.into_iter().enumerate() {
        // What installs a chart is known with it.
        if base.kind() == RootKind::Chart {
            sites.push(base);
            continue;
        }
        let is_hidden = if base.kind() == RootKind::Kustomize {
            directories.contains(base.key().0)
        } else {
            elsewhere.contains(&index) || is_read(&base, &files)
        };
        match as_they_are.remove(&index) {
            Some((namespace, builders)) => sites.push(built_by(base, namespace, builders)),
            None if is_hidden => shadowed.push(base),
            None => sites.push(built_by_none(base, pointers)),
        }
    }
    in_order(&mut sites);
    shadowed.sort_by(|a, b| a.key().cmp(&b.key()));
    let needs = Needs::of(&sites, open);
    Laid { sites, shadowed, needs }
}

/// Sorts build roots.
pub(super) fn in_order(sites: &mut [Site]) {
    sites.sort_by(|a, b| order(a).cmp(&order(b)));
}

/// What build roots are sorted by.
pub(super) type Order<'s> = (&'s TreePath, Option<EnvironmentId>, Option<BuilderKey<'s>>);

pub(super) fn order(site: &Site) -> Order<'_> {
    let (path, environment) = (site.key().0, site.environment());
    (path, environment, site.builders().first().map(|builder| builder.key()))
}

/// Whether all that a tree holds is among some files.
fn is_read(base: &Site, files: &HashSet<TreePath>) -> bool {
    base.build().files.iter().all(|file| files.contains(file))
}

/// A base as builders make it, in an environment and a namespace of theirs.
pub(super) fn like(
    loader: &Loader<'_>,
    base: &Site,
    environment: Option<EnvironmentId>,
    namespace: Option<String>,
    builders: Vec<Arc<Builder>>,
) -> Site {
    let build = base.shared_build();
    let is_it = |root: &&Arc<Root>| {
        root.view.is_some()
            && Arc::ptr_eq(&root.build, build)
            && root.environment == environment
            && root.namespace == namespace
            && same(&root.builders, &builders)
    };
    let before = loader.before.map(|(before, _)| before.roots_at(base.key().0));
    if let Some(old) = before.into_iter().flatten().find(is_it) {
        return Site::Kept(Arc::clone(old));
    }
    Site::new(BuildSite {
        namespace,
        builders,
        pointers: base.pointers().clone(),
        view: Some(View { base: Some(Arc::clone(build)), given: Default::default() }),
        configured: base.configured().clone(),
        ..BuildSite::new(base.key().0, base.kind(), environment, Arc::clone(build))
    })
}

/// A base that builders make as it is.
pub(super) fn built_by(base: Site, namespace: Option<String>, builders: Vec<Arc<Builder>>) -> Site {
    match base {
        Site::Kept(root) if root.namespace == namespace && same(&root.builders, &builders) => {
            Site::Kept(root)
        }
        Site::Kept(root) => {
            let mut root = Root::clone(&root);
            root.inventory.namespace = namespace;
            root.builders = builders;
            Site::Kept(Arc::new(root))
        }
        Site::New(site) => Site::new(BuildSite { namespace, builders, ..*site }),
    }
}

/// A base that no builder makes.
fn built_by_none(base: Site, pointers: &Pointers) -> Site {
    let namespace = pointers.namespace(base.key().0).map(str::to_owned);
    built_by(base, namespace, Vec::new())
}

fn same(some: &[Arc<Builder>], others: &[Arc<Builder>]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(a, b)| Arc::ptr_eq(a, b))
}
