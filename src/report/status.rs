//! `rotate status`: what runs where since when, and what comes next.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::repo::environment::Unplaced;
use crate::repo::usage::Running;
use crate::report::age::{AgeView, due};
use crate::report::console::Paint;
use crate::report::sharing::{SharingView, phrase};
use crate::text::markdown::line;
use crate::text::shell::{command, option};
use crate::timeline::gate::{Gate, GateKind, moment, span};
use crate::timeline::outlook::{Next, Standing};
use crate::timeline::{Began, Dated, Era};

/// What `rotate status --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Always `rotate.status/v1`.
    pub schema: &'static str,
    /// The branch that was read; null outside of Git.
    pub mainline: Option<String>,
    /// The time that counts as now.
    pub now: String,
    /// Every family in every environment that names it, by family, then in promotion order.
    pub families: Vec<StandingView>,
    /// What looks like an environment and has no place in the promotion order.
    pub unplaced: Vec<UnplacedView>,
}

/// What looks like an environment and has no place in the promotion order.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnplacedView {
    /// The word, such as `uat`.
    pub name: String,
    /// The directories and files that it names.
    pub paths: Vec<String>,
    /// Whether no version begins in the last environment until it has a place.
    pub blocks: bool,
}

/// A family in an environment.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StandingView {
    /// The family.
    pub family: String,
    /// The environment.
    pub environment: String,
    /// The versions that its references name; one, where all is well.
    pub versions: Vec<String>,
    /// Whether a reference has the plain name.
    pub plain: bool,
    /// Since when; null where the mainline does not run it yet, or outside of Git.
    pub since: Option<SinceView>,
    /// How old it is and when it is due; null where no `max-age` is set.
    pub age: Option<AgeView>,
    /// The hold on it.
    pub hold: Option<HoldView>,
    /// `nothing`, `take`, `unclear` (the environment before runs several) or `ahead` (of the environment before).
    pub next: &'static str,
    /// The version that comes next.
    pub next_version: Option<String>,
    /// Whether it could be taken now.
    pub due: bool,
    /// What must hold for that.
    pub gates: Vec<GateView>,
    /// How pairs of workloads that use the family share the traffic.
    pub pairs: Vec<SharingView>,
}

/// When something began.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SinceView {
    /// The newest date among the commit and its ancestors that is not in the future.
    pub time: String,
    /// The commit.
    pub commit: String,
    /// Who wrote it.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
    /// Whether it began with this commit, or at an unknown time before it.
    pub exact: bool,
    /// The later commit whose date the time is, where that of `commit` lies in the future.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dated_by: Option<String>,
}

/// A hold.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HoldView {
    /// The version that the environment stays on.
    pub version: String,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub since: Option<String>,
}

/// Something that must hold.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GateView {
    /// What.
    pub gate: GateKind,
    /// Whether it does.
    pub open: bool,
    /// How things stand.
    pub text: String,
    /// When it opens by itself, where that is known.
    pub opens: Option<String>,
}

impl Status {
    /// The view of how things stand.
    #[must_use]
    pub fn new(
        (standings, unplaced): (&[Standing], &[Unplaced]),
        mainline: Option<&str>,
        now: DateTime<Utc>,
    ) -> Self {
        let unplaced = unplaced.iter().map(|one| UnplacedView {
            name: one.word.to_owned(),
            paths: one.paths.iter().map(ToString::to_string).collect(),
            blocks: one.may_come_before,
        });
        Self {
            schema: "rotate.status/v1",
            mainline: mainline.map(str::to_owned),
            now: rfc3339(now),
            families: standings.iter().map(|one| StandingView::new(one, now)).collect(),
            unplaced: unplaced.collect(),
        }
    }
}

impl StandingView {
    fn new(standing: &Standing, now: DateTime<Utc>) -> Self {
        let (next, version, gates) = match &standing.next {
            Next::Nothing => ("nothing", None, &[][..]),
            Next::Take { version, gates, .. } => ("take", Some(version), gates.as_slice()),
            Next::Unclear { .. } => ("unclear", None, &[][..]),
            Next::Ahead { .. } => ("ahead", None, &[][..]),
        };
        Self {
            family: standing.subject.family.to_string(),
            environment: standing.subject.environment.clone(),
            versions: standing.running.versions.iter().cloned().collect(),
            plain: standing.running.plain,
            since: standing.since.as_ref().map(|era| SinceView::new(&era.began)),
            age: standing.age.as_ref().map(|age| AgeView::new(age, now)),
            hold: standing.hold.as_ref().map(|hold| HoldView {
                version: hold.version.clone(),
                reason: hold.reason.clone(),
                since: hold.since.map(rfc3339),
            }),
            next,
            next_version: version.cloned(),
            due: standing.next.is_due(),
            gates: gates.iter().map(GateView::new).collect(),
            pairs: standing.sharings.iter().map(SharingView::new).collect(),
        }
    }
}

impl SinceView {
    /// The view of a beginning.
    #[must_use]
    pub fn new(began: &Began) -> Self {
        let commit = began.commit();
        Self {
            time: rfc3339(began.time()),
            commit: commit.id.clone(),
            author: commit.author.clone(),
            subject: commit.subject.clone(),
            exact: began.is_exact(),
            dated_by: match began.dated() {
                Dated::By(later) => Some(later.id.clone()),
                Dated::Own | Dated::Never => None,
            },
        }
    }
}

