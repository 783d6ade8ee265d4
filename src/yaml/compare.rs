//! Whether two trees mean the same to Kubernetes, however they are written.

use std::collections::BTreeMap;

use crate::text::work;
use crate::yaml::node::{Node, Value};
use crate::yaml::path::Path;
use crate::yaml::scalar::{Kind, Schema, kind};

/// Whether two nodes have the same effective value: key order does not matter, item order does.
#[must_use]
pub fn same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::Scalar(_), Value::Scalar(_)) => same_scalar(one, other),
        (Value::Seq(a), Value::Seq(b)) => {
            std::sync::Arc::ptr_eq(a, b)
                || (a.items.len() == b.items.len()
                    && a.items.iter().zip(&b.items).all(|(a, b)| same(a, b)))
        }
        (Value::Map(a), Value::Map(b)) => {
            std::sync::Arc::ptr_eq(a, b) || {
                let (a, b) = (effective(one), effective(other));
                a.len() == b.len() && a.iter().zip(&b).all(|((k, v), (l, w))| k == l && same(v, w))
            }
        }
        _ => false,
    }
}

/// The paths at which two nodes differ: where a value was changed, added or removed.
#[must_use]
pub fn differences(one: &Node, other: &Node) -> Vec<Path> {
    work::count("object compared");
    let mut found = Vec::new();
    differ(one, other, &Path::default(), &mut found);
    found
}

fn differ(one: &Node, other: &Node, path: &Path, found: &mut Vec<Path>) {
    match (&one.value, &other.value) {
        (Value::Seq(a), Value::Seq(b)) => {
            for (index, (a, b)) in a.items.iter().zip(&b.items).enumerate() {
                differ(a, b, &path.index(index), found);
            }
            let (fewer, more) =
                (a.items.len().min(b.items.len()), a.items.len().max(b.items.len()));
            found.extend((fewer..more).map(|index| path.index(index)));
        }
        (Value::Map(_), Value::Map(_)) => {
            let (a, b) = (effective(one), effective(other));
            for (key, value) in &a {
                match b.get(key) {
                    Some(other) => differ(value, other, &path.key(key), found),
                    None => found.push(path.key(key)),
                }
            }
            found.extend(b.keys().filter(|key| !a.contains_key(*key)).map(|key| path.key(key)));
        }
        _ if same(one, other) => {}
        _ => found.push(path.clone()),
    }
}

/// The value of each key as [`Node::get`] finds it, sorted. A key that is not a scalar is compared by its source text.
#[must_use]
pub fn effective(node: &Node) -> BTreeMap<&str, &Node> {
    let mut values: BTreeMap<&str, (&Node, bool)> = BTreeMap::new();
    for entry in node.entries() {
        let spelled = || entry.key.origin.as_ref().map(|origin| origin.text());
        let Some(key) = entry.key.str().or_else(spelled) else { continue };
        let own = values.get(key).is_some_and(|&(_, merged)| !merged || entry.is_merged());
        if !(own && entry.is_merged()) {
            values.insert(key, (&entry.value, entry.is_merged()));
        }
    }
    values.into_iter().map(|(key, (value, _))| (key, value)).collect()
}

fn same_scalar(one: &Node, other: &Node) -> bool {
    match (kind(one, Schema::Kyaml), kind(other, Schema::Kyaml)) {
        (Some(Kind::Str), Some(Kind::Str)) => one.str() == other.str(),
        (Some(Kind::Float(a)), Some(Kind::Float(b))) => a.total_cmp(&b).is_eq(),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::{differences, same};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn root(text: &str) -> Node {
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    #[test]
    fn spelling_and_key_order_do_not_count() {
        let one = root("a: &x {b: 0x10, c: 'yes'}\nd: [1, two, ~]\ne: *x\n");
        let other =
            root("d:\n- 1\n- \"two\"\n-\ne: {<<: {b: 16}, c: yes}\na:\n  c: yes\n  b: 16\n");
        assert!(same(&one, &other), "{:?}", differences(&one, &other));
        assert!(differences(&one, &other).is_empty());
    }

    #[test]
    fn types_and_item_order_count() {
        assert!(!same(&root("1"), &root("'1'")));
        assert!(!same(&root("[a, b]"), &root("[b, a]")));
        let found =
            differences(&root("a: {x: 1, y: 2}\nl: [1, 2]"), &root("a: {x: 1, z: 2}\nl: [1]"));
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["a.y", "a.z", "l[1]"]);
    }

    #[test]
    fn of_keys_that_stand_twice_the_last_counts() {
        assert!(same(&root("a: 1\na: 2"), &root("a: 2")));
    }
}
