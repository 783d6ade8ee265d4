//! Everything in one environment that names a family, grouped by what may be done with it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::k8s::resource::kind_of;
use crate::k8s::secret_name::family;
use crate::kustomize::model::object::Object;
use crate::plan::Left;
use crate::plan::overlay::token::Field;
use crate::plan::version::Seen;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::{Provider, Reference};
use crate::repo::root::{Root, RootKind};
use crate::repo::usage::Usage;
use crate::text::path::TreePath;
use crate::text::work;
use crate::yaml::node::Node;

/// An effective reference with the root that has it.
#[derive(Clone, Copy)]
pub(super) struct Item<'r> {
    /// The root: an index into the repository's roots.
    pub(super) index: usize,
    /// The root.
    pub(super) root: &'r Root,
    /// The reference.
    pub(super) reference: &'r Reference,
}

/// What names a family in an environment.
#[derive(Default)]
pub(super) struct Survey<'r> {
    /// What reads the secret, watches it or mentions it.
    pub(super) uses: Vec<Item<'r>>,
    /// What grants access to it.
    pub(super) grants: Vec<Item<'r>>,
    /// What cannot change.
    pub(super) fixed: Vec<Item<'r>>,
    /// What is written as a name of the family and made longer by kustomize.
    pub(super) derived: Vec<Item<'r>>,
    /// What makes a secret of the family.
    pub(super) providers: Vec<Made<'r>>,
    /// The roots that were looked through: indexes into the repository's roots.
    pub(super) roots: Vec<usize>,
    places: Places<'r>,
}

/// What is in each namespace, as indexes.
#[derive(Default)]
struct Places<'r> {
    /// The uses that the environment's own roots have.
    uses: BTreeMap<Option<&'r str>, Vec<usize>>,
    /// The providers that are ExternalSecrets.
    stubs: BTreeMap<Option<&'r str>, Vec<usize>>,
}

/// A provider with the root that has it.
#[derive(Clone, Copy)]
pub(super) struct Made<'r> {
    /// The root: an index into the repository's roots.
    pub(super) index: usize,
    /// The root.
    pub(super) root: &'r Root,
    /// The provider.
    pub(super) provider: &'r Provider,
}

impl<'r> Survey<'r> {
    /// Surveys one environment.
    pub(super) fn new(repo: &'r Repo, environment: EnvironmentId, name: &str) -> Self {
        let mut survey = Self::default();
        let roots = repo.roots.iter().enumerate();
        let own = roots.filter(|(_, root)| belongs(repo, root, environment));
        survey.roots = own.map(|(index, _)| index).collect();
        let own = |index: &usize| survey.roots.binary_search(index).is_ok();
        let named = repo.roots_naming(name).filter(|(index, _)| own(index));
        for (index, root) in named.collect::<Vec<_>>() {
            for reference in &root.references {
                work::step();
                let item = Item { index, root, reference };
                if family(reference.secret()) == name {
                    survey.sort(item);
                } else if reference.written().is_some_and(|text| family(text) == name) {
                    survey.derived.push(item);
                }
            }
            let made = root.providers.iter().filter(|one| family(one.secret()) == name);
            survey.providers.extend(made.map(|provider| Made { index, root, provider }));
        }
        survey.place();
        survey
    }

    fn sort(&mut self, item: Item<'r>) {
        match item.root.usage(item.reference) {
            Usage::Runs => self.uses.push(item),
            Usage::Grants => self.grants.push(item),
            Usage::Fixed => self.fixed.push(item),
        }
    }

    /// Whether nothing names the family.
    pub(super) fn is_empty(&self) -> bool {
        self.uses.is_empty()
            && self.grants.is_empty()
            && self.fixed.is_empty()
            && self.providers.is_empty()
    }

