//! Loads a repository from a tree of files, and reloads it after some files changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::builders::render::Renders;
use crate::config::place::At;
use crate::config::settings::{Config, ReferenceField};
use crate::k8s::references::field_rule::FieldRule;
use crate::kustomize::resolver::Resolver;
use crate::repo::builder::TreeListing;
use crate::repo::charts::kustomize::resolver;
use crate::repo::environment::{self, Environment, Environments};
use crate::repo::error::RepoError;
use crate::repo::gather::{bare, gather};
use crate::repo::laid;
use crate::repo::layout::{Layout, is_kustomization};
use crate::repo::loader::Loader;
use crate::repo::marks::Marks;
use crate::repo::root::Root;
use crate::repo::views;
use crate::repo::{Derived, Repo, Scope};
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::tree::Tree;
use crate::tree::memory::MemoryTree;
use crate::yaml::library::{Library, Shelf};

impl Repo {
    /// Loads a tree; without settings, environments are found by the conventions of GitOps repositories.
    ///
    /// # Errors
    /// If the settings do not match the tree, or a directory of the scope does not exist.
    pub fn load(
        tree: Arc<dyn Tree>,
        config: Option<Config>,
        scope: Scope,
    ) -> Result<Self, RepoError> {
        Self::load_rendering(tree, config, scope, None)
    }

    /// The same, with charts of the tree rendered, if there is what renders them.
    ///
    /// # Errors
    /// As [`Repo::load`].
    pub fn load_rendering(
        tree: Arc<dyn Tree>,
        config: Option<Config>,
        scope: Scope,
        renders: Option<Arc<Renders>>,
    ) -> Result<Self, RepoError> {
        let config = config.unwrap_or_default();
        environment::check(&config, tree.manifests())?;
        let environments = environment::find(&config, tree.manifests());
        let library = Arc::new(Library::new(tree));
        Self::assemble(library, config, environments, (scope, renders), None)
    }

    /// Whether a directory is a chart that is not rendered, but could be.
    #[must_use]
    pub fn may_render(&self, chart: &TreePath) -> bool {
        self.renders.is_none() && self.layout.charts.contains(chart)
    }

    /// The same tree without what charts render: that is how the past is read, which is never rendered.
    #[must_use]
    pub fn unrendered(&self) -> &Self {
        let load = || {
            let (config, environments) = (self.config.clone(), self.environments.clone());
            let asked = (self.scope.clone(), None);
            let library = Arc::clone(&self.library);
            Self::assemble(library, config, environments, asked, None).ok().map(Box::new)
        };
        if self.renders.is_none() {
            return self;
        }
        // The same tree was loaded with the same settings before.
        self.derived.unrendered.get_or_init(load).as_deref().unwrap_or(self)
    }

    /// Loads the tree of an older commit with the settings of that time; paths that match nothing are not an error.
    ///
    /// # Errors
    /// If a configured field of a custom resource cannot be read.
    pub fn load_past(tree: Arc<dyn Tree>, config: Config) -> Result<Self, RepoError> {
        let environments = environment::find(&config, tree.manifests());
        let library = Arc::new(Library::new(tree));
        Self::assemble(library, config, environments, (Scope::Everything, None), None)
    }

    /// Loads a changed tree with the same settings and environments; what no change affects is shared.
    ///
    /// # Errors
    /// When a directory of the scope is no longer there.
    pub fn reload(
        &self,
        tree: Arc<dyn Tree>,
        changed: &BTreeSet<TreePath>,
    ) -> Result<Self, RepoError> {
        self.reload_library(Arc::new(self.library.with_changes(tree, changed)), changed)
    }

    /// Loads another tree with the same settings and environments, whatever the difference.
    ///
    /// # Errors
    /// When a directory of the scope is not there.
    pub fn load_like(&self, tree: Arc<dyn Tree>) -> Result<Self, RepoError> {
        let library = Arc::new(Library::new(tree));
        let (config, environments) = (self.config.clone(), self.environments.clone());
        Self::assemble(library, config, environments, (self.scope.clone(), None), None)
    }

