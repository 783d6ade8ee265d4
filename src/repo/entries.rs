//! Whether the entries of a ConfigMap may get into other objects: by a controller that takes values or variables from it, or
//! by a kustomization that copies values.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::kustomize::model::object::Object;
use crate::repo::Repo;
use crate::repo::root::{Root, RootKind};
use crate::text::path::TreePath;
use crate::yaml::node::Node;
use crate::yaml::parse::Stream;

/// The lists of an object's sources of values: of a Flux `Kustomization`, of a Flux `HelmRelease`, of Fleet.
const SOURCES: [&[&str]; 3] = [
    &["spec", "postBuild", "substituteFrom"],
    &["spec", "valuesFrom"],
    &["spec", "helm", "valuesFrom"],
];

/// The fields of a kustomization that copy no value from one object to another.
const INDEPENDENT: [&str; 16] = [
    "apiVersion",
    "bases",
    "buildMetadata",
    "commonAnnotations",
    "commonLabels",
    "components",
    "generatorOptions",
    "images",
    "kind",
    "labels",
    "metadata",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "replicas",
    "resources",
];

/// The ConfigMaps from which controllers take values.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken {
    /// Their names.
    names: BTreeSet<String>,
    /// Whether any may be one of them.
    is_any: bool,
}

impl Repo {
    /// Whether anything other than a pod may read the entries of a ConfigMap that a file spells.
    #[must_use]
    pub fn may_spread(&self, file: &TreePath, name: &str) -> bool {
        self.config.references.iter().any(|field| field.kind == "ConfigMap")
            || !is_plain(name)
            || self.roots.iter().any(|root| self.spreads(root, file, name))
    }

    /// The same, if only one build root might read them.
    #[must_use]
    pub fn spreads(&self, root: &Root, file: &TreePath, name: &str) -> bool {
        let taken = root.facts.taken.get_or_init(|| Taken::by(root.objects()));
        let is_taken = taken.is_any || taken.names.iter().any(|one| one.contains(name));
        is_taken
            || *root.facts.copies.get_or_init(|| self.copies(root)) && root.files().contains(file)
    }

    /// Whether a root may copy a value from one object to another, or cannot be built.
    fn copies(&self, root: &Root) -> bool {
        let alone = |directory: &TreePath| {
            let file = self.layout.kustomizations.get(directory);
            file.and_then(|file| self.stream_at(file)).is_some_and(|stream| {
                stream.documents.iter().all(|one| self.is_independent(directory, &one.root))
            })
        };
        root.has_failed()
            || root.kind == RootKind::Kustomize
                && (root.directories().is_empty() || !root.directories().iter().all(alone))
    }

    /// Whether a kustomization builds each ConfigMap from its own file alone.
    fn is_independent(&self, directory: &TreePath, kustomization: &Node) -> bool {
        kustomization.entries().iter().all(|entry| {
            let items = || entry.value.items().iter();
            match entry.key.str() {
                Some("patches") => items().all(|patch| self.is_about_others(directory, patch)),
                Some("configMapGenerator" | "secretGenerator") => items().all(has_own_values),
                Some(key) => INDEPENDENT.contains(&key),
                None => false,
            }
        })
    }

    /// The documents of a file, links followed.
    fn stream_at(&self, file: &TreePath) -> Option<Arc<Stream>> {
        let (real, _) = self.library.tree().entry(file).ok()?;
        self.library.stream(&real).ok()
    }

    /// Whether a patch changes no ConfigMap, nor is one.
    fn is_about_others(&self, directory: &TreePath, patch: &Node) -> bool {
        let is_aimed = patch.get("target").map(has_other_target);
        let Some(path) = patch.get("path").and_then(Node::str) else {
            return is_aimed == Some(true);
        };
        let stream = directory.join(path).and_then(|file| self.stream_at(&file));
        let documents = stream.iter().flat_map(|stream| &stream.documents);
        let is_other = |root: &Node| !root.entries().is_empty() && is_other_kind(root.get("kind"));
        let is_list = |root: &Node| !root.items().is_empty() && is_aimed == Some(true);
        stream.is_some()
            && is_aimed != Some(false)
            && documents.into_iter().all(|one| is_other(&one.root) || is_list(&one.root))
    }
}

impl Taken {
    fn by(objects: &[Object]) -> Self {
        let mut taken = Self::default();
        for object in objects {
            for list in SOURCES {
                let sources = object.node.at(list).map_or(&[][..], Node::items);
                sources.iter().for_each(|source| taken.add(source));
            }
            // What a Flux `Kustomization` writes into the kustomization of its directory.
            let is_flux = object.kind() == "Kustomization";
            let patches = object.node.at(&["spec", "patches"]).filter(|_| is_flux);
            let patches = patches.map_or(&[][..], Node::items).iter();
            let mut targets = patches.map(|patch| patch.get("target"));
            taken.is_any |= targets.any(|target| !target.is_some_and(has_other_target));
            taken.is_any |= is_flux && object.node.at(&["spec", "components"]).is_some();
        }
        taken
    }

    fn add(&mut self, source: &Node) {
        let source = source.get("configMapKeyRef").unwrap_or(source);
        match source.get("name").and_then(Node::str).filter(|name| is_plain(name)) {
            Some(name) => drop(self.names.insert(name.to_owned())),
            None => self.is_any = true,
        }
    }
}

/// Whether a generator reads no file.
fn has_own_values(generator: &Node) -> bool {
    let own = ["name", "namespace", "literals", "options", "type"];
    generator.entries().iter().all(|one| one.key.str().is_some_and(|key| own.contains(&key)))
}

/// Whether a target selects objects of one kind that is no ConfigMap.
fn has_other_target(target: &Node) -> bool {
    is_other_kind(target.get("kind"))
}

/// Whether this is a kind, and not that of a ConfigMap.
fn is_other_kind(kind: Option<&Node>) -> bool {
    let kind = kind.and_then(Node::str).unwrap_or_default();
    let is_word = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_word && kind != "ConfigMap" && !kind.ends_with("List")
}

/// Whether this is the name of an object, and no text from which one is made.
fn is_plain(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    !name.is_empty() && name.bytes().all(is_part)
}
