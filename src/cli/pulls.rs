//! The flags of `--pull-request`.

use crate::cli::args::variable;
use crate::cli::writing;
use crate::ops::pulls::Request;
use crate::ops::session::Access;

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
    labels: Vec<String>,

    /// Ask NAME, or a team as `ORGANISATION/TEAM`, to review the new ones; can be given several times
    #[arg(
        long = "reviewer",
        value_name = "NAME",
        value_delimiter = ',',
        requires = "pull_request"
    )]
    reviewers: Vec<String>,

    /// Open them as drafts
    #[arg(long, requires = "pull_request")]
    draft: bool,
}

impl Args {
    /// What is done with the tree: nothing, where pull requests are made.
    #[must_use]
    pub const fn access(&self, writing: &writing::Args) -> Access {
        if self.pull_request { Access::Read } else { writing.access() }
    }

    /// How pull requests are made; `None` without `--pull-request`.
    #[must_use]
    pub fn request(&self) -> Option<Request> {
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
