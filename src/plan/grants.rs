//! Roles that grant access to a family: the new name is added after the newest one in each list.

use std::collections::BTreeMap;

use crate::plan::MoveKind;
use crate::plan::listing;
use crate::plan::moves::Mover;
use crate::plan::patch::{Rewrite, list_of};
use crate::plan::site::Token;
use crate::plan::survey::Item;
use crate::repo::reach::Reach;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::path::Path;

/// The newest name of the family in each list, by root, object and list.
type Lists<'i, 'r> = BTreeMap<(usize, usize, Path), &'i Item<'r>>;

impl Mover<'_> {
    /// Adds the new name to every list of `grants` that lacks it.
    pub(super) fn grants(&mut self, grants: &[Item<'_>]) {
        let mut tokens: BTreeMap<Token, Vec<(Item<'_>, Path)>> = BTreeMap::new();
        for ((_, _, list), item) in self.lists(grants) {
            match Token::of(item.node()) {
                Some(token) if item.node().how != Provenance::Derived => {
                    tokens.entry(token).or_default().push((*item, list));
                }
                _ => self.refuse_unspelled(std::slice::from_ref(item)),
            }
        }
        for (token, items) in tokens {
            self.grant(&token, &items);
        }
    }

    /// The item of each list after which the new name is inserted.
    fn lists<'i, 'r>(&self, grants: &'i [Item<'r>]) -> Lists<'i, 'r> {
        let mut lists: Lists<'i, 'r> = BTreeMap::new();
        for item in grants {
            let Some((list, _)) = list_of(&item.reference.found.path) else { continue };
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

    fn grant(&mut self, token: &Token, items: &[(Item<'_>, Path)]) {
        let (first, list) = &items[0];
        let own = self.repo.exclusive(&token.file) == Reach::Alone(self.environment);
        let list =
            list.follow(&first.object().node).filter(|list| own && holds(list, first.node()));
        let edit = list.and_then(|list| listing::behind(list, first.node(), self.name));
        let all: Vec<Item<'_>> = items.iter().map(|(item, _)| *item).collect();
        match edit {
            Some((file, edit)) => {
                self.draft.edit(&file, edit);
                self.expect_lists(items);
                self.record(&all, MoveKind::Added, &token.file);
            }
            None => {
                let reached = self.patch(token, &all, &Rewrite::Add);
                let reached = |item: &Item<'_>| reached.iter().any(|one| one.index == item.index);
                let items: Vec<_> =
                    items.iter().filter(|(item, _)| reached(item)).cloned().collect();
                self.expect_lists(&items);
            }
        }
    }

    fn expect_lists(&mut self, items: &[(Item<'_>, Path)]) {
        for (item, list) in items {
            let key = (item.index, item.reference.object);
            self.expected.lists.entry(key).or_default().insert(list.clone());
        }
    }
}

/// Whether a list is written around an item, rather than made of parts from several places.
fn holds(list: &Node, item: &Node) -> bool {
    match (&list.origin, &item.origin) {
        (Some(list), Some(item)) => {
            std::sync::Arc::ptr_eq(&list.source, &item.source) && list.span.contains(item.span)
        }
        _ => false,
    }
}
