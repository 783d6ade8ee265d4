//! Values files beside a chart: its own, and one for each environment.

use std::collections::{BTreeMap, BTreeSet};

use crate::builders::values::Release;
use crate::repo::charts::texts::OWN_VALUES;
use crate::repo::charts::{Charts, Layer, Planned};
use crate::repo::environment::{EnvironmentId, claim, claim_of_file};
use crate::repo::layout::above;
use crate::repo::loader::Loader;
use crate::text::path::TreePath;
use crate::yaml::node::Node;

/// The directories of a chart that may hold the values of environments.
const HOLDERS: [&str; 6] = ["env", "environment", "environments", "envs", "overlays", "values"];

/// The charts that something deploys, with the environments in which it does.
pub(super) type Deployed = BTreeMap<TreePath, BTreeSet<Option<EnvironmentId>>>;

/// Adds a root for each environment of each chart that nothing in the tree deploys there.
pub(super) fn add(loader: &Loader<'_>, deployed: &Deployed, charts: &mut Charts) {
    // What kustomizations render of a chart is theirs.
    let inflated = if loader.renders.is_some() { loader.inflated() } else { BTreeSet::new() };
    let is_own = |chart: &&TreePath| !is_vendored(loader, chart) && !inflated.contains(chart);
    for chart in loader.layout.charts.iter().filter(is_own) {
        let own = loader.own_values(chart);
        let mut environments = of_environments(loader, chart);
        let none = BTreeSet::new();
        let done = deployed.get(chart).unwrap_or(&none);
        if environments.is_empty() && done.is_empty() && own.is_some() {
            let environment = claim(loader.environments, chart).map(|claim| claim.environment);
            environments.insert(environment, Vec::new());
        }
        environments.retain(|environment, _| !done.contains(environment));
        for (environment, files) in environments {
            let title = chart.display().rsplit('/').next().unwrap_or_default().to_owned();
            let name = chart_name(loader, chart);
            let release = Release { name: None, namespace: None, chart: name };
            let layers = own.iter().cloned().chain(files).map(Layer::File).collect();
            let chart_of = Some(chart.clone());
            let planned = Planned { release, title, layers, chart: chart_of, ..Planned::default() };
            charts.add((chart.clone(), environment), planned);
        }
    }
}

/// Whether a chart lies in the `charts` of another, which sets its values.
fn is_vendored(loader: &Loader<'_>, chart: &TreePath) -> bool {
    let parent = chart.parent();
    above(&parent).any(|up| up.name() == "charts" && loader.layout.charts.contains(&up.parent()))
}

/// The name in a `Chart.yaml`.
pub(in crate::repo) fn chart_name(loader: &Loader<'_>, chart: &TreePath) -> Option<String> {
    let file =
        ["Chart.yaml", "Chart.yml"].iter().find_map(|name| loader.file(&chart.child(name)))?;
    let stream = loader.library.stream(&file).ok()?;
    let name = stream.documents.first()?.root.get("name").and_then(Node::str)?;
    Some(name.to_owned())
}

/// The values files of each environment, those that win last.
fn of_environments(
    loader: &Loader<'_>,
    chart: &TreePath,
) -> BTreeMap<Option<EnvironmentId>, Vec<TreePath>> {
    let mut found: BTreeMap<Option<EnvironmentId>, Vec<TreePath>> = BTreeMap::new();
    for file in loader.layout.files_below(chart).filter(|file| is_beside(chart, file)) {
        let Some(claim) = claim_of_file(loader.environments, file) else { continue };
        // What makes the file belong to the environment is in the chart.
        let outside = claim_of_chart(loader, chart);
        if outside == Some(claim.environment) && !spells(loader, claim.environment, file) {
            continue;
        }
        found.entry(Some(claim.environment)).or_default().push(file.clone());
    }
    found
}

fn claim_of_chart(loader: &Loader<'_>, chart: &TreePath) -> Option<EnvironmentId> {
    claim(loader.environments, chart).map(|claim| claim.environment)
}

fn spells(loader: &Loader<'_>, environment: EnvironmentId, file: &TreePath) -> bool {
    let name = &loader.environments.iter().find(|one| one.id == environment);
    name.is_some_and(|one| file.name().contains(one.name.as_str()))
}

/// Whether a file may hold values of the chart, by its place and name.
pub(super) fn is_beside(chart: &TreePath, file: &TreePath) -> bool {
    let is_yaml = [".yaml", ".yml"].iter().any(|end| file.name().ends_with(end));
    if !is_yaml || file.parent() == *chart && OWN_VALUES.contains(&file.name()) {
        return false;
    }
    let Some(inside) = file.as_str().strip_prefix(chart.as_str()) else { return false };
    let parts: Vec<&str> = inside.trim_start_matches('/').split('/').collect();
    match parts[..] {
        [_] => true,
        [holder, _] => HOLDERS.contains(&holder),
        [holder, _, name] => HOLDERS.contains(&holder) && name.contains("values"),
        _ => false,
    }
}
