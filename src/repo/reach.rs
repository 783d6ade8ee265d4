//! Which environment alone reaches a file or a kustomization.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::repo::Repo;
use crate::repo::carry::Change;
use crate::repo::environment::{Environment, EnvironmentId, claim, claim_of_file};
use crate::repo::root::{Root, RootKind};
use crate::repo::wiring::Wiring;
use crate::text::path::TreePath;
use crate::text::shared_map::SharedMap;

/// Who reaches a file or the directory of a kustomization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// One environment alone.
    Alone(EnvironmentId),
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
    pub environment: Option<EnvironmentId>,
}

/// The kustomizations in which one environment can change what a shared file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// Their directories, sorted.
    pub directories: Vec<TreePath>,
    /// The roots of the environment that read the file without going through any of them, sorted.
    pub uncovered: Vec<TreePath>,
}

/// Which environments own a kustomization.
#[derive(Debug, Clone)]
struct Owner {
    /// Several where controllers build it for each; `None` for a build that belongs to none.
    environments: BTreeSet<Option<EnvironmentId>>,
    /// Whether this follows from its own path or its builders, not from those that include it.
    by_path: bool,
}

impl Owner {
    fn readers<'o>(&'o self, path: &'o TreePath) -> impl Iterator<Item = Reader> + 'o {
        let of = |environment: &Option<EnvironmentId>| Reader {
            path: path.clone(),
            environment: *environment,
        };
        self.environments.iter().map(of)
    }
}

/// Who reads what.
#[derive(Debug, Clone, Default)]
pub(super) struct Reaches {
    wiring: Wiring,
    environments: Arc<[Environment]>,
    /// The owner of each kustomization.
    owners: Arc<BTreeMap<TreePath, Owner>>,
    readers: SharedMap<TreePath, Arc<BTreeSet<Reader>>>,
    /// The kustomizations that belong to an environment by their path and whose reads are unknown.
    broken: Arc<[Reader]>,
}

