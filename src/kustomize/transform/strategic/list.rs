//! Lists that a strategic merge merges: by one key, by several, or by their scalar values.
//!
//! The order, and the handling of items that are duplicated or lack a key, is kustomize's: the patch's
//! items come first, the object's last item with the same key wins, and an item that lacks
//! the key absorbs those that have it. Nobody wants the latter, but it is what the cluster gets.

use std::collections::BTreeSet;

use crate::k8s::schema::{Field, Shape};
use crate::kustomize::transform::strategic::directive::{Directive, of_map};
use crate::kustomize::transform::strategic::{With, is_settled as value_is_settled, walk};
use crate::text::problem::Problem;
use crate::yaml::node::{Node, Provenance, Scalar, Style, Tag, Value};
use crate::yaml::scalar::is_null;

/// The values of the keys of one item, empty for a missing key.
type Tuple = Vec<String>;

/// Merges a list with another, with itself, or with nothing.
///
/// # Errors
/// As [`crate::kustomize::transform::strategic::merge`], for the items.
pub fn join(
    mut list: Node,
    with: &With,
    keys: &[&'static str],
    shape: Option<Shape>,
) -> Result<Node, Problem> {
    let plain = [""];
    let keys = if keys.is_empty() { &plain[..] } else { keys };
    let tuples = all_tuples(&list, with, keys);
    let used = used_keys(&tuples, keys);
    let Some(mut own) = list.items_mut().map(std::mem::take) else { return Ok(list) };
    let mut joined = Vec::new();
    for tuple in &tuples {
        join_one(&mut own, &mut joined, with, &used.of(tuple, keys), shape)?;
    }
    let result = if tuples.is_empty() { own } else { append(joined, own, &used.0)? };
    if let Some(items) = list.items_mut() {
        *items = result;
    }
    Ok(list)
}

/// The keys, and the values that an item must have for them.
struct Wanted {
    keys: Vec<&'static str>,
    values: Tuple,
}

/// The keys that at least one item has; all, if none has any.
struct Used(Vec<&'static str>);

impl Used {
    fn of(&self, tuple: &Tuple, keys: &[&'static str]) -> Wanted {
        let pairs = keys.iter().zip(tuple).filter(|(key, _)| self.0.contains(key));
        let (keys, values) = pairs.map(|(key, value)| (*key, value.clone())).unzip();
        Wanted { keys, values }
    }
}

/// Merges the items that have these values, and adds the result to the others.
fn join_one(
    own: &mut Vec<Node>,
    joined: &mut Vec<Node>,
    with: &With,
    wanted: &Wanted,
    shape: Option<Shape>,
) -> Result<(), Problem> {
    let at = find(own, wanted);
    let partner = match with {
        With::Nothing => With::Nothing,
        With::Itself => With::Itself,
        With::Patch(patch) => find(patch.items(), wanted)
            .map_or(With::Nothing, |index| With::Patch(patch.items()[index].clone())),
    };
    // The replacing item is inserted first, then overwritten by the replaced one.
    let replaced = match &partner {
        With::Patch(item) => of_map(item)? == Some(Directive::Replace),
        With::Nothing | With::Itself => false,
    };
    let field = shape.map(|shape| Field { name: "", keys: None, shape: Some(shape) });
    let value = walk(at.map(|index| own[index].clone()), partner, field)?;
    let Some(mut value) = value.filter(|value| !is_empty(value)) else {
        put(own, None, &wanted.keys, &wanted.values);
        return Ok(());
    };
    complete(&mut value, wanted);
    if let Some(index) = at.filter(|_| !replaced && !matches!(value.value, Value::Scalar(_))) {
        own[index] = value.clone();
    }
    put(joined, Some(value), &wanted.keys, &wanted.values);
    Ok(())
}

/// Gives an item the keys by which it was found.
fn complete(item: &mut Node, wanted: &Wanted) {
    for (key, value) in wanted.keys.iter().zip(&wanted.values) {
        if !key.is_empty() && !value.is_empty() && item.get(key).is_none() {
            let scalar = Scalar::new(value.as_str(), Style::Plain, Tag::None);
            item.set(key, Node::made(Value::Scalar(scalar), Provenance::Patched));
        }
    }
}

/// The values of all items, the patch's first, each once.
fn all_tuples(list: &Node, with: &With, keys: &[&'static str]) -> Vec<Tuple> {
    let patch = if let With::Patch(patch) = with { patch.items() } else { &[] };
    let mut seen = BTreeSet::new();
    let mut tuples: Vec<Tuple> = Vec::new();
    for item in patch.iter().chain(list.items()) {
        let tuple: Tuple = keys.iter().map(|key| text(item, key).to_owned()).collect();
        if seen.insert(tuple.clone()) {
            tuples.push(tuple);
        }
    }
    if keys.len() > 1 {
        unite(&mut tuples);
    }
    tuples
}

/// Treats items that differ only in a key that one of them lacks as the same item.
fn unite(tuples: &mut [Tuple]) {
    for first in 0..tuples.len() {
        let values = tuples[first].clone();
        for second in 0..tuples.len() {
            if let Some(united) = united(&values, &tuples[second]) {
                tuples[first].clone_from(&united);
                tuples[second] = united;
            }
        }
    }
}

fn united(a: &Tuple, b: &Tuple) -> Option<Tuple> {
    let pairs = || a.iter().zip(b);
    let agree = pairs().all(|(a, b)| a == b || a.is_empty() || b.is_empty());
    let share = pairs().any(|(a, b)| a == b);
    let larger = |(a, b): (&String, &String)| if a.is_empty() { b.clone() } else { a.clone() };
    (agree && share).then(|| pairs().map(larger).collect())
}

fn used_keys(tuples: &[Tuple], keys: &[&'static str]) -> Used {
    let is_used = |index: usize| tuples.iter().any(|tuple| !tuple[index].is_empty());
    let used: Vec<_> = (0..keys.len()).filter(|index| is_used(*index)).map(|i| keys[i]).collect();
    Used(if used.is_empty() { keys.to_vec() } else { used })
}

/// The first item that has the values; a key with an empty value is ignored unless all are empty.
fn find(items: &[Node], wanted: &Wanted) -> Option<usize> {
    let some = wanted.values.iter().any(|value| !value.is_empty());
    items.iter().position(|item| {
        let mut pairs = wanted.keys.iter().zip(&wanted.values);
        pairs.all(|(key, value)| {
            if key.is_empty() {
                return text(item, key) == value;
            }
            let has = item.get(key).map(|_| text_raw(item, key));
            (some && value.is_empty()) || has == Some(value)
        })
    })
}

/// Replaces the items that have the values, appending if there are none; without an item, removes them.
/// Null and empty items are dropped, and, if there are no values at all, every item that does not match.
fn put(items: &mut Vec<Node>, item: Option<Node>, keys: &[&str], values: &[String]) {
    let by_key = !keys[0].is_empty() && values.first().is_some_and(|value| !value.is_empty());
    let mut found = false;
    items.retain_mut(|old| {
        if is_empty(old) {
            return false;
        }
        if by_key && !matches!(old.value, Value::Map(_)) {
            return true;
        }
        if !matches(old, keys, values) {
            return !values.is_empty();
        }
        found = true;
        match &item {
            Some(new) => old.clone_from(new),
            None => return false,
        }
        true
    });
    if let Some(item) = item.filter(|_| !found) {
        items.push(item);
    }
}

/// Whether an item has the values; keys without a value repeat the previous result.
fn matches(item: &Node, keys: &[&str], values: &[String]) -> bool {
    let mut answer = false;
    for (index, key) in keys.iter().enumerate() {
        if let Some(value) = values.get(index) {
            answer = match item.get(key) {
                _ if key.is_empty() => text(item, key) == value,
                Some(_) => value.is_empty() || text_raw(item, key) == value,
                None => false,
            };
        }
        if !answer {
            return false;
        }
    }
    answer
}

/// Appends the object's items to the merged ones, or replaces those with the same values.
fn append(mut joined: Vec<Node>, own: Vec<Node>, keys: &[&str]) -> Result<Vec<Node>, Problem> {
    for item in own {
        if !keys[0].is_empty() && !is_null(&item) && !matches!(item.value, Value::Map(_)) {
            let message = format!("expected a mapping with `{}`", keys[0]);
            return Err(Problem::at(message, &item));
        }
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            if key.is_empty() || item.get(key).is_some() {
                values.push(text_raw(&item, key).to_owned());
            } else {
                joined.push(item.clone());
            }
        }
        if keys.len() > 1 {
            put(&mut joined, None, keys, &values);
        }
        put(&mut joined, Some(item), keys, &values);
    }
    Ok(joined)
}

/// Whether merging the list with nothing leaves it unchanged.
#[must_use]
pub fn is_settled(items: &[Node], keys: &[&'static str], shape: Option<Shape>) -> bool {
    let first = keys.first().copied().unwrap_or_default();
    let mut seen = BTreeSet::new();
    items.iter().all(|item| {
        let value = text(item, first);
        let field = shape.map(|shape| Field { name: "", keys: None, shape: Some(shape) });
        let keyed = first.is_empty() || matches!(item.value, Value::Map(_));
        keyed && !value.is_empty() && seen.insert(value) && value_is_settled(item, field)
    })
}

/// The text of a key, or of the item itself; empty for null and for non-scalars.
fn text<'n>(item: &'n Node, key: &str) -> &'n str {
    let value = if key.is_empty() { Some(item) } else { item.get(key) };
    value.filter(|value| !is_null(value)).and_then(Node::str).unwrap_or_default()
}

/// The same, but for a null its text as written.
fn text_raw<'n>(item: &'n Node, key: &str) -> &'n str {
    let value = if key.is_empty() { Some(item) } else { item.get(key) };
    value.and_then(Node::str).unwrap_or_default()
}

fn is_empty(item: &Node) -> bool {
    is_null(item) || matches!(&item.value, Value::Map(map) if map.entries.is_empty())
}
