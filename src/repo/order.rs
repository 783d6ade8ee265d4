//! Secrets that the cluster makes only after what waits for them: waves and hooks of Argo CD, hooks of Helm, `dependsOn` of Flux.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::found::Role;
use crate::k8s::job::is_over;
use crate::k8s::resource::{group_of, kind_of};
use crate::k8s::secret_name::split;
use crate::k8s::stub::spec_of;
use crate::k8s::wave::{self, Applier, Phase, Turn};
use crate::k8s::workload::{is_scaled_to_zero, runs_pods};
use crate::kustomize::model::object::Object;
use crate::repo::Repo;
use crate::repo::depends::{Dependencies, Unit, depends, unit_of, units_of};
use crate::repo::environment::EnvironmentId;
use crate::repo::family::FamilyState;
use crate::repo::inventory::Reference;
use crate::repo::provision::Provision;
use crate::repo::root::{ProviderId, ReferenceId, Root, RootKind};
use crate::text::source::Place;
use crate::text::work;
use crate::yaml::node::Node;

/// What the objects of a root say of the order in which they are applied.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Orders {
    /// Whether one has a wave or a hook.
    pub(super) waves: bool,
    /// Whether one of Flux's comes after another.
    pub(super) depends: bool,
}

/// A secret that is made too late for something that waits for it.
pub struct Late<'r> {
    /// What waits.
    pub waiting: &'r Object,
    /// The secret that it names.
    pub secret: &'r str,
    /// What makes the secret.
    pub provider: &'r Object,
    /// Why it comes later, as a phrase with both.
    pub why: String,
    /// What says so: an annotation, or an entry of `dependsOn`.
    pub place: Place,
    /// The same annotation on an older stub of the family, which new ones are copied from.
    pub copied: Option<Place>,
    /// Whether the secret never comes: a hook among plain manifests may be of another Application, if none is known, and a
    /// Kustomization of Flux that does not wait is ready once it is applied.
    pub is_certain: bool,
    /// What to do about it.
    pub help: &'static str,
}

/// What makes secrets of a family, by build root and namespace.
type Kin = BTreeMap<(usize, Option<String>), Vec<ProviderId>>;

/// The order in which a repository is applied.
pub struct Order<'r> {
    repo: &'r Repo,
    dependencies: Dependencies,
    is_ordered: bool,
}

impl Root {
    /// What its objects say of the order in which they are applied.
    pub(super) fn orders(&self) -> Orders {
        *self.facts.orders.get_or_init(|| {
            let mut orders = Orders::default();
            for object in self.objects() {
                orders.waves |= wave::is_set(&object.node);
                orders.depends |= depends(&object.node);
            }
            orders
        })
    }
}

impl<'r> Order<'r> {
    /// The order of a repository.
    #[must_use]
    pub fn of(repo: &'r Repo) -> Self {
        let dependencies = Dependencies::of(repo);
        let is_ordered = repo.roots.iter().any(|root| root.orders().waves || root.orders().depends);
        Self { repo, dependencies, is_ordered }
    }

