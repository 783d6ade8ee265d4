//! The record of a live object: what of it counts here, and nothing that could hold a value.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::cluster::word::Saying;

/// A live object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The input that it is in: an index.
    pub input: usize,
    /// The API group; empty for the core group.
    pub group: Arc<str>,
    /// The kind.
    pub kind: Arc<str>,
    /// The namespace; `None` for an object of the whole cluster.
    pub namespace: Option<Arc<str>>,
    /// The name.
    pub name: String,
    /// Its unique ID.
    pub uid: Option<String>,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// When it was asked to stop.
    pub deleted: Option<DateTime<Utc>>,
    /// What made it.
    pub owner: Option<Owner>,
    /// Each secret that it names, and where.
    pub named: Vec<Named>,
    /// What keeps a rotation from being complete, by its status.
    pub sayings: Vec<Saying>,
    /// What else counts of its kind.
    pub state: State,
}

/// What made an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// Its unique ID.
    pub uid: Option<String>,
}

/// A secret that a live object names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The secret's name.
    pub secret: String,
    /// Whether its pods use it: it is in the spec of a pod.
    pub in_pods: bool,
    /// Whether it only grants access.
    pub is_grant: bool,
}

/// What counts of some kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// A pod.
    Pod(Box<Pod>),
    /// What runs pods: how many its status counts, if it says so.
    Workload {
        /// The number of pods.
        pods: Option<u64>,
        /// The number of pods beside them that are being stopped.
        ending: u64,
    },
    /// A CronJob: the Jobs that run.
    CronJob {
        /// Their names.
        active: Vec<String>,
    },
    /// A Job.
    Job {
        /// Whether it has completed or failed.
        is_finished: bool,
        /// How many of its pods run.
        active: u64,
    },
    /// A Canary of Flagger: the kind and the name of what it steers.
    Canary {
        /// The target.
        target: Option<(String, String)>,
    },
    /// An ExternalSecret: the Secret that it makes.
    ExternalSecret {
        /// The Secret.
        secret: String,
    },
    /// What applies commits: the revisions that it has applied.
    Builder {
        /// Each as it is spelled.
        revisions: Vec<String>,
    },
    /// A Secret, without its values.
    Secret {
        /// Whether it cannot be changed.
        is_immutable: bool,
    },
    /// Anything else.
    Other,
}

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Whether it has ended: it uses nothing any more.
    pub is_over: bool,
    /// When it was started.
    pub started: Option<DateTime<Utc>>,
    /// The label that its ReplicaSet gave it, and whether that belongs to a Rollout.
    pub template: Option<(String, bool)>,
}

impl Object {
    /// The pod, if it is one.
    #[must_use]
    pub fn pod(&self) -> Option<&Pod> {
        if let State::Pod(pod) = &self.state { Some(pod) } else { None }
    }

    /// Whether another record says the same, whatever input it is from.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Self { input: other.input, ..self.clone() } == *other
    }

    /// Whether it is of a group and kind.
    #[must_use]
    pub fn is(&self, group: &str, kind: &str) -> bool {
        *self.kind == *kind && *self.group == *group
    }

    /// Every secret that its pods use.
    pub fn used(&self) -> impl Iterator<Item = &str> {
        self.named.iter().filter(|one| one.in_pods).map(|one| one.secret.as_str())
    }

    /// Since when it has been as it is: when it was started, or made.
    #[must_use]
    pub fn since(&self) -> Option<DateTime<Utc>> {
        self.pod().and_then(|pod| pod.started).or(self.created)
    }
}
