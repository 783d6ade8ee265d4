//! YAML that does not parse, and kustomizations that do not build.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Level};
use crate::kustomize::load::kustomization;
use crate::lint::clear_text::is_locked;
use crate::lint::git_patterns::Patterns;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::repo::root::{Root, RootKind};
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::shell::command;
use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::text::work;

/// The rule.
pub static RULE: Rule = Rule {
    id: "unresolved",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "a file that does not parse as YAML, a kustomization that does not build",
    docs: "
### What it finds

A file of manifests that is no YAML as Kubernetes reads it, and a kustomization that `kubectl kustomize` would refuse: a
base or a file that is not there, a patch that fits nothing, a cycle. A base that does not build by itself is reported
only if a build that takes it in fails, and each fault once, where it is. What is merely not here (a remote base, a
chart, a plugin) is no fault, nor is a file that Git ignores and a pipeline makes, nor a template outside of every
environment.

### Why it matters

The GitOps controller goes on with the last state that built: a new version that was committed since does not arrive,
and nothing in the cluster shows it. The other rules cannot see what does not build, so they report nothing about it.

### Example

```yaml
resources:
  - ../base
  - auth-api-secrets-20250723110000.yaml   # the file was never added
```

### Repair

Fix what the message reports; `kubectl kustomize DIR` must succeed.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let failed = || repo.roots.iter().filter(|root| root.has_failed());
    if failed().next().is_none() {
        return Vec::new();
    }
    let reached = reached(repo);
    let none = BTreeSet::new();
    let of = |path: &TreePath| reached.get(path).unwrap_or(&none);
    let mut includers: BTreeMap<&TreePath, Vec<&TreePath>> = BTreeMap::new();
    for (includer, directories) in &reached {
        for directory in directories.iter().filter(|directory| *directory != includer) {
            work::step();
            includers.entry(directory).or_default().push(includer);
        }
    }
    // What takes it in says whether it matters; of a cycle, in which each takes in the other, one speaks.
    let speaks = |root: &Root| {
        let speaks_for = |other: &&TreePath| {
            work::step();
            !of(&root.path).contains(*other) || **other < root.path
        };
        !includers.get(&root.path).into_iter().flatten().any(speaks_for)
    };
    let ignored = Patterns::ignored(&**repo.library.tree());
    let mut findings = Vec::new();
    for root in failed().filter(|root| root.kind != RootKind::Kustomize || speaks(root)) {
        let environment = root.environment.map(|index| repo.environments[index].name.as_str());
        let faults = root.problems().iter().filter(|problem| !problem.partial);
        for problem in faults.filter(|problem| !is_elsewhere(repo, root, problem, &ignored)) {
            let finding = RULE.finding(&place(repo, problem), problem.message.clone());
            let help = problem.help.clone().unwrap_or_else(|| help(root));
            findings.push(finding.in_each(environment).help(help));
        }
    }
    findings
}

/// The directories that each kustomization takes in, by itself and through others.
fn reached(repo: &Repo) -> BTreeMap<TreePath, BTreeSet<TreePath>> {
    let roots = repo.roots.iter().filter(|root| root.kind == RootKind::Kustomize);
    let mut reached = BTreeMap::new();
    for root in roots {
        let mut found = BTreeSet::new();
        let mut next = vec![root.path.clone()];
        while let Some(at) = next.pop() {
            for (directory, _) in &*repo.resolver.edges(&at) {
                if found.insert(directory.clone()) {
                    next.push(directory.clone());
                }
            }
        }
        reached.insert(root.path.clone(), found);
    }
    reached
}

/// Whether it is a fault only here: the file is made, unlocked or filled in before somebody applies it.
fn is_elsewhere(repo: &Repo, root: &Root, problem: &Problem, ignored: &Patterns) -> bool {
    let missing =
        problem.message.strip_prefix('`').and_then(|text| text.strip_suffix("` does not exist"));
    if missing.and_then(TreePath::new).is_some_and(|file| ignored.fit(&file)) {
        return true;
    }
    let tree = repo.library.tree();
    if root.kind == RootKind::Kustomize {
        return false;
    }
    let locked = || tree.bytes(&problem.path).is_ok_and(|bytes| is_locked(&bytes));
    let template = || {
        let source = tree.source(&problem.path);
        source.is_ok_and(|one| ["{{", "{%", "<%"].iter().any(|mark| one.text().contains(mark)))
    };
    locked() || (root.environment.is_none() && template())
}

/// Where the fault is: the place itself, or the head of the file, or of the directory's kustomization.
fn place(repo: &Repo, problem: &Problem) -> Place {
    if let Some(place) = &problem.place {
        return place.clone();
    }
    let tree = repo.library.tree();
    let kustomization = || kustomization::files_in(&repo.library, &problem.path).into_iter().next();
    let source = tree.source(&problem.path).ok();
    let source = source.or_else(|| tree.source(&kustomization()?).ok());
    let source = source.unwrap_or_else(|| Source::file(problem.path.clone(), ""));
    Place { source, span: Span::new(0, 0) }
}

fn help(root: &Root) -> String {
    match root.kind {
        RootKind::Kustomize => {
            let build = command("kubectl kustomize", &[root.path.display()], "");
            format!("`{build}` must succeed")
        }
        RootKind::Chart => "fix it; Helm would not read it either".to_owned(),
        RootKind::Plain => {
            "fix it; if the file is not a manifest, drop the `.yaml` extension".to_owned()
        }
    }
}
