//! Which environments the names of directories and files spell, where nothing is configured.
//!
//! A word such as `staging` means an environment where another environment's name stands beside it: in a sibling that
//! is called the same otherwise, below a directory that holds such siblings elsewhere, or below one called `overlays` or
//! the like. A word alone means nothing: `docs/content/development` is a page, and `apps/dev` may be an application.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::environment::{Word, environment_of_word, word_of};
use crate::text::path::TreePath;

/// The names of directories that hold one directory for each environment.
const HOLDERS: [&str; 8] =
    ["overlay", "overlays", "env", "envs", "environment", "environments", "cluster", "clusters"];

/// The names of directories that lie beside those of environments and are none.
const SHARED: [&str; 9] = [
    "base",
    "bases",
    "common",
    "component",
    "components",
    "default",
    "global",
    "shared",
    "templates",
];

/// What the names in a tree spell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Convention {
    /// The directories of which at least two entries spell environments.
    holders: BTreeSet<TreePath>,
    /// Their names, and the directories that hold them.
    alike: (BTreeSet<String>, BTreeSet<TreePath>),
    /// The directories whose entries are one environment and what it shares with others to come.
    begun: BTreeSet<TreePath>,
    /// The environments that are spelled without another beside them, in a tree that has none otherwise.
    lone: BTreeSet<&'static str>,
    /// What files have to be called to belong to an environment: their directory, and the rest of their name.
    files: BTreeSet<(TreePath, String)>,
    /// What looks like an environment and has no place in the promotion order, by its word.
    unplaced: BTreeMap<&'static str, BTreeSet<TreePath>>,
}

/// What a name spells, and the rest of it.
struct Spelled {
    word: Word,
    /// The name with `*` instead of the word.
    rest: String,
}

/// The entries of one directory.
#[derive(Default)]
struct Entries<'f> {
    directories: BTreeSet<&'f str>,
    files: BTreeSet<&'f str>,
}

impl Convention {
    /// Reads the names of a tree's files and directories.
    pub(super) fn read(files: &[TreePath]) -> Self {
        let mut convention = Self::default();
        let entries = entries(files);
        for (path, entries) in &entries {
            let Some(path) = TreePath::new(path) else { continue };
            convention.take(&path, entries);
        }
        if convention.environments(files).is_empty() {
            convention.lone = lone(&entries);
        }
        convention
    }

    fn take(&mut self, path: &TreePath, entries: &Entries<'_>) {
        let siblings = alike(entries.directories.iter().copied());
        let mut holds = false;
        for group in siblings.values().filter(|group| is_several(group)) {
            holds = true;
            self.note_unplaced(path, group);
        }
        if holds {
            self.holders.insert(path.clone());
            self.alike.0.insert(path.name().to_owned());
            self.alike.1.insert(path.parent());
        }
        let is_shared = |name: &&str| SHARED.contains(name);
        let is_known = |name: &&str| is_shared(name) || environment_of_word(name).is_some();
        let mut directories = entries.directories.iter();
        if directories.clone().all(is_known)
            && (path.name() == "apps" || directories.any(is_shared))
        {
            self.begun.insert(path.clone());
        }
        for (rest, group) in alike(entries.files.iter().copied()) {
            if is_several(&group) {
                self.note_unplaced(path, &group);
                self.files.insert((path.clone(), rest));
            }
        }
    }

    fn note_unplaced(&mut self, path: &TreePath, group: &[(&str, Word)]) {
        for (name, word) in group {
            if let Word::Unplaced(word) = word {
                self.unplaced.entry(word).or_default().insert(path.child(name));
            }
        }
    }

    /// Whether a file's own name spells this environment.
    pub(super) fn is_file_of(&self, environment: &str, path: &TreePath) -> bool {
        self.of_file(path) == Some(environment)
    }

    /// The leading part of a path of directories whose last name spells this environment.
    pub(super) fn directory(&self, environment: &str, path: &TreePath) -> Option<TreePath> {
        let mut ends: Vec<usize> = path.as_str().match_indices('/').map(|(at, _)| at).collect();
        ends.push(path.as_str().len());
        let mut start = ends.len();
        while start > 0 {
            start -= 1;
            let from = if start == 0 { 0 } else { ends[start - 1] + 1 };
            let name = &path.as_str()[from..ends[start]];
            let before = &path.as_str()[..from.saturating_sub(1)];
            if self.of_directory(before, name) == Some(environment) {
                return TreePath::new(&path.as_str()[..ends[start]]);
            }
        }
        None
    }

