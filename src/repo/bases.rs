//! What builders make of a directory, beside what kubectl makes of it.

use std::cell::{Cell, OnceCell};
use std::ops::Range;
use std::sync::Arc;

use crate::builders::argo;
use crate::builders::flux::FluxKustomization;
use crate::builders::substitute::Variables;
use crate::k8s::values::is_values;
use crate::kustomize::model::build::{Build, Status};
use crate::kustomize::model::object::Object;
use crate::repo::builder::{Builder, Way};
use crate::repo::environment::EnvironmentId;
use crate::repo::loader::Loader;
use crate::repo::plain;
use crate::repo::root::{Root, RootKind, View};
use crate::repo::site::{BuildSite, Site};
use crate::repo::variables::ConfigMaps;
use crate::text::path::TreePath;
use crate::tree::Entry;

/// What a builder makes of a directory.
pub(super) enum Outcome {
    /// The same as one of the bases.
    Base(usize),
    /// Something else.
    Own(Site),
}

/// What kubectl makes of each directory, and the trees of plain manifests.
pub(super) struct Bases<'a> {
    loader: &'a Loader<'a>,
    /// Sorted by path, with the charts among them.
    all: &'a [Site],
    /// The ConfigMaps in them.
    config_maps: OnceCell<ConfigMaps>,
    /// Those in what builders make.
    made_maps: ConfigMaps,
    /// Whether a builder may make something else once there are other files.
    is_open: Cell<bool>,
}

impl<'a> Bases<'a> {
    pub(super) fn new(loader: &'a Loader<'a>, all: &'a [Site]) -> Self {
        let made_maps = ConfigMaps::default();
        let (config_maps, is_open) = (OnceCell::new(), Cell::new(false));
        Self { loader, all, config_maps, made_maps, is_open }
    }

