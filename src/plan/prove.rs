//! Compares the planned tree with the current one: the intended changes are there, and no others.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::secret_name::split;
use crate::k8s::stub::Stub;
use crate::kustomize::model::object::{Identity, Object};
use crate::plan::carried::{Edits, is_around, may_touch, rehashed};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::Reference;
use crate::repo::root::{Root, RootKind};
use crate::yaml::compare::{differences, same};
use crate::yaml::node::{Node, Provenance};
use crate::yaml::path::{Path, PathStep};
use crate::yaml::scalar::is_null;

/// What a plan means to change.
#[derive(Debug)]
pub(super) struct Expected {
    /// The scalars whose text changes, by root index, object index and path.
    pub(super) scalars: BTreeMap<(usize, usize), BTreeMap<Path, String>>,
    /// The lists that the new name is added to.
    pub(super) lists: BTreeMap<(usize, usize), BTreeSet<Path>>,
    /// The entries that objects by which others are built get at the end of their lists.
    pub(super) appended: BTreeMap<(usize, usize), BTreeMap<Path, Vec<Node>>>,
    /// The texts that nested keys of objects get, which need not be there.
    pub(super) set: BTreeMap<(usize, usize), BTreeMap<Vec<String>, String>>,
    /// The scalars that are written where none was, each by its path.
    pub(super) added: BTreeMap<(usize, usize), BTreeMap<Path, Node>>,
    /// The values that are no longer those of a chart, since its release sets them.
    pub(super) gone: BTreeMap<(usize, usize), BTreeSet<Path>>,
    /// The roots that may get new stubs: by index.
    pub(super) stubs: BTreeSet<usize>,
    /// The effective stubs that new ones are copied from.
    pub(super) sources: Vec<Node>,
    /// The stubs that are restored from history.
    pub(super) restored: Vec<Node>,
    /// The new name.
    pub(super) name: String,
    /// Namespaces in which nothing in Git provides the new name, and nothing provided the old one.
    pub(super) unprovided: BTreeSet<Option<String>>,
    /// The edits in place.
    pub(super) edits: Edits,
    /// Those of values, which a text elsewhere may hold.
    pub(super) of_values: Edits,
    /// The environment.
    pub(super) environment: EnvironmentId,
}

impl Expected {
    /// New stubs of a name in these roots of an environment, and no change yet.
    pub(super) fn new(name: &str, environment: EnvironmentId, stubs: BTreeSet<usize>) -> Self {
        Self {
            scalars: BTreeMap::new(),
            lists: BTreeMap::new(),
            appended: BTreeMap::new(),
            set: BTreeMap::new(),
            added: BTreeMap::new(),
            gone: BTreeMap::new(),
            stubs,
            sources: Vec::new(),
            restored: Vec::new(),
            name: name.to_owned(),
            unprovided: BTreeSet::new(),
            edits: Edits::new(),
            of_values: Edits::new(),
            environment,
        }
    }
}

/// Everything that is not as expected; empty if the plan is proved.
pub(super) fn prove(before: &Repo, after: &Repo, expected: &Expected) -> Vec<String> {
    let mut faults = Vec::new();
    let Some(pairs) = before.pairs(after) else {
        faults.push("the build roots are no longer the same".to_owned());
        return faults;
    };
    for (index, old, new) in pairs {
        if std::sync::Arc::ptr_eq(&old.build, &new.build) && !touches(expected, index) {
            continue;
        }
        let built = before.as_built(old, new);
        let old = built.as_ref().unwrap_or(old);
        let renamed = BTreeMap::new();
        let mut held = Held { index, old, new, expected, renamed, faults: &mut faults };
        held.status();
        held.objects();
        if held.expected.scalars.keys().all(|(root, _)| *root != index) {
            held.references();
        }
    }
    provided(after, expected, &mut faults);
    faults
}

fn touches(expected: &Expected, root: usize) -> bool {
    let keys = expected.scalars.keys().chain(expected.lists.keys()).chain(expected.added.keys());
    keys.into_iter().any(|(index, _)| *index == root)
}

/// One root before and after.
struct Held<'p> {
    index: usize,
    old: &'p Root,
    new: &'p Root,
    expected: &'p Expected,
    /// The names of generated objects that have another hash, old and new.
    renamed: BTreeMap<String, String>,
    faults: &'p mut Vec<String>,
}

