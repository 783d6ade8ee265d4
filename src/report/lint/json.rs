//! Findings for programs: schema `rotate.lint/v1`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::{Finding, Level};
use crate::ops::lint::Unjudged;
use crate::report::bump::PlaceView;
use crate::report::console::pretty;
use crate::report::format::Format;
use crate::report::lint::{Renderer, Report, Total};

/// This format.
pub(super) const RENDERER: Renderer =
    Renderer { format: Format::JSON, render: |report, _| pretty(&Lint::new(report)) };

/// What `rotate lint --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lint {
    /// Always `rotate.lint/v1`.
    pub schema: &'static str,
    /// The findings, sorted by file and place. What is wrong in several places is listed once for each.
    pub findings: Vec<FindingView>,
    /// How many there are, each place counted.
    pub counts: CountsView,
    /// How much each rule found, sorted by rule; without those that found nothing.
    pub totals: Vec<TotalView>,
    /// Which references of the whole tree could be judged: whether something provides the secret that they name.
    pub coverage: CoverageView,
}

/// How much a rule found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TotalView {
    /// The rule's id.
    pub rule: &'static str,
    /// How many findings, one with several places counted once, as in the text.
    pub findings: usize,
    /// How many places these have.
    pub places: usize,
}

/// Which references could be judged.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CoverageView {
    /// How many references were judged.
    pub judged: usize,
    /// How many were not.
    pub unjudged: usize,
    /// The secrets that those name.
    pub secrets: Vec<UnjudgedView>,
    /// How many files a generator fills in or a script makes, so that they were not read.
    pub generated: usize,
}

/// A secret of which nobody can say here whether something provides it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnjudgedView {
    /// The environment.
    pub environment: Option<String>,
    /// The namespace; null where Git sets none.
    pub namespace: Option<String>,
    /// The name.
    pub secret: String,
    /// How many references name it.
    pub references: usize,
    /// Where the first of them is written.
    pub place: Option<PlaceView>,
    /// The build root, or the file, that may make it.
    pub because: String,
    /// What is there: `chart`, `remote base`, `script` and the like.
    pub what: &'static str,
}

/// One finding.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FindingView {
    /// The rule's id.
    pub rule: &'static str,
    /// `error`, `warning` or `info`.
    pub level: &'static str,
    /// What is wrong.
    pub message: String,
    /// The environments in which it is wrong, in promotion order; empty where that is no matter of environments.
    pub environments: Vec<String>,
    /// Where.
    pub place: PlaceView,
    /// Other places that explain it.
    pub related: Vec<RelatedView>,
    /// What to type.
    pub help: Option<String>,
    /// What `--fix` would do.
    pub fix: Option<FixView>,
    /// What stays the same when lines move.
    pub fingerprint: String,
}

/// A place that explains a finding.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RelatedView {
    /// What is there.
    pub label: String,
    /// The place.
    pub place: PlaceView,
}

/// A safe repair.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FixView {
    /// What it does.
    pub title: String,
    /// Its edits, all of them or none.
    pub edits: Vec<EditView>,
}

/// An edit of a file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EditView {
    /// The file.
    pub file: String,
    /// The first byte that is replaced, from 0.
    pub start: usize,
    /// The byte behind the last one that is replaced.
    pub end: usize,
    /// What is put there.
    pub text: String,
}

/// How many findings there are.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountsView {
    /// Errors.
    pub error: usize,
    /// Warnings.
    pub warning: usize,
    /// Remarks.
    pub info: usize,
    /// Findings that a comment silenced; they are not listed.
    pub allowed: usize,
    /// Findings that the baseline knows; they are not listed.
    pub baseline: usize,
    /// Findings that were repaired; they are not listed.
    pub repaired: usize,
    /// The build roots that were judged.
    pub roots: usize,
    /// The build roots that could not be resolved as a whole.
    pub incomplete: usize,
}

impl Lint {
    /// The view of a report.
    #[must_use]
    pub fn new(report: &Report<'_>) -> Self {
        let counts = &report.counts;
        Self {
            schema: "rotate.lint/v1",
            findings: report.findings.iter().map(FindingView::new).collect(),
            counts: CountsView {
                error: report.count(Level::Error),
                warning: report.count(Level::Warning),
                info: report.count(Level::Info),
                allowed: counts.allowed,
                baseline: counts.known,
                repaired: counts.repaired,
                roots: counts.roots,
                incomplete: counts.incomplete,
            },
            totals: report.totals().into_iter().map(TotalView::new).collect(),
            coverage: CoverageView {
                judged: report.coverage.judged,
                unjudged: report.coverage.left(),
                secrets: report.coverage.unjudged.iter().map(UnjudgedView::new).collect(),
                generated: report.coverage.generated,
            },
        }
    }
}

impl TotalView {
    const fn new((rule, total): (&'static str, Total)) -> Self {
        Self { rule, findings: total.findings, places: total.places }
    }
}

impl UnjudgedView {
    fn new(one: &Unjudged) -> Self {
        Self {
            environment: one.environment.clone(),
            namespace: one.namespace.clone(),
            secret: one.secret.clone(),
            references: one.count,
            place: one.places.first().map(PlaceView::from),
            because: one.why.path.display().to_owned(),
            what: one.why.what,
        }
    }
}

impl FindingView {
    fn new(finding: &Finding) -> Self {
        let related = finding.related.iter().map(|related| RelatedView {
            label: related.label.clone(),
            place: PlaceView::from(&related.place),
        });
        let fix = finding.fix.as_ref().map(|fix| FixView {
            title: fix.title.clone(),
            edits: fix
                .edits
                .iter()
                .map(|one| EditView {
                    file: one.source.path().as_str().to_owned(),
                    start: one.edit.span.start,
                    end: one.edit.span.end,
                    text: one.edit.text.clone(),
                })
                .collect(),
        });
        Self {
            rule: finding.rule,
            level: finding.level.word(),
            message: finding.message.clone(),
            environments: finding.environments.clone(),
            place: PlaceView::from(&finding.place),
            related: related.collect(),
            help: finding.help.clone(),
            fix,
            fingerprint: finding.fingerprint.clone(),
        }
    }
}
