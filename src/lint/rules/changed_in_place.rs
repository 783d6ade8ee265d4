//! Versioned secrets whose content changed under the same name, and stubs that were renamed in place.

use crate::finding::{Finding, Level};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::versions::{Key, Maker, makers};
use crate::text::source::Place;
use crate::yaml::compare::differences;
use crate::yaml::node::Node;
use crate::yaml::path::{Path, Step};

/// The rule.
pub static RULE: Rule = Rule {
    id: "changed-in-place",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "against `--base`: a versioned secret changed under the same name, or a stub was renamed in place",
    docs: "
### What it finds

With `--base REV`, the tree is compared with the commit where its line and that of REV parted. Two things are reported:
a versioned Secret, or a stub of one, that now reads another store, key, version or template under the same name; and an
ExternalSecret that kept its `metadata.name` (or its place in the file) while the secret it makes got another version.
Settings that do not change the value, such as `immutable`, the refresh or the deletion policy, may change. A
SealedSecret is not judged: nobody can tell a new value from the old one sealed anew.

### Why it matters

A version names one value for ever: that is what makes a rollback a change of reference. If the value changes under its
name, running pods keep the old one and new pods get the new one, and nobody can say which. With `immutable: true` the
operator reports success and changes nothing. A stub that is renamed in place is worse: the operator deletes the old
Secret at once, while pods still name it.

### Example

```yaml
metadata:
  name: auth-api-secrets
spec:
  target:
    name: auth-api-secrets-20250723110000   # was auth-api-secrets-20250602090000 in the same object
```

### Repair

Take the change back, and make a new object under a new version: `rotate bump ENV FAMILY`.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(base) = facts.base else { return Vec::new() };
    let (before, now) = (makers(base), makers(facts.repo));
    let mut findings = Vec::new();
    for (key, old) in &before {
        let found = match now.get(key) {
            Some(new) => changed(old, new),
            None => now
                .iter()
                .find(|(other, new)| {
                    other.0 == key.0 && is_renamed(old, new) && !before.contains_key(*other)
                })
                .and_then(|(_, new)| renamed(old, new)),
        };
        findings.extend(found.map(|finding| with_way_out(finding, key, old)));
    }
    findings
}

fn with_way_out(finding: Finding, key: &Key, old: &Maker<'_>) -> Finding {
    let help = format!(
        "take the change back; `rotate bump {} {}` makes a new version",
        key.0,
        old.version().0
    );
    finding.in_environment(key.0.clone()).help(help)
}

/// A finding when the value behind a name is another one.
fn changed(old: &Maker<'_>, new: &Maker<'_>) -> Option<Finding> {
    let (old, new_object) = (&old.object().node, new.object());
    let path = differences(old, &new_object.node).into_iter().find(|path| {
        let text = |object: &Node| path.follow(object).and_then(Node::str).map(str::to_owned);
        // Quotes around a version do not make it another one.
        bears_on_value(new_object.kind(), path)
            && (text(old).is_none() || text(old) != text(&new_object.node))
    })?;
    let nearest = (0..path.0.len()).rev().map(|len| Path(path.0[..=len].to_vec()));
    let place = nearest.filter_map(|path| path.follow(&new_object.node)?.origin.clone()).next();
    let place = place.or_else(|| new.provider.near())?;
    let place = if new_object.kind() == "Secret" { new.provider.near()? } else { place };
    let message = format!(
        "`{}` is no longer what its version named: {} changed",
        new.provider.secret(),
        path
    );
    Some(RULE.finding(&place, message))
}

/// Whether a field of a provider decides which value the secret has.
fn bears_on_value(kind: &str, path: &Path) -> bool {
    let keys: Vec<&str> = path
        .0
        .iter()
        .filter_map(|step| if let Step::Key(key) = step { Some(&**key) } else { None })
        .collect();
    match (kind, keys.as_slice()) {
        ("Secret", ["data" | "stringData" | "type", ..])
        | ("ExternalSecret", ["spec", "data" | "dataFrom" | "secretStoreRef", ..])
        | ("ExternalSecret", ["spec", "target", "template", ..])
        | (
            "ClusterExternalSecret",
            ["spec", "externalSecretSpec", "data" | "dataFrom" | "secretStoreRef", ..],
        )
        | ("ClusterExternalSecret", ["spec", "externalSecretSpec", "target", "template", ..]) => {
            !keys.contains(&"metadata")
        }
        _ => false,
    }
}

/// Whether one stub of a family became another: the same object, or the same place in the same file.
fn is_renamed(old: &Maker<'_>, new: &Maker<'_>) -> bool {
    let (one, other) = (old.object(), new.object());
    let file = |object: &crate::kustomize::object::Object| {
        object.node.origin.as_ref().map(|origin| origin.source.path().clone())
    };
    let same_object = one.identity().same(&other.identity());
    let same_file = file(one).is_some() && file(one) == file(other);
    one.kind() == other.kind()
        && one.kind().ends_with("ExternalSecret")
        && old.version().0 == new.version().0
        && (same_object || same_file)
}

fn renamed(old: &Maker<'_>, new: &Maker<'_>) -> Option<Finding> {
    let place: Place = new.provider.near()?;
    let message = format!(
        "the stub of `{}` was renamed in place to `{}`: the operator deletes the old Secret at once",
        old.provider.secret(),
        new.provider.secret()
    );
    Some(RULE.finding(&place, message).related("it was here", old.provider.near()))
}
