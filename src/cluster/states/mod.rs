//! What each kind of object says of a rotation in its status, a file a kind.

mod application;
mod canary;
mod cron_job;
mod daemon_set;
mod deployment;
mod external_secret;
mod flux;
mod job;
mod replica_set;
mod rollout;
mod stateful_set;

use crate::cluster::fields::{number, text};
use crate::cluster::metadata::Metadata;
use crate::cluster::object::State;
use crate::cluster::pod;
use crate::cluster::word::{Saying, Word};
use crate::yaml::node::Node;

/// What there is to read of an object.
pub(super) struct Facts<'a> {
    pub(super) spec: &'a Node,
    pub(super) status: &'a Node,
    pub(super) metadata: &'a Metadata,
    pub(super) name: &'a str,
}

/// What is read of a kind.
type Reads = fn(&Facts<'_>) -> (State, Vec<Saying>);

/// The kinds whose status says something.
const KINDS: &[(&str, &str, Reads)] = &[
    ("", "Pod", pod::read),
    ("", "ReplicationController", replica_set::read),
    ("apps", "DaemonSet", daemon_set::read),
    ("apps", "Deployment", deployment::read),
    ("apps", "ReplicaSet", replica_set::read),
    ("apps", "StatefulSet", stateful_set::read),
    ("argoproj.io", "Application", application::read),
    ("argoproj.io", "Rollout", rollout::read),
    ("batch", "CronJob", cron_job::read),
    ("batch", "Job", job::read),
    ("external-secrets.io", "ExternalSecret", external_secret::read),
    ("flagger.app", "Canary", canary::read),
    ("helm.toolkit.fluxcd.io", "HelmRelease", flux::release),
    ("kustomize.toolkit.fluxcd.io", "Kustomization", flux::kustomization),
];

/// What counts of an object of a kind, and what keeps a rotation from being complete by its status.
pub(super) fn read(group: &str, kind: &str, facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let row = KINDS.iter().find(|(of, known, _)| *of == group && *known == kind);
    row.map_or((State::Other, Vec::new()), |(.., read)| read(facts))
}

impl Facts<'_> {
    /// What the controller has not looked at yet: its status is about an older generation.
    fn unseen(&self) -> Option<Saying> {
        let newest = self.metadata.generation?;
        // Rollouts of old versions have a hash there.
        let seen = match text(self.status, &["observedGeneration"]) {
            Some(seen) => seen.parse().ok()?,
            None => 0,
        };
        (seen < newest).then(|| {
            let text = format!(
                "the controller has seen generation {seen} of {newest}, so its status is out of date"
            );
            Saying::new(Word::Rolling, text, None)
        })
    }

    fn count(&self, field: &str) -> u64 {
        number(self.status, &[field]).unwrap_or(0)
    }

    /// How many pods are asked for.
    fn replicas(&self) -> u64 {
        number(self.spec, &["replicas"]).unwrap_or(1)
    }
}
