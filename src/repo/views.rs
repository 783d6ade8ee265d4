//! The build roots as controllers build them: a root for each builder that makes something else of a directory than the
//! others do.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::repo::bases::{Bases, Outcome};
use crate::repo::builder::{Builder, Way};
use crate::repo::environment::{Environment, EnvironmentId, claim, of_application};
use crate::repo::loader::Loader;
use crate::repo::ours::Ours;
use crate::repo::root::RootKind;
use crate::repo::site::Site;
use crate::text::path::TreePath;
use crate::text::problem::Problem;

/// At most so many views are made.
const MOST: usize = 20_000;

/// At most so many objects are in what builders make.
const MOST_OBJECTS: usize = 300_000;

/// At most so many builders build one another in a row.
const DEEPEST: usize = 32;

/// What a builder makes of a directory.
pub(super) struct Made {
    pub(super) builder: Arc<Builder>,
    pub(super) environment: Option<EnvironmentId>,
    pub(super) result: Outcome,
}

/// What may be missing among what builders make.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Open {
    /// Whether some may make something else once there are other files.
    pub(super) to_files: bool,
    /// Whether there is more than is made.
    pub(super) is_cut: bool,
}

/// A problem with a tree in which there is more than is made.
pub(super) fn cut() -> Problem {
    let message = format!(
        "Flux and Argo CD build more than {MOST_OBJECTS} objects in {MOST} directories here, or {DEEPEST} of their objects build one another in a row; the rest is shown as kubectl builds it"
    );
    Problem::of(message, &TreePath::root()).with_help("use a part of the repository with `-C DIR`")
}

