//! Removes documents from their files, and files from the kustomizations that list them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::plan::FileChange;
use crate::plan::prune::document::Document;
use crate::repo::Repo;
use crate::text::edit::{Edit, apply};
use crate::text::path::TreePath;
use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::text::work;
use crate::yaml::edit::remove::{remove_item, remove_items};
use crate::yaml::node::Node;
use crate::yaml::parse::{Document as Parsed, Stream, parse};
use crate::yaml::path::Path;

/// A document of a file, or one item of the list that it is.
type Part = (usize, Option<usize>);

/// A removal being built.
pub(super) struct Removal<'r> {
    repo: &'r Repo,
    parts: BTreeMap<TreePath, BTreeSet<Part>>,
    /// The secrets that the object at the start of a place makes.
    made: HashMap<(TreePath, usize), Vec<&'r str>>,
}

/// The finished removal.
pub(super) struct Done {
    /// The files to write or remove, sorted by path.
    pub(super) changes: Vec<FileChange>,
    /// The files that are removed entirely, each with the kustomizations that listed it.
    pub(super) files: BTreeMap<TreePath, Vec<TreePath>>,
}

impl<'r> Removal<'r> {
    pub(super) fn new(repo: &'r Repo) -> Self {
        let mut made: HashMap<(TreePath, usize), Vec<&str>> = HashMap::new();
        let all = repo.roots.iter().flat_map(|root| {
            root.providers.iter().map(move |one| (root.object_that_provides(one), one.secret()))
        });
        for (object, secret) in all {
            work::step();
            let Some(origin) = object.node.origin.as_ref().map(Place::near_in_file) else {
                continue;
            };
            let start = (origin.source.path().clone(), origin.span().start);
            made.entry(start).or_default().push(secret);
        }
        Self { repo, parts: BTreeMap::new(), made }
    }

    /// Adds a document to remove.
    ///
    /// # Errors
    /// With a phrase, if no file has it as a document of its own, or if it also creates something else.
    pub(super) fn add(&mut self, document: &Document<'_>) -> Result<(), String> {
        let place = document.place.as_ref().ok_or("it is generated and not written in any file")?;
        let file = place.source.path();
        let made = self.made.get(&(file.clone(), place.span().start)).into_iter().flatten();
        if let Some(secret) = made.into_iter().find(|secret| **secret != document.secret) {
            return Err(format!("the same document makes `{secret}` as well"));
        }
        self.add_place(place)
    }

    /// Adds the document at a place.
    ///
    /// # Errors
    /// With a phrase, if no file has it as a document of its own.
    pub(super) fn add_place(&mut self, place: &Place) -> Result<(), String> {
        let file = place.source.path();
        let stream = self.repo.library.stream(file).map_err(|_| "its file does not parse")?;
        let part = part(&stream, place).ok_or("it is not a separate document in its file")?;
        self.parts.entry(file.clone()).or_default().insert(part);
        Ok(())
    }

    /// The changes of all files.
    ///
    /// # Errors
    /// With a phrase, when a file cannot be edited.
    pub(super) fn finish(self) -> Result<Done, String> {
        let mut changes = Vec::new();
        let mut files: BTreeMap<TreePath, Vec<TreePath>> = BTreeMap::new();
        for (path, parts) in &self.parts {
            let before =
                self.repo.library.tree().source(path).map_err(|error| error.to_string())?;
            let after = without(&before, parts)?;
            if after.is_none() {
                files.insert(path.clone(), Vec::new());
            }
            changes.push(FileChange { path: path.clone(), before: Some(before), after });
        }
        changes.extend(self.unlist(&mut files)?);
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Done { changes, files })
    }

    /// Removes files from every `resources` list that has them.
    fn unlist(
        &self,
        files: &mut BTreeMap<TreePath, Vec<TreePath>>,
    ) -> Result<Vec<FileChange>, String> {
        let directories: BTreeSet<&TreePath> =
            self.repo.roots.iter().flat_map(|root| root.directories()).collect();
        let tree = self.repo.library.tree();
        let mut changes = Vec::new();
        for directory in directories {
            let Some(layer) = self.repo.resolver.layer(directory) else { continue };
            let listed: BTreeSet<TreePath> =
                layer.resources.iter().filter(|file| files.contains_key(*file)).cloned().collect();
            if listed.is_empty() {
                continue;
            }
            let before = tree.source(&layer.file).map_err(|error| error.to_string())?;
            let meant = |entry: &str| {
                let path = layer.directory.join(entry);
                let real = path.as_ref().and_then(|path| Some(tree.entry(path).ok()?.0));
                [path, real]
            };
            let source = unlisted(&before, &listed, meant)
                .map_err(|file| format!("`{}` cannot be removed from `{}`", file, layer.file))?;
            for file in listed {
                files.entry(file).or_default().push(layer.file.clone());
            }
            let after = Some(source.text().to_owned());
            changes.push(FileChange { path: layer.file.clone(), before: Some(before), after });
        }
        Ok(changes)
    }
}

