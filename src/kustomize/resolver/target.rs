//! Runs one kustomization, step by step in kustomize's order.

use std::collections::HashSet;
use std::sync::Arc;

use crate::kustomize::fields::config::Config;
use crate::kustomize::fields::crds;
use crate::kustomize::generate::{Product, generate};
use crate::kustomize::load::context::{Context, read_problem};
use crate::kustomize::load::kustomization::Kustomization;
use crate::kustomize::load::remote::{has_only_definitions, is_remote};
use crate::kustomize::load::resources;
use crate::kustomize::model::object::{Identity, Object};
use crate::kustomize::model::record::Record;
use crate::kustomize::resolver::Resolver;
use crate::kustomize::resolver::accumulator::Accumulator;
use crate::kustomize::resolver::inflate::{FIELDS, needs_helm};
use crate::kustomize::resolver::plugins;
use crate::kustomize::transform::labels;
use crate::kustomize::transform::names::{End, affix};
use crate::kustomize::transform::namespace::{Namespace, Subjects, set};
use crate::kustomize::transform::patches;
use crate::kustomize::transform::replacements;
use crate::kustomize::transform::replicas;
use crate::kustomize::transform::vars;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::work;
use crate::tree::Entry;
use crate::yaml::node::{Node, Seq, Value};

/// The only version of the Kubernetes API that kustomize 5.8 has.
const OPENAPI: &str = "v1.21.2";

/// A step over all objects, configured by a field of the kustomization.
pub type Transformer = fn(&mut Vec<Object>, &Node, &mut Context<'_>) -> Result<(), Problem>;

/// One kustomization while it is being resolved.
pub struct Target<'a> {
    resolver: &'a Resolver,
    kustomization: &'a Kustomization,
    record: &'a mut Record,
    /// Where to put the objects after the last patch, if they are asked for: they would keep alive what later steps replace.
    patched: Option<&'a mut Vec<Object>>,
}

impl<'a> Target<'a> {
    /// A kustomization before its first step.
    pub const fn new(
        resolver: &'a Resolver,
        kustomization: &'a Kustomization,
        record: &'a mut Record,
        patched: Option<&'a mut Vec<Object>>,
    ) -> Self {
        Self { resolver, kustomization, record, patched }
    }