/// A directory, its builder and the environment that it is built for.
type Key = (TreePath, (&'static str, Option<String>, String), Option<EnvironmentId>);

/// Who builds what.
struct Graph<'a> {
    environments: &'a [Environment],
    sites: &'a [Site],
    bases: Bases<'a>,
    ours: Ours,
    made: Vec<Made>,
    open: Open,
    /// How many objects are in what was made.
    objects: usize,
    seen: BTreeSet<Key>,
    /// The directories of which a view was made, with all that they include.
    reached: HashSet<TreePath>,
    /// What is left: the builder, the environment of its object, and how many builders lead to it.
    queue: Vec<(Arc<Builder>, Option<EnvironmentId>, usize)>,
}

/// What every builder makes of its directory, and what may be missing. `sites`: what kubectl
/// makes of each, and the trees of plain manifests.
pub(super) fn made(loader: &Loader<'_>, sites: &[Site]) -> (Vec<Made>, Open) {
    if sites.iter().all(|site| site.configured().all.is_empty()) {
        return (Vec::new(), Open::default());
    }
    let bases = Bases::new(loader, sites);
    let builders: Vec<&Builder> =
        sites.iter().flat_map(|site| &*site.configured().all).map(|one| &**one).collect();
    let objects = sites.iter().flat_map(|site| &*site.build().objects);
    let ours = Ours::new(objects, &builders, |path| bases.is_there(path));
    let mut graph = Graph {
        environments: loader.environments,
        sites,
        bases,
        ours,
        made: Vec::new(),
        open: Open::default(),
        objects: 0,
        seen: BTreeSet::new(),
        reached: HashSet::new(),
        queue: Vec::new(),
    };
    graph.follow(&builders);
    graph.open.to_files |= graph.bases.is_open();
    (graph.made, graph.open)
}

impl<'a> Graph<'a> {
    /// Makes the views, from what nothing builds down the chains of what builders configure.
    fn follow(&mut self, builders: &[&Builder]) {
        let ours = builders.iter().filter(|builder| self.ours.has(builder));
        let pointed: BTreeSet<&TreePath> = ours.map(|builder| &builder.directory).collect();
        let covered = self.covered(&pointed);
        let included = self.included();
        let is_deployed = |site: &Site| {
            let (path, environment) = (site.key().0, site.environment());
            environment.is_some() || !included.contains(path)
        };
        let sources: Vec<&Site> = self
            .sites
            .iter()
            .filter(|site| !site.configured().all.is_empty() && is_deployed(site))
            .collect();
        // The builders that nothing in Git builds come first, and then those that build themselves.
        let ranks: [&dyn Fn(&TreePath) -> bool; 3] = [
            &|path| !pointed.contains(path) && !covered.contains(path),
            &|path| !pointed.contains(path),
            &|_| true,
        ];
        for (rank, is_in) in ranks.iter().enumerate() {
            for site in &sources {
                let (path, environment) = (site.key().0, site.environment());
                // Each release of a chart may have others deployed.
                let is_chart = site.kind() == RootKind::Chart;
                if !is_in(path) || rank > 0 && !is_chart && self.reached.contains(path) {
                    continue;
                }
                self.reached.insert(path.clone());
                self.enqueue(&site.configured().all, environment, 0);
                self.drain();
            }
        }
    }

    /// What is built as a part of the directories that builders build.
    fn covered(&self, pointed: &BTreeSet<&TreePath>) -> HashSet<&'a TreePath> {
        let mut covered = HashSet::new();
        for directory in pointed {
            let mut bases = self.bases.at(directory);
            let kustomization = bases.find(|base| base.kind() == RootKind::Kustomize);
            match kustomization {
                Some(base) => {
                    covered.extend(base.build().directories.iter().filter(|at| at != directory))
                }
                None => {
                    covered.extend(self.bases.below(directory));
                }
            }
        }
        covered
    }

    /// The directories that kustomizations of others include.
    fn included(&self) -> HashSet<&'a TreePath> {
        let of = |site: &'a Site| site.build().directories.iter().filter(|at| *at != site.key().0);
        self.sites.iter().flat_map(of).collect()
    }

    fn enqueue(
        &mut self,
        builders: &[Arc<Builder>],
        environment: Option<EnvironmentId>,
        depth: usize,
    ) {
        let all = builders.iter().map(|builder| (Arc::clone(builder), environment, depth));
        self.queue.extend(all.collect::<Vec<_>>().into_iter().rev());
    }

    fn drain(&mut self) {
        while let Some((builder, environment, depth)) = self.queue.pop() {
            if self.made.len() >= MOST || self.objects >= MOST_OBJECTS || depth >= DEEPEST {
                self.open.is_cut = true;
            } else if self.ours.has(&builder) {
                self.build(builder, environment, depth);
            } else {
                self.open.to_files = true;
            }
        }
    }

    /// What a builder makes, whose own object belongs to an environment.
    fn build(&mut self, builder: Arc<Builder>, of_object: Option<EnvironmentId>, depth: usize) {
        let directory = &builder.directory;
        if !self.bases.is_there(directory) {
            self.open.to_files = true;
            return;
        }
        let environment = environment_of(self.environments, &builder, of_object);
        let (kind, namespace, name) = builder.key();
        let key = (kind, namespace.map(str::to_owned), name.to_owned());
        if !self.seen.insert((directory.clone(), key, environment)) {
            return;
        }
        let Some(result) = self.bases.made_by(&builder, environment) else {
            self.open.to_files = true;
            return;
        };
        let site = match &result {
            Outcome::Base(index) => &self.sites[*index],
            Outcome::Own(site) => site,
        };
        let configured = site.configured().clone();
        self.reached.insert(directory.clone());
        self.reached.extend(site.build().directories.iter().cloned());
        if let Outcome::Own(site) = &result {
            self.objects += site.build().objects.len();
            self.bases.note(site, builder.target());
        }
        self.made.push(Made { builder, environment, result });
        self.enqueue(&configured.all, environment, depth + 1);
    }
}

/// The environment of what a builder makes, whose own object belongs to one.
pub(super) fn environment_of(
    environments: &[Environment],
    builder: &Builder,
    of_object: Option<EnvironmentId>,
) -> Option<EnvironmentId> {
    let named = match &builder.way {
        Way::Argo { cluster, .. } => {
            of_application(environments, &builder.name, cluster.as_deref())
        }
        Way::Flux(_) | Way::Helm(_) => None,
    };
    let claimed = || claim(environments, &builder.directory).map(|one| one.environment);
    named.or(of_object).or_else(claimed)
}

#[cfg(test)]
mod tests {
    use crate::repo::testing::repo;

    /// Each `Kustomization` builds a directory in which there is another of itself, under a longer name.
    #[test]
    fn builders_that_build_themselves_end() {
        let kustomization = "resources: [k.yaml]\nreplacements:\n- source: {kind: Kustomization, fieldPath: metadata.name}\n  targets:\n  - select: {kind: Kustomization}\n    fieldPaths: [spec.namePrefix]\n    options: {create: true}\n";
        let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k}\nspec: {path: ./apps, namePrefix: x}\n";
        let repo = repo(&[
            ("apps/k.yaml", flux),
            ("apps/kustomization.yaml", kustomization),
            ("clusters/production/k.yaml", flux),
        ]);
        assert!((2..64).contains(&repo.roots.len()), "{}", repo.roots.len());
        assert!(repo.problems[0].message.contains("build one another"), "{:?}", repo.problems);
    }
}
