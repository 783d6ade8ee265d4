//! The stub of the version, and whether it reads that version.

use crate::lint::reads::doubts;
use crate::ops::checklist::facts::{At, Facts, Here, Move};
use crate::ops::checklist::list::List;
use crate::ops::checklist::words::{UNPROVIDED, code};
use crate::ops::checklist::{Proof, State};
use crate::plan::stored::{Place, Stored, stored};

impl Facts<'_> {
    pub(super) fn stub(&self, list: &mut List, here: Here<'_>, planned: Option<&Move>) {
        let name = &*here.environment.name;
        let known = self.repo.family(here.id, self.family);
        let own = known.and_then(|state| state.stubs.get(self.version));
        let own = own.map_or(&[][..], Vec::as_slice);
        let (state, command) = if let Some(first) = own.first() {
            let place = self.place_of(*first);
            let more = own.len() - 1;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            match self.doubt(here) {
                Some((why, command)) => (State::Open(Some(why)), command),
                None => (State::Done(Proof::of(format!("{place}{more}"))), None),
            }
        } else {
            match (planned.map(|planned| planned.stubs.as_slice()), here.at) {
                (Some([]), _) => return,
                (Some([first, ..]), _) if self.merge.is_some() => {
                    let text = format!("this change adds {}", code(self.path(first).as_str()));
                    (State::Done(Proof::of(text)), None)
                }
                (_, At::Older) => (State::Open(None), Some(self.bump(here))),
                (_, At::Newer) => return,
                (_, At::There) if !self.lacks_stub(here) => return,
                (_, At::There) => {
                    (State::Open(Some(UNPROVIDED.to_owned())), Some(self.lint_command(name)))
                }
            }
        };
        list.add(
            &["stub", name],
            format!("The stub of {} is in {name}.", self.version),
            state,
            command,
        );
    }

    /// Whether an environment runs the version, and nothing in the tree provides it although there are stubs of others.
    pub(super) fn lacks_stub(&self, here: Here<'_>) -> bool {
        let stubs = self.repo.family(here.id, self.family).map(|state| &state.stubs);
        let lacks = stubs.is_some_and(|all| !all.is_empty() && !all.contains_key(self.version));
        here.at == At::There && lacks
    }

    /// Why it is not known that the stubs there read the version, and the command that says more.
    fn doubt(&self, here: Here<'_>) -> Option<(String, Option<String>)> {
        let found = doubts(self.repo, here.id, self.family, self.version);
        if let Some(first) = found.first() {
            let repair = first.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
            let why = format!("{}: {}{repair}", self.place_in(&first.place), first.message);
            return Some((why, Some(self.lint_command(&here.environment.name))));
        }
        let values = stored(self.repo, here.id, self.family, self.version);
        values.into_iter().find_map(|one| Some((one.doubt()?, one.list)))
    }
}

impl Stored {
    /// Why it is not known to be the value of its version, a lower-case phrase.
    pub(super) fn doubt(&self) -> Option<String> {
        let Place::Unpinned { key, pin } = &self.place else { return None };
        let key = code(key);
        Some(match pin {
            Some(pin) => {
                format!("the stub reads {} of {key}, which does not name the version", code(pin))
            }
            None => format!("the stub reads whatever {key} holds, no version of it"),
        })
    }
}
