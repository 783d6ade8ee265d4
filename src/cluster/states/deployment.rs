//! A Deployment: rolled out when each pod is of the newest ReplicaSet and available.

use crate::cluster::fields::{condition, is_on};
use crate::cluster::object::State;
use crate::cluster::states::Facts;
use crate::cluster::word::{Saying, Word};

pub(super) fn read(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let state = State::Workload {
        pods: Some(facts.count("replicas")),
        ending: facts.count("terminatingReplicas"),
    };
    (state, says(facts).into_iter().collect())
}

fn says(facts: &Facts<'_>) -> Option<Saying> {
    if let Some(unseen) = facts.unseen() {
        return Some(unseen);
    }
    let progress = condition(facts.status, "Progressing");
    let late = progress.as_ref().filter(|one| one.reason() == "ProgressDeadlineExceeded");
    if let Some(late) = late {
        let text = format!("the roll-out is past its deadline{}", late.message());
        return Some(Saying::new(Word::Stuck, text, late.since()));
    }
    let (wanted, all) = (facts.replicas(), facts.count("replicas"));
    let (updated, available) = (facts.count("updatedReplicas"), facts.count("availableReplicas"));
    let text = if updated < wanted {
        format!("{updated} of {wanted} pods are updated")
    } else if all > updated {
        format!("{} old pods are still to be stopped", all - updated)
    } else if available < updated {
        format!("{available} of {updated} updated pods are available")
    } else {
        return None;
    };
    let paused = if is_on(facts.spec, &["paused"]) { "; the Deployment is paused" } else { "" };
    let word = if paused.is_empty() { Word::Rolling } else { Word::Stuck };
    Some(Saying::new(word, format!("{text}{paused}"), progress.and_then(|one| one.since())))
}
