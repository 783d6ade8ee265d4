//! The search for what cannot be seen of a repository and may make secrets.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::placeholder::is_name_filled_in;
use crate::k8s::resource::group_of;
use crate::kustomize::load::remote::{is_file, is_remote};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::layout::above;
use crate::repo::root::{Root, RootKind};
use crate::repo::unseen::{Reach, Unseen, What, patched};
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::source::Place;
use crate::text::work;
use crate::tree::Entry;
use crate::yaml::node::Node;

/// Everything that cannot be seen.
pub(super) fn found(repo: &Repo) -> Vec<Unseen> {
    let mut found = Vec::new();
    let (deployed, everywhere) = (Deployed::of(repo), OnceCell::new());
    for (index, root) in repo.roots.iter().enumerate() {
        work::step();
        if deployed.has(root) {
            let (found, own) = (&mut found, OnceCell::new());
            Search { repo, root, index, found, own, everywhere: &everywhere }.run();
        }
    }
    found
}

/// Which roots get into a cluster as they are.
struct Deployed<'r> {
    /// The directories that other roots include, with their environments.
    included: BTreeSet<(Option<EnvironmentId>, &'r TreePath)>,
    of_any: BTreeSet<&'r TreePath>,
    has_builders: bool,
}

impl<'r> Deployed<'r> {
    fn of(repo: &'r Repo) -> Self {
        let (mut included, mut of_any) = (BTreeSet::new(), BTreeSet::new());
        for root in &repo.roots {
            for below in root.directories().iter().filter(|below| **below != root.path) {
                included.insert((root.environment, below));
                of_any.insert(below);
            }
        }
        let has_builders = repo.roots.iter().any(|root| !root.builders.is_empty());
        Self { included, of_any, has_builders }
    }

    fn has(&self, root: &Root) -> bool {
        if !root.builders.is_empty() {
            return true;
        }
        if root.environment.is_some() {
            return !self.included.contains(&(root.environment, &root.path));
        }
        // Where objects configure controllers, what neither they nor an environment have is left over.
        !self.of_any.contains(&root.path)
            && (root.kind != RootKind::Kustomize || !self.has_builders)
    }
}

/// Looks for what cannot be seen in one root.
struct Search<'a> {
    repo: &'a Repo,
    root: &'a Root,
    index: usize,
    found: &'a mut Vec<Unseen>,
    /// The namespaces of the root's objects.
    own: OnceCell<BTreeSet<String>>,
    /// The namespaces of all objects.
    everywhere: &'a OnceCell<Namespaces>,
}

/// Namespaces by the words of their names.
struct Namespaces(BTreeMap<String, BTreeSet<String>>);

