//! What Git has in an environment: every object that names a family, and which Secrets it should name.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::cluster::read::is_kept;
use crate::k8s::found::Role;
use crate::k8s::resource::group_of;
use crate::k8s::secret_name::Family;
use crate::k8s::values::{held, is_values};
use crate::k8s::workload::pod_spec;
use crate::kustomize::model::object::Object;
use crate::repo::inventory::Reference;
use crate::repo::root::Root;
use crate::text::work;
use crate::verify::Request;
use crate::yaml::node::Node;

/// An object of Git that names a family.
#[derive(Debug, Clone)]
pub struct Expected<'r> {
    /// The root that has it: an index.
    pub root: usize,
    /// The API group, as clusters of today have it.
    pub group: &'r str,
    /// The kind.
    pub kind: &'r str,
    /// The namespace, where it is known.
    pub namespace: Option<&'r str>,
    /// The name.
    pub name: &'r str,
    /// The Secrets that its pods should use.
    pub in_pods: BTreeSet<&'r str>,
    /// The Secrets that it should name elsewhere.
    pub own: BTreeSet<&'r str>,
    /// The Secrets to which it should grant access.
    pub grants: BTreeSet<&'r str>,
    /// The Secrets that the values of a release name, each with the namespace of its pods.
    pub values: BTreeSet<(Option<&'r str>, &'r str)>,
    /// The Secrets that it names where a live object is not looked at.
    pub unseen: BTreeSet<&'r str>,
    /// Whether it is gone once it has ended.
    pub is_passing: bool,
    /// The Canaries of Flagger that steer it.
    pub canaries: BTreeSet<&'r str>,
    /// Whether its pods have the template of another object: it is a Rollout with `workloadRef`.
    pub is_by_reference: bool,
}

impl<'r> Expected<'r> {
    fn new(root: usize, object: &'r Object, of: &'r Root) -> Self {
        let group = match group_of(&object.node) {
            "extensions" if object.kind() == "Ingress" => "networking.k8s.io",
            "extensions" => "apps",
            group => group,
        };
        Self {
            root,
            group,
            kind: object.kind(),
            namespace: object.namespace().or(of.namespace.as_deref()),
            name: object.name(),
            in_pods: BTreeSet::new(),
            own: BTreeSet::new(),
            grants: BTreeSet::new(),
            values: BTreeSet::new(),
            unseen: BTreeSet::new(),
            is_passing: is_passing(&object.node),
            canaries: BTreeSet::new(),
            is_by_reference: false,
        }
    }

    /// Whether it runs pods that use the family.
    #[must_use]
    pub fn runs_pods(&self) -> bool {
        !self.in_pods.is_empty() || !self.values.is_empty()
    }

    /// Whether anything of it is compared with the cluster.
    pub(super) fn is_compared(&self) -> bool {
        let sets = [&self.in_pods, &self.own, &self.grants];
        !self.values.is_empty() || sets.iter().any(|set| !set.is_empty())
    }

    /// Every Secret of the family that it should name.
    pub fn all(&self) -> impl Iterator<Item = &'r str> {
        let sets = [&self.in_pods, &self.own, &self.grants, &self.unseen];
        let values = self.values.iter().map(|(_, secret)| *secret);
        sets.into_iter().flatten().copied().chain(values).collect::<BTreeSet<_>>().into_iter()
    }

    /// What tells it from others in a cluster.
    pub(super) const fn identity(&self) -> (&'r str, &'r str, Option<&'r str>, &'r str) {
        (self.group, self.kind, self.namespace, self.name)
    }

    fn merge(&mut self, other: Self) {
        self.in_pods.extend(other.in_pods);
        self.own.extend(other.own);
        self.grants.extend(other.grants);
        self.values.extend(other.values);
        self.unseen.extend(other.unseen);
        self.canaries.extend(other.canaries);
    }
}

/// Whether a Job is gone once it has ended: by its time to live, or as a hook.
fn is_passing(object: &Node) -> bool {
    let hooks = ["helm.sh/hook", "argocd.argoproj.io/hook"];
    object.at(&["spec", "ttlSecondsAfterFinished"]).is_some()
        || hooks.iter().any(|hook| object.at(&["metadata", "annotations", hook]).is_some())
}

/// What a root has that counts for any family.
struct Indexed<'r> {
    index: usize,
    root: &'r Root,
    /// The references to each family.
    references: HashMap<&'r str, Vec<&'r Reference>>,
    /// The Rollouts of Argo.
    rollouts: Vec<&'r Object>,
    /// The Canaries of Flagger.
    canaries: Vec<&'r Object>,
}

impl<'r> Indexed<'r> {
    fn new(index: usize, root: &'r Root, families: &HashSet<&str>) -> Self {
        let mut references: HashMap<&'r str, Vec<&'r Reference>> = HashMap::new();
        for one in root.effective_references() {
            if families.contains(one.family()) {
                references.entry(one.family()).or_default().push(one);
            }
        }
        let (mut rollouts, mut canaries) = (Vec::new(), Vec::new());
        for object in root.objects() {
            work::count("object expected");
            match (object.kind(), group_of(&object.node)) {
                ("Rollout", "argoproj.io") => rollouts.push(object),
                ("Canary", "flagger.app") => canaries.push(object),
                _ => {}
            }
        }
        Self { index, root, references, rollouts, canaries }
    }

