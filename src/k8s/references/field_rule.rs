//! A field of the user's own custom resource that names a secret, as configured in `rotate.yaml`.

use crate::k8s::pattern::Pattern;
use crate::k8s::pattern::notation::PatternError;
use crate::k8s::resource::group;

/// A field that names a secret.
#[derive(Debug, Clone)]
pub struct FieldRule {
    group: Box<str>,
    kind: Box<str>,
    pattern: Pattern,
}

/// Why a rule cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldRuleError {
    /// The API version is missing.
    #[error("`apiVersion` cannot be empty; write it as the objects do, such as `example.com/v1`")]
    NoApiVersion,
    /// The kind is missing.
    #[error("`kind` cannot be empty; write it as the objects do, such as `Mailer`")]
    NoKind,
    /// The path cannot be read.
    #[error("{0}; write it such as `spec.auth[].secretName`")]
    Path(#[from] PatternError),
}

impl FieldRule {
    /// A rule from its three settings; of `apiVersion` only the group counts.
    ///
    /// # Errors
    /// When one is missing or the path cannot be read.
    pub fn new(api_version: &str, kind: &str, path: &str) -> Result<Self, FieldRuleError> {
        if api_version.is_empty() {
            return Err(FieldRuleError::NoApiVersion);
        }
        if kind.is_empty() {
            return Err(FieldRuleError::NoKind);
        }
        let pattern = Pattern::new(path)?;
        Ok(Self { group: group(api_version).into(), kind: kind.into(), pattern })
    }

    /// Whether the rule applies to objects of this group and kind.
    #[must_use]
    pub fn is_about(&self, group: &str, kind: &str) -> bool {
        *self.group == *group && *self.kind == *kind
    }

    /// The field.
    #[must_use]
    pub const fn pattern(&self) -> &Pattern {
        &self.pattern
    }
}

#[cfg(test)]
mod tests {
    use super::{FieldRule, FieldRuleError};

    #[test]
    fn counts_by_group_and_kind() {
        let rule = FieldRule::new("example.com/v1", "Mailer", "spec.auth[].secretName").unwrap();
        assert!(rule.is_about("example.com", "Mailer"));
        assert!(!rule.is_about("", "Mailer") && !rule.is_about("example.com", "Mail"));
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |api, kind, path| FieldRule::new(api, kind, path).unwrap_err();
        assert_eq!(error("", "Mailer", "spec"), FieldRuleError::NoApiVersion);
        assert_eq!(error("example.com/v1", "", "spec"), FieldRuleError::NoKind);
        let message = error("example.com/v1", "Mailer", "spec/auth/secretName").to_string();
        assert!(message.contains("write `.` between them"), "{message}");
    }
}
