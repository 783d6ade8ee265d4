//! What a shift does not move, said in notes: traffic that no weight divides, and roots that are known only in part.

use crate::plan::shift::Shift;
use crate::plan::spell::first_few;
use crate::repo::pairs::{Colour, Pair, Workload};
use crate::repo::traffic::{Leads, Traffic};

impl Shift<'_> {
    /// Notes what stays where it is.
    pub(super) fn unmoved(&mut self, pair: &Pair, traffic: &Traffic) {
        for switch in &traffic.switches {
            let service = self.repo.workload(switch.service).name();
            let note = match switch.leads {
                Leads::Both => format!(
                    "Service `{service}` selects both colours: what calls it by that name reaches both, whatever the weights"
                ),
                Leads::To(colour) if !traffic.splits.is_empty() => format!(
                    "Service `{service}` selects {colour} alone: what calls it by that name stays there, whatever the weights"
                ),
                _ => continue,
            };
            self.note(note);
        }
        for fixed in traffic.fixed.iter().filter(|_| !traffic.splits.is_empty()) {
            let at = self.named(fixed.route);
            let list = fixed.list.as_ref().map_or_else(String::new, |list| format!(", {list}"));
            self.note(format!(
                "{at}{list} has {} as its only backend, so that traffic stays there",
                fixed.colour
            ));
        }
        self.unseen(pair);
    }

    /// Notes the roots that may have routes which cannot be seen.
    fn unseen(&mut self, pair: &Pair) {
        let namespace = pair.namespace.as_deref();
        let own = Colour::ALL.map(|colour| pair.of(colour).root);
        let roots = self.repo.roots_of(self.environment).filter(|(index, root)| {
            let meets = namespace.is_none() || root.namespace.as_deref() == namespace;
            root.may_hide() && (own.contains(index) || meets)
        });
        let paths: Vec<_> = roots.map(|(_, root)| root.path.clone()).collect();
        if !paths.is_empty() {
            let (it, them) = if paths.len() == 1 { ("is", "it") } else { ("are", "them") };
            self.note(format!(
                "{} {it} known only in part; a route that {them} may have beyond that is not shifted",
                first_few(&paths)
            ));
        }
    }

    fn named(&self, at: Workload) -> String {
        let object = self.repo.workload(at);
        format!("{} `{}`", object.kind(), object.name())
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}
