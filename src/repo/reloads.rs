//! Reloading a changed tree gives what loading it from scratch does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use crate::config::parse::parse;
use crate::repo::builder::Builder;
use crate::repo::testing::{deployment, path, resources};
use crate::repo::{Repo, Scope};
use crate::text::path::TreePath;
use crate::text::source::{Place, Source};
use crate::tree::memory::MemoryTree;
use crate::tree::{Entry, ReadError, Tree};
use crate::yaml::library::Library;
use crate::yaml::node::Node;

/// Texts of kustomizations, and of what may take their place.
const KUSTOMIZATIONS: [&str; 18] = [
    "resources: [web.yaml]\n",
    "resources: [web.yaml, extra/stub.yaml]\nnamespace: shop\n",
    "resources: [../base]\ncomponents: [../../../parts/p]\n",
    "resources: [../base, web.yaml]\nnamePrefix: x-\n",
    "resources: [../base/web.yaml]\n",
    "resources: [../staging, ../base/stub.yaml]\n",
    "resources: [web.yaml]\ncomponents: [../../../parts/p, ../../../parts/q]\n",
    "resources: [flux.yaml]\n",
    "resources: [flux.yaml, web.yaml, extra/flux.yaml]\n",
    "resources: [../../apps/a/staging, ../../apps/b/production]\n",
    "resources: [missing.yaml, https://example.com/base?ref=1]\n",
    "resources: [https://example.com/base?ref=1, web.yaml]\n",
    "kind: Component\nresources: [stub.yaml]\n",
    "kind: Component\npatches: [{path: web.yaml, target: {kind: Deployment}}]\nconfigMapGenerator: [{name: c, files: [flux.yaml, n=stub.yaml]}]\n",
    "kind: Component\nlabels: [{pairs: {a: b}}]\n",
    "resources: [web.yaml]\nhelmCharts: [{name: c, valuesFile: values.yaml, additionalValuesFiles: [../base/values.yaml], valuesInline: {existingSecret: db-20250701000000}}]\n",
    "resources: [\n",
    "",
];

/// Where a kustomization may be.
const DIRECTORIES: [&str; 13] = [
    "apps/a/base",
    "apps/a/production",
    "apps/a/staging",
    "apps/b/production",
    "apps/b/staging",
    "clusters/production",
    "clusters/staging",
    "infra",
    "parts",
    "parts/p",
    "parts/q",
    "production",
    "",
];

/// The names of other files.
const NAMES: [&str; 12] = [
    "web.yaml",
    "stub.yaml",
    "flux.yaml",
    "extra/web.yaml",
    "extra/stub.yaml",
    "extra/flux.yaml",
    "templates/web.yaml",
    "note.txt",
    "values.yaml",
    "values-staging.yaml",
    "values-production.yaml",
    "helmfile.yaml",
];

