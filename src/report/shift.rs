//! `rotate shift`: the table before and after.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::ops::shift::Shifted;
use crate::plan::shift::Row;
use crate::report::bump::{FileView, NextView};
use crate::report::status::column;
use crate::text::markdown::plain;

/// What `rotate shift --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShiftView {
    /// Always `rotate.shift/v1`.
    pub schema: &'static str,
    /// The environment.
    pub environment: String,
    /// The pair: what both workloads are called without the colour.
    pub pair: String,
    /// The colour that gets the weight.
    pub to: &'static str,
    /// Its part of the traffic in percent.
    pub weight: u8,
    /// Each place that divides traffic.
    pub routes: Vec<RouteView>,
    /// The files.
    pub files: Vec<FileView>,
    /// What is worth knowing, a sentence each.
    pub notes: Vec<String>,
    /// What is left to a person, in order.
    pub next: Vec<NextView>,
    /// Whether the files were written.
    pub written: bool,
}

/// A place that divides traffic.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RouteView {
    /// The build root.
    pub root: String,
    /// The kind of the object.
    pub kind: String,
    /// Its namespace; null where Git sets none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The list of backends in it; null for a selector, or where objects share traffic.
    pub list: Option<String>,
    /// The parts before, in percent.
    pub before: PartsView,
    /// The parts after.
    pub after: PartsView,
    /// The file; null where none spells the weights.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<usize>,
}

/// The parts of both colours, in percent, rounded.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PartsView {
    /// Of blue.
    pub blue: u64,
    /// Of green.
    pub green: u64,
}

impl ShiftView {
    /// The view of a shift.
    #[must_use]
    pub fn new(shifted: &Shifted, written: bool) -> Self {
        let plan = &shifted.plan;
        Self {
            schema: "rotate.shift/v1",
            environment: plan.environment.clone(),
            pair: plan.pair.clone(),
            to: plan.to.as_str(),
            weight: plan.weight,
            routes: plan.rows.iter().map(RouteView::new).collect(),
            files: shifted.files.iter().map(FileView::from).collect(),
            notes: plan.notes.clone(),
            next: shifted.next.iter().map(NextView::from).collect(),
            written,
        }
    }
}

impl RouteView {
    /// The view of a place.
    pub(super) fn new(row: &Row) -> Self {
        let parts = |[blue, green]: [u64; 2]| PartsView { blue, green };
        let (kind, namespace, name) = row.object.clone();
        let place = row.place.as_ref().map(|place| place.near_in_file());
        Self {
            root: row.root.display().to_owned(),
            kind,
            namespace,
            name,
            list: row.list.clone(),
            before: parts(row.before),
            after: parts(row.after),
            file: place.as_ref().map(|place| place.source.path().to_string()),
            line: place.as_ref().map(|place| place.position().line),
        }
    }
}

/// The object of each row that divides traffic, and the list in it; with the root where there are several.
pub(super) fn objects(rows: &[Row]) -> Vec<String> {
    let is_one = rows.iter().all(|row| row.root == rows[0].root);
    let root = |row: &Row| if is_one { String::new() } else { format!("{}: ", row.root) };
    rows.iter().map(|row| root(row) + &object(row)).collect()
}

fn object(row: &Row) -> String {
    let (kind, namespace, name) = &row.object;
    let namespace = namespace.as_ref().map_or_else(String::new, |name| format!("{name}/"));
    let list = row.list.as_ref().map_or_else(String::new, |list| format!(", {list}"));
    format!("{kind} {namespace}{name}{list}")
}

/// The parts of both colours.
pub(super) fn parts([blue, green]: [u64; 2]) -> String {
    format!("blue {blue} %, green {green} %")
}

/// The table for people.
#[must_use]
pub fn text(shifted: &Shifted) -> String {
    let plan = &shifted.plan;
    let mut out = String::new();
    let objects = objects(&plan.rows);
    let width = column(objects.iter().map(|object| object.chars().count()));
    let before = column(plan.rows.iter().map(|row| parts(row.before).chars().count()));
    for (row, object) in plan.rows.iter().zip(&objects) {
        let _ = writeln!(
            out,
            "{:width$}  {:before$}  to  {}",
            object,
            parts(row.before),
            parts(row.after)
        );
    }
    for note in &plan.notes {
        let _ = writeln!(out, "note: {note}");
    }
    if shifted.files.is_empty() {
        let _ = writeln!(
            out,
            "Nothing to do: {} has {} % of {} already.",
            plan.to, plan.weight, plan.pair
        );
    }
    out
}

/// The table as Markdown.
#[must_use]
pub fn markdown(shifted: &Shifted) -> String {
    let mut out = "| route | before | after |\n| --- | --- | --- |\n".to_owned();
    for (row, object) in shifted.plan.rows.iter().zip(objects(&shifted.plan.rows)) {
        let _ =
            writeln!(out, "| {} | {} | {} |", plain(&object), parts(row.before), parts(row.after));
    }
    for note in &shifted.plan.notes {
        let _ = writeln!(out, "\n- {}", plain(note));
    }
    out
}
