//! What every command that looks into history begins with: the tree, its mainline, the present time.

use chrono::{DateTime, Utc};

use crate::cli::args::{Global, time};
use crate::ops::failure::Failure;
use crate::ops::session::{Access, Session, TreeWriter};
use crate::repo::Repo;
use crate::report::console::Console;
use crate::timeline::Timeline;
use crate::timeline::walk::Depth;

/// The flags of commands that look into history.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Read the history of BRANCH; the default is the default branch of the remote, or what is checked out
    #[arg(long, value_name = "BRANCH")]
    pub mainline: Option<String>,

    /// Take TIME (RFC 3339) for the present time
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<DateTime<Utc>>,
}

/// A tree in a Git repository, and the time it is looked at.
pub struct Opened {
    /// The opened tree.
    pub session: Session,
    /// What writes to it, where that was asked for.
    pub writer: Option<TreeWriter>,
    /// What it holds.
    pub repo: Repo,
    /// The present time.
    pub now: DateTime<Utc>,
}

impl Args {
    /// Opens the tree, loads it, and says what is wrong with it.
    ///
    /// # Errors
    /// When it is in no Git repository, or it or its configuration cannot be read.
    pub fn open(
        &self,
        global: &Global,
        console: &Console,
        access: Access,
    ) -> Result<Opened, Failure> {
        let (session, writer) = global.open(console, access)?;
        session.required_git()?;
        let repo = session.repo()?;
        session.report_problems(&repo, console);
        Ok(Opened { session, writer, repo, now: self.now() })
    }

    /// The time that counts as the present.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.at.unwrap_or_else(Utc::now)
    }

    /// What the mainline says.
    ///
    /// # Errors
    /// When its history cannot be read.
    pub fn timeline(&self, opened: &Opened, depth: Depth) -> Result<Timeline, Failure> {
        opened.session.timeline(&opened.repo, self.mainline.as_deref(), (depth, opened.now))
    }
}