/// The part of a file at a place.
fn part(stream: &Stream, place: &Place) -> Option<Part> {
    let starts = |node: &Node| {
        node.origin.as_ref().is_some_and(|origin| origin.span().start == place.span().start)
    };
    stream.documents.iter().enumerate().find_map(|(index, document)| {
        if starts(&document.root) {
            return Some((index, None));
        }
        let items = document.root.get("items")?.items();
        Some((index, Some(items.iter().position(starts)?)))
    })
}

/// The text without some parts; `None` when nothing is left.
fn without(source: &Arc<Source>, parts: &BTreeSet<Part>) -> Result<Option<String>, String> {
    let mut now = Arc::clone(source);
    // From the end, so that the remaining indexes stay valid.
    for (index, item) in parts.iter().rev() {
        let stream = parse(&now).map_err(|error| error.to_string())?;
        let document = stream.documents.get(*index).ok_or("a document is missing")?;
        let items = document.root.get("items").map_or(0, |items| items.items().len());
        let edit = match item {
            Some(item) if items > 1 => {
                let edit = remove_item(&document.root, &Path::default().key("items"), *item);
                edit.map_err(|error| error.to_string())?
            }
            _ if is_last(&stream, *index) => return Ok(None),
            _ => Edit { span: whole(&now, &stream, *index), text: String::new() },
        };
        let text = apply(now.text(), &[edit]).map_err(|error| error.to_string())?;
        now = Source::file(source.path().clone(), text);
    }
    Ok(Some(now.text().to_owned()))
}

/// Whether all other documents are empty.
fn is_last(stream: &Stream, index: usize) -> bool {
    let says = |document: &Parsed| !document.root.entries().is_empty();
    !stream.documents.iter().enumerate().any(|(other, document)| other != index && says(document))
}

/// A document from its `---` to the next one's, or to the end of the file.
fn whole(source: &Arc<Source>, stream: &Stream, index: usize) -> Span {
    let text = source.text();
    let documents = &stream.documents;
    let start = marker(text, &documents[index]);
    match documents.get(index + 1) {
        // The first document has no `---` of its own: the next one's is removed, and that document comes first.
        Some(next) if start.is_none() => {
            let marker = marker(text, next).unwrap_or(next.span.start);
            let line = text[marker..].find('\n').map_or(text.len(), |at| marker + at + 1);
            let is_bare = text[marker..line].trim_end() == "---";
            Span::new(0, if is_bare { line } else { marker })
        }
        Some(next) => {
            let end = marker(text, next).unwrap_or(next.span.start);
            Span::new(start.unwrap_or(0), end)
        }
        None => Span::new(start.unwrap_or(documents[index].span.start), text.len()),
    }
}

/// Where the line `---` of a document begins, if it has one.
fn marker(text: &str, document: &Parsed) -> Option<usize> {
    let first =
        document.root.origin.as_ref().map_or(document.span.end, |origin| origin.span().start);
    let start = document.span.start;
    let mut at = start;
    let mut found = None;
    for line in text.get(start..first)?.split_inclusive('\n') {
        let begins_line = at == 0 || text[..at].ends_with('\n');
        let behind = line.strip_prefix("---");
        if begins_line
            && behind.is_some_and(|rest| rest.trim_start().len() < rest.len() || rest.is_empty())
        {
            found = Some(at);
        }
        at += line.len();
    }
    found
}