    /// Loads another tree, of which much is probably the same; what is, is shared. `is_same`: whether a file of that tree
    /// has these bytes. `None` if that requires a full load: its settings or environments are others, or files that Git
    /// ignores were read.
    #[must_use]
    pub fn beside(
        &self,
        tree: &Arc<dyn Tree>,
        settings: &Config,
        is_same: impl Fn(&TreePath, &[u8]) -> bool,
    ) -> Option<Self> {
        let own = self.library.tree();
        let is_known = self.scope == Scope::Everything
            && own.kept_to_files()
            && self.config.is_written_as(settings);
        if !is_known {
            return None;
        }
        let mut changed = self.library.asked();
        changed.extend(self.roots.iter().flat_map(|root| root.files().iter().cloned()));
        let is_there = |path: &TreePath| match own.source(path) {
            Ok(source) => is_same(path, source.text().as_bytes()),
            Err(_) => own.bytes(path).is_ok_and(|bytes| is_same(path, &bytes)),
        };
        changed.retain(|path| !is_there(path));
        let (here, there) = (own.manifests(), tree.manifests());
        if here != there {
            environment::check(&self.config, there).ok()?;
            let environments = environment::find(&self.config, there);
            if !self.environments.claim_like(&environments) {
                return None;
            }
            let only = |all: &[TreePath], other: &[TreePath]| -> Vec<TreePath> {
                let only = all.iter().filter(|file| other.binary_search(file).is_err());
                only.cloned().collect()
            };
            changed.extend(only(here, there));
            changed.extend(only(there, here));
        }
        self.reload(Arc::clone(tree), &changed).ok()
    }

    /// Releases the files that were read and the tree. Results stay, but can no longer be looked up in files.
    #[must_use]
    pub fn release(&mut self) -> Shelf {
        let empty: Arc<dyn Tree> = Arc::new(MemoryTree::new([]));
        let library = std::mem::replace(&mut self.library, Arc::new(Library::new(empty)));
        self.resolver = Resolver::new(Arc::clone(&self.library));
        Library::into_shelf(library)
    }

    /// Loads a changed tree as [`Repo::reload`] does, from a library that holds what was read before.
    ///
    /// # Errors
    /// When a directory of the scope is no longer there.
    pub fn reload_library(
        &self,
        library: Arc<Library>,
        changed: &BTreeSet<TreePath>,
    ) -> Result<Self, RepoError> {
        let (config, environments) = (self.config.clone(), self.environments.clone());
        let asked = (self.scope.clone(), self.renders.clone());
        Self::assemble(library, config, environments, asked, Some((self, changed)))
    }

    fn assemble(
        library: Arc<Library>,
        config: Config,
        environments: Environments,
        (scope, renders): (Scope, Option<Arc<Renders>>),
        before: Option<(&Self, &BTreeSet<TreePath>)>,
    ) -> Result<Self, RepoError> {
        let rules: Arc<[FieldRule]> = rules(&config)?.into();
        let mut resolver = resolver(&library, &rules, renders.as_ref());
        let settings = config.source.as_ref().map(|source| source.path());
        let manifests = library.tree().manifests();
        let layout = before
            .and_then(|(repo, changed)| repo.layout.with_changes(manifests, settings, changed))
            .unwrap_or_else(|| Layout::new(manifests, settings));
        let rewired = before.map(|(_, changed)| rewired(changed)).unwrap_or_default();
        let loader = Loader {
            library: &library,
            resolver: &resolver,
            environments: &environments,
            layout: &layout,
            listing: &TreeListing::new(&layout, &library),
            rules: &rules,
            renders: renders.as_deref(),
            before,
            marks: before.map_or_else(Default::default, |(_, changed)| {
                (Marks::of(changed), Marks::of(&rewired))
            }),
            rewired,
        };
        let (sites, ground) = match &scope {
            Scope::Everything => {
                let (bases, mut ground) = loader.everything();
                let laid = laid::lay(&loader, bases, &ground.pointers);
                ground.needs = laid.needs;
                ground.shadowed = bare(laid.shadowed);
                (loader.with_releases(laid.sites), Some(ground))
            }
            Scope::Directories(directories) => (loader.directories(directories)?, None),
        };
        resolver.forget_outermost();
        let (roots, families) = gather(&config, &rules, sites, before.map(|(repo, _)| repo));
        let is_cut = ground.as_ref().is_some_and(|ground| ground.needs.is_cut);
        let same_roots = |old: &&Self| {
            old.roots.iter().map(|root| &root.path).eq(roots.iter().map(|root| &root.path))
        };
        let problems = match before.map(|(repo, _)| repo).filter(same_roots) {
            Some(old) if !is_cut => old.problems.clone(),
            _ => problems(&config, &environments, &roots, is_cut),
        };
        let repo = Self {
            problems,
            families,
            ground,
            derived: Derived::default(),
            library,
            resolver,
            config,
            environments,
            roots,
            scope,
            renders,
            layout,
        };
        if let Some((before, changed)) = before {
            repo.carry(before, changed);
        }
        Ok(repo)
    }
}

