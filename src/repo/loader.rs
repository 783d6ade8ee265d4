//! The directories that are built, and the build of each.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::builders::render::Renders;
use crate::k8s::references::field_rule::FieldRule;
use crate::kustomize::model::build::Status;
use crate::kustomize::resolver::Resolver;
use crate::repo::Repo;
use crate::repo::builder::TreeListing;
use crate::repo::environment::{Environment, EnvironmentId, claim};
use crate::repo::error::RepoError;
use crate::repo::ground::{Before, Component, Components, Ground, Ties};
use crate::repo::layout::{self, Layout};
use crate::repo::marks::{Marks, meet};
use crate::repo::plain::{self, Holding, PlainTrees, Trees};
use crate::repo::pointer::Pointers;
use crate::repo::root::{Root, RootKind};
use crate::repo::site::{BuildSite, Site, unrestricted};
use crate::repo::wiring::{self, Reads};
use crate::text::path::TreePath;
use crate::tree::Entry;
use crate::tree::memory::may_hold_manifests;
use crate::yaml::library::Library;
use crate::yaml::node::Node;

/// The trees of plain manifests.
pub(super) struct Plain {
    /// Those that hold anything.
    pub(super) sites: Vec<BuildSite>,
    /// All of them.
    pub(super) trees: Trees,
    /// What keeps them from being changed file by file.
    pub(super) ties: Ties,
    /// The directories that controllers are configured to apply by any object.
    pub(super) pointers: Pointers,
}

/// What is known before anything is built.
pub(super) struct Loader<'a> {
    pub(super) library: &'a Arc<Library>,
    pub(super) resolver: &'a Resolver,
    pub(super) environments: &'a [Environment],
    pub(super) layout: &'a Layout,
    pub(super) listing: &'a TreeListing<'a>,
    /// The fields that name a secret according to `rotate.yaml`.
    pub(super) rules: &'a [FieldRule],
    /// What renders charts, if they are to be rendered.
    pub(super) renders: Option<&'a Renders>,
    /// The repository before some files changed, and those files.
    pub(super) before: Option<(&'a Repo, &'a BTreeSet<TreePath>)>,
    /// The directories of the kustomizations among those files.
    pub(super) rewired: BTreeSet<TreePath>,
    /// Those files and those directories.
    pub(super) marks: (Marks, Marks),
}