fn objects() -> Vec<String> {
    let stub = |name: &str| {
        format!(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {name}\n"
        )
    };
    let flux = |path: &str, namespace: &str| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: k}}\nspec: {{path: {path}, targetNamespace: {namespace}}}\n"
        )
    };
    let argo = |paths: [&str; 2]| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: a}}\nspec:\n  destination: {{namespace: tools}}\n  sources: [{{path: {}}}, {{path: {}}}]\n",
            paths[0], paths[1]
        )
    };
    vec![
        deployment("web", "auth"),
        deployment("web", "auth-20250601000000"),
        deployment("db", "db-20250701000000"),
        deployment("web", "auth-20250601000000")
            .replace("name: app", "name: app\n        args: [db-20250701000000]"),
        stub("auth-20250601000000"),
        stub("mail-20250601000000"),
        flux("./apps/a/base/extra", "shop"),
        flux("./apps/a/staging", "shop"),
        flux("./apps/b/production", "other"),
        flux("./infra/extra", "infra"),
        format!("{}---\n{}", flux("./infra", "a"), flux("./infra", "b")),
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: p}\nspec: {path: ./apps/a/base, namePrefix: p-, postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}}\n".to_owned(),
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: v}\nspec: {path: ./apps, postBuild: {substitute: {V: \"20250601000000\"}, substituteFrom: [{kind: ConfigMap, name: vars, optional: true}]}}\n".to_owned(),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars}\ndata: {SECRET: auth-20250601000000}\n".to_owned(),
        deployment("web", "\"${SECRET}\""),
        deployment("web", "auth-${V:=x}"),
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec: {generators: [{git: {directories: [{path: 'apps/*/*'}]}}], template: {metadata: {name: '{{path.basename}}-{{path[1]}}'}, spec: {source: {path: '{{path}}', kustomize: {nameSuffix: -s}}}}}\n".to_owned(),
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: other}\nspec: {source: {repoURL: 'https://example.com/a.git', path: apps/a/base, kustomize: {namePrefix: o-}}}\n".to_owned(),
        argo(["apps/a/base/extra", "apps/b/staging/extra"]),
        argo(["production", "infra/extra"]),
        "existingSecret: mail-20250601000000\n".to_owned(),
        "auth: {existingSecret: auth-20250601000000, hook: '{{ .Release.Name }}-20250601000000'}\n".to_owned(),
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: auth}\nspec: {source: {path: apps/a/staging, helm: {valueFiles: [values-staging.yaml, ../base/values*.yaml, /infra/values.yaml], values: 'a: {existingSecret: db}'}}}\n".to_owned(),
        "environments: {staging: {}}\nreleases: [{name: auth, chart: ./, values: [values.yaml, extra/web.yaml, {existingSecret: '{{ .Release.Name }}-20250601000000'}]}]\n".to_owned(),
        "a: [\n".to_owned(),
        "just: a value\n".to_owned(),
        String::new(),
    ]
}

