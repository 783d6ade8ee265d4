//! What each environment has of a family in one place: the versions that its workloads use, and what makes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::environment::environment_of_word;
use crate::k8s::found::{EVERYWHERE, Role};
use crate::k8s::job::is_over;
use crate::k8s::secret_name::{Version, check, family, split};
use crate::kustomize::model::object::Object;
use crate::lint::running::running;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::{Provider, Reference};
use crate::repo::root::{Root, RootKind};
use crate::text::path::TreePath;
use crate::yaml::path::PathStep;

/// Where secrets of one name are one secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// A namespace.
    Namespace(String),
    /// Where no namespace is set in Git: a kustomization, or a directory of plain manifests.
    Directory(TreePath),
}

/// How a family is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// A field of what runs reads the secret.
    Use,
    /// An annotation makes a controller read it.
    Annotation,
    /// An annotation makes a controller watch it.
    Watch,
    /// A role lets it be read.
    Grant,
    /// A text holds the name.
    Mention,
}

/// A reference to a version of a family, or to its plain name.
#[derive(Clone, Copy)]
pub(super) struct Named<'r> {
    pub(super) root: &'r Root,
    pub(super) reference: &'r Reference,
    pub(super) manner: Manner,
}

/// What makes a version of a family, or its plain name.
#[derive(Clone, Copy)]
pub(super) struct Made<'r> {
    pub(super) provider: &'r Provider,
}

/// What an environment has of a family in one place.
pub(super) struct FamilyUsage<'r> {
    pub(super) environment: EnvironmentId,
    pub(super) family: &'r str,
    pub(super) scope: Scope,
    pub(super) named: Vec<Named<'r>>,
    pub(super) made: Vec<Made<'r>>,
}

/// What tells one usage from another.
type Key<'r> = (EnvironmentId, &'r str, Scope);

/// Every usage of a repository.
pub(super) struct FamilyUsages<'r>(BTreeMap<Key<'r>, FamilyUsage<'r>>);

impl<'r> Named<'r> {
    /// The object that names it.
    pub(super) fn object(&self) -> &'r Object {
        self.root.object_of(self.reference)
    }

    /// The version; `None` for the plain name.
    pub(super) fn version(&self) -> Option<Version> {
        version(self.reference.secret())
    }

    /// Whether something runs by it, now or at the next time: it is a use of something that is not over.
    pub(super) fn is_live(&self) -> bool {
        self.manner == Manner::Use && !is_over(&self.object().node)
    }
}

impl Made<'_> {
    /// The version; `None` for the plain name.
    pub(super) fn version(&self) -> Option<Version> {
        version(self.provider.secret())
    }
}

impl<'r> FamilyUsage<'r> {
    /// The namespace, where Git sets one.
    pub(super) fn namespace(&self) -> Option<&str> {
        if let Scope::Namespace(name) = &self.scope { Some(name) } else { None }
    }

    /// What runs by a version here, each with the version.
    pub(super) fn live(&self) -> impl Iterator<Item = (Version, &Named<'r>)> {
        let live = self.named.iter().filter(|named| named.is_live());
        live.filter_map(|named| Some((named.version()?, named)))
    }

    /// The newest version that something runs by.
    pub(super) fn newest_live(&self) -> Option<Version> {
        self.live().map(|(version, _)| version).max()
    }

    /// Whether a version is used or made here.
    pub(super) fn is_versioned(&self) -> bool {
        self.live().next().is_some() || self.made.iter().any(|made| made.version().is_some())
    }

    /// Whether another usage of the environment is surely another place: both have a namespace of their own.
    pub(super) fn is_apart(&self, other: &Self) -> bool {
        self.scope != other.scope && self.namespace().is_some() && other.namespace().is_some()
    }

