//! The eras of every family in every environment, from the newest to the oldest, as a walk finds them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::git::line::{Commit, CommitDiff};
use crate::k8s::secret_name::{Version, family};
use crate::repo::Repo;
use crate::repo::root::{Root, others};
use crate::repo::usage::Running;
use crate::text::path::TreePath;
use crate::timeline::walk::{Depth, Past};
use crate::timeline::{Began, Era, Key};

/// A single commit may have any date; so many in a row that are older than a version were made before it.
const SURE: usize = 32;

/// A version that an environment may take next.
struct Candidate {
    key: Key,
    version: String,
    /// The time in its name.
    made: DateTime<Utc>,
    /// How many commits in a row are older than that.
    before: usize,
}

/// What each environment may take over from the one before it.
fn candidates(repo: &Repo) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for environment in repo.environments.iter().filter(|one| one.versioned) {
        for (family, running) in repo.running(environment.index) {
            let before = repo.before(environment.index, family);
            let version = before.as_ref().and_then(|before| before.running.only());
            let Some(version) = version.filter(|version| running.only() != Some(version)) else {
                continue;
            };
            let Some(made) = Version::new(version).map(|version| version.time()) else { continue };
            let key = Key { environment: environment.name.clone(), family: family.to_owned() };
            candidates.push(Candidate { key, version: version.to_owned(), made, before: 0 });
        }
    }
    candidates
}

/// What is known so far.
pub(super) struct EraBuilder {
    eras: BTreeMap<Key, Vec<Era>>,
    /// The environments of the newest state.
    newest: BTreeSet<String>,
    /// The build roots that failed in every state that was seen. They hide nothing but themselves.
    broken: BTreeSet<TreePath>,
    /// The environments whose state can be told at the commit that the walk has reached.
    readable: BTreeSet<String>,
    /// The oldest commit at which each environment could be read.
    known: BTreeMap<String, Arc<Commit>>,
    /// The roots of the last state that was compared, and what its environments are called now.
    last: (Vec<Arc<Root>>, Vec<String>),
    /// The keys whose newest era is not known to have begun yet.
    open: BTreeSet<Key>,
    /// What environments may take next.
    next: Vec<Candidate>,
}

impl EraBuilder {
    pub(super) fn new(past: &Past) -> Self {
        let failed = past.repo.roots.iter().filter(|root| root.has_failed());
        let newest: BTreeSet<String> = past.names().iter().cloned().collect();
        Self {
            eras: BTreeMap::new(),
            readable: newest.clone(),
            newest,
            broken: failed.map(|root| root.path.clone()).collect(),
            known: BTreeMap::new(),
            last: (past.repo.roots.clone(), past.names().to_vec()),
            open: BTreeSet::new(),
            next: candidates(&past.repo),
        }
    }

    /// Takes a commit in; whether there is one before it.
    pub(super) fn take(&mut self, past: &mut Past, step: CommitDiff, is_shallow: bool) -> bool {
        let is_first = self.known.is_empty();
        let commit = Arc::new(step.commit);
        self.settle(&commit);
        for environment in &self.readable {
            match self.known.get_mut(environment) {
                Some(known) => *known = Arc::clone(&commit),
                None => drop(self.known.insert(environment.clone(), Arc::clone(&commit))),
            }
        }
        if is_first {
            for (key, running) in state(past) {
                self.open.insert(key.clone());
                let era = Era { running, began: Began::Earlier((*commit).clone().into()) };
                self.eras.insert(key, vec![era]);
            }
        }
        if !step.has_parent {
            self.end(&commit, is_shallow);
            return false;
        }
        if past.go_back(step.before) {
            self.compare(past, &commit);
        }
        true
    }

    /// Takes those candidates out of which it is known whether the environment left them: the walk is further back than they can
    /// have been made, or they ran, and so did all that runs now before them.
    fn settle(&mut self, commit: &Commit) {
        let eras = &self.eras;
        self.next.retain_mut(|one| {
            one.before = if commit.time < one.made { one.before + 1 } else { 0 };
            let eras = eras.get(&one.key).map_or(&[][..], Vec::as_slice);
            let Some(last) = eras.iter().rposition(|era| era.running.has(&one.version)) else {
                return one.before < SURE;
            };
            let ran_before = |name: &str| eras[last + 1..].iter().any(|era| era.running.has(name));
            !eras[0].running.names().filter(|name| *name != one.version).all(ran_before)
        });
    }

    /// Closes what is open at the oldest commit.
    fn end(&mut self, oldest: &Commit, is_shallow: bool) {
        for (key, eras) in &mut self.eras {
            let Some(era) = eras.last_mut().filter(|era| !era.began.is_exact()) else {
                continue;
            };
            era.began = if is_shallow {
                Began::Before(oldest.clone().into())
            } else {
                let known = self.known.get(&key.environment).map_or(oldest, |known| &**known);
                Began::With(known.clone().into())
            };
        }
        self.eras.retain(|_, eras| {
            // Nothing ran before the first commit: that is no era.
            eras.pop_if(|era| era.running.is_empty());
            !eras.is_empty()
        });
    }

