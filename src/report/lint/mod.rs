//! Findings as people and programs read them, one file a format. No rule is known here.

/// Declares the module of each format, and lists what the modules define.
macro_rules! formats {
    ($($format:ident,)*) => {
        $(pub mod $format;)*

        /// Every format, in the order of the help.
        pub const RENDERERS: &[Renderer] = &[$($format::RENDERER,)*];
    };
}

formats! {
    text,
    concise,
    json,
    sarif,
    github,
    summary,
}

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::io;

use crate::finding::cause::by_cause;
use crate::finding::{Finding, Level};
use crate::ops::lint::{Counts, Coverage};
use crate::report::console::{Console, Paint};
use crate::report::format::Format;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::text::visible::one_line;

/// How many reasons why references could not be judged are named.
const CAUSES: usize = 3;

/// A format, and the function that renders a report in it.
#[derive(Clone, Copy)]
pub struct Renderer {
    /// The format.
    pub format: Format,
    render: fn(&Report<'_>, &Console) -> io::Result<String>,
}

impl Renderer {
    /// The report as it is printed.
    ///
    /// # Errors
    /// When it cannot be serialized.
    pub fn render(&self, report: &Report<'_>, console: &Console) -> io::Result<String> {
        (self.render)(report, console)
    }
}

/// The results of a lint run.
pub struct Report<'a> {
    /// The findings, sorted by path and place: one for each place.
    pub findings: &'a [Finding],
    /// The same by what causes them, in the order of the first place of each.
    causes: Vec<Vec<&'a Finding>>,
    /// Every rule, in the order of the ids.
    pub rules: &'a [RuleWords],
    /// The tree's root below the root of its Git repository.
    pub prefix: &'a TreePath,
    /// What else was counted.
    pub counts: Counts,
    /// Which references could be judged.
    pub coverage: &'a Coverage,
}

/// A rule, in its own words.
#[derive(Debug, Clone)]
pub struct RuleWords {
    /// Its name.
    pub id: &'static str,
    /// How much its findings matter.
    pub level: Level,
    /// Whether some of its findings can be repaired.
    pub repairs: bool,
    /// What it finds, in a phrase.
    pub summary: &'static str,
    /// Its page, in Markdown.
    pub docs: &'static str,
}

impl<'a> Report<'a> {
    /// A report.
    #[must_use]
    pub fn new(
        findings: &'a [Finding],
        (rules, prefix): (&'a [RuleWords], &'a TreePath),
        counts: Counts,
        coverage: &'a Coverage,
    ) -> Self {
        Self { findings, causes: by_cause(findings), rules, prefix, counts, coverage }
    }

    /// How many findings have a level, each place counted.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    /// `2 errors`, or `2 errors (21 places)` where one shows in several; `None` where there is none.
    fn of_level(&self, level: Level, noun: &str) -> Option<String> {
        let causes = self.causes.iter().filter(|places| places[0].level == level).count();
        (causes > 0).then(|| several(causes, noun) + &in_places(causes, self.count(level)))
    }

    /// How many findings each rule has, in the order of the ids.
    fn totals(&self) -> BTreeMap<&'static str, Total> {
        let mut totals: BTreeMap<&'static str, Total> = BTreeMap::new();
        for places in &self.causes {
            let total = totals.entry(places[0].rule).or_default();
            total.findings += 1;
            total.places += places.len();
        }
        totals
    }

    /// `3 findings: 2 dangling-reference (21 places), 1 missing-key`; `None` where there is none.
    fn in_total(&self) -> Option<String> {
        let rules: Vec<String> = self
            .totals()
            .iter()
            .map(|(rule, total)| {
                format!("{} {rule}{}", total.findings, in_places(total.findings, total.places))
            })
            .collect();
        let findings = several(self.causes.len(), "finding");
        (!rules.is_empty()).then(|| format!("{findings}: {}", rules.join(", ")))
    }

    /// How many findings could be repaired.
    fn repairable(&self) -> usize {
        self.findings.iter().filter(|finding| finding.fix.is_some()).count()
    }

    /// `12 references judged; 3 to 2 secrets not, because of …`; `None` where there is no reference.
    fn judged(&self) -> Option<String> {
        let (judged, left) = (self.coverage.judged, self.coverage.left());
        if judged + left == 0 {
            return None;
        }
        let where_ = if self.counts.is_whole { "" } else { " in the whole tree" };
        let mut text = format!("{} judged{where_}", grouped(judged, "reference"));
        if left > 0 {
            let causes = self.coverage.causes();
            let shown: Vec<String> = causes.iter().take(CAUSES).map(ToString::to_string).collect();
            let secrets = grouped(self.coverage.secrets(), "secret");
            let left = thousands(left);
            let _ = write!(text, "; {left} to {secrets} not, because of {}", shown.join(", "));
            if let more @ 1.. = causes.len().saturating_sub(shown.len()) {
                let _ = write!(text, " and {more} more");
            }
        }
        Some(one_line(&text).into_owned())
    }

    /// The path of a file relative to the root of the Git repository.
    fn path(&self, place: &Place) -> String {
        let path = place.source.path().as_str();
        self.prefix.join(path).map_or_else(|| path.to_owned(), |path| path.as_str().to_owned())
    }
}

impl fmt::Display for Report<'_> {
    /// `2 errors and 1 warning in 12 build roots`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels =
            [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Info, "remark")];
        let counted: Vec<String> =
            levels.into_iter().filter_map(|(level, word)| self.of_level(level, word)).collect();
        let found = match counted.as_slice() {
            [] => "no findings".to_owned(),
            [one] => one.clone(),
            [first @ .., last] => format!("{} and {last}", first.join(", ")),
        };
        write!(f, "{found} in {}", several(self.counts.roots, "build root"))?;
        let beside = [
            (self.counts.repaired, "repaired"),
            (self.counts.known, "in the baseline"),
            (self.counts.allowed, "allowed by comments"),
        ];
        for (count, what) in beside.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        Ok(())
    }
}

/// How much a rule found.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    findings: usize,
    places: usize,
}

/// ` (21 places)`, where these are more than the findings.
fn in_places(findings: usize, places: usize) -> String {
    if places == findings { String::new() } else { format!(" ({places} places)") }
}

/// A number with its noun.
#[must_use]
pub fn several(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The same with commas in a large number.
fn grouped(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// `1,204`
fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `file:line:column`
fn describe(place: &Place) -> String {
    let position = place.position();
    format!("{}:{}:{}", place.source.path(), position.line, position.column)
}

/// `in staging, production`, for findings that are a matter of environments.
fn environments(finding: &Finding) -> Option<String> {
    (!finding.environments.is_empty()).then(|| format!("in {}", finding.environments.join(", ")))
}

/// The message, followed by the environments.
fn message(finding: &Finding) -> String {
    match environments(finding) {
        Some(environments) => format!("{} ({environments})", finding.message),
        None => finding.message.clone(),
    }
}

/// A phrase as the beginning of a sentence.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

const fn paint(level: Level) -> Paint {
    match level {
        Level::Error => Paint::Red,
        Level::Warning => Paint::Yellow,
        Level::Info => Paint::Cyan,
    }
}
