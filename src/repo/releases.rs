//! The values of Helm releases among the objects of a build: those that a ConfigMap holds, and the names that templates put together.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::builders::argo::{Application, Listing, Source, applications};
use crate::builders::helm::{HelmRelease, ValuesSource};
use crate::builders::values::{Release, Unfilled, filled, merged};
use crate::k8s::found::Found;
use crate::k8s::heuristics;
use crate::k8s::placeholder::is_filled_in;
use crate::k8s::values::{self, Held, Written, is_values};
use crate::kustomize::model::build::{Build, Status};
use crate::kustomize::model::object::Object;
use crate::repo::inventory::Reference;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::source::Place;
use crate::text::visible::one_line;
use crate::yaml::embed;
use crate::yaml::node::{Node, Provenance, Scalar, Style, Tag, Value};
use crate::yaml::path::{Path, PathStep};

const BY_TEMPLATE: &str =
    "write the whole name in the values, or check by hand which secret the chart uses";

/// How much of a text a message quotes.
const LONGEST: usize = 100;

/// A build with an object more for each release whose values have templates: it has the values with the templates filled in.
/// What cannot be filled in where a secret is named is a problem.
pub(super) fn with_values(build: &Arc<Build>) -> Arc<Build> {
    let (mut made, mut problems) = (Vec::new(), Vec::new());
    let maps = ConfigMaps::of(build);
    for object in build.objects.iter().filter(|object| !is_values(&object.node)) {
        for (release, layers) in releases(&maps, object) {
            let (mut node, open) = values_object(&release, object.name(), &layers);
            problems.extend(open);
            // What has no template is already in the object itself.
            if keep(&mut node, &is_composed) {
                made.push(Object::new(node));
            }
        }
    }
    if made.is_empty() && problems.is_empty() {
        return Arc::clone(build);
    }
    let mut build = Build::clone(build);
    build.objects = build.objects.iter().cloned().chain(made).collect();
    add_problems(&mut build, problems);
    Arc::new(build)
}

/// Keys that tell what the name beside them is.
const BESIDE: [&str; 6] = ["create", "key", "kind", "namespace", "optional", "type"];

/// Keeps the values of an object that are wanted, and what stands beside them; whether there are any.
pub(super) fn keep(object: &mut Node, is_wanted: &dyn Fn(&Node) -> bool) -> bool {
    object.get_mut(values::VALUES).is_some_and(|values| keep_below(values, is_wanted))
}

fn keep_below(node: &mut Node, is_wanted: &dyn Fn(&Node) -> bool) -> bool {
    if node.scalar().is_some() {
        return is_wanted(node);
    }
    let mut is_any = false;
    if let Some(map) = node.map_mut() {
        map.entries.retain_mut(|entry| {
            let is_kept = keep_below(&mut entry.value, is_wanted);
            is_any |= is_kept;
            is_kept || BESIDE.iter().any(|key| entry.key.reads(key))
        });
    } else if let Some(items) = node.items_mut() {
        for item in items {
            if keep_below(item, is_wanted) {
                is_any = true;
            } else if item.scalar().is_some() {
                // The others keep their place.
                *item = Node::string("", Provenance::Generated);
            }
        }
    }
    is_any
}

/// Whether a text was put together from several places.
pub(super) fn is_composed(node: &Node) -> bool {
    node.origin.as_ref().is_some_and(|origin| origin.source.is_composed())
}

/// Adds what is not known to a build.
pub(super) fn add_problems(build: &mut Build, problems: Vec<Problem>) {
    if problems.is_empty() {
        return;
    }
    let key = |one: &Problem| {
        (one.message.clone(), one.place.as_ref().map(|place| place.near_in_file().site()))
    };
    let mut known: HashSet<_> = build.problems.iter().map(key).collect();
    for problem in problems {
        if known.insert(key(&problem)) {
            build.problems.push(problem);
            build.status = build.status.max(Status::Partial);
        }
    }
}

/// The object that stands for the values of a release, and the names in them that are not known.
pub(super) fn values_object(
    release: &Release,
    title: &str,
    layers: &[Node],
) -> (Node, Vec<Problem>) {
    let all = layers.iter().fold(Node::map(Provenance::Generated), |all, more| merged(&all, more));
    let (values, unfilled) = filled(&all, release);
    let name = release.name.as_deref().unwrap_or(title);
    let node = values::object(name, release.namespace.as_deref(), values);
    let open = heuristics::templated(&node);
    let why: BTreeMap<&[PathStep], &Unfilled> =
        unfilled.iter().map(|one| (&*one.path.0, one)).collect();
    let problems = open.iter().map(|(path, node)| unknown(node, why.get(&path.0[1..]).copied()));
    let problems = problems.collect();
    (node, problems)
}

