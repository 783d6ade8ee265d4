//! Which fields of which objects a step changes, in kustomize's notation: `spec/template/metadata/labels`.

use std::borrow::Cow;

use crate::kustomize::model::object::Identity;
use crate::text::problem::Problem;
use crate::yaml::bounds::DEEPEST;
use crate::yaml::node::{Node, Provenance, Scalar, Style, Tag, Value};

/// A field of every object of a kind; what is empty matches anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldSpec {
    /// `apps`
    pub group: String,
    /// `v1`
    pub version: String,
    /// `Deployment`
    pub kind: String,
    /// The keys of the path, separated by `/`, with `\/` for a slash in a key. Lists are traversed.
    pub path: String,
    /// Whether a missing field is created.
    pub create: bool,
}

impl FieldSpec {
    /// Whether the field applies to such an object.
    #[must_use]
    pub fn selects(&self, identity: &Identity) -> bool {
        selects(&self.group, &self.version, &self.kind, identity)
    }
}

/// Whether an object is of the group, version and kind asked for; an empty one matches anything.
#[must_use]
pub fn selects(group: &str, version: &str, kind: &str, identity: &Identity) -> bool {
    (kind.is_empty() || kind == &*identity.kind)
        && (group.is_empty() || group == identity.group())
        && (version.is_empty() || version == identity.version())
}

/// The keys of a path that are still to be followed.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'p>(Option<&'p str>);

impl<'p> Keys<'p> {
    /// All keys of a path.
    #[must_use]
    pub const fn of(path: &'p str) -> Self {
        Self(Some(path))
    }

    /// The next key, and those after it.
    #[must_use]
    pub fn split_first(self) -> Option<(Cow<'p, str>, Self)> {
        let path = self.0?;
        // Keys are short: a byte-by-byte scan is faster than any search.
        match path.bytes().position(|byte| matches!(byte, b'/' | b'\\')) {
            None => Some((Cow::Borrowed(path), Self(None))),
            Some(at) if path.as_bytes()[at] == b'/' => {
                Some((Cow::Borrowed(&path[..at]), Self(Some(&path[at + 1..]))))
            }
            Some(at) => Some(split_escaped(path, at)),
        }
    }
}

/// The key of a path that has a backslash, the first one at a byte, and the keys behind it.
fn split_escaped(path: &str, first: usize) -> (Cow<'_, str>, Keys<'_>) {
    let mut slashes = path[first..].match_indices('/').map(|(at, _)| first + at);
    let end = slashes.find(|at| !path[..*at].ends_with('\\'));
    let key = end.map_or(path, |at| &path[..at]);
    let key = key.strip_suffix('\\').unwrap_or(key);
    (Cow::Owned(key.replace("\\/", "/")), Keys(end.map(|at| &path[at + 1..])))
}

impl<'p> Iterator for Keys<'p> {
    type Item = Cow<'p, str>;

    fn next(&mut self) -> Option<Cow<'p, str>> {
        let (key, rest) = self.split_first()?;
        *self = rest;
        Some(key)
    }
}

/// Calls `f` with every value at the end of a path, traversing all lists. With `create`, missing
/// mappings on the path are created, and `f` gets a null where the value is missing.
///
/// # Errors
/// When `f` fails, or something on the way is neither a mapping nor a list.
pub fn visit(
    root: &mut Node,
    path: &str,
    create: bool,
    f: &mut dyn FnMut(&mut Node) -> Result<(), Problem>,
) -> Result<(), Problem> {
    // A path with that many keys is at least that long.
    if path.len() >= DEEPEST && Keys::of(path).count() > DEEPEST {
        let message = format!("a path of more than {DEEPEST} keys leads nowhere");
        return Err(Problem::at(message, root).with_help("shorten the path of the field"));
    }
    let keys = Keys::of(path);
    if create || leads_to(root, keys, &|_| true) { walk(root, keys, create, f) } else { Ok(()) }
}

/// Whether the end of the path has a value that satisfies `wanted`, or the path leads through something that should
/// be a collection. Checked first, since mutable access copies what is shared.
#[must_use]
pub fn leads_to(node: &Node, keys: Keys<'_>, wanted: &dyn Fn(&Node) -> bool) -> bool {
    let Some((key, rest)) = keys.split_first() else { return wanted(node) };
    match &node.value {
        Value::Map(_) => node.get(field(&key).0).is_some_and(|value| leads_to(value, rest, wanted)),
        Value::Seq(seq) => seq.items.iter().any(|item| leads_to(item, keys, wanted)),
        Value::Scalar(_) => !is_null(node),
    }
}

