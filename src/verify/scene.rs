//! The objects of one cluster, with the pods of each owner.

use std::collections::HashMap;

use crate::cluster::live::View;
use crate::cluster::object::Object;

/// What owns pods: kind, namespace and name.
type Key<'l> = (String, Option<&'l str>, String);

/// The objects of one cluster.
pub(super) struct Scene<'l> {
    pub(super) view: View<'l>,
    /// The pods of each owner, up to what nothing owns. Those that have ended do not count.
    pods: HashMap<Key<'l>, Vec<usize>>,
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
        Self { view, pods }
    }

    /// The pods that an object runs.
    pub(super) fn pods_of(&self, kind: &str, namespace: Option<&'l str>, name: &str) -> &[usize] {
        let key = (kind.to_owned(), namespace, name.to_owned());
        self.pods.get(&key).map_or(&[], Vec::as_slice)
    }

    pub(super) fn object(&self, index: usize) -> &'l Object {
        self.view.object(index)
    }
}
