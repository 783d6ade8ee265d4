//! The fields that name an object follow it when its name changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::kustomize::fields::config::{Config, NameReference};
use crate::kustomize::fields::field_spec::{FieldSpec, Keys, leads_to, selects, visit};
use crate::kustomize::model::object::{Identity, Object};
use crate::text::problem::Problem;
use crate::text::work;
use crate::yaml::node::{Node, Provenance};

/// Rewrites every field that names an object whose name or namespace changed.
///
/// # Errors
/// When a field could mean more than one object.
pub fn fix(objects: &mut [Object], config: &Config) -> Result<(), Problem> {
    let originals: Vec<Identity> = objects.iter().map(Object::original).collect();
    let index = Index::new(config, &originals);
    let names = Names::new(objects);
    for (at, (object, original)) in objects.iter_mut().zip(&originals).enumerate() {
        let mut bound = None;
        for (target, field) in index.of(&original.kind) {
            let is_met = |node: &Node| names.is_met(node);
            if !field.selects(original) || !leads_to(&object.node, Keys::of(&field.path), &is_met) {
                continue;
            }
            let bound = bound.get_or_insert_with(|| bound_namespaces(object));
            let referrer = &names.objects[at];
            let search = Search { names: &names, bound, referrer, target, field };
            let mut node = object.node.clone();
            visit(&mut node, &field.path, false, &mut |node| search.set(node))?;
            object.node = node;
        }
    }
    Ok(())
}

/// The fields of a configuration by the kind that has them; only for kinds in the build, as a configuration has many.
struct Index<'c> {
    by_kind: BTreeMap<&'c str, Vec<(&'c NameReference, &'c FieldSpec)>>,
}

impl<'c> Index<'c> {
    fn new(config: &'c Config, objects: &[Identity]) -> Self {
        // There are few, so a scan is faster than hashing each kind of the configuration.
        let mut kinds: Vec<&str> = objects.iter().map(|object| &*object.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let is_there = |spec: &&FieldSpec| spec.kind.is_empty() || kinds.contains(&&*spec.kind);
        let mut by_kind: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for reference in config.name_references.iter() {
            for spec in reference.referrers.iter().filter(is_there) {
                by_kind.entry(&spec.kind).or_default().push((reference, spec));
            }
        }
        Self { by_kind }
    }

    fn of(&self, kind: &str) -> impl Iterator<Item = &(&'c NameReference, &'c FieldSpec)> {
        [kind, ""].into_iter().filter_map(|kind| self.by_kind.get(kind)).flatten()
    }
}

/// The current and previous names of all objects; none of them changes while the fields are updated.
struct Names {
    objects: Vec<Known>,
    by_previous_name: HashMap<Arc<str>, Vec<usize>>,
}

struct Known {
    current: Identity,
    is_cluster_scoped: bool,
    previous: Vec<Identity>,
    prefixes: Vec<Arc<str>>,
    suffixes: Vec<Arc<str>>,
    namespace: Option<Node>,
    role: Option<(String, String)>,
}

impl Known {
    fn new(object: &Object) -> Self {
        let text = |path: &[&str]| object.node.at(path).and_then(Node::str).map(str::to_owned);
        let current = object.identity();
        Self {
            is_cluster_scoped: current.is_cluster_scoped(),
            current,
            previous: object.earlier().collect(),
            prefixes: object.prefixes.clone(),
            suffixes: object.suffixes.clone(),
            namespace: object.node.at(&["metadata", "namespace"]).cloned(),
            role: text(&["roleRef", "apiGroup"]).zip(text(&["roleRef", "kind"])),
        }
    }

    fn effective_namespace(&self) -> Option<&str> {
        let namespace = self.current.namespace.as_deref().unwrap_or("default");
        (!self.is_cluster_scoped).then_some(namespace)
    }

    fn original_namespace(&self) -> Option<&str> {
        self.previous.first().unwrap_or(&self.current).effective_namespace()
    }

    /// Whether both got the same prefixes and suffixes, or at least the same last ones.
    fn was_affixed_like(&self, other: &Self, or_not_at_all: bool) -> bool {
        let same = |mine: &[Arc<str>], others: &[Arc<str>]| {
            if mine.is_empty() || others.is_empty() {
                return or_not_at_all || mine.len() == others.len();
            }
            mine.ends_with(others) || others.ends_with(mine)
        };
        same(&self.prefixes, &other.prefixes) && same(&self.suffixes, &other.suffixes)
    }
}

impl Names {
    fn new(objects: &[Object]) -> Self {
        let objects: Vec<Known> = objects.iter().map(Known::new).collect();
        let mut by_previous_name: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
        for (at, object) in objects.iter().enumerate() {
            for previous in &object.previous {
                let known = by_previous_name.entry(previous.name.clone()).or_default();
                if known.last() != Some(&at) {
                    known.push(at);
                }
            }
        }
        Self { objects, by_previous_name }
    }

