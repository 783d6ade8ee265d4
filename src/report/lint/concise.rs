//! A line a finding: `file:line:column: level[rule] message`.

use std::fmt::Write as _;

use crate::report::lint::{Report, describe, message, paint};

/// The findings, each on a line that editors and `grep` understand.
#[must_use]
pub fn concise(report: &Report<'_>, color: bool) -> String {
    let mut out = String::new();
    for finding in report.findings {
        let level = paint(finding.level).on(finding.level.word(), color);
        let (place, message) = (describe(&finding.place), message(finding));
        let _ = writeln!(out, "{place}: {level}[{}] {message}", finding.rule);
    }
    out
}
