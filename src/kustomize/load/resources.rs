//! Turns the documents of a file into objects.

use crate::kustomize::model::annotations::settle;
use crate::kustomize::model::object::Object;
use crate::text::problem::Problem;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::yaml::node::{Node, Value};
use crate::yaml::parse::{Document, Stream};
use crate::yaml::scalar::is_null;

/// The objects of a file, with lists flattened.
///
/// # Errors
/// If a document is not an object, or has a duplicate key.
pub fn objects(stream: &Stream) -> Result<Vec<Object>, Problem> {
    let mut objects = Vec::new();
    for document in &stream.documents {
        refuse_duplicates(stream, document)?;
        collect(&document.root, &mut objects)?;
    }
    Ok(objects)
}

/// Rejects a duplicate key, as kustomize does when it reads resources. It adds its own annotations to each
/// object, so for duplicate annotations the last one wins.
///
/// # Errors
/// If there is one, with the place of the second key.
pub fn refuse_duplicates(stream: &Stream, document: &Document) -> Result<(), Problem> {
    let annotations = annotations(&document.root);
    let is_annotation = |key: &Span| annotations.iter().any(|span| span.contains(*key));
    let mut duplicates = document.duplicates.iter().filter(|(_, second)| !is_annotation(second));
    let Some(&(first, second)) = duplicates.next() else { return Ok(()) };
    let source = &stream.source;
    let (key, line) = (source.slice(second), source.position(first.start).line);
    let mut problem =
        Problem::of(format!("the key `{key}` is already set on line {line}"), source.path());
    problem.place = Some(Place::new(source.clone(), second));
    Err(problem.with_help("remove one of the two"))
}

/// Where the annotations of a document's objects are written.
fn annotations(root: &Node) -> Vec<Span> {
    let items = root.get("items").map(Node::items).unwrap_or_default();
    let nodes = std::iter::once(root).chain(items);
    let annotations = nodes.filter_map(|node| node.at(&["metadata", "annotations"]));
    annotations.filter_map(|node| Some(node.origin.as_ref()?.span())).collect()
}

fn collect(node: &Node, objects: &mut Vec<Object>) -> Result<(), Problem> {
    if is_empty(node) {
        return Ok(());
    }
    let text = |path: &[&str]| node.at(path).and_then(Node::str).unwrap_or_default();
    let kind = text(&["kind"]);
    if kind.ends_with("List")
        && let Some(items) = node.get("items")
    {
        return collect_items(items, objects);
    }
    let missing = |what: &str| {
        Err(Problem::at(format!("a Kubernetes object without {what}"), node)
            .with_help("every document here needs `apiVersion`, `kind` and `metadata.name`"))
    };
    if kind.is_empty() {
        return missing("`kind`");
    }
    if text(&["metadata", "name"]).is_empty() {
        return missing("`metadata.name`");
    }
    let mut object = Object::new(node.clone());
    settle(&mut object);
    objects.push(object);
    Ok(())
}

fn collect_items(items: &Node, objects: &mut Vec<Object>) -> Result<(), Problem> {
    if items.scalar().is_some() && !is_empty(items) || matches!(items.value, Value::Map(_)) {
        return Err(Problem::at("expected a list of objects", items));
    }
    items.items().iter().try_for_each(|item| collect(item, objects))
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map.entries.is_empty(),
        Value::Seq(seq) => seq.items.is_empty(),
        Value::Scalar(_) => is_null(node),
    }
}

#[cfg(test)]
mod tests {
    use super::objects;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
        let name = |objects: Vec<_>| objects.iter().map(|object| format!("{object:?}")).collect();
        objects(&stream).map(name).map_err(|problem| problem.message)
    }

    #[test]
    fn takes_lists_apart() {
        let text = "# nothing\n---\nkind: AList\nitems: [{kind: A, metadata: {name: a}}, {kind: List, items: [{kind: B, metadata: {name: b, namespace: n}}]}]\n---\n{}\n";
        assert_eq!(read(text).unwrap(), ["A a", "B b in n"]);
        assert_eq!(read("kind: AList\nmetadata: {name: a}\n").unwrap(), ["AList a"]);
    }

    #[test]
    fn refuses_what_is_no_object() {
        assert_eq!(read("hello").unwrap_err(), "a Kubernetes object without `kind`");
        assert_eq!(read("kind: A").unwrap_err(), "a Kubernetes object without `metadata.name`");
        let twice = "kind: A\nmetadata:\n  name: a\n  name: b\n";
        assert_eq!(read(twice).unwrap_err(), "the key `name` is already set on line 3");
        let last = "kind: A\nmetadata:\n  name: a\n  annotations: { x: one, x: two }\n";
        assert!(read(last).is_ok());
    }
}
