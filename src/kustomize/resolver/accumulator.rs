//! What a kustomization has accumulated: objects, and the configuration for later steps.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::kustomize::fields::candidates::Candidates;
use crate::kustomize::fields::config::Config;
use crate::kustomize::model::object::{Behavior, Generated, Identity, Object};
use crate::kustomize::transform::vars::Var;
use crate::text::problem::Problem;
use crate::text::work;
use crate::yaml::node::{Entry, Node, Provenance};

/// Maximum number of objects of a kustomization: bases that include one another twice double with every level.
const MOST: usize = 10_000;

/// What a kustomization has accumulated.
#[derive(Clone, Default)]
pub struct Accumulator {
    /// The objects, in order of accumulation.
    pub objects: Vec<Object>,
    /// The fields that steps change; `None` if still empty.
    pub config: Option<Arc<Config>>,
    /// The variables, to be filled in at the build root.
    pub vars: Vec<Var>,
    /// The objects by name, while objects are generated.
    pub(super) candidates: Candidates,
}

impl Accumulator {
    /// Forgets what objects are called, before or after a step that may rename some.
    pub fn forget_names(&mut self) {
        self.candidates = Candidates::default();
    }

    /// The fields that steps change.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        self.config.clone().unwrap_or_else(Config::standard)
    }

    /// Adds the rules of another one.
    ///
    /// # Errors
    /// When the two contradict each other.
    pub fn merge_config(&mut self, other: &Arc<Config>) -> Result<(), Problem> {
        let is_standard = Arc::ptr_eq(other, &Config::standard());
        match &mut self.config {
            None if is_standard => {
                self.config = Some(Arc::clone(other));
                Ok(())
            }
            Some(mine) if is_standard && Arc::ptr_eq(mine, other) => Ok(()),
            mine => Arc::make_mut(mine.get_or_insert_default()).merge(other),
        }
    }

    /// The identities of the objects, for fast lookup.
    #[must_use]
    pub fn taken(&self) -> HashSet<Identity> {
        self.objects.iter().map(|object| object.identity().into_key()).collect()
    }

    /// Adds objects that must be new.
    ///
    /// # Errors
    /// If one already exists; `entry` is the entry that adds it.
    pub fn append(
        &mut self,
        more: impl IntoIterator<Item = Object>,
        taken: &mut HashSet<Identity>,
        entry: &Node,
    ) -> Result<(), Problem> {
        let more = more.into_iter();
        taken.reserve(more.size_hint().0);
        self.objects.reserve(more.size_hint().0);
        for object in more {
            if !taken.insert(object.identity().into_key()) {
                return Err(self.already_there(&object.identity(), entry));
            }
            if self.objects.len() >= MOST {
                let message = format!("more than {MOST} objects");
                return Err(
                    Problem::at(message, entry).with_help("build them as several kustomizations")
                );
            }
            self.objects.push(object);
        }
        Ok(())
    }

    fn already_there(&self, identity: &Identity, entry: &Node) -> Problem {
        let first = self.objects.iter().find(|object| object.identity().same(identity));
        let file = first.and_then(|object| object.node.origin.as_ref());
        let from =
            file.map(|place| format!(", from `{}`", place.source.path())).unwrap_or_default();
        Problem::at(format!("{identity} is already defined{from}"), entry)
            .with_help("give one of the two a different name or namespace, or list it only once")
    }

    /// Adds a generated object, or merges it with the one that it replaces or extends.
    ///
    /// # Errors
    /// If its behavior does not fit the existing objects.
    pub fn absorb(&mut self, mut object: Object, entry: &Node) -> Result<(), Problem> {
        let identity = object.identity();
        let named = self.candidates.of(&self.objects, Some(&identity.name));
        let is_it = |index: &usize| {
            work::step();
            self.objects[*index].was(&identity)
        };
        let mut found = named.into_iter().filter(is_it);
        let (first, second) = (found.next(), found.next());
        let behavior = object.generated.map_or(Behavior::Unspecified, |made| made.behavior);
        let joins = matches!(behavior, Behavior::Replace | Behavior::Merge);
        match (first, second) {
            (_, Some(_)) => {
                Err(Problem::at(format!("more than one object matches {identity}"), entry))
            }
            (None, _) if joins => {
                let message = format!("there is no {identity} to merge with or to replace");
                Err(Problem::at(message, entry)
                    .with_help("use `behavior: create`, or add the base that has it"))
            }
            (None, _) => {
                self.candidates.pushed(&object);
                self.objects.push(object);
                Ok(())
            }
            (Some(_), _) if !joins => {
                Err(Problem::at(format!("{identity} is already there"), entry)
                    .with_help("use `behavior: merge` or `behavior: replace`"))
            }
            (Some(index), _) => {
                join(&mut object, &self.objects[index], behavior);
                self.candidates.changed(index, &object);
                self.objects[index] = object;
                Ok(())
            }
        }
    }
}

/// Puts a generated object in the place of an older one.
fn join(object: &mut Object, old: &Object, behavior: Behavior) {
    let hashes = |object: &Object| object.generated.is_some_and(|generated| generated.hash);
    let (hash, behavior_of_old) = (
        hashes(object) && hashes(old),
        old.generated.map_or(Behavior::Unspecified, |generated| generated.behavior),
    );
    object.generated = Some(Generated { behavior: behavior_of_old, hash });
    object.previous.clone_from(&old.previous);
    object.prefixes.clone_from(&old.prefixes);
    object.suffixes.clone_from(&old.suffixes);
    object.variables.clone_from(&old.variables);
    if let Some(metadata) = object.node.get_mut("metadata") {
        for key in ["labels", "annotations"] {
            extend(metadata, key, old.node.at(&["metadata", key]));
        }
        for key in ["name", "namespace"] {
            match old.node.at(&["metadata", key]) {
                Some(value) => metadata.set(key, value.clone()),
                None => drop(metadata.remove(key)),
            }
        }
    }
    if behavior == Behavior::Merge {
        for key in ["data", "binaryData"] {
            extend(&mut object.node, key, old.node.get(key));
        }
    }
}

/// Adds the entries of an older mapping; existing entries win.
fn extend(node: &mut Node, key: &str, old: Option<&Node>) {
    let Some(old) = old.filter(|old| !old.entries().is_empty()) else { return };
    let new = node.get(key).map(Node::entries).unwrap_or_default();
    let mut entries: BTreeMap<&str, &Entry> = BTreeMap::new();
    for entry in old.entries().iter().chain(new) {
        entries.insert(entry.key.str().unwrap_or_default(), entry);
    }
    let mut merged = Node::map(Provenance::Generated);
    if let Some(map) = merged.map_mut() {
        map.entries = entries.into_values().cloned().collect();
    }
    node.set(key, merged);
}
