//! One walk along the mainline that answers for all families and environments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::parse as settings;
use crate::config::settings::Config;
use crate::history::error::HistoryError;
use crate::history::git::Git;
use crate::history::line::{Commit, Difference, Step};
use crate::history::snapshot::Snapshot;
use crate::repo::error::RepoError;
use crate::repo::running::Running;
use crate::repo::{Repo, Scope};
use crate::text::memory::may_hold_manifests;
use crate::text::path::TreePath;
use crate::text::tree::Tree as _;
use crate::timeline::harmless;
use crate::timeline::{Began, Era, Key, Timeline};
use crate::yaml::parse::parse;

/// Where the settings are, in a tree.
const CONFIG: &str = "rotate.yaml";

/// Why a history could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// Git could not answer.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The mainline's newest state does not fit its settings.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

/// How far back a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth<'a> {
    /// Until it is known since when everything runs that runs now.
    Since,
    /// Until the version before is known as well, of this family in this environment.
    Before(&'a str, &'a str),
    /// To the first commit.
    Everything,
}

impl Timeline {
    /// Walks the mainline; settings that it does not have itself are taken from `settings`.
    ///
    /// # Errors
    /// When Git cannot be read, or the newest state does not fit its settings.
    pub fn read(
        git: &Git,
        mainline: Option<&str>,
        settings: &Config,
        depth: Depth<'_>,
    ) -> Result<Self, WalkError> {
        let mut line = git.line(mainline)?;
        let name = line.name().to_owned();
        let mut lives: Option<Walk> = None;
        let mut commits = 0;
        let snapshot = line.snapshot()?;
        let Some((first, snapshot)) = line.step()?.zip(snapshot) else {
            return Err(HistoryError::Unborn(git.work_tree().to_owned()).into());
        };
        let mut past = Past::new(snapshot, settings)?;
        let mut step = Some(first);
        let mut tip = None;
        while let Some(now) = step {
            commits += 1;
            let tip = tip.get_or_insert_with(|| now.commit.clone());
            let walk = lives.get_or_insert_with(|| Walk::new(&past.repo, tip));
            if !walk.take(&mut past, now, line.is_shallow()) || walk.is_done(depth) {
                break;
            }
            step = line.step()?;
        }
        let (Some(tip), Some(walk)) = (tip, lives) else {
            return Err(HistoryError::Unborn(git.work_tree().to_owned()).into());
        };
        Ok(Self { mainline: name, tip, lives: walk.lives, commits })
    }
}

/// The repository as it was at the commit that the walk has reached.
pub(super) struct Past {
    pub(super) repo: Repo,
    snapshot: Arc<Snapshot>,
    /// What was passed over since, because nothing reads it.
    pending: Difference,
    settings: TreePath,
}

impl Past {
    pub(super) fn new(snapshot: Snapshot, settings: &Config) -> Result<Self, WalkError> {
        let path = TreePath::root().join(CONFIG).unwrap_or_else(TreePath::root);
        let own = config(&snapshot, &path);
        let config = own.unwrap_or_else(|| settings.clone());
        let snapshot = Arc::new(snapshot);
        let tree: Arc<Snapshot> = Arc::clone(&snapshot);
        let repo = Repo::load(tree, Some(config), Scope::Everything)?;
        Ok(Self { repo, snapshot, pending: Difference::default(), settings: path })
    }

    /// Goes back by a difference; whether anything may be otherwise then.
    pub(super) fn go_back(&mut self, mut difference: Difference) -> bool {
        // What is harmless is never loaded: it would have whole build roots resolved anew for nothing.
        let harmless: BTreeSet<TreePath> = difference
            .files()
            .filter(|path| self.matters(path) && self.is_harmless(&difference, path))
            .cloned()
            .collect();
        difference.leave_out(&harmless);
        let matters = difference.files().any(|path| self.matters(path));
        let has_settings = difference.files().any(|path| *path == self.settings);
        self.pending.extend(difference);
        if !matters {
            return false;
        }
        let pending = std::mem::take(&mut self.pending);
        let changed: BTreeSet<TreePath> = pending.files().cloned().collect();
        let tree = Arc::new(self.snapshot.before(&pending));
        self.snapshot = Arc::clone(&tree);
        let own = if has_settings { config(&tree, &self.settings) } else { None };
        // Settings that the tree of that time did not fit say nothing about it.
        let loaded = own.and_then(|own| {
            Repo::load(Arc::<Snapshot>::clone(&tree), Some(own), Scope::Everything).ok()
        });
        match loaded.map_or_else(|| self.repo.reload(tree, &changed), Ok) {
            Ok(repo) => {
                self.repo = repo;
                true
            }
            Err(_) => false,
        }
    }

