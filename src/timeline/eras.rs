//! The eras of every family in every environment, newest first, as a walk finds them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::git::line::{Commit, CommitDiff};
use crate::k8s::secret_name::family;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::{Root, others};
use crate::repo::subject::Subject;
use crate::repo::usage::Running;
use crate::text::path::TreePath;
use crate::timeline::question::{OpenQuestions, Past};
use crate::timeline::repo_at_commit::RepoAtCommit;
use crate::timeline::walk::Depth;
use crate::timeline::{Began, Era};

/// What is known so far in a walk.
pub(super) struct EraBuilder {
    eras: BTreeMap<Subject, Vec<Era>>,
    /// The environments of the newest state.
    newest: BTreeSet<String>,
    /// The build roots that failed in every state seen so far. They hide nothing but themselves.
    broken: BTreeSet<(TreePath, Option<String>)>,
    /// The environments whose state is known at the commit that the walk has reached.
    readable: BTreeSet<String>,
    /// The oldest commit at which each environment could be read.
    known: BTreeMap<String, Arc<Commit>>,
    /// The roots of the last state compared, and the current names of its environments.
    last: (Vec<Arc<Root>>, Vec<String>),
    /// Whether commits are missing from the clone.
    is_shallow: bool,
    /// The questions without a final answer.
    open: OpenQuestions,
    /// Whether everything is read, whatever is asked.
    is_everything: bool,
    /// The subjects whose eras changed with the last commit; `None` if any may have.
    changed: Option<BTreeSet<Subject>>,
}

/// The directory of a root, and its environment.
fn place(past: &RepoAtCommit, root: &Root) -> (TreePath, Option<String>) {
    let name = root.environment.and_then(|id| past.names().get(id.index()));
    (root.path.clone(), name.cloned())
}

impl EraBuilder {
    pub(super) fn new(past: &RepoAtCommit, is_shallow: bool) -> Self {
        let failed = past.repo.roots.iter().filter(|root| root.has_failed());
        let newest: BTreeSet<String> = past.names().iter().cloned().collect();
        Self {
            eras: BTreeMap::new(),
            readable: newest.clone(),
            newest,
            broken: failed.map(|root| place(past, root)).collect(),
            known: BTreeMap::new(),
            last: (past.repo.roots.clone(), past.names().to_vec()),
            is_shallow,
            open: OpenQuestions::default(),
            is_everything: false,
            changed: None,
        }
    }

    /// Asks more. What was passed already may answer it.
    pub(super) fn ask(&mut self, depth: Depth) {
        match depth {
            Depth::Asked(questions) => self.open.ask(questions),
            Depth::Everything => self.is_everything = true,
        }
        if !self.known.is_empty() {
            self.changed = None;
            self.settle();
        }
    }

    /// Processes a commit; returns whether there is one before it.
    pub(super) fn take(&mut self, past: &mut RepoAtCommit, step: CommitDiff) -> bool {
        let is_first = self.known.is_empty();
        let commit = Arc::new(step.commit);
        for environment in &self.readable {
            match self.known.get_mut(environment) {
                Some(known) => *known = Arc::clone(&commit),
                None => drop(self.known.insert(environment.clone(), Arc::clone(&commit))),
            }
        }
        if is_first {
            for (subject, running) in state(past) {
                let era = Era { running, began: Began::Earlier((*commit).clone().into()) };
                self.eras.insert(subject, vec![era]);
            }
        }
        if !step.has_parent {
            self.end(&commit);
            return false;
        }
        self.changed = if is_first { None } else { Some(BTreeSet::new()) };
        if past.go_back(step.before) {
            self.compare(past, &commit);
        }
        self.open.pass(commit.time);
        self.settle();
        true
    }

    /// Drops the questions that are answered for good.
    fn settle(&mut self) {
        let past = Past {
            eras: &self.eras,
            has_broken: !self.broken.is_empty(),
            is_shallow: self.is_shallow,
        };
        self.open.settle(&past, self.changed.as_ref());
    }

    /// Closes the open eras at the oldest commit.
    fn end(&mut self, oldest: &Commit) {
        for (subject, eras) in &mut self.eras {
            let Some(era) = eras.last_mut().filter(|era| !era.began.is_exact()) else {
                continue;
            };
            era.began = if self.is_shallow {
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
        let broken = self.broken.len();
        let healed = self.look(past);
        if self.broken.len() != broken {
            self.changed = None;
        }
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
            if let Some(changed) = &mut self.changed {
                changed.insert(subject);
            }
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
                if let Some(name) = name.filter(|_| !self.broken.contains(&place(past, root))) {
                    self.readable.remove(name);
                }
            } else if !self.broken.is_empty() && self.broken.remove(&place(past, root)) {
                healed.extend(name.cloned());
            }
        }
        healed
    }

    /// Whether every question is answered for good.
    pub(super) fn is_done(&self) -> bool {
        !self.is_everything && self.open.is_empty()
    }

    pub(super) const fn eras(&self) -> &BTreeMap<Subject, Vec<Era>> {
        &self.eras
    }

    pub(super) fn take_eras(&mut self) -> BTreeMap<Subject, Vec<Era>> {
        std::mem::take(&mut self.eras)
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
