//! What builds a directory in life: a Flux `Kustomization`, or an Argo CD `Application`.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::builders::argo::{self, Listing};
use crate::builders::flux::FluxKustomization;
use crate::builders::substitute::is_written_alike;
use crate::builders::template::Failure;
use crate::builders::values::Release;
use crate::config::glob::PathGlob;
use crate::kustomize::model::build::{Build, Status};
use crate::kustomize::model::object::Object;
use crate::repo::layout::{Layout, above};
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::source::Place;
use crate::text::work;
use crate::yaml::library::Library;
use crate::yaml::node::Node;

/// What builds a directory, by an object of the repository.
#[derive(Debug)]
pub struct Builder {
    /// `Kustomization`, `Application` or `HelmRelease`.
    pub kind: &'static str,
    /// The namespace of the object.
    pub namespace: Option<String>,
    /// The name of the object.
    pub name: String,
    /// Where the name is written.
    pub origin: Option<Place>,
    /// The directory that it builds.
    pub(super) directory: TreePath,
    pub(super) way: Way,
    /// The object, or the template that an ApplicationSet filled in.
    node: Node,
}

/// What Argo CD calls the cluster that it runs in.
pub const HOME: &str = "in-cluster";

/// What tells a builder from others: kind, namespace and name.
pub(super) type BuilderKey<'b> = (&'static str, Option<&'b str>, &'b str);

/// How it builds.
#[derive(Debug)]
pub(super) enum Way {
    /// As Flux does.
    Flux(Box<FluxKustomization>),
    /// As Argo CD does.
    Argo {
        source: Box<argo::Source>,
        /// The namespace of objects that set none.
        destination: Option<String>,
        /// The cluster's name.
        cluster: Option<String>,
    },
    /// As Flux installs a chart: in which namespace.
    Helm(Option<String>),
}

/// The builders that some objects configure.
#[derive(Debug, Clone, Default)]
pub(super) struct Builders {
    pub(super) all: Arc<[Arc<Builder>]>,
    /// Whether some of them follow from which directories and files there are.
    pub(super) lists_files: bool,
}

impl Builders {
    /// The same, with those from before that are written alike.
    pub(super) fn like(self, before: &Self) -> Self {
        let is_known = |one: &&Arc<Builder>| before.all.iter().any(|old| Arc::ptr_eq(old, one));
        if before.all.is_empty() || self.all.iter().all(|one| is_known(&one)) {
            return self;
        }
        let mut old: BTreeMap<_, Vec<&Arc<Builder>>> = BTreeMap::new();
        for one in &*before.all {
            old.entry((one.key(), &one.directory)).or_default().push(one);
        }
        let same = |one: &Arc<Builder>| {
            let known = old.get(&(one.key(), &one.directory)).into_iter().flatten();
            let mut known = known.filter(|known| is_written_alike(&known.node, &one.node));
            known.next().map_or_else(|| Arc::clone(one), |known| Arc::clone(known))
        };
        Self { all: self.all.iter().map(same).collect(), ..self }
    }
}

/// What is in a tree, and what was asked of it.
struct Asked<'l> {
    listing: &'l TreeListing<'l>,
    is_listed: Cell<bool>,
    files: RefCell<BTreeSet<TreePath>>,
}

impl Listing for Asked<'_> {
    fn directories(&self, pattern: &str) -> Vec<TreePath> {
        self.is_listed.set(true);
        self.listing.directories(pattern)
    }

    fn files(&self, pattern: &str) -> Vec<(TreePath, Vec<Node>)> {
        self.is_listed.set(true);
        let files = self.listing.files(pattern);
        self.files.borrow_mut().extend(files.iter().map(|(path, _)| path.clone()));
        files
    }
}

