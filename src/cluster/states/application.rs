//! An Application of Argo CD.

use crate::cluster::fields::{message, text, time};
use crate::cluster::object::State;
use crate::cluster::states::Facts;
use crate::cluster::word::{Saying, Word};
use crate::yaml::node::Node;

pub(super) fn read(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let sync = |key: &str| facts.status.at(&["sync", key]);
    let several = sync("revisions").map_or(&[][..], Node::items).iter();
    let revisions = sync("revision").into_iter().chain(several);
    let revisions = revisions.filter_map(Node::str).filter(|text| !text.is_empty());
    let state = State::Builder { revisions: revisions.map(str::to_owned).collect() };
    (state, says(facts).into_iter().collect())
}

fn says(facts: &Facts<'_>) -> Option<Saying> {
    let status = facts.status;
    let phase = text(status, &["operationState", "phase"]).unwrap_or_default();
    let since = time(status, &["operationState", "finishedAt"]);
    let synced = text(status, &["sync", "status"]).unwrap_or("Unknown");
    if synced != "Synced" {
        let failed = matches!(phase, "Failed" | "Error");
        let said = text(status, &["operationState", "message"]).filter(|_| failed);
        let last = if failed { format!("; its last sync: {phase}") } else { String::new() };
        let text = format!("its sync status is {synced}{last}{}", message(said));
        return Some(Saying::new(Word::NotApplied, text, since));
    }
    if phase == "Running" {
        let since = time(status, &["operationState", "startedAt"]);
        return Some(Saying::new(Word::NotApplied, "a sync is running", since));
    }
    let said = message(text(status, &["health", "message"]));
    match text(status, &["health", "status"]).unwrap_or("Unknown") {
        // What is suspended, such as a CronJob or a Rollout, is judged by itself.
        "Healthy" | "Suspended" => None,
        "Progressing" => {
            Some(Saying::new(Word::Rolling, format!("its health is Progressing{said}"), since))
        }
        health => Some(Saying::new(Word::Degraded, format!("its health is {health}{said}"), since)),
    }
}
