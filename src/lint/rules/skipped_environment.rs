//! Versions that the environment before never had.

use std::collections::BTreeSet;

use crate::finding::{Finding, Level};
use crate::k8s::secret_name::Version;
use crate::lint::family_usage::{FamilyUsage, FamilyUsages};
use crate::lint::judge::describe;
use crate::lint::lag::{Had, had};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Subject;
use crate::text::shell::{command, option};

/// The rule.
pub static RULE: Rule = Rule {
    id: "skipped-environment",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "a version that the previous environment never had",
    docs: "
### What it finds

A reference to a version that the environment before neither references nor makes and, by its history in Git, never ran.
A version that is older than all that environment has run since is left alone: it was there first. Without the history, only
a version newer than all of that environment's is reported. The environment before is the nearest one that asks for
versions and has the family in the same place. Where something there cannot be read, such as a remote base, nothing is reported.

### Why it matters

The environment before is where a new value may fail: a wrong password, a key that is missing, a store that does not let
production in. A version that skipped it fails in production first.

### Example

```yaml
# staging
- secretRef: { name: auth-20250602090000 }
# production
- secretRef: { name: auth-20250723110000 }
```

### Repair

Give the version to the environment before: `rotate bump ENV FAMILY --version VERSION`, and let it soak there. Where that
environment runs a newer version already, take that one over.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let usages = FamilyUsages::new(facts.repo);
    usages.iter().flat_map(|usage| of_usage(facts, &usages, usage)).collect()
}

fn of_usage(facts: &Facts<'_>, usages: &FamilyUsages<'_>, usage: &FamilyUsage<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let environment = &repo.environments[usage.environment];
    let kin = usages.before(usage);
    let Some(before) = kin.versioned.map(|at| usages.at(at).environment) else {
        return Vec::new();
    };
    let Some(known) = Known::of(repo, before, usage.family) else { return Vec::new() };
    if !environment.versioned || kin.may_hide {
        return Vec::new();
    }
    let place = kin.newest(usages).and_then(|named| named.reference.near());
    let from = before;
    let before = &repo.environments[before].name;
    let subject = Subject::new(before, usage.family);
    let mut places = BTreeSet::new();
    let (there, running) = (repo.family(from, usage.family), repo.running_of(from, usage.family));
    let running = running.versions;
    let skipped = usage.live().filter(|(version, _)| {
        let digits = version.as_str();
        let is_there = there.is_some_and(|state| {
            state.versions.contains_key(digits) || state.stubs.contains_key(digits)
        });
        !is_there && was_skipped(facts, &subject, version, &known)
    });
    let findings = skipped.filter_map(|(version, named)| {
        let at = named.reference.near()?;
        places.insert(at.site()).then_some(())?;
        let (what, secret) = (describe(named.root, named.reference), named.reference.secret());
        let message = format!("{what} names `{secret}`, which {before} never had");
        let help = repair(&version, &subject, &environment.name, running.last());
        let finding = RULE.finding(&at, message).of_user(what, usage.namespace());
        let finding = finding.related(format!("{before} uses this one"), place.clone());
        Some(finding.help(help).in_environment(&environment.name).about(usage.family))
    });
    findings.collect()
}

/// What to do about it: nothing goes back to a version, so where the environment before runs a newer one, that is taken over.
fn repair(version: &Version, before: &Subject, here: &str, newest: Option<&String>) -> String {
    let Subject { environment, family } = before;
    if newest.is_some_and(|newest| **newest > *version.as_str()) {
        let bump = command("rotate bump", &[here, family], "");
        return format!("`{bump}` takes over what {environment} runs");
    }
    let version = option("--version", version.as_str());
    format!("`{}` first", command("rotate bump", &[environment, family], &version))
}

/// Whether an environment never had a version although it had older ones: by Git where it knows, and else where all its
/// own are older. A version that was there before all of them cannot have been skipped.
fn was_skipped(facts: &Facts<'_>, subject: &Subject, version: &Version, known: &Known) -> bool {
    match had(facts, subject, version) {
        Some(Had::It) => false,
        Some(Had::OlderOnes) => true,
        Some(Had::Neither) => *version > known.oldest,
        None => *version > known.newest,
    }
}

/// The versions that anything in an environment names or makes, whatever names them and wherever.
struct Known {
    oldest: Version,
    newest: Version,
}

impl Known {
    fn of(repo: &Repo, environment: EnvironmentId, family: &str) -> Option<Self> {
        let state = repo.family(environment, family)?;
        let digits = state.versions.keys().chain(state.stubs.keys());
        let versions: BTreeSet<Version> =
            digits.filter_map(|digits| Version::new(digits)).collect();
        Some(Self { oldest: versions.first()?.clone(), newest: versions.last()?.clone() })
    }
}
