//! Stubs that were removed while something still needs them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::finding::{Finding, Level};
use crate::k8s::found::Role;
use crate::k8s::secret_name::Version;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::versions::{Key, Maker, makers};
use crate::repo::Repo;
use crate::repo::root::ReferenceId;
use crate::text::shell::command;
use crate::text::source::Place;

/// The rule.
pub static RULE: Rule = Rule {
    id: "removed-too-soon",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "against `--base`: a stub was removed while referenced, within its retention, or as the last way back",
    docs: "
### What it finds

With `--base REV`, a versioned stub that existed at the merge base of REV and the current commit and is now missing,
although something in its environment and namespace still names the version, or named it at the base, or the version that
replaced it is younger than the environment's `retention`, or no older version would be left to go back to. A family
that nothing in the environment names any more may go as a whole.

### Why it matters

Removing an ExternalSecret removes its Secret. Pods of the old version that restart, jobs that start, and a rollback
then find nothing. In one commit with the change of references it is a race: the Secret may be deleted before the last pod is gone.

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
    let (before, now) = (makers(base), makers(facts.repo));
    let mut findings = Vec::new();
    for (key, old) in before.iter().filter(|(key, _)| !now.contains_key(*key)) {
        let (Some(here), Some(there)) =
            (Local::of(facts.repo, key, old), Local::of(base, key, old))
        else {
            continue;
        };
        // A provider of a namespace that is now set in Git, or no longer is, is still there under another key.
        let moved =
            now.keys().any(|one| one.0 == key.0 && one.2 == key.2 && !before.contains_key(one));
        if moved || !here.is_named {
            continue;
        }
        let Some(reason) = reason(facts, key, old, &here, &there) else { continue };
        let Some(gone) = old.provider.near() else { continue };
        let message =
            format!("the stub of `{}` was removed {}", old.provider.secret(), reason.message);
        let finding =
            RULE.finding(&gone, message).in_environment(key.0.clone()).about(old.version().0);
        let finding = finding.related(reason.label, reason.place);
        findings.push(finding.help(format!(
            "restore its object in {}; `{}` removes what is due",
            gone.source.path(),
            command("rotate prune", &[&key.0], "")
        )));
    }
    findings
}

/// What the namespace of a stub has of its family.
struct Local<'r> {
    /// Whether anything names the family.
    is_named: bool,
    /// The versions that something uses, each with a place.
    versions: BTreeMap<&'r str, Option<Place>>,
    /// The versions that have a stub.
    stubs: BTreeSet<&'r str>,
}

impl<'r> Local<'r> {
    fn of(repo: &'r Repo, key: &Key, old: &Maker<'_>) -> Option<Self> {
        let environment = repo.environments.iter().find(|one| one.name == key.0)?;
        let state = repo.family(environment.id, old.version().0)?;
        // Where nothing in Git sets a namespace, it may be this one.
        let meets = |namespace: Option<&str>| {
            namespace.zip(key.1.as_deref()).is_none_or(|(one, other)| one == other)
        };
        let named = |id: ReferenceId| {
            let (root, reference) = repo.reference(id);
            meets(root.namespace_of(reference)).then(|| reference.near())
        };
        // A role that still grants access needs no Secret: `prune` leaves it, and says so.
        let is_used = |id: &&ReferenceId| repo.reference(**id).1.found.role != Role::Grant;
        let versions = state.versions.iter().filter_map(|(digits, ids)| {
            Some((digits.as_str(), ids.iter().filter(is_used).find_map(|id| named(*id))?))
        });
        let stubs = state.stubs.iter().filter(|(_, ids)| {
            ids.iter().any(|id| {
                let (root, provider) = repo.provider(*id);
                meets(root.namespace_of_provider(provider))
            })
        });
        Some(Self {
            is_named: state.references().any(|id| named(id).is_some()),
            versions: versions.collect(),
            stubs: stubs.map(|(digits, _)| digits.as_str()).collect(),
        })
    }
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
    here: &Local<'_>,
    there: &Local<'_>,
) -> Option<Reason> {
    let version = old.version().1;
    let alone = |message: String| Reason { message, label: "", place: None };
    if let Some(place) = here.versions.get(version) {
        let message = "while it is still referenced".to_owned();
        return Some(Reason { message, label: "named here", place: place.clone() });
    }
    if there.versions.contains_key(version) {
        let message =
            "together with its last reference: pods that are still running lose their secret";
        return Some(alone(message.to_owned()));
    }
    let current = *here.versions.keys().next_back()?;
    if let Some(until) = kept_until(facts, key, here, version).filter(|until| facts.now < *until) {
        let earliest = until.format("%F %R UTC");
        return Some(alone(format!("before its retention was over ({earliest} at the earliest)")));
    }
    let last = version < current && !here.stubs.iter().any(|digits| *digits < current);
    last.then(|| alone(format!("although it is the only version to roll back to from {current}")))
}

/// The earliest end of its retention: it cannot have been replaced before the next version was made.
fn kept_until(
    facts: &Facts<'_>,
    key: &Key,
    here: &Local<'_>,
    version: &str,
) -> Option<DateTime<Utc>> {
    let next = here.versions.keys().find(|digits| **digits > version)?;
    let next = Version::new(next)?;
    let environment = facts.repo.environments.iter().find(|one| one.name == key.0)?;
    next.time().checked_add_signed(environment.retention())
}
