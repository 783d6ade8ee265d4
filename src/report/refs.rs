//! `rotate refs`: every effective reference and provider with its origin.

use std::fmt::Write as _;
use std::sync::Arc;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::ops::shown::Shown;
use crate::repo::Repo;
use crate::repo::builder::Builder;
use crate::repo::elsewhere::Elsewhere;
use crate::repo::inventory::Reference;
use crate::repo::root::{Root, RootKind};
use crate::report::bump::PlaceView;
use crate::report::console::Paint;
use crate::text::problem::Problem;
use crate::text::source::Place;
use crate::text::visible::one_line;

/// What `rotate refs --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Refs {
    /// `rotate.refs/v2` for what builders make; `rotate.refs/v1` for directories as kubectl builds them.
    pub schema: &'static str,
    /// The build roots, sorted by path, environment and builder. In version 2, one for each directory and builder. Behind them come
    /// the directories and charts that builders take from another repository or a registry, with the path or the name that the builder
    /// spells.
    pub roots: Vec<RootView>,
}

/// One build root.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RootView {
    /// The directory; `.` is the tree itself.
    pub path: String,
    /// `kustomize`, `plain` or `chart`; `remote` for a directory that is not built here.
    pub kind: &'static str,
    /// The object that has a controller build it; null where that is nobody but kubectl. Not in version 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub builder: Option<Option<BuilderView>>,
    /// The environment it belongs to.
    pub environment: Option<String>,
    /// `resolved`, `partial` (something remote or foreign is missing) or `failed`.
    pub status: &'static str,
    /// What could not be resolved.
    pub problems: Vec<ProblemView>,
    /// Every field that names a secret; in kinds that Kubernetes does not define also names found by value.
    pub references: Vec<ReferenceView>,
    /// Every other place that names a version: arguments, texts, annotations that a controller watches.
    pub mentions: Vec<ReferenceView>,
    /// Everything that makes a secret exist.
    pub providers: Vec<ProviderView>,
    /// Whether it is not built here.
    #[serde(skip)]
    is_elsewhere: bool,
    /// Every object, with `--resources`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<ObjectView>>,
}

/// The object that has a controller build a directory.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BuilderView {
    /// `Kustomization` or `HelmRelease` of Flux, or `Application` of Argo CD.
    pub kind: &'static str,
    /// Its namespace; null where none is set.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Where the name is written; null for what no file spells.
    pub origin: Option<PlaceView>,
}

/// What keeps a root from being resolved.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProblemView {
    /// What is wrong.
    pub message: String,
    /// The file or directory.
    pub file: String,
    /// The line, from 1, where there is one.
    pub line: Option<usize>,
}

/// What tells one object from another.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectView {
    /// `apps/v1`
    pub api_version: String,
    /// `Deployment`
    pub kind: String,
    /// The namespace; null where none is set.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

/// One reference.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReferenceView {
    /// The object that has it.
    #[serde(flatten)]
    pub object: ObjectView,
    /// The field.
    pub field: String,
    /// The secret's name.
    pub secret: String,
    /// Whether the workload starts without it.
    pub optional: bool,
    /// The bytes that spell the name; null for what no file spells.
    pub origin: Option<PlaceView>,
    /// Where the template is that puts the name together.
    #[serde(skip)]
    template: Option<PlaceView>,
}

/// One provider.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProviderView {
    /// The object that makes the secret.
    #[serde(flatten)]
    pub object: ObjectView,
    /// The secret's name.
    pub secret: String,
    /// The bytes that spell the name; null for what no file spells.
    pub origin: Option<PlaceView>,
}

/// What a list of references is to show.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'w> {
    /// Whether each directory is shown as its builders make it.
    pub by_builder: bool,
    /// Whether what comes from other repositories and registries is listed.
    pub elsewhere: bool,
    /// Whether every object is listed.
    pub resources: bool,
    /// The environments and families.
    pub shown: &'w Shown,
}