fn unknown(node: &Node, why: Option<&Unfilled>) -> Problem {
    let why = why.map_or_else(
        || "it has a variable that is filled in when it is deployed".to_owned(),
        |one| one.failure.to_string(),
    );
    let text: String = node.str().unwrap_or_default().chars().take(LONGEST).collect();
    let text = one_line(&text);
    let message = format!("the secret that `{text}` names is not known: {why}");
    Problem::at(message, node).as_partial().hiding_nothing().with_help(BY_TEMPLATE)
}

/// Whether a text has something that is filled in later.
fn is_open(node: &Node) -> bool {
    node.str().is_some_and(is_filled_in)
        || node.entries().iter().any(|entry| is_open(&entry.value))
        || node.items().iter().any(is_open)
}

/// The releases that an object installs, each with its values, those that win last; none if nothing in them is filled in later.
fn releases(maps: &ConfigMaps<'_>, object: &Object) -> Vec<(Release, Vec<Node>)> {
    let held = values::held(&object.node);
    if let Some(one) = HelmRelease::read(object) {
        let given = one.from.iter().filter_map(|source| maps.layer(object, source));
        let layers: Vec<Node> = given.chain(held.iter().filter_map(layer_of)).collect();
        let open = layers.iter().any(is_open).then_some((one.release, layers));
        return open.into_iter().collect();
    }
    let is_open = |held: &Held<'_>| is_open(node_of(held));
    let Some((applications, _)) =
        applications(object, &Nowhere).filter(|_| held.iter().any(is_open))
    else {
        return Vec::new();
    };
    let of_source = |application: &Application, source: &Source| {
        let held = values::of_source(&Path::default(), &source.node);
        let layers: Vec<Node> = held.iter().filter_map(layer_of).collect();
        (!layers.is_empty()).then(|| (application.release(source), layers))
    };
    let of_application = |one: &Application| -> Vec<_> {
        one.sources.iter().filter_map(|source| of_source(one, source)).collect()
    };
    applications.iter().flat_map(of_application).collect()
}

/// A release that an object of a build installs from a chart that may be in the tree.
pub(super) struct Installed<'b> {
    pub(super) object: &'b Object,
    pub(super) release: HelmRelease,
    /// The directory of the chart.
    pub(super) chart: TreePath,
    /// The values, those that win last, each with the file if an object of another build root has them.
    pub(super) layers: Vec<(Option<TreePath>, Node)>,
    /// Where values come from that no file has.
    pub(super) unknown: Vec<String>,
}

/// The releases of charts that may be in the tree among the objects of a build. `elsewhere`: the ConfigMap of a release that other
/// builds have.
pub(super) fn installed<'b>(
    build: &'b Build,
    elsewhere: impl Fn(&Object, &str) -> Option<&'b Object>,
) -> Vec<Installed<'b>> {
    let maps = ConfigMaps::of(build);
    let read = |object| {
        let release = HelmRelease::read(object)?;
        let chart = release.chart.clone()?;
        let (mut layers, mut unknown) = (Vec::new(), Vec::new());
        for source in &release.from {
            let given = || {
                let map = elsewhere(object, &source.name).filter(|_| !source.is_secret)?;
                let text = map.node.at(&["data", &source.key])?;
                let place = text.origin.as_ref().or(map.node.origin.as_ref())?;
                let file = place.near_in_file().source.path().clone();
                Some((Some(file), source.layer(text)?))
            };
            let own = maps.layer(object, source).map(|layer| (None, layer));
            match own.or_else(given) {
                Some(layer) => layers.push(layer),
                None if source.optional && !source.is_secret => {}
                None => unknown.push(source.name.clone()),
            }
        }
        let own = values::held(&object.node);
        layers.extend(own.iter().filter_map(layer_of).map(|layer| (None, layer)));
        Some(Installed { object, release, chart, layers, unknown })
    };
    build.objects.iter().filter_map(read).collect()
}

/// Generators that list directories are not followed here.
struct Nowhere;

impl Listing for Nowhere {
    fn directories(&self, _: &str) -> Vec<TreePath> {
        Vec::new()
    }

    fn files(&self, _: &str) -> Vec<(TreePath, Vec<Node>)> {
        Vec::new()
    }
}

const fn node_of<'n>(held: &Held<'n>) -> &'n Node {
    match held.values {
        Written::Tree(node) | Written::Text(node) | Written::Parameters(node) => node,
    }
}

/// Values as a mapping.
pub(super) fn layer_of(held: &Held<'_>) -> Option<Node> {
    match held.values {
        Written::Tree(node) => Some(node.clone()),
        Written::Text(text) => parsed(text),
        Written::Parameters(list) => Some(
            list.items()
                .iter()
                .filter_map(parameter)
                .fold(Node::map(Provenance::Generated), |all, more| merged(&all, &more)),
        ),
    }
}

