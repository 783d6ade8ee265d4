//! Field paths of replacements: `spec.containers.[name=web].env.0.value`, `a.*.b`, `data.x\.yaml`.

use crate::kustomize::fields::expression::Expression;
use crate::yaml::node::{Node, Provenance, Scalar, Style, Tag, Value};
use crate::yaml::path::{Path, PathStep};
use crate::yaml::scalar::is_null;

/// What to create where a part of a path is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Create {
    /// Nothing.
    Never,
    /// A scalar at the end, mappings and lists before it.
    Scalar,
    /// A mapping at the end.
    Map,
    /// A list at the end.
    Seq,
}

/// Splits a path at its dots; `\.` and a dot inside brackets belong to a key.
#[must_use]
pub fn split(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let path = path.strip_prefix('.').unwrap_or(path);
    for part in path.split('.') {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('.');
                last.push_str(part);
            }
            Some(last) if last.starts_with('[') && !last.ends_with(']') => {
                last.push('.');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts.into_iter().map(key_in_brackets).collect()
}

/// `[a.b/c]` is a key with dots; `[name=web]` an item.
fn key_in_brackets(part: String) -> String {
    let inner = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(inner) if inner.contains('.') && !inner.contains('=') => inner.to_owned(),
        _ => part,
    }
}

/// One parsed part of a path.
enum Part<'p> {
    Key(&'p str),
    Index(usize),
    Every,
    /// The items whose key has a value; an empty key means the item itself.
    Item(&'p str, &'p str),
}

impl<'p> Part<'p> {
    fn read(part: &'p str) -> Result<Self, String> {
        if part == "*" {
            return Ok(Self::Every);
        }
        if let Ok(index) = part.parse() {
            return Ok(Self::Index(index));
        }
        let Some(inner) = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
            return Ok(Self::Key(part));
        };
        match inner.split_once('=') {
            Some((key, value)) => Ok(Self::Item(key, value)),
            None => Err(format!("`{part}` must be `[key=value]`")),
        }
    }
}

/// The single value at a path; items are matched by exact value, `-` is the last one.
///
/// # Errors
/// If the path leads through a scalar or has a `*`, with a phrase that says so.
pub fn lookup<'n>(root: &'n Node, path: &[String]) -> Result<Option<&'n Node>, String> {
    let mut node = root;
    for part in path.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        if is_null(node) {
            return Ok(None);
        }
        let next = match Part::read(part)? {
            Part::Every => return Err("`*` is for targets only".to_owned()),
            Part::Key("-") if !node.items().is_empty() => node.items().last(),
            Part::Key(key) => field(node, key)?,
            Part::Index(index) => list(node, part)?.get(index),
            Part::Item(key, value) => {
                let has = |item: &&Node| text(item, key) == Some(value);
                list(node, part)?.iter().find(has)
            }
        };
        match next {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

/// Every value at a path; what is missing is created as `create` says. Items are matched by a
/// regular expression that need not match the whole value.
///
/// # Errors
/// When the path does not fit the object, with a phrase that says so.
pub fn targets(root: &mut Node, path: &[String], create: Create) -> Result<Vec<Path>, String> {
    let mut found = Vec::new();
    walk(root, path, create, &Path::default(), &mut found)?;
    Ok(found)
}

fn walk(
    node: &mut Node,
    path: &[String],
    create: Create,
    at: &Path,
    found: &mut Vec<Path>,
) -> Result<(), String> {
    let Some((part, rest)) = path.split_first() else {
        found.push(at.clone());
        return Ok(());
    };
    match Part::read(part)? {
        Part::Key(key) => {
            if field(node, key)?.is_none() && create != Create::Never {
                node.set(key, made(rest, create));
            }
            let next = node.get_mut(key);
            next.map_or(Ok(()), |next| walk(next, rest, create, &at.key(key), found))
        }
        Part::Index(index) => {
            let len = list(node, part)?.len();
            if index == len && create != Create::Never {
                node.items_mut().into_iter().for_each(|items| items.push(made(rest, create)));
            } else if index >= len {
                return Err(format!("there is no item {index}, the list has {len}"));
            }
            step_into(node, index, rest, create, at, found)
        }
        Part::Every => {
            for index in 0..list(node, part)?.len() {
                step_into(node, index, rest, create, at, found)?;
            }
            Ok(())
        }
        Part::Item(key, value) => {
            let chosen = items(list(node, part)?, key, value)?;
            let before = found.len();
            for index in &chosen {
                // The rest of the path is ignored for an item that is a scalar.
                let rest = if key.is_empty() { &[] } else { rest };
                step_into(node, *index, rest, create, at, found)?;
            }
            if found.len() > before || create == Create::Never {
                return Ok(());
            }
            let index = list(node, part)?.len();
            node.items_mut().into_iter().for_each(|items| items.push(made_item(key, value)));
            let rest = if key.is_empty() { &[] } else { rest };
            step_into(node, index, rest, create, at, found)
        }
    }
}

fn step_into(
    node: &mut Node,
    index: usize,
    rest: &[String],
    create: Create,
    at: &Path,
    found: &mut Vec<Path>,
) -> Result<(), String> {
    let item = node.items_mut().and_then(|items| items.get_mut(index));
    item.map_or(Ok(()), |item| walk(item, rest, create, &at.index(index), found))
}

fn items(list: &[Node], key: &str, value: &str) -> Result<Vec<usize>, String> {
    let wanted =
        Expression::part(value).map_err(|_| format!("`{value}` is no regular expression"))?;
    let fits = |item: &Node| text(item, key).is_some_and(|text| wanted.fits(text.trim()));
    Ok((0..list.len()).filter(|&index| fits(&list[index])).collect())
}

fn text<'n>(item: &'n Node, key: &str) -> Option<&'n str> {
    if key.is_empty() { item.str() } else { item.get(key)?.str() }
}

