//! A list that is being made.

use std::collections::BTreeMap;

use crate::ops::checklist::{Item, Section, State};
use crate::plan::NextStep;

/// Items in order, each ID once.
pub(super) struct List {
    section: Section,
    /// Whether the last environment has moved where the list is.
    follows: bool,
    items: Vec<Item>,
    /// How many asked for each ID.
    ids: BTreeMap<String, usize>,
}

impl List {
    pub(super) const fn new() -> Self {
        Self { section: Section::Before, follows: false, items: Vec::new(), ids: BTreeMap::new() }
    }

    /// Begins a section.
    pub(super) fn begin(&mut self, section: Section) {
        self.section = section;
    }

    /// What comes from here on follows the move of the last environment.
    pub(super) const fn follow(&mut self) {
        self.follows = true;
    }

    pub(super) fn add(&mut self, id: &[&str], text: String, state: State, command: Option<String>) {
        let id = self.free(&id.iter().map(|part| slug(part)).collect::<Vec<_>>().join("-"));
        let (section, follows) = (self.section.clone(), self.follows);
        self.items.push(Item { id, is_step: false, section, follows, text, state, command });
    }

    /// Steps of a plan, whose sentences say what they are.
    pub(super) fn steps<'s>(&mut self, id: &[&str], steps: impl Iterator<Item = &'s NextStep>) {
        for step in steps {
            self.add(id, step.title.clone(), State::Open(None), step.command.clone());
            if let Some(last) = self.items.last_mut() {
                last.is_step = true;
            }
        }
    }

    pub(super) fn into_items(self) -> Vec<Item> {
        self.items
    }

    /// The ID, with a number where it is taken.
    fn free(&mut self, id: &str) -> String {
        let count = self.ids.entry(id.to_owned()).or_default();
        *count += 1;
        let mut number = *count;
        if number == 1 {
            return id.to_owned();
        }
        loop {
            let free = format!("{id}-{number}");
            if !self.ids.contains_key(&free) {
                self.ids.insert(free.clone(), 1);
                return free;
            }
            number += 1;
        }
    }
}

/// A name in lower-case letters, digits and `-`.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{List, slug};
    use crate::ops::checklist::State;

    #[test]
    fn names_become_parts_of_an_id() {
        for (name, part) in [("eu-1/Shop_db", "eu-1-shop-db"), ("--a..b--", "a-b"), ("é", "")] {
            assert_eq!(slug(name), part);
        }
    }

    #[test]
    fn no_id_is_given_twice() {
        let mut list = List::new();
        for key in ["a/b", "a-b", "a.b"] {
            list.add(&["stored", key], String::new(), State::Open(None), None);
        }
        let ids: Vec<String> = list.into_items().into_iter().map(|item| item.id).collect();
        assert_eq!(ids, ["stored-a-b", "stored-a-b-2", "stored-a-b-3"]);
    }
}
