//! `rotate verify`: whether every pod of an environment runs what Git names.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cluster::word::Word;
use crate::ops::verify::Verified;
use crate::report::console::Paint;
use crate::report::status::{column, rfc3339, running};
use crate::report::unread::{self, UnreadView};
use crate::report::workflow::command;
use crate::text::count::counted;
use crate::text::markdown::{code, plain};
use crate::timeline::gate::{moment, span};
use crate::verify::part::{Part, Remark, Role, User, users_of};
use crate::verify::{FamilyProof, Input};

/// What `rotate verify --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verify {
    /// Always `rotate.verify/v1`.
    pub schema: &'static str,
    /// The environment.
    pub environment: String,
    /// Whether every workload was found and every pod moved.
    pub complete: bool,
    /// The time that counts as now.
    pub now: String,
    /// What the cluster's objects were read from.
    pub inputs: Vec<InputView>,
    /// How many objects were read.
    pub objects: usize,
    /// What the cluster did not show, with `--context`.
    pub unread: Vec<UnreadView>,
    /// Each family.
    pub families: Vec<FamilyView>,
    /// What else there is to know, as sentences.
    pub notes: Vec<String>,
}

/// A dump of a cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InputView {
    /// The file, `standard input`, or `context` and its name.
    pub name: String,
    /// The cluster that it is of, where that was said.
    pub cluster: Option<String>,
}

/// A family.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FamilyView {
    /// The family.
    pub family: String,
    /// The versions that Git names; one, where all is well.
    pub versions: Vec<String>,
    /// Whether Git names the plain name.
    pub plain: bool,
    /// Whether every workload was found and every pod moved.
    pub complete: bool,
    /// Every object that was looked at: workloads, other objects that name the secret, ExternalSecrets, what applies
    /// commits, and what uses an old version without being in Git.
    pub objects: Vec<PartView>,
    /// The versions that something in the cluster still uses and Git no longer names.
    pub old_versions: Vec<OldView>,
    /// What going back to an older version would cost here, as sentences.
    pub rollback: Vec<String>,
}

/// An object.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartView {
    /// `workload`, `object`, `external-secret`, `builder` or `straggler`.
    pub role: &'static str,
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace, where it is known.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The cluster, where the environment has several.
    pub cluster: Option<String>,
    /// The first word of `findings`, or `moved`.
    pub state: &'static str,
    /// The Secrets that Git has it name.
    pub secrets: Vec<String>,
    /// How many pods it has that have not ended; null where it has none itself.
    pub pods: Option<usize>,
    /// How many of them run what Git names.
    pub moved: Option<usize>,
    /// What keeps it, the most urgent first.
    pub findings: Vec<RemarkView>,
}

/// What keeps an object.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemarkView {
    /// The word, such as `rolling` or `stuck`.
    pub state: &'static str,
    /// The same as a phrase.
    pub text: String,
    /// Since when, where that is known.
    pub since: Option<String>,
    /// The pods that it is about.
    pub pods: Vec<String>,
    /// A command that shows more, or ends it.
    pub next: Option<String>,
}

/// An old version that is in use.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OldView {
    /// The version, or `plain`.
    pub version: String,
    /// What uses it.
    pub users: Vec<UserView>,
}

/// What uses an old version.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UserView {
    /// The kind.
    pub kind: String,
    /// The namespace.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// Whether it is being stopped.
    pub terminating: bool,
}

impl Verify {
    /// The view of a proof.
    #[must_use]
    pub fn new(verified: &Verified, now: DateTime<Utc>) -> Self {
        Self {
            schema: "rotate.verify/v1",
            environment: verified.environment.clone(),
            complete: verified.proof.is_clean(),
            now: rfc3339(now),
            inputs: verified.inputs.iter().map(InputView::new).collect(),
            objects: verified.objects,
            unread: verified.proof.unread.iter().map(UnreadView::new).collect(),
            families: verified.proof.families.iter().map(FamilyView::new).collect(),
            notes: verified.notes.clone(),
        }
    }
}