    /// Every object that names a family.
    fn expected(&self, family: &str) -> Vec<Expected<'r>> {
        let mut own: BTreeMap<usize, Expected<'r>> = BTreeMap::new();
        for one in self.references.get(family).into_iter().flatten() {
            let object = &self.root.objects()[one.object];
            let new = || Expected::new(self.index, object, self.root);
            note(own.entry(one.object).or_insert_with(new), self.root, one);
        }
        let mut own: Vec<Expected<'r>> = own.into_values().collect();
        let rollouts = self.by_reference(&own);
        own.extend(rollouts);
        own
    }

    /// The Rollouts whose pods are those of a Deployment that names the family.
    fn by_reference(&self, own: &[Expected<'r>]) -> Vec<Expected<'r>> {
        let found = self.rollouts.iter().filter_map(|object| {
            let field = |key: &str| object.node.at(&["spec", "workloadRef", key])?.str();
            let (kind, name) = (field("kind")?, field("name")?);
            let mut rollout = Expected::new(self.index, object, self.root);
            let target = own.iter().find(|one| {
                one.kind == kind && one.name == name && one.namespace == rollout.namespace
            })?;
            rollout.in_pods.clone_from(&target.in_pods);
            rollout.is_by_reference = true;
            Some(rollout)
        });
        found.collect()
    }
}

/// Notes the Canaries of Flagger that steer what is expected. One in another root counts if only one root has its target.
fn steered<'r>(roots: &[Indexed<'r>], all: &mut [Expected<'r>]) {
    let canaries = roots.iter().flat_map(|of| of.canaries.iter().map(move |one| (of, *one)));
    for (of, canary) in canaries {
        let field = |key: &str| canary.node.at(&["spec", "targetRef", key]).and_then(Node::str);
        let namespace = canary.namespace().or(of.root.namespace.as_deref());
        let is_target = |one: &&mut Expected<'r>| {
            field("kind") == Some(one.kind)
                && field("name") == Some(one.name)
                && one.namespace == namespace
        };
        let (mut here, mut elsewhere): (Vec<_>, Vec<_>) =
            all.iter_mut().filter(is_target).partition(|one| one.root == of.index);
        if here.is_empty() && elsewhere.len() == 1 {
            here.append(&mut elsewhere);
        }
        here.into_iter().for_each(|one| one.canaries.extend([canary.name()]));
    }
}

/// Every object of the environment that names a family, once for each root that has it; for each family that is asked for.
pub(super) fn of<'r>(request: &Request<'r>) -> Vec<Vec<Expected<'r>>> {
    let families: HashSet<&str> = request.families.iter().map(|family| &**family).collect();
    let roots = request.repo.roots_of(request.environment);
    let roots: Vec<Indexed<'r>> =
        roots.map(|(index, root)| Indexed::new(index, root, &families)).collect();
    let family = |family: &Family| {
        let mut all: Vec<Expected<'r>> =
            roots.iter().flat_map(|root| root.expected(family)).collect();
        steered(&roots, &mut all);
        for one in &mut all {
            one.namespace = one.namespace.or(request.namespace);
        }
        merged(all.into_iter(), |one| (one.root, one.identity()))
    };
    request.families.iter().map(family).collect()
}

/// Notes what a reference names.
fn note<'r>(expected: &mut Expected<'r>, root: &'r Root, one: &'r Reference) {
    let (node, secret) = (&root.objects()[one.object].node, one.secret());
    let field = one.field();
    let place = pod_spec(group_of(node), expected.kind);
    // Nothing is kept of a live Secret.
    let is_secret = (expected.group, expected.kind) == ("", "Secret");
    let is_below = |place: &str| {
        let rest = field.strip_prefix(place);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    if is_values(node) || held(node).iter().any(|held| is_below(&held.path.to_string())) {
        expected.values.insert((root.namespace_of(one), secret));
    } else if place.is_some_and(is_below) {
        expected.in_pods.insert(secret);
    } else if !is_kept(&one.found.path) || is_secret {
        expected.unseen.insert(secret);
    } else if one.found.role == Role::Grant {
        expected.grants.insert(secret);
    } else {
        expected.own.insert(secret);
    }
}

/// The same objects, each that several roots of a cluster have as one.
pub(super) fn as_one<'r>(all: impl Iterator<Item = Expected<'r>>) -> Vec<Expected<'r>> {
    merged(all, Expected::identity)
}

fn merged<'r, K: Ord>(
    all: impl Iterator<Item = Expected<'r>>,
    key: impl Fn(&Expected<'r>) -> K,
) -> Vec<Expected<'r>> {
    let mut by_name: BTreeMap<K, Expected<'r>> = BTreeMap::new();
    for one in all {
        match by_name.get_mut(&key(&one)) {
            Some(known) => known.merge(one),
            None => drop(by_name.insert(key(&one), one)),
        }
    }
    by_name.into_values().collect()
}

/// The namespaces of an environment, as far as Git sets them.
pub(super) fn namespaces(request: &Request<'_>) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = request.namespace.iter().map(|one| (*one).to_owned()).collect();
    for (_, root) in request.repo.roots_of(request.environment) {
        let objects = root.objects().iter().filter(|one| !is_values(&one.node));
        all.extend(objects.filter_map(|one| one.namespace()).map(str::to_owned));
        all.extend(root.namespace.clone());
        let named = root.references.iter().filter_map(|one| root.namespace_of(one));
        all.extend(named.map(str::to_owned));
    }
    all
}