    /// What its steps read.
    pub fn context(&mut self) -> Context<'_> {
        Context {
            library: self.resolver.library(),
            directory: &self.kustomization.directory,
            file: &self.kustomization.file,
            files: &mut self.record.files,
            outside: &mut self.record.outside,
        }
    }

    /// Records something missing.
    pub fn miss(&mut self, problem: Problem) {
        self.record.miss(problem);
    }

    /// Runs all steps; a component runs them on what its parent has accumulated.
    ///
    /// # Errors
    /// When kustomize would refuse it.
    pub fn run(&mut self, mut gathered: Accumulator) -> Result<Accumulator, Problem> {
        let kustomization = self.kustomization;
        let mut taken = gathered.taken();
        for entry in kustomization.resources() {
            self.resource(&mut gathered, &mut taken, entry)?;
        }
        self.configure(&mut gathered)?;
        self.generate(&mut gathered)?;
        for entry in kustomization.items("components") {
            gathered = self.component(gathered, entry)?;
        }
        self.transform(&mut gathered)?;
        if let Some(list) = kustomization.list("vars") {
            let done = vars::collect(&mut gathered.vars, list, &mut gathered.objects);
            self.unless_partial(done)?;
        }
        Ok(gathered)
    }

    /// Adds what an entry of `resources` names.
    ///
    /// # Errors
    /// If it does not exist, or adds an object that already exists.
    pub fn resource(
        &mut self,
        gathered: &mut Accumulator,
        taken: &mut HashSet<Identity>,
        entry: &Node,
    ) -> Result<(), Problem> {
        match self.locate(entry)? {
            None => Ok(()),
            Some((directory, Entry::Directory)) => self.base(gathered, taken, entry, &directory),
            Some((_, Entry::File)) => {
                let stream = self.context().load(entry)?;
                gathered.append(resources::objects(&stream)?, taken, entry)
            }
        }
    }

    /// What an entry points to; `None` if it is not in the repository.
    fn locate(&mut self, entry: &Node) -> Result<Option<(TreePath, Entry)>, Problem> {
        let Some(spelled) = entry.str().filter(|text| !text.is_empty()) else {
            return Err(Problem::at("an entry without a path", entry).with_help("remove it"));
        };
        if is_remote(spelled) {
            let message = format!("`{spelled}` is not in the repository");
            let problem = Problem::at(message, entry).with_help(
                "its contents are not known; add its manifests to the repository to have them checked",
            );
            let is_harmless = has_only_definitions(spelled);
            self.miss(if is_harmless { problem.hiding_nothing() } else { problem });
            return Ok(None);
        }
        let Some(path) = self.kustomization.directory.join(spelled) else {
            let what = if spelled.starts_with('/') {
                "is an absolute path; kustomize takes relative ones"
            } else {
                "is outside the repository"
            };
            return Err(Problem::at(format!("`{spelled}` {what}"), entry)
                .with_help("move it into the repository and name it by a relative path"));
        };
        match self.resolver.library().tree().entry(&path) {
            Ok(found) => Ok(Some(found)),
            Err(error) => {
                self.record.files.insert(path);
                Err(read_problem(&error, entry))
            }
        }
    }

    fn base(
        &mut self,
        gathered: &mut Accumulator,
        taken: &mut HashSet<Identity>,
        entry: &Node,
        directory: &TreePath,
    ) -> Result<(), Problem> {
        self.record.directories.insert(directory.clone());
        let kustomization = self.resolver.kustomization(directory);
        if kustomization.is_ok_and(|kustomization| kustomization.is_component) {
            return Err(Problem::at(format!("`{directory}` is a component"), entry)
                .with_help("list it under `components:`"));
        }
        let outcome = self.resolver.outcome(directory);
        self.record.extend(&outcome.record);
        let base = outcome.result.as_ref().map_err(|problem| seen_from(problem, entry))?;
        gathered.append(base.objects.iter().cloned(), taken, entry)?;
        if let Some(config) = &base.config {
            gathered.merge_config(config)?;
        }
        vars::merge(&mut gathered.vars, &base.vars)
    }

    fn component(&mut self, gathered: Accumulator, entry: &Node) -> Result<Accumulator, Problem> {
        let directory = match self.locate(entry)? {
            None => return Ok(gathered),
            Some((directory, Entry::Directory)) => directory,
            Some((file, Entry::File)) => {
                return Err(Problem::at(format!("`{file}` is a file, not a component"), entry)
                    .with_help("list it under `resources:`"));
            }
        };
        self.record.directories.insert(directory.clone());
        self.record.files.extend(crate::kustomize::load::kustomization::files_in(
            self.resolver.library(),
            &directory,
        ));
        let kustomization = self.resolver.kustomization(&directory);
        let kustomization = kustomization.map_err(|problem| seen_from(&problem, entry))?;
        if !kustomization.is_component {
            return Err(Problem::at(format!("`{directory}` is not a component"), entry)
                .with_help("list it under `resources:`, or give it `kind: Component`"));
        }
        let merged = Target::new(self.resolver, &kustomization, self.record, None).run(gathered)?;
        let mut again = Accumulator { vars: merged.vars, ..Accumulator::default() };
        if let Some(config) = &merged.config {
            again.merge_config(config)?;
        }
        again.append(merged.objects, &mut HashSet::new(), entry)?;
        Ok(again)
    }

    /// Reads `configurations`, `crds` and `openapi`.
    fn configure(&mut self, gathered: &mut Accumulator) -> Result<(), Problem> {
        let mut own = Config::standard();
        if let Some(files) = self.configs("configurations", Config::read)? {
            Arc::make_mut(&mut own).merge(&files)?;
        }
        gathered.merge_config(&own)?;
        if let Some(files) = self.configs("crds", crds::config)? {
            gathered.merge_config(&Arc::new(files))?;
        }
        self.check_openapi()
    }

    /// The merged configuration from the files of a field; `None` without such files.
    fn configs(
        &mut self,
        field: &str,
        read: fn(&Node) -> Result<Config, Problem>,
    ) -> Result<Option<Config>, Problem> {
        let mut all = None;
        for entry in self.kustomization.items(field) {
            let stream = self.context().load(entry)?;
            if let Some(document) = stream.documents.first() {
                all.get_or_insert_with(Config::default).merge(&read(&document.root)?)?;
            }
        }
        Ok(all)
    }

    fn check_openapi(&mut self) -> Result<(), Problem> {
        let Some(openapi) = self.kustomization.get("openapi") else { return Ok(()) };
        let version = openapi.get("version");
        if let Some(version) =
            version.filter(|version| !matches!(version.str(), Some("" | OPENAPI)))
        {
            return Err(Problem::at("kustomize does not have this version", version)
                .with_help(format!("write `version: {OPENAPI}`, the only one, or remove it")));
        }
        let Some(path) = openapi.get("path") else { return Ok(()) };
        if !path.str().is_some_and(|path| path.contains("://")) {
            self.context().find(path)?;
        }
        let message = "lists are merged using the built-in Kubernetes schema, not this one";
        let problem = Problem::at(message, path).with_help(
            "patches to kinds that only this schema defines may give a different result than kustomize",
        );
        self.miss(problem.hiding_nothing());
        Ok(())
    }

    fn generate(&mut self, gathered: &mut Accumulator) -> Result<(), Problem> {
        let kustomization = self.kustomization;
        // The objects may have been renamed since the bases were generated.
        gathered.forget_names();
        let fields =
            [("configMapGenerator", Product::ConfigMap), ("secretGenerator", Product::Secret)];
        for (field, product) in fields {
            for entry in kustomization.items(field) {
                let options = kustomization.get("generatorOptions");
                self.generate_one(gathered, product, entry, options)?;
            }
        }
        for entry in FIELDS.iter().flat_map(|field| kustomization.items(field)) {
            self.inflate(gathered, entry)?;
        }
        let done = plugins::generate(self, gathered, kustomization.items("generators"));
        gathered.forget_names();
        done
    }

    /// Adds what Helm renders of a chart.
    fn inflate(&mut self, gathered: &mut Accumulator, entry: &Node) -> Result<(), Problem> {
        let charts = self.resolver.charts.as_ref();
        let Some(made) = charts.and_then(|charts| charts.inflate(self.kustomization, entry)) else {
            self.miss(needs_helm(entry));
            return Ok(());
        };
        self.record.files.extend(made.files);
        made.problems.into_iter().for_each(|problem| self.miss(problem));
        let done = gathered.append(made.objects, &mut gathered.taken(), entry);
        self.unless_partial(done)
    }

    /// Adds the object of a generator; `options` are those of all generators.
    ///
    /// # Errors
    /// If the object cannot be generated.
    pub fn generate_one(
        &mut self,
        gathered: &mut Accumulator,
        product: Product,
        entry: &Node,
        options: Option<&Node>,
    ) -> Result<(), Problem> {
        let made = generate(product, entry, options, &mut self.context());
        match made.and_then(|object| gathered.absorb(object, entry)) {
            Err(problem) if problem.partial || self.is_partial() => {
                self.miss(problem);
                Ok(())
            }
            done => done,
        }
    }

    /// Tolerates a failure if something that may have caused it is missing.
    fn unless_partial(&mut self, done: Result<(), Problem>) -> Result<(), Problem> {
        match done {
            Err(problem) if self.is_partial() => {
                self.miss(problem);
                Ok(())
            }
            done => done,
        }
    }

    /// Whether something is missing, which may make a later step fail.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        !self.record.problems.is_empty()
    }

    fn transform(&mut self, gathered: &mut Accumulator) -> Result<(), Problem> {
        let kustomization = self.kustomization;
        self.step(gathered, kustomization.list("patchesStrategicMerge"), patches::strategic_merge)?;
        self.step(gathered, kustomization.list("patches"), patches::patches)?;
        if let Some(patched) = &mut self.patched {
            work::count("objects kept");
            patched.clone_from(&gathered.objects);
        }
        let config = gathered.config();
        if let Some((_, name)) = kustomization.text("namespace") {
            let (fields, subjects) = (&config.namespace, Subjects::Default);
            set(&mut gathered.objects, &Namespace { name, fields, unset_only: false, subjects })?;
        }
        if let Some((prefix, _)) = kustomization.text("namePrefix") {
            affix(&mut gathered.objects, End::Prefix, prefix, &config.name_prefix)?;
        }
        if let Some((suffix, _)) = kustomization.text("nameSuffix") {
            affix(&mut gathered.objects, End::Suffix, suffix, &config.name_suffix)?;
        }
        labels::set_all(&mut gathered.objects, kustomization, &config)?;
        self.step(gathered, kustomization.list("patchesJson6902"), patches::json6902)?;
        let done = replicas::check(&gathered.objects, kustomization.items("replicas"), &config);
        self.unless_partial(done)?;
        self.step(gathered, kustomization.list("replacements"), replacements::apply)?;
        plugins::transform(self, gathered, kustomization.items("transformers"))?;
        plugins::validate(self, kustomization.items("validators"))
    }

    /// Runs a step over a list of entries; if something is missing, runs each entry separately, as far as possible.
    ///
    /// # Errors
    /// When the step fails and nothing is missing.
    pub fn step(
        &mut self,
        gathered: &mut Accumulator,
        list: Option<&Node>,
        step: Transformer,
    ) -> Result<(), Problem> {
        let Some(list) = list else { return Ok(()) };
        if !self.is_partial() {
            return match step(&mut gathered.objects, list, &mut self.context()) {
                Err(problem) if problem.partial => {
                    self.miss(problem);
                    Ok(())
                }
                done => done,
            };
        }
        for item in list.items() {
            let items = vec![item.clone()];
            let one =
                Node { value: Value::Seq(Arc::new(Seq { items, flow: false })), ..list.clone() };
            let mut objects = gathered.objects.clone();
            match step(&mut objects, &one, &mut self.context()) {
                Ok(()) => gathered.objects = objects,
                Err(problem) => self.miss(problem),
            }
        }
        Ok(())
    }
}

/// A problem of a base; if it has no place, it is reported where the base is named.
pub fn seen_from(problem: &Problem, entry: &Node) -> Problem {
    let mut problem = problem.clone();
    if problem.place.is_none()
        && let Some(place) = &entry.origin
    {
        problem.path = place.source.path().clone();
        problem.place = Some(place.clone());
    }
    problem
}
