//! Families that nothing watches where an environment asks for it.

use std::collections::BTreeSet;

use crate::finding::{Finding, Level};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::repo::environment::Environment;
use crate::repo::family::FamilyState;
use crate::repo::monitors::nothing_watches;
use crate::text::shell::command;
use crate::text::source::Place;

/// The rule.
pub static RULE: Rule = Rule {
    id: "missing-monitor",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "an environment asks for monitors, and a family has none",
    docs: "
### What it finds

A family with a versioned secret in an environment with `monitors: required`, which no PrometheusRule, DatadogMonitor or
AnalysisTemplate of that environment watches. A monitor watches a family if a text in it names the family as a whole
token, one of its versions, or a pattern of its versions, such as `auth-[0-9]{14}`. One whose own name ends with a version
watches this version only, and counts while it runs.

Where something that the environment deploys is not known as a whole, and may have a monitor, nothing is reported.

### Why it matters

A rotation that goes wrong shows as failing logins or as pods that do not start, often hours later. A soak proves
something only if somebody would have noticed.

### Example

```yaml
environments:
  - name: production
    paths: [production]
    monitors: required
```

### Repair

`rotate monitor ENV FAMILY --as prometheus` writes one, as do `datadog` and `analysis`. See the page about monitors.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let asking = repo.environments.iter().filter(|one| one.versioned);
    let asking = asking.filter(|one| repo.requires_monitors(one.id));
    asking.flat_map(|environment| in_environment(repo, environment)).collect()
}

fn in_environment(repo: &Repo, environment: &Environment) -> Vec<Finding> {
    let monitors = repo.monitors(environment.id);
    let mut findings = Vec::new();
    for (family, state) in repo.families_of(environment.id) {
        let running = repo.running_of(environment.id, family);
        let mut own = monitors.iter().filter(|one| one.watches(family)).peekable();
        let has_old = own.peek().is_some();
        let is_watched = own.any(|one| one.is_current(&running));
        if is_watched || !state.is_versioned() || may_be_hidden(repo, environment, state) {
            continue;
        }
        let Some(place) = place(repo, state) else { continue };
        let name = &environment.name;
        let message = nothing_watches(name, family, has_old);
        let write = command("rotate monitor", &[name, family], " --as prometheus");
        let help = format!("`{write}` writes one, as do `datadog` and `analysis`");
        let finding = RULE.finding(&place, message).help(help).in_environment(name);
        findings.push(finding.about(family));
    }
    findings
}

/// Whether a monitor may be among what is not known.
fn may_be_hidden(repo: &Repo, environment: &Environment, state: &FamilyState) -> bool {
    let providers = state.providers().map(|id| repo.provider(id));
    let providers = providers.map(|(root, one)| root.namespace_of_provider(one));
    let references = state.references().map(|id| repo.reference(id));
    let references = references.map(|(root, one)| root.namespace_of(one));
    let namespaces: BTreeSet<Option<&str>> = providers.chain(references).collect();
    repo.may_hide_monitors(environment.id, &namespaces)
}

/// Where its newest version is provided, or else where it is named.
fn place(repo: &Repo, state: &FamilyState) -> Option<Place> {
    let provided = state.stubs.values().next_back().into_iter().flatten();
    let provided = provided.filter_map(|id| repo.provider(*id).1.near());
    let named = state.references().filter_map(|id| repo.reference(id).1.near());
    provided.chain(named).next()
}
