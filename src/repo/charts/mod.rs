//! Charts and their values: the build roots of charts in the tree, of values files that Argo CD reads, and of helmfiles.
//!
//! A chart is not rendered. Its root has one object for each release, which holds the values as Helm would merge them.

mod argo;
mod beside;
mod helmfile;
pub(super) mod kustomize;
mod marking;
pub(super) mod rendered;
mod site;
mod texts;
mod withdraw;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::builders::values::Release;
use crate::k8s::values;
use crate::kustomize::model::build::{Build, Status};
use crate::kustomize::model::object::Object;
use crate::repo::builder::Builder;
pub(super) use crate::repo::charts::beside::chart_name;
use crate::repo::charts::withdraw::withdraw;
use crate::repo::environment::{EnvironmentId, claim_of_file};
use crate::repo::ground::Before;
use crate::repo::layout::{Layout, above};
use crate::repo::loader::Loader;
use crate::repo::marks::meet;
use crate::repo::releases::{add_problems, is_composed, keep, values_object};
use crate::repo::root::{Root, RootKind};
use crate::repo::site::{BuildSite, Site};
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::yaml::node::{Node, Provenance};

/// Whether a file lays something over what an `Application` says of its directory.
pub(super) fn lays_over(file: &TreePath) -> bool {
    file.name().starts_with(".argocd-source")
}
/// How many charts may be deployed by what another one renders, one below the other.
const DEEPEST: usize = 8;

/// What is not known.
pub(super) type Problems = Vec<Problem>;

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
    problems: Problems,
    /// The directory of its chart, if that is in the tree.
    chart: Option<TreePath>,
    /// The object that has it installed; not known unless charts are rendered.
    builder: Option<Arc<Builder>>,
    /// Whether it may have other values files once a file is added anywhere.
    is_open: bool,
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

/// What a root is known by: its directory and its environment.
type Key = (TreePath, Option<EnvironmentId>);

/// The releases of each root.
#[derive(Default)]
pub(super) struct Charts {
    roots: BTreeMap<Key, Vec<Planned>>,
    /// Every file that is read for them.
    claimed: BTreeSet<TreePath>,
    /// Whether they may be others once a file is added anywhere.
    is_open: bool,
}

impl Charts {
    fn add(&mut self, root: Key, planned: Planned) {
        self.is_open |= planned.is_open || !planned.problems.is_empty();
        self.roots.entry(root).or_default().push(planned);
    }
}

impl Planned {
    /// A release with its values, those that win last.
    pub(super) fn of(release: Release, title: &str, layers: Vec<Layer>) -> Self {
        Self { release, title: title.to_owned(), layers, ..Self::default() }
    }

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
    /// The build roots with those of releases, whose values files are no plain manifests, and where the releases have their
    /// values. `None` if a root from before may lack one of its files.
    pub(super) fn with_charts(
        &self,
        sites: Vec<Site>,
        before: Option<&Before<'_>>,
    ) -> Option<(Vec<Site>, Arc<Charts>)> {
        let known = before.map(|before| &before.ground.charts);
        let same = before.filter(|before| self.plans_alike(before, &sites));
        let same = same.map(|before| Arc::clone(&before.ground.charts));
        let (charts, rendered) = match same.filter(|_| self.renders.is_none()) {
            Some(charts) => (charts, None),
            None => self.rounds(&sites),
        };
        if known.is_some_and(|known| !known.claimed.is_subset(&charts.claimed)) {
            return None;
        }
        let mut all: Vec<Site> =
            sites.into_iter().filter_map(|site| withdraw(site, &charts.claimed)).collect();
        all.extend(rendered.unwrap_or_else(|| self.chart_sites(&charts, known)));
        Some((all, charts))
    }

    /// Where the releases of a tree have their values, and their build roots if they are rendered: what Helm renders may have more
    /// charts deployed.
    fn rounds(&self, sites: &[Site]) -> (Arc<Charts>, Option<Vec<Site>>) {
        let mut charts = Arc::new(self.charts(sites, &[]));
        if self.renders.is_none() {
            return (charts, None);
        }
        let mut found = self.chart_sites(&charts, None);
        for _ in 0..DEEPEST {
            if found.iter().all(|site| site.deployers().is_empty()) {
                break;
            }
            let more = Arc::new(self.charts(sites, &found));
            let again = self.chart_sites(&more, None);
            let is_done = again.iter().map(named).eq(found.iter().map(named));
            (charts, found) = (more, again);
            if is_done {
                break;
            }
        }
        (charts, Some(found))
    }

