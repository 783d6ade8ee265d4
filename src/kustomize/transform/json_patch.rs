//! JSON 6902: a list of operations on paths, as kustomize's library understands it.
//!
//! It is laxer than the RFC: a `replace` adds a key that is missing, and indexes may count from the end.

use crate::text::problem::Problem;
use crate::yaml::bounds::fits;
use crate::yaml::compare::same;
use crate::yaml::node::{Node, Provenance, Scalar, Style, Tag, Value};
use crate::yaml::scalar::{Kind, Schema, is_null, kind};

/// One operation of a patch.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The operation as it is written.
    pub node: Node,
    what: What,
    path: Pointer,
}

#[derive(Debug, Clone)]
enum What {
    Add(Node),
    Remove,
    Replace(Node),
    Move(Pointer),
    Copy(Pointer),
    Test(Node),
}

/// The pointer to a value, and its text.
#[derive(Debug, Clone)]
struct Pointer {
    text: String,
    parents: Vec<String>,
    /// `None` for the root.
    last: Option<String>,
}

/// Reads a list of operations.
///
/// # Errors
/// When the list holds anything else.
pub fn read(list: &Node) -> Result<Vec<Operation>, Problem> {
    list.items().iter().map(operation).collect()
}

/// Applies operations to an object, in order.
///
/// # Errors
/// If the path of an operation does not exist, or a test fails; the object is then partly patched.
pub fn apply(object: &mut Node, operations: &[Operation]) -> Result<(), Problem> {
    operations.iter().try_for_each(|operation| run(object, operation))
}

fn operation(node: &Node) -> Result<Operation, Problem> {
    if !matches!(node.value, Value::Map(_)) {
        let help = "write each as `- op: replace`, `path: /spec/replicas`, `value: 3`";
        return Err(Problem::at("a JSON patch is a list of operations", node).with_help(help));
    }
    let pointer = |key: &str| {
        let text = node.get(key).and_then(Node::str);
        text.map(Pointer::read).ok_or_else(|| Problem::at(format!("`{key}` is missing"), node))
    };
    let value = || node.get("value").map_or_else(null, patched);
    let name = node.get("op").and_then(Node::str).unwrap_or_default();
    let what = match name {
        "add" => What::Add(value()),
        "remove" => What::Remove,
        "replace" => What::Replace(value()),
        "move" => What::Move(pointer("from")?),
        "copy" => What::Copy(pointer("from")?),
        "test" => What::Test(value()),
        _ => {
            let place = node.get("op").unwrap_or(node);
            let help = "there are add, remove, replace, move, copy and test";
            return Err(Problem::at(format!("`{name}` is no operation"), place).with_help(help));
        }
    };
    Ok(Operation { node: node.clone(), what, path: pointer("path")? })
}

impl Pointer {
    /// Anything before the first `/` is ignored.
    fn read(text: &str) -> Self {
        let unescape = |part: &str| part.replace("~1", "/").replace("~0", "~");
        let mut parents: Vec<String> = text.split('/').skip(1).map(unescape).collect();
        let last = parents.pop();
        Self { text: text.to_owned(), parents, last }
    }

    fn missing(&self, node: &Node) -> Problem {
        let place = node.get("path").unwrap_or(node);
        let help = "the object has no such field; make the path fit it, or add the parents first";
        Problem::at(format!("`{}` leads nowhere", self.text), place).with_help(help)
    }
}

fn run(object: &mut Node, operation: &Operation) -> Result<(), Problem> {
    let path = &operation.path;
    let missing = |pointer: &Pointer| pointer.missing(&operation.node);
    let value = match &operation.what {
        What::Add(value) | What::Replace(value) => Some(value),
        What::Move(from) | What::Copy(from) => find(object, from),
        What::Remove | What::Test(_) => None,
    };
    if value.is_some_and(|value| !fits(value, path.parents.len() + 1)) {
        let help = "split the patch, or write the value into the object itself";
        let message = "the value is too large, or nests too deep";
        return Err(Problem::at(message, &operation.node).with_help(help));
    }
    let done = match &operation.what {
        What::Add(value) => add(object, path, value.clone()),
        What::Remove => take(object, path).map(|_| ()),
        What::Replace(value) => replace(object, path, value.clone()),
        What::Move(from) => {
            let value = take(object, from).ok_or_else(|| missing(from))?;
            add(object, path, value)
        }
        What::Copy(from) => {
            parent(object, from).ok_or_else(|| missing(from))?;
            let value = find(object, from).cloned().map(copied);
            add(object, path, value.unwrap_or_else(null))
        }
        What::Test(expected) => return test(object, operation, expected),
    };
    done.ok_or_else(|| missing(path))
}

