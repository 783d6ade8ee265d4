//! What the build roots of a tree follow from, kept so that only what a change reaches is loaded again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::repo::Repo;
use crate::repo::charts::Charts;
use crate::repo::environment::{EnvironmentId, claim_of_file};
use crate::repo::layout::Layout;
use crate::repo::loader::Loader;
use crate::repo::marks::meet;
use crate::repo::plain::{self, PlainTrees, Trees};
use crate::repo::pointer::Pointers;
use crate::repo::relaid::Needs;
use crate::repo::root::{Root, RootKind};
use crate::repo::site::{BuildSite, Site, unrestricted};
use crate::text::path::TreePath;

/// At most so many kustomizations are built one after the other.
const FEW: usize = 4;

/// What a changed tree can reuse.
pub(super) struct Ground {
    pub(super) components: Components,
    /// The files that neither a kustomization nor a component reads, sorted.
    pub(super) loose: Arc<Vec<TreePath>>,
    /// The trees of plain manifests that these make.
    pub(super) trees: Arc<Trees>,
    pub(super) ties: Ties,
    /// The directories that controllers are configured to apply.
    pub(super) pointers: Arc<Pointers>,
    /// What kubectl makes of directories of which every controller makes something else, by path.
    pub(super) shadowed: Vec<Arc<Root>>,
    /// What the views depend on besides.
    pub(super) needs: Needs,
    /// Where releases have their values; these files are in no tree of plain manifests.
    pub(super) charts: Arc<Charts>,
}

/// Components by directory.
pub(super) type Components = BTreeMap<TreePath, Arc<Component>>;

/// A component, which is no build root.
pub(super) struct Component {
    /// Its kustomization file, links followed.
    pub(super) file: TreePath,
    /// What it names.
    pub(super) files: BTreeSet<TreePath>,
}

/// What may make trees of plain manifests depend on files elsewhere.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ties {
    /// Whether where one of them starts depends on which directories are occupied.
    pub(super) is_bounded: bool,
    /// Whether one of the files is a link.
    pub(super) has_links: bool,
}

/// A tree before some files changed, for the loader of the changed tree.
pub(super) struct Before<'a> {
    pub(super) loader: &'a Loader<'a>,
    pub(super) repo: &'a Repo,
    pub(super) ground: &'a Ground,
    pub(super) changed: &'a BTreeSet<TreePath>,
}

/// The kustomizations of the changed tree.
struct Kustomizations<'a> {
    /// The roots that no change reaches.
    kept: Vec<Site>,
    /// The other roots.
    new: Vec<Site>,
    components: Components,
    /// The roots from before that are not kept.
    gone: Vec<&'a Arc<Root>>,
}

impl Ground {
    pub(super) fn new(
        components: Components,
        loose: Arc<Vec<TreePath>>,
        trees: Trees,
        ties: Ties,
        pointers: Pointers,
    ) -> Self {
        let (trees, pointers, charts) = (Arc::new(trees), Arc::new(pointers), Arc::default());
        let (shadowed, needs) = (Vec::new(), Needs::default());
        Self { components, loose, trees, ties, pointers, charts, shadowed, needs }
    }
}

impl<'a> Before<'a> {
    /// What [`Loader::everything`] finds, in any order.
    pub(super) fn sites(&self) -> (Vec<Site>, Ground) {
        let now = self.kustomizations();
        let loose = self.loose(&now);
        let points_alike = Pointers::union(now.gone.iter().map(|root| &root.pointers))
            == Pointers::union(now.new.iter().map(Site::pointers));
        let plain = if points_alike { self.plain(&loose) } else { None };
        let (components, kept, new) = (now.components, now.kept, now.new);
        if let Some((plain, trees, ties)) = plain {
            let pointers = Arc::clone(&self.ground.pointers);
            let unrestricted = unrestricted(kept.iter().chain(&new), &pointers);
            // A kept root may be refused now, if what includes it has changed.
            let is_bound = |site: &Site| site.build().outside.is_none();
            let (kept, moved): (Vec<Site>, Vec<Site>) = if kept.iter().all(is_bound) {
                (kept, Vec::new())
            } else {
                kept.into_iter().partition(is_bound)
            };
            let new = new.into_iter().chain(moved).chain(plain);
            let new = new.map(|site| site.placed(&pointers, &unrestricted));
            let sites = kept.into_iter().chain(new).collect();
            let (charts, shadowed, needs) = (Arc::default(), Vec::new(), Needs::default());
            let ground =
                Ground { components, loose, trees, ties, pointers, charts, shadowed, needs };
            return (sites, ground);
        }
        let sites: Vec<Site> = kept.into_iter().chain(new).collect();
        let pointers = Pointers::union(sites.iter().map(Site::pointers));
        let plain = self.loader.plain(pointers, &loose);
        let trees = plain.sites.into_iter().map(|site| self.loader.same(site));
        let unrestricted = unrestricted(sites.iter(), &plain.pointers);
        let sites = sites.into_iter().chain(trees);
        let sites = sites.map(|site| site.placed(&plain.pointers, &unrestricted));
        let sites = sites.collect();
        (sites, Ground::new(components, loose, plain.trees, plain.ties, plain.pointers))
    }

