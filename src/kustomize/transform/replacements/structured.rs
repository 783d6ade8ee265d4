//! Replacements in YAML or JSON embedded in a string, as in `data.config\.yaml.server.name`.

use serde_json::Value as Json;

use crate::kustomize::fields::field_path::{Create, follow_mut, lookup, targets};
use crate::text::edit::apply;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::yaml::edit::insert::insert_entry;
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::node::{Node, Provenance, Value};
use crate::yaml::parse::parse;
use crate::yaml::path::{Path, PathStep};
use crate::yaml::scalar::{Kind, Schema, is_null, kind, plain_kind};

/// The result of filling a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    /// The path does not lead through a string, or to nothing in it.
    Not,
    /// The value is set, and the text is byte for byte the same as kustomize's.
    Exactly,
    /// The value is set, but kustomize would format the text differently.
    Otherwise,
    /// Kustomize would set the value, but this is not supported here.
    Beyond,
}

/// Sets a value in the string that a path leads through. The new string is in no file.
pub(super) fn fill(object: &mut Node, path: &[String], value: &Node, create: Create) -> Filled {
    let Some(split) = (1..path.len()).find(|end| is_text(object, &path[..*end])) else {
        // Kustomize sets the value in the text `null`, and loses it.
        let is_lost = create != Create::Never
            && (1..path.len()).any(|end| path[end] != "*" && is_spelled_null(object, &path[..end]));
        return if is_lost { Filled::Exactly } else { Filled::Not };
    };
    let (outer, inner) = path.split_at(split);
    let Ok(found) = targets(object, outer, Create::Never) else { return Filled::Not };
    let Some(field) = found.first().and_then(|path| follow_mut(object, path)) else {
        return Filled::Not;
    };
    let (filled, text) = write(field.str().unwrap_or_default(), inner, value, create);
    if let Some(text) = text {
        *field = field.with_text(&text, Provenance::Derived);
    }
    filled
}

/// Whether YAML is formatted as kustomize writes it, for simple cases.
fn is_laid_out(text: &str) -> bool {
    let mut above: Option<(usize, bool)> = None;
    text.strip_suffix('\n').unwrap_or(text).split('\n').all(|line| {
        let content = line.trim_start_matches(' ');
        let mut column = line.len() - content.len();
        let mut rest = content;
        let is_item = rest.starts_with("- ");
        let fits = match above {
            Some((above, true)) => column == above + if is_item { 0 } else { 2 },
            _ => true,
        };
        while let Some(inner) = rest.strip_prefix("- ") {
            (column, rest) = (column + 2, inner);
        }
        above = Some((column, rest.ends_with(':')));
        let plain = |c: char| !c.is_control() && !"#&*!?%|>{}[]\"'`\\".contains(c);
        fits && !rest.is_empty()
            && rest.chars().all(plain)
            && !rest.starts_with([' ', '-'])
            && !rest.ends_with(' ')
            && !rest.contains(":  ")
    })
}

/// Whether a value is a plain word that replaces strings or fills a gap: anything else may get quotes or a tag.
fn is_plain_word(root: &Node, found: &[Path], value: &Node) -> bool {
    let is_text = |node: &Node| kind(node, Schema::Kyaml) == Some(Kind::Str);
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let new = value.str().unwrap_or_default();
    is_text(value)
        && new.starts_with(|c: char| c.is_ascii_alphabetic())
        && new.chars().all(is_safe)
        && plain_kind(new, Schema::Kyaml) == Kind::Str
        && found.iter().all(|path| path.follow(root).is_none_or(is_text))
}