    /// The environment that a directory's name spells.
    fn of_directory(&self, before: &str, name: &str) -> Option<&'static str> {
        let (environment, is_whole) = match environment_of_word(name) {
            Some((_, environment)) => (environment, true),
            None => match spelled(name)?.word {
                Word::Environment(_, environment) => (environment, false),
                Word::Unplaced(_) => return None,
            },
        };
        let before = TreePath::new(before)?;
        let is_beside = self.holders.contains(&before);
        let holds = || {
            before.as_str().is_empty()
                || HOLDERS.contains(&before.name())
                || self.begun.contains(&before)
                || self.alike.0.contains(before.name())
                || self.alike.1.contains(&before.parent())
                || self.lone.contains(environment)
        };
        (is_beside || is_whole && holds()).then_some(environment)
    }

    /// The environment that a file's own name spells.
    fn of_file(&self, path: &TreePath) -> Option<&'static str> {
        if self.files.is_empty() {
            return None;
        }
        let Spelled { word: Word::Environment(_, environment), rest } = spelled(path.name())?
        else {
            return None;
        };
        self.files.contains(&(path.parent(), rest)).then_some(environment)
    }

    /// The environments that the files of a tree spell, in promotion order.
    pub(super) fn environments(&self, files: &[TreePath]) -> BTreeSet<(usize, &'static str)> {
        let mut found = BTreeSet::new();
        let mut directories: BTreeSet<TreePath> = BTreeSet::new();
        let mut last = None;
        for file in files {
            let of_file = self.of_file(file).and_then(environment_of_word);
            found.extend(of_file);
            // Files are sorted: most lie beside the last one.
            let holder = file.as_str().rsplit_once('/').map(|(holder, _)| holder);
            if holder == last {
                continue;
            }
            last = holder;
            let mut directory = file.parent();
            while !directory.as_str().is_empty() && directories.insert(directory.clone()) {
                let before = directory.parent();
                let name = self.of_directory(before.as_str(), directory.name());
                found.extend(name.and_then(environment_of_word));
                directory = before;
            }
        }
        found
    }

    /// What looks like an environment and has no place in the promotion order, by its word.
    pub(super) fn unplaced(&self) -> impl Iterator<Item = (&'static str, &BTreeSet<TreePath>)> {
        self.unplaced.iter().map(|(word, paths)| (*word, paths))
    }
}

/// The entries of every directory, by its path.
fn entries(files: &[TreePath]) -> BTreeMap<&str, Entries<'_>> {
    let mut all: BTreeMap<&str, Entries<'_>> = BTreeMap::new();
    let mut last = "";
    // What lies in `.github` and the like is for tools.
    let is_hidden = |file: &&TreePath| file.parts().any(|part| part.starts_with('.'));
    for file in files.iter().filter(|file| !is_hidden(file)) {
        let path = file.as_str();
        // Files are sorted: the directories that a path shares with the last one are known.
        let shared = last.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
        last = path;
        let mut from = 0_usize;
        for (slash, _) in path.match_indices('/') {
            if slash >= shared {
                let directory = &path[..from.saturating_sub(1)];
                all.entry(directory).or_default().directories.insert(&path[from..slash]);
            }
            from = slash + 1;
        }
        all.entry(&path[..from.saturating_sub(1)]).or_default().files.insert(&path[from..]);
    }
    all
}

/// The environments that directories are called after, near the root of the tree or in several places.
fn lone(entries: &BTreeMap<&str, Entries<'_>>) -> BTreeSet<&'static str> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, entries) in entries {
        for name in &entries.directories {
            if let Some((_, environment)) = environment_of_word(name) {
                places.entry(environment).or_default().push(path);
            }
        }
    }
    let is_near = |path: &&str| !path.contains('/');
    places.retain(|_, paths| paths.len() > 1 || paths.iter().any(is_near));
    places.into_keys().collect()
}

/// The names that spell something, by the rest of the name.
fn alike<'n>(names: impl Iterator<Item = &'n str>) -> BTreeMap<String, Vec<(&'n str, Word)>> {
    let mut alike: BTreeMap<String, Vec<(&str, Word)>> = BTreeMap::new();
    for name in names {
        if let Some(Spelled { word, rest }) = spelled(name) {
            alike.entry(rest).or_default().push((name, word));
        }
    }
    alike
}

/// Whether siblings spell at least two environments, of which one has a place in the order.
fn is_several(group: &[(&str, Word)]) -> bool {
    let words: BTreeSet<Word> = group.iter().map(|(_, word)| *word).collect();
    words.len() > 1 && words.iter().any(|word| matches!(word, Word::Environment(..)))
}