impl Reaches {
    pub(super) fn new<'r>(
        wiring: Wiring,
        environments: &[Environment],
        roots: impl Iterator<Item = &'r Root> + Clone,
    ) -> Self {
        let owners = owners(&wiring, environments, roots.clone());
        let mut readers: BTreeMap<TreePath, BTreeSet<Reader>> = BTreeMap::new();
        for (directory, owner) in &owners {
            let Some(reads) = wiring.closure(directory) else { continue };
            for path in reads.files.iter().chain(&reads.directories) {
                readers.entry(path.clone()).or_default().extend(owner.readers(directory));
            }
        }
        for root in roots.filter(|root| reads_by_itself(root)) {
            let reader = Reader { path: root.path.clone(), environment: root.environment };
            for file in root.files() {
                readers.entry(file.clone()).or_default().insert(reader.clone());
            }
        }
        let readers = readers.into_iter().map(|(path, all)| (path, Arc::new(all))).collect();
        let broken = broken(&wiring, &owners).into();
        let environments = environments.into();
        Self { wiring, environments, owners: Arc::new(owners), readers, broken }
    }

    /// The same after some files were edited or added; `None` if it takes more than new readers to tell. The build roots are
    /// the same, but for what is in some of them.
    pub(super) fn with_changes(&self, repo: &Repo, change: &Change<'_>) -> Option<Self> {
        let mut reaches = self.clone();
        let rewired =
            reaches.wiring.update((&repo.library, &repo.layout, repo.renders.is_some()), change);
        let above = rewired.iter().filter_map(|at| self.readers.get(at));
        let mut met: BTreeSet<&TreePath> =
            above.flat_map(|readers| readers.iter().map(|reader| &reader.path)).collect();
        met.extend(change.roots.iter().map(|(_, _, new)| &new.path));
        for directory in met {
            let Some(old) = self.wiring.closure(directory) else { continue };
            let built = repo.bases_at(directory).map(|root| &**root);
            let reads = reaches.wiring.read_by(directory, built);
            if old.directories != reads.directories
                || old.is_unknown != reads.is_unknown
                || !old.files.is_subset(&reads.files)
            {
                return None;
            }
            for reader in self.owners.get(directory)?.readers(directory) {
                reaches.read(reads.files.difference(&old.files), &reader);
            }
            reaches.wiring.set_closure(directory.clone(), Arc::new(reads));
        }
        for (_, old, new) in change.roots.iter().filter(|(_, _, new)| reads_by_itself(new)) {
            if !old.files().is_subset(new.files()) {
                return None;
            }
            let reader = Reader { path: new.path.clone(), environment: new.environment };
            reaches.read(new.files().difference(old.files()), &reader);
        }
        Some(reaches)
    }

    /// Adds a reader to some files.
    fn read<'f>(&mut self, files: impl Iterator<Item = &'f TreePath>, reader: &Reader) {
        for file in files {
            let readers = self.readers.get_or_insert_with(file.clone(), Arc::default);
            Arc::make_mut(readers).insert(reader.clone());
        }
    }

    pub(super) fn exclusive(&self, path: &TreePath) -> Reach {
        let Some(readers) = self.readers.get(path) else { return Reach::Unreached };
        match self.one_environment(path) {
            Some(environment) if self.hidden_readers(environment, path).next().is_none() => {
                Reach::Alone(environment)
            }
            Some(environment) => {
                let hidden = self.hidden_readers(environment, path);
                Reach::Shared(readers.iter().chain(hidden).cloned().collect())
            }
            None => Reach::Shared(readers.iter().cloned().collect()),
        }
    }

    /// Whether an environment alone reaches it.
    pub(super) fn is_exclusive_to(&self, environment: EnvironmentId, path: &TreePath) -> bool {
        self.one_environment(path) == Some(environment)
            && self.hidden_readers(environment, path).next().is_none()
    }

    /// The environment of all its known readers.
    fn one_environment(&self, path: &TreePath) -> Option<EnvironmentId> {
        let mut environments = self.readers.get(path)?.iter().map(|reader| reader.environment);
        let first = environments.next()??;
        environments.all(|other| other == Some(first)).then_some(first)
    }

    /// The kustomizations of other environments that are broken in a way that hides what they mean to
    /// read: they may share whatever is not under this environment's own paths.
    fn hidden_readers(
        &self,
        environment: EnvironmentId,
        path: &TreePath,
    ) -> impl Iterator<Item = &Reader> {
        let is_own = || {
            let claims = [claim(&self.environments, path), claim_of_file(&self.environments, path)];
            claims.iter().flatten().any(|claim| claim.environment == environment)
        };
        let may_hide = !self.broken.is_empty() && !is_own();
        let others = move |one: &&Reader| may_hide && one.environment != Some(environment);
        self.broken.iter().filter(others)
    }

    pub(super) fn nearest(&self, environment: EnvironmentId, file: &TreePath) -> Nearest {
        let alone = |path: &TreePath| self.is_exclusive_to(environment, path);
        let leads = |path: &TreePath| path == file || self.wiring.reads(path, file);
        let file_is_own = alone(file);
        let borders = |directory: &TreePath| {
            let Some(named) = self.wiring.named(directory) else { return false };
            let below = named.directories.iter().chain(&named.files);
            below
                .into_iter()
                .any(|path| leads(path) && if file_is_own { path == file } else { !alone(path) })
        };
        let mine = || {
            let owners = self.owners.iter();
            owners
                .filter(|(at, owner)| owner.environments.contains(&Some(environment)) && leads(at))
        };
        let directories: Vec<TreePath> = mine()
            .map(|(directory, _)| directory.clone())
            .filter(|directory| alone(directory) && borders(directory))
            .collect();
        let passes = |root: &TreePath| directories.iter().any(|at| self.wiring.reads(root, at));
        let uncovered = mine()
            .filter(|(root, owner)| owner.by_path && !passes(root))
            .map(|(root, _)| root.clone())
            .collect();
        Nearest { directories, uncovered }
    }
}

/// Whether what a root reads does not follow from the kustomizations alone: it is a tree of plain manifests, or a builder has
/// laid something over it.
fn reads_by_itself(root: &Root) -> bool {
    root.kind != RootKind::Kustomize || root.view.is_some()
}

/// The kustomizations of some environment that are broken in a way that hides what they mean to read.
fn broken(wiring: &Wiring, owners: &BTreeMap<TreePath, Owner>) -> Vec<Reader> {
    let is_unknown = |at: &TreePath| wiring.closure(at).is_some_and(|reads| reads.is_unknown);
    let broken = owners.iter().filter(|(at, owner)| owner.by_path && is_unknown(at));
    broken.flat_map(|(at, owner)| owner.readers(at).collect::<Vec<_>>()).collect()
}

