//! Whether every pod of an environment runs the versions that Git names: what Git expects, held against what a cluster says.

pub mod asks;
mod builders;
mod clusters;
mod cron;
pub mod expected;
mod hubs;
mod judge;
mod known;
mod lost;
mod objects;
pub mod part;
mod releases;
mod scene;
mod secrets;
mod site;
mod stragglers;
mod stubs;
pub mod wanted;
pub mod wants;

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::live::Live;
use crate::cluster::word::Word;
use crate::k8s::secret_name::{Family, split};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::usage::Running;
use crate::text::few::few;
use crate::verify::clusters::{Scope, scopes};
use crate::verify::expected::Expected;
use crate::verify::known::Known;
use crate::verify::part::{Part, Remark, User};
use crate::verify::scene::Scene;
use crate::verify::site::Site;

/// What kubectl calls Secrets.
pub const SECRETS: &str = "secrets";

/// A dump of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The file, or what stands for standard input.
    pub name: String,
    /// The cluster that it is of, where that was said.
    pub cluster: Option<String>,
    /// The context of kubectl that was asked, if one was.
    pub context: Option<String>,
}

/// Objects that a cluster did not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What was asked.
    pub input: String,
    /// What kubectl calls their kind.
    pub resource: String,
    /// The namespace; `None` for all.
    pub namespace: Option<String>,
    /// Why, as a phrase.
    pub why: String,
    /// Whether nothing can be proved without them.
    pub is_decisive: bool,
    /// Whether asking again can help.
    pub is_passing: bool,
}

impl Unread {
    /// Whether these are Secrets, without which all else can be proved.
    #[must_use]
    pub fn is_of_secrets(&self) -> bool {
        self.resource == SECRETS
    }
}

/// Whether what applies commits has applied one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It has.
    Yes,
    /// It has not, with the commit that it has applied, as it spells it.
    No,
    /// Nobody can tell, and why.
    Unknown(String),
}

/// Tells whether the commit with which Git began to name what it names of a family is part of a revision.
pub type IsApplied<'a> = &'a dyn Fn(&Family, &str) -> Applied;

/// What is to be proved, and by what.
pub struct Request<'a> {
    /// The tree.
    pub repo: &'a Repo,
    /// The environment.
    pub environment: EnvironmentId,
    /// The families.
    pub families: &'a [Family],
    /// What the cluster runs.
    pub live: &'a Live,
    /// Where `live` comes from.
    pub inputs: &'a [Input],
    /// The namespace of what has none in Git.
    pub namespace: Option<&'a str>,
    /// The cluster that counts; `None` for all.
    pub cluster: Option<&'a str>,
    /// Whether a builder has applied a commit.
    pub is_applied: IsApplied<'a>,
    /// What the cluster did not show.
    pub unread: &'a [Unread],
    /// Whether `live` has every Secret of the namespaces with pods, but for those in `unread`.
    pub has_secrets: bool,
}

/// What is proved of an environment.
#[derive(Debug)]
pub struct Proof {
    /// Each family.
    pub families: Vec<FamilyProof>,
    /// How many objects were in the inputs more than once.
    pub doubles: usize,
    /// Whether anything that Git has in the environment was found.
    pub has_any: bool,
    /// What the cluster did not show.
    pub unread: Vec<Unread>,
}

/// What is proved of a family.
#[derive(Debug)]
pub struct FamilyProof {
    /// The family.
    pub family: Family,
    /// What Git names.
    pub running: Running,
    /// What was looked at: workloads and other objects, stubs, builders, and what should not be there.
    pub parts: Vec<Part>,
    /// What still uses a version that Git no longer names, by version.
    pub old: BTreeMap<String, Vec<User>>,
    /// What going back would cost here.
    pub costs: Vec<String>,
    /// Whether the cluster showed everything without which nothing is proved.
    pub is_read: bool,
}

