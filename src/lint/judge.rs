//! Whether references have what they name, as far as can be known.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::k8s::by_hand::is_by_hand;
use crate::k8s::found::Role;
use crate::k8s::heuristics;
use crate::k8s::placeholder::is_name_filled_in;
use crate::k8s::secret_name::split;
use crate::k8s::values::held;
use crate::lint::spelled::{Spelled, is_copied};
use crate::repo::Repo;
pub(super) use crate::repo::deployed::deployed;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::{Provider, Reference};
use crate::repo::root::{Root, RootKind};
use crate::repo::unseen::{Unseen, Unseens, What};
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::text::work;
use crate::yaml::path::PathStep;

/// A reference that nothing provides.
pub(super) struct Missing<'r> {
    pub(super) root: &'r Root,
    pub(super) reference: &'r Reference,
    /// Whether a chart or the like may make the secret, so that only its being made elsewhere tells.
    pub(super) beside: bool,
}

/// References to one secret that could not be judged, for one reason.
#[derive(Debug, Clone)]
pub struct Unjudged {
    /// The environment's name.
    pub environment: Option<String>,
    /// The namespace, where Git sets one.
    pub namespace: Option<String>,
    /// The secret's name.
    pub secret: String,
    /// How many references there are.
    pub count: usize,
    /// Where they are written, without those that no file spells.
    pub places: Vec<Place>,
    /// Why.
    pub why: Why,
}

/// Why references could not be judged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Why {
    /// The build root, or the file, because of which.
    pub path: TreePath,
    /// What is there, in a word: `chart`.
    pub what: &'static str,
}

impl Why {
    /// Something in a root: a kustomization is known by its directory, of plain manifests each file is.
    pub(super) fn of(root: &Root, place: Option<&Place>, what: &'static str) -> Self {
        let file = place.filter(|_| root.kind == RootKind::Plain);
        let file = file.map(|place| place.near_in_file().source.path().clone());
        Self { path: file.unwrap_or_else(|| root.path.clone()), what }
    }
}

impl fmt::Display for Why {
    /// `` `infra/traefik` (chart) ``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.path.display(), self.what)
    }
}

/// Which references could be judged, and which have not what they name.
pub(super) struct Judgements<'r> {
    /// In the order of the roots.
    pub(super) missing: Vec<Missing<'r>>,
    pub(super) coverage: Coverage,
}

/// How much could be judged.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// How many references were judged.
    pub judged: usize,
    /// Those that were not, by environment, namespace, secret and reason.
    pub unjudged: Vec<Unjudged>,
    /// How many files a generator fills in or makes, so that they could not be read.
    pub generated: usize,
}

impl Coverage {
    /// How many references could not be judged.
    #[must_use]
    pub fn left(&self) -> usize {
        self.unjudged.iter().map(|one| one.count).sum()
    }

    /// How many secrets these name.
    #[must_use]
    pub fn secrets(&self) -> usize {
        let key =
            |one: &Unjudged| (one.environment.clone(), one.namespace.clone(), one.secret.clone());
        self.unjudged.iter().map(key).collect::<BTreeSet<_>>().len()
    }

    /// Why, what most of them have in common first.
    #[must_use]
    pub fn causes(&self) -> Vec<&Why> {
        let mut counts: BTreeMap<&Why, usize> = BTreeMap::new();
        for one in &self.unjudged {
            *counts.entry(&one.why).or_default() += one.count;
        }
        let mut causes: Vec<(&Why, usize)> = counts.into_iter().collect();
        causes.sort_by_key(|(_, count)| Reverse(*count));
        causes.into_iter().map(|(why, _)| why).collect()
    }
}

/// What is known of a reference's secret.
enum Verdict<'u> {
    /// The place does not really ask for it.
    Idle,
    /// Something provides it.
    Fine,
    /// Nothing provides it.
    Missing,
    /// Something that cannot be seen here may provide it.
    Unknown(&'u Unseen),
    /// Its name is not known.
    Open,
    /// The place only looks as if it named a secret, and nothing provides one of that name.
    Guessed,
}

/// A reference that nothing provides, as far as can be seen.
struct Candidate<'r> {
    root: &'r Root,
    reference: &'r Reference,
    /// What may provide it all the same.
    unseen: Option<Why>,
}

/// What tells one group of references that could not be judged from another.
type Group<'r> = (Option<EnvironmentId>, Option<&'r str>, &'r str, Why);

impl<'r> Judgements<'r> {
    pub(super) fn of(repo: &'r Repo) -> Self {
        let unseens = Unseens::of(repo);
        let indexes: BTreeMap<*const Root, usize> =
            repo.roots.iter().enumerate().map(|(at, root)| (&raw const **root, at)).collect();
        let (mut judged, mut candidates, mut groups) = (0, Vec::new(), BTreeMap::new());
        // Whether Git makes a secret of a name somewhere, and nothing copies it.
        let mut made: BTreeMap<&str, bool> = BTreeMap::new();
        for (root, _) in deployed(repo) {
            let index = indexes.get(&std::ptr::from_ref(root)).copied().unwrap_or_default();
            for reference in &root.references {
                let unseen = match verdict(repo, &unseens, index, reference) {
                    Verdict::Idle => continue,
                    Verdict::Fine => {
                        judged += 1;
                        continue;
                    }
                    Verdict::Missing => None,
                    Verdict::Open => {
                        let why = Why::of(root, reference.near().as_ref(), What::Variable.word());
                        add(&mut groups, root, reference, why);
                        continue;
                    }
                    Verdict::Guessed => {
                        let why = Why::of(root, reference.near().as_ref(), "custom resource");
                        add(&mut groups, root, reference, why);
                        continue;
                    }
                    Verdict::Unknown(unseen) => {
                        let there = &repo.roots[unseen.root];
                        let why = Why::of(there, unseen.place.as_ref(), unseen.what.word());
                        let is_forgotten = may_be_forgotten(root, reference, unseen)
                            && *made
                                .entry(reference.secret())
                                .or_insert_with_key(|secret| is_made(repo, secret));
                        if !is_forgotten {
                            add(&mut groups, root, reference, why);
                            continue;
                        }
                        Some(why)
                    }
                };
                candidates.push(Candidate { root, reference, unseen });
            }
        }
        let spelled = Spelled::of(repo, candidates.iter().map(|one| one.reference.secret()));
        let mut missing = Vec::new();
        for Candidate { root, reference, unseen } in candidates {
            let namespace = root.namespace_of(reference);
            match spelled.find(root.environment, namespace, reference.secret()) {
                Some(why) => add(&mut groups, root, reference, why.clone()),
                None => {
                    missing.push(Missing { root, reference, beside: unseen.is_some() });
                    judged += 1;
                }
            }
        }
        let unjudged = unjudged(repo, groups);
        Self { missing, coverage: Coverage { judged, unjudged, generated: 0 } }
    }
}

