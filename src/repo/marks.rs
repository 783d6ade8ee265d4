//! A summary of a set of paths, by which most sets that have no path in common are told apart at once.

use std::collections::BTreeSet;

use crate::text::path::TreePath;

/// A bit for each path; several may have the same one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks(u128);

impl Marks {
    pub(super) fn of(paths: &BTreeSet<TreePath>) -> Self {
        let bit = |path: &TreePath| {
            let mix = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            let hash = path.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, mix);
            1_u128 << (hash >> (u64::BITS - u128::BITS.ilog2()))
        };
        Self(paths.iter().map(bit).fold(0, |all, one| all | one))
    }

    /// Whether the sets may have a path in common.
    pub(super) const fn may_meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Whether two sets have a path in common. Usually, one set sorts entirely before the other.
pub(super) fn meet(some: &BTreeSet<TreePath>, all: &BTreeSet<TreePath>) -> bool {
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return false };
    let is_apart = some.last().is_none_or(|end| end < first || some.first() > Some(last));
    !is_apart && some.range(first..=last).any(|path| all.contains(path))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Marks, meet};
    use crate::text::path::TreePath;

    fn reads(application: usize) -> BTreeSet<TreePath> {
        let at = format!("apps/app{application:03}");
        let files = [
            "base/kustomization.yaml",
            "base/web.yaml",
            "staging/kustomization.yaml",
            "staging/stub.yaml",
        ];
        files.map(|file| TreePath::new(&format!("{at}/{file}")).unwrap()).into()
    }

    #[test]
    fn few_sets_without_a_common_path_look_as_if_they_had_one() {
        let all: Vec<BTreeSet<TreePath>> = (0..50).map(reads).collect();
        let (mut pairs, mut unsure) = (0, 0);
        for (index, some) in all.iter().enumerate() {
            let changed = some.iter().skip(index % 3).take(2).cloned().collect();
            for other in &all {
                let may_meet = Marks::of(&changed).may_meet(Marks::of(other));
                assert!(may_meet || !meet(&changed, other));
                assert_eq!(meet(&changed, other), some == other);
                pairs += 1;
                unsure += usize::from(may_meet);
            }
        }
        assert!(unsure * 8 < pairs, "{unsure} of {pairs}");
    }
}
