//! What provides secrets: which objects, which field names the secret, which keys it has.

pub mod commands;
pub mod keys;
pub mod table;
pub mod users;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::k8s::found::{EVERYWHERE, Provided};
use crate::k8s::pattern::trail::Trail;
use crate::k8s::pattern::{Pattern, fits};
use crate::k8s::placeholder::is_placeholder;
use crate::k8s::providers::keys::keys;
use crate::k8s::providers::table::{ROWS, Row};
use crate::k8s::references::reading::{name_text, namespace_key};
use crate::k8s::resource::{group_of, kind_of};
use crate::k8s::secret_name::check;
use crate::yaml::node::Node;

/// A row with parsed paths.
struct Ready {
    row: &'static Row,
    names: Vec<Pattern>,
    when: Option<Pattern>,
    unless: Option<Pattern>,
    into: Option<Pattern>,
}

static BY_KIND: LazyLock<BTreeMap<&'static str, Vec<Ready>>> = LazyLock::new(|| {
    let mut map: BTreeMap<&'static str, Vec<Ready>> = BTreeMap::new();
    for row in ROWS {
        for kind in row.kinds {
            map.entry(kind).or_default().push(Ready::new(row));
        }
    }
    map
});

/// Finds every secret that an object makes.
#[must_use]
pub fn find(object: &Node) -> Vec<Provided> {
    let (group, kind) = (group_of(object), kind_of(object));
    let of = |kind| BY_KIND.get(kind).map_or(&[][..], Vec::as_slice).iter();
    let rows = of(kind).chain(of("*"));
    let rows = rows.filter(|ready| ready.row.groups.iter().any(|glob| fits(glob, group)));
    rows.flat_map(|ready| ready.find(object)).chain(commands::find(object)).collect()
}

impl Ready {
    fn new(row: &'static Row) -> Self {
        let read = |path: &&str| Pattern::new(path).ok();
        Self {
            row,
            names: row.names.iter().filter_map(read).collect(),
            when: row.when.as_ref().and_then(read),
            unless: row.unless.as_ref().and_then(read),
            into: row.into.as_ref().and_then(read),
        }
    }

    fn find(&self, object: &Node) -> Vec<Provided> {
        let has = |pattern: &Pattern| !texts(pattern, object).is_empty();
        if !self.when.as_ref().is_none_or(has) || self.unless.as_ref().is_some_and(has) {
            return Vec::new();
        }
        let spread = self.into.as_ref().map(|pattern| namespaces(pattern, object));
        for name in &self.names {
            let mut found = Vec::new();
            name.visit(object, &mut |trail, node| self.provide(object, trail, node, &mut found));
            if !found.is_empty() {
                return spread.map_or_else(|| found.clone(), |spread| copies(&found, &spread));
            }
        }
        Vec::new()
    }

    fn provide<'a>(
        &self,
        object: &Node,
        trail: &Trail<'a>,
        node: &'a Node,
        found: &mut Vec<Provided>,
    ) {
        let Some(name) = name_text(node).filter(|name| !is_placeholder(name)) else { return };
        let beside = trail.last_key();
        let path = trail.path();
        let own = path.to_string() == "metadata.name";
        let namespace = beside.filter(|_| !own).and_then(|(map, key)| {
            map.get(&namespace_key(key)).and_then(name_text).map(str::to_owned)
        });
        let keys = keys(self.row.keys, object, beside.map(|(map, _)| map));
        let made = self.row.spell.map_or_else(
            || self.row.endings.iter().map(|end| (format!("{name}{end}"), None)).collect(),
            |spell| spell(object, name),
        );
        found.extend(made.into_iter().map(|(secret, other)| Provided {
            row: self.row.id,
            path: path.clone(),
            node: node.clone(),
            secret,
            namespace: other.or_else(|| namespace.clone()),
            keys: keys.clone(),
        }));
    }
}

fn texts<'a>(pattern: &'a Pattern, object: &'a Node) -> Vec<&'a str> {
    let mut texts = Vec::new();
    pattern.visit(object, &mut |_, node| texts.extend(node.str()));
    texts
}

/// The namespaces in a field, comma-separated or as a list; every namespace if the field has none.
fn namespaces(pattern: &Pattern, object: &Node) -> Vec<String> {
    let texts = texts(pattern, object);
    let names = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
    let names: Vec<_> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    // A pattern may match any namespace.
    if names.is_empty() || names.iter().any(|name| check(name).is_err()) {
        return vec![EVERYWHERE.to_owned()];
    }
    names
}

fn copies(found: &[Provided], namespaces: &[String]) -> Vec<Provided> {
    let copy = |one: &Provided, namespace: &String| Provided {
        namespace: Some(namespace.clone()),
        ..one.clone()
    };
    found.iter().flat_map(|one| namespaces.iter().map(move |into| copy(one, into))).collect()
}

#[cfg(test)]
mod tests {
    use super::ROWS;
    use crate::k8s::pattern::Pattern;

    #[test]
    fn every_path_of_the_table_can_be_read() {
        for row in ROWS {
            let conditions = [row.when, row.unless, row.into].into_iter().flatten();
            for path in row.names.iter().copied().chain(conditions) {
                assert!(Pattern::new(path).is_ok(), "{}: {path}", row.id);
            }
        }
    }
}
