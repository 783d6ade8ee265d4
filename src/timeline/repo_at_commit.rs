//! The repository as it was at a commit of the mainline, loaded from the state after it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::parse as settings;
use crate::config::settings::Config;
use crate::git::line::Difference;
use crate::git::repository::Git;
use crate::git::snapshot::Snapshot;
use crate::repo::environment::Environment;
use crate::repo::root::{Root, others};
use crate::repo::{Repo, Scope};
use crate::text::path::TreePath;
use crate::text::work;
use crate::timeline::harmless::{Harmless, harmless};
use crate::timeline::walk::WalkError;
use crate::tree::Tree;
use crate::tree::memory::may_hold_manifests;
use crate::yaml::library::Library;

/// The path of the settings in a tree.
const CONFIG: &str = "rotate.yaml";

/// The repository as it was at the commit that the walk has reached.
pub(super) struct RepoAtCommit {
    pub(super) repo: Repo,
    pub(super) snapshot: Arc<Snapshot>,
    /// Differences skipped since then, because nothing reads those files.
    pending: Difference,
    /// Entries of ConfigMaps that differ and were skipped, because nothing but pods reads them, by file.
    entries: BTreeMap<TreePath, Entries>,
    settings: TreePath,
    /// The current name of each environment.
    names: Vec<String>,
    /// Whether nothing is passed over.
    takes_all: bool,
}

/// The entries of a file's ConfigMaps that differ.
#[derive(Default)]
struct Entries {
    /// The names of the ConfigMaps.
    names: BTreeSet<String>,
    difference: Difference,
}

impl RepoAtCommit {
    /// The newest state. `beside` is a tree that is probably similar.
    pub(super) fn new(
        git: &Git,
        snapshot: Snapshot,
        settings: &Config,
        beside: Option<&Repo>,
    ) -> Result<Self, WalkError> {
        let path = TreePath::root().join(CONFIG).unwrap_or_else(TreePath::root);
        let own = config(&snapshot, &path);
        let config = own.as_ref().unwrap_or(settings);
        let snapshot = Arc::new(snapshot);
        let tree: Arc<dyn Tree> = Arc::<Snapshot>::clone(&snapshot);
        let is_same = |path: &TreePath, bytes: &[u8]| git.is_in(&snapshot, path, bytes);
        let shared = beside.and_then(|beside| beside.beside(&tree, config, is_same));
        let repo = match shared {
            Some(repo) => repo,
            None => Repo::load(tree, Some(config.clone()), Scope::Everything)?,
        };
        let names = repo.environments.iter().map(|one| one.name.clone()).collect();
        let (pending, entries) = (Difference::default(), BTreeMap::new());
        Ok(Self { repo, snapshot, pending, entries, settings: path, names, takes_all: false })
    }

    /// The same, which passes over nothing: what no reference depends on counts, too, such as the pins of stubs.
    pub(super) const fn with_all(mut self) -> Self {
        self.takes_all = true;
        self
    }

    /// Goes back by a difference; returns whether anything may have been different before it.
    pub(super) fn go_back(&mut self, mut difference: Difference) -> bool {
        // Harmless changes are never loaded: whole build roots would be resolved again for nothing.
        self.pass_over(&mut difference);
        let has_other_links = self.snapshot.has_other_links(&difference);
        let matters = has_other_links || difference.files().any(|path| self.matters(path));
        let has_settings = difference.files().any(|path| *path == self.settings);
        self.pending.extend(difference);
        if !matters {
            return false;
        }
        if has_settings || has_other_links {
            let all = std::mem::take(&mut self.entries).into_values();
            all.for_each(|one| self.pending.extend(one.difference));
        }
        let Some(mut newer) = self.load(has_settings, has_other_links) else { return false };
        while self.recall(&newer) {
            let Some(again) = self.load(false, false) else { return false };
            newer = again;
        }
        true
    }

    /// Takes the harmless changes out of a difference.
    fn pass_over(&mut self, difference: &mut Difference) {
        if self.takes_all {
            return;
        }
        let harmless: Vec<(TreePath, Harmless)> = difference
            .files()
            .filter(|path| self.matters(path))
            .filter_map(|path| Some((path.clone(), self.harmless(difference, path)?)))
            .collect();
        for (path, Harmless { entries }) in harmless {
            let difference = difference.take(&path);
            if !entries.is_empty() {
                let known = self.entries.entry(path).or_default();
                known.names.extend(entries);
                known.difference = difference;
            }
        }
        for path in difference.files() {
            self.entries.remove(path);
        }
    }

