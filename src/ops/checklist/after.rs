//! The items that follow the move of an environment.

use crate::ops::checklist::facts::{At, Facts, Here};
use crate::ops::checklist::list::List;
use crate::ops::checklist::words::{SHALLOW, without_history};
use crate::ops::checklist::{Proof, State};
use crate::ops::proving;
use crate::plan::prune::Shown;
use crate::plan::{NextStep, Stage};
use crate::repo::environment::Environment;
use crate::repo::usage::Running;
use crate::text::shell::command;
use crate::timeline::gate::span;
use crate::timeline::runs::WayBack;

/// The name without a version, as the commands take it.
const PLAIN: &str = "plain";

impl Facts<'_> {
    /// Whether every pod has moved.
    pub(super) fn pods(&self, list: &mut List, here: Here<'_>) {
        let name = &*here.environment.name;
        if here.at == At::Newer {
            return;
        }
        let text = format!("Every pod in {name} runs {}.", self.version);
        let plain = || command(&self.calls.verify, &[name, self.family], "");
        let verify = self.verify_command(here).unwrap_or_else(plain);
        let state = match self.given.pods.get(name) {
            // What is to be proved is that it runs what Git names, which is not the version yet.
            _ if here.at == At::Older => State::Open(None),
            None => State::Open(None),
            Some(shown) => proved(shown),
        };
        let verify = (!state.is_done()).then_some(verify);
        list.add(&["pods", name], text, state, verify);
    }

    /// The command that shows whether every pod of an environment has moved.
    pub(super) fn verify_command(&self, here: Here<'_>) -> Option<String> {
        proving::command((self.repo, here.id), self.family, &self.calls.verify)
    }

    /// The watch over the last environment, and the next one.
    pub(super) fn watch(&self, list: &mut List, here: Here<'_>) {
        let name = &*here.environment.name;
        let soak = here.environment.soak();
        let text = format!("Watch {name} for {}.", span(soak));
        if here.at == At::Older {
            let planned = self.moves.get(&here.id).and_then(|one| one.as_ref().ok());
            let steps = planned.into_iter().flat_map(|planned| &planned.next);
            let steps: Vec<&NextStep> = steps.filter(|step| step.stage == Stage::Then).collect();
            if steps.is_empty() {
                list.add(&["watch", name], text, State::Open(None), None);
            }
            list.steps(&["then", name], steps.into_iter());
            return;
        }
        let watched = self.soaked(here, soak);
        if !soak.is_zero() {
            let lint = self.lacks_stub(here).then(|| self.lint_command(name));
            list.add(&["watch", name], text, watched.clone(), lint);
        }
        let Some(next) = self.next(here) else { return };
        let text = format!("The version is promoted to {}.", next.name);
        let state = match watched {
            State::Waiting(until, note) => State::Waiting(until, note),
            _ => State::Open(None),
        };
        let bump = command(&self.calls.bump, &[&next.name, self.family], "");
        list.add(&["next", &next.name], text, state, Some(bump));
    }

    /// The environment that takes the version next, unless it has it or something newer.
    fn next(&self, here: Here<'_>) -> Option<&Environment> {
        let mut later = self.repo.environments.after(here.id).iter().filter(|one| one.versioned);
        let is_named = |one: &&Environment| !self.repo.running_of(one.id, self.family).is_empty();
        let next = later.find(is_named)?;
        (self.here(next.id).at == At::Older).then_some(next)
    }

    /// How the environment gets back.
    pub(super) fn way_back(&self, list: &mut List, here: Here<'_>) {
        if here.at == At::Newer {
            return;
        }
        let (name, subject) = (&*here.environment.name, self.subject(here));
        let now = match here.at {
            // What it runs until it moves is what it goes back to.
            At::Older => Running::of(self.version),
            _ => self.repo.running_of(here.id, self.family),
        };
        let text = format!("{name} can be rolled back at any time.");
        let back = match self.timeline.map(|timeline| timeline.way_back(&subject, &now)) {
            Some(WayBack::To(back)) => back.to_owned(),
            Some(WayBack::Hidden) => {
                let unknown = State::Unknown(SHALLOW.to_owned());
                let fetch = self.calls.git.as_ref().map(|git| format!("{git} fetch --unshallow"));
                return list.add(&["way-back", name], text, unknown, fetch);
            }
            None => return list.add(&["way-back", name], text, without_history(), None),
            Some(WayBack::Nothing) => {
                let why = "no earlier version ran alone there".to_owned();
                let history = format!("{} history", self.calls.rotate);
                let history = command(&history, &[self.family], "");
                return list.add(&["way-back", name], text, State::Open(Some(why)), Some(history));
            }
        };
        self.way_back_to(list, here, &back);
    }

    fn way_back_to(&self, list: &mut List, here: Here<'_>, back: &str) {
        let name = &*here.environment.name;
        let state = self.repo.family(here.id, self.family);
        let providers = state.map_or(&[][..], |state| match back {
            PLAIN => state.plain_providers.as_slice(),
            version => state.stubs.get(version).map_or(&[][..], Vec::as_slice),
        });
        let proof = providers.first().map(|first| self.place_of(*first));
        let state = match proof {
            Some(text) => State::Done(Proof::of(text)),
            None => {
                let text = "nothing in the tree provides it: check that the Secret, or its value in the store, is still there";
                State::Open(Some(text.to_owned()))
            }
        };
        let to = if back == PLAIN { " --to plain" } else { "" };
        let what = if back == PLAIN { "the name without a version" } else { back };
        let text = format!("{name} can be rolled back to {what} at any time.");
        let roll = format!("{} rollback", self.calls.rotate);
        let options = format!("{to} --reason '…' --commit");
        let roll = command(&roll, &[name, self.family], &options);
        list.add(&["way-back", name], text, state, Some(roll));
    }
}

/// How an environment's pods stand, by what its cluster shows.
fn proved(shown: &Shown) -> State {
    if let Some(reason) = shown.reason() {
        return State::Open(Some(reason));
    }
    State::Done(Proof::of(shown.proof()))
}
