//! A line a finding: `file:line:column: level[rule] message`.

use std::fmt::Write as _;

use crate::report::format::Format;
use crate::report::lint::{Renderer, Report, describe, message, paint};
use crate::text::visible::one_line;

/// This format.
pub(super) const RENDERER: Renderer = Renderer {
    format: Format { name: "concise", summary: "One line per finding, for editors" },
    render: |report, console| Ok(concise(report, console.color_out)),
};

/// The findings, each on a line that editors and `grep` understand.
#[must_use]
pub fn concise(report: &Report<'_>, color: bool) -> String {
    let mut out = String::new();
    for finding in report.findings {
        let level = paint(finding.level).on(finding.level.word(), color);
        let (place, message) = (describe(&finding.place), message(finding));
        let message = one_line(&message);
        let _ = writeln!(out, "{place}: {level}[{}] {message}", finding.rule);
    }
    out
}
