//! Families of which one environment uses several versions at once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::finding::{Finding, Level};
use crate::k8s::secret_name::Version;
use crate::kustomize::model::object::Object;
use crate::lint::family_usage::{FamilyUsage, FamilyUsages, Manner, Named};
use crate::lint::judge::describe;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::pairs::Colour;
use crate::text::shell::{command, option};
use crate::yaml::path::{Path, PathStep};

/// The rule.
pub static RULE: Rule = Rule {
    id: "mixed-versions",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "one family of secrets at several versions in one environment",
    docs: "
### What it finds

References of one environment that name different versions of one family, whatever their namespaces. The versions that
fewer references name are reported; of two that are equally frequent, the older one. A bump moves all references of an
environment at once, and a version is promoted only once the whole environment runs it.

Not reported: a blue and a green workload that are a pair, each of which may have its own version (`shop-blue` and
`shop-green`, pods whose labels differ only in `blue` and `green`, or a pair of `pairs:` in `rotate.yaml`); two versions side by side in a list that only holds secrets, such as `imagePullSecrets`; Jobs that have run
and suspended CronJobs; annotations, roles and texts (`stale-annotation` looks at those).

### Why it matters

Half of the workloads run with the new value and half with the old one, and nobody can say which. As soon as the old
value is revoked, the forgotten half fails: a CronJob perhaps a month later.

### Example

```yaml
# Deployment
- secretRef: { name: auth-20250723110000 }
# CronJob
- secretRef: { name: auth-20250602090000 }
```

### Repair

Name one version everywhere: `rotate bump ENV FAMILY --version VERSION`, where VERSION is what the environment before runs.
",
    check,
};

/// Rows of lists whose items are secrets and nothing else: two versions there are meant.
const SIDE_BY_SIDE: &[&str] =
    &["image-pull", "projected", "service-account", "service-account-pull"];

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let usages = FamilyUsages::new(facts.repo);
    let mut families: BTreeMap<(EnvironmentId, &str), Vec<&FamilyUsage<'_>>> = BTreeMap::new();
    for usage in usages.iter() {
        families.entry((usage.environment, usage.family)).or_default().push(usage);
    }
    families.into_values().flat_map(|usages| of_family(facts, &usages)).collect()
}

/// A use and its version.
type Used<'s, 'r> = (Version, &'s Named<'r>);

/// What an environment has of one family, in all its namespaces: a version is promoted for all of them together.
fn of_family(facts: &Facts<'_>, usages: &[&FamilyUsage<'_>]) -> Vec<Finding> {
    let repo = facts.repo;
    let uses = uses(usages);
    let (Some(newest), Some(usage)) =
        (uses.iter().map(|(version, _)| version.clone()).max(), usages.first())
    else {
        return Vec::new();
    };
    if uses.iter().all(|(version, _)| *version == newest) {
        return Vec::new();
    }
    let environment = &repo.environments[usage.environment];
    let colours = colours(repo, usage.environment, &uses);
    let asks = environment.versioned && colours.is_empty();
    let taken = asks.then(|| taken(repo, facts.now, usage, &newest)).flatten();
    let help = |one: &Named<'_>, new: &str| match &taken {
        Some(version) => format!(
            "`{}` moves every reference to it",
            command(
                "rotate bump",
                &[&environment.name, usage.family],
                &option("--version", version.as_str())
            )
        ),
        None if asks => format!("name `{new}` in {} too", describe(one.root, one.reference)),
        None => "use the same version in both".to_owned(),
    };
    let mut places = BTreeSet::new();
    let findings = odd(&uses, &colours).into_iter().filter_map(|(one, other)| {
        let place = one.reference.near()?;
        // An anchor is read in several fields and is one place.
        places.insert(place.site()).then_some(())?;
        let (old, new) = (one.reference.secret(), other.reference.secret());
        let who = describe(one.root, one.reference);
        let message = format!("{who} names `{old}`, but others next to it name `{new}`");
        let finding = RULE.finding(&place, message).of_user(who, usage.namespace());
        let finding = finding.related("named here", other.reference.near());
        let finding = finding.in_environment(&environment.name).about(usage.family);
        Some(finding.help(help(one, new)))
    });
    findings.collect()
}

/// The version that a bump takes for the whole environment: the one that the environment before it runs, and where none
/// before names the family, the newest. None when that environment has several, or what runs here is newer.
fn taken(
    repo: &Repo,
    now: DateTime<Utc>,
    usage: &FamilyUsage<'_>,
    newest: &Version,
) -> Option<Version> {
    let version = match repo.before(usage.environment, usage.family) {
        None => newest.clone(),
        Some(before) => Version::new(before.running.only()?)?,
    };
    let here = repo.running_of(usage.environment, usage.family);
    let is_newest = here.versions.iter().all(|one| one.as_str() <= version.as_str());
    (version.time() <= now && is_newest).then_some(version)
}

