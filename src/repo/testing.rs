//! Small repositories in memory for tests.

use std::sync::Arc;

use crate::config::parse::parse;
use crate::repo::error::RepoError;
use crate::repo::{Repo, Scope};
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::tree::memory::MemoryTree;

/// A path of a test's tree.
pub(crate) fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

/// A tree of these files.
pub(crate) fn tree(files: &[(&str, &str)]) -> Arc<MemoryTree> {
    let files = files.iter().map(|(name, text)| (path(name), text.as_bytes().to_vec()));
    Arc::new(MemoryTree::new(files))
}

/// A repository of these files, with the `rotate.yaml` among them if there is one.
pub(crate) fn load(files: &[(&str, &str)]) -> Result<Repo, RepoError> {
    let settings = files.iter().find(|(name, _)| *name == "rotate.yaml");
    let config = settings.map(|(name, text)| parse(&Source::file(path(name), *text)).unwrap());
    Repo::load(tree(files), config, Scope::Everything)
}

/// The same, for a repository that must load.
pub(crate) fn repo(files: &[(&str, &str)]) -> Repo {
    load(files).unwrap()
}

/// A kustomization that names these under `resources`.
pub(crate) fn resources(names: &[&str]) -> String {
    let items: String = names.iter().map(|name| format!("- {name}\n")).collect();
    format!("resources:\n{items}")
}

/// A Deployment that reads a secret as environment variables.
pub(crate) fn deployment(name: &str, secret: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        envFrom:\n        - secretRef:\n            name: {secret}\n"
    )
}
