//! `rotate evidence`: what changed in a period, by whom, after which soak, with which gates overridden.

use std::fmt::Write as _;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use crate::ops::evidence::{Entry, Evidence, HoldEvent};
use crate::report::console::Paint;
use crate::report::status::{SinceView, column, rfc3339, running};
use crate::text::markdown::{line, plain};
use crate::timeline::changes::ChangeKind;
use crate::timeline::gate::{moment, span};

/// What `rotate evidence --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceView {
    /// Always `rotate.evidence/v1`.
    pub schema: &'static str,
    /// The branch that was read.
    pub mainline: String,
    /// The first moment that counts; null: from the first commit on.
    pub since: Option<String>,
    /// The last moment that counts.
    pub until: String,
    /// Whether the clone has the whole history; if not, older changes are missing.
    pub complete: bool,
    /// The numbers over the period.
    pub numbers: NumbersView,
    /// Every change of a version, the oldest first.
    pub changes: Vec<ChangeView>,
    /// Every hold that was written or removed, the oldest first.
    pub holds: Vec<HoldEventView>,
}

/// The numbers over a period.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NumbersView {
    /// How many times an environment took a newer version, or its first one.
    pub rotations: usize,
    /// How many times an environment went back to an older one.
    pub rollbacks: usize,
    /// How many gates were overridden.
    pub overrides: usize,
    /// How many holds were written.
    pub holds: usize,
    /// How old versions had become when newer ones replaced them, in seconds: the median; null where none was replaced.
    pub median_age_seconds: Option<i64>,
    /// The greatest of these ages.
    pub greatest_age_seconds: Option<i64>,
}

/// A change of the version that an environment runs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeView {
    /// The family.
    pub family: String,
    /// The environment.
    pub environment: String,
    /// `first`, `rotation`, `completion` (all references follow), `rollback` or `end` (nothing names the family any more).
    pub kind: &'static str,
    /// The versions that its references named before, `plain` among them.
    pub from: Vec<String>,
    /// Those that they have named since.
    pub to: Vec<String>,
    /// When, and with which commit.
    pub at: SinceView,
    /// Who made the commit.
    pub committer: String,
    /// What Git says of its signature.
    pub signature: SignatureView,
    /// The soak that the version had; null where no environment before runs versions.
    pub soak: Option<SoakView>,
    /// How old the version before had become here, in seconds; null where there was no single one.
    pub age_seconds: Option<i64>,
    /// The gates that were overridden.
    pub overrides: Vec<OverrideView>,
    /// The reason that the commit gives.
    pub reason: Option<String>,
}

/// What Git says of a signature.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignatureView {
    /// `none`, `good`, `doubtful` (bad, expired, revoked, of unknown validity) or `not-checked`.
    pub state: &'static str,
    /// Whose it is, or what is wrong with it.
    pub text: Option<String>,
}

/// How long a version had run in the environment before.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SoakView {
    /// That environment.
    pub environment: String,
    /// How long it had run there alone.
    pub seconds: i64,
    /// How long `rotate.yaml` asks for today.
    pub wanted_seconds: i64,
    /// Whether that was long enough.
    pub over: bool,
}

/// A gate that was overridden.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverrideView {
    /// The gate.
    pub gate: String,
    /// Its state then, and the reason.
    pub text: String,
}

/// A hold that was written or removed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldEventView {
    /// The family.
    pub family: String,
    /// The environment.
    pub environment: String,
    /// `set` or `removed`.
    pub event: &'static str,
    /// The version that it keeps.
    pub version: String,
    /// Why.
    pub reason: Option<String>,
    /// When it was committed.
    pub time: String,
    /// The commit.
    pub commit: String,
    /// Who wrote it.
    pub author: String,
    /// Who made the commit.
    pub committer: String,
    /// The first line of its message.
    pub subject: String,
    /// What Git says of its signature.
    pub signature: SignatureView,
}

