//! Replacements into YAML or JSON that stands in a text, as in `data.config\.yaml.server.name`.

use serde_json::Value as Json;

use crate::kustomize::field_path::{Create, follow_mut, lookup, targets};
use crate::text::edit::apply;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::yaml::edit::insert::insert_entry;
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::node::{How, Node, Value};
use crate::yaml::parse::parse;
use crate::yaml::path::{Path, Step};
use crate::yaml::scalar::{Kind, Schema, kind};

/// Puts a value into the text that a path leads through; says whether there was such a text.
///
/// The text becomes one that no file spells.
pub(super) fn fill(object: &mut Node, path: &[String], value: &Node, create: Create) -> bool {
    let Some(split) = (1..path.len()).find(|end| is_text(object, &path[..*end])) else {
        // Kustomize sets the value in the text `null`, and loses it.
        return create != Create::Never
            && (1..path.len())
                .any(|end| path[end] != "*" && is_spelled_null(object, &path[..end]));
    };
    let (outer, inner) = path.split_at(split);
    let Ok(found) = targets(object, outer, Create::Never) else { return false };
    let Some(field) = found.first().and_then(|path| follow_mut(object, path)) else { return false };
    match filled(field.str().unwrap_or_default(), inner, value, create) {
        Some(text) => {
            *field = field.retold(&text, How::Derived);
            true
        }
        None => false,
    }
}

fn is_spelled_null(object: &Node, path: &[String]) -> bool {
    let found = lookup(object, path).ok().flatten();
    found.is_some_and(|node| {
        kind(node, Schema::Kyaml) == Some(Kind::Null)
            && node.str().is_some_and(|text| !text.is_empty())
    })
}

fn is_text(object: &Node, path: &[String]) -> bool {
    let found = lookup(object, path).ok().flatten();
    found.is_some_and(|node| {
        kind(node, Schema::Kyaml).is_some_and(|kind| kind == Kind::Str)
            && parse(&Source::file(TreePath::root(), node.str().unwrap_or_default())).is_ok()
    })
}

/// The text with the value in it; `None` when the path leads nowhere in it.
fn filled(text: &str, path: &[String], value: &Node, create: Create) -> Option<String> {
    let root = parse(&Source::file(TreePath::root(), text)).ok()?.documents.first()?.root.clone();
    let mut with_targets = root.clone();
    let found = targets(&mut with_targets, path, create).ok().filter(|found| !found.is_empty())?;
    if text.trim_start().starts_with(['{', '[']) {
        return json(text, &with_targets, &found, value);
    }
    let value = value.str()?;
    let edits: Option<Vec<_>> = found.iter().map(|path| edit(&root, path, value)).collect();
    Some(apply(text, &edits?).ok()?.trim().to_owned())
}

/// Rewrites a value that is there, or adds one to a mapping.
fn edit(root: &Node, path: &Path, value: &str) -> Option<crate::text::edit::Edit> {
    if let Some(node) = path.follow(root) {
        return rewrite(node, value).ok();
    }
    let (Step::Key(key), parents) = path.0.split_last()? else { return None };
    let parent = Path(parents.to_vec());
    insert_entry(root, &parent, key, value, None).ok()
}

/// JSON is written anew as kustomize does it: keys sorted, indented if it was.
fn json(text: &str, targets: &Node, found: &[Path], value: &Node) -> Option<String> {
    let mut targets = targets.clone();
    for path in found {
        let field = follow_mut(&mut targets, path)?;
        *field = match (field.scalar(), value.scalar()) {
            (Some(_), Some(_)) => field.retold(value.str()?, How::Derived),
            _ => value.clone(),
        };
    }
    let json = to_json(&targets);
    let indented = text.contains('\n') && text.contains("  ");
    let written =
        if indented { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
    // As Go writes JSON.
    let escape = [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")];
    Some(escape.iter().fold(written.ok()?, |text, (from, to)| text.replace(from, to)))
}

fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Seq(seq) => Json::Array(seq.items.iter().map(to_json).collect()),
        Value::Map(_) => {
            let mut keys: Vec<&str> =
                node.entries().iter().filter_map(|entry| entry.key.str()).collect();
            keys.sort_unstable();
            keys.dedup();
            let entry = |key: &str| Some((key.to_owned(), to_json(node.get(key)?)));
            Json::Object(keys.into_iter().filter_map(entry).collect())
        }
        Value::Scalar(_) => match kind(node, Schema::Kyaml) {
            None | Some(Kind::Null) => Json::Null,
            Some(Kind::Bool(yes)) => Json::Bool(yes),
            Some(Kind::Int(number)) => i64::try_from(number)
                .map(Json::from)
                .or_else(|_| u64::try_from(number).map(Json::from))
                .unwrap_or(Json::Null),
            Some(Kind::Float(number)) => Json::from(number),
            Some(Kind::Str) => Json::from(node.str().unwrap_or_default()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::fill;
    use crate::kustomize::field_path::{Create, split};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::{How, Node};
    use crate::yaml::parse::parse;

    const OBJECT: &str = r#"
data:
  y: "k: v\nl:\n- m: 1\n- m: 2\n"
  j: '{"k":"v","n":1, "b": "<"}'
  pretty: "{\n  \"k\": \"v\"\n}\n"
  s: a-b-c
"#;

    /// The outcomes are those of `kubectl kustomize`.
    fn filled(path: &str, create: Create) -> Option<String> {
        let source = Source::file(TreePath::root(), OBJECT);
        let mut object = parse(&source).unwrap().documents[0].root.clone();
        let path = split(path);
        let value = Node::string("x-y-z", How::Copied);
        fill(&mut object, &path, &value, create).then(|| {
            let field = object.at(&["data", &path[1]]).unwrap();
            assert_eq!(field.how, How::Derived);
            field.str().unwrap().to_owned()
        })
    }

    #[test]
    fn fills_yaml() {
        let changed = filled("data.y.k", Create::Never).unwrap();
        assert_eq!(changed, "k: x-y-z\nl:\n- m: 1\n- m: 2");
        let made = filled("data.y.zz", Create::Scalar).unwrap();
        assert_eq!(made, "k: v\nl:\n- m: 1\n- m: 2\nzz: x-y-z");
        assert_eq!(filled("data.y.zz", Create::Never), None);
    }

    #[test]
    fn fills_json() {
        let changed = filled("data.j.k", Create::Never).unwrap();
        assert_eq!(changed, r#"{"b":"\u003c","k":"x-y-z","n":1}"#);
        let made = filled("data.j.zz", Create::Scalar).unwrap();
        assert_eq!(made, r#"{"b":"\u003c","k":"v","n":1,"zz":"x-y-z"}"#);
        let indented = filled("data.pretty.k", Create::Never).unwrap();
        assert_eq!(indented, "{\n  \"k\": \"x-y-z\"\n}");
    }

    #[test]
    fn leaves_plain_texts_alone() {
        assert_eq!(filled("data.s", Create::Never), None);
        assert_eq!(filled("data.s.x", Create::Never), None);
        assert_eq!(filled("data.s.x", Create::Scalar), None);
    }
}
