//! The base branch as the remote has it, and the pull requests that go there.

use crate::forge::client::Client;
use crate::forge::marker::{Kind, Marker, PullKey};
use crate::forge::pull::Pull;
use crate::git::error::GitError;
use crate::git::remote::{Access, Remote, is_branch};
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::ops::session::Session;
use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::text::path::TreePath;
use crate::text::shell::option;

/// The remote that has the branches.
const REMOTE: &str = "origin";

/// How pull requests are made.
#[derive(Debug, Clone)]
pub struct Request {
    /// The base branch; `None` for the remote's default branch.
    pub base: Option<String>,
    /// Prefix for the branch names.
    pub branch_prefix: String,
    /// The labels of new ones.
    pub labels: Vec<String>,
    /// Who is asked to review new ones.
    pub reviewers: Vec<String>,
    /// Whether new ones are drafts.
    pub draft: bool,
    /// Whether `gh` has a token, which git then uses.
    pub has_token: bool,
    /// Whether a GitHub workflow runs it, in whose name commits are made.
    pub is_workflow: bool,
    /// Whether `gh` learns the repository from its environment.
    pub has_repository: bool,
}

/// The base branch as the remote has it, and the pull requests that go there.
pub struct Target<'s> {
    pub(super) request: &'s Request,
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
    /// Whether changes are made, rather than only reported.
    pub(super) writes: bool,
}

impl Request {
    /// Fetches the base branch, and asks for the open pull requests.
    ///
    /// # Errors
    /// When there is no Git repository or no remote, or they or GitHub cannot be asked.
    pub fn target<'s>(
        &'s self,
        session: &'s Session,
        dry_run: bool,
    ) -> Result<Target<'s>, Failure> {
        let git = session.required_git()?;
        let remote = git.remote(REMOTE, self.access())?;
        if !is_branch(&format!("{}x", self.branch_prefix)) {
            let text =
                format!("no branch can have a name that begins with `{}`", self.branch_prefix);
            let help = "the default is `--branch-prefix rotate/`";
            return Err(Failure::usage(Message::new(text).help(help)));
        }
        let base = self.base.clone().map_or_else(|| remote.default_branch(), Ok)?;
        remote.fetch(&base, &self.branch_prefix)?;
        let unknown = || GitError::UnknownBranch { branch: base.clone(), shallow: false };
        let tip = remote.tip(&base).ok_or_else(unknown)?;
        let address = if self.has_repository { None } else { remote.address() };
        let client = Client::new(git.work_tree(), address.as_deref());
        let open = client.open(&base)?;
        let tree = git.prefix().as_str().to_owned();
        Ok(Target { request: self, remote, client, base, tip, open, tree, writes: !dry_run })
    }

    /// How the remote is reached: by the token that `gh` has, where there is one.
    fn access(&self) -> Access {
        let bot = || {
            let address = "41898282+github-actions[bot]@users.noreply.github.com";
            ("github-actions[bot]".to_owned(), address.to_owned())
        };
        Access {
            helper: self.has_token.then(|| "!gh auth git-credential".to_owned()),
            author: self.is_workflow.then(bot),
        }
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

    /// The key of the pull request of a command for a family.
    #[must_use]
    pub fn key(&self, kind: Kind, subject: &Subject) -> PullKey {
        let Subject { environment, family } = subject;
        let (environment, family) = (environment.clone(), family.to_string());
        PullKey { kind, tree: self.tree.clone(), environment, family }
    }

    /// What the base branch is called here.
    #[must_use]
    pub fn mainline(&self) -> String {
        self.remote.tracked(&self.base)
    }

    /// The branch of a pull request.
    #[must_use]
    pub fn branch(&self, key: &PullKey) -> String {
        key.branch(&self.request.branch_prefix)
    }

    /// What the branches of all of them begin with.
    pub(super) fn prefix(&self) -> &str {
        &self.request.branch_prefix
    }

    /// The marker of the pull request that is already open under a key.
    #[must_use]
    pub fn marker(&self, key: &PullKey) -> Option<&Marker> {
        let markers = self.open.iter().filter(|pull| pull.branch == self.branch(key));
        markers.filter_map(|pull| pull.marker.as_ref()).find(|marker| marker.key == *key)
    }
}

impl From<&PullKey> for Subject {
    fn from(key: &PullKey) -> Self {
        Self::new(&key.environment, key.family.as_str())
    }
}

/// How `rotate bump` is called for the tree: where it is checked out, or by those who read a pull request.
#[must_use]
pub fn program(session: &Session, target: Option<&Target<'_>>) -> String {
    target.map_or_else(|| session.program(), |_| session.bump(&program_at(&session.prefix())))
}

/// How `rotate verify` is called for the tree, in the same way.
pub(super) fn verify_at(session: &Session, target: Option<&Target<'_>>) -> String {
    let program = target.map_or_else(|| session.call(), |_| program_at(&session.prefix()));
    session.with_helm(&program, "verify")
}

/// The command that runs the program on the given tree.
#[must_use]
pub fn program_at(prefix: &TreePath) -> String {
    if prefix.as_str().is_empty() {
        "rotate".to_owned()
    } else {
        format!("rotate{}", option("-C", prefix.as_str()))
    }
}
