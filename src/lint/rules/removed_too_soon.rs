//! Stubs that were removed while something still needs them.

use chrono::{DateTime, Utc};

use crate::finding::{Finding, Level};
use crate::k8s::secret_name::Version;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::versions::{Key, Maker, makers};
use crate::repo::Repo;
use crate::repo::family::FamilyState;
use crate::text::source::Place;

/// The rule.
pub static RULE: Rule = Rule {
    id: "removed-too-soon",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "against `--base`: a stub was removed while referenced, within its retention, or as the last way back",
    docs: "
### What it finds

With `--base REV`, a versioned stub that was there where the line of REV and the checked-out one parted, and is not any
more, although something in its environment still names the version, or named it at the base, or the version that
replaced it is younger than the environment's `retention`, or no older version would be left to go back to. A family
that nothing in the environment names any more may go as a whole.

### Why it matters

Removing an ExternalSecret removes its Secret. Pods of the old version that restart, jobs that start, and a rollback
then find nothing. In one commit with the change of references it is a race: the Secret goes before the last pod did.

### Example

```yaml
resources:
  - deployment.yaml
  # auth-api-secrets-20250602090000.yaml was listed here until today
  - auth-api-secrets-20250723110000.yaml
```

### Repair

Bring the stub back; `rotate prune ENV` removes what is due and leaves the rest.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(base) = facts.base else { return Vec::new() };
    let now = makers(facts.repo);
    let mut findings = Vec::new();
    for (key, old) in makers(base).iter().filter(|(key, _)| !now.contains_key(*key)) {
        let (Some(here), Some(there)) = (state(facts.repo, key, old), state(base, key, old)) else {
            continue;
        };
        // A provider of a namespace that is now set in Git, or no longer is, is still there.
        let moved = now.keys().any(|one| one.0 == key.0 && one.2 == key.2);
        if moved || here.references().next().is_none() {
            continue;
        }
        let Some(reason) = reason(facts, key, old, here, there) else { continue };
        let Some(gone) = old.provider.near() else { continue };
        let message =
            format!("the stub of `{}` was removed {}", old.provider.secret(), reason.message);
        let finding = RULE.finding(&gone, message).in_environment(key.0.clone());
        let finding = finding.related(reason.label, reason.place);
        findings.push(finding.help(format!(
            "bring it back: `git checkout REV -- {}`; `rotate prune {}` removes what is due",
            gone.source.path(),
            key.0
        )));
    }
    findings
}

/// What the stub's environment has of its family.
fn state<'r>(repo: &'r Repo, key: &Key, old: &Maker<'_>) -> Option<&'r FamilyState> {
    let index = repo.environments.iter().position(|one| one.name == key.0)?;
    repo.family(index, old.version().0)
}

/// Why it was too soon.
struct Reason {
    message: String,
    label: &'static str,
    place: Option<Place>,
}

fn reason(
    facts: &Facts<'_>,
    key: &Key,
    old: &Maker<'_>,
    here: &FamilyState,
    there: &FamilyState,
) -> Option<Reason> {
    let version = old.version().1;
    let named = |repo: &Repo, state: &FamilyState| {
        let id = *state.versions.get(version)?.first()?;
        repo.reference(id).1.near()
    };
    if let Some(place) = named(facts.repo, here) {
        let message = "while it is still referenced".to_owned();
        return Some(Reason { message, label: "named here", place: Some(place) });
    }
    if facts.base.and_then(|base| named(base, there)).is_some() {
        let message =
            "together with its last reference: what still runs loses its secret".to_owned();
        return Some(Reason { message, label: "", place: None });
    }
    let current = here.versions.keys().next_back()?;
    if let Some(until) = kept_until(facts, key, here, version).filter(|until| facts.now < *until) {
        let message = format!(
            "before its retention was over ({} at the earliest)",
            until.format("%F %R UTC")
        );
        return Some(Reason { message, label: "", place: None });
    }
    let is_older = |digits: &String| digits < current;
    let last = version < current.as_str() && !here.stubs.keys().any(is_older);
    last.then(|| Reason {
        message: format!("although it is the last way back from {current}"),
        label: "",
        place: None,
    })
}

/// The earliest end of its retention: it cannot have been replaced before the next version was made.
fn kept_until(
    facts: &Facts<'_>,
    key: &Key,
    here: &FamilyState,
    version: &str,
) -> Option<DateTime<Utc>> {
    let next = here.versions.keys().find(|digits| digits.as_str() > version)?;
    let next = Version::new(next)?;
    let environment = facts.repo.environments.iter().find(|one| one.name == key.0)?;
    next.time().checked_add_signed(environment.retention())
}
