//! Findings that a repository already had when it began to lint: a file that lists them, so that only new ones count.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// What the file calls itself.
const SCHEMA: &str = "rotate.baseline/v1";

/// Known findings.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    schema: String,
    findings: Vec<Entry>,
}

/// A known finding. The fingerprint decides; the rest is for people who read the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    file: String,
    message: String,
    fingerprint: String,
}

/// Why a text is no baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// It is not JSON of this shape.
    #[error("it is not a baseline: {0}")]
    Shape(String),
    /// It is one of another version.
    #[error("it is a `{0}`, and `{SCHEMA}` is what this version reads")]
    Schema(String),
}

impl Baseline {
    /// The findings of a run.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let entry = |finding: &Finding| Entry {
            rule: finding.rule.to_owned(),
            file: finding.place.source.path().display().to_owned(),
            message: finding.message.clone(),
            fingerprint: finding.fingerprint.clone(),
        };
        Self { schema: SCHEMA.to_owned(), findings: findings.iter().map(entry).collect() }
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self =
            serde_json::from_str(text).map_err(|error| BaselineError::Shape(error.to_string()))?;
        if baseline.schema == SCHEMA {
            Ok(baseline)
        } else {
            Err(BaselineError::Schema(baseline.schema))
        }
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        // Strings alone are always JSON.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// How many findings are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Takes the known findings out; how many those were, and how many entries matched none.
    pub fn sift(&self, findings: &mut Vec<Finding>) -> (usize, usize) {
        let known: BTreeSet<&str> =
            self.findings.iter().map(|entry| entry.fingerprint.as_str()).collect();
        let mut met = BTreeSet::new();
        findings.retain(|finding| match known.get(finding.fingerprint.as_str()) {
            Some(fingerprint) => !met.insert(*fingerprint),
            None => true,
        });
        (met.len(), known.len() - met.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Baseline, BaselineError};

    #[test]
    fn says_what_is_no_baseline() {
        assert!(matches!(Baseline::parse("[]"), Err(BaselineError::Shape(_))));
        let other = Baseline::parse(r#"{"schema": "rotate.baseline/v2", "findings": []}"#);
        assert_eq!(other.unwrap_err(), BaselineError::Schema("rotate.baseline/v2".to_owned()));
        let text = Baseline::of(&[]).text();
        assert!(Baseline::parse(&text).unwrap().is_empty());
    }
}
