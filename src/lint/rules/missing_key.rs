//! Keys that a reference reads and that what makes the secret does not make.

use std::collections::BTreeSet;

use crate::finding::{Finding, Level};
use crate::k8s::placeholder::is_name_filled_in;
use crate::k8s::references::keys::keys;
use crate::k8s::secret_name::{family, split};
use crate::lint::judge::describe;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::running::running;
use crate::repo::Repo;
use crate::repo::deployed::is_whole;
use crate::repo::inventory::{Provider, Reference};
use crate::repo::provision::Provision;
use crate::repo::root::{Root, RootKind};
use crate::text::nearest::nearest;
use crate::text::source::Place;
use crate::yaml::node::Node;

/// The rule.
pub static RULE: Rule = Rule {
    id: "missing-key",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "a reference to a key that the secret does not have",
    docs: "
### What it finds

A place that names a key of a Secret, such as `secretKeyRef.key` or the `items` of a volume, where everything that makes
the Secret in that environment and namespace is known to make other keys: `data` and `stringData` of a Secret (also of
one that `secretGenerator` makes or SOPS encrypts), `encryptedData` of a SealedSecret, `data[].secretKey` or the template
of an ExternalSecret, the three files of a Certificate.

Where the keys cannot be seen, nothing is reported: `dataFrom`, `templateFrom`, a target that is merged into, an empty
Secret that a controller fills in, a Secret that something outside the repository makes. Nor for `optional: true`.

### Why it matters

The pod does not start: `CreateContainerConfigError` for a variable, a mount that waits for ever for a volume. Nothing
tells before the new pods are there, since the Secret itself exists.

### Example

```yaml
# ExternalSecret
data:
  - secretKey: password
    remoteRef: { key: shop/auth, property: password }
# Deployment
valueFrom:
  secretKeyRef: { name: auth, key: passwrd }
```

### Repair

Correct the key, or add it to what makes the Secret; a versioned one needs a new version for that.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let mut findings = Vec::new();
    for (root, environment) in running(repo) {
        for reference in root.references.iter().filter(|one| !one.found.optional) {
            let asked = keys(&root.object_of(reference).node, &reference.found);
            if asked.is_empty() {
                continue;
            }
            let Some(makers) = makers(repo, root, reference) else { continue };
            let missing = asked.into_iter().filter(|node| {
                let has = |maker: &&Provider| has(maker, node.str().unwrap_or_default());
                !makers.iter().any(has)
            });
            findings.extend(missing.filter_map(|node| {
                let finding = missing_key(root, reference, node, &makers)?;
                Some(match environment {
                    Some(index) => finding.in_environment(&repo.environments[index].name),
                    None => finding,
                })
            }));
        }
    }
    findings
}

fn has(maker: &Provider, key: &str) -> bool {
    maker.provided.keys.iter().flatten().any(|one| one == key)
}

fn missing_key(
    root: &Root,
    reference: &Reference,
    node: &Node,
    makers: &[&Provider],
) -> Option<Finding> {
    let key = node.str()?;
    let place = node.origin.as_ref().map(Place::near_in_file).or_else(|| reference.near())?;
    let who = describe(root, reference);
    let message = format!("`{}` has no key `{key}`, which {who} reads", reference.secret());
    let known = makers.iter().flat_map(|maker| maker.provided.keys.iter().flatten());
    let mut known: Vec<&str> = known.map(String::as_str).collect();
    known.sort_unstable();
    known.dedup();
    let list = |keys: &[&str]| keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>();
    let help = match nearest(key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.len() > 8 => {
            format!("it has {} and {} more", list(&known[..8]).join(", "), known.len() - 8)
        }
        None => format!("it has {}", list(&known).join(", ")),
    };
    let made = makers.first().and_then(|maker| maker.near());
    let finding = RULE.finding(&place, message).of_user(who, root.namespace_of(reference));
    let finding = finding.about(family(reference.secret()));
    Some(finding.related("the secret is made here", made).help(help))
}

/// Everything that makes a reference's secret; none when something may that is not seen, or whose keys are not.
fn makers<'r>(repo: &'r Repo, root: &Root, reference: &Reference) -> Option<Vec<&'r Provider>> {
    let secret = reference.secret();
    // The values of a chart speak of what the chart itself may make.
    if is_name_filled_in(secret) || root.object_of(reference).kind().is_empty() {
        return None;
    }
    let all = repo.providers_of(root.environment, root.namespace_of(reference), secret);
    let all: Option<Vec<(&Root, &Provider)>> = all
        .iter()
        .map(|provision| match provision {
            Provision::External => None,
            Provision::Provider(id) => Some(repo.provider(*id)),
        })
        .collect();
    let mut all = all?;
    // What a root builds itself is what its objects get; another root may be for another cluster.
    if all.iter().any(|(there, _)| std::ptr::eq(*there, root)) {
        all.retain(|(there, _)| std::ptr::eq(*there, root));
    }
    let places: BTreeSet<_> = all.iter().map(|(_, one)| one.near().map(|at| at.site())).collect();
    let is_told = |(there, provider): &(&Root, &Provider)| {
        let whole = there.object_that_provides(provider).kind() != "Secret"
            || is_whole(repo, there, provider);
        let sure = is_same(root, reference, there, provider, places.len() == 1);
        provider.provided.keys.is_some() && whole && sure
    };
    let is_known = !all.is_empty() && all.iter().all(is_told);
    is_known.then(|| all.into_iter().map(|(_, provider)| provider).collect())
}

/// Whether a provider surely makes the secret that a reference means: without a namespace in Git, a name may be another
/// one's in the next directory, unless it is a versioned one that only stands in one place (`alone`).
fn is_same(
    root: &Root,
    reference: &Reference,
    there: &Root,
    provider: &Provider,
    alone: bool,
) -> bool {
    let (here, other) = (root.namespace_of(reference), there.namespace_of_provider(provider));
    let within = std::ptr::eq(root, there);
    let versioned = split(reference.secret()).is_some();
    let beside = || {
        let of = |node: &Node| Some(node.origin.as_ref()?.source.path().parent());
        root.kind == RootKind::Kustomize
            || of(&root.object_of(reference).node) == of(&there.object_that_provides(provider).node)
    };
    // In roots of no environment, only a namespace tells that both are in one cluster.
    if root.environment.is_none() && !within && here.is_none() {
        return false;
    }
    match here {
        _ if here != other => versioned && alone,
        Some(_) => versioned || there.environment == root.environment,
        None => (within && beside()) || (versioned && alone),
    }
}
