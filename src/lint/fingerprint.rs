//! A name for a finding that stays when lines move.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::finding::Finding;

/// Gives each finding its fingerprint: the rule, the file, the message, the line's text, and which of several such it is.
pub(super) fn give(findings: &mut [Finding]) {
    let mut seen: HashMap<[u8; 32], usize> = HashMap::new();
    for finding in findings {
        let source = &finding.place.source;
        let line = source.slice(source.line_span(finding.place.position().line)).trim();
        let mut hash = Sha256::new();
        for part in [finding.rule, source.path().as_str(), &finding.message, line] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let count = seen.entry(digest).or_default();
        let mut text = String::new();
        for byte in &digest[..16] {
            let _ = write!(text, "{byte:02x}");
        }
        if *count > 0 {
            let _ = write!(text, ":{count}");
        }
        *count += 1;
        finding.fingerprint = text;
    }
}
