//! What the list is made of.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::ops::checklist::Given;
use crate::ops::checklist::commit::Publishing;
use crate::ops::checklist::words::code;
use crate::plan::stored::Stored;
use crate::plan::{NextStep, Plan};
use crate::repo::Repo;
use crate::repo::environment::{Environment, EnvironmentId};
use crate::repo::root::ProviderId;
use crate::repo::subject::{Family, Subject};
use crate::repo::usage::Running;
use crate::text::path::TreePath;
use crate::text::shell::{command, option};
use crate::text::source::Place;
use crate::timeline::Timeline;
use crate::timeline::gate::Gate;

/// A version of a family on its way, and all that is known of it.
pub(super) struct Facts<'a> {
    pub(super) repo: &'a Repo,
    pub(super) timeline: Option<&'a Timeline>,
    pub(super) family: &'a Family,
    pub(super) version: &'a str,
    /// The environments that the version goes through, in promotion order, the one that was asked for last.
    pub(super) environments: Vec<EnvironmentId>,
    pub(super) calls: Calls,
    pub(super) now: DateTime<Utc>,
    pub(super) given: &'a Given,
    /// The moves that are still to be made, as far as they can be planned.
    pub(super) moves: BTreeMap<EnvironmentId, Result<Move, Refused>>,
    /// What the rules say of the family.
    pub(super) lint: BTreeMap<EnvironmentId, Gate>,
    /// How the moves that the mainline lacks get there.
    pub(super) publishing: BTreeMap<EnvironmentId, Publishing>,
    /// The tree's root below that of the repository whose pull request carries the list; `None` for a list of the tree.
    pub(super) merge: Option<&'a TreePath>,
}

/// How programs are called.
pub(super) struct Calls {
    pub(super) rotate: String,
    /// `rotate bump`, with the flags of this run.
    pub(super) bump: String,
    /// `rotate verify`, with the flags of this run.
    pub(super) verify: String,
    /// `None` where there is no Git.
    pub(super) git: Option<String>,
}

/// A move that is still to be made.
#[derive(Default)]
pub(super) struct Move {
    /// The files of new stubs.
    pub(super) stubs: Vec<TreePath>,
    pub(super) next: Vec<NextStep>,
    /// The values that the version has after it.
    pub(super) stored: BTreeSet<Stored>,
}

/// Why a move cannot be planned, and the command that says more.
pub(super) struct Refused {
    pub(super) why: String,
    pub(super) command: Option<String>,
}

/// Where an environment is on its way to the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// It still runs something older, at least in part.
    Older,
    /// It runs the version alone.
    There,
    /// It runs newer versions only.
    Newer,
}

impl Move {
    pub(super) fn of(plan: &Plan, stored: BTreeSet<Stored>) -> Self {
        let stubs = plan.stubs.iter().map(|stub| stub.file.clone()).collect();
        Self { stubs, next: plan.next.clone(), stored }
    }
}

impl At {
    pub(super) fn of(running: &Running, version: &str) -> Self {
        if running.only() == Some(version) {
            return Self::There;
        }
        let is_newer = running.versions.iter().all(|one| one.as_str() > version);
        if is_newer && !running.plain && !running.is_empty() { Self::Newer } else { Self::Older }
    }
}

/// An environment on the list.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    pub(super) id: EnvironmentId,
    pub(super) environment: &'a Environment,
    pub(super) at: At,
}

impl<'a> Facts<'a> {
    pub(super) fn here(&self, id: EnvironmentId) -> Here<'a> {
        let at = At::of(&self.repo.running_of(id, self.family), self.version);
        Here { id, environment: &self.repo.environments[id], at }
    }

    pub(super) fn subject(&self, here: Here<'_>) -> Subject {
        Subject::new(&here.environment.name, self.family)
    }

    /// The command that lists the errors for the family in an environment.
    pub(super) fn lint_command(&self, name: &str) -> String {
        let options = option("--environment", name) + &option("--family", self.family);
        command(&format!("{} lint", self.calls.rotate), &[], &options)
    }

    /// The command that moves an environment to the version.
    pub(super) fn bump(&self, here: Here<'_>) -> String {
        let name = here.environment.name.as_str();
        let version = match self.repo.before(here.id, self.family) {
            Some(_) => String::new(),
            None => option("--version", self.version),
        };
        let mut holds = self.repo.config.holds_on(name, self.family);
        let is_held = holds.any(|hold| hold.version != self.version);
        let lift = if is_held { " --lift-hold" } else { "" };
        command(&self.calls.bump, &[name, self.family], &format!("{version}{lift}"))
    }

    /// A file as those see it who read the list.
    pub(super) fn path(&self, path: &TreePath) -> TreePath {
        let joined = self.merge.and_then(|prefix| prefix.join(path.as_str()));
        joined.unwrap_or_else(|| path.clone())
    }

    /// A place in a file, as those see it who read the list.
    pub(super) fn place_in(&self, place: &Place) -> String {
        let file = self.path(place.source.path());
        code(&format!("{file}:{}", place.position().line))
    }

    /// What provides a Secret, and where it is written.
    pub(super) fn place_of(&self, provider: ProviderId) -> String {
        let (root, provider) = self.repo.provider(provider);
        let object = root.object_that_provides(provider);
        let kind = object.kind();
        let Some(place) = object.node.origin.as_ref().map(|place| place.near_in_file()) else {
            return format!("{kind} {}", code(object.name()));
        };
        let file = self.path(place.source.path());
        format!("{kind} {} in {}", code(object.name()), code(file.as_str()))
    }
}
