//! Which paths Git ignores, by the patterns that Git reads, matched as Git matches them.
//!
//! Libgit2's own matcher takes exponential time for a pattern such as `*a*a*a*b`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix_ignore::Search;
use gix_ignore::glob::pattern::Case;
use gix_ignore::search::Ignore;

use crate::text::memo::Memo;
use crate::text::path::TreePath;

/// The file of patterns in a directory.
const FILE: &str = ".gitignore";
/// The size up to which a file of patterns is read.
const LARGEST: u64 = 16 << 20;
/// No pattern says that a file is precious.
const PLAIN: Ignore = Ignore { support_precious: false };

/// The patterns of a work tree. Paths are relative to its root.
pub(super) struct Ignored {
    work_tree: PathBuf,
    /// Those of the user and of the repository's `info/exclude`.
    general: Search,
    case: Case,
    /// The patterns of each directory's own file, if it has one.
    own: Memo<Option<Arc<Search>>>,
    /// Whether a directory is ignored, or is below one that is.
    directories: Memo<bool>,
}

impl fmt::Debug for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ignored").field("work_tree", &self.work_tree).finish_non_exhaustive()
    }
}

impl Ignored {
    /// The patterns that hold in a work tree; `common` is the repository's directory, `of_user` the user's file.
    pub(super) fn new(
        work_tree: PathBuf,
        common: &Path,
        of_user: Option<PathBuf>,
        ignores_case: bool,
    ) -> Self {
        let mut general = Search::default();
        // The later ones win.
        for file in of_user.into_iter().chain([common.join("info/exclude")]) {
            read_into(&mut general, &file, None);
        }
        let case = if ignores_case { Case::Fold } else { Case::Sensitive };
        Self { work_tree, general, case, own: Memo::default(), directories: Memo::default() }
    }

    /// Whether a path is ignored, by a pattern for it or for a directory above it.
    pub(super) fn has(&self, path: &TreePath, is_directory: bool) -> bool {
        if path.as_str().is_empty() {
            return false;
        }
        self.is_below_one(&path.parent()) || self.matches(path, is_directory)
    }

    fn is_below_one(&self, directory: &TreePath) -> bool {
        if directory.as_str().is_empty() {
            return false;
        }
        if let Some(known) = self.directories.known(directory) {
            return known;
        }
        // From the top down, so that the depth of a path costs no stack.
        let parts: Vec<&str> = directory.parts().collect();
        let mut above = false;
        for end in 1..=parts.len() {
            let Some(path) = TreePath::new(&parts[..end].join("/")) else { return above };
            above = self.directories.get(&path, || above || self.matches(&path, true));
        }
        above
    }

    /// What the patterns say of a path that no directory above it decides: those of the nearest directory come first.
    fn matches(&self, path: &TreePath, is_directory: bool) -> bool {
        let mut at = path.parent();
        loop {
            let found = self.own(&at).and_then(|own| self.verdict(&own, path, is_directory));
            if let Some(ignored) = found {
                return ignored;
            }
            if at.as_str().is_empty() {
                break;
            }
            at = at.parent();
        }
        self.verdict(&self.general, path, is_directory).unwrap_or(false)
    }

    fn verdict(&self, patterns: &Search, path: &TreePath, is_directory: bool) -> Option<bool> {
        let found = patterns.pattern_matching_relative_path(
            path.as_str().into(),
            Some(is_directory),
            self.case,
        )?;
        Some(!found.pattern.is_negative())
    }

    fn own(&self, directory: &TreePath) -> Option<Arc<Search>> {
        self.own.get(directory, || {
            let mut patterns = Search::default();
            let file = self.work_tree.join(directory.as_str()).join(FILE);
            read_into(&mut patterns, &file, Some(&self.work_tree));
            (!patterns.patterns.is_empty()).then(|| Arc::new(patterns))
        })
    }
}

/// Adds the patterns of a file. Git takes none from a link in the work tree, and nothing but a file is waited for.
fn read_into(patterns: &mut Search, file: &Path, root: Option<&Path>) {
    let found = if root.is_some() { file.symlink_metadata() } else { file.metadata() };
    if !found.is_ok_and(|found| found.is_file() && found.len() <= LARGEST) {
        return;
    }
    type List = gix_ignore::glob::search::pattern::List<Ignore>;
    let list = List::from_file(file, root, root.is_none(), &mut Vec::new(), PLAIN);
    patterns.patterns.extend(list.ok().flatten());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests make the files, and ask Git itself")]

    use std::fs;
    use std::process::Command;

    use super::Ignored;
    use crate::text::path::TreePath;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    #[test]
    fn ignores_what_git_ignores() {
        let files = [
            (
                ".gitignore",
                "*.log\n/out/\n!keep.log\n*a*b\n\\#x\ntrail\\ \n**/deep/*.txt\nx/**/z\n[!a]q\n",
            ),
            ("sub/.gitignore", "!a.log\n/local\n*.tmp\n!good.tmp\n"),
            ("sub/in/.gitignore", "*\n!.gitignore\n!y/\n"),
            (".git/info/exclude", "excluded\n!sub/in/y\n"),
        ];
        let sandbox = tempfile::tempdir().unwrap();
        let root = sandbox.path();
        git2::Repository::init(root).unwrap();
        for (file, text) in files {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let ignored = Ignored::new(root.to_owned(), &root.join(".git"), None, false);
        let asked = [
            "a.log",
            "keep.log",
            "sub/a.log",
            "sub/b.log",
            "out/x",
            "sub/out/x",
            "xaxb",
            "#x",
            "trail ",
            "deep/a.txt",
            "p/deep/a.txt",
            "p/deep/q/a.txt",
            "x/z",
            "x/p/q/z",
            "bq",
            "aq",
            "sub/local",
            "local",
            "sub/a.tmp",
            "sub/good.tmp",
            "a.tmp",
            "sub/in/x",
            "sub/in/y/x",
            "excluded",
            "sub/excluded",
            "plain.yaml",
        ];
        for asked in asked {
            let mut git = Command::new("git");
            git.arg("-C").arg(root).args(["check-ignore", "--no-index", "--quiet", "--", asked]);
            git.env("XDG_CONFIG_HOME", root).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", root);
            let expected = git.status().unwrap().code() == Some(0);
            assert_eq!(ignored.has(&path(asked), false), expected, "{asked}");
        }
    }

    /// A pattern of fifteen bytes must not keep a walk busy for ever.
    #[test]
    fn a_pattern_of_many_stars_costs_little() {
        let sandbox = tempfile::tempdir().unwrap();
        let root = sandbox.path();
        fs::write(root.join(".gitignore"), format!("{}b\n", "*a".repeat(60))).unwrap();
        let ignored = Ignored::new(root.to_owned(), &root.join(".git"), None, false);
        assert!(!ignored.has(&path(&"a".repeat(250)), false));
        assert!(ignored.has(&path(&format!("{}b", "a".repeat(200))), false));
    }
}
