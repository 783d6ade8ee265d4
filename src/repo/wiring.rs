//! Which kustomization reads which files and directories, whether or not it builds.

use std::collections::{BTreeMap, BTreeSet};

use crate::kustomize::load::remote::is_remote;
use crate::repo::layout::Layout;
use crate::text::path::TreePath;
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
    /// Whether it is broken so that what it is meant to read is unknown.
    pub(super) is_unknown: bool,
}

/// What every kustomization of a tree reads, by itself and through others.
#[derive(Debug, Default)]
pub(super) struct Wiring {
    /// What each one names itself.
    direct: BTreeMap<TreePath, Reads>,
    /// What a build of each reads; the directory itself is among the directories.
    closures: BTreeMap<TreePath, Reads>,
}

impl Wiring {
    /// The wiring of all kustomizations; `built` adds what the builds are known to have read.
    pub(super) fn new<'b>(
        library: &Library,
        layout: &Layout,
        built: impl IntoIterator<Item = (&'b TreePath, &'b BTreeSet<TreePath>, &'b BTreeSet<TreePath>)>,
    ) -> Self {
        let all = layout.kustomizations.iter();
        let mut direct: BTreeMap<TreePath, Reads> = all
            .map(|(directory, file)| (directory.clone(), named(library, layout, directory, file)))
            .collect();
        let mut closures: BTreeMap<TreePath, Reads> =
            direct.keys().map(|at| (at.clone(), closure(&direct, at))).collect();
        for (directory, files, directories) in built {
            let Some(reads) = closures.get_mut(directory) else { continue };
            reads.files.extend(files.iter().cloned());
            reads.directories.extend(directories.iter().cloned());
        }
        for (directory, reads) in &mut direct {
            reads.directories.remove(directory);
        }
        Self { direct, closures }
    }

    /// Every kustomization directory, sorted.
    pub(super) fn directories(&self) -> impl Iterator<Item = &TreePath> {
        self.direct.keys()
    }

    /// What a kustomization names itself.
    pub(super) fn named(&self, directory: &TreePath) -> Option<&Reads> {
        self.direct.get(directory)
    }

    /// What a build of a directory reads.
    pub(super) fn closure(&self, directory: &TreePath) -> Option<&Reads> {
        self.closures.get(directory)
    }

    /// Whether a build of `directory` reads a file, or the kustomization of a directory.
    pub(super) fn reads(&self, directory: &TreePath, path: &TreePath) -> bool {
        self.closures
            .get(directory)
            .is_some_and(|reads| reads.files.contains(path) || reads.directories.contains(path))
    }
}

/// What a kustomization file names: every string that resolves to a path counts, since an unknown field
/// may also read a file, and treating too much as shared does no harm.
pub(super) fn named(
    library: &Library,
    layout: &Layout,
    directory: &TreePath,
    file: &TreePath,
) -> Reads {
    let mut reads = Reads::default();
    reads.files.insert(file.clone());
    let stream = library.tree().entry(file).ok().and_then(|(real, _)| library.stream(&real).ok());
    let Some(stream) = stream else { return Reads { is_unknown: true, ..reads } };
    let first = stream.documents.first();
    reads.is_unknown = first.is_none_or(|first| is_unknown(library, directory, &first.root));
    for document in &stream.documents {
        strings(&document.root, &mut |text| {
            let text = text.split_once('=').map_or(text, |(_, path)| path);
            let path = directory.join(text).filter(|path| path != directory);
            match path.and_then(|path| library.tree().entry(&path).ok()) {
                Some((path, Entry::File)) => {
                    reads.files.insert(path);
                }
                Some((path, Entry::Directory)) if layout.kustomizations.contains_key(&path) => {
                    reads.directories.insert(path);
                }
                _ => {}
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

fn closure(direct: &BTreeMap<TreePath, Reads>, start: &TreePath) -> Reads {
    let mut reads = Reads::default();
    let mut next = vec![start.clone()];
    while let Some(directory) = next.pop() {
        if !reads.directories.insert(directory.clone()) {
            continue;
        }
        let Some(named) = direct.get(&directory) else { continue };
        reads.files.extend(named.files.iter().cloned());
        reads.is_unknown |= named.is_unknown;
        next.extend(named.directories.iter().cloned());
    }
    reads
}
