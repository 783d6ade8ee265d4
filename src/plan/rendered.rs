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
    let is_rendered = |item: &Item<'_>| item.root.is_rendered(item.reference.object);
    // A text, which may hold the values of a chart or a patch of what it renders.
    let is_text =
        |item: &Item<'_>| item.reference.found.row == ROW && item.root.kind != RootKind::Chart;
    let (rendered, mut own): (Vec<Item<'r>>, Vec<Item<'r>>) =
        uses.iter().copied().partition(is_rendered);
    let mut followers = Followers::default();
    if rendered.is_empty() && own.iter().all(|item| item.root.kind != RootKind::Chart) {
        return (own, followers);
    }
    let leading: BTreeSet<End> = own.iter().filter(|item| !is_text(item)).filter_map(end).collect();
    for item in rendered {
        match end(&item).filter(|end| leading.contains(end)) {
            Some(end) => followers.0.entry(end).or_default().push(item),
            // Nothing but the chart spells it.
            None => own.push(item),
        }
    }
    let of_chart = own.iter().filter(|item| item.root.kind == RootKind::Chart);
    let leading: BTreeSet<End> = of_chart.filter_map(end).collect();
    own.retain(|item| match end(item).filter(|end| is_text(item) && leading.contains(end)) {
        Some(end) => {
            followers.0.entry(end).or_default().push(*item);
            false
        }
        None => true,
    });
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
