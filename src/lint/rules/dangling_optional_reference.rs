//! Optional references that nothing in their environment and namespace provides.

use crate::finding::{Finding, Level};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::rules::dangling_reference;

/// The rule.
pub static RULE: Rule = Rule {
    id: "dangling-optional-reference",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "an optional reference that nothing provides: the pod starts without credentials",
    docs: "
### What it finds

The same as `dangling-reference`, where the field says `optional: true`.

### Why it matters

Kubernetes does not wait for an optional Secret. The pod starts, passes its probes and works without credentials until
the first request that needs them: a rotation that was forgotten in one place shows only then.

### Example

```yaml
env:
  - name: SMTP_PASSWORD
    valueFrom:
      secretKeyRef: { name: smtp-20250723110000, key: password, optional: true }
```

### Repair

Add the stub or correct the name. Where the secret really may be missing, say so: `# rotate: allow[dangling-optional-reference] REASON`.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    dangling_reference::find(facts, true, &RULE, "the pod starts without")
}
