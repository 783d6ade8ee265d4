//! References of which nobody can say here whether something provides what they name.

use crate::finding::{Finding, Level};
use crate::k8s::secret_name::family;
use crate::lint::rule::{Facts, Fixes, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "unjudged-reference",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "with `--strict`: a reference that could not be judged",
    docs: "
### What it finds

Nothing, unless `lint` runs with `--strict`. Then each reference of which `dangling-reference` cannot say whether something
provides it: a chart from a registry, a remote base, a plugin or a directory that does not build may make the secret in that
namespace, or a script, an argument or the values of a chart spell its name, or the field belongs to a custom resource that
`rotate` does not know. Without `--strict`, `lint` counts them at the end.

### Why it matters

A check that is silent about what it cannot see looks like one that found nothing wrong.

### Example

```yaml
# a HelmRelease installs a chart into the namespace `shop`
env:
  - name: PASSWORD
    valueFrom:
      secretKeyRef: { name: shop-redis, key: redis-password }   # the chart may make it
```

### Repair

List a secret that something else makes under `external` in `rotate.yaml`, with its namespace. Or add what is missing to the
repository: the manifests of a remote base, the chart.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let unjudged = facts.strict.then(|| &facts.judgements().coverage.unjudged);
    let mut findings = Vec::new();
    for one in unjudged.into_iter().flatten() {
        let secret = &one.secret;
        let message =
            format!("nobody can say here whether something provides `{secret}`: {}", one.why);
        let help = format!(
            "if something else makes it, list it under `external` in rotate.yaml: `- {{ name: {secret} }}`"
        );
        for place in &one.places {
            let finding = RULE.finding(place, message.clone()).about(family(secret));
            let finding = finding.help(help.clone());
            findings.push(finding.in_each(one.environment.as_deref()));
        }
    }
    findings
}
