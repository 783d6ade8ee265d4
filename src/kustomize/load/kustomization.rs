//! Finds a kustomization file and checks it against its shape.

use std::collections::BTreeSet;

use crate::kustomize::model::shape::{KUSTOMIZATION, fit};
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::source::Place;
use crate::tree::Entry;
use crate::yaml::library::{FileError, Library};
use crate::yaml::node::{Node, Provenance};
use crate::yaml::scalar::{Kind, Schema, kind};

/// The names that a kustomization file may have.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A kustomization or a component, as written in its file.
#[derive(Debug, Clone)]
pub struct Kustomization {
    /// Its directory, links followed.
    pub directory: TreePath,
    /// The file.
    pub file: TreePath,
    /// The first document, its keys spelled as kustomize spells them.
    pub root: Node,
    /// Whether it is a component.
    pub is_component: bool,
}

impl Kustomization {
    /// The value of a field, unless it is null.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.root.get(key).filter(|value| kind(value, Schema::Kubectl) != Some(Kind::Null))
    }

    /// The items of a field; empty if it is missing.
    #[must_use]
    pub fn items(&self, key: &str) -> &[Node] {
        self.get(key).map(Node::items).unwrap_or_default()
    }

    /// The field as a list, unless it is empty.
    #[must_use]
    pub fn list(&self, key: &str) -> Option<&Node> {
        self.get(key).filter(|list| !list.items().is_empty())
    }

    /// A field that holds a text, unless it is empty.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<(&str, &Node)> {
        let node = self.get(key)?;
        node.str().filter(|text| !text.is_empty()).map(|text| (text, node))
    }

    /// What it lists under `resources` and the older `bases`.
    pub fn resources(&self) -> impl Iterator<Item = &Node> {
        self.items("resources").iter().chain(self.items("bases"))
    }
}

/// What a controller writes into a kustomization before it builds it.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Fields that get another value.
    set: Vec<(&'static str, Node)>,
    /// Lists that get more items at their end.
    appended: Vec<(&'static str, Vec<Node>)>,
    /// Whether components that are added and do not exist are left out.
    ignores_missing: bool,
}

impl Overrides {
    /// Sets a field.
    pub fn set(&mut self, field: &'static str, value: Node) {
        self.set.push((field, value));
    }

    /// Appends items to a list.
    pub fn append(&mut self, field: &'static str, items: &[Node]) {
        if !items.is_empty() {
            self.appended.push((field, items.to_vec()));
        }
    }

    /// Leaves out the components that are added and do not exist.
    pub const fn ignore_missing_components(&mut self) {
        self.ignores_missing = true;
    }

    /// Whether nothing is written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.set.is_empty() && self.appended.is_empty()
    }

    /// The components that are added.
    pub fn components(&self) -> impl Iterator<Item = &Node> {
        let lists = self.appended.iter().filter(|(field, _)| *field == "components");
        lists.flat_map(|(_, items)| items)
    }
}

impl Kustomization {
    /// The kustomization as a controller builds it.
    #[must_use]
    pub fn with(&self, overrides: &Overrides, library: &Library) -> Self {
        let is_there = |entry: &&Node| {
            let path = entry.str().and_then(|text| self.directory.join(text));
            path.is_none_or(|path| library.tree().entry(&path).is_ok())
        };
        let mut root = self.root.clone();
        for (field, value) in &overrides.set {
            root.set(field, value.clone());
        }
        for (field, more) in &overrides.appended {
            let is_kept = |entry: &&Node| {
                !(overrides.ignores_missing && *field == "components") || is_there(entry)
            };
            let more = more.iter().filter(is_kept);
            let items = self.items(field).iter().chain(more).cloned().collect();
            root.set(field, Node::seq(items, Provenance::Written));
        }
        Self { root, ..self.clone() }
    }

