//! The references and providers of every build root.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::config::settings::Config;
use crate::k8s::by_value::{self, Families};
use crate::k8s::destination;
use crate::k8s::found::Found;
use crate::k8s::references::field_rule::FieldRule;
use crate::k8s::secret_name::family as family_of;
use crate::k8s::values::is_values;
use crate::k8s::{providers, references};
use crate::kustomize::model::build::Build;
use crate::kustomize::model::object::Object;
use crate::repo::charts::rendered::UNNAMED;
use crate::repo::inventory::{Inventory, Provider, Reference};
use crate::repo::releases;
use crate::repo::root::{Facts, Root, RootKind, others};
use crate::repo::site::{BuildSite, Site};
use crate::repo::{Repo, family};
use crate::text::source::Place;

/// What is known about a root before the families are known.
enum Gathered {
    /// Everything, from before some files changed.
    Kept(Arc<Root>),
    /// The references and providers found in its objects.
    New(Box<BuildSite>, Vec<Vec<Found>>, Vec<Provider>),
}

/// The roots with their references and providers, and the families that they name.
///
/// The families must be known before anything can be found by value.
pub(super) fn gather(
    config: &Config,
    rules: &[FieldRule],
    sites: Vec<Site>,
    before: Option<&Repo>,
) -> (Vec<Arc<Root>>, Families) {
    let gather = |site: Site| match site {
        Site::Kept(root) if root.is_bare => {
            let (named, provided) = (named(&root.build, rules), provided(&root.build));
            Gathered::New(Box::new(BuildSite::of(&root)), named, provided)
        }
        Site::Kept(root) => Gathered::Kept(root),
        Site::New(site) => {
            let (named, provided) = (named(&site.build, rules), provided(&site.build));
            Gathered::New(site, named, provided)
        }
    };
    // Most of a changed tree is unchanged.
    let gathered: Vec<Gathered> = if before.is_some() {
        sites.into_iter().map(gather).collect()
    } else {
        sites.into_par_iter().map(gather).collect()
    };
    let same = before.filter(|repo| names_the_same(repo, &gathered));
    let families = match same {
        Some(repo) => repo.families.clone(),
        None => family::known(config, gathered.iter().flat_map(Gathered::secrets)),
    };
    // The families that only one of the two trees knows.
    let unlike = match before.filter(|_| same.is_none()) {
        Some(repo) => repo.families.unlike(&families),
        None => Families::default(),
    };
    let root = |gathered: Gathered| match gathered {
        Gathered::Kept(root) if !root.may_mention(&unlike) => root,
        Gathered::Kept(root) => {
            let mut root = Root::clone(&root);
            let named = named(&root.build, rules);
            root.inventory.references = with_mentions(&root.build, root.kind, named, &families);
            Arc::new(root)
        }
        Gathered::New(site, named, providers) => {
            Arc::new(finish(*site, named, providers, &families))
        }
    };
    let roots = if before.is_some() {
        gathered.into_iter().map(root).collect()
    } else {
        gathered.into_par_iter().map(root).collect()
    };
    (roots, families)
}

/// What kubectl makes of directories of which every controller makes something else: nothing is looked for in it.
pub(super) fn bare(sites: Vec<Site>) -> Vec<Arc<Root>> {
    let root = |site| match site {
        Site::Kept(root) if root.is_bare => root,
        Site::Kept(root) => {
            let site = BuildSite { builders: Vec::new(), ..BuildSite::of(&root) };
            let root = finish(site, Vec::new(), Vec::new(), &Families::default());
            Arc::new(Root { is_bare: true, ..root })
        }
        Site::New(site) => {
            let root = finish(*site, Vec::new(), Vec::new(), &Families::default());
            Arc::new(Root { is_bare: true, ..root })
        }
    };
    sites.into_iter().map(root).collect()
}

impl Gathered {
    /// Every secret that is named by a known field, or provided.
    fn secrets(&self) -> Vec<&str> {
        let (references, providers): (Vec<&Found>, &[Provider]) = match self {
            // What was found by value alone makes no family known.
            Self::Kept(root) => {
                let found = root.references.iter().map(|one| &one.found);
                (found.filter(|found| found.row != by_value::ROW).collect(), &root.providers)
            }
            Self::New(_, named, providers) => (named.iter().flatten().collect(), providers),
        };
        let references = references.into_iter().map(|found| found.secret.as_str());
        references.chain(providers.iter().map(Provider::secret)).collect()
    }
}

