//! Annotations and roles that name an older version than what runs beside them.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Fix, Level};
use crate::k8s::job::is_over;
use crate::k8s::secret_name::{DIGITS, Version};
use crate::lint::family_usage::{FamilyUsage, FamilyUsages, Manner, Named};
use crate::lint::judge::describe;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::running::running;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::Reference;
use crate::repo::reach::Reach;
use crate::repo::root::Root;
use crate::text::edit::Edit;
use crate::text::path::TreePath;
use crate::text::span::Span;
use crate::text::work;
use crate::yaml::node::Node;
use crate::yaml::path::{Path, PathStep};

/// The rule.
pub static RULE: Rule = Rule {
    id: "stale-annotation",
    level: Level::Warning,
    fixes: Fixes::Sometimes,
    summary: "an annotation or a role that names an older version than the workload uses",
    docs: "
### What it finds

An annotation that names a version of a secret (Reloader's list, the `auth-secret` of an Ingress) where the workload that
has it, or else what runs in the same environment and namespace, uses a newer one; and `resourceNames` of a Role or
ClusterRole that let an older version be read and lack the one in use. A role may list several versions: pods of both run
side by side during a rollout.

### Why it matters

Annotations and roles are what a rotation by hand forgets. Reloader then watches a secret that nobody uses any more, an
Ingress goes on letting the old password in, and a pod that reads its secret through the API gets `403 Forbidden`.

### Example

```yaml
metadata:
  annotations:
    secret.reloader.stakater.com/reload: auth-20250602090000
spec:
  template:
    spec:
      containers:
        - name: web
          envFrom:
            - secretRef: { name: auth-20250723110000 }
```

### Repair

`--fix` writes the version in use into an annotation, where every environment that reads the file wants the same one.
Add the version to a role by hand, and take the old one out when nothing runs by it any more; `rotate bump` does both
with the references.
",
    check,
};

/// What names an older version than is in use.
struct Stale<'s, 'r> {
    usage: &'s FamilyUsage<'r>,
    named: &'s Named<'r>,
    /// What uses the newest version that is not named.
    user: &'s Named<'r>,
    /// Whether no other version is in use.
    only: bool,
}

impl Stale<'_, '_> {
    /// The version that should be named.
    fn version(&self) -> Option<Version> {
        self.user.version()
    }
}

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let usages = FamilyUsages::new(facts.repo);
    let judged = judged(&usages);
    if judged.is_empty() {
        return Vec::new();
    }
    let running = Running::of(&usages, &judged);
    let stale: Vec<Stale<'_, '_>> =
        usages.iter().flat_map(|usage| of_usage(&running, usage)).collect();
    let sites = sites(facts.repo, &stale);
    stale.iter().filter_map(|one| finding(facts.repo, &sites, one)).collect()
}

/// A list or a scalar of an object.
type Holder = (*const Root, usize, Path);