impl InputView {
    pub(super) fn new(input: &Input) -> Self {
        Self { name: input.name.clone(), cluster: input.cluster.clone() }
    }
}

impl FamilyView {
    fn new(proof: &FamilyProof) -> Self {
        let old = proof.old.iter().map(|(version, users)| OldView {
            version: version.clone(),
            users: users.iter().map(UserView::new).collect(),
        });
        Self {
            family: proof.family.to_string(),
            versions: proof.running.versions.iter().cloned().collect(),
            plain: proof.running.plain,
            complete: proof.is_clean(),
            objects: proof.parts.iter().map(PartView::new).collect(),
            old_versions: old.collect(),
            rollback: proof.costs.clone(),
        }
    }
}

impl UserView {
    fn new(user: &User) -> Self {
        Self {
            kind: user.kind.clone(),
            namespace: user.namespace.clone(),
            name: user.name.clone(),
            terminating: user.is_terminating,
        }
    }
}

impl PartView {
    fn new(part: &Part) -> Self {
        Self {
            role: match part.role {
                Role::Workload => "workload",
                Role::Object => "object",
                Role::Stub => "external-secret",
                Role::Builder => "builder",
                Role::Straggler => "straggler",
            },
            group: part.group.clone(),
            kind: part.kind.clone(),
            namespace: part.namespace.clone(),
            name: part.name.clone(),
            cluster: part.cluster.clone(),
            state: part.word().as_str(),
            secrets: part.wanted.iter().cloned().collect(),
            pods: part.pods.map(|pods| pods.total),
            moved: part.pods.map(|pods| pods.moved),
            findings: part.sorted().into_iter().map(RemarkView::new).collect(),
        }
    }
}

impl RemarkView {
    fn new(remark: &Remark) -> Self {
        Self {
            state: remark.word.as_str(),
            text: remark.text.clone(),
            since: remark.since.map(rfc3339),
            pods: remark.pods.clone(),
            next: remark.next.clone(),
        }
    }
}

/// How many pods have moved; empty where it has none itself.
fn pods(part: &Part) -> String {
    match part.pods {
        None => String::new(),
        Some(pods) if pods.total == 0 && part.role == Role::Workload => "no pods".to_owned(),
        Some(pods) if part.role == Role::Straggler => counted(pods.total, "pod"),
        Some(pods) => format!("{} of {}", pods.moved, counted(pods.total, "pod")),
    }
}

/// Since when something has been so.
fn since(remark: &Remark, now: DateTime<Utc>) -> String {
    remark
        .since
        .map_or_else(String::new, |time| format!(", since {} ({})", moment(time), span(now - time)))
}

const fn paint(word: Word) -> Paint {
    match word {
        Word::Moved => Paint::Green,
        Word::NotChecked => Paint::Dim,
        Word::Rolling | Word::Terminating | Word::JobRunning => Paint::Yellow,
        _ => Paint::Red,
    }
}

/// The report for people.
#[must_use]
pub fn text(verified: &Verified, now: DateTime<Utc>, color: bool) -> String {
    let mut out = String::new();
    for proof in &verified.proof.families {
        let title = format!("{} in {}", proof.family, verified.environment);
        let _ = writeln!(out, "{}  {}", Paint::Bold.on(&title, color), running(&proof.running));
        let words = proof.parts.iter().flat_map(|part| {
            let own = part.remarks.iter().map(|remark| remark.word.as_str().len());
            own.chain(std::iter::once(part.word().as_str().len())).collect::<Vec<_>>()
        });
        let width = column(words);
        for part in &proof.parts {
            let word = part.word();
            let label = paint(word).on(&format!("{word:width$}"), color);
            let pods = pods(part);
            let pods = if pods.is_empty() { pods } else { format!("  {pods}") };
            let _ = writeln!(out, "  {label}  {}{pods}", part.named());
            for remark in part.sorted() {
                let other = if remark.word == word { "" } else { remark.word.as_str() };
                let _ = writeln!(out, "  {other:width$}    {}{}", remark.text, since(remark, now));
                if let Some(next) = remark.next.as_ref().filter(|_| !remark.word.is_fine()) {
                    let _ = writeln!(out, "  {:width$}      {next}", "");
                }
            }
        }
        for (version, users) in &proof.old {
            let _ = writeln!(out, "  {version} is still used by {}", users_of(users));
        }
        for cost in &proof.costs {
            let _ = writeln!(out, "  rollback: {cost}");
        }
        out.push('\n');
    }
    for note in &verified.notes {
        let _ = writeln!(out, "note: {note}");
    }
    let _ = writeln!(out, "{}", verdict(verified));
    out
}

