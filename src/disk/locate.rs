//! Finding the directory of the tree.

use std::path::{Path, PathBuf};

use crate::disk::error::DiskError;

/// The file that marks a tree.
pub const CONFIG: &str = "rotate.yaml";

/// The directory of the tree: the nearest one from `start` upwards with a `rotate.yaml`, but not above the Git work
/// tree; otherwise `start` if it was given explicitly; otherwise the work tree's root; otherwise `start`.
///
/// # Errors
/// When `start` is not a directory.
pub fn locate(start: &Path, explicit: bool, git_root: Option<&Path>) -> Result<PathBuf, DiskError> {
    let start = canonical(start)?;
    if !start.is_dir() {
        return Err(DiskError::NotADirectory(start));
    }
    let git_root = git_root.map(canonical).transpose()?;
    // An explicit directory is not abandoned for a file above it unless both are in the same work tree.
    let above = if explicit && git_root.is_none() { 1 } else { usize::MAX };
    for directory in start.ancestors().take(above) {
        if directory.join(CONFIG).is_file() {
            return Ok(directory.to_owned());
        }
        if git_root.as_deref() == Some(directory) {
            break;
        }
    }
    Ok(git_root.filter(|_| !explicit).unwrap_or(start))
}

/// A path with links resolved.
///
/// # Errors
/// When nothing is there.
pub fn canonical(path: &Path) -> Result<PathBuf, DiskError> {
    path.canonicalize().map_err(|error| DiskError::new(path, &error))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::locate;
    use crate::disk::error::DiskError;

    fn sandbox() -> tempfile::TempDir {
        let sandbox = tempfile::tempdir().unwrap();
        fs::create_dir_all(sandbox.path().join("git/part/deep")).unwrap();
        sandbox
    }

    fn found(
        sandbox: &tempfile::TempDir,
        start: &str,
        explicit: bool,
        git: Option<&str>,
    ) -> String {
        let root = sandbox.path().canonicalize().unwrap();
        let git = git.map(|git| root.join(git));
        let found = locate(&root.join(start), explicit, git.as_deref()).unwrap();
        found.strip_prefix(&root).map(Path::display).unwrap().to_string()
    }

    #[test]
    fn prefers_what_was_given_then_the_file_then_git() {
        let sandbox = sandbox();
        assert_eq!(found(&sandbox, "git/part/deep", false, Some("git")), "git");
        assert_eq!(found(&sandbox, "git/part/deep", false, None), "git/part/deep");
        fs::write(sandbox.path().join("git/part/rotate.yaml"), "").unwrap();
        assert_eq!(found(&sandbox, "git/part/deep", false, Some("git")), "git/part");
        assert_eq!(found(&sandbox, "git/part/deep", true, Some("git")), "git/part");
        assert_eq!(found(&sandbox, "git/part/deep", true, None), "git/part/deep");
        assert_eq!(found(&sandbox, "git", true, Some("git")), "git");
    }

    #[test]
    fn what_was_given_is_the_tree_where_no_file_is() {
        let sandbox = sandbox();
        assert_eq!(found(&sandbox, "git/part", true, Some("git")), "git/part");
    }

    #[test]
    fn does_not_look_above_the_work_tree() {
        let sandbox = sandbox();
        fs::write(sandbox.path().join("rotate.yaml"), "").unwrap();
        assert_eq!(found(&sandbox, "git/part", false, Some("git")), "git");
        assert_eq!(found(&sandbox, "git/part", false, None), "");
    }

    #[test]
    fn refuses_what_is_no_directory() {
        let sandbox = sandbox();
        let file = sandbox.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(locate(&file, true, None), Err(DiskError::NotADirectory(_))));
        let missing = sandbox.path().join("missing");
        assert!(matches!(locate(&missing, true, None), Err(DiskError::Missing(_))));
    }
}