fn of_usage<'s, 'r>(running: &Running<'s, 'r>, usage: &'s FamilyUsage<'r>) -> Vec<Stale<'s, 'r>> {
    let mut holders: BTreeMap<Holder, Vec<(Version, &Named<'_>)>> = BTreeMap::new();
    for named in &usage.named {
        let Some(version) = named.version().filter(|_| is_judged(named)) else { continue };
        holders.entry(holder(named)).or_default().push((version, named));
    }
    let stale = holders.into_values().filter_map(|mut names| {
        names.sort_by(|a, b| a.0.cmp(&b.0));
        let (_, first) = names.first()?;
        let used = running.used(usage, first);
        let listed = |version: &Version| names.iter().any(|(one, _)| one == version);
        if first.manner != Manner::Grant && used.keys().any(listed) {
            return None;
        }
        let (missing, user) = used.iter().rev().find(|(version, _)| !listed(version))?;
        let (_, named) = names.iter().rev().find(|(version, _)| version < missing)?;
        Some(Stale { usage, named, user, only: used.len() == 1 })
    });
    stale.collect()
}

/// An object of a root.
type ObjectId = (*const Root, usize);

fn object_id(named: &Named<'_>) -> ObjectId {
    (std::ptr::from_ref(named.root), named.reference.object)
}

/// The objects with a name that the rule judges.
fn judged(usages: &FamilyUsages<'_>) -> BTreeSet<ObjectId> {
    let named = usages.iter().flat_map(|usage| &usage.named);
    named.filter(|named| named.version().is_some() && is_judged(named)).map(object_id).collect()
}

fn is_judged(named: &Named<'_>) -> bool {
    let fits = match named.manner {
        Manner::Annotation | Manner::Watch => true,
        Manner::Grant => lets_read(named),
        Manner::Use | Manner::Mention => false,
    };
    fits && !is_over(&named.object().node)
}

/// Whether the rule of a role lets its secrets be read: one that only lets them be changed says nothing about who runs by them.
fn lets_read(named: &Named<'_>) -> bool {
    let steps = &named.reference.found.path.0;
    let list = steps.iter().rposition(|step| matches!(step, PathStep::Key(_))).unwrap_or_default();
    let rule = Path(steps[..list].to_vec());
    let verbs = rule.follow(&named.object().node).and_then(|rule| rule.get("verbs"));
    let verbs = verbs.map_or(&[][..], Node::items).iter().filter_map(Node::str);
    verbs.into_iter().any(|verb| matches!(verb, "get" | "list" | "watch" | "*"))
}

/// The scalar of an annotation, which may hold several names, or the list of a role.
fn holder(named: &Named<'_>) -> Holder {
    let mut steps = named.reference.found.path.0.clone();
    if named.manner == Manner::Grant && matches!(steps.last(), Some(PathStep::Index(_))) {
        steps.pop();
    }
    (std::ptr::from_ref(named.root), named.reference.object, Path(steps))
}

/// What runs by the families of each environment.
#[derive(Default)]
struct Running<'s, 'r> {
    /// By the object that names the version, where the rule judges one of its names.
    by_object: BTreeMap<(Whose<'s>, ObjectId), BTreeMap<Version, &'s Named<'r>>>,
    /// The first two places of each family in which something runs.
    places: BTreeMap<Whose<'s>, Vec<&'s FamilyUsage<'r>>>,
}

/// A family of an environment.
type Whose<'s> = (EnvironmentId, &'s str);

impl<'s, 'r> Running<'s, 'r> {
    fn of(usages: &'s FamilyUsages<'r>, judged: &BTreeSet<ObjectId>) -> Self {
        let mut running = Self::default();
        for usage in usages.iter() {
            let whose = (usage.environment, usage.family);
            for (version, named) in usage.live() {
                work::step();
                let object = object_id(named);
                if judged.contains(&object) {
                    let versions = running.by_object.entry((whose, object)).or_default();
                    versions.insert(version, named);
                }
            }
            if usage.live().next().is_some() {
                let places = running.places.entry(whose).or_default();
                if places.len() < 2 {
                    places.push(usage);
                }
            }
        }
        running
    }

    /// The versions in use, each with a use: by the annotated workload itself, or else by what runs in the same place. Where
    /// no namespace is known, that is the only place of the environment in which something runs by the family.
    fn used(
        &self,
        usage: &'s FamilyUsage<'r>,
        named: &Named<'_>,
    ) -> BTreeMap<Version, &'s Named<'r>> {
        let whose = (usage.environment, usage.family);
        let own = named.manner != Manner::Grant && named.reference.found.namespace.is_none();
        if let Some(own) = self.by_object.get(&(whose, object_id(named))).filter(|_| own) {
            return own.clone();
        }
        let places = self.places.get(&whose).map(Vec::as_slice).unwrap_or_default();
        match (usage.live().next(), places) {
            (Some(_), _) => usage.live().collect(),
            (None, [only]) if !usage.is_apart(only) => only.live().collect(),
            _ => BTreeMap::new(),
        }
    }
}

fn finding(repo: &Repo, sites: &Sites<'_, '_, '_>, stale: &Stale<'_, '_>) -> Option<Finding> {
    let (named, new) = (stale.named, stale.user.reference.secret());
    let place = named.reference.near()?;
    let (what, old) = (describe(named.root, named.reference), named.reference.secret());
    let (message, help) = if named.manner == Manner::Grant {
        (
            format!("{what} grants access to `{old}`, but not to `{new}`, which is in use"),
            format!("add `{new}` to the list"),
        )
    } else {
        (format!("{what} names `{old}`, but `{new}` is in use"), format!("name `{new}` there"))
    };
    let environment = &repo.environments[stale.usage.environment].name;
    let finding = RULE.finding(&place, message).of_user(what, stale.usage.namespace());
    let finding = finding.related("used here", stale.user.reference.near());
    let finding = finding.about(stale.usage.family);
    Some(finding.help(help).fix(repair(repo, sites, stale)).in_environment(environment))
}

/// The bytes that spell a name.
type Site = (TreePath, Span);

/// Who reads the bytes of each site: how many references, and those of them that are out of date.
type Sites<'a, 's, 'r> = BTreeMap<Site, (usize, Vec<&'a Stale<'s, 'r>>)>;

