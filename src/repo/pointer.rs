//! Directories that Flux and Argo CD are configured to apply.

use std::collections::{BTreeMap, BTreeSet};

use crate::builders::argo;
use crate::kustomize::model::object::Object;
use crate::repo::builder::TreeListing;
use crate::text::path::TreePath;
use crate::yaml::node::Node;

/// Every directory that a controller applies, with the namespaces configured for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pointers(BTreeMap<TreePath, Pointed>);

/// What controllers do with a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Pointed {
    /// The namespaces configured for it.
    namespaces: BTreeSet<Option<String>>,
    /// Whether Flux builds it, which knows no load restrictions.
    by_flux: bool,
}

impl Pointers {
    /// The directories configured in some objects.
    pub(super) fn of(objects: &[Object], listing: &TreeListing<'_>) -> Self {
        let mut pointers = Self::default();
        objects.iter().for_each(|object| pointers.read(object, listing));
        pointers
    }

    /// All of these together.
    pub(super) fn union<'p>(all: impl IntoIterator<Item = &'p Self>) -> Self {
        let mut pointers = Self::default();
        for (directory, pointed) in all.into_iter().flat_map(|one| &one.0) {
            let known = pointers.0.entry(directory.clone()).or_default();
            known.namespaces.extend(pointed.namespaces.iter().cloned());
            known.by_flux |= pointed.by_flux;
        }
        pointers
    }

    /// Adds the directories configured in an object.
    pub(super) fn read(&mut self, object: &Object, listing: &TreeListing<'_>) {
        let group = object.api_version().rsplit_once('/').map_or("", |(group, _)| group);
        match (group, object.kind()) {
            ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
                let path = text(&object.node, &["spec", "path"]);
                let namespace = text(&object.node, &["spec", "targetNamespace"]);
                if let Some(pointed) = self.add(path, namespace) {
                    pointed.by_flux = true;
                }
            }
            ("argoproj.io", "Application") => self.application(object.node.get("spec")),
            ("argoproj.io", "ApplicationSet") => {
                let (made, _) = argo::applications(object, listing).unwrap_or_default();
                for one in made {
                    let sources = one.sources.iter().filter_map(|source| source.path.clone());
                    for path in sources {
                        self.point(path, one.destination.as_deref());
                    }
                }
                self.application(object.node.at(&["spec", "template", "spec"]));
            }
            _ => {}
        }
    }

    fn application(&mut self, spec: Option<&Node>) {
        let Some(spec) = spec else { return };
        let namespace = text(spec, &["destination", "namespace"]);
        let several = spec.get("sources").map(Node::items).unwrap_or_default();
        for source in spec.get("source").into_iter().chain(several) {
            let _ = self.add(text(source, &["path"]), namespace);
        }
    }

    fn add(&mut self, path: Option<&str>, namespace: Option<&str>) -> Option<&mut Pointed> {
        let templated = |text: &str| text.contains("{{") || text.contains("${");
        let path = path.filter(|path| !templated(path))?;
        // Flux takes an absolute path as one from the repository's root.
        let path = TreePath::new(path.trim_start_matches('/'))?;
        Some(self.point(path, namespace.filter(|text| !templated(text))))
    }

    fn point(&mut self, path: TreePath, namespace: Option<&str>) -> &mut Pointed {
        let pointed = self.0.entry(path).or_default();
        pointed.namespaces.insert(namespace.map(str::to_owned));
        pointed
    }

    /// The default namespace of objects in a directory, if all controllers that apply it agree.
    pub(super) fn namespace(&self, directory: &TreePath) -> Option<String> {
        let namespaces = &self.0.get(directory)?.namespaces;
        let first = namespaces.first()?.clone();
        if namespaces.len() == 1 { first } else { None }
    }

    /// The nearest directory that a controller applies, from `directory` upward.
    pub(super) fn above(&self, directory: &TreePath) -> Option<&TreePath> {
        let mut up = crate::repo::layout::above(directory);
        up.find_map(|up| self.0.get_key_value(&up).map(|(at, _)| at))
    }

    /// Whether Flux builds a directory.
    pub(super) fn is_built_by_flux(&self, directory: &TreePath) -> bool {
        self.0.get(directory).is_some_and(|pointed| pointed.by_flux)
    }

    /// The directories.
    pub(super) fn directories(&self) -> impl Iterator<Item = &TreePath> {
        self.0.keys()
    }
}

fn text<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n str> {
    node.at(keys).and_then(Node::str).filter(|text| !text.is_empty())
}
