//! Findings for people: the source line, what is wrong with it, what explains it, what to type.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use miette::Severity;

use crate::finding::{Finding, Level};
use crate::repo::sensitive;
use crate::report::console::Paint;
use crate::report::format::Format;
use crate::report::lint::{Renderer, Report, capital, describe, environments, several};
use crate::report::message::Drawn;
use crate::text::path::TreePath;
use crate::text::visible::one_line;

/// How many places of one cause are listed beside the first.
const OTHERS: usize = 19;

/// This format.
pub(super) const RENDERER: Renderer = Renderer {
    format: Format::TEXT,
    render: |report, console| Ok(text(report, console.color_out, console.width)),
};

/// The findings with their source lines, and a count at the end.
#[must_use]
pub fn text(report: &Report<'_>, color: bool, width: usize) -> String {
    let mut masked: BTreeMap<&TreePath, Option<String>> = BTreeMap::new();
    let mut out = String::new();
    for places in &report.causes {
        let source = &places[0].place.source;
        let text = masked.entry(source.path()).or_insert_with(|| sensitive::shown(source));
        one(&mut out, places, text.as_deref(), color, width);
    }
    let _ = writeln!(out, "{}", Paint::Bold.on(&capital(&report.to_string()), color));
    if let Some(totals) = report.in_total() {
        let _ = writeln!(out, "{totals}");
    }
    for line in remarks(report) {
        let _ = writeln!(out, "{line}");
    }
    out
}

/// The findings of one cause: the first as it is, of the others who is concerned and where.
fn one(out: &mut String, places: &[&Finding], masked: Option<&str>, color: bool, width: usize) {
    let finding = places[0];
    let severity = match finding.level {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
        Level::Info => Severity::Advice,
    };
    let message = one_line(&finding.message);
    let heading = format!("{}[{}]: {message}", finding.level.word(), finding.rule);
    let help = finding.help.as_ref().map(|help| one_line(help).into_owned());
    let drawn = Drawn::of(heading, help, severity);
    let drawn = drawn.at(&finding.place, environments(finding), masked);
    let _ = writeln!(out, "{}", drawn.draw(color, width));
    for other in places.iter().skip(1).take(OTHERS) {
        let place = Paint::Cyan.on(&describe(&other.place), color);
        let user = other.user.as_ref().map(|user| one_line(&user.words).into_owned());
        let elsewhere = other.environments != finding.environments;
        let who = user.or_else(|| environments(other).filter(|_| elsewhere));
        let who = who.map(|who| format!(": {who}")).unwrap_or_default();
        let _ = writeln!(out, "  also: {place}{who}");
    }
    if let more @ 1.. = places.len().saturating_sub(1 + OTHERS) {
        let _ =
            writeln!(out, "  also: {}; `--format concise` lists all", several(more, "more place"));
    }
    for related in &finding.related {
        let place = Paint::Cyan.on(&describe(&related.place), color);
        let _ = writeln!(out, "  see:  {place}: {}", one_line(&related.label));
    }
    if let Some(fix) = &finding.fix {
        let _ = writeln!(out, "  fix:  {}", one_line(&fix.title));
    }
    out.push('\n');
}

/// What is worth knowing beside the findings.
fn remarks(report: &Report<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if report.repairable() > 0 {
        let count = report.repairable();
        lines.push(format!("{count} of them can be repaired: `rotate lint --fix`"));
    }
    if let Some(judged) = report.judged() {
        lines.push(judged);
    }
    if report.coverage.generated > 0 {
        let files = several(report.coverage.generated, "file");
        lines.push(format!("{files} not read: templates of a generator, or made by a script"));
    }
    if report.counts.gone > 0 {
        let gone = several(report.counts.gone, "finding");
        lines.push(format!(
            "{gone} of the baseline no longer found: `--write-baseline` takes them out of it"
        ));
    }
    lines
}
