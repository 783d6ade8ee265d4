//! What must hold of any tree. Each function returns how much of it there was to look at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rotate::config::parse::{parse as parse_settings, parse_past};
use rotate::config::settings::Config;
use rotate::finding::Finding;
use rotate::kustomize::resolver::Resolver;
use rotate::lint;
use rotate::lint::rule::{Facts, History};
use rotate::lint::selection::Selection;
use rotate::plan::bump::plan_with_tree;
use rotate::plan::request::BumpRequest;
use rotate::repo::root::Root;
use rotate::repo::subject::Subject;
use rotate::repo::{Repo, Scope};
use rotate::text::edit::apply;
use rotate::text::path::TreePath;
use rotate::text::source::{Place, Source};
use rotate::tree::memory::MemoryTree;
use rotate::yaml::library::Library;
use rotate::yaml::node::{Node, Value};
use rotate::yaml::parse::parse;

use super::mutate::Tree;
use crate::support::NOW;
use crate::yaml_properties::{NEW, change_one, leaves};

const SETTINGS: &str = "rotate.yaml";
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

fn in_memory(tree: &Tree) -> Arc<MemoryTree> {
    let files = tree.files.iter().map(|(name, text)| (path(name), text.as_bytes().to_vec()));
    Arc::new(MemoryTree::new(files))
}

/// The settings of a tree, unless they are refused.
fn config(tree: &Tree) -> Option<Config> {
    let text = tree.files.get(SETTINGS)?;
    parse_settings(&Source::file(path(SETTINGS), text.as_str())).ok()
}

fn load(tree: &Tree) -> Option<Repo> {
    Repo::load(in_memory(tree), config(tree), Scope::Everything).ok()
}

/// A place must be in its text, and between two characters.
fn assert_place(place: &Place) {
    let text = place.source.text();
    assert!(
        text.get(place.span().start..place.span().end).is_some(),
        "{:?} in {text:?}",
        place.span()
    );
    let near = place.near_in_file();
    assert!(
        near.source.text().get(near.span().start..near.span().end).is_some(),
        "{:?}",
        near.span()
    );
    let _ = place.position();
}

fn assert_node(node: &Node) {
    node.origin.iter().for_each(assert_place);
    match &node.value {
        Value::Scalar(_) => {}
        Value::Map(map) => map.entries.iter().for_each(|one| assert_node(&one.value)),
        Value::Seq(seq) => seq.items.iter().for_each(assert_node),
    }
}

/// What there is to see of a root.
fn seen(root: &Root) -> String {
    let objects: Vec<String> = root.objects().iter().map(|one| format!("{:?}", one.node)).collect();
    let problems: Vec<&str> = root.build.problems.iter().map(|one| one.message.as_str()).collect();
    let found: Vec<_> = root
        .references
        .iter()
        .map(|one| (one.object, &one.found.path, &one.found.secret))
        .collect();
    let made: Vec<_> = root
        .providers
        .iter()
        .map(|one| (one.object, &one.provided.path, &one.provided.secret))
        .collect();
    let (at, environment) = (&root.path, root.environment);
    format!("{at} {environment:?} {problems:?}\n{found:?}\n{made:?}\n{}", objects.join("\n"))
}

/// A changed tree loads, and gives the same as the one before it, loaded and then changed.
pub(super) fn loads(before: &Tree, after: &Tree) -> usize {
    let Some(repo) = load(after) else { return 0 };
    for root in &repo.roots {
        root.objects().iter().for_each(|object| assert_node(&object.node));
        root.build.problems.iter().filter_map(|one| one.place.as_ref()).for_each(assert_place);
        for one in &root.references {
            let secret = one.found.node.str().is_some_and(|text| text.contains(&one.found.secret));
            assert!(secret || one.found.part.is_none(), "{one:?}");
        }
    }
    if before.files.get(SETTINGS) != after.files.get(SETTINGS) {
        return 0;
    }
    let Some(old) = load(before) else { return 0 };
    if format!("{:?}", old.environments) != format!("{:?}", repo.environments) {
        return 0;
    }
    let all: BTreeSet<&String> = before.files.keys().chain(after.files.keys()).collect();
    let differs = |name: &&&String| before.files.get(**name) != after.files.get(**name);
    let changed: BTreeSet<TreePath> = all.iter().filter(differs).map(|name| path(name)).collect();
    let reloaded = old.reload(in_memory(after), &changed).unwrap();
    let (anew, again): (Vec<_>, Vec<_>) = (
        repo.roots.iter().map(|root| seen(root)).collect(),
        reloaded.roots.iter().map(|root| seen(root)).collect(),
    );
    assert_eq!(anew, again, "loaded anew, and reloaded");
    anew.len()
}

/// A value of a file that parses is replaced, and nothing else.
pub(super) fn edits(before: &Tree, after: &Tree) -> usize {
    let mut changed = 0;
    for (name, text) in &after.files {
        if before.files.get(name) == Some(text) {
            continue;
        }
        let Ok(stream) = parse(&Source::file(path(name), text.as_str())) else { continue };
        let leaves: Vec<_> = leaves(&stream).into_iter().flatten().collect();
        let step = leaves.len() / 16 + 1;
        for (index, (_, node)) in leaves.iter().enumerate().step_by(step) {
            change_one(text, &stream, node, NEW[index % NEW.len()]);
            changed += 1;
        }
    }
    changed
}

