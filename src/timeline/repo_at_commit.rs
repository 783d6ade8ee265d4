//! The repository as it was at a commit of the mainline, loaded from the state after it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::parse as settings;
use crate::config::settings::Config;
use crate::git::line::Difference;
use crate::git::repository::Git;
use crate::git::snapshot::Snapshot;
use crate::repo::environment::Environment;
use crate::repo::{Repo, Scope};
use crate::text::path::TreePath;
use crate::timeline::harmless;
use crate::timeline::walk::WalkError;
use crate::tree::Tree;
use crate::tree::memory::may_hold_manifests;
use crate::yaml::library::Library;

/// The path of the settings in a tree.
const CONFIG: &str = "rotate.yaml";

/// The repository as it was at the commit that the walk has reached.
pub(super) struct RepoAtCommit {
    pub(super) repo: Repo,
    pub(super) snapshot: Arc<Snapshot>,
    /// Differences skipped since then, because nothing reads those files.
    pending: Difference,
    settings: TreePath,
    /// The current name of each environment.
    names: Vec<String>,
}

impl RepoAtCommit {
    /// The newest state. `beside` is a tree that is probably similar.
    pub(super) fn new(
        git: &Git,
        snapshot: Snapshot,
        settings: &Config,
        beside: Option<&Repo>,
    ) -> Result<Self, WalkError> {
        let path = TreePath::root().join(CONFIG).unwrap_or_else(TreePath::root);
        let own = config(&snapshot, &path);
        let config = own.as_ref().unwrap_or(settings);
        let snapshot = Arc::new(snapshot);
        let tree: Arc<dyn Tree> = Arc::<Snapshot>::clone(&snapshot);
        let is_same = |path: &TreePath, bytes: &[u8]| git.is_in(&snapshot, path, bytes);
        let shared = beside.and_then(|beside| beside.beside(&tree, config, is_same));
        let repo = match shared {
            Some(repo) => repo,
            None => Repo::load(tree, Some(config.clone()), Scope::Everything)?,
        };
        let names = repo.environments.iter().map(|one| one.name.clone()).collect();
        Ok(Self { repo, snapshot, pending: Difference::default(), settings: path, names })
    }

    /// Goes back by a difference; returns whether anything may have been different before it.
    pub(super) fn go_back(&mut self, mut difference: Difference) -> bool {
        // Harmless changes are never loaded: whole build roots would be resolved again for nothing.
        let harmless: BTreeSet<TreePath> = difference
            .files()
            .filter(|path| self.matters(path) && self.is_harmless(&difference, path))
            .cloned()
            .collect();
        difference.leave_out(&harmless);
        let has_other_links = self.snapshot.has_other_links(&difference);
        let matters = has_other_links || difference.files().any(|path| self.matters(path));
        let has_settings = difference.files().any(|path| *path == self.settings);
        self.pending.extend(difference);
        if !matters {
            return false;
        }
        let pending = std::mem::take(&mut self.pending);
        let changed: BTreeSet<TreePath> = pending.files().cloned().collect();
        let shelf = self.repo.release();
        let tree = self.go_back_to(&pending);
        let own = if has_settings { config(&tree, &self.settings) } else { None };
        // Settings that did not match their own tree are ignored.
        let loaded = own.and_then(|own| Repo::load_past(Arc::<Snapshot>::clone(&tree), own).ok());
        let again = || {
            if has_other_links {
                return self.repo.load_like(tree);
            }
            let library = Library::stocked(tree, shelf, &changed);
            self.repo.reload_library(Arc::new(library), &changed)
        };
        match loaded.map_or_else(again, Ok) {
            Ok(repo) => {
                self.names = self.names_in(&repo);
                self.repo = repo;
                true
            }
            Err(_) => false,
        }
    }

    /// The tree before some differences.
    fn go_back_to(&mut self, difference: &Difference) -> Arc<Snapshot> {
        if Arc::get_mut(&mut self.snapshot).is_none() {
            self.snapshot = Arc::new(self.snapshot.copy());
        }
        if let Some(snapshot) = Arc::get_mut(&mut self.snapshot) {
            snapshot.go_back(difference);
        }
        Arc::clone(&self.snapshot)
    }

    /// The current names of the environments of that time.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The current names of the environments of an older state: an environment declared at the same position as another
    /// is the same one under an older name.
    fn names_in(&self, older: &Repo) -> Vec<String> {
        let (newer, older) = (&self.repo.environments, &older.environments);
        let has = |name: &str| older.iter().any(|one| one.name == name);
        let name = |(index, one): (usize, &Environment)| {
            let same = newer.iter().position(|other| other.name == one.name);
            let in_place = || {
                let was_renamed = newer.len() == older.len()
                    && !newer.get(index).is_some_and(|one| has(&one.name));
                was_renamed.then_some(index)
            };
            let known = same.or_else(in_place).and_then(|index| self.names.get(index));
            known.unwrap_or(&one.name).clone()
        };
        older.iter().enumerate().map(name).collect()
    }

    /// Whether a build root may read a file.
    fn matters(&self, path: &TreePath) -> bool {
        may_hold_manifests(path) || self.repo.roots.iter().any(|root| root.files().contains(path))
    }
}

impl RepoAtCommit {
    /// Whether a file differs from the loaded state only in values unrelated to secrets.
    fn is_harmless(&self, difference: &Difference, path: &TreePath) -> bool {
        let Some(older) = self.snapshot.older(difference, path) else { return false };
        let now = self.repo.library.stream(path);
        now.is_ok_and(|now| harmless::is_harmless(&self.repo, &now, &older))
    }
}

/// The tree's own settings, if they can be read.
fn config(tree: &Snapshot, path: &TreePath) -> Option<Config> {
    settings::parse_past(&tree.source(path).ok()?).ok()
}