/// Whether the roots name the same families as before, without checking all of them: new names belong to known
/// families, and every family that lost a name is still named by something new.
fn names_the_same(before: &Repo, gathered: &[Gathered]) -> bool {
    let kept: Vec<&Arc<Root>> = gathered
        .iter()
        .filter_map(|one| if let Gathered::Kept(root) = one { Some(root) } else { None })
        .collect();
    let new = gathered.iter().filter(|one| matches!(one, Gathered::New(..)));
    let new: BTreeSet<&str> = new.flat_map(Gathered::secrets).map(family_of).collect();
    let gone = others(&before.roots, &kept);
    new.iter().all(|family| before.families.contains(family))
        && gone.flat_map(|root| root.secrets()).map(family_of).all(|one| new.contains(one))
}

fn finish(
    site: BuildSite,
    named: Vec<Vec<Found>>,
    providers: Vec<Provider>,
    families: &Families,
) -> Root {
    let mut references = with_mentions(&site.build, site.kind, named, families);
    if site.kind == RootKind::Chart {
        only_known(&mut references, &providers);
        as_rendered(&site.build, &mut references);
    }
    let inventory = Inventory {
        objects: Arc::clone(&site.build.objects),
        references,
        providers,
        namespace: site.namespace.clone(),
    };
    let BuildSite { path, kind, environment, build, pointers, builders, view, configured, .. } =
        site;
    let (is_bare, facts) = (false, Facts::default());
    Root {
        path,
        kind,
        environment,
        build,
        inventory,
        builders,
        view,
        is_bare,
        configured,
        pointers,
        facts,
    }
}

/// Removes the references to names that hold the one of a release which nothing names, unless the chart makes these Secrets itself.
fn only_known(references: &mut Vec<Reference>, providers: &[Provider]) {
    let is_made = |name: &str| providers.iter().any(|one| one.secret() == name);
    references.retain(|one| !one.secret().contains(UNNAMED) || is_made(one.secret()));
}

/// Gives values the namespace of what is rendered of them.
fn as_rendered(build: &Build, references: &mut [Reference]) {
    let is_value = |one: &Reference| is_values(&build.objects[one.object].node);
    let site = |one: &Reference| one.place().as_ref().map(Place::site);
    let mut namespaces = BTreeMap::new();
    for one in references.iter().filter(|one| !is_value(one)) {
        let namespace = one.found.namespace.as_deref().or(build.objects[one.object].namespace());
        namespaces.extend(site(one).zip(namespace.map(str::to_owned)));
    }
    for one in references.iter_mut().filter(|one| is_value(one)) {
        if let Some(namespace) = site(one).and_then(|site| namespaces.get(&site)) {
            one.found.namespace = Some(namespace.clone());
        }
    }
}

/// What the catalogue finds in each object, and in the values that a ConfigMap holds for a release.
fn named(build: &Build, rules: &[FieldRule]) -> Vec<Vec<Found>> {
    let find = |object: &Object| references::find(&object.node, rules);
    let mut named: Vec<Vec<Found>> = build.objects.iter().map(find).collect();
    for (object, found) in releases::in_config_maps(build) {
        named[object].push(found);
    }
    named
}

fn provided(build: &Build) -> Vec<Provider> {
    let objects = build.objects.iter().enumerate();
    let of_object = |(object, one): (usize, &Object)| {
        let found = providers::find(&one.node).into_iter();
        found.map(move |provided| Provider { object, provided }).collect::<Vec<_>>()
    };
    objects.flat_map(of_object).collect()
}

/// The references of a build: those from the catalogue, followed by those found by value.
fn with_mentions(
    build: &Build,
    kind: RootKind,
    named: Vec<Vec<Found>>,
    families: &Families,
) -> Vec<Reference> {
    let mut references = Vec::with_capacity(named.iter().map(Vec::len).sum());
    for (object, (one, found)) in build.objects.iter().zip(named).enumerate() {
        let mentions = by_value::find(&one.node, families, &found);
        for mut found in found.into_iter().chain(mentions) {
            if found.namespace.is_none() {
                found.namespace = destination::of(&one.node, &found.path).map(str::to_owned);
            }
            references.push(Reference { object, found });
        }
    }
    // The values of a chart spell what Helm renders of it: both are needed to change them.
    if kind != RootKind::Chart {
        releases::once(&build.objects, &mut references);
    }
    references
}