impl Loader<'_> {
    /// Every kustomization except components, and every tree of plain manifests, by path; and what a changed tree can
    /// reuse.
    pub(super) fn everything(&self) -> (Vec<Site>, Ground) {
        let before = self.before.and_then(|(repo, changed)| {
            Some(Before { loader: self, repo, ground: repo.ground.as_ref()?, changed })
        });
        let (sites, ground) = before.as_ref().map_or_else(|| self.anew(), Before::sites);
        let (mut sites, ground) = match self.with_charts(sites, before.as_ref()) {
            Some((sites, charts)) => (sites, Ground { charts, ..ground }),
            None => {
                let (sites, ground) = self.anew();
                let found = self.with_charts(sites, None).unwrap_or_default();
                (found.0, Ground { charts: found.1, ..ground })
            }
        };
        sites.sort_by(|a, b| a.key().cmp(&b.key()));
        (sites, ground)
    }

    fn anew(&self) -> (Vec<Site>, Ground) {
        let all: Vec<(&TreePath, &TreePath)> = self.layout.kustomizations.iter().collect();
        let named = |(directory, file): &(&TreePath, &TreePath)| {
            wiring::named(self.library, self.layout, directory, file)
        };
        self.parse_ahead(&all.par_iter().map(named).collect::<Vec<_>>());
        let built: Vec<Result<BuildSite, Arc<Component>>> = all
            .par_iter()
            .map(|(directory, file)| self.site_or_component(directory, file))
            .collect();
        let (mut sites, mut components) = (Vec::new(), Components::new());
        for ((directory, _), built) in all.into_iter().zip(built) {
            match built {
                Ok(site) => sites.push(Site::new(site)),
                Err(component) => drop(components.insert(directory.clone(), component)),
            }
        }
        let loose = self.loose(sites.iter(), &components);
        let pointers = Pointers::union(sites.iter().map(Site::pointers));
        let plain = self.plain(pointers, &loose);
        sites.extend(plain.sites.into_iter().map(Site::new));
        let unrestricted = unrestricted(sites.iter(), &plain.pointers);
        let sites =
            sites.into_iter().map(|site| site.placed(&plain.pointers, &unrestricted)).collect();
        (sites, Ground::new(components, loose, plain.trees, plain.ties, plain.pointers))
    }

    /// The build of a kustomization, or what it reads as a component.
    pub(super) fn site_or_component(
        &self,
        directory: &TreePath,
        file: &TreePath,
    ) -> Result<BuildSite, Arc<Component>> {
        match self.component(directory, file) {
            Some(component) => Err(component),
            None => Ok(self.kustomization(directory).with_values().configuring(self.listing)),
        }
    }

    /// The files that neither a kustomization nor a component reads, sorted.
    pub(super) fn loose<'s>(
        &self,
        sites: impl Iterator<Item = &'s Site>,
        components: &'s Components,
    ) -> Arc<Vec<TreePath>> {
        let read = sites.flat_map(|site| &site.build().files);
        let read: HashSet<&TreePath> =
            read.chain(components.values().flat_map(|one| &one.files)).collect();
        let loose = self.layout.files.iter().filter(|file| !read.contains(*file));
        Arc::new(loose.cloned().collect())
    }

    /// Parses what the kustomizations name, the largest file first: builds that share files would
    /// wait for each other.
    fn parse_ahead(&self, named: &[Reads]) {
        let files: BTreeSet<&TreePath> = named.iter().flat_map(|reads| &reads.files).collect();
        let tree = self.library.tree();
        let read = |file: &&TreePath| tree.source(file).ok().map(|one| one.text().len());
        let manifests = files.into_iter().filter(|file| may_hold_manifests(file));
        let mut sized: Vec<(usize, &TreePath)> = manifests
            .collect::<Vec<_>>()
            .into_par_iter()
            .filter_map(|file| Some((read(&file)?, file)))
            .collect();
        sized.sort_by(|a, b| b.cmp(a));
        sized.into_par_iter().with_max_len(1).for_each(|(_, file)| drop(self.library.stream(file)));
    }

    /// The trees of plain manifests. What they hold may point to more of them.
    pub(super) fn plain(&self, mut pointers: Pointers, loose: &[TreePath]) -> Plain {
        let mut holdings: BTreeMap<TreePath, Holding> = BTreeMap::new();
        let mut ties = Ties::default();
        loop {
            let ground = PlainTrees {
                layout: self.layout,
                environments: self.environments,
                pointers: &pointers,
                loose,
            };
            let (trees, is_bounded) = ground.trees();
            ties.is_bounded = is_bounded;
            let all = trees.values().flatten();
            let new: Vec<TreePath> =
                all.filter(|file| !holdings.contains_key(*file)).cloned().collect();
            if new.is_empty() {
                let site = |((path, environment), files): (&(TreePath, _), &Vec<TreePath>)| {
                    let held = files.iter().filter_map(|file| holdings.remove(file)).collect();
                    self.tree(path, *environment, files, held)
                };
                let sites = trees.iter().filter_map(site).collect();
                return Plain { sites, trees, ties, pointers };
            }
            let (read, has_links) = plain::read(self.library, &new);
            ties.has_links |= has_links;
            for (file, holding) in new.iter().zip(read) {
                holding.iter().flatten().for_each(|object| pointers.read(object, self.listing));
                holdings.insert(file.clone(), holding);
            }
        }
    }

    /// A tree of plain manifests, unless it holds none.
    pub(super) fn tree(
        &self,
        path: &TreePath,
        environment: Option<EnvironmentId>,
        files: &[TreePath],
        held: Vec<Holding>,
    ) -> Option<BuildSite> {
        let build = plain::build(path, files, held);
        let is_held = !build.files.is_empty();
        is_held.then(|| {
            let site = BuildSite::new(path, RootKind::Plain, environment, build);
            site.with_values().configuring(self.listing)
        })
    }

    /// A tree of plain manifests, or the root from before if that read the same files and none of them changed.
    pub(super) fn same(&self, site: BuildSite) -> Site {
        let Some((before, changed)) = self.before else { return Site::new(site) };
        if site.configured.lists_files && !self.lists_the_same(before) {
            return Site::new(site);
        }
        let same = |old: &&Arc<Root>| {
            old.kind == RootKind::Plain
                && old.environment == site.environment
                && old.files() == &site.build.files
        };
        let old = before.bases_at(&site.path).find(same);
        match old.filter(|old| !meet(changed, old.files())) {
            Some(old) => Site::Kept(Arc::clone(old)),
            None => Site::new(site),
        }
    }

    pub(super) fn kustomization(&self, directory: &TreePath) -> BuildSite {
        let build = self.with_helm_charts(self.resolver.build(directory));
        let environment = claim(self.environments, directory).map(|claim| claim.environment);
        BuildSite::new(directory, RootKind::Kustomize, environment, build)
    }

    /// Whether a tree has the same files as this one.
    pub(super) fn lists_the_same(&self, other: &Repo) -> bool {
        let (here, there) = (self.layout, &other.layout);
        Arc::ptr_eq(&here.files, &there.files)
            && Arc::ptr_eq(&here.kustomizations, &there.kustomizations)
    }

    /// Whether no change can reach the build of a root.
    pub(super) fn is_kept(&self, old: &Root) -> bool {
        let Some((before, changed)) = self.before else { return false };
        if old.configured.lists_files && !self.lists_the_same(before) {
            return false;
        }
        // A failed build may have lacked a file that exists now.
        old.status() != Status::Failed && !self.touches(old, changed)
    }

    /// Whether one of the changed files is read by a root, or may be found where it looks for a kustomization.
    fn touches(&self, old: &Root, changed: &BTreeSet<TreePath>) -> bool {
        let (files, directories) =
            *old.facts.marks.get_or_init(|| (Marks::of(old.files()), Marks::of(old.directories())));
        files.may_meet(self.marks.0) && meet(changed, old.files())
            || directories.may_meet(self.marks.1) && meet(&self.rewired, old.directories())
    }

    /// What a kustomization reads as a component, if it is one.
    fn component(&self, directory: &TreePath, file: &TreePath) -> Option<Arc<Component>> {
        let (real, _) = self.library.tree().entry(file).ok()?;
        let stream = self.library.stream(&real).ok()?;
        let kind = |root: &Node| root.get("kind").and_then(Node::str) == Some("Component");
        stream.documents.iter().any(|one| kind(&one.root)).then(|| {
            let files = wiring::named(self.library, self.layout, directory, file).files;
            Arc::new(Component { file: real, files })
        })
    }

    /// These directories, each as a build root, by path.
    pub(super) fn directories(&self, directories: &[TreePath]) -> Result<Vec<Site>, RepoError> {
        let unique: BTreeSet<&TreePath> = directories.iter().collect();
        let unique: Vec<&TreePath> = unique.into_iter().collect();
        unique.into_par_iter().map(|directory| self.directory(directory)).collect()
    }

    fn directory(&self, directory: &TreePath) -> Result<Site, RepoError> {
        match self.library.tree().entry(directory) {
            Ok((_, Entry::Directory)) => {}
            _ => return Err(RepoError::NoDirectory { path: directory.clone() }),
        }
        // A directory named explicitly may be ignored by Git.
        if layout::kustomization_in(self.library.tree(), directory).is_some() {
            let old = self.before.and_then(|(before, _)| before.bases_at(directory).next());
            let old = old.filter(|old| old.kind == RootKind::Kustomize && self.is_kept(old));
            return Ok(match old {
                Some(old) => Site::Kept(Arc::clone(old)),
                None => {
                    let site = self.kustomization(directory);
                    Site::new(BuildSite { build: site.build.restricted(), ..site }.with_values())
                }
            });
        }
        let mine = |file: &&TreePath| {
            let nearest = self.layout.kustomization_above(&file.parent());
            file.is_within(directory) && nearest.is_none_or(|at| directory.is_within(at))
        };
        let files: Vec<TreePath> = self.layout.files.iter().filter(mine).cloned().collect();
        let (held, _) = plain::read(self.library, &files);
        let build = plain::build(directory, &files, held);
        let environment = claim(self.environments, directory).map(|claim| claim.environment);
        Ok(self.same(BuildSite::new(directory, RootKind::Plain, environment, build).with_values()))
    }
}
