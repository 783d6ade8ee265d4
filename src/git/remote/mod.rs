//! Commits made without a work tree, and the remote they are pushed to, using the system's `git`.

mod digest;

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Oid};

use crate::git::error::GitError;
use crate::git::remote::digest::{DIGEST, digest, is_ours};
use crate::git::repository::Git;
use crate::process::{Finished, Program};
use crate::text::path::TreePath;

/// How to access the remote, and who authors commits if no user is configured.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// A credential helper, in the syntax of Git's `credential.helper`; `None` to use Git's own configuration.
    pub helper: Option<String>,
    /// A name and an email address for commits if none is configured in Git.
    pub author: Option<(String, String)>,
}

/// A remote of the repository.
pub struct Remote<'g> {
    git: &'g Git,
    name: String,
    access: Access,
}

/// A file to commit; `None` to remove it.
pub type File<'f> = (&'f TreePath, Option<&'f str>);

/// The result of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The remote was updated.
    Done,
    /// The branch was updated by somebody else: it is not at the expected commit.
    Stale,
}

impl Git {
    /// A remote.
    ///
    /// # Errors
    /// When there is no remote of that name.
    pub fn remote(&self, name: &str, access: Access) -> Result<Remote<'_>, GitError> {
        if self.repository().find_remote(name).is_err() {
            return Err(GitError::NoRemote { name: name.to_owned() });
        }
        Ok(Remote { git: self, name: name.to_owned(), access })
    }
}

