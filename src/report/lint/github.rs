//! GitHub Actions annotations: commands on stdout that its runner reads.

use std::fmt::Write as _;

use crate::finding::{Finding, Level};
use crate::report::format::Format;
use crate::report::lint::{Renderer, Report, describe, message};
use crate::report::workflow::{data, log, property};

/// How many annotations of a level GitHub shows of one step.
const SHOWN: usize = 10;

/// This format.
pub(super) const RENDERER: Renderer =
    Renderer { format: Format::GITHUB, render: |report, _| Ok(github(report)) };

/// The findings as workflow commands, errors first; those beyond GitHub's limit as plain lines of the log. One cause with many
/// places leaves none of the others without an annotation.
#[must_use]
pub fn github(report: &Report<'_>) -> String {
    let (mut out, mut rest) = (String::new(), Vec::new());
    for level in [Level::Error, Level::Warning, Level::Info] {
        let causes = report.causes.iter().filter(|places| places[0].level == level);
        let (firsts, others): (Vec<_>, Vec<_>) =
            causes.filter_map(|places| places.split_first()).unzip();
        let mut findings = firsts.into_iter().chain(others.into_iter().flatten()).copied();
        for finding in findings.by_ref().take(SHOWN) {
            command(&mut out, report, finding);
        }
        rest.extend(findings);
    }
    if !rest.is_empty() {
        let _ = writeln!(out, "::group::{} more, which GitHub would not show", rest.len());
        for finding in &rest {
            let (place, message) = (describe(&finding.place), message(finding));
            let line = format!("{}[{}] {place}: {message}", finding.level.word(), finding.rule);
            out.push_str(&log(&line.replace('\n', " ")));
        }
        out.push_str("::endgroup::\n");
    }
    let _ = writeln!(out, "rotate lint: {report}");
    if let Some(totals) = report.in_total() {
        out.push_str(&log(&totals));
    }
    if let Some(judged) = report.judged() {
        out.push_str(&log(&judged));
    }
    out
}

fn command(out: &mut String, report: &Report<'_>, finding: &Finding) {
    let command = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "notice",
    };
    let place = &finding.place;
    let (first, last) = (place.position(), place.source.position(place.span().end));
    let file = property(&report.path(place));
    let _ = write!(out, "::{command} file={file},line={},endLine={}", first.line, last.line);
    // GitHub takes columns only within a line.
    if first.line == last.line {
        let _ = write!(out, ",col={},endColumn={}", first.column, last.column);
    }
    let mut text = message(finding);
    if let Some(help) = &finding.help {
        let _ = write!(text, "\nhelp: {help}");
    }
    let title = property(&format!("rotate: {}", finding.rule));
    let _ = writeln!(out, ",title={title}::{}", data(&text));
}