    /// Whether another environment's usage has the same secret: by the namespace or directory, the environment's own
    /// word left out, or because an object of the same kind and name uses it.
    pub(super) fn is_kin(&self, other: &Self, words: &Words) -> bool {
        let objects = |usage: &Self| -> BTreeSet<(String, String)> {
            let used = usage.named.iter().filter(|named| named.manner == Manner::Use);
            // Every namespace has a ServiceAccount `default`.
            let used = used.filter(|named| named.object().kind() != "ServiceAccount");
            used.map(|named| (named.object().kind().to_owned(), named.object().name().to_owned()))
                .collect()
        };
        words.strip(&self.scope) == words.strip(&other.scope)
            || !objects(self).is_disjoint(&objects(other))
    }
}

impl<'r> FamilyUsages<'r> {
    /// The usages of every managed family that has a version somewhere, or that `rotate.yaml` names.
    pub(super) fn new(repo: &'r Repo) -> Self {
        let families = families(repo);
        let homes = Homes::new(repo, &families);
        let mut usages = Self(BTreeMap::new());
        for (root, environment) in running(repo) {
            let Some(environment) = environment else { continue };
            for reference in &root.references {
                let Some(&family) = named(&families, reference.secret()) else { continue };
                let scope = homes.scope(environment, root, reference);
                let named = Named { root, reference, manner: manner(root, reference) };
                usages.at((environment, family, scope)).named.push(named);
            }
            for provider in &root.providers {
                let Some(&family) = named(&families, provider.secret()) else { continue };
                let Some(scope) = home(root, provider) else { continue };
                usages.at((environment, family, scope)).made.push(Made { provider });
            }
        }
        usages
    }

    fn at(&mut self, key: Key<'r>) -> &mut FamilyUsage<'r> {
        let (environment, family, scope) = key.clone();
        self.0.entry(key).or_insert_with(|| FamilyUsage {
            environment,
            family,
            scope,
            named: Vec::new(),
            made: Vec::new(),
        })
    }

    /// All of them, by environment, family and place.
    pub(super) fn iter(&self) -> impl Iterator<Item = &FamilyUsage<'r>> {
        self.0.values()
    }

    /// Those of a family in an environment.
    pub(super) fn of<'s>(
        &'s self,
        environment: EnvironmentId,
        family: &'s str,
    ) -> impl Iterator<Item = &'s FamilyUsage<'r>> {
        // The lowest of all scopes.
        let first = Scope::Namespace(String::new());
        let usages = self.0.range((environment, family, first)..).map(|(_, usage)| usage);
        usages.take_while(move |usage| usage.environment == environment && usage.family == family)
    }

    /// Those of the same secret in the environment that versions are taken over from.
    pub(super) fn before(&self, repo: &Repo, usage: &FamilyUsage<'r>) -> Vec<&FamilyUsage<'r>> {
        let words = Words::of(repo);
        let before = repo.before(usage.environment, usage.family);
        let mut nearest: Vec<&FamilyUsage<'r>> = before
            .map(|before| self.of(before.environment.id, usage.family).collect())
            .unwrap_or_default();
        nearest.retain(|other| usage.is_kin(other, &words));
        nearest
    }
}

/// The words that tell one environment's namespaces and directories from another's.
pub(super) struct Words(BTreeSet<String>);

impl Words {
    pub(super) fn of(repo: &Repo) -> Self {
        let names = repo.environments.iter().map(|environment| environment.name.as_str());
        Self(names.flat_map(|name| name.split(['-', '_', '.'])).map(str::to_owned).collect())
    }

    fn strip<'s>(&self, scope: &'s Scope) -> (bool, Vec<&'s str>) {
        let (named, text) = match scope {
            Scope::Namespace(name) => (true, name.as_str()),
            Scope::Directory(path) => (false, path.as_str()),
        };
        let is_word = |word: &&str| self.0.contains(*word) || environment_of_word(word).is_some();
        (named, text.split(['/', '-', '_', '.']).filter(|word| !is_word(word)).collect())
    }
}

/// The version that a name ends in; `None` when it ends in none.
fn version(name: &str) -> Option<Version> {
    Version::new(split(name)?.1)
}

/// The family of a name, when it is one of these and the name ends in a version or in none.
fn named<'f, 'r>(families: &'f BTreeSet<&'r str>, name: &str) -> Option<&'f &'r str> {
    let fits = check(name).is_ok() && (split(name).is_none() || version(name).is_some());
    families.get(family(name)).filter(|_| fits)
}