    /// Whether a build root may read a file.
    fn matters(&self, path: &TreePath) -> bool {
        may_hold_manifests(path) || self.repo.roots.iter().any(|root| root.files().contains(path))
    }
}

impl Past {
    /// Whether a file differs from the loaded state only in values that have nothing to do with secrets.
    fn is_harmless(&self, difference: &Difference, path: &TreePath) -> bool {
        let Some(older) = self.snapshot.older(difference, path) else { return false };
        let (Ok(now), Ok(older)) = (self.repo.library.stream(path), parse(&older)) else {
            return false;
        };
        harmless::is_harmless(&self.repo, &now, &older)
    }
}

/// The settings that a tree has itself, if they can be read.
fn config(tree: &Snapshot, path: &TreePath) -> Option<Config> {
    settings::parse(&tree.source(path).ok()?).ok()
}

/// What is known so far.
struct Walk {
    lives: BTreeMap<Key, Vec<Era>>,
    /// The oldest commit at which each environment could be read, since what it runs last changed.
    known: BTreeMap<String, Commit>,
    /// The keys whose newest era is not known to have begun yet.
    open: BTreeSet<Key>,
}

impl Walk {
    fn new(repo: &Repo, tip: &Commit) -> Self {
        let mut walk =
            Self { lives: BTreeMap::new(), known: BTreeMap::new(), open: BTreeSet::new() };
        for (key, running) in state(repo) {
            walk.open.insert(key.clone());
            let era = Era { running, began: Began::Earlier(tip.clone()) };
            walk.lives.insert(key, vec![era]);
        }
        for environment in readable(repo) {
            walk.known.insert(environment, tip.clone());
        }
        walk
    }

    /// Takes a commit in; whether there is one before it.
    fn take(&mut self, past: &mut Past, step: Step, is_shallow: bool) -> bool {
        if !step.has_parent {
            for eras in self.lives.values_mut() {
                let Some(era) = eras.last_mut().filter(|era| !era.began.is_exact()) else {
                    continue;
                };
                let commit = step.commit.clone();
                era.began = if is_shallow { Began::Before(commit) } else { Began::With(commit) };
            }
            self.lives.retain(|_, eras| {
                // Nothing ran before the first commit: that is no era.
                eras.pop_if(|era| era.running.is_empty());
                !eras.is_empty()
            });
            return false;
        }
        let at = readable(&past.repo);
        for environment in at {
            self.known.insert(environment, step.commit.clone());
        }
        if past.go_back(step.before) {
            self.compare(&past.repo);
        }
        true
    }

    /// Closes every era that an older state ends.
    fn compare(&mut self, repo: &Repo) {
        let older: BTreeMap<Key, Running> = state(repo).into_iter().collect();
        let readable = readable(repo);
        let keys: BTreeSet<Key> = self.lives.keys().chain(older.keys()).cloned().collect();
        for key in keys.into_iter().filter(|key| readable.contains(&key.environment)) {
            let was = older.get(&key).cloned().unwrap_or_default();
            let Some(known) = self.known.get(&key.environment).cloned() else {
                // The newest state could not be read: this is the first that can.
                continue;
            };
            let eras = self.lives.entry(key.clone()).or_default();
            match eras.last_mut() {
                Some(era) if era.running == was => continue,
                Some(era) => era.began = Began::With(known.clone()),
                None if was.is_empty() => continue,
                // A family that is gone: what came after it is that nothing names it.
                None => eras
                    .push(Era { running: Running::default(), began: Began::With(known.clone()) }),
            }
            eras.push(Era { running: was, began: Began::Earlier(known) });
            self.open.remove(&key);
        }
        self.lives.retain(|_, eras| !eras.is_empty());
    }

    fn is_done(&self, depth: Depth<'_>) -> bool {
        match depth {
            Depth::Everything => false,
            Depth::Since => self.open.is_empty(),
            Depth::Before(environment, family) => {
                let key = Key { environment: environment.to_owned(), family: family.to_owned() };
                let Some(eras) = self.lives.get(&key) else { return false };
                let now = eras.first().and_then(|era| era.running.only());
                eras.iter()
                    .skip(1)
                    .any(|era| era.running.only().is_some_and(|version| Some(version) != now))
            }
        }
    }
}

/// What every environment runs of every family.
fn state(repo: &Repo) -> Vec<(Key, Running)> {
    let mut state = Vec::new();
    for environment in &repo.environments {
        for (family, running) in repo.running(environment.index) {
            let key = Key { environment: environment.name.clone(), family: family.to_owned() };
            state.push((key, running));
        }
    }
    state
}

/// The environments whose state can be told.
fn readable(repo: &Repo) -> BTreeSet<String> {
    let all = repo.environments.iter().filter(|one| repo.is_readable(one.index));
    all.map(|one| one.name.clone()).collect()
}
