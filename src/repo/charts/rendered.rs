//! Charts of the tree as Helm renders them, with the place of each name.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::builders::render::{self, Chart, Renders, documents, laid_over};
use crate::builders::values::Release;
use crate::k8s::references::field_rule::FieldRule;
use crate::k8s::resource::kind_of;
use crate::k8s::secret_name::check;
use crate::k8s::{providers, references};
use crate::kustomize::model::build::Build;
use crate::kustomize::model::object::Object;
use crate::repo::charts::beside::is_beside;
use crate::repo::charts::marking::{Ground, Mark, marked_file, marked_values, marks, traced};
use crate::repo::charts::texts::OWN_VALUES;
use crate::repo::charts::{Layer, Planned, Problems};
use crate::repo::loader::Loader;
use crate::repo::plain::flatten;
use crate::repo::releases::add_problems;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::source::{Source, Spelling};
use crate::text::visible::one_line;
use crate::yaml::library::Library;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::parse::parse;

/// The name of a release that nothing names: Helm's own.
pub(in crate::repo) const UNNAMED: &str = "release-name";

/// The namespace of such a release.
const NOWHERE: &str = "release-namespace";

/// Helm's own namespace.
const DEFAULT: &str = "default";

/// How large the files of a chart may be together.
const LARGEST: usize = 64 << 20;

/// How often a chart is rendered at most to find where its names are written.
const MOST: usize = 8;

/// How much of a message is quoted.
const LONGEST: usize = 400;

const BY_VALUES: &str = "names are read in the values by their keys; `helm template` with the same values shows the error in full";

/// What Helm makes of a chart.
#[derive(Default)]
pub(in crate::repo) struct Rendered {
    pub(in crate::repo) objects: Vec<Object>,
    /// The texts of the chart that it reads.
    pub(in crate::repo) files: BTreeSet<TreePath>,
    pub(in crate::repo) problems: Problems,
}

/// A file of a chart.
type ChartFile = (TreePath, Arc<[u8]>);

/// What charts are rendered with.
#[derive(Clone, Copy)]
pub(super) struct Engine<'a> {
    pub(super) library: &'a Library,
    /// The fields that name a secret according to `rotate.yaml`.
    pub(super) rules: &'a [FieldRule],
    pub(super) renders: &'a Renders,
}

/// A chart that is rendered.
struct Rendering<'a> {
    engine: Engine<'a>,
    path: &'a TreePath,
    files: Vec<ChartFile>,
    values: Node,
    release: &'a str,
    namespace: &'a str,
    /// How often it may be rendered again.
    left: Cell<usize>,
}

impl Loader<'_> {
    /// The objects that Helm makes of a release whose chart is in the tree.
    pub(super) fn rendered_of(&self, planned: &Planned, build: &mut Build) -> Vec<Object> {
        let Some(chart) = &planned.chart else { return Vec::new() };
        let layer = |layer: &Layer| match layer {
            Layer::Inline(node) | Layer::Written(_, node) => Some(node.clone()),
            // What cannot be read is reported with the values.
            Layer::File(file) => self.values_in(file).ok().flatten(),
        };
        let layers: Vec<Node> = planned.layers.iter().filter_map(layer).collect();
        let Rendered { mut objects, files, problems } =
            self.rendered(chart, &planned.release, &layers);
        // One root has several releases, each with a namespace of its own.
        if let (None, Some(namespace)) = (&planned.builder, &planned.release.namespace) {
            objects.iter_mut().for_each(|object| install(object, namespace));
        }
        build.files.extend(files);
        add_problems(build, problems);
        objects
    }

    /// What Helm makes of a chart with these values, those that win last; nothing if it is not to be asked.
    pub(in crate::repo) fn rendered(
        &self,
        chart: &TreePath,
        release: &Release,
        layers: &[Node],
    ) -> Rendered {
        self.engine().map(|engine| engine.rendered(chart, release, layers)).unwrap_or_default()
    }

    /// What charts are rendered with, if they are to be.
    pub(super) fn engine(&self) -> Option<Engine<'_>> {
        Some(Engine { library: self.library, rules: self.rules, renders: self.renders? })
    }
}

