//! Opens, updates and closes pull requests until they match what is wanted.

use std::collections::BTreeMap;

use crate::forge::marker::{Kind, Marker, PullKey, Text};
use crate::forge::pull::{NewPull, Pull};
use crate::forge::reconcile::{Task, Wanted, declined, reconcile};
use crate::forge::ticks;
use crate::git::remote::{File, Pushed};
use crate::ops::events::Events;
use crate::ops::failure::{Failure, Status};
use crate::ops::message::Message;
use crate::ops::proposals::Proposed;
use crate::ops::pull_requests::{Action, PullRequest, PullRequests};
use crate::ops::pulls::Target;
use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::text::markdown::line;

/// Why a pull request is no longer wanted.
pub struct Gone {
    /// Closed, or superseded.
    pub action: Action,
    /// A lower-case phrase.
    pub why: String,
}

/// Which pull requests of a command a run looks after.
pub struct Scope<'a> {
    /// Whether that of a subject is among them.
    pub has: &'a dyn Fn(&Subject) -> bool,
    /// Why one is not wanted any more.
    pub gone: &'a dyn Fn(&Marker) -> Gone,
}

/// What was done with a branch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Branch {
    /// Merging it gives what is wanted.
    Fits,
    /// It was pushed, or would be.
    Pushed,
    /// Others have committed to it.
    Left,
}

/// A run.
pub struct Run<'a> {
    target: &'a Target<'a>,
    events: &'a dyn Events,
    /// What cannot be read of the tree: what it would say of a pull request is not known.
    unreadable: Option<String>,
    /// What the remote's branches are at, where this run has changed them.
    tips: BTreeMap<String, Option<String>>,
    /// Whether something was left since its tree cannot be read.
    has_left: bool,
    /// Failures of steps that otherwise succeeded.
    failures: Vec<Failure>,
}

impl<'a> Run<'a> {
    /// A run that has done nothing yet.
    #[must_use]
    pub fn new(target: &'a Target<'a>, repo: &Repo, events: &'a dyn Events) -> Self {
        let mut roots = repo.roots.iter().filter(|root| root.environment.is_some());
        let failed = roots.find(|root| root.has_failed());
        let unreadable = failed.map(|root| format!("`{}` does not build", root.path.display()));
        Self {
            target,
            events,
            unreadable,
            tips: BTreeMap::new(),
            has_left: false,
            failures: Vec::new(),
        }
    }

    /// Runs every step for the pull requests of a command; a failure does not stop the others.
    #[must_use]
    pub fn carry_out(
        mut self,
        proposed: &[Proposed],
        kind: Kind,
        scope: &Scope<'_>,
    ) -> (PullRequests, Vec<Failure>) {
        let wanted: Vec<Wanted> = proposed.iter().map(|one| one.wanted.clone()).collect();
        let target = self.target;
        let ours = |key: &PullKey| {
            let subject = Subject::from(key);
            *key == target.key(kind, &subject) && (scope.has)(&subject)
        };
        let steps = reconcile(&wanted, &target.open, &ours, target.prefix());
        let closes = steps.iter().any(|step| matches!(step, Task::Close { .. }));
        let (mut views, mut failures) = (Vec::new(), Vec::new());
        if let Err(failure) = if closes { self.is_current() } else { Ok(()) } {
            failures.push(failure);
        } else {
            for step in steps {
                let done = match step {
                    Task::Close { pull, marker, newer } => {
                        let newer = newer.map(|index| &wanted[index]);
                        self.close(pull, marker, newer, scope)
                    }
                    Task::Keep { pull, wanted } => self.keep(pull, &proposed[wanted]),
                    Task::Open { wanted } => self.open(&proposed[wanted]),
                };
                match done {
                    Ok(view) => views.push(view),
                    Err(failure) => failures.push(failure),
                }
            }
        }
        failures.append(&mut self.failures);
        if let (true, Some(unreadable)) = (self.has_left, &self.unreadable) {
            let text = format!(
                "{unreadable} on {}; pull requests that it may affect were left as they are",
                target.mainline()
            );
            failures.push(Failure::usage(Message::new(text).help("`rotate lint` says why")));
        }
        (PullRequests { written: target.writes, base: target.base.clone(), all: views }, failures)
    }