fn walk(
    node: &mut Node,
    keys: Keys<'_>,
    create: bool,
    f: &mut dyn FnMut(&mut Node) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let Some((key, rest)) = keys.split_first() else { return f(node) };
    if let Some(items) = node.items_mut() {
        return items.iter_mut().try_for_each(|item| walk(item, keys, create, f));
    }
    if node.scalar().is_some() {
        return if is_null(node) { Ok(()) } else { Err(not_a_collection(node, &key)) };
    }
    let (key, is_list) = field(&key);
    let create_here = create && !is_list;
    let is_last = rest.0.is_none();
    if create_here && node.get(key).is_none_or(|value| !is_last && is_null(value)) {
        let made = if is_last { null() } else { Node::map(Provenance::Patched) };
        node.set(key, made);
    }
    match node.get_mut(key) {
        Some(value) => walk(value, rest, create, f),
        None => Ok(()),
    }
}

fn not_a_collection(node: &Node, key: &str) -> Problem {
    Problem::at(format!("expected a mapping or a list with `{key}` in it"), node)
}

/// A key and whether it is marked as a list (`volumeClaimTemplates[]`).
fn field(key: &str) -> (&str, bool) {
    key.strip_suffix("[]").map_or((key, false), |key| (key, true))
}

fn null() -> Node {
    Node::made(Value::Scalar(Scalar::new("", Style::Plain, Tag::Null)), Provenance::Patched)
}

fn is_null(node: &Node) -> bool {
    node.scalar().is_some_and(|scalar| match scalar.tag {
        Tag::Null => true,
        Tag::None if scalar.style == Style::Plain => {
            matches!(node.str().unwrap_or_default(), "" | "~" | "null" | "Null" | "NULL")
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::{Keys, visit};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::{Node, Provenance};
    use crate::yaml::parse::parse;

    fn root(text: &str) -> Node {
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    fn visited(text: &str, path: &str, create: bool) -> (Vec<String>, Node) {
        let mut node = root(text);
        let mut seen = Vec::new();
        visit(&mut node, path, create, &mut |value| {
            seen.push(value.str().unwrap_or("(collection)").to_owned());
            *value = Node::string("new", Provenance::Patched);
            Ok(())
        })
        .unwrap();
        (seen, node)
    }

    #[test]
    fn splits_paths_at_bare_slashes() {
        let keys = |path| Keys::of(path).collect::<Vec<_>>();
        assert_eq!(
            keys(r"metadata/annotations/a.io\/b/c"),
            ["metadata", "annotations", "a.io/b", "c"]
        );
        assert_eq!(keys(r"a\/\/b"), ["a//b"]);
        assert_eq!(keys(r"a\\/b/c\d\"), [r"a\/b", r"c\d"]);
        assert_eq!(keys("/a/"), ["", "a", ""]);
        assert_eq!(keys(""), [""]);
    }

    #[test]
    fn walks_through_lists() {
        let (seen, node) = visited("a: [{b: 1}, {b: 2}, {c: 3}, null]", "a/b", false);
        assert_eq!(seen, ["1", "2"]);
        assert_eq!(node.get("a").unwrap().items()[1].get("b").unwrap().str(), Some("new"));
    }

    #[test]
    fn makes_what_is_missing() {
        let (seen, node) = visited("x: {}\ny:\n", "x/y/z", true);
        assert_eq!(seen, [""]);
        assert_eq!(node.at(&["x", "y", "z"]).unwrap().str(), Some("new"));
        assert_eq!(visited("x: {}", "y/z", false).0.len(), 0);
        assert_eq!(visited("x:\n", "x/z", true).0, [""]);
    }

    #[test]
    fn refuses_a_text_on_the_way() {
        let mut node = root("a: text");
        let problem = visit(&mut node, "a/b", false, &mut |_| Ok(())).unwrap_err();
        assert_eq!(problem.message, "expected a mapping or a list with `b` in it");
    }
}