    /// The kustomizations; only those that a change can reach are built.
    fn kustomizations(&self) -> Kustomizations<'a> {
        let mut now = Kustomizations {
            kept: Vec::with_capacity(self.repo.roots.len()),
            new: Vec::new(),
            components: Components::new(),
            gone: Vec::new(),
        };
        let mut roots = self.bases().peekable();
        let has_other_files = !Arc::ptr_eq(&self.loader.layout.files, &self.repo.layout.files);
        // Which files a component names depends on which files there are.
        let is_kept = |directory: &TreePath, component: &Component| {
            !has_other_files
                && !self.loader.rewired.contains(directory)
                && !self.changed.contains(&component.file)
        };
        let mut reached: Vec<(&TreePath, &TreePath)> = Vec::new();
        for (directory, file) in &*self.loader.layout.kustomizations {
            // Mostly it is the next one, by the same text.
            if roots.peek().is_some_and(|root| root.path != *directory) {
                while let Some(gone) = roots.next_if(|root| root.path < *directory) {
                    now.gone.push(gone);
                }
            }
            match roots.next_if(|root| root.path == *directory) {
                Some(root) if self.loader.is_kept(root) => {
                    now.kept.push(Site::Kept(Arc::clone(root)));
                    continue;
                }
                known => now.gone.extend(known),
            }
            match self.ground.components.get(directory) {
                Some(one) if is_kept(directory, one) => {
                    now.components.insert(directory.clone(), Arc::clone(one));
                }
                _ => reached.push((directory, file)),
            }
        }
        now.gone.extend(roots);
        let built = self.build(&reached);
        for ((directory, _), built) in reached.into_iter().zip(built) {
            match built {
                Ok(site) => now.new.push(Site::new(site)),
                Err(component) => drop(now.components.insert(directory.clone(), component)),
            }
        }
        now
    }

    /// What kubectl made of each kustomization before, by path.
    fn bases(&self) -> impl Iterator<Item = &'a Arc<Root>> {
        let is_kustomization = |root: &&Arc<Root>| root.kind == RootKind::Kustomize;
        let mut shadowed = self.ground.shadowed.iter().filter(is_kustomization).peekable();
        let roots = self.repo.roots.iter().filter(|root| root.view.is_none());
        let mut roots = roots.filter(is_kustomization).peekable();
        std::iter::from_fn(move || match (roots.peek(), shadowed.peek()) {
            (Some(root), Some(other)) if other.path < root.path => shadowed.next(),
            (None, _) => shadowed.next(),
            _ => roots.next(),
        })
    }

    fn build(&self, all: &[(&TreePath, &TreePath)]) -> Vec<Result<BuildSite, Arc<Component>>> {
        let build = |&(directory, file): &(&TreePath, &TreePath)| {
            self.loader.site_or_component(directory, file)
        };
        if all.len() <= FEW {
            all.iter().map(build).collect()
        } else {
            all.par_iter().map(build).collect()
        }
    }

    /// The files that neither a kustomization nor a component reads.
    fn loose(&self, now: &Kustomizations<'_>) -> Arc<Vec<TreePath>> {
        let (layout, before) = (self.loader.layout, &self.ground.loose);
        if !layout.is_made_from(&self.repo.layout) {
            return self.loader.loose(now.kept.iter().chain(&now.new), &now.components);
        }
        let mut moved: BTreeSet<&TreePath> = self.changed.iter().collect();
        moved.extend(now.gone.iter().flat_map(|root| root.files()));
        moved.extend(now.new.iter().flat_map(|site| &site.build().files));
        moved.extend(others(&self.ground.components, &now.components));
        moved.extend(others(&now.components, &self.ground.components));
        let mut loose = Arc::clone(before);
        for file in moved {
            let at = loose.binary_search(file);
            let reads = |site: &Site| site.build().files.contains(file);
            // A root that reads what changed is not kept, nor does a kept one read what none has read before.
            let may_be_kept = at.is_err() && !self.changed.contains(file);
            let is_read = || {
                now.new.iter().any(reads)
                    || now.components.values().any(|component| component.files.contains(file))
                    || may_be_kept && now.kept.iter().any(reads)
            };
            let is_loose = layout.files.binary_search(file).is_ok() && !is_read();
            match (at, is_loose) {
                (Ok(at), false) => drop(Arc::make_mut(&mut loose).remove(at)),
                (Err(at), true) => Arc::make_mut(&mut loose).insert(at, file.clone()),
                _ => {}
            }
        }
        loose
    }

    /// The trees of plain manifests, of which only those that a change can reach are read; `None` if the files say
    /// something else to controllers than before, or all must be read for another reason.
    fn plain(&self, loose: &Arc<Vec<TreePath>>) -> Option<(Vec<Site>, Arc<Trees>, Ties)> {
        let (trees, mut ties) = self.trees(loose)?;
        let says =
            |root: Option<&Arc<Root>>| root.map(|root| root.pointers.clone()).unwrap_or_default();
        let vanished = self.ground.trees.keys().filter(|key| !trees.contains_key(key));
        if vanished.into_iter().any(|key| says(self.root_of(key)) != Pointers::default()) {
            return None;
        }
        let mut sites = Vec::new();
        for (key, files) in &*trees {
            let old = self.root_of(key);
            let is_same = self.ground.trees.get(key) == Some(files)
                && !files.iter().any(|file| self.changed.contains(file))
                && !old.is_some_and(|old| {
                    old.configured.lists_files && !self.loader.lists_the_same(self.repo)
                })
                && !old.is_some_and(|old| meet(self.changed, old.files()));
            if is_same {
                sites.extend(old.map(|old| Site::Kept(Arc::clone(old))));
                continue;
            }
            let (held, has_links) = plain::read(self.loader.library, files);
            ties.has_links |= has_links;
            let new = self.loader.tree(&key.0, key.1, files, held);
            let new_pointers = new.as_ref().map(|new| new.pointers.clone()).unwrap_or_default();
            if new_pointers != says(old) {
                return None;
            }
            sites.extend(new.map(|new| self.loader.same(new)));
        }
        Some((sites, trees, ties))
    }

    /// The root from before of a tree of plain manifests.
    fn root_of(
        &self,
        (path, environment): &(TreePath, Option<EnvironmentId>),
    ) -> Option<&Arc<Root>> {
        let mut roots = self.repo.bases_at(path);
        roots.find(|old| old.kind == RootKind::Plain && old.environment == *environment)
    }

    /// Which loose files make a tree, under the same pointers as before.
    fn trees(&self, loose: &Arc<Vec<TreePath>>) -> Option<(Arc<Trees>, Ties)> {
        let (layout, old, mut ties) = (self.loader.layout, &self.repo.layout, self.ground.ties);
        let is_same_ground = layout.is_made_from(old)
            && Arc::ptr_eq(&layout.kustomizations, &old.kustomizations)
            && !ties.has_links
            && !(ties.is_bounded && self.occupies_others());
        if !is_same_ground {
            return None;
        }
        let before = &self.ground.loose;
        if Arc::ptr_eq(loose, before) {
            return Some((Arc::clone(&self.ground.trees), ties));
        }
        let without = |all: &'_ Arc<Vec<TreePath>>, other: &Arc<Vec<TreePath>>| -> Vec<TreePath> {
            let only = all.iter().filter(|file| other.binary_search(file).is_err());
            only.cloned().collect()
        };
        let (gone, new) = (without(before, loose), without(loose, before));
        let ground = PlainTrees {
            layout,
            environments: self.loader.environments,
            pointers: &self.ground.pointers,
            loose,
        };
        let (trees, is_bounded) = ground.trees_with(&self.ground.trees, &gone, &new);
        ties.is_bounded |= is_bounded;
        Some((Arc::new(trees), ties))
    }

    /// Whether the directories that belong to an environment are others than before.
    fn occupies_others(&self) -> bool {
        let (layout, old) = (self.loader.layout, &self.repo.layout);
        if Arc::ptr_eq(&layout.files, &old.files) {
            return false;
        }
        let claimed = |file: &TreePath| {
            claim_of_file(self.loader.environments, file).map(|claim| claim.directory)
        };
        let claims = |layout: &Layout, directory: &TreePath| {
            layout.files_below(directory).any(|file| claimed(file).as_ref() == Some(directory))
        };
        let has = |layout: &Layout, file: &TreePath| layout.files.binary_search(file).is_ok();
        let moved = self.changed.iter().filter(|file| has(layout, file) != has(old, file));
        moved
            .filter_map(claimed)
            .any(|directory| claims(layout, &directory) != claims(old, &directory))
    }
}