    /// What waits for a secret of a family in an environment, or would once it names the newest version, and is applied before it.
    #[must_use]
    pub fn late(&self, environment: EnvironmentId, family: &str) -> Vec<Late<'r>> {
        let state = self.repo.family(environment, family).filter(|_| self.is_ordered);
        let Some(state) = state else { return Vec::new() };
        let newest = state.stubs.keys().next_back();
        let kin = OnceCell::new();
        let kin = || kin.get_or_init(|| self.kin(state));
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for id in state.references() {
            let (root, reference) = self.repo.reference(id);
            if !waits(root, reference) {
                continue;
            }
            let own = reference.secret();
            let next = newest
                .filter(|newest| split(own).is_none_or(|(_, digits)| digits < newest.as_str()));
            let next = next.map(|digits| format!("{family}-{digits}"));
            for secret in std::iter::once(own).chain(next.as_deref()) {
                let namespace = root.namespace_of(reference);
                for maker in self.repo.providers_of(Some(environment), namespace, secret) {
                    let Provision::Provider(maker) = maker else { continue };
                    if let Some(late) = self.pair(id, maker, &kin)
                        && seen.insert((late.place.near_in_file().site(), late.waiting.identity()))
                    {
                        all.push(late);
                    }
                }
            }
        }
        all
    }

    /// What makes secrets of a family, by build root and namespace.
    fn kin(&self, state: &FamilyState) -> Kin {
        let mut kin = Kin::new();
        for id in state.providers() {
            let (home, provider) = self.repo.provider(id);
            let namespace = home.namespace_of_provider(provider).map(str::to_owned);
            kin.entry((id.root, namespace)).or_default().push(id);
        }
        kin
    }

    /// Whether the secret that a provider makes comes too late for a reference.
    fn pair<'k>(
        &self,
        waiting: ReferenceId,
        maker: ProviderId,
        kin: &dyn Fn() -> &'k Kin,
    ) -> Option<Late<'r>> {
        work::step();
        let repo = self.repo;
        let (root, reference) = repo.reference(waiting);
        let (home, provider) = repo.provider(maker);
        let (object, stub) = (root.object_of(reference), home.object_that_provides(provider));
        if spec_of(&stub.node).is_none() && split(provider.secret()).is_none() {
            return None;
        }
        let late = |why: String, place: Place, copied, help| Late {
            waiting: object,
            secret: provider.secret(),
            provider: stub,
            why,
            place,
            copied,
            is_certain: true,
            help,
        };
        if let Some(applier) = together(root, object, home, stub) {
            let (early, turn) = (Turn::of(&object.node, applier)?, Turn::of(&stub.node, applier)?);
            if turn <= early {
                return None;
            }
            let (place, is_own, is_phase) = said(&object.node, &stub.node, early, turn)?;
            let why = format!(
                "{}, after {}",
                at(&named(stub), turn, early, applier),
                at(&named(object), early, turn, applier)
            );
            let namespace = home.namespace_of_provider(provider).map(str::to_owned);
            let beside = kin().get(&(maker.root, namespace)).map_or(&[][..], Vec::as_slice);
            let others = beside.iter().map(|id| home.object_that_provides(repo.provider(*id).1));
            let older = || older(others, stub, (turn, applier), is_phase);
            let help = "a sync or release does not get past what waits: let the stub come before it or with it";
            let is_certain = !is_phase || root.kind != RootKind::Plain || !root.builders.is_empty();
            let late = late(why, place, is_own.then(older).flatten(), help);
            return Some(Late { is_certain, ..late });
        }
        let (place, patient) = self.depends(root, object, home)?;
        let mut why = format!("{} is applied only after {}", named(stub), named(object));
        if let Some(patient) = patient {
            why += &format!(
                "; this only delays it, because Kustomization `{patient}` does not wait until it is ready"
            );
        }
        let help =
            "remove the dependency, or move the stub to where nothing depends on what waits for it";
        Some(Late { is_certain: patient.is_none(), ..late(why, place, None, help) })
    }

    /// The entry of `dependsOn` by which Flux applies a stub only after what waits; with the Kustomization that is ready before
    /// that is, if there is no other.
    fn depends(&self, root: &Root, object: &Object, home: &Root) -> Option<(Place, Option<&str>)> {
        let mut waiting: BTreeSet<Unit> = units_of(root).collect();
        waiting.extend(unit_of(&object.node));
        // What applies a release waits for it.
        let releases: Vec<Unit> =
            waiting.iter().filter(|unit| unit.0 == "HelmRelease").cloned().collect();
        for release in &releases {
            waiting.extend(self.dependencies.within(release).cloned());
        }
        let (blocking, patient): (BTreeSet<Unit>, BTreeSet<Unit>) = waiting
            .into_iter()
            .partition(|one| self.dependencies.waits_for(one, object, &releases));
        let leads = |others: &BTreeSet<Unit>| {
            units_of(home).find_map(|unit| self.dependencies.leads(&unit, others))
        };
        if let Some(place) = leads(&blocking) {
            return Some((place, None));
        }
        patient.into_iter().find_map(|unit| {
            let place = leads(&BTreeSet::from([unit.clone()]))?;
            Some((place, self.dependencies.name(&unit)))
        })
    }
}

