//! What Flux applies only after something else: `dependsOn` of `Kustomization`s and `HelmRelease`s.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::k8s::resource::{group_of, kind_of};
use crate::kustomize::model::object::Object;
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
    /// The roots that it is in though nothing of the repository builds them, by their number.
    tops: BTreeSet<usize>,
    /// Whether it is ready only when all that it applies is.
    waits: bool,
    /// What else has to be ready before it is.
    checks: Vec<Node>,
}

/// What both are in, if they are in one cluster: what builds all else, or a root that nothing builds.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Top<'u> {
    Unit(&'u Unit),
    Root(usize),
}

/// How many numbers are kept of what was asked before.
const KEPT: usize = 1 << 20;

/// What comes before one of them: by the number of each, that of the entry of `dependsOn` that leads there.
type Earlier = Rc<Vec<Option<usize>>>;

/// Which of them comes after which.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    all: BTreeMap<Unit, Entry>,
    /// Them by kind and name.
    named: BTreeMap<(&'static str, String), BTreeSet<Unit>>,
    graph: OnceCell<Graph>,
    earlier: RefCell<BTreeMap<usize, Earlier>>,
}

/// The same in numbers: how many come after others may be as many as all of them, for each of them.
#[derive(Debug, Default)]
struct Graph {
    numbers: BTreeMap<Unit, usize>,
    /// Every entry of `dependsOn`.
    places: Vec<Place>,
    /// What one comes after: by which entry, or what applies it.
    after: Vec<Vec<(usize, Option<usize>)>>,
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

impl Entry {
    /// What an object says of when it is ready.
    fn reads_health(&mut self, object: &Node) {
        self.waits |= object.at(&["spec", "wait"]).is_some_and(|wait| wait.reads("true"));
        let checks = object.at(&["spec", "healthChecks"]).map_or(&[][..], Node::items);
        self.checks.extend(checks.iter().cloned());
    }
}

/// Whether an entry of `healthChecks` names an object.
fn names(check: &Node, object: &Object) -> bool {
    let reads = |key: &str, text: &str| check.get(key).is_some_and(|node| node.reads(text));
    let namespace = check.get("namespace").and_then(Node::str);
    reads("kind", object.kind())
        && reads("name", object.name())
        && namespace.is_none_or(|name| object.namespace().is_none_or(|own| own == name))
}

impl Dependencies {
    /// Those of a repository; empty where nothing depends on anything.
    pub(super) fn of(repo: &Repo) -> Self {
        let mut new = Self::default();
        if !repo.roots.iter().any(|root| root.orders().depends) {
            return new;
        }
        for (number, root) in repo.roots.iter().enumerate() {
            for object in root.objects() {
                let (Some(kind), Some(unit)) = (kind(&object.node), unit_of(&object.node)) else {
                    continue;
                };
                let namespace = object.namespace().map(str::to_owned);
                let entry = new.all.entry(unit.clone()).or_default();
                entry.names.insert((namespace.clone(), object.name().to_owned()));
                entry.within.extend(units_of(root).filter(|other| *other != unit));
                entry.tops.extend(units_of(root).next().is_none().then_some(number));
                entry.reads_health(&object.node);
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

    /// Whether one of them is ready only when what it applies is: an object, or the releases that bring the object.
    pub(super) fn waits_for(&self, unit: &Unit, object: &Object, releases: &[Unit]) -> bool {
        if unit.0 != "Kustomization" {
            return true;
        }
        let brings = |check: &Node| releases.iter().any(|release| self.is_named(check, release));
        self.all.get(unit).is_some_and(|entry| {
            let mut checks = entry.checks.iter();
            entry.waits || checks.any(|check| names(check, object) || brings(check))
        })
    }

    /// Whether an entry of `healthChecks` names one of them.
    fn is_named(&self, check: &Node, unit: &Unit) -> bool {
        let reads = |key: &str, text: &str| check.get(key).is_some_and(|node| node.reads(text));
        reads("kind", unit.0) && self.name(unit).is_some_and(|name| reads("name", name))
    }

    /// The name of one of them.
    pub(super) fn name(&self, unit: &Unit) -> Option<&str> {
        self.all.get(unit)?.names.iter().next().map(|(_, name)| &**name)
    }

    /// The entry of `dependsOn` by which one of them comes after any of some others, directly or by way of more.
    pub(super) fn leads(&self, unit: &Unit, others: &BTreeSet<Unit>) -> Option<Place> {
        let graph = self.graph.get_or_init(|| self.graph());
        let earlier = self.before(graph, *graph.numbers.get(unit)?);
        let mut others = others.iter().filter_map(|other| graph.numbers.get(other));
        let entry = others.find_map(|other| *earlier.get(*other)?)?;
        graph.places.get(entry).cloned()
    }

    /// What one of them is in, down to what builds all else.
    fn tops<'u>(&'u self, unit: &'u Unit) -> BTreeSet<Top<'u>> {
        let (mut tops, mut seen, mut queue) = (BTreeSet::new(), BTreeSet::from([unit]), vec![unit]);
        while let Some(one) = queue.pop() {
            work::step();
            let entry = self.all.get(one);
            let above = entry.into_iter().flat_map(|entry| &entry.within).collect::<Vec<_>>();
            let roots = entry.into_iter().flat_map(|entry| &entry.tops);
            tops.extend(roots.map(|number| Top::Root(*number)));
            // What builds itself is within nothing else.
            tops.extend(above.is_empty().then_some(Top::Unit(one)));
            queue.extend(above.into_iter().filter(|other| seen.insert(other)));
        }
        tops
    }

    fn graph(&self) -> Graph {
        let mut tops = BTreeMap::new();
        let numbers: BTreeMap<Unit, usize> = self.all.keys().cloned().zip(0..).collect();
        let (mut places, mut after) = (Vec::new(), Vec::new());
        for (unit, entry) in &self.all {
            let mut own = Vec::new();
            for dependency in &entry.after {
                let meant = self.meant(unit, dependency, &mut tops);
                let meant = meant.into_iter().filter_map(|other| numbers.get(other));
                own.extend(meant.map(|other| (*other, Some(places.len()))));
                places.push(dependency.place.clone());
            }
            // What applies it waits before it does.
            let within = entry.within.iter().filter_map(|other| numbers.get(other));
            own.extend(within.map(|other| (*other, None)));
            after.push(own);
        }
        Graph { numbers, places, after }
    }

    /// What comes before one of them, directly or by way of others.
    fn before(&self, graph: &Graph, unit: usize) -> Earlier {
        let mut known = self.earlier.borrow_mut();
        if let Some(known) = known.get(&unit) {
            return Rc::clone(known);
        }
        let mut earlier: Vec<Option<usize>> = vec![None; graph.after.len()];
        let mut seen = vec![false; graph.after.len()];
        seen[unit] = true;
        let mut queue: Vec<(usize, Option<usize>)> = vec![(unit, None)];
        while let Some((one, first)) = queue.pop() {
            work::step();
            for &(other, entry) in &graph.after[one] {
                let entry_there = entry.and(first.or(entry));
                earlier[other] = earlier[other].or(entry_there);
                if !std::mem::replace(&mut seen[other], true) {
                    queue.push((other, first.or(entry)));
                }
            }
        }
        if (known.len() + 1).saturating_mul(earlier.len()) > KEPT {
            known.clear();
        }
        let earlier = Rc::new(earlier);
        known.insert(unit, Rc::clone(&earlier));
        earlier
    }

    /// What applies one of them.
    pub(super) fn within(&self, unit: &Unit) -> impl Iterator<Item = &Unit> {
        self.all.get(unit).into_iter().flat_map(|entry| &entry.within)
    }

    /// Which of those with the name is meant: clusters have some of the same name each, built by one of their own or in
    /// directories of their own.
    fn meant<'u>(
        &'u self,
        from: &'u Unit,
        dependency: &Dependency,
        tops: &mut BTreeMap<&'u Unit, BTreeSet<Top<'u>>>,
    ) -> Vec<&'u Unit> {
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
        let mut alike: Vec<&Unit> = alike.into_iter().flatten().filter(fits).collect();
        if alike.len() > 1 {
            for unit in alike.iter().copied().chain([from]) {
                tops.entry(unit).or_insert_with(|| self.tops(unit));
            }
            let is_beside = |unit: &&Unit| !tops[*unit].is_disjoint(&tops[from]);
            if alike.iter().any(is_beside) {
                alike.retain(is_beside);
            }
        }
        let nearness = |unit: &Unit| {
            let pairs = unit.1.parts().zip(from.1.parts());
            pairs.take_while(|(one, other)| one == other).count()
        };
        let nearest = alike.iter().map(|unit| nearness(unit)).max();
        let is_near = |unit: &&Unit| Some(nearness(unit)) == nearest;
        alike.into_iter().filter(is_near).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::{Dependencies, KEPT, Unit};
    use crate::repo::testing::repo;

    /// Each comes after each: what is kept of that does not grow with the square of their number.
    #[test]
    fn a_great_circle_takes_little_memory() {
        let count = 1100;
        let mut file = String::new();
        for number in 0..count {
            let _ = writeln!(
                file,
                "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: k{number}, namespace: flux-system}}\nspec: {{path: ./none, dependsOn: [{{name: k{}}}]}}",
                (number + 1) % count
            );
        }
        let repo = repo(&[("clusters/staging/all.yaml", &file)]);
        let dependencies = Dependencies::of(&repo);
        let units: Vec<&Unit> = dependencies.all.keys().collect();
        assert_eq!(units.len(), count);
        let first = BTreeSet::from([units[0].clone()]);
        for unit in &units[1..] {
            assert!(dependencies.leads(unit, &first).is_some());
        }
        assert!(dependencies.leads(units[0], &BTreeSet::new()).is_none());
        let kept: usize = dependencies.earlier.borrow().values().map(|one| one.len()).sum();
        assert!((1..=KEPT).contains(&kept), "{kept} numbers");
    }
}
