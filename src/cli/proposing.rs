//! Pull requests, opened, brought up to date and closed, until they are those that there should be.

use std::collections::BTreeMap;

use crate::cli::args::Format;
use crate::cli::failure::Failure;
use crate::cli::outputs::{Outputs, headed};
use crate::cli::pulls::Ground;
use crate::cli::session::Session;
use crate::cli::{Status, outputs};
use crate::forge::marker::{Marker, Subject};
use crate::forge::pull::{NewPull, Pull};
use crate::forge::reconcile::{Step, Wanted, declined, reconcile};
use crate::forge::ticks;
use crate::history::remote::{File, Pushed};
use crate::plan::FileChange;
use crate::report::console::Console;
use crate::report::message::{self, Message};
use crate::report::pulls::{self as picture, Action, PullRequests, PullView};

/// A pull request that there should be, and what is in it.
pub struct Proposed {
    /// What it is about.
    pub wanted: Wanted,
    /// The files.
    pub changes: Vec<FileChange>,
    /// The commit's message; its first line is the title.
    pub message: String,
    /// The text.
    pub body: String,
}

/// Why a pull request is not wanted any more.
pub struct Gone {
    /// Closed, or superseded.
    pub action: Action,
    /// A lower-case phrase.
    pub why: String,
}

/// What a run looks after.
pub struct Care<'a> {
    /// Whether a pull request is among it.
    pub scope: &'a dyn Fn(&Subject) -> bool,
    /// Why one is not wanted any more.
    pub gone: &'a dyn Fn(&Marker) -> Gone,
}

/// What became of a branch.
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
    ground: &'a Ground<'a>,
    console: &'a Console,
    /// What the remote's branches are at, where this run has changed them.
    tips: BTreeMap<String, Option<String>>,
}

impl<'a> Run<'a> {
    /// A run that has done nothing yet.
    #[must_use]
    pub const fn new(ground: &'a Ground<'a>, console: &'a Console) -> Self {
        Self { ground, console, tips: BTreeMap::new() }
    }

    /// Takes every step; what fails keeps nothing else from being done.
    #[must_use]
    pub fn carry_out(
        mut self,
        proposed: &[Proposed],
        care: &Care<'_>,
    ) -> (PullRequests, Vec<Failure>) {
        let wanted: Vec<Wanted> = proposed.iter().map(|one| one.wanted.clone()).collect();
        let ground = self.ground;
        let steps = reconcile(&wanted, &ground.open, care.scope, ground.prefix());
        let (mut views, mut failures) = (Vec::new(), Vec::new());
        for step in steps {
            let done = match step {
                Step::Close { pull, marker, newer } => {
                    let newer = newer.map(|index| &wanted[index]);
                    self.close(pull, marker, newer, care)
                }
                Step::Keep { pull, wanted } => self.keep(pull, &proposed[wanted]),
                Step::Open { wanted } => self.open(&proposed[wanted]),
            };
            match done {
                Ok(view) => views.push(view),
                Err(failure) => failures.push(failure),
            }
        }
        (PullRequests::new(ground.base.clone(), views, ground.writes), failures)
    }

    fn close(
        &mut self,
        pull: &Pull,
        marker: &Marker,
        newer: Option<&Wanted>,
        care: &Care<'_>,
    ) -> Result<PullView, Failure> {
        let gone = match newer {
            Some(newer) => {
                let why = format!("{} takes its place", newer.version);
                Gone { action: Action::Superseded, why }
            }
            None => (care.gone)(marker),
        };
        if self.ground.writes {
            let closed = Marker { closed: true, ..marker.clone() };
            let text = Marker::split(&pull.body).map_or(&*pull.body, |(text, _)| text);
            let why = format!("Closed: {}.", gone.why);
            self.ground.client.close(pull.number, &closed.put(text), &why)?;
        }
        self.delete(&pull.branch)?;
        Ok(self.view(marker, Some(pull), gone.action, Some(gone.why)))
    }

