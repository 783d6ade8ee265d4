//! Secrets that two objects make.

use std::collections::BTreeMap;

use crate::finding::{Finding, Level};
use crate::k8s::secret_name::family;
use crate::k8s::stub::spec_of;
use crate::kustomize::model::object::Object;
use crate::lint::judge::deployed;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::inventory::Provider;
use crate::repo::root::{Root, RootKind};
use crate::text::path::TreePath;
use crate::yaml::node::Node;

/// The rule.
pub static RULE: Rule = Rule {
    id: "duplicate-provider",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "two providers of one secret in one namespace",
    docs: "
### What it finds

Two objects of one build root that each make the same Secret in the same namespace and want it for themselves: a Secret
with data, a SealedSecret, a generated Secret, a Certificate, or an ExternalSecret with `creationPolicy: Owner` (the
default) or `Orphan`. An ExternalSecret that merges (`Merge`, `CreateOrMerge`) is allowed beside any of them. In a tree of
plain manifests that neither Flux nor Argo CD builds, only objects of one file, or of one directory of an environment, are
compared, since other directories may go to other clusters; so may other build roots.

### Why it matters

The operator refuses the second ExternalSecret (`target is owned by another ExternalSecret`) and does not try again. A
Secret from Git and an ExternalSecret overwrite each other without end, and which value a pod gets depends on when it
starts. After a rotation one half of the pods has a password that the database no longer takes.

### Example

```yaml
metadata: { name: auth-api }
spec: { target: { name: auth-api-secrets-20250723110000 } }
---
metadata: { name: auth-worker }
spec: { target: { name: auth-api-secrets-20250723110000 } }
```

### Repair

Keep one of the two, or let the other one add its keys: `creationPolicy: Merge`.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (root, environment) in deployed(facts.repo) {
        let mut known: BTreeMap<(Option<&str>, &str), Vec<&Provider>> = BTreeMap::new();
        for provider in root.providers.iter().filter(|one| owns(root, one)) {
            let key = (root.namespace_of_provider(provider), provider.secret());
            known.entry(key).or_default().push(provider);
        }
        for mut makers in known.into_values() {
            makers.sort_by_key(|provider| place(provider));
            let Some((first, others)) = makers.split_first() else { continue };
            let more = others.iter().filter(|other| meet(root, first, other));
            let found = more.filter_map(|other| finding(root, first, other));
            findings.extend(found.map(|finding| finding.in_each(environment)));
        }
    }
    findings
}

fn place(provider: &Provider) -> Option<(TreePath, usize)> {
    let place = provider.near()?;
    Some((place.source.path().clone(), place.span().start))
}

/// Whether a provider makes the whole secret and wants it for itself.
fn owns(root: &Root, provider: &Provider) -> bool {
    let object = root.object_that_provides(provider);
    let annotated = |at: &[&str], key: &str| {
        let annotations = object.node.at(at).and_then(|all| all.get(key));
        annotations.and_then(Node::str) == Some("true")
    };
    match provider.provided.row {
        "secret" => {
            let own = ["metadata", "annotations"];
            // The Secret may be handed over to the controller that way, or keep keys of its own.
            let shared = ["sealedsecrets.bitnami.com/managed", "sealedsecrets.bitnami.com/patch"];
            has_data(object) && !shared.iter().any(|key| annotated(&own, key))
        }
        "sealed-secret" => {
            let template = ["spec", "template", "metadata", "annotations"];
            !annotated(&template, "sealedsecrets.bitnami.com/patch")
        }
        "external-secret" => {
            let policy = spec_of(&object.node)
                .and_then(|(_, spec)| spec.at(&["target", "creationPolicy"]).and_then(Node::str));
            matches!(policy, None | Some("" | "Owner" | "Orphan"))
        }
        "certificate" => true,
        _ => false,
    }
}

fn has_data(object: &Object) -> bool {
    let data = ["data", "stringData"].iter().filter_map(|key| object.node.get(key));
    data.flat_map(Node::entries).any(|entry| entry.value.str().is_some_and(|text| !text.is_empty()))
}

/// Whether two objects of a root certainly go to the same cluster.
fn meet(root: &Root, one: &Provider, other: &Provider) -> bool {
    let (Some((here, start)), Some((there, end))) = (place(one), place(other)) else {
        return false;
    };
    if one.object == other.object || (&here, start) == (&there, end) {
        return false;
    }
    let deployed = root.environment.is_some() || root.namespace.is_some();
    // Without a namespace in Git, each file may be applied into another one.
    let placed = root.namespace_of_provider(one).is_some();
    // What is applied by hand is applied file by file.
    let together = here == there || (deployed && here.parent() == there.parent());
    root.kind == RootKind::Kustomize
        || !root.builders.is_empty()
        || (placed && together && !is_sample(&here) && !is_sample(&there))
}

/// Whether a file shows people what a manifest looks like.
fn is_sample(file: &TreePath) -> bool {
    let name = file.name().to_ascii_lowercase();
    ["example", "sample", "template"].iter().any(|word| name.contains(word))
}

fn finding(root: &Root, first: &Provider, other: &Provider) -> Option<Finding> {
    let describe = |provider: &Provider| {
        let object = root.object_that_provides(provider);
        format!("the {} `{}`", object.kind(), object.original().name)
    };
    let (secret, mut by) = (first.secret(), describe(other));
    if by == describe(first) {
        by = format!("another {}", by.trim_start_matches("the "));
    }
    let message = format!("`{secret}` has two providers: {} and {by}", describe(first));
    let finding = RULE.finding(&other.near()?, message).about(family(secret));
    let finding = finding.related("made here too", first.near());
    Some(finding.help("keep one of the two; an ExternalSecret that adds keys to a Secret says `creationPolicy: Merge`"))
}
