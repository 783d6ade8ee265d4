//! The eras of every family in every environment, newest first, as a walk finds them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::git::line::{Commit, CommitDiff};
use crate::k8s::secret_name::{Version, family};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::{Root, others};
use crate::repo::subject::Subject;
use crate::repo::usage::Running;
use crate::text::path::TreePath;
use crate::timeline::repo_at_commit::RepoAtCommit;
use crate::timeline::walk::Depth;
use crate::timeline::{Began, Era};

/// A single commit may have any date, but this many in a row that are older than a version must predate it.
const SURE: usize = 32;

/// A version that an environment may be promoted to next.
struct Candidate {
    subject: Subject,
    version: String,
    /// The time in the version's name.
    made: DateTime<Utc>,
    /// How many consecutive commits are older than that.
    before: usize,
}

/// What can be promoted to each environment from the previous one.
fn candidates(repo: &Repo) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for environment in repo.environments.iter().filter(|one| one.versioned) {
        for (family, running) in repo.running(environment.id) {
            let before = repo.before(environment.id, family);
            let version = before.as_ref().and_then(|before| before.running.only());
            let Some(version) = version.filter(|version| running.only() != Some(version)) else {
                continue;
            };
            let Some(made) = Version::new(version).map(|version| version.time()) else { continue };
            let subject = Subject::new(&environment.name, family);
            candidates.push(Candidate { subject, version: version.to_owned(), made, before: 0 });
        }
    }
    candidates
}

/// What is known so far in a walk.
pub(super) struct EraBuilder {
    eras: BTreeMap<Subject, Vec<Era>>,
    /// The environments of the newest state.
    newest: BTreeSet<String>,
    /// The build roots that failed in every state seen so far. They hide nothing but themselves.
    broken: BTreeSet<TreePath>,
    /// The environments whose state is known at the commit that the walk has reached.
    readable: BTreeSet<String>,
    /// The oldest commit at which each environment could be read.
    known: BTreeMap<String, Arc<Commit>>,
    /// The roots of the last state compared, and the current names of its environments.
    last: (Vec<Arc<Root>>, Vec<String>),
    /// The subjects for which the start of the newest era has not been found yet.
    open: BTreeSet<Subject>,
    /// The candidates for promotion.
    next: Vec<Candidate>,
}

