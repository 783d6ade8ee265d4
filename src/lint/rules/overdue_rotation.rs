//! Versions that are older than they may become.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::finding::{Finding, Level};
use crate::lint::family_usage::{FamilyUsage, FamilyUsages};
use crate::lint::rule::{Asker, Facts, Fixes, Rule};
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Family;
use crate::repo::usage::Running;
use crate::text::shell::command;
use crate::text::source::Place;
use crate::timeline::age::{Age, Known, age, questions};
use crate::timeline::gate::span;

/// The rule.
pub static RULE: Rule = Rule {
    id: "overdue-rotation",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "a family whose version is older than `max-age`",
    docs: "
### What it finds

A family whose version in an environment is older than `max-age`, which `rotate.yaml` sets for the environment or, under
`secrets`, for the family. The age is counted from the commit with which the version began to run in its first environment, as
Git says; the digits in its name are not trusted. Where several versions run, the oldest one counts.

Without Git, the digits are all there is, and the message says so. Not reported: a plain name, whose age nobody knows
(`rotate status` says so), a version that is not on the mainline yet, and what a hold keeps where it is.

### Why it matters

The longer a value lives, the more people, laptops, logs and backups have it. A limit that only a calendar knows is
forgotten; here it fails where the team looks every day.

### Example

```yaml
environments:
  - { name: production, paths: [production], max-age: 90d }
```

### Repair

`rotate bump ENV FAMILY`, in the environment where versions begin, then promote.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let mut asked = BTreeSet::new();
    for environment in repo.environments.iter().filter(|one| one.versioned) {
        let families = repo.families_of(environment.id).into_keys().map(Family::of);
        asked.extend(families.flat_map(|family| questions(repo, environment.id, &family)));
    }
    if asked.is_empty() {
        return Vec::new();
    }
    let timeline = facts.history.asked_by(Asker::Overdue, &asked);
    let usages = FamilyUsages::new(repo);
    let mut by_family: BTreeMap<(EnvironmentId, &str), Vec<&FamilyUsage<'_>>> = BTreeMap::new();
    for usage in usages.iter() {
        by_family.entry((usage.environment, usage.family)).or_default().push(usage);
    }
    let mut findings = Vec::new();
    for ((id, name), usages) in by_family {
        let environment = &repo.environments[id];
        let family = Family::of(name);
        let is_held = repo.config.hold(&environment.name, name).is_some();
        let Some(most) = repo.max_age(id, name).filter(|_| environment.versioned && !is_held)
        else {
            continue;
        };
        let since = match timeline {
            Some(timeline) => by_git(age(repo, Some(timeline), id, &family)),
            None => by_name(&usages, &repo.running_of(id, &family)),
        };
        let since = since.filter(|one| facts.now - one.since >= most);
        findings.extend(since.and_then(|one| finding(facts, &usages, (id, &family, most), &one)));
    }
    findings
}

/// Since when a version counts.
struct Since {
    version: String,
    since: DateTime<Utc>,
    /// How that is said.
    says: String,
}

fn date(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d").to_string()
}

fn by_git(age: Option<Age>) -> Option<Since> {
    let Known::Since { version, environment, began } = age?.known else { return None };
    let (before, since) = (if began.is_exact() { "" } else { "before " }, began.time());
    let says = format!("in use since {before}{} ({environment})", date(since));
    Some(Since { version, since, says })
}

/// What the digits say, where there is no history.
fn by_name(usages: &[&FamilyUsage<'_>], running: &Running) -> Option<Since> {
    let versions = usages.iter().flat_map(|usage| usage.live().map(|(version, _)| version));
    let oldest = versions.min().filter(|_| !running.plain)?;
    let (version, since) = (oldest.as_str().to_owned(), oldest.time());
    Some(Since { version, since, says: format!("made on {}, by its name", date(since)) })
}

fn finding(
    facts: &Facts<'_>,
    usages: &[&FamilyUsage<'_>],
    (environment, family, most): (EnvironmentId, &Family, TimeDelta),
    Since { version, since, says }: &Since,
) -> Option<Finding> {
    let repo = facts.repo;
    let name = &repo.environments[environment].name;
    let place: Place = usages.iter().find_map(|usage| {
        let mut live = usage.live().filter(|(one, _)| one.as_str() == version);
        live.find_map(|(_, named)| named.reference.near())
    })?;
    let due = since.checked_add_signed(most)?;
    let message = format!(
        "`{family}` runs {version} in {name}, {says}; it was due on {}, {} ago: `max-age` is {}",
        date(due),
        span(facts.now - due),
        span(most)
    );
    let finding = RULE.finding(&place, message).in_environment(name).about(&**family);
    let start = start(facts, environment, family);
    Some(finding.help(format!("`{}`", command("rotate bump", &[&start, family], ""))))
}

/// Where the next version comes from: the environment itself, if the one before already runs a newer one, or else the first one.
fn start(facts: &Facts<'_>, environment: EnvironmentId, family: &Family) -> String {
    let repo = facts.repo;
    let mut at = environment;
    while let Some(before) = repo.before(at, family) {
        let oldest = |id| repo.running_of(id, family).versions.pop_first();
        let is_ahead =
            before.running.only().is_some_and(|there| Some(there) > oldest(at).as_deref());
        if is_ahead {
            break;
        }
        at = before.environment.id;
    }
    repo.environments[at].name.clone()
}