impl Search<'_> {
    fn run(&mut self) {
        if self.root.has_failed() {
            self.broken();
        }
        let problems: Vec<&Problem> = self
            .root
            .problems()
            .iter()
            .filter(|problem| problem.partial && problem.hides)
            .collect();
        for problem in problems {
            self.missing(problem);
        }
        self.objects();
        self.variables();
        if self.root.kind == RootKind::Chart && self.repo.layout.charts.contains(&self.root.path) {
            let reach = of_objects(self.root);
            if self.repo.chart_makes_secrets(&self.root.path) {
                self.add(What::Chart, None, named_or(reach, Reach::Own));
            }
        }
    }

    fn add(&mut self, what: What, place: Option<&Place>, reach: Reach) {
        let place = place.map(Place::near_in_file);
        self.found.push(Unseen { root: self.index, what, place, reach });
    }

    /// What something remote or foreign may make, where the kustomization that names it puts it.
    fn missing(&mut self, problem: &Problem) {
        let Some(place) = &problem.place else { return };
        let text = place.text().trim_matches(['"', '\'']);
        let directory = problem.path.parent();
        let kustomization = self.repo.resolver.kustomization(&directory).ok();
        let charts = ["helmCharts", "helmChartInflationGenerator"];
        let chart = kustomization.as_ref().and_then(|one| {
            let mut entries = charts.iter().flat_map(|field| one.items(field));
            entries
                .find(|entry| entry.origin.as_ref().is_some_and(|origin| origin.is(place)))
                .cloned()
        });
        let what = match (&chart, is_remote(text)) {
            (Some(_), _) => What::Chart,
            (None, true) => What::Remote,
            // It follows from something else that is missing.
            (None, false) if !problem.message.contains("plugin") => return,
            (None, false) => What::Plugin,
        };
        let mut reach = self.given(&directory);
        if let Some(namespace) = chart.as_ref().and_then(|chart| chart.get("namespace")?.str()) {
            reach = [namespace.to_owned()].into();
        }
        if what != What::Remote {
            self.add(what, Some(place), named_or(reach, Reach::Own));
            return;
        }
        let is_private = text.contains('@') || text.starts_with("ssh:") || text.contains("secret");
        let patched = patched(self.repo, self.root);
        if is_file(text) && !patched.is_empty() {
            reach = patched;
        } else if is_file(text) {
            // A release file goes into its own namespace.
            let like = Namespaces::of(reach.iter().cloned()).like(text);
            reach = if like.is_empty() { reach } else { like };
        }
        // What somebody publishes goes into a namespace that is called like it.
        if reach.is_empty() && (is_file(text) || !is_private) {
            let all = || self.repo.roots.iter().flat_map(|root| of_objects(root));
            reach = self.everywhere.get_or_init(|| Namespaces::of(all())).like(text);
        }
        let open = if is_private && !is_file(text) { Reach::Every } else { Reach::Own };
        self.add(what, Some(place), named_or(reach, open));
    }

    /// The namespace that the kustomizations from the root down to a directory give their objects, the outermost one that
    /// gives any; else those that the objects have anyway.
    fn given(&self, directory: &TreePath) -> BTreeSet<String> {
        let of = |directory: &TreePath| {
            let one = self.repo.resolver.kustomization(directory).ok()?;
            Some(one.text("namespace")?.0.to_owned())
        };
        let is_built = |up: &TreePath| self.root.directories().contains(up);
        let mut down: Vec<TreePath> = above(directory).filter(is_built).collect();
        down.push(self.root.path.clone());
        let given = down.iter().rev().find_map(of);
        if let Some(namespace) = given.filter(|_| self.root.kind == RootKind::Kustomize) {
            return [namespace].into();
        }
        let by_builder = self.root.builders.iter().filter_map(|one| one.target());
        let mut all: BTreeSet<String> = by_builder.map(str::to_owned).collect();
        let inner = self.repo.root_at(directory).filter(|one| one.path != self.root.path);
        let inner = inner.map(|inner| of_objects(inner)).filter(|one| !one.is_empty());
        let own = || self.own.get_or_init(|| of_objects(self.root)).clone();
        all.extend(inner.unwrap_or_else(own));
        all
    }

    /// What a root that does not build may make.
    fn broken(&mut self) {
        let faults: Vec<&Problem> =
            self.root.problems().iter().filter(|one| !one.partial).collect();
        for fault in faults {
            if self.root.kind != RootKind::Kustomize {
                let file = fault.path.clone();
                self.add(What::Broken, fault.place.as_ref(), Reach::Spelled(file));
                continue;
            }
            let missing = missing_file(fault);
            // A script or a certificate is no manifest.
            if missing.is_some_and(|file| file.contains('.') && !is_file(file)) {
                continue;
            }
            let directory = fault.path.parent();
            let mut reach = self.given(&directory);
            let files = self.root.files().iter().filter(|file| file.is_within(&directory));
            for file in files.filter(|_| reach.is_empty()).collect::<Vec<_>>() {
                if let Ok(stream) = self.repo.library.stream(file) {
                    let documents = stream.documents.iter();
                    let own =
                        documents.filter_map(|one| one.root.at(&["metadata", "namespace"])?.str());
                    reach.extend(own.map(str::to_owned));
                }
            }
            self.add(What::Broken, fault.place.as_ref(), named_or(reach, Reach::Own));
        }
    }

    /// The charts and foreign directories that objects hand to the cluster.
    fn objects(&mut self) {
        for object in self.root.objects() {
            let node = &object.node;
            let own = || object.namespace().or(self.root.namespace.as_deref());
            let (what, namespace) = match (group_of(node), object.kind()) {
                ("helm.toolkit.fluxcd.io", "HelmRelease") => {
                    if !self.is_foreign_chart(release_chart(node)) {
                        continue;
                    }
                    (What::Chart, text(node, &["spec", "targetNamespace"]).or_else(own))
                }
                ("helm.cattle.io", "HelmChart") => {
                    (What::Chart, text(node, &["spec", "targetNamespace"]).or_else(own))
                }
                ("argoproj.io", "Application") => {
                    let Some(what) = node.get("spec").and_then(|spec| self.of_sources(spec)) else {
                        continue;
                    };
                    (what, text(node, &["spec", "destination", "namespace"]))
                }
                ("argoproj.io", "ApplicationSet") => {
                    let spec = node.at(&["spec", "template", "spec"]);
                    let Some(what) = spec.and_then(|spec| self.of_sources(spec)) else { continue };
                    (what, text(node, &["spec", "template", "spec", "destination", "namespace"]))
                }
                _ => continue,
            };
            let place = node.at(&["metadata", "name"]).and_then(|name| name.origin.clone());
            let reach = namespace.map_or(Reach::Every, |one| Reach::Named([one.to_owned()].into()));
            self.add(what, place.as_ref(), reach);
        }
    }

    /// What an Application takes that is not here; `None` if all of it is.
    fn of_sources(&self, spec: &Node) -> Option<What> {
        let list = spec.get("sources").map_or(&[][..], Node::items);
        let one = spec.get("source").filter(|_| list.is_empty());
        let mut what = None;
        for source in list.iter().chain(one) {
            // Such a source lends its files to others.
            if source.get("ref").is_some() && source.get("path").is_none() {
                continue;
            }
            if source.get("chart").is_some() {
                return Some(What::Chart);
            }
            let path = text(source, &["path"])
                .and_then(|path| TreePath::new(path.trim_start_matches('/')));
            let Some(path) = path else { continue };
            if self.repo.layout.charts.contains(&path) {
                if self.repo.chart_makes_secrets(&path) {
                    return Some(What::Chart);
                }
            } else if !is_name_filled_in(path.as_str()) && !self.repo.has_directory(&path) {
                what = Some(What::Elsewhere);
            }
        }
        what
    }

    /// Whether the templates of a chart are not here, or make secrets.
    fn is_foreign_chart(&self, path: Option<TreePath>) -> bool {
        let local = path.filter(|path| self.repo.layout.charts.contains(path));
        local.is_none_or(|path| self.repo.chart_makes_secrets(&path))
    }

    /// Objects that make secrets whose name or namespace is not known.
    fn variables(&mut self) {
        for provider in &self.root.providers {
            let name = provider.secret();
            let namespace = self.root.namespace_of_provider(provider);
            if is_name_filled_in(name) || namespace.is_some_and(is_name_filled_in) {
                let place = provider.near();
                let (name, namespace) = (name.to_owned(), namespace.map(str::to_owned));
                self.add(What::Variable, place.as_ref(), Reach::Like { name, namespace });
            }
        }
    }
}

