//! From a tree of files to its build roots.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use crate::config::settings::Config;
use crate::k8s::by_value::{self, Families};
use crate::k8s::found::Found;
use crate::k8s::references::field_rule::FieldRule;
use crate::k8s::{providers, references};
use crate::kustomize::build::{Build, Status};
use crate::kustomize::resolver::Resolver;
use crate::repo::environment::{self, Environment, claim};
use crate::repo::error::RepoError;
use crate::repo::layout::{Layout, is_kustomization};
use crate::repo::plain::{self, Ground, Holding};
use crate::repo::pointer::Pointers;
use crate::repo::provision::Provisions;
use crate::repo::root::{Provider, Reference, Root, RootKind};
use crate::repo::{Repo, Scope, family, wiring};
use crate::text::path::TreePath;
use crate::text::tree::{Entry, Tree};
use crate::yaml::library::Library;

/// A root without its references.
struct Site {
    path: TreePath,
    kind: RootKind,
    environment: Option<usize>,
    namespace: Option<String>,
    build: Arc<Build>,
}

/// What is known before anything is built.
struct Loader<'a> {
    library: &'a Arc<Library>,
    resolver: &'a Resolver,
    environments: &'a [Environment],
    layout: &'a Layout,
    /// The repository before some files changed, and those files.
    before: Option<(&'a Repo, &'a BTreeSet<TreePath>)>,
}

impl Repo {
    /// Loads a tree; without settings, environments are found by the conventions of GitOps repositories.
    ///
    /// # Errors
    /// When the settings do not fit the tree, or a directory of the scope is none.
    pub fn load(
        tree: Arc<dyn Tree>,
        config: Option<Config>,
        scope: Scope,
    ) -> Result<Self, RepoError> {
        let config = config.unwrap_or_default();
        let environments = environment::find(&config, tree.manifests())?;
        let library = Arc::new(Library::new(tree));
        Self::assemble(library, config, environments, scope, None)
    }

    /// Loads a changed tree under the same settings and environments; what no change can reach is shared.
    ///
    /// # Errors
    /// When a directory of the scope is no longer there.
    pub fn reload(
        &self,
        tree: Arc<dyn Tree>,
        changed: &BTreeSet<TreePath>,
    ) -> Result<Self, RepoError> {
        let library = Arc::new(self.library.with_changes(tree, changed));
        let (config, environments) = (self.config.clone(), self.environments.clone());
        Self::assemble(library, config, environments, self.scope.clone(), Some((self, changed)))
    }

    fn assemble(
        library: Arc<Library>,
        config: Config,
        environments: Vec<Environment>,
        scope: Scope,
        before: Option<(&Self, &BTreeSet<TreePath>)>,
    ) -> Result<Self, RepoError> {
        let resolver = Resolver::new(Arc::clone(&library));
        let settings = config.source.as_ref().map(|source| source.path());
        let layout = Layout::new(library.tree().manifests(), settings);
        let loader = Loader {
            library: &library,
            resolver: &resolver,
            environments: &environments,
            layout: &layout,
            before,
        };
        let sites = match &scope {
            Scope::Everything => loader.everything(),
            Scope::Directories(directories) => loader.directories(directories)?,
        };
        let (roots, families) = roots(&config, sites, before.map(|(repo, _)| repo));
        let states = family::states(environments.len(), roots.iter().map(|root| &**root));
        let provisions = Provisions::new(roots.iter().map(|root| &**root));
        Ok(Self {
            problems: Vec::new(),
            families,
            states,
            provisions,
            reaches: OnceLock::new(),
            library,
            resolver,
            config,
            environments,
            roots,
            scope,
            layout,
        })
    }
}

