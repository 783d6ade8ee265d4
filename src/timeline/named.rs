//! Which versions and pins of a family an environment ever named: in references and in stubs, also in those that are gone.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::error::GitError;
use crate::git::line::Commit;
use crate::git::repository::Git;
use crate::k8s::stub::Stub;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Subject;
use crate::timeline::repo_at_commit::RepoAtCommit;
use crate::timeline::walk::WalkError;

/// A version of a family, or the key and the pin of an entry of its stubs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Version(String),
    Pin(String, String),
}

/// What an environment ever named of a family, each with the first commit that has it; `None` if only the tree has it.
#[derive(Debug, Clone, Default)]
pub struct Named {
    names: BTreeMap<Name, Option<Commit>>,
    /// Whether the clone is shallow, so that there may be more.
    pub is_shallow: bool,
}

impl Named {
    /// What a tree names.
    #[must_use]
    pub fn of(repo: &Repo, subject: &Subject) -> Self {
        let names = repo.environment(&subject.environment).map(|one| names(repo, one, subject));
        let names = names.unwrap_or_default().into_iter().map(|name| (name, None));
        Self { names: names.collect(), is_shallow: false }
    }

    /// What a tree names, and what each commit of the mainline named.
    ///
    /// # Errors
    /// When Git cannot be read, or the newest state does not match its settings.
    pub fn read(
        git: &Git,
        mainline: Option<&str>,
        tree: &Repo,
        subject: &Subject,
    ) -> Result<Self, WalkError> {
        let mut named = Self::of(tree, subject);
        let mut line = git.line(mainline)?;
        named.is_shallow = line.is_shallow();
        let Some(snapshot) = line.snapshot()? else { return Ok(named) };
        let mut past = RepoAtCommit::new(git, snapshot, &tree.config, Some(tree.unrendered()))?;
        let mut now = state(&past, subject);
        while let Some(step) = line.step()? {
            let (commit, has_parent) = (step.commit, step.has_parent);
            if has_parent && !past.go_back(step.before) {
                continue;
            }
            let before = if has_parent { state(&past, subject) } else { BTreeSet::new() };
            for name in now.difference(&before) {
                named.names.insert(name.clone(), Some(commit.clone()));
            }
            now = before;
        }
        // Those that the walk did not see begin have been there for longer than the clone knows.
        for name in now {
            named.names.entry(name).or_default();
        }
        if past.snapshot.lacks_files() {
            return Err(GitError::Filtered(git.work_tree().to_owned()).into());
        }
        Ok(named)
    }

    /// The newest version, with the first commit that has it.
    #[must_use]
    pub fn newest(&self) -> Option<(&str, Option<&Commit>)> {
        let versions = self.names.iter().filter_map(|(name, commit)| match name {
            Name::Version(version) => Some((version.as_str(), commit.as_ref())),
            Name::Pin(..) => None,
        });
        versions.max_by_key(|(version, _)| *version)
    }

    /// The first commit that has a version; `None` if none was ever named.
    #[must_use]
    pub fn version(&self, version: &str) -> Option<Option<&Commit>> {
        self.names.get(&Name::Version(version.to_owned())).map(Option::as_ref)
    }

    /// Every pin of an entry whose key passes, with the first commit that has it.
    pub fn pins(&self, is_meant: impl Fn(&str) -> bool) -> BTreeMap<&str, Option<&Commit>> {
        let pins = self.names.iter().filter_map(|(name, commit)| match name {
            Name::Pin(key, pin) if is_meant(key) => Some((pin.as_str(), commit.as_ref())),
            _ => None,
        });
        pins.collect()
    }
}

/// What the state of a commit names.
fn state(past: &RepoAtCommit, subject: &Subject) -> BTreeSet<Name> {
    let mut environments = past.repo.environments.iter().zip(past.names());
    let found = environments.find(|(_, name)| **name == subject.environment);
    found.map_or_else(BTreeSet::new, |(one, _)| names(&past.repo, one.id, subject))
}

fn names(repo: &Repo, environment: EnvironmentId, subject: &Subject) -> BTreeSet<Name> {
    let Some(state) = repo.family(environment, &subject.family) else { return BTreeSet::new() };
    let versions = state.versions.keys().chain(state.stubs.keys());
    let mut names: BTreeSet<Name> = versions.cloned().map(Name::Version).collect();
    for id in state.providers() {
        let (root, provider) = repo.provider(id);
        let stub = Stub::read(&root.object_that_provides(provider).node);
        let remotes = stub.into_iter().flat_map(|stub| stub.remotes);
        names.extend(remotes.filter_map(|remote| {
            Some(Name::Pin(remote.key_text()?.to_owned(), remote.version_text()?.to_owned()))
        }));
    }
    names
}