/// The references of each group.
type Groups<'r> = BTreeMap<Group<'r>, Vec<&'r Reference>>;

fn unjudged<'r>(repo: &Repo, groups: Groups<'r>) -> Vec<Unjudged> {
    let name = |id: EnvironmentId| repo.environments[id].name.clone();
    groups
        .into_iter()
        .map(|((environment, namespace, secret, why), all)| {
            let all: Vec<&Reference> = all;
            Unjudged {
                environment: environment.map(name),
                namespace: namespace.map(str::to_owned),
                secret: secret.to_owned(),
                count: all.len(),
                places: all.iter().filter_map(|one| one.near()).collect(),
                why,
            }
        })
        .collect()
}

fn add<'r>(groups: &mut Groups<'r>, root: &'r Root, reference: &'r Reference, why: Why) {
    let group = (root.environment, root.namespace_of(reference), reference.secret(), why);
    groups.entry(group).or_default().push(reference);
}

fn verdict<'u>(
    repo: &Repo,
    unseens: &'u Unseens,
    index: usize,
    reference: &Reference,
) -> Verdict<'u> {
    let (root, secret) = (&repo.roots[index], reference.secret());
    let is_plain = split(secret).is_none();
    if matches!(reference.found.role, Role::Grant | Role::Watch)
        || root.is_mention(reference)
        || (reference.found.role == Role::Mention && is_plain)
    {
        return Verdict::Idle;
    }
    // The words of a structure tell little; a version tells that it is a secret's name.
    let guessed = is_plain && heuristics::ROWS.contains(&reference.found.row);
    if is_name_filled_in(secret) {
        return Verdict::Open;
    }
    let namespace = root.namespace_of(reference);
    if is_by_hand(&root.object_of(reference).node, namespace, &reference.found) {
        return Verdict::Idle;
    }
    // What belongs to no environment may be meant for any.
    let any = root.environment.is_none().then(|| repo.environments.ids());
    let mut there = any.into_iter().flatten().map(Some).chain([root.environment]);
    if there.any(|environment| repo.is_provided(environment, namespace, secret)) {
        return Verdict::Fine;
    }
    if guessed && names_what_it_makes(reference) {
        return Verdict::Idle;
    }
    let unseen = unseens.find(repo, index, namespace, secret);
    unseen.map_or(if guessed { Verdict::Guessed } else { Verdict::Missing }, Verdict::Unknown)
}

/// Whether values speak of a secret that the chart has made from a store.
fn names_what_it_makes(reference: &Reference) -> bool {
    let mut steps = reference.found.path.0.iter();
    steps.any(|step| matches!(step, PathStep::Key(key) if &**key == "secretProviderClass"))
}

/// Whether a reference may dangle although something in its namespace may make the secret: that is a chart or the like, which
/// hardly gives it a name that Git makes in another namespace. Of the values of a release, only what pods and charts surely take
/// from a secret that is there counts: a certificate's name may be what the release asks for.
fn may_be_forgotten(root: &Root, reference: &Reference, unseen: &Unseen) -> bool {
    const ALIKE: [&str; 2] = ["like-secret-name", "like-secret-string"];
    let (namespace, row) = (root.namespace_of(reference), reference.found.row);
    let in_values = || !held(&root.object_of(reference).node).is_empty() && !ALIKE.contains(&row);
    matches!(unseen.what, What::Chart | What::Elsewhere)
        && (!heuristics::ROWS.contains(&row) || split(reference.secret()).is_some() || in_values())
        && namespace.is_some_and(|namespace| !is_name_filled_in(namespace))
}

/// Whether Git makes a secret of a name in namespaces that are known, and nothing copies it into others.
fn is_made(repo: &Repo, secret: &str) -> bool {
    let mut made = repo.makers(secret).inspect(|_| work::step()).peekable();
    let is_placed = |(there, provider): (&Root, &Provider)| {
        let namespace = there.namespace_of_provider(provider);
        let object = there.object_that_provides(provider);
        namespace.is_some_and(|one| !is_name_filled_in(one)) && !is_copied(&object.node)
    };
    made.peek().is_some() && made.all(is_placed)
}

/// A reference as people speak of it: its object and field. The values of a chart are no object.
pub(super) fn describe(root: &Root, reference: &Reference) -> String {
    let object = root.object_of(reference);
    if object.kind().is_empty() && object.name().is_empty() {
        return format!("the values ({})", reference.field());
    }
    format!("{} ({})", object.identity(), reference.field())
}
