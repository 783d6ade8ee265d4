//! Settings and allow comments that match nothing.

use crate::config::place::At;
use crate::finding::{Finding, Level};
use crate::k8s::secret_name::family;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::repo::root::Reference;

/// The rule. What it says of comments, the runner finds.
pub static RULE: Rule = Rule {
    id: "unused-setting",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "configuration or an allow comment that matched nothing",
    docs: "
### What it finds

An entry of `external` or `secrets` in `rotate.yaml` that fits no secret of the tree, an entry of `references` whose
field no object has, a hold on a version that is gone, and a comment `# rotate: allow[rule] reason` that silenced
nothing, names a rule that there is not, or gives no reason. Environments and paths that match nothing are refused when
the file is read.

### Why it matters

What matches nothing hides the next mistake: an exception for a secret that was renamed looks as if it still held.

### Example

```yaml
external:
  - { name: registry-pul, reason: made by Terraform }   # the secret is called registry-pull
```

### Repair

Correct the entry, or take it out.
",
    check,
};

const HELP: &str = "correct it, or take it out";

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let mut findings = Vec::new();
    let mut unused = |at: &[At<'_>], message: String| {
        findings
            .extend(repo.config.place(at).map(|place| RULE.finding(&place, message).help(HELP)));
    };
    for (item, external) in repo.config.external.iter().enumerate() {
        let fits = |root: &crate::repo::root::Root, one: &Reference| {
            let namespace = root.namespace_of(one);
            external.name.matches(one.secret())
                && namespace.is_none_or(|namespace| external.namespace.matches(namespace))
        };
        let mut roots = repo.roots.iter();
        if !roots.any(|root| root.references.iter().any(|one| fits(root, one))) {
            let at = [At::Value("external"), At::Item(item), At::Value("name")];
            unused(&at, format!("nothing names the external secret `{}`", external.name.as_str()));
        }
    }
    for (name, _) in repo.config.secrets.iter() {
        if !names(repo).any(|known| name.matches(known)) {
            let at = [At::Value("secrets"), At::Key(name.as_str())];
            unused(&at, format!("no secret is called `{}`", name.as_str()));
        }
    }
    findings
}

/// The family of every reference and provider.
fn names(repo: &Repo) -> impl Iterator<Item = &str> {
    repo.roots.iter().flat_map(|root| {
        let references = root.references.iter().map(Reference::secret);
        references.chain(root.providers.iter().map(|one| one.secret())).map(family)
    })
}
