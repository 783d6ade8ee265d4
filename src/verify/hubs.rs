//! Inputs of a cluster whose Argo CD deploys to others: it has the Applications, and none of the workloads.

use std::collections::{BTreeMap, BTreeSet};

use crate::repo::builder::destination_of;
use crate::verify::Request;
use crate::verify::expected::Expected;
use crate::verify::wanted::is_of;

/// A cluster whose Argo CD deploys to others.
#[derive(Debug)]
pub(super) struct Hub {
    /// What it is called.
    pub(super) name: String,
    /// The inputs that are of it, as indexes.
    pub(super) inputs: BTreeSet<usize>,
}

/// What builds or installs something in another cluster than its own.
pub(super) const KIND: (&str, &str) = ("argoproj.io", "Application");

/// An Application: namespace and name.
type Named<'r> = (Option<&'r str>, &'r str);

/// The Applications that deploy something that is expected to another cluster than their own.
pub(super) fn remote<'e, 'r: 'e>(
    request: &Request<'r>,
    expected: impl Iterator<Item = &'e Expected<'r>> + Clone,
) -> BTreeSet<Named<'r>> {
    let roots: BTreeSet<usize> = expected.clone().map(|one| one.root).collect();
    let builders = roots.iter().flat_map(|root| &request.repo.roots[*root].builders);
    let builders = builders.filter(|one| one.kind == KIND.1 && one.destination().is_some());
    let mut all: BTreeSet<Named<'r>> =
        builders.map(|one| (one.namespace.as_deref(), one.name.as_str())).collect();
    for one in expected.filter(|one| (one.group, one.kind) == KIND) {
        let objects = request.repo.roots[one.root].objects().iter();
        let mut own = objects.filter(|object| object.kind() == KIND.1 && object.name() == one.name);
        if own.any(|object| destination_of(&object.node).is_some()) {
            all.insert((one.namespace, one.name));
        }
    }
    all
}

/// The inputs that are of no cluster with a workload, and have an Application that deploys elsewhere. None where all are.
pub(super) fn of(request: &Request<'_>, expected: &[&Expected<'_>]) -> Vec<Hub> {
    let remote = remote(request, expected.iter().copied());
    if remote.is_empty() {
        return Vec::new();
    }
    let mut clusters: BTreeMap<(Option<&str>, Option<&str>), BTreeSet<usize>> = BTreeMap::new();
    for (at, input) in request.inputs.iter().enumerate() {
        clusters
            .entry((input.cluster.as_deref(), input.context.as_deref()))
            .or_default()
            .insert(at);
    }
    let count = clusters.len();
    // Files of which nothing is said are parts of the same cluster.
    let named = clusters.into_iter().filter_map(|(of, inputs)| Some((of.0.or(of.1)?, inputs)));
    let hubs = named.filter(|(_, inputs)| is_hub(request, inputs, (expected, &remote)));
    let hubs = hubs.map(|(name, inputs)| Hub { name: name.to_owned(), inputs });
    let hubs: Vec<Hub> = hubs.collect();
    if hubs.len() < count { hubs } else { Vec::new() }
}

fn is_hub(
    request: &Request<'_>,
    inputs: &BTreeSet<usize>,
    (expected, remote): (&[&Expected<'_>], &BTreeSet<Named<'_>>),
) -> bool {
    let workloads: BTreeSet<(&str, &str, &str)> = expected
        .iter()
        .filter(|one| !one.in_pods.is_empty())
        .map(|one| (one.group, one.kind, one.name))
        .collect();
    let mut has_remote = false;
    for object in request.live.objects.iter().filter(|one| inputs.contains(&one.input)) {
        let is_workload =
            workloads.contains(&(&*object.group, &*object.kind, object.name.as_str()));
        let is_user =
            || object.used().any(|secret| request.families.iter().any(|of| is_of(secret, of)));
        if is_workload || is_user() {
            return false;
        }
        let is_it = |(namespace, name): &Named<'_>| {
            *name == object.name
                && namespace.is_none_or(|of| object.namespace.as_deref() == Some(of))
        };
        has_remote |= object.is(KIND.0, KIND.1) && remote.iter().any(is_it);
    }
    has_remote
}