/// The last line: whether all has moved.
fn verdict(verified: &Verified) -> String {
    let parts = verified.proof.families.iter().flat_map(|family| &family.parts);
    let parts: Vec<&Part> = parts.collect();
    let waits = parts.iter().filter(|part| !part.word().is_fine()).count();
    let workloads = parts.iter().filter(|part| part.role == Role::Workload).count();
    let pods: usize = parts
        .iter()
        .filter(|part| part.role == Role::Workload)
        .filter_map(|part| part.pods)
        .map(|pods| pods.total)
        .sum();
    let unread = unread::verdict(&verified.proof.unread);
    if let Some(unread) = unread.filter(|_| waits == 0) {
        unread
    } else if waits == 0 {
        format!(
            "complete: {}, {}, all with what Git names in {}",
            counted(workloads, "workload"),
            counted(pods, "pod"),
            verified.environment
        )
    } else {
        format!("not complete: {waits} of {} still to do", counted(parts.len(), "object"))
    }
}

/// The report as Markdown, for a pull request or a wiki.
#[must_use]
pub fn markdown(verified: &Verified, now: DateTime<Utc>) -> String {
    let mut out = String::new();
    for proof in &verified.proof.families {
        let (family, environment) = (plain(&proof.family), plain(&verified.environment));
        let _ = writeln!(out, "## {family} in {environment}: {}\n", running(&proof.running));
        out.push_str("| state | object | pods | what keeps it |\n| --- | --- | --- | --- |\n");
        for part in &proof.parts {
            let said = part.sorted().into_iter().map(|remark| {
                let next = remark.next.as_ref().filter(|_| !remark.word.is_fine());
                let next = next.map_or_else(String::new, |next| format!(" {}", code(next)));
                format!("{}{}{next}", plain(&remark.text), since(remark, now))
            });
            let said: Vec<String> = said.collect();
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                part.word(),
                plain(&part.named()),
                pods(part),
                said.join("<br>")
            );
        }
        out.push('\n');
        for (version, users) in &proof.old {
            let _ = writeln!(out, "- {version} is still used by {}", plain(&users_of(users)));
        }
        for cost in &proof.costs {
            let _ = writeln!(out, "- Rollback: {}", plain(cost));
        }
        if !proof.old.is_empty() || !proof.costs.is_empty() {
            out.push('\n');
        }
    }
    for note in &verified.notes {
        let _ = writeln!(out, "- {}", plain(note));
    }
    let _ = writeln!(out, "\n{}", plain(&verdict(verified)));
    out
}

/// An annotation for each object that is not where Git has it.
#[must_use]
pub fn annotations(verified: &Verified) -> String {
    let mut out = String::new();
    for proof in &verified.proof.families {
        for part in proof.parts.iter().filter(|part| !part.word().is_fine()) {
            let Some(first) = part.sorted().into_iter().next() else { continue };
            let title = format!("{} {}", proof.family, part.word());
            let text = format!("{}: {}", part.named(), first.text);
            out.push_str(&command("error", &title, &text));
        }
    }
    out.push_str(&unread::annotations(&verified.proof.unread));
    out
}
