//! Versions that some text mentions, outside the stubs that make them.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::k8s::providers;
use crate::k8s::secret_name::{digits_at, split};
use crate::kustomize::model::build::Status;
use crate::repo::Repo;
use crate::repo::own::is_own;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::tree::memory::may_hold_manifests;

/// A mention of a version in a text.
#[derive(Debug, Clone)]
pub struct Mention {
    /// Where the digits are.
    pub place: Place,
    /// The word before them: `auth-` of `auth-20250723110000`, empty if they are alone.
    before: String,
    /// Whether it is a value of a manifest that a build root reads, or a setting: the meaning of such values is known.
    pub is_resolved: bool,
}

/// Every mention of some versions.
#[derive(Debug, Default)]
pub struct Mentions(BTreeMap<String, Vec<Mention>>);

impl Mentions {
    /// Searches for versions in every text file that Git does not ignore.
    #[must_use]
    pub fn of(repo: &Repo, versions: &BTreeSet<&str>) -> Self {
        if versions.is_empty() {
            return Self::default();
        }
        let read: BTreeSet<&TreePath> = repo
            .roots
            .iter()
            .filter(|root| root.status() != Status::Failed)
            .flat_map(|root| root.files())
            .collect();
        let files = repo.library.tree().files();
        let found: Vec<Vec<(String, Mention)>> =
            files.par_iter().map(|file| in_file(repo, file, &read, versions)).collect();
        let mut mentions: BTreeMap<String, Vec<Mention>> = BTreeMap::new();
        for (digits, mention) in found.into_iter().flatten() {
            mentions.entry(digits).or_default().push(mention);
        }
        Self(mentions)
    }

    /// The texts that name a version of a family, or the version alone.
    pub fn of_version<'m>(
        &'m self,
        family: &'m str,
        version: &str,
    ) -> impl Iterator<Item = &'m Mention> {
        let mentions = self.0.get(version).into_iter().flatten();
        mentions.filter(move |one| !one.before.contains('-') || one.before.contains(family))
    }
}

fn in_file(
    repo: &Repo,
    file: &TreePath,
    read: &BTreeSet<&TreePath>,
    versions: &BTreeSet<&str>,
) -> Vec<(String, Mention)> {
    let Ok(source) = repo.library.tree().source(file) else { return Vec::new() };
    let text = source.text();
    if is_own(text) {
        return Vec::new();
    }
    let is_settings = repo.config.source.as_ref().is_some_and(|own| own.path() == file);
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
        let span = Span::new(start, start + digits.len());
        let mention = Mention {
            before: text[before.len()..start].to_owned(),
            is_resolved: is_settings || (read.contains(file) && is_value(repo, file, start)),
            place: Place::new(source.clone(), span),
        };
        found.push((digits.to_owned(), mention));
    }
    found
}

/// Whether the version ends a file name.
fn names_file(behind: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|extension| behind.starts_with(extension))
}

/// Whether a byte of a manifest is in a value or a key, not in a comment.
fn is_value(repo: &Repo, file: &TreePath, at: usize) -> bool {
    if !may_hold_manifests(file) {
        return false;
    }
    let Ok(stream) = repo.library.stream(file) else { return false };
    let before = stream.comments.partition_point(|comment| comment.start <= at);
    stream.comments[..before].last().is_none_or(|comment| at >= comment.end)
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