impl Loader<'_> {
    /// Every kustomization but components, and every tree of plain manifests, by path.
    fn everything(&self) -> Vec<Site> {
        let all: Vec<(&TreePath, &TreePath)> = self.layout.kustomizations.iter().collect();
        let built: Vec<Option<Site>> = all
            .par_iter()
            .map(|(directory, file)| {
                (!self.is_component(file)).then(|| self.kustomization(directory))
            })
            .collect();
        let components = all.iter().zip(&built).filter(|(_, site)| site.is_none());
        let mut read: BTreeSet<TreePath> = components
            .flat_map(|((at, file), _)| wiring::named(self.library, self.layout, at, file).files)
            .collect();
        let mut sites: Vec<Site> = built.into_iter().flatten().collect();
        read.extend(sites.iter().flat_map(|site| site.build.files.iter().cloned()));
        let mut pointers = Pointers::default();
        let objects = sites.iter().flat_map(|site| &site.build.objects);
        objects.for_each(|object| pointers.read(object));
        sites.extend(self.plain(&mut pointers, &read));
        for site in &mut sites {
            site.namespace = pointers.namespace(&site.path);
        }
        sites.sort_by(|a, b| (&a.path, a.environment).cmp(&(&b.path, b.environment)));
        sites
    }

    /// The trees of plain manifests. What they hold may point to more of them.
    fn plain(&self, pointers: &mut Pointers, read: &BTreeSet<TreePath>) -> Vec<Site> {
        let mut holdings: BTreeMap<TreePath, Holding> = BTreeMap::new();
        loop {
            let ground =
                Ground { layout: self.layout, environments: self.environments, pointers, read };
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
        environment: Option<usize>,
        files: &[TreePath],
        holdings: &mut BTreeMap<TreePath, Holding>,
    ) -> Option<Site> {
        let held = files.iter().filter_map(|file| holdings.remove(file)).collect();
        let build = self.same(plain::build(&path, files, held));
        let empty = build.files.is_empty();
        let site = Site { path, kind: RootKind::Plain, environment, namespace: None, build };
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

    fn kustomization(&self, directory: &TreePath) -> Site {
        let build = self.kept(directory).unwrap_or_else(|| self.resolver.build(directory));
        Site {
            path: directory.clone(),
            kind: RootKind::Kustomize,
            environment: claim(self.environments, directory).map(|claim| claim.environment),
            namespace: None,
            build,
        }
    }

    /// The build from before, if no change can reach it.
    fn kept(&self, directory: &TreePath) -> Option<Arc<Build>> {
        let (before, changed) = self.before?;
        let old = before.root_at(directory).filter(|old| old.kind == RootKind::Kustomize)?;
        let reached = |path: &TreePath| {
            old.files().contains(path)
                || (is_kustomization(path) && old.directories().contains(&path.parent()))
        };
        // One that failed may have failed for want of a file that is there now.
        let kept = old.status() != Status::Failed && !changed.iter().any(reached);
        kept.then(|| Arc::clone(&old.build))
    }

    fn is_component(&self, file: &TreePath) -> bool {
        let real = self.library.tree().entry(file).map(|(real, _)| real);
        let stream = real.ok().and_then(|real| self.library.stream(&real).ok());
        let kind = |root: &crate::yaml::node::Node| {
            root.get("kind").and_then(|kind| kind.str()) == Some("Component")
        };
        stream.is_some_and(|stream| stream.documents.iter().any(|one| kind(&one.root)))
    }

    /// These directories, each as a build root, by path.
    fn directories(&self, directories: &[TreePath]) -> Result<Vec<Site>, RepoError> {
        let unique: BTreeSet<&TreePath> = directories.iter().collect();
        let unique: Vec<&TreePath> = unique.into_iter().collect();
        unique.into_par_iter().map(|directory| self.directory(directory)).collect()
    }

    fn directory(&self, directory: &TreePath) -> Result<Site, RepoError> {
        match self.library.tree().entry(directory) {
            Ok((_, Entry::Directory)) => {}
            _ => return Err(RepoError::NoDirectory { path: directory.clone() }),
        }
        if self.layout.kustomizations.contains_key(directory) {
            return Ok(self.kustomization(directory));
        }
        let mine = |file: &&TreePath| {
            let nearest = self.layout.kustomization_above(&file.parent());
            file.is_within(directory) && nearest.is_none_or(|at| directory.is_within(at))
        };
        let files: Vec<TreePath> = self.layout.files.iter().filter(mine).cloned().collect();
        let held = plain::read(self.library, &files);
        Ok(Site {
            path: directory.clone(),
            kind: RootKind::Plain,
            environment: claim(self.environments, directory).map(|claim| claim.environment),
            namespace: None,
            build: self.same(plain::build(directory, &files, held)),
        })
    }
}

/// The roots with their references and providers, and the families that they name.
fn roots(config: &Config, sites: Vec<Site>, before: Option<&Repo>) -> (Vec<Arc<Root>>, Families) {
    let rules = rules(config);
    let found: Vec<(Vec<Vec<Found>>, Vec<Provider>)> =
        sites.par_iter().map(|site| (named(&site.build, &rules), provided(&site.build))).collect();
    let references = found.iter().flat_map(|(named, _)| named.iter().flatten());
    let references = references.map(|found| found.secret.as_str());
    let provided = found.iter().flat_map(|(_, provided)| provided.iter().map(Provider::secret));
    let families = family::known(config, references.chain(provided));
    let _ = before;
    let roots = sites
        .into_par_iter()
        .zip(found)
        .map(|(site, (named, providers))| {
            Arc::new(Root {
                references: with_mentions(&site.build, named, &families),
                path: site.path,
                kind: site.kind,
                environment: site.environment,
                namespace: site.namespace,
                build: site.build,
                providers,
            })
        })
        .collect();
    (roots, families)
}

fn rules(config: &Config) -> Vec<FieldRule> {
    let fields = config.references.iter();
    fields.filter_map(|one| FieldRule::new(&one.api_version, &one.kind, &one.path).ok()).collect()
}

/// What the catalogue finds in each object.
fn named(build: &Build, rules: &[FieldRule]) -> Vec<Vec<Found>> {
    build.objects.iter().map(|object| references::find(&object.node, rules)).collect()
}

fn provided(build: &Build) -> Vec<Provider> {
    let objects = build.objects.iter().enumerate();
    let of_object = |(object, one): (usize, &crate::kustomize::object::Object)| {
        let found = providers::find(&one.node).into_iter();
        found.map(move |provided| Provider { object, provided }).collect::<Vec<_>>()
    };
    objects.flat_map(of_object).collect()
}

/// The references of a build: what the catalogue found, and behind it what the values say.
fn with_mentions(build: &Build, named: Vec<Vec<Found>>, families: &Families) -> Vec<Reference> {
    let mut references = Vec::new();
    for (object, (one, found)) in build.objects.iter().zip(named).enumerate() {
        let mentions = by_value::find(&one.node, families, &found);
        let all = found.into_iter().chain(mentions);
        references.extend(all.map(|found| Reference { object, found }));
    }
    references
}
