//! What a writing command would change: edits and new files, rebuilt in memory, resolved again, compared.
//!
//! A [`Plan`] is returned only once it is proved: the planned tree is resolved with the same resolver and
//! compared with the current tree.

pub mod back;
pub mod batch;
mod behind;
pub mod bump;
mod carried;
mod check;
pub mod commit;
mod cost;
mod draft;
pub mod fix;
pub mod from_store;
mod grants;
pub mod hold;
mod inputs;
pub mod monitor;
mod moves;
mod next;
mod overlay;
mod prove;
pub mod prune;
mod reads;
pub mod refusal;
pub mod remaining;
mod rendered;
pub mod request;
pub mod shift;
mod spell;
pub mod stored;
mod stub;
mod survey;
#[cfg(test)]
mod tests;
mod version;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::k8s::secret_name::{PLAIN, split};
use crate::kustomize::model::object::Identity;
use crate::plan::shift::Row;
use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::text::path::TreePath;
use crate::text::source::{Place, Source};

/// A plan to move one family of one environment to another version. A no-op if [`Plan::changes`] is empty.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The family and the environment.
    pub subject: Subject,
    /// The names that the environment's references have now, sorted.
    pub from: Vec<String>,
    /// The name that they get.
    pub to: String,
    /// The files to write, sorted by path.
    pub changes: Vec<FileChange>,
    /// Every effective reference that moves, by root, object and field.
    pub moved: Vec<Moved>,
    /// The traffic that moves instead of the references of a pair of colours.
    pub shifted: Vec<Row>,
    /// The stubs created for the new version.
    pub stubs: Vec<Stub>,
    /// The given pins that a stub entry uses.
    pub pins: BTreeSet<String>,
    /// What names the family but is left unchanged, and why.
    pub left: Vec<Left>,
    /// The remaining manual steps, in order, without the commit.
    pub next: Vec<NextStep>,
    /// Notes that do not block the change.
    pub notes: Vec<String>,
}

/// A file that is changed, created or removed.
#[derive(Debug, Clone)]
pub struct FileChange {
    /// The file.
    pub path: TreePath,
    /// Its text now; `None` for a new file.
    pub before: Option<Arc<Source>>,
    /// Its text afterwards; `None` for a file that is removed.
    pub after: Option<String>,
}

/// An effective reference that gets another name.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The build root.
    pub root: TreePath,
    /// The object that has the reference.
    pub object: Identity,
    /// The field, as shown to the user.
    pub field: String,
    /// The name it has.
    pub from: String,
    /// The name it gets.
    pub to: String,
    /// How the reference is moved.
    pub how: MoveKind,
    /// Whether only the value suggests that the field names a secret.
    pub by_value: bool,
    /// Where the current name is written.
    pub place: Place,
    /// The file that is changed for it.
    pub file: TreePath,
}

/// What moves a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MoveKind {
    /// The name is edited in place.
    InPlace,
    /// A guarded patch replaces it in an overlay.
    Patch,
    /// The new name is added next to the old one.
    Added,
    /// The environment's own values file sets it, since another one is shared.
    Set,
}

/// A stub for the new version.
#[derive(Debug, Clone)]
pub struct Stub {
    /// The new file.
    pub file: TreePath,
    /// The kustomization that lists it; `None` in a tree of plain manifests.
    pub listed_in: Option<TreePath>,
    /// The namespace in which it creates the secret, if Git sets one.
    pub namespace: Option<String>,
    /// The stub it is copied from; `None` if it is written from scratch.
    pub copied_from: Option<Place>,
}

/// A place that names the family and is not changed.
#[derive(Debug, Clone)]
pub struct Left {
    /// The object and field, as people write them.
    pub what: String,
    /// Where the name is written.
    pub place: Option<Place>,
    /// Why it stays.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

/// A thing for a person to do after the files are written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NextStep {
    /// What to do, a sentence.
    pub title: String,
    /// The command to run, if there is one.
    pub command: Option<String>,
    /// When it is to be done.
    pub stage: Stage,
}

/// When a step is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// First: the values are put where the new version is read from.
    Values,
    /// Then the change is committed; `--commit` does it.
    Commit,
    /// After that, and some of it later.
    Then,
}

/// What a name says of its version: 14 digits, or `plain`.
fn word_of(name: &str) -> &str {
    split(name).map_or(PLAIN, |(_, digits)| digits)
}

impl Plan {
    /// Begins the steps with those that check whether the store still has what the stubs of the version read, in the tree
    /// after the change.
    pub fn check_store(&mut self, after: &Repo) {
        let steps = next::still::steps(after, &self.subject, self.version());
        self.next.splice(0..0, steps);
    }

    /// Makes the step to the next environment pass its store's pin, with a command that has `VALUE` as a placeholder.
    pub fn give_pins(&mut self, environment: &str, command: String) {
        let is_next = |step: &NextStep| step.stage == Stage::Then && step.command.is_some();
        let at = self.next.iter().position(is_next).unwrap_or_else(|| {
            let title = format!("Promote the version to {environment}.");
            self.next.push(next::then(title, Some(command.clone())));
            self.next.len() - 1
        });
        self.next[at].command = Some(command);
        let title = format!(
            "Put the value into the store of {environment}, too: VALUE is the number or ID that the store assigns there."
        );
        self.next.insert(at, next::then(title, None));
    }

    /// The 14 digits that come, or `plain`.
    #[must_use]
    pub fn version(&self) -> &str {
        word_of(&self.to)
    }

    /// How many references move this way, counted by where they are written: several roots can read one.
    #[must_use]
    pub fn count(&self, how: MoveKind) -> usize {
        let moved = self.moved.iter().filter(|moved| moved.how == how);
        let written: BTreeSet<_> = moved
            .map(|moved| (moved.place.near_in_file().site(), &moved.object.kind, &moved.field))
            .collect();
        written.len()
    }

    /// Whether the tree is already as planned.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}
