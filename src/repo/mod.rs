//! One loaded tree: its build roots and environments, who provides and who references each secret.

mod bases;
mod broken;
pub mod builder;
mod carry;
mod charts;
mod convention;
mod depends;
pub mod deployed;
mod destinations;
pub mod elsewhere;
mod entries;
pub mod environment;
pub mod error;
pub mod family;
mod gather;
mod ground;
pub mod init;
mod installed;
pub mod inventory;
mod laid;
pub mod layer;
mod layout;
pub mod leftovers;
mod load;
mod loader;
mod marks;
pub mod mentions;
pub mod monitors;
mod naming;
pub mod operator;
pub mod order;
mod ours;
pub mod own;
pub mod pairs;
mod part;
mod pattern;
mod plain;
mod pointer;
pub mod provision;
pub mod reach;
mod relaid;
mod releases;
#[cfg(test)]
mod reloads;
pub mod rollout;
pub mod root;
mod routes;
pub mod schedules;
pub mod sensitive;
pub mod sharing;
mod site;
mod spelled;
pub mod stores;
pub mod subject;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod traffic;
mod unbuilt;
pub mod unseen;
mod unseen_search;
pub mod usage;
mod variables;
mod views;
mod wiring;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;

use crate::builders::render::Renders;
use crate::config::settings::{Config, Hold};
use crate::k8s::by_value::Families;
use crate::k8s::encryption::Seals;
use crate::kustomize::resolver::Resolver;
use crate::repo::charts::lays_over;
use crate::repo::deployed::Reached;
use crate::repo::environment::{EnvironmentId, Environments};
use crate::repo::error::RepoError;
use crate::repo::family::{FamilyState, States, counts};
use crate::repo::ground::Ground;
use crate::repo::inventory::{Provider, Reference};
use crate::repo::layout::Layout;
use crate::repo::naming::Namings;
use crate::repo::provision::{Provision, Provisions};
use crate::repo::reach::{Nearest, Reach, Reaches};
use crate::repo::root::{ProviderId, ReferenceId, Root};
use crate::repo::unbuilt::UnbuiltFiles;
use crate::repo::usage::Usages;
use crate::repo::wiring::Wiring;
use crate::text::memo::Memo;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::yaml::library::Library;

/// Which build roots are loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every kustomization except components, and every tree of plain manifests.
    Everything,
    /// These directories, each as a build root, components too.
    Directories(Vec<TreePath>),
}

/// A loaded tree.
pub struct Repo {
    /// Every file that was read.
    pub library: Arc<Library>,
    /// The kustomizations that were resolved.
    pub resolver: Resolver,
    /// The settings; the default where there is no `rotate.yaml`.
    pub config: Config,
    /// The environments, in promotion order.
    pub environments: Environments,
    /// The build roots, sorted by path, environment and builder.
    pub roots: Vec<Arc<Root>>,
    /// Problems outside the build roots.
    pub problems: Vec<Problem>,
    /// Every family that is referenced, provided or configured.
    pub families: Families,
    scope: Scope,
    /// What renders the charts of the tree; `None` where they are not rendered.
    renders: Option<Arc<Renders>>,
    layout: Layout,
    /// What a changed tree can reuse; `None` if only some directories are loaded.
    ground: Option<Ground>,
    derived: Derived,
}

/// What is derived from the roots of a tree when it is first asked for.
#[derive(Default)]
struct Derived {
    states: OnceLock<States>,
    provisions: OnceLock<Provisions>,
    namings: OnceLock<Namings>,
    usages: OnceLock<Usages>,
    reaches: OnceLock<Reaches>,
    unbuilt: UnbuiltFiles,
    hidden: OnceLock<Reached>,
    inputs: OnceLock<BTreeSet<TreePath>>,
    seals: Memo<Option<Arc<Seals>>>,
    unrendered: OnceLock<Option<Box<Repo>>>,
}

impl Repo {
    /// The environment with that name.
    ///
    /// # Errors
    /// If there is none, with the name that was probably meant.
    pub fn environment(&self, name: &str) -> Result<EnvironmentId, RepoError> {
        environment::by_name(&self.environments, name)
    }

    /// The root that is built at a directory; the first one if there are several trees of plain manifests.
    #[must_use]
    pub fn root_at(&self, path: &TreePath) -> Option<&Arc<Root>> {
        self.roots_at(path).first()
    }

