//! `rotate prune`: which stubs go, which stay, and why.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::ops::prune::Removals;
use crate::ops::verify::Verified;
use crate::plan::prune::{Gone, Kept, Prune, Shown, Unused};
use crate::report::bump::{FileView, NextView, PlaceView};
use crate::report::checklist::steps;
use crate::report::console::Paint;
use crate::report::proposal::list;
use crate::report::status::rfc3339;
use crate::report::verify::json::InputView;
use crate::report::verify::unread::UnreadView;
use crate::text::count::counted;
use crate::text::markdown::{code, line, plain};
use crate::text::visible::one_line;
use crate::timeline::gate::{moment, span};
use crate::timeline::unused::Known;

/// What `rotate prune --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pruned {
    /// Always `rotate.prune/v1`.
    pub schema: &'static str,
    /// Whether the files were written.
    pub written: bool,
    /// The environment.
    pub environment: String,
    /// The branch whose history was read.
    pub mainline: String,
    /// One plan a family.
    pub plans: Vec<PruneView>,
    /// What is left to a person, in order; one commit for all plans.
    pub next: Vec<NextView>,
    /// What was read of the cluster; null without `--live` and `--context`, or if nothing in the environment names a
    /// secret.
    pub cluster: Option<ClusterView>,
}

/// What was read of a cluster.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterView {
    /// What the cluster's objects were read from.
    pub inputs: Vec<InputView>,
    /// How many objects were read.
    pub objects: usize,
    /// What the cluster did not show, with `--context`.
    pub unread: Vec<UnreadView>,
    /// When the newest pod in the input started, where that is known.
    pub newest_pod: Option<String>,
    /// What else there is to know, as sentences.
    pub notes: Vec<String>,
}

/// What a cluster shows of a family.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownView {
    /// Whether every workload was found and every pod moved.
    pub complete: bool,
    /// What keeps it from being so, as phrases.
    pub reasons: Vec<String>,
    /// How many workloads of the family were found.
    pub workloads: usize,
    /// How many pods they have that have not ended.
    pub pods: usize,
}

/// One family's plan.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PruneView {
    /// The family.
    pub family: String,
    /// The environment.
    pub environment: String,
    /// The stubs that go.
    pub removed: Vec<RemovedView>,
    /// The stubs that stay.
    pub kept: Vec<KeptView>,
    /// The files that are written or removed.
    pub files: Vec<FileView>,
    /// What is left to a person; where several plans change something, without the commit, which is one for all.
    pub next: Vec<NextView>,
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// What the cluster shows; null without `--live` and `--context`.
    pub proof: Option<ShownView>,
}

/// A stub that goes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemovedView {
    /// The secret that it made.
    pub secret: String,
    /// The version.
    pub version: String,
    /// The namespace, where Git sets one.
    pub namespace: Option<String>,
    /// Where it is written.
    pub origin: PlaceView,
    /// Whether the whole file goes.
    pub whole_file: bool,
    /// The kustomizations that listed the file.
    pub listed_in: Vec<String>,
    /// Since when nothing names it.
    pub unused_since: String,
    /// The commit with which the last reference went; null where the history does not tell.
    pub commit: Option<String>,
    /// How long it had to be kept, in seconds.
    pub retention: i64,
}

/// A stub that stays.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptView {
    /// The secret that it makes.
    pub secret: String,
    /// The version.
    pub version: String,
    /// The namespace, where Git sets one.
    pub namespace: Option<String>,
    /// Where it is written.
    pub origin: Option<PlaceView>,
    /// `referenced`, `newer`, `held`, `way-back`, `mainline`, `branch`, `retention`, `mentioned`, `unreadable`,
    /// `irremovable`, `live` or `not-proved`.
    pub why: &'static str,
    /// The reason, as people say it.
    pub reason: String,
    /// When it may go, where only time keeps it.
    pub until: Option<String>,
    /// The place that keeps it.
    pub place: Option<PlaceView>,
}