/// Every family that has a version in some environment, or that `rotate.yaml` names, and that is not left alone.
pub(super) fn families(repo: &Repo) -> BTreeSet<&str> {
    let all = repo.environments.ids().flat_map(|id| repo.all_families_of(id));
    let known = all.filter(|(name, state)| {
        let digits = state.versions.keys().chain(state.stubs.keys());
        is_named(repo, name) || digits.map(|digits| Version::new(digits)).any(|one| one.is_some())
    });
    known.map(|(name, _)| name).filter(|name| repo.config.secret(name).is_managed()).collect()
}

/// Whether `rotate.yaml` names a family by its full name.
pub(super) fn is_named(repo: &Repo, family: &str) -> bool {
    repo.config.secrets.iter().any(|(name, _)| name.is_literal() && name.matches(family))
}

pub(super) fn manner(root: &Root, reference: &Reference) -> Manner {
    let (found, steps) = (&reference.found, &reference.found.path.0);
    let key = |step: &PathStep, key: &str| matches!(step, PathStep::Key(name) if **name == *key);
    let below = |word: &str| steps.first().is_some_and(|step| key(step, word));
    match found.role {
        Role::Grant => Manner::Grant,
        Role::Watch => Manner::Watch,
        Role::Use if steps.iter().any(|step| key(step, "annotations")) => Manner::Annotation,
        Role::Use => Manner::Use,
        // Where nobody knows the fields, a value that is a name and nothing else is taken at its word.
        Role::Mention
            if found.part.is_none()
                && !root.is_mention(reference)
                && !below("metadata")
                && !below("status") =>
        {
            Manner::Use
        }
        Role::Mention => Manner::Mention,
    }
}

/// Where what a provider makes is; `None` when that is in every namespace.
fn home(root: &Root, provider: &Provider) -> Option<Scope> {
    if provider.provided.namespace.as_deref() == Some(EVERYWHERE) {
        return None;
    }
    let namespace = root.namespace_of_provider(provider);
    let own = || directory(root, root.object_that_provides(provider));
    Some(namespace.map_or_else(own, |name| Scope::Namespace(name.to_owned())))
}

fn directory(root: &Root, object: &Object) -> Scope {
    let file = object.node.origin.as_ref().filter(|_| root.kind == RootKind::Plain);
    Scope::Directory(file.map_or_else(|| root.path.clone(), |file| file.source.path().parent()))
}

/// Where each secret is made, by environment and name; those of no environment are for all.
struct Homes<'r>(BTreeMap<(Option<EnvironmentId>, &'r str), BTreeSet<Scope>>);

impl<'r> Homes<'r> {
    fn new(repo: &'r Repo, families: &BTreeSet<&str>) -> Self {
        let mut homes: BTreeMap<(Option<EnvironmentId>, &str), BTreeSet<Scope>> = BTreeMap::new();
        for (root, environment) in running(repo) {
            for provider in &root.providers {
                let secret = provider.secret();
                if let (Some(_), Some(home)) = (named(families, secret), home(root, provider)) {
                    homes.entry((environment, secret)).or_default().insert(home);
                }
            }
        }
        Self(homes)
    }

    /// Where a reference looks: its namespace, or the one place in which its secret is made, or its own.
    fn scope(&self, environment: EnvironmentId, root: &Root, reference: &Reference) -> Scope {
        if let Some(namespace) = root.namespace_of(reference) {
            return Scope::Namespace(namespace.to_owned());
        }
        let own = directory(root, root.object_of(reference));
        let found = [Some(environment), None].map(|at| self.0.get(&(at, reference.secret())));
        let found: BTreeSet<&Scope> = found.into_iter().flatten().flatten().collect();
        match found.first() {
            Some(only) if found.len() == 1 => (*only).clone(),
            Some(_) if found.contains(&own) => own,
            _ => Scope::Directory(root.path.clone()),
        }
    }
}