    /// Where the releases of a tree have their values. `rendered`: what Helm renders.
    fn charts(&self, sites: &[Site], rendered: &[Site]) -> Charts {
        let mut charts = Charts::default();
        let mut deployed = argo::add(self, sites.iter().chain(rendered), &mut charts);
        helmfile::add(self, &mut charts, &mut deployed);
        beside::add(self, &deployed, &mut charts);
        let read = charts.roots.values().flatten().flat_map(Planned::read);
        charts.claimed = read.cloned().collect();
        charts
    }

    /// Whether nothing but the content of values files can be different from before.
    fn plans_alike(&self, before: &Before<'_>, sites: &[Site]) -> bool {
        let (layout, old) = (self.layout, &before.repo.layout);
        let has = |layout: &Layout, file: &TreePath| layout.files.binary_search(file).is_ok();
        let is_open = before.ground.charts.is_open;
        let decides = |file: &TreePath| {
            let moves = has(layout, file) != has(old, file);
            file.name().starts_with("Chart.")
                || lays_over(file)
                || helmfile::is_helmfile(file)
                || moves && (is_open || above(&file.parent()).any(|up| layout.charts.contains(&up)))
        };
        let deploys = |root: &&Arc<Root>| {
            !root.facts.deployers.get_or_init(|| deployers(&root.build)).is_empty()
        };
        let is_old = |site: &Site| matches!(site, Site::Kept(_));
        let now = sites.iter().filter(|site| is_old(site) && !site.deployers().is_empty());
        layout.is_made_from(old)
            && !before.changed.iter().any(decides)
            && sites.iter().all(|site| is_old(site) || site.deployers().is_empty())
            && now.count() == before.repo.roots.iter().filter(deploys).count()
    }

    /// The build roots of releases. `known`: where they had their values before.
    fn chart_sites(&self, charts: &Charts, known: Option<&Arc<Charts>>) -> Vec<Site> {
        if self.renders.is_some() {
            let all = charts.roots.iter().flat_map(|(key, all)| {
                let (installed, others): (Vec<&Planned>, Vec<&Planned>) =
                    all.iter().partition(|one| one.builder.is_some());
                let groups = installed.into_iter().map(|one| vec![one]);
                let others = (!others.is_empty()).then_some(others);
                groups.chain(others).map(move |group| (key, group))
            });
            let all: Vec<_> = all.collect();
            return all.into_par_iter().map(|(key, group)| self.chart_site(key, &group)).collect();
        }
        let site = |(key, releases): (&Key, &Vec<Planned>)| {
            let is_same = |known: &&Arc<Charts>| {
                std::ptr::eq(Arc::as_ptr(known), charts)
                    || known.roots.get(key).is_some_and(|old| are_alike(old, releases))
            };
            let before = self.before.filter(|_| known.as_ref().is_some_and(is_same));
            if let Some((before, changed)) = before {
                let (path, environment) = key;
                let mut roots = before.roots_at(path).iter();
                // What a `HelmRelease` installs is another root.
                let is_it = |old: &&Arc<Root>| {
                    old.kind == RootKind::Chart
                        && old.environment == *environment
                        && old.builders.is_empty()
                };
                let same = roots.find(is_it);
                if let Some(old) = same.filter(|old| !meet(changed, old.files())) {
                    return Site::Kept(Arc::clone(old));
                }
            }
            self.chart_site(key, &releases.iter().collect::<Vec<_>>())
        };
        charts.roots.iter().map(site).collect()
    }

    fn chart_site(&self, (path, environment): &Key, releases: &[&Planned]) -> Site {
        let files = releases.iter().flat_map(|one| one.read()).cloned().collect();
        let build = self.chart(path, files, releases);
        let site = BuildSite::new(path, RootKind::Chart, *environment, build);
        let builder = releases.iter().find_map(|one| one.builder.clone());
        if self.renders.is_none() {
            return Site::new(site);
        }
        let namespace = builder.as_ref().and_then(|one| one.target().map(str::to_owned));
        let site = site.configuring(self.listing);
        Site::new(BuildSite { namespace, builders: builder.into_iter().collect(), ..site })
    }

    fn chart(&self, path: &TreePath, files: BTreeSet<TreePath>, all: &[&Planned]) -> Arc<Build> {
        let mut build = Build {
            path: path.clone(),
            status: Status::Resolved,
            problems: Vec::new(),
            objects: Arc::default(),
            files,
            directories: BTreeSet::new(),
            outside: None,
        };
        let objects = all.iter().flat_map(|planned| {
            let values = self.values(planned, &mut build);
            let rendered = self.rendered_of(planned, &mut build);
            rendered.into_iter().chain([values]).collect::<Vec<_>>()
        });
        build.objects = objects.collect::<Vec<_>>().into();
        Arc::new(build)
    }