impl Pruned {
    /// The view of several plans.
    #[must_use]
    pub fn new(environment: &str, removals: &Removals, written: bool) -> Self {
        let Removals { plans, next, mainline, verified, .. } = removals;
        let view = |plan: &Prune| {
            let only = plans.iter().filter(|one| !one.is_empty()).count() == 1;
            let own = if only && !plan.is_empty() { next } else { &plan.next };
            PruneView { next: own.iter().map(NextView::from).collect(), ..PruneView::from(plan) }
        };
        Self {
            schema: "rotate.prune/v1",
            written,
            environment: environment.to_owned(),
            mainline: mainline.clone(),
            plans: plans.iter().map(view).collect(),
            next: next.iter().map(NextView::from).collect(),
            cluster: verified.as_ref().map(ClusterView::new),
        }
    }
}

impl ClusterView {
    fn new(verified: &Verified) -> Self {
        Self {
            inputs: verified.inputs.iter().map(InputView::new).collect(),
            objects: verified.objects,
            unread: verified.proof.unread.iter().map(UnreadView::new).collect(),
            newest_pod: verified.newest.map(rfc3339),
            notes: verified.notes.clone(),
        }
    }
}

impl From<&Shown> for ShownView {
    fn from(shown: &Shown) -> Self {
        Self {
            complete: shown.is_clean(),
            reasons: shown.reasons.clone(),
            workloads: shown.workloads,
            pods: shown.pods,
        }
    }
}

impl From<&Prune> for PruneView {
    fn from(plan: &Prune) -> Self {
        Self {
            family: plan.subject.family.to_string(),
            environment: plan.subject.environment.clone(),
            removed: plan.gone.iter().map(RemovedView::from).collect(),
            kept: plan.kept.iter().map(KeptView::from).collect(),
            files: plan.changes.iter().map(FileView::from).collect(),
            next: plan.next.iter().map(NextView::from).collect(),
            notes: plan.notes.clone(),
            proof: plan.shown.as_ref().map(ShownView::from),
        }
    }
}

impl From<&Gone> for RemovedView {
    fn from(gone: &Gone) -> Self {
        let commit = match &gone.unused.known {
            Known::By(commit) => Some(commit.clone()),
            Known::Before(_) | Known::Followed(_) => None,
        };
        Self {
            secret: gone.secret.clone(),
            version: gone.version.clone(),
            namespace: gone.namespace.clone(),
            origin: PlaceView::from(&gone.place),
            whole_file: gone.is_whole_file,
            listed_in: gone.listed_in.iter().map(|path| path.display().to_owned()).collect(),
            unused_since: rfc3339(gone.unused.since),
            commit,
            retention: gone.unused.retention.num_seconds(),
        }
    }
}

impl From<&Kept> for KeptView {
    fn from(kept: &Kept) -> Self {
        Self {
            secret: kept.secret.clone(),
            version: kept.version.clone(),
            namespace: kept.namespace.clone(),
            origin: kept.place.as_ref().map(PlaceView::from),
            why: kept.reason.why.word(),
            reason: kept.reason.text.clone(),
            until: kept.reason.until.map(rfc3339),
            place: kept.reason.place.as_ref().map(PlaceView::from),
        }
    }
}

/// What goes, what stays and why.
#[must_use]
pub fn summary(plan: &Prune, written: bool, color: bool) -> String {
    let mut out = String::new();
    let heading = format!("{}: {}", plan.subject.environment, plan.subject.family);
    let _ = writeln!(out, "{}", Paint::Bold.on(&heading, color));
    if plan.is_empty() {
        let _ = writeln!(out, "  nothing to remove");
    }
    let verb = if written { "removed" } else { "would remove" };
    for gone in &plan.gone {
        let file = gone.place.source.path();
        let part = if gone.is_whole_file { "" } else { " (only its document)" };
        let _ = writeln!(out, "  {verb} {} in {file}{part}", gone.secret);
        let _ = writeln!(out, "        {}", one_line(&describe(&gone.unused)));
    }
    for kept in &plan.kept {
        let _ = writeln!(out, "  stays {}: {}", kept.secret, one_line(&kept.reason.text));
    }
    if let Some(shown) = plan.shown.as_ref().filter(|shown| shown.is_clean()) {
        let _ = writeln!(out, "  every pod has moved: {}", shown.proof());
    }
    for note in &plan.notes {
        let _ = writeln!(out, "  note: {}", one_line(note));
    }
    out
}

