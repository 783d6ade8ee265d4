//! What each environment has of a family in one place: the versions that its workloads use, and what makes them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::found::{EVERYWHERE, Role};
use crate::k8s::job::is_over;
use crate::k8s::secret_name::{Version, check, family, split};
use crate::kustomize::model::object::Object;
use crate::lint::kin::{Kin, Kinship};
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

/// Every usage of a repository, by environment, family and place.
pub(super) struct FamilyUsages<'r> {
    repo: &'r Repo,
    all: Vec<FamilyUsage<'r>>,
    kinship: OnceCell<Kinship<'r>>,
}

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
}

impl<'r> FamilyUsages<'r> {
    /// The usages of every managed family that has a version somewhere, or that `rotate.yaml` names.
    pub(super) fn new(repo: &'r Repo) -> Self {
        let families = families(repo);
        let homes = Homes::new(repo, &families);
        let mut usages: BTreeMap<Key<'_>, FamilyUsage<'_>> = BTreeMap::new();
        for (root, environment) in running(repo) {
            let Some(environment) = environment else { continue };
            // What runs is asked of each usage.
            let _ = repo.running(environment);
            for reference in &root.references {
                let Some(&family) = named(&families, reference.secret()) else { continue };
                let scope = homes.scope(environment, root, reference);
                let named = Named { root, reference, manner: manner(root, reference) };
                at(&mut usages, (environment, family, scope)).named.push(named);
            }
            for provider in &root.providers {
                let Some(&family) = named(&families, provider.secret()) else { continue };
                let Some(scope) = home(root, provider) else { continue };
                at(&mut usages, (environment, family, scope)).made.push(Made { provider });
            }
        }
        Self { repo, all: usages.into_values().collect(), kinship: OnceCell::new() }
    }

    /// All of them, by environment, family and place.
    pub(super) fn iter(&self) -> impl Iterator<Item = &FamilyUsage<'r>> {
        self.all.iter()
    }

    /// Those of the same secret in the environment that versions are taken over from.
    pub(super) fn before(&self, usage: &FamilyUsage<'_>) -> Kin {
        let before = self.repo.before(usage.environment, usage.family);
        before.map(|before| self.kin(usage, before.environment.id)).unwrap_or_default()
    }

    /// Those of the same secret in another environment.
    pub(super) fn kin(&self, usage: &FamilyUsage<'_>, there: EnvironmentId) -> Kin {
        self.kinship.get_or_init(|| Kinship::new(self.repo, &self.all)).of(usage, there)
    }

    /// One of them by its position.
    pub(super) fn at(&self, position: usize) -> &FamilyUsage<'r> {
        &self.all[position]
    }

    /// One of them by its position, and a reference in it.
    pub(super) fn named(&self, (usage, named): (usize, usize)) -> &Named<'r> {
        &self.all[usage].named[named]
    }
}

fn at<'u, 'r>(
    usages: &'u mut BTreeMap<Key<'r>, FamilyUsage<'r>>,
    key: Key<'r>,
) -> &'u mut FamilyUsage<'r> {
    let (environment, family, scope) = key.clone();
    let new = || FamilyUsage { environment, family, scope, named: Vec::new(), made: Vec::new() };
    usages.entry(key).or_insert_with(new)
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
    repo.config.names_family(family)
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
