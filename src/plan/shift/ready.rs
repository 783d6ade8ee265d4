//! Whether a colour that is to get more traffic has what its pods need.

use crate::k8s::secret_name::split;
use crate::plan::refusal::Refusal;
use crate::plan::shift::{Row, Shift};
use crate::repo::pairs::{Colour, Pair};

impl Shift<'_> {
    /// Refuses more traffic for pods that cannot start, since nothing provides a version that they name.
    pub(super) fn ready(&mut self, pairs: &[Pair]) {
        let gaining = gaining(&self.rows);
        for at in pairs.iter().flat_map(|pair| gaining.iter().map(|colour| pair.of(*colour))) {
            let root = &self.repo.roots[at.root];
            // What is known only in part may provide it; a note says so.
            if self.repo.roots_of(self.environment).any(|(_, root)| root.may_hide()) {
                continue;
            }
            let own = root.references.iter().filter(|one| one.object == at.object);
            for reference in own.filter(|one| !one.found.optional) {
                let (secret, namespace) = (reference.secret(), root.namespace_of(reference));
                if split(secret).is_none()
                    || self.repo.is_provided(root.environment, namespace, secret)
                {
                    continue;
                }
                let object = root.object_of(reference);
                self.refusals.push(Refusal {
                    what: format!(
                        "{} `{}` names `{secret}`, which nothing provides, so its pods would not start",
                        object.kind(),
                        object.name()
                    ),
                    place: reference.near(),
                    hint: "add the stub of that version, or name one that there is".to_owned(),
                });
            }
        }
    }
}

/// The colours that get more traffic somewhere.
pub(super) fn gaining(rows: &[Row]) -> Vec<Colour> {
    let rises = |colour: &Colour| {
        let at = usize::from(*colour == Colour::Green);
        rows.iter().any(|row| row.after[at] > row.before[at])
    };
    Colour::ALL.into_iter().filter(rises).collect()
}