fn test(object: &Node, operation: &Operation, expected: &Node) -> Result<(), Problem> {
    let found = find(object, &operation.path);
    let holds = match found {
        Some(found) => same(found, expected),
        None => is_null(expected),
    };
    if holds {
        return Ok(());
    }
    let text = &operation.path.text;
    let why = if found.is_some() { "it has another value" } else { "it is not there" };
    let problem = Problem::at(format!("the test of `{text}` fails: {why}"), &operation.node);
    Err(problem
        .with_help("the object has changed under the patch: check both, then adapt the patch"))
}

/// The value at the end of a path.
fn find<'n>(root: &'n Node, path: &Pointer) -> Option<&'n Node> {
    path.parents.iter().chain(&path.last).try_fold(root, |node, part| match &node.value {
        Value::Map(_) => node.get(part),
        Value::Seq(seq) => seq.items.get(index(part, seq.items.len())?),
        Value::Scalar(_) => None,
    })
}

/// The collection that holds, or would hold, the value at the end of a path.
fn parent<'n>(root: &'n mut Node, path: &Pointer) -> Option<&'n mut Node> {
    path.last.as_ref()?;
    let node = path.parents.iter().try_fold(root, |node, part| {
        let at = index(part, node.items().len());
        if matches!(node.value, Value::Seq(_)) {
            node.items_mut()?.get_mut(at?)
        } else {
            node.get_mut(part)
        }
    })?;
    (!matches!(node.value, Value::Scalar(_))).then_some(node)
}

fn add(root: &mut Node, path: &Pointer, value: Node) -> Option<()> {
    let (node, last) = (parent(root, path)?, path.last.as_deref()?);
    if let Some(items) = node.items_mut() {
        let at = if last == "-" { Some(items.len()) } else { index(last, items.len() + 1) };
        items.insert(at?, value);
    } else {
        node.set(last, value);
    }
    Some(())
}

fn replace(root: &mut Node, path: &Pointer, value: Node) -> Option<()> {
    if path.text.is_empty() {
        *root = value;
        return Some(());
    }
    let (node, last) = (parent(root, path)?, path.last.as_deref()?);
    if let Some(items) = node.items_mut() {
        let at = index(last, items.len())?;
        items[at] = value;
    } else {
        node.set(last, value);
    }
    Some(())
}

fn take(root: &mut Node, path: &Pointer) -> Option<Node> {
    let (node, last) = (parent(root, path)?, path.last.as_deref()?);
    match node.items_mut() {
        Some(items) => {
            let at = index(last, items.len())?;
            Some(items.remove(at))
        }
        None => node.remove(last),
    }
}

/// The index that a part of a path means in a list; a negative one counts from the end.
fn index(part: &str, len: usize) -> Option<usize> {
    let at: isize = part.parse().ok()?;
    let at = if at < 0 { len.checked_sub(at.unsigned_abs())? } else { at.unsigned_abs() };
    (at < len).then_some(at)
}

fn null() -> Node {
    Node::made(Value::Scalar(Scalar::new("null", Style::Plain, Tag::Null)), Provenance::Patched)
}

fn copied(mut node: Node) -> Node {
    node.mark(Provenance::Copied);
    node
}

/// A value of the patch as it appears in the object: kubectl parses patches differently from objects.
fn patched(node: &Node) -> Node {
    let mut node = node.clone();
    reread(&mut node);
    node.mark(Provenance::Patched);
    node
}

