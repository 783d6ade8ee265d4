//! Charts and their values: the build roots of charts in the tree, of values files that Argo CD reads, and of helmfiles.
//!
//! A chart is not rendered. Its root has one object for each release, which holds the values as Helm would merge them.

mod argo;
mod beside;
mod helmfile;
pub(super) mod kustomize;
mod site;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::builders::values::Release;
use crate::k8s::values;
use crate::kustomize::model::build::{Build, Status};
use crate::kustomize::model::object::Object;
use crate::repo::environment::{EnvironmentId, claim_of_file};
use crate::repo::ground::Before;
use crate::repo::pointer::Pointers;
use crate::repo::releases::{add_problems, is_composed, keep, values_object};
use crate::repo::root::RootKind;
use crate::repo::site::{BuildSite, Loader, Site, meet};
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::tree::Entry;
use crate::yaml::library::FileError;
use crate::yaml::node::{Node, Provenance};

/// The name of the values that a chart comes with.
const OWN_VALUES: [&str; 2] = ["values.yaml", "values.yml"];

/// A release with where its values come from.
#[derive(Default)]
pub(super) struct Planned {
    release: Release,
    /// What it is called where the release has no name.
    title: String,
    /// The values, those that win last.
    layers: Vec<Layer>,
    /// Other files that say something of it.
    more: BTreeSet<TreePath>,
    /// What is not known of it.
    problems: Vec<Problem>,
}

/// Values of a release.
pub(super) enum Layer {
    /// A file.
    File(TreePath),
    /// What an object says itself, which is read there.
    Inline(Node),
    /// A mapping in a file that holds no object.
    Written(TreePath, Node),
}

/// The releases of each root.
#[derive(Default)]
pub(super) struct Charts {
    roots: BTreeMap<(TreePath, Option<EnvironmentId>), Vec<Planned>>,
}

impl Charts {
    fn add(&mut self, root: (TreePath, Option<EnvironmentId>), planned: Planned) {
        self.roots.entry(root).or_default().push(planned);
    }

    /// Every values file.
    pub(super) fn claimed(&self) -> BTreeSet<TreePath> {
        self.roots.values().flatten().flat_map(Planned::read).cloned().collect()
    }
}

impl Planned {
    /// Every file that is read for it.
    fn read(&self) -> impl Iterator<Item = &TreePath> {
        self.files().chain(&self.more)
    }

    /// Its values files.
    fn files(&self) -> impl Iterator<Item = &TreePath> {
        self.layers.iter().filter_map(|layer| match layer {
            Layer::File(file) | Layer::Written(file, _) => Some(file),
            Layer::Inline(_) => None,
        })
    }
}