impl Remote<'_> {
    /// The remote's default branch, or else the one that is checked out.
    ///
    /// # Errors
    /// When the remote cannot be reached, or neither is known.
    pub fn default_branch(&self) -> Result<String, GitError> {
        // A clone's record of it may be outdated, and a workflow's checkout has none.
        let output = self.asked(&["ls-remote", "--symref", &self.name, "HEAD"])?;
        let text = output.text();
        let branch = text.lines().find_map(|line| {
            line.strip_prefix("ref: refs/heads/")?.split_once('\t').map(|(branch, _)| branch)
        });
        if let Some(branch) = branch {
            return Ok(branch.to_owned());
        }
        let repository = self.git.repository();
        let head = repository.head().ok().filter(git2::Reference::is_branch);
        let head = head.and_then(|head| head.shorthand().map(str::to_owned).ok());
        head.ok_or(GitError::NoBase)
    }

    /// The URL of the remote.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        let repository = self.git.repository();
        let remote = repository.find_remote(&self.name).ok()?;
        remote.url().map(str::to_owned).ok()
    }

    /// The local name of the remote's branch.
    #[must_use]
    pub fn tracked(&self, branch: &str) -> String {
        format!("{}/{branch}", self.name)
    }

    /// Fetches a branch, and all branches whose names start with a prefix.
    ///
    /// # Errors
    /// When the remote cannot be reached, or has no such branch.
    pub fn fetch(&self, branch: &str, prefix: &str) -> Result<(), GitError> {
        let to = format!("refs/remotes/{}", self.name);
        let wanted = [branch.to_owned(), format!("{prefix}*")]
            .map(|name| format!("+refs/heads/{name}:{to}/{name}"));
        let [branch, others] = &wanted;
        let mut arguments =
            vec!["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--prune"];
        if self.git.repository().is_shallow() {
            // Finding out since when a version has been running needs the whole history.
            arguments.push("--unshallow");
        }
        arguments.extend([&*self.name, branch, others]);
        self.asked(&arguments).map(drop)
    }

    /// The newest commit of the remote's branch, as of the last fetch.
    #[must_use]
    pub fn tip(&self, branch: &str) -> Option<String> {
        let name = format!("refs/remotes/{}", self.tracked(branch));
        let found = self.git.repository().refname_to_id(&name).ok();
        found.map(|id| id.to_string())
    }

    /// The tree of a commit with some files changed. Touches no work tree, index or branch.
    ///
    /// # Errors
    /// When Git refuses.
    pub fn tree(&self, parent: &str, files: &[File<'_>]) -> Result<String, GitError> {
        let made = self.updated(parent, files).map_err(|error| self.git.failed(&error))?;
        Ok(made.to_string())
    }

    /// Creates a commit of a tree on top of another commit; it is not on any branch yet.
    ///
    /// # Errors
    /// When Git refuses.
    pub fn commit(&self, parent: &str, tree: &str, message: &str) -> Result<String, GitError> {
        let mut arguments = vec!["commit-tree", tree, "-p", parent, "-F", "-"];
        if self.signs() {
            arguments.push("-S");
        }
        let digest = self.digest(parent, tree).map_err(|error| self.git.failed(&error))?;
        let message = format!("{}\n{DIGEST}{digest}\n", message.trim_end());
        let output = self.run(&arguments, Some(&message))?;
        if !output.status.success() {
            return Err(GitError::Loose { reason: output.said() });
        }
        Ok(output.text().trim().to_owned())
    }

    /// Identifies the change from a parent commit to a tree.
    fn digest(&self, parent: &str, tree: &str) -> Result<Oid, git2::Error> {
        let repository = self.git.repository();
        let before = repository.find_commit(Oid::from_str(parent)?)?.tree()?;
        digest(&repository, &before, &repository.find_tree(Oid::from_str(tree)?)?)
    }

    /// Whether merging one commit into another produces exactly this tree.
    #[must_use]
    pub fn merges_to(&self, into: &str, from: &str, tree: &str) -> bool {
        let repository = self.git.repository();
        let merged = || -> Result<Option<Oid>, git2::Error> {
            let into = repository.find_commit(Oid::from_str(into)?)?;
            let from = repository.find_commit(Oid::from_str(from)?)?;
            let mut index = repository.merge_commits(&into, &from, None)?;
            Ok(if index.has_conflicts() { None } else { Some(index.write_tree_to(&repository)?) })
        };
        merged().ok().flatten().is_some_and(|merged| merged.to_string() == tree)
    }

    /// Whether every commit that `tip` adds to `base` was made by this program and is unmodified, except for merges
    /// without manual changes.
    #[must_use]
    pub fn is_own(&self, base: &str, tip: &str) -> bool {
        let repository = self.git.repository();
        let all_ours = || -> Result<bool, git2::Error> {
            let mut walk = repository.revwalk()?;
            walk.push(Oid::from_str(tip)?)?;
            walk.hide(Oid::from_str(base)?)?;
            for id in walk {
                if !is_ours(&repository, &repository.find_commit(id?)?)? {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        all_ours().unwrap_or(false)
    }

    /// Sets the remote's branch to a commit if it is still at `expected`, or for `None`, if it still does not exist.
    ///
    /// # Errors
    /// When the remote cannot be reached, or refuses for another reason.
    pub fn push(
        &self,
        commit: &str,
        branch: &str,
        expected: Option<&str>,
    ) -> Result<Pushed, GitError> {
        self.set(&format!("{commit}:refs/heads/{branch}"), branch, expected)
    }

    /// Deletes a branch on the remote, if it is still at `expected`.
    ///
    /// # Errors
    /// When the remote cannot be reached, or refuses for another reason.
    pub fn delete(&self, branch: &str, expected: &str) -> Result<Pushed, GitError> {
        self.set(&format!(":refs/heads/{branch}"), branch, Some(expected))
    }

    fn set(&self, what: &str, branch: &str, expected: Option<&str>) -> Result<Pushed, GitError> {
        let lease =
            format!("--force-with-lease=refs/heads/{branch}:{}", expected.unwrap_or_default());
        // Pushes nothing else, whatever the configuration.
        let alone = ["--no-verify", "--no-follow-tags", "--recurse-submodules=no"];
        let arguments = [&["push", "--quiet"][..], &alone, &[&lease, &self.name, what]].concat();
        let output = self.run(&arguments, None)?;
        if output.status.success() {
            return Ok(Pushed::Done);
        }
        // Git reports a lost race in many ways, so check where the branch is now.
        if self.there(branch)?.as_deref() != expected {
            return Ok(Pushed::Stale);
        }
        Err(self.refused(&output))
    }

    /// The current commit of the remote's branch.
    ///
    /// # Errors
    /// When the remote cannot be reached.
    pub fn there(&self, branch: &str) -> Result<Option<String>, GitError> {
        let name = format!("refs/heads/{branch}");
        let output = self.asked(&["ls-remote", &self.name, &name])?;
        let text = output.text();
        let found = text.lines().filter_map(|line| line.split_once('\t'));
        Ok(found.filter(|(_, of)| *of == name).map(|(id, _)| id.to_owned()).next())
    }

    /// The parent's tree with these files changed.
    fn updated(&self, parent: &str, files: &[File<'_>]) -> Result<Oid, git2::Error> {
        let repository = self.git.repository();
        let base = repository.find_commit(Oid::from_str(parent)?)?.tree()?;
        let mut update = TreeUpdateBuilder::new();
        for (path, text) in files {
            let path = self.git.full(path);
            match text {
                Some(text) => {
                    let mode = mode(&base, &path);
                    update.upsert(path.as_str(), repository.blob(text.as_bytes())?, mode);
                }
                None => {
                    update.remove(path.as_str());
                }
            }
        }
        update.create_updated(&repository, &base)
    }

    fn signs(&self) -> bool {
        let config = self.git.repository().config();
        config.and_then(|config| config.get_bool("commit.gpgSign")).unwrap_or(false)
    }

    /// Whether a committer is configured; an address that Git derives from the host name does not count.
    fn knows_who(&self) -> bool {
        let config = self.git.repository().config();
        config.and_then(|config| config.get_string("user.email").map(drop)).is_ok()
    }

    /// Runs `git` where any failure is the remote's.
    fn asked(&self, arguments: &[&str]) -> Result<Finished, GitError> {
        let output = self.run(arguments, None)?;
        if output.status.success() { Ok(output) } else { Err(self.refused(&output)) }
    }

    fn refused(&self, output: &Finished) -> GitError {
        GitError::Remote { name: self.name.clone(), reason: output.said() }
    }

    fn run(&self, arguments: &[&str], input: Option<&str>) -> Result<Finished, GitError> {
        let mut git = Program::new("git").args(["-C"]).args([self.git.work_tree()]);
        if let Some(helper) = &self.access.helper {
            // The empty one first resets helpers that are configured elsewhere.
            git = git.args([
                "-c",
                "credential.helper=",
                "-c",
                &format!("credential.helper={helper}"),
            ]);
            // A workflow's checkout may have configured its own token, which would override the helper's.
            if let Some(server) = self.address().as_deref().and_then(server) {
                git = git.args(["-c", &format!("http.{server}/.extraheader=")]);
            }
        }
        if let (Some((name, address)), false) = (&self.access.author, self.knows_who()) {
            // Environment variables would override the caller's own.
            let (name, address) = (format!("user.name={name}"), format!("user.email={address}"));
            git = git.args(["-c", &name, "-c", &address]);
        }
        // Nobody is there to answer a password prompt; messages are matched in English.
        git = git.args(arguments).env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        git.run(input.map(str::as_bytes)).map_err(|error| GitError::Remote {
            name: self.name.clone(),
            reason: format!("cannot run `git`: {error}"),
        })
    }
}

/// The mode of a file: executable if it was, otherwise a regular file.
fn mode(base: &git2::Tree<'_>, path: &TreePath) -> FileMode {
    let known = base.get_path(std::path::Path::new(path.as_str())).ok();
    match known.map(|entry| entry.filemode()) {
        Some(0o100_755) => FileMode::BlobExecutable,
        _ => FileMode::Blob,
    }
}

/// Whether this is a valid branch name.
#[must_use]
pub fn is_branch(name: &str) -> bool {
    !name.starts_with('-') && git2::Reference::is_valid_name(&format!("refs/heads/{name}"))
}

/// The server of a URL, without credentials.
fn server(address: &str) -> Option<String> {
    let rest = address.strip_prefix("https://")?;
    let host = rest.split('/').next()?.rsplit('@').next()?;
    Some(format!("https://{host}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests make the files that are committed")]

    use std::fs;
    use std::path::Path;

    use git2::{Oid, Repository};

    use super::{Access, Pushed, Remote, server};
    use crate::git::error::GitError;
    use crate::git::repository::Git;
    use crate::text::path::TreePath;

    const WHO: (&str, &str) = ("somebody", "somebody@localhost");

    /// A clone with one commit on `main`, pushed to a bare repository next to it.
    struct Sandbox {
        directory: tempfile::TempDir,
        git: Git,
    }

    impl Sandbox {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let (bare, clone) = (directory.path().join("bare"), directory.path().join("clone"));
            Repository::init_bare(&bare).unwrap();
            let repository = Repository::init(&clone).unwrap();
            repository.remote("origin", bare.to_str().unwrap()).unwrap();
            repository.set_head("refs/heads/main").unwrap();
            repository.config().unwrap().set_bool("commit.gpgSign", false).unwrap();
            for (file, text) in [("p/a.yaml", "a: 1\n"), ("p/b.yaml", "b: 1\n"), ("c.yaml", "c\n")]
            {
                fs::create_dir_all(clone.join(file).parent().unwrap()).unwrap();
                fs::write(clone.join(file), text).unwrap();
            }
            let git = Git::required(&clone).unwrap().rooted(&clone.join("p")).unwrap();
            let sandbox = Self { directory, git };
            sandbox.commit("refs/heads/main", "Begin", &[]);
            let remote = sandbox.remote();
            assert!(remote.asked(&["push", "--quiet", "origin", "main"]).is_ok());
            remote.fetch("main", "rotate/").unwrap();
            drop(remote);
            sandbox
        }

        fn remote(&self) -> Remote<'_> {
            let author = Some((WHO.0.to_owned(), WHO.1.to_owned()));
            self.git.remote("origin", Access { helper: None, author }).unwrap()
        }

        /// A commit in the work tree by another author.
        fn commit(&self, branch: &str, message: &str, parents: &[&str]) -> String {
            let repository = self.git.repository();
            let mut index = repository.index().unwrap();
            index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
            let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
            let who = git2::Signature::now(WHO.0, WHO.1).unwrap();
            let parents: Vec<git2::Commit<'_>> = parents
                .iter()
                .map(|id| repository.find_commit(Oid::from_str(id).unwrap()).unwrap())
                .collect();
            let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
            let made = repository.commit(Some(branch), &who, &who, message, &tree, &parents);
            made.unwrap().to_string()
        }

        /// A merge without manual changes.
        fn merge(&self, into: &str, from: &str) -> String {
            let repository = self.git.repository();
            let commit = |id: &str| repository.find_commit(Oid::from_str(id).unwrap()).unwrap();
            let (into, from) = (commit(into), commit(from));
            let mut index = repository.merge_commits(&into, &from, None).unwrap();
            let tree = index.write_tree_to(&repository).unwrap();
            let tree = repository.find_tree(tree).unwrap();
            let who = git2::Signature::now(WHO.0, WHO.1).unwrap();
            let parents = [&into, &from];
            repository.commit(None, &who, &who, "Merge", &tree, &parents).unwrap().to_string()
        }

        fn there(&self, branch: &str) -> Option<String> {
            let bare = Repository::open(self.directory.path().join("bare")).unwrap();
            let found = bare.refname_to_id(&format!("refs/heads/{branch}")).ok();
            found.map(|id| id.to_string())
        }
    }

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    fn message() -> &'static str {
        "Promote\n\nRotate-Family: a\n"
    }

    #[test]
    fn a_commit_touches_nothing_but_the_branch_it_is_pushed_to() {
        let sandbox = Sandbox::new();
        let remote = sandbox.remote();
        assert_eq!(remote.default_branch().unwrap(), "main");
        let base = remote.tip("main").unwrap();
        let (edited, removed, made) = (path("a.yaml"), path("b.yaml"), path("deep/new.yaml"));
        let files = [(&edited, Some("a: 2\n")), (&removed, None), (&made, Some("n\n"))];
        let tree = remote.tree(&base, &files).unwrap();
        let commit = remote.commit(&base, &tree, message()).unwrap();
        assert_eq!(remote.push(&commit, "rotate/x", None).unwrap(), Pushed::Done);
        assert_eq!(sandbox.there("rotate/x").as_deref(), Some(&*commit));
        let repository = Repository::open(sandbox.git.work_tree()).unwrap();
        let tree = repository.find_commit(Oid::from_str(&commit).unwrap()).unwrap().tree().unwrap();
        let text = |file: &str| {
            let entry = tree.get_path(Path::new(file)).ok()?;
            let blob = repository.find_blob(entry.id()).ok()?;
            Some(String::from_utf8_lossy(blob.content()).into_owned())
        };
        let texts = ["p/a.yaml", "p/b.yaml", "p/deep/new.yaml", "c.yaml"].map(text);
        assert_eq!(texts.map(Option::unwrap_or_default), ["a: 2\n", "", "n\n", "c\n"]);
        let left = fs::read_to_string(sandbox.git.work_tree().join("p/a.yaml")).unwrap();
        assert_eq!(
            (left.as_str(), sandbox.git.uncommitted(&[edited]).unwrap().len()),
            ("a: 1\n", 0)
        );
    }

    #[test]
    fn nobody_elses_push_is_overwritten() {
        let sandbox = Sandbox::new();
        let remote = sandbox.remote();
        let base = remote.tip("main").unwrap();
        let file = path("a.yaml");
        let [first, second] = ["a: 2\n", "a: 3\n"].map(|text| {
            let tree = remote.tree(&base, &[(&file, Some(text))]).unwrap();
            remote.commit(&base, &tree, message()).unwrap()
        });
        assert_eq!(remote.push(&first, "rotate/x", None).unwrap(), Pushed::Done);
        assert_eq!(remote.push(&second, "rotate/x", None).unwrap(), Pushed::Stale);
        assert_eq!(remote.delete("rotate/x", &second).unwrap(), Pushed::Stale);
        assert_eq!(sandbox.there("rotate/x"), Some(first.clone()));
        assert_eq!(remote.push(&second, "rotate/x", Some(&first)).unwrap(), Pushed::Done);
        assert_eq!(remote.delete("rotate/x", &second).unwrap(), Pushed::Done);
        assert_eq!(sandbox.there("rotate/x"), None);
        assert_eq!(remote.delete("rotate/x", &second).unwrap(), Pushed::Stale);
    }

    #[test]
    fn tells_whether_a_branch_is_still_right_and_ours() {
        let sandbox = Sandbox::new();
        let remote = sandbox.remote();
        let base = remote.tip("main").unwrap();
        let file = path("a.yaml");
        let tree = remote.tree(&base, &[(&file, Some("a: 2\n"))]).unwrap();
        let ours = remote.commit(&base, &tree, message()).unwrap();
        assert!(remote.merges_to(&base, &ours, &tree) && remote.is_own(&base, &ours));
        // The base changes elsewhere: merging gives the same tree as recreating the change.
        fs::write(sandbox.git.work_tree().join("c.yaml"), "more\n").unwrap();
        let next = sandbox.commit("refs/heads/next", "More", &[&base]);
        let again = remote.tree(&next, &[(&file, Some("a: 2\n"))]).unwrap();
        assert!(remote.merges_to(&next, &ours, &again) && !remote.merges_to(&next, &ours, &tree));
        // The base changes the same line: merging fails.
        fs::write(sandbox.git.work_tree().join("p/a.yaml"), "a: 9\n").unwrap();
        let clash = sandbox.commit("refs/heads/clash", "Clash", &[&base]);
        assert!(!remote.merges_to(&clash, &ours, &tree));
        let theirs = sandbox.commit("refs/heads/theirs", "Theirs", &[&ours]);
        assert!(!remote.is_own(&base, &theirs));
        // An automatic merge is nobody's work; a merge that adds another file is somebody's.
        let by_itself = sandbox.merge(&ours, &next);
        assert!(remote.is_own(&next, &by_itself) && !remote.is_own("none", &by_itself));
        let by_hand = sandbox.commit("refs/heads/merged", "Merge", &[&ours, &next]);
        assert!(!remote.is_own(&next, &by_hand));
        // Somebody amends the commit and keeps its message.
        let repository = Repository::open(sandbox.git.work_tree()).unwrap();
        let words = repository.find_commit(Oid::from_str(&ours).unwrap()).unwrap();
        let words = words.message().unwrap().to_owned();
        let amended = sandbox.commit("refs/heads/amended", &words, &[&base]);
        assert!(words.contains("Rotate-Digest: ") && !remote.is_own(&base, &amended));
    }

    #[test]
    fn servers_are_told_by_their_address() {
        assert_eq!(
            server("https://u:p@ghe.example.com:8443/o/r").unwrap(),
            "https://ghe.example.com:8443"
        );
        assert_eq!(server("git@github.com:o/r"), None);
    }

    #[test]
    fn says_what_is_missing() {
        let sandbox = Sandbox::new();
        let none = sandbox.git.remote("upstream", Access::default()).err().unwrap();
        assert!(matches!(none, GitError::NoRemote { .. }) && none.help().is_some());
        let gone = sandbox.remote().fetch("nowhere", "rotate/").unwrap_err();
        assert!(gone.to_string().contains("nowhere"), "{gone}");
        assert_eq!(sandbox.remote().tracked("main"), "origin/main");
    }
}
