//! Workloads that a rotation takes down.

use crate::finding::{Finding, Level};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::running::versioned;
use crate::repo::Repo;
use crate::repo::inventory::Reference;
use crate::repo::root::Root;

/// The rule.
pub static RULE: Rule = Rule {
    id: "unavailable-rollout",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "a workload whose strategy takes it down during a rotation",
    docs: "
### What it finds

A workload that names a versioned secret, in an environment that requires versions, and of which no pod is left running
while a new version is rolled out:

- a Deployment with `strategy.type: Recreate`;
- a `maxUnavailable` of 100%, or of as many pods as there are replicas;
- a Deployment of one replica with `maxSurge: 0`.

Where a HorizontalPodAutoscaler or a ScaledObject of KEDA sets the number of replicas, its minimum counts instead of
`replicas`; what may have none is not reported. A Rollout with `workloadRef` is judged by its own strategy and replicas and
the template of that workload, which is not judged itself if `scaleDown` has the Rollout replace it. A StatefulSet of one
replica is not reported, since no setting has its new pod start first.

### Why it matters

Each new version changes the pod template, so each rotation replaces every pod. What is meant to go unnoticed becomes an
outage, and the rollback is the next one.

### Example

```yaml
kind: Deployment
spec:
  replicas: 1
  strategy: { type: Recreate }
```

### Repair

Use a rolling update with `maxSurge: 1` and `maxUnavailable: 0` if two pods may run side by side. Otherwise give the
environment a `window` in `rotate.yaml` in which nobody minds, or allow the finding with that reason.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let found = versioned(repo).flat_map(|(root, environment)| {
        of_root(repo, root).into_iter().map(|finding| finding.in_environment(&environment.name))
    });
    found.collect()
}

/// What goes down in a root, each workload once.
fn of_root(repo: &Repo, root: &Root) -> Vec<Finding> {
    let is_managed = |one: &&Reference| repo.config.secret(one.family()).is_managed();
    let found = root.outages().filter_map(|(object, outage, references)| {
        let references: Vec<&Reference> = references.into_iter().filter(is_managed).collect();
        let (kind, name) = (object.kind(), object.name());
        let message = format!("each rotation takes {kind} `{name}` down: {}", outage.reason);
        let first = references.first()?;
        let name = || object.node.at(&["metadata", "name"])?.origin.as_ref();
        let finding = RULE.finding(outage.field.origin.as_ref().or_else(name)?, message);
        let finding = finding.related("it names the secret here", first.place());
        let finding = references.iter().fold(finding, |all, one| all.about(one.family()));
        Some(finding.help(outage.help))
    });
    found.collect()
}
