//! The charts of kustomizations: `helmCharts`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::builders::render::Renders;
use crate::builders::values::Release;
use crate::k8s::references::field_rule::FieldRule;
use crate::kustomize::load::kustomization::Kustomization;
use crate::kustomize::load::remote::is_remote;
use crate::kustomize::model::build::Build;
use crate::kustomize::model::object::Object;
use crate::kustomize::resolver::Resolver;
use crate::kustomize::resolver::inflate::{FIELDS, Inflate, Inflated};
use crate::repo::charts::rendered::{Engine, Rendered};
use crate::repo::charts::texts::{file_in, own_values_in, values_in};
use crate::repo::charts::{Layer, Planned};
use crate::repo::loader::Loader;
use crate::repo::plain::flatten;
use crate::repo::releases::keep;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::span::Span;
use crate::yaml::embed;
use crate::yaml::library::Library;
use crate::yaml::node::Node;

/// The namespace of a release that names none.
const DEFAULT: &str = "default";

/// The directory of charts where a kustomization names no other.
const HOME: &str = "charts";

/// What changes a chart in a way that is not known here.
const UNKNOWN: [&str; 3] = ["apiVersions", "kubeVersion", "nameTemplate"];

/// The annotation by which Helm knows a hook.
const HOOK: &str = "helm.sh/hook";

impl Loader<'_> {
    /// A build with an object more for each chart of its kustomizations: it stands for the values.
    pub(in crate::repo) fn with_helm_charts(&self, build: Arc<Build>) -> Arc<Build> {
        let mut planned = Vec::new();
        for directory in &build.directories {
            let Some(file) = self.layout.kustomizations.get(directory) else { continue };
            let Ok(stream) = self.library.stream(file) else { continue };
            let Some(document) = stream.documents.first() else { continue };
            let owner = Owner::of(self.library, directory, file, &document.root);
            let charts = FIELDS.iter().filter_map(|field| document.root.get(field));
            for chart in charts.flat_map(Node::items) {
                let rendered = self.engine().and_then(|engine| owner.inflated(chart, engine));
                let rendered = rendered.filter(|one| one.problems.is_empty());
                planned.push((owner.planned(chart, self.renders.is_some()), rendered));
            }
        }
        if planned.is_empty() {
            return build;
        }
        let mut build = Build::clone(&build);
        let namespace = self.namespace(&build.path);
        let mut values = Vec::new();
        for (mut one, rendered) in planned {
            build.files.extend(one.files().cloned());
            one.release.namespace = namespace.clone().or(one.release.namespace);
            let Some(rendered) = rendered else {
                values.push(self.values(&one, &mut build));
                continue;
            };
            // What the chart makes of its values is seen there.
            let mut seen = BTreeSet::new();
            rendered.objects.iter().for_each(|object| sites(&object.node, &mut seen));
            let mut object = self.values(&one, &mut build.clone());
            let is_unseen = |node: &Node| {
                let mut own = BTreeSet::new();
                sites(node, &mut own);
                own.is_disjoint(&seen)
            };
            if keep(&mut object.node, &is_unseen) {
                values.push(object);
            }
        }
        build.objects = build.objects.iter().cloned().chain(values).collect();
        Arc::new(build)
    }

    /// The namespace that a kustomization gives to everything.
    fn namespace(&self, directory: &TreePath) -> Option<String> {
        let file = self.layout.kustomizations.get(directory)?;
        let stream = self.library.stream(file).ok()?;
        text(&stream.documents.first()?.root, "namespace").map(str::to_owned)
    }

    /// The charts of the tree that kustomizations render.
    pub(super) fn inflated(&self) -> BTreeSet<TreePath> {
        let all = self.layout.kustomizations.iter();
        all.flat_map(|(at, file)| charts_of(self.library, at, file)).collect()
    }
}

/// The charts of the tree that a kustomization renders.
fn charts_of(library: &Library, directory: &TreePath, file: &TreePath) -> Vec<TreePath> {
    let Ok(stream) = library.stream(file) else { return Vec::new() };
    let Some(document) = stream.documents.first() else { return Vec::new() };
    let owner = Owner::of(library, directory, file, &document.root);
    let entries = FIELDS.iter().filter_map(|field| document.root.get(field)).flat_map(Node::items);
    entries.filter_map(|entry| owner.chart(entry)).collect()
}

