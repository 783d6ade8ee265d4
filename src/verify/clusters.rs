//! Which dump is of which cluster, where an environment runs the same workload in several.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::repo::root::Root;
use crate::verify::Request;
use crate::verify::expected::Expected;
use crate::verify::known::{Known, built_for, is_called, label};

/// Roots that are held against some inputs.
#[derive(Debug)]
pub(super) struct Scope {
    /// What it is called, where there are several.
    pub(super) label: Option<String>,
    /// The cluster whose ExternalSecrets count, whatever root has them; `None` for those of all roots.
    pub(super) cluster: Option<String>,
    /// The roots, as indexes.
    pub(super) roots: BTreeSet<usize>,
    /// The inputs, as indexes; `None` if no dump is of this cluster.
    pub(super) inputs: Option<BTreeSet<usize>>,
    /// Whether it only deploys to the clusters of the workloads.
    pub(super) is_hub: bool,
    /// All clusters of the roots, where it is not known which of them has no dump, and how many have one.
    pub(super) partly: Option<(BTreeSet<String>, usize)>,
}

impl Scope {
    /// Roots of a cluster. `cluster`: whose ExternalSecrets count.
    pub(super) fn new(
        (label, cluster): (Option<String>, Option<String>),
        roots: BTreeSet<usize>,
        inputs: Option<BTreeSet<usize>>,
    ) -> Self {
        Self { label, cluster, roots, inputs, is_hub: false, partly: None }
    }
}

/// Whether two roots with the same object are two clusters: neither includes the other.
fn are_two(one: &Root, other: &Root) -> bool {
    let name = |root: &Root| built_for(root).next().map(str::to_owned);
    match (name(one), name(other)) {
        (Some(one), Some(other)) => one != other,
        _ => {
            one.path != other.path
                && !one.directories().contains(&other.path)
                && !other.directories().contains(&one.path)
        }
    }
}

/// The roots that have what is expected, as one scope, or one for each cluster where there are several.
pub(super) fn scopes(request: &Request<'_>, expected: &[Vec<Expected<'_>>]) -> Vec<Scope> {
    let root = |index: usize| &*request.repo.roots[index];
    let expected: Vec<&Expected<'_>> = expected.iter().flatten().collect();
    let known = Known::of(request, &expected);
    let is_wanted =
        |index: &usize| request.cluster.is_none_or(|cluster| known.is_of(*index, cluster));
    let mut rest: BTreeSet<usize> =
        expected.iter().map(|one| one.root).filter(|one| is_wanted(one)).collect();
    let mut groups = groups(request, &expected, &rest);
    for (_, roots) in &groups {
        rest.retain(|index| !roots.contains(index));
    }
    // What only clusters include runs nowhere else.
    let is_base = |index: &usize| {
        let includes = |other: &usize| root(*other).directories().contains(&root(*index).path);
        let clusters = groups.iter().flat_map(|(_, roots)| roots);
        root(*index).builders.is_empty() && clusters.into_iter().any(includes)
    };
    rest.retain(|index| !is_base(index));
    let is_free = |at: &usize| request.inputs[*at].cluster.is_none();
    let mut scopes = Vec::new();
    let mut free: Vec<usize> = known.inputs(request).filter(is_free).collect();
    let many = free.len() > groups.len();
    groups.sort();
    for (label, roots) in groups {
        let own: BTreeSet<usize> =
            roots.iter().flat_map(|index| named(request, &known, *index)).collect();
        if !own.is_empty() {
            let views = views(request, &own);
            let is_one = views.len() == 1;
            scopes.extend(lacking(request, &known, &roots, &views));
            scopes.extend(views.into_iter().map(|(name, inputs)| {
                let name = if is_one { label.clone() } else { name.unwrap_or_default() };
                Scope::new((Some(name), Some(label.clone())), roots.clone(), Some(inputs))
            }));
            continue;
        }
        let fits = |at: &usize| fits(request, *at, &expected, &roots);
        let best = free.iter().copied().filter(|at| !many && fits(at) > 0).max_by_key(fits);
        free.retain(|at| Some(*at) != best);
        let inputs = best.map(|at| BTreeSet::from([at]));
        let views: Vec<View> = inputs.iter().map(|view| (None, view.clone())).collect();
        if !views.is_empty() {
            scopes.extend(lacking(request, &known, &roots, &views));
        }
        scopes.push(Scope::new((Some(label.clone()), Some(label)), roots, inputs));
    }
    scopes.extend(others(request, &known, &rest));
    scopes.extend(known.hubs.iter().map(|hub| {
        let name = Some(hub.name.clone());
        let roots = expected.iter().map(|one| one.root).collect();
        let scope = Scope::new((name.clone(), name), roots, Some(hub.inputs.clone()));
        Scope { is_hub: true, ..scope }
    }));
    scopes
}