impl Engine<'_> {
    /// What Helm makes of a chart with these values, those that win last.
    pub(super) fn rendered(
        &self,
        chart: &TreePath,
        release: &Release,
        layers: &[Node],
    ) -> Rendered {
        let problem = |message: String| {
            let problem = Problem::of(message, chart).as_partial().hiding_nothing();
            vec![problem.with_help(BY_VALUES)]
        };
        let name = release.name.as_deref().unwrap_or(UNNAMED);
        let is_known = release.name.is_some();
        let namespace = release.namespace.as_deref();
        let namespace = namespace.unwrap_or(if is_known { DEFAULT } else { NOWHERE });
        if let Some(wrong) = [name, namespace].into_iter().find(|text| check(text).is_err()) {
            let message =
                format!("`{}` cannot be the name of a release or a namespace", one_line(wrong));
            return Rendered { problems: problem(message), ..Rendered::default() };
        }
        let files = match self.files_of(chart) {
            Ok(files) => files,
            Err(message) => return Rendered { problems: problem(message), ..Rendered::default() },
        };
        let values =
            layers.iter().fold(Node::map(Provenance::Generated), |all, more| laid_over(&all, more));
        let left = Cell::new(MOST);
        let path = chart;
        let rendering =
            Rendering { engine: *self, path, files, values, release: name, namespace, left };
        match rendering.run() {
            Ok(rendered) => rendered,
            Err(message) => Rendered { problems: problem(message), ..Rendered::default() },
        }
    }

    /// The files of a chart that Git would not ignore.
    fn files_of(&self, chart: &TreePath) -> Result<Vec<ChartFile>, String> {
        let tree = self.library.tree();
        let all = tree.files();
        let start = all.partition_point(|file| file < chart);
        let below = all[start..].iter().filter(|file| file.is_within(chart));
        let (mut files, mut size) = (Vec::new(), 0);
        for file in below {
            let bytes = tree.bytes(file).map_err(|error| error.to_string())?;
            size += bytes.len();
            if size > LARGEST {
                return Err(format!("the files of the chart are larger than {LARGEST} bytes"));
            }
            files.push((file.clone(), bytes));
        }
        Ok(files)
    }
}

