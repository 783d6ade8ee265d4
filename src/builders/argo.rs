//! Argo CD `Application`s, and those that `ApplicationSet`s make: what each builds, and how.

use std::collections::BTreeMap;

use crate::builders::operators::fits;
use crate::builders::substitute::composed;
use crate::builders::template::{Failure, of_path, parts, render};
use crate::builders::values::Release;
use crate::kustomize::load::kustomization::Overrides;
use crate::kustomize::model::object::Object;
use crate::text::path::TreePath;
use crate::yaml::node::{Node, Provenance};

/// The group of the API.
const GROUP: &str = "argoproj.io";

/// How many Applications one ApplicationSet may make.
const MOST: usize = 10_000;

/// An Argo CD `Application`.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// The namespace of objects that set none.
    pub destination: Option<String>,
    /// The cluster, by its name.
    pub cluster: Option<String>,
    /// What it builds.
    pub sources: Vec<Source>,
    /// The object as it is written, or the template that was filled in.
    pub node: Node,
}

impl Application {
    /// What a source with a chart installs.
    #[must_use]
    pub fn release(&self, source: &Source) -> Release {
        let name = text(&source.node, &["helm", "releaseName"]).unwrap_or(&self.name).to_owned();
        Release { name: Some(name), namespace: self.destination.clone(), chart: None }
    }
}

/// One source of an `Application`.
#[derive(Debug, Clone)]
pub struct Source {
    /// The directory, unless it is a chart of a registry, or one that only lends its files to others.
    pub path: Option<TreePath>,
    /// The address of the repository.
    pub repository: Option<String>,
    /// What is written into the directory's kustomization.
    pub overrides: Overrides,
    /// Whether plain manifests are taken from directories below, too.
    pub recurse: bool,
    /// The source as it is written.
    pub node: Node,
}

/// What is in a tree, for generators that list it.
pub trait Listing {
    /// The directories that a pattern of a Git generator matches, sorted.
    fn directories(&self, pattern: &str) -> Vec<TreePath>;

    /// The files that a pattern of a Git generator matches, sorted, each with its documents.
    fn files(&self, pattern: &str) -> Vec<(TreePath, Vec<Node>)>;
}

/// The Applications that an object is or makes, and why some are not known; `None` if it is another kind.
#[must_use]
pub fn applications(
    object: &Object,
    listing: &dyn Listing,
) -> Option<(Vec<Application>, Vec<Failure>)> {
    let group = object.api_version().rsplit_once('/')?.0;
    match (group, object.kind()) {
        (GROUP, "Application") => Some((vec![application(&object.node)], Vec::new())),
        (GROUP, "ApplicationSet") => Some(made(object.node.get("spec")?, listing)),
        _ => None,
    }
}

/// The template of an ApplicationSet with nothing filled in; `None` if the object is another kind.
#[must_use]
pub fn template(object: &Object) -> Option<Application> {
    let group = object.api_version().rsplit_once('/')?.0;
    let is_set = (group, object.kind()) == (GROUP, "ApplicationSet");
    object.node.at(&["spec", "template"]).filter(|_| is_set).map(application)
}

fn text<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n str> {
    node.at(keys).and_then(Node::str).filter(|text| !text.is_empty())
}

fn application(node: &Node) -> Application {
    let spec = node.get("spec");
    let list = spec.and_then(|spec| spec.get("sources")).map_or(&[][..], Node::items);
    let one = spec.and_then(|spec| spec.get("source"));
    // `source` is ignored where there are `sources`.
    let sources = if list.is_empty() { one.into_iter().collect() } else { list.iter().collect() };
    let sources: Vec<&Node> = sources;
    Application {
        name: text(node, &["metadata", "name"]).unwrap_or_default().to_owned(),
        destination: text(node, &["spec", "destination", "namespace"]).map(str::to_owned),
        cluster: text(node, &["spec", "destination", "name"]).map(str::to_owned),
        sources: sources.into_iter().map(Source::read).collect(),
        node: node.clone(),
    }
}