impl Held<'_> {
    fn fault(&mut self, text: impl AsRef<str>) {
        self.faults.push(format!("{}: {}", self.old.path, text.as_ref()));
    }

    fn status(&mut self) {
        if self.new.status() > self.old.status() {
            let why = self.new.problems().iter().map(|problem| problem.message.clone());
            let known: BTreeSet<&str> =
                self.old.problems().iter().map(|one| one.message.as_str()).collect();
            let why: Vec<String> = why.filter(|text| !known.contains(text.as_str())).collect();
            self.fault(format!("no longer builds ({})", why.join("; ")));
        }
    }

    fn objects(&mut self) {
        let (old, new) = (self.old.objects(), self.new.objects());
        let mut matches = self.old.matches(&self.new.inventory, |_| true);
        self.renamed = rehashed(self.old, self.new, &mut matches);
        for index in matches.gone {
            self.fault(format!("{} would be gone", say(&old[index].identity())));
        }
        for (index, now) in matches.both {
            self.object(index, &old[index], &new[now]);
        }
        for index in matches.new {
            if let Some(fault) = self.stub(&new[index]) {
                self.fault(format!("{} {fault}", say(&new[index].identity())));
            }
        }
    }

    /// What is wrong with an object that was not there before.
    fn stub(&self, object: &Object) -> Option<String> {
        let stub = Stub::read(&object.node).filter(|_| object.kind() == "ExternalSecret");
        let named = stub.and_then(|stub| stub.secret.node.str().map(str::to_owned));
        if !self.expected.stubs.contains(&self.index) || named.as_ref() != Some(&self.expected.name)
        {
            return Some("would be new".to_owned());
        }
        let spec = |node: &Node| node.get("spec").cloned();
        let is_old = |old: &Node| {
            spec(old).zip(spec(&object.node)).is_some_and(|(old, new)| same(&old, &new))
        };
        if self.expected.restored.iter().any(is_old) {
            return None;
        }
        let version = split(&self.expected.name).map_or("", |(_, digits)| digits);
        let strange = |old: &Node| -> Vec<Path> {
            let mut paths = differences(old, &object.node);
            paths.retain(|path| !is_version(path, &object.node, version) && !is_policy(path));
            paths
        };
        // The same document may resolve differently in each root that reads it.
        let family = split(&self.expected.name).map_or("", |(family, _)| family);
        let own = self.old.stubs().iter().filter(|(_, stub)| stub.family() == Some(family));
        let own = own.map(|(object, _)| &self.old.objects()[*object].node);
        let mut least: Option<Vec<Path>> = None;
        for paths in own.chain(&self.expected.sources).map(strange) {
            if paths.is_empty() {
                return None;
            }
            if least.as_ref().is_none_or(|least| paths.len() < least.len()) {
                least = Some(paths);
            }
        }
        let least = least?;
        let first = least.first()?;
        Some(format!("would say something else than the stub it is copied from: {first}"))
    }

    fn object(&mut self, number: usize, old: &Object, new: &Object) {
        let identity = &old.identity();
        let key = (self.index, number);
        let mut wanted = old.node.clone();
        for (path, text) in self.expected.scalars.get(&key).into_iter().flatten() {
            if let Some(node) = follow_mut(&mut wanted, path) {
                *node = node.with_text(text, Provenance::Written);
            }
        }
        for (path, entries) in self.expected.appended.get(&key).into_iter().flatten() {
            extend(&mut wanted, &path.0, entries);
        }
        for (keys, text) in self.expected.set.get(&key).into_iter().flatten() {
            set_below(&mut wanted, keys, text);
        }
        for (path, node) in self.expected.added.get(&key).into_iter().flatten() {
            if let Some((PathStep::Key(name), above)) = path.0.split_last()
                && let Some(map) = follow_mut(&mut wanted, &Path(above.to_vec()))
            {
                map.set(name, node.clone());
            }
        }
        let mut got = new.node.clone();
        for path in self.expected.lists.get(&key).into_iter().flatten() {
            if !take_out(&mut got, path, &self.expected.name) {
                self.fault(format!("{}: {path} does not get the new name", say(identity)));
            }
        }
        if same(&wanted, &got) {
            return;
        }
        let gone = self.expected.gone.get(&key);
        let is_gone = |path: &Path| {
            gone.is_some_and(|all| all.iter().any(|one| one.0.starts_with(&path.0)))
                && path.follow(&got).is_none()
        };
        for path in differences(&wanted, &got) {
            if is_gone(&path) || self.follows(number, &path, &old.node, &new.node) {
                continue;
            }
            let meant =
                self.expected.scalars.get(&key).is_some_and(|paths| paths.contains_key(&path));
            let what = if meant { "does not name the new version" } else { "would change" };
            self.fault(format!("{}: {path} {what}", say(identity)));
        }
    }

    /// Whether a field of an object changes along with what is meant to change.
    fn follows(&self, number: usize, path: &Path, old: &Node, new: &Node) -> bool {
        let (Some(old), Some(new)) = (path.follow(old), path.follow(new)) else { return false };
        let renamed = old.str().and_then(|name| self.renamed.get(name));
        if renamed.is_some() && renamed.map(String::as_str) == new.str() {
            return true;
        }
        let key = (self.index, number);
        if self.expected.scalars.get(&key).is_some_and(|paths| paths.contains_key(path)) {
            // Two names of one text, of which a template puts one together.
            return is_around(&self.expected.edits, old, new);
        }
        let is_own = self.old.environment == Some(self.expected.environment);
        let is_chart = is_own && (self.old.kind == RootKind::Chart || self.old.is_of_chart(number));
        let edits = if is_chart { &self.expected.edits } else { &self.expected.of_values };
        let mut references = self.old.references.iter();
        let is_changed = references.any(|one| {
            one.object == number && one.found.path == *path && may_touch(edits, old, &one.found)
        });
        // A checksum follows from what it is of, and a random text from nothing.
        let is_made = || is_chart && self.old.is_of_chart(number) && old.how == Provenance::Derived;
        is_own && !is_changed && (is_made() || is_around(edits, old, new))
    }

    /// In a root where nothing moves, every reference stays as it is.
    fn references(&mut self) {
        let is_gone = |root: &Root, one: &Reference| {
            let gone = self.expected.gone.get(&(self.index, one.object));
            std::ptr::eq(root, self.old) && gone.is_some_and(|all| all.contains(&one.found.path))
        };
        let describe = |root: &Root| -> Vec<(Identity, String, String)> {
            let all = root.references.iter().filter(|one| !is_gone(root, one));
            let mut all: Vec<_> = all
                .map(|one| (root.object_of(one).identity(), one.field(), one.secret().to_owned()))
                .filter(|(_, _, secret)| *secret != self.expected.name)
                .collect();
            all.sort();
            all
        };
        if describe(self.old) != describe(self.new) {
            self.fault("its references would change");
        }
    }
}

