//! Creating a commit with the system's `git`: only it runs the hooks and signs as the user has configured.

use crate::git::error::GitError;
use crate::git::repository::Git;
use crate::process::Program;
use crate::text::path::TreePath;

impl Git {
    /// Commits these files as they are on disk, and nothing else that is staged; returns the commit id.
    ///
    /// # Errors
    /// When `git` is not installed, or fails: a hook, no name configured, nothing to commit.
    pub fn commit(&self, paths: &[TreePath], message: &str) -> Result<String, GitError> {
        self.run(&["add", "--all"], paths)?;
        self.run(&["commit", "--quiet", "--message", message], paths)?;
        let head = self
            .repository()
            .head()
            .and_then(|head| head.peel_to_commit().map(|commit| commit.id()));
        head.map(|id| id.to_string())
            .map_err(|error| GitError::Commit { reason: error.message().to_owned() })
    }

    fn run(&self, arguments: &[&str], paths: &[TreePath]) -> Result<(), GitError> {
        let failed = |reason: String| GitError::Commit { reason };
        let list: Vec<u8> = paths
            .iter()
            .flat_map(|path| [self.full(path).as_str().as_bytes(), &[0]].concat())
            .collect();
        let git = Program::new("git").args(["--literal-pathspecs", "-C"]).args([self.work_tree()]);
        let git = git.args(arguments).args(["--pathspec-from-file=-", "--pathspec-file-nul"]);
        let finished =
            git.run(Some(&list)).map_err(|error| failed(format!("cannot run `git`: {error}")))?;
        if finished.status.success() { Ok(()) } else { Err(failed(finished.said())) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests make the files that are committed")]

    use std::fs;

    use git2::Repository;

    use crate::git::error::GitError;
    use crate::git::repository::Git;
    use crate::text::path::TreePath;

    #[test]
    fn commits_these_files_and_no_others() {
        let sandbox = tempfile::tempdir().unwrap();
        let root = sandbox.path();
        let repository = Repository::init(root).unwrap();
        let mut config = repository.config().unwrap();
        for (key, value) in
            [("user.name", "a"), ("user.email", "a@localhost"), ("commit.gpgSign", "false")]
        {
            config.set_str(key, value).unwrap();
        }
        fs::create_dir(root.join("p")).unwrap();
        let git = Git::required(root).unwrap().rooted(&root.join("p")).unwrap();
        let paths = ["x*", "gone"].map(|path| TreePath::new(path).unwrap());
        for file in ["p/x*", "p/xy", "p/gone"] {
            fs::write(root.join(file), "1").unwrap();
        }
        git.commit(&paths, "first").unwrap();
        fs::remove_file(root.join("p/gone")).unwrap();
        fs::write(root.join("p/x*"), "2").unwrap();
        let id = git.commit(&paths, "--second").unwrap();
        let head = repository.head().unwrap().peel_to_commit().unwrap();
        assert_eq!((head.id().to_string(), head.message().unwrap()), (id, "--second\n"));
        let tree = head.tree().unwrap();
        let tree = repository.find_tree(tree.get_name("p").unwrap().id()).unwrap();
        assert_eq!(
            tree.iter().map(|entry| entry.name().unwrap().to_owned()).collect::<Vec<_>>(),
            ["x*"]
        );
        let error = git.commit(&paths[..1], "nothing").unwrap_err();
        assert!(
            matches!(error, GitError::Commit { .. }) && error.to_string().len() > 40,
            "{error}"
        );
    }
}