impl Proof {
    /// Whether every workload was found, and every pod moved.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.families.iter().all(FamilyProof::is_clean)
    }

    /// Something that the cluster did not show and that could be a workload.
    #[must_use]
    pub fn lacks_workloads(&self) -> Option<&Unread> {
        self.unread.iter().find(|one| one.is_decisive && !one.is_of_secrets())
    }
}

impl FamilyProof {
    /// Whether every workload was found, and every pod moved.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.is_read && self.parts.iter().all(|part| part.word().is_fine())
    }

    /// What keeps it from being so, as phrases.
    pub fn reasons(&self) -> impl Iterator<Item = String> {
        self.parts.iter().filter_map(Part::reason)
    }

    /// What in the cluster still uses a version, though Git no longer names it: pods, unfinished Jobs and what starts pods.
    #[must_use]
    pub fn users_of(&self, version: &str) -> &[User] {
        self.old.get(version).map_or(&[], Vec::as_slice)
    }
}

/// Holds what Git names in an environment against what a cluster runs.
#[must_use]
pub fn verify(request: &Request<'_>) -> Proof {
    let expected = expected::of(request);
    let scopes = scopes(request, &expected);
    let unread = unread(request, &scopes);
    let request = &Request { unread: &unread, ..*request };
    let namespaces = expected::namespaces(request);
    let mut doubles = 0;
    let scenes: Vec<Option<Scene<'_>>> = scopes
        .iter()
        .map(|scope| {
            let inputs = scope.inputs.as_ref()?;
            let view = request.live.view(|input| inputs.contains(&input));
            doubles += view.doubles;
            Some(Scene::new(view))
        })
        .collect();
    let families = request.families.iter().zip(&expected).map(|(family, expected)| {
        of_family(request, family, expected, (&scopes, &scenes), &namespaces)
    });
    let families: Vec<FamilyProof> = families.collect();
    let is_found = |part: &Part| part.is_found;
    let has_any = families.iter().any(|one| one.parts.iter().any(is_found) || !one.old.is_empty());
    Proof { families, doubles, has_any, unread: request.unread.to_vec() }
}

/// What the clusters did not show. Of one that only deploys to others, no workload is needed.
fn unread(request: &Request<'_>, scopes: &[Scope]) -> Vec<Unread> {
    let hubs = scopes.iter().filter(|scope| scope.is_hub);
    let inputs = hubs.flat_map(|scope| scope.inputs.iter().flatten());
    let names: BTreeSet<&str> = inputs.map(|at| request.inputs[*at].name.as_str()).collect();
    let unread = request.unread.iter().cloned();
    unread
        .map(|one| Unread { is_decisive: one.is_decisive && !names.contains(&*one.input), ..one })
        .collect()
}