/// What components name that are not among some others.
fn others<'c>(all: &'c Components, than: &Components) -> impl Iterator<Item = &'c TreePath> {
    let is_other = |(directory, one): &(&TreePath, &Arc<Component>)| {
        than.get(*directory).is_none_or(|known| !Arc::ptr_eq(known, one))
    };
    all.iter().filter(is_other).flat_map(|(_, one)| &one.files)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crate::repo::testing::{deployment, path, resources};
    use crate::repo::{Repo, Scope};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::tree::memory::MemoryTree;
    use crate::tree::{Entry, ReadError, Tree};

    /// A file and its new text, if it is not removed.
    type Change = (&'static str, Option<String>);
    type Files = BTreeMap<TreePath, String>;

    /// A tree that counts what is asked of it.
    struct Counting {
        tree: Arc<dyn Tree>,
        entries: AtomicUsize,
        sources: AtomicUsize,
    }

    impl Tree for Counting {
        fn entry(&self, path: &TreePath) -> Result<(TreePath, Entry), ReadError> {
            self.entries.fetch_add(1, Ordering::Relaxed);
            self.tree.entry(path)
        }

        fn bytes(&self, path: &TreePath) -> Result<Arc<[u8]>, ReadError> {
            self.tree.bytes(path)
        }

        fn source(&self, path: &TreePath) -> Result<Arc<Source>, ReadError> {
            self.sources.fetch_add(1, Ordering::Relaxed);
            self.tree.source(path)
        }

        fn files(&self) -> &[TreePath] {
            self.tree.files()
        }

        fn manifests(&self) -> &[TreePath] {
            self.tree.manifests()
        }

        fn kept_to_files(&self) -> bool {
            true
        }
    }

    fn counting(tree: Arc<dyn Tree>) -> Arc<Counting> {
        Arc::new(Counting { tree, entries: AtomicUsize::new(0), sources: AtomicUsize::new(0) })
    }

    /// The tree of another commit is loaded from the one that is checked out, though files were added and removed.
    #[test]
    fn a_tree_beside_another_shares_what_is_the_same() {
        let files = applications(10).into_iter().map(|(file, text)| (file, text.into_bytes()));
        let here: Arc<dyn Tree> = counting(Arc::new(MemoryTree::new(files)));
        let repo = Repo::load(Arc::clone(&here), None, Scope::Everything).unwrap();
        let stub =
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: new\n";
        let changes = [
            (path("apps/app001/staging/web.yaml"), Some(deployment("web", "new").into_bytes())),
            (path("plain/staging/stub.yaml"), Some(stub.to_owned().into_bytes())),
            (path("argo/app002.yaml"), None),
        ];
        let there = counting(Arc::new(MemoryTree::over(here, changes)));
        let tree: Arc<dyn Tree> = Arc::<Counting>::clone(&there);
        let is_same = |path: &TreePath, bytes: &[u8]| {
            there.tree.bytes(path).is_ok_and(|there| *there == *bytes)
        };
        let after = repo.beside(&tree, &repo.config, is_same).unwrap();
        let new =
            after.roots.iter().filter(|root| !repo.roots.iter().any(|old| Arc::ptr_eq(old, root)));
        let new: Vec<&str> = new.map(|root| root.path.as_str()).collect();
        // No Application builds the last one any more.
        assert_eq!(new, ["apps/app001/staging", "argo", "plain/staging", "tools/app002"]);
        assert_eq!(there.sources.load(Ordering::Relaxed), 2);
        assert_eq!(after.roots.len(), repo.roots.len());
        let settings = Source::file(path("rotate.yaml"), "lint: {}\n");
        let other = crate::config::parse::parse(&settings).unwrap();
        assert!(repo.beside(&tree, &other, is_same).is_none());
        let moved = MemoryTree::over(Arc::clone(&tree), [(path("dev/a.yaml"), Some(Vec::new()))]);
        let moved: Arc<dyn Tree> = Arc::new(moved);
        assert!(repo.beside(&moved, &repo.config, is_same).is_none());
    }

    /// Applications of two environments with a component, applied by Flux and Argo CD, and plain manifests.
    fn applications(count: usize) -> Files {
        let mut files = Files::new();
        let mut add = |name: String, text: String| drop(files.insert(path(&name), text));
        for app in (0..count).map(|index| format!("app{index:03}")) {
            for (environment, secret) in
                [("production", "auth"), ("staging", "auth-20250601000000")]
            {
                let at = format!("apps/{app}/{environment}");
                let names = resources(&["web.yaml"]);
                add(
                    format!("{at}/kustomization.yaml"),
                    format!("{names}components: [../../../parts/pull]\n"),
                );
                add(format!("{at}/web.yaml"), deployment("web", secret));
                add(format!("plain/{environment}/{app}.yaml"), deployment(&app, secret));
                let flux = format!(
                    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {app}}}\nspec: {{path: ./{at}, targetNamespace: {app}}}\n"
                );
                add(format!("clusters/{environment}/{app}.yaml"), flux);
            }
            let argo = format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {app}}}\nspec: {{source: {{path: tools/{app}}}}}\n"
            );
            add(format!("argo/{app}.yaml"), argo);
            add(format!("tools/{app}/web.yaml"), deployment(&app, "auth"));
            add(format!("charts/{app}/Chart.yaml"), format!("name: {app}\n"));
            for environment in ["production", "staging"] {
                let values = "existingSecret: auth-20250601000000\n".to_owned();
                add(format!("charts/{app}/values-{environment}.yaml"), values);
            }
            add(
                format!("parts/part{app}/kustomization.yaml"),
                "kind: Component\nlabels: [{pairs: {a: b}}]\n".to_owned(),
            );
        }
        add(
            "parts/pull/kustomization.yaml".to_owned(),
            "kind: Component\nlabels: [{pairs: {a: b}}]\n".to_owned(),
        );
        files
    }

    /// What a reload does.
    struct Work {
        /// The roots that are not those from before.
        roots: usize,
        /// How often the tree is asked what is at a path.
        lookups: usize,
        /// How often it is asked for a text.
        read: usize,
    }

    fn work(count: usize, changes: &[Change]) -> Work {
        let files = applications(count).into_iter().map(|(file, text)| (file, text.into_bytes()));
        let tree: Arc<dyn Tree> = Arc::new(MemoryTree::new(files));
        let repo = Repo::load(Arc::clone(&tree), None, Scope::Everything).unwrap();
        let changed: BTreeSet<TreePath> = changes.iter().map(|(file, _)| path(file)).collect();
        let changes =
            changes.iter().map(|(file, text)| (path(file), text.clone().map(String::into_bytes)));
        let tree = counting(Arc::new(MemoryTree::over(tree, changes)));
        let after = repo.reload(Arc::<Counting>::clone(&tree), &changed).unwrap();
        let new =
            after.roots.iter().filter(|root| !repo.roots.iter().any(|old| Arc::ptr_eq(old, root)));
        Work {
            roots: new.count(),
            lookups: tree.entries.load(Ordering::Relaxed),
            read: tree.sources.load(Ordering::Relaxed),
        }
    }

    #[test]
    fn a_reload_does_no_more_in_a_larger_tree() {
        let web = |secret: &str| Some(deployment("web", secret));
        let two = "auth-20250701000000";
        let none = || Some("kind: Component\nlabels: []\n".to_owned());
        let listed = || Some(resources(&["web.yaml", "job.yaml"]));
        // The change, the roots that it makes, and the files that are read for it.
        let values = || Some(format!("existingSecret: {two}\n"));
        let changes: [(&[Change], usize, usize); 7] = [
            (&[("charts/app001/values-staging.yaml", values())], 1, 1),
            (&[("apps/app001/staging/web.yaml", web(two))], 1, 1),
            (&[("tools/app001/web.yaml", web(two))], 1, 1),
            (&[("parts/partapp001/kustomization.yaml", none())], 0, 1),
            (&[("argo/app001.yaml", None)], 2, 0),
            (&[("apps/app001/staging/note.yaml", Some("a: b\n".to_owned()))], 0, 0),
            (
                &[
                    ("apps/app001/staging/kustomization.yaml", listed()),
                    (
                        "apps/app001/staging/job.yaml",
                        web("new-20250701000000").map(|text| text.replace("web", "job")),
                    ),
                ],
                1,
                2,
            ),
        ];
        for (index, (change, roots, read)) in changes.iter().enumerate() {
            let (few, many) = (work(10, change), work(40, change));
            assert_eq!((few.roots, many.roots), (*roots, *roots), "change {index}: roots made");
            assert_eq!((few.read, many.read), (*read, *read), "change {index}: files read");
            if change
                .iter()
                .all(|(file, text)| text.is_some() && applications(2).contains_key(&path(file)))
            {
                assert_eq!(few.lookups, many.lookups, "change {index}: lookups");
            }
        }
    }
}
