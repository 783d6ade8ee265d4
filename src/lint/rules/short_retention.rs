//! CronJobs that wait longer for their next run than an old version is kept.

use std::collections::BTreeSet;

use crate::config::place::At;
use crate::finding::{Finding, Level};
use crate::k8s::schedule::longest_gap;
use crate::k8s::secret_name::split;
use crate::lint::judge::deployed;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::repo::environment::Environment;
use crate::repo::root::Root;
use crate::repo::schedules::cron_jobs;
use crate::text::source::Place;
use crate::yaml::node::Node;

/// The rule.
pub static RULE: Rule = Rule {
    id: "short-retention",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "a CronJob's longest gap is longer than the retention",
    docs: "
### What it finds

A CronJob that names a versioned secret and whose schedule leaves more time between two runs, at the longest, than the
`retention` of its environment (14 days where nothing is set). A suspended CronJob counts, since it may be resumed. The
time zone makes no difference; a schedule that Kubernetes would refuse, or that is filled in later, is not judged.

### Why it matters

Whether a job works with the new version shows when it runs. A monthly job may fail for the first time four weeks after
the rotation: by then the version before, which is the way back, has gone.

### Example

```yaml
environments:
  - { name: production, paths: [production], retention: 14d }
---
kind: CronJob
spec:
  schedule: \"0 3 1 * *\"
```

### Repair

Raise `retention` of the environment in `rotate.yaml` to twice the gap, so that two runs fit in.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let mut findings = Vec::new();
    for (root, _) in deployed(repo) {
        let Some(environment) = root.environment.map(|index| &repo.environments[index]) else {
            continue;
        };
        findings.extend(
            jobs(repo, root).iter().filter_map(|object| judge(repo, environment, root, *object)),
        );
    }
    findings
}

/// The CronJobs of a root that name a versioned secret of a family that is not to be left alone.
fn jobs(repo: &Repo, root: &Root) -> BTreeSet<usize> {
    cron_jobs(root, |reference| {
        let family = split(reference.secret()).map(|(family, _)| family);
        family.is_some_and(|family| repo.config.secret(family).is_managed())
    })
}

fn judge(repo: &Repo, environment: &Environment, root: &Root, object: usize) -> Option<Finding> {
    let object = &root.objects()[object];
    let schedule = object.node.at(&["spec", "schedule"])?;
    let gap = longest_gap(schedule.str()?)?;
    if gap <= environment.retention() {
        return None;
    }
    let place = schedule.origin.as_ref().or_else(|| name(&object.node))?;
    let days = gap.num_days();
    let long = if days < 2 { format!("{} hours", gap.num_hours()) } else { format!("{days} days") };
    let message = format!(
        "`{}` may wait {long} for its next run, longer than unreferenced versions are kept",
        object.original().name
    );
    let twice = (gap.num_hours() * 2 + 23) / 24;
    let help = format!("set `retention: {twice}d` for the environment in rotate.yaml");
    let finding = RULE.finding(place, message).in_environment(environment.name.clone());
    Some(finding.related("kept this long", set(repo, environment)).help(help))
}

fn name(object: &Node) -> Option<&Place> {
    object.at(&["metadata", "name"])?.origin.as_ref()
}

/// Where `rotate.yaml` says how long a version is kept.
fn set(repo: &Repo, environment: &Environment) -> Option<Place> {
    environment.declared.as_ref()?.retention?;
    let item = At::Item(environment.id.index());
    repo.config.place(&[At::Value("environments"), item, At::Value("retention")])
}
