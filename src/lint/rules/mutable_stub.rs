//! Versioned stubs whose secret can still change.

use crate::finding::{Finding, Level};
use crate::k8s::placeholder::is_filled_in;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::stubs::{Versioned, versioned};
use crate::yaml::node::Node;
use crate::yaml::scalar::{Kind, Schema, kind};

/// The rule.
pub static RULE: Rule = Rule {
    id: "mutable-stub",
    level: Level::Info,
    fixes: Fixes::Never,
    summary: "a versioned stub without `immutable: true`, whose secret an edit or a refresh can change",
    docs: "
### What it finds

A versioned stub without `target.immutable: true`. The message says so if the operator also reads the store again and
again (`refreshPolicy: Periodic`, the default, with an interval other than 0). With `immutable: true` a refresh changes
nothing, since the operator leaves an immutable Secret as it is. Stubs that only merge into a Secret of somebody else
are not judged.

### Why it matters

A version should name one value for ever. A Secret that can change may do so under its name: by a label that moves in
the store, by an edit of the stub, by hand. Running pods keep the old value in their environment, new pods get the new
one. Immutable Secrets also spare the kubelets their watches.

### Example

```yaml
metadata:
  name: auth-api-secrets-20250723110000
spec:
  refreshInterval: 1h
  target:
    name: auth-api-secrets-20250723110000
```

### Repair

```yaml
  refreshPolicy: CreatedOnce
  target:
    immutable: true
```
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    versioned(facts.repo).filter_map(|stub| judge(&stub)).collect()
}

fn judge(stub: &Versioned<'_>) -> Option<Finding> {
    let target = |key: &str| stub.spec.at(&["target", key]);
    let policy = target("creationPolicy").and_then(Node::str).unwrap_or("Owner");
    let unset =
        |node: &Node| matches!(kind(node, Schema::Kyaml), Some(Kind::Null | Kind::Bool(false)));
    if !matches!(policy, "Owner" | "Orphan") || !target("immutable").is_none_or(unset) {
        return None;
    }
    let mut message =
        format!("`{}` can change without a new name, because it is not immutable", stub.secret());
    if let Some(interval) = interval(stub.spec) {
        message.push_str(&format!(", and the operator reads the store again every {interval}"));
    }
    let help = "set `target.immutable: true`, and `refreshPolicy: CreatedOnce` beside it";
    Some(stub.finding(&RULE, stub.secret_place()?, message).help(help))
}

/// How often the store is read again; `None` for once, or where nobody can tell.
fn interval(spec: &Node) -> Option<&str> {
    let policy = spec.get("refreshPolicy").and_then(Node::str).unwrap_or_default();
    let interval = spec.get("refreshInterval").and_then(Node::str).unwrap_or_default();
    let interval = if interval.is_empty() { "1h" } else { interval };
    let is_never = interval.chars().all(|c| !c.is_ascii_digit() || c == '0');
    let periodic = matches!(policy, "" | "Periodic") && !is_never && !is_filled_in(interval);
    periodic.then_some(interval)
}
