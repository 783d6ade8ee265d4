//! From a tree of files to a loaded repository, and to one with some files changed.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use crate::config::place::At;
use crate::config::settings::{Config, ReferenceField};
use crate::k8s::references::field_rule::FieldRule;
use crate::kustomize::resolver::Resolver;
use crate::repo::environment::{self, Environment};
use crate::repo::error::RepoError;
use crate::repo::gather::gather;
use crate::repo::layout::Layout;
use crate::repo::provision::Provisions;
use crate::repo::root::Root;
use crate::repo::site::Loader;
use crate::repo::{Repo, Scope, family};
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::tree::Tree;
use crate::yaml::library::Library;

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
        let rules = rules(&config)?;
        let (roots, families) = gather(&config, &rules, sites, before.map(|(repo, _)| repo));
        let states = family::states(environments.len(), roots.iter().map(|root| &**root));
        let provisions = Provisions::new(roots.iter().map(|root| &**root));
        Ok(Self {
            problems: overlaps(&config, &environments, &roots),
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

/// The fields that `rotate.yaml` says name a secret.
fn rules(config: &Config) -> Result<Vec<FieldRule>, RepoError> {
    let rule = |(item, field): (usize, &ReferenceField)| {
        FieldRule::new(&field.api_version, &field.kind, &field.path).map_err(|error| {
            let at = [At::Value("references"), At::Item(item), At::Value("path")];
            RepoError::Field { message: error.to_string(), place: config.place(&at) }
        })
    };
    config.references.iter().enumerate().map(rule).collect()
}

/// Says which roots `rotate.yaml` gives to several environments.
fn overlaps(config: &Config, environments: &[Environment], roots: &[Arc<Root>]) -> Vec<Problem> {
    let overlap = |root: &Arc<Root>| {
        let mut claims = environments
            .iter()
            .filter(|one| one.declared.is_some() && one.directory_of(&root.path).is_some());
        let (first, second) = (claims.next()?, claims.next()?);
        let message =
            format!("belongs to `{}` and to `{}`; the first one is taken", first.name, second.name);
        let mut problem = Problem::of(message, &root.path);
        let at = [At::Value("environments"), At::Item(second.index), At::Value("paths")];
        problem.place = config.place(&at);
        Some(problem.with_help("let the `paths` of one environment leave the directory out"))
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
    use crate::text::memory::MemoryTree;
    use crate::text::tree::Tree;

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