    /// Whether a value is or contains a previous name of an object.
    fn is_met(&self, node: &Node) -> bool {
        let name = node.str().or_else(|| node.get("name").and_then(Node::str));
        name.is_some_and(|name| self.by_previous_name.contains_key(name))
            || node.items().iter().any(|item| self.is_met(item))
    }
}

/// The namespaces of the service accounts that a role binding binds.
fn bound_namespaces(object: &Object) -> Vec<String> {
    let subjects = object.node.get("subjects").filter(|_| object.kind() == "RoleBinding");
    let accounts = subjects
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter(|subject| subject.get("kind").and_then(Node::str) == Some("ServiceAccount"));
    let namespaces = accounts.filter_map(|account| account.get("namespace")?.str());
    namespaces.map(str::to_owned).collect()
}

/// The search for what one field names.
struct Search<'n> {
    names: &'n Names,
    /// The namespaces of the service accounts that the referrer binds.
    bound: &'n [String],
    referrer: &'n Known,
    target: &'n NameReference,
    field: &'n FieldSpec,
}

impl Search<'_> {
    /// Whether the referrer could name an object, considering their namespaces.
    fn reaches(&self, other: &Known) -> bool {
        work::step();
        let namespace = other.effective_namespace();
        let is_bound = |own: &str| self.bound.iter().any(|one| one == own);
        self.referrer.is_cluster_scoped
            || namespace.is_none()
            || namespace == self.referrer.effective_namespace()
            || other.current.namespace.as_deref().is_some_and(is_bound)
    }

    fn set(&self, node: &mut Node) -> Result<(), Problem> {
        if !node.items().is_empty() {
            let mut items = node.items_mut().into_iter().flatten();
            return items.try_for_each(|item| self.set_one(item));
        }
        self.set_one(node)
    }

    fn set_one(&self, node: &mut Node) -> Result<(), Problem> {
        if !self.names.is_met(node) {
            return Ok(());
        }
        if node.scalar().is_some() { self.set_name(node) } else { self.set_mapping(node) }
    }

    fn set_name(&self, node: &mut Node) -> Result<(), Problem> {
        let Some(found) = self.find(node, node.str().unwrap_or_default(), |_| true, false)? else {
            return Ok(());
        };
        if node.str() != Some(&found.current.name) {
            *node = follow(node, found);
        }
        Ok(())
    }

    fn set_mapping(&self, node: &mut Node) -> Result<(), Problem> {
        let Some(name) = node.get("name").cloned() else { return Ok(()) };
        let old = name.str().unwrap_or_default();
        let namespace = node.get("namespace").and_then(Node::str);
        let within = |original: bool| {
            move |known: &Known| match (namespace, original) {
                (None, _) => true,
                (Some(namespace), true) => known.original_namespace() == Some(namespace),
                (Some(namespace), false) => known.effective_namespace() == Some(namespace),
            }
        };
        // The namespace may be the previous or the current one.
        let is_within = within(true);
        let by_original = namespace.is_some()
            && self.names.objects.iter().any(|known| is_within(known) && self.reaches(known));
        let Some(found) = self.find(&name, old, within(by_original), true)? else { return Ok(()) };
        if *old != *found.current.name {
            node.set("name", follow(&name, found));
        }
        if let (Some(text), Some(value)) = (&found.current.namespace, &found.namespace)
            && node.get("namespace").and_then(Node::str) != Some(text)
        {
            node.set("namespace", Node { how: Provenance::Derived, ..value.clone() });
        }
        Ok(())
    }

    /// The object that a name means.
    fn find(
        &self,
        node: &Node,
        name: &str,
        is_candidate: impl Fn(&Known) -> bool,
        with_namespace: bool,
    ) -> Result<Option<&Known>, Problem> {
        let referrer = self.referrer;
        let had_name = self.names.by_previous_name.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut candidates: Vec<&Known> = had_name
            .iter()
            .map(|at| &self.names.objects[*at])
            .filter(|known| self.reaches(known))
            .filter(|known| is_candidate(known) && self.fits(referrer, known))
            .collect();
        for or_not_at_all in [true, false] {
            if candidates.len() > 1 {
                candidates.retain(|known| known.was_affixed_like(referrer, or_not_at_all));
            }
        }
        let Some((first, others)) = candidates.split_first() else { return Ok(None) };
        let same = |other: &&Known| {
            other.current.name == first.current.name
                && (!with_namespace || other.current.namespace == first.current.namespace)
        };
        if others.iter().all(same) {
            return Ok(Some(first));
        }
        let all: Vec<_> = candidates.iter().map(|known| known.current.to_string()).collect();
        Err(Problem::at(format!("`{name}` could mean {}", all.join(" or ")), node)
            .with_help("kustomize cannot tell them apart: rename one of them in its base"))
    }

    fn fits(&self, referrer: &Known, known: &Known) -> bool {
        let was = |group: &str, version: &str, kind: &str| {
            known.previous.iter().any(|previous| selects(group, version, kind, previous))
        };
        let role = referrer.role.as_ref().filter(|_| self.field.path.ends_with("roleRef/name"));
        was(&self.target.group, &self.target.version, &self.target.kind)
            && role.is_none_or(|(group, kind)| was(group, "", kind))
            && (referrer.is_cluster_scoped
                || known.is_cluster_scoped
                || &*known.current.kind == "ServiceAccount"
                || known.effective_namespace() == referrer.effective_namespace())
    }
}

/// The reference with its object's new name. It keeps its place; only its value is derived.
fn follow(node: &Node, found: &Known) -> Node {
    node.with_text(&found.current.name, Provenance::Derived)
}
