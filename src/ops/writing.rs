//! What every command that changes files does with its plans: write them, commit them, say what is left to a person.

use std::collections::BTreeSet;

use crate::ops::events::{Event, Events};
use crate::ops::failure::Failure;
use crate::ops::needed::needed;
use crate::ops::session::{Session, TreeWriter};
use crate::plan::commit::{Message, Remark};
use crate::plan::{FileChange, NextStep, Plan, Stage};
use crate::repo::Repo;
use crate::text::path::TreePath;

/// What is done with changes.
#[derive(Clone, Copy)]
pub enum Mode<'w> {
    /// They are shown.
    DryRun,
    /// They are only counted: the exit status says whether there are any.
    Check,
    /// They are written.
    Write(&'w TreeWriter),
    /// They are written and committed.
    Commit(&'w TreeWriter),
}

/// How changes are written.
#[derive(Clone, Copy)]
pub struct Writing<'w> {
    /// What is done with them.
    pub mode: Mode<'w>,
    /// Whether files with uncommitted changes may be changed.
    pub allow_dirty: bool,
}

/// A plan, with what else goes into its commit.
pub struct Work {
    /// The plan.
    pub plan: Plan,
    /// Changes of settings that belong to it.
    pub settings: Vec<FileChange>,
    /// What the commit's message says beside it.
    pub remarks: Vec<Remark>,
    /// What the commit does, as its first word: `Bump`, `Promote`, `Roll back`, `Hold`.
    pub verb: &'static str,
}

/// Changes that become one commit, where commits are asked for.
pub struct Commit {
    /// The changes.
    pub changes: Vec<FileChange>,
    /// Files that are on disk already and belong to it.
    pub also: Vec<TreePath>,
    /// The commit's message.
    pub message: Message,
    /// What is left to a person of it.
    pub next: Vec<NextStep>,
}

impl Work {
    /// What becomes one commit.
    #[must_use]
    pub fn commit(&self) -> Commit {
        let message = Message::of(&self.plan, self.verb, &self.remarks);
        let (changes, next) = (self.changes().cloned().collect(), self.plan.next.clone());
        Commit { changes, also: Vec::new(), message, next }
    }

    fn changes(&self) -> impl Iterator<Item = &FileChange> {
        self.plan.changes.iter().chain(&self.settings)
    }

    /// What becomes one commit, with the files on disk that its result needs.
    fn whole(
        &self,
        session: &Session,
        after: &Repo,
        allows_dirty: bool,
    ) -> Result<Commit, Failure> {
        let changes: Vec<&FileChange> = self.changes().collect();
        let also = needed(session, after, &self.plan, &changes, allows_dirty)?;
        Ok(Commit { also, ..self.commit() })
    }
}

impl Commit {
    /// Every file of it.
    fn files(&self) -> impl Iterator<Item = &TreePath> {
        self.changes.iter().map(|change| &change.path).chain(&self.also)
    }
}

impl Writing<'_> {
    /// Writes what was planned, and commits it where that is asked for; gives what is left to a person. `after` is the tree
    /// with all of it.
    ///
    /// # Errors
    /// When files have uncommitted changes, or the system or Git refuses.
    pub fn carry_out(
        &self,
        session: &Session,
        work: &[&Work],
        (all, after): (&[FileChange], &Repo),
        events: &dyn Events,
    ) -> Result<Vec<NextStep>, Failure> {
        let changed = work.iter().filter(|one| one.changes().next().is_some());
        let commits: Result<Vec<Commit>, Failure> =
            changed.map(|one| one.whole(session, after, self.allow_dirty)).collect();
        self.write(session, &commits?, all, events)
    }

    /// Writes changes, and makes the commits where they are asked for; gives what is left to a person. Where one of several
    /// commits fails, what is left of those that are written is shown.
    ///
    /// # Errors
    /// When files have uncommitted changes, or the system or Git refuses.
    pub fn write(
        &self,
        session: &Session,
        commits: &[Commit],
        all: &[FileChange],
        events: &dyn Events,
    ) -> Result<Vec<NextStep>, Failure> {
        if matches!(self.mode, Mode::Write(_) | Mode::Commit(_)) {
            session.refuse_ignored(all)?;
            session.refuse_uncommitted(all, self.allow_dirty)?;
        }
        let mut done = Done::default();
        match self.mode {
            Mode::DryRun | Mode::Check => {}
            Mode::Write(writer) => writer.write(all)?,
            Mode::Commit(writer) => {
                let made = commit_each(session, writer, commits, &mut done, events);
                made.inspect_err(|_| {
                    let left = next(session, &commits[..done.written], done.committed);
                    events.event(Event::Next(left));
                })?;
            }
        }
        Ok(next(session, commits, done.committed))
    }
}

/// How many of several commits are on disk, and how many of those in Git.
#[derive(Default)]
struct Done {
    written: usize,
    committed: usize,
}

/// One commit after the other, so that each can be reverted alone.
fn commit_each(
    session: &Session,
    writer: &TreeWriter,
    commits: &[Commit],
    done: &mut Done,
    events: &dyn Events,
) -> Result<(), Failure> {
    let git = session.required_git()?;
    for one in commits {
        writer.write(&one.changes)?;
        done.written += 1;
        let paths: Vec<TreePath> = one.files().cloned().collect();
        let commit = git.commit(&paths, &one.message.text())?;
        events.info(format!("Committed {commit}."));
        done.committed += 1;
    }
    Ok(())
}

/// Of all changes those of settings: several families can change one file.
#[must_use]
pub fn settings(work: &[&Work], all: &[FileChange]) -> Vec<FileChange> {
    let own: BTreeSet<&TreePath> =
        work.iter().flat_map(|one| &one.settings).map(|change| &change.path).collect();
    all.iter().filter(|change| own.contains(&change.path)).cloned().collect()
}

/// What is left to a person of changes of which the first are committed, in order: the values, one commit of the others, what
/// comes after it.
fn next(session: &Session, all: &[Commit], committed: usize) -> Vec<NextStep> {
    let commits = &all[committed..];
    let messages = commits.iter().map(|one| one.message.clone()).collect();
    let git = session.git_program();
    let files: BTreeSet<&str> =
        commits.iter().flat_map(Commit::files).map(TreePath::as_str).collect();
    let files: Vec<&str> = files.into_iter().collect();
    let commit = git.zip(Message::together(messages)).map(|(git, all)| all.step(&git, &files));
    let steps = all.iter().flat_map(|one| &one.next);
    let of = |stage: Stage| steps.clone().filter(move |step| step.stage == stage);
    let mut next: Vec<NextStep> = Vec::new();
    for step in of(Stage::Values).chain(commit.as_ref()).chain(of(Stage::Then)) {
        // Two families can have one value.
        if !next.contains(step) {
            next.push(step.clone());
        }
    }
    next
}