    /// Checks that the base branch has not moved: nothing is closed based on an outdated state.
    fn is_current(&self) -> Result<(), Failure> {
        let Target { remote, base, tip, .. } = self.target;
        if remote.there(base)?.as_ref() == Some(tip) {
            return Ok(());
        }
        let text = format!("`{base}` changed during this run; nothing was done");
        Err(Failure::usage(Message::new(text).help("run it again")))
    }

    fn close(
        &mut self,
        pull: &Pull,
        marker: &Marker,
        newer: Option<&Wanted>,
        scope: &Scope<'_>,
    ) -> Result<PullRequest, Failure> {
        let gone = match (newer, &self.unreadable) {
            (Some(newer), _) => {
                let why = format!("{} takes its place", newer.version);
                Gone { action: Action::Superseded, why }
            }
            (None, Some(unreadable)) => {
                let why = format!("{unreadable}, so it is unknown whether it is still needed");
                self.has_left = true;
                return Ok(self.view(marker, Some(pull), Action::Left, Some(why)));
            }
            (None, None) => (scope.gone)(marker),
        };
        if self.target.writes {
            let closed = Marker { closed: true, ..marker.clone() };
            let body =
                Text::of(&pull.body).map_or_else(|| pull.body.clone(), |is| is.with(&closed));
            let why = format!("Closed: {}.", line(&gone.why));
            self.target.client.close(pull.number, &body, &why)?;
        }
        // It is closed, whatever becomes of its branch.
        if let Err(failure) = self.delete(pull) {
            self.failures.push(failure);
        }
        Ok(self.view(marker, Some(pull), gone.action, Some(gone.why)))
    }

    fn keep(&mut self, pull: &Pull, proposed: &Proposed) -> Result<PullRequest, Failure> {
        let branch = self.branch(proposed, None)?;
        let marker = proposed.marker();
        if branch == Branch::Left {
            let why =
                format!("`{}` has commits by others, which are left as they are", pull.branch);
            return Ok(self.view(&marker, Some(pull), Action::Left, Some(why)));
        }
        let text = Text::of(&pull.body);
        let (before, ours, after) =
            text.as_ref().map_or(("", "", ""), |text| (text.before, text.ours, text.after));
        let body = marker.put_between(before, &ticks::keep(ours, &proposed.body), after);
        let is_same = ticks::same(&pull.body, &body);
        if self.target.writes && !is_same {
            match self.target.client.update(pull.number, &body) {
                Err(error) if branch == Branch::Pushed => self.failures.push(error.into()),
                done => done?,
            }
        }
        let is_done = branch == Branch::Fits && is_same;
        let action = if is_done { Action::Unchanged } else { Action::Updated };
        Ok(self.view(&marker, Some(pull), action, None))
    }

    fn open(&mut self, proposed: &Proposed) -> Result<PullRequest, Failure> {
        let marker = proposed.marker();
        let name = self.target.branch(&marker.key);
        let known = self.target.client.of_branch(&name)?;
        let left = |pull: Option<&Pull>, why: String| {
            Ok(self.view(&marker, pull, Action::Left, Some(why)))
        };
        if let Some(pull) = self.open_there(&known) {
            let why = if pull.base != self.target.base {
                format!(
                    "`{name}` is proposed to `{}` by #{}; take another `--branch-prefix`",
                    pull.base, pull.number
                )
            } else if pull.marker.as_ref().map(|is| &is.key) == Some(&marker.key) {
                return self.keep(pull, proposed);
            } else {
                format!(
                    "the description of #{} has lost its identifying comment: close the pull request, or restore the comment",
                    pull.number
                )
            };
            return left(Some(pull), why);
        }
        if let Some(pull) = declined(&proposed.wanted, &self.target.base, &known) {
            let number = pull.number;
            let why =
                format!("#{number} was closed by a person; reopen it, or wait for another version");
            return Ok(self.view(&marker, Some(pull), Action::Declined, Some(why)));
        }
        // A merged branch is finished, no matter who committed to it.
        let there = self.tip(&name);
        let merged = known.iter().find(|pull| pull.is_merged && Some(&pull.tip) == there.as_ref());
        if self.branch(proposed, merged)? == Branch::Left {
            let why = format!("`{name}` has commits by others: merge them or delete the branch");
            return Ok(self.view(&marker, None, Action::Left, Some(why)));
        }
        if !self.target.writes {
            return Ok(self.view(&marker, None, Action::Opened, None));
        }
        let new = NewPull {
            title: proposed.title(),
            head: name.clone(),
            base: self.target.base.clone(),
            body: marker.put(&proposed.body),
            draft: self.target.request.draft,
        };
        if let Some(pull) = self.target.client.create(&new)? {
            self.decorate(&pull);
            return Ok(self.view(&marker, Some(&pull), Action::Opened, None));
        }
        // Another run was faster.
        let known = self.target.client.of_branch(&name)?;
        match self.open_there(&known) {
            Some(pull) => self.keep(pull, proposed),
            None => Err(overtaken(&name)),
        }
    }

