//! A Canary of Flagger. When it has failed, the primary pods run as before, whatever Git names.

use crate::cluster::fields::{condition, text, time};
use crate::cluster::object::State;
use crate::cluster::states::Facts;
use crate::cluster::word::{Saying, Word};

pub(super) fn read(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let target = |key: &str| text(facts.spec, &["targetRef", key]).map(str::to_owned);
    let target = target("kind").zip(target("name"));
    let phase = text(facts.status, &["phase"]).unwrap_or("Initializing");
    let said = condition(facts.status, "Promoted").map(|one| one.message()).unwrap_or_default();
    let since = time(facts.status, &["lastTransitionTime"]);
    let says = match phase {
        "Initialized" | "Succeeded" => None,
        "Failed" => {
            let text = format!("the canary failed, and the primary pods run as before{said}");
            Some(Saying::new(Word::CanaryFailed, text, since))
        }
        _ => Some(Saying::new(Word::Rolling, format!("its phase is {phase}{said}"), since)),
    };
    (State::Canary { target }, says.into_iter().collect())
}