/// What a name spells; `None` if it spells nothing, or several environments.
fn spelled(name: &str) -> Option<Spelled> {
    let lower = name.to_ascii_lowercase();
    let mut found: Option<(Word, std::ops::Range<usize>)> = None;
    let mut start = 0;
    let parts: Vec<&str> = lower.split(['-', '_', '.']).collect();
    let mut at = 0;
    while at < parts.len() {
        // `pre-prod` is one word.
        let pair = parts
            .get(at + 1)
            .map(|next| lower[start..].len().min(parts[at].len() + 1 + next.len()));
        let two = pair.and_then(|len| lower.get(start..start + len));
        let (word, len, taken) = match two.and_then(word_of) {
            Some(word) => (Some(word), two.map_or(0, str::len), 2),
            None => (word_of(parts[at]), parts[at].len(), 1),
        };
        if let Some(word) = word {
            if found.as_ref().is_some_and(|(known, _)| *known != word) {
                return None;
            }
            found.get_or_insert((word, start..start + len));
        }
        start += len + 1;
        at += taken;
    }
    let (word, range) = found?;
    Some(Spelled { word, rest: format!("{}*{}", &lower[..range.start], &lower[range.end..]) })
}

#[cfg(test)]
mod tests {
    use super::Convention;
    use crate::text::path::TreePath;

    /// The environment of each file, by the names in a tree of these files.
    fn of(files: &[&str]) -> Vec<Option<&'static str>> {
        let mut paths: Vec<TreePath> =
            files.iter().map(|file| TreePath::new(file).unwrap()).collect();
        paths.sort();
        let convention = Convention::read(&paths);
        let names = ["development", "staging", "production"];
        let of_file = |file: &&str| {
            let path = TreePath::new(file).unwrap();
            let own = names.into_iter().find(|name| convention.is_file_of(name, &path));
            let directory = |name: &&str| {
                convention.directory(name, &path.parent()).map_or(0, |at| at.as_str().len())
            };
            own.or_else(|| {
                let nearest = names.into_iter().max_by_key(directory)?;
                (directory(&nearest) > 0).then_some(nearest)
            })
        };
        files.iter().map(of_file).collect()
    }

    const DEVELOPMENT: Option<&str> = Some("development");
    const STAGING: Option<&str> = Some("staging");
    const PRODUCTION: Option<&str> = Some("production");

    #[test]
    fn siblings_that_differ_in_a_word_are_environments() {
        assert_eq!(
            of(&["a/dev/x.yaml", "a/Prod/x.yaml", "a/x.yaml"]),
            [DEVELOPMENT, PRODUCTION, None]
        );
        let clusters = ["c/prod-eu/x.yaml", "c/staging-eu/x.yaml", "c/prod-us/x.yaml"];
        assert_eq!(of(&clusters), [PRODUCTION, STAGING, PRODUCTION]);
        let named = ["x/ocp4-stage/x.yaml", "x/ocp4-prod/x.yaml", "x/tools/x.yaml"];
        assert_eq!(of(&named), [STAGING, PRODUCTION, None]);
        assert_eq!(of(&["x/uat/x.yaml", "x/production/x.yaml"]), [None, PRODUCTION]);
        assert_eq!(of(&["x/prod-a/x.yaml", "x/staging-b/x.yaml"]), [None, None]);
        assert_eq!(of(&["x/pre-prod/x.yaml", "x/prod/x.yaml"]), [None, PRODUCTION]);
    }

    #[test]
    fn files_may_be_siblings() {
        let files = ["c/values-staging.yaml", "c/values.prod.yaml", "c/values-prod.yaml"];
        assert_eq!(of(&files), [STAGING, None, PRODUCTION]);
        assert_eq!(of(&["c/values-staging.yaml", "c/values.yaml"]), [None, None]);
        assert_eq!(of(&[".ci/apply-dev.yaml", ".ci/apply-prod.yaml"]), [None, None]);
    }

    #[test]
    fn a_lone_word_is_none() {
        let overlays = ["o/dev/x.yaml", "o/staging/x.yaml", "docs/content/development/x.yaml"];
        assert_eq!(of(&overlays), [DEVELOPMENT, STAGING, None]);
        let applications = [
            "apps/dev/base/x.yaml",
            "apps/shop/overlays/prod/x.yaml",
            "apps/shop/overlays/dev/x.yaml",
        ];
        assert_eq!(of(&applications), [None, PRODUCTION, DEVELOPMENT]);
        assert_eq!(of(&["a/b/production/x.yaml"]), [None]);
    }

    #[test]
    fn a_lone_word_counts_where_others_of_its_kind_are() {
        let cousins = ["apps/a/dev/x.yaml", "apps/a/prod/x.yaml", "apps/b/prod/x.yaml"];
        assert_eq!(of(&cousins), [DEVELOPMENT, PRODUCTION, PRODUCTION]);
        assert_eq!(of(&["shop/base/x.yaml", "shop/production/x.yaml"]), [None, PRODUCTION]);
        assert_eq!(of(&["a/b/overlays/prod/x.yaml"]), [PRODUCTION]);
        assert_eq!(of(&["production/x.yaml"]), [PRODUCTION]);
        assert_eq!(of(&["a/b/staging/x.yaml", "a/c/staging/x.yaml"]), [STAGING, STAGING]);
    }
}
