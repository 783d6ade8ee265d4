//! Classifies the files of a tree by name and path.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::text::path::TreePath;
use crate::tree::{Entry, Tree};

/// The names of a kustomization file, in the order in which kustomize looks for them.
const KUSTOMIZATION: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The names of the file that describes a Helm chart.
const CHART: [&str; 2] = ["Chart.yaml", "Chart.yml"];

/// The directories of kustomizations, and the files that may hold plain manifests.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Every directory with a kustomization file, and that file.
    pub(super) kustomizations: Arc<BTreeMap<TreePath, TreePath>>,
    /// Every other file that may hold objects, sorted.
    pub(super) files: Arc<Vec<TreePath>>,
    /// The directories of Helm charts.
    pub(super) charts: Arc<BTreeSet<TreePath>>,
}

impl Layout {
    /// Classifies the files of a tree.
    pub(super) fn new(manifests: &[TreePath], settings: Option<&TreePath>) -> Self {
        let (mut kustomizations, mut files) = (BTreeMap::new(), Vec::new());
        let charts: BTreeSet<TreePath> =
            manifests.iter().filter(|file| is_chart(file)).map(TreePath::parent).collect();
        for file in manifests {
            if is_kustomization(file) {
                add_kustomization(&mut kustomizations, file);
            } else if Some(file) != settings && !is_of_chart(file, &charts) {
                files.push(file.clone());
            }
        }
        Self {
            kustomizations: Arc::new(kustomizations),
            files: Arc::new(files),
            charts: Arc::new(charts),
        }
    }

    /// The layout with some files changed, added or removed; `None` if charts or settings change in a way that
    /// requires a new layout.
    pub(super) fn with_changes(
        &self,
        manifests: &[TreePath],
        settings: Option<&TreePath>,
        changed: &BTreeSet<TreePath>,
    ) -> Option<Self> {
        let (mut kustomizations, mut files) =
            (Arc::clone(&self.kustomizations), Arc::clone(&self.files));
        let has = |file: &TreePath| manifests.binary_search(file).is_ok();
        let in_place = |directory: &TreePath, names: &[&str]| {
            names.iter().map(|name| directory.child(name)).find(|file| has(file))
        };
        for path in changed {
            let directory = path.parent();
            if is_kustomization(path) {
                let file = in_place(&directory, &KUSTOMIZATION);
                if kustomizations.get(&directory) != file.as_ref() {
                    let all = Arc::make_mut(&mut kustomizations);
                    match file {
                        Some(file) => drop(all.insert(directory, file)),
                        None => drop(all.remove(&directory)),
                    }
                }
                continue;
            }
            if settings == Some(path) {
                return None;
            }
            if is_chart(path) {
                if in_place(&directory, &CHART).is_some() == self.charts.contains(&directory) {
                    continue;
                }
                return None;
            }
            let counts = has(path) && !is_of_chart(path, &self.charts);
            match (files.binary_search(path), counts) {
                (Ok(at), false) => drop(Arc::make_mut(&mut files).remove(at)),
                (Err(at), true) => Arc::make_mut(&mut files).insert(at, path.clone()),
                _ => {}
            }
        }
        Some(Self { kustomizations, files, charts: Arc::clone(&self.charts) })
    }

    /// Whether it was made from another one by [`Layout::with_changes`].
    pub(super) fn is_made_from(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.charts, &other.charts)
    }

    /// The other files that may hold objects in or below a directory.
    pub(super) fn files_below(&self, directory: &TreePath) -> impl Iterator<Item = &TreePath> {
        let first = directory.child("");
        let start = self.files.partition_point(|file| *file < first);
        self.files[start..].iter().take_while(|file| file.is_within(directory))
    }

    /// The nearest directory with a kustomization file, from `directory` upward.
    pub(super) fn kustomization_above(&self, directory: &TreePath) -> Option<&TreePath> {
        above(directory).find_map(|up| self.kustomizations.get_key_value(&up).map(|(at, _)| at))
    }
}

fn add_kustomization(kustomizations: &mut BTreeMap<TreePath, TreePath>, file: &TreePath) {
    let rank = |file: &TreePath| KUSTOMIZATION.iter().position(|name| *name == file.name());
    let known = kustomizations.entry(file.parent()).or_insert_with(|| file.clone());
    if rank(file) < rank(known) {
        *known = file.clone();
    }
}

/// Whether a file is a `Chart.yaml`, by its name.
fn is_chart(file: &TreePath) -> bool {
    CHART.contains(&file.name())
}

/// Whether a file is a kustomization, by its name.
pub(super) fn is_kustomization(file: &TreePath) -> bool {
    KUSTOMIZATION.contains(&file.name())
}

/// The kustomization file of a directory, whether or not Git ignores it.
pub(super) fn kustomization_in(tree: &Arc<dyn Tree>, directory: &TreePath) -> Option<TreePath> {
    KUSTOMIZATION.iter().find_map(|name| {
        let (file, entry) = tree.entry(&directory.join(name)?).ok()?;
        (entry == Entry::File).then_some(file)
    })
}

/// A directory, its parent, and so on up to the root.
pub(super) fn above(directory: &TreePath) -> impl Iterator<Item = TreePath> {
    std::iter::successors(Some(directory.clone()), |at| {
        (!at.as_str().is_empty()).then(|| at.parent())
    })
}

/// Whether a file is a template or the head of a Helm chart.
fn is_of_chart(file: &TreePath, charts: &BTreeSet<TreePath>) -> bool {
    let directory = file.parent();
    if charts.contains(&directory) && file.name().starts_with("Chart.") {
        return true;
    }
    above(&directory).any(|up| up.name() == "templates" && charts.contains(&up.parent()))
}

#[cfg(test)]
mod tests {
    use super::Layout;
    use crate::text::path::TreePath;

    #[test]
    fn tells_files_by_name_and_place() {
        let files = [
            "a/Kustomization",
            "a/kustomization.yml",
            "a/x.yaml",
            "chart/Chart.yaml",
            "chart/crds/crd.yaml",
            "chart/templates/sub/web.yaml",
            "chart/values-staging.yaml",
            "rotate.yaml",
            "templates/web.yaml",
        ];
        let files = files.map(|file| TreePath::new(file).unwrap());
        let layout = Layout::new(&files, files.iter().find(|file| file.name() == "rotate.yaml"));
        let names: Vec<&str> = layout.files.iter().map(TreePath::as_str).collect();
        assert_eq!(
            names,
            ["a/x.yaml", "chart/crds/crd.yaml", "chart/values-staging.yaml", "templates/web.yaml"]
        );
        assert_eq!(layout.kustomizations[&TreePath::new("a").unwrap()], files[1]);
        let below = TreePath::new("a/b/c").unwrap();
        assert_eq!(layout.kustomization_above(&below).map(TreePath::as_str), Some("a"));
        assert!(layout.kustomization_above(&TreePath::root()).is_none());
    }
}