impl Refs {
    /// The view of a repository's roots; `is_wanted`: which of them.
    #[must_use]
    pub fn new(repo: &Repo, wanted: Wanted<'_>, is_wanted: impl Fn(&Root) -> bool + Sync) -> Self {
        let name =
            |root: &Root| root.environment.map(|index| repo.environments[index].name.as_str());
        let roots = repo.roots.par_iter().filter(|root| is_wanted(root));
        let roots = roots.filter(|root| wanted.shown.has_environment(name(root)));
        if !wanted.by_builder {
            let roots = roots.map(|root| RootView::new(repo, root, None, wanted)).collect();
            return Self { schema: "rotate.refs/v1", roots };
        }
        let of_builders = |root: &Arc<Root>| -> Vec<RootView> {
            let none = root.builders.is_empty().then_some(None);
            let builders = root.builders.iter().map(|builder| Some(&**builder)).chain(none);
            builders.map(|builder| RootView::new(repo, root, Some(builder), wanted)).collect()
        };
        let mut roots: Vec<RootView> = roots.flat_map_iter(of_builders).collect();
        if wanted.elsewhere {
            let all =
                repo.elsewhere().into_iter().map(|one| RootView::elsewhere(repo, &one, wanted));
            roots
                .extend(all.filter(|one| wanted.shown.has_environment(one.environment.as_deref())));
        }
        Self { schema: "rotate.refs/v2", roots }
    }

    /// The report for people.
    #[must_use]
    pub fn text(&self, color: bool) -> String {
        let mut out = String::new();
        for root in &self.roots {
            root.text(&mut out, color);
        }
        let count = |f: fn(&RootView) -> usize| self.roots.iter().map(f).sum::<usize>();
        let elsewhere = count(|root| usize::from(root.is_elsewhere));
        let missing = match elsewhere {
            0 => String::new(),
            1 => ", 1 of which is not built here".to_owned(),
            _ => format!(", {elsewhere} of which are not built here"),
        };
        let _ = writeln!(
            out,
            "{} references and {} providers in {} build roots{missing}",
            count(|root| root.references.len() + root.mentions.len()),
            count(|root| root.providers.len()),
            self.roots.len()
        );
        out
    }
}

impl BuilderView {
    fn new(
        kind: &'static str,
        namespace: Option<String>,
        name: String,
        origin: Option<&Place>,
    ) -> Self {
        let origin = origin.and_then(Place::in_file).as_ref().map(PlaceView::from);
        Self { kind, namespace, name, origin }
    }
}

impl From<&Builder> for BuilderView {
    fn from(builder: &Builder) -> Self {
        let namespace = builder.namespace.clone();
        Self::new(builder.kind, namespace, builder.name.clone(), builder.origin.as_ref())
    }
}

impl From<&Elsewhere> for BuilderView {
    fn from(one: &Elsewhere) -> Self {
        let namespace = one.namespace.clone();
        Self::new(one.kind, namespace, one.name.clone(), one.origin.as_ref())
    }
}

impl From<&Problem> for ProblemView {
    fn from(problem: &Problem) -> Self {
        let place = problem.place.as_ref().map(Place::near_in_file);
        let file = place.as_ref().map_or(&problem.path, |place| place.source.path());
        Self {
            message: problem.message.clone(),
            file: file.display().to_owned(),
            line: place.map(|place| place.position().line),
        }
    }
}

impl RootView {
    fn new(
        repo: &Repo,
        root: &Root,
        builder: Option<Option<&Builder>>,
        wanted: Wanted<'_>,
    ) -> Self {
        let Wanted { resources, shown, .. } = wanted;
        let is_built = builder.flatten().is_some();
        let object = |index: usize| ObjectView::new(root, index, is_built);
        let effective = root.effective_references();
        let references = |mentions: bool| {
            let all = effective.iter().copied();
            let wanted = all.filter(|one| root.is_mention(one) == mentions);
            let wanted = wanted.filter(|one| shown.has_family(one.family()));
            // Counted first: there may be very many.
            let mut views = Vec::with_capacity(wanted.clone().count());
            views.extend(
                wanted.map(|reference| ReferenceView::new(object(reference.object), reference)),
            );
            views
        };
        Self {
            path: root.path.display().to_owned(),
            kind: match root.kind {
                RootKind::Kustomize => "kustomize",
                RootKind::Plain => "plain",
                RootKind::Chart => "chart",
            },
            builder: builder.map(|builder| builder.map(BuilderView::from)),
            environment: root.environment.map(|index| repo.environments[index].name.clone()),
            status: root.status().word(),
            problems: root.problems().iter().map(ProblemView::from).collect(),
            references: references(false),
            mentions: references(true),
            providers: root
                .providers
                .iter()
                .filter(|provider| shown.has_family(provider.family()))
                .map(|provider| ProviderView {
                    object: object(provider.object),
                    secret: provider.provided.secret.clone(),
                    origin: provider.place().as_ref().map(PlaceView::from),
                })
                .collect(),
            is_elsewhere: false,
            resources: resources.then(|| {
                let real = (0..root.objects().len()).filter(|index| root.is_real(*index));
                real.map(object).collect()
            }),
        }
    }