impl Repo {
    /// The fields that name a secret according to `rotate.yaml`.
    #[must_use]
    pub fn rules(&self) -> Vec<FieldRule> {
        // They were read when the tree was loaded.
        rules(&self.config).unwrap_or_default()
    }
}

/// The directories of the kustomizations among some files.
fn rewired(changed: &BTreeSet<TreePath>) -> BTreeSet<TreePath> {
    changed.iter().filter(|path| is_kustomization(path)).map(TreePath::parent).collect()
}

/// The fields that name a secret according to `rotate.yaml`.
fn rules(config: &Config) -> Result<Vec<FieldRule>, RepoError> {
    let rule = |(item, field): (usize, &ReferenceField)| {
        FieldRule::new(&field.api_version, &field.kind, &field.path).map_err(|error| {
            let at = [At::Value("references"), At::Item(item), At::Value("path")];
            RepoError::Field { message: error.to_string(), place: config.place(&at) }
        })
    };
    config.references.iter().enumerate().map(rule).collect()
}

/// What is wrong outside of the build roots. `is_cut`: whether builders make more than is kept.
fn problems(
    config: &Config,
    environments: &[Environment],
    roots: &[Arc<Root>],
    is_cut: bool,
) -> Vec<Problem> {
    let cut = is_cut.then(views::cut);
    overlaps(config, environments, roots).into_iter().chain(cut).collect()
}

