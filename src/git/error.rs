//! Why Git could not answer.

use crate::text::shell::command;
use std::path::PathBuf;

/// Why Git could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is no repository.
    #[error("`{0}` is not in a Git repository")]
    NoRepository(PathBuf),
    /// A bare repository.
    #[error("`{0}` is a bare Git repository: it has no files to read")]
    Bare(PathBuf),
    /// The repository is owned by another user.
    #[error("the Git repository at `{0}` belongs to another user")]
    Owner(PathBuf),
    /// Refs are stored in the reftable format.
    #[error("the Git repository at `{0}` stores its refs as a reftable, which is not supported")]
    Reftable(PathBuf),
    /// Object ids are SHA-256.
    #[error("the Git repository at `{0}` uses SHA-256 objects, which are not supported")]
    Sha256(PathBuf),
    /// A directory that is not below the work tree.
    #[error("`{directory}` is not in the Git work tree `{work_tree}`")]
    Outside {
        /// The directory.
        directory: PathBuf,
        /// The work tree.
        work_tree: PathBuf,
    },
    /// A revision that is unknown, or that shares no commit with the checked-out one.
    #[error(
        "unknown revision `{revision}`, or it has no commit in common with the checked-out one"
    )]
    UnknownRevision {
        /// What was named.
        revision: String,
        /// Whether the clone lacks part of the history.
        shallow: bool,
    },
    /// An unknown branch.
    #[error("unknown branch or commit `{branch}`")]
    UnknownBranch {
        /// What was named.
        branch: String,
        /// Whether the clone lacks part of the history.
        shallow: bool,
    },
    /// A partial clone (made with a filter).
    #[error(
        "the partial clone at `{0}` (made with `--filter`) lacks files of earlier commits, so it is unknown what ran when"
    )]
    Filtered(PathBuf),
    /// There is no commit yet.
    #[error("`{0}` has no commits yet, so there is no history to read")]
    Unborn(PathBuf),
    /// The commit was not created.
    #[error("the commit was not made: {reason}")]
    Commit {
        /// What Git said.
        reason: String,
    },
    /// A commit for a pull request was not created; no file was changed for it.
    #[error("cannot create the commit for a pull request: {reason}")]
    Loose {
        /// What Git said.
        reason: String,
    },
    /// An unknown remote.
    #[error("there is no remote `{name}` to push to")]
    NoRemote {
        /// What was looked for.
        name: String,
    },
    /// No known branch can be the base of a pull request.
    #[error("cannot determine the base branch of the pull requests")]
    NoBase,
    /// The remote could not be read or written.
    #[error("the remote `{name}` refused: {reason}")]
    Remote {
        /// The remote.
        name: String,
        /// What Git said.
        reason: String,
    },
    /// An object that was cut off or damaged.
    #[error("the Git object `{0}` is damaged")]
    Broken(PathBuf),
    /// Anything else.
    #[error("cannot read the Git repository at `{path}`: {reason}")]
    System {
        /// The repository.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
}

impl GitError {
    /// What to type next.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoRepository(_) => {
                Some("run it in a clone of the repository, or name one with `-C DIR`".to_owned())
            }
            Self::Bare(_) => {
                Some("run it in a clone that has files: `git clone REPOSITORY DIR`".to_owned())
            }
            Self::Owner(path) => Some(format!(
                "if you trust it: `{}`",
                command(
                    "git config --global --add",
                    &["safe.directory", &path.to_string_lossy()],
                    ""
                )
            )),
            Self::Reftable(_) => {
                Some("convert the refs: `git refs migrate --ref-format=files`".to_owned())
            }
            Self::Sha256(_) => Some("use a clone with SHA-1 objects".to_owned()),
            Self::Outside { .. } => {
                Some("name a directory of the work tree with `-C DIR`".to_owned())
            }
            Self::UnknownRevision { shallow: true, .. }
            | Self::UnknownBranch { shallow: true, .. } => Some(
                "this is a shallow clone: check out with `fetch-depth: 0`, or run `git fetch --unshallow`"
                    .to_owned(),
            ),
            Self::UnknownRevision { .. } => Some(
                "name a branch, a tag or a commit: `--base origin/main`; `git branch --all` lists branches"
                    .to_owned(),
            ),
            Self::UnknownBranch { .. } => {
                Some("name the branch that is deployed, such as `--mainline origin/main`".to_owned())
            }
            Self::Broken(_) => Some(
                "remove the file, then `git fetch --refetch` gets the object again; `git fsck` lists what else is missing"
                    .to_owned(),
            ),
            Self::Filtered(_) => Some("`git fetch --refetch --no-filter` gets them".to_owned()),
            Self::Unborn(_) => Some("commit the manifests first".to_owned()),
            Self::Commit { .. } => Some(
                "the files are written; commit them with `git add` and `git commit`".to_owned(),
            ),
            Self::Loose { .. } => Some(
                "check `user.name` and `user.email` in `git config`, and `commit.gpgSign` if commits are signed".to_owned(),
            ),
            Self::NoRemote { name } => Some(format!("add it: `{}`", command("git remote add", &[name, "URL"], ""))),
            Self::NoBase => Some("name it: `--base main`".to_owned()),
            Self::Remote { reason, .. } if reason.contains("cannot lock ref") => Some(
                "a branch whose name is a prefix of the new one may be in the way: `--branch-prefix` sets another \
                 prefix"
                    .to_owned(),
            ),
            Self::Remote { name, .. } => {
                let list = command("git ls-remote", &[name], "");
                Some(format!("`{list}` shows whether it can be reached, and its branches"))
            }
            Self::System { .. } => Some("`git fsck` may tell more".to_owned()),
        }
    }
}
