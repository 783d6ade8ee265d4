//! `--pull-request`: what was planned becomes a branch and a pull request of each family and environment.

use crate::cli::args::variable;
use crate::cli::writing;
use crate::forge::client::Client;
use crate::forge::marker::{Kind, Marker, Subject};
use crate::forge::pull::Pull;
use crate::history::error::HistoryError;
use crate::history::remote::{Access, Remote, is_branch};
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::ops::session::{self, Session};
use crate::repo::Repo;
use crate::report::proposal;

/// The remote that has the branches.
const REMOTE: &str = "origin";

/// The flags of commands that can open pull requests.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Change no file: open a pull request for each family and environment, and bring the open ones up to date
    ///
    /// The newest commit of the base branch counts, as the remote has it, not what is checked out. `git` fetches and
    /// pushes; GitHub is asked by `gh`. A newer version takes the place of an older pull request; one whose reason is
    /// gone is closed; one that a person closed is not opened again for the same version.
    #[arg(long, conflicts_with_all = ["check", "commit", "allow_dirty", "mainline"])]
    pub pull_request: bool,

    /// They go to BRANCH; the default is the default branch of the remote
    #[arg(long, value_name = "BRANCH", requires = "pull_request")]
    base: Option<String>,

    /// What the names of their branches begin with
    #[arg(long, value_name = "PREFIX", default_value = "rotate/", requires = "pull_request")]
    branch_prefix: String,

    /// Put the label NAME on the new ones; can be given several times
    #[arg(long = "label", value_name = "NAME", value_delimiter = ',', requires = "pull_request")]
    pub(super) labels: Vec<String>,

    /// Ask NAME, or a team as `ORGANISATION/TEAM`, to review the new ones; can be given several times
    #[arg(
        long = "reviewer",
        value_name = "NAME",
        value_delimiter = ',',
        requires = "pull_request"
    )]
    pub(super) reviewers: Vec<String>,

    /// Open them as drafts
    #[arg(long, requires = "pull_request")]
    pub(super) draft: bool,
}

/// The base branch as the remote has it, and the pull requests that go there.
pub struct Target<'s> {
    pub(super) args: &'s Args,
    pub(super) remote: Remote<'s>,
    pub(super) client: Client,
    /// The base branch.
    pub(super) base: String,
    /// Its newest commit.
    pub(super) tip: String,
    /// The open pull requests that go there.
    pub(super) open: Vec<Pull>,
    /// The tree's root below the repository's; empty where it is the same.
    tree: String,
    /// Whether anything is done, and not only told.
    pub(super) writes: bool,
}

impl Args {
    /// What is done with the tree: nothing, where pull requests are made.
    #[must_use]
    pub const fn access(&self, writing: &writing::Args) -> session::Access {
        if self.pull_request { session::Access::Read } else { writing.access() }
    }

    /// Fetches the base branch, and asks for the open pull requests; `None` without `--pull-request`.
    ///
    /// # Errors
    /// When there is no Git repository or no remote, or they or GitHub cannot be asked.
    pub fn target<'s>(
        &'s self,
        session: &'s Session,
        dry_run: bool,
    ) -> Result<Option<Target<'s>>, Failure> {
        if !self.pull_request {
            return Ok(None);
        }
        let git = session.required_git()?;
        let remote = git.remote(REMOTE, access())?;
        if !is_branch(&format!("{}x", self.branch_prefix)) {
            let text =
                format!("no branch can have a name that begins with `{}`", self.branch_prefix);
            let help = "`--branch-prefix rotate/` is what it is by default";
            return Err(Failure::usage(Message::new(text).help(help)));
        }
        let base = self.base.clone().map_or_else(|| remote.default_branch(), Ok)?;
        remote.fetch(&base, &self.branch_prefix)?;
        let unknown = || HistoryError::UnknownBranch { branch: base.clone(), shallow: false };
        let tip = remote.tip(&base).ok_or_else(unknown)?;
        let address = if variable("GH_REPO") { None } else { remote.address() };
        let client = Client::new(git.work_tree(), address.as_deref());
        let open = client.open(&base)?;
        let tree = git.prefix().as_str().to_owned();
        Ok(Some(Target { args: self, remote, client, base, tip, open, tree, writes: !dry_run }))
    }
}

impl Target<'_> {
    /// The tree that the pull requests are made on.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn repo(&self, session: &Session) -> Result<Repo, Failure> {
        let repo = session.newest(&self.mainline())?;
        if repo.environments.is_empty() {
            let place =
                if self.tree.is_empty() { String::new() } else { format!(" in `{}`", self.tree) };
            let text = format!("{} has no environment{place}", self.mainline());
            let help = "merge it there first; `rotate init` shows which environments are found in the work tree";
            return Err(Failure::usage(Message::new(text).help(help)));
        }
        Ok(repo)
    }

    /// What a pull request is about.
    #[must_use]
    pub fn subject(&self, kind: Kind, environment: &str, family: &str) -> Subject {
        let (environment, family) = (environment.to_owned(), family.to_owned());
        Subject { kind, tree: self.tree.clone(), environment, family }
    }

    /// What the base branch is called here.
    #[must_use]
    pub fn mainline(&self) -> String {
        self.remote.tracked(&self.base)
    }

    /// The branch of what a pull request is about.
    #[must_use]
    pub fn branch(&self, subject: &Subject) -> String {
        subject.branch(&self.args.branch_prefix)
    }

    /// What the branches of all of them begin with.
    pub(super) fn prefix(&self) -> &str {
        &self.args.branch_prefix
    }

    /// What is open for a subject already.
    #[must_use]
    pub fn marker(&self, subject: &Subject) -> Option<&Marker> {
        let markers = self.open.iter().filter(|pull| pull.branch == self.branch(subject));
        markers.filter_map(|pull| pull.marker.as_ref()).find(|marker| marker.subject == *subject)
    }
}

/// How the program is called for the tree: where it is checked out, or by those who read a pull request.
#[must_use]
pub fn program(session: &Session, target: Option<&Target<'_>>) -> String {
    target.map_or_else(|| session.program(), |_| proposal::program(&session.prefix()))
}

/// How the remote is reached: by the token that `gh` has, where a workflow gives it one.
fn access() -> Access {
    let has_token = ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN"].into_iter().any(variable);
    let bot = || {
        let address = "41898282+github-actions[bot]@users.noreply.github.com";
        ("github-actions[bot]".to_owned(), address.to_owned())
    };
    Access {
        helper: has_token.then(|| "!gh auth git-credential".to_owned()),
        author: variable("GITHUB_ACTIONS").then(bot),
    }
}