fn site(reference: &Reference) -> Option<Site> {
    Some(reference.place()?.site())
}

fn sites<'a, 's, 'r>(repo: &Repo, stale: &'a [Stale<'s, 'r>]) -> Sites<'a, 's, 'r> {
    let mut sites = Sites::new();
    for one in stale {
        if let Some(site) = site(one.named.reference) {
            sites.entry(site).or_default().1.push(one);
        }
    }
    let names: BTreeSet<&str> = stale.iter().map(|one| one.named.reference.secret()).collect();
    for (root, _) in running(repo) {
        let named = root.references.iter().filter(|one| names.contains(one.secret()));
        for site in named.filter_map(site) {
            if let Some((readers, _)) = sites.get_mut(&site) {
                *readers += 1;
            }
        }
    }
    sites
}

/// Another version in the annotation, where all that read it want the same one.
fn repair(repo: &Repo, sites: &Sites<'_, '_, '_>, stale: &Stale<'_, '_>) -> Option<Fix> {
    let (place, new) = (stale.named.reference.place()?, stale.user.reference.secret());
    let (readers, all) = sites.get(&site(stale.named.reference)?)?;
    let agrees = |one: &&Stale<'_, '_>| {
        let (root, reference) = (one.named.root, one.named.reference);
        let made = repo.providers_of(root.environment, root.namespace_of(reference), new);
        one.only
            && one.named.manner != Manner::Grant
            && one.user.reference.secret() == new
            && !made.is_empty()
    };
    let path = place.source.path();
    let sealed = || repo.seals(path).is_none_or(|seals| seals.cover(place.span()));
    // Behind an alias, the bytes may be read where no reference stands.
    let aliased = stale.named.reference.found.node.alias.is_some();
    if aliased
        || *readers != all.len()
        || !all.iter().all(agrees)
        || !is_theirs(repo, path, all)
        || sealed()
    {
        return None;
    }
    let digits = Span::new(place.span().end.checked_sub(DIGITS)?, place.span().end);
    let edit = Edit { span: digits, text: stale.version()?.to_string() };
    Some(Fix::one(format!("name `{new}`"), &place.source, edit))
}

/// Whether a file is read by environments alone in which it says something out of date.
fn is_theirs(repo: &Repo, path: &TreePath, stale: &[&Stale<'_, '_>]) -> bool {
    let is_known = |id: EnvironmentId| stale.iter().any(|one| one.usage.environment == id);
    match repo.exclusive(path) {
        Reach::Alone(environment) => is_known(environment),
        Reach::Unreached => false,
        Reach::Shared(readers) => readers.iter().all(|reader| {
            let built = repo.root_at(&reader.path).is_none_or(|root| !root.has_failed());
            let deployed = || running(repo).any(|(root, _)| root.path == reader.path);
            built && reader.environment.map_or_else(|| !deployed(), is_known)
        }),
    }
}
