//! What the clusters of a repository would see: every kustomization as kubectl renders it, every plain tree as its files say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::kubectl::{self, Rendered};
use crate::objects::{self, Object};
use crate::tree;

/// The directory names that spell an environment.
const ENVIRONMENTS: [(&str, &[&str]); 3] = [
    ("development", &["dev", "development"]),
    ("staging", &["stg", "staging"]),
    ("production", &["prd", "production"]),
];

/// The environment that a path belongs to by one of its directory names.
pub(crate) fn environment(path: &str) -> Option<&'static str> {
    let of = |word| ENVIRONMENTS.iter().find(|(_, words)| words.contains(&word));
    path.split('/').find_map(of).map(|(name, _)| *name)
}

/// One root: what it would bring into a cluster, and how that is spelled.
#[derive(Clone)]
pub(crate) struct Build {
    /// What must not change, byte for byte, in another environment.
    pub(crate) text: String,
    /// The objects; `None` where kubectl refuses.
    pub(crate) objects: Option<Vec<Object>>,
}

/// Every root of a repository, by path.
pub(crate) type State = BTreeMap<String, Build>;

/// Renders a repository.
pub(crate) fn of(root: &Path) -> State {
    only(root, |_| true)
}

/// Renders the kustomizations of a repository whose paths are wanted, and the plain trees.
pub(crate) fn only(root: &Path, is_wanted: impl Fn(&str) -> bool) -> State {
    let files = tree::files(root);
    let kustomized: BTreeSet<_> = files.keys().filter_map(|file| tree::kustomized(file)).collect();
    let mut state = State::new();
    for directory in kustomized.iter().filter(|directory| is_wanted(directory)) {
        let rendered = kubectl::render(&root.join(directory));
        let objects = rendered.objects();
        let text = match rendered {
            Rendered::Text(text) => text,
            Rendered::Refused(_) => String::new(),
        };
        state.insert(directory.clone(), Build { text, objects });
    }
    for (file, bytes) in &files {
        if let Some(plain) = plain_root(file, &kustomized) {
            let text = String::from_utf8_lossy(bytes);
            let parsed = objects::parse(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
            let empty = || Build { text: String::new(), objects: Some(Vec::new()) };
            let build = state.entry(plain).or_insert_with(empty);
            build.text.push_str(&text);
            build.objects.get_or_insert_default().extend(parsed);
        }
    }
    state
}

/// The root of a plain manifest: the directory that spells its environment.
fn plain_root(file: &str, kustomized: &BTreeSet<String>) -> Option<String> {
    let manifest = [".yaml", ".yml", ".json"].iter().any(|end| file.ends_with(end));
    let directories: Vec<_> = file.match_indices('/').map(|(end, _)| &file[..end]).collect();
    if !manifest || directories.iter().any(|directory| kustomized.contains(*directory)) {
        return None;
    }
    directories.into_iter().find(|one| environment(one).is_some()).map(str::to_owned)
}