fn of_family(
    request: &Request<'_>,
    family: &Family,
    expected: &[Expected<'_>],
    (scopes, scenes): (&[Scope], &[Option<Scene<'_>>]),
    namespaces: &BTreeSet<String>,
) -> FamilyProof {
    let running = request.repo.running_of(request.environment, family);
    let mut parts = Vec::new();
    let mut old: BTreeMap<String, Vec<User>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let has_hub = scopes.iter().any(|scope| scope.is_hub);
    for (scope, scene) in scopes.iter().zip(scenes) {
        let own = expected.iter().filter(|one| scope.roots.contains(&one.root));
        let own: Vec<Expected<'_>> = expected::as_one(own.cloned());
        let Some(scene) = scene else {
            parts.extend(own.iter().map(|one| no_dump(request, one, scope)));
            continue;
        };
        let site = Site::new(scope, request.inputs);
        let mut judge = judge::Judge::new(request, family, scene, site);
        let builders = builders::of(request, &own, (scope.is_hub, has_hub));
        judge.builders(builders);
        if scope.is_hub {
            parts.append(&mut judge.parts);
            continue;
        }
        own.iter().for_each(|one| judge.expected(one, &own));
        judge.stubs(scope);
        judge.secrets(&own);
        let wanted = names(&running, family);
        let around = stragglers::Around { judge: &judge, namespaces, wanted: &wanted };
        parts.extend(around.stragglers(&mut seen));
        around.uses(&mut old);
        judge.twice();
        parts.append(&mut judge.parts);
    }
    for users in old.values_mut() {
        users.sort();
        users.dedup();
    }
    parts.sort_by(|one, other| one.key().cmp(&other.key()));
    let costs = stubs::costs(request, family, expected, scenes);
    let is_read = !request.unread.iter().any(|one| one.is_decisive);
    FamilyProof { family: family.clone(), running, parts, old, costs, is_read }
}

/// What names the families, and the clusters that Git names.
fn known<'r>(request: &Request<'r>) -> (Known<'r>, BTreeSet<usize>) {
    let expected: Vec<Expected<'r>> = expected::of(request).into_iter().flatten().collect();
    let known = Known::of(request, &expected.iter().collect::<Vec<_>>());
    (known, expected.iter().map(|one| one.root).collect())
}

/// The clusters of the workloads that name the families.
#[must_use]
pub fn clusters(request: &Request<'_>) -> BTreeSet<String> {
    let (known, roots) = known(request);
    roots.into_iter().flat_map(|root| known.names(request, root)).collect()
}

/// Whether a workload that names one of the families is deployed to a cluster.
#[must_use]
pub fn has_cluster(request: &Request<'_>, cluster: &str) -> bool {
    let (known, roots) = known(request);
    roots.into_iter().any(|root| known.is_of(root, cluster))
}

/// A cluster that an input is said to be of, and that is none of the environment, where Git knows them.
#[must_use]
pub fn unknown_cluster<'a>(request: &Request<'a>) -> Option<&'a str> {
    let (known, _) = known(request);
    let mut named = request.inputs.iter().filter_map(|input| input.cluster.as_deref());
    named.find(|cluster| !known.has(cluster))
}

/// The clusters of the workloads that name the families, but for the one that counts.
#[must_use]
pub fn left_out(request: &Request<'_>) -> BTreeSet<String> {
    let Some(cluster) = request.cluster else { return BTreeSet::new() };
    let (known, roots) = known(request);
    roots.into_iter().flat_map(|root| known.besides(request, root, cluster)).collect()
}

/// The names of the Secrets that an environment runs with.
fn names(running: &Running, family: &Family) -> BTreeSet<String> {
    let versioned = running.versions.iter().map(|version| format!("{family}-{version}"));
    versioned.chain(running.plain.then(|| family.to_string())).collect()
}

/// A part of a cluster of which there is no dump.
fn no_dump(request: &Request<'_>, expected: &Expected<'_>, scope: &Scope) -> Part {
    let label = scope.label.as_deref().unwrap_or_default();
    let is_asked = request.inputs.iter().any(|input| input.context.is_some());
    let next = if is_asked { "--context CLUSTER=CONTEXT" } else { "--live CLUSTER=FILE" };
    let why = match &scope.partly {
        Some((clusters, count)) => {
            let names: Vec<&str> = clusters.iter().map(String::as_str).collect();
            let (all, names) = (clusters.len(), few(&names));
            format!("it is deployed to {all} clusters ({names}), and the input is of {count}")
        }
        None if is_asked => format!("no context is of `{label}`, where it runs as well"),
        None => format!("the input has no dump of `{label}`, where it runs as well"),
    };
    let text = format!("{why}; name each: `{next}`");
    let mut part = Part::of(expected, Site::new(scope, request.inputs));
    part.remarks.push(Remark::new(Word::MissingWorkload, text));
    part
}

/// The version of a name, or `plain`.
pub(crate) fn version(secret: &str) -> &str {
    split(secret).map_or(crate::k8s::secret_name::PLAIN, |(_, version)| version)
}
