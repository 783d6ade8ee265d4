//! Where monitors go: beside the stubs of the version that runs.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::monitor::planner::Planner;
use crate::plan::prune::document::{Document, documents};
use crate::plan::refusal::{PlanError, Refusal};
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::yaml::node::Node;

/// A directory that gets a monitor.
pub(super) struct Site {
    pub(super) directory: TreePath,
    /// The kustomizations that list it, each with the entry that it follows.
    pub(super) lists: Vec<(TreePath, Option<TreePath>)>,
    /// The namespace that the object spells itself.
    pub(super) own_namespace: Option<String>,
    pub(super) namespace: Option<String>,
}

impl Planner<'_> {
    /// Where the monitors go: beside the stubs of a version, or, where others read those, into the nearest kustomizations
    /// that are the environment's own.
    pub(super) fn sites(&self, version: &str) -> Result<Vec<Site>, PlanError> {
        let all = documents(self.repo, self.environment, &self.subject.family);
        let mut sites: BTreeMap<(TreePath, Option<String>), Site> = BTreeMap::new();
        let mut reasons = Vec::new();
        for document in all.iter().filter(|one| one.version == version) {
            match self.beside(document) {
                Ok(found) => {
                    for site in found {
                        let key = (site.directory.clone(), site.namespace.clone());
                        sites.entry(key).or_insert(site);
                    }
                }
                Err(what) => reasons.push(Refusal {
                    what,
                    place: document.place.clone(),
                    hint: "write the monitor by hand; it counts if its text names the family"
                        .to_owned(),
                }),
            }
        }
        if sites.is_empty() && reasons.is_empty() {
            let what = format!("nothing in {} provides {version}", self.subject.environment);
            return Err(self.refused(what, "bump it first: a monitor is written beside the stub"));
        }
        if reasons.is_empty() {
            Ok(sites.into_values().collect())
        } else {
            Err(self.refused_at(reasons))
        }
    }

    fn beside(&self, document: &Document<'_>) -> Result<Vec<Site>, String> {
        let secret = document.secret;
        let place = document.place.as_ref();
        let place = place.ok_or_else(|| format!("no file spells what provides `{secret}`"))?;
        let file = place.source.path();
        let namespace = document.namespace().map(str::to_owned);
        if self.repo.is_exclusive_to(self.environment, file) {
            let roots = document.makers.iter().map(|maker| maker.root);
            let directories: BTreeSet<&TreePath> =
                roots.flat_map(|root| root.directories()).collect();
            let lists = |directory: &&TreePath| {
                let layer = self.repo.resolver.layer(directory);
                layer.is_some_and(|layer| layer.resources.contains(file))
            };
            let lists = directories.into_iter().filter(lists);
            let lists = lists.map(|at| (at.clone(), Some(file.clone()))).collect();
            let own_namespace = self.spelled_namespace(place);
            return Ok(vec![Site { directory: file.parent(), lists, own_namespace, namespace }]);
        }
        let directories = self.repo.nearest_exclusive(self.environment, file).directories;
        if directories.is_empty() {
            return Err(format!(
                "other environments read `{file}` too, and no kustomization that includes it is this environment's alone"
            ));
        }
        let site = |directory: TreePath| Site {
            lists: vec![(directory.clone(), None)],
            directory,
            own_namespace: namespace.clone(),
            namespace: namespace.clone(),
        };
        Ok(directories.into_iter().map(site).collect())
    }

    /// The namespace that the document at a place spells.
    fn spelled_namespace(&self, place: &Place) -> Option<String> {
        let stream = self.repo.library.stream(place.source.path()).ok()?;
        let starts = |node: &&Node| {
            node.origin.as_ref().is_some_and(|one| one.span().start == place.span().start)
        };
        let roots = || stream.documents.iter().map(|document| &document.root);
        let items = roots().filter_map(|root| root.get("items")).flat_map(Node::items);
        let node = roots().chain(items).find(starts)?;
        node.at(&["metadata", "namespace"])?.str().map(str::to_owned)
    }
}
