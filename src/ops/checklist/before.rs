//! The items up to the move of an environment.

use chrono::{DateTime, TimeDelta, Utc};

use crate::ops::checklist::commit::Publishing;
use crate::ops::checklist::facts::{At, Facts, Here};
use crate::ops::checklist::list::List;
use crate::ops::checklist::words::{
    SHALLOW, UNPROVIDED, at, code, from_to, hours, names, runs_since, since, until, without_history,
};
use crate::ops::checklist::{Proof, Section, State};
use crate::plan::Stage;
use crate::plan::from_store::{KeyListing, Shows};
use crate::plan::stored::{Place, Stored};
use crate::repo::environment::EnvironmentId;
use crate::text::shell::{command, option};
use crate::timeline::gate::{Candidate, Gate, GateKind, moment, span};
use crate::timeline::window::{Opening, opening};
use crate::timeline::{Dated, Era};

impl Facts<'_> {
    /// What is done before anything moves.
    pub(super) fn first(&self, list: &mut List) {
        let is_there = |id: &EnvironmentId| self.here(*id).at != At::Older;
        if !self.environments.last().is_some_and(is_there) {
            let text = "The dashboards and alerts of the affected workloads are open.";
            list.add(&["dashboards"], text.to_owned(), State::Open(None), None);
        }
    }

    /// The items of an environment up to its move.
    pub(super) fn before_the_move(&self, list: &mut List, here: Here<'_>) {
        let name = &*here.environment.name;
        list.begin(Section::Environment(name.to_owned()));
        let gates = self.gates(here);
        let gate = |kind: GateKind| gates.iter().find(|gate| gate.kind == kind);
        self.soak(list, here, gate(GateKind::Soak));
        if let Some(hold) = gate(GateKind::Hold) {
            let text = format!("Nothing holds {name} at another version.");
            let lift = (!hold.is_open).then(|| self.bump(here));
            list.add(&["hold", name], text, state_of(hold), lift);
        }
        self.window(list, here, gate(GateKind::Window));
        if let Some(left) = gate(GateKind::Revert) {
            let text = format!("{name} has not been taken back from {}.", self.version);
            list.add(&["revert", name], text, state_of(left), Some(self.bump(here)));
        }
        if let Some(gate) = self.lint.get(&here.id) {
            let text = format!("Lint finds no errors for {} in {name}.", code(self.family));
            let lint = (!gate.is_open).then(|| self.lint_command(name));
            list.add(&["lint", name], text, state_of(gate), lint);
        }
        let planned = self.moves.get(&here.id);
        if let Some(Err(refused)) = planned {
            let text = format!("The references in {name} can be moved.");
            let why = State::Open(Some(refused.why.clone()));
            list.add(&["plan", name], text, why, refused.command.clone());
        }
        let planned = planned.and_then(|one| one.as_ref().ok());
        self.stub(list, here, planned);
        if let Some(planned) = planned {
            let values = planned.next.iter().filter(|step| step.stage == Stage::Values);
            list.steps(&["put", name], values);
        }
        self.stored(list, here);
        // In a pull request, merging it is the move.
        if self.merge.is_none() || here.at != At::Older {
            self.moved(list, here);
        }
    }

    /// The gates of the version there; none where it is.
    fn gates(&self, here: Here<'_>) -> Vec<Gate> {
        let candidate = Candidate {
            repo: self.repo,
            timeline: self.timeline,
            environment: here.id,
            family: self.family,
            version: Some(self.version),
            now: self.now,
        };
        let mut gates = candidate.promotion_gates();
        gates.retain(|gate| here.at == At::Older || gate.kind == GateKind::Hold);
        if here.at == At::Newer {
            gates.clear();
        }
        gates
    }

    fn soak(&self, list: &mut List, here: Here<'_>, gate: Option<&Gate>) {
        let Some(before) = self.repo.before(here.id, self.family) else { return };
        let from = before.environment;
        if from.soak().is_zero() {
            return;
        }
        let (name, soak) = (&*here.environment.name, span(from.soak()));
        let text = format!("{} has run {} alone for its soak of {soak}.", from.name, self.version);
        let state = match (gate, here.at) {
            (Some(gate), At::Older) if !gate.is_open && gate.opens.is_none() => {
                State::Open(Some(gate.text.clone()))
            }
            _ => self.soaked(self.here(from.id), from.soak()),
        };
        let status = || {
            let options = option("--family", self.family);
            command(&format!("{} status", self.calls.rotate), &[], &options)
        };
        let status = matches!(state, State::Open(_)).then(status);
        list.add(&["soak", name], text, state, status);
    }

    /// Whether an environment has run the version alone for so long, as far as its pods can start.
    pub(super) fn soaked(&self, here: Here<'_>, wanted: TimeDelta) -> State {
        match self.lacks_stub(here) {
            true => State::Open(Some(UNPROVIDED.to_owned())),
            false => self.ran(here, wanted),
        }
    }

    /// Whether Git says that an environment has run the version alone for so long.
    fn ran(&self, here: Here<'_>, wanted: TimeDelta) -> State {
        let Some(timeline) = self.timeline else { return without_history() };
        let eras = timeline.eras(&self.subject(here));
        let is_meant = |era: &Era| era.running.only() == Some(self.version);
        let Some(at) = eras.iter().position(is_meant) else {
            return if timeline.is_shallow() {
                State::Unknown(SHALLOW.to_owned())
            } else {
                State::Open(Some(format!("{} never did", timeline.mainline)))
            };
        };
        let era = &eras[at];
        let began = era.began.time();
        let next = at.checked_sub(1).and_then(|next| eras.get(next));
        let over = began.checked_add_signed(wanted).unwrap_or(DateTime::<Utc>::MAX_UTC);
        match next {
            Some(next) => {
                let text = from_to(&era.began, &next.began);
                if next.began.time() >= over {
                    State::Done(Proof { text, since: Some(era.began.clone()) })
                } else {
                    State::Open(Some(format!("only {text}")))
                }
            }
            None if *era.began.dated() == Dated::Never => {
                State::Open(Some(format!("it runs it {}", since(&era.began))))
            }
            None if over <= self.now => State::Done(runs_since(era)),
            None if era.began.is_exact() => until(over, since(&era.began)),
            None => until(over, format!("{}; {SHALLOW}", since(&era.began))),
        }
    }

    fn window(&self, list: &mut List, here: Here<'_>, gate: Option<&Gate>) {
        let declared = here.environment.declared.as_ref();
        let Some(window) = declared.and_then(|one| one.window.as_ref()) else { return };
        let name = &*here.environment.name;
        let hours = hours(window);
        let text = format!("{name} takes {} inside its change window ({hours}).", self.version);
        let era = self.timeline.and_then(|one| one.runs(&self.subject(here), self.version));
        let state = match (gate, era) {
            // Whether it is open now would make another text of it twice a day.
            (Some(_), _) if self.merge.is_some() => State::Open(None),
            (Some(gate), _) => match gate.opens {
                Some(opens) => {
                    State::Waiting(Some(opens), format!("it opens at {}", moment(opens)))
                }
                None if gate.is_open => State::Done(Proof::of("it is open now")),
                None => State::Open(Some(gate.text.clone())),
            },
            (None, Some(era)) if here.at == At::There => {
                let text = format!("it did {}", at(&era.began));
                match opening(window, era.began.time()) {
                    Opening::Open => State::Done(Proof { text, since: Some(era.began.clone()) }),
                    Opening::Closed(_) => {
                        State::Open(Some(format!("it did {}, outside of it", at(&era.began))))
                    }
                }
            }
            _ => return,
        };
        list.add(&["window", name], text, state, None);
    }

    /// How the listing of its store shows a value, if one was given.
    fn shows(&self, one: &Stored) -> Option<Shows> {
        Some(KeyListing::of(one, &self.given.listings)?.shows(one.pin()))
    }

    fn stored(&self, list: &mut List, here: Here<'_>) {
        let name = &*here.environment.name;
        for one in &self.values(here.id) {
            let (key, text) = match &one.place {
                Place::Store { key, pin: Some(pin) } => {
                    (key, format!("The store has {} of {}.", code(pin), code(key)))
                }
                Place::Store { key, pin: None } => {
                    (key, format!("The store has the key {}.", code(key)))
                }
                Place::Unpinned { key, .. } => {
                    (key, format!("The store has {} of {}.", self.version, code(key)))
                }
                Place::Cluster { secret } => {
                    (secret, format!("The cluster has the Secret {}.", code(secret)))
                }
            };
            let state = match (self.shows(one), &one.list) {
                _ if one.doubt().is_some() => State::Open(one.doubt()),
                (Some(Shows::Value(text)), _) => State::Done(Proof::of(text)),
                (Some(Shows::None(why)), _) => State::Open(Some(why)),
                (None, Some(_)) => State::Open(None),
                (None, None) => {
                    let why = "no command is known that lists what its store has";
                    State::Open(Some(why.to_owned()))
                }
            };
            let command = one.list.clone().filter(|_| !state.is_done());
            list.add(&["stored", name, key], text, state, command);
        }
    }

    fn moved(&self, list: &mut List, here: Here<'_>) {
        let (name, version) = (&*here.environment.name, self.version);
        let text = format!("Every reference in {name} names {version}.");
        let subject = self.subject(here);
        let eras = self.timeline.map_or(&[][..], |timeline| timeline.eras(&subject));
        let running = self.repo.running_of(here.id, self.family);
        let (state, command) = match (here.at, self.timeline) {
            (At::There, None) => {
                let text = "the tree does; there is no Git history to tell since when";
                (State::Done(Proof::of(text)), None)
            }
            (At::There, Some(timeline)) => match timeline.runs(&subject, version) {
                Some(era) => (State::Done(runs_since(era)), None),
                None => {
                    let none = Publishing::default();
                    let publishing = self.publishing.get(&here.id).unwrap_or(&none);
                    let (note, command) = publishing.told(&timeline.mainline);
                    (State::Open(Some(note)), command)
                }
            },
            (At::Newer, _) => {
                let last = eras.iter().position(|era| era.running.has(version));
                let last = last.and_then(|at| Some((&eras[at], eras.get(at.checked_sub(1)?)?)));
                let state = match last {
                    Some((era, next)) => State::Done(Proof {
                        text: format!(
                            "{}; now {}",
                            from_to(&era.began, &next.began),
                            names(&running)
                        ),
                        since: Some(era.began.clone()),
                    }),
                    None => State::Open(Some(format!("{name} runs {}", names(&running)))),
                };
                (state, None)
            }
            (At::Older, _) => {
                let runs = (!running.is_empty()).then(|| names(&running));
                let note = runs.map(|runs| format!("{name} runs {runs}"));
                (State::Open(note), Some(self.bump(here)))
            }
        };
        list.add(&["moved", name], text, state, command);
    }
}

/// A gate as an item.
fn state_of(gate: &Gate) -> State {
    if gate.is_open { State::Done(Proof::default()) } else { State::Open(Some(gate.text.clone())) }
}
