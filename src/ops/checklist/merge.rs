//! The list of a change that a pull request proposes: what comes before its merge, and what after.

use std::collections::BTreeMap;

use crate::ops::checklist::facts::{Calls, Facts, Move};
use crate::ops::checklist::{Checklist, Given, Item};
use crate::ops::pulls::program_at;
use crate::ops::rotation::{Background, Rotation};
use crate::timeline::gate::GateKind;

/// The items of a list, before and after the merge of a change.
pub struct Merge<'l> {
    /// What is done before.
    pub before: Vec<&'l Item>,
    /// What follows.
    pub after: Vec<&'l Item>,
}

impl Checklist {
    /// The items before the move of the last environment, and those after it.
    #[must_use]
    pub fn around_the_merge(&self) -> Merge<'_> {
        let (after, before) = self.items.iter().partition(|item| item.follows);
        Merge { before, after }
    }
}

/// The list of a rotation that is planned. It changes with what it is about, and not with the time of day.
#[must_use]
pub fn of_rotation(rotation: &Rotation, on: Background<'_>) -> Checklist {
    let (plan, repo) = (&rotation.plan, on.repo);
    let subject = plan.subject.clone();
    let version = plan.version().to_owned();
    let rotate = program_at(on.prefix);
    let none = Given::default();
    let mut facts = Facts {
        repo,
        timeline: on.timeline,
        family: &subject.family,
        version: &version,
        environments: Vec::new(),
        calls: Calls {
            bump: format!("{rotate} bump"),
            verify: format!("{rotate} verify"),
            rotate,
            git: None,
        },
        now: on.now,
        given: &none,
        moves: BTreeMap::new(),
        lint: BTreeMap::new(),
        publishing: BTreeMap::new(),
        merge: Some(on.prefix),
    };
    let Ok(last) = repo.environment(&subject.environment) else {
        return Checklist { subject, version: None, items: Vec::new() };
    };
    facts.environments = facts.up_to(last);
    let planned = Move::of(plan, rotation.stored.clone());
    facts.moves.insert(last, Ok(planned));
    let lint = rotation.gates.iter().find(|gate| gate.kind == GateKind::Lint);
    facts.lint.extend(lint.map(|gate| (last, gate.clone())));
    let items = facts.items();
    Checklist { subject: subject.clone(), version: Some(version.clone()), items }
}
