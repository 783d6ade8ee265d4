//! Rules in their own words: a page each, and the list.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::console::Paint;
use crate::report::lint::{RuleWords, capital};

/// What `rotate explain --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explained {
    /// Always `rotate.explain/v1`.
    pub schema: &'static str,
    /// The rules, sorted by id.
    pub rules: Vec<RuleView>,
}

/// One rule.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleView {
    /// Its name.
    pub id: &'static str,
    /// `error`, `warning` or `info`, unless `rotate.yaml` says otherwise.
    pub level: &'static str,
    /// Whether `rotate lint --fix` repairs some of its findings.
    pub repairs: bool,
    /// What it finds, in a phrase.
    pub summary: &'static str,
    /// Its page, in Markdown.
    pub docs: &'static str,
}

impl Explained {
    /// The view of these rules.
    #[must_use]
    pub fn new(rules: &[RuleWords]) -> Self {
        let view = |rule: &RuleWords| RuleView {
            id: rule.id,
            level: rule.level.word(),
            repairs: rule.repairs,
            summary: rule.summary,
            docs: rule.docs.trim(),
        };
        Self { schema: "rotate.explain/v1", rules: rules.iter().map(view).collect() }
    }
}

/// A rule's page, in Markdown.
#[must_use]
pub fn page(rule: &RuleWords) -> String {
    let repairs =
        if rule.repairs { "; `rotate lint --fix` fixes what can be fixed safely" } else { "" };
    let summary = capital(rule.summary);
    let level = rule.level.word();
    format!("## {}\n\n{summary}. Level: {level}{repairs}.\n\n{}\n", rule.id, rule.docs.trim())
}

/// A line a rule.
#[must_use]
pub fn list(rules: &[RuleWords], color: bool) -> String {
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    for rule in rules {
        let id = Paint::Bold.on(&format!("{:width$}", rule.id), color);
        let summary = rule.summary.replace('`', "");
        let _ = writeln!(out, "{id}  {:7}  {summary}", rule.level.word());
    }
    out.push_str("\nRun `rotate explain RULE` for details.\n");
    out
}

/// The rules as a Markdown table, with links to their pages in `directory`.
#[must_use]
pub fn table(rules: &[RuleWords], directory: &str) -> String {
    let mut out = "| rule | level | finds |\n| --- | --- | --- |\n".to_owned();
    for rule in rules {
        let (id, level) = (rule.id, rule.level.word());
        let fix = if rule.repairs { " (`--fix`)" } else { "" };
        let _ =
            writeln!(out, "| [`{id}`]({directory}/{id}.md) | {level}{fix} | {} |", rule.summary);
    }
    out
}
