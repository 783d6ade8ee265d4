//! Findings that a repository already had when it began to lint: a file that lists them, so that only new ones count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// What the file calls itself.
const SCHEMA: &str = "rotate.baseline/v2";
/// What it was called when fingerprints were made of messages, which may be worded otherwise now.
const FIRST: &str = "rotate.baseline/v1";

/// Known findings.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    schema: String,
    findings: Vec<Entry>,
}

/// A known finding. The fingerprint decides, or in a file of the first version the rest; else that is for people who read the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    #[error("it is a `{0}`, and this version reads `{SCHEMA}` and `{FIRST}`")]
    Schema(String),
}

impl Baseline {
    /// The findings of a run.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let entry = |finding: &Finding| Entry {
            fingerprint: finding.fingerprint.clone(),
            ..Entry::by_message(finding)
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
        if matches!(&*baseline.schema, SCHEMA | FIRST) {
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

    /// Takes the known findings out; how many entries matched none.
    pub fn sift(&self, findings: &mut Vec<Finding>) -> usize {
        let is_first = self.schema == FIRST;
        let mut known: BTreeMap<Entry, usize> = BTreeMap::new();
        for entry in &self.findings {
            *known.entry(entry.key(is_first)).or_default() += 1;
        }
        let all: usize = known.values().sum();
        let mut met = 0;
        findings.retain(|finding| {
            let entry =
                Entry { fingerprint: finding.fingerprint.clone(), ..Entry::by_message(finding) };
            match known.get_mut(&entry.key(is_first)) {
                Some(left) if *left > 0 => {
                    (*left, met) = (*left - 1, met + 1);
                    false
                }
                _ => true,
            }
        });
        all - met
    }
}

impl Entry {
    /// A finding without its fingerprint.
    fn by_message(finding: &Finding) -> Self {
        Self {
            rule: finding.rule.to_owned(),
            file: finding.place.source.path().display().to_owned(),
            message: finding.message.clone(),
            fingerprint: String::new(),
        }
    }

    /// What two entries that mean one finding have in common.
    fn key(&self, by_message: bool) -> Self {
        if by_message {
            return Self { fingerprint: String::new(), ..self.clone() };
        }
        let (rule, file, message) = (String::new(), String::new(), String::new());
        Self { rule, file, message, fingerprint: self.fingerprint.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Baseline, BaselineError};

    #[test]
    fn says_what_is_no_baseline() {
        assert!(matches!(Baseline::parse("[]"), Err(BaselineError::Shape(_))));
        let other = Baseline::parse(r#"{"schema": "rotate.baseline/v3", "findings": []}"#);
        assert_eq!(other.unwrap_err(), BaselineError::Schema("rotate.baseline/v3".to_owned()));
        let text = Baseline::of(&[]).text();
        assert!(Baseline::parse(&text).unwrap().is_empty());
    }
}