    /// The environment's own uses that look for their secret in a namespace.
    pub(super) fn uses_in(&self, namespace: Option<&str>) -> Vec<&Item<'r>> {
        let all = self.places.uses.get(&namespace).into_iter().flatten();
        all.map(|&index| &self.uses[index]).collect()
    }

    /// The ExternalSecrets that may make the secret in a namespace; where either is unknown, they may.
    pub(super) fn stubs_in(&self, namespace: Option<&str>) -> Vec<Made<'r>> {
        let stubs = &self.places.stubs;
        let mut found: Vec<usize> = match namespace {
            Some(_) => {
                let sets = [namespace, None].map(|one| stubs.get(&one));
                sets.into_iter().flatten().flatten().copied().collect()
            }
            None => stubs.values().flatten().copied().collect(),
        };
        found.sort_unstable();
        found.into_iter().map(|index| self.providers[index]).collect()
    }

    fn place(&mut self) {
        for (index, item) in self.uses.iter().enumerate() {
            work::count("use placed");
            if item.root.environment.is_some() {
                let namespace = item.root.namespace_of(item.reference);
                self.places.uses.entry(namespace).or_default().push(index);
            }
        }
        for (index, made) in self.providers.iter().enumerate() {
            if kind_of(&made.object().node) == "ExternalSecret" {
                self.places.stubs.entry(made.namespace()).or_default().push(index);
            }
        }
    }

    /// The names that are in use in the environment's own roots.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let own = self.uses.iter().filter(|item| item.root.environment.is_some());
        own.map(Item::seen).collect()
    }

    /// A note on each bare Pod: it must be recreated.
    pub(super) fn pods(&self) -> Vec<String> {
        let pods = self.uses.iter().filter(|item| kind_of(&item.object().node) == "Pod");
        let names: BTreeSet<&str> = pods.map(|item| item.object().name()).collect();
        let note = |name: &str| {
            format!(
                "the Pod `{name}` belongs to no workload: it must be deleted before it can be made with the new name"
            )
        };
        names.into_iter().map(note).collect()
    }

    /// What cannot change and names another version than `to`.
    pub(super) fn left(&self, to: &str) -> Vec<Left> {
        let stays = self.fixed.iter().filter(|item| item.reference.secret() != to);
        let mut left: Vec<Left> = stays
            .map(|item| Left {
                what: item.what(),
                place: item.reference.near(),
                reason: "the template of a Job cannot change once the Job exists".to_owned(),
                hint: "make a new Job for the new version; a Job that has run needs nothing"
                    .to_owned(),
            })
            .collect();
        left.sort_by(|a, b| a.what.cmp(&b.what));
        left
    }
}

impl<'r> Item<'r> {
    /// The object that has the reference.
    pub(super) fn object(&self) -> &'r Object {
        self.root.object_of(self.reference)
    }

    /// The scalar that holds the name.
    pub(super) fn node(&self) -> &'r Node {
        &self.reference.found.node
    }

    /// The scalar's whole text.
    pub(super) fn text(&self) -> &'r str {
        self.node().str().unwrap_or_default()
    }

    /// The part of the scalar's text that is the name.
    pub(super) fn part(&self) -> Range<usize> {
        self.reference.found.part.clone().unwrap_or(0..self.text().len())
    }

    /// The scalar, or the part of it that is the name.
    pub(super) fn field(&self) -> Field<'r> {
        Field {
            index: self.index,
            root: self.root,
            object: self.reference.object,
            path: &self.reference.found.path,
            node: self.node(),
            part: self.reference.found.part.as_ref().map(|part| (part.start, part.end)),
        }
    }

    /// The object and the field, as people say them.
    pub(super) fn what(&self) -> String {
        let object = self.object();
        format!("{} `{}`, {}", kind_of(&object.node), object.name(), self.reference.field())
    }

    fn seen(&self) -> Seen {
        Seen {
            name: self.reference.secret().to_owned(),
            what: format!("{}: {}", self.root.path, self.what()),
            place: self.reference.near(),
        }
    }
}

impl<'r> Made<'r> {
    /// The object that makes the secret.
    pub(super) fn object(&self) -> &'r Object {
        self.root.object_that_provides(self.provider)
    }

    /// The namespace it makes it in.
    pub(super) fn namespace(&self) -> Option<&'r str> {
        self.root.namespace_of_provider(self.provider)
    }
}

/// Whether a root is the environment's, by its path or because nobody else includes it.
fn belongs(repo: &Repo, root: &Root, environment: EnvironmentId) -> bool {
    root.environment == Some(environment)
        || (root.environment.is_none()
            && root.kind == RootKind::Kustomize
            && repo.is_exclusive_to(environment, &root.path))
}

/// Roots of no environment that name another version than `to` and go on doing so, with the roots of no environment that
/// include them: of all environments only this one includes them, by overlays that are patched.
pub(super) fn undecided<'r>(
    repo: &'r Repo,
    environment: EnvironmentId,
    name: &str,
    to: &str,
) -> Vec<(Item<'r>, Vec<TreePath>)> {
    let stale = |item: &Item<'_>| {
        family(item.reference.secret()) == name
            && item.reference.secret() != to
            && item.root.usage(item.reference) == Usage::Runs
    };
    let mut found = Vec::new();
    for (index, root) in repo.roots.iter().enumerate() {
        let owned = |at: &TreePath| repo.is_exclusive_to(environment, at);
        if root.environment.is_some() || root.kind != RootKind::Kustomize || owned(&root.path) {
            continue;
        }
        let mut items = root.references.iter().map(|reference| Item { index, root, reference });
        let Some(item) = items.find(stale) else { continue };
        let includes = |other: &&Arc<Root>| {
            other.path != root.path && other.directories().contains(&root.path)
        };
        let (own, others): (Vec<_>, Vec<_>) =
            repo.roots.iter().filter(includes).partition(|other| other.environment.is_some());
        let mine = own.iter().all(|other| other.environment == Some(environment));
        if mine && !own.is_empty() {
            let strangers = others.into_iter().map(|other| &other.path).filter(|at| !owned(at));
            let strangers: Vec<TreePath> = strangers.cloned().collect();
            // Without one, the root is shared only with what is broken elsewhere: it stays as it is.
            if !strangers.is_empty() {
                found.push((item, strangers));
            }
        }
    }
    found
}