impl Source {
    /// Reads a source.
    #[must_use]
    pub fn read(node: &Node) -> Self {
        let path = text(node, &["path"]).filter(|_| text(node, &["chart"]).is_none());
        Self {
            path: path.and_then(|path| TreePath::new(path.trim_start_matches('/'))),
            repository: text(node, &["repoURL"]).map(str::to_owned),
            overrides: node.get("kustomize").map(overrides).unwrap_or_default(),
            recurse: text(node, &["directory", "recurse"]) == Some("true"),
            node: node.clone(),
        }
    }

    /// Whether it takes the manifests of a file, where its directory is no kustomization and no chart.
    #[must_use]
    pub fn takes(&self, directory: &TreePath, file: &TreePath) -> bool {
        if !self.recurse && file.parent() != *directory {
            return false;
        }
        let path = file.relative_to(directory);
        let matches = |pattern: &str| braces(pattern).iter().any(|one| fits(one, &path));
        let of = |key| text(&self.node, &["directory", key]);
        of("include").is_none_or(matches) && !of("exclude").is_some_and(matches)
    }
}

/// The patterns that one with `{a,b}` means.
fn braces(pattern: &str) -> Vec<String> {
    let parts = pattern.split_once('{').and_then(|(before, rest)| {
        let (inner, after) = rest.split_once('}')?;
        Some((before, inner, after))
    });
    let Some((before, inner, after)) = parts else { return vec![pattern.to_owned()] };
    inner.split(',').map(|word| format!("{before}{word}{after}")).collect()
}

/// What `source.kustomize` writes into the kustomization.
fn overrides(options: &Node) -> Overrides {
    let mut overrides = Overrides::default();
    for field in ["namePrefix", "nameSuffix", "namespace", "commonLabels", "commonAnnotations"] {
        if let Some(value) = options.get(field) {
            overrides.set(field, value.clone());
        }
    }
    for list in ["patches", "components"] {
        overrides.append(list, options.get(list).map_or(&[][..], Node::items));
    }
    overrides
}

