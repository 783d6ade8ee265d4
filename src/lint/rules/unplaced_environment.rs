//! What looks like an environment and has no place in the promotion order.

use crate::config::place::At;
use crate::finding::{Finding, Level};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::repo::environment::Unplaced;
use crate::repo::init::entry;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::text::span::Span;

/// The rule.
pub static RULE: Rule = Rule {
    id: "unplaced-environment",
    level: Level::Warning,
    fixes: Fixes::Never,
    summary: "a directory that looks like an environment and has no place in the promotion order",
    docs: "
### What it finds

A directory or file beside those of known environments whose name says `test`, `qa`, `uat`, `int`, `sit`, `acc`,
`preprod`, `nonprod` or `live`, and that belongs to no environment. `demo` and `sandbox` are remarks, since they rarely come
before production.

### Why it matters

Nothing is promoted there, and no rule of versions looks there. As long as one that may come before the last environment has
no place, no version can begin in the last one: it would skip a step.

### Example

```text
overlays/staging/
overlays/uat/          # after staging, before production?
overlays/production/
```

### Repair

Give it a place in `rotate.yaml`, which `rotate init` writes; the order of the entries is the order of promotion:

```yaml
environments:
  - { name: staging, paths: [overlays/staging] }
  - { name: uat, paths: [overlays/uat] }
  - { name: production, paths: [overlays/production] }
```

With `versioned: false` it takes no part in rotations.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let unplaced = repo.environments.unplaced();
    unplaced.iter().filter_map(|one| finding(repo, one)).collect()
}

fn finding(repo: &Repo, unplaced: &Unplaced) -> Option<Finding> {
    let settings = repo.config.place(&[At::Value("environments")]);
    let (first, rest) = unplaced.paths.split_first()?;
    let level = if unplaced.may_come_before { Level::Warning } else { Level::Info };
    let finding = RULE.finding(&start(repo, first)?, unplaced.to_string()).at_least(level);
    let finding = finding.related("the order of the environments is here", settings.clone());
    let finding =
        rest.iter().fold(finding, |all, path| all.related(path.to_string(), start(repo, path)));
    let add = match settings {
        Some(_) => "add it where it belongs under `environments` in rotate.yaml",
        None => {
            "write rotate.yaml with `rotate init`, and add it where it belongs under `environments`"
        }
    };
    Some(finding.help(format!("{add}: `{}`", entry(unplaced))))
}

/// The beginning of a file, or of the first file in a directory.
fn start(repo: &Repo, path: &TreePath) -> Option<Place> {
    let tree = repo.library.tree();
    let files = tree.manifests();
    let from = files.partition_point(|file| file < path);
    let file = files[from..].iter().find(|file| file.is_within(path))?;
    let source = tree.source(file).ok()?;
    Some(Place { source, span: Span::new(0, 0) })
}
