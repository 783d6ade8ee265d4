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
    let found = unplaced.iter().flat_map(|one| {
        let places = one.paths.iter().filter_map(|path| start(repo, path));
        places.map(|place| finding(repo, one, &place))
    });
    found.collect()
}

fn finding(repo: &Repo, unplaced: &Unplaced, place: &Place) -> Finding {
    let settings = repo.config.place(&[At::Value("environments")]);
    let level = if unplaced.may_come_before { Level::Warning } else { Level::Info };
    let finding = RULE.finding(place, unplaced.to_string()).at_least(level).general();
    let add = match settings {
        Some(_) => "add it where it belongs under `environments` in rotate.yaml",
        None => {
            "write rotate.yaml with `rotate init`, and add it where it belongs under `environments`"
        }
    };
    let finding = finding.related("the order of the environments is here", settings);
    finding.help(format!("{add}: `{}`", entry(unplaced)))
}

/// The beginning of what a file says, or the first file in a directory, so that a comment may stand above it.
fn start(repo: &Repo, path: &TreePath) -> Option<Place> {
    let tree = repo.library.tree();
    let files = tree.manifests();
    let from = files.partition_point(|file| file < path);
    let file = files[from..].iter().find(|file| file.is_within(path))?;
    let stream = repo.library.stream(file).ok();
    let first = stream.as_ref().and_then(|stream| stream.documents.first()?.root.origin.as_ref());
    let at = first.map_or(0, |place| place.span().start);
    Some(Place::new(tree.source(file).ok()?, Span::new(at, at)))
}
