//! The path to a value, borrowed until it has to be stored.

use crate::yaml::node::Node;
use crate::yaml::path::{Path, PathStep};

/// The steps down to a value, borrowed from the pattern and the object.
#[derive(Debug, Default)]
pub struct Trail<'a>(Vec<Stride<'a>>);

#[derive(Debug, Clone, Copy)]
struct Stride<'a> {
    from: &'a Node,
    step: StrideStep<'a>,
}

#[derive(Debug, Clone, Copy)]
enum StrideStep<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Trail<'a> {
    /// Goes down by a key.
    pub fn enter_key(&mut self, from: &'a Node, key: &'a str) {
        self.0.push(Stride { from, step: StrideStep::Key(key) });
    }

    /// Goes down by an index.
    pub fn enter_item(&mut self, from: &'a Node, index: usize) {
        self.0.push(Stride { from, step: StrideStep::Index(index) });
    }

    /// Goes back up.
    pub fn leave(&mut self) {
        self.0.pop();
    }

    /// The last key and the mapping that contains it, if the last step was a key.
    #[must_use]
    pub fn last_key(&self) -> Option<(&'a Node, &'a str)> {
        let stride = self.0.last()?;
        if let StrideStep::Key(key) = stride.step { Some((stride.from, key)) } else { None }
    }

    /// The keys of the trail, last one first, without indexes.
    pub fn keys_upward(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().rev().filter_map(|stride| match stride.step {
            StrideStep::Key(key) => Some(key),
            StrideStep::Index(_) => None,
        })
    }

    /// The trail as an owned path.
    #[must_use]
    pub fn path(&self) -> Path {
        let steps = self.0.iter().map(|stride| match stride.step {
            StrideStep::Key(key) => PathStep::Key(key.into()),
            StrideStep::Index(index) => PathStep::Index(index),
        });
        Path(steps.collect())
    }
}
