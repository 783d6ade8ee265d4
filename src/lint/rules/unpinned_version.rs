//! Versioned stubs that read whatever the store holds now.

use std::collections::BTreeSet;

use crate::config::secrets::Pin;
use crate::finding::{Finding, Level};
use crate::k8s::backend::Backend;
use crate::k8s::placeholder::is_filled_in;
use crate::k8s::secret_name::{Version, digits_in};
use crate::k8s::store::{Store, moves};
use crate::k8s::stub::Remote;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::stubs::{Versioned, key, pinned, versioned};
use crate::repo::stores::Stores;

/// The rule.
pub static RULE: Rule = Rule {
    id: "unpinned-version",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "a versioned stub that pins AWSCURRENT, `latest`, or no version at all",
    docs: "
### What it finds

An entry of a versioned stub (`data[].remoteRef`, `dataFrom[].extract`) that names no version of the store, or one that
moves: `AWSCURRENT`, `AWSPREVIOUS`, `AWSPENDING`, `latest`. An entry whose key carries the version of the name is pinned
by its key. Akeyless takes numbers only and silently reads the newest value for anything else; Doppler,
Infisical, 1Password, Delinea, the Kubernetes provider and version 1 of Vault's KV engine do not support versions, and the
stages of Oracle Vault move. Where `rotate.yaml` says
`remote: { version: none }` for the family, nothing is reported.

### Why it matters

Without a version the operator reads what the store holds at that moment. Two clusters that create the same name on
different days get different values; a Secret that is deleted and made again gets a new one; and a rollback to the old
name brings the new value.

### Example

```yaml
metadata:
  name: auth-api-secrets-20250723110000
spec:
  dataFrom:
    - extract: { key: shop/auth-api }
```

### Repair

Name the version on every entry: a label such as `version: \"20250723110000\"` for AWS Secrets Manager,
`v20250723110000` for Parameter Store and Google, the number for Vault. For stores that take no version, give each
version a key of its own (`remote: { version: key-suffix }` in `rotate.yaml`).
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let stores = facts.repo.stores();
    versioned(facts.repo).flat_map(|stub| of_stub(&stores, &stub)).collect()
}

/// What it finds of one stub.
pub(in crate::lint) fn of_stub(stores: &Stores<'_>, stub: &Versioned<'_>) -> Vec<Finding> {
    let (mut findings, mut seen) = (Vec::new(), BTreeSet::new());
    for remote in stub.stub.remotes.iter().filter(|_| stub.pin() != Pin::None) {
        let Some(finding) = entry(stores, stub, remote) else { continue };
        // A key with ten properties is one key.
        if seen.insert((key(remote), pinned(remote))) {
            findings.push(finding);
        }
    }
    findings
}

fn entry(stores: &Stores<'_>, stub: &Versioned<'_>, remote: &Remote) -> Option<Finding> {
    let (secret, key) = (stub.secret(), key(remote));
    let dated = digits_in(key).any(|digits| {
        digits == stub.version.as_str() || (Version::new(digits).is_some() && key.ends_with(digits))
    });
    // A key of another version is for `version-mismatch` to judge.
    if dated || is_filled_in(key) {
        return None;
    }
    let backend = backend(stores, stub, remote);
    let field = remote.version.as_ref().or(remote.key.as_ref());
    let place = field.map_or(&remote.node, |field| &field.node).origin.as_ref()?;
    let message = match pinned(remote) {
        Some(pin) if is_filled_in(pin) => return None,
        Some(pin) if moves(pin) => {
            format!("`{secret}` reads {pin} of `{key}`, which moves with each rotation")
        }
        Some(pin) => match backend.as_ref()?.store.ignores(pin) {
            Some(reason) => format!("`{secret}` reads the newest `{key}`: {reason}, not {pin}"),
            None => {
                let reason = backend.as_ref()?.without_versions()?;
                format!("`{secret}` reads whatever `{key}` holds now: {reason}")
            }
        },
        None => format!("`{secret}` reads whatever `{key}` holds now, no version of it"),
    };
    Some(stub.finding(&RULE, place, message).help(help(stub, backend.as_ref())))
}

/// Where an entry reads from, as far as that can be known.
fn backend(stores: &Stores<'_>, stub: &Versioned<'_>, remote: &Remote) -> Option<Backend> {
    let service = stub.settings.remote.provider;
    stores.backend(stub.root.environment, stub.stub.store_of(remote), stub.namespace(), service)
}

fn help(stub: &Versioned<'_>, backend: Option<&Backend>) -> String {
    let version = &stub.version;
    let store = backend.map_or(Store::OTHER, |backend| backend.store);
    if stub.pin() == Pin::KeySuffix {
        let key = store.own_key("", version.as_str());
        return format!("end the key with `{key}`, as rotate.yaml says for this family");
    }
    let own = match (&stub.settings.remote.prefix, backend) {
        (Some(prefix), _) => Some(format!("{prefix}{version}")),
        (None, None) => Some(version.to_string()),
        (None, Some(_)) => store.label(version),
    };
    let else_ = format!(
        "a separate key for each version (`secrets.{}.remote.version: key-suffix` in rotate.yaml)",
        stub.family
    );
    if backend.is_some_and(|backend| backend.without_versions().is_some()) {
        return format!("the store takes no version: use {else_}");
    }
    match own {
        Some(label) => format!("pin it: `version: \"{label}\"`; or use {else_}"),
        None => format!("pin it to the version that the store gave the value; or use {else_}"),
    }
}