/// The namespaces of a root's objects, and those that it makes. A role lets somebody into a namespace, and is no sign of more.
fn of_objects(root: &Root) -> BTreeSet<String> {
    let own = root.objects().iter().filter_map(|object| match object.kind() {
        "Namespace" => Some(object.name()),
        "Role" | "RoleBinding" => None,
        _ => object.namespace(),
    });
    own.chain(root.namespace.as_deref()).map(str::to_owned).collect()
}

/// The file that is not there, as a problem names it.
fn missing_file(problem: &Problem) -> Option<&str> {
    let name = problem.message.strip_prefix('`')?.strip_suffix("` does not exist")?;
    Some(name.rsplit_once('/').map_or(name, |(_, name)| name))
}

/// The words of a text that tell one thing from another.
fn telling(text: &str) -> impl Iterator<Item = String> {
    const COMMON: [&str; 8] = [
        "download",
        "github",
        "githubusercontent",
        "https",
        "main",
        "master",
        "release",
        "releases",
    ];
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
    words.filter(|word| word.len() >= SHORTEST && !COMMON.contains(&&**word))
}

/// The length of the shortest word that tells something.
const SHORTEST: usize = 4;

impl Namespaces {
    fn of(names: impl Iterator<Item = String>) -> Self {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for name in names {
            for word in telling(&name) {
                all.entry(word).or_default().insert(name.clone());
            }
        }
        Self(all)
    }

