//! The directories that are built, and the build of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::kustomize::model::build::{Build, LoadRestrictions, Status};
use crate::kustomize::resolver::Resolver;
use crate::repo::Repo;
use crate::repo::environment::{Environment, EnvironmentId, claim};
use crate::repo::error::RepoError;
use crate::repo::layout::{self, Layout};
use crate::repo::plain::{self, Holding, PlainTrees};
use crate::repo::pointer::Pointers;
use crate::repo::root::{Root, RootKind};
use crate::repo::wiring::{self, Reads};
use crate::text::path::TreePath;
use crate::tree::Entry;
use crate::tree::memory::may_hold_manifests;
use crate::yaml::library::Library;
use crate::yaml::node::Node;

/// A root without its references.
pub(super) struct BuildSite {
    pub(super) path: TreePath,
    pub(super) kind: RootKind,
    pub(super) environment: Option<EnvironmentId>,
    pub(super) namespace: Option<String>,
    pub(super) build: Arc<Build>,
    /// The root from before some files changed, if it is known to be the same.
    pub(super) kept: Option<Arc<Root>>,
}

/// What is known before anything is built.
pub(super) struct Loader<'a> {
    pub(super) library: &'a Arc<Library>,
    pub(super) resolver: &'a Resolver,
    pub(super) environments: &'a [Environment],
    pub(super) layout: &'a Layout,
    /// The repository before some files changed, and those files.
    pub(super) before: Option<(&'a Repo, &'a BTreeSet<TreePath>)>,
    /// The directories of the kustomizations among those files.
    pub(super) rewired: BTreeSet<TreePath>,
}

