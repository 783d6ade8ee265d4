//! The files of a tree that hold values.

use crate::repo::loader::Loader;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::tree::Entry;
use crate::yaml::library::{FileError, Library};
use crate::yaml::node::Node;

/// The name of the values that a chart comes with.
pub(super) const OWN_VALUES: [&str; 2] = ["values.yaml", "values.yml"];

/// The mapping in a values file; `None` if it is empty.
pub(super) fn values_in(library: &Library, file: &TreePath) -> Result<Option<Node>, Problem> {
    let stream = library.stream(file).map_err(|error| {
        let mut problem = Problem::of(error.to_string(), file);
        if let FileError::Syntax(error) = error {
            problem.message = format!("does not parse: {error}");
            problem.place = Some(error.place);
        }
        problem
    })?;
    let root = stream.documents.first().map(|document| document.root.clone());
    Ok(root.filter(|root| !root.entries().is_empty()))
}

/// A file of a tree, links followed, if it is one that can hold values.
pub(super) fn file_in(library: &Library, path: &TreePath) -> Option<TreePath> {
    let tree = library.tree();
    if tree.files().binary_search(path).is_ok() {
        return Some(path.clone());
    }
    // Only links are left.
    tree.manifests().binary_search(path).ok()?;
    let (real, entry) = tree.entry(path).ok()?;
    (entry == Entry::File).then_some(real)
}

/// The values that a chart comes with.
pub(super) fn own_values_in(library: &Library, chart: &TreePath) -> Option<TreePath> {
    OWN_VALUES.iter().find_map(|name| file_in(library, &chart.child(name)))
}

impl Loader<'_> {
    /// The mapping in a values file; `None` if it is empty.
    pub(in crate::repo) fn values_in(&self, file: &TreePath) -> Result<Option<Node>, Problem> {
        values_in(self.library, file)
    }

    /// A file of the tree, links followed, if it is one that can hold values.
    pub(in crate::repo) fn file(&self, path: &TreePath) -> Option<TreePath> {
        file_in(self.library, path)
    }

    /// The values that a chart comes with.
    pub(in crate::repo) fn own_values(&self, chart: &TreePath) -> Option<TreePath> {
        own_values_in(self.library, chart)
    }
}
