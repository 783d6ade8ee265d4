//! What every command that changes files does with its changes: write them, commit them, say what is left to a person.

use std::collections::BTreeSet;

use crate::git::repository::Git;
use crate::ops::change::Change;
use crate::ops::events::{Event, Events};
use crate::ops::failure::Failure;
use crate::ops::needed::needed;
use crate::ops::session::{Session, TreeWriter};
use crate::plan::commit::{Message, push};
use crate::plan::{FileChange, NextStep, Stage};
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

/// A change that becomes one commit, where commits are asked for.
struct Commit<'c> {
    change: &'c Change,
    /// Files that are on disk already and that its result needs.
    also: Vec<TreePath>,
}

impl Commit<'_> {
    /// Every file of it.
    fn files(&self) -> impl Iterator<Item = &TreePath> {
        self.change.files.iter().map(|file| &file.path).chain(&self.also)
    }
}

impl Writing<'_> {
    /// Writes changes, and makes a commit of each where that is asked for; gives what is left to a person. `all` is every
    /// file of them, and `after` is the tree with all of it. Where one of several commits fails, what is left of those
    /// that are written is shown.
    ///
    /// # Errors
    /// When files have uncommitted changes, or the system or Git refuses.
    pub fn carry_out(
        &self,
        session: &Session,
        changes: &[Change],
        (all, after): (&[FileChange], &Repo),
        events: &dyn Events,
    ) -> Result<Vec<NextStep>, Failure> {
        let commit = |change| -> Result<Commit<'_>, Failure> {
            Ok(Commit { change, also: needed(session, after, change, self.allow_dirty)? })
        };
        let changes = changes.iter().filter(|change| !change.is_empty());
        let commits = changes.map(commit).collect::<Result<Vec<_>, Failure>>()?;
        match self.mode {
            Mode::Write(_) | Mode::Commit(_) => session.refuse(all, self.allow_dirty)?,
            // Where Git cannot tell, the run that writes says so.
            Mode::DryRun => {
                if let Ok(Some(mut why)) = session.obstacle(all, self.allow_dirty) {
                    why.text = format!("without `--dry-run`, this is refused: {}", why.text);
                    events.warning(why);
                }
            }
            Mode::Check => {}
        }
        let mut done = Done::default();
        match self.mode {
            Mode::DryRun | Mode::Check => {}
            Mode::Write(writer) => writer.write(all)?,
            Mode::Commit(writer) => {
                let made = commit_each(session, writer, &commits, &mut done, events);
                made.inspect_err(|_| {
                    let left = next(session, &commits[..done.written], done.committed);
                    events.event(Event::Next(left));
                })?;
            }
        }
        Ok(next(session, &commits, done.committed))
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
    commits: &[Commit<'_>],
    done: &mut Done,
    events: &dyn Events,
) -> Result<(), Failure> {
    let git = session.required_git()?;
    for one in commits {
        writer.write(&one.change.files)?;
        done.written += 1;
        let paths: Vec<TreePath> = one.files().cloned().collect();
        let commit = git.commit(&paths, &one.change.message.text())?;
        events.info(format!("Committed {commit}."));
        done.committed += 1;
    }
    Ok(())
}

/// What is left to a person of changes of which the first are committed, in order: the values, one commit of the others or the
/// push of all, what comes after it.
fn next(session: &Session, all: &[Commit<'_>], committed: usize) -> Vec<NextStep> {
    let commits = &all[committed..];
    let messages = commits.iter().map(|one| one.change.message.clone()).collect();
    let git = session.git_program();
    let files: BTreeSet<&str> =
        commits.iter().flat_map(Commit::files).map(TreePath::as_str).collect();
    let files: Vec<&str> = files.into_iter().collect();
    let commit = git.as_ref().zip(Message::together(messages));
    let pushes = session.git().is_some_and(Git::has_upstream);
    let commit = commit.map(|(git, all)| all.step(git, &files, pushes));
    // Whoever pushes first has pods that wait for a value.
    let push = git.filter(|_| commits.is_empty() && committed > 0).map(|git| push(&git));
    let steps = all.iter().flat_map(|one| &one.change.next);
    let of = |stage: Stage| steps.clone().filter(move |step| step.stage == stage);
    let mut next: Vec<NextStep> = Vec::new();
    for step in of(Stage::Values).chain(commit.as_ref()).chain(push.as_ref()).chain(of(Stage::Then))
    {
        // Two families can have one value.
        if !next.contains(step) {
            next.push(step.clone());
        }
    }
    next
}
