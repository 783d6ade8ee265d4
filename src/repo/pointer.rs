//! Directories that Flux and Argo CD are configured to apply.

use std::collections::{BTreeMap, BTreeSet};

use crate::kustomize::model::object::Object;
use crate::text::path::TreePath;
use crate::yaml::node::Node;

/// Every directory that a controller applies, with the namespaces configured for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pointers(BTreeMap<TreePath, BTreeSet<Option<String>>>);

impl Pointers {
    /// The directories configured in some objects.
    pub(super) fn of(objects: &[Object]) -> Self {
        let mut pointers = Self::default();
        objects.iter().for_each(|object| pointers.read(object));
        pointers
    }

    /// All of these together.
    pub(super) fn union<'p>(all: impl IntoIterator<Item = &'p Self>) -> Self {
        let mut pointers = Self::default();
        for (directory, namespaces) in all.into_iter().flat_map(|one| &one.0) {
            let known = pointers.0.entry(directory.clone()).or_default();
            known.extend(namespaces.iter().cloned());
        }
        pointers
    }

    /// Adds the directories configured in an object.
    pub(super) fn read(&mut self, object: &Object) {
        let group = object.api_version().rsplit_once('/').map_or("", |(group, _)| group);
        match (group, object.kind()) {
            ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
                let path = text(&object.node, &["spec", "path"]);
                self.add(path, text(&object.node, &["spec", "targetNamespace"]));
            }
            ("argoproj.io", "Application") => self.application(object.node.get("spec")),
            ("argoproj.io", "ApplicationSet") => {
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
            self.add(text(source, &["path"]), namespace);
        }
    }

    fn add(&mut self, path: Option<&str>, namespace: Option<&str>) {
        let templated = |text: &str| text.contains("{{") || text.contains("${");
        let Some(path) = path.filter(|path| !templated(path)) else { return };
        // Flux takes an absolute path as one from the repository's root.
        let Some(path) = TreePath::new(path.trim_start_matches('/')) else { return };
        let namespace = namespace.filter(|text| !templated(text)).map(str::to_owned);
        self.0.entry(path).or_default().insert(namespace);
    }

    /// The default namespace of objects in a directory, if all controllers that apply it agree.
    pub(super) fn namespace(&self, directory: &TreePath) -> Option<String> {
        let namespaces = self.0.get(directory)?;
        let first = namespaces.first()?.clone();
        if namespaces.len() == 1 { first } else { None }
    }

    /// The nearest directory that a controller applies, from `directory` upward.
    pub(super) fn above(&self, directory: &TreePath) -> Option<&TreePath> {
        let mut up = crate::repo::layout::above(directory);
        up.find_map(|up| self.0.get_key_value(&up).map(|(at, _)| at))
    }

    /// The directories.
    pub(super) fn directories(&self) -> impl Iterator<Item = &TreePath> {
        self.0.keys()
    }
}

fn text<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n str> {
    node.at(keys).and_then(Node::str).filter(|text| !text.is_empty())
}