/// A change of a tree.
#[derive(Debug, Clone)]
enum Edit {
    /// A kustomization, under one of its names.
    Kustomization { directory: usize, name: usize, text: usize },
    /// Another file.
    Object { directory: usize, name: usize, text: usize },
    /// The head of a chart.
    Chart { directory: usize, version: u8 },
    /// The settings, which a reload keeps as they were.
    Settings(u8),
    /// A file is removed; a number of the files that are there.
    Remove(usize),
    /// A directory moves to the place of another.
    Rename(usize, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let directory = || 0..DIRECTORIES.len();
    prop_oneof![
        6 => (directory(), prop_oneof![8 => Just(0_usize), 1 => 1..3_usize], 0..KUSTOMIZATIONS.len())
            .prop_map(|(directory, name, text)| Edit::Kustomization { directory, name, text }),
        8 => (directory(), 0..NAMES.len(), 0..objects().len())
            .prop_map(|(directory, name, text)| Edit::Object { directory, name, text }),
        1 => (directory(), any::<u8>())
            .prop_map(|(directory, version)| Edit::Chart { directory, version }),
        1 => any::<u8>().prop_map(Edit::Settings),
        6 => any::<usize>().prop_map(Edit::Remove),
        2 => (directory(), directory()).prop_map(|(from, to)| Edit::Rename(from, to)),
    ]
}

type Files = BTreeMap<TreePath, String>;

fn apply(files: &mut Files, edit: &Edit) {
    let at = |directory: usize, name: &str| path(DIRECTORIES[directory]).join(name).unwrap();
    match *edit {
        Edit::Kustomization { directory, name, text } => {
            let name = ["kustomization.yaml", "kustomization.yml", "Kustomization"][name];
            files.insert(at(directory, name), KUSTOMIZATIONS[text].to_owned());
        }
        Edit::Object { directory, name, text } => {
            files.insert(at(directory, NAMES[name]), objects()[text].clone());
        }
        Edit::Chart { directory, version } => {
            files.insert(at(directory, "Chart.yaml"), format!("name: c\nversion: {version}\n"));
        }
        Edit::Settings(number) => {
            files.insert(path("rotate.yaml"), format!("# {number}\n{SETTINGS}"));
        }
        Edit::Remove(index) => {
            let all: Vec<TreePath> = files.keys().cloned().collect();
            all.get(index % all.len().max(1)).map(|file| files.remove(file));
        }
        Edit::Rename(from, to) => {
            let (from, to) = (path(DIRECTORIES[from]), path(DIRECTORIES[to]));
            let moved: Vec<TreePath> =
                files.keys().filter(|file| file.is_within(&from)).cloned().collect();
            for file in moved {
                let text = files.remove(&file).unwrap();
                files.insert(to.join(&file.relative_to(&from)).unwrap(), text);
            }
        }
    }
}

const SETTINGS: &str = "environments:\n- {name: live, paths: [clusters/production, \"apps/*/production\", infra]}\n- {name: qa, paths: [\"*/staging\"]}\nsecrets:\n  db: {}\n";

/// The files that differ, with their new contents.
fn difference(old: &Files, new: &Files) -> BTreeMap<TreePath, Option<Vec<u8>>> {
    let gone = old.keys().filter(|file| !new.contains_key(*file)).map(|file| (file.clone(), None));
    let other = new.iter().filter(|(file, text)| old.get(*file) != Some(text));
    let other = other.map(|(file, text)| (file.clone(), Some(text.clone().into_bytes())));
    gone.chain(other).collect()
}

fn place(place: &Place) -> String {
    format!("{}:{:?}", place.source.path(), place.span())
}

/// A node with the places it comes from.
fn node(one: &Node) -> String {
    let origin = one.origin.as_ref().map(place);
    let entries: Vec<String> = one
        .entries()
        .iter()
        .map(|entry| format!("{}={}", node(&entry.key), node(&entry.value)))
        .collect();
    let items: Vec<String> = one.items().iter().map(node).collect();
    format!("{:?}@{origin:?}{entries:?}{items:?}", one.str())
}

/// Everything that is known of a repository.
fn seen(repo: &Repo) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for root in &repo.roots {
        let (path, kind, environment) = (&root.path, root.kind, root.environment);
        let (status, namespace) = (root.status(), &root.namespace);
        seen.push(format!("{path} {kind:?} {environment:?} {status:?} {namespace:?}"));
        let builder = |one: &Arc<Builder>| format!("{:?} {:?}", one.key(), one.origin);
        seen.push(format!("{:?}", root.builders.iter().map(builder).collect::<Vec<_>>()));
        seen.push(format!("{:?} {:?} {:?}", root.files(), root.directories(), root.pointers));
        seen.extend(root.problems().iter().map(|one| {
            format!(
                "{} {} {:?} {:?}",
                one.message,
                one.path,
                one.place.as_ref().map(place),
                one.help
            )
        }));
        seen.extend(root.objects().iter().map(|object| node(&object.node)));
        seen.extend(root.references.iter().map(|one| {
            let found = &one.found;
            let named = (found.row, found.path.to_string(), &found.secret, &found.part);
            format!("{} {named:?} {:?} {:?}", one.object, found.namespace, found.role)
        }));
        seen.extend(root.providers.iter().map(|one| {
            let made = &one.provided;
            format!("{} {} {} {:?}", one.object, made.path, made.secret, made.namespace)
        }));
    }
    let ground = repo.ground.as_ref().unwrap();
    let components = ground.components.iter().map(|(at, one)| (at, &one.file, &one.files));
    seen.push(format!("{:?}", components.collect::<Vec<_>>()));
    seen.push(format!("{:?} {:?} {:?}", ground.loose, ground.trees, ground.pointers));
    seen.push(format!("{:?}", repo.manifests().collect::<Vec<_>>()));
    seen.push(format!("{:?}", repo.families));
    seen.extend(repo.problems.iter().map(|one| format!("{} {}", one.message, one.path)));
    seen
}

/// A tree of which nothing was looked up but its files.
struct Kept(Arc<dyn Tree>);

impl Tree for Kept {
    fn entry(&self, path: &TreePath) -> Result<(TreePath, Entry), ReadError> {
        self.0.entry(path)
    }

    fn bytes(&self, path: &TreePath) -> Result<Arc<[u8]>, ReadError> {
        self.0.bytes(path)
    }

    fn source(&self, path: &TreePath) -> Result<Arc<Source>, ReadError> {
        self.0.source(path)
    }

    fn files(&self) -> &[TreePath] {
        self.0.files()
    }

    fn manifests(&self) -> &[TreePath] {
        self.0.manifests()
    }

    fn kept_to_files(&self) -> bool {
        true
    }
}