impl GateView {
    /// The view of a gate.
    #[must_use]
    pub fn new(gate: &Gate) -> Self {
        Self {
            gate: gate.kind,
            open: gate.is_open,
            text: gate.text.clone(),
            opens: gate.opens.map(rfc3339),
        }
    }
}

/// A time as RFC 3339 has it, in UTC, to the second.
#[must_use]
pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The report for people.
#[must_use]
pub fn text(
    standings: &[Standing],
    unplaced: &[Unplaced],
    now: DateTime<Utc>,
    color: bool,
) -> String {
    let mut out = String::new();
    let width = |text: fn(&Standing) -> usize| column(standings.iter().map(text));
    let (names, versions) = (
        width(|one| one.subject.environment.len()),
        width(|one| running(&one.running).len()).max("20250723110000".len()),
    );
    let mut family = "";
    for one in standings {
        if one.subject.family != *family {
            let gap = if family.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}{}", Paint::Bold.on(&one.subject.family, color));
            family = &one.subject.family;
        }
        let version = running(&one.running);
        let since = since(one.since.as_ref(), now);
        let _ = writeln!(out, "  {:names$}  {version:versions$}  {since}", one.subject.environment);
        for remark in remarks(one, now) {
            let _ = writeln!(out, "  {:names$}  {remark}", "");
        }
    }
    if standings.is_empty() {
        out.push_str(
            "No environment has a versioned secret yet; `rotate bump ENV FAMILY` creates one.\n",
        );
    }
    for (index, one) in unplaced.iter().enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        let _ = writeln!(out, "{gap}{one}");
    }
    out
}

/// The report as Markdown, for a pull request or the summary of a workflow's step.
#[must_use]
pub fn markdown(standings: &[Standing], unplaced: &[Unplaced], now: DateTime<Utc>) -> String {
    let mut out =
        "| family | environment | version | since | next |\n| --- | --- | --- | --- | --- |\n"
            .to_owned();
    let mut family = "";
    for one in standings {
        let name = if one.subject.family == *family {
            String::new()
        } else {
            format!("`{}`", one.subject.family)
        };
        family = &one.subject.family;
        let version = running(&one.running);
        let since = since(one.since.as_ref(), now);
        let remarks = remarks(one, now);
        let remarks: Vec<String> = remarks.iter().map(|remark| line(remark)).collect();
        let remarks = remarks.join("<br>");
        let _ = writeln!(
            out,
            "| {name} | {} | {version} | {since} | {remarks} |",
            one.subject.environment
        );
    }
    for (index, one) in unplaced.iter().enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        let _ = writeln!(out, "{gap}- {}", line(&one.to_string()));
    }
    out
}

/// The width of a column of texts of these lengths, but at most what can be padded to.
pub(super) fn column(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.max().unwrap_or_default().min(usize::from(u16::MAX))
}

/// What an environment runs, in a word.
#[must_use]
pub fn running(running: &Running) -> String {
    let mut names: Vec<&str> = running.versions.iter().map(String::as_str).collect();
    if running.plain {
        names.push("plain");
    }
    if names.is_empty() { "nothing".to_owned() } else { names.join(" + ") }
}

fn since(era: Option<&Era>, now: DateTime<Utc>) -> String {
    let Some(era) = era else { return "not on the mainline yet".to_owned() };
    let age = span(now - era.began.time());
    let before = if era.began.is_exact() { "" } else { "before " };
    format!("{before}{} ({age}, {})", moment(era.began.time()), era.began.by())
}

/// What a shut gate waits for, in few words where the time is known.
fn brief(gate: &Gate, now: DateTime<Utc>) -> String {
    match (gate.kind, gate.opens) {
        (GateKind::Soak, Some(opens)) => {
            format!("soak ends in {}, at {}", span(opens - now), moment(opens))
        }
        (GateKind::Window, Some(opens)) => format!("change window opens at {}", moment(opens)),
        _ => gate.text.clone(),
    }
}

/// What is worth knowing, and what comes next.
fn remarks(one: &Standing, now: DateTime<Utc>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(hold) = &one.hold {
        let why = hold.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        lines.push(format!("held at {}{why}", hold.version));
    }
    lines.extend(one.sharings.iter().map(phrase));
    lines.extend(one.age.as_ref().map(|age| due(age, now)));
    match &one.next {
        Next::Nothing => {}
        Next::Take { version, .. } if one.next.is_due() => {
            lines.push(format!(
                "{version} is due: `{}`",
                command("rotate bump", &[&one.subject.environment, &one.subject.family], "")
            ));
        }
        Next::Take { version, gates, .. } => {
            let shut = gates.iter().filter(|gate| !gate.is_open);
            // A hold has a line of its own.
            let is_shown = |gate: &&Gate| one.hold.is_none() || gate.kind != GateKind::Hold;
            let waits = shut
                .filter(is_shown)
                .map(|gate| format!("{version} is waiting: {}", brief(gate, now)));
            lines.extend(waits);
        }
        Next::Unclear { from, join } => {
            let version = join.as_ref().map(|join| option("--version", join));
            lines.push(format!(
                "{from} does not run a single version: `{}`",
                command("rotate bump", &[from, &one.subject.family], &version.unwrap_or_default())
            ));
        }
        Next::Ahead { from } => lines.push(format!("newer than what {from} runs")),
    }
    lines
}
