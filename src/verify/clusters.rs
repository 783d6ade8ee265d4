//! Which dump is of which cluster, where an environment runs the same workload in several.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::repo::root::Root;
use crate::verify::Request;
use crate::verify::expected::Expected;

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
}

/// The clusters that Git names.
pub(super) struct Known<'r> {
    roots: Vec<&'r Root>,
    /// The names in what builds the roots.
    built: BTreeSet<&'r str>,
    /// Whether Git tells one cluster from another.
    is_told: bool,
}

impl<'r> Known<'r> {
    pub(super) fn of(request: &Request<'r>, expected: &[&Expected<'_>]) -> Self {
        let roots: Vec<&Root> =
            request.repo.roots_of(request.environment).map(|(_, root)| &**root).collect();
        let built: BTreeSet<&str> = roots.iter().flat_map(|root| built_for(root)).collect();
        let all = expected.iter().map(|one| one.root).collect();
        let is_told = !built.is_empty() || !groups(request, expected, &all).is_empty();
        Self { roots, built, is_told }
    }

    /// Whether an input may be of a cluster: it is one of the environment, or Git names none.
    pub(super) fn has(&self, cluster: &str) -> bool {
        !self.is_told || self.is_named(cluster)
    }

    fn is_named(&self, cluster: &str) -> bool {
        self.roots.iter().any(|root| is_of(root, cluster))
    }

    /// Whether what is said to be of a cluster shows a root; `only`: the cluster that counts.
    fn shows(&self, cluster: &str, root: &Root, only: Option<&str>) -> bool {
        let is_other = |only: &str| {
            only != cluster && self.built.contains(only) && self.built.contains(cluster)
        };
        let is_free = !self.is_told && !self.is_named(cluster);
        (is_of(root, cluster) || is_free) && !only.is_some_and(is_other)
    }
}

/// The clusters that a root is deployed to, as far as what builds it names them.
fn built_for(root: &Root) -> impl Iterator<Item = &str> {
    root.builders.iter().filter_map(|builder| builder.cluster())
}

/// The name of the cluster of a root: by the Application that builds it, or else its directory.
pub(super) fn label(root: &Root) -> String {
    built_for(root).next().map_or_else(|| root.path.display().to_owned(), str::to_owned)
}

/// Whether a root is of a cluster: by an Application that builds it, or by a directory of that name.
pub(super) fn is_of(root: &Root, cluster: &str) -> bool {
    label(root) == cluster
        || built_for(root).any(|name| name == cluster)
        || root.path.as_str() == cluster
        || root.path.parts().any(|part| part == cluster)
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
    let is_wanted =
        |index: &usize| request.cluster.is_none_or(|cluster| is_of(root(*index), cluster));
    let expected: Vec<&Expected<'_>> = expected.iter().flatten().collect();
    let known = Known::of(request, &expected);
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
    let mut free: Vec<usize> = (0..request.inputs.len()).filter(is_free).collect();
    let many = free.len() > groups.len();
    groups.sort();
    for (label, roots) in groups {
        let own: BTreeSet<usize> =
            roots.iter().flat_map(|index| named(request, &known, root(*index))).collect();
        if !own.is_empty() {
            let views = views(request, &own);
            let is_one = views.len() == 1;
            scopes.extend(views.into_iter().map(|(name, inputs)| Scope {
                label: Some(if is_one { label.clone() } else { name.unwrap_or_default() }),
                cluster: Some(label.clone()),
                roots: roots.clone(),
                inputs: Some(inputs),
            }));
            continue;
        }
        let fits = |at: &usize| fits(request, *at, &expected, &roots);
        let best = free.iter().copied().filter(|at| !many && fits(at) > 0).max_by_key(fits);
        free.retain(|at| Some(*at) != best);
        let inputs = best.map(|at| BTreeSet::from([at]));
        scopes.push(Scope { label: Some(label.clone()), cluster: Some(label), roots, inputs });
    }
    scopes.extend(others(request, &known, &rest));
    scopes
}

/// The inputs that are said to be of a cluster of a root, as indexes.
fn named(request: &Request<'_>, known: &Known<'_>, root: &Root) -> BTreeSet<usize> {
    let shows = |at: &usize| {
        let cluster = request.inputs[*at].cluster.as_deref();
        cluster.is_some_and(|cluster| known.shows(cluster, root, request.cluster))
    };
    (0..request.inputs.len()).filter(shows).collect()
}

/// The scopes of the roots that no two clusters have.
fn others(request: &Request<'_>, known: &Known<'_>, rest: &BTreeSet<usize>) -> Vec<Scope> {
    let root = |index: usize| &*request.repo.roots[index];
    let free: BTreeSet<usize> =
        (0..request.inputs.len()).filter(|at| request.inputs[*at].cluster.is_none()).collect();
    let mut by_inputs: BTreeMap<BTreeSet<usize>, BTreeSet<usize>> = BTreeMap::new();
    for index in rest {
        let mut own = named(request, known, root(*index));
        if own.is_empty() {
            // It runs where what includes it runs.
            let includes =
                |other: &&usize| root(**other).directories().contains(&root(*index).path);
            let above = rest.iter().filter(includes);
            own.extend(above.flat_map(|other| named(request, known, root(*other))));
        }
        own.extend(&free);
        by_inputs.entry(own).or_default().insert(*index);
    }
    let is_one = by_inputs.len() == 1;
    let mut scopes = Vec::new();
    for (inputs, roots) in by_inputs {
        if inputs.is_empty() && !request.inputs.is_empty() {
            let label = roots.first().map(|index| label(root(*index)));
            scopes.push(Scope { cluster: label.clone(), label, roots, inputs: None });
            continue;
        }
        let mut views = views(request, &inputs);
        if is_one && views.len() < 2 {
            let label = request.cluster.map(str::to_owned);
            let inputs = views.pop().map_or_else(BTreeSet::new, |(_, view)| view);
            scopes.push(Scope { cluster: label.clone(), label, roots, inputs: Some(inputs) });
            continue;
        }
        scopes.extend(views.into_iter().map(|(label, view)| {
            let is_named = |name: &&String| known.is_named(name);
            let cluster = label.as_ref().filter(is_named).map(String::as_str);
            let cluster = cluster.or(request.cluster).map(str::to_owned);
            Scope { label, cluster, roots: roots.clone(), inputs: Some(view) }
        }));
    }
    scopes
}

/// Inputs by the cluster that they are of: what is said to be of one, each context, and files of which nothing is said.
fn views(
    request: &Request<'_>,
    inputs: &BTreeSet<usize>,
) -> Vec<(Option<String>, BTreeSet<usize>)> {
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
fn groups(
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
