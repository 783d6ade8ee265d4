//! Which dump is of which cluster, where an environment runs the same workload in several.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::repo::root::Root;
use crate::verify::Request;
use crate::verify::expected::Expected;

/// Roots that are held against some inputs.
#[derive(Debug)]
pub(super) struct Scope {
    /// The cluster, where there are several.
    pub(super) label: Option<String>,
    /// The roots, as indexes.
    pub(super) roots: BTreeSet<usize>,
    /// The inputs, as indexes; `None` if no dump is of this cluster.
    pub(super) inputs: Option<BTreeSet<usize>>,
}

/// The name of the cluster of a root: by the Application that builds it, or else its directory.
pub(super) fn label(root: &Root) -> String {
    let cluster = root.builders.iter().find_map(|builder| builder.cluster());
    cluster.map_or_else(|| root.path.display().to_owned(), str::to_owned)
}

/// Whether a root is of a cluster: by the Application that builds it, or by a directory of that name.
pub(super) fn is_of(root: &Root, cluster: &str) -> bool {
    label(root) == cluster
        || root.path.as_str() == cluster
        || root.path.parts().any(|part| part == cluster)
}

/// Whether two roots with the same object are two clusters: neither includes the other.
fn are_two(one: &Root, other: &Root) -> bool {
    let name = |root: &Root| root.builders.iter().find_map(|one| one.cluster().map(str::to_owned));
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
    let all: BTreeSet<usize> = request.inputs.iter().enumerate().map(|(index, _)| index).collect();
    let root = |index: usize| &*request.repo.roots[index];
    let is_wanted =
        |index: &usize| request.cluster.is_none_or(|cluster| is_of(root(*index), cluster));
    let expected: Vec<&Expected<'_>> = expected.iter().flatten().collect();
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
    let named = |cluster: &str, roots: &BTreeSet<usize>| {
        roots.iter().any(|index| is_of(root(*index), cluster))
    };
    let mut scopes = Vec::new();
    let mut free: Vec<usize> =
        all.iter().copied().filter(|at| request.inputs[*at].cluster.is_none()).collect();
    let many = free.len() > groups.len();
    groups.sort();
    for (label, roots) in groups {
        let own = |at: &usize| {
            request.inputs[*at].cluster.as_ref().is_some_and(|cluster| named(cluster, &roots))
        };
        let own: BTreeSet<usize> = all.iter().copied().filter(own).collect();
        let inputs = if !own.is_empty() {
            Some(own)
        } else if many {
            None
        } else {
            let fits = |at: &usize| fits(request, *at, &expected, &roots);
            let best = free.iter().copied().filter(|at| fits(at) > 0).max_by_key(fits);
            free.retain(|at| Some(*at) != best);
            best.map(|at| BTreeSet::from([at]))
        };
        scopes.push(Scope { label: Some(label), roots, inputs });
    }
    if !rest.is_empty() {
        let label = request.cluster.map(str::to_owned);
        scopes.push(Scope { label, roots: rest, inputs: Some(all) });
    }
    scopes
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
