//! What build roots read that do not build.

use std::collections::{BTreeMap, BTreeSet};

use crate::kustomize::load::kustomization::files_in;
use crate::repo::Repo;
use crate::repo::root::{Root, RootKind};
use crate::text::path::TreePath;
use crate::yaml::node::Node;

impl Repo {
    /// Every file that a root reads which does not build, or would read if it did, each with the first such root.
    #[must_use]
    pub fn read_by_broken(&self) -> BTreeMap<TreePath, &TreePath> {
        let mut read = BTreeMap::new();
        // Plain manifests are applied one by one.
        let broken =
            self.roots.iter().filter(|root| root.has_failed() && root.kind != RootKind::Plain);
        for root in broken {
            for file in root.files().iter().cloned().chain(self.named(root)) {
                read.entry(file).or_insert(&root.path);
            }
        }
        read
    }

    /// What the kustomizations of a root name: resolving them may have ended before.
    fn named(&self, root: &Root) -> BTreeSet<TreePath> {
        let (mut seen, mut named) = (BTreeSet::new(), BTreeSet::new());
        let mut next = vec![root.path.clone()];
        while let Some(directory) = next.pop().filter(|_| root.kind == RootKind::Kustomize) {
            if !seen.insert(directory.clone()) {
                continue;
            }
            next.extend(self.resolver.edges(&directory).iter().map(|(below, _)| below.clone()));
            for file in files_in(&self.library, &directory) {
                if let Ok(stream) = self.library.stream(&file) {
                    let documents = stream.documents.iter();
                    documents.for_each(|one| names(&one.root, &directory, &mut named));
                }
                named.insert(file);
            }
        }
        named
    }
}

/// The paths that the texts of a kustomization may be.
fn names(node: &Node, directory: &TreePath, named: &mut BTreeSet<TreePath>) {
    if let Some(text) = node.str() {
        let path = text.split_once('=').map_or(text, |(_, path)| path);
        named.extend(directory.join(path).filter(|_| !path.contains(char::is_whitespace)));
    }
    node.items().iter().for_each(|item| names(item, directory, named));
    node.entries().iter().for_each(|entry| names(&entry.value, directory, named));
}
