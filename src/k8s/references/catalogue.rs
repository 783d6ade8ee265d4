//! The tables multiplied and made ready: for each kind of object, the fields that name a secret.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::k8s::found::Role;
use crate::k8s::pattern::{Pattern, fits};
use crate::k8s::references::pod_spec::{CORE, EMBEDDED, WORKLOADS, slots};
use crate::k8s::references::row::{Holds, Reads, Row};
use crate::k8s::references::{builtin, gitops, network, operators};

/// A field of a kind of object that names a secret.
#[derive(Debug, Clone)]
pub struct Field {
    /// The row it comes from.
    pub row: &'static str,
    /// The API groups of the objects that have it.
    pub groups: &'static [&'static str],
    /// Where it is.
    pub pattern: Pattern,
    /// How its value is read.
    pub reads: Reads,
    /// What naming a secret there does.
    pub role: Role,
}

static BY_KIND: LazyLock<BTreeMap<&'static str, Vec<Field>>> = LazyLock::new(|| {
    let mut map: BTreeMap<&'static str, Vec<Field>> = BTreeMap::new();
    for (kind, field) in every() {
        map.entry(kind).or_default().push(field);
    }
    map
});

/// The fields of a kind of object, those of every kind behind them.
pub fn fields(group: &str, kind: &str) -> impl Iterator<Item = &'static Field> {
    let of = |kind| BY_KIND.get(kind).map_or(&[][..], Vec::as_slice).iter();
    of(kind).chain(of("*")).filter(move |field| field.groups.iter().any(|glob| fits(glob, group)))
}

/// Every row of the tables outside the pod spec.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let tables =
        [builtin::ROWS, builtin::ANNOTATIONS, gitops::ROWS, network::ROWS, operators::ROWS];
    tables.into_iter().flatten()
}

/// Every field with its kind, as text: `(kind, row, groups, path, reads, role)` in the order of the tables.
pub(super) fn texts() -> Vec<(&'static str, Text)> {
    let mut all = Vec::new();
    let mut embed = |kind, groups, holds, place: &str| {
        for (row, path) in slots(holds, place) {
            all.push((kind, Text { row, groups, path, reads: Reads::Name, role: Role::Use }));
        }
    };
    for (kind, place) in WORKLOADS {
        embed(*kind, CORE, Holds::PodSpec, place);
    }
    for embedding in EMBEDDED {
        for (kind, place) in product(embedding.kinds, embedding.paths) {
            embed(kind, embedding.groups, embedding.holds, place);
        }
    }
    for row in rows() {
        for (kind, path) in product(row.kinds, row.paths) {
            let path = path.to_owned();
            let (reads, role) = (row.reads, row.role);
            all.push((kind, Text { row: row.id, groups: row.groups, path, reads, role }));
        }
    }
    all
}

/// A field whose path is not yet read.
#[derive(Debug)]
pub(super) struct Text {
    row: &'static str,
    groups: &'static [&'static str],
    /// Where it is.
    pub(super) path: String,
    reads: Reads,
    role: Role,
}

fn product<'t>(
    kinds: &'t [&'static str],
    paths: &'t [&'static str],
) -> impl Iterator<Item = (&'static str, &'static str)> + 't {
    kinds.iter().flat_map(move |kind| paths.iter().map(move |path| (*kind, *path)))
}

fn every() -> impl Iterator<Item = (&'static str, Field)> {
    texts().into_iter().filter_map(|(kind, text)| {
        let Text { row, groups, path, reads, role } = text;
        let pattern = Pattern::new(&path).ok()?;
        Some((kind, Field { row, groups, pattern, reads, role }))
    })
}

#[cfg(test)]
mod tests {
    use super::texts;
    use crate::k8s::pattern::Pattern;

    #[test]
    fn every_path_of_the_tables_can_be_read() {
        for (kind, text) in texts() {
            assert!(Pattern::new(&text.path).is_ok(), "{kind}: {}", text.path);
        }
    }
}
