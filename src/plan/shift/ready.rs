//! Whether a colour that is to get more traffic has what its pods need.

use std::cell::LazyCell;

use crate::k8s::secret_name::split;
use crate::plan::refusal::Refusal;
use crate::plan::shift::{Row, Shift};
use crate::repo::pairs::{Colour, Pair};
use crate::repo::unseen::Unseens;

impl Shift<'_> {
    /// Refuses more traffic for pods that cannot start, since nothing provides a version that they name.
    pub(super) fn ready(&mut self, pairs: &[Pair]) {
        let gaining = gaining(&self.rows);
        let unseens = LazyCell::new(|| Unseens::of(self.repo));
        let mut refusals = Vec::new();
        for at in pairs.iter().flat_map(|pair| gaining.iter().map(|colour| pair.of(*colour))) {
            let root = &self.repo.roots[at.root];
            let own = self.repo.references_of(at);
            for reference in own.filter(|one| !one.found.optional) {
                let (secret, namespace) = (reference.secret(), root.namespace_of(reference));
                if split(secret).is_none()
                    || self.repo.is_provided(root.environment, namespace, secret)
                    || unseens.find(self.repo, at.root, namespace, secret).is_some()
                {
                    continue;
                }
                let object = root.object_of(reference);
                refusals.push(Refusal {
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
        self.refusals.extend(refusals);
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