/// A kind of change in a word.
const fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::First => "first",
        ChangeKind::Rotation => "rotation",
        ChangeKind::Completion => "completion",
        ChangeKind::Return => "rollback",
        ChangeKind::End => "end",
    }
}

impl EvidenceView {
    /// The view of what happened.
    #[must_use]
    pub fn new(evidence: &Evidence) -> Self {
        let numbers = evidence.numbers();
        Self {
            schema: "rotate.evidence/v1",
            mainline: evidence.timeline.mainline.clone(),
            since: evidence.since.map(rfc3339),
            until: rfc3339(evidence.until),
            complete: !evidence.is_shallow,
            numbers: NumbersView {
                rotations: numbers.rotations,
                rollbacks: numbers.returns,
                overrides: numbers.overrides,
                holds: numbers.holds,
                median_age_seconds: numbers.median_age(),
                greatest_age_seconds: numbers.greatest_age(),
            },
            changes: evidence.entries.iter().map(ChangeView::new).collect(),
            holds: evidence.holds.iter().map(HoldEventView::new).collect(),
        }
    }
}

impl ChangeView {
    fn new(entry: &Entry) -> Self {
        let change = &entry.change;
        let soak = change.soak.as_ref().map(|soak| SoakView {
            environment: soak.environment.clone(),
            seconds: soak.had.num_seconds(),
            wanted_seconds: soak.wanted.num_seconds(),
            over: soak.had >= soak.wanted,
        });
        let overrides = entry.overrides.iter();
        let overrides =
            overrides.map(|one| OverrideView { gate: one.gate.clone(), text: one.text.clone() });
        Self {
            family: change.subject.family.to_string(),
            environment: change.subject.environment.clone(),
            kind: word(change.kind),
            from: change.from.names().map(str::to_owned).collect(),
            to: change.to.names().map(str::to_owned).collect(),
            at: SinceView::new(&change.began),
            committer: entry.by.committer.clone(),
            signature: signature(entry.signature.word(), entry.signature.text()),
            soak,
            age_seconds: change.age.map(|age| age.num_seconds()),
            overrides: overrides.collect(),
            reason: entry.reason.clone(),
        }
    }
}

impl HoldEventView {
    fn new(event: &HoldEvent) -> Self {
        Self {
            family: event.subject.family.to_string(),
            environment: event.subject.environment.clone(),
            event: if event.is_set { "set" } else { "removed" },
            version: event.hold.version.clone(),
            reason: event.hold.reason.clone(),
            time: rfc3339(event.commit.time),
            commit: event.commit.id.clone(),
            author: event.commit.author.clone(),
            committer: event.by.committer.clone(),
            subject: event.commit.subject.clone(),
            signature: signature(event.signature.word(), event.signature.text()),
        }
    }
}

fn signature(state: &'static str, text: Option<&str>) -> SignatureView {
    SignatureView { state, text: text.map(str::to_owned) }
}

/// The period and its numbers, a line each.
fn head(evidence: &Evidence) -> Vec<String> {
    let numbers = evidence.numbers();
    let since = evidence.since.map_or_else(|| "the first commit".to_owned(), moment);
    let mut lines =
        vec![format!("{}, from {since} to {}", evidence.timeline.mainline, moment(evidence.until))];
    if evidence.is_shallow {
        lines.push(
            "the clone is shallow, so older changes are missing: check out with `fetch-depth: 0`"
                .to_owned(),
        );
    }
    lines.push(format!(
        "rotations: {}, rollbacks: {}, overridden gates: {}, holds: {}",
        numbers.rotations, numbers.returns, numbers.overrides, numbers.holds
    ));
    let seconds = |seconds: i64| span(TimeDelta::seconds(seconds));
    if let (Some(median), Some(greatest)) = (numbers.median_age(), numbers.greatest_age()) {
        lines.push(format!(
            "age of a version when a newer one replaced it: median {}, greatest {}",
            seconds(median),
            seconds(greatest)
        ));
    }
    lines
}