impl Builders {
    /// Those that the objects of a build configure. What keeps others from being known becomes a problem of the build.
    pub(super) fn of(build: Arc<Build>, listing: &TreeListing<'_>) -> (Self, Arc<Build>) {
        let asked = Asked { listing, is_listed: Cell::new(false), files: RefCell::default() };
        let (mut all, mut problems) = (Vec::new(), Vec::new());
        for object in &*build.objects {
            let Some((made, failures)) = Builder::configured_by(object, &asked) else { continue };
            all.extend(made.into_iter().map(Arc::new));
            let what = format!("ApplicationSet `{}`", object.name());
            let problem = |failure: Failure| {
                let message = format!("{what}: {failure}");
                Problem::at(message, &object.node).as_partial().hiding_nothing()
            };
            problems.extend(failures.into_iter().map(problem));
        }
        let (files, lists_files) = (asked.files.into_inner(), asked.is_listed.get());
        let builders = Self { all: all.into(), lists_files };
        if problems.is_empty() && files.is_empty() {
            return (builders, build);
        }
        let mut build = Arc::unwrap_or_clone(build);
        build.files.extend(files);
        if !problems.is_empty() && build.status == Status::Resolved {
            build.status = Status::Partial;
        }
        build.problems.extend(problems);
        (builders, Arc::new(build))
    }
}

impl Builder {
    /// The builders that an object configures, and why others are not known; `None` if it is of another kind.
    pub(super) fn configured_by(
        object: &Object,
        listing: &dyn Listing,
    ) -> Option<(Vec<Self>, Vec<Failure>)> {
        if let Some(flux) = FluxKustomization::read(object) {
            work::count("builder read");
            return Some((vec![Self::flux(object, flux)], Vec::new()));
        }
        let (made, failures) = argo::applications(object, listing)?;
        let all = made.into_iter().flat_map(|one| Self::argo(object, one));
        Some((all.collect(), failures))
    }

    /// What a `Kustomization` of Flux is.
    pub(super) fn flux(object: &Object, flux: FluxKustomization) -> Self {
        Self {
            kind: "Kustomization",
            namespace: flux.namespace.clone(),
            name: flux.name.clone(),
            origin: name_of(&object.node),
            directory: flux.path.clone(),
            way: Way::Flux(Box::new(flux)),
            node: object.node.clone(),
        }
    }

    /// One for each source that is a directory.
    pub(super) fn argo(object: &Object, one: argo::Application) -> impl Iterator<Item = Self> {
        let origin = name_of(&object.node);
        let namespace = object.namespace().map(str::to_owned);
        let argo::Application { name, destination, cluster, sources, node } = one;
        let sources = sources.into_iter().filter_map(|source| Some((source.path.clone()?, source)));
        sources.map(move |(directory, source)| Self {
            kind: "Application",
            namespace: namespace.clone(),
            name: name.clone(),
            origin: origin.clone(),
            directory,
            way: Way::Argo {
                source: Box::new(source),
                destination: destination.clone(),
                cluster: cluster.clone(),
            },
            node: node.clone(),
        })
    }

    /// What installs a chart.
    pub(super) fn helm(object: &Object, release: &Release, chart: &TreePath) -> Self {
        Self {
            kind: "HelmRelease",
            namespace: object.namespace().map(str::to_owned),
            name: object.name().to_owned(),
            origin: name_of(&object.node),
            directory: chart.clone(),
            way: Way::Helm(release.namespace.clone()),
            node: object.node.clone(),
        }
    }

    /// The directory that it builds.
    #[must_use]
    pub const fn directory(&self) -> &TreePath {
        &self.directory
    }

    /// The cluster that it deploys to, by name or address, where it says so.
    #[must_use]
    pub fn cluster(&self) -> Option<&str> {
        match &self.way {
            Way::Argo { cluster, .. } => cluster.as_deref(),
            Way::Flux(_) | Way::Helm(_) => None,
        }
    }

    /// The cluster that it deploys to, by name or address, where that is another one than its own.
    #[must_use]
    pub fn destination(&self) -> Option<&str> {
        match &self.way {
            Way::Argo { .. } => destination_of(&self.node),
            Way::Flux(_) | Way::Helm(_) => ["secretRef", "configMapRef"]
                .iter()
                .find_map(|how| self.node.at(&["spec", "kubeConfig", how, "name"])?.str()),
        }
    }