    /// Adds to what is pending the entries that were passed over and that something in the older state may read, of which
    /// the state after it was `newer`; returns whether there are any.
    fn recall(&mut self, newer: &Repo) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let new: Vec<&Arc<Root>> = others(&self.repo.roots, &newer.roots).collect();
        let repo = &self.repo;
        let is_read = |path: &TreePath, names: &BTreeSet<String>| {
            new.iter().any(|root| names.iter().any(|name| repo.spreads(root, path, name)))
        };
        let read = self.entries.extract_if(.., |path, one| is_read(path, &one.names));
        let read: Vec<Difference> = read.map(|(_, one)| one.difference).collect();
        let is_any = !read.is_empty();
        read.into_iter().for_each(|one| self.pending.extend(one));
        is_any
    }

    /// Loads the tree before what is pending; returns the state after it, or `None` if it cannot be loaded.
    fn load(&mut self, has_settings: bool, has_other_links: bool) -> Option<Repo> {
        work::count("state loaded");
        let pending = std::mem::take(&mut self.pending);
        let changed: BTreeSet<TreePath> = pending.files().cloned().collect();
        let shelf = self.repo.release();
        let tree = self.go_back_to(&pending);
        let own = if has_settings { config(&tree, &self.settings) } else { None };
        // Settings that did not match their own tree are ignored.
        let loaded = own.and_then(|own| Repo::load_past(Arc::<Snapshot>::clone(&tree), own).ok());
        let again = || {
            if has_other_links {
                return self.repo.load_like(tree);
            }
            let library = Library::stocked(tree, shelf, &changed);
            self.repo.reload_library(Arc::new(library), &changed)
        };
        let repo = loaded.map_or_else(again, Ok).ok()?;
        self.names = self.names_in(&repo);
        Some(std::mem::replace(&mut self.repo, repo))
    }

    /// The tree before some differences.
    fn go_back_to(&mut self, difference: &Difference) -> Arc<Snapshot> {
        if Arc::get_mut(&mut self.snapshot).is_none() {
            self.snapshot = Arc::new(self.snapshot.copy());
        }
        if let Some(snapshot) = Arc::get_mut(&mut self.snapshot) {
            snapshot.go_back(difference);
        }
        Arc::clone(&self.snapshot)
    }

    /// The current names of the environments of that time.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The current names of the environments of an older state: an environment declared at the same position as another
    /// is the same one under an older name.
    fn names_in(&self, older: &Repo) -> Vec<String> {
        let (newer, older) = (&self.repo.environments, &older.environments);
        let has = |name: &str| older.iter().any(|one| one.name == name);
        let name = |(index, one): (usize, &Environment)| {
            let same = newer.iter().position(|other| other.name == one.name);
            let in_place = || {
                let was_renamed = newer.len() == older.len()
                    && !newer.get(index).is_some_and(|one| has(&one.name));
                was_renamed.then_some(index)
            };
            let known = same.or_else(in_place).and_then(|index| self.names.get(index));
            known.unwrap_or(&one.name).clone()
        };
        older.iter().enumerate().map(name).collect()
    }

    /// Whether a build root may read a file.
    fn matters(&self, path: &TreePath) -> bool {
        may_hold_manifests(path) || self.repo.roots.iter().any(|root| root.files().contains(path))
    }
}

impl RepoAtCommit {
    /// Whether a file differs from the loaded state only in values unrelated to secrets.
    fn harmless(&self, difference: &Difference, path: &TreePath) -> Option<Harmless> {
        let older = self.snapshot.older(difference, path)?;
        let now = self.repo.library.stream(path).ok()?;
        harmless(&self.repo, path, &now, &older)
    }
}

