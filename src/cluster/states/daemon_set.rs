//! A DaemonSet: rolled out when the pod of each node is updated and available.

use crate::cluster::fields::text;
use crate::cluster::object::State;
use crate::cluster::states::Facts;
use crate::cluster::word::{Saying, Word};

pub(super) fn read(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let own = facts.count("currentNumberScheduled");
    // Where a node no longer takes it, its pod runs on until it is deleted.
    let pods = own.saturating_add(facts.count("numberMisscheduled"));
    (State::Workload { pods: Some(pods), ending: 0 }, says(facts))
}

fn says(facts: &Facts<'_>) -> Vec<Saying> {
    if let Some(unseen) = facts.unseen() {
        return vec![unseen];
    }
    let wanted = facts.count("desiredNumberScheduled");
    let (updated, available) =
        (facts.count("updatedNumberScheduled"), facts.count("numberAvailable"));
    let mut all = Vec::new();
    if updated < wanted {
        let text = format!("{updated} of {wanted} pods are updated");
        all.push(match text_of_strategy(facts) {
            Some("OnDelete") => {
                let text =
                    format!("{text}; `OnDelete` leaves the others until somebody deletes them");
                Saying::new(Word::OnDelete, text, None)
            }
            _ => Saying::new(Word::Rolling, text, None),
        });
    }
    // Once no old pod is left, those that are missing still count.
    if available < wanted && all.iter().all(|saying| saying.word == Word::OnDelete) {
        let text = format!("{available} of {wanted} pods are available");
        all.push(Saying::new(Word::Rolling, text, None));
    }
    all
}

fn text_of_strategy<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    text(facts.spec, &["updateStrategy", "type"])
}