/// The clusters that some roots are deployed to, as what builds them tells, and of which no input is.
fn lacking(
    request: &Request<'_>,
    known: &Known<'_>,
    roots: &BTreeSet<usize>,
    views: &[View],
) -> Vec<Scope> {
    let mut by_clusters: BTreeMap<&BTreeSet<String>, BTreeSet<usize>> = BTreeMap::new();
    for index in roots.iter().filter(|_| request.cluster.is_none()) {
        if let Some(clusters) = known.several(*index) {
            by_clusters.entry(clusters).or_default().insert(*index);
        }
    }
    let of = |view: &View| {
        let mut inputs = view.1.iter().map(|at| &request.inputs[*at]);
        inputs.find_map(|input| input.cluster.as_deref())
    };
    let named: BTreeSet<&str> = views.iter().filter_map(of).collect();
    let mut scopes = Vec::new();
    for (clusters, roots) in by_clusters {
        let is_any = |name: &&str| clusters.iter().any(|one| is_called(one, name));
        let lost = clusters.iter().filter(|one| !named.iter().any(|name| is_called(one, name)));
        let lost: Vec<&str> = lost.map(String::as_str).collect();
        // It is not known of which of them the others are.
        let others = named.iter().filter(|name| !is_any(name)).count()
            + views.iter().filter(|view| of(view).is_none()).count();
        if others == 0 {
            scopes.extend(lost.into_iter().map(|name| {
                let name = Some(name.to_owned());
                Scope::new((name.clone(), name), roots.clone(), None)
            }));
        } else if others < lost.len() {
            let label = Some(lost.join(" or "));
            let partly = Some((clusters.clone(), clusters.len() - lost.len() + others));
            scopes.push(Scope { partly, ..Scope::new((label, None), roots, None) });
        }
    }
    scopes
}

/// The inputs that are said to be of a cluster of a root, as indexes.
fn named(request: &Request<'_>, known: &Known<'_>, root: usize) -> BTreeSet<usize> {
    let shows = |at: &usize| {
        let cluster = request.inputs[*at].cluster.as_deref();
        cluster.is_some_and(|cluster| known.shows(cluster, root, request.cluster))
    };
    known.inputs(request).filter(shows).collect()
}

/// The scopes of the roots that no two clusters have.
fn others(request: &Request<'_>, known: &Known<'_>, rest: &BTreeSet<usize>) -> Vec<Scope> {
    let root = |index: usize| &*request.repo.roots[index];
    let is_free = |at: &usize| request.inputs[*at].cluster.is_none();
    let free: BTreeSet<usize> = known.inputs(request).filter(is_free).collect();
    let mut by_inputs: BTreeMap<BTreeSet<usize>, BTreeSet<usize>> = BTreeMap::new();
    for index in rest {
        let mut own = named(request, known, *index);
        if own.is_empty() {
            // It runs where what includes it runs.
            let includes =
                |other: &&usize| root(**other).directories().contains(&root(*index).path);
            let above = rest.iter().filter(includes);
            own.extend(above.flat_map(|other| named(request, known, *other)));
        }
        own.extend(&free);
        by_inputs.entry(own).or_default().insert(*index);
    }
    let is_one = by_inputs.len() == 1;
    let is_named = |name: &&str| known.is_named(name);
    let chosen = request.cluster.filter(is_named);
    let mut scopes = Vec::new();
    for (inputs, roots) in by_inputs {
        if inputs.is_empty() && !request.inputs.is_empty() {
            let label = roots.first().map(|index| label(root(*index)));
            scopes.push(Scope::new((label.clone(), label), roots, None));
            continue;
        }
        let mut views = views(request, &inputs);
        scopes.extend(lacking(request, known, &roots, &views));
        if is_one && views.len() < 2 {
            let of = (request.cluster.map(str::to_owned), chosen.map(str::to_owned));
            let inputs = views.pop().map_or_else(BTreeSet::new, |(_, view)| view);
            scopes.push(Scope::new(of, roots, Some(inputs)));
            continue;
        }
        scopes.extend(views.into_iter().map(|(label, view)| {
            let cluster = label.as_deref().filter(is_named).or(chosen).map(str::to_owned);
            Scope::new((label, cluster), roots.clone(), Some(view))
        }));
    }
    scopes
}

