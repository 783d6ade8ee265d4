//! The JSON of `rotate verify`.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::ops::verify::Verified;
use crate::report::status::rfc3339;
use crate::report::verify::unread::UnreadView;
use crate::verify::part::{Part, Remark, Role, User};
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
    /// `workload`, `object`, `external-secret`, `builder` or `unmanaged`.
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
    /// Why it has not moved, the most urgent first.
    pub findings: Vec<RemarkView>,
}

/// Why an object has not moved.
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
    pub(in crate::report) fn new(input: &Input) -> Self {
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
                Role::Unmanaged => "unmanaged",
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