impl Loader<'_> {
    /// Every kustomization except components, and every tree of plain manifests, by path; the files no kustomization
    /// reads, if a changed tree can reuse them.
    pub(super) fn everything(&self) -> (Vec<BuildSite>, Option<Vec<TreePath>>) {
        self.changed().unwrap_or_else(|| self.anew())
    }

    fn anew(&self) -> (Vec<BuildSite>, Option<Vec<TreePath>>) {
        let all: Vec<(&TreePath, &TreePath)> = self.layout.kustomizations.iter().collect();
        let named = |(directory, file): &(&TreePath, &TreePath)| {
            wiring::named(self.library, self.layout, directory, file)
        };
        // Most of a changed tree has already been parsed.
        if self.before.is_none() {
            self.parse_ahead(&all.par_iter().map(named).collect::<Vec<_>>());
        }
        let built: Vec<Option<BuildSite>> = all
            .par_iter()
            .map(|(directory, file)| {
                (!self.is_component(file)).then(|| self.kustomization(directory))
            })
            .collect();
        let has_components = built.iter().any(Option::is_none);
        let components = all.iter().zip(&built).filter(|(_, site)| site.is_none());
        let mut read: BTreeSet<TreePath> =
            components.flat_map(|(component, _)| named(component).files).collect();
        let mut sites: Vec<BuildSite> = built.into_iter().flatten().collect();
        read.extend(sites.iter().flat_map(|site| site.build.files.iter().cloned()));
        let mut pointers = Pointers::default();
        let objects = sites.iter().flat_map(|site| site.build.objects.iter());
        objects.for_each(|object| pointers.read(object));
        let files = self.layout.files.iter();
        let loose: Vec<TreePath> = files.filter(|file| !read.contains(*file)).cloned().collect();
        sites.extend(self.plain(&mut pointers, &loose));
        for site in &mut sites {
            site.namespace = pointers.namespace(&site.path);
        }
        sites.sort_by(|a, b| (&a.path, a.environment).cmp(&(&b.path, b.environment)));
        let is_simple = !has_components && pointers.is_empty();
        (sites, is_simple.then_some(loose))
    }

    /// The same, if all previous sites still exist and only some must be rebuilt; else `None`.
    fn changed(&self) -> Option<(Vec<BuildSite>, Option<Vec<TreePath>>)> {
        let (before, changed) = self.before?;
        let old_loose = before.loose.as_ref()?;
        if !Arc::ptr_eq(&self.layout.kustomizations, &before.layout.kustomizations) {
            return None;
        }
        let mut pointers = Pointers::default();
        let (mut sites, mut new, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        let mut roots = before.roots.iter().filter(|root| root.kind == RootKind::Kustomize);
        for (directory, file) in &*self.layout.kustomizations {
            let old = roots.next().filter(|old| old.path == *directory)?;
            if self.is_kept(old) {
                sites.push(BuildSite {
                    path: directory.clone(),
                    kind: RootKind::Kustomize,
                    environment: old.environment,
                    namespace: None,
                    build: Arc::clone(&old.build),
                    kept: Some(Arc::clone(old)),
                });
                continue;
            }
            if self.is_component(file) {
                return None;
            }
            let site = self.kustomization(directory);
            site.build.objects.iter().for_each(|object| pointers.read(object));
            gone.push(&old.build);
            new.push(Arc::clone(&site.build));
            sites.push(site);
        }
        let freed = gone.iter().flat_map(|build| &build.files).chain(changed);
        let freed: BTreeSet<&TreePath> = freed.collect();
        let is_free = |file: &&&TreePath| {
            // Usually a new build reads it again, so this is checked last.
            self.layout.files.binary_search(file).is_ok()
                && !new.iter().any(|build| build.files.contains(**file))
                && !sites.iter().any(|site| site.build.files.contains(**file))
        };
        let kept_loose = old_loose.iter().filter(|file| {
            !freed.contains(file) && !new.iter().any(|build| build.files.contains(*file))
        });
        let mut loose: Vec<TreePath> = kept_loose.cloned().collect();
        loose.extend(freed.iter().filter(is_free).map(|file| (*file).clone()));
        loose.sort();
        if !loose.is_empty() {
            sites.extend(self.plain(&mut pointers, &loose));
            sites.sort_by(|a, b| (&a.path, a.environment).cmp(&(&b.path, b.environment)));
        }
        pointers.is_empty().then_some((sites, Some(loose)))
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
    fn plain(&self, pointers: &mut Pointers, loose: &[TreePath]) -> Vec<BuildSite> {
        let mut holdings: BTreeMap<TreePath, Holding> = BTreeMap::new();
        loop {
            let ground = PlainTrees {
                layout: self.layout,
                environments: self.environments,
                pointers,
                loose,
            };
            let trees = ground.trees();
            let all = trees.values().flatten();
            let new: Vec<TreePath> =
                all.filter(|file| !holdings.contains_key(*file)).cloned().collect();
            if new.is_empty() {
                return trees
                    .into_iter()
                    .filter_map(|((path, environment), files)| {
                        self.tree(path, environment, &files, &mut holdings)
                    })
                    .collect();
            }
            for (file, holding) in new.iter().zip(plain::read(self.library, &new)) {
                holding.iter().flatten().for_each(|object| pointers.read(object));
                holdings.insert(file.clone(), holding);
            }
        }
    }

    /// A tree of plain manifests, unless it holds none.
    fn tree(
        &self,
        path: TreePath,
        environment: Option<EnvironmentId>,
        files: &[TreePath],
        holdings: &mut BTreeMap<TreePath, Holding>,
    ) -> Option<BuildSite> {
        let held = files.iter().filter_map(|file| holdings.remove(file)).collect();
        let build = self.same(plain::build(&path, files, held));
        let empty = build.files.is_empty();
        let site = BuildSite {
            path,
            kind: RootKind::Plain,
            environment,
            namespace: None,
            build,
            kept: None,
        };
        (!empty).then_some(site)
    }

    /// The build of plain manifests from before, if it read the same files and none of them changed.
    fn same(&self, build: Arc<Build>) -> Arc<Build> {
        let Some((before, changed)) = self.before else { return build };
        let same = |old: &&Arc<Root>| {
            old.kind == RootKind::Plain && old.path == build.path && old.files() == &build.files
        };
        match before.roots.iter().find(same) {
            Some(old) if build.files.is_disjoint(changed) => Arc::clone(&old.build),
            _ => build,
        }
    }

    fn kustomization(&self, directory: &TreePath) -> BuildSite {
        let build = self
            .kept(directory)
            .unwrap_or_else(|| self.resolver.build(directory, LoadRestrictions::RootOnly));
        BuildSite {
            path: directory.clone(),
            kind: RootKind::Kustomize,
            environment: claim(self.environments, directory).map(|claim| claim.environment),
            namespace: None,
            build,
            kept: None,
        }
    }

    /// The build from before, if no change can reach it.
    fn kept(&self, directory: &TreePath) -> Option<Arc<Build>> {
        let (before, _) = self.before?;
        let old = before.root_at(directory).filter(|old| old.kind == RootKind::Kustomize)?;
        self.is_kept(old).then(|| Arc::clone(&old.build))
    }

    /// Whether no change can reach the build of a root.
    fn is_kept(&self, old: &Root) -> bool {
        let Some((_, changed)) = self.before else { return false };
        // A failed build may have lacked a file that exists now.
        old.status() != Status::Failed
            && !meet(changed, old.files())
            && !meet(&self.rewired, old.directories())
    }

    fn is_component(&self, file: &TreePath) -> bool {
        let real = self.library.tree().entry(file).map(|(real, _)| real);
        let stream = real.ok().and_then(|real| self.library.stream(&real).ok());
        let kind = |root: &Node| root.get("kind").and_then(Node::str) == Some("Component");
        stream.is_some_and(|stream| stream.documents.iter().any(|one| kind(&one.root)))
    }

    /// These directories, each as a build root, by path.
    pub(super) fn directories(
        &self,
        directories: &[TreePath],
    ) -> Result<Vec<BuildSite>, RepoError> {
        let unique: BTreeSet<&TreePath> = directories.iter().collect();
        let unique: Vec<&TreePath> = unique.into_iter().collect();
        unique.into_par_iter().map(|directory| self.directory(directory)).collect()
    }

    fn directory(&self, directory: &TreePath) -> Result<BuildSite, RepoError> {
        match self.library.tree().entry(directory) {
            Ok((_, Entry::Directory)) => {}
            _ => return Err(RepoError::NoDirectory { path: directory.clone() }),
        }
        // A directory named explicitly may be ignored by Git.
        if layout::kustomization_in(self.library.tree(), directory).is_some() {
            return Ok(self.kustomization(directory));
        }
        let mine = |file: &&TreePath| {
            let nearest = self.layout.kustomization_above(&file.parent());
            file.is_within(directory) && nearest.is_none_or(|at| directory.is_within(at))
        };
        let files: Vec<TreePath> = self.layout.files.iter().filter(mine).cloned().collect();
        let held = plain::read(self.library, &files);
        Ok(BuildSite {
            path: directory.clone(),
            kind: RootKind::Plain,
            environment: claim(self.environments, directory).map(|claim| claim.environment),
            namespace: None,
            build: self.same(plain::build(directory, &files, held)),
            kept: None,
        })
    }
}

/// Whether two sets have a path in common. Usually, one set sorts entirely before the other.
fn meet(some: &BTreeSet<TreePath>, all: &BTreeSet<TreePath>) -> bool {
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return false };
    let is_apart = some.last().is_none_or(|end| end < first || some.first() > Some(last));
    !is_apart && some.range(first..=last).any(|path| all.contains(path))
}
