//! `rotate refs`: every effective reference and provider with its origin.

use std::fmt::Write as _;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::ops::shown::Shown;
use crate::repo::Repo;
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
    /// Always `rotate.refs/v1`.
    pub schema: &'static str,
    /// The build roots, sorted by path or in the order they were named.
    pub roots: Vec<RootView>,
}

/// One build root.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RootView {
    /// The directory; `.` is the tree itself.
    pub path: String,
    /// `kustomize`, `plain` or `chart`.
    pub kind: &'static str,
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
    /// Every object, with `--resources`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<ObjectView>>,
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

impl Refs {
    /// The view of a repository's roots.
    #[must_use]
    pub fn new(repo: &Repo, resources: bool, shown: &Shown) -> Self {
        let name =
            |root: &Root| root.environment.map(|index| repo.environments[index].name.as_str());
        let roots = repo.roots.par_iter().filter(|root| shown.has_environment(name(root)));
        let roots = roots.map(|root| RootView::new(repo, root, resources, shown)).collect();
        Self { schema: "rotate.refs/v1", roots }
    }

    /// The report for people.
    #[must_use]
    pub fn text(&self, color: bool) -> String {
        let mut out = String::new();
        for root in &self.roots {
            root.text(&mut out, color);
        }
        let count = |f: fn(&RootView) -> usize| self.roots.iter().map(f).sum::<usize>();
        let _ = writeln!(
            out,
            "{} references and {} providers in {} build roots",
            count(|root| root.references.len() + root.mentions.len()),
            count(|root| root.providers.len()),
            self.roots.len()
        );
        out
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
    fn new(repo: &Repo, root: &Root, resources: bool, shown: &Shown) -> Self {
        let object = |index: usize| ObjectView::new(root, index);
        let references = |mentions: bool| {
            let wanted = root.references.iter().filter(|one| root.is_mention(one) == mentions);
            let wanted = wanted.filter(|one| shown.has_family(one.family()));
            wanted.map(|reference| ReferenceView::new(root, reference)).collect()
        };
        Self {
            path: root.path.display().to_owned(),
            kind: match root.kind {
                RootKind::Kustomize => "kustomize",
                RootKind::Plain => "plain",
                RootKind::Chart => "chart",
            },
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
            resources: resources.then(|| {
                let real = (0..root.objects().len()).filter(|index| root.is_real(*index));
                real.map(object).collect()
            }),
        }
    }

    fn text(&self, out: &mut String, color: bool) {
        let environment = self.environment.as_deref().map_or(String::new(), |e| format!(", {e}"));
        let _ = write!(out, "{}", Paint::Bold.on(&one_line(&self.path), color));
        let _ = writeln!(out, "  ({}{environment}, {})", self.kind, self.status);
        for problem in &self.problems {
            let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
            let _ = writeln!(out, "  ! {}{line}: {}", one_line(&problem.file), problem.message);
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
    fn new(root: &Root, reference: &Reference) -> Self {
        Self {
            object: ObjectView::new(root, reference.object),
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
    fn new(root: &Root, index: usize) -> Self {
        let identity = root.objects()[index].identity();
        Self {
            api_version: identity.api_version.to_string(),
            kind: identity.kind.to_string(),
            namespace: identity.namespace.as_deref().map(str::to_owned),
            name: identity.name.to_string(),
        }
    }

    fn text(&self, out: &mut String, field: &str, secret: &str) {
        let namespace = self.namespace.as_deref().map_or(String::new(), |n| format!("{n}/"));
        let _ = writeln!(out, "  {secret}");
        let _ = writeln!(out, "      {} {namespace}{}  {field}", self.kind, self.name);
    }
}