impl Rendering<'_> {
    fn run(&self) -> Result<Rendered, String> {
        let text = self.text(&[])?;
        let (objects, problems) = self.objects(&text);
        let mut rendered = Rendered { objects, problems, files: BTreeSet::new() };
        let names = self.names(&rendered.objects);
        let texts = self.texts();
        rendered.files.extend(texts.iter().map(|(_, source)| source.path().clone()));
        let ground = Ground { values: &self.values, files: &texts, names: &names, rendered: &text };
        self.trace(&mut rendered.objects, &marks(&ground));
        Ok(rendered)
    }

    /// What Helm prints, with some places marked.
    fn text(&self, marks: &[Mark]) -> Result<Arc<str>, String> {
        let inside = |file: &TreePath| {
            let rest = file.as_str().strip_prefix(self.path.as_str()).unwrap_or_default();
            rest.trim_start_matches('/').to_owned()
        };
        let file = |(number, (path, bytes)): (usize, &ChartFile)| {
            let marked = marked_file(number, marks).map(|text| Arc::from(text.into_bytes()));
            (inside(path), marked.unwrap_or_else(|| Arc::clone(bytes)))
        };
        let chart = Chart {
            files: self.files.iter().enumerate().map(file).collect(),
            values: render::text(&marked_values(&self.values, marks)),
            release: self.release.to_owned(),
            namespace: self.namespace.to_owned(),
        };
        self.engine.renders.of(chart).map_err(|said| {
            let said: String = said.trim().chars().take(LONGEST).collect();
            format!("`helm template` fails: {}", one_line(&said))
        })
    }

    /// The objects in what Helm prints.
    fn objects(&self, text: &str) -> (Vec<Object>, Problems) {
        let (mut objects, mut problems) = (Vec::new(), Vec::new());
        for document in documents(text) {
            let inside = document.template.and_then(|path| path.split_once('/'));
            let path = inside.and_then(|(_, rest)| self.path.join(rest));
            let path = path.unwrap_or_else(|| self.path.clone());
            let outer = self.engine.library.tree().source(&path);
            let outer = outer.unwrap_or_else(|_| Source::file(path.clone(), ""));
            let source = Source::inside(&outer, document.text, Vec::new(), Spelling::default());
            match parse(&source) {
                Ok(stream) => {
                    let roots = stream.documents.iter().map(|document| &document.root);
                    roots.for_each(|root| flatten(root, &mut objects));
                }
                Err(error) => {
                    let message = format!("what Helm renders of it does not parse: {error}");
                    let problem = Problem::of(message, &path).as_partial().hiding_nothing();
                    problems.push(problem.with_help(BY_VALUES));
                }
            }
        }
        objects.iter_mut().for_each(settle);
        (objects, problems)
    }

    /// The names of secrets in some objects.
    fn names(&self, objects: &[Object]) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for object in objects {
            let named = references::find(&object.node, self.engine.rules).into_iter();
            names.extend(named.map(|found| found.secret));
            names.extend(providers::find(&object.node).into_iter().map(|one| one.secret));
        }
        names
    }

    /// The texts of the chart in which names may be written, each with its number among the files. Its values are known.
    fn texts(&self) -> Vec<(usize, Arc<Source>)> {
        let is_own = |file: &TreePath| {
            let is_own = file.parent() == *self.path && OWN_VALUES.contains(&file.name());
            is_own || is_beside(self.path, file) && !file.name().starts_with("Chart.")
        };
        let tree = self.engine.library.tree();
        let files = self.files.iter().enumerate().filter(|(_, (file, _))| !is_own(file));
        let source =
            |(number, (file, _)): (usize, &ChartFile)| Some((number, tree.source(file).ok()?));
        files.filter_map(source).collect()
    }

    /// Finds where the scalars of some objects are written. Where marks keep the chart from being rendered, or make other objects of
    /// it, half of them are tried.
    fn trace(&self, objects: &mut [Object], marks: &[Mark]) {
        if marks.is_empty() || self.left.get() == 0 {
            return;
        }
        self.left.set(self.left.get() - 1);
        let marked = self.text(marks).ok().map(|text| self.objects(&text).0);
        match marked.filter(|marked| are_alike(objects, marked)) {
            Some(marked) => {
                for (object, marked) in objects.iter_mut().zip(&marked) {
                    object.node = traced(&object.node, &marked.node, marks);
                }
            }
            None if marks.len() > 1 => {
                let (first, second) = marks.split_at(marks.len() / 2);
                self.trace(objects, first);
                self.trace(objects, second);
            }
            None => {}
        }
    }
}

/// Puts an object that sets no namespace into one.
fn install(object: &mut Object, namespace: &str) {
    if object.namespace().is_none()
        && !object.identity().is_cluster_scoped()
        && let Some(metadata) = object.node.get_mut("metadata")
    {
        metadata.set("namespace", Node::string(namespace, Provenance::Generated));
    }
}

/// Whether two renderings have the same objects, whatever they are called.
fn are_alike(objects: &[Object], others: &[Object]) -> bool {
    let kind = |object: &Object| (object.api_version().to_owned(), object.kind().to_owned());
    objects.len() == others.len()
        && objects.iter().zip(others).all(|(one, other)| kind(one) == kind(other))
}

