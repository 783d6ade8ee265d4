//! `rotate promote`: what is taken to the next environment, and what waits for what.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::plan::Plan;
use crate::plan::contract::PlanView;
use crate::report::status::{GateView, SinceView};
use crate::timeline::Timeline;
use crate::timeline::gate::{Gate, moment};
use crate::timeline::outlook::{Next, Standing};

/// A promotion that was or would be made.
pub struct Promotion<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// How the family stood before.
    pub standing: Option<&'a Standing>,
}

/// A version that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The family.
    pub family: String,
    /// The environment that would take it.
    pub environment: String,
    /// The 14 digits.
    pub version: String,
    /// The environment that runs it.
    pub from: String,
    /// The gates that are shut.
    pub gates: Vec<Gate>,
}

/// What `rotate promote --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Promote {
    /// Always `rotate.promote/v1`.
    pub schema: &'static str,
    /// Whether the files were written.
    pub written: bool,
    /// What is due, one plan a family and environment, in promotion order.
    pub promotions: Vec<PromotionView>,
    /// What waits.
    pub waiting: Vec<WaitingView>,
}

/// A promotion.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionView {
    /// The plan.
    #[serde(flatten)]
    pub plan: PlanView,
    /// The environment that ran it before.
    pub from_environment: Option<String>,
    /// The gates, all of them open.
    pub gates: Vec<GateView>,
    /// Since when the environment runs what it runs now; null where that is not known.
    pub since: Option<SinceView>,
}

/// A version that waits.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingView {
    /// The family.
    pub family: String,
    /// The environment that would take it.
    pub environment: String,
    /// The version.
    pub version: String,
    /// The environment that runs it.
    pub from_environment: String,
    /// The gates that are shut.
    pub gates: Vec<GateView>,
}

impl Promotion<'_> {
    fn gates(&self) -> &[Gate] {
        match self.standing.map(|standing| &standing.next) {
            Some(Next::Take { gates, .. }) => gates,
            _ => &[],
        }
    }

    fn source(&self) -> Option<&str> {
        match self.standing.map(|standing| &standing.next) {
            Some(Next::Take { from, .. }) => Some(from),
            _ => None,
        }
    }
}

impl Promote {
    /// The view of what is due and what waits.
    #[must_use]
    pub fn new(promotions: &[Promotion<'_>], waiting: &[Waiting], written: bool) -> Self {
        let promotion = |one: &Promotion<'_>| PromotionView {
            plan: PlanView::from(one.plan),
            from_environment: one.source().map(str::to_owned),
            gates: one.gates().iter().map(GateView::new).collect(),
            since: one
                .standing
                .and_then(|standing| standing.since.as_ref())
                .map(|era| SinceView::new(&era.began)),
        };
        let waits = |one: &Waiting| WaitingView {
            family: one.family.clone(),
            environment: one.environment.clone(),
            version: one.version.clone(),
            from_environment: one.from.clone(),
            gates: one.gates.iter().map(GateView::new).collect(),
        };
        Self {
            schema: "rotate.promote/v1",
            written,
            promotions: promotions.iter().map(promotion).collect(),
            waiting: waiting.iter().map(waits).collect(),
        }
    }
}

/// What waits, and that nothing is due where nothing is.
#[must_use]
pub fn text(promotions: &[Promotion<'_>], waiting: &[Waiting]) -> String {
    let mut out = String::new();
    if promotions.is_empty() {
        out.push_str("Nothing is due.\n");
    }
    for one in waiting {
        let Waiting { family, environment, version, gates, .. } = one;
        let _ = writeln!(out, "{environment}: {family} {version} waits");
        for gate in gates {
            let _ = writeln!(out, "  {}: {}", gate.kind.word(), gate.text);
        }
    }
    out
}

/// What a reviewer of a promotion wants to know, as Markdown for a pull request.
#[must_use]
pub fn markdown(promotions: &[Promotion<'_>], waiting: &[Waiting], timeline: &Timeline) -> String {
    let mut out = String::new();
    for one in promotions {
        promotion(&mut out, one, timeline);
    }
    if promotions.is_empty() {
        out.push_str("Nothing is due.\n");
    }
    if !waiting.is_empty() {
        out.push_str("\n### Waiting\n\n| environment | family | version | for |\n| --- | --- | --- | --- |\n");
        for one in waiting {
            let gates: Vec<String> = one
                .gates
                .iter()
                .map(|gate| format!("{}: {}", gate.kind.word(), cell(&gate.text)))
                .collect();
            let _ = writeln!(
                out,
                "| {} | `{}` | {} | {} |",
                one.environment,
                one.family,
                one.version,
                gates.join("<br>")
            );
        }
    }
    out
}

fn promotion(out: &mut String, one: &Promotion<'_>, timeline: &Timeline) {
    let plan = one.plan;
    let (family, environment) = (&plan.family, &plan.environment);
    let gap = if out.is_empty() { "" } else { "\n" };
    let _ = writeln!(out, "{gap}## {family} in {environment}\n");
    let from = if plan.from.is_empty() { "nothing".to_owned() } else { plan.from.join("`, `") };
    let _ = writeln!(out, "`{from}` → `{}`\n", plan.to);
    let version = plan.to.rsplit('-').next().unwrap_or_default();
    if let Some(from) = one.source()
        && let Some(era) = timeline.runs(from, family, version)
    {
        let commit = era.began.commit();
        let _ = writeln!(
            out,
            "{from} has run it since {}, with {} by {}: {}\n",
            moment(era.began.time()),
            commit.short(),
            cell(&commit.author),
            cell(&commit.subject)
        );
    }
    out.push_str("| gate | |\n| --- | --- |\n");
    for gate in one.gates() {
        let state = if gate.is_open { "open" } else { "shut" };
        let _ = writeln!(out, "| {} | {state}: {} |", gate.kind.word(), cell(&gate.text));
    }
    let _ = writeln!(out, "| lint | open: no error in {environment} afterwards |\n");
    for moved in &plan.moved {
        let _ = writeln!(
            out,
            "- `{}`: {}, {}",
            moved.file,
            cell(&moved.object.to_string()),
            moved.field
        );
    }
    for stub in &plan.stubs {
        let _ = writeln!(out, "- `{}`: the new stub", stub.file);
    }
    for left in &plan.left {
        let _ = writeln!(out, "- stays: {} ({})", cell(&left.what), cell(&left.reason));
    }
    out.push_str("\nBefore merging:\n\n");
    for step in plan.next.iter().filter(|step| !step.is_commit) {
        let _ = writeln!(out, "- [ ] {}", cell(&step.title));
        for line in step.command.iter().flat_map(|command| command.lines()) {
            let _ = writeln!(out, "      `{line}`");
        }
    }
    let _ = writeln!(out, "- [ ] dashboards and alerts of what uses it are open");
    let _ = writeln!(
        out,
        "\nAfterwards, watch it. The way back:\n\n```sh\nrotate rollback {environment} {family}\n```"
    );
}

/// A text inside a table's cell or a list's item.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;")
}
