//! Stubs whose name, secret and store speak of different versions.

use std::collections::BTreeSet;

use crate::config::secrets::Pin;
use crate::finding::{Finding, Level};
use crate::k8s::placeholder::is_filled_in;
use crate::k8s::secret_name::{Version, digits_in};
use crate::k8s::stub::Remote;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::stubs::{Versioned, key, pinned, versioned};
use crate::yaml::node::Node;

/// The rule.
pub static RULE: Rule = Rule {
    id: "version-mismatch",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "stub name, `target.name` and the store's version disagree",
    docs: "
### What it finds

A stub of a versioned secret whose own name carries another version than the secret it makes, or that reads another
version from the store: a label such as `20250602090000` or `v20250602090000`, or, where nothing else names a version
or `rotate.yaml` says `key-suffix`, a key that ends with another version. A stub with a plain name may make a versioned
secret. Versions that the store gave itself (`uuid/…`, the numbers of Vault) say nothing about a date and are not
compared, nor is the store where `rotate.yaml` says `remote: { version: none }`.

### Why it matters

The name is all that people and tools go by. If the Secret of July holds the value of June, staging proves a value that
production will not get, a rollback changes nothing, and the store's old version is thought to be out of use.

### Example

```yaml
metadata:
  name: auth-api-secrets-20250723110000
spec:
  dataFrom:
    - extract: { key: shop/auth-api, version: \"20250602090000\" }   # copied from the stub before
```

### Repair

Name one version everywhere. `rotate bump ENV FAMILY` makes stubs in which every entry has it.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    versioned(facts.repo).flat_map(|stub| of_stub(&stub)).collect()
}

/// What it finds of one stub.
pub(in crate::lint) fn of_stub(stub: &Versioned<'_>) -> Vec<Finding> {
    names(stub).chain(entries(stub)).collect()
}

/// Names of the object that carry another version.
fn names<'s>(stub: &'s Versioned<'_>) -> impl Iterator<Item = Finding> + 's {
    let paths: [&[&str]; 2] = [&["metadata", "name"], &["spec", "externalSecretName"]];
    let nodes = paths.into_iter().filter_map(|path| stub.object.node.at(path));
    nodes.filter_map(|node| {
        let name = node.str()?;
        let place = node.origin.as_ref()?;
        let dates: Vec<&str> = digits_in(name).filter(|one| Version::new(one).is_some()).collect();
        if dates.is_empty() || dates.contains(&stub.version.as_str()) {
            return None;
        }
        let message = format!("`{name}` makes the secret of another version, `{}`", stub.secret());
        let finding = stub.finding(&RULE, place, message);
        let finding = finding.related("the secret is named here", stub.secret_place().cloned());
        Some(finding.help(
            "give both the same version, in a new stub: one that is in use must keep its name",
        ))
    })
}

/// Entries that read another version, each key and version once.
fn entries<'s>(stub: &'s Versioned<'_>) -> impl Iterator<Item = Finding> + 's {
    let mut seen = BTreeSet::new();
    let remotes = stub.stub.remotes.iter().filter(|_| stub.pin() != Pin::None);
    remotes.filter_map(move |remote| {
        let fresh = seen.insert((key(remote), pinned(remote)));
        entry(stub, remote).filter(|_| fresh)
    })
}

fn entry(stub: &Versioned<'_>, remote: &Remote) -> Option<Finding> {
    let (version, key) = (stub.version.as_str(), key(remote));
    let pin = pinned(remote).unwrap_or_default();
    if is_filled_in(pin) || is_filled_in(key) {
        return None;
    }
    let other = |digits: &[&str]| !digits.is_empty() && !digits.contains(&version);
    let labels: Vec<&str> = digits_in(pin).collect();
    let in_key: Vec<&str> = digits_in(key).filter(|one| Version::new(one).is_some()).collect();
    let suffix = stub.pin() == Pin::KeySuffix
        || (pin.is_empty() && in_key.last().is_some_and(|last| key.ends_with(last)));
    let (node, message, right): (&Node, String, String) = if other(&labels) {
        let message = format!("`{}` reads version {pin} of `{key}`", stub.secret());
        (&remote.version.as_ref()?.node, message, pin.replace(labels[0], version))
    } else if suffix && other(&in_key) {
        let message = format!("`{}` reads `{key}`, the key of another version", stub.secret());
        (&remote.key.as_ref()?.node, message, key.replace(in_key[in_key.len() - 1], version))
    } else {
        return None;
    };
    let finding = stub.finding(&RULE, node.origin.as_ref()?, message);
    let finding = finding.related("the secret is named here", stub.secret_place().cloned());
    Some(finding.help(format!(
        "if the store has it, write `{right}`; or create a separate stub for each version"
    )))
}