/// The tree's own settings, if they can be read.
fn config(tree: &Snapshot, path: &TreePath) -> Option<Config> {
    settings::parse_past(&tree.source(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use crate::config::settings::Config;
    use crate::git::testing::history;
    use crate::repo::subject::Subject;
    use crate::repo::testing::{deployment, resources};
    use crate::text::work;
    use crate::timeline::Timeline;
    use crate::timeline::walk::Depth;

    type Commit<'f> = Vec<(&'f str, String)>;

    const FILE: &str = "apps/web/base/note.yaml";

    fn note(entries: &str) -> String {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: note\ndata:\n{entries}")
    }

    fn first() -> Commit<'static> {
        let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: web}\nspec: {path: ./apps/web/production}\n";
        vec![
            ("apps/web/base/kustomization.yaml", resources(&["web.yaml", "note.yaml"])),
            ("apps/web/base/web.yaml", deployment("web", "auth")),
            (FILE, note("  key-0: text\n")),
            ("apps/web/production/kustomization.yaml", resources(&["../base"])),
            ("clusters/production/web.yaml", flux.to_owned()),
        ]
    }

    /// The history, and how many of its states were loaded.
    fn walk(commits: &[Commit<'_>]) -> (Timeline, usize) {
        let sandbox = tempfile::tempdir().unwrap();
        let git = history(sandbox.path(), commits);
        let mut past = None;
        let work = work::during(|| {
            let now = chrono::DateTime::UNIX_EPOCH;
            let depth = (Depth::Everything, now);
            past = Some(Timeline::read(&git, None, &Config::default(), depth).unwrap());
        });
        (past.unwrap(), work.get("state loaded").copied().unwrap_or_default())
    }

    /// How many of ten states are loaded of which each has a ConfigMap with another key, or else another value.
    fn loaded(more: &Commit<'static>, entry: impl Fn(usize) -> String) -> usize {
        let mut commits = vec![first()];
        commits[0].extend(more.iter().cloned());
        commits.extend((1..=10).map(|number| vec![(FILE, note(&entry(number)))]));
        walk(&commits).1
    }

    fn key(number: usize) -> String {
        format!("  key-{number}: text\n")
    }

    fn value(number: usize) -> String {
        format!("  key-0: word-{number}\n")
    }

    #[test]
    fn entries_that_only_pods_read_are_not_loaded() {
        assert_eq!(loaded(&Vec::new(), key), 0);
        assert_eq!(loaded(&Vec::new(), value), 0);
        let patched = "resources: [../base]\npatches: [{path: web.yaml}]\nnamespace: web\n";
        let patch = deployment("web", "mail");
        let more = vec![
            ("apps/web/production/kustomization.yaml", patched.to_owned()),
            ("apps/web/production/web.yaml", patch),
        ];
        assert_eq!(loaded(&more, key), 0);
    }

    #[test]
    fn entries_that_something_else_may_read_are_loaded() {
        let at = "apps/web/production/kustomization.yaml";
        let base = |more: &str| vec![(at, format!("resources: [../base]\n{more}"))];
        let cluster = |api: &str, kind: &str, spec: &str| {
            let text =
                format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}\n");
            vec![("clusters/production/other.yaml", text)]
        };
        let flux = |spec: &str| cluster("kustomize.toolkit.fluxcd.io/v1", "Kustomization", spec);
        let release = |spec: &str| cluster("helm.toolkit.fluxcd.io/v2", "HelmRelease", spec);
        let all = [
            flux("{path: ./x, postBuild: {substituteFrom: [{kind: ConfigMap, name: note}]}}"),
            flux("{path: ./x, postBuild: {substituteFrom: [{kind: ConfigMap, name: \"${n}\"}]}}"),
            flux("{path: ./x, patches: [{patch: \"[]\", target: {name: note}}]}"),
            release("{valuesFrom: [{kind: ConfigMap, name: note}]}"),
            base("replacements: []\n"),
            base("vars: []\n"),
            base("configMapGenerator: [{name: c, files: [kustomization.yaml]}]\n"),
            base("patches: [{patch: \"[]\", target: {kind: .*Map}}]\n"),
            vec![(at, "resources: [../base, missing.yaml]\n".to_owned())],
            vec![(
                "rotate.yaml",
                "references: [{apiVersion: v1, kind: ConfigMap, path: data.a}]\n".to_owned(),
            )],
        ];
        for (index, more) in all.iter().enumerate() {
            assert_eq!(loaded(more, key), 10, "{index}: a key");
            assert_eq!(loaded(more, value), 10, "{index}: a value");
        }
    }

    #[test]
    fn entries_from_which_something_may_be_made_are_loaded() {
        let texts = ["\"${name}\"", "\"a: b\"", "|\n    - a", "auth", "x-20250101000000", "{a: b}"];
        for text in texts {
            assert_eq!(
                loaded(&Vec::new(), |number| format!("  k{number}: {text}\n")),
                10,
                "{text}"
            );
        }
        assert_eq!(loaded(&Vec::new(), |number| format!("  auth-{number}: a\n")), 10);
    }

    /// A variable, or a template, may become the name of a secret by what a controller fills in.
    #[test]
    fn values_that_controllers_fill_in_are_loaded() {
        let web = |value: &str| {
            let text = deployment("web", "auth");
            let volume = format!("      volumes: [{{csi: {{driver: {value}}}}}]\n");
            vec![("apps/web/base/web.yaml", format!("{text}{volume}"))]
        };
        let of = |text: fn(usize) -> String| {
            let mut commits = vec![first()];
            commits.extend((1..=4).map(|number| web(&text(number))));
            walk(&commits).1
        };
        let plain = of(|number| format!("x{number}"));
        assert_eq!(of(|number| format!("\"${{X{number}}}\"")), plain + 3);
        assert_eq!(of(|number| format!("\"a-{number}-${{X}}\"")), plain + 3);
    }

    /// What was passed over counts once an older state reads it.
    #[test]
    fn entries_that_an_older_state_reads_are_loaded_then() {
        let at = "apps/web/production/kustomization.yaml";
        let copying = "resources: [../base]\nreplacements:\n- source: {kind: ConfigMap, name: note, fieldPath: data.secret}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.envFrom.0.secretRef.name]\n";
        let mut oldest = first();
        oldest.extend([(FILE, note("  secret: mail\n")), (at, copying.to_owned())]);
        let commits = [
            oldest,
            vec![(at, resources(&["../base"]))],
            vec![(FILE, note("  other: text\n"))],
            vec![(FILE, note("  another: text\n"))],
        ];
        let (past, loaded) = walk(&commits);
        assert_eq!(loaded, 2);
        let eras = |family| past.eras(&Subject::new("production", family)).len();
        assert_eq!((eras("auth"), eras("mail")), (1, 2));
    }
}
