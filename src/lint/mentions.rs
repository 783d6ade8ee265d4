//! Versions that some text mentions, outside the stubs that make them.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::k8s::providers;
use crate::k8s::secret_name::{digits_at, split};
use crate::repo::Repo;
use crate::text::memory::may_hold_manifests;
use crate::text::path::TreePath;
use crate::text::span::Span;

/// The texts before each version that is mentioned: `auth-` of `auth-20250723110000`, nothing where the digits stand alone.
pub(super) struct Mentions(BTreeMap<String, BTreeSet<String>>);

impl Mentions {
    /// Looks for versions in every text that Git would not ignore, whatever kind of file it is.
    pub(super) fn of(repo: &Repo, versions: &BTreeSet<&str>) -> Self {
        if versions.is_empty() {
            return Self(BTreeMap::new());
        }
        let files = repo.library.tree().files();
        let found: Vec<Vec<(String, String)>> =
            files.par_iter().map(|file| in_file(repo, file, versions)).collect();
        let mut mentions = BTreeMap::new();
        for (digits, before) in found.into_iter().flatten() {
            mentions.entry(digits).or_insert_with(BTreeSet::new).insert(before);
        }
        Self(mentions)
    }

    /// Whether a text names a version of a family, or the version alone.
    pub(super) fn speak_of(&self, family: &str, version: &str) -> bool {
        let alone = |before: &str| !before.contains('-');
        let mut texts = self.0.get(version).into_iter().flatten();
        texts.any(|before| alone(before) || before.contains(family))
    }
}

fn in_file(repo: &Repo, file: &TreePath, versions: &BTreeSet<&str>) -> Vec<(String, String)> {
    let Ok(source) = repo.library.tree().source(file) else { return Vec::new() };
    let text = source.text();
    let mut found = Vec::new();
    let mut own: Option<Vec<(Span, BTreeSet<String>)>> = None;
    for (start, digits) in digits_at(text).filter(|(_, digits)| versions.contains(digits)) {
        if names_file(&text[start + digits.len()..]) {
            continue;
        }
        let own = own.get_or_insert_with(|| stubs(repo, file));
        if own
            .iter()
            .any(|(span, made)| span.start <= start && start < span.end && made.contains(digits))
        {
            continue;
        }
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let before = text[..start].trim_end_matches(word);
        found.push((digits.to_owned(), text[before.len()..start].to_owned()));
    }
    found
}

/// Whether the version is the end of a file's name.
fn names_file(behind: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|extension| behind.starts_with(extension))
}

/// The documents of a file that make versioned secrets, and the versions.
fn stubs(repo: &Repo, file: &TreePath) -> Vec<(Span, BTreeSet<String>)> {
    if !may_hold_manifests(file) {
        return Vec::new();
    }
    let Ok(stream) = repo.library.stream(file) else { return Vec::new() };
    let documents = stream.documents.iter().map(|document| {
        let made = providers::find(&document.root);
        let versions = made.iter().filter_map(|one| split(&one.secret));
        (document.span, versions.map(|(_, digits)| digits.to_owned()).collect())
    });
    documents.collect()
}
