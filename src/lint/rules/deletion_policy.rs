//! Versioned stubs whose secret goes when the store loses the version.

use crate::finding::{Finding, Level};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::settling::is_settled;
use crate::lint::stubs::versioned;
use crate::yaml::node::Node;

/// The rule.
pub static RULE: Rule = Rule {
    id: "deletion-policy",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "`deletionPolicy: Delete` on a versioned stub",
    docs: "
### What it finds

A versioned stub with `target.deletionPolicy: Delete`. Until the environment has run versions of the secret for its
`soak`, the finding is only a remark; a level under `lint.rules` in `rotate.yaml` applies at once.

### Why it matters

With `Delete` the operator removes the Secret as soon as the store has none of its entries. AWS answers the same for a
label that is gone as for a secret that is gone, and Vault keeps the last ten versions and destroys older ones by itself:
one label that moves, and a Secret that pods still name is deleted. That is no error anywhere; the stub says
`SecretDeleted`. With `Retain` the Secret stays, and the stub says that it could not be synced.

### Example

```yaml
metadata:
  name: auth-api-secrets-20250723110000
spec:
  target:
    deletionPolicy: Delete
```

### Repair

Write `deletionPolicy: Retain`, or leave it out: that is the default. A version goes when its stub does
(`rotate prune ENV`).
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for stub in versioned(facts.repo) {
        let policy = stub.spec.at(&["target", "deletionPolicy"]);
        let deletes = policy.filter(|policy| policy.str() == Some("Delete"));
        let Some(place) = deletes.and_then(|policy: &Node| policy.origin.as_ref()) else {
            continue;
        };
        let message =
            format!("the operator deletes `{}` when the store loses its version", stub.secret());
        let mut finding = stub.finding(&RULE, place, message);
        if stub.root.environment.is_some_and(|one| !is_settled(facts, one, &stub.family)) {
            finding = finding.at_least(Level::Info);
        }
        findings.push(finding.help("write `deletionPolicy: Retain`"));
    }
    findings
}