fn has(tree: &Arc<dyn Tree>, path: &TreePath, bytes: &[u8]) -> bool {
    tree.bytes(path).is_ok_and(|there| *there == *bytes)
}

fn assert_same(old: &[String], new: &[String]) {
    let unlike = old.iter().zip(new).find(|(old, new)| old != new);
    assert_eq!(unlike, None, "the reloaded and the loaded tree differ");
    assert_eq!(old.len(), new.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_reloaded_tree_is_as_if_loaded_from_scratch(
        first in prop::collection::vec(edit(), 0..24),
        steps in prop::collection::vec(prop::collection::vec(edit(), 1..4), 1..8),
        has_settings in any::<bool>(),
    ) {
        let mut files = Files::new();
        for one in ["apps/a/staging/web.yaml", "production/web.yaml", "clusters/production/web.yaml"] {
            files.insert(path(one), deployment("web", "auth"));
        }
        first.iter().for_each(|edit| apply(&mut files, edit));
        let config = has_settings.then(|| parse(&Source::file(path("rotate.yaml"), SETTINGS)).unwrap());
        let bytes = files.iter().map(|(file, text)| (file.clone(), text.clone().into_bytes()));
        let mut tree: Arc<dyn Tree> = Arc::new(MemoryTree::new(bytes));
        let Ok(mut repo) = Repo::load(Arc::clone(&tree), config, Scope::Everything) else {
            return Ok(());
        };
        for edits in &steps {
            let old = files.clone();
            edits.iter().for_each(|edit| apply(&mut files, edit));
            let changes = difference(&old, &files);
            let changed: BTreeSet<TreePath> = changes.keys().cloned().collect();
            let old_tree = Arc::clone(&tree);
            tree = Arc::new(MemoryTree::over(tree, changes));
            let kept: Arc<dyn Tree> = Arc::new(Kept(old_tree));
            let settings = repo.config.clone();
            let beside = Repo::load(kept, Some(settings.clone()), Scope::Everything)
                .ok()
                .and_then(|old| old.beside(&tree, &settings, |path, bytes| has(&tree, path, bytes)));
            if let Some(beside) = beside {
                let loaded = Repo::load(Arc::clone(&tree), Some(settings), Scope::Everything);
                assert_same(&seen(&beside), &seen(&loaded.unwrap()));
            }
            let reloaded = repo.reload(Arc::clone(&tree), &changed).unwrap();
            let expected = seen(&repo.load_like(Arc::clone(&tree)).unwrap());
            assert_same(&seen(&reloaded), &expected);
            // As a walk through history does it.
            let shelf = repo.release();
            let library = Library::stocked(Arc::clone(&tree), shelf, &changed);
            repo = repo.reload_library(Arc::new(library), &changed).unwrap();
            assert_same(&seen(&repo), &expected);
        }
    }
}

/// What is found by value names a known family; it does not make it known.
#[test]
fn a_family_that_is_only_mentioned_is_forgotten() {
    let name = "db-20250701000000";
    let mention = deployment("web", "auth")
        .replace("name: app", &format!("name: app\n        args: [{name}]"));
    let tree: Arc<dyn Tree> = Arc::new(MemoryTree::new([
        (path("production/kustomization.yaml"), resources(&["web.yaml"]).into_bytes()),
        (path("production/web.yaml"), mention.into_bytes()),
        (path("staging/kustomization.yaml"), resources(&["db.yaml"]).into_bytes()),
        (path("staging/db.yaml"), deployment("db", name).into_bytes()),
    ]));
    let before = Repo::load(Arc::clone(&tree), None, Scope::Everything).unwrap();
    assert_eq!(before.families.iter().collect::<Vec<_>>(), ["auth", "db"]);
    assert_eq!(before.roots[0].references.len(), 2);
    let file = path("staging/db.yaml");
    let other = Some(deployment("db", "auth").into_bytes());
    let tree = MemoryTree::over(tree, [(file.clone(), other)]);
    let after = before.reload(Arc::new(tree), &BTreeSet::from([file])).unwrap();
    assert_eq!(after.families.iter().collect::<Vec<_>>(), ["auth"]);
    assert_eq!(after.roots[0].references.len(), 1);
}
