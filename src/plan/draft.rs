//! Collects edits and new files, and applies them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plan::FileChange;
use crate::plan::overlay::values::with_key;
use crate::text::edit::{Edit, apply};
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::yaml::edit::append::append_deep;
use crate::yaml::parse::parse;
use crate::yaml::path::Path;

/// The edits and new files of a plan being built.
#[derive(Debug, Default)]
pub(super) struct Draft {
    edits: BTreeMap<TreePath, (Arc<Source>, Vec<Edit>)>,
    entries: BTreeMap<TreePath, Vec<Entry>>,
    /// The values that are set in a document of a file, by their keys.
    keys: BTreeMap<TreePath, Vec<(usize, Vec<String>, String)>>,
    new: BTreeMap<TreePath, String>,
}

/// An entry at the end of a list: of which document of its file, and where in it.
#[derive(Debug)]
struct Entry {
    document: usize,
    list: Path,
    text: String,
}

impl Draft {
    /// Adds an edit of a file.
    pub(super) fn edit(&mut self, file: &Arc<Source>, edit: Edit) {
        let known = self.edits.entry(file.path().clone());
        known.or_insert_with(|| (Arc::clone(file), Vec::new())).1.push(edit);
    }

    /// Adds an entry at the end of a top-level list of a file; edits are applied first, then the
    /// entries by their list, in order. `false` when the file cannot take it.
    pub(super) fn append(&mut self, file: &Arc<Source>, list: &'static str, entry: String) -> bool {
        self.append_at(file, 0, &Path::default().key(list), entry)
    }

    /// The same for a list anywhere in a document of a file, which need not be there.
    pub(super) fn append_at(
        &mut self,
        file: &Arc<Source>,
        document: usize,
        list: &Path,
        text: String,
    ) -> bool {
        let entry = Entry { document, list: list.clone(), text };
        let fits = appended(file.path(), file.text(), &entry).is_some();
        if fits {
            let known = self.edits.entry(file.path().clone());
            known.or_insert_with(|| (Arc::clone(file), Vec::new()));
            self.entries.entry(file.path().clone()).or_default().push(entry);
        }
        fits
    }

    /// Sets the value of nested keys in a document of a file; edits are applied first. `false` when the file cannot take it.
    pub(super) fn set(
        &mut self,
        file: &Arc<Source>,
        document: usize,
        keys: Vec<String>,
        value: String,
    ) -> bool {
        let fits = with_key((file.path(), document), file.text(), &keys, &value).is_some();
        if fits {
            let known = self.edits.entry(file.path().clone());
            known.or_insert_with(|| (Arc::clone(file), Vec::new()));
            self.keys.entry(file.path().clone()).or_default().push((document, keys, value));
        }
        fits
    }

    /// Adds a new file.
    pub(super) fn create(&mut self, path: TreePath, text: String) {
        self.new.insert(path, text);
    }

    /// Appends a document to a new file.
    pub(super) fn extend(&mut self, path: &TreePath, text: &str) {
        if let Some(known) = self.new.get_mut(path) {
            let newline = if known.contains("\r\n") { "\r\n" } else { "\n" };
            if !text.starts_with("---") {
                known.push_str("---");
                known.push_str(newline);
            }
            known.push_str(text);
        }
    }

    /// Whether the draft creates a file at that path.
    pub(super) fn creates(&self, path: &TreePath) -> bool {
        self.new.contains_key(path)
    }

    /// The texts of all files that change, sorted by path.
    ///
    /// # Errors
    /// With a phrase, when two edits of a file overlap or an entry does not fit.
    pub(super) fn finish(mut self) -> Result<Vec<FileChange>, String> {
        let mut changes = Vec::with_capacity(self.edits.len() + self.new.len());
        for (path, (source, edits)) in std::mem::take(&mut self.edits) {
            let mut after = apply(source.text(), &edits).map_err(|error| error.to_string())?;
            let mut entries = self.entries.remove(&path).unwrap_or_default();
            entries.sort_by_key(|entry| entry.list.to_string() != "resources");
            for entry in entries {
                let next = appended(&path, &after, &entry);
                after = next
                    .ok_or_else(|| format!("`{path}` cannot take one more of `{}`", entry.list))?;
            }
            for (document, keys, value) in self.keys.remove(&path).unwrap_or_default() {
                let next = with_key((&path, document), &after, &keys, &value);
                after = next.ok_or_else(|| format!("`{path}` cannot take `{}`", keys.join(".")))?;
            }
            if after != source.text() {
                changes.push(FileChange { path, before: Some(source), after: Some(after) });
            }
        }
        let new = self.new.into_iter();
        changes.extend(new.map(|(path, after)| FileChange {
            path,
            before: None,
            after: Some(after),
        }));
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changes)
    }
}

/// A text with one more entry at the end of a list; `None` when it cannot take it.
fn appended(file: &TreePath, text: &str, entry: &Entry) -> Option<String> {
    let stream = parse(&Source::file(file.clone(), text)).ok()?;
    let root = &stream.documents.get(entry.document)?.root;
    let edit = append_deep(root, &entry.list, &entry.text).ok()?;
    apply(text, &[edit]).ok()
}
