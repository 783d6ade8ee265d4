//! Checks on a complete mapping: duplicate keys, and merged keys.

use std::collections::{HashMap, HashSet};

use crate::text::span::Span;
use crate::yaml::node::{Entry, Node, Style, Tag, Value};

/// Up to this many keys, a linear search is faster than hashing.
const FEW: usize = 16;

/// Adds the pairs of keys with the same text, the earlier one first.
pub(super) fn find_duplicates(entries: &[Entry], found: &mut Vec<(Span, Span)>) {
    let span = |node: &Node| node.origin.as_ref().map(|origin| origin.span());
    let mut pair = |first: &Node, second: &Node| {
        found.extend(span(first).zip(span(second)));
    };
    if entries.len() <= FEW {
        for (index, entry) in entries.iter().enumerate() {
            let Some(text) = entry.key.str() else { continue };
            let before = entries[..index].iter().rev().find(|e| e.key.reads(text));
            if let Some(before) = before {
                pair(&before.key, &entry.key);
            }
        }
        return;
    }
    let mut seen: HashMap<&str, &Node> = HashMap::with_capacity(entries.len());
    for entry in entries {
        let Some(text) = entry.key.str() else { continue };
        if let Some(first) = seen.insert(text, &entry.key) {
            pair(first, &entry.key);
        }
    }
}

/// Whether a key is `<<`, unquoted.
pub(super) fn is_merge(key: &Node) -> bool {
    key.reads("<<") && key.scalar().is_some_and(|s| s.style == Style::Plain && s.tag == Tag::None)
}

/// Whether `<<` accepts a value: a mapping, or a list of them.
pub(super) fn is_mergeable(node: &Node) -> bool {
    match &node.value {
        Value::Map(_) => true,
        Value::Seq(seq) => seq.items.iter().all(|item| matches!(item.value, Value::Map(_))),
        Value::Scalar(_) => false,
    }
}

/// Adds the entries of merge keys: a mapping's own keys win, then the earlier of several merged ones.
pub(super) fn merge(entries: &mut Vec<Entry>, merges: &[Node]) {
    if merges.is_empty() {
        return;
    }
    let mut merged = Vec::new();
    {
        let mut known: HashSet<&str> = entries.iter().filter_map(|e| e.key.str()).collect();
        for entry in merges.iter().flat_map(Node::entries) {
            if entry.key.str().is_none_or(|key| known.insert(key)) {
                merged.push(entry.clone().as_merged());
            }
        }
    }
    entries.append(&mut merged);
}
