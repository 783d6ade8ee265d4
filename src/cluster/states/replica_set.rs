//! A ReplicaSet or a ReplicationController, which never replaces pods by itself. With no pods it is the way back of a Deployment.

use crate::cluster::object::State;
use crate::cluster::states::Facts;
use crate::cluster::word::{Saying, Word};

pub(super) fn read(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let state = State::Workload {
        pods: Some(facts.count("replicas")),
        ending: facts.count("terminatingReplicas"),
    };
    let (wanted, ready) = (facts.replicas(), facts.count("readyReplicas"));
    let says = (ready < wanted && facts.metadata.owner.is_none())
        .then(|| Saying::new(Word::Rolling, format!("{ready} of {wanted} pods are ready"), None));
    (state, says.into_iter().collect())
}
