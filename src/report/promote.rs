//! `rotate promote`: what is taken to the next environment, and what waits for what.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::ops::promotions::Waiting;
use crate::plan::{NextStep, Plan};
use crate::repo::subject::Subject;
use crate::report::bump::{NextView, PlanView, views};
use crate::report::proposal::{self, Proposal};
use crate::report::status::{GateView, SinceView};
use crate::text::markdown::{code, line, plain};
use crate::timeline::gate::Gate;
use crate::timeline::outlook::{Next, Standing};

/// A promotion that was or would be made.
pub struct Promotion<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// How the family stood before.
    pub standing: Option<&'a Standing>,
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
    /// What is left to a person, in order; one commit for all promotions.
    pub next: Vec<NextView>,
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

impl WaitingView {
    /// The view of a version that waits.
    #[must_use]
    pub fn new(one: &Waiting) -> Self {
        Self {
            family: one.subject.family.to_string(),
            environment: one.subject.environment.clone(),
            version: one.version.clone(),
            from_environment: one.from.clone(),
            gates: one.gates.iter().map(GateView::new).collect(),
        }
    }
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
    pub fn new(
        promotions: &[Promotion<'_>],
        waiting: &[Waiting],
        next: &[NextStep],
        written: bool,
    ) -> Self {
        let plans: Vec<&Plan> = promotions.iter().map(|one| one.plan).collect();
        let promotion = |(one, plan): (&Promotion<'_>, PlanView)| PromotionView {
            plan,
            from_environment: one.source().map(str::to_owned),
            gates: one.gates().iter().map(GateView::new).collect(),
            since: one
                .standing
                .and_then(|standing| standing.since.as_ref())
                .map(|era| SinceView::new(&era.began)),
        };
        Self {
            schema: "rotate.promote/v1",
            written,
            promotions: promotions.iter().zip(views(&plans, next)).map(promotion).collect(),
            waiting: waiting.iter().map(WaitingView::new).collect(),
            next: next.iter().map(NextView::from).collect(),
        }
    }
}

/// What waits, and that nothing is due where nothing is.
#[must_use]
pub fn text(nothing_due: bool, waiting: &[Waiting]) -> String {
    let mut out = String::new();
    if nothing_due {
        out.push_str("Nothing is due.\n");
    }
    for one in waiting {
        let Waiting { subject: Subject { environment, family }, version, gates, .. } = one;
        let _ = writeln!(out, "{environment}: {family} {version} waits");
        for gate in gates {
            let _ = writeln!(out, "  {}: {}", gate.kind.word(), gate.text);
        }
    }
    out
}

/// What a reviewer of each promotion wants to know, and what waits.
#[must_use]
pub fn markdown(proposals: &[Proposal<'_>], waiting: &[Waiting]) -> String {
    let mut out = proposal::markdown(proposals);
    if proposals.is_empty() {
        out.push_str("Nothing is due.\n");
    }
    out.push_str(&waits(waiting));
    out
}

/// What waits, as a table; nothing where nothing does.
#[must_use]
pub fn waits(waiting: &[Waiting]) -> String {
    if waiting.is_empty() {
        return String::new();
    }
    let mut out =
        "\n### Waiting\n\n| environment | family | version | for |\n| --- | --- | --- | --- |\n"
            .to_owned();
    for Waiting { subject: Subject { environment, family }, version, gates, .. } in waiting {
        let shut = gates.iter().map(|gate| format!("{}: {}", gate.kind.word(), line(&gate.text)));
        let shut = shut.collect::<Vec<_>>().join("<br>");
        let _ = writeln!(out, "| {} | {} | {version} | {shut} |", plain(environment), code(family));
    }
    out
}
