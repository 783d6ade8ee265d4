//! Versioned secrets whose content changed under the same name, and stubs that were renamed in place.

use crate::finding::{Finding, Level};
use crate::k8s::content::change;
use crate::k8s::resource::kind_of;
use crate::k8s::secret_name::family;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::versions::{Key, Maker, makers};
use crate::repo::Repo;
use crate::text::shell::command;
use crate::text::source::Place;
use crate::yaml::node::Node;
use crate::yaml::parse::Stream;

/// The rule.
pub static RULE: Rule = Rule {
    id: "changed-in-place",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "against `--base`: a versioned secret changed under the same name, or a stub was renamed in place",
    docs: "
### What it finds

With `--base REV`, the tree is compared with the merge base of REV and the current commit. Two things are reported:
a versioned Secret, or a stub of one, that now reads another store, key, version or template under the same name; and an
ExternalSecret that kept its `metadata.name` (or its place in a file that is else the same) while the secret it makes got another version.
Settings that do not change the value, such as `immutable`, the refresh or the deletion policy, may change; so may the
order of `data`, and a field that says what the API takes for granted, such as `decodingStrategy: None`. A SealedSecret
and a value that SOPS encrypted are not judged: nobody can tell a new value from the old one sealed anew.

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
                    other.0 == key.0
                        && !before.contains_key(*other)
                        && is_renamed(base, facts.repo, old, new)
                })
                .and_then(|(_, new)| renamed(old, new)),
        };
        findings.extend(found.map(|finding| with_hint(finding, key, old)));
    }
    findings
}

fn with_hint(finding: Finding, key: &Key, old: &Maker<'_>) -> Finding {
    let help = format!(
        "revert the change; `{}` creates a new version",
        command("rotate bump", &[&key.0, old.version().0], "")
    );
    finding.in_environment(key.0.clone()).about(old.version().0).help(help)
}

/// A finding when the value behind a name is another one.
fn changed(old: &Maker<'_>, new: &Maker<'_>) -> Option<Finding> {
    let change = change(&old.object().node, &new.object().node)?;
    let is_secret = new.object().kind() == "Secret";
    let place = change.place.filter(|_| !is_secret).or_else(|| new.provider.near())?;
    let message = format!(
        "`{}` was changed under the same version: {} changed",
        new.provider.secret(),
        change.path
    );
    Some(RULE.finding(&place, message))
}

/// Whether one stub of a family became another: the same object, or what stands in its place in a file that has the
/// same documents but for that.
fn is_renamed(base: &Repo, repo: &Repo, old: &Maker<'_>, new: &Maker<'_>) -> bool {
    let (one, other) = (old.object(), new.object());
    let kind = one.kind() == other.kind() && one.kind().ends_with("ExternalSecret");
    if !kind || old.version().0 != new.version().0 {
        return false;
    }
    let same = one.name() == other.name() && one.namespace() == other.namespace();
    same || in_place(base, repo, &one.node, &other.node).unwrap_or(false)
}

fn in_place(base: &Repo, repo: &Repo, old: &Node, new: &Node) -> Option<bool> {
    let (old, new) = (old.origin.as_ref()?, new.origin.as_ref()?);
    let path = old.source.path();
    if path != new.source.path() {
        return Some(false);
    }
    let (before, now) = (base.library.stream(path).ok()?, repo.library.stream(path).ok()?);
    let (before, now) = (objects(&before), objects(&now));
    let at = |objects: &[&Node], place: &Place| {
        objects
            .iter()
            .position(|one| one.origin.as_ref().is_some_and(|own| own.span() == place.span()))
    };
    let same_kin = before.iter().zip(&now).all(|(one, other)| kin(one) == kin(other));
    let same_place = at(&before, old)? == at(&now, new)?;
    Some(same_place && same_kin && before.len() == now.len())
}

/// The objects of a file, those of lists by themselves.
fn objects(stream: &Stream) -> Vec<&Node> {
    let documents = stream.documents.iter().map(|document| &document.root);
    let each = documents.flat_map(|root| match root.get("items").map(Node::items) {
        Some(items) if kind_of(root).ends_with("List") => items.iter().collect(),
        _ => vec![root],
    });
    each.collect()
}

/// What an object is called, its version left out.
fn kin(object: &Node) -> (&str, &str, &str) {
    let text = |keys| object.at(keys).and_then(Node::str).unwrap_or_default();
    (kind_of(object), family(text(&["metadata", "name"])), text(&["metadata", "namespace"]))
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