/// Every kustomization is built, and in whichever order, to the same.
pub(super) fn resolves(_: &Tree, after: &Tree) -> usize {
    let is_kustomization =
        |name: &&String| KUSTOMIZATIONS.contains(&name.rsplit('/').next().unwrap_or_default());
    let mut directories: Vec<TreePath> =
        after.files.keys().filter(is_kustomization).map(|name| path(name).parent()).collect();
    let build = |directories: &[TreePath]| {
        let resolver = Resolver::new(Arc::new(Library::new(in_memory(after))));
        let one = |directory: &TreePath| {
            let build = resolver.build(directory);
            build.objects.iter().for_each(|object| assert_node(&object.node));
            build.problems.iter().filter_map(|one| one.place.as_ref()).for_each(assert_place);
            let objects: Vec<_> =
                build.objects.iter().map(|one| format!("{:?}", one.node)).collect();
            let problems: Vec<_> = build.problems.iter().map(|one| one.message.clone()).collect();
            (directory.clone(), (build.status, problems, objects))
        };
        directories.iter().map(one).collect::<BTreeMap<_, _>>()
    };
    let forwards = build(&directories);
    directories.reverse();
    assert_eq!(forwards, build(&directories), "the order of builds matters");
    forwards.values().map(|(_, _, objects)| objects.len()).sum()
}

/// Settings that are accepted give a tree or a reason, as those of an older commit too; a refusal has a place.
pub(super) fn settings(_: &Tree, after: &Tree) -> usize {
    let Some(text) = after.files.get(SETTINGS) else { return 0 };
    let source = Source::file(path(SETTINGS), text.as_str());
    for parse in [parse_settings, parse_past] {
        match parse(&source) {
            Ok(config) => {
                let _ = Selection::of(&config);
                if let Err(error) = Repo::load(in_memory(after), Some(config), Scope::Everything) {
                    assert!(!error.to_string().is_empty());
                }
            }
            Err(error) => {
                assert_place(&error.place);
                assert!(!error.message.is_empty());
            }
        }
    }
    1
}

fn findings(repo: &Repo, base: Option<&Repo>) -> Vec<Finding> {
    let Ok(selection) = Selection::of(&repo.config) else { return Vec::new() };
    let history = History::none();
    let facts = Facts::new(repo, base, &history, NOW.parse().unwrap());
    lint::run(&facts, &selection).findings
}

/// Findings have places; a repair leaves a file that parses if it did.
pub(super) fn lints(before: &Tree, after: &Tree) -> usize {
    let (Some(repo), base) = (load(after), load(before)) else { return 0 };
    let findings = findings(&repo, base.as_ref());
    for one in &findings {
        assert_place(&one.place);
        one.related.iter().for_each(|related| assert_place(&related.place));
        assert!(!one.message.is_empty() && !one.fingerprint.is_empty(), "{one:?}");
        let Some(fix) = &one.fix else { continue };
        let mut edits = BTreeMap::<TreePath, (Arc<Source>, Vec<_>)>::new();
        for one in &fix.edits {
            let file = edits.entry(one.source.path().clone());
            file.or_insert_with(|| (Arc::clone(&one.source), Vec::new())).1.push(one.edit.clone());
        }
        for (name, (source, edits)) in edits {
            let text = apply(source.text(), &edits).unwrap();
            let fixed = parse(&Source::file(name.clone(), text.as_str()));
            assert!(
                fixed.is_ok() || parse(&source).is_err(),
                "{name} after {}:\n{text}",
                fix.title
            );
        }
    }
    findings.len()
}

/// A bump moves a family in its environment, and what the others build stays as it is.
pub(super) fn bumps(_: &Tree, after: &Tree) -> usize {
    let Some(repo) = load(after) else { return 0 };
    let mut moved = 0;
    for environment in repo.environments.ids() {
        let name = &repo.environments[environment].name;
        for family in repo.families_of(environment).into_keys().take(2) {
            let request = BumpRequest {
                subject: Subject::new(name, family),
                version: None,
                pins: Vec::new(),
                held: Vec::new(),
                leave: Vec::new(),
                back: None,
                program: "rotate".to_owned(),
                now: NOW.parse().unwrap(),
            };
            let Ok((plan, _)) = plan_with_tree(&repo, &request) else { continue };
            let mut files = after.files.clone();
            for change in &plan.changes {
                match &change.after {
                    Some(text) => files.insert(change.path.as_str().to_owned(), text.clone()),
                    None => files.remove(change.path.as_str()),
                };
            }
            let bumped = load(&Tree { name: after.name.clone(), files }).unwrap();
            let others = |repo: &Repo| -> Vec<String> {
                let roots = repo
                    .roots
                    .iter()
                    .filter(|root| root.environment.is_some_and(|one| one != environment));
                roots.map(|root| seen(root)).collect()
            };
            assert_eq!(others(&repo), others(&bumped), "{family} in {name}");
            for one in &plan.moved {
                let root = bumped.root_at(&one.root).unwrap();
                assert!(root.references.iter().any(|one| one.found.secret == plan.to), "{one:?}");
            }
            moved += plan.moved.len();
        }
    }
    moved
}
