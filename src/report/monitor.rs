//! `rotate monitor`: which monitors are written, and where.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::ops::monitor::Written;
use crate::plan::monitor::{self, Monitors, State};
use crate::report::bump::{FileView, NextView};
use crate::report::console::Paint;

/// What `rotate monitor --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonitorView {
    /// Always `rotate.monitor/v1`.
    pub schema: &'static str,
    /// Whether the files were written.
    pub written: bool,
    /// The family.
    pub family: String,
    /// The environment.
    pub environment: String,
    /// `prometheus`, `datadog` or `analysis`.
    pub kind: &'static str,
    /// Each monitor.
    pub monitors: Vec<OneView>,
    /// The files that are written.
    pub files: Vec<FileView>,
    /// What is left to a person, in order.
    pub next: Vec<NextView>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// A monitor.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OneView {
    /// Its name.
    pub name: String,
    /// The version that it watches; null if it watches all.
    pub version: Option<String>,
    /// The namespace, where Git sets one.
    pub namespace: Option<String>,
    /// The template in `rotate.yaml`; null for the built-in one.
    pub template: Option<String>,
    /// The file.
    pub file: String,
    /// The kustomization that lists it; null in a tree of plain manifests.
    pub listed_in: Option<String>,
    /// `new`, `updated` or `unchanged`.
    pub state: &'static str,
}

impl MonitorView {
    /// What was written, or would be.
    #[must_use]
    pub fn new(done: &Written, written: bool) -> Self {
        let Written { plan, files, next } = done;
        Self {
            schema: "rotate.monitor/v1",
            written: written && !files.is_empty(),
            family: plan.subject.family.to_string(),
            environment: plan.subject.environment.clone(),
            kind: plan.kind.word(),
            monitors: plan.monitors.iter().map(OneView::from).collect(),
            files: files.iter().map(FileView::from).collect(),
            next: next.iter().map(NextView::from).collect(),
            notes: plan.notes.clone(),
        }
    }
}

impl From<&monitor::Written> for OneView {
    fn from(one: &monitor::Written) -> Self {
        Self {
            name: one.name.clone(),
            version: one.version.clone(),
            namespace: one.namespace.clone(),
            template: one.template.clone(),
            file: one.file.to_string(),
            listed_in: one.listed_in.as_ref().map(ToString::to_string),
            state: one.state.word(),
        }
    }
}

/// What is written, as people read it.
#[must_use]
pub fn summary(plan: &Monitors, written: bool, color: bool) -> String {
    let mut out = String::new();
    let (environment, family) = (&plan.subject.environment, &plan.subject.family);
    let heading = format!("{environment}: monitors of {family}");
    let _ = writeln!(out, "{}", Paint::Bold.on(&heading, color));
    if plan.is_empty() {
        let _ = writeln!(out, "  nothing to do: they are there already");
    }
    for one in &plan.monitors {
        let verb = match (one.state, written) {
            (State::New, true) => "wrote",
            (State::New, false) => "would write",
            (State::Updated, true) => "updated",
            (State::Updated, false) => "would update",
            (State::Unchanged, _) => "unchanged",
        };
        let listed = one.listed_in.as_ref().map_or(String::new(), |by| format!(", listed in {by}"));
        let of = match &one.template {
            Some(template) => format!("template `{template}`"),
            None => "built-in template".to_owned(),
        };
        let kind = plan.kind.object();
        let _ = writeln!(out, "  {verb} {kind} `{}` ({of}): {}{listed}", one.name, one.file);
    }
    for note in &plan.notes {
        let _ = writeln!(out, "  note: {note}");
    }
    out
}
