//! A build root with the references and providers of its effective objects.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::builders::substitute::Variables;
use crate::k8s::by_value::{self, Families, scalars};
use crate::k8s::secret_name::{family, split};
use crate::k8s::spelling::dated;
use crate::k8s::store::Store;
use crate::k8s::stub::Stub;
use crate::k8s::values::{FILES, is_values};
use crate::kustomize::model::build::{Build, Status};
use crate::repo::builder::{Builder, Builders};
use crate::repo::charts::Deployer;
use crate::repo::entries::Taken;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::{Inventory, Reference};
use crate::repo::layout::is_kustomization;
use crate::repo::marks::Marks;
use crate::repo::operator::Pins;
use crate::repo::order::Orders;
use crate::repo::pointer::Pointers;
use crate::repo::rollout::LeastReplicas;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::source::Place;
use crate::yaml::node::Node;

/// A directory that is built as a unit.
#[derive(Debug, Clone)]
pub struct Root {
    /// The directory.
    pub path: TreePath,
    /// A kustomization, a tree of plain manifests, or a chart.
    pub kind: RootKind,
    /// The environment it belongs to.
    pub environment: Option<EnvironmentId>,
    /// The build of the directory; for plain manifests, the contents of the files.
    pub build: Arc<Build>,
    /// Its effective objects, and what they name and provide.
    pub inventory: Inventory,
    /// What builds it in life, as far as objects of the repository say so. A directory has a root for each builder that makes
    /// something else of it.
    pub builders: Vec<Arc<Builder>>,
    /// How it was made by a builder; `None` if it is what kubectl makes.
    pub(super) view: Option<View>,
    /// Whether nothing was looked for in its objects, since every builder makes something else of the directory.
    pub(super) is_bare: bool,
    /// The builders that its objects configure.
    pub(super) configured: Builders,
    /// The directories that controllers are configured to apply by its objects.
    pub(super) pointers: Pointers,
    /// What has been read from its objects so far.
    pub(super) facts: Facts,
}

/// What a builder made a root from.
#[derive(Debug, Clone)]
pub(super) struct View {
    /// What kubectl makes of the directory, if it is a kustomization.
    pub(super) base: Option<Arc<Build>>,
    /// The variables that it took from elsewhere.
    pub(super) given: Variables,
}

/// What is read from the objects of a root when it is first asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    stubs: OnceLock<Vec<(usize, Stub)>>,
    /// The SecretStores, each with the index of its object.
    pub(super) stores: OnceLock<Vec<(usize, Store)>>,
    /// What it says of the operator's version.
    pub(super) operator: OnceLock<Pins>,
    /// The objects by which Argo CD deploys.
    pub(super) deployers: OnceLock<Vec<Deployer>>,
    /// The number of pods below which autoscalers never go.
    pub(super) scaled: OnceLock<LeastReplicas>,
    /// Whether it installs Flagger without the tracking of Secrets.
    pub(super) tracks_nothing: OnceLock<bool>,
    /// What its objects say of the order in which they are applied.
    pub(super) orders: OnceLock<Orders>,
    /// Whether it has an object of the operator's newest API version.
    pub(super) is_v1: OnceLock<bool>,
    /// Every word before a version in a text of its objects, whether or not it is a family's name.
    pub(super) versioned: OnceLock<Families>,
    /// Its files and its directories.
    pub(super) marks: OnceLock<(Marks, Marks)>,
    /// The ConfigMaps from which its controllers take values.
    pub(super) taken: OnceLock<Taken>,
    /// Whether it may copy a value from one object to another.
    pub(super) copies: OnceLock<bool>,
    /// The families before each version in a text of its objects.
    dated: OnceLock<BTreeMap<String, Dated>>,
}

/// The families before a version.
#[derive(Debug, Clone, Default)]
struct Dated {
    /// Whether it may be any family somewhere.
    is_any: bool,
    families: BTreeSet<String>,
}

/// What a build root is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RootKind {
    /// A kustomization.
    Kustomize,
    /// A tree of plain manifests.
    Plain,
    /// A chart, or other values of Helm releases.
    Chart,
}

/// A reference of the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReferenceId {
    /// An index into the repository's roots.
    pub root: usize,
    /// An index into the root's references.
    pub reference: usize,
}

/// A provider of the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderId {
    /// An index into the repository's roots.
    pub root: usize,
    /// An index into the root's providers.
    pub provider: usize,
}

/// The roots in one list that are not in the other. Most are the same, in the same order.
pub fn others<'r>(
    of: &'r [Arc<Root>],
    than: &[impl AsRef<Root>],
) -> impl Iterator<Item = &'r Arc<Root>> {
    let same = |(one, other): &(&Arc<Root>, &Root)| std::ptr::eq(Arc::as_ptr(one), *other);
    let than: Vec<&Root> = than.iter().map(AsRef::as_ref).collect();
    let start = of.iter().zip(than.iter().copied()).take_while(same).count();
    let (of, than) = (&of[start..], &than[start..]);
    let end = of.iter().rev().zip(than.iter().copied().rev()).take_while(same).count();
    let than: HashSet<*const Root> =
        than[..than.len() - end].iter().map(|root| std::ptr::from_ref(*root)).collect();
    of[..of.len() - end].iter().filter(move |root| !than.contains(&Arc::as_ptr(root)))
}

/// What can be asked of an inventory can be asked of the root.
impl Deref for Root {
    type Target = Inventory;

