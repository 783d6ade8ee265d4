//! The flags of commands that change files, and how their changes are shown.

use crate::cli::helm;
use crate::ops::change::Described;
use crate::ops::failure::Failure;
use crate::ops::outcome::Context;
use crate::ops::pulls::Target;
use crate::ops::rotation::Rotation;
use crate::ops::session::{Access, Session, TreeWriter};
use crate::ops::writing::{Mode, Writing};
use crate::plan::{FileChange, NextStep};
use crate::report::console::Console;
use crate::report::plan as picture;
use crate::report::proposal::Proposal;
use crate::report::prune;

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

    /// Make one commit per family with the system's git, including hooks and signing
    #[arg(long, conflicts_with_all = ["dry_run", "check"])]
    pub commit: bool,

    /// Also change files that have uncommitted changes
    #[arg(long)]
    pub allow_dirty: bool,

    #[command(flatten)]
    pub(super) helm: helm::Args,
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

    /// What a command works with; `writer` is what the tree was opened with, `target` is where pull requests go.
    pub(super) fn context<'a>(
        &self,
        (session, writer): (&'a Session, Option<&'a TreeWriter>),
        target: Option<&'a Target<'a>>,
        console: &'a Console,
    ) -> Context<'a> {
        let describe = &|planned: Described<'_>| match planned {
            Described::Rotation(rotation, on) => Proposal::of(rotation, on).markdown(),
            Described::Removal(plan) => prune::markdown(plan),
        };
        Context { session, target, writing: self.how(writer), events: console, describe }
    }

    const fn how<'w>(&self, writer: Option<&'w TreeWriter>) -> Writing<'w> {
        let mode = match writer {
            _ if self.check => Mode::Check,
            Some(writer) if self.commit => Mode::Commit(writer),
            Some(writer) if !self.dry_run => Mode::Write(writer),
            _ => Mode::DryRun,
        };
        Writing { mode, allow_dirty: self.allow_dirty }
    }

    /// Shows the diff, where that is asked for, and what was or would be done.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn show(
        &self,
        rotations: &[Rotation],
        all: &[FileChange],
        next: &[NextStep],
        console: &Console,
    ) -> Result<(), Failure> {
        self.show_diff(all, console)?;
        let written = self.writes();
        for one in rotations {
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
    /// When stdout cannot be written to.
    pub fn show_diff(&self, all: &[FileChange], console: &Console) -> Result<(), Failure> {
        if self.dry_run {
            console.result(&picture::diff(all, console.color_out))?;
        }
        Ok(())
    }

    /// Shows what is left to a person.
    pub fn show_next(&self, next: &[NextStep], console: &Console) {
        if !self.check {
            let when = if self.writes() { "" } else { ", once the change is written" };
            picture::show_next(next, when, console);
        }
    }
}
