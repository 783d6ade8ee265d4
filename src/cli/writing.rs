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
}

impl Work {
    /// What becomes one commit.
    #[must_use]
    pub fn commit(&self) -> Commit {
        let message = Message::of(&self.plan, self.verb, &self.remarks);
        Commit { changes: self.changes().cloned().collect(), also: Vec::new(), message }
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

/// How many of several changes were written and committed, one after the other.
#[derive(Debug, Default)]
pub struct Made {
    /// Those whose files are written.
    written: usize,
    /// Those of them that are commits.
    pub committed: usize,
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
        let changed: Vec<&&Work> =
            work.iter().filter(|one| one.changes().next().is_some()).collect();
        let commits: Result<Vec<Commit>, Failure> =
            changed.iter().map(|one| one.whole(session, after, self.allow_dirty)).collect();
        let commits = commits?;
        let steps = |work: &[&&Work]| -> Vec<NextStep> {
            work.iter().flat_map(|one| one.plan.next.clone()).collect()
        };
        let mut made = Made::default();
        self.write(session, (&commits, &mut made), all, console).inspect_err(|_| {
            // What is committed, or only written, is there: what is left to a person is said all the same.
            if made.written > 0 {
                let left = &commits[made.committed..made.written];
                let next = self.next(session, left, &steps(&changed[..made.written]));
                self.show_next(&next, console);
            }
        })?;
        Ok(self.next(session, &commits[made.committed..], &steps(&changed)))
    }

    /// Writes changes, and makes the commits where they are asked for, counting those that are made.
    ///
    /// # Errors
    /// When files have uncommitted changes, or the system or Git refuses.
    pub fn write(
        &self,
        session: &Session,
        (commits, made): (&[Commit], &mut Made),
        all: &[FileChange],
        console: &Console,
    ) -> Result<(), Failure> {
        if !self.writes() {
            return Ok(());
        }
        session.refuse_ignored(all)?;
        session.refuse_uncommitted(all, self.allow_dirty)?;
        if !self.commit {
            return session.write(all);
        }
        let git = session.required_git()?;
        for one in commits {
            // One family after the other, so that each can be reverted alone.
            session.write(&one.changes)?;
            made.written += 1;
            let paths: Vec<TreePath> = one.files().cloned().collect();
            let commit = git.commit(&paths, &one.message.text())?;
            console.talk(&format!("Committed {commit}."));
            made.committed += 1;
        }
        Ok(())
    }

    /// What is left to a person, in order: the values, one commit of all, what comes after it.
    #[must_use]
    pub fn next(&self, session: &Session, commits: &[Commit], steps: &[NextStep]) -> Vec<NextStep> {
        let messages = commits.iter().map(|one| one.message.clone()).collect();
        let git = session.git_program();
        let files: BTreeSet<&str> =
            commits.iter().flat_map(Commit::files).map(TreePath::as_str).collect();
        let files: Vec<&str> = files.into_iter().collect();
        let commit = git.zip(Message::together(messages)).map(|(git, all)| all.step(&git, &files));
        let of = |stage: Stage| steps.iter().filter(move |step| step.stage == stage);
        let mut next: Vec<NextStep> = Vec::new();
        for step in of(Stage::Values).chain(commit.as_ref()).chain(of(Stage::Then)) {
            // Two families can have one value.
            if !next.contains(step) {
                next.push(step.clone());
            }
        }
        next
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
