//! The entries of a mapping, some of which are parsed lazily.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use crate::text::source::Place;
use crate::yaml::node::Entry;

/// Keys and values, in order. Dereferences to a `Vec`, whether they have been parsed yet or not.
#[derive(Clone, Default)]
pub struct Entries(State);

/// One or the other, to take no more room than a `Vec`: every mapping has one.
#[derive(Clone)]
enum State {
    Own(Vec<Entry>),
    Unread(Box<Unread>),
}

/// Entries that are known to be well-formed, but have no nodes yet.
#[derive(Clone)]
struct Unread {
    place: Place,
    read: fn(&Place) -> Vec<Entry>,
    entries: OnceLock<Vec<Entry>>,
}

impl Default for State {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl Entries {
    /// Entries that `read` parses from a place on first access.
    #[must_use]
    pub fn unread(place: Place, read: fn(&Place) -> Vec<Entry>) -> Self {
        Self(State::Unread(Box::new(Unread { place, read, entries: OnceLock::new() })))
    }

    /// Whether the entries have not been accessed yet.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        matches!(&self.0, State::Unread(unread) if unread.entries.get().is_none())
    }
}

impl Deref for Entries {
    type Target = Vec<Entry>;

    fn deref(&self) -> &Vec<Entry> {
        match &self.0 {
            State::Own(own) => own,
            State::Unread(unread) => unread.entries.get_or_init(|| (unread.read)(&unread.place)),
        }
    }
}

impl DerefMut for Entries {
    fn deref_mut(&mut self) -> &mut Vec<Entry> {
        if let State::Unread(unread) = &mut self.0 {
            let entries = unread.entries.take().unwrap_or_else(|| (unread.read)(&unread.place));
            self.0 = State::Own(entries);
        }
        match &mut self.0 {
            State::Own(own) => own,
            State::Unread(_) => unreachable!("they have just been read"),
        }
    }
}

impl From<Vec<Entry>> for Entries {
    fn from(own: Vec<Entry>) -> Self {
        Self(State::Own(own))
    }
}

impl From<Entries> for Vec<Entry> {
    fn from(mut entries: Entries) -> Self {
        std::mem::take(&mut *entries)
    }
}

impl FromIterator<Entry> for Entries {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        entries.into_iter().collect::<Vec<_>>().into()
    }
}

impl<'e> IntoIterator for &'e Entries {
    type Item = &'e Entry;
    type IntoIter = std::slice::Iter<'e, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'e> IntoIterator for &'e mut Entries {
    type Item = &'e mut Entry;
    type IntoIter = std::slice::IterMut<'e, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|entry| (&entry.key, &entry.value))).finish()
    }
}