/// The files of the charts of the tree that a kustomization renders.
pub(in crate::repo) fn files_of_charts<'l>(
    library: &'l Library,
    directory: &TreePath,
    file: &TreePath,
) -> impl Iterator<Item = TreePath> + 'l {
    let charts = charts_of(library, directory, file).into_iter();
    charts.flat_map(move |chart| below(library, &chart).to_vec())
}

/// The files below a directory.
fn below<'l>(library: &'l Library, directory: &TreePath) -> &'l [TreePath] {
    let files = library.tree().files();
    let first = directory.child("");
    let files = &files[files.partition_point(|file| *file < first)..];
    let is_inside = |file: &&TreePath| file.is_within(directory);
    &files[..files.iter().take_while(is_inside).count()]
}

/// A kustomization that renders charts.
struct Owner<'a> {
    library: &'a Library,
    directory: &'a TreePath,
    file: &'a TreePath,
    root: &'a Node,
}

impl<'a> Owner<'a> {
    const fn of(
        library: &'a Library,
        directory: &'a TreePath,
        file: &'a TreePath,
        root: &'a Node,
    ) -> Self {
        Self { library, directory, file, root }
    }

    /// A chart with its values. `is_rendered`: whether those that it comes with count.
    fn planned(&self, chart: &Node, is_rendered: bool) -> Planned {
        // The older field has other names for the same.
        let either = |new: &str, old: &str| text(chart, new).or_else(|| text(chart, old));
        let own = either("name", "chartName").map(str::to_owned);
        let name = text(chart, "releaseName").map(str::to_owned).or_else(|| own.clone());
        let namespace = text(self.root, "namespace");
        let namespace = namespace.or_else(|| either("namespace", "releaseNamespace"));
        let named = |path: &str| {
            let path = self.directory.join(path).filter(|_| !is_remote(path))?;
            // A missing one is reported where it is read.
            Some(Layer::File(file_in(self.library, &path).unwrap_or(path)))
        };
        let under = either("valuesFile", "values").and_then(named);
        let inline = chart.get("valuesInline").or_else(|| chart.get("valuesLocal"));
        let inline = inline.map(|node| Layer::Written(self.file.clone(), node.clone()));
        let pair = match text(chart, "valuesMerge") {
            Some("merge") => [inline, under],
            Some("replace") => [inline.or(under), None],
            _ => [under, inline],
        };
        let more = chart.get("additionalValuesFiles").map_or(&[][..], Node::items);
        let more = more.iter().filter_map(Node::str).filter_map(named);
        let title = name.clone().unwrap_or_default();
        let release = Release { name, namespace: namespace.map(str::to_owned), chart: own };
        let local = is_rendered.then(|| self.chart(chart)).flatten();
        let defaults = local.and_then(|chart| own_values_in(self.library, &chart));
        let layers = defaults.map(Layer::File).into_iter().chain(pair.into_iter().flatten());
        Planned { release, title, layers: layers.chain(more).collect(), ..Planned::default() }
    }

    /// The directory of a chart, if that is in the tree and nothing changes it that is not known here.
    fn chart(&self, chart: &Node) -> Option<TreePath> {
        if UNKNOWN.iter().any(|key| chart.get(key).is_some()) {
            return None;
        }
        let name = text(chart, "name").or_else(|| text(chart, "chartName"))?;
        let home = self.root.at(&["helmGlobals", "chartHome"]).and_then(Node::str);
        let home = text(chart, "chartHome").or(home).filter(|home| !home.is_empty());
        let home = self.directory.join(home.unwrap_or(HOME))?;
        let repository = ["repo", "chartRepo", "chartRepoUrl"].iter();
        let is_pulled = repository.filter_map(|key| text(chart, key)).next().is_some();
        let version = text(chart, "version").or_else(|| text(chart, "chartVersion"));
        let home = match version.filter(|_| is_pulled) {
            // What kustomize pulled before, and would not pull again.
            Some(version) => home.join(&format!("{name}-{version}"))?,
            None => home,
        };
        let path = home.join(name)?;
        file_in(self.library, &path.child("Chart.yaml")).map(|_| path)
    }
}

