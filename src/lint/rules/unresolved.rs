//! YAML that does not parse, and kustomizations that do not build.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Level};
use crate::kustomize::load::kustomization;
use crate::lint::clear_text::is_locked;
use crate::lint::git_patterns::Patterns;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::lint::spelled::{is_prose, is_script};
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
chart, a plugin) is no fault, nor is a file that Git ignores and a pipeline makes. A template of a generator (Jinja,
cookiecutter) outside of every environment, and a missing file that a script of the repository writes, are counted and not
reported. A directory that no other includes and no controller builds is one remark, however much is wrong with it.

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
    facts.faults().findings.clone()
}

/// What does not build.
#[derive(Default)]
pub struct Faults {
    findings: Vec<Finding>,
    /// The files that a generator fills in or makes, which were not read.
    pub(crate) generated: BTreeSet<TreePath>,
}

/// Everything that does not build.
pub(crate) fn faults(repo: &Repo) -> Faults {
    let failed = || repo.roots.iter().filter(|root| root.has_failed());
    let mut all = Faults::default();
    if failed().next().is_none() {
        return all;
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
    let elsewhere = Elsewhere::of(repo);
    let is_directed = is_directed(repo);
    for root in failed().filter(|root| root.kind != RootKind::Kustomize || speaks(root)) {
        let environment = root.environment.map(|index| repo.environments[index].name.as_str());
        let mut faults: Vec<&Problem> = Vec::new();
        for problem in root.problems().iter().filter(|problem| !problem.partial) {
            match elsewhere.meets(root, problem) {
                None => faults.push(problem),
                Some(Some(file)) => drop(all.generated.insert(file)),
                Some(None) => {}
            }
        }
        let is_dead = root.environment.is_none()
            && root.builders.is_empty()
            && root.kind == RootKind::Kustomize
            && (is_directed || is_base(&root.path));
        if is_dead {
            all.findings.extend(dead(repo, root, &faults));
            continue;
        }
        for problem in faults {
            let finding = RULE.finding(&place(repo, problem), problem.message.clone());
            let help = problem.help.clone().unwrap_or_else(|| help(root));
            all.findings.push(finding.in_each(environment).help(help));
        }
    }
    all
}

/// Whether the repository says what is built: by objects of Flux and Argo CD.
fn is_directed(repo: &Repo) -> bool {
    repo.roots.iter().any(|root| !root.builders.is_empty())
}

/// Whether a directory is called like one that only others build.
fn is_base(directory: &TreePath) -> bool {
    matches!(directory.name(), "base" | "bases")
}

/// One remark for a directory that nothing builds.
fn dead(repo: &Repo, root: &Root, faults: &[&Problem]) -> Option<Finding> {
    let (first, more) = faults.split_first()?;
    let more = match more.len() {
        0 => String::new(),
        1 => ", and has 1 fault more".to_owned(),
        more => format!(", and has {more} faults more"),
    };
    let (path, why) = (root.path.display(), &first.message);
    let message = format!("`{path}` does not build, and nothing here builds it: {why}{more}");
    let finding = RULE.finding(&place(repo, first), message).at_least(Level::Info);
    Some(finding.help("remove the directory if it is no longer needed, or repair it"))
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

/// What is a fault only here: the file is made, unlocked or filled in before somebody applies it.
struct Elsewhere<'r> {
    repo: &'r Repo,
    ignored: Patterns,
    /// What scripts of the repository say, read when the first missing file asks.
    scripts: OnceCell<BTreeSet<String>>,
}

impl<'r> Elsewhere<'r> {
    fn of(repo: &'r Repo) -> Self {
        let ignored = Patterns::ignored(&**repo.library.tree());
        Self { repo, ignored, scripts: OnceCell::new() }
    }

    /// Whether a fault is none where it is applied, and the file that a generator fills in or makes.
    fn meets(&self, root: &Root, problem: &Problem) -> Option<Option<TreePath>> {
        let tree = self.repo.library.tree();
        let missing = problem.message.strip_prefix('`');
        let missing = missing.and_then(|text| text.strip_suffix("` does not exist"));
        if let Some(file) = missing.and_then(TreePath::new) {
            if self.ignored.fit(&file) {
                return Some(None);
            }
            if self.is_made(&file) {
                return Some(Some(file));
            }
        }
        let file = &problem.path;
        let is_template = || {
            is_marked(file.as_str())
                || file.parts().any(|part| part.contains("cookiecutter"))
                || tree.source(file).is_ok_and(|source| is_marked(source.text()))
        };
        if root.environment.is_none() && is_template() {
            return Some(Some(file.clone()));
        }
        let is_plain = root.kind != RootKind::Kustomize;
        let is_locked = || tree.bytes(file).is_ok_and(|bytes| is_locked(&bytes));
        (is_plain && is_locked()).then_some(None)
    }

    /// Whether a script names a missing file with its directory: it copies something there.
    fn is_made(&self, file: &TreePath) -> bool {
        let scripts = self.scripts.get_or_init(|| {
            let tree = self.repo.library.tree();
            let mut words = BTreeSet::new();
            for file in tree.files().iter().filter(|file| is_script(file) && !is_prose(file)) {
                let Ok(source) = tree.source(file) else { continue };
                let is_end = |c: char| c.is_whitespace() || "\"'`;|&()<>=".contains(c);
                let paths = source.text().split(is_end).filter(|word| word.contains('/'));
                words.extend(paths.filter_map(ends));
            }
            words
        });
        ends(file.as_str()).is_some_and(|end| scripts.contains(&end))
    }
}

/// The last directory and the name of a path.
fn ends(path: &str) -> Option<String> {
    let (before, name) = path.rsplit_once('/')?;
    let directory = before.rsplit_once('/').map_or(before, |(_, directory)| directory);
    let is_told = !name.is_empty() && !matches!(directory, "" | "." | "..");
    is_told.then(|| format!("{directory}/{name}"))
}

/// Whether a text has marks of a generator: Jinja, cookiecutter, ERB.
fn is_marked(text: &str) -> bool {
    ["{{", "{%", "<%"].iter().any(|mark| text.contains(mark))
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
    Place::new(source, Span::new(0, 0))
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
