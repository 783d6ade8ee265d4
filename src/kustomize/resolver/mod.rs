//! The kustomizations of a tree, each resolved once no matter how many others include it.

pub mod accumulator;
mod faults;
pub mod inflate;
pub mod links;
pub mod plugins;
pub mod target;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::kustomize::generate::hash;
use crate::kustomize::load::kustomization::{self, Kustomization, Overrides};
use crate::kustomize::model::annotations::settle;
use crate::kustomize::model::build::{Build, Layer, Status};
use crate::kustomize::model::object::Object;
use crate::kustomize::model::record::Record;
use crate::kustomize::resolver::accumulator::Accumulator;
use crate::kustomize::resolver::inflate::Inflate;
use crate::kustomize::resolver::links::Links;
use crate::kustomize::resolver::target::Target;
use crate::kustomize::transform::back_references;
use crate::kustomize::transform::vars;
use crate::text::memo::Memo;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::tree::Entry;
use crate::yaml::library::Library;
use crate::yaml::node::Node;
use crate::yaml::scalar::is_null;

/// The kustomizations of a tree. Can be used from several threads at once.
pub struct Resolver {
    library: Arc<Library>,
    /// What renders charts, if they are to be rendered.
    charts: Option<Arc<dyn Inflate>>,
    kustomizations: Memo<Result<Arc<Kustomization>, Problem>>,
    outcomes: Memo<Arc<Resolution>>,
    builds: Memo<Arc<Build>>,
    layers: Memo<Option<Arc<Layer>>>,
    edges: Memo<Arc<[(TreePath, Node)]>>,
    cycles: Memo<Option<Problem>>,
}

/// The result of a kustomization, before the steps that only a build root runs.
pub struct Resolution {
    /// What it accumulated.
    pub result: Result<Accumulator, Problem>,
    /// What was read and visited.
    pub record: Record,
    /// What else keeps it from being built, beside what resolving it ended with.
    more: Vec<Problem>,
}

impl Resolution {
    /// Everything that keeps it from being built.
    fn faults(&self) -> impl Iterator<Item = &Problem> {
        self.result.as_ref().err().into_iter().chain(&self.more)
    }
}

impl Resolver {
    /// A resolver over a tree; nothing is resolved yet.
    #[must_use]
    pub fn new(library: Arc<Library>) -> Self {
        Self::rendering(library, None)
    }

    /// The same, with charts rendered, if there is what renders them.
    #[must_use]
    pub fn rendering(library: Arc<Library>, charts: Option<Arc<dyn Inflate>>) -> Self {
        Self {
            library,
            charts,
            kustomizations: Memo::default(),
            outcomes: Memo::default(),
            builds: Memo::default(),
            layers: Memo::default(),
            edges: Memo::default(),
            cycles: Memo::default(),
        }
    }

    /// The files.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// The kustomization of a directory, links followed.
    ///
    /// # Errors
    /// When there is none, or kustomize would refuse it.
    pub fn kustomization(&self, directory: &TreePath) -> Result<Arc<Kustomization>, Problem> {
        self.kustomizations
            .get(directory, || kustomization::load(&self.library, directory).map(Arc::new))
    }

    /// The directories that a kustomization includes, each with the entry that names it.
    pub(crate) fn edges(&self, directory: &TreePath) -> Arc<[(TreePath, Node)]> {
        self.edges.get(directory, || links::edges(self, directory).into())
    }

    /// The cycle, if a directory includes itself or a parent directory.
    pub(crate) fn cycle_at(&self, directory: &TreePath) -> Option<Problem> {
        self.cycles.get(directory, || links::cycle_at(self, directory))
    }

    /// The result of a kustomization that another one includes. There must be no cycle below it.
    pub(crate) fn outcome(&self, directory: &TreePath) -> Arc<Resolution> {
        self.outcomes.get(directory, || Arc::new(self.resolve(directory)))
    }

    /// Forgets the results of kustomizations that no other one included so far: what is built of them is known.
    pub(crate) fn forget_outermost(&mut self) {
        let outcomes = self.outcomes.paths();
        let known = outcomes.iter().filter_map(|at| Some((at, self.outcomes.known(at)?)));
        let mut included = HashSet::new();
        for (own, outcome) in known {
            let below = outcome.record.directories.iter().filter(|at| *at != own);
            included.extend(below.cloned());
        }
        let outermost = outcomes.iter().filter(|at| !included.contains(*at));
        outermost.for_each(|at| self.outcomes.forget(at));
    }