/// Whether something is not ready before the secret of a reference is there.
fn waits(root: &Root, reference: &Reference) -> bool {
    let object = root.object_of(reference);
    let is_release = (group_of(&object.node), kind_of(&object.node))
        == ("helm.toolkit.fluxcd.io", "HelmRelease");
    let is_use = reference.found.role == Role::Use || is_release;
    is_use
        && !reference.found.optional
        && (is_release || runs_pods(&object.node))
        && !is_over(&object.node)
        && !is_scaled_to_zero(&object.node)
        && !reference.field().starts_with("metadata.")
}

/// Who applies both objects together, in waves; `None` where they are not applied together.
fn together(root: &Root, object: &Object, home: &Root, stub: &Object) -> Option<Applier> {
    let applications = |root: &Root| -> BTreeSet<_> {
        let all = root.builders.iter().filter(|builder| builder.kind == "Application");
        let site = |builder: &crate::repo::builder::Builder| {
            builder.origin.as_ref().map(|place| place.near_in_file().site())
        };
        all.map(|builder| (builder.name.clone(), site(builder))).collect()
    };
    if !applications(root).is_disjoint(&applications(home)) {
        return Some(Applier::Argo);
    }
    if !std::ptr::eq(root, home) || root.builders.iter().any(|one| one.kind == "Kustomization") {
        return None;
    }
    if root.kind == RootKind::Chart {
        return Some(Applier::Helm);
    }
    if !root.builders.is_empty() || ![object, stub].iter().any(|one| wave::is_of_argo(&one.node)) {
        return None;
    }
    // An Application that is not in the repository builds the kustomization, or one directory of plain manifests.
    let directory = |object: &Object| {
        object.node.origin.as_ref().map(|place| place.near_in_file().source.path().parent())
    };
    let is_one = root.kind == RootKind::Kustomize || directory(object) == directory(stub);
    is_one.then_some(Applier::Argo)
}

/// The annotation that puts a stub after what waits, whether it is the stub's own, and whether it is that of the phase.
fn said(object: &Node, stub: &Node, early: Turn, late: Turn) -> Option<(Place, bool, bool)> {
    let (is_phase, is_own) = if late.phase == early.phase {
        (false, late.wave > 0)
    } else {
        (true, late.phase != Phase::Main)
    };
    let (one, other) = if is_own { (stub, object) } else { (object, stub) };
    let own = wave::field(one, is_phase).map(|field| (field, is_own));
    let (field, is_own) =
        own.or_else(|| wave::field(other, is_phase).map(|field| (field, !is_own)))?;
    Some((field.origin.clone()?, is_own, is_phase))
}

/// The annotation of another stub of a family that has the same turn, where a new one gets it from.
fn older<'o>(
    others: impl Iterator<Item = &'o Object>,
    stub: &Object,
    (turn, applier): (Turn, Applier),
    is_phase: bool,
) -> Option<Place> {
    let mut others = others.inspect(|_| work::step()).filter(|other| {
        !std::ptr::eq(*other, stub) && Turn::of(&other.node, applier) == Some(turn)
    });
    wave::field(&others.next()?.node, is_phase)?.origin.clone()
}

/// An object at its turn, as far as that differs from another.
fn at(object: &str, turn: Turn, other: Turn, applier: Applier) -> String {
    if turn.phase == other.phase {
        let wave = if applier == Applier::Argo { "wave" } else { "weight" };
        return format!("{object} in {wave} {}", turn.wave);
    }
    let hook = match turn.phase {
        Phase::Before => "in a hook before the sync",
        Phase::Main => "in the sync itself",
        Phase::After => "in a hook after the sync",
    };
    let hook =
        if applier == Applier::Helm { hook.replace("sync", "release") } else { hook.to_owned() };
    format!("{object} {hook}")
}

fn named(object: &Object) -> String {
    format!("{} `{}`", object.kind(), object.name())
}