/// The owner of each kustomization: by its builders or its path, or else by those that include it, if they agree.
fn owners<'r>(
    wiring: &Wiring,
    environments: &[Environment],
    roots: impl Iterator<Item = &'r Root>,
) -> BTreeMap<TreePath, Owner> {
    let mut built: BTreeMap<&TreePath, BTreeSet<Option<EnvironmentId>>> = BTreeMap::new();
    for root in roots.filter(|root| root.view.is_some() || !root.builders.is_empty()) {
        built.entry(&root.path).or_default().insert(root.environment);
    }
    built.retain(|_, environments| environments.iter().any(Option::is_some));
    let of_path = |directory: &TreePath| {
        let claimed = || {
            let claim = claim(environments, directory)?;
            Some(BTreeSet::from([Some(claim.environment)]))
        };
        built.get(directory).cloned().or_else(claimed)
    };
    let named: BTreeMap<&TreePath, Option<BTreeSet<Option<EnvironmentId>>>> =
        wiring.directories().map(|directory| (directory, of_path(directory))).collect();
    let mut users: BTreeMap<&TreePath, BTreeSet<Option<EnvironmentId>>> = BTreeMap::new();
    for (directory, environments) in &named {
        let (Some(environments), Some(reads)) = (environments, wiring.closure(directory)) else {
            continue;
        };
        for included in &reads.directories {
            users.entry(included).or_default().extend(environments);
        }
    }
    let of_users = |directory: &TreePath| {
        let users = users.get(directory)?;
        users.first().copied().flatten().filter(|_| users.len() == 1)
    };
    let owner = |(directory, named): (&TreePath, Option<BTreeSet<Option<EnvironmentId>>>)| {
        let by_path = named.is_some();
        let environments = named.unwrap_or_else(|| BTreeSet::from([of_users(directory)]));
        (directory.clone(), Owner { environments, by_path })
    };
    named.into_iter().map(owner).collect()
}

#[cfg(test)]
mod tests {
    use super::{EnvironmentId, Reach};
    use crate::repo::Repo;
    use crate::repo::testing::{deployment, path, repo, resources};

    /// A repository with a shared base, a component and several clusters.
    fn clusters() -> Repo {
        let with_component =
            format!("{}components:\n- ../../parts/pull\n", resources(&["../base", "own.yaml"]));
        let component =
            "kind: Component\npatches:\n- path: pull.yaml\n  target: {kind: Deployment}\n";
        repo(&[
            ("apps/base/kustomization.yaml", &resources(&["web.yaml"])),
            ("apps/base/web.yaml", &deployment("web", "auth")),
            ("apps/production/kustomization.yaml", &with_component),
            ("apps/production/own.yaml", &deployment("own", "auth")),
            ("apps/staging/kustomization.yaml", &with_component),
            ("apps/staging/own.yaml", &deployment("own", "auth")),
            ("clusters/staging/a/kustomization.yaml", &resources(&["../../../apps/staging"])),
            ("clusters/staging/b/kustomization.yaml", &resources(&["../../../apps/staging"])),
            ("jobs/base/job.yaml", &deployment("job", "auth")),
            ("jobs/base/kustomization.yaml", &resources(&["job.yaml"])),
            ("jobs/staging/kustomization.yaml", &resources(&["../base"])),
            ("parts/pull/kustomization.yaml", component),
            ("parts/pull/pull.yaml", &deployment("any", "auth")),
            ("tools/kustomization.yaml", &resources(&["../jobs/staging"])),
        ])
    }

    fn shared_by(repo: &Repo, file: &str) -> Vec<(String, Option<EnvironmentId>)> {
        match repo.exclusive(&path(file)) {
            Reach::Shared(readers) => {
                readers.into_iter().map(|one| (one.path.to_string(), one.environment)).collect()
            }
            other => panic!("{file}: {other:?}"),
        }
    }

    #[test]
    fn an_overlay_of_one_environment_is_its_own() {
        let repo = clusters();
        let staging = repo.environment("staging").unwrap();
        let production = repo.environment("prod").unwrap();
        assert!(staging < production);
        assert_eq!(repo.exclusive(&path("apps/staging")), Reach::Alone(staging));
        assert_eq!(repo.exclusive(&path("apps/staging/own.yaml")), Reach::Alone(staging));
        assert_eq!(repo.exclusive(&path("apps/production/own.yaml")), Reach::Alone(production));
        assert_eq!(repo.exclusive(&path("apps/nothing.yaml")), Reach::Unreached);
    }