impl EraBuilder {
    pub(super) fn new(past: &RepoAtCommit) -> Self {
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

    /// Processes a commit; returns whether there is one before it.
    pub(super) fn take(
        &mut self,
        past: &mut RepoAtCommit,
        step: CommitDiff,
        is_shallow: bool,
    ) -> bool {
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
            for (subject, running) in state(past) {
                self.open.insert(subject.clone());
                let era = Era { running, began: Began::Earlier((*commit).clone().into()) };
                self.eras.insert(subject, vec![era]);
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

    /// Drops the candidates for which it is known whether the environment left them: the walk has passed the time they
    /// were created, or they ran and everything that is running now also ran before them.
    fn settle(&mut self, commit: &Commit) {
        let eras = &self.eras;
        self.next.retain_mut(|one| {
            one.before = if commit.time < one.made { one.before + 1 } else { 0 };
            let eras = eras.get(&one.subject).map_or(&[][..], Vec::as_slice);
            let Some(last) = eras.iter().rposition(|era| era.running.has(&one.version)) else {
                return one.before < SURE;
            };
            let ran_before = |name: &str| eras[last + 1..].iter().any(|era| era.running.has(name));
            !eras[0].running.names().filter(|name| *name != one.version).all(ran_before)
        });
    }

    /// Closes the open eras at the oldest commit.
    fn end(&mut self, oldest: &Commit, is_shallow: bool) {
        for (subject, eras) in &mut self.eras {
            let Some(era) = eras.last_mut().filter(|era| !era.began.is_exact()) else {
                continue;
            };
            era.began = if is_shallow {
                Began::Before(oldest.clone().into())
            } else {
                let known = self.known.get(&subject.environment).map_or(oldest, |known| &**known);
                Began::With(known.clone().into())
            };
        }
        self.eras.retain(|_, eras| {
            // Nothing ran before the first commit, so that is not an era.
            eras.pop_if(|era| era.running.is_empty());
            !eras.is_empty()
        });
    }

    /// Closes every era that did not exist yet in an older state. `after` is the commit that follows that state.
    fn compare(&mut self, past: &RepoAtCommit, after: &Commit) {
        let healed = self.look(past);
        let now: BTreeSet<&String> = past.names().iter().collect();
        for (subject, was) in self.candidates(past, !healed.is_empty()) {
            let is_there = now.contains(&subject.environment);
            if is_there && !self.readable.contains(&subject.environment) {
                continue;
            }
            let known = match self.known.get(&subject.environment) {
                Some(known) => (**known).clone(),
                // An environment that no longer exists.
                None if !self.newest.contains(&subject.environment) => after.clone(),
                None => continue,
            };
            let eras = self.eras.entry(subject.clone()).or_default();
            if healed.contains(&subject.environment) && eras.len() <= 1 {
                // What is readable for the first time is assumed to have run while it was unreadable.
                if !was.is_empty() || !eras.is_empty() {
                    *eras = vec![Era { running: was, began: Began::Earlier(known.into()) }];
                    self.open.insert(subject);
                }
                continue;
            }
            match eras.last_mut() {
                Some(era) if era.running == was => continue,
                Some(era) => era.began = Began::With(known.clone().into()),
                None if was.is_empty() => continue,
                // A family that no longer exists: the era after it is that nothing references it.
                None => eras.push(Era {
                    running: Running::default(),
                    began: Began::With(known.clone().into()),
                }),
            }
            eras.push(Era { running: was, began: Began::Earlier(known.into()) });
            self.open.remove(&subject);
        }
        self.eras.retain(|_, eras| !eras.is_empty());
    }

    /// What an older state runs, for the subjects that may differ in it.
    fn candidates(&mut self, past: &RepoAtCommit, all: bool) -> Vec<(Subject, Running)> {
        let (roots, names) = (&past.repo.roots, past.names());
        let is_readable = names.iter().all(|name| self.readable.contains(name));
        if all || self.last.1 != names || !is_readable {
            // While anything is unreadable, the next comparison must cover everything again.
            self.last = (roots.clone(), if is_readable { names.to_vec() } else { Vec::new() });
            let older: BTreeMap<Subject, Running> = state(past).into_iter().collect();
            let subjects: BTreeSet<Subject> =
                self.eras.keys().chain(older.keys()).cloned().collect();
            let was = |subject: &Subject| older.get(subject).cloned().unwrap_or_default();
            return subjects
                .into_iter()
                .map(|subject| (was(&subject), subject))
                .map(|(was, subject)| (subject, was))
                .collect();
        }
        let changed = others(roots, &self.last.0).chain(others(&self.last.0, roots));
        let named = changed.flat_map(|root| {
            let families = root.references.iter().map(|reference| family(reference.secret()));
            root.environment
                .into_iter()
                .flat_map(move |index| families.clone().map(move |one| (index, one)))
        });
        let named: BTreeSet<(EnvironmentId, &str)> = named.collect();
        let candidate = |(id, family): (EnvironmentId, &str)| {
            let subject = Subject::new(&names[id.index()], family);
            (subject, past.repo.running_of(id, family))
        };
        let candidates = named.into_iter().map(candidate).collect();
        self.last.0.clone_from(roots);
        candidates
    }

    /// Checks what is readable in an older state; returns the environments in which something became readable.
    fn look(&mut self, past: &RepoAtCommit) -> BTreeSet<String> {
        self.readable = past.names().iter().cloned().collect();
        let mut healed = BTreeSet::new();
        for root in &past.repo.roots {
            let name = root.environment.and_then(|id| past.names().get(id.index()));
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

    pub(super) fn into_eras(self) -> BTreeMap<Subject, Vec<Era>> {
        self.eras
    }
}

/// What every environment runs, for every family.
fn state(past: &RepoAtCommit) -> Vec<(Subject, Running)> {
    let mut state = Vec::new();
    for (environment, name) in past.repo.environments.iter().zip(past.names()) {
        for (family, running) in past.repo.running(environment.id) {
            state.push((Subject::new(name, family), running.clone()));
        }
    }
    state
}