    /// Closes every era that an older state ends. `after` is the commit that came after that state.
    fn compare(&mut self, past: &Past, after: &Commit) {
        let healed = self.look(past);
        let now: BTreeSet<&String> = past.names().iter().collect();
        for (key, was) in self.candidates(past, !healed.is_empty()) {
            let is_there = now.contains(&key.environment);
            if is_there && !self.readable.contains(&key.environment) {
                continue;
            }
            let known = match self.known.get(&key.environment) {
                Some(known) => (**known).clone(),
                // An environment that is gone since.
                None if !self.newest.contains(&key.environment) => after.clone(),
                None => continue,
            };
            let eras = self.eras.entry(key.clone()).or_default();
            if healed.contains(&key.environment) && eras.len() <= 1 {
                // What can be read for the first time is taken for what ran while it could not.
                if !was.is_empty() || !eras.is_empty() {
                    *eras = vec![Era { running: was, began: Began::Earlier(known.into()) }];
                    self.open.insert(key);
                }
                continue;
            }
            match eras.last_mut() {
                Some(era) if era.running == was => continue,
                Some(era) => era.began = Began::With(known.clone().into()),
                None if was.is_empty() => continue,
                // A family that is gone: what came after it is that nothing names it.
                None => eras.push(Era {
                    running: Running::default(),
                    began: Began::With(known.clone().into()),
                }),
            }
            eras.push(Era { running: was, began: Began::Earlier(known.into()) });
            self.open.remove(&key);
        }
        self.eras.retain(|_, eras| !eras.is_empty());
    }

    /// What an older state runs, of the keys that may be otherwise in it.
    fn candidates(&mut self, past: &Past, all: bool) -> Vec<(Key, Running)> {
        let (roots, names) = (&past.repo.roots, past.names());
        let is_readable = names.iter().all(|name| self.readable.contains(name));
        if all || self.last.1 != names || !is_readable {
            // The next comparison must be of everything again, as long as something could not be read.
            self.last = (roots.clone(), if is_readable { names.to_vec() } else { Vec::new() });
            let older: BTreeMap<Key, Running> = state(past).into_iter().collect();
            let keys: BTreeSet<Key> = self.eras.keys().chain(older.keys()).cloned().collect();
            let was = |key: &Key| older.get(key).cloned().unwrap_or_default();
            return keys
                .into_iter()
                .map(|key| (was(&key), key))
                .map(|(was, key)| (key, was))
                .collect();
        }
        let changed = others(roots, &self.last.0).chain(others(&self.last.0, roots));
        let named = changed.flat_map(|root| {
            let families = root.references.iter().map(|reference| family(reference.secret()));
            root.environment
                .into_iter()
                .flat_map(move |index| families.clone().map(move |one| (index, one)))
        });
        let named: BTreeSet<(usize, &str)> = named.collect();
        let candidate = |(index, family): (usize, &str)| {
            let key = Key { environment: names[index].clone(), family: family.to_owned() };
            (key, past.repo.running_of(index, family))
        };
        let candidates = named.into_iter().map(candidate).collect();
        self.last.0.clone_from(roots);
        candidates
    }

    /// Sees what of an older state can be read; the environments in which something can that never could before.
    fn look(&mut self, past: &Past) -> BTreeSet<String> {
        self.readable = past.names().iter().cloned().collect();
        let mut healed = BTreeSet::new();
        for root in &past.repo.roots {
            let name = root.environment.and_then(|index| past.names().get(index));
            if root.has_failed() {
                if let Some(name) = name.filter(|_| !self.broken.contains(&root.path)) {
                    self.readable.remove(name);
                }
            } else if self.broken.remove(&root.path) {
                healed.extend(name.cloned());
            }
        }
        healed
    }

    pub(super) fn is_done(&self, depth: Depth) -> bool {
        match depth {
            Depth::Everything => false,
            Depth::Since => self.open.is_empty() && self.next.is_empty(),
        }
    }

    pub(super) fn into_lives(self) -> BTreeMap<Key, Vec<Era>> {
        self.eras
    }
}

/// What every environment runs of every family.
fn state(past: &Past) -> Vec<(Key, Running)> {
    let mut state = Vec::new();
    for (environment, name) in past.repo.environments.iter().zip(past.names()) {
        for (family, running) in past.repo.running(environment.index) {
            let key = Key { environment: name.clone(), family: family.clone() };
            state.push((key, running.clone()));
        }
    }
    state
}