    fn resolve(&self, directory: &TreePath) -> Resolution {
        self.resolve_as(directory, self.kustomization(directory), None)
    }

    fn resolve_as(
        &self,
        directory: &TreePath,
        kustomization: Result<Arc<Kustomization>, Problem>,
        patched: Option<&mut Vec<Object>>,
    ) -> Resolution {
        let mut record = Record::default();
        record.directories.insert(directory.clone());
        record.files.extend(kustomization::files_in(&self.library, directory));
        let mut more = Vec::new();
        let result = kustomization.and_then(|kustomization| {
            let mut target = Target::new(self, &kustomization, &mut record, patched);
            let mut result = target.run(Accumulator::default());
            if let Ok(gathered) = &mut result {
                gathered.objects.shrink_to_fit();
            }
            if let Err(first) = &result {
                more = faults::beside(first, self, &kustomization);
            }
            result
        });
        Resolution { result, record, more }
    }

    /// Resolves a directory as a build root, without load restrictions.
    #[must_use]
    pub fn build(&self, path: &TreePath) -> Arc<Build> {
        self.builds.get(path, || Arc::new(self.finish(path, None)))
    }

    /// The same as a controller makes it: with more written into the kustomization, which is made where there is none.
    #[must_use]
    pub fn build_with(&self, path: &TreePath, overrides: &Overrides) -> Build {
        self.finish(path, Some(overrides))
    }

    /// The objects that the patches of a kustomization with overrides see.
    #[must_use]
    pub fn patched_with(&self, path: &TreePath, overrides: &Overrides) -> Vec<Object> {
        let Ok(directory) = self.directory(path) else { return Vec::new() };
        let is_endless = links::endless(self, &directory).is_some()
            || self.endless_with(&directory, overrides).is_some();
        if is_endless {
            return Vec::new();
        }
        let mut patched = Vec::new();
        let with = self.kustomization_with(&directory, overrides);
        let with = with.unwrap_or_else(|| self.kustomization(&directory));
        self.resolve_as(&directory, with, Some(&mut patched));
        patched
    }

    /// The result of a kustomization with overrides.
    fn outcome_with(&self, directory: &TreePath, overrides: &Overrides) -> Arc<Resolution> {
        match self.kustomization_with(directory, overrides) {
            None => self.outcome(directory),
            Some(with) => Arc::new(self.resolve_as(directory, with, None)),
        }
    }

    /// A kustomization with overrides, which is made where there is none; `None` if that is the one which is there.
    fn kustomization_with(
        &self,
        directory: &TreePath,
        overrides: &Overrides,
    ) -> Option<Result<Arc<Kustomization>, Problem>> {
        let is_made = kustomization::files_in(&self.library, directory).is_empty();
        if !is_made && overrides.is_empty() {
            return None;
        }
        let own = if is_made {
            Ok(Arc::new(Kustomization::generated(&self.library, directory)))
        } else {
            self.kustomization(directory)
        };
        Some(own.map(|own| Arc::new(own.with(overrides, &self.library))))
    }

    /// A problem with a component that overrides add: it includes itself, or what includes it.
    fn endless_with(&self, directory: &TreePath, overrides: &Overrides) -> Option<Problem> {
        let made = Kustomization::generated(&self.library, directory);
        let inside = made.items("resources").iter().chain(overrides.components());
        let below = inside.filter_map(|entry| directory.join(entry.str()?));
        let below = below.filter(|path| !kustomization::files_in(&self.library, path).is_empty());
        below.into_iter().find_map(|path| links::endless(self, &path))
    }

