//! A change as its reviewer wants to see it: Markdown for a pull request, which can be read anywhere else as well.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};

use crate::ops::checklist::{Checklist, Merge, of_rotation};
use crate::ops::rotation::{Background, Rotation};
use crate::plan::commit::Remark;
use crate::plan::remaining::Remaining;
use crate::plan::{MoveKind, Moved, Plan};
use crate::repo::subject::{Family, Subject};
use crate::report::checklist::lines;
use crate::report::history::{Story, mermaid};
use crate::text::markdown::{code, line, plain};
use crate::text::path::TreePath;
use crate::timeline::gate::{Gate, GateKind, moment};
use crate::timeline::{Era, Timeline};

/// Longer lists are cut: GitHub takes no more than 65,536 characters in all.
const ROWS: usize = 60;
/// Of more environments than these, only the two that the change is about are drawn.
const CHARTED: usize = 12;
/// How many periods of each environment are drawn.
const DRAWN: usize = 6;

/// The information for the reviewer of a plan.
pub struct Proposal<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The environment that the version is taken over from.
    pub source: Option<&'a str>,
    /// The mainline's history.
    pub timeline: Option<&'a Timeline>,
    /// The gates, including lint.
    pub gates: &'a [Gate],
    /// The additional trailers of its commit.
    pub remarks: &'a [Remark],
    /// What still references the old version.
    pub remaining: &'a [Remaining],
    /// What the rotation takes.
    pub list: Checklist,
    /// The environments, in promotion order.
    pub environments: Vec<String>,
    /// The tree's root below the repository's.
    pub prefix: &'a TreePath,
}

impl<'a> Proposal<'a> {
    /// The information for the reviewer of a rotation.
    #[must_use]
    pub fn of(rotation: &'a Rotation, on: Background<'a>) -> Self {
        let plan = &rotation.plan;
        Self {
            plan,
            source: rotation.from.as_deref(),
            timeline: on.timeline,
            gates: &rotation.gates,
            remarks: &rotation.remarks,
            remaining: &rotation.remaining,
            list: of_rotation(rotation, on),
            environments: on.repo.environments.iter().map(|one| one.name.clone()).collect(),
            prefix: on.prefix,
        }
    }
}

