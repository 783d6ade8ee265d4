//! The flags of `--pull-request`.

use crate::cli::args::{Global, variable};
use crate::cli::writing;
use crate::ops::failure::Failure;
use crate::ops::outcome::Context;
use crate::ops::pulls::Request;
use crate::ops::session::Access;
use crate::report::console::Console;

/// The flags of commands that can open pull requests.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Open or update one pull request per family and environment instead of changing files
    ///
    /// Uses the latest commit of the base branch on the remote, not what is checked out. Runs `git` to fetch and
    /// push, and `gh` to talk to GitHub. A newer version supersedes an older pull request; one that is no longer
    /// needed is closed; one that a person closed is not reopened for the same version.
    #[arg(long, conflicts_with_all = ["check", "commit", "allow_dirty", "mainline"])]
    pub pull_request: bool,

    /// Open pull requests against BRANCH; defaults to the remote's default branch
    #[arg(long, value_name = "BRANCH", requires = "pull_request")]
    base: Option<String>,

    /// Prefix for the branch names
    #[arg(long, value_name = "PREFIX", default_value = "rotate/", requires = "pull_request")]
    branch_prefix: String,

    /// Add the label NAME to new pull requests; can be given several times
    #[arg(long = "label", value_name = "NAME", value_delimiter = ',', requires = "pull_request")]
    labels: Vec<String>,

    /// Request a review of new pull requests from NAME, or a team as `ORGANIZATION/TEAM`; can be given several times
    #[arg(
        long = "reviewer",
        value_name = "NAME",
        value_delimiter = ',',
        requires = "pull_request"
    )]
    reviewers: Vec<String>,

    /// Open pull requests as drafts
    #[arg(long, requires = "pull_request")]
    draft: bool,
}

impl Args {
    /// Opens the tree, and calls a command with what it works with.
    ///
    /// # Errors
    /// When the tree, its configuration or the pull requests cannot be read, or the command fails.
    pub(super) fn with_context<T>(
        &self,
        writing: &writing::Args,
        (global, console): (&Global, &Console),
        run: impl FnOnce(&Context<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (session, writer) =
            global.open_with(console, self.access(writing), writing.helm.machine())?;
        let asked = self.request();
        let target = asked.as_ref().map(|asked| asked.target(&session, writing.dry_run));
        let target = target.transpose()?;
        run(&writing.context((&session, writer.as_ref()), target.as_ref(), console))
    }

    /// What is done with the tree: nothing, where pull requests are made.
    const fn access(&self, writing: &writing::Args) -> Access {
        if self.pull_request { Access::Read } else { writing.access() }
    }

    /// How pull requests are made; `None` without `--pull-request`.
    fn request(&self) -> Option<Request> {
        let has_token = ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN"];
        self.pull_request.then(|| Request {
            base: self.base.clone(),
            branch_prefix: self.branch_prefix.clone(),
            labels: self.labels.clone(),
            reviewers: self.reviewers.clone(),
            draft: self.draft,
            has_token: has_token.into_iter().any(variable),
            is_workflow: variable("GITHUB_ACTIONS"),
            has_repository: variable("GH_REPO"),
        })
    }
}