/// A kustomization without the entries of `resources` that mean some files.
///
/// # Errors
/// With the file whose entry cannot be removed.
fn unlisted(
    source: &Arc<Source>,
    files: &BTreeSet<TreePath>,
    meant: impl Fn(&str) -> [Option<TreePath>; 2],
) -> Result<Arc<Source>, TreePath> {
    let first = files.first().cloned().unwrap_or_else(TreePath::root);
    let parsed = |source: &Arc<Source>| parse(source).map_err(|_| first.clone());
    let list = Path::default().key("resources");
    let stream = parsed(source)?;
    let root = &stream.documents.first().ok_or_else(|| first.clone())?.root;
    let entries = root.get("resources").map_or(&[][..], Node::items);
    let mut index_of: BTreeMap<&TreePath, usize> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        work::step();
        let meant = entry.str().map(&meant).unwrap_or_default();
        let mut meant = meant.iter().flatten().filter_map(|file| files.get(file));
        if let Some(file) = meant.find(|file| !index_of.contains_key(file)) {
            index_of.insert(file, index);
        }
    }
    if let Some(file) = files.iter().find(|file| !index_of.contains_key(file)) {
        return Err(file.clone());
    }
    let mut one_by_one: Vec<usize> = index_of.into_values().collect();
    // The last one of a list is removed by itself.
    let last = if one_by_one.len() == entries.len() { one_by_one.pop() } else { None };
    let mut gone: BTreeSet<usize> = one_by_one.iter().copied().collect();
    let mut now = Arc::clone(source);
    match remove_items(root, &list, &gone).map_err(|_| first.clone())? {
        Some(edits) => {
            now = edited(&now, &edits).ok_or_else(|| first.clone())?;
            one_by_one.clear();
        }
        None => gone.clear(),
    }
    for index in one_by_one.into_iter().chain(last) {
        let stream = parsed(&now)?;
        let root = &stream.documents.first().ok_or_else(|| first.clone())?.root;
        let edit = remove_item(root, &list, index - gone.range(..index).count());
        let edit = edit.map_err(|_| first.clone())?;
        now = edited(&now, &[edit]).ok_or_else(|| first.clone())?;
        gone.insert(index);
    }
    Ok(now)
}