    /// The object that stands for the values of a release.
    pub(in crate::repo) fn values(&self, planned: &Planned, build: &mut Build) -> Object {
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

    /// The environment that the last of some files belongs to.
    fn environment_of(&self, files: &[TreePath]) -> Option<EnvironmentId> {
        let claims = files.iter().rev().filter_map(|file| claim_of_file(self.environments, file));
        claims.map(|claim| claim.environment).next()
    }
}

/// What a root with a builder is called.
fn named(site: &Site) -> (TreePath, Option<EnvironmentId>, Option<(&'static str, String)>) {
    let (path, _, environment) = site.key();
    let builder = site.builders().first().map(|one| (one.kind, one.name.clone()));
    (path.clone(), environment, builder)
}

/// Whether releases have their values in the same places.
fn are_alike(old: &[Planned], new: &[Planned]) -> bool {
    let place = |node: &Node| node.origin.as_ref().map(|at| (Arc::as_ptr(&at.source), at.span()));
    let same_layer = |(old, new): (&Layer, &Layer)| match (old, new) {
        (Layer::File(old), Layer::File(new)) => old == new,
        (Layer::Inline(old), Layer::Inline(new))
        | (Layer::Written(_, old), Layer::Written(_, new)) => {
            place(old).is_some() && place(old) == place(new)
        }
        _ => false,
    };
    let words = |one: &Planned| -> Vec<String> {
        one.problems.iter().map(|problem| problem.message.clone()).collect()
    };
    let same = |(old, new): (&Planned, &Planned)| {
        (&old.release, &old.title, &old.more) == (&new.release, &new.title, &new.more)
            && old.layers.len() == new.layers.len()
            && old.layers.iter().zip(&new.layers).all(same_layer)
            && words(old) == words(new)
    };
    old.len() == new.len() && old.iter().zip(new).all(same)
}

/// An object by which Argo CD deploys: its index, and whether it names values files.
pub(super) type Deployer = (usize, bool);

/// The objects of a build by which Argo CD deploys.
pub(super) fn deployers(build: &Build) -> Vec<Deployer> {
    let is_one = |object: &Object| matches!(object.kind(), "Application" | "ApplicationSet");
    let all = build.objects.iter().enumerate().filter(|(_, object)| is_one(object));
    all.map(|(index, object)| (index, argo::names_files(&object.node))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use crate::repo::root::{Root, RootKind};
    use crate::repo::testing::{path, repo, tree};
    use crate::repo::{Repo, Scope};
    use crate::tree::Tree;
    use crate::tree::memory::MemoryTree;

    const CHART: &str = "apiVersion: v2\nname: web\n";
    const NAMED: &str = "existingSecret: db-20250602090000\n";

    fn charts(repo: &Repo) -> Vec<String> {
        let roots = repo.roots.iter().filter(|root| root.kind == RootKind::Chart);
        let seen = |root: &Arc<Root>| {
            let environment =
                root.environment.map_or("-", |at| repo.environments[at].name.as_str());
            let files: Vec<&str> = root.files().iter().map(|file| file.as_str()).collect();
            format!("{} {environment} {}", root.path, files.join(" "))
        };
        roots.map(seen).collect()
    }

    fn application(path: &str, files: &str) -> String {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{ name: web }}\nspec:\n  destination: {{ namespace: web }}\n  source: {{ path: {path}, helm: {{ valueFiles: {files} }} }}\n"
        )
    }

    #[test]
    fn each_environment_of_a_chart_is_a_root() {
        let seen = charts(&repo(&[
            ("a/Chart.yaml", CHART),
            ("a/charts/sub/Chart.yaml", CHART),
            ("a/charts/sub/values.yaml", NAMED),
            ("a/crds/staging.yaml", "a: b\n"),
            ("a/crds/production.yaml", "a: b\n"),
            ("a/templates/staging.yaml", "{{"),
            ("a/values-production.yaml", NAMED),
            ("a/values-staging.yaml", NAMED),
            ("a/values.yaml", NAMED),
            ("b/Chart.yaml", CHART),
            ("b/values-nsm.yaml", NAMED),
            ("b/values.yaml", NAMED),
            ("c/Chart.yaml", CHART),
            ("staging/d/Chart.yaml", CHART),
            ("staging/d/values-other.yaml", NAMED),
            ("staging/d/values.yaml", NAMED),
        ]));
        assert_eq!(
            seen,
            [
                "a staging a/values-staging.yaml a/values.yaml",
                "a production a/values-production.yaml a/values.yaml",
                "b - b/values.yaml",
                "staging/d staging staging/d/values.yaml",
            ]
        );
    }

    #[test]
    fn what_argo_cd_deploys_is_built_as_it_says() {
        let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: { name: all }\nspec:\n  goTemplate: true\n  generators: [{ git: { directories: [{ path: 'sites/*' }] } }]\n  template:\n    metadata: { name: '{{.path.basename}}' }\n    spec: { source: { path: b, helm: { valueFiles: ['../{{.path.path}}/values.yaml', none.yaml] } } }\n";
        let repo = repo(&[
            ("a/Chart.yaml", CHART),
            ("a/own/production.yaml", NAMED),
            ("a/values-staging.yaml", NAMED),
            ("a/values-production.yaml", NAMED),
            ("a/values.yaml", NAMED),
            ("argocd/all.yaml", set),
            ("argocd/production/web.yaml", &application("a", "[own/*.yaml]")),
            ("b/Chart.yaml", CHART),
            ("sites/production/values.yaml", NAMED),
            ("sites/staging/values.yaml", NAMED),
        ]);
        assert_eq!(
            charts(&repo),
            [
                "a staging a/values-staging.yaml a/values.yaml",
                "a production a/own/production.yaml a/values.yaml",
                "b staging sites/staging/values.yaml",
                "b production sites/production/values.yaml",
            ]
        );
        let root = repo.roots.iter().find(|root| root.path == path("b")).unwrap();
        assert!(root.problems()[0].message.contains("`none.yaml` is not in the repository"));
        assert_eq!(root.objects()[0].name(), "staging");
    }

    /// Reloading a changed tree gives the same result as loading it from scratch, and makes no more roots than it must.
    #[test]
    fn a_changed_tree_is_as_if_loaded_anew() {
        let of_application = application("a", "[x.yaml]");
        let files = [
            ("a/Chart.yaml", CHART),
            ("a/x.yaml", NAMED),
            ("argocd/staging/web.yaml", of_application.as_str()),
            ("b/Chart.yaml", CHART),
            ("b/values-production.yaml", NAMED),
            ("b/values-staging.yaml", NAMED),
            ("plain/production/values.yaml", NAMED),
            ("plain/staging/values.yaml", NAMED),
        ];
        let moved = application("a", "[../plain/staging/values.yaml]");
        let changes: [&[(&str, Option<&str>)]; 7] = [
            &[("b/values-staging.yaml", Some("existingSecret: db-20250702090000\n"))],
            &[("b/values.yaml", Some("a: b\n"))],
            &[("argocd/staging/web.yaml", Some(&moved))],
            &[("plain/staging/values.yaml", Some("existingSecret: mail-20250702090000\n"))],
            &[("argocd/staging/web.yaml", Some(&of_application))],
            &[("b/Chart.yaml", None)],
            &[("argocd/staging/web.yaml", None), ("a/x.yaml", Some("a: [\n"))],
        ];
        let seen = |repo: &Repo| -> Vec<String> {
            let root = |root: &Arc<Root>| {
                let secrets: Vec<&str> = root.secrets().collect();
                let (path, files, status) = (&root.path, root.files(), root.status());
                format!(
                    "{path} {:?} {:?} {files:?} {status:?} {secrets:?}",
                    root.kind, root.environment
                )
            };
            repo.roots.iter().map(root).collect()
        };
        let mut tree: Arc<dyn Tree> = tree(&files);
        let mut repo = Repo::load(Arc::clone(&tree), None, Scope::Everything).unwrap();
        for (index, change) in changes.iter().enumerate() {
            let changed: BTreeSet<_> = change.iter().map(|(name, _)| path(name)).collect();
            let bytes = change
                .iter()
                .map(|(name, text)| (path(name), text.map(|text| text.as_bytes().to_vec())));
            tree = Arc::new(MemoryTree::over(tree, bytes));
            let after = repo.reload(Arc::clone(&tree), &changed).unwrap();
            let anew = Repo::load(Arc::clone(&tree), None, Scope::Everything).unwrap();
            assert_eq!(seen(&after), seen(&anew), "after change {index}");
            let is_new = |root: &&Arc<Root>| !repo.roots.iter().any(|old| Arc::ptr_eq(old, root));
            if index == 0 {
                assert_eq!(after.roots.iter().filter(is_new).count(), 1);
            }
            repo = after;
        }
    }
}
