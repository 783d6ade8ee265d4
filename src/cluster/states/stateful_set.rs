//! A StatefulSet: rolled out when its revisions agree, unless a partition or a person holds pods back.

use crate::cluster::fields::{number, text};
use crate::cluster::object::State;
use crate::cluster::states::Facts;
use crate::cluster::word::{Saying, Word};

pub(super) fn read(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let state = State::Workload { pods: Some(facts.count("replicas")), ending: 0 };
    (state, says(facts))
}

fn says(facts: &Facts<'_>) -> Vec<Saying> {
    if let Some(unseen) = facts.unseen() {
        return vec![unseen];
    }
    let revision = |field: &str| text(facts.status, &[field]);
    let is_current = revision("currentRevision") == revision("updateRevision");
    let (wanted, updated) = (facts.replicas(), facts.count("updatedReplicas"));
    let strategy = |keys: &[&str]| facts.spec.get("updateStrategy").and_then(|one| text(one, keys));
    if !is_current && strategy(&["type"]) == Some("OnDelete") {
        let text = format!(
            "{updated} of {wanted} pods are updated; `OnDelete` leaves the others until somebody deletes them"
        );
        return with_missing(facts, Saying::new(Word::OnDelete, text, None));
    }
    let partition = number(facts.spec, &["updateStrategy", "rollingUpdate", "partition"]);
    let partition = partition.unwrap_or(0);
    // The first ordinal may be another one than 0; pods below the partition are kept.
    let start = number(facts.spec, &["ordinals", "start"]).unwrap_or(0);
    let kept = partition.saturating_sub(start).min(wanted);
    if !is_current && kept > 0 && updated >= wanted - kept {
        let last = start.saturating_add(kept) - 1;
        let text = format!(
            "the partition {partition} keeps pods {start} to {last} as they were; {updated} of {wanted} pods are updated"
        );
        return with_missing(facts, Saying::new(Word::Partition, text, None));
    }
    if !is_current {
        let text = format!("{updated} of {wanted} pods are updated");
        return vec![Saying::new(Word::Rolling, text, None)];
    }
    missing(facts).into_iter().collect()
}

/// What a person has to end, and the pods that are missing beside: they count once no old pod is left.
fn with_missing(facts: &Facts<'_>, held: Saying) -> Vec<Saying> {
    std::iter::once(held).chain(missing(facts)).collect()
}

/// The pods that are not there, or not ready.
fn missing(facts: &Facts<'_>) -> Option<Saying> {
    let (wanted, ready) = (facts.replicas(), facts.count("readyReplicas"));
    (facts.count("replicas") < wanted || ready < wanted)
        .then(|| Saying::new(Word::Rolling, format!("{ready} of {wanted} pods are ready"), None))
}
