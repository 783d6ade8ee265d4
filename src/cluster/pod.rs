//! What a pod says of itself: whether it has ended, and why it does not start.

use crate::cluster::fields::{condition, message, text, time};
use crate::cluster::object::{Pod, State};
use crate::cluster::states::Facts;
use crate::cluster::word::{Saying, Word};
use crate::yaml::node::Node;

/// What a container waits for that passes by itself.
const PASSING: &[&str] = &["ContainerCreating", "PodInitializing"];

/// Reasons with a message that may quote a command line, and with it a value.
const QUOTING: &[&str] =
    &["CreateContainerError", "PostStartHookError", "RunContainerError", "StartError"];

const STATUSES: &[&str] =
    &["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"];

pub(super) fn read(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let status = facts.status;
    let phase = text(status, &["phase"]).unwrap_or_default();
    let started = time(status, &["startTime"]);
    let is_over = matches!(phase, "Succeeded" | "Failed");
    let label = |name: &str| {
        let mut labels = facts.metadata.labels.iter();
        labels.find(|(key, _)| *key == name).map(|(_, value)| value.clone())
    };
    let of_rollout = label("rollouts-pod-template-hash").map(|hash| (hash, true));
    let template = of_rollout.or_else(|| Some((label("pod-template-hash")?, false)));
    let sayings = if is_over { Vec::new() } else { sayings(facts, phase) };
    (State::Pod(Box::new(Pod { is_over, started, template })), sayings)
}

fn sayings(facts: &Facts<'_>, phase: &str) -> Vec<Saying> {
    let (status, since) = (facts.status, time(facts.status, &["startTime"]));
    let since = since.or(facts.metadata.created);
    if let Some(waits) = STATUSES.iter().find_map(|list| waiting(status.get(list)?)) {
        return vec![Saying { since, ..waits }];
    }
    let scheduled = condition(status, "PodScheduled").filter(|one| one.is("False"));
    if let Some(scheduled) = scheduled {
        let text = format!("no node takes it{}", scheduled.message());
        return vec![Saying::new(Word::Stuck, text, scheduled.since().or(since))];
    }
    let unready = condition(status, "Ready").filter(|one| one.is("False"));
    match (phase, unready) {
        ("Pending" | "", _) => vec![Saying::new(Word::Rolling, "it has not started yet", since)],
        ("Unknown", _) => {
            vec![Saying::new(Word::Stuck, "its node does not answer (phase Unknown)", since)]
        }
        (_, Some(unready)) => {
            vec![Saying::new(Word::Rolling, "it is not ready yet", unready.since().or(since))]
        }
        _ => Vec::new(),
    }
}

/// The first container that waits for something.
fn waiting(statuses: &Node) -> Option<Saying> {
    let waits = |one: &Node| {
        let waiting = one.at(&["state", "waiting"])?;
        let reason = text(waiting, &["reason"])?;
        let name = text(one, &["name"]).unwrap_or("?");
        if PASSING.contains(&reason) {
            let text = format!("container `{name}` waits: {reason}");
            return Some(Saying::new(Word::Rolling, text, None));
        }
        let said = text(waiting, &["message"]).filter(|_| !QUOTING.contains(&reason));
        let text = format!("container `{name}` waits: {reason}{}", message(said));
        Some(Saying::new(Word::Stuck, text, None))
    };
    let all: Vec<Saying> = statuses.items().iter().filter_map(waits).collect();
    all.into_iter().min()
}
