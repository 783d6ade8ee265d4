//! What every command that changes files does with its plans: show them, write them, commit them.

use std::collections::BTreeSet;

use crate::cli::failure::Failure;
use crate::cli::needed::needed;
use crate::cli::session::{Access, Session};
use crate::plan::commit::{Message, Remark};
use crate::plan::{FileChange, NextStep, Plan, Stage};
use crate::repo::Repo;
use crate::report::console::Console;
use crate::report::plan as picture;
use crate::text::path::TreePath;

/// The flags of commands that change files.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Print the diff and write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Write nothing, and exit with 1 if something would change
    #[arg(long, conflicts_with = "dry_run")]
    pub check: bool,

    /// Make a commit of each family, by the git of the system, with its hooks and signing
    #[arg(long, conflicts_with_all = ["dry_run", "check"])]
    pub commit: bool,

    /// Also change files that have uncommitted changes
    #[arg(long)]
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

impl Args {
    /// What is done with the tree.
    #[must_use]
    pub const fn access(&self) -> Access {
        if self.dry_run || self.check { Access::Read } else { Access::Write }
    }

    /// Whether files are written.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.access() == Access::Write
    }

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
        console: &Console,
    ) -> Result<Vec<NextStep>, Failure> {
        let changed = work.iter().filter(|one| one.changes().next().is_some());
        let commits: Result<Vec<Commit>, Failure> =
            changed.map(|one| one.whole(session, after, self.allow_dirty)).collect();
        self.write(session, &commits?, all, console)
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
        console: &Console,
    ) -> Result<Vec<NextStep>, Failure> {
        let (mut written, mut committed) = (0, 0);
        if self.writes() {
            session.refuse_ignored(all)?;
            session.refuse_uncommitted(all, self.allow_dirty)?;
        }
        if self.writes() && !self.commit {
            session.write(all)?;
        } else if self.commit {
            let made = self.commit_each(session, commits, (&mut written, &mut committed), console);
            made.inspect_err(|_| {
                self.show_next(&next(session, &commits[..written], committed), console);
            })?;
        }
        Ok(next(session, commits, committed))
    }

    /// One commit after the other, so that each can be reverted alone.
    fn commit_each(
        &self,
        session: &Session,
        commits: &[Commit],
        (written, committed): (&mut usize, &mut usize),
        console: &Console,
    ) -> Result<(), Failure> {
        let git = session.required_git()?;
        for one in commits {
            session.write(&one.changes)?;
            *written += 1;
            let paths: Vec<TreePath> = one.files().cloned().collect();
            let commit = git.commit(&paths, &one.message.text())?;
            console.talk(&format!("Committed {commit}."));
            *committed += 1;
        }
        Ok(())
    }

    /// Shows the diff, where that is asked for, and what was or would be done.
    ///
    /// # Errors
    /// When stdout takes no more.
    pub fn show(
        &self,
        work: &[&Work],
        all: &[FileChange],
        next: &[NextStep],
        console: &Console,
    ) -> Result<(), Failure> {
        self.show_diff(all, console)?;
        let written = self.writes();
        for one in work {
            let plan = &one.plan;
            console.talk(picture::summary(plan, written, console.color_err).trim_end());
            for remark in &one.remarks {
                console.talk(&format!("  {}: {}", remark.word(), remark.text));
            }
        }
        self.show_next(next, console);
        Ok(())
    }

    /// Shows the diff, where that is asked for.
    ///
    /// # Errors
    /// When stdout takes no more.
    pub fn show_diff(&self, all: &[FileChange], console: &Console) -> Result<(), Failure> {
        if self.dry_run {
            console.result(&picture::diff(all, console.color_out))?;
        }
        Ok(())
    }

    /// Shows what is left to a person.
    pub fn show_next(&self, next: &[NextStep], console: &Console) {
        let steps = picture::next_steps(next, console.color_err);
        if steps.is_empty() || self.check {
            return;
        }
        let when = if self.writes() { "" } else { ", once it is written" };
        console.talk(&format!("\nNext{when}:\n{steps}"));
    }
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

/// Each name once, in the order in which they were given.
#[must_use]
pub fn unique(names: &[String]) -> Vec<String> {
    let mut unique: Vec<String> = Vec::new();
    for name in names {
        if !unique.contains(name) {
            unique.push(name.clone());
        }
    }
    unique
}
