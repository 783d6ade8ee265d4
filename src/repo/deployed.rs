//! What a repository deploys, and which parts of it cannot be seen here.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::placeholder::{is_filled_in, known_start};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::Provider;
use crate::repo::layout::is_kustomization;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::text::work;

/// Which namespaces some roots may have objects in, by the roots' environment.
#[derive(Debug, Default)]
pub struct Reached(BTreeMap<Option<EnvironmentId>, Namespaces>);

#[derive(Debug, Default)]
struct Namespaces {
    /// Whether one of the roots may have objects in every namespace.
    every: bool,
    named: BTreeSet<String>,
}

impl Reached {
    /// The namespaces that these roots may reach.
    pub fn by<'r>(roots: impl Iterator<Item = &'r Root>) -> Self {
        let mut reached = Self::default();
        for root in roots {
            let namespaces = reached.0.entry(root.environment).or_default();
            match namespaces_of(root) {
                None => namespaces.every = true,
                Some(named) => namespaces.named.extend(named.into_iter().map(str::to_owned)),
            }
        }
        reached
    }

    /// Whether a root of an environment, or of none, may have objects in a namespace.
    #[must_use]
    pub fn reaches(&self, environment: Option<EnvironmentId>, namespace: Option<&str>) -> bool {
        let near = [environment, None].into_iter().filter_map(|one| self.0.get(&one));
        near.into_iter()
            .any(|one| one.every || namespace.is_none_or(|namespace| one.named.contains(namespace)))
    }
}

/// The namespaces of a root's objects; `None` when one of them is unknown, or every object is.
fn namespaces_of(root: &Root) -> Option<BTreeSet<&str>> {
    work::step();
    let objects = root.objects();
    let own = objects.iter().map(|object| object.namespace().or(root.namespace.as_deref()));
    own.collect::<Option<BTreeSet<&str>>>().filter(|_| !objects.is_empty())
}

/// Whether what a root is missing may be in a namespace: one of its objects is, or it is unknown.
#[must_use]
pub fn may_reach(root: &Root, namespace: Option<&str>) -> bool {
    work::step();
    let Some(namespace) = namespace else { return true };
    let objects = root.objects();
    let mut set = objects.iter().map(|object| object.namespace().or(root.namespace.as_deref()));
    objects.is_empty() || set.any(|own| own.is_none_or(|own| own == namespace))
}

/// The roots that are deployed, each with its environment's name: those that belong to an environment,
/// and others that no root includes. What does not build deploys nothing of what it includes.
pub fn deployed(repo: &Repo) -> impl Iterator<Item = (&Root, Option<&str>)> {
    let mut included: BTreeSet<&TreePath> = BTreeSet::new();
    for root in repo.roots.iter().filter(|root| !root.has_failed()) {
        included.extend(root.directories().iter().filter(|directory| **directory != root.path));
    }
    let roots = repo.roots.iter().map(|root| &**root);
    roots
        .filter(move |root| root.environment.is_some() || !included.contains(&root.path))
        .map(|root| (root, root.environment.map(|index| repo.environments[index].name.as_str())))
}

/// Whether a root of an environment, or of none, may have unreadable objects in a namespace: it lacks something
/// remote or foreign, or does not build.
#[must_use]
pub fn may_hide(repo: &Repo, environment: Option<EnvironmentId>, namespace: Option<&str>) -> bool {
    repo.hidden().reaches(environment, namespace)
}

/// Whether nothing that a root lacks may add to an object that it spells: it lacks only resources of their own, and the object
/// is not generated, which may go on from one that is not here.
#[must_use]
pub fn is_whole(repo: &Repo, root: &Root, provider: &Provider) -> bool {
    if !root.is_partial() {
        return true;
    }
    let is_spelled = provider.near().is_some_and(|at| !is_kustomization(at.source.path()));
    let mut missing = root.problems().iter().filter(|problem| problem.partial);
    is_spelled
        && missing.all(|problem| {
            work::step();
            let Some(place) = &problem.place else { return false };
            let Ok(kustomization) = repo.resolver.kustomization(&problem.path.parent()) else {
                return false;
            };
            let fields = ["resources", "bases"].iter();
            let mut listed = fields.flat_map(|field| kustomization.items(field));
            listed.any(|entry| entry.origin.as_ref().is_some_and(|origin| origin.is(place)))
        })
}

/// Whether a reference is filled in only when it is deployed, and may then name a version of the family.
#[must_use]
pub fn may_be_filled_in(family: &str, named: &BTreeSet<&str>) -> bool {
    Starts::of(named.iter().copied()).may_name(family)
}

/// What is known of the names that are filled in only when they are deployed.
#[derive(Debug, Default)]
pub struct Starts<'n>(BTreeSet<&'n str>);

impl<'n> Starts<'n> {
    /// The known starts of those among some names.
    pub fn of(names: impl Iterator<Item = &'n str>) -> Self {
        let open = names.inspect(|_| work::step()).filter(|name| is_filled_in(name));
        Self(open.filter_map(known_start).collect())
    }

    /// Whether one of them may name a version of a family.
    #[must_use]
    pub fn may_name(&self, family: &str) -> bool {
        let name = format!("{family}-");
        let mut starts = (0..=name.len()).filter_map(|end| name.get(..end));
        starts.any(|start| self.0.contains(start))
    }
}
