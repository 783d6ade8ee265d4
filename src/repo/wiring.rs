//! Which kustomization reads which files and directories, whether or not it builds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::kustomize::load::remote::is_remote;
use crate::repo::carry::Change;
use crate::repo::charts::kustomize::files_of_charts;
use crate::repo::layout::Layout;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::text::shared_map::SharedMap;
use crate::text::work;
use crate::tree::Entry;
use crate::yaml::library::Library;
use crate::yaml::node::Node;

/// What a kustomization reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reads {
    /// Files.
    pub(super) files: BTreeSet<TreePath>,
    /// Directories of other kustomizations.
    pub(super) directories: BTreeSet<TreePath>,
    /// The file itself, links followed.
    real: Option<TreePath>,
    /// Every path that something in it may mean although nothing is there.
    missing: BTreeSet<TreePath>,
    /// Whether it is broken so that what it is meant to read is unknown.
    pub(super) is_unknown: bool,
}

/// What every kustomization of a tree reads, by itself and through others.
#[derive(Debug, Clone, Default)]
pub(super) struct Wiring {
    /// What each one names itself.
    direct: SharedMap<TreePath, Arc<Reads>>,
    /// What a build of each reads; the directory itself is among the directories.
    closures: SharedMap<TreePath, Arc<Reads>>,
    open: Open,
}

/// The directories of the kustomizations that may read something else once a file is edited or added.
#[derive(Debug, Clone, Default)]
struct Open {
    /// By the kustomization file.
    by_file: SharedMap<TreePath, Directories>,
    /// By the last part of a path at which nothing is.
    by_name: SharedMap<String, Directories>,
}

/// Directories that several maps may have.
type Directories = Arc<BTreeSet<TreePath>>;

impl Open {
    fn new<'r>(direct: impl Iterator<Item = (&'r TreePath, &'r Reads)>) -> Self {
        let mut open = Self::default();
        for (directory, reads) in direct {
            open.add(directory, reads);
        }
        open
    }

    fn add(&mut self, directory: &TreePath, reads: &Reads) {
        if let Some(file) = &reads.real {
            let all = self.by_file.get_or_insert_with(file.clone(), Arc::default);
            Arc::make_mut(all).insert(directory.clone());
        }
        for path in &reads.missing {
            let name = path.name().to_owned();
            let all = self.by_name.get_or_insert_with(name, Arc::default);
            Arc::make_mut(all).insert(directory.clone());
        }
    }

    /// Those that a change concerns.
    fn met(&self, change: &Change<'_>) -> BTreeSet<TreePath> {
        let edited = change.files.iter().filter_map(|file| self.by_file.get(file));
        let added = change.names.iter().filter_map(|name| self.by_name.get(*name));
        edited.chain(added).flat_map(|all| all.iter()).cloned().collect()
    }
}

impl Wiring {
    /// The wiring of all kustomizations; `built` adds what the builds are known to have read.
    pub(super) fn new<'b>(
        (library, layout, is_rendered): (&Library, &Layout, bool),
        built: impl IntoIterator<Item = (&'b TreePath, &'b BTreeSet<TreePath>, &'b BTreeSet<TreePath>)>,
    ) -> Self {
        let all = layout.kustomizations.iter();
        let mut direct: BTreeMap<TreePath, Reads> = all
            .map(|(at, file)| (at.clone(), direct((library, layout, is_rendered), at, file)))
            .collect();
        let mut closures: BTreeMap<TreePath, Reads> =
            direct.keys().map(|at| (at.clone(), closure(|at| direct.get(at), at))).collect();
        for (directory, files, directories) in built {
            let Some(reads) = closures.get_mut(directory) else { continue };
            reads.files.extend(files.iter().cloned());
            reads.directories.extend(directories.iter().cloned());
        }
        for (directory, reads) in &mut direct {
            reads.directories.remove(directory);
        }
        let shared = |all: BTreeMap<TreePath, Reads>| {
            all.into_iter().map(|(at, reads)| (at, Arc::new(reads))).collect()
        };
        let open = Open::new(direct.iter());
        Self { direct: shared(direct), closures: shared(closures), open }
    }

    /// Reads the kustomizations again that may read something else after a change; those that do.
    pub(super) fn update(
        &mut self,
        (library, layout, is_rendered): (&Library, &Layout, bool),
        change: &Change<'_>,
    ) -> BTreeSet<TreePath> {
        let mut rewired = BTreeSet::new();
        for directory in self.open.met(change) {
            let Some(file) = layout.kustomizations.get(&directory) else { continue };
            let Some(known) = self.direct.get(&directory) else { continue };
            let mut reads = direct((library, layout, is_rendered), &directory, file);
            reads.directories.remove(&directory);
            if **known == reads {
                continue;
            }
            if known.missing != reads.missing {
                // What is no longer missing only makes it be read once more.
                self.open.add(&directory, &reads);
            }
            self.direct.insert(directory.clone(), Arc::new(reads));
            rewired.insert(directory);
        }
        rewired
    }

