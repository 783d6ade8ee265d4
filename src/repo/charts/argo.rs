//! Values files that Argo CD `Application`s name.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::builders::argo::{Application, Source, applications};
use crate::builders::operators::fits;
use crate::builders::values::merged;
use crate::k8s::values::of_source;
use crate::kustomize::load::remote::is_remote;
use crate::kustomize::model::object::Object;
use crate::repo::builder::Builder;
use crate::repo::charts::beside::{Deployed, chart_name};
use crate::repo::charts::{Charts, Layer, Planned};
use crate::repo::environment::{EnvironmentId, of_application};
use crate::repo::loader::Loader;
use crate::repo::releases::{indexed, layer_of};
use crate::repo::site::Site;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::visible::one_line;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// Adds the releases of every `Application` that takes values from the tree; the charts in it that they deploy.
pub(super) fn add<'s>(
    loader: &Loader<'_>,
    sites: impl Iterator<Item = &'s Site>,
    charts: &mut Charts,
) -> Deployed {
    let (mut deployed, is_open) = (Deployed::new(), Cell::new(false));
    for site in sites {
        let has_charts = !loader.layout.charts.is_empty();
        let meant = site.deployers().into_iter().filter(|(_, names)| *names || has_charts);
        for (index, _) in meant {
            let object = &site.build().objects[index];
            let Some((all, _)) = applications(object, loader.listing) else { continue };
            // Its generators may list directories.
            charts.is_open |= object.kind() == "ApplicationSet";
            for application in &all {
                for source in &application.sources {
                    let found =
                        Reader { is_open: &is_open, loader, application, object }.source(source);
                    let Some((chart, planned)) = found else { continue };
                    let read: Vec<TreePath> = planned.files().cloned().collect();
                    let named = of_application(
                        loader.environments,
                        &application.name,
                        application.cluster.as_deref(),
                    );
                    let environment = named
                        .or_else(|| site.environment())
                        .or_else(|| loader.environment_of(&read));
                    note(&mut deployed, chart.as_ref(), environment);
                    let first = || read.first().map(TreePath::parent);
                    let Some(path) = chart.or_else(first) else { continue };
                    charts.add((path, environment), planned);
                }
            }
        }
    }
    charts.is_open |= is_open.get();
    deployed
}

/// Whether an object names values files, in any source.
pub(super) fn names_files(node: &Node) -> bool {
    let in_entries = || node.entries().iter().any(|entry| names_files(&entry.value));
    node.get("valueFiles").is_some() || in_entries() || node.items().iter().any(names_files)
}

fn note(deployed: &mut Deployed, chart: Option<&TreePath>, environment: Option<EnvironmentId>) {
    if let Some(chart) = chart {
        deployed.entry(chart.clone()).or_default().insert(environment);
    }
}

struct Reader<'a> {
    /// Whether a source that has no values here may have some once a file is added.
    is_open: &'a Cell<bool>,
    loader: &'a Loader<'a>,
    application: &'a Application,
    object: &'a Object,
}

