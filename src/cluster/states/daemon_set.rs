//! A DaemonSet: rolled out when the pod of each node is updated and available.

use crate::cluster::fields::text;
use crate::cluster::object::State;
use crate::cluster::states::Facts;
use crate::cluster::word::{Saying, Word};

pub(super) fn read(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let state = State::Workload { pods: Some(facts.count("currentNumberScheduled")) };
    (state, says(facts).into_iter().collect())
}

fn says(facts: &Facts<'_>) -> Option<Saying> {
    if let Some(unseen) = facts.unseen() {
        return Some(unseen);
    }
    let wanted = facts.count("desiredNumberScheduled");
    let (updated, available) =
        (facts.count("updatedNumberScheduled"), facts.count("numberAvailable"));
    if updated < wanted {
        let text = format!("{updated} of {wanted} pods are updated");
        return Some(match text_of_strategy(facts) {
            Some("OnDelete") => {
                let text =
                    format!("{text}; `OnDelete` leaves the others until somebody deletes them");
                Saying::new(Word::OnDelete, text, None)
            }
            _ => Saying::new(Word::Rolling, text, None),
        });
    }
    (available < wanted).then(|| {
        Saying::new(Word::Rolling, format!("{available} of {wanted} pods are available"), None)
    })
}

fn text_of_strategy<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    text(facts.spec, &["updateStrategy", "type"])
}
