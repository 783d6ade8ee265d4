//! Versions of one family that are one value.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::secrets::Pin;
use crate::finding::{Finding, Level};
use crate::k8s::placeholder::is_filled_in;
use crate::k8s::secret_name::Version;
use crate::k8s::stub::Remote;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::stubs::{Versioned, key, versioned};
use crate::text::source::Place;
use crate::text::work;

/// The rule.
pub static RULE: Rule = Rule {
    id: "shared-pin",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "two versions of one family that read the same value of the store",
    docs: "
### What it finds

A stub of a version all of whose entries read what an older version of the family reads in the same environment and
namespace: the same key of the same store, with the same pin or without one. `latest` and `AWSCURRENT` count as no pin.
Families with `remote: { version: none }` in `rotate.yaml` are not judged, nor are stubs that generators fill.

Where one stub has a pin and the other reads the newest value, both may read the same: that is a warning. There is none where
the pin is the version itself, as a label of AWS Secrets Manager is: `AWSCURRENT` does not move when a value gets a label.

### Why it matters

There are two names and one value. The rotation changed nothing, the rollback will change nothing, and what staging proved
was the old value. It usually is a stub that was copied by hand and whose pin was forgotten.

### Example

```yaml
metadata: { name: auth-api-secrets-20250723110000 }
spec:
  dataFrom: [{ extract: { key: shop/auth-api, version: \"7\" } }]
---
metadata: { name: auth-api-secrets-20250602090000 }
spec:
  dataFrom: [{ extract: { key: shop/auth-api, version: \"7\" } }]
```

### Repair

Give the new stub the pin of its own value. `rotate bump ENV FAMILY --pin VALUE` writes a stub with a pin that the store
made.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut places: BTreeMap<_, BTreeMap<_, Versioned<'_>>> = BTreeMap::new();
    for stub in versioned(facts.repo).filter(|stub| stub.pin() != Pin::None) {
        let place = (stub.root.environment, stub.family.clone(), stub.namespace());
        places.entry(place).or_default().entry(stub.version.clone()).or_insert(stub);
    }
    places.values().filter(|stubs| stubs.len() > 1).flat_map(of_family).collect()
}

/// The stubs of a family in one place that read what others do.
fn of_family(stubs: &BTreeMap<Version, Versioned<'_>>) -> Vec<Finding> {
    // What reads the same as a new one reads its first entry, too.
    let mut known: BTreeMap<_, Vec<&Versioned<'_>>> = BTreeMap::new();
    // The latest one that reads a key with a pin, and without one.
    let mut latest: BTreeMap<(&str, bool), &Versioned<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for new in stubs.values() {
        let reads = |remote| (key(remote), Remote::pin(remote));
        let first = new.stub.remotes.first();
        let alike = first.and_then(|first| known.get(&reads(first)));
        let same = alike.into_iter().flatten().find_map(|old| shared(new, old));
        found.extend(same.or_else(|| {
            let first = first?;
            let old = latest.get(&(key(first), first.pin().is_none()))?;
            perhaps_shared(new, old)
        }));
        for read in new.stub.remotes.iter().map(reads).collect::<BTreeSet<_>>() {
            known.entry(read).or_default().push(new);
            latest.insert((read.0, read.1.is_some()), new);
        }
    }
    found
}

/// Whether nobody knows yet what an entry reads.
fn is_open(remote: &Remote) -> bool {
    is_filled_in(key(remote)) || remote.pin().is_some_and(is_filled_in)
}

/// What it finds of one stub beside an older one of its family.
pub(in crate::lint) fn beside(new: &Versioned<'_>, old: &Versioned<'_>) -> Option<Finding> {
    if new.pin() == Pin::None {
        return None;
    }
    shared(new, old).or_else(|| perhaps_shared(new, old))
}

/// Whether all that a stub reads is what an older one reads.
fn shared(new: &Versioned<'_>, old: &Versioned<'_>) -> Option<Finding> {
    work::step();
    let is_shared =
        |remote: &Remote| !is_open(remote) && new.stub.reads_like(remote, &old.stub).is_some();
    if !new.stub.unpinnable.is_empty() || !new.stub.remotes.iter().all(is_shared) {
        return None;
    }
    let remote = new.stub.remotes.first()?;
    let (key, pin) = (key(remote), remote.pin());
    let pin = pin.map_or_else(|| "the newest value".to_owned(), |pin| format!("version {pin}"));
    let message = format!("`{}` reads {pin} of `{key}`, as `{}` does", new.secret(), old.secret());
    let finding = new.finding(&RULE, place(remote)?, message);
    let finding = finding.related("the older version is made here", old.secret_place().cloned());
    Some(
        finding.help(
            "pin the value of each version; if it really is the same, remove one of the stubs",
        ),
    )
}

/// Whether all that a stub reads may be what an older one reads, since one of them reads the newest value.
fn perhaps_shared(new: &Versioned<'_>, old: &Versioned<'_>) -> Option<Finding> {
    work::step();
    let may_be = |own: Option<&str>, pin: Option<&str>| match (own, pin) {
        (Some(pin), None) | (None, Some(pin)) => Version::new(pin).is_none() && !is_filled_in(pin),
        (own, pin) => own == pin,
    };
    let read = |remote: &Remote| {
        let beside = new.stub.reads_beside(remote, &old.stub, may_be);
        beside.filter(|_| !is_open(remote)).cloned()
    };
    if !new.stub.unpinnable.is_empty() || !new.stub.remotes.iter().all(|one| read(one).is_some()) {
        return None;
    }
    let one = new.stub.remotes.first()?;
    let other = read(one)?;
    let ((stub, remote), (sibling, pinned)) = match one.pin() {
        None => ((new, one), (old, &other)),
        Some(_) => ((old, &other), (new, one)),
    };
    let message = format!(
        "`{}` reads the newest value of `{}`, which may be version {}, the one that `{}` reads",
        stub.secret(),
        key(remote),
        pinned.pin()?,
        sibling.secret()
    );
    let finding = stub.finding(&RULE, place(remote)?, message).at_least(Level::Warning);
    let finding =
        finding.related("the other version is made here", sibling.secret_place().cloned());
    Some(finding.help("pin the value of each version"))
}

/// Where an entry says what it reads.
fn place(remote: &Remote) -> Option<&Place> {
    remote.version.as_ref().or(remote.key.as_ref())?.node.origin.as_ref()
}
