//! Stubs that were removed while something still needs them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::finding::{Finding, Level};
use crate::k8s::found::Role;
use crate::lint::disused::past;
use crate::lint::rule::{Asker, Facts, Fixes, Rule};
use crate::lint::versions::{Key, Maker, makers};
use crate::repo::Repo;
use crate::repo::environment::Environment;
use crate::repo::root::ReferenceId;
use crate::repo::subject::Subject;
use crate::text::shell::command;
use crate::text::source::Place;
use crate::timeline::Timeline;
use crate::timeline::unused::{followed, kept_until};

/// The rule.
pub static RULE: Rule = Rule {
    id: "removed-too-soon",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "against `--base`: a stub was removed while referenced, within its retention, or as the last way back",
    docs: "
### What it finds

With `--base REV`, a versioned stub that existed at the merge base of REV and the current commit and is now missing,
although something in its environment and namespace still names the version, or named it at the base, or it has been
unused for less than the environment's `retention`, or no older version would be left to go back to. Since when it has
been unused is read from Git, as by `rotate prune`; without the history, the date of the next version counts. A family
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
    let mut gone = Vec::new();
    for (key, old) in before.iter().filter(|(key, _)| !now.contains_key(*key)) {
        let (Some(here), Some(there)) =
            (Local::of(facts.repo, key, old), Local::of(base, key, old))
        else {
            continue;
        };
        // A provider of a namespace that is now set in Git, or no longer is, is still there under another key.
        let moved =
            now.keys().any(|one| one.0 == key.0 && one.2 == key.2 && !before.contains_key(one));
        if !moved && here.is_named {
            gone.push((Subject::new(&key.0, old.version().0), old, here, there));
        }
    }
    let versions = gone.iter().map(|(subject, old, ..)| (subject.clone(), old.version().1.into()));
    let past = past(facts, Asker::Removed, versions);
    let found = gone.iter().filter_map(|(subject, old, here, there)| {
        let removed = Removed { facts, past, subject, version: old.version().1 };
        finding(subject, old, removed.reason(here, there)?)
    });
    found.collect()
}

fn finding(subject: &Subject, old: &Maker<'_>, reason: Reason) -> Option<Finding> {
    let gone = old.provider.near()?;
    let message = format!("the stub of `{}` was removed {}", old.provider.secret(), reason.message);
    let finding = RULE.finding(&gone, message).in_environment(&*subject.environment);
    let finding = finding.about(old.version().0).related(reason.label, reason.place);
    Some(finding.help(format!(
        "restore its object in {}; `{}` removes what is due",
        gone.source.path(),
        command("rotate prune", &[&subject.environment], "")
    )))
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
        let environment = environment(repo, &key.0)?;
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

/// A version whose stub was removed.
struct Removed<'f, 'r> {
    facts: &'f Facts<'r>,
    past: Option<&'f Timeline>,
    subject: &'f Subject,
    version: &'f str,
}

impl Removed<'_, '_> {
    fn reason(&self, here: &Local<'_>, there: &Local<'_>) -> Option<Reason> {
        let alone = |message: String| Reason { message, label: "", place: None };
        if let Some(place) = here.versions.get(self.version) {
            let message = "while it is still referenced".to_owned();
            return Some(Reason { message, label: "named here", place: place.clone() });
        }
        if there.versions.contains_key(self.version) {
            let message =
                "together with its last reference: pods that are still running lose their secret";
            return Some(alone(message.to_owned()));
        }
        let current = *here.versions.keys().next_back()?;
        let until = self.kept_until(here, there);
        if let Some(until) = until.filter(|until| self.facts.now < *until) {
            let earliest = until.format("%F %R UTC");
            return Some(alone(format!(
                "before its retention was over ({earliest} at the earliest)"
            )));
        }
        let message = || format!("although it is the only version to roll back to from {current}");
        self.is_way_back(current, here, there).then(|| alone(message()))
    }

    /// The earliest end of its retention. By the digits, it cannot have been replaced before the next version was made.
    fn kept_until(&self, here: &Local<'_>, there: &Local<'_>) -> Option<DateTime<Utc>> {
        let Self { facts, past, subject, version } = self;
        let environment = environment(facts.repo, &subject.environment)?;
        let used = here.versions.keys().copied();
        let others = used.chain(here.stubs.iter().copied()).chain(there.stubs.iter().copied());
        let since = match past {
            // What the mainline still names begins to be unused when this gets there.
            Some(past) if is_named(past, subject, version) => Some(facts.now),
            Some(past) => past.unused(subject, version, others).map(|(since, _)| since),
            None => followed(version, others).map(|(since, _)| since),
        };
        Some(kept_until(since?, environment.retention()))
    }

    /// Whether it is what the environment goes back to from the version that it runs now.
    fn is_way_back(&self, current: &str, here: &Local<'_>, there: &Local<'_>) -> bool {
        let is_last = self.version < current && !here.stubs.iter().any(|digits| *digits < current);
        is_last
            && self.past.is_none_or(|past| {
                let repo = self.facts.repo;
                let environment = environment(repo, &self.subject.environment);
                let family = &self.subject.family;
                let now = environment.map(|one| repo.running_of(one.id, family));
                let ways = past.ways_back(self.subject, &now.unwrap_or_default(), &there.stubs);
                ways.versions.contains(self.version)
            })
    }
}

fn is_named(past: &Timeline, subject: &Subject, version: &str) -> bool {
    past.now(subject).is_some_and(|era| era.running.versions.contains(version))
}

fn environment<'r>(repo: &'r Repo, name: &str) -> Option<&'r Environment> {
    repo.environments.iter().find(|one| one.name == name)
}
