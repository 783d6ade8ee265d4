//! Roles that grant access to a family: the new name is added after the newest one in each list.

use std::collections::BTreeMap;

use crate::plan::MoveKind;
use crate::plan::moves::{Mover, Spelled};
use crate::plan::overlay::list_around;
use crate::plan::overlay::token::Token;
use crate::plan::survey::Item;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::path::Path;

/// The newest name of the family in each list, by root, object and list.
type Lists<'i, 'r> = BTreeMap<(usize, usize, Path), &'i Item<'r>>;

impl Mover<'_> {
    /// Adds the new name to every list of `grants` that lacks it.
    pub(super) fn grants(&mut self, grants: &[Item<'_>]) {
        let mut tokens: BTreeMap<Token, Vec<Item<'_>>> = BTreeMap::new();
        for item in self.lists(grants).into_values() {
            match Token::of(item.node()) {
                Some(token) if item.node().how != Provenance::Derived => {
                    tokens.entry(token).or_default().push(*item);
                }
                _ => self.refuse_unspelled(std::slice::from_ref(item)),
            }
        }
        for (token, items) in tokens {
            let one = Spelled::new(token, items);
            let placed = self.overlay.add(&one.spelling, self.name);
            self.note(&one, placed, (MoveKind::Added, MoveKind::Added));
        }
    }

    /// The item of each list after which the new name is inserted.
    fn lists<'i, 'r>(&self, grants: &'i [Item<'r>]) -> Lists<'i, 'r> {
        let mut lists: Lists<'i, 'r> = BTreeMap::new();
        for item in grants {
            let Some(list) = list_around(&item.field()) else { continue };
            let known = lists.entry((item.index, item.reference.object, list)).or_insert(item);
            if item.reference.secret() > known.reference.secret() {
                *known = item;
            }
        }
        lists.retain(|(_, _, list), item| {
            let names = list.follow(&item.object().node).map_or(&[][..], Node::items);
            !names.iter().any(|one| one.str() == Some(self.name))
        });
        lists
    }
}
