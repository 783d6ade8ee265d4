//! Stubs that the cluster makes only after what waits for them.

use crate::finding::{Finding, Level};
use crate::kustomize::model::object::Object;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::order::{Late, Order};
use crate::text::source::Place;

/// The rule.
pub static RULE: Rule = Rule {
    id: "apply-order",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "a stub that the cluster makes only after what waits for it",
    docs: "
### What it finds

A stub that is applied after a workload which needs its secret, for families that have versions or that `rotate.yaml`
lists:

- Argo CD: the stub has a higher `argocd.argoproj.io/sync-wave` than the workload (0 without the annotation), or a later
  phase (`PreSync`, `Sync`, `PostSync`) by `argocd.argoproj.io/hook` or `helm.sh/hook`. Both must be in one Application.
- Helm: the workload is a `pre-install` or `pre-upgrade` hook, and the stub is an ordinary object of the same release.
- Flux: the Kustomization with the stub has, directly or through others, the one with the workload in `dependsOn`; the same
  for HelmReleases.
  A Kustomization with neither `wait: true` nor the workload in `healthChecks` is ready once it is applied, so that the stub
  is only delayed: a warning. Where several clusters have a Kustomization of the name, the one of the same cluster counts.

A hook in a directory of plain manifests is a warning where no Application of the repository builds it: its stub may be in
another one. References that are optional, and workloads that are scaled to zero, do not wait. `rotate bump` and
`rotate promote` refuse to write a new version in an order that is an error; `--override lint` does it anyway.

### Why it matters

The controller waits until one wave is healthy before it applies the next. The pods of the workload wait for the Secret,
so the wave never gets healthy, and the stub is never applied. A name that stays the same hides that, since the Secret of
last time is still there. A new version is a new name: every rotation stops at this point.

### Example

```yaml
kind: Deployment
metadata: { name: web }                  # wave 0
---
kind: ExternalSecret
metadata:
  name: auth-api-secrets-20250723110000
  annotations: { argocd.argoproj.io/sync-wave: \"5\" }
```

### Repair

Let the stub come first or at the same time: a lower wave, an earlier phase, or another direction of `dependsOn`. A new
stub is a copy of the newest one and keeps its annotations.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let order = Order::of(facts.repo);
    let environments = facts.repo.environments.iter();
    let late = environments.flat_map(|environment| {
        let families = facts.repo.families_of(environment.id).into_keys();
        let late = families.flat_map(|family| {
            let all = order.late(environment.id, family);
            all.into_iter().map(|late| finding(&late).about(family)).collect::<Vec<_>>()
        });
        late.map(|one| one.in_environment(&environment.name)).collect::<Vec<_>>()
    });
    late.collect()
}

fn finding(late: &Late<'_>) -> Finding {
    let message = format!("`{}` comes too late: {}", late.secret, late.why);
    let level = if late.is_certain { Level::Error } else { Level::Warning };
    let finding = RULE.finding(&late.place, message).at_least(level).help(late.help);
    let finding = finding.related("an older stub has the same", late.copied.clone());
    let finding = finding.related("this waits for the secret", name(late.waiting));
    finding.related("this makes the secret", name(late.provider))
}

fn name(object: &Object) -> Option<Place> {
    object.node.at(&["metadata", "name"])?.origin.clone()
}
