//! What is said of one object: how far it is, why, and what to do next.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::cluster::object::Object;
use crate::cluster::word::{Saying, Word};
use crate::text::shell::{command, option};
use crate::verify::expected::Expected;
use crate::verify::site::Site;

/// How many users a sentence names.
const FEW: usize = 5;

/// What an object is to a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It runs pods.
    Workload,
    /// It names the secret and runs no pods itself.
    Object,
    /// It makes the Secret.
    Stub,
    /// It applies commits.
    Builder,
    /// It uses an old version, and nothing in Git says so.
    Unmanaged,
}

/// An object, and what is said of it.
#[derive(Debug, Clone)]
pub struct Part {
    /// What it is to a rotation.
    pub role: Role,
    /// The API group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace, where it is known.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The cluster, where there are several.
    pub cluster: Option<String>,
    /// The context by which kubectl asks it, where one was named.
    pub context: Option<String>,
    /// The Secrets that it should name.
    pub wanted: BTreeSet<String>,
    /// How many pods it has, and how many of them run what Git names; `None` where it has none itself.
    pub pods: Option<Tally>,
    /// What is said of it; empty if all is well.
    pub remarks: Vec<Remark>,
    /// Whether it, or a pod of it, is in the input.
    pub is_found: bool,
}

/// Pods that have not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many there are.
    pub total: usize,
    /// How many run what Git names.
    pub moved: usize,
    /// When the newest of them was started, where that is known.
    pub newest: Option<DateTime<Utc>>,
}

impl Tally {
    /// Counts more pods.
    pub(super) fn add(&mut self, more: Self) {
        self.total += more.total;
        self.moved += more.moved;
        self.newest = self.newest.max(more.newest);
    }
}

/// One thing that is said of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The word.
    pub word: Word,
    /// The same as a phrase.
    pub text: String,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// The pods that it is about.
    pub pods: Vec<String>,
    /// A command that shows more, or ends it.
    pub next: Option<String>,
}

/// What uses an old version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct User {
    /// The kind.
    pub kind: String,
    /// The namespace.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// Whether it is being stopped.
    pub is_terminating: bool,
}

impl Remark {
    /// Something that is said.
    #[must_use]
    pub fn new(word: Word, text: impl Into<String>) -> Self {
        Self { word, text: text.into(), since: None, pods: Vec::new(), next: None }
    }

    /// The same with a command.
    #[must_use]
    pub fn next(mut self, next: Option<String>) -> Self {
        self.next = next;
        self
    }
}

impl From<&Saying> for Remark {
    fn from(saying: &Saying) -> Self {
        Self { since: saying.since, ..Self::new(saying.word, saying.text.clone()) }
    }
}

impl Part {
    /// Something that Git has, of which nothing is said yet.
    pub(super) fn of(expected: &Expected<'_>, cluster: Site<'_>) -> Self {
        Self {
            role: if expected.runs_pods() { Role::Workload } else { Role::Object },
            group: expected.group.to_owned(),
            kind: expected.kind.to_owned(),
            namespace: expected.namespace.map(str::to_owned),
            name: expected.name.to_owned(),
            cluster: cluster.label(),
            context: cluster.context(None),
            wanted: expected.all().map(str::to_owned).collect(),
            pods: None,
            remarks: Vec::new(),
            is_found: false,
        }
    }

    /// Something that is in the cluster.
    pub(super) fn live(role: Role, object: &Object, cluster: Site<'_>) -> Self {
        Self {
            role,
            group: object.group.to_string(),
            kind: object.kind.to_string(),
            namespace: object.namespace.as_deref().map(str::to_owned),
            name: object.name.clone(),
            cluster: cluster.label(),
            context: cluster.context(Some(object)),
            wanted: BTreeSet::new(),
            pods: None,
            remarks: Vec::new(),
            is_found: true,
        }
    }

    /// How far it is: the first word of all that is said of it.
    #[must_use]
    pub fn word(&self) -> Word {
        self.remarks.iter().map(|remark| remark.word).min().unwrap_or(Word::Moved)
    }

    /// What is said of it, the most urgent first.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Remark> {
        let mut remarks: Vec<&Remark> = self.remarks.iter().collect();
        remarks.sort_by_key(|remark| remark.word);
        remarks
    }

    /// What keeps it from being complete, if anything does, as a phrase.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let first = self.sorted().into_iter().find(|remark| !remark.word.is_fine())?;
        Some(self.says(first))
    }

    /// One thing that is said of it, as a phrase.
    #[must_use]
    pub fn says(&self, remark: &Remark) -> String {
        format!("{} is {}: {}", self.named(), remark.word, remark.text)
    }

    /// `Deployment shop/web`, with the cluster where there are several.
    #[must_use]
    pub fn named(&self) -> String {
        let namespace = self.namespace.as_ref().map_or_else(String::new, |name| format!("{name}/"));
        let cluster = self.cluster.as_ref().map_or_else(String::new, |name| format!(" in {name}"));
        format!("{} {namespace}{}{cluster}", self.kind, self.name)
    }

    /// The options by which kubectl looks in its namespace, in the cluster that was asked.
    pub(super) fn place(&self) -> String {
        let set = |name: &str, to: &Option<String>| to.as_deref().map(|to| option(name, to));
        let context = set("--context", &self.context).unwrap_or_default();
        let namespace = set("-n", &self.namespace).unwrap_or_default();
        format!("{context}{namespace}")
    }

    /// By which it is sorted.
    pub(super) fn key(&self) -> impl Ord + '_ {
        (self.role, &self.namespace, &self.kind, &self.name, &self.cluster)
    }

    /// A command of kubectl about it, `verb` and its options.
    #[must_use]
    pub fn kubectl(&self, verb: &str, options: &str) -> String {
        self.kubectl_beside(verb, (&self.group, &self.kind), &self.name, options)
    }

    /// A command of kubectl about an object in its namespace.
    pub(super) fn kubectl_beside(
        &self,
        verb: &str,
        (group, kind): (&str, &str),
        name: &str,
        options: &str,
    ) -> String {
        let object = format!("{}/{name}", resource(group, kind));
        command(&format!("kubectl {verb}"), &[&object], &format!("{}{options}", self.place()))
    }
}

/// Some of what uses a version, in a sentence.
#[must_use]
pub fn users_of(users: &[User]) -> String {
    let name = |user: &User| {
        let namespace = user.namespace.as_ref().map_or_else(String::new, |name| format!("{name}/"));
        let ending = if user.is_terminating { " (being stopped)" } else { "" };
        format!("{} {namespace}{}{ending}", user.kind, user.name)
    };
    let few: Vec<String> = users.iter().take(FEW).map(name).collect();
    let more = users.len().saturating_sub(FEW);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", few.join(", "))
}

/// What kubectl calls a kind.
#[must_use]
pub fn resource(group: &str, kind: &str) -> String {
    let kind = kind.to_lowercase();
    if matches!(group, "" | "apps" | "batch") { kind } else { format!("{kind}.{group}") }
}
