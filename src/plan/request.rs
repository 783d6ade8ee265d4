//! The request for a bump.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::k8s::secret_name::PLAIN;
use crate::plan::from_store::Held;
use crate::repo::subject::Subject;
use crate::text::path::TreePath;

/// A version that ran before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Back {
    /// Stubs of it that were removed since: the directory that each was in, and its text.
    pub stubs: BTreeMap<TreePath, String>,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The file.
    pub file: TreePath,
    /// The line, from 1.
    pub line: usize,
}

/// One family to move to another version in one environment.
#[derive(Debug, Clone)]
pub struct BumpRequest {
    /// The family and the environment.
    pub subject: Subject,
    /// The version to move to, as typed; `None` creates or takes over one. `plain` needs `back`.
    pub version: Option<String>,
    /// Pins that the store assigned to the new value, as typed: `[FAMILY/][KEY=]VALUE`.
    pub pins: Vec<String>,
    /// Values that are in their store already, as its listing shows.
    pub held: Vec<Held>,
    /// Lines that contain the old name and are left unchanged.
    pub leave: Vec<Line>,
    /// Where the version was before: to go back to it, for which it need not be newer than what runs.
    pub back: Option<Back>,
    /// How `rotate bump` is called for this tree, before its arguments: with `-C` where that is needed.
    pub program: String,
    /// The current time.
    pub now: DateTime<Utc>,
}

impl BumpRequest {
    /// Whether it goes back to the name without a version.
    #[must_use]
    pub fn goes_to_plain(&self) -> bool {
        self.back.is_some() && self.version.as_deref() == Some(PLAIN)
    }
}
