//! A limit on alias expansion.

/// Counts the nodes of a text, both as written and with every alias expanded.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Expansion {
    written: usize,
    expanded: usize,
}

impl Expansion {
    const FEW: f64 = 400_000.0;
    const MANY: f64 = 4_000_000.0;

    /// The number of nodes so far, with aliases expanded.
    pub(super) const fn size(self) -> usize {
        self.expanded
    }

    /// Whether there has been no alias so far.
    pub(super) const fn is_written_out(self) -> bool {
        self.written == self.expanded
    }

    /// Counts nodes that are not aliases; only valid before the first alias.
    pub(super) const fn count_written(&mut self, nodes: usize) {
        self.written += nodes;
        self.expanded += nodes;
    }

    /// Counts one node that expands to `expanded` nodes; `false` if aliases expand excessively, according to
    /// the rule of Kubernetes' own parser: the more nodes, the smaller the share that aliases may account for.
    pub(super) fn count(&mut self, expanded: usize) -> bool {
        self.written += 1;
        self.expanded = self.expanded.saturating_add(expanded);
        let aliased = self.expanded - self.written.min(self.expanded);
        if aliased <= 100 || self.expanded <= 1000 {
            return true;
        }
        #[allow(clippy::cast_precision_loss)] // a ratio
        let (aliased, expanded) = (aliased as f64, self.expanded as f64);
        let share = ((expanded - Self::FEW) / (Self::MANY - Self::FEW)).clamp(0.0, 1.0);
        aliased / expanded <= 0.89_f64.mul_add(-share, 0.99)
    }
}