/// The name of a cluster, if it has one, and the inputs that are of it, as indexes.
type View = (Option<String>, BTreeSet<usize>);

/// Inputs by the cluster that they are of: what is said to be of one, each context, and files of which nothing is said.
fn views(request: &Request<'_>, inputs: &BTreeSet<usize>) -> Vec<View> {
    let mut views: BTreeMap<(Option<&str>, Option<&str>), BTreeSet<usize>> = BTreeMap::new();
    for at in inputs {
        let input = &request.inputs[*at];
        views.entry((input.cluster.as_deref(), input.context.as_deref())).or_default().insert(*at);
    }
    // Files of which nothing is said are of the only cluster that there is.
    if views.len() == 2 {
        let free = views.remove(&(None, None)).unwrap_or_default();
        views.values_mut().take(1).for_each(|view| view.extend(&free));
    }
    let label = |(cluster, context): (Option<&str>, Option<&str>)| {
        let is_shared = views.keys().filter(|(other, _)| *other == cluster).count() > 1;
        let name = if is_shared { context.or(cluster) } else { cluster.or(context) };
        name.map(str::to_owned)
    };
    views.iter().map(|(of, view)| (label(*of), view.clone())).collect()
}

/// The clusters that have the same object, each with its name and its roots.
pub(super) fn groups(
    request: &Request<'_>,
    expected: &[&Expected<'_>],
    wanted: &BTreeSet<usize>,
) -> Vec<(String, BTreeSet<usize>)> {
    let mut by_name: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
    for one in expected.iter().filter(|one| wanted.contains(&one.root)) {
        by_name.entry(one.identity()).or_default().insert(one.root);
    }
    let mut groups: Vec<(String, BTreeSet<usize>)> = Vec::new();
    let root = |index: usize| &*request.repo.roots[index];
    for roots in by_name.values().filter(|roots| roots.len() > 1) {
        let is_other = |one: &usize| roots.iter().any(|other| are_two(root(*one), root(*other)));
        for index in roots.iter().filter(|one| is_other(one)) {
            let is_same = |(_, known): &(String, BTreeSet<usize>)| {
                known.contains(index)
                    || known.iter().all(|other| !are_two(root(*index), root(*other)))
            };
            match groups.iter().position(is_same) {
                Some(at) => drop(groups[at].1.insert(*index)),
                None => groups.push((label(root(*index)), BTreeSet::from([*index]))),
            }
        }
    }
    groups
}

/// How much of what some roots expect is in an input, as they expect it.
fn fits(
    request: &Request<'_>,
    input: usize,
    expected: &[&Expected<'_>],
    roots: &BTreeSet<usize>,
) -> usize {
    let own = expected.iter().filter(|one| roots.contains(&one.root));
    let own: HashMap<_, _> = own.map(|one| ((one.kind, one.name), one)).collect();
    let objects = request.live.objects.iter().filter(|object| object.input == input);
    let found = objects.filter_map(|object| {
        let one = own.get(&(&*object.kind, object.name.as_str()))?;
        Some(1 + object.named.iter().filter(|named| one.in_pods.contains(&*named.secret)).count())
    });
    found.sum()
}