impl Proposal<'_> {
    /// The text. It changes with what it is about, and not with the time.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        self.versions(&mut out);
        self.states(&mut out);
        self.changes(&mut out);
        self.old_version(&mut out);
        self.steps(&mut out);
        self.chart(&mut out);
        out
    }

    fn era(&self) -> Option<(&str, &Era)> {
        let from = self.source?;
        let there = Subject::new(from, &self.plan.subject.family);
        Some((from, self.timeline?.runs(&there, self.plan.version())?))
    }

    fn versions(&self, out: &mut String) {
        let from = match self.plan.from.as_slice() {
            [] => "nothing".to_owned(),
            names => names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", "),
        };
        let _ = writeln!(out, "{from} → {}", code(&self.plan.to));
        self.taken_back(out);
        let Some((from, era)) = self.era() else { return };
        let commit = era.began.commit();
        let before = if era.began.is_exact() { "" } else { "before " };
        let _ = writeln!(
            out,
            "\n{} has run it since {before}{}, by {} of {}: {}",
            plain(from),
            moment(era.began.time()),
            commit.short(),
            plain(&commit.author),
            plain(&commit.subject)
        );
    }

    /// Notes that the environment ran this version before and was rolled back.
    fn taken_back(&self, out: &mut String) {
        let Some(timeline) = self.timeline else { return };
        let eras = timeline.eras(&self.plan.subject);
        let had = |era: &&Era| era.running.versions.contains(self.plan.version());
        let Some(last) = eras.iter().position(|era| had(&era)) else { return };
        let Some(after) = last.checked_sub(1).and_then(|next| eras.get(next)) else { return };
        let commit = after.began.commit();
        let _ = writeln!(
            out,
            "\n**{} ran this version before and was rolled back** at {}, by {} of {}: {}",
            plain(&self.plan.subject.environment),
            moment(after.began.time()),
            commit.short(),
            plain(&commit.author),
            plain(&commit.subject)
        );
    }

    fn states(&self, out: &mut String) {
        if self.gates.is_empty() {
            return;
        }
        out.push_str("\n| gate | state | |\n| --- | --- | --- |\n");
        for gate in self.gates {
            let state = if gate.is_open { "open" } else { "**shut**" };
            let text = match (gate.kind, gate.is_open, self.era()) {
                // How long it has run by now would make another text of it every minute.
                (GateKind::Soak, true, Some((from, era))) => {
                    format!("{from} has run it since {}", moment(era.began.time()))
                }
                _ => gate.text.clone(),
            };
            let _ = writeln!(out, "| {} | {state} | {} |", gate.kind.word(), line(&text));
        }
        let remarks = self.remarks.iter().map(|one| format!("{}: {}", one.word(), line(&one.text)));
        let remarks: Vec<String> = remarks.collect();
        if !remarks.is_empty() {
            out.push('\n');
            list(out, remarks.into_iter());
        }
    }

    fn changes(&self, out: &mut String) {
        out.push_str("\n### What changes\n\n");
        let path = |path: &TreePath| {
            code(self.prefix.join(path.as_str()).as_ref().unwrap_or(path).as_str())
        };
        let stubs = self.plan.stubs.iter().map(|stub| {
            let by = stub.listed_in.as_ref();
            let listed = by.map_or_else(String::new, |by| format!(", listed in {}", path(by)));
            format!("{}: the stub of the new version{listed}", path(&stub.file))
        });
        // Rings have the same object once each.
        let mut moved: BTreeMap<(&TreePath, String), usize> = BTreeMap::new();
        for one in &self.plan.moved {
            let what = format!("{}, {}{}", object(one), code(&one.field), how(one));
            *moved.entry((&one.file, what)).or_default() += 1;
        }
        let moved = moved.into_iter().map(|((file, what), times)| match times {
            1 => format!("{}: {what}", path(file)),
            _ => format!("{}: {what}, in {times} build roots", path(file)),
        });
        list(out, stubs.chain(moved));
        let left = self.plan.left.iter();
        list(
            out,
            left.map(|left| {
                format!(
                    "stays: {} ({}). {}",
                    line(&left.what),
                    line(&left.reason),
                    line(&left.hint)
                )
            }),
        );
        list(out, self.plan.notes.iter().map(|note| line(note)));
    }

    fn old_version(&self, out: &mut String) {
        if self.plan.from.iter().all(|from| *from == self.plan.to) {
            return;
        }
        out.push_str("\n### What still references the old version afterwards\n\n");
        let describe = |one: &Remaining| {
            let grant = if one.is_grant { ", which only lets it be read" } else { "" };
            let (object, field) = (plain(&one.object), code(&one.field));
            format!("{}: {object}, {field}{grant}", plain(&one.environment))
        };
        if self.remaining.is_empty() {
            out.push_str(
                "Nothing deployed from here, except for pods that run until they are replaced.\n",
            );
        }
        list(out, self.remaining.iter().map(describe));
    }

    fn steps(&self, out: &mut String) {
        let Merge { before, after } = self.list.around_the_merge();
        for (heading, items) in [("Before", before), ("After", after)] {
            let _ = writeln!(out, "\n### {heading} merging\n");
            lines(out, &items);
        }
    }

    fn chart(&self, out: &mut String) {
        let Some(timeline) = self.timeline else { return };
        let family = &self.plan.subject.family;
        let named = |name: &&String| !timeline.eras(&Subject::new(*name, family)).is_empty();
        let mut environments: Vec<String> =
            self.environments.iter().filter(named).cloned().collect();
        if environments.len() > CHARTED {
            let matters =
                |one: &String| *one == self.plan.subject.environment || self.source == Some(one);
            environments.retain(matters);
        }
        if environments.is_empty() {
            return;
        }
        let now = end_of_chart(timeline, family, &environments);
        let story = Story { family, timeline, environments, now, newest: Some(DRAWN) };
        let _ = writeln!(out, "\n### Timeline\n\n```mermaid\n{}```", mermaid(&story));
    }
}

/// Several of them, each under its name.
#[must_use]
pub fn markdown(proposals: &[Proposal<'_>]) -> String {
    let mut out = String::new();
    for one in proposals {
        let gap = if out.is_empty() { "" } else { "\n" };
        let (family, environment) =
            (plain(&one.plan.subject.family), plain(&one.plan.subject.environment));
        let _ = writeln!(out, "{gap}## {family} in {environment}\n\n{}", one.markdown().trim_end());
    }
    out
}

fn object(moved: &Moved) -> String {
    plain(&moved.object.to_string())
}

const fn how(moved: &Moved) -> &'static str {
    match moved.how {
        MoveKind::InPlace => "",
        MoveKind::Patch => ", by a guarded patch",
        MoveKind::Added => ", beside the old name",
        MoveKind::Set => ", by setting it in the environment's own values file",
    }
}

pub(super) fn list(out: &mut String, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    for item in items.iter().take(ROWS) {
        let _ = writeln!(out, "- {item}");
    }
    if items.len() > ROWS {
        let _ = writeln!(out, "- and {} more", items.len() - ROWS);
    }
}

/// Where the bars of what runs now end: some way behind the newest change, so that the chart is the same tomorrow.
fn end_of_chart(timeline: &Timeline, family: &Family, environments: &[String]) -> DateTime<Utc> {
    let eras = environments.iter().map(|one| timeline.eras(&Subject::new(one, family)));
    let eras = eras.flat_map(|eras| eras.iter().take(DRAWN));
    let times: Vec<DateTime<Utc>> = eras.map(|era| era.began.time()).collect();
    let newest = times.iter().max().copied().unwrap_or_default();
    let oldest = times.iter().min().copied().unwrap_or_default();
    newest + ((newest - oldest) / 6).max(TimeDelta::days(1))
}
