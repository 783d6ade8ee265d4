//! The findings as a Markdown table, for the summary of a workflow's step.

use std::fmt::Write as _;

use crate::finding::{Finding, Level};
use crate::report::format::Format;
use crate::report::lint::{Renderer, Report, message};
use crate::text::markdown;

/// GitHub refuses a step's summary of more than 1 MiB; other tools may have written to it before.
const LIMIT: usize = 900_000;

/// This format.
pub(super) const RENDERER: Renderer =
    Renderer { format: Format::MARKDOWN, render: |report, _| Ok(summary(report)) };

/// A heading with the counts, and a row a finding, errors first.
#[must_use]
pub fn summary(report: &Report<'_>) -> String {
    let mut out = format!("### rotate lint: {report}\n");
    if let Some(judged) = report.judged() {
        let _ = writeln!(out, "\n{}.", markdown::line(&judged));
    }
    if report.findings.is_empty() {
        return out;
    }
    out.push_str("\n| level | rule | where | what |\n| --- | --- | --- | --- |\n");
    let mut left = report.findings.len();
    for level in [Level::Error, Level::Warning, Level::Info] {
        for finding in report.findings.iter().filter(|finding| finding.level == level) {
            let row = row(report, finding);
            if out.len() + row.len() > LIMIT {
                let _ = writeln!(out, "\n{left} more are in the step's log.");
                return out;
            }
            out.push_str(&row);
            left -= 1;
        }
    }
    out
}

fn row(report: &Report<'_>, finding: &Finding) -> String {
    let line = finding.place.position().line;
    let place = format!("{}:{line}", report.path(&finding.place));
    let mut text = markdown::line(&message(finding));
    if let Some(help) = &finding.help {
        let _ = write!(text, "<br>{}", markdown::line(help));
    }
    let level = finding.level.word();
    format!("| {level} | `{}` | {} | {text} |\n", finding.rule, markdown::code(&place))
}
