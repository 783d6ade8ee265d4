//! The charts of kustomizations: `helmCharts`.

use std::sync::Arc;

use crate::builders::values::Release;
use crate::kustomize::load::remote::is_remote;
use crate::kustomize::model::build::Build;
use crate::repo::charts::{Layer, Planned};
use crate::repo::loader::Loader;
use crate::text::path::TreePath;
use crate::yaml::node::Node;

/// The fields of a kustomization that list charts.
const FIELDS: [&str; 2] = ["helmCharts", "helmChartInflationGenerator"];

impl Loader<'_> {
    /// A build with an object more for each chart of its kustomizations: it stands for the values.
    pub(in crate::repo) fn with_helm_charts(&self, build: Arc<Build>) -> Arc<Build> {
        let mut planned = Vec::new();
        for directory in &build.directories {
            let Some(file) = self.layout.kustomizations.get(directory) else { continue };
            let Ok(stream) = self.library.stream(file) else { continue };
            let Some(document) = stream.documents.first() else { continue };
            let charts = FIELDS.iter().filter_map(|field| document.root.get(field));
            let charts = charts.flat_map(Node::items);
            for chart in charts {
                planned.push(self.helm_chart(directory, file, &document.root, chart));
            }
        }
        if planned.is_empty() {
            return build;
        }
        let mut build = Build::clone(&build);
        let namespace = self.namespace(&build.path);
        for mut one in planned {
            build.files.extend(one.files().cloned());
            one.release.namespace = namespace.clone().or(one.release.namespace);
            let object = self.values(&one, &mut build);
            build.objects = build.objects.iter().cloned().chain([object]).collect();
        }
        Arc::new(build)
    }

    /// The namespace that a kustomization gives to everything.
    fn namespace(&self, directory: &TreePath) -> Option<String> {
        let file = self.layout.kustomizations.get(directory)?;
        let stream = self.library.stream(file).ok()?;
        text(&stream.documents.first()?.root, "namespace").map(str::to_owned)
    }

    fn helm_chart(
        &self,
        directory: &TreePath,
        file: &TreePath,
        kustomization: &Node,
        chart: &Node,
    ) -> Planned {
        // The older field has other names for the same.
        let either = |new: &str, old: &str| text(chart, new).or_else(|| text(chart, old));
        let own = either("name", "chartName").map(str::to_owned);
        let name = text(chart, "releaseName").map(str::to_owned).or_else(|| own.clone());
        let namespace = text(kustomization, "namespace");
        let namespace = namespace.or_else(|| either("namespace", "releaseNamespace"));
        let named = |path: &str| {
            let path = directory.join(path).filter(|_| !is_remote(path))?;
            // A missing one is reported where it is read.
            Some(Layer::File(self.file(&path).unwrap_or(path)))
        };
        let under = either("valuesFile", "values").and_then(named);
        let inline = chart.get("valuesInline").or_else(|| chart.get("valuesLocal"));
        let inline = inline.map(|node| Layer::Written(file.clone(), node.clone()));
        let pair = match text(chart, "valuesMerge") {
            Some("merge") => [inline, under],
            Some("replace") => [inline.or(under), None],
            _ => [under, inline],
        };
        let more = chart.get("additionalValuesFiles").map_or(&[][..], Node::items);
        let more = more.iter().filter_map(Node::str).filter_map(named);
        let title = name.clone().unwrap_or_default();
        let release = Release { name, namespace: namespace.map(str::to_owned), chart: own };
        let layers = pair.into_iter().flatten().chain(more).collect();
        Planned { release, title, layers, ..Planned::default() }
    }
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::str).filter(|text| !text.is_empty())
}
