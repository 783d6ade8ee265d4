//! The tables, expanded: for each kind of object, the fields that name a secret.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use crate::k8s::found::Role;
use crate::k8s::pattern::{Pattern, fits};
use crate::k8s::references::pod_spec::{CORE, EMBEDDED, WORKLOADS, slots};
use crate::k8s::references::row::{Holds, Reads, Row};
use crate::k8s::references::{builtin, gitops, network, operators};

/// A field of a kind of object that names a secret.
#[derive(Debug)]
pub struct Field {
    /// The row it comes from.
    pub row: &'static str,
    /// The API groups of the objects that have it.
    pub groups: &'static [&'static str],
    /// How its value is read.
    pub reads: Reads,
    /// What naming a secret there does.
    pub role: Role,
    path: String,
    /// Parsed on first use: most repositories have few of the kinds.
    pattern: OnceLock<Option<Pattern>>,
}

impl Field {
    /// The path of the field.
    #[must_use]
    pub fn pattern(&self) -> Option<&Pattern> {
        self.pattern.get_or_init(|| Pattern::new(&self.path).ok()).as_ref()
    }
}

static BY_KIND: LazyLock<BTreeMap<&'static str, Vec<Field>>> = LazyLock::new(|| {
    let mut map: BTreeMap<&'static str, Vec<Field>> = BTreeMap::new();
    for (kind, field) in every() {
        map.entry(kind).or_default().push(field);
    }
    map
});

/// The fields of a kind of object, followed by those of every kind.
pub fn fields(group: &str, kind: &str) -> impl Iterator<Item = &'static Field> {
    let of = |kind| BY_KIND.get(kind).map_or(&[][..], Vec::as_slice).iter();
    // The fields of a row are adjacent and share their groups.
    let mut last: Option<(&'static [&'static str], bool)> = None;
    of(kind).chain(of("*")).filter(move |field| {
        let known = last.filter(|(groups, _)| std::ptr::eq(*groups, field.groups));
        let fit =
            known.map_or_else(|| field.groups.iter().any(|glob| fits(glob, group)), |(_, fit)| fit);
        last = Some((field.groups, fit));
        fit
    })
}

/// Every row of the tables outside the pod spec.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let tables =
        [builtin::ROWS, builtin::ANNOTATIONS, gitops::ROWS, network::ROWS, operators::ROWS];
    tables.into_iter().flatten()
}

/// The keys of annotations that name a secret, in which `*` stands for any characters.
static ANNOTATIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let paths = rows().flat_map(|row| row.paths);
    let keys = paths.filter_map(|path| path.split_once("annotations[")?.1.strip_suffix(']'));
    keys.flat_map(spelled_out).collect()
});

/// Whether an annotation names a secret by a row of the tables, whatever object has it.
#[must_use]
pub fn has_annotation(key: &str) -> bool {
    ANNOTATIONS.iter().any(|glob| fits(glob, key))
}

/// What a key with one pair of braces stands for.
fn spelled_out(key: &str) -> Vec<String> {
    let Some((start, rest)) = key.split_once('{') else { return vec![key.to_owned()] };
    let (choices, end) = rest.split_once('}').unwrap_or((rest, ""));
    choices.split(',').map(|choice| format!("{start}{choice}{end}")).collect()
}

/// Every field with its kind, in the order of the tables.
fn every() -> Vec<(&'static str, Field)> {
    let mut all = Vec::new();
    let mut embed = |kind, groups, holds, place: &str| {
        for (row, path) in slots(holds, place) {
            all.push((kind, field(row, groups, path, Reads::Name, Role::Use)));
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
            all.push((kind, field(row.id, row.groups, path.to_owned(), row.reads, row.role)));
        }
    }
    all
}

const fn field(
    row: &'static str,
    groups: &'static [&'static str],
    path: String,
    reads: Reads,
    role: Role,
) -> Field {
    Field { row, groups, reads, role, path, pattern: OnceLock::new() }
}

fn product<'t>(
    kinds: &'t [&'static str],
    paths: &'t [&'static str],
) -> impl Iterator<Item = (&'static str, &'static str)> + 't {
    kinds.iter().flat_map(move |kind| paths.iter().map(move |path| (*kind, *path)))
}

#[cfg(test)]
mod tests {
    use super::{every, has_annotation};

    #[test]
    fn annotations_that_name_a_secret_are_known() {
        for key in [
            "nginx.ingress.kubernetes.io/auth-tls-secret",
            "secret.reloader.stakater.com/reload",
            "argocd-image-updater.argoproj.io/web.pull-secret",
            "cert-manager.io/inject-ca-from-secret",
        ] {
            assert!(has_annotation(key), "{key}");
        }
        for key in ["kubectl.kubernetes.io/last-applied-configuration", "note", ""] {
            assert!(!has_annotation(key), "{key}");
        }
    }

    #[test]
    fn every_path_of_the_tables_can_be_read() {
        for (kind, field) in every() {
            assert!(field.pattern().is_some(), "{kind}: {}", field.path);
        }
    }
}
