//! Which environment alone reaches a file or a kustomization.

use std::collections::{BTreeMap, BTreeSet};

use crate::repo::environment::{Environment, claim};
use crate::repo::root::{Root, RootKind};
use crate::repo::wiring::Wiring;
use crate::text::path::TreePath;

/// Who reaches a file or the directory of a kustomization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// One environment alone.
    Alone(usize),
    /// Several, or a build root that belongs to none.
    Shared(Vec<Reader>),
    /// Nobody.
    Unreached,
}

/// A directory that is built, and whose environment it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reader {
    /// The directory.
    pub path: TreePath,
    /// The environment it belongs to, by its path or because only that environment includes it.
    pub environment: Option<usize>,
}

/// The kustomizations in which one environment can change what a shared file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// Their directories, sorted.
    pub directories: Vec<TreePath>,
    /// The roots of the environment that read the file without passing through one of them, sorted.
    pub uncovered: Vec<TreePath>,
}

/// Who reads what.
#[derive(Debug, Default)]
pub(super) struct Reaches {
    wiring: Wiring,
    /// Whose each kustomization is.
    owners: BTreeMap<TreePath, Option<usize>>,
    readers: BTreeMap<TreePath, BTreeSet<Reader>>,
}

impl Reaches {
    pub(super) fn new<'r>(
        wiring: Wiring,
        environments: &[Environment],
        roots: impl IntoIterator<Item = &'r Root>,
    ) -> Self {
        let owners = owners(&wiring, environments);
        let mut readers: BTreeMap<TreePath, BTreeSet<Reader>> = BTreeMap::new();
        for (directory, environment) in &owners {
            let reader = Reader { path: directory.clone(), environment: *environment };
            let Some(reads) = wiring.closure(directory) else { continue };
            for path in reads.files.iter().chain(&reads.directories) {
                readers.entry(path.clone()).or_default().insert(reader.clone());
            }
        }
        for root in roots.into_iter().filter(|root| root.kind == RootKind::Plain) {
            let reader = Reader { path: root.path.clone(), environment: root.environment };
            for file in root.files() {
                readers.entry(file.clone()).or_default().insert(reader.clone());
            }
        }
        Self { wiring, owners, readers }
    }

    pub(super) fn exclusive(&self, path: &TreePath) -> Reach {
        let Some(readers) = self.readers.get(path) else { return Reach::Unreached };
        let environments: BTreeSet<Option<usize>> =
            readers.iter().map(|reader| reader.environment).collect();
        match environments.first() {
            Some(Some(environment)) if environments.len() == 1 => Reach::Alone(*environment),
            _ => Reach::Shared(readers.iter().cloned().collect()),
        }
    }

    pub(super) fn nearest(&self, environment: usize, file: &TreePath) -> Nearest {
        let alone = |path: &TreePath| self.exclusive(path) == Reach::Alone(environment);
        let leads = |path: &TreePath| path == file || self.wiring.reads(path, file);
        let file_is_own = alone(file);
        let borders = |directory: &TreePath| {
            let Some(named) = self.wiring.named(directory) else { return false };
            let below = named.directories.iter().chain(&named.files);
            below
                .into_iter()
                .any(|path| leads(path) && if file_is_own { path == file } else { !alone(path) })
        };
        let mine = self.owners.iter().filter(|(_, owner)| **owner == Some(environment));
        let mine: Vec<&TreePath> = mine.map(|(directory, _)| directory).collect();
        let directories: Vec<TreePath> = mine
            .iter()
            .filter(|directory| leads(directory) && alone(directory) && borders(directory))
            .map(|directory| (*directory).clone())
            .collect();
        let passes = |root: &TreePath| directories.iter().any(|at| self.wiring.reads(root, at));
        let uncovered =
            mine.into_iter().filter(|root| leads(root) && !passes(root)).cloned().collect();
        Nearest { directories, uncovered }
    }
}

/// Whose each kustomization is: by its path, or else by those that include it, if they agree.
fn owners(wiring: &Wiring, environments: &[Environment]) -> BTreeMap<TreePath, Option<usize>> {
    let by_path = |directory: &TreePath| claim(environments, directory).map(|one| one.environment);
    let named: BTreeMap<&TreePath, Option<usize>> =
        wiring.directories().map(|directory| (directory, by_path(directory))).collect();
    let mut users: BTreeMap<&TreePath, BTreeSet<usize>> = BTreeMap::new();
    for (directory, environment) in &named {
        let (Some(environment), Some(reads)) = (environment, wiring.closure(directory)) else {
            continue;
        };
        for included in &reads.directories {
            users.entry(included).or_default().insert(*environment);
        }
    }
    let of_users = |directory: &TreePath| {
        let users = users.get(directory)?;
        users.first().copied().filter(|_| users.len() == 1)
    };
    let owner = |(directory, named): (&TreePath, Option<usize>)| {
        (directory.clone(), named.or_else(|| of_users(directory)))
    };
    named.into_iter().map(owner).collect()
}
