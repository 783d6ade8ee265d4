//! What Flux applies only after something else: `dependsOn` of `Kustomization`s and `HelmRelease`s.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::k8s::resource::{group_of, kind_of};
use crate::repo::Repo;
use crate::repo::builder::Builder;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::text::work;
use crate::yaml::node::Node;

/// A `Kustomization` or `HelmRelease` of Flux: where its name is written.
pub(super) type Unit = (&'static str, TreePath, Span);

/// Where one says that it comes after another.
#[derive(Debug, Clone)]
struct Dependency {
    namespace: Option<String>,
    name: String,
    place: Place,
}

/// One of them.
#[derive(Debug, Default)]
struct Entry {
    names: BTreeSet<(Option<String>, String)>,
    after: Vec<Dependency>,
    /// What applies it.
    within: BTreeSet<Unit>,
}

/// What comes before one of them, each with the entry of `dependsOn` that leads there.
pub(super) type Earlier = Rc<BTreeMap<Unit, Place>>;

/// Which of them comes after which.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    all: BTreeMap<Unit, Entry>,
    /// Them by kind and name.
    named: BTreeMap<(&'static str, String), BTreeSet<Unit>>,
    earlier: RefCell<BTreeMap<Unit, Earlier>>,
}

/// The kind of an object that Flux applies after others; `None` for another.
fn kind(object: &Node) -> Option<&'static str> {
    match (group_of(object), kind_of(object)) {
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => Some("Kustomization"),
        ("helm.toolkit.fluxcd.io", "HelmRelease") => Some("HelmRelease"),
        _ => None,
    }
}

/// Whether an object says that it comes after another.
pub(super) fn depends(object: &Node) -> bool {
    kind(object).is_some() && object.at(&["spec", "dependsOn"]).is_some()
}

/// What an object is among them.
pub(super) fn unit_of(object: &Node) -> Option<Unit> {
    let place = object.at(&["metadata", "name"])?.origin.as_ref()?.near_in_file();
    Some(unit(kind(object)?, &place))
}

fn unit(kind: &'static str, place: &Place) -> Unit {
    let (path, span) = place.near_in_file().site();
    (kind, path, span)
}

/// What Flux builds a root by.
pub(super) fn units_of(root: &Root) -> impl Iterator<Item = Unit> {
    let is_flux = |builder: &&Builder| matches!(builder.kind, "Kustomization" | "HelmRelease");
    let builders = root.builders.iter().map(|builder| &**builder).filter(is_flux);
    builders.filter_map(|builder| Some(unit(builder.kind, builder.origin.as_ref()?)))
}

impl Dependencies {
    /// Those of a repository; empty where nothing depends on anything.
    pub(super) fn of(repo: &Repo) -> Self {
        let mut new = Self::default();
        if !repo.roots.iter().any(|root| root.orders().depends) {
            return new;
        }
        for root in &repo.roots {
            for object in root.objects() {
                let (Some(kind), Some(unit)) = (kind(&object.node), unit_of(&object.node)) else {
                    continue;
                };
                let namespace = object.namespace().map(str::to_owned);
                let entry = new.all.entry(unit.clone()).or_default();
                entry.names.insert((namespace.clone(), object.name().to_owned()));
                entry.within.extend(units_of(root).filter(|other| *other != unit));
                let listed = object.node.at(&["spec", "dependsOn"]).map_or(&[][..], Node::items);
                entry.after.extend(listed.iter().filter_map(|one| {
                    let name = one.get("name")?;
                    let other = one.get("namespace").and_then(Node::str).map(str::to_owned);
                    let place = name.origin.clone()?;
                    let (namespace, name) =
                        (other.or_else(|| namespace.clone()), name.str()?.to_owned());
                    Some(Dependency { namespace, name, place })
                }));
                let key = (kind, object.name().to_owned());
                new.named.entry(key).or_default().insert(unit);
            }
        }
        new
    }

    /// What comes before one of them, directly or by way of others.
    pub(super) fn before(&self, unit: &Unit) -> Earlier {
        if let Some(known) = self.earlier.borrow().get(unit) {
            return Rc::clone(known);
        }
        let mut earlier: BTreeMap<Unit, Place> = BTreeMap::new();
        let mut seen = BTreeSet::from([unit.clone()]);
        let mut queue: Vec<(Unit, Option<Place>)> = vec![(unit.clone(), None)];
        while let Some((one, first)) = queue.pop() {
            work::step();
            let Some(entry) = self.all.get(&one) else { continue };
            for dependency in &entry.after {
                let place = first.as_ref().unwrap_or(&dependency.place);
                for other in self.meant(&one, dependency) {
                    earlier.entry(other.clone()).or_insert_with(|| place.clone());
                    if seen.insert(other.clone()) {
                        queue.push((other, Some(place.clone())));
                    }
                }
            }
            // What applies it waits before it does.
            for other in &entry.within {
                if seen.insert(other.clone()) {
                    queue.push((other.clone(), first.clone()));
                }
            }
        }
        let earlier = Rc::new(earlier);
        self.earlier.borrow_mut().insert(unit.clone(), Rc::clone(&earlier));
        earlier
    }

    /// What applies one of them.
    pub(super) fn within(&self, unit: &Unit) -> impl Iterator<Item = &Unit> {
        self.all.get(unit).into_iter().flat_map(|entry| &entry.within)
    }

    /// Which of those with the name is meant: clusters have some of the same name each, in directories of their own.
    fn meant(&self, from: &Unit, dependency: &Dependency) -> Vec<Unit> {
        let alike = self.named.get(&(from.0, dependency.name.clone()));
        let fits = |unit: &&Unit| {
            let names = self.all.get(*unit).map(|entry| &entry.names);
            names.is_some_and(|names| {
                names.iter().any(|(namespace, name)| {
                    *name == dependency.name
                        && (namespace.is_none()
                            || dependency.namespace.is_none()
                            || *namespace == dependency.namespace)
                })
            })
        };
        let alike: Vec<&Unit> = alike.into_iter().flatten().filter(fits).collect();
        let nearness = |unit: &Unit| {
            let pairs = unit.1.parts().zip(from.1.parts());
            pairs.take_while(|(one, other)| one == other).count()
        };
        let nearest = alike.iter().map(|unit| nearness(unit)).max();
        let is_near = |unit: &&Unit| Some(nearness(unit)) == nearest;
        alike.into_iter().filter(is_near).cloned().collect()
    }
}
