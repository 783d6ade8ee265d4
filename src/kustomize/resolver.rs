//! Kustomizations of a tree, each resolved once; for now only what they name under `resources`, `bases` and `components`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::kustomize::build::{Build, Layer, Problem, Status};
use crate::kustomize::object::Object;
use crate::text::path::TreePath;
use crate::text::tree::Entry;
use crate::yaml::library::Library;
use crate::yaml::node::Node;

/// The kustomizations of a tree.
pub struct Resolver {
    library: Arc<Library>,
}

impl Resolver {
    /// A resolver over a tree; nothing is resolved yet.
    #[must_use]
    pub const fn new(library: Arc<Library>) -> Self {
        Self { library }
    }

    /// Resolves a directory as a build root.
    #[must_use]
    pub fn build(&self, path: &TreePath) -> Arc<Build> {
        let mut build = Build {
            path: path.clone(),
            status: Status::Resolved,
            problems: Vec::new(),
            objects: Vec::new(),
            files: BTreeSet::new(),
            directories: BTreeSet::new(),
        };
        self.add(path, &mut build);
        if !build.problems.is_empty() {
            build.status = Status::Failed;
        }
        Arc::new(build)
    }

    /// One kustomization on the way; `None` when it does not resolve.
    #[must_use]
    pub fn layer(&self, path: &TreePath) -> Option<Arc<Layer>> {
        let _ = path;
        None
    }

    fn add(&self, directory: &TreePath, build: &mut Build) {
        if !build.directories.insert(directory.clone()) {
            return;
        }
        let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
        let file = names.iter().find_map(|name| {
            let (path, entry) = self.library.tree().entry(&directory.join(name)?).ok()?;
            (entry == Entry::File).then_some(path)
        });
        let Some(file) = file else {
            build.problems.push(Problem::of("no kustomization file", directory));
            return;
        };
        let Some(stream) = self.stream(&file, build) else { return };
        let Some(document) = stream.documents.first() else { return };
        for field in ["resources", "bases", "components"] {
            for item in document.root.get(field).map(Node::items).unwrap_or_default() {
                let path = item.str().and_then(|text| directory.join(text));
                match path.map(|path| self.library.tree().entry(&path)) {
                    Some(Ok((path, Entry::Directory))) => self.add(&path, build),
                    Some(Ok((path, Entry::File))) => {
                        let Some(stream) = self.stream(&path, build) else { continue };
                        let roots = stream.documents.iter().map(|one| one.root.clone());
                        build.objects.extend(roots.map(Object::new));
                    }
                    _ => build.problems.push(Problem::at("leads to nothing", item)),
                }
            }
        }
    }

    fn stream(
        &self,
        file: &TreePath,
        build: &mut Build,
    ) -> Option<Arc<crate::yaml::parse::Stream>> {
        build.files.insert(file.clone());
        match self.library.stream(file) {
            Ok(stream) => Some(stream),
            Err(error) => {
                build.problems.push(Problem::of(error.to_string(), file));
                None
            }
        }
    }
}
