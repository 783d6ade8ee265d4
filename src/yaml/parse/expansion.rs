//! A bound on what aliases expand to.

/// Counts the nodes of a text, and those there would be if every alias were written out.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Expansion {
    written: usize,
    expanded: usize,
}

impl Expansion {
    const FEW: f64 = 400_000.0;
    const MANY: f64 = 4_000_000.0;

    /// The nodes so far, aliases written out.
    pub(super) const fn size(self) -> usize {
        self.expanded
    }

    /// Whether there was no alias yet.
    pub(super) const fn is_written_out(self) -> bool {
        self.written == self.expanded
    }

    /// Counts nodes that stand for themselves, while there was no alias yet.
    pub(super) const fn count_written(&mut self, nodes: usize) {
        self.written += nodes;
        self.expanded += nodes;
    }

    /// Counts one node that stands for `expanded` ones; `false` when aliases expand without end, by
    /// the rule of Kubernetes' own parser: the more nodes, the smaller the share that aliases may make.
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