fn parameter(parameter: &Node) -> Option<Node> {
    let name = parameter.get("name")?.str()?;
    // An index or an escaped dot has no place in a mapping.
    let value = parameter.get("value").filter(|_| !is_indexed(name))?;
    let is_text = parameter.get("forceString").is_some_and(|node| node.reads("true"));
    if !is_text && ["true", "false", "null"].iter().any(|word| value.reads(word)) {
        // As `--set` reads it, whatever its quotes are.
        let word = Scalar::new(value.str()?, Style::Plain, Tag::None);
        return Some(nested(name, &Node::made(Value::Scalar(word), Provenance::Generated)));
    }
    Some(nested(name, value))
}

/// Whether the name of a parameter is no sequence of keys.
fn is_indexed(name: &str) -> bool {
    name.contains(['[', '\\', '{', ','])
}

/// The parameters of a source that cannot be laid over its other values here.
pub(super) fn indexed(source: &Node) -> Vec<&Node> {
    let list = source.at(&["helm", "parameters"]).map_or(&[][..], Node::items).iter();
    let names = list.filter_map(|parameter| parameter.get("name"));
    names.filter(|name| name.str().is_some_and(is_indexed)).collect()
}

/// A mapping in which a value is at `a.b.c`.
fn nested(keys: &str, value: &Node) -> Node {
    keys.rsplit('.').fold(value.clone(), |value, key| {
        let mut map = Node::map(Provenance::Generated);
        map.set(key, value);
        map
    })
}

fn parsed(text: &Node) -> Option<Node> {
    let stream = embed::parse_inside(text).ok()?;
    stream.documents.first().map(|document| document.root.clone())
}

/// The ConfigMaps of a build by their namespace and name, as indexes of the objects.
struct ConfigMaps<'b> {
    build: &'b Build,
    by_name: OnceCell<HashMap<(Option<&'b str>, &'b str), usize>>,
}

impl<'b> ConfigMaps<'b> {
    const fn of(build: &'b Build) -> Self {
        Self { build, by_name: OnceCell::new() }
    }

    /// The text of one that a release takes values from, with the index of the object.
    fn text(&self, release: &Object, source: &ValuesSource) -> Option<(usize, &'b Node)> {
        if source.is_secret {
            return None;
        }
        let by_name = self.by_name.get_or_init(|| {
            let all = self.build.objects.iter().enumerate();
            let all = all.filter(|(_, object)| object.kind() == "ConfigMap");
            all.map(|(index, object)| ((object.namespace(), object.name()), index)).collect()
        });
        let index = *by_name.get(&(release.namespace(), &*source.name))?;
        let text = self.build.objects[index].node.at(&["data", &source.key])?;
        Some((index, text))
    }

    /// The values that one holds.
    fn layer(&self, release: &Object, source: &ValuesSource) -> Option<Node> {
        source.layer(self.text(release, source)?.1)
    }
}

impl ValuesSource {
    /// The values in a text.
    fn layer(&self, text: &Node) -> Option<Node> {
        self.target.as_ref().map_or_else(|| parsed(text), |target| Some(nested(target, text)))
    }
}

/// The names in the values that ConfigMaps of a build hold for its releases, each with the index of its object.
pub(super) fn in_config_maps(build: &Build) -> Vec<(usize, Found)> {
    let (mut all, mut known) = (Vec::new(), BTreeSet::new());
    let maps = ConfigMaps::of(build);
    for object in &*build.objects {
        let Some(one) = HelmRelease::read(object) else { continue };
        for source in &one.from {
            let Some((index, text)) = maps.text(object, source) else { continue };
            if !known.insert((index, source.key.clone(), source.target.clone())) {
                continue;
            }
            let path = Path::default().key("data").key(&source.key);
            let found = match &source.target {
                None => values::in_text(&path, text),
                Some(target) => values::as_parameter(&path, target, text).into_iter().collect(),
            };
            let found = found.into_iter().map(|found| Found {
                node: as_written(&found),
                namespace: one.release.namespace.clone(),
                ..found
            });
            all.extend(found.map(|found| (index, found)));
        }
    }
    all
}

/// The text of a generated object: a file that a generator reads as it is spells the name.
fn as_written(found: &Found) -> Node {
    let mut node = found.node.clone();
    let part = found.part.clone().unwrap_or(0..node.str().map_or(0, str::len));
    let place = embed::part(&node, part).and_then(|place| place.in_file());
    if node.how == Provenance::Generated && place.is_some() {
        node.how = Provenance::Written;
    }
    node
}

/// Removes references of objects that stand for values if a real object has them too.
pub(super) fn once(objects: &[Object], references: &mut Vec<Reference>) {
    let stands = |one: &Reference| is_values(&objects[one.object].node);
    if !references.iter().any(stands) {
        return;
    }
    let site = |one: &Reference| one.place().as_ref().map(Place::site);
    let real: HashSet<_> = references.iter().filter(|one| !stands(one)).filter_map(site).collect();
    references.retain(|one| !stands(one) || site(one).is_none_or(|site| !real.contains(&site)));
}