impl Loader<'_> {
    /// The build roots with those of releases, whose values files are no plain manifests, and these files. `None` if a root
    /// from before may lack one of its files.
    pub(super) fn with_charts(
        &self,
        sites: Vec<Site>,
        before: Option<&Before<'_>>,
    ) -> Option<(Vec<Site>, Arc<BTreeSet<TreePath>>)> {
        let charts = self.charts(&sites);
        let claimed = charts.claimed();
        let known = before.map(|before| &before.ground.values);
        if known.is_some_and(|known| !known.is_subset(&claimed)) {
            return None;
        }
        let is_old = |site: &Site| matches!(site, Site::Kept(_)) || site.deployers().is_empty();
        let is_kept = known.is_some_and(|known| **known == claimed) && sites.iter().all(is_old);
        let mut all: Vec<Site> =
            sites.into_iter().filter_map(|site| withdraw(site, &claimed)).collect();
        all.extend(self.chart_sites(charts, is_kept));
        Some((all, Arc::new(claimed)))
    }

    /// Where the releases of a tree have their values.
    pub(super) fn charts(&self, sites: &[Site]) -> Charts {
        let mut charts = Charts::default();
        let deployed = argo::add(self, sites, &mut charts);
        helmfile::add(self, &mut charts);
        beside::add(self, &deployed, &mut charts);
        charts
    }

    /// The build roots of releases. `is_kept`: whether nothing but the content of values files can have changed.
    pub(super) fn chart_sites(&self, charts: Charts, is_kept: bool) -> Vec<Site> {
        let site = |((path, environment), releases): (_, Vec<Planned>)| {
            let files: BTreeSet<TreePath> =
                releases.iter().flat_map(Planned::read).cloned().collect();
            if let Some((before, changed)) = self.before.filter(|_| is_kept) {
                let same = before.roots_at(&path).iter().find(|old| {
                    old.kind == RootKind::Chart
                        && old.environment == environment
                        && *old.files() == files
                });
                if let Some(old) = same.filter(|_| !meet(changed, &files)) {
                    return Site::Kept(Arc::clone(old));
                }
            }
            let build = self.chart(&path, files, &releases);
            let (kind, namespace, pointers) = (RootKind::Chart, None, Pointers::default());
            Site::new(BuildSite { path, kind, environment, namespace, build, pointers })
        };
        charts.roots.into_iter().map(site).collect()
    }

    fn chart(&self, path: &TreePath, files: BTreeSet<TreePath>, all: &[Planned]) -> Arc<Build> {
        let mut build = Build {
            path: path.clone(),
            status: Status::Resolved,
            problems: Vec::new(),
            objects: Arc::default(),
            files,
            directories: BTreeSet::new(),
            outside: None,
        };
        let objects = all.iter().map(|planned| self.values(planned, &mut build));
        build.objects = objects.collect::<Vec<_>>().into();
        Arc::new(build)
    }

    /// The object that stands for the values of a release.
    pub(super) fn values(&self, planned: &Planned, build: &mut Build) -> Object {
        let mut layers = Vec::new();
        for layer in &planned.layers {
            match layer {
                Layer::Inline(node) | Layer::Written(_, node) => layers.push(node.clone()),
                Layer::File(file) => match self.values_in(file) {
                    Ok(node) => layers.extend(node),
                    // A kustomization has other objects, too.
                    Err(problem) if !build.directories.is_empty() => {
                        add_problems(build, vec![problem.as_partial().hiding_nothing()]);
                    }
                    Err(problem) => {
                        build.problems.push(problem);
                        build.status = Status::Failed;
                    }
                },
            }
        }
        let (mut node, open) = values_object(&planned.release, &planned.title, &layers);
        add_problems(build, open);
        add_problems(build, planned.problems.clone());
        let files: BTreeSet<&TreePath> = planned.read().collect();
        let is_of_file = |node: &Node| {
            let origin = node.origin.as_ref().filter(|_| !is_composed(node));
            origin.is_none_or(|origin| files.contains(origin.source.path()))
        };
        // What an object says itself is read there.
        if planned.layers.iter().any(|layer| matches!(layer, Layer::Inline(_))) {
            keep(&mut node, &is_of_file);
        }
        let names = planned.files().map(|file| Node::string(file.as_str(), Provenance::Generated));
        node.set(values::FILES, Node::seq(names.collect(), Provenance::Generated));
        Object::new(node)
    }

    /// The mapping in a values file; `None` if it is empty.
    fn values_in(&self, file: &TreePath) -> Result<Option<Node>, Problem> {
        let stream = self.library.stream(file).map_err(|error| {
            let mut problem = Problem::of(error.to_string(), file);
            if let FileError::Syntax(error) = error {
                problem.message = format!("does not parse: {error}");
                problem.place = Some(error.place);
            }
            problem
        })?;
        let root = stream.documents.first().map(|document| document.root.clone());
        Ok(root.filter(|root| !root.entries().is_empty()))
    }

    /// A file of the tree, links followed, if it is one that can hold values.
    fn file(&self, path: &TreePath) -> Option<TreePath> {
        let tree = self.library.tree();
        if tree.files().binary_search(path).is_ok() {
            return Some(path.clone());
        }
        // Only links are left.
        tree.manifests().binary_search(path).ok()?;
        let (real, entry) = tree.entry(path).ok()?;
        (entry == Entry::File).then_some(real)
    }

    /// The values that a chart comes with.
    fn own_values(&self, chart: &TreePath) -> Option<TreePath> {
        OWN_VALUES.iter().find_map(|name| self.file(&chart.child(name)))
    }

    /// The environment that the last of some files belongs to.
    fn environment_of(&self, files: &[TreePath]) -> Option<EnvironmentId> {
        let claims = files.iter().rev().filter_map(|file| claim_of_file(self.environments, file));
        claims.map(|claim| claim.environment).next()
    }
}

/// An object by which Argo CD deploys: its index, and whether it names values files.
pub(super) type Deployer = (usize, bool);

/// The objects of a build by which Argo CD deploys.
pub(super) fn deployers(build: &Build) -> Vec<Deployer> {
    let is_one = |object: &Object| matches!(object.kind(), "Application" | "ApplicationSet");
    let all = build.objects.iter().enumerate().filter(|(_, object)| is_one(object));
    all.map(|(index, object)| (index, argo::names_files(&object.node))).collect()
}

/// Takes values files out of the trees of plain manifests, in which they are no objects.
fn withdraw(site: Site, claimed: &BTreeSet<TreePath>) -> Option<Site> {
    let holds = |build: &Build| {
        let problems = build.problems.iter().any(|problem| claimed.contains(&problem.path));
        let objects = || build.objects.iter().any(|object| is_values_file(object, claimed));
        problems || meet(claimed, &build.files) && objects()
    };
    if site.kind() != RootKind::Plain || !holds(site.build()) {
        return Some(site);
    }
    let site = site.rebuilt(|build| without(build, claimed));
    let is_empty = site.build().objects.is_empty() && site.build().problems.is_empty();
    (!is_empty).then_some(site)
}

/// Whether an object is only a values file that names a version.
fn is_values_file(object: &Object, claimed: &BTreeSet<TreePath>) -> bool {
    let origin = object.node.origin.as_ref();
    object.kind().is_empty() && origin.is_some_and(|at| claimed.contains(at.source.path()))
}

fn without(build: &Build, claimed: &BTreeSet<TreePath>) -> Build {
    let kept = build.objects.iter().filter(|one| !is_values_file(one, claimed));
    let objects: Vec<Object> = kept.cloned().collect();
    let holds = |file: &TreePath| {
        let mut origins = objects.iter().filter_map(|object| object.node.origin.as_ref());
        origins.any(|origin| origin.source.path() == file)
    };
    let mut build = build.clone();
    build.files.retain(|file| !claimed.contains(file) || holds(file));
    build.problems.retain(|problem| !claimed.contains(&problem.path));
    if build.problems.is_empty() {
        build.status = Status::Resolved;
    }
    build.objects = objects.into();
    build
}
