//! Settings and allow comments that match nothing.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use crate::config::external::External;
use crate::config::place::At;
use crate::finding::{Finding, Level};
use crate::k8s::secret_name::{PLAIN, family};
use crate::lint::places::Places;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::repo::inventory::Reference;
use crate::text::nearest::Words;

/// The rule. What it says of comments, the runner finds.
pub static RULE: Rule = Rule {
    id: "unused-setting",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "configuration or an allow comment that matched nothing",
    docs: "
### What it finds

An entry of `external` or `secrets` in `rotate.yaml` that fits no secret of the tree, a hold on a family or a version that
its environment does not have (an error, since somebody believes that the environment is held), and a comment `# rotate: allow[rule] reason` that silenced
nothing, names an unknown rule, or gives no reason. Environments and paths that match nothing are refused when
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

const HELP: &str = "correct it or remove it";

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let mut findings = Vec::new();
    let places = Places::of(&repo.config);
    let mut unused = |at: &[At<'_>], message: String| {
        findings.extend(places.place(at).map(|place| RULE.finding(&place, message).help(HELP)));
    };
    let external: BTreeSet<(&str, Option<&str>)> = repo
        .roots
        .iter()
        .flat_map(|root| root.references.iter().map(|one| (one.secret(), root.namespace_of(one))))
        .collect();
    let all: Vec<&External> = repo.config.external.iter().collect();
    for item in repo.config.external.idle(&external) {
        let at = [At::Value("external"), At::Item(item), At::Value("name")];
        let name = all[item].name.as_str();
        unused(&at, format!("nothing names the external secret `{name}`"));
    }
    let families: BTreeSet<&str> = names(repo).collect();
    for name in repo.config.secrets.idle(&families) {
        let at = [At::Value("secrets"), At::Key(name.as_str())];
        unused(&at, format!("no secret is called `{}`", name.as_str()));
    }
    findings.extend(holds(repo, &places));
    findings
}

/// Holds that match nothing: people believe that they keep the environment as it is.
fn holds(repo: &Repo, places: &Places<'_>) -> impl Iterator<Item = Finding> {
    let known = LazyCell::new(|| {
        let mut seen = BTreeSet::new();
        Words::new(names(repo).filter(move |name| seen.insert(*name)))
    });
    let idle = repo.idle_holds().map(move |(item, hold)| {
        let message = format!(
            "nothing in {} references or provides `{}`, so the hold has no effect",
            hold.environment, hold.secret
        );
        let help = known
            .nearest(&hold.secret, &hold.secret)
            .map_or_else(|| HELP.to_owned(), |name| format!("did you mean `{name}`?"));
        (item, hold, At::Value("secret"), message, help)
    });
    let gone = repo.config.holds.iter().enumerate().filter_map(|(item, hold)| {
        let environment = repo.environments.iter().find(|one| one.name == hold.environment)?;
        let state = repo.family(environment.id, &hold.secret)?;
        let is_there = if hold.version == PLAIN {
            !state.plain.is_empty() || !state.plain_providers.is_empty()
        } else {
            state.versions.contains_key(&hold.version) || state.stubs.contains_key(&hold.version)
        };
        let message = format!(
            "the hold keeps {} at `{}` of `{}`, which nothing there references or provides",
            hold.environment, hold.version, hold.secret
        );
        (!is_there).then(|| (item, hold, At::Value("version"), message, HELP.to_owned()))
    });
    idle.chain(gone).filter_map(|(item, hold, key, message, help)| {
        let place = places.place(&[At::Value("holds"), At::Item(item), key])?;
        let finding = RULE.finding(&place, message).at_least(Level::Error).help(help);
        Some(finding.in_environment(&hold.environment).about(&*hold.secret))
    })
}

/// The family of every reference and provider.
fn names(repo: &Repo) -> impl Iterator<Item = &str> {
    repo.roots.iter().flat_map(|root| {
        let references = root.references.iter().map(Reference::secret);
        references.chain(root.providers.iter().map(|one| one.secret())).map(family)
    })
}