fn edited(source: &Arc<Source>, edits: &[Edit]) -> Option<Arc<Source>> {
    let text = apply(source.text(), edits).ok()?;
    Some(Source::file(source.path().clone(), text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{unlisted, without};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::text::work;
    use crate::yaml::edit::remove::remove_item;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;
    use crate::yaml::path::Path;

    fn left(text: &str, parts: &[(usize, Option<usize>)]) -> Option<String> {
        let parts: BTreeSet<_> = parts.iter().copied().collect();
        without(&Source::file(TreePath::root(), text), &parts).unwrap()
    }

    #[test]
    fn a_document_goes_with_its_marker() {
        let text = "# of all\n---\na: 1 # one\n# behind\n---\n# about b\nb: 1\n---\nc: 1\n";
        assert_eq!(
            left(text, &[(0, None)]).unwrap(),
            "# of all\n---\n# about b\nb: 1\n---\nc: 1\n"
        );
        assert_eq!(
            left(text, &[(1, None)]).unwrap(),
            "# of all\n---\na: 1 # one\n# behind\n---\nc: 1\n"
        );
        assert_eq!(
            left(text, &[(2, None)]).unwrap(),
            "# of all\n---\na: 1 # one\n# behind\n---\n# about b\nb: 1\n"
        );
        assert_eq!(
            left(text, &[(0, None), (2, None)]).unwrap(),
            "# of all\n---\n# about b\nb: 1\n"
        );
        assert_eq!(left(text, &[(0, None), (1, None), (2, None)]), None);
    }

    #[test]
    fn the_first_document_may_have_no_marker() {
        assert_eq!(left("# a\na: 1\n---\nb: 1\n", &[(0, None)]).unwrap(), "b: 1\n");
        assert_eq!(left("a: 1\r\n---\r\nb: 1\r\n", &[(0, None)]).unwrap(), "b: 1\r\n");
        assert_eq!(left("a: 1\n--- # b\nb: 1", &[(0, None)]).unwrap(), "--- # b\nb: 1");
        assert_eq!(left("a: 1\n---\nb: 1", &[(1, None)]).unwrap(), "a: 1\n");
        assert_eq!(left("---\n---\na: 1\n---\n", &[(1, None)]), None);
    }

    #[test]
    fn an_item_goes_out_of_a_list() {
        let text = "kind: List\nitems:\n- a: 1\n- b: 1\n- c: 1\n";
        assert_eq!(
            left(text, &[(0, Some(0)), (0, Some(2))]).unwrap(),
            "kind: List\nitems:\n- b: 1\n"
        );
        assert_eq!(left(text, &[(0, Some(0)), (0, Some(1)), (0, Some(2))]), None);
    }

    /// The list without some files, all at once.
    fn together(text: &str, files: &BTreeSet<TreePath>) -> String {
        let source = Source::file(TreePath::root(), text);
        let meant = |entry: &str| [TreePath::new(entry), None];
        unlisted(&source, files, meant).unwrap().text().to_owned()
    }

    /// The same, one after the other.
    fn in_turn(text: &str, files: &BTreeSet<TreePath>) -> String {
        let mut text = text.to_owned();
        for file in files {
            let root = parse(&Source::file(TreePath::root(), text.as_str())).unwrap();
            let root = &root.documents[0].root;
            let items = root.get("resources").unwrap().items().iter();
            let index = items.map(Node::str).position(|item| item == Some(file.as_str())).unwrap();
            let edit = remove_item(root, &Path::default().key("resources"), index).unwrap();
            text.replace_range(edit.span.start..edit.span.end, &edit.text);
        }
        text
    }

    #[test]
    fn entries_go_together_as_one_by_one() {
        let texts = [
            "resources:\n- a\n- b\n- c\n- d\n",
            "# 1\nresources: # 2\n  # 3\n  - c # 4\n\n  # 5\n  - 'a'\n  - \"d\"\n  # 6\n  - b",
            "resources: [d, a, c,\n  b]\nnamespace: x\n",
            "resources:\n- d\n- >-\n  a\n- |+\n  b\n\n- c\nnamespace: x\n",
            "resources:\r\n- a\r\n-\r\n  b\r\n- c\r\n- d\r\nnamespace: x\r\n",
            "namespace: x\nresources:\n- b\n- a\n# about c\n- c\n- d\n# end\n",
        ];
        for text in texts {
            let names = ["a", "b", "c", "d"].map(|name| TreePath::new(name).unwrap());
            for chosen in 1..16_u8 {
                let some = names.iter().enumerate().filter(|(at, _)| chosen & (1 << at) != 0);
                let some: BTreeSet<TreePath> = some.map(|(_, name)| name.clone()).collect();
                if text.contains("|+") && some.contains(&names[1]) {
                    // The text of the entry is not the name alone.
                    continue;
                }
                assert_eq!(together(text, &some), in_turn(text, &some), "{text}: {some:?}");
            }
        }
    }

    #[test]
    fn a_list_is_read_once_however_many_entries_go() {
        let work = |count: usize| {
            let entries: String = (0..count).map(|number| format!("- f{number}\n")).collect();
            let text = format!("resources:\n{entries}- other\n");
            let files = (0..count).map(|number| TreePath::new(&format!("f{number}")).unwrap());
            let files = files.collect();
            work::during(|| assert_eq!(together(&text, &files), "resources:\n- other\n"))
        };
        let (few, many) = (work(10), work(40));
        assert_eq!((few["list looked through"], many["list looked through"]), (1, 1));
        assert!(many["step"] <= 4 * few["step"]);
    }
}
