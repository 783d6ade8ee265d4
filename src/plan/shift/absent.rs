//! Weights that are not written yet: a default counts until then, so all of a list are written together.

use crate::k8s::traffic::is_text_weight;
use crate::plan::shift::Shift;
use crate::repo::pairs::Workload;
use crate::repo::traffic::WeightField;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::yaml::edit::insert::insert_entry;
use crate::yaml::node::Node;
use crate::yaml::parse::{Document, parse};
use crate::yaml::path::{Path, PathStep};

impl Shift<'_> {
    /// Writes a weight where none is: in the file of its object, where only this environment reads that.
    pub(super) fn add(&mut self, at: &WeightField, text: &str) {
        let text = if is_text_weight(&at.path) { format!("\"{text}\"") } else { text.to_owned() };
        if let Err((what, hint)) = self.insert(at, &text) {
            let route = Workload { root: at.root, object: at.object };
            self.refuse(route, &format!("{} is not written, and {what}", at.path), &hint);
        }
    }

    fn insert(&mut self, at: &WeightField, text: &str) -> Result<(), (String, String)> {
        let by_hand = || format!("write `{}: {text}` there by hand", last(&at.path));
        let object = &self.repo.roots[at.root].objects()[at.object];
        let Some((PathStep::Key(key), above)) = at.path.0.split_last() else {
            return Err(("its place is unclear".to_owned(), by_hand()));
        };
        let above = Path(above.to_vec());
        let map = above.follow(&object.node);
        let file = map.and_then(|map| map.origin.as_ref()).map(|origin| origin.near_in_file());
        let Some(file) = file.map(|place| place.source.path().clone()) else {
            return Err(("no file spells the list".to_owned(), by_hand()));
        };
        if !self.repo.is_exclusive_to(self.environment, &file) {
            let what = format!("`{file}` is also read by others than this environment");
            let hint = "write the weight that the default stands for there, which changes nothing; the shift then patches it for this environment alone";
            return Err((what, hint.to_owned()));
        }
        let stream = self
            .repo
            .library
            .stream(&file)
            .map_err(|_| (format!("`{file}` cannot be read"), by_hand()))?;
        let own = |document: &&Document| {
            is_same(&document.root, &object.node)
                && above.follow(&document.root).is_some_and(|one| {
                    map.is_some_and(|map| {
                        one.get("name").and_then(Node::str) == map.get("name").and_then(Node::str)
                    })
                })
        };
        let mut documents = stream.documents.iter().filter(own);
        let (Some(document), None) = (documents.next(), documents.next()) else {
            return Err((format!("`{file}` does not spell the list as it is built"), by_hand()));
        };
        let edit = insert_entry(&document.root, &above, key, text, None);
        let edit = edit.map_err(|error| (error.to_string(), by_hand()))?;
        self.draft.edit(&stream.source, edit);
        let value = parse(&Source::file(TreePath::root(), text)).ok();
        let value = value.and_then(|stream| Some(stream.documents.first()?.root.clone()));
        let added = self.expected.added.entry((at.root, at.object)).or_default();
        added.extend(value.map(|value| (at.path.clone(), value)));
        Ok(())
    }
}

fn last(path: &Path) -> String {
    match path.0.last() {
        Some(PathStep::Key(key)) => key.to_string(),
        _ => path.to_string(),
    }
}

/// Whether a document is what an object was built from, as far as its kind and its name tell.
fn is_same(document: &Node, object: &Node) -> bool {
    let text = |node: &Node, keys: &[&str]| node.at(keys).and_then(Node::str).map(str::to_owned);
    let same = |keys: &[&str]| text(document, keys) == text(object, keys);
    same(&["apiVersion"]) && same(&["kind"]) && same(&["metadata", "name"])
}