/// Checks that every reference to the new name has a provider, unless the old one had none either.
fn provided(after: &Repo, expected: &Expected, faults: &mut Vec<String>) {
    for (_, root) in after.roots_of(expected.environment) {
        for reference in root.references.iter().filter(|one| one.secret() == expected.name) {
            let namespace = root.namespace_of(reference);
            let known = expected.unprovided.contains(&namespace.map(str::to_owned));
            if !known && after.providers_of(root.environment, namespace, &expected.name).is_empty()
            {
                let object = root.object_of(reference).identity();
                faults.push(format!(
                    "{}: nothing would provide what {} names in {}",
                    root.path,
                    say(&object),
                    reference.field()
                ));
            }
        }
    }
}

/// The fields in which a new stub may differ from an older one: API version, refresh, and what happens to its Secret.
const POLICIES: [&str; 6] = [
    "apiVersion",
    "spec.refreshInterval",
    "spec.refreshPolicy",
    "spec.target",
    "spec.target.deletionPolicy",
    "spec.target.immutable",
];

fn is_policy(path: &Path) -> bool {
    POLICIES.contains(&path.to_string().as_str())
}

/// Whether two stubs differ only in the version, or in what kustomizations set on all objects.
fn is_version(path: &Path, new: &Node, version: &str) -> bool {
    let text = path.to_string();
    let given = ["metadata.labels", "metadata.annotations"].iter().any(|key| text.starts_with(key));
    // Pins assigned by the store do not contain the version.
    let pin = [".remoteRef.version", ".extract.version"].iter().any(|key| text.ends_with(key));
    given || pin || path.follow(new).and_then(Node::str).is_some_and(|text| text.contains(version))
}

fn say(identity: &Identity) -> String {
    let namespace = identity.namespace.as_ref().map_or_else(String::new, |name| format!("{name}/"));
    format!("{} `{namespace}{}`", identity.kind, identity.name)
}

fn follow_mut<'n>(root: &'n mut Node, path: &Path) -> Option<&'n mut Node> {
    path.0.iter().try_fold(root, |node, step| match step {
        PathStep::Key(key) => node.get_mut(key),
        PathStep::Index(index) => node.items_mut()?.get_mut(*index),
    })
}

/// Adds items at the end of a list, which is made where nothing is or only a key without a value.
fn extend(node: &mut Node, path: &[PathStep], entries: &[Node]) {
    if is_null(node) {
        *node = match path.first() {
            None | Some(PathStep::Index(_)) => Node::seq(Vec::new(), Provenance::Written),
            Some(PathStep::Key(_)) => Node::map(Provenance::Written),
        };
    }
    let Some((step, rest)) = path.split_first() else {
        if let Some(items) = node.items_mut() {
            items.extend_from_slice(entries);
        }
        return;
    };
    let below = match step {
        PathStep::Index(index) => node.items_mut().and_then(|items| items.get_mut(*index)),
        PathStep::Key(key) => {
            if node.get(key).is_none() {
                let list = || Node::seq(Vec::new(), Provenance::Written);
                let new = if rest.is_empty() { list() } else { Node::map(Provenance::Written) };
                node.set(key, new);
            }
            node.get_mut(key)
        }
    };
    if let Some(below) = below {
        extend(below, rest, entries);
    }
}

/// Sets the text of nested keys, which are made where they are not there.
fn set_below(node: &mut Node, keys: &[String], text: &str) {
    let Some((key, rest)) = keys.split_first() else {
        *node = Node::string(text, Provenance::Written);
        return;
    };
    if node.get(key).is_none() {
        node.set(key, Node::map(Provenance::Written));
    }
    if let Some(below) = node.get_mut(key) {
        set_below(below, rest, text);
    }
}

/// Takes one item out of a list; `false` when it is not there.
fn take_out(root: &mut Node, path: &Path, name: &str) -> bool {
    let Some(items) = follow_mut(root, path).and_then(Node::items_mut) else { return false };
    let Some(index) = items.iter().position(|item| item.str() == Some(name)) else { return false };
    items.remove(index);
    true
}
