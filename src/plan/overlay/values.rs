//! Values that one environment sets for itself: a key in its own values file, where the file that spells the name is shared.

use std::sync::Arc;

use crate::k8s::values::{FILES, VALUES};
use crate::plan::overlay::token::{Field, Token};
use crate::plan::spell::scalar;
use crate::text::edit::apply;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::yaml::edit::insert::insert_entry;
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::node::Node;
use crate::yaml::parse::parse;
use crate::yaml::path::{Path, PathStep};

/// The values file that may set a field for its environment, and the keys of the field in it. `owns`: whether the environment
/// alone reads a file.
///
/// # Errors
/// With a phrase: what is in the way.
pub(super) fn place(
    field: &Field<'_>,
    token: &Token,
    owns: impl Fn(&TreePath) -> bool,
) -> Result<(TreePath, Vec<String>), String> {
    let object = &field.root.objects()[field.object].node;
    let files = object.get(FILES).map_or(&[][..], Node::items).iter().filter_map(Node::str);
    let files: Vec<TreePath> = files.filter_map(TreePath::new).collect();
    let behind = files.iter().rev().take_while(|file| **file != token.file);
    let Some(file) = behind.into_iter().find(|file| owns(file)) else {
        return Err(format!(
            "the name is in `{}`, which others read too, and no values file of this environment alone comes after it",
            token.file
        ));
    };
    let is_values = |step: &PathStep| matches!(step, PathStep::Key(key) if **key == *VALUES);
    let below = field.path.0.strip_prefix(&[PathStep::Key(VALUES.into())][..]);
    let below = below.filter(|_| field.path.0.first().is_some_and(is_values));
    let keys = below.and_then(|steps| {
        let key = |step: &PathStep| match step {
            PathStep::Key(key) => Some(key.to_string()),
            PathStep::Index(_) => None,
        };
        steps.iter().map(key).collect::<Option<Vec<String>>>()
    });
    match keys {
        Some(keys) if !keys.is_empty() => Ok((file.clone(), keys)),
        _ => Err(format!(
            "the name is in a list of `{}`, which others read too, and a values file replaces a list as a whole",
            token.file
        )),
    }
}

/// A text of a file in which the value of nested keys of a document is set; `None` if it cannot take it.
pub(in crate::plan) fn with_key(
    (file, document): (&TreePath, usize),
    text: &str,
    keys: &[String],
    value: &str,
) -> Option<String> {
    let source = Source::file(file.clone(), text);
    let stream = parse(&source).ok()?;
    let Some(root) = stream.documents.get(document).map(|document| &document.root) else {
        return Some(appended(text, &source, &nested(keys, value)));
    };
    let mut path = Path::default();
    for (index, key) in keys.iter().enumerate() {
        let below = path.key(key);
        let Some(node) = below.follow(root) else {
            let value = nested(&keys[index + 1..], value);
            let edit = insert_entry(root, &path, key, &value, None).ok()?;
            return apply(text, &[edit]).ok();
        };
        if index + 1 == keys.len() {
            return apply(text, &[rewrite(node, value).ok()?]).ok();
        }
        path = below;
    }
    None
}

/// Nested keys around a value, in block style.
fn nested(keys: &[String], value: &str) -> String {
    let mut text = String::new();
    for (depth, key) in keys.iter().enumerate() {
        let indent = if depth == 0 { String::new() } else { format!("\n{}", "  ".repeat(depth)) };
        text.push_str(&format!("{indent}{}:", scalar(key)));
    }
    if keys.is_empty() { scalar(value) } else { format!("{text} {}", scalar(value)) }
}

/// A file without values, of comments at most, with some behind.
fn appended(text: &str, source: &Arc<Source>, values: &str) -> String {
    let newline = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
    format!("{text}{gap}{}{newline}", values.replace('\n', newline))
}

#[cfg(test)]
mod tests {
    use super::with_key;
    use crate::text::path::TreePath;

    fn set(text: &str, keys: &[&str]) -> Option<String> {
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        with_key((&TreePath::root(), 0), text, &keys, "db-2")
    }

    #[test]
    fn keys_are_made_where_they_are_not() {
        let of = |text, keys: &[&str]| set(text, keys).unwrap();
        assert_eq!(of("a: 1 # x\n", &["b", "c"]), "a: 1 # x\nb:\n  c: db-2\n");
        assert_eq!(of("b:\n  d: 1\ne: 2\n", &["b", "c"]), "b:\n  d: 1\n  c: db-2\ne: 2\n");
        assert_eq!(of("b: {d: 1}\n", &["b", "c", "k"]), "b: {d: 1, c: {k: db-2}}\n");
        assert_eq!(of("b: {}\n", &["b", "c"]), "b:\n  c: db-2\n");
        assert_eq!(of("b:\n", &["b", "c", "d"]), "b:\n  c:\n    d: db-2\n");
        assert_eq!(of("", &["b", "c"]), "b:\n  c: db-2\n");
        assert_eq!(of("# none\r\n", &["b"]), "# none\r\nb: db-2\r\n");
        assert_eq!(of("b: old\n", &["b"]), "b: db-2\n");
        assert_eq!(set("b: text\n", &["b", "c"]), None);
        assert_eq!(set("- a\n", &["b"]), None);
    }
}