    fn finish(&self, path: &TreePath, overrides: Option<&Overrides>) -> Build {
        let mut build = Build {
            path: path.clone(),
            status: Status::Failed,
            problems: Vec::new(),
            objects: Arc::default(),
            files: BTreeSet::new(),
            directories: BTreeSet::new(),
            outside: None,
        };
        let directory = match self.directory(path) {
            Ok(directory) => directory,
            Err(problem) => {
                build.problems.push(problem);
                return build;
            }
        };
        let endless =
            links::endless(self, &directory).or_else(|| self.endless_with(&directory, overrides?));
        if let Some(problem) = endless {
            build.files.extend(kustomization::files_in(&self.library, &directory));
            build.directories.insert(directory);
            build.problems.push(problem);
            return build;
        }
        let outcome = match overrides {
            None => self.outcome(&directory),
            Some(overrides) => self.outcome_with(&directory, overrides),
        };
        build.files.clone_from(&outcome.record.files);
        build.directories.clone_from(&outcome.record.directories);
        build.problems.clone_from(&outcome.record.problems);
        build.outside.clone_from(&outcome.record.outside);
        let partial = !build.problems.is_empty();
        let finished =
            outcome.result.clone().and_then(|gathered| finish_objects(gathered, partial));
        match finished {
            Ok((objects, problem)) => {
                build.objects = objects.into();
                build.problems.extend(problem.map(Problem::as_partial));
                build.status = if partial { Status::Partial } else { Status::Resolved };
            }
            Err(problem) => {
                build.problems.push(problem);
                build.problems.extend(outcome.more.iter().cloned());
            }
        }
        build
    }

    fn directory(&self, path: &TreePath) -> Result<TreePath, Problem> {
        match self.library.tree().entry(path) {
            Ok((directory, Entry::Directory)) => Ok(directory),
            Ok((file, Entry::File)) => {
                Err(Problem::of(format!("`{file}` is a file, not a directory"), path))
            }
            Err(error) => Err(Problem::of(error.to_string(), path)),
        }
    }

    /// One kustomization of a build; `None` if there is none. It has no objects if it does not resolve.
    #[must_use]
    pub fn layer(&self, path: &TreePath) -> Option<Arc<Layer>> {
        self.layers.get(path, || self.make_layer(path).map(Arc::new))
    }

    fn make_layer(&self, path: &TreePath) -> Option<Layer> {
        let directory = self.directory(path).ok()?;
        let kustomization = self.kustomization(&directory).ok()?;
        let Links { bases, components, resources } = Links::of(&self.library, &kustomization);
        let mut layer = Layer {
            directory,
            file: kustomization.file.clone(),
            bases,
            components,
            resources,
            patched: Vec::new(),
            objects: Vec::new(),
        };
        if links::endless(self, &layer.directory).is_none() {
            let patched = Some(&mut layer.patched);
            let outcome = self.resolve_as(&layer.directory, Ok(kustomization), patched);
            if let Ok(gathered) = outcome.result {
                layer.objects = gathered.objects;
            }
        }
        Some(layer)
    }
}

/// The steps that only a build root runs. Failures due to something remote are returned along with the objects.
fn finish_objects(
    mut gathered: Accumulator,
    partial: bool,
) -> Result<(Vec<Object>, Option<Problem>), Problem> {
    hash::add_hashes(&mut gathered.objects);
    let config = gathered.config();
    let done = back_references::fix(&mut gathered.objects, &config);
    let done = done.and_then(|()| {
        vars::substitute(&mut gathered.objects, &gathered.vars, &config.var_references)
    });
    let done = done.and_then(|()| refuse_unnamed(&gathered.objects));
    let problem = match done {
        Err(problem) if !partial => return Err(problem),
        done => done.err(),
    };
    gathered.objects.retain(|object| !is_local(object));
    gathered.objects.iter_mut().for_each(settle);
    Ok((gathered.objects, problem))
}

/// Rejects objects that lost their kind or name, and two objects that got the same identity.
fn refuse_unnamed(objects: &[Object]) -> Result<(), Problem> {
    let mut seen = HashSet::with_capacity(objects.len());
    for object in objects {
        for path in [&["kind"][..], &["metadata", "name"]] {
            let value = object.node.at(path).filter(|value| !is_null(value));
            if value.and_then(Node::str).is_none_or(str::is_empty) {
                let what = path.join(".");
                let message = format!("an object has no `{what}` at the end of the build");
                return Err(Problem::at(message, &object.node)
                    .with_help("a patch or a replacement removed it"));
            }
        }
        if !seen.insert(object.identity().into_key()) {
            let message = format!("two objects are called `{object:?}` at the end of the build");
            return Err(Problem::at(message, &object.node)
                .with_help("a patch or a replacement gave both the same name"));
        }
    }
    Ok(())
}

/// Whether an object is local configuration for tools, never printed.
fn is_local(object: &Object) -> bool {
    let annotations = object.node.at(&["metadata", "annotations"]);
    let value = annotations.and_then(|all| all.get("config.kubernetes.io/local-config"));
    value.is_some_and(|value| value.str() != Some("false"))
}

#[cfg(test)]
mod tests;