    /// What tells it from others; the same one may be seen by way of several kustomizations.
    pub(super) fn key(&self) -> BuilderKey<'_> {
        (self.kind, self.namespace.as_deref(), &self.name)
    }

    /// The file that its object is written in.
    pub(super) fn file(&self) -> Option<TreePath> {
        Some(self.origin.as_ref()?.near_in_file().source.path().clone())
    }

    /// The namespace that it gives objects that set none.
    pub(super) fn target(&self) -> Option<&str> {
        let target = match &self.way {
            Way::Flux(flux) => flux.target_namespace.as_deref(),
            Way::Argo { destination, .. } => destination.as_deref(),
            Way::Helm(namespace) => namespace.as_deref(),
        };
        // A search for one letter is much cheaper, and most texts have none.
        let is_open = |text: &str| text.contains("{{") || text.contains("${");
        target.filter(|text| !text.contains('{') || !is_open(text))
    }
}

/// The cluster that an Application deploys to, by name or address, where that is another one than its own.
#[must_use]
pub fn destination_of(application: &Node) -> Option<&str> {
    let text = |key: &str| application.at(&["spec", "destination", key]).and_then(Node::str);
    let is_set = |text: &&str| !text.is_empty() && !text.contains("{{");
    if let Some(name) = text("name").filter(is_set) {
        return (name != HOME).then_some(name);
    }
    let server = text("server").filter(is_set)?;
    let (_, host) = server.split_once("://").unwrap_or(("", server));
    let host = host.trim_end_matches('/');
    (!host.is_empty() && !host.starts_with("kubernetes.default.svc")).then_some(host)
}

/// Where the name of an object is written.
pub(super) fn name_of(node: &Node) -> Option<Place> {
    let name = node.at(&["metadata", "name"]).and_then(|name| name.origin.clone());
    name.or_else(|| node.origin.clone())
}

/// The directories and files of a tree, for generators that list them.
pub(super) struct TreeListing<'l> {
    layout: &'l Layout,
    library: &'l Library,
    directories: OnceLock<BTreeSet<TreePath>>,
}

impl<'l> TreeListing<'l> {
    pub(super) const fn new(layout: &'l Layout, library: &'l Library) -> Self {
        Self { layout, library, directories: OnceLock::new() }
    }

    fn known(&self) -> &BTreeSet<TreePath> {
        self.directories.get_or_init(|| {
            let files = self.layout.kustomizations.values().chain(self.layout.files.iter());
            let charts = self.layout.charts.iter().cloned();
            let parents: BTreeSet<TreePath> = files.map(TreePath::parent).chain(charts).collect();
            let mut all = BTreeSet::new();
            for parent in parents {
                for up in above(&parent) {
                    if !all.insert(up) {
                        break;
                    }
                }
            }
            all
        })
    }
}

/// Whether a pattern matches a whole path.
fn fits(pattern: &PathGlob, path: &TreePath) -> bool {
    pattern.matched(path).as_ref() == Some(path)
}

impl Listing for TreeListing<'_> {
    fn directories(&self, pattern: &str) -> Vec<TreePath> {
        let Ok(pattern) = PathGlob::parse(pattern) else { return Vec::new() };
        // Argo CD does not look into hidden directories.
        let is_hidden = |path: &TreePath| path.parts().any(|part| part.starts_with('.'));
        let known = self.known().iter().filter(|path| !is_hidden(path) && fits(&pattern, path));
        known.cloned().collect()
    }

    fn files(&self, pattern: &str) -> Vec<(TreePath, Vec<Node>)> {
        let Ok(pattern) = PathGlob::parse(pattern) else { return Vec::new() };
        let files = self.library.tree().manifests().iter().filter(|path| fits(&pattern, path));
        let read = |path: &TreePath| {
            let stream = self.library.stream(path).ok();
            let documents =
                stream.map(|one| one.documents.iter().map(|one| one.root.clone()).collect());
            (path.clone(), documents.unwrap_or_default())
        };
        files.map(read).collect()
    }
}
