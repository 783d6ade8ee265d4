//! The changes of a command as pull requests.

use crate::forge::marker::{Kind, Marker, PullKey};
use crate::forge::reconcile::Wanted;
use crate::ops::change::{Change, Described};
use crate::ops::failure::Failure;
use crate::ops::outcome::Context;
use crate::ops::promotions::Waiting;
use crate::ops::proposing::{Run, Scope};
use crate::ops::pull_requests::PullRequests;
use crate::ops::pulls::Target;
use crate::repo::Repo;
use crate::repo::subject::Subject;

/// Pull requests, with what else to report.
pub struct Proposals {
    /// The pull requests and what was done with them.
    pub pulls: PullRequests,
    /// The versions that wait.
    pub waiting: Vec<Waiting>,
    /// What failed.
    pub failures: Vec<Failure>,
}

/// A wanted pull request, and its content.
pub struct Proposed {
    /// Which pull request it is.
    pub wanted: Wanted,
    /// What merging it changes.
    pub change: Change,
    /// The text.
    pub body: String,
}

impl Proposed {
    /// The hidden comment of the pull request.
    #[must_use]
    pub fn marker(&self) -> Marker {
        let Wanted { key, version, .. } = &self.wanted;
        Marker { key: key.clone(), version: version.clone(), closed: false }
    }

    /// The first line of the commit's message, with the tree where a repository has several.
    #[must_use]
    pub fn title(&self) -> String {
        let first = self.change.message.subject();
        match &*self.wanted.key.tree {
            "" => first,
            tree => format!("{first} ({tree})"),
        }
    }
}

/// Collects the pull requests of a command.
pub struct ProposalBuilder<'a> {
    context: &'a Context<'a>,
    target: &'a Target<'a>,
    kind: Kind,
    proposed: Vec<Proposed>,
}

impl<'a> ProposalBuilder<'a> {
    /// No pull requests yet.
    #[must_use]
    pub const fn new(context: &'a Context<'a>, target: &'a Target<'a>, kind: Kind) -> Self {
        Self { context, target, kind, proposed: Vec::new() }
    }

    /// The key of the pull request of a subject.
    #[must_use]
    pub fn key(&self, subject: &Subject) -> PullKey {
        self.target.key(self.kind, subject)
    }

    /// Adds the pull request of a change. Without `opens`, an existing one is kept, but none is opened.
    pub fn add(&mut self, key: PullKey, planned: Described<'_>, opens: bool) {
        let change = Change::from(planned);
        let wanted = Wanted { key, version: change.version.clone(), opens };
        let body = (self.context.describe)(planned);
        self.proposed.push(Proposed { wanted, change, body });
    }

    /// Opens, updates and closes pull requests until they match those that were added; `repo` is the tree that they
    /// were planned on.
    #[must_use]
    pub fn carry_out(
        self,
        repo: &Repo,
        scope: &Scope<'_>,
        (waiting, mut failures): (Vec<Waiting>, Vec<Failure>),
    ) -> Proposals {
        let run = Run::new(self.target, repo, self.context.events);
        let (pulls, failed) = run.carry_out(&self.proposed, self.kind, scope);
        failures.extend(failed);
        Proposals { pulls, waiting, failures }
    }
}