    /// The kustomization that Flux makes for a directory without one: it lists every manifest below, and each directory below
    /// that has a kustomization of its own.
    #[must_use]
    pub fn generated(library: &Library, directory: &TreePath) -> Self {
        let mut resources: BTreeSet<String> = BTreeSet::new();
        let is_manifest = |file: &&TreePath| {
            let name = file.name();
            file.is_within(directory) && (name.ends_with(".yaml") || name.ends_with(".yml"))
        };
        for file in library.tree().manifests().iter().filter(is_manifest) {
            let mut up: Vec<TreePath> =
                std::iter::successors(Some(file.parent()), |at| Some(at.parent()))
                    .take_while(|at| at != directory && at.is_within(directory))
                    .collect();
            up.reverse();
            let own = up.into_iter().find(|at| !files_in(library, at).is_empty());
            resources.insert(own.as_ref().unwrap_or(file).relative_to(directory));
        }
        let items =
            resources.iter().map(|path| Node::string(path, Provenance::Generated)).collect();
        let mut root = Node::map(Provenance::Generated);
        root.set("resources", Node::seq(items, Provenance::Generated));
        Self {
            directory: directory.clone(),
            file: directory.child(NAMES[0]),
            root,
            is_component: false,
        }
    }
}

/// The kustomization files in a directory, links followed.
#[must_use]
pub fn files_in(library: &Library, directory: &TreePath) -> Vec<TreePath> {
    let found = NAMES.iter().filter_map(|name| directory.join(name)).filter_map(|path| {
        let (real, kind) = library.tree().entry(&path).ok()?;
        (kind == Entry::File && real.is_within(directory)).then_some(real)
    });
    let mut seen = BTreeSet::new();
    found.filter(|path| seen.insert(path.clone())).collect()
}

/// Reads the kustomization of a directory.
///
/// # Errors
/// If there is none or more than one, or kustomize would reject it.
pub fn load(library: &Library, directory: &TreePath) -> Result<Kustomization, Problem> {
    let file = only_file(library, directory)?;
    let stream = library.stream(&file).map_err(|error| unreadable(&error, &file))?;
    let empty = || {
        Problem::of(format!("`{file}` is empty"), &file)
            .with_help("list what it is made of under `resources:`, or remove the file")
    };
    let root = &stream.documents.first().ok_or_else(empty)?.root;
    let root = fit(root, KUSTOMIZATION)?.into_owned();
    let says_nothing = |key: &str| matches!(key, "apiVersion" | "kind");
    if root.entries().iter().all(|entry| entry.key.str().is_none_or(says_nothing)) {
        return Err(empty());
    }
    let is_component = check_type(&root)?;
    Ok(Kustomization { directory: directory.clone(), file, root, is_component })
}

fn only_file(library: &Library, directory: &TreePath) -> Result<TreePath, Problem> {
    let mut files = files_in(library, directory);
    match (files.pop(), files.pop()) {
        (Some(file), None) => Ok(file),
        (Some(second), Some(first)) => {
            let message = format!(
                "`{directory}` has more than one kustomization file: `{}` and `{}`",
                first.name(),
                second.name()
            );
            Err(Problem::of(message, directory).with_help("keep one of them"))
        }
        (None, _) => {
            let message = format!("`{directory}` has no kustomization file");
            let help = "add a `kustomization.yaml` to it, or list its files one by one";
            Err(Problem::of(message, directory).with_help(help))
        }
    }
}

fn unreadable(error: &FileError, file: &TreePath) -> Problem {
    let place: Option<Place> = match error {
        FileError::Syntax(error) => Some(error.place.clone()),
        FileError::Read(_) | FileError::TooLarge(_) => None,
    };
    let mut problem = Problem::of(format!("`{file}` is not a kustomization: {error}"), file);
    problem.place = place;
    problem
}

/// Checks that `kind` and `apiVersion` match; returns whether it is a component.
fn check_type(root: &Node) -> Result<bool, Problem> {
    let text = |key: &str| {
        root.get(key)
            .and_then(|node| node.str().filter(|text| !text.is_empty()).map(|text| (text, node)))
    };
    let is_component = match text("kind") {
        None | Some(("Kustomization", _)) => false,
        Some(("Component", _)) => true,
        Some((other, node)) => {
            let message = format!("`{other}` is no kustomization");
            return Err(
                Problem::at(message, node).with_help("`kind` is `Kustomization` or `Component`")
            );
        }
    };
    let version = if is_component { "v1alpha1" } else { "v1beta1" };
    let wanted = format!("kustomize.config.k8s.io/{version}");
    match text("apiVersion") {
        Some((given, node)) if given != wanted => {
            let message = format!("`{given}` is not the version of this kind");
            Err(Problem::at(message, node).with_help(format!("write `apiVersion: {wanted}`")))
        }
        _ => Ok(is_component),
    }
}
