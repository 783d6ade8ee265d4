//! The build roots as controllers build them: a root for each builder that makes something else of a directory than the
//! others do.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::builders::argo;
use crate::builders::flux::FluxKustomization;
use crate::builders::substitute::Variables;
use crate::kustomize::model::build::Build;
use crate::repo::builder::{Builder, Way};
use crate::repo::environment::{EnvironmentId, claim, of_name};
use crate::repo::loader::Loader;
use crate::repo::ours::Ours;
use crate::repo::plain;
use crate::repo::root::{Root, RootKind, View};
use crate::repo::site::{BuildSite, Site};
use crate::repo::variables::ConfigMaps;
use crate::text::path::TreePath;
use crate::tree::Entry;

/// At most so many views are made.
const MOST: usize = 20_000;

/// What a builder makes of a directory.
pub(super) struct Made {
    pub(super) builder: Arc<Builder>,
    pub(super) environment: Option<EnvironmentId>,
    pub(super) result: Outcome,
}

/// What comes of a build.
pub(super) enum Outcome {
    /// The same as one of the bases.
    Base(usize),
    /// Something else.
    Own(Site),
}

/// A directory, its builder and the environment that it is built for.
type Key = (TreePath, (&'static str, Option<String>, String), Option<EnvironmentId>);

/// Who builds what.
struct Graph<'a> {
    loader: &'a Loader<'a>,
    bases: &'a [Site],
    /// The bases of each directory.
    by_path: BTreeMap<&'a TreePath, Vec<usize>>,
    ours: Ours,
    config_maps: ConfigMaps,
    made: Vec<Made>,
    seen: BTreeSet<Key>,
    /// The directories of which a view was made, with all that they include.
    reached: HashSet<TreePath>,
    queue: Vec<(Arc<Builder>, Option<EnvironmentId>)>,
}

/// What every builder makes of its directory. `bases`: what kubectl makes of each, and the trees of plain manifests.
pub(super) fn made(loader: &Loader<'_>, bases: &[Site]) -> Vec<Made> {
    if bases.iter().all(|site| site.configured().all.is_empty()) {
        return Vec::new();
    }
    let mut by_path: BTreeMap<&TreePath, Vec<usize>> = BTreeMap::new();
    let mut config_maps = ConfigMaps::default();
    for (index, site) in bases.iter().enumerate() {
        by_path.entry(site.key().0).or_default().push(index);
        config_maps.add(site.shared_build(), site.key().1, site.namespace());
    }
    let builders: Vec<&Builder> =
        bases.iter().flat_map(|site| &*site.configured().all).map(|one| &**one).collect();
    let objects = bases.iter().flat_map(|site| &*site.build().objects);
    let is_there = |path: &TreePath| by_path.contains_key(path) || is_directory(loader, path);
    let ours = Ours::new(objects, &builders, is_there);
    let mut graph = Graph {
        loader,
        bases,
        by_path,
        ours,
        config_maps,
        made: Vec::new(),
        seen: BTreeSet::new(),
        reached: HashSet::new(),
        queue: Vec::new(),
    };
    graph.follow(&builders);
    graph.made
}

fn is_directory(loader: &Loader<'_>, path: &TreePath) -> bool {
    matches!(loader.library.tree().entry(path), Ok((_, Entry::Directory)))
}

impl<'a> Graph<'a> {
    /// Makes the views, from what nothing builds down the chains of what builders configure.
    fn follow(&mut self, builders: &[&Builder]) {
        let ours = builders.iter().filter(|builder| self.ours.has(builder));
        let pointed: BTreeSet<&TreePath> = ours.map(|builder| &builder.directory).collect();
        let covered = self.covered(&pointed);
        let included = self.included();
        let bases = self.bases;
        let is_deployed = |site: &Site| {
            let (path, environment) = site.key();
            environment.is_some() || !included.contains(path)
        };
        let sources: Vec<&Site> = bases
            .iter()
            .filter(|site| !site.configured().all.is_empty() && is_deployed(site))
            .collect();
        // The builders that nothing in Git builds come first, and then those that build themselves.
        let ranks: [&dyn Fn(&TreePath) -> bool; 3] = [
            &|path| !pointed.contains(path) && !covered.contains(path),
            &|path| !pointed.contains(path),
            &|_| true,
        ];
        for (rank, is_in) in ranks.iter().enumerate() {
            for site in &sources {
                let (path, environment) = site.key();
                if !is_in(path) || rank > 0 && self.reached.contains(path) {
                    continue;
                }
                self.reached.insert(path.clone());
                self.enqueue(&site.configured().all, environment);
                self.drain();
            }
        }
    }

    /// What is built as a part of the directories that builders build.
    fn covered(&self, pointed: &BTreeSet<&TreePath>) -> HashSet<&'a TreePath> {
        let mut covered = HashSet::new();
        for directory in pointed {
            let bases = self.bases_at(directory);
            let kustomization = bases.iter().find(|base| base.kind() == RootKind::Kustomize);
            match kustomization {
                Some(base) => {
                    covered.extend(base.build().directories.iter().filter(|at| at != directory))
                }
                None => {
                    covered.extend(self.below(directory));
                }
            }
        }
        covered
    }

    /// The directories that kustomizations of others include.
    fn included(&self) -> HashSet<&'a TreePath> {
        let of = |site: &'a Site| site.build().directories.iter().filter(|at| *at != site.key().0);
        self.bases.iter().flat_map(of).collect()
    }

    fn bases_at(&self, directory: &TreePath) -> Vec<&'a Site> {
        let all = self.by_path.get(directory).into_iter().flatten();
        all.map(|&index| &self.bases[index]).collect()
    }

    fn enqueue(&mut self, builders: &[Arc<Builder>], environment: Option<EnvironmentId>) {
        let all = builders.iter().map(|builder| (Arc::clone(builder), environment));
        self.queue.extend(all.collect::<Vec<_>>().into_iter().rev());
    }

    fn drain(&mut self) {
        while let Some((builder, environment)) = self.queue.pop() {
            if self.made.len() < MOST && self.ours.has(&builder) {
                self.build(builder, environment);
            }
        }
    }

    /// What a builder makes, whose own object belongs to an environment.
    fn build(&mut self, builder: Arc<Builder>, of_object: Option<EnvironmentId>) {
        let directory = &builder.directory;
        if !self.by_path.contains_key(directory) && !is_directory(self.loader, directory) {
            return;
        }
        let named = match &builder.way {
            Way::Argo { cluster, .. } => {
                let environments = self.loader.environments;
                let cluster = cluster.as_deref().and_then(|name| of_name(environments, name));
                of_name(environments, &builder.name).or(cluster)
            }
            Way::Flux(_) => None,
        };
        let claimed = || claim(self.loader.environments, directory).map(|one| one.environment);
        let environment = named.or(of_object).or_else(claimed);
        let (kind, namespace, name) = builder.key();
        let key = (kind, namespace.map(str::to_owned), name.to_owned());
        if !self.seen.insert((directory.clone(), key, environment)) {
            return;
        }
        let result = match &builder.way {
            Way::Flux(flux) => self.flux(&builder, flux, environment),
            Way::Argo { source, .. } => self.argo(&builder, source, environment),
        };
        let Some(result) = result else { return };
        let site = match &result {
            Outcome::Base(index) => &self.bases[*index],
            Outcome::Own(site) => site,
        };
        let configured = site.configured().clone();
        self.reached.insert(directory.clone());
        self.reached.extend(site.build().directories.iter().cloned());
        if let Outcome::Own(site) = &result {
            self.config_maps.add(site.shared_build(), environment, builder.target());
        }
        self.made.push(Made { builder, environment, result });
        self.enqueue(&configured.all, environment);
    }

    fn kustomization_at(&self, directory: &TreePath) -> Option<usize> {
        let all = self.by_path.get(directory).into_iter().flatten();
        all.copied().find(|&index| self.bases[index].kind() == RootKind::Kustomize)
    }

    /// What kubectl makes of a directory without load restrictions.
    fn unrestricted(&self, base: usize) -> Arc<Build> {
        let build = self.bases[base].shared_build();
        match &build.outside {
            Some(_) => self.loader.resolver.build(&build.path),
            None => Arc::clone(build),
        }
    }

    /// The directories below another that are built by themselves.
    fn below<'d>(&'d self, directory: &'d TreePath) -> impl Iterator<Item = &'a TreePath> + 'd {
        let all = self.by_path.range::<TreePath, _>(directory.child("")..);
        let all = all.map(|(at, _)| *at).take_while(|at| at.is_within(directory));
        all.filter(move |at| *at != directory)
    }

    /// The only tree of plain manifests in a directory, if nothing below it is built by itself.
    fn plain_at(&self, directory: &TreePath) -> Option<usize> {
        let [index] = self.by_path.get(directory)?[..] else { return None };
        let is_alone = self.below(directory).next().is_none();
        (is_alone && self.bases[index].kind() == RootKind::Plain).then_some(index)
    }

    fn flux(
        &self,
        builder: &Arc<Builder>,
        flux: &FluxKustomization,
        environment: Option<EnvironmentId>,
    ) -> Option<Outcome> {
        let directory = &builder.directory;
        let namespace = flux.namespace.as_deref();
        let given = self.config_maps.variables(&flux.from, namespace, environment);
        let (resolver, kustomization) = (self.loader.resolver, self.kustomization_at(directory));
        let own = kustomization.map(|index| self.unrestricted(index));
        if let Some(old) = self.kept(builder, environment, own.as_ref(), &given) {
            return Some(Outcome::Own(old));
        }
        let (index, built) = match (kustomization, &own) {
            (Some(index), Some(own)) => (Some(index), flux.build_beside(resolver, own, &given)),
            _ => match self.plain_at(directory) {
                Some(index) => {
                    let own = self.bases[index].build();
                    (Some(index), flux.build_beside(resolver, own, &given))
                }
                None => (None, Some(flux.build(resolver, &given))),
            },
        };
        let Some(built) = built else { return index.map(Outcome::Base) };
        if own.is_none() && built.status == crate::kustomize::model::build::Status::Failed {
            // A `.sourceignore` or the source itself may leave out what does not belong there.
            return self.by_path.get(directory).map(|all| Outcome::Base(all[0]));
        }
        Some(Outcome::Own(self.site(builder, environment, built, own, given)))
    }

    fn argo(
        &self,
        builder: &Arc<Builder>,
        source: &argo::Source,
        environment: Option<EnvironmentId>,
    ) -> Option<Outcome> {
        let (directory, loader) = (&builder.directory, self.loader);
        let given = Variables::default();
        if let Some(index) = self.kustomization_at(directory) {
            if source.overrides.is_empty() {
                return Some(Outcome::Base(index));
            }
            let own = self.unrestricted(index);
            if let Some(old) = self.kept(builder, environment, Some(&own), &given) {
                return Some(Outcome::Own(old));
            }
            let built = loader.resolver.build_with(directory, &source.overrides);
            let built = Arc::unwrap_or_clone(Arc::new(built).restricted());
            return Some(Outcome::Own(self.site(builder, environment, built, Some(own), given)));
        }
        if loader.layout.charts.contains(directory) {
            return None;
        }
        let all: Vec<TreePath> = loader.layout.files_below(directory).cloned().collect();
        let files: Vec<TreePath> =
            all.iter().filter(|file| source.takes(directory, file)).cloned().collect();
        if let Some(index) = self.plain_at(directory).filter(|_| files.len() == all.len()) {
            return Some(Outcome::Base(index));
        }
        let (held, _) = plain::read(loader.library, &files);
        let built = plain::build(directory, &files, held);
        let bases = self.by_path.get(directory).into_iter().flatten().copied();
        let same = bases.into_iter().find(|&index| self.bases[index].build().files == built.files);
        if let Some(index) = same {
            return Some(Outcome::Base(index));
        }
        if built.files.is_empty() {
            return None;
        }
        let built = Arc::unwrap_or_clone(built);
        Some(Outcome::Own(self.site(builder, environment, built, None, given)))
    }

    /// The same view from before some files changed, if no change can reach it.
    fn kept(
        &self,
        builder: &Arc<Builder>,
        environment: Option<EnvironmentId>,
        own: Option<&Arc<Build>>,
        given: &Variables,
    ) -> Option<Site> {
        let (before, changed) = self.loader.before?;
        let directory = &builder.directory;
        let is_it = |root: &&Arc<Root>| {
            let Some(view) = &root.view else { return false };
            let is_same_base = match (&view.base, own) {
                (Some(old), Some(own)) => Arc::ptr_eq(old, own),
                // A file more is a resource more.
                (None, None) => {
                    self.loader.lists_the_same(before)
                        && !changed.iter().any(|file| file.is_within(directory))
                }
                _ => false,
            };
            is_same_base
                && root.environment == environment
                && root.builders.first().is_some_and(|one| Arc::ptr_eq(one, builder))
                && view.given.same(given)
        };
        let old = before.roots_at(directory).iter().find(is_it)?;
        self.loader.is_kept(old).then(|| Site::Kept(Arc::clone(old)))
    }

    fn site(
        &self,
        builder: &Arc<Builder>,
        environment: Option<EnvironmentId>,
        mut build: Build,
        base: Option<Arc<Build>>,
        given: Variables,
    ) -> Site {
        let directory = &builder.directory;
        build.files.extend(builder.file());
        let is_kustomization = self.loader.layout.kustomizations.contains_key(directory);
        let kind = if is_kustomization { RootKind::Kustomize } else { RootKind::Plain };
        let site = BuildSite::new(directory, kind, environment, Arc::new(build));
        let mut site = site.configuring(self.loader.listing);
        site.namespace = builder.target().map(str::to_owned);
        site.builders = vec![Arc::clone(builder)];
        site.view = Some(View { base, given });
        let before = self.loader.before.map(|(before, _)| before.roots_at(directory));
        let is_old = |root: &&Arc<Root>| {
            root.view.is_some()
                && root.environment == environment
                && root.builders.first().is_some_and(|one| one.key() == builder.key())
        };
        if let Some(old) = before.into_iter().flatten().find(is_old) {
            site.configured = site.configured.like(&old.configured);
        }
        Site::new(site)
    }
}