    fn keep(&mut self, pull: &Pull, proposed: &Proposed) -> Result<PullView, Failure> {
        let branch = self.branch(proposed)?;
        let marker = marker(proposed);
        if branch == Branch::Left {
            let why =
                format!("`{}` has commits of others, which are left as they are", pull.branch);
            return Ok(self.view(&marker, Some(pull), Action::Left, Some(why)));
        }
        let (title, body) = (title(proposed), marker.put(&proposed.body));
        let body = ticks::keep(&pull.body, &body);
        let is_same = pull.title == title && ticks::same(&pull.body, &body);
        if self.ground.writes && !is_same {
            self.ground.client.update(pull.number, title, &body)?;
        }
        let is_done = branch == Branch::Fits && is_same;
        let action = if is_done { Action::Unchanged } else { Action::Updated };
        Ok(self.view(&marker, Some(pull), action, None))
    }

    fn open(&mut self, proposed: &Proposed) -> Result<PullView, Failure> {
        let marker = marker(proposed);
        let name = self.ground.branch(&marker.subject);
        let closed = self.ground.client.closed(&name)?;
        if let Some(pull) = declined(&proposed.wanted, &closed) {
            let why = format!(
                "#{} was closed by a person; reopen it, or wait for another version",
                pull.number
            );
            return Ok(self.view(&marker, Some(pull), Action::Declined, Some(why)));
        }
        if self.branch(proposed)? == Branch::Left {
            let why = format!("`{name}` has commits of others: merge them or delete the branch");
            return Ok(self.view(&marker, None, Action::Left, Some(why)));
        }
        if !self.ground.writes {
            return Ok(self.view(&marker, None, Action::Opened, None));
        }
        let new = NewPull {
            title: title(proposed).to_owned(),
            head: name.clone(),
            base: self.ground.base.clone(),
            body: marker.put(&proposed.body),
            draft: self.ground.args.draft,
        };
        match self.ground.client.create(&new)? {
            Some(pull) => {
                self.dress(&pull);
                Ok(self.view(&marker, Some(&pull), Action::Opened, None))
            }
            None => {
                let open = self.ground.client.open(&self.ground.base)?;
                // A fork may have a branch of the same name.
                let is_it = |pull: &&Pull| pull.branch == name && pull.marker.is_some();
                let theirs = open.iter().find(is_it);
                let why = "another run has just opened it".to_owned();
                Ok(self.view(&marker, theirs, Action::Unchanged, Some(why)))
            }
        }
    }

    /// Puts labels on a new pull request and asks for reviews; what is refused is told, and keeps nothing back.
    fn dress(&self, pull: &Pull) {
        let args = self.ground.args;
        let labelled = if args.labels.is_empty() {
            Ok(())
        } else {
            self.ground.client.label(pull.number, &args.labels)
        };
        let asked = if args.reviewers.is_empty() {
            Ok(())
        } else {
            self.ground.client.ask(pull.number, &args.reviewers)
        };
        for error in [labelled, asked].into_iter().filter_map(Result::err) {
            let message = Message { help: error.help(), ..Message::new(error.to_string()) };
            message::warning(&message, self.console);
        }
    }

    /// Sees to it that merging the branch gives what is proposed.
    fn branch(&mut self, proposed: &Proposed) -> Result<Branch, Failure> {
        let ground = self.ground;
        let (remote, base) = (&ground.remote, &*ground.tip);
        let files: Vec<File<'_>> =
            proposed.changes.iter().map(|one| (&one.path, one.after.as_deref())).collect();
        let tree = remote.tree(base, &files)?;
        let name = ground.branch(&proposed.wanted.subject);
        let there = self.tip(&name);
        match &there {
            Some(there) if remote.merges_to(base, there, &tree) => return Ok(Branch::Fits),
            Some(there) if !remote.is_own(base, there) => return Ok(Branch::Left),
            _ => {}
        }
        if !ground.writes {
            return Ok(Branch::Pushed);
        }
        let commit = remote.commit(base, &tree, &proposed.message)?;
        if remote.push(&commit, &name, there.as_deref())? == Pushed::Done {
            self.tips.insert(name, Some(commit));
            return Ok(Branch::Pushed);
        }
        // Another run was faster; if it wants the same, so much the better.
        remote.fetch(&ground.base, ground.prefix())?;
        self.tips.remove(&name);
        match self.tip(&name) {
            Some(there) if remote.merges_to(base, &there, &tree) => Ok(Branch::Fits),
            _ => Err(overtaken(&name)),
        }
    }