/// Reports the roots that `rotate.yaml` assigns to several environments.
fn overlaps(config: &Config, environments: &[Environment], roots: &[Arc<Root>]) -> Vec<Problem> {
    let overlap = |root: &Arc<Root>| {
        let mut claims = environments
            .iter()
            .filter(|one| one.declared.is_some() && one.directory_of(&root.path).is_some());
        let (first, second) = (claims.next()?, claims.next()?);
        let message =
            format!("belongs to `{}` and to `{}`; the first one is taken", first.name, second.name);
        let mut problem = Problem::of(message, &root.path);
        let at = [At::Value("environments"), At::Item(second.id.index()), At::Value("paths")];
        problem.place = config.place(&at);
        Some(problem.with_help("exclude the directory from the `paths` of one environment"))
    };
    roots.iter().filter_map(overlap).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use crate::repo::error::RepoError;
    use crate::repo::root::RootKind;
    use crate::repo::testing::{deployment, path, repo, resources, tree};
    use crate::repo::{Repo, Scope};
    use crate::tree::Tree;
    use crate::tree::memory::MemoryTree;

    fn files() -> Vec<(&'static str, String)> {
        vec![
            ("apps/base/kustomization.yaml", resources(&["web.yaml"])),
            ("apps/base/web.yaml", deployment("web", "auth")),
            ("apps/staging/kustomization.yaml", resources(&["../base"])),
            ("parts/kustomization.yaml", "kind: Component\nresources: [part.yaml]\n".to_owned()),
            ("parts/part.yaml", deployment("part", "auth")),
            ("production/db.yaml", deployment("db", "auth")),
            ("tools/kustomization.yaml", resources(&["web.yaml"])),
            ("tools/web.yaml", deployment("web", "auth")),
        ]
    }

    fn borrowed<'f>(files: &'f [(&str, String)]) -> Vec<(&'f str, &'f str)> {
        files.iter().map(|(name, text)| (*name, text.as_str())).collect()
    }

    #[test]
    fn components_are_no_roots_unless_named() {
        let files = files();
        let repo = repo(&borrowed(&files));
        let paths: Vec<&str> = repo.roots.iter().map(|root| root.path.as_str()).collect();
        assert_eq!(paths, ["apps/base", "apps/staging", "production", "tools"]);
        let named = Scope::Directories(vec![path("production"), path("parts"), path("parts")]);
        let repo = Repo::load(tree(&borrowed(&files)), None, named).unwrap();
        let roots: Vec<_> = repo.roots.iter().map(|root| (root.path.as_str(), root.kind)).collect();
        assert_eq!(roots, [("parts", RootKind::Kustomize), ("production", RootKind::Plain)]);
        let nowhere = Scope::Directories(vec![path("nowhere")]);
        let error = Repo::load(tree(&borrowed(&files)), None, nowhere).err().unwrap();
        assert!(matches!(error, RepoError::NoDirectory { .. }));
    }

    /// Reloading a changed tree gives the same result as loading it from scratch.
    #[test]
    fn a_changed_tree_is_as_if_loaded_anew() {
        let versioned = |version: &str| deployment("web", &format!("auth-{version}"));
        let (one, two) = (versioned("20250601000000"), versioned("20250701000000"));
        let files = [
            ("apps/base/kustomization.yaml", resources(&["web.yaml"])),
            ("apps/base/web.yaml", deployment("web", "auth")),
            ("apps/staging/kustomization.yaml", resources(&["../base", "one.yaml"])),
            ("apps/staging/one.yaml", one.clone()),
            ("production/db.yaml", deployment("db", "other")),
        ];
        let changes: [&[(&str, Option<&str>)]; 8] = [
            &[("apps/staging/two.yaml", Some(&two))],
            &[("apps/staging/kustomization.yaml", Some(&resources(&["../base", "two.yaml"])))],
            &[("apps/staging/sub/staging/loose.yaml", Some(&one))],
            &[("apps/staging/one.yaml", None), ("production/new/db.yaml", Some(&two))],
            &[("apps/base/web.yaml", Some("a: ["))],
            &[("apps/base/web.yaml", Some(&two)), ("tools/web.yaml", Some(&one))],
            &[("apps/base/kustomization.yaml", None)],
            &[
                ("parts/kustomization.yaml", Some("kind: Component\n")),
                ("apps/staging/kustomization.yaml", None),
            ],
        ];
        let seen = |repo: &Repo| {
            let root = |root: &Arc<crate::repo::root::Root>| {
                let secrets: Vec<String> = root.secrets().map(str::to_owned).collect();
                (root.path.clone(), root.environment, root.status(), root.files().clone(), secrets)
            };
            let families: Vec<String> = repo.families.iter().map(str::to_owned).collect();
            (repo.roots.iter().map(root).collect::<Vec<_>>(), families)
        };
        let mut tree: Arc<dyn Tree> = tree(&borrowed(&files));
        let mut repo = Repo::load(Arc::clone(&tree), None, Scope::Everything).unwrap();
        let names: Vec<String> = repo.environments.iter().map(|one| one.name.clone()).collect();
        assert_eq!(names, ["staging", "production"]);
        for (index, change) in changes.iter().enumerate() {
            let changed: BTreeSet<_> = change.iter().map(|(name, _)| path(name)).collect();
            let bytes = change
                .iter()
                .map(|(name, text)| (path(name), text.map(|text| text.as_bytes().to_vec())));
            tree = Arc::new(MemoryTree::over(tree, bytes));
            repo = repo.reload(Arc::clone(&tree), &changed).unwrap();
            let mut anew = Repo::load(Arc::clone(&tree), None, Scope::Everything).unwrap();
            assert_eq!(seen(&repo), seen(&anew), "after change {index}");
            let shelf = anew.release();
            let library = Arc::new(crate::yaml::library::Library::stocked(
                Arc::clone(&tree),
                shelf,
                &changed,
            ));
            assert_eq!(
                seen(&anew.reload_library(library, &changed).unwrap()),
                seen(&repo),
                "after change {index}"
            );
        }
    }

    #[test]
    fn a_changed_tree_shares_what_no_change_reaches() {
        let files = files();
        let base: Arc<dyn Tree> = tree(&borrowed(&files));
        let before = Repo::load(Arc::clone(&base), None, Scope::Everything).unwrap();
        let new = [
            ("apps/base/web.yaml", deployment("renamed", "auth")),
            ("production/new.yaml", deployment("new", "auth")),
        ];
        let changed: BTreeSet<_> = new.iter().map(|(name, _)| path(name)).collect();
        let changes = new.map(|(name, text)| (path(name), Some(text.into_bytes())));
        let after = before.reload(Arc::new(MemoryTree::over(base, changes)), &changed).unwrap();
        let shared: Vec<bool> =
            before.roots.iter().zip(&after.roots).map(|(a, b)| Arc::ptr_eq(a, b)).collect();
        assert_eq!(shared, [false, false, false, true]);
        let name = |repo: &Repo| repo.roots[1].objects()[0].name().to_owned();
        assert_eq!((name(&before), name(&after)), ("web".to_owned(), "renamed".to_owned()));
        assert_eq!(after.root_at(&path("production")).unwrap().objects().len(), 2);
    }
}