impl Reader<'_> {
    /// The chart of a source, if it is in the tree, and the release.
    fn source(&self, source: &Source) -> Option<(Option<TreePath>, Planned)> {
        let (source, more) = self.loader.overridden(&self.application.name, source);
        let chart = source.path.clone().filter(|path| self.loader.layout.charts.contains(path));
        let named = source.node.at(&["helm", "valueFiles"]).map_or(&[][..], Node::items);
        if chart.is_none() && named.is_empty() {
            return None;
        }
        let mut release = self.application.release(&source);
        release.chart = chart.as_ref().and_then(|chart| chart_name(self.loader, chart));
        let own = chart.as_ref().and_then(|chart| self.loader.own_values(chart));
        let mut layers: Vec<Layer> = own.map(Layer::File).into_iter().collect();
        let mut problems = Vec::new();
        let may_miss = source.node.at(&["helm", "ignoreMissingValueFiles"]);
        let may_miss = may_miss.is_some_and(|node| node.reads("true"));
        let is_pattern = |entry: &Node| entry.str().is_some_and(|text| text.contains('*'));
        let mut is_open = named.iter().any(is_pattern);
        for entry in named {
            match self.named(&source, entry) {
                Ok(files) => layers.extend(files.into_iter().map(Layer::File)),
                Err(_) if may_miss => is_open = true,
                Err(message) => {
                    problems.push(Problem::at(message, entry).as_partial().hiding_nothing())
                }
            }
        }
        if layers.is_empty() {
            self.is_open.set(self.is_open.get() || is_open || !problems.is_empty());
            return None;
        }
        let held = of_source(&Path::default(), &source.node);
        layers.extend(held.iter().filter_map(layer_of).map(Layer::Inline));
        let title = self.object.name().to_owned();
        if chart.is_some() && self.loader.renders.is_some() {
            for name in indexed(&source.node) {
                let text = one_line(name.str().unwrap_or_default());
                let message = format!("the parameter `{text}` is not given to Helm");
                problems.push(Problem::at(message, name).as_partial().hiding_nothing());
            }
        }
        let builder = chart.as_ref().filter(|_| self.loader.renders.is_some()).and_then(|chart| {
            let mut all = Builder::argo(self.object, self.application.clone());
            all.find(|builder| builder.directory == *chart).map(Arc::new)
        });
        let planned = Planned {
            release,
            title,
            layers,
            more,
            problems,
            chart: chart.clone(),
            builder,
            is_open,
        };
        Some((chart, planned))
    }

    /// The values files that an entry names.
    fn named(&self, source: &Source, entry: &Node) -> Result<Vec<TreePath>, String> {
        let text = entry.str().unwrap_or_default();
        let elsewhere = || format!("the values file `{}` is not in the repository", one_line(text));
        if is_remote(text) {
            return Err(elsewhere());
        }
        let path = match text.strip_prefix('$').and_then(|rest| rest.split_once('/')) {
            Some((name, rest)) => {
                let is_meant =
                    |one: &&Source| one.node.get("ref").is_some_and(|node| node.reads(name));
                let meant = self.application.sources.iter().find(is_meant).ok_or_else(elsewhere)?;
                meant.path.clone().unwrap_or_else(TreePath::root).join(rest)
            }
            None => match text.strip_prefix('/') {
                Some(rest) => TreePath::new(rest),
                None => source.path.as_ref().and_then(|path| path.join(text)),
            },
        };
        let path = path.ok_or_else(elsewhere)?;
        if !text.contains('*') {
            return self.loader.file(&path).map(|file| vec![file]).ok_or_else(elsewhere);
        }
        let parts: Vec<&str> = path.parts().collect();
        let is_meant = |file: &&TreePath| {
            file.parts().count() == parts.len()
                && file.parts().zip(&parts).all(|(part, glob)| fits(glob, part))
        };
        let files = self.loader.layout.files.iter().filter(is_meant);
        Ok(files.cloned().collect())
    }
}

impl Loader<'_> {
    /// The source of an `Application` with what files beside its path lay over it, and these files.
    pub(in crate::repo) fn overridden(
        &self,
        application: &str,
        source: &Source,
    ) -> (Source, BTreeSet<TreePath>) {
        let (mut node, mut files) = (source.node.clone(), BTreeSet::new());
        let of_application = format!(".argocd-source-{application}.yaml");
        for name in [".argocd-source.yaml", &of_application] {
            let path = source.path.as_ref().and_then(|path| path.join(name));
            let Some(file) = path.and_then(|path| self.file(&path)) else { continue };
            if let Ok(Some(more)) = self.values_in(&file) {
                node = merged(&node, &more);
                files.insert(file);
            }
        }
        if files.is_empty() {
            return (source.clone(), files);
        }
        // They say how it is built, not from where.
        (Source { path: source.path.clone(), ..Source::read(&node) }, files)
    }
}
