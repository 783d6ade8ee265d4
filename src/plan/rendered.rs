//! Charts: a reference in what Helm renders moves with the values that spell its name, and so does a text that holds them.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::by_value::ROW;
use crate::plan::MoveKind;
use crate::plan::moves::{Mover, Spelled};
use crate::plan::overlay::token::with_parts;
use crate::plan::survey::Item;
use crate::repo::root::RootKind;
use crate::text::path::TreePath;

/// Where a name ends in a file: the digits of a version do, whatever they are put together with.
type End = (TreePath, usize);

/// References in charts, by where their names end.
#[derive(Default)]
pub(super) struct Followers<'r>(BTreeMap<End, Vec<Item<'r>>>);

fn end(item: &Item<'_>) -> Option<End> {
    let (file, span) = item.reference.place()?.site();
    Some((file, span.end))
}

/// The references that are moved themselves, and those that follow them since the same bytes spell their names.
pub(super) fn apart<'r>(uses: &[Item<'r>]) -> (Vec<Item<'r>>, Followers<'r>) {
    let rank = |item: &Item<'_>| match item.reference {
        one if item.root.is_rendered(one.object) => 2,
        // A text, which may be the values of a chart or a patch of what it renders.
        one if one.found.row == ROW && item.root.kind != RootKind::Chart => 1,
        _ => 0,
    };
    let (mut own, mut followers) = (Vec::with_capacity(uses.len()), Followers::default());
    own.extend(uses.iter().copied().filter(|item| rank(item) == 0));
    for meant in [2, 1] {
        let led = uses.iter().copied().filter(|item| rank(item) == meant);
        let may_lead = |item: &&Item<'_>| meant == 2 || item.root.kind == RootKind::Chart;
        let leading: BTreeSet<End> = own.iter().filter(may_lead).filter_map(end).collect();
        for item in led {
            match end(&item).filter(|end| leading.contains(end)) {
                Some(end) => followers.0.entry(end).or_default().push(item),
                // Nothing else spells it.
                None => own.push(item),
            }
        }
    }
    (own, followers)
}

impl Mover<'_> {
    /// Lets the references follow that are spelled by what was just moved, as the last of its references was.
    pub(super) fn follow(&mut self, one: &Spelled<'_>, followers: &mut Followers<'_>) {
        let ends: Vec<End> = one.items.iter().filter_map(end).collect();
        let last = self.moved.last().map(|moved| (moved.how, moved.file.clone()));
        let Some((how, file)) = last else { return };
        for end in ends {
            for item in followers.0.remove(&end).into_iter().flatten() {
                let is_own = item.root.environment == Some(self.environment);
                if !is_own && how != MoveKind::InPlace {
                    continue;
                }
                let text = with_parts(item.text(), &[item.part()], self.name);
                let path = item.reference.found.path.clone();
                self.overlay.follows(&(item.index, item.reference.object, path), text);
                self.record(&item, how, &file);
            }
        }
    }
}
