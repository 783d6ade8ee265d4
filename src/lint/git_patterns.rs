//! Patterns of `.gitattributes` and `.gitignore`, as far as rules need them.

use crate::config::glob::{NameGlob, PathGlob};
use crate::text::path::TreePath;
use crate::tree::Tree;

/// Patterns over files, each with the directory that it counts from.
pub(super) struct Patterns(Vec<Pattern>);

enum Pattern {
    /// One name, wherever it stands below a directory.
    Name(TreePath, NameGlob),
    /// A path from the root of the tree.
    Path(PathGlob),
}

impl Patterns {
    /// The patterns in all files of a name; `take` says which of a line's words is one.
    pub(super) fn of(tree: &dyn Tree, name: &str, take: impl Fn(&str) -> Option<&str>) -> Self {
        let files = tree.files().iter().filter(|file| file.name() == name);
        let sources = files.filter_map(|file| Some((file.parent(), tree.source(file).ok()?)));
        let mut patterns = Vec::new();
        for (directory, source) in sources {
            let lines = source.text().lines().filter(|line| !line.starts_with('#'));
            patterns.extend(lines.filter_map(&take).filter_map(|text| read(&directory, text)));
        }
        Self(patterns)
    }

    /// What Git ignores, whether or not it is there; a pattern that takes some of it back is not read.
    pub(super) fn ignored(tree: &dyn Tree) -> Self {
        Self::of(tree, ".gitignore", |line| {
            Some(line.trim_end()).filter(|text| !text.is_empty() && !text.starts_with('!'))
        })
    }

    /// Whether a pattern fits the file or a directory above it.
    pub(super) fn fit(&self, file: &TreePath) -> bool {
        self.0.iter().any(|pattern| match pattern {
            Pattern::Name(directory, glob) => {
                let above = directory.parts().count();
                file.is_within(directory) && file.parts().skip(above).any(|part| glob.matches(part))
            }
            Pattern::Path(glob) => glob.matches_prefix(file),
        })
    }
}

fn read(directory: &TreePath, text: &str) -> Option<Pattern> {
    let text = text.trim_end_matches('/');
    if text.contains('/') {
        let below = format!("{}/{}", directory.display(), text.trim_start_matches('/'));
        return PathGlob::parse(&below).ok().map(Pattern::Path);
    }
    NameGlob::parse(text).ok().map(|glob| Pattern::Name(directory.clone(), glob))
}

#[cfg(test)]
mod tests {
    use super::Patterns;
    use crate::text::path::TreePath;
    use crate::tree::memory::MemoryTree;

    #[test]
    fn names_fit_anywhere_and_paths_from_their_directory() {
        let path = |text: &str| TreePath::new(text).unwrap();
        let lines = "# comment\n.env\n*.key\n/local/\nsecrets/**\n!kept\n\n";
        let tree = MemoryTree::new([(path("a/.gitignore"), lines.into())]);
        let ignored = Patterns::ignored(&tree);
        for file in ["a/.env", "a/b/.env", "a/b/x.key", "a/local/x.yaml", "a/secrets/b/x.yaml"] {
            assert!(ignored.fit(&path(file)), "{file}");
        }
        for file in [".env", "local/x.yaml", "a/b/local", "secrets/x", "a/x.yaml", "a/kept"] {
            assert!(!ignored.fit(&path(file)), "{file}");
        }
    }
}