/// Makes an object of what Helm prints: no file spells it, no value of a Secret is kept, and a namespace that is not known is none.
fn settle(object: &mut Object) {
    object.node.mark(Provenance::Generated);
    if let Some(metadata) = object.node.get_mut("metadata")
        && metadata.get("namespace").is_some_and(|namespace| namespace.reads(NOWHERE))
    {
        metadata.remove("namespace");
    }
    if kind_of(&object.node) != "Secret" {
        return;
    }
    for field in ["data", "stringData"] {
        let Some(values) = object.node.get_mut(field).and_then(Node::map_mut) else { continue };
        for entry in &mut values.entries {
            entry.value = Node::string("", Provenance::Generated);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crate::builders::render::{Chart, Renderer, Renders};
    use crate::repo::testing::{deployment, path, tree};
    use crate::repo::{Repo, Scope};
    use crate::tree::Tree;
    use crate::tree::memory::MemoryTree;

    /// Renders a Deployment that takes its secret from the value `login`, and one that takes it from the template.
    struct Fake(Arc<AtomicUsize>);

    impl Renderer for Fake {
        fn render(&self, chart: &Chart) -> Result<String, String> {
            self.0.fetch_add(1, Ordering::Relaxed);
            let value = chart.values.split("\"login\": \"").nth(1).ok_or("no login")?;
            let value = value.split('"').next().unwrap_or_default();
            let template = chart.files.iter().find(|(file, _)| file == "templates/name.yaml");
            let template = template.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
            let template = template.unwrap_or_default();
            let (one, other) = (deployment("web", value), deployment("job", template.trim()));
            Ok(format!("---\n# Source: web/templates/name.yaml\n{one}---\n{other}"))
        }
    }

    fn seen(repo: &Repo) -> Vec<String> {
        let of_root = |root: &Arc<crate::repo::root::Root>| {
            let environment = root.environment.map(|at| repo.environments[at].name.clone());
            let named = root.references.iter().map(|one| {
                let place = one.place().map(|place| format!("{place:?}"));
                format!("{} {place:?}", one.secret())
            });
            let named: Vec<String> = named.collect();
            format!("{} {environment:?} {:?} {named:?}", root.path, root.status())
        };
        repo.roots.iter().map(of_root).collect()
    }

    /// A changed tree is rendered as if it were loaded anew, and nothing is rendered twice.
    #[test]
    fn a_changed_tree_is_rendered_as_if_anew() {
        let count = Arc::new(AtomicUsize::new(0));
        let renders = || Some(Arc::new(Renders::new(Box::new(Fake(Arc::clone(&count))))));
        let files = [
            ("web/Chart.yaml", "apiVersion: v2\nname: web\n"),
            ("web/templates/name.yaml", "tls-20250602090000\n"),
            ("web/values.yaml", "login: none\n"),
            ("web/values-staging.yaml", "login: db-20250602090000\n"),
            ("web/values-production.yaml", "login: db-20250601090000\n"),
        ];
        let mut now: Arc<dyn Tree> = tree(&files);
        let load = |tree: &Arc<dyn Tree>| {
            Repo::load_rendering(Arc::clone(tree), None, Scope::Everything, renders()).unwrap()
        };
        let mut repo = load(&now);
        let begin = seen(&repo);
        assert!(begin[0].contains("web/values-staging.yaml:7..24"), "{begin:#?}");
        assert!(begin[0].contains("web/templates/name.yaml:0..18"), "{begin:#?}");
        // With their marks, both environments have the same values.
        assert_eq!(count.load(Ordering::Relaxed), 3);
        let changes: [(&str, &str, usize); 4] = [
            ("web/values-staging.yaml", "login: db-20250603090000\n", 3),
            ("web/values-staging.yaml", "{}\n", 4),
            ("web/templates/name.yaml", "tls-20250603090000\n", 2),
            ("web/values-staging.yaml", "other: x\n", 4),
        ];
        for (file, text, renderings) in changes {
            let change = [(path(file), Some(text.as_bytes().to_vec()))];
            now = Arc::new(MemoryTree::over(now, change));
            let before = count.load(Ordering::Relaxed);
            repo = repo.reload(Arc::clone(&now), &BTreeSet::from([path(file)])).unwrap();
            assert_eq!(count.load(Ordering::Relaxed) - before, renderings, "{file} {text}");
            assert_eq!(seen(&repo), seen(&load(&now)), "{file} {text}");
        }
        // The past is read by the values alone.
        let before = count.load(Ordering::Relaxed);
        let plain = Repo::load(Arc::clone(&now), None, Scope::Everything).unwrap();
        assert_eq!(seen(repo.unrendered()), seen(&plain));
        assert_eq!(count.load(Ordering::Relaxed), before);
    }
}