/// What is worth knowing of a change beside its versions and its commit.
fn remarks(entry: &Entry) -> Vec<String> {
    let change = &entry.change;
    let mut lines = Vec::new();
    if let Some(soak) = &change.soak {
        let had = span(soak.had);
        let of = format!("{had} of {} in {}", span(soak.wanted), soak.environment);
        lines.push(if soak.had >= soak.wanted {
            format!("soak: {of}")
        } else {
            format!("soak was not over: {of}")
        });
    }
    lines.extend(change.age.map(|age| format!("the version before was {} old", span(age))));
    lines
        .extend(entry.overrides.iter().map(|one| format!("overridden: {} {}", one.gate, one.text)));
    lines.extend(entry.reason.iter().map(|reason| format!("reason: {reason}")));
    if entry.by.committer != change.began.commit().author {
        lines.push(format!("committed by {}", entry.by.committer));
    }
    let of = entry.signature.text().map_or_else(String::new, |text| format!(" ({text})"));
    lines.push(format!("signature: {}{of}", entry.signature.word()));
    lines
}

/// What a hold event is, as a phrase.
fn held(event: &HoldEvent) -> String {
    let what = if event.is_set { "hold at" } else { "hold removed, was at" };
    let why = event.hold.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    format!("{what} {}{why}", event.hold.version)
}

/// The report for people.
#[must_use]
pub fn text(evidence: &Evidence, color: bool) -> String {
    let mut out = String::new();
    for line in head(evidence) {
        let _ = writeln!(out, "{line}");
    }
    let names = evidence.entries.iter().map(|one| one.change.subject.environment.len());
    let width = column(names);
    for entry in &evidence.entries {
        let change = &entry.change;
        let commit = change.began.commit();
        let _ = writeln!(
            out,
            "\n{}  {:width$}  {}  {}: {} to {}  {} {}",
            moment(change.began.time()),
            change.subject.environment,
            Paint::Bold.on(&change.subject.family, color),
            word(change.kind),
            running(&change.from),
            running(&change.to),
            commit.short(),
            commit.author
        );
        for remark in remarks(entry) {
            let _ = writeln!(out, "  {remark}");
        }
    }
    for event in &evidence.holds {
        let (subject, commit) = (&event.subject, &event.commit);
        let _ = writeln!(
            out,
            "\n{}  {:width$}  {}  {}  {} {}",
            moment(commit.time),
            subject.environment,
            Paint::Bold.on(&subject.family, color),
            held(event),
            commit.short(),
            event.commit.author
        );
    }
    if evidence.entries.is_empty() && evidence.holds.is_empty() {
        out.push_str("\nNothing changed in this period.\n");
    }
    out
}

/// The report as Markdown.
#[must_use]
pub fn markdown(evidence: &Evidence) -> String {
    let mut out = String::new();
    for one in head(evidence) {
        let _ = writeln!(out, "- {}", line(&one));
    }
    out.push_str(
        "\n| time | environment | family | change | from | to | commit | author | remarks |\n",
    );
    out.push_str("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for entry in &evidence.entries {
        let (change, commit) = (&entry.change, entry.change.began.commit());
        let remarks: Vec<String> = remarks(entry).iter().map(|one| line(one)).collect();
        let cells = [
            moment(change.began.time()),
            plain(&change.subject.environment),
            plain(&change.subject.family),
            word(change.kind).to_owned(),
            running(&change.from),
            running(&change.to),
            format!("{} {}", commit.short(), plain(&commit.subject)),
            plain(&commit.author),
            remarks.join("<br>"),
        ];
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    for event in &evidence.holds {
        let (subject, commit) = (&event.subject, &event.commit);
        let cells = [
            moment(commit.time),
            plain(&subject.environment),
            plain(&subject.family),
            line(&held(event)),
            String::new(),
            String::new(),
            format!("{} {}", commit.short(), plain(&commit.subject)),
            plain(&event.commit.author),
            String::new(),
        ];
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}
