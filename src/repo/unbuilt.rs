//! The files of an environment that may name a secret although no build root turns them into objects.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::k8s::resource::kind_of;
use crate::repo::Repo;
use crate::repo::carry::Change;
use crate::repo::environment::EnvironmentId;
use crate::repo::layout::is_kustomization;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::tree::memory::may_hold_manifests;
use crate::yaml::node::Node;

/// Why a file of an environment is to be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unbuilt {
    /// It is a kustomization that passes values to charts.
    Charts,
    /// A build root reads it for another purpose, or has it in one of its directories.
    Read,
    /// It is in a directory of the environment.
    Beside,
}

/// Such files, sorted.
type Files = Arc<BTreeMap<TreePath, Unbuilt>>;

/// Those of each environment that were asked for.
#[derive(Debug, Default)]
pub(super) struct UnbuiltFiles(Mutex<BTreeMap<EnvironmentId, Files>>);

/// What the build roots of an environment read.
struct Read<'r, F, D, V> {
    repo: &'r Repo,
    environment: EnvironmentId,
    is_file: F,
    is_directory: D,
    /// Whether an object stands for the values in a file: what counts of them is there.
    has_values: V,
}

impl<F, D, V> Read<'_, F, D, V>
where
    F: Fn(&TreePath) -> bool,
    D: Fn(&TreePath) -> bool,
    V: Fn(&TreePath) -> bool,
{
    /// Why a file is to be searched; `None` if it is not.
    fn of(&self, file: &TreePath) -> Option<Unbuilt> {
        let is_read = (self.is_file)(file);
        let is_near = is_read || (self.is_directory)(&file.parent());
        if !is_near && self.repo.environments[self.environment].directory_of(file).is_none() {
            return None;
        }
        if is_kustomization(file) {
            return self.repo.has_charts(file).then_some(Unbuilt::Charts);
        }
        if is_read && (self.repo.is_built(file) || (self.has_values)(file)) {
            return None;
        }
        Some(if is_near { Unbuilt::Read } else { Unbuilt::Beside })
    }
}

impl Repo {
    pub(super) fn unbuilt(&self, environment: EnvironmentId) -> Files {
        let mut known = self.derived.unbuilt.0.lock().unwrap_or_else(PoisonError::into_inner);
        let files = known.entry(environment).or_insert_with(|| {
            let roots = || self.roots_of(environment).map(|(_, root)| root);
            let read: HashSet<&TreePath> = roots().flat_map(|root| root.files()).collect();
            let near: HashSet<&TreePath> = roots().flat_map(|root| root.directories()).collect();
            let values: BTreeSet<TreePath> = roots().flat_map(|root| root.values_files()).collect();
            let read = Read {
                repo: self,
                environment,
                is_file: |file: &TreePath| read.contains(file),
                is_directory: |directory: &TreePath| near.contains(directory),
                has_values: |file: &TreePath| values.contains(file),
            };
            let files = self.library.tree().files().iter();
            Arc::new(files.filter_map(|file| Some((file.clone(), read.of(file)?))).collect())
        });
        Arc::clone(files)
    }

    /// Takes over what was known before a change.
    pub(super) fn carry_unbuilt(&self, before: &Self, change: &Change<'_>) {
        let old = before.derived.unbuilt.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut known = self.derived.unbuilt.0.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = |(_, old, new): &(usize, &Root, &Root)| old.directories() != new.directories();
        if change.roots.iter().any(moved) {
            return;
        }
        for (environment, mut files) in old {
            let own =
                change.roots.iter().filter(|(_, old, _)| old.environment == Some(environment));
            let read = own.flat_map(|(_, old, new)| old.files().symmetric_difference(new.files()));
            let again: BTreeSet<&TreePath> = read.chain(change.files).collect();
            let roots = || self.roots_of(environment);
            let read = Read {
                repo: self,
                environment,
                is_file: |file: &TreePath| roots().any(|(_, root)| root.files().contains(file)),
                is_directory: |at: &TreePath| {
                    roots().any(|(_, root)| root.directories().contains(at))
                },
                has_values: |file: &TreePath| {
                    let mut reading = roots().filter(|(_, root)| root.files().contains(file));
                    reading.any(|(_, root)| root.values_files().contains(file))
                },
            };
            for file in again {
                let is_there = self.library.tree().files().binary_search(file).is_ok();
                let found = if is_there { read.of(file) } else { None };
                if files.get(file).copied() == found {
                    continue;
                }
                match found {
                    Some(found) => drop(Arc::make_mut(&mut files).insert(file.clone(), found)),
                    None => drop(Arc::make_mut(&mut files).remove(file)),
                }
            }
            known.insert(environment, files);
        }
    }

    /// Whether a build root turns the file into objects, which then show the result: not for chart values or
    /// the input of a generator.
    fn is_built(&self, file: &TreePath) -> bool {
        if !may_hold_manifests(file) {
            return false;
        }
        let Ok(stream) = self.library.stream(file) else { return false };
        let is_object = |root: &Node| !kind_of(root).is_empty() || !root.items().is_empty();
        stream.documents.iter().any(|document| is_object(&document.root))
    }

    /// Whether a kustomization renders charts.
    fn has_charts(&self, file: &TreePath) -> bool {
        let Ok(stream) = self.library.stream(file) else { return false };
        stream.documents.iter().any(|document| document.root.get("helmCharts").is_some())
    }
}
