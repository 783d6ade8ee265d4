//! The list of a rotation: as text, as Markdown for `rotate checklist` and pull requests alike, and as JSON.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::ops::checklist::{Checklist, Item, Section, State};
use crate::plan::NextStep;
use crate::report::console::Paint;
use crate::report::status::{SinceView, rfc3339};
use crate::text::checkbox::Checkbox;
use crate::text::markdown::{code, fenced, line, plain};
use crate::text::visible::one_line;

/// What `rotate checklist --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChecklistView {
    /// Always `rotate.checklist/v1`.
    pub schema: &'static str,
    /// The family.
    pub family: String,
    /// The environment up to which the list goes.
    pub environment: String,
    /// The version that it is about; null for a family that has none yet.
    pub version: Option<String>,
    /// The branch that was read; null outside of Git.
    pub mainline: Option<String>,
    /// The time that counts as now.
    pub now: String,
    /// The parts of the list, in order.
    pub sections: Vec<SectionView>,
}

/// A part of the list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SectionView {
    /// `before`, `environment` or `clean-up`.
    pub section: &'static str,
    /// The environment, for its own part.
    pub environment: Option<String>,
    /// The items, in order.
    pub items: Vec<ItemView>,
}

/// A line of the list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemView {
    /// What it is about, the same in each run.
    pub id: String,
    /// The sentence.
    pub text: String,
    /// `done` (it is proved), `open`, `waiting` (it passes by itself) or `unknown`.
    pub state: &'static str,
    /// What proves it, or what is known instead.
    pub note: Option<String>,
    /// Since when it holds, and by which commit, where the history proves it.
    pub since: Option<SinceView>,
    /// When it passes, where that is known.
    pub until: Option<String>,
    /// The command that does it, or else the one that proves it.
    pub command: Option<String>,
}

impl ChecklistView {
    /// The view of a list.
    #[must_use]
    pub fn new(list: &Checklist, mainline: Option<&str>, now: DateTime<Utc>) -> Self {
        let sections = list.sections().into_iter().map(|(section, items)| SectionView {
            section: match section {
                Section::Before => "before",
                Section::Environment(_) => "environment",
                Section::CleanUp => "clean-up",
            },
            environment: match section {
                Section::Environment(name) => Some(name.clone()),
                Section::Before | Section::CleanUp => None,
            },
            items: items.into_iter().map(ItemView::new).collect(),
        });
        Self {
            schema: "rotate.checklist/v1",
            family: list.subject.family.to_string(),
            environment: list.subject.environment.clone(),
            version: list.version.clone(),
            mainline: mainline.map(str::to_owned),
            now: rfc3339(now),
            sections: sections.collect(),
        }
    }
}

impl ItemView {
    fn new(item: &Item) -> Self {
        let (since, until) = match &item.state {
            State::Done(proof) => (proof.since.as_ref().map(SinceView::new), None),
            State::Waiting(until, _) => (None, until.map(rfc3339)),
            State::Open(_) | State::Unknown(_) => (None, None),
        };
        Self {
            id: item.id.clone(),
            text: item.text.clone(),
            state: item.state.word(),
            note: item.state.note().map(str::to_owned),
            since,
            until,
            command: item.command.clone(),
        }
    }
}

/// The heading of a section.
fn heading(section: &Section) -> &str {
    match section {
        Section::Before => "Before",
        Section::Environment(name) => name,
        Section::CleanUp => "Clean-up",
    }
}

/// What there is to say about an item.
fn note(item: &Item) -> Option<String> {
    let note = item.state.note()?;
    Some(match &item.state {
        State::Done(_) | State::Open(_) => note.to_owned(),
        State::Waiting(..) => format!("waiting, {note}"),
        State::Unknown(_) => format!("not known, {note}"),
    })
}

/// The list for people.
#[must_use]
pub fn text(list: &Checklist, color: bool) -> String {
    let subject = &list.subject;
    let version = list.version.as_deref().unwrap_or("no version yet");
    let title = format!("{} in {}: {version}", subject.family, subject.environment);
    let mut out = format!("{}\n", Paint::Bold.on(&one_line(&title), color));
    for (section, items) in list.sections() {
        let _ = writeln!(out, "\n{}", Paint::Bold.on(&one_line(heading(section)), color));
        for item in items {
            let mark = if item.state.is_done() { "[x]" } else { "[ ]" };
            let _ = writeln!(out, "  {mark} {}", one_line(&item.text));
            if let Some(note) = note(item) {
                let _ = writeln!(out, "      {}", Paint::Dim.on(&one_line(&note), color));
            }
            for line in item.command.iter().flat_map(|command| command.lines()) {
                let _ = writeln!(out, "        {}", Paint::Green.on(line, color));
            }
        }
    }
    out
}

/// The list as Markdown.
#[must_use]
pub fn markdown(list: &Checklist) -> String {
    let (family, environment) = (plain(&list.subject.family), plain(&list.subject.environment));
    let version = list.version.as_deref().map_or_else(|| "no version yet".to_owned(), code);
    let mut out = format!("## {family} in {environment}: {version}\n");
    for (section, items) in list.sections() {
        let _ = writeln!(out, "\n### {}\n", plain(heading(section)));
        lines(&mut out, &items);
    }
    out
}

/// Lines with boxes, each ticked that is proved.
pub(super) fn lines(out: &mut String, items: &[&Item]) {
    for item in items {
        let text = match note(item) {
            Some(note) => format!("{}: {note}", item.text.trim_end_matches('.')),
            None => item.text.clone(),
        };
        let is_done = item.state.is_done();
        let id = (!item.is_step).then_some(item.id.as_str());
        let text = line(&text);
        let checkbox = Checkbox { text: &text, id, is_ticked: is_done, is_proved: is_done };
        entry(out, &checkbox, item.command.as_deref());
    }
}

/// The steps of a plan, as lines with boxes.
pub(super) fn steps(out: &mut String, steps: &[NextStep]) {
    for step in steps {
        let text = line(&step.title);
        let checkbox = Checkbox { text: &text, id: None, is_ticked: false, is_proved: false };
        entry(out, &checkbox, step.command.as_deref());
    }
}

fn entry(out: &mut String, checkbox: &Checkbox<'_>, command: Option<&str>) {
    let _ = writeln!(out, "{}", checkbox.line());
    if let Some(command) = command {
        let _ = writeln!(out, "\n{}\n", fenced(command, "sh", "  "));
    }
}