    /// The open one, that to the same base first.
    fn open_there<'p>(&self, known: &'p [Pull]) -> Option<&'p Pull> {
        let mut open: Vec<&Pull> = known.iter().filter(|pull| pull.is_open).collect();
        open.sort_by_key(|pull| pull.base != self.target.base);
        open.first().copied()
    }

    /// Labels a new pull request and requests reviews; a failure is reported but does not stop the run.
    fn decorate(&self, pull: &Pull) {
        let args = self.target.request;
        let labelled = if args.labels.is_empty() {
            Ok(())
        } else {
            self.target.client.label(pull.number, &args.labels)
        };
        let asked = if args.reviewers.is_empty() {
            Ok(())
        } else {
            self.target.client.ask(pull.number, &args.reviewers)
        };
        for error in [labelled, asked].into_iter().filter_map(Result::err) {
            let message = Message { help: error.help(), ..Message::new(error.to_string()) };
            self.events.warning(message);
        }
    }

    /// Makes sure that merging the branch results in what is proposed.
    fn branch(&mut self, proposed: &Proposed, merged: Option<&Pull>) -> Result<Branch, Failure> {
        let target = self.target;
        let (remote, base) = (&target.remote, &*target.tip);
        let files: Vec<File<'_>> =
            proposed.change.files.iter().map(|one| (&one.path, one.after.as_deref())).collect();
        let tree = remote.tree(base, &files)?;
        let name = target.branch(&proposed.wanted.key);
        let there = self.tip(&name);
        match &there {
            Some(there) if remote.merges_to(base, there, &tree) => return Ok(Branch::Fits),
            Some(there) if merged.is_none() && !remote.is_own(base, there) => {
                return Ok(Branch::Left);
            }
            _ => {}
        }
        if !target.writes {
            return Ok(Branch::Pushed);
        }
        let commit = remote.commit(base, &tree, &proposed.change.message.text())?;
        if remote.push(&commit, &name, there.as_deref())? == Pushed::Done {
            self.tips.insert(name, Some(commit));
            return Ok(Branch::Pushed);
        }
        // Another run was faster; if it wants the same, so much the better.
        remote.fetch(&target.base, target.prefix())?;
        self.tips.remove(&name);
        match self.tip(&name) {
            Some(there) if remote.merges_to(base, &there, &tree) => Ok(Branch::Fits),
            _ => Err(overtaken(&name)),
        }
    }

    /// Deletes the branch of a closed pull request, unless others committed to it or another pull request uses it.
    fn delete(&mut self, pull: &Pull) -> Result<(), Failure> {
        let name = &*pull.branch;
        let Some(there) = self.tip(name) else { return Ok(()) };
        if !self.target.remote.is_own(&self.target.tip, &there) {
            return Ok(());
        }
        let known = self.target.client.of_branch(name)?;
        if known.iter().any(|one| one.is_open && one.number != pull.number) {
            return Ok(());
        }
        // Where somebody was faster, it is gone already, or has become somebody's.
        if self.target.writes && self.target.remote.delete(name, &there)? == Pushed::Stale {
            return Ok(());
        }
        self.tips.insert(name.to_owned(), None);
        Ok(())
    }

    fn tip(&self, name: &str) -> Option<String> {
        self.tips.get(name).cloned().unwrap_or_else(|| self.target.remote.tip(name))
    }

    fn view(
        &self,
        marker: &Marker,
        pull: Option<&Pull>,
        action: Action,
        reason: Option<String>,
    ) -> PullRequest {
        PullRequest {
            subject: Subject::from(&marker.key),
            version: marker.version.clone(),
            branch: self.target.branch(&marker.key),
            base: self.target.base.clone(),
            number: pull.map(|pull| pull.number),
            url: pull.map(|pull| pull.url.clone()),
            action,
            reason,
        }
    }
}

fn overtaken(branch: &str) -> Failure {
    let text = format!("another run is changing the branch `{branch}`");
    let message = Message::new(text).help("run it again");
    Failure { status: Status::Trouble, message: Box::new(message) }
}
