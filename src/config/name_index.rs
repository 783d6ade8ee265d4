//! Which of many patterns match a name, without trying each.

use std::collections::BTreeMap;

use crate::config::glob::NameGlob;

/// Patterns over names, by what a name must begin or end with to match them.
#[derive(Debug, Clone, Default)]
pub(super) struct NameIndex {
    exact: BTreeMap<String, Vec<usize>>,
    by_start: BTreeMap<String, Vec<usize>>,
    /// The end from its last byte to its first.
    by_end: BTreeMap<Vec<u8>, Vec<usize>>,
}

impl NameIndex {
    /// An index of patterns, which answers with their positions.
    pub(super) fn new<'g>(globs: impl Iterator<Item = &'g NameGlob>) -> Self {
        let mut index = Self::default();
        for (at, glob) in globs.enumerate() {
            let (start, end) = glob.ends();
            let known = if glob.is_literal() {
                index.exact.entry(start).or_default()
            } else if start.len() >= end.len() {
                index.by_start.entry(start).or_default()
            } else {
                index.by_end.entry(end.bytes().rev().collect()).or_default()
            };
            known.push(at);
        }
        index
    }

    /// The positions of the plain names that are this one.
    pub(super) fn exact(&self, name: &str) -> &[usize] {
        self.exact.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The positions of the patterns that may match a name, in order; those that are plain names are not among them.
    pub(super) fn patterns(&self, name: &str) -> Vec<usize> {
        let starts = (0..=name.len()).filter_map(|end| self.by_start.get(name.get(..end)?));
        let back: Vec<u8> = name.bytes().rev().collect();
        let ends = (0..=back.len()).filter_map(|end| self.by_end.get(&back[..end]));
        let mut found: Vec<usize> = starts.chain(ends).flatten().copied().collect();
        found.sort_unstable();
        found
    }
}
