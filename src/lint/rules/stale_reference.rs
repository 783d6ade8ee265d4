//! References that stay on an older version although a newer one is there.

use std::collections::BTreeSet;

use crate::finding::{Finding, Level};
use crate::k8s::secret_name::Version;
use crate::lint::family_usage::{FamilyUsage, FamilyUsages};
use crate::lint::judge::describe;
use crate::lint::lag::{is_due, is_older};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::settling::newly_back;
use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::text::shell::{command, option};
use crate::text::source::Place;

/// The rule.
pub static RULE: Rule = Rule {
    id: "stale-reference",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "a reference to a version older than the newest one, or than the one the previous environment runs",
    docs: "
### What it finds

References to a version of a secret where a newer one is made in the same environment and namespace, and is older than
`lag`; or where the environment before runs a newer one that is older than the soak of all environments before and `lag`
together. The age is told by the digits of the version. `lag` is set under `lint` in `rotate.yaml` and is seven days by
default.

Where several versions are in use, only the newest counts here; `mixed-versions` reports the others. A hold on the family in that
environment silences the rule. An environment that has gone back from the newer version, as the history shows, is left alone
for as long: the soak of all environments before and `lag`, counted from that commit.

### Why it matters

A rotation that stops half way looks finished: the stub is there, and nothing uses it. The old value then lives on in
production for as long as nobody looks, also when it was rotated because it had leaked.

### Example

```yaml
# staging, since 23 July
- secretRef: { name: auth-20250723110000 }
# production, on 20 August
- secretRef: { name: auth-20250602090000 }
```

### Repair

`rotate bump ENV FAMILY`. To stay on the old version, say so with a hold: `holds` in `rotate.yaml`.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let (repo, usages) = (facts.repo, FamilyUsages::new(facts.repo));
    let mut stale = Vec::new();
    for usage in usages.iter() {
        let environment = &repo.environments[usage.environment];
        let held = repo.config.hold(&environment.name, usage.family).is_some();
        let Some(current) = usage.newest_live().filter(|_| environment.versioned && !held) else {
            continue;
        };
        let newer = beside(facts, usage, &current);
        let Some(newer) = newer.or_else(|| before(facts, &usages, usage, &current)) else {
            continue;
        };
        stale.push((usage, current, newer));
    }
    let behind = stale
        .iter()
        .map(|(usage, _, newer)| (usage.environment, usage.family, newer.version.clone()))
        .collect();
    let newly_back = newly_back(facts, &behind);
    stale.retain(|(usage, ..)| !newly_back.contains(&(usage.environment, usage.family)));
    let found =
        stale.iter().flat_map(|(usage, current, newer)| of_usage(repo, usage, current, newer));
    found.collect()
}

/// A newer version than the one in use.
struct Newer {
    version: Version,
    /// What is said of it.
    says: String,
    label: String,
    place: Option<Place>,
    help: String,
}

fn of_usage(
    repo: &Repo,
    usage: &FamilyUsage<'_>,
    current: &Version,
    newer: &Newer,
) -> Vec<Finding> {
    let environment = &repo.environments[usage.environment].name;
    let mut places = BTreeSet::new();
    let stale = usage.live().filter(|(version, _)| version == current).filter_map(|(_, named)| {
        let place = named.reference.near()?;
        places.insert(place.site()).then_some(())?;
        let (what, old) = (describe(named.root, named.reference), named.reference.secret());
        let message =
            format!("{what} names `{old}`, {} `{}-{}`", newer.says, usage.family, newer.version);
        let finding = RULE.finding(&place, message).of_user(what, usage.namespace());
        let finding = finding.related(&newer.label, newer.place.clone());
        let help = format!("{}; to stay, add a hold under `holds` in rotate.yaml", newer.help);
        Some(finding.help(help).in_environment(environment).about(usage.family))
    });
    stale.collect()
}

/// The newest version that is made here and was long enough.
fn beside(facts: &Facts<'_>, usage: &FamilyUsage<'_>, current: &Version) -> Option<Newer> {
    let lag = facts.repo.config.lint.lag_seconds();
    let made = usage.made.iter().filter_map(|made| Some((made.version()?, made)));
    let made = made.filter(|(version, _)| version > current && is_older(version, lag, facts.now));
    let (version, made) = made.max_by(|a, b| a.0.cmp(&b.0))?;
    let environment = &facts.repo.environments[usage.environment].name;
    Some(Newer {
        says: "but a newer version exists:".to_owned(),
        label: "made here".to_owned(),
        place: made.provider.near(),
        help: format!(
            "`{}`",
            command(
                "rotate bump",
                &[environment, usage.family],
                &option("--version", version.as_str())
            )
        ),
        version,
    })
}

/// The version that the environment before runs, when it was long enough; the oldest, if it runs several.
fn before(
    facts: &Facts<'_>,
    usages: &FamilyUsages<'_>,
    usage: &FamilyUsage<'_>,
    current: &Version,
) -> Option<Newer> {
    let repo = facts.repo;
    let before = usages.before(usage);
    let (version, named) = before.oldest(usages).filter(|_| !before.is_plain)?;
    let name = &repo.environments[named.root.environment?].name;
    if version <= current
        || !is_due(facts, usage.environment, &Subject::new(name, usage.family), version)
    {
        return None;
    }
    let here = &repo.environments[usage.environment].name;
    Some(Newer {
        says: format!("although {name} runs"),
        label: "named here".to_owned(),
        place: named.reference.near(),
        help: format!("`{}` takes it over", command("rotate bump", &[here, usage.family], "")),
        version: version.clone(),
    })
}