/// Whether there is a fractional number, which Go formats in its own way.
fn holds_fraction(node: &Node) -> bool {
    matches!(kind(node, Schema::Kyaml), Some(Kind::Float(_)))
        || node.items().iter().any(holds_fraction)
        || node.entries().iter().any(|entry| holds_fraction(&entry.value))
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

fn is_spelled_null(object: &Node, path: &[String]) -> bool {
    let found = lookup(object, path).ok().flatten();
    found.is_some_and(|node| is_null(node) && node.str().is_some_and(|text| !text.is_empty()))
}

fn is_text(object: &Node, path: &[String]) -> bool {
    let found = lookup(object, path).ok().flatten();
    found.is_some_and(|node| {
        kind(node, Schema::Kyaml).is_some_and(|kind| kind == Kind::Str)
            && parse(&Source::file(TreePath::root(), node.str().unwrap_or_default())).is_ok()
    })
}

/// The text with the value set, if any, and how closely it matches kustomize's.
fn write(text: &str, path: &[String], value: &Node, create: Create) -> (Filled, Option<String>) {
    let Ok(stream) = parse(&Source::file(TreePath::root(), text)) else {
        return (Filled::Not, None);
    };
    let Some(document) = stream.documents.first() else { return (Filled::Not, None) };
    let root = &document.root;
    let mut with_targets = root.clone();
    let found = targets(&mut with_targets, path, create).unwrap_or_default();
    if found.is_empty() {
        return (Filled::Not, None);
    }
    let (written, is_laid_out) = if is_json(text) {
        let is_laid_out = !holds_fraction(root) && !text.contains(['\u{2028}', '\u{2029}']);
        (json(text, &with_targets, &found, value), is_laid_out)
    } else {
        let edits = value.str().and_then(|value| {
            found.iter().map(|path| edit(root, path, value)).collect::<Option<Vec<_>>>()
        });
        let written = edits.and_then(|edits| apply(text, &edits).ok());
        (written.map(|text| text.trim().to_owned()), is_laid_out(text))
    };
    let is_simple = stream.documents.len() == 1 && document.duplicates.is_empty();
    let filled = match &written {
        None => Filled::Beyond,
        Some(_) if is_laid_out && is_simple && is_plain_word(root, &found, value) => {
            Filled::Exactly
        }
        Some(_) => Filled::Otherwise,
    };
    (filled, written)
}

/// Rewrites a value that is there, or adds one to a mapping.
fn edit(root: &Node, path: &Path, value: &str) -> Option<crate::text::edit::Edit> {
    if let Some(node) = path.follow(root) {
        return rewrite(node, value).ok();
    }
    let (PathStep::Key(key), parents) = path.0.split_last()? else { return None };
    let parent = Path(parents.to_vec());
    insert_entry(root, &parent, key, value, None).ok()
}

/// JSON is rewritten as by kustomize: keys sorted, indented if it was before.
fn json(text: &str, targets: &Node, found: &[Path], value: &Node) -> Option<String> {
    let mut targets = targets.clone();
    for path in found {
        let field = follow_mut(&mut targets, path)?;
        *field = match (field.scalar(), value.scalar()) {
            (Some(_), Some(_)) => field.with_text(value.str()?, Provenance::Derived),
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
    use super::{Filled, fill, is_laid_out};
    use crate::kustomize::fields::field_path::{Create, split};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::{Node, Provenance};
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
        let value = Node::string("x-y-z", Provenance::Copied);
        let is_filled = fill(&mut object, &path, &value, create) == Filled::Exactly;
        is_filled.then(|| {
            let field = object.at(&["data", &path[1]]).unwrap();
            assert_eq!(field.how, Provenance::Derived);
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
    fn knows_what_kustomize_leaves_as_it_is() {
        for text in ["k: v\nl:\n- m: 1\n- m: 2\n", "a:\n  b:\n    c: d e\n", "- - a\n- b:\n  - c\n"]
        {
            assert!(is_laid_out(text), "{text}");
        }
        for text in [
            "a:\n    b: c\n",
            "a:\n  - b\n",
            "a: b\n\nc: d\n",
            "a: b # c\n",
            "---\na: b\n",
            "a: >-\n  b\n",
            "a:  b\n",
            "a: b \n",
            "a: 'b'\n",
            "a: {b: c}\n",
            "a: &x b\n",
            "a:\tb\n",
            "a: b\r\n",
        ] {
            assert!(!is_laid_out(text), "{text}");
        }
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