    /// What is not in this repository.
    fn elsewhere(repo: &Repo, one: &Elsewhere, wanted: Wanted<'_>) -> Self {
        Self {
            path: one.path.clone(),
            kind: if one.is_chart { "chart" } else { "remote" },
            builder: Some(Some(BuilderView::from(one))),
            environment: one.environment.map(|index| repo.environments[index].name.clone()),
            status: one.status().word(),
            problems: vec![ProblemView::from(&one.problem)],
            references: Vec::new(),
            mentions: Vec::new(),
            providers: Vec::new(),
            is_elsewhere: true,
            resources: wanted.resources.then(Vec::new),
        }
    }

    fn text(&self, out: &mut String, color: bool) {
        let environment = self.environment.as_deref().map_or(String::new(), |e| format!(", {e}"));
        let _ = write!(out, "{}", Paint::Bold.on(&one_line(&self.path), color));
        let builder = self.builder.iter().flatten().next();
        let builder = builder.map_or_else(String::new, |one| {
            let namespace = one.namespace.as_deref().map_or(String::new(), |at| format!("{at}/"));
            format!(", built by {} {}", one.kind, one_line(&format!("{namespace}{}", one.name)))
        });
        let _ = writeln!(out, "  ({}{environment}, {}{builder})", self.kind, self.status);
        for problem in &self.problems {
            let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
            let (file, message) = (one_line(&problem.file), one_line(&problem.message));
            let _ = writeln!(out, "  ! {file}{line}: {message}");
        }
        for reference in self.references.iter().chain(&self.mentions) {
            reference.object.text(out, &reference.field, &reference.secret);
            let place = reference.origin.as_ref().or(reference.template.as_ref());
            place_text(out, place, color);
        }
        for provider in &self.providers {
            provider.object.text(out, "provides", &provider.secret);
            place_text(out, provider.origin.as_ref(), color);
        }
        out.push('\n');
    }
}

fn place_text(out: &mut String, origin: Option<&PlaceView>, color: bool) {
    let text = origin.map_or_else(
        || "made by a generator, a prefix or a suffix".to_owned(),
        |origin| format!("{}:{}:{}", one_line(&origin.file), origin.line, origin.column),
    );
    let _ = writeln!(out, "      {}", Paint::Cyan.on(&text, color));
}

impl ReferenceView {
    fn new(object: ObjectView, reference: &Reference) -> Self {
        Self {
            object,
            field: reference.field(),
            secret: reference.secret().to_owned(),
            optional: reference.found.optional,
            origin: reference.place().as_ref().map(PlaceView::from),
            template: reference
                .near()
                .filter(|_| reference.is_put_together())
                .as_ref()
                .map(PlaceView::from),
        }
    }
}

impl ObjectView {
    fn new(root: &Root, index: usize, is_built: bool) -> Self {
        let identity = root.objects()[index].identity();
        // What a builder gives to objects that set none.
        let given = root.namespace.as_deref().filter(|_| is_built && !identity.is_cluster_scoped());
        Self {
            api_version: identity.api_version.to_string(),
            kind: identity.kind.to_string(),
            namespace: identity.namespace.as_deref().or(given).map(str::to_owned),
            name: identity.name.to_string(),
        }
    }

    fn text(&self, out: &mut String, field: &str, secret: &str) {
        let namespace = self.namespace.as_deref().map_or(String::new(), |n| format!("{n}/"));
        let user = format!("{} {namespace}{}  {field}", self.kind, self.name);
        let _ = writeln!(out, "  {}\n      {}", one_line(secret), one_line(&user));
    }
}
