//! A Kustomization or a HelmRelease of Flux.

use crate::cluster::fields::{condition, is_on, text};
use crate::cluster::object::State;
use crate::cluster::states::Facts;
use crate::cluster::word::{Saying, Word};

pub(super) fn kustomization(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let revision = text(facts.status, &["lastAppliedRevision"]).map(str::to_owned);
    (
        State::Builder { revisions: revision.into_iter().collect() },
        says(facts).into_iter().collect(),
    )
}

/// What a HelmRelease has applied is the version of a chart, which no commit has.
pub(super) fn release(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    (State::Builder { revisions: Vec::new() }, says(facts).into_iter().collect())
}

fn says(facts: &Facts<'_>) -> Option<Saying> {
    let suspended = if is_on(facts.spec, &["suspend"]) { "; it is suspended" } else { "" };
    if let Some(unseen) = facts.unseen() {
        let text = format!("{}{suspended}", unseen.text);
        return Some(Saying { word: Word::NotApplied, text, ..unseen });
    }
    let Some(ready) = condition(facts.status, "Ready") else {
        let text = format!("it has not been reconciled yet{suspended}");
        return Some(Saying::new(Word::NotApplied, text, None));
    };
    if ready.is("True") {
        return None;
    }
    let text = format!("{}{}{suspended}", ready.reason(), ready.message());
    let unhealthy = matches!(ready.reason(), "HealthCheckFailed");
    let word = if unhealthy { Word::Degraded } else { Word::NotApplied };
    Some(Saying::new(word, text, ready.since()))
}