/// What was read of the cluster, in lines.
#[must_use]
pub fn proof(verified: &Verified) -> Vec<String> {
    let inputs: Vec<&str> = verified.inputs.iter().map(|input| input.name.as_str()).collect();
    let newest = verified.newest.map_or_else(String::new, |newest| {
        format!("; the newest pod in it started at {}", moment(newest))
    });
    let objects = counted(verified.objects, "object");
    let first = format!("cluster: {objects} of {}{newest}", inputs.join(", "));
    let notes = verified.notes.iter().map(|note| format!("note: {note}"));
    std::iter::once(first).chain(notes).map(|line| one_line(&line).into_owned()).collect()
}

/// Several plans as Markdown, each under its family's name.
#[must_use]
pub fn markdown_of(plans: &[Prune]) -> String {
    let describe = |plan: &Prune| {
        let (family, environment) = (plain(&plan.subject.family), plain(&plan.subject.environment));
        format!("## {family} in {environment}\n\n{}", markdown(plan))
    };
    plans.iter().map(describe).collect::<Vec<_>>().join("\n")
}

/// What goes, what stays and why, as Markdown for a reviewer.
#[must_use]
pub fn markdown(plan: &Prune) -> String {
    let mut out = String::new();
    if plan.is_empty() {
        out.push_str("Nothing to remove.\n");
    } else {
        out.push_str("### Removed\n\n");
    }
    list(
        &mut out,
        plan.gone.iter().map(|gone| {
            let (secret, file) = (code(&gone.secret), code(gone.place.source.path().as_str()));
            let part = if gone.is_whole_file { "" } else { " (only its document)" };
            format!("{secret} in {file}{part}: {}", line(&describe(&gone.unused)))
        }),
    );
    if !plan.kept.is_empty() {
        out.push_str("\n### Kept\n\n");
    }
    list(
        &mut out,
        plan.kept.iter().map(|kept| format!("{}: {}", code(&kept.secret), line(&kept.reason.text))),
    );
    if let Some(shown) = &plan.shown {
        out.push_str("\n### In the cluster\n\n");
        let environment = plain(&plan.subject.environment);
        let said = match shown.reason() {
            None => format!("Every pod in {environment} has moved: {}.", shown.proof()),
            Some(reason) => {
                let when = shown.at.format("%Y-%m-%d");
                format!(
                    "Not proved on {when} that every pod in {environment} has moved: {}.",
                    line(&reason)
                )
            }
        };
        let _ = writeln!(out, "{said}");
    }
    if !plan.notes.is_empty() {
        out.push_str("\n### Worth knowing\n\n");
    }
    list(&mut out, plan.notes.iter().map(|note| line(note)));
    if !plan.is_empty() && !plan.next.is_empty() {
        out.push_str("\n### After merging\n\n");
        steps(&mut out, &plan.next);
    }
    if !plan.is_empty() {
        out.push_str("\nTo undo this, revert the merge while the store still has the value.\n");
    }
    out
}

fn describe(unused: &Unused) -> String {
    let since = moment(unused.since);
    let kept = format!("kept for {}", span(unused.retention));
    match &unused.known {
        Known::By(commit) => format!("nothing has referenced it since {since} ({commit}); {kept}"),
        Known::Before(commit) => {
            format!("nothing has referenced it since before {since} ({commit}); {kept}")
        }
        Known::Followed(version) => {
            format!("nothing ever referenced it; {version} replaced it at {since}; {kept}")
        }
    }
}