    /// Takes the branch of a closed pull request away, unless others have committed to it.
    fn delete(&mut self, name: &str) -> Result<(), Failure> {
        let Some(there) = self.tip(name) else { return Ok(()) };
        if !self.ground.remote.is_own(&self.ground.tip, &there) {
            return Ok(());
        }
        // Where somebody was faster, it is gone already, or has become somebody's.
        if self.ground.writes && self.ground.remote.delete(name, &there)? == Pushed::Stale {
            return Ok(());
        }
        self.tips.insert(name.to_owned(), None);
        Ok(())
    }

    fn tip(&self, name: &str) -> Option<String> {
        self.tips.get(name).cloned().unwrap_or_else(|| self.ground.remote.tip(name))
    }

    fn view(
        &self,
        marker: &Marker,
        pull: Option<&Pull>,
        action: Action,
        reason: Option<String>,
    ) -> PullView {
        PullView {
            family: marker.subject.family.clone(),
            environment: marker.subject.environment.clone(),
            version: marker.version.clone(),
            branch: self.ground.branch(&marker.subject),
            base: self.ground.base.clone(),
            number: pull.map(|pull| pull.number),
            url: pull.map(|pull| pull.url.clone()),
            action,
            reason,
        }
    }
}

/// What was done, on its way out.
pub struct Told<'a> {
    /// The command.
    pub command: &'a str,
    /// What was done.
    pub done: &'a PullRequests,
    /// What there is to say beside it, as Markdown.
    pub more: &'a str,
    /// Whether something failed, so that nothing done does not mean that there is nothing to do.
    pub has_failed: bool,
    /// How it is printed.
    pub format: Format,
}

impl Told<'_> {
    /// Prints it, and leaves the report and a workflow's outputs.
    ///
    /// # Errors
    /// When stdout takes no more, or a file cannot be written.
    pub fn tell(
        &self,
        session: &Session,
        outputs: &outputs::Args,
        console: &Console,
    ) -> Result<(), Failure> {
        let is_silent = self.has_failed && self.done.pull_requests.is_empty();
        let told = |text: fn(&PullRequests) -> String| {
            if is_silent { String::new() } else { text(self.done) }
        };
        let report = || format!("{}{}", told(picture::markdown), self.more);
        match self.format {
            Format::Json => console.json(self.done)?,
            Format::Markdown => console.result(&report())?,
            Format::Github => console.result(&told(picture::github))?,
            _ => console.result(&told(picture::text))?,
        }
        let left = Outputs {
            changed: self.done.is_change(),
            pulls: &self.done.pull_requests,
            findings: None,
        };
        let summary = || headed(self.command, &report());
        outputs.leave(session, self.format, || Ok(report()), summary, left)
    }
}

fn marker(proposed: &Proposed) -> Marker {
    let Wanted { subject, version, .. } = &proposed.wanted;
    Marker { subject: subject.clone(), version: version.clone(), closed: false }
}

fn title(proposed: &Proposed) -> &str {
    proposed.message.lines().next().unwrap_or_default()
}

fn overtaken(branch: &str) -> Failure {
    let text = format!("another run changes the branch `{branch}` at the same time");
    let message = Message::new(text).help("run it again");
    Failure { status: Status::Trouble, message: Box::new(message) }
}
