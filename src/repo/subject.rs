//! What a command, a gate or a history is about: a family in an environment.

pub use crate::k8s::secret_name::Family;

/// A family in an environment, both by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// The environment.
    pub environment: String,
    /// The family.
    pub family: Family,
}

impl Subject {
    /// The subject with these names.
    #[must_use]
    pub fn new(environment: impl Into<String>, family: impl Into<Family>) -> Self {
        Self { environment: environment.into(), family: family.into() }
    }
}
