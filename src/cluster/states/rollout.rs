//! A Rollout of Argo: promoted when its stable ReplicaSet is the current one. After an abort, the stable pods run whatever Git
//! names.

use crate::cluster::fields::{is_on, message, number, text, time};
use crate::cluster::object::State;
use crate::cluster::states::Facts;
use crate::cluster::word::{Saying, Word};
use crate::yaml::node::Node;

pub(super) fn read(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let state = State::Workload { pods: Some(facts.count("replicas")), ending: 0 };
    (state, says(facts).into_iter().collect())
}

/// Whether a person has paused it, though every pod is of the version that is stable.
fn is_paused_at_the_end(facts: &Facts<'_>) -> bool {
    let wanted = facts.replicas();
    is_on(facts.spec, &["paused"])
        && facts.count("updatedReplicas") >= wanted
        && facts.count("availableReplicas") >= wanted
}

fn says(facts: &Facts<'_>) -> Option<Saying> {
    let status = facts.status;
    // The generation that it has seen is a text here.
    if let Some(unseen) = facts.unseen() {
        return Some(unseen);
    }
    let said = message(text(status, &["message"]));
    let phase = text(status, &["phase"]).unwrap_or_default();
    if is_on(status, &["abort"]) {
        let text = format!("the update was aborted, and the stable pods run{said}");
        return Some(Saying::new(Word::Aborted, text, time(status, &["abortedAt"])));
    }
    if phase == "Degraded" {
        return Some(Saying::new(Word::Degraded, format!("its phase is Degraded{said}"), None));
    }
    let hash = |field: &str| text(status, &[field]);
    if hash("stableRS") == hash("currentPodHash")
        && (matches!(phase, "" | "Healthy") || is_paused_at_the_end(facts))
    {
        return None;
    }
    let steps = facts.spec.at(&["strategy", "canary", "steps"]).map_or(0, |one| one.items().len());
    let step = number(status, &["currentStepIndex"]).unwrap_or(0);
    let step = if steps > 0 { format!(", at step {step} of {steps}") } else { String::new() };
    let pauses = status.get("pauseConditions").map_or(&[][..], Node::items);
    let since = pauses.first().and_then(|pause| time(pause, &["startTime"]));
    let phase = if phase.is_empty() { "Progressing" } else { phase };
    let text = format!("its phase is {phase}{step}{said}");
    Some(Saying::new(Word::Rolling, text, since))
}
