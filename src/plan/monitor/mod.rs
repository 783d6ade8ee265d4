//! Writes the monitors that watch one family of one environment.

mod builtin;
mod fill;
mod object;
mod place;
mod planner;
mod value;

use std::collections::BTreeSet;

use crate::config::monitors::MonitorKind;
use crate::k8s::secret_name::split;
use crate::plan::{FileChange, NextStep, next};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Subject;
use crate::text::path::TreePath;
use crate::text::shell::{command, option};

pub use planner::plan;

/// A request for monitors of a family.
pub struct MonitorRequest<'a> {
    /// The family and the environment.
    pub subject: &'a Subject,
    /// The kind.
    pub kind: MonitorKind,
}

/// The monitors of a kind that watch a family in an environment. A no-op if [`Monitors::changes`] is empty.
#[derive(Debug, Clone)]
pub struct Monitors {
    /// The family and the environment.
    pub subject: Subject,
    /// The kind.
    pub kind: MonitorKind,
    /// Each monitor, by its file.
    pub monitors: Vec<Written>,
    /// The files to write, sorted by path.
    pub changes: Vec<FileChange>,
    /// Notes that do not block the change.
    pub notes: Vec<String>,
}

/// A monitor that is written, or is there already.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its name.
    pub name: String,
    /// The version that it watches; `None` for one that watches all.
    pub version: Option<String>,
    /// The namespace, if Git sets one.
    pub namespace: Option<String>,
    /// The template of `rotate.yaml`; `None` for a built-in one.
    pub template: Option<String>,
    /// The file.
    pub file: TreePath,
    /// The kustomization that lists it; `None` in a tree of plain manifests.
    pub listed_in: Option<TreePath>,
    /// What happens to the file.
    pub state: State,
}

/// What happens to the file of a monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is new.
    New,
    /// Its template says something else now.
    Updated,
    /// It is as it should be.
    Unchanged,
}

impl State {
    /// The word that programs read.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        }
    }
}

impl Monitors {
    /// Whether the tree is already as planned.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The versions of monitors that watch only one.
    #[must_use]
    pub fn versions(&self) -> Vec<&str> {
        let versions: BTreeSet<&str> =
            self.monitors.iter().filter_map(|one| one.version.as_deref()).collect();
        versions.into_iter().collect()
    }
}

/// The steps that write the monitors of a new version, for each kind of which the environment has monitors of one of the
/// versions that it leaves; `bump`: how `rotate bump` is called.
pub(super) fn renewals(
    (repo, environment): (&Repo, EnvironmentId),
    subject: &Subject,
    (from, to): (&[String], &str),
    bump: &str,
) -> Vec<NextStep> {
    let Some((_, new)) = split(to) else { return Vec::new() };
    let old: BTreeSet<&str> =
        from.iter().filter_map(|name| split(name)).map(|(_, version)| version).collect();
    let monitors = repo.monitors_of(environment, &subject.family);
    let kinds = |version: &str| -> BTreeSet<MonitorKind> {
        let of = monitors.iter().filter(|one| one.version() == Some(version));
        of.map(|one| one.kind).collect()
    };
    let known = kinds(new);
    let kinds: BTreeSet<MonitorKind> = old
        .iter()
        .flat_map(|version| kinds(version))
        .filter(|kind| !known.contains(kind))
        .collect();
    // Called for the same tree, with the same flags.
    let (call, helm) = bump.strip_suffix(" --helm").map_or((bump, ""), |call| (call, " --helm"));
    let program = format!("{} monitor{helm}", call.strip_suffix(" bump").unwrap_or(call));
    let old: Vec<&str> = old.into_iter().collect();
    let step = |kind: MonitorKind| {
        let title = format!(
            "Write the {} of {new}: that of {} watches its own version only, and goes with its stub when `rotate prune` removes that.",
            kind.object(),
            old.join(" and ")
        );
        let names = [subject.environment.as_str(), subject.family.as_str()];
        next::then(title, Some(command(&program, &names, &option("--as", kind.word()))))
    };
    kinds.into_iter().map(step).collect()
}
