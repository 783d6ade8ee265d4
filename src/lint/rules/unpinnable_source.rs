//! Entries of versioned stubs that no version can pin.

use crate::config::secrets::Pin;
use crate::finding::{Finding, Level};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::stubs::{Versioned, versioned};
use crate::yaml::node::Node;

/// The rule.
pub static RULE: Rule = Rule {
    id: "unpinnable-source",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "`dataFrom.find` or a generator in a versioned stub",
    docs: "
### What it finds

An entry of a versioned stub that takes its value from `dataFrom[].find` or from a generator (`sourceRef.generatorRef`).
A `find` that looks for the version of the name is fine, and so is everything in a family for which `rotate.yaml` says
`remote: { version: none }`.

### Why it matters

`find` has no version: it reads what fits at that moment. A generator makes a new value each time it is asked. The name
then states a version that the value is not tied to: it differs between clusters, and it changes when the Secret is made
again.

### Example

```yaml
metadata:
  name: auth-api-secrets-20250723110000
spec:
  dataFrom:
    - find: { path: shop/auth-api }
```

### Repair

Name each key under `data` or `dataFrom[].extract` with its version. A generated password is best written into the
store once (a PushSecret does that), and read from there by version.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    versioned(facts.repo).flat_map(|stub| of_stub(&stub)).collect()
}

/// What it finds of one stub.
pub(in crate::lint) fn of_stub(stub: &Versioned<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in stub.stub.unpinnable.iter().filter(|_| stub.pin() != Pin::None) {
        let Some(place) = entry.node.origin.as_ref() else { continue };
        let by_find = entry.node.get("find");
        if by_find.is_some_and(|find| mentions(find, stub.version.as_str())) {
            continue;
        }
        let message = format!("`{}` is not tied to its version: {}", stub.secret(), entry.reason);
        let help = format!(
            "read keys of the store by their version; if this is intended, set `secrets.{}.remote.version: none` in rotate.yaml",
            stub.family
        );
        findings.push(stub.finding(&RULE, place, message).help(help));
    }
    findings
}

/// Whether a scalar below a node holds the digits, or is filled in later.
fn mentions(node: &Node, version: &str) -> bool {
    node.str().is_some_and(|text| text.contains(version))
        || node.items().iter().any(|item| mentions(item, version))
        || node.entries().iter().any(|entry| mentions(&entry.value, version))
}