fn field<'n>(node: &'n Node, key: &str) -> Result<Option<&'n Node>, String> {
    match node.value {
        Value::Map(_) => Ok(node.get(key)),
        _ if is_null(node) => Ok(None),
        _ => Err(format!("`{key}` is looked up in what is not a mapping")),
    }
}

fn list<'n>(node: &'n Node, part: &str) -> Result<&'n [Node], String> {
    match &node.value {
        Value::Seq(seq) => Ok(&seq.items),
        _ if is_null(node) => Ok(&[]),
        _ => Err(format!("`{part}` is for a list, and there is none")),
    }
}

/// The value to create for the rest of the path.
fn made(rest: &[String], create: Create) -> Node {
    match rest.first().map(|part| Part::read(part)) {
        Some(Ok(Part::Key(_)) | Err(_)) => Node::map(Provenance::Copied),
        Some(Ok(_)) => Node::seq(Vec::new(), Provenance::Copied),
        None => match create {
            Create::Map => Node::map(Provenance::Copied),
            Create::Seq => Node::seq(Vec::new(), Provenance::Copied),
            Create::Never | Create::Scalar => plain(""),
        },
    }
}

fn made_item(key: &str, value: &str) -> Node {
    if key.is_empty() {
        return plain(value);
    }
    let mut item = Node::map(Provenance::Copied);
    item.set(key, plain(value));
    item
}

fn plain(text: &str) -> Node {
    Node::made(Value::Scalar(Scalar::new(text, Style::Plain, Tag::None)), Provenance::Copied)
}

/// The value at the end of a path, mutably.
pub fn follow_mut<'n>(root: &'n mut Node, path: &Path) -> Option<&'n mut Node> {
    path.0.iter().try_fold(root, |node, step| match step {
        PathStep::Key(key) => node.get_mut(key),
        PathStep::Index(index) => node.items_mut()?.get_mut(*index),
    })
}

#[cfg(test)]
mod tests {
    use super::{Create, lookup, split, targets};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn node(text: &str) -> Node {
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    fn found(object: &str, path: &str, create: Create) -> Result<Vec<String>, String> {
        let paths = targets(&mut node(object), &split(path), create)?;
        Ok(paths.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn splits_at_dots_but_not_at_those_of_keys() {
        assert_eq!(split(r"a.b\.c/d.e"), ["a", "b.c/d", "e"]);
        assert_eq!(split("a.[b.c/d].e"), ["a", "b.c/d", "e"]);
        assert_eq!(split("a.[name=x.y].e"), ["a", "[name=x.y]", "e"]);
        assert_eq!(split(".spec.s"), ["spec", "s"]);
    }

    #[test]
    fn looks_up_one_value() {
        let object = node("{a: [{n: x, v: 1}, {n: xy, v: 2}], b: null}");
        let value = |path: &str| {
            lookup(&object, &split(path)).map(|node| node.and_then(Node::str).map(str::to_owned))
        };
        assert_eq!(value("a.[n=x].v").unwrap().unwrap(), "1");
        assert_eq!(value("a.1.v").unwrap().unwrap(), "2");
        assert_eq!(value("a.-.v").unwrap().unwrap(), "2");
        assert_eq!(value("a.7.v").unwrap(), None);
        assert_eq!(value("b.c.d").unwrap(), None);
        assert!(value("a.*.v").is_err());
        assert!(value("a.0.v.w").is_err());
    }

    #[test]
    fn finds_all_targets() {
        let object = "{a: [{n: x, v: 1}, {n: xy, v: 2}], b: [foo, bar]}";
        assert_eq!(found(object, "a.*.v", Create::Never).unwrap(), ["a[0].v", "a[1].v"]);
        assert_eq!(found(object, "a.[n=x].v", Create::Never).unwrap(), ["a[0].v", "a[1].v"]);
        assert_eq!(found(object, "a.[n=^x$].v", Create::Never).unwrap(), ["a[0].v"]);
        assert_eq!(found(object, "b.[=fo]", Create::Never).unwrap(), ["b[0]"]);
        assert_eq!(found(object, "b.1", Create::Never).unwrap(), ["b[1]"]);
        assert!(found(object, "a.[n=z].v", Create::Never).unwrap().is_empty());
        assert!(found(object, "b.2", Create::Never).is_err());
        assert!(found(object, "a.0.v.w", Create::Never).is_err());
        assert!(found("{a: {b: 1}}", "a.*", Create::Never).is_err());
    }

    #[test]
    fn makes_what_is_missing() {
        let object = "{a: [{n: x}], b: [foo]}";
        assert_eq!(found(object, "c.d.e", Create::Scalar).unwrap(), ["c.d.e"]);
        assert_eq!(found(object, "a.*.v", Create::Scalar).unwrap(), ["a[0].v"]);
        assert_eq!(found(object, "a.[n=new].v", Create::Scalar).unwrap(), ["a[1].v"]);
        assert_eq!(found(object, "c.[n=new].v", Create::Scalar).unwrap(), ["c[0].v"]);
        assert_eq!(found(object, "b.[=bar]", Create::Scalar).unwrap(), ["b[1]"]);
        assert_eq!(found(object, "b.1", Create::Scalar).unwrap(), ["b[1]"]);
        assert!(found(object, "b.5", Create::Scalar).is_err());
    }
}
