//! Which directories and files a kustomization names, and whether it includes itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::kustomize::load::kustomization::Kustomization;
use crate::kustomize::load::remote::is_remote;
use crate::kustomize::resolver::Resolver;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::work;
use crate::tree::Entry;
use crate::yaml::library::Library;
use crate::yaml::node::Node;

/// What a kustomization names and what exists, symlinks resolved.
#[derive(Debug, Default)]
pub struct Links {
    /// Directories under `resources` and `bases`.
    pub bases: Vec<TreePath>,
    /// Directories under `components`.
    pub components: Vec<TreePath>,
    /// Files under `resources`.
    pub resources: Vec<TreePath>,
}

impl Links {
    /// What a kustomization names.
    #[must_use]
    pub fn of(library: &Library, kustomization: &Kustomization) -> Self {
        let mut links = Self::default();
        for entry in kustomization.resources() {
            match target(library, kustomization, entry) {
                Some((path, Entry::Directory)) => links.bases.push(path),
                Some((path, Entry::File)) => links.resources.push(path),
                None => {}
            }
        }
        for entry in kustomization.items("components") {
            if let Some((path, Entry::Directory)) = target(library, kustomization, entry) {
                links.components.push(path);
            }
        }
        links
    }
}

fn target(
    library: &Library,
    kustomization: &Kustomization,
    entry: &Node,
) -> Option<(TreePath, Entry)> {
    let text = entry.str().filter(|text| !text.is_empty() && !is_remote(text))?;
    library.tree().entry(&kustomization.directory.join(text)?).ok()
}

/// The fields that may name directories.
const FIELDS: [&str; 6] =
    ["resources", "bases", "components", "generators", "transformers", "validators"];

/// The directories that a kustomization includes, each with the entry that names it.
#[must_use]
pub fn edges(resolver: &Resolver, directory: &TreePath) -> Vec<(TreePath, Node)> {
    let Ok(kustomization) = resolver.kustomization(directory) else { return Vec::new() };
    let entries = FIELDS.iter().flat_map(|field| kustomization.items(field));
    let directories = entries.filter_map(|entry| {
        let (path, kind) = target(resolver.library(), &kustomization, entry)?;
        (kind == Entry::Directory).then(|| (path, entry.clone()))
    });
    directories.collect()
}

/// How deep kustomizations may be nested: each level uses stack space.
const DEEPEST: usize = 100;

/// Why a directory cannot be resolved: a cycle, or bases that are nested too deep.
#[must_use]
pub fn endless(resolver: &Resolver, from: &TreePath) -> Option<Problem> {
    if is_flat(resolver, from) {
        return None;
    }
    cycle(resolver, from).or_else(|| too_deep(resolver, from))
}

/// Whether a directory includes only some that include nothing, as most do.
fn is_flat(resolver: &Resolver, from: &TreePath) -> bool {
    let edges = resolver.edges(from);
    edges.iter().all(|(path, _)| !from.is_within(path) && resolver.edges(path).is_empty())
}

fn too_deep(resolver: &Resolver, from: &TreePath) -> Option<Problem> {
    let mut level = BTreeSet::from([from.clone()]);
    for _ in 0..DEEPEST {
        let mut below = BTreeSet::new();
        for directory in &level {
            below.extend(resolver.edges(directory).iter().map(|(path, _)| path.clone()));
        }
        if below.is_empty() {
            return None;
        }
        level = below;
    }
    let deepest = level.first()?;
    let message =
        format!("kustomizations are nested more than {DEEPEST} levels deep, down to `{deepest}`");
    Some(
        Problem::of(message, from)
            .with_help("reduce the nesting: include the last one directly from one of the others"),
    )
}

/// A cycle, if a directory or one that it includes includes itself or a parent directory.
fn cycle(resolver: &Resolver, from: &TreePath) -> Option<Problem> {
    let reached = reach(resolver, from);
    let others = reached.keys().filter(|path| *path != from);
    std::iter::once(from).chain(others).find_map(|directory| resolver.cycle_at(directory))
}

/// A cycle, if a directory includes itself or a parent directory, directly or through others.
#[must_use]
pub fn cycle_at(resolver: &Resolver, directory: &TreePath) -> Option<Problem> {
    let reached = reach(resolver, directory);
    let above = reached.keys().find(|above| directory.is_within(above))?;
    Some(describe(directory, above, &reached))
}

/// How a directory was reached: from which one, by which entry.
type Reached = BTreeMap<TreePath, (TreePath, Node)>;

fn reach(resolver: &Resolver, from: &TreePath) -> Reached {
    let mut reached = Reached::new();
    let mut seen = BTreeSet::from([from.clone()]);
    let mut open = VecDeque::from([from.clone()]);
    while let Some(directory) = open.pop_front() {
        work::count("directory searched for a cycle");
        for (path, entry) in resolver.edges(&directory).iter() {
            reached.entry(path.clone()).or_insert_with(|| (directory.clone(), entry.clone()));
            if seen.insert(path.clone()) {
                open.push_back(path.clone());
            }
        }
    }
    reached
}

fn describe(directory: &TreePath, above: &TreePath, reached: &Reached) -> Problem {
    let mut way = vec![above];
    let mut at = above;
    let mut entry = None;
    while let Some((from, by)) = reached.get(at).filter(|_| way.len() <= reached.len() + 1) {
        way.push(from);
        entry = Some(by);
        at = from;
        if from == directory {
            break;
        }
    }
    let way: Vec<_> = way.iter().rev().map(|path| format!("`{path}`")).collect();
    let message = if directory == above {
        format!("a kustomization includes itself: {}", way.join(" -> "))
    } else {
        let way = way.join(" -> ");
        format!("a kustomization includes a directory that contains it: {way}")
    };
    let problem = match entry {
        Some(entry) => Problem::at(message, entry),
        None => Problem::of(message, directory),
    };
    problem.with_help("remove one of these entries; move what both need into a separate base")
}