    /// Every root that is built at a directory.
    fn roots_at(&self, path: &TreePath) -> &[Arc<Root>] {
        let start = self.roots.partition_point(|root| root.path < *path);
        let end = self.roots.partition_point(|root| root.path <= *path);
        &self.roots[start..end]
    }

    /// The root of another tree, as it is here: of the same directory and environment, made by the same builders.
    #[must_use]
    pub fn same_root(&self, other: &Root) -> Option<&Arc<Root>> {
        self.roots_at(&other.path).iter().find(|root| root.is_like(other))
    }

    /// What kubectl makes of a directory, and the trees of plain manifests in it.
    fn bases_at(&self, path: &TreePath) -> impl Iterator<Item = &Arc<Root>> {
        let shadowed = self.ground.as_ref().map_or(&[][..], |ground| &ground.shadowed);
        let start = shadowed.partition_point(|root| root.path < *path);
        let shadowed = shadowed[start..].iter().take_while(|root| root.path == *path);
        self.roots_at(path).iter().filter(|root| root.view.is_none()).chain(shadowed)
    }

    /// The roots of an environment, with their indexes.
    pub fn roots_of(
        &self,
        environment: EnvironmentId,
    ) -> impl Iterator<Item = (usize, &Arc<Root>)> {
        let roots = self.roots.iter().enumerate();
        roots.filter(move |(_, root)| root.environment == Some(environment))
    }

    /// What is sealed in a file; `None` if it cannot be read or parsed.
    #[must_use]
    pub fn seals(&self, file: &TreePath) -> Option<Arc<Seals>> {
        self.derived
            .seals
            .get(file, || Some(Arc::new(Seals::of(&*self.library.stream(file).ok()?))))
    }

    /// A reference with its root.
    #[must_use]
    pub fn reference(&self, id: ReferenceId) -> (&Root, &Reference) {
        let root = &self.roots[id.root];
        (root, &root.references[id.reference])
    }

    /// A provider with its root.
    #[must_use]
    pub fn provider(&self, id: ProviderId) -> (&Root, &Provider) {
        let root = &self.roots[id.root];
        (root, &root.providers[id.provider])
    }

    /// The families of an environment: those with a versioned reference or provider there and those that
    /// `rotate.yaml` lists, except those that it ignores.
    #[must_use]
    pub fn families_of(&self, environment: EnvironmentId) -> BTreeMap<&str, &FamilyState> {
        let states = self.states().get(environment.index()).into_iter().flatten();
        let counting = states.filter(|(name, state)| counts(&self.config, name, state));
        counting.map(|(name, state)| (name.as_str(), state)).collect()
    }

    /// The holds on a family that nothing in their environment references or provides, with their settings index.
    pub fn idle_holds(&self) -> impl Iterator<Item = (usize, &Hold)> {
        self.config.holds.iter().enumerate().filter(|(_, hold)| {
            let environment = self.environments.iter().find(|one| one.name == hold.environment);
            environment.is_none_or(|one| self.family(one.id, &hold.secret).is_none())
        })
    }

    /// Every family of an environment, including ignored ones and those with plain names only.
    #[must_use]
    pub fn all_families_of(&self, environment: EnvironmentId) -> BTreeMap<&str, &FamilyState> {
        let states = self.states().get(environment.index()).into_iter().flatten();
        states.map(|(name, state)| (name.as_str(), state)).collect()
    }

    /// How old a version of a family may become in an environment: as the family's settings say, or else the environment's.
    #[must_use]
    pub fn max_age(&self, environment: EnvironmentId, family: &str) -> Option<TimeDelta> {
        let own = self.config.secret(family).max_age;
        let declared = self.environments[environment].declared.as_ref();
        let most = own.or_else(|| declared?.max_age)?;
        Some(TimeDelta::seconds(i64::from(most.seconds())))
    }

    /// The state of a family in an environment; `None` if nothing there references or provides it.
    #[must_use]
    pub fn family(&self, environment: EnvironmentId, name: &str) -> Option<&FamilyState> {
        self.states().get(environment.index())?.get(name)
    }

