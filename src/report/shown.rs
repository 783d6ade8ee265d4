//! Which part of a repository a report shows.

use std::collections::BTreeSet;

/// Some environments and some families; all of them where none is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The environments.
    pub environments: BTreeSet<String>,
    /// The families.
    pub families: BTreeSet<String>,
}

impl Shown {
    /// Whether an environment is shown; what belongs to none is shown only where all are.
    #[must_use]
    pub fn has_environment(&self, name: Option<&str>) -> bool {
        self.environments.is_empty() || name.is_some_and(|name| self.environments.contains(name))
    }

    /// Whether a family is shown.
    #[must_use]
    pub fn has_family(&self, name: &str) -> bool {
        self.families.is_empty() || self.families.contains(name)
    }
}
