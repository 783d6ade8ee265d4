//! All live objects of some inputs, and what made each pod.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::cluster::object::{Object, Owner, State};

/// What stands between the name of a ReplicaSet or a Job and that of its owner is at least so long, where it is a number.
const LEAST_DIGITS: usize = 6;

/// The objects of all inputs.
#[derive(Debug, Default)]
pub struct Live {
    /// The objects, in the order in which they were read.
    pub objects: Vec<Object>,
    /// Whether a Secret came with values, which were dropped.
    pub has_values: bool,
    /// How many secrets they name together.
    pub(super) names: usize,
    words: HashSet<Arc<str>>,
}

/// What identifies an object in a cluster: group, kind, namespace and name.
type Key<'l> = (&'l str, &'l str, Option<&'l str>, &'l str);

/// The objects of one cluster.
#[derive(Debug)]
pub struct View<'l> {
    /// The objects, each once, as indexes.
    pub objects: Vec<usize>,
    /// How many were there more than once; the last of each counts.
    pub doubles: usize,
    /// Those among them that were not the same: one that does not count, and the one that does.
    pub differing: Vec<(usize, usize)>,
    live: &'l Live,
    by_name: HashMap<Key<'l>, usize>,
    by_kind: BTreeMap<(&'l str, &'l str), BTreeMap<&'l str, Vec<usize>>>,
}

impl Live {
    /// A text that many objects have, kept once.
    pub(super) fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.words.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.words.insert(Arc::clone(&new));
        new
    }

    pub(super) fn add(&mut self, object: Object) {
        self.names += object.named.len();
        self.objects.push(object);
    }

    /// When the newest pod that has not ended was started, where that is known.
    #[must_use]
    pub fn newest_pod(&self) -> Option<DateTime<Utc>> {
        let pods = self.objects.iter().filter_map(Object::pod).filter(|pod| !pod.is_over);
        pods.filter_map(|pod| pod.started).max()
    }

    /// The objects of some inputs as those of one cluster.
    #[must_use]
    pub fn view(&self, is_in: impl Fn(usize) -> bool) -> View<'_> {
        let mut by_name: HashMap<Key<'_>, usize> = HashMap::new();
        let (mut doubles, mut differing) = (0, Vec::new());
        for (index, object) in self.objects.iter().enumerate().filter(|(_, one)| is_in(one.input)) {
            let Some(before) = by_name.insert(key(object), index) else { continue };
            doubles += 1;
            if !self.objects[before].is_same(object) {
                differing.push((before, index));
            }
        }
        for (_, last) in &mut differing {
            *last = by_name[&key(&self.objects[*last])];
        }
        let mut objects: Vec<usize> = by_name.values().copied().collect();
        objects.sort_unstable();
        let mut by_kind: BTreeMap<_, BTreeMap<_, Vec<usize>>> = BTreeMap::new();
        for index in &objects {
            let object = &self.objects[*index];
            let kind = by_kind.entry((&*object.group, &*object.kind)).or_default();
            kind.entry(object.name.as_str()).or_default().push(*index);
        }
        View { objects, doubles, differing, live: self, by_name, by_kind }
    }

    /// The namespaces of the objects.
    #[must_use]
    pub fn namespaces(&self) -> BTreeSet<&str> {
        self.objects.iter().filter_map(|one| one.namespace.as_deref()).collect()
    }
}

fn key(object: &Object) -> Key<'_> {
    (&object.group, &object.kind, object.namespace.as_deref(), &object.name)
}

impl<'l> View<'l> {
    /// An object.
    #[must_use]
    pub fn object(&self, index: usize) -> &'l Object {
        &self.live.objects[index]
    }

    /// The objects with a name, in one namespace or, where that is not known, in any.
    #[must_use]
    pub fn named(
        &self,
        (group, kind): (&str, &str),
        namespace: Option<&str>,
        name: &str,
    ) -> Vec<usize> {
        let all = self.by_kind.get(&(group, kind)).and_then(|all| all.get(name));
        let is_in = |index: &&usize| {
            let own = self.object(**index).namespace.as_deref();
            namespace.is_none() || own.is_none() || own == namespace
        };
        all.into_iter().flatten().filter(is_in).copied().collect()
    }

    /// Whether there is any object of a kind.
    #[must_use]
    pub fn has_kind(&self, group: &str, kind: &str) -> bool {
        self.by_kind.contains_key(&(group, kind))
    }

    /// The pods that use something: those that have not ended.
    pub fn pods(&self) -> impl Iterator<Item = usize> {
        let is_running = |index: &usize| self.object(*index).pod().is_some_and(|pod| !pod.is_over);
        self.objects.iter().copied().filter(is_running)
    }

    /// What made an object, and what made that, up to what nothing made: kinds and names.
    #[must_use]
    pub fn owners(&self, index: usize) -> Vec<(String, String)> {
        let mut chain = Vec::new();
        let start = self.object(index);
        let namespace = start.namespace.as_deref();
        let (mut object, mut owner) = (Some(start), start.owner.clone());
        while let Some(Owner { kind, name, .. }) = owner.take() {
            if chain.len() > 8 || chain.contains(&(kind.clone(), name.clone())) {
                break;
            }
            let up = self.up(&kind, namespace, &name);
            owner = match up {
                Some(up) => up.owner.clone(),
                None => derived(object, &kind, &name),
            };
            object = up;
            chain.push((kind, name));
        }
        chain
    }

    fn up(&self, kind: &str, namespace: Option<&str>, name: &str) -> Option<&'l Object> {
        let groups = ["apps", "batch", "argoproj.io", ""];
        let keys = groups.map(|group| self.by_name.get(&(group, kind, namespace, name)));
        keys.into_iter().flatten().next().map(|index| self.object(*index))
    }
}

/// What made an owner that is not in the input, as its name tells.
fn derived(pod: Option<&Object>, kind: &str, name: &str) -> Option<Owner> {
    let owner = |kind: &str, name: &str| {
        Some(Owner { kind: kind.to_owned(), name: name.to_owned(), uid: None })
    };
    match kind {
        "ReplicaSet" => {
            let (hash, is_rollout) = pod?.pod()?.template.as_ref()?;
            let name = name.strip_suffix(hash.as_str())?.strip_suffix('-')?;
            owner(if *is_rollout { "Rollout" } else { "Deployment" }, name)
        }
        "Job" => {
            let (name, digits) = name.rsplit_once('-')?;
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            (digits.len() >= LEAST_DIGITS && is_number).then(|| owner("CronJob", name))?
        }
        _ => None,
    }
}

impl Object {
    /// Whether it starts pods, or will: it is no ReplicaSet that something else scales, and no Job that has ended.
    #[must_use]
    pub fn starts_pods(&self) -> bool {
        match &self.state {
            // With no pods, a ReplicaSet is the way back of something that is gone.
            State::Workload { pods: Some(0), .. } if &*self.kind == "ReplicaSet" => false,
            State::Workload { .. } => self.owner.is_none(),
            State::CronJob { .. } => true,
            State::Job { is_finished, .. } => !is_finished && self.owner.is_none(),
            _ => false,
        }
    }
}