    /// Who provides a secret in an environment; a namespace that nothing in Git sets matches any.
    #[must_use]
    pub fn providers_of(
        &self,
        environment: Option<EnvironmentId>,
        namespace: Option<&str>,
        secret: &str,
    ) -> Vec<Provision> {
        let providers = self.provisions().of(environment, namespace, secret).into_iter();
        let external = self.config.is_external(secret, namespace);
        let external = external.then_some(Provision::External);
        providers.map(Provision::Provider).chain(external).collect()
    }

    /// Whether something provides a secret, as [`Repo::providers_of`] tells.
    #[must_use]
    pub fn is_provided(
        &self,
        environment: Option<EnvironmentId>,
        namespace: Option<&str>,
        secret: &str,
    ) -> bool {
        let made = match namespace {
            Some(_) => !self.provisions().of(environment, namespace, secret).is_empty(),
            None => self.providers_anywhere(environment, secret).next().is_some(),
        };
        made || self.config.is_external(secret, namespace)
    }

    /// The providers of a secret in an environment, whatever their namespace.
    pub fn providers_anywhere(
        &self,
        environment: Option<EnvironmentId>,
        secret: &str,
    ) -> impl Iterator<Item = ProviderId> {
        self.provisions().anywhere(environment, secret)
    }

    /// Everything that makes a secret of a name, wherever.
    pub fn makers(&self, secret: &str) -> impl Iterator<Item = (&Root, &Provider)> {
        self.provisions().all(secret).map(|id| self.provider(id))
    }

    /// The files in which objects say what builders lay over directories, and those with their variables.
    #[must_use]
    pub fn builder_files(&self) -> &BTreeSet<TreePath> {
        self.derived.inputs.get_or_init(|| {
            let views = self.roots.iter().filter_map(|root| Some((root, root.view.as_ref()?)));
            let files = views.flat_map(|(root, view)| {
                let own = root.builders.iter().filter_map(|builder| builder.file());
                let beside = root.files().iter().filter(|file| lays_over(file)).cloned();
                own.chain(beside).chain(view.given.files()).collect::<Vec<_>>()
            });
            files.collect()
        })
    }

    /// Every file that may hold objects or a kustomization, which excludes `rotate.yaml` and chart templates.
    pub fn manifests(&self) -> impl Iterator<Item = &TreePath> {
        self.layout.kustomizations.values().chain(self.layout.files.iter())
    }

    /// Who reaches a file, or the directory of a kustomization.
    #[must_use]
    pub fn exclusive(&self, path: &TreePath) -> Reach {
        self.reaches().exclusive(path)
    }

    /// Whether an environment alone reaches a file, or the directory of a kustomization.
    #[must_use]
    pub fn is_exclusive_to(&self, environment: EnvironmentId, path: &TreePath) -> bool {
        self.reaches().is_exclusive_to(environment, path)
    }

    /// The kustomizations nearest to a file that it is reached through and that only this environment reaches.
    #[must_use]
    pub fn nearest_exclusive(&self, environment: EnvironmentId, file: &TreePath) -> Nearest {
        self.reaches().nearest(environment, file)
    }

    fn states(&self) -> &States {
        let roots = || self.roots.iter().map(|root| &**root);
        self.derived.states.get_or_init(|| family::states(self.environments.len(), roots()))
    }

    fn provisions(&self) -> &Provisions {
        let roots = || self.roots.iter().map(|root| &**root);
        self.derived.provisions.get_or_init(|| Provisions::new(roots()))
    }

    /// What the roots may reach that are not known as a whole: they lack something remote or foreign, or do not build.
    fn hidden(&self) -> &Reached {
        self.derived.hidden.get_or_init(|| {
            let roots = self.roots.iter().map(|root| &**root);
            Reached::by(roots.filter(|root| root.may_hide()))
        })
    }

    fn reaches(&self) -> &Reaches {
        self.derived.reaches.get_or_init(|| {
            let shadowed = self.ground.iter().flat_map(|ground| &ground.shadowed);
            let bases = self.roots.iter().filter(|root| root.view.is_none()).chain(shadowed);
            let built = bases.map(|root| (&root.path, root.files(), root.directories()));
            let wiring = Wiring::new((&self.library, &self.layout, self.renders.is_some()), built);
            Reaches::new(wiring, &self.environments, self.roots.iter().map(|root| &**root))
        })
    }
}
