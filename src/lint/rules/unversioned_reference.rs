//! Plain names of versioned families where the environment asks for versions.

use std::collections::BTreeSet;

use crate::finding::{Finding, Level};
use crate::k8s::job::is_over;
use crate::k8s::secret_name::{PLAIN, Version};
use crate::lint::family_usage::{FamilyUsage, FamilyUsages, Manner, Named, is_named};
use crate::lint::judge::describe;
use crate::lint::lag::is_due;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::settling::{is_newly_plain, is_settled};
use crate::repo::Repo;
use crate::repo::subject::Subject;
use crate::text::shell::{command, option};
use crate::text::source::Place;

/// The rule.
pub static RULE: Rule = Rule {
    id: "unversioned-reference",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "a plain name where the environment requires versions",
    docs: "
### What it finds

A reference to a secret by its plain name, in an environment that is not set to `versioned: false`, although the secret
is rotated by version: `rotate.yaml` names the family under `secrets`, or a version of it is used or made in the same
namespace, or in that of another environment. A namespace of another environment is the same when only the
environment's word differs (`shop-staging`, `shop-production`), or when the same workload uses the secret there.

Where the environment before has begun to run a version, the plain name is reported once that version's soak and `lag` are
over, and not while other references there still have the plain name. A hold with `version: plain` silences the rule.

The finding is a warning only where the secret's versions have settled: an environment has run one for its `soak`, or, for a
plain name beside versions, this environment has. Until then, and where an environment went back to the plain name lately,
it is a remark, so that a secret can be given versions step by step. A level under `lint.rules` in `rotate.yaml` applies at
once.

Secrets under `external`, families with `managed: false`, roles, and Jobs that have run are left alone.

### Why it matters

A plain secret is rotated in place: running pods keep the old value, new ones get the new value, and there is no way
back. A reference that was forgotten when the others were given versions goes on reading a secret that nobody rotates
any more, and fails on the day the old value is revoked.

### Example

```yaml
# Deployment
- secretRef: { name: auth-20250723110000 }
# CronJob in the same namespace
- secretRef: { name: auth }
```

### Repair

`rotate bump ENV FAMILY` moves all of them to a version. Where the environment runs one already, as with a workload that
was added, `--version VERSION` moves them to that instead of a new one. Where plain names are wanted, say so in `rotate.yaml`:
`versioned: false` for the environment, `managed: false` for the family.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let usages = FamilyUsages::new(repo);
    let asking = usages.iter().filter(|usage| repo.environments[usage.environment].versioned);
    let is_plainly_named =
        |usage: &&FamilyUsage<'_>| usage.named.iter().any(|named| is_plain(repo, named));
    let found = asking.filter(is_plainly_named).flat_map(|usage| {
        let evidence = evidence(repo, &usages, usage);
        let known = evidence.is_some() || is_named(repo, usage.family);
        if known && !is_meant(facts, usage) {
            let level = if is_ripe(facts, usage) { RULE.level } else { Level::Info };
            of_usage(repo, usage, evidence.flatten().as_ref(), level)
        } else {
            Vec::new()
        }
    });
    found.collect()
}

/// Whether the plain name is what the environment is to have now: a hold says so, or the environment before has not run its
/// version for long enough.
fn is_meant(facts: &Facts<'_>, usage: &FamilyUsage<'_>) -> bool {
    let repo = facts.repo;
    let name = &repo.environments[usage.environment].name;
    if repo.config.holds_on(name, usage.family).any(|hold| hold.version == PLAIN) {
        return true;
    }
    // Where a version runs here already, whoever reads the plain name was forgotten.
    let Some(before) = repo.before(usage.environment, usage.family).filter(|_| !runs_one(usage))
    else {
        return false;
    };
    // What is on its way to a version has none yet that could be taken.
    if before.running.plain && !before.running.versions.is_empty() {
        return true;
    }
    let version = before.running.versions.first().and_then(|digits| Version::new(digits));
    version.is_some_and(|version| {
        let there = Subject::new(&before.environment.name, usage.family);
        !is_due(facts, usage.environment, &there, &version)
    })
}

/// Whether something here runs by a version.
fn runs_one(usage: &FamilyUsage<'_>) -> bool {
    usage.live().next().is_some()
}

/// Whether the family has run by versions for long enough that a plain name is no step of the way there or back.
fn is_ripe(facts: &Facts<'_>, usage: &FamilyUsage<'_>) -> bool {
    let (environment, family) = (usage.environment, usage.family);
    if runs_one(usage) {
        return is_settled(facts, environment, family);
    }
    let mut running = facts.repo.environments.ids().filter(|one| {
        let running = facts.repo.running_of(*one, family);
        !running.versions.is_empty()
    });
    running.any(|one| is_settled(facts, one, family)) && !is_newly_plain(facts, environment, family)
}

fn of_usage(
    repo: &Repo,
    usage: &FamilyUsage<'_>,
    evidence: Option<&Place>,
    level: Level,
) -> Vec<Finding> {
    let environment = &repo.environments[usage.environment].name;
    let mut places = BTreeSet::new();
    let bump = |version: &str| command("rotate bump", &[environment, usage.family], version);
    let help = match repo.version_to_join(usage.environment, usage.family) {
        Some(join) => {
            format!("`{}` gives it the one that runs here", bump(&option("--version", &join)))
        }
        None => format!("`{}` gives it one", bump("")),
    };
    let plain = usage.named.iter().filter(|named| is_plain(repo, named)).filter_map(|named| {
        let place = named.reference.near()?;
        places.insert(place.site()).then_some(())?;
        let what = describe(named.root, named.reference);
        let message = format!("{what} names `{}` without a version", usage.family);
        let finding = RULE.finding(&place, message).of_user(what, usage.namespace());
        let finding = finding.in_environment(environment).about(usage.family);
        let finding = finding.related("a version is named here", evidence.cloned()).at_least(level);
        Some(finding.help(help.clone()))
    });
    plain.collect()
}

/// Whether something reads the plain name, and nobody said that it should.
fn is_plain(repo: &Repo, named: &Named<'_>) -> bool {
    let reads = matches!(named.manner, Manner::Use | Manner::Annotation | Manner::Watch);
    let secret = named.reference.secret();
    named.version().is_none()
        && reads
        && !is_over(&named.object().node)
        && !repo.config.is_external(secret, named.root.namespace_of(named.reference))
}

/// Where the same secret has a version, as near as can be told: here, or in another environment.
fn evidence<'r>(
    repo: &Repo,
    usages: &FamilyUsages<'r>,
    usage: &FamilyUsage<'r>,
) -> Option<Option<Place>> {
    let here = Some(usage).filter(|one| one.is_versioned());
    let mut others = repo.environments.ids().filter(|other| *other != usage.environment);
    let mut kin = || others.find_map(|other| usages.kin(usage, other).versioned);
    here.or_else(|| kin().map(|at| usages.at(at))).map(|one| {
        let used = one.live().find_map(|(_, named)| named.reference.near());
        used.or_else(|| {
            one.made
                .iter()
                .filter(|made| made.version().is_some())
                .find_map(|made| made.provider.near())
        })
    })
}