fn reread(node: &mut Node) {
    if let Some(map) = node.map_mut() {
        map.entries.iter_mut().for_each(|entry| reread(&mut entry.value));
    } else if let Some(items) = node.items_mut() {
        items.iter_mut().for_each(reread);
    } else {
        let (written, object) = (kind(node, Schema::Kubectl), kind(node, Schema::Kyaml));
        match written {
            _ if written == object => {}
            Some(Kind::Bool(yes)) => {
                *node = node.with_text(if yes { "true" } else { "false" }, Provenance::Patched);
            }
            Some(Kind::Str) => {
                if let Value::Scalar(scalar) = &mut node.value {
                    scalar.tag = Tag::Str;
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{apply, read};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::compare::same;
    use crate::yaml::node::{Node, Provenance};
    use crate::yaml::parse::parse;

    const OBJECT: &str = "{data: {a: '1', b: x, s/l~t: q}, list: [1, 2, 3], n: null}";

    fn node(text: &str) -> Node {
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    /// Each expectation here and below is the output of `kubectl kustomize`.
    #[track_caller]
    fn becomes(operation: &str, field: &str, expected: &str) {
        let mut object = node(OBJECT);
        apply(&mut object, &read(&node(&format!("[{operation}]"))).unwrap()).unwrap();
        let found = object.get(field).cloned().unwrap_or_else(|| node("absent"));
        assert!(same(&found, &node(expected)), "{field} is {found:?}, expected {expected}");
    }

    #[track_caller]
    fn fails(operation: &str) -> String {
        let operations = read(&node(&format!("[{operation}]")));
        let failed = operations.and_then(|operations| apply(&mut node(OBJECT), &operations));
        failed.unwrap_err().message
    }

    #[test]
    fn adds_and_replaces() {
        becomes("{op: add, path: /data/z, value: 5}", "data", "{a: '1', b: x, s/l~t: q, z: 5}");
        becomes("{op: replace, path: /data/z, value: 5}", "data", "{a: '1', b: x, s/l~t: q, z: 5}");
        becomes(
            "{op: replace, path: /data/s~1l~0t, value: y2}",
            "data",
            "{a: '1', b: x, s/l~t: y2}",
        );
        becomes("{op: add, path: /data/a}", "data", "{a: null, b: x, s/l~t: q}");
        becomes("{op: replace, path: '', value: {data: 1}}", "data", "1");
        becomes("{op: add, path: data/v, value: 1}", "v", "1");
        assert_eq!(fails("{op: add, path: /foo/z, value: 1}"), "`/foo/z` leads nowhere");
        fails("{op: add, path: /n/z, value: 1}");
        fails("{op: add, path: /data/a/b, value: 1}");
    }

    #[test]
    fn counts_in_lists() {
        becomes("{op: add, path: /list/-, value: 9}", "list", "[1, 2, 3, 9]");
        becomes("{op: add, path: /list/-1, value: 9}", "list", "[1, 2, 3, 9]");
        becomes("{op: add, path: /list/3, value: 9}", "list", "[1, 2, 3, 9]");
        becomes("{op: add, path: /list/1, value: 9}", "list", "[1, 9, 2, 3]");
        becomes("{op: remove, path: /list/-1}", "list", "[1, 2]");
        becomes("{op: replace, path: /list/01, value: 9}", "list", "[1, 9, 3]");
        for path in ["/list/4", "/list/x", "/list/-5"] {
            fails(&format!("{{op: add, path: {path}, value: 9}}"));
        }
        for path in ["/list/-", "/list/3", "/list/x"] {
            fails(&format!("{{op: replace, path: {path}, value: 9}}"));
        }
    }

    #[test]
    fn removes_moves_and_copies() {
        becomes("{op: remove, path: /data}", "data", "absent");
        becomes("{op: remove, path: /n}", "n", "absent");
        becomes("{op: move, from: /data/a, path: /data/q}", "data", "{b: x, s/l~t: q, q: '1'}");
        becomes("{op: copy, from: /data, path: /more}", "more", "{a: '1', b: x, s/l~t: q}");
        becomes("{op: copy, from: /none, path: /more}", "more", "null");
        fails("{op: remove, path: /data/z}");
        fails("{op: remove, path: /list/3}");
        fails("{op: move, from: /none, path: /more}");
    }

    #[test]
    fn tests_before_it_changes() {
        becomes("{op: test, path: /data/a, value: '1'}", "data", "{a: '1', b: x, s/l~t: q}");
        becomes("{op: test, path: /data/z, value: null}", "n", "null");
        becomes("{op: test, path: /n}", "n", "null");
        let message = fails("{op: test, path: /data/a, value: 1}");
        assert_eq!(message, "the test of `/data/a` fails: it has another value");
        assert!(fails("{op: test, path: /data/z, value: 1}").ends_with("it is not there"));
    }

    #[test]
    fn refuses_what_is_no_operation() {
        assert_eq!(fails("{op: swap, path: /a}"), "`swap` is no operation");
        assert_eq!(fails("{path: /a}"), "`` is no operation");
        assert_eq!(fails("{op: add, value: 1}"), "`path` is missing");
        assert_eq!(fails("{op: move, path: /a}"), "`from` is missing");
        assert_eq!(fails("add"), "a JSON patch is a list of operations");
    }

    #[test]
    fn reads_values_as_kubectl_does() {
        becomes("{op: add, path: /n, value: yes}", "n", "true");
        becomes("{op: add, path: /n, value: 017}", "n", "15");
        becomes("{op: add, path: /n, value: 2001-12-14}", "n", "'2001-12-14'");
        becomes("{op: add, path: /n, value: 1:30}", "n", "'1:30'");
    }

    #[test]
    fn values_keep_where_they_are_written() {
        let mut object = node(OBJECT);
        let text =
            "[{op: add, path: /data/z, value: {deep: here}}, {op: copy, from: /data/b, path: /c}]";
        apply(&mut object, &read(&node(text)).unwrap()).unwrap();
        let deep = object.at(&["data", "z", "deep"]).unwrap();
        assert_eq!(deep.origin.as_ref().unwrap().source.text(), text);
        assert_eq!((deep.origin.as_ref().unwrap().text(), deep.how), ("here", Provenance::Patched));
        let copy = object.get("c").unwrap();
        assert_eq!(copy.origin.as_ref().unwrap().source.text(), OBJECT);
        assert_eq!(copy.how, Provenance::Copied);
    }
}
