//! The objects of one cluster, with the pods of each owner.

use std::collections::{BTreeSet, HashMap};

use crate::cluster::live::View;
use crate::cluster::object::{Object, State};
use crate::k8s::secret_name::family;
use crate::verify::wanted::original;

/// What owns pods: kind, namespace and name.
type Key<'l> = (String, Option<&'l str>, String);

/// The objects of one cluster.
pub(super) struct Scene<'l> {
    pub(super) view: View<'l>,
    /// The pods of each owner, up to what nothing owns. Those that have ended do not count.
    pods: HashMap<Key<'l>, Vec<usize>>,
    /// The Jobs of each owner.
    jobs: HashMap<Key<'l>, Vec<usize>>,
    /// The ReplicaSets of each owner.
    replica_sets: HashMap<Key<'l>, Vec<usize>>,
    /// The Canaries that steer each object.
    canaries: HashMap<Key<'l>, Vec<usize>>,
    /// What uses a family in its pods, or a copy of one.
    using: HashMap<&'l str, Vec<usize>>,
}

impl<'l> Scene<'l> {
    pub(super) fn new(view: View<'l>) -> Self {
        let mut pods: HashMap<Key<'l>, Vec<usize>> = HashMap::new();
        for pod in view.pods() {
            let namespace = view.object(pod).namespace.as_deref();
            for (kind, name) in view.owners(pod) {
                pods.entry((kind, namespace, name)).or_default().push(pod);
            }
        }
        let (mut jobs, mut canaries) = (HashMap::new(), HashMap::new());
        let mut replica_sets = HashMap::new();
        let mut using: HashMap<&str, Vec<usize>> = HashMap::new();
        for index in view.objects.iter().copied() {
            let object = view.object(index);
            let namespace = object.namespace.as_deref();
            let add = |all: &mut HashMap<Key<'l>, Vec<usize>>, kind: &str, name: &str| {
                all.entry((kind.to_owned(), namespace, name.to_owned())).or_default().push(index);
            };
            match &object.state {
                State::Job { .. } => {
                    let owner = view.owners(index).into_iter().next();
                    owner.iter().for_each(|(kind, name)| add(&mut jobs, kind, name));
                }
                State::Workload { .. } if &*object.kind == "ReplicaSet" => {
                    let owner = view.owners(index).into_iter().next();
                    owner.iter().for_each(|(kind, name)| add(&mut replica_sets, kind, name));
                }
                State::Canary { target: Some((kind, name)) } => add(&mut canaries, kind, name),
                _ => {}
            }
            let families = object.used().map(|secret| family(original(secret)));
            for family in families.collect::<BTreeSet<_>>() {
                using.entry(family).or_default().push(index);
            }
        }
        Self { view, pods, jobs, replica_sets, canaries, using }
    }

    /// What has pods that use a family, or copies of its Secrets, or is such a pod.
    pub(super) fn using(&self, family: &str) -> &[usize] {
        self.using.get(family).map_or(&[], Vec::as_slice)
    }

    /// The Jobs that something started.
    pub(super) fn jobs_of(&self, object: &'l Object) -> &[usize] {
        of(&self.jobs, object)
    }

    /// The ReplicaSets of an object.
    pub(super) fn replica_sets_of(&self, object: &'l Object) -> &[usize] {
        of(&self.replica_sets, object)
    }

    /// The Canaries that steer an object.
    pub(super) fn canaries_of(&self, object: &'l Object) -> &[usize] {
        of(&self.canaries, object)
    }

    /// The pods that an object runs.
    pub(super) fn pods_of(&self, object: &'l Object) -> &[usize] {
        of(&self.pods, object)
    }

    pub(super) fn object(&self, index: usize) -> &'l Object {
        self.view.object(index)
    }
}

fn of<'m, 'l>(all: &'m HashMap<Key<'l>, Vec<usize>>, object: &'l Object) -> &'m [usize] {
    let key = (object.kind.to_string(), object.namespace.as_deref(), object.name.clone());
    all.get(&key).map_or(&[], Vec::as_slice)
}
