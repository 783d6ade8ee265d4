//! Which versions and pins of a family an environment ever named: in references and in stubs, also in those that are gone.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::error::GitError;
use crate::git::line::Commit;
use crate::git::repository::Git;
use crate::k8s::secret_name::split;
use crate::k8s::stub::Stub;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::Root;
use crate::repo::subject::Subject;
use crate::text::path::TreePath;
use crate::timeline::repo_at_commit::RepoAtCommit;
use crate::timeline::walk::WalkError;

/// A version of a family, or the key and the pin of an entry of its stubs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Version(String),
    Pin(String, String),
}

/// Where a name was first seen.
#[derive(Debug, Clone, Default)]
pub struct First {
    /// The first commit that has it; `None` if only the tree has it.
    pub commit: Option<Commit>,
    /// Where that commit has it, if not in the environment as it is called now.
    pub former: Option<String>,
}

/// What an environment ever named of a family, each with where it was first seen.
///
/// A directory that was moved has its history under another name, which nothing tells for sure. So all that was named where
/// there is nothing today counts: a version too many is refused in words, one too few would be taken twice.
#[derive(Debug, Clone, Default)]
pub struct Named {
    names: BTreeMap<Name, First>,
    /// Whether the clone is shallow, so that there may be more.
    pub is_shallow: bool,
}

/// The names in one state, each with where it is, if not in the environment as it is called now.
type State = BTreeMap<Name, Option<String>>;

impl Named {
    /// What a tree names.
    #[must_use]
    pub fn of(repo: &Repo, subject: &Subject) -> Self {
        let names = repo.environment(&subject.environment).map(|one| names(repo, one, subject));
        let names = names.unwrap_or_default().into_iter().map(|name| (name, First::default()));
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
        let today = Today::of(tree, subject);
        let mut line = git.line(mainline)?.following();
        named.is_shallow = line.is_shallow();
        let Some(snapshot) = line.snapshot()? else { return Ok(named) };
        let past = RepoAtCommit::new(git, snapshot, &tree.config, Some(tree.unrendered()))?;
        let mut past = past.with_all();
        let mut now = today.state(&past);
        while let Some(step) = line.step()? {
            let (commit, has_parent) = (step.commit, step.has_parent);
            if has_parent && !past.go_back(step.before) {
                continue;
            }
            let before = if has_parent { today.state(&past) } else { State::new() };
            for (name, former) in now.iter().filter(|(name, _)| !before.contains_key(name)) {
                let first = First { commit: Some(commit.clone()), former: former.clone() };
                named.names.insert(name.clone(), first);
            }
            now = before;
        }
        // Those that the walk did not see begin have been there for longer than the clone knows.
        for (name, former) in now {
            named.names.entry(name).or_insert(First { commit: None, former });
        }
        if past.snapshot.lacks_files() {
            return Err(GitError::Filtered(git.work_tree().to_owned()).into());
        }
        Ok(named)
    }

    /// The newest version.
    #[must_use]
    pub fn newest(&self) -> Option<(&str, &First)> {
        let versions = self.names.iter().filter_map(|(name, first)| match name {
            Name::Version(version) => Some((version.as_str(), first)),
            Name::Pin(..) => None,
        });
        versions.max_by_key(|(version, _)| *version)
    }

    /// Where a version was first seen; `None` if it was never named.
    #[must_use]
    pub fn version(&self, version: &str) -> Option<&First> {
        self.names.get(&Name::Version(version.to_owned()))
    }

    /// Every pin of an entry whose key passes.
    pub fn pins(&self, is_meant: impl Fn(&str) -> bool) -> BTreeMap<&str, &First> {
        let pins = self.names.iter().filter_map(|(name, first)| match name {
            Name::Pin(key, pin) if is_meant(key) => Some((pin.as_str(), first)),
            _ => None,
        });
        pins.collect()
    }
}

/// What there is today, beside which the past is read.
struct Today<'t> {
    subject: &'t Subject,
    environments: BTreeSet<&'t str>,
    roots: BTreeSet<&'t TreePath>,
    /// Whether no environment comes before, so that nothing but its own past tells what is new.
    is_first: bool,
}

impl<'t> Today<'t> {
    fn of(tree: &'t Repo, subject: &'t Subject) -> Self {
        let id = tree.environment(&subject.environment).ok();
        Self {
            subject,
            environments: tree.environments.iter().map(|one| one.name.as_str()).collect(),
            roots: tree.roots.iter().map(|root| &root.path).collect(),
            is_first: id.is_none_or(|id| tree.before(id, &subject.family).is_none()),
        }
    }

    /// What the state of a commit names: in the environment, and where there is nothing today.
    fn state(&self, past: &RepoAtCommit) -> State {
        let (repo, mut state, mut is_there) = (&past.repo, State::new(), false);
        let mut formers: Vec<(String, BTreeSet<Name>)> = Vec::new();
        for (one, name) in repo.environments.iter().zip(past.names()) {
            if *name == self.subject.environment {
                is_there = repo.roots_of(one.id).next().is_some();
                let own = names(repo, one.id, self.subject);
                state.extend(own.into_iter().map(|name| (name, None)));
            } else if !self.environments.contains(name.as_str()) {
                formers.push((one.name.clone(), names(repo, one.id, self.subject)));
            }
        }
        for (_, root) in repo.roots_naming(&self.subject.family) {
            if root.environment.is_none() && !self.roots.contains(&root.path) {
                formers.push((root.path.to_string(), names_of(root, self.subject)));
            }
        }
        // An environment beside it that was removed later may have been ahead of what comes from the one before.
        if self.is_first || !is_there {
            for (former, names) in formers {
                for name in names {
                    state.entry(name).or_insert_with(|| Some(former.clone()));
                }
            }
        }
        state
    }
}

fn names(repo: &Repo, environment: EnvironmentId, subject: &Subject) -> BTreeSet<Name> {
    repo.roots_of(environment).flat_map(|(_, root)| names_of(root, subject)).collect()
}

/// What a build root names of a family.
fn names_of(root: &Root, subject: &Subject) -> BTreeSet<Name> {
    let version = |secret: &str| {
        let (family, version) = split(secret)?;
        (family == &*subject.family).then(|| Name::Version(version.to_owned()))
    };
    let references = root.references.iter().filter_map(|one| version(one.secret()));
    let mut names: BTreeSet<Name> = references.collect();
    for provider in root.providers.iter().filter(|one| one.family() == &*subject.family) {
        names.extend(version(provider.secret()));
        let stub = Stub::read(&root.object_that_provides(provider).node);
        let remotes = stub.into_iter().flat_map(|stub| stub.remotes);
        names.extend(remotes.filter_map(|remote| {
            Some(Name::Pin(remote.key_text()?.to_owned(), remote.version_text()?.to_owned()))
        }));
    }
    names
}
