//! Edits and new files as they come together, and the texts they make.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plan::FileChange;
use crate::text::edit::{Edit, EditError, apply};
use crate::text::path::TreePath;
use crate::text::source::Source;

/// The edits and new files of a plan in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    edits: BTreeMap<TreePath, (Arc<Source>, Vec<Edit>)>,
    new: BTreeMap<TreePath, String>,
}

impl Draft {
    /// Takes an edit of a file.
    pub(super) fn edit(&mut self, file: &Arc<Source>, edit: Edit) {
        let known = self.edits.entry(file.path().clone());
        known.or_insert_with(|| (Arc::clone(file), Vec::new())).1.push(edit);
    }

    /// Takes a new file.
    pub(super) fn create(&mut self, path: TreePath, text: String) {
        self.new.insert(path, text);
    }

    /// Whether a new file of that path was taken.
    pub(super) fn creates(&self, path: &TreePath) -> bool {
        self.new.contains_key(path)
    }

    /// The texts of all files that change, sorted by path.
    ///
    /// # Errors
    /// When two edits of a file overlap.
    pub(super) fn finish(self) -> Result<Vec<FileChange>, EditError> {
        let mut changes = Vec::with_capacity(self.edits.len() + self.new.len());
        for (path, (source, edits)) in self.edits {
            let after = apply(source.text(), &edits)?;
            if after != source.text() {
                changes.push(FileChange { path, before: Some(source), after });
            }
        }
        let new = self.new.into_iter();
        changes.extend(new.map(|(path, after)| FileChange { path, before: None, after }));
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changes)
    }
}