    /// Production includes a misspelled base: what it means to read is unknown.
    #[test]
    fn a_broken_overlay_may_share_every_base() {
        let overlay = |base: &str| {
            repo(&[
                ("apps/base/kustomization.yaml", &resources(&["web.yaml"])),
                ("apps/base/web.yaml", &deployment("web", "auth")),
                ("apps/production/kustomization.yaml", &resources(&[base])),
                ("apps/staging/kustomization.yaml", &resources(&["../base", "own.yaml"])),
                ("apps/staging/own.yaml", &deployment("own", "auth")),
            ])
        };
        let broken = overlay("../bsae");
        let staging = broken.environment("staging").unwrap();
        assert!(matches!(broken.exclusive(&path("apps/base/web.yaml")), Reach::Shared(_)));
        let nearest = broken.nearest_exclusive(staging, &path("apps/base/web.yaml"));
        assert_eq!(nearest.directories, [path("apps/staging")]);
        assert_eq!(broken.exclusive(&path("apps/staging/own.yaml")), Reach::Alone(staging));
        let remote = overlay("https://example.com/base?ref=v1");
        assert_eq!(remote.exclusive(&path("apps/base/web.yaml")), Reach::Alone(staging));
    }

    #[test]
    fn bases_and_components_are_shared() {
        let repo = clusters();
        let names = |file| -> Vec<String> {
            shared_by(&repo, file).into_iter().map(|(path, _)| path).collect()
        };
        let overlays = ["apps/production", "apps/staging"];
        let clusters = ["clusters/staging/a", "clusters/staging/b"];
        let of = |own| [&[own][..], &overlays, &clusters].concat();
        assert_eq!(names("apps/base/web.yaml"), of("apps/base"));
        let pull = names("parts/pull/pull.yaml");
        assert_eq!(pull, [&overlays[..], &clusters, &["parts/pull"]].concat());
    }

    #[test]
    fn one_patch_serves_all_clusters_of_an_environment() {
        let repo = clusters();
        let staging = repo.environment("staging").unwrap();
        for file in ["apps/base/web.yaml", "parts/pull/pull.yaml"] {
            let nearest = repo.nearest_exclusive(staging, &path(file));
            assert_eq!(nearest.directories, [path("apps/staging")], "{file}");
            assert_eq!(nearest.uncovered, []);
        }
    }

    #[test]
    fn a_root_of_no_environment_is_a_stranger() {
        let repo = clusters();
        let staging = repo.environment("staging").unwrap();
        assert!(shared_by(&repo, "jobs/base/job.yaml").contains(&("tools".to_owned(), None)));
        assert!(matches!(repo.exclusive(&path("jobs/staging")), Reach::Shared(_)));
        let nearest = repo.nearest_exclusive(staging, &path("jobs/base/job.yaml"));
        assert_eq!(nearest.directories, []);
        assert_eq!(nearest.uncovered, [path("jobs/staging")]);
    }

    #[test]
    fn a_base_that_only_one_environment_includes_is_its_own() {
        let repo = repo(&[
            ("apps/production/kustomization.yaml", &resources(&["web.yaml"])),
            ("apps/production/web.yaml", &deployment("web", "auth")),
            ("apps/staging/kustomization.yaml", &resources(&["../canary"])),
            ("apps/canary/kustomization.yaml", &resources(&["web.yaml"])),
            ("apps/canary/web.yaml", &deployment("web", "auth")),
        ]);
        let staging = repo.environment("staging").unwrap();
        let file = path("apps/canary/web.yaml");
        assert_eq!(repo.exclusive(&file), Reach::Alone(staging));
        let nearest = repo.nearest_exclusive(staging, &file);
        assert_eq!(nearest.directories, [path("apps/canary")]);
    }

    #[test]
    fn plain_trees_have_their_files_to_themselves() {
        let repo = repo(&[
            ("development/web.yaml", &deployment("web", "auth")),
            ("shared/kustomization.yaml", &resources(&["../staging/web.yaml"])),
            ("staging/own.yaml", &deployment("own", "auth")),
            ("staging/web.yaml", &deployment("web", "auth")),
        ]);
        let staging = repo.environment("staging").unwrap();
        assert_eq!(repo.exclusive(&path("staging/own.yaml")), Reach::Alone(staging));
        assert_eq!(shared_by(&repo, "staging/web.yaml"), [("shared".to_owned(), None)]);
    }
}