    fn deref(&self) -> &Inventory {
        &self.inventory
    }
}

impl Root {
    /// Whether it names or provides a secret of a family.
    #[must_use]
    pub fn has_family(&self, name: &str) -> bool {
        self.secrets().any(|secret| secret.starts_with(name) && family(secret) == name)
    }

    /// Whether a builder made something else than what kubectl makes.
    pub(super) fn is_own(&self) -> bool {
        let base = self.view.as_ref().map(|view| view.base.as_ref());
        base.is_some_and(|base| base.is_none_or(|base| !Arc::ptr_eq(base, &self.build)))
    }

    /// Whether it is the same root of another tree: of the same directory and environment, made by the same builders.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.path == other.path
            && self.kind == other.kind
            && self.environment == other.environment
            && self.view.is_some() == other.view.is_some()
            && self.builders.len() == other.builders.len()
            && self.builders.iter().zip(&other.builders).all(|(a, b)| a.key() == b.key())
    }

    /// Whether some of the builders of a root of another tree made it, of the same directory and environment.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        let has = |one: &Arc<Builder>| other.builders.iter().any(|own| own.key() == one.key());
        self.path == other.path
            && self.kind == other.kind
            && self.environment == other.environment
            && self.builders.is_empty() == other.builders.is_empty()
            && self.builders.iter().all(has)
    }

    /// Every ExternalSecret that can be read as a stub, with the index of its object.
    #[must_use]
    pub fn stubs(&self) -> &[(usize, Stub)] {
        self.facts.stubs.get_or_init(|| {
            let objects = self.objects().iter().enumerate();
            objects.filter_map(|(at, object)| Some((at, Stub::read(&object.node)?))).collect()
        })
    }

    /// Whether a text in its objects may spell a name. Without a version, any may.
    pub(super) fn may_spell(&self, name: &str) -> bool {
        let Some((family, digits)) = split(name) else { return true };
        let known = self.facts.dated.get_or_init(|| {
            let mut known: BTreeMap<String, Dated> = BTreeMap::new();
            for object in self.objects() {
                scalars(&object.node, &mut |node, _| {
                    for (digits, family) in dated(node.str().unwrap_or_default()) {
                        let one = known.entry(digits.to_owned()).or_default();
                        one.is_any |= family.is_none();
                        one.families.extend(family.map(str::to_owned));
                    }
                });
            }
            known
        });
        known.get(digits).is_some_and(|one| one.is_any || one.families.contains(family))
    }

    /// Whether an object is what Helm renders of a chart.
    #[must_use]
    pub fn is_rendered(&self, object: usize) -> bool {
        self.kind == RootKind::Chart && self.is_real(object)
    }

    /// Whether an object is what Helm renders of a chart, for a kustomization or as it is.
    #[must_use]
    pub fn is_of_chart(&self, object: usize) -> bool {
        self.is_rendered(object) || self.objects()[object].is_inflated
    }

    /// The references without those of values that something rendered has, too.
    #[must_use]
    pub fn effective_references(&self) -> Vec<&Reference> {
        let site = |one: &Reference| one.place().as_ref().map(Place::site);
        let rendered = self.references.iter().filter(|one| self.is_rendered(one.object));
        let rendered: HashSet<_> = rendered.filter_map(site).collect();
        let is_double = |one: &Reference| {
            !rendered.is_empty()
                && !self.is_real(one.object)
                && site(one).is_some_and(|site| rendered.contains(&site))
        };
        self.references.iter().filter(|one| !is_double(one)).collect()
    }

    /// How much of it could be resolved.
    #[must_use]
    pub fn status(&self) -> Status {
        self.build.status
    }

    /// Whether a text of its objects may name a version of one of these families.
    pub(super) fn may_mention(&self, families: &Families) -> bool {
        if families.is_empty() {
            return false;
        }
        let versioned = self.facts.versioned.get_or_init(|| {
            self.objects().iter().flat_map(|one| by_value::versioned(&one.node)).collect()
        });
        families.iter().any(|family| versioned.contains(family))
    }

    /// Whether kustomize would reject it, or one of its files does not parse.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.status() == Status::Failed
    }

    /// Whether something remote or foreign is missing.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.status() == Status::Partial
    }

    /// Whether objects of it may be unknown: it does not build, or lacks what makes some.
    #[must_use]
    pub fn may_hide(&self) -> bool {
        let lacks = || self.problems().iter().any(|problem| problem.hides);
        self.has_failed() || self.is_partial() && lacks()
    }

    /// What could not be resolved, and why.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.build.problems
    }

    /// The kustomizations among its files.
    pub fn kustomizations(&self) -> impl Iterator<Item = &TreePath> {
        self.files().iter().filter(|file| is_kustomization(file))
    }

    /// Every file read for it.
    #[must_use]
    pub fn files(&self) -> &BTreeSet<TreePath> {
        &self.build.files
    }

    /// The files whose values objects of it stand for.
    pub(super) fn values_files(&self) -> BTreeSet<TreePath> {
        if self.kind == RootKind::Chart {
            return self.files().clone();
        }
        let values = self.objects().iter().filter(|object| is_values(&object.node));
        let files = values.filter_map(|object| object.node.get(FILES)).flat_map(Node::items);
        files.filter_map(Node::str).filter_map(TreePath::new).collect()
    }

    /// Every kustomization directory reached, its own included; empty for plain manifests.
    #[must_use]
    pub fn directories(&self) -> &BTreeSet<TreePath> {
        &self.build.directories
    }
}