    /// Whether a builder may make something else of its directory once there are other files in it.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open.get()
    }

    /// Adds the ConfigMaps of what a builder makes.
    pub(super) fn note(&mut self, site: &Site, namespace: Option<&str>) {
        self.made_maps.add(site.shared_build(), site.environment(), namespace);
    }

    fn config_maps(&self) -> &ConfigMaps {
        self.config_maps.get_or_init(|| {
            let mut maps = ConfigMaps::default();
            for site in self.all.iter().filter(|site| site.kind() != RootKind::Chart) {
                maps.add(site.shared_build(), site.environment(), site.namespace());
            }
            maps
        })
    }

    /// The variables that a `Kustomization` takes from elsewhere.
    fn given(&self, flux: &FluxKustomization, environment: Option<EnvironmentId>) -> Variables {
        if flux.from.is_empty() {
            return Variables::default();
        }
        let all = [self.config_maps(), &self.made_maps];
        ConfigMaps::variables(&all, &flux.from, flux.namespace.as_deref(), environment)
    }

    /// Whether Argo CD builds without load restrictions.
    fn is_lifted(&self) -> bool {
        self.config_maps().any("argocd-cm", "kustomize.buildOptions", "LoadRestrictionsNone")
    }

    /// The indexes of those of a directory. What is sorted behind them are charts.
    fn range(&self, directory: &TreePath) -> Range<usize> {
        let start = self.all.partition_point(|site| site.key().0 < directory);
        let same = self.all[start..]
            .iter()
            .take_while(|site| site.key().0 == directory && site.kind() != RootKind::Chart);
        start..start + same.count()
    }

    /// Whether there is a directory.
    pub(super) fn is_there(&self, path: &TreePath) -> bool {
        let entry = || self.loader.library.tree().entry(path);
        !self.range(path).is_empty() || matches!(entry(), Ok((_, Entry::Directory)))
    }

    /// Those of a directory.
    pub(super) fn at(&self, directory: &TreePath) -> impl Iterator<Item = &'a Site> {
        self.all[self.range(directory)].iter()
    }

    /// What a builder makes of its directory; `None` if that is not known, or nothing.
    pub(super) fn made_by(
        &self,
        builder: &Arc<Builder>,
        environment: Option<EnvironmentId>,
    ) -> Option<Outcome> {
        match &builder.way {
            Way::Flux(flux) => self.flux(builder, flux, environment),
            Way::Argo { source, .. } => self.argo(builder, source, environment),
            Way::Helm(_) => None,
        }
    }

    fn kustomization_at(&self, directory: &TreePath) -> Option<usize> {
        self.range(directory).find(|&index| self.all[index].kind() == RootKind::Kustomize)
    }

    /// What kubectl makes of a directory without load restrictions.
    fn unrestricted(&self, base: usize) -> Arc<Build> {
        let build = self.all[base].shared_build();
        match &build.outside {
            Some(_) => self.loader.resolver.build(&build.path),
            None => Arc::clone(build),
        }
    }

    /// The directories below another that are built by themselves.
    pub(super) fn below<'d>(
        &'d self,
        directory: &'d TreePath,
    ) -> impl Iterator<Item = &'a TreePath> + 'd {
        let first = directory.child("");
        let start = self.all.partition_point(|site| *site.key().0 < first);
        let all = self.all[start..].iter().take_while(|site| site.key().0.is_within(directory));
        let all = all.filter(|site| site.kind() != RootKind::Chart).map(|site| site.key().0);
        all.filter(move |at| *at != directory)
    }

    /// The only tree of plain manifests in a directory, if nothing below it is built by itself.
    fn plain_at(&self, directory: &TreePath) -> Option<usize> {
        let all = self.range(directory);
        let index = all.start;
        let is_alone = all.len() == 1 && self.below(directory).next().is_none();
        (is_alone && self.all[index].kind() == RootKind::Plain).then_some(index)
    }

    fn flux(
        &self,
        builder: &Arc<Builder>,
        flux: &FluxKustomization,
        environment: Option<EnvironmentId>,
    ) -> Option<Outcome> {
        let directory = &builder.directory;
        let given = self.given(flux, environment);
        let (resolver, kustomization) = (self.loader.resolver, self.kustomization_at(directory));
        let own = kustomization.map(|index| self.unrestricted(index));
        if let Some(old) = self.kept(builder, environment, own.as_ref(), &given) {
            return Some(Outcome::Own(old));
        }
        if let Some(index) = kustomization {
            if !flux.differs(self.objects(index), &given) {
                return Some(self.as_it_is(builder, environment, index, own));
            }
            let built = flux.build(resolver, &given);
            return Some(Outcome::Own(self.site(builder, environment, built, own, given)));
        }
        let is_same = |index: &usize| !flux.differs(self.objects(*index), &given);
        if let Some(index) = self.plain_at(directory).filter(is_same) {
            return Some(Outcome::Base(index));
        }
        let built = flux.build(resolver, &given);
        if built.status == Status::Failed {
            // A `.sourceignore` or the source itself may leave out what does not belong there.
            self.is_open.set(true);
            return self.range(directory).next().map(Outcome::Base);
        }
        if built.objects.is_empty() && built.problems.is_empty() {
            return None;
        }
        Some(Outcome::Own(self.site(builder, environment, built, own, given)))
    }

    /// The objects that a base has in the cluster.
    fn objects(&self, base: usize) -> impl Iterator<Item = &'a Object> + Clone {
        let objects = self.all[base].build().objects.iter();
        objects.filter(|object| !is_values(&object.node))
    }

    /// A base that a builder does not change. `own` is what it is without load restrictions, if the builder has none.
    fn as_it_is(
        &self,
        builder: &Arc<Builder>,
        environment: Option<EnvironmentId>,
        index: usize,
        own: Option<Arc<Build>>,
    ) -> Outcome {
        let is_refused = self.all[index].build().status == Status::Failed;
        match own.filter(|own| is_refused && own.status != Status::Failed) {
            Some(own) => {
                let built = Build { outside: None, ..Build::clone(&own) };
                let given = Variables::default();
                Outcome::Own(self.site(builder, environment, built, Some(own), given))
            }
            None => Outcome::Base(index),
        }
    }

    fn argo(
        &self,
        builder: &Arc<Builder>,
        source: &argo::Source,
        environment: Option<EnvironmentId>,
    ) -> Option<Outcome> {
        let (directory, loader) = (&builder.directory, self.loader);
        let given = Variables::default();
        let (source, more) = loader.overridden(&builder.name, source);
        if let Some(index) = self.kustomization_at(directory) {
            let own = self.unrestricted(index);
            if source.overrides.is_empty() {
                let is_refused = self.all[index].build().status == Status::Failed;
                let own = (is_refused && self.is_lifted()).then_some(own);
                return Some(self.as_it_is(builder, environment, index, own));
            }
            let kept = self.kept(builder, environment, Some(&own), &given);
            if let Some(old) = kept.filter(|old| more.is_subset(&old.build().files)) {
                return Some(Outcome::Own(old));
            }
            let mut built = loader.resolver.build_with(directory, &source.overrides);
            built.files.extend(more);
            if built.outside.is_none() || self.is_lifted() {
                built.outside = None;
            } else {
                built = Arc::unwrap_or_clone(Arc::new(built).restricted());
            }
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
        let kept = self.kept(builder, environment, None, &given);
        if let Some(old) = kept.filter(|old| more.is_subset(&old.build().files)) {
            return Some(Outcome::Own(old));
        }
        let (held, _) = plain::read(loader.library, &files);
        let built = plain::build(directory, &files, held);
        let same = self.range(directory).find(|&at| self.all[at].build().files == built.files);
        if let Some(index) = same {
            return Some(Outcome::Base(index));
        }
        if built.files.is_empty() {
            return None;
        }
        let mut built = Arc::unwrap_or_clone(built);
        built.files.extend(more);
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
                && root.is_own()
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
        let mut build = Arc::new(build);
        let is_kustomization = self.loader.layout.kustomizations.contains_key(directory);
        let kind = if is_kustomization { RootKind::Kustomize } else { RootKind::Plain };
        if is_kustomization {
            build = self.loader.with_helm_charts(build);
        }
        let site = BuildSite::new(directory, kind, environment, build).with_values();
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