    /// What a build of a directory reads; `built` are its build roots.
    pub(super) fn read_by<'b>(
        &self,
        directory: &TreePath,
        built: impl Iterator<Item = &'b Root>,
    ) -> Reads {
        let mut reads = closure(|at| self.named(at), directory);
        for root in built {
            reads.files.extend(root.files().iter().cloned());
            reads.directories.extend(root.directories().iter().cloned());
        }
        reads
    }

    /// Sets what a build of a directory reads.
    pub(super) fn set_closure(&mut self, directory: TreePath, reads: Arc<Reads>) {
        self.closures.insert(directory, reads);
    }

    /// Every kustomization directory, sorted.
    pub(super) fn directories(&self) -> impl Iterator<Item = &TreePath> {
        self.direct.keys()
    }

    /// What a kustomization names itself.
    pub(super) fn named(&self, directory: &TreePath) -> Option<&Reads> {
        self.direct.get(directory).map(|reads| &**reads)
    }

    /// What a build of a directory reads.
    pub(super) fn closure(&self, directory: &TreePath) -> Option<&Reads> {
        self.closures.get(directory).map(|reads| &**reads)
    }

    /// Whether a build of `directory` reads a file, or the kustomization of a directory.
    pub(super) fn reads(&self, directory: &TreePath, path: &TreePath) -> bool {
        self.closures
            .get(directory)
            .is_some_and(|reads| reads.files.contains(path) || reads.directories.contains(path))
    }
}

/// What a kustomization reads by itself; where charts are rendered, that includes those of the tree.
fn direct(
    (library, layout, is_rendered): (&Library, &Layout, bool),
    directory: &TreePath,
    file: &TreePath,
) -> Reads {
    let mut reads = named(library, layout, directory, file);
    if is_rendered {
        reads.files.extend(files_of_charts(library, directory, file));
    }
    reads
}

/// What a kustomization file names: every string that resolves to a path counts, since an unknown field
/// may also read a file, and treating too much as shared does no harm.
pub(super) fn named(
    library: &Library,
    layout: &Layout,
    directory: &TreePath,
    file: &TreePath,
) -> Reads {
    work::count("kustomization searched");
    let mut reads = Reads::default();
    reads.files.insert(file.clone());
    let real = library.tree().entry(file).map_or_else(|_| file.clone(), |(real, _)| real);
    let stream = library.stream(&real).ok();
    reads.real = Some(real);
    let Some(stream) = stream else { return Reads { is_unknown: true, ..reads } };
    let first = stream.documents.first();
    reads.is_unknown = first.is_none_or(|first| is_unknown(library, directory, &first.root));
    for document in &stream.documents {
        strings(&document.root, &mut |text| {
            let text = text.split_once('=').map_or(text, |(_, path)| path);
            let path = directory.join(text).filter(|path| path != directory);
            let Some(path) = path else { return };
            match library.tree().entry(&path) {
                Ok((path, Entry::File)) => {
                    reads.files.insert(path);
                }
                Ok((path, Entry::Directory)) if layout.kustomizations.contains_key(&path) => {
                    reads.directories.insert(path);
                }
                Ok(_) => {}
                Err(_) => drop(reads.missing.insert(path)),
            }
        });
    }
    reads
}

/// Whether an entry that should name another kustomization or objects names nothing.
fn is_unknown(library: &Library, directory: &TreePath, kustomization: &Node) -> bool {
    let fields = ["resources", "bases", "components"];
    let lists = fields.iter().filter_map(|field| kustomization.get(field));
    lists.flat_map(Node::items).any(|entry| match entry.str() {
        Some(text) if is_remote(text) => false,
        Some(text) => directory.join(text).is_none_or(|path| library.tree().entry(&path).is_err()),
        None => true,
    })
}

/// Every string that could be a path; the parser's depth limit bounds the recursion.
fn strings(node: &Node, take: &mut impl FnMut(&str)) {
    node.entries().iter().for_each(|entry| strings(&entry.value, take));
    node.items().iter().for_each(|item| strings(item, take));
    let path = |text: &&str| {
        !text.is_empty() && text.len() < 300 && !text.contains('\n') && !text.contains("://")
    };
    if let Some(text) = node.str().filter(path) {
        take(text);
    }
}

/// What a kustomization reads by itself and through others; `named`: what each names itself.
fn closure<'r>(named: impl Fn(&TreePath) -> Option<&'r Reads>, start: &TreePath) -> Reads {
    let mut reads = Reads::default();
    let mut next = vec![start.clone()];
    while let Some(directory) = next.pop() {
        if !reads.directories.insert(directory.clone()) {
            continue;
        }
        let Some(named) = named(&directory) else { continue };
        reads.files.extend(named.files.iter().cloned());
        reads.is_unknown |= named.is_unknown;
        next.extend(named.directories.iter().cloned());
    }
    reads
}
