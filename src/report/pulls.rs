//! The state of pull requests: `rotate.pull-requests/v1`, and the same for people.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::ops::pull_requests::{self, Action};
use crate::report::workflow;
use crate::text::markdown::{code, line, plain};

/// What `--pull-request --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequests {
    /// Always `rotate.pull-requests/v1`.
    pub schema: &'static str,
    /// Whether it was done; false for what would be done.
    pub written: bool,
    /// The branch that they go to.
    pub base: String,
    /// Every one that was looked at.
    pub pull_requests: Vec<PullView>,
}

/// A pull request.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullView {
    /// The family.
    pub family: String,
    /// The environment.
    pub environment: String,
    /// The version that comes, or those that go, joined by `+`.
    pub version: String,
    /// The branch that is to be merged.
    pub branch: String,
    /// The branch that it goes to.
    pub base: String,
    /// Its number; null for one that was not opened.
    pub number: Option<u64>,
    /// Its page; null for one that was not opened.
    pub url: Option<String>,
    /// What was done.
    pub action: Action,
    /// Why, where it is not plain; null where it is.
    pub reason: Option<String>,
}

impl PullRequests {
    /// The view of what was done.
    #[must_use]
    pub fn new(of: &pull_requests::PullRequests) -> Self {
        Self {
            schema: "rotate.pull-requests/v1",
            written: of.written,
            base: of.base.clone(),
            pull_requests: of.all.iter().map(PullView::new).collect(),
        }
    }
}

impl PullView {
    /// The view of one.
    #[must_use]
    pub fn new(one: &pull_requests::PullRequest) -> Self {
        Self {
            family: one.subject.family.to_string(),
            environment: one.subject.environment.clone(),
            version: one.version.clone(),
            branch: one.branch.clone(),
            base: one.base.clone(),
            number: one.number,
            url: one.url.clone(),
            action: one.action,
            reason: one.reason.clone(),
        }
    }

    fn name(&self) -> String {
        self.number.map_or_else(|| self.branch.clone(), |number| format!("#{number}"))
    }
}

/// A line for each.
#[must_use]
pub fn text(of: &PullRequests) -> String {
    let mut out: String = of.pull_requests.iter().map(|one| describe(one, of.written)).collect();
    if of.pull_requests.is_empty() {
        out.push_str("There are no pull requests to open, and rotate has none open.\n");
    }
    out
}

fn describe(one: &PullView, written: bool) -> String {
    let PullView { environment, family, version, .. } = one;
    let would = if one.action.is_change() && !written { "would be " } else { "" };
    let mut out =
        format!("{environment}: {family} {version}: {would}{} {}\n", one.action.word(), one.name());
    for more in one.url.iter().chain(&one.reason) {
        let _ = writeln!(out, "  {more}");
    }
    out
}

/// A table of them.
#[must_use]
pub fn markdown(of: &PullRequests) -> String {
    if of.pull_requests.is_empty() {
        return "There are no pull requests to open, and rotate has none open.\n".to_owned();
    }
    let mut out =
        "| environment | family | version | pull request | |\n| --- | --- | --- | --- | --- |\n"
            .to_owned();
    let would = if of.written { "" } else { "would be " };
    for one in &of.pull_requests {
        let link = match (&one.url, one.number) {
            (Some(url), Some(number)) => format!("[#{number}]({url})"),
            _ => code(&one.branch),
        };
        let would = if one.action.is_change() { would } else { "" };
        let why = one.reason.as_ref().map_or_else(String::new, |why| format!(": {}", line(why)));
        let _ = writeln!(
            out,
            "| {} | {} | {} | {link} | {would}{}{why} |",
            plain(&one.environment),
            code(&one.family),
            one.version,
            one.action.word()
        );
    }
    out
}

/// A notice for what is otherwise now, a warning for what a person has to look at, and the lines of the log.
#[must_use]
pub fn github(of: &PullRequests) -> String {
    let mut out = String::new();
    for one in &of.pull_requests {
        let word = match one.action {
            Action::Left => "warning",
            _ if one.action.is_change() => "notice",
            _ => continue,
        };
        let title = format!("rotate: {}", one.environment);
        out.push_str(&workflow::command(word, &title, describe(one, of.written).trim_end()));
    }
    out.push_str(&workflow::log(&text(of)));
    out
}
