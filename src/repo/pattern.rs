//! Patterns that assign paths to environments as their directory names do.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::glob::PathGlob;
use crate::repo::environment::{EnvironmentId, Environments, claim_of_file};
use crate::text::path::TreePath;

/// The patterns of each environment: they match its files and no others.
pub(super) fn patterns(environments: &Environments, files: &[TreePath]) -> Vec<Vec<String>> {
    let claims: Vec<_> = files.iter().map(|file| claim_of_file(environments, file)).collect();
    let of_environment = |id: EnvironmentId| {
        let (mut directories, mut others) = (BTreeMap::new(), Vec::new());
        for (file, claim) in files.iter().zip(&claims) {
            match claim {
                Some(claim) if claim.environment == id => {
                    let held: &mut Vec<&TreePath> =
                        directories.entry(claim.directory.clone()).or_default();
                    held.push(file);
                }
                _ => others.push(file),
            }
        }
        Finder { directories, others }.patterns()
    };
    environments.ids().map(of_environment).collect()
}

struct Finder<'f> {
    /// The directories that belong to the environment, and the files in each.
    directories: BTreeMap<TreePath, Vec<&'f TreePath>>,
    /// Every file of another environment, or of none.
    others: Vec<&'f TreePath>,
}

impl Finder<'_> {
    fn patterns(&self) -> Vec<String> {
        let mut groups: BTreeMap<(usize, &str), Vec<&TreePath>> = BTreeMap::new();
        for directory in self.directories.keys() {
            groups
                .entry((directory.parts().count(), directory.name()))
                .or_default()
                .push(directory);
        }
        let mut patterns = BTreeSet::new();
        for group in groups.into_values() {
            let joint = joint(&group);
            if self.fits(&joint) {
                patterns.insert(joint);
            } else {
                patterns.extend(group.into_iter().flat_map(|directory| self.of(directory)));
            }
        }
        patterns.into_iter().collect()
    }

    /// The patterns of one directory: itself, or else the directories of its files, or else the files.
    fn of(&self, directory: &TreePath) -> Vec<String> {
        let own = literal(directory);
        if self.fits(&own) {
            return vec![own];
        }
        let files = self.directories.get(directory).into_iter().flatten();
        let of_file = |file: &&TreePath| {
            let parent = literal(&file.parent());
            if self.fits(&parent) { parent } else { literal(file) }
        };
        files.map(of_file).collect()
    }

    /// Whether a pattern matches none of the others.
    fn fits(&self, pattern: &str) -> bool {
        let glob = PathGlob::parse(pattern);
        glob.is_ok_and(|glob| !self.others.iter().any(|file| glob.matches_prefix(file)))
    }
}

/// One pattern for directories of the same depth, with wildcards where they differ.
fn joint(directories: &[&TreePath]) -> String {
    let split: Vec<Vec<&str>> = directories.iter().map(|one| one.parts().collect()).collect();
    let Some((first, rest)) = split.split_first() else { return String::new() };
    let part = |(at, part): (usize, &&str)| {
        let same = rest.iter().all(|other| other.get(at) == Some(part));
        if same { escape(part) } else { "*".to_owned() }
    };
    first.iter().enumerate().map(part).collect::<Vec<_>>().join("/")
}

/// The pattern of one path.
pub(super) fn literal(path: &TreePath) -> String {
    joint(&[path])
}

/// Replaces characters that are special in patterns with `?`, which also matches them.
fn escape(part: &str) -> String {
    part.replace(['*', '[', ']', '{', '}', '\\'], "?")
}
