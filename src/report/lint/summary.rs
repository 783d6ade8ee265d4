//! The findings as a Markdown table, for the summary of a workflow's step.

use std::fmt::Write as _;

use crate::finding::{Finding, Level};
use crate::report::format::Format;
use crate::report::lint::{Renderer, Report, message};
use crate::text::markdown;

/// GitHub refuses a step's summary of more than 1 MiB; other tools may have written to it before.
const LIMIT: usize = 900_000;

/// How many places of one cause are listed.
const PLACES: usize = 10;

/// This format.
pub(super) const RENDERER: Renderer =
    Renderer { format: Format::MARKDOWN, render: |report, _| Ok(summary(report)) };

/// A heading with the counts, and a row a cause, errors first.
#[must_use]
pub fn summary(report: &Report<'_>) -> String {
    let mut out = format!("### rotate lint: {report}\n");
    if let Some(totals) = report.in_total() {
        let _ = writeln!(out, "\n{}.", markdown::line(&totals));
    }
    if let Some(judged) = report.judged() {
        let _ = writeln!(out, "\n{}.", markdown::line(&judged));
    }
    if report.findings.is_empty() {
        return out;
    }
    out.push_str("\n| level | rule | where | what |\n| --- | --- | --- | --- |\n");
    let mut left = report.causes.len();
    for level in [Level::Error, Level::Warning, Level::Info] {
        for places in report.causes.iter().filter(|places| places[0].level == level) {
            let row = row(report, places);
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

fn row(report: &Report<'_>, places: &[&Finding]) -> String {
    let finding = places[0];
    let place = |finding: &&Finding| {
        let line = finding.place.position().line;
        markdown::code(&format!("{}:{line}", report.path(&finding.place)))
    };
    let mut shown: Vec<String> = places.iter().take(PLACES).map(place).collect();
    if let more @ 1.. = places.len().saturating_sub(PLACES) {
        shown.push(format!("and {more} more"));
    }
    let mut text = markdown::line(&message(finding));
    if let Some(help) = &finding.help {
        let _ = write!(text, "<br>{}", markdown::line(help));
    }
    let level = finding.level.word();
    format!("| {level} | `{}` | {} | {text} |\n", finding.rule, shown.join("<br>"))
}
