//! A Job, whose template never changes.

use crate::cluster::fields::condition;
use crate::cluster::object::State;
use crate::cluster::states::Facts;
use crate::cluster::word::Saying;

pub(super) fn read(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let has = |kind: &str| condition(facts.status, kind).is_some_and(|one| one.is("True"));
    let is_finished = has("Complete") || has("Failed");
    (State::Job { is_finished, active: facts.count("active") }, Vec::new())
}
