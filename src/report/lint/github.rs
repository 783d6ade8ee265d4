//! Annotations of a GitHub workflow: commands on stdout that its runner reads.

use std::fmt::Write as _;

use crate::finding::{Finding, Level};
use crate::report::lint::{Report, message, told};

/// How many annotations of a level GitHub shows of one step.
const SHOWN: usize = 10;

/// The findings as workflow commands, errors first; those beyond GitHub's limit as plain lines of the log.
#[must_use]
pub fn github(report: &Report<'_>) -> String {
    let (mut out, mut rest) = (String::new(), Vec::new());
    for level in [Level::Error, Level::Warning, Level::Info] {
        let mut findings = report.findings.iter().filter(|finding| finding.level == level);
        for finding in findings.by_ref().take(SHOWN) {
            command(&mut out, report, finding);
        }
        rest.extend(findings);
    }
    if !rest.is_empty() {
        let _ = writeln!(out, "::group::{} more, which GitHub would not show", rest.len());
        for finding in &rest {
            // A file's name or a message could spell a command: no line may begin with one or hold an old one.
            let (place, message) = (told(&finding.place), message(finding));
            let line = format!("{}[{}] {place}: {message}", finding.level.word(), finding.rule);
            let _ = writeln!(out, "{}", line.replace(['\n', '\r'], " ").replace("##[", "## ["));
        }
        out.push_str("::endgroup::\n");
    }
    let _ = writeln!(out, "rotate lint: {report}");
    out
}

fn command(out: &mut String, report: &Report<'_>, finding: &Finding) {
    let command = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "notice",
    };
    let place = &finding.place;
    let (first, last) = (place.position(), place.source.position(place.span.end));
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

/// A text as the data of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A text as a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn commands_are_escaped() {
        assert_eq!(data("100%\r\n: ,"), "100%25%0D%0A: ,");
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
    }
}
