//! Versions of one family that are one value.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::secrets::Pin;
use crate::finding::{Finding, Level};
use crate::k8s::placeholder::is_filled_in;
use crate::k8s::stub::Remote;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::stubs::{Versioned, key, pinned, versioned};
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
namespace: the same key of the same store, with the same pin or without one. Families with
`remote: { version: none }` in `rotate.yaml` are not judged, nor are stubs that generators fill.

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
    let found = places.values().filter(|stubs| stubs.len() > 1).flat_map(|stubs| {
        // What reads the same as a new one reads its first entry, too.
        let mut known: BTreeMap<_, Vec<&Versioned<'_>>> = BTreeMap::new();
        let mut found = Vec::new();
        for new in stubs.values() {
            let reads = |remote| (key(remote), pinned(remote));
            let alike = new.stub.remotes.first().and_then(|first| known.get(&reads(first)));
            found.extend(alike.into_iter().flatten().find_map(|old| shared(new, old)));
            for read in new.stub.remotes.iter().map(reads).collect::<BTreeSet<_>>() {
                known.entry(read).or_default().push(new);
            }
        }
        found
    });
    found.collect()
}

/// Whether all that a stub reads is what an older one reads.
fn shared(new: &Versioned<'_>, old: &Versioned<'_>) -> Option<Finding> {
    work::step();
    let is_open =
        |remote: &Remote| is_filled_in(key(remote)) || pinned(remote).is_some_and(is_filled_in);
    let is_shared =
        |remote: &Remote| !is_open(remote) && new.stub.reads_like(remote, &old.stub).is_some();
    if !new.stub.unpinnable.is_empty() || !new.stub.remotes.iter().all(is_shared) {
        return None;
    }
    let remote = new.stub.remotes.first()?;
    let (key, pin) = (key(remote), pinned(remote));
    let pin = pin.map_or_else(|| "the newest value".to_owned(), |pin| format!("version {pin}"));
    let message = format!("`{}` reads {pin} of `{key}`, as `{}` does", new.secret(), old.secret());
    let node = &remote.version.as_ref().or(remote.key.as_ref())?.node;
    let finding = new.finding(&RULE, node.origin.as_ref()?, message);
    let finding = finding.related("the older version is made here", old.secret_place().cloned());
    Some(
        finding.help(
            "pin the value of each version; if it really is the same, remove one of the stubs",
        ),
    )
}