    /// Those that are called like something in a URL: `tekton-pipelines` like `github.com/tektoncd/pipeline`.
    fn like(&self, url: &str) -> BTreeSet<String> {
        let words: Vec<String> = telling(url).collect();
        let starts = words.iter().flat_map(|word| (SHORTEST..=word.len()).map(|end| &word[..end]));
        starts.filter_map(|start| self.0.get(start)).flatten().cloned().collect()
    }
}

fn named_or(names: BTreeSet<String>, other: Reach) -> Reach {
    if names.is_empty() { other } else { Reach::Named(names) }
}

fn text<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n str> {
    node.at(keys).and_then(Node::str).filter(|text| !text.is_empty())
}

/// The directory of a release's chart, if it comes from a Git repository.
fn release_chart(node: &Node) -> Option<TreePath> {
    let kind = text(node, &["spec", "chart", "spec", "sourceRef", "kind"])?;
    let path = text(node, &["spec", "chart", "spec", "chart"])?;
    TreePath::root().join(path).filter(|_| kind == "GitRepository")
}

impl Repo {
    pub(super) fn has_directory(&self, path: &TreePath) -> bool {
        matches!(self.library.tree().entry(path), Ok((_, Entry::Directory)))
    }

    /// Whether a chart of the tree may make secrets: one of its templates does, or it takes in a chart that is not here.
    fn chart_makes_secrets(&self, chart: &TreePath) -> bool {
        const KINDS: [&str; 2] = ["Secret", "Certificate"];
        let tree = self.library.tree();
        let is_maker = |file: &TreePath| {
            tree.source(file).is_ok_and(|source| {
                let kinds =
                    source.text().lines().filter_map(|line| line.trim().strip_prefix("kind:"));
                kinds.into_iter().any(|kind| KINDS.iter().any(|known| kind.contains(known)))
            })
        };
        let first = chart.child("");
        let start = tree.files().partition_point(|file| *file < first);
        let mut files = tree.files()[start..].iter().take_while(|file| file.is_within(chart));
        let is_here = |entry: &Node| {
            let name = entry.get("name").and_then(Node::str).unwrap_or_default();
            self.has_directory(&chart.child("charts").child(name))
        };
        let needs = ["Chart.yaml", "Chart.yml", "requirements.yaml"].iter().any(|name| {
            let stream = self.library.stream(&chart.child(name)).ok();
            let root = stream.as_ref().and_then(|stream| Some(&stream.documents.first()?.root));
            let needed =
                root.and_then(|root| root.get("dependencies")).map_or(&[][..], Node::items);
            !needed.iter().all(is_here)
        });
        needs || files.any(|file| file.parts().any(|part| part == "templates") && is_maker(file))
    }
}