/// The Applications of an ApplicationSet.
fn made(spec: &Node, listing: &dyn Listing) -> (Vec<Application>, Vec<Failure>) {
    let is_go = text(spec, &["goTemplate"]) == Some("true");
    let Some(template) = spec.get("template") else { return (Vec::new(), Vec::new()) };
    let (mut all, mut failures) = (Vec::new(), Vec::new());
    for generator in spec.get("generators").map_or(&[][..], Node::items) {
        let parameters = match parameters(generator, is_go, listing) {
            Ok(parameters) => parameters,
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        for one in parameters.into_iter().take(MOST.saturating_sub(all.len())) {
            let mut filled = template.clone();
            match fill(&mut filled, &one, is_go) {
                Ok(()) => all.push(application(&filled)),
                Err(failure) => failures.push(failure),
            }
        }
    }
    failures.dedup();
    (all, failures)
}

/// The parameters that a generator gives, once for each Application.
fn parameters(generator: &Node, is_go: bool, listing: &dyn Listing) -> Result<Vec<Node>, Failure> {
    let Some(kind) = generator.entries().iter().find(|entry| !entry.key.reads("selector")) else {
        return Ok(Vec::new());
    };
    let (name, body) = (kind.key.str().unwrap_or_default(), &kind.value);
    let unknown = || Failure::Unknown(format!("the generator `{name}`"));
    match name {
        _ if generator.get("selector").is_some() => Err(unknown()),
        "list" if body.get("elementsYaml").is_none() => {
            Ok(body.get("elements").map_or(&[][..], Node::items).to_vec())
        }
        "git" => of_git(body, is_go, listing).ok_or_else(unknown)?,
        "matrix" => {
            let [one, two] = body.get("generators").map_or(&[][..], Node::items) else {
                return Err(unknown());
            };
            let mut pairs = Vec::new();
            for one in parameters(one, is_go, listing)? {
                // The second generator may use what the first one gives.
                let mut two = two.clone();
                fill(&mut two, &one, is_go)?;
                for two in parameters(&two, is_go, listing)? {
                    if pairs.len() == MOST {
                        return Err(unknown());
                    }
                    pairs.push(joined(&one, &two));
                }
            }
            Ok(pairs)
        }
        "merge" => merged(body, is_go, listing, &unknown),
        _ => Err(unknown()),
    }
}

/// The directories or the files of a Git generator.
fn of_git(body: &Node, is_go: bool, listing: &dyn Listing) -> Option<Result<Vec<Node>, Failure>> {
    if let Some(files) = body.get("files") {
        return of_files(files.items(), body.get("values"), is_go, listing);
    }
    let listed = body.get("directories")?.items();
    let is_excluded = |entry: &&Node| text(entry, &["exclude"]) == Some("true");
    let paths = |entry: &Node| text(entry, &["path"]).map(|path| listing.directories(path));
    let excluded: Vec<TreePath> =
        listed.iter().filter(is_excluded).filter_map(paths).flatten().collect();
    let mut found: Vec<TreePath> =
        listed.iter().filter(|entry| !is_excluded(entry)).filter_map(paths).flatten().collect();
    found.retain(|path| !excluded.contains(path));
    found.sort();
    found.dedup();
    let values = body.get("values");
    let parameters = found.iter().map(|path| of_path(path.as_str(), is_go));
    Some(parameters.map(|own| with_values(own, values, is_go)).collect())
}

/// The parameters with the values of a generator, which may use them.
fn with_values(mut own: Node, values: Option<&Node>, is_go: bool) -> Result<Node, Failure> {
    if let Some(values) = values {
        let mut values = values.clone();
        fill(&mut values, &own, is_go)?;
        if is_go {
            own.set("values", values);
        } else {
            for entry in values.entries() {
                let name = format!("values.{}", entry.key.str().unwrap_or_default());
                own.set(&name, entry.value.clone());
            }
        }
    }
    Ok(own)
}

/// What the files say, each with its path; a list says it once for each item. `None` if one has no such thing.
fn of_files(
    listed: &[Node],
    values: Option<&Node>,
    is_go: bool,
    listing: &dyn Listing,
) -> Option<Result<Vec<Node>, Failure>> {
    let mut found: BTreeMap<TreePath, Vec<Node>> = BTreeMap::new();
    let is_excluded = |entry: &&Node| text(entry, &["exclude"]) == Some("true");
    for entry in listed.iter().filter(|entry| !is_excluded(entry)) {
        found.extend(listing.files(text(entry, &["path"])?));
    }
    for entry in listed.iter().filter(is_excluded) {
        for (path, _) in listing.files(text(entry, &["path"])?) {
            found.remove(&path);
        }
    }
    let mut all = Vec::new();
    for (path, documents) in found {
        let [document] = &documents[..] else { return None };
        let items = if document.items().is_empty() {
            std::slice::from_ref(document)
        } else {
            document.items()
        };
        for item in items {
            let mut own = of_path(path.parent().as_str(), is_go);
            if is_go {
                own.get_mut("path")?
                    .set("filename", Node::string(path.name(), Provenance::Generated));
            } else {
                own.set("path.filename", Node::string(path.name(), Provenance::Generated));
            }
            all.push(with_values(joined(item, &own), values, is_go));
        }
    }
    Some(all.into_iter().collect())
}

/// The parameters of the first generator, each with those of the others that agree with it in the merge keys.
fn merged(
    body: &Node,
    is_go: bool,
    listing: &dyn Listing,
    unknown: &dyn Fn() -> Failure,
) -> Result<Vec<Node>, Failure> {
    let keys: Vec<&str> =
        body.get("mergeKeys").map_or(&[][..], Node::items).iter().filter_map(Node::str).collect();
    let generators = body.get("generators").map_or(&[][..], Node::items);
    let Some((first, rest)) = generators.split_first().filter(|_| !keys.is_empty()) else {
        return Err(unknown());
    };
    let mut all = parameters(first, is_go, listing)?;
    for generator in rest {
        for more in parameters(generator, is_go, listing)? {
            let agrees = |one: &&mut Node| {
                keys.iter().all(|key| {
                    let values = [one.get(key), more.get(key)];
                    values[0].and_then(Node::str) == values[1].and_then(Node::str)
                        && values[0].is_some()
                })
            };
            for one in all.iter_mut().filter(agrees) {
                *one = joined(one, &more);
            }
        }
    }
    Ok(all)
}

/// The parameters of two generators; the second wins.
fn joined(one: &Node, two: &Node) -> Node {
    let mut joined =
        if one.entries().is_empty() { Node::map(Provenance::Generated) } else { one.clone() };
    for entry in two.entries() {
        if let Some(key) = entry.key.str() {
            joined.set(key, entry.value.clone());
        }
    }
    joined
}

/// Fills in every scalar of a template.
fn fill(node: &mut Node, parameters: &Node, is_go: bool) -> Result<(), Failure> {
    if node.scalar().is_some() {
        let text = node.str().unwrap_or_default();
        if text.contains("{{") {
            *node = composed(node, &parts(node, render(text, parameters, is_go)?));
        }
    } else if let Some(map) = node.map_mut() {
        for entry in &mut map.entries {
            fill(&mut entry.value, parameters, is_go)?;
        }
    } else if let Some(items) = node.items_mut() {
        items.iter_mut().try_for_each(|item| fill(item, parameters, is_go))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Application, Failure, Listing, applications};
    use crate::kustomize::model::object::Object;
    use crate::text::path::TreePath;
    use crate::text::source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    struct Listed;

    impl Listing for Listed {
        fn files(&self, pattern: &str) -> Vec<(TreePath, Vec<Node>)> {
            let file = |env: &str| {
                let path = TreePath::new(&format!("envs/{env}/config.json")).unwrap();
                let text =
                    format!("{{\"cluster\": {{\"name\": \"{env}\"}}, \"secret\": \"s-{env}\"}}");
                let source = source::Source::file(path.clone(), text);
                (path, vec![parse(&source).unwrap().documents[0].root.clone()])
            };
            if pattern == "envs/*/config.json" { vec![file("a"), file("b")] } else { Vec::new() }
        }

        fn directories(&self, pattern: &str) -> Vec<TreePath> {
            let all = ["apps/a", "apps/b", "apps/c"].map(|path| TreePath::new(path).unwrap());
            let is_one = |path: &TreePath| pattern == "apps/*" || pattern == path.as_str();
            all.into_iter().filter(is_one).collect()
        }
    }

    fn made(text: &str) -> (Vec<Application>, Vec<Failure>) {
        let source = source::Source::file(TreePath::new("argocd/x.yaml").unwrap(), text);
        let root = parse(&source).unwrap().documents[0].root.clone();
        applications(&Object::new(root), &Listed).unwrap()
    }

    fn seen(all: &[Application]) -> Vec<String> {
        let one = |one: &Application| {
            let paths =
                one.sources.iter().map(|one| one.path.as_ref().map_or("-", TreePath::as_str));
            format!("{} {}", one.name, paths.collect::<Vec<_>>().join(" "))
        };
        all.iter().map(one).collect()
    }

    fn set(generators: &str, template: &str, is_go: bool) -> String {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{ name: x }}\nspec:\n  goTemplate: {is_go}\n  generators: {generators}\n  template: {template}\n"
        )
    }

    #[test]
    fn an_application_says_what_it_builds() {
        let text = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: { name: web }\nspec:\n  destination: { namespace: shop, name: production }\n  source:\n    path: ./apps/web\n    repoURL: https://git.example.com/x\n    directory: { recurse: true }\n    kustomize: { namePrefix: x- }\n";
        let (all, failures) = made(text);
        assert!(failures.is_empty());
        assert_eq!(seen(&all), ["web apps/web"]);
        let (one, source) = (&all[0], &all[0].sources[0]);
        assert_eq!(
            (one.destination.as_deref(), one.cluster.as_deref()),
            (Some("shop"), Some("production"))
        );
        assert!(source.recurse && !source.overrides.is_empty());
    }

    #[test]
    fn lists_and_directories_are_known() {
        let list = "[{ list: { elements: [{ env: staging, secret: s-1 }, { env: production, secret: s-2 }] } }]";
        let template = "{ metadata: { name: 'shop-{{.env}}' }, spec: { source: { path: 'apps/{{.env}}', kustomize: { patches: [{ patch: 'value: {{.secret}}' }] } } } }";
        let (all, failures) = made(&set(list, template, true));
        assert!(failures.is_empty(), "{failures:?}");
        assert_eq!(seen(&all), ["shop-staging apps/staging", "shop-production apps/production"]);
        let patches = all[1].sources[0].node.at(&["kustomize", "patches"]).unwrap();
        let patch = patches.items()[0].get("patch").unwrap();
        assert_eq!(patch.str(), Some("value: s-2"));
        let place = crate::yaml::embed::part(patch, 7..10).unwrap().in_file().unwrap();
        assert_eq!((place.source.path().as_str(), place.text()), ("argocd/x.yaml", "s-2"));
        let git =
            "[{ git: { directories: [{ path: 'apps/*' }, { path: apps/b, exclude: true }] } }]";
        let template =
            "{ metadata: { name: '{{path.basename}}' }, spec: { source: { path: '{{path}}' } } }";
        assert_eq!(seen(&made(&set(git, template, false)).0), ["a apps/a", "c apps/c"]);
    }

    #[test]
    fn files_say_what_is_in_them_and_where_they_are() {
        let generators = "[{ git: { files: [{ path: 'envs/*/config.json' }] } }]";
        let go = "{ metadata: { name: '{{.cluster.name}}-{{.path.basename}}' }, spec: { source: { path: '{{.path.path}}' } } }";
        let plain = "{ metadata: { name: '{{cluster.name}}-{{path.filename}}' }, spec: { source: { path: '{{path}}' } } }";
        assert_eq!(seen(&made(&set(generators, go, true)).0), ["a-a envs/a", "b-b envs/b"]);
        assert_eq!(
            seen(&made(&set(generators, plain, false)).0),
            ["a-config.json envs/a", "b-config.json envs/b"]
        );
    }

    #[test]
    fn generators_are_combined() {
        let envs = "{ list: { elements: [{ env: s }, { env: p }] } }";
        let matrix = format!(
            "[{{ matrix: {{ generators: [{{ git: {{ directories: [{{ path: apps/a }}, {{ path: apps/c }}] }} }}, {envs}] }} }}]"
        );
        let template = "{ metadata: { name: '{{.path.basename}}-{{.env}}' }, spec: { source: { path: '{{.path.path}}' } } }";
        assert_eq!(
            seen(&made(&set(&matrix, template, true)).0),
            ["a-s apps/a", "a-p apps/a", "c-s apps/c", "c-p apps/c"]
        );
        let uses = "[{ matrix: { generators: [{ list: { elements: [{ env: a }] } }, { git: { directories: [{ path: 'apps/{{.env}}' }] } }] } }]";
        let template =
            "{ metadata: { name: '{{.env}}' }, spec: { source: { path: '{{.path.path}}' } } }";
        assert_eq!(seen(&made(&set(uses, template, true)).0), ["a apps/a"]);
        let values = "[{ git: { directories: [{ path: apps/a }], values: { as: '{{.path.basename}}-x' } } }]";
        let template = "{ metadata: { name: '{{.values.as}}' }, spec: { source: { path: '{{.path.path}}' } } }";
        assert_eq!(seen(&made(&set(values, template, true)).0), ["a-x apps/a"]);
        let merge = format!(
            "[{{ merge: {{ mergeKeys: [env], generators: [{envs}, {{ list: {{ elements: [{{ env: p, path: x }}] }} }}] }} }}]"
        );
        let template = "{ metadata: { name: '{{.env}}' }, spec: { source: { path: '{{ default \"none\" .path }}' } } }";
        assert_eq!(seen(&made(&set(&merge, template, true)).0), ["s none", "p x"]);
    }

    #[test]
    fn what_only_argo_cd_knows_is_named() {
        let template = "{ metadata: { name: x }, spec: { source: { path: '{{.x | sha1sum}}' } } }";
        for (generators, name) in [
            ("[{ clusters: {} }]", "clusters"),
            ("[{ list: { elements: [{ x: y }] } }]", "sha1sum"),
        ] {
            let (all, failures) = made(&set(generators, template, true));
            assert!(all.is_empty());
            assert!(failures[0].to_string().contains(name), "{failures:?}");
        }
    }
}
