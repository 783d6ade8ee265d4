//! Rollouts and canaries that cannot go back to an older version at once.

use crate::finding::{Finding, Level};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::running::versioned;
use crate::repo::Repo;
use crate::repo::inventory::Reference;
use crate::repo::rollout::SlowReturn;

/// The rule.
pub static RULE: Rule = Rule {
    id: "rollback-not-instant",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "a Rollout or a canary that cannot go back to an older version at once",
    docs: "
### What it finds

An Argo Rollout whose pods name a versioned secret and that has no `rollbackWindow`, if its canary has steps or if it is
blue/green; the pods may be those of a Deployment that `workloadRef` names. And a Canary of Flagger whose target names a
versioned secret that Flagger copies, which it does unless the Secret has the annotation
`flagger.app/config-tracking: disabled` or Flagger is installed with `configTracking.enabled: false`.

### Why it matters

The older version of a secret is kept so that a rollback is only a change of references. A Rollout treats that as any
other change: it walks every step again, with its pauses and analyses, while the incident goes on. Flagger copies each
Secret to one called `-primary`, which the primary pods use: the copy can change, keeps the old value after its stub is
gone, and makes the name in Git differ from the one that runs.

### Example

```yaml
kind: Rollout
spec:
  strategy:
    canary:
      steps: [{ setWeight: 20 }, { pause: { duration: 1h } }]
```

### Repair

```yaml
kind: Rollout
spec:
  rollbackWindow: { revisions: 3 }
```

For Flagger, give the Secrets the annotation; a rotation by name needs no copy. In a stub:

```yaml
spec:
  target:
    template:
      metadata:
        annotations: { flagger.app/config-tracking: disabled }
```
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let found = versioned(repo).flat_map(|(root, environment)| {
        let slow = repo.slow_returns(root).into_iter();
        let slow =
            slow.filter_map(|one| Some(finding(repo, &one)?.in_environment(&environment.name)));
        slow.collect::<Vec<_>>()
    });
    found.collect()
}

fn finding(repo: &Repo, slow: &SlowReturn<'_>) -> Option<Finding> {
    let is_managed = |one: &&&Reference| repo.config.secret(one.family()).is_managed();
    let references: Vec<&&Reference> = slow.references.iter().filter(is_managed).collect();
    let (kind, name) = (slow.object.kind(), slow.object.name());
    let message =
        format!("{kind} `{name}` cannot go back to an older version at once: {}", slow.why);
    let first = references.first()?;
    let finding = RULE.finding(slow.field.origin.as_ref()?, message);
    let finding = finding.related("its pods name the secret here", first.place());
    let finding = references.iter().fold(finding, |all, one| all.about(one.family()));
    Some(finding.help(slow.help))
}
