//! An ExternalSecret: its Secret exists when it is ready. With `CreatedOnce`, an edit changes nothing in the cluster.

use crate::cluster::fields::{condition, number, text};
use crate::cluster::object::State;
use crate::cluster::states::Facts;
use crate::cluster::word::{Saying, Word};

pub(super) fn read(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let secret = text(facts.spec, &["target", "name"]).unwrap_or(facts.name).to_owned();
    (State::ExternalSecret { secret }, says(facts).into_iter().collect())
}

fn says(facts: &Facts<'_>) -> Option<Saying> {
    if let Some(since) = facts.metadata.deleted {
        return Some(Saying::new(Word::NotSynced, "it is being deleted", Some(since)));
    }
    let Some(ready) = condition(facts.status, "Ready") else {
        return Some(Saying::new(Word::NotSynced, "the operator has not looked at it yet", None));
    };
    if !ready.is("True") {
        let text = format!("{}{}", ready.reason(), ready.message());
        return Some(Saying::new(Word::NotSynced, text, ready.since()));
    }
    if matches!(ready.reason(), "SecretDeleted" | "SecretMissing") {
        let text = format!("its Secret is gone: {}{}", ready.reason(), ready.message());
        return Some(Saying::new(Word::NotSynced, text, ready.since()));
    }
    // There is no observed generation: the synced version begins with it.
    let synced = text(facts.status, &["syncedResourceVersion"])?;
    let synced: u64 = synced.split_once('-')?.0.parse().ok()?;
    let newest = facts.metadata.generation?;
    if synced == newest {
        return None;
    }
    if synced > newest {
        let text = format!(
            "it was made anew (generation {newest}) after its Secret was synced (generation {synced})"
        );
        return Some(Saying::new(Word::NotSynced, text, ready.since()));
    }
    let once = text(facts.spec, &["refreshPolicy"]) == Some("CreatedOnce")
        || number(facts.spec, &["refreshInterval"]) == Some(0)
        || matches!(
            text(facts.spec, &["refreshInterval"]),
            Some("0s" | "0m" | "0h" | "0m0s" | "0h0m0s")
        );
    Some(if once {
        let text = format!(
            "it was edited (generation {newest}) after its Secret was made (generation {synced}); the operator ignores that"
        );
        Saying::new(Word::EditedInPlace, text, None)
    } else {
        let text = format!("generation {synced} of {newest} is synced");
        Saying::new(Word::NotSynced, text, ready.since())
    })
}