/// What runs by a version; annotations count where nothing else uses the family.
fn uses<'s, 'r>(usages: &[&'s FamilyUsage<'r>]) -> Vec<Used<'s, 'r>> {
    let mut uses: Vec<Used<'_, '_>> = usages.iter().flat_map(|usage| usage.live()).collect();
    if uses.is_empty() {
        let named = usages.iter().flat_map(|usage| &usage.named);
        let named = named.filter(|named| named.manner == Manner::Annotation);
        uses = named.filter_map(|named| Some((named.version()?, named))).collect();
    }
    let mut lists: BTreeMap<_, BTreeSet<Version>> = BTreeMap::new();
    for (version, named) in &uses {
        if let Some(list) = list(named) {
            lists.entry(list).or_default().insert(version.clone());
        }
    }
    uses.retain(|(_, named)| {
        list(named).and_then(|list| lists.get(&list)).is_none_or(|versions| versions.len() == 1)
    });
    uses
}

/// The list that a use stands in, where that holds nothing but secrets.
fn list(named: &Named<'_>) -> Option<(*const Object, Path)> {
    let (found, steps) = (&named.reference.found, &named.reference.found.path.0);
    let at = steps.iter().rposition(|step| matches!(step, PathStep::Index(_)))?;
    let list = (std::ptr::from_ref(named.object()), Path(steps[..at].to_vec()));
    SIDE_BY_SIDE.contains(&found.row).then_some(list)
}

/// The colour of each object that is one of a pair; what is of neither is not in it.
type Colours = BTreeMap<*const Object, Colour>;

/// The uses that are out of step, each with one that it should agree with.
fn odd<'s, 'r>(uses: &[Used<'s, 'r>], colours: &Colours) -> Vec<(&'s Named<'r>, &'s Named<'r>)> {
    let mut slots: BTreeMap<Option<Colour>, Vec<&Used<'s, 'r>>> = BTreeMap::new();
    for used in uses {
        let colour = colours.get(&std::ptr::from_ref(used.1.object())).copied();
        slots.entry(colour).or_default().push(used);
    }
    let mut odd = Vec::new();
    for (slot, group) in &slots {
        let Some(mut goal) = leading(group) else { continue };
        if slot.is_none() {
            // What belongs to neither of a pair goes with one of them.
            let pair = slots.iter().filter(|(other, _)| other.is_some());
            let pair: Vec<&Used<'_, '_>> = pair.flat_map(|(_, uses)| uses).copied().collect();
            let lost = pair.iter().all(|(version, _)| *version != goal.0);
            let newest = pair.into_iter().max_by(|a, b| a.0.cmp(&b.0));
            goal = newest.filter(|_| lost).unwrap_or(goal);
        }
        let against = group.iter().filter(|(version, _)| *version != goal.0);
        odd.extend(against.map(|used| (used.1, goal.1)));
    }
    odd
}

/// A use of the version that stands in most places; of several such versions the newest.
fn leading<'u, 's, 'r>(uses: &[&'u Used<'s, 'r>]) -> Option<&'u Used<'s, 'r>> {
    let mut places: BTreeMap<&Version, BTreeSet<(&str, usize)>> = BTreeMap::new();
    for (version, named) in uses {
        let of_version = places.entry(version).or_default();
        if let Some(origin) = &named.reference.found.node.origin {
            let place = (origin.source.path().as_str(), origin.near_in_file().span().start);
            of_version.insert(place);
        }
    }
    let (most, _) = places.into_iter().max_by_key(|(version, places)| (places.len(), *version))?;
    uses.iter().find(|(version, _)| version == most).copied()
}

/// The colours of the objects that use a family: of the pairs of workloads, and of what is called like one of a pair, such as a
/// CronJob beside each workload.
fn colours(repo: &Repo, environment: EnvironmentId, uses: &[Used<'_, '_>]) -> Colours {
    let pairs = repo.pairs_of(environment);
    let workloads = pairs.iter().flat_map(|pair| Colour::ALL.map(|one| (pair.of(one), one)));
    let mut colours: Colours =
        workloads.map(|(one, colour)| (std::ptr::from_ref(repo.workload(one)), colour)).collect();
    let mut alike: BTreeMap<(&str, String), BTreeMap<Colour, Vec<*const Object>>> = BTreeMap::new();
    for object in uses.iter().map(|(_, named)| named.object()) {
        if let Some((colour, open)) = Colour::of_name(object.name()) {
            let of_name = alike.entry((object.kind(), open)).or_default();
            of_name.entry(colour).or_default().push(std::ptr::from_ref(object));
        }
    }
    for of_name in alike.into_values().filter(|colours| colours.len() == 2) {
        for (colour, objects) in of_name {
            for object in objects {
                colours.entry(object).or_insert(colour);
            }
        }
    }
    let used: BTreeSet<*const Object> =
        uses.iter().map(|(_, named)| std::ptr::from_ref(named.object())).collect();
    colours.retain(|one, _| used.contains(one));
    colours
}