/// Renders the charts of kustomizations that are in the tree.
struct Inflater {
    library: Arc<Library>,
    rules: Arc<[FieldRule]>,
    renders: Arc<Renders>,
}

/// The resolver of a tree, which has the charts in it rendered if there is what renders them.
pub(in crate::repo) fn resolver(
    library: &Arc<Library>,
    rules: &Arc<[FieldRule]>,
    renders: Option<&Arc<Renders>>,
) -> Resolver {
    let charts = renders.map(|renders| -> Arc<dyn Inflate> {
        let (library, rules) = (Arc::clone(library), Arc::clone(rules));
        Arc::new(Inflater { library, rules, renders: Arc::clone(renders) })
    });
    Resolver::rendering(Arc::clone(library), charts)
}

impl Inflate for Inflater {
    fn inflate(&self, kustomization: &Kustomization, entry: &Node) -> Option<Inflated> {
        let Kustomization { directory, file, root, .. } = kustomization;
        let owner = Owner::of(&self.library, directory, file, root);
        let engine = Engine { library: &self.library, rules: &self.rules, renders: &self.renders };
        owner.inflated(entry, engine)
    }
}

impl Owner<'_> {
    /// What Helm makes of an entry; `None` if its chart is not in the tree.
    fn inflated(&self, entry: &Node, engine: Engine<'_>) -> Option<Inflated> {
        let chart = self.chart(entry)?;
        let planned = self.planned(entry, true);
        let name = text(entry, "releaseName").map(str::to_owned);
        let namespace = planned.release.namespace.clone().or_else(|| Some(DEFAULT.to_owned()));
        let release = Release { name, namespace, chart: planned.release.chart.clone() };
        let (mut layers, mut unread) = (Vec::new(), Vec::new());
        for layer in &planned.layers {
            match layer {
                Layer::Inline(node) | Layer::Written(_, node) => layers.push(node.clone()),
                Layer::File(file) => match values_in(self.library, file) {
                    Ok(node) => layers.extend(node),
                    Err(problem) => unread.push(problem),
                },
            }
        }
        let Rendered { mut objects, mut files, problems } =
            engine.rendered(&chart, &release, &layers);
        files.extend(planned.files().cloned());
        // Where it is not rendered, nothing is known of it.
        let at_entry = |Problem { message, help, .. }: Problem| Problem {
            help,
            ..Problem::at(message, entry)
        };
        let problems: Vec<Problem> =
            unread.into_iter().chain(problems.into_iter().map(at_entry)).collect();
        objects.retain(|object| !is_left_out(entry, object));
        if says(entry, "includeCRDs") && problems.is_empty() {
            objects.extend(self.definitions(&chart));
        }
        objects.iter_mut().for_each(|object| object.is_inflated = true);
        Some(Inflated { objects, files, problems })
    }

    /// The definitions of custom resources that a chart comes with, as they are written.
    fn definitions(&self, chart: &TreePath) -> Vec<Object> {
        let mut objects = Vec::new();
        for file in below(self.library, &chart.child("crds")) {
            let Ok(stream) = self.library.stream(file) else { continue };
            stream.documents.iter().for_each(|one| flatten(&one.root, &mut objects));
        }
        objects
    }
}

/// Whether an entry has an object left out: it is a hook, or a test.
fn is_left_out(entry: &Node, object: &Object) -> bool {
    let hooks = object.node.at(&["metadata", "annotations"]);
    let Some(hooks) = hooks.and_then(|all| all.get(HOOK)).and_then(Node::str) else { return false };
    let is_test = hooks.split(',').all(|hook| hook.trim().starts_with("test"));
    says(entry, "skipHooks") || is_test && says(entry, "skipTests")
}

fn says(entry: &Node, key: &str) -> bool {
    entry.get(key).is_some_and(|node| node.reads("true"))
}

/// Where the texts of an object are written.
fn sites(node: &Node, found: &mut BTreeSet<(TreePath, Span)>) {
    found.extend(embed::pieces(node).into_iter().map(|(_, place)| place.near_in_file().site()));
    node.entries().iter().for_each(|entry| sites(&entry.value, found));
    node.items().iter().for_each(|item| sites(item, found));
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::str).filter(|text| !text.is_empty())
}
