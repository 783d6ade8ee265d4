//! The charts of kustomizations: `helmCharts`. What renders them comes from above.

use std::collections::BTreeSet;

use crate::kustomize::load::kustomization::Kustomization;
use crate::kustomize::model::object::Object;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::yaml::node::Node;

/// The fields of a kustomization that list charts.
pub const FIELDS: [&str; 2] = ["helmCharts", "helmChartInflationGenerator"];

/// What a chart becomes.
#[derive(Default)]
pub struct Inflated {
    /// Its objects.
    pub objects: Vec<Object>,
    /// The files that were read.
    pub files: BTreeSet<TreePath>,
    /// What is not known of it.
    pub problems: Vec<Problem>,
}

/// What renders the charts of kustomizations.
pub trait Inflate: Send + Sync {
    /// What an entry of a kustomization becomes; `None` if its chart is not in the tree.
    fn inflate(&self, kustomization: &Kustomization, entry: &Node) -> Option<Inflated>;
}

/// What to report for an entry that only Helm can render.
pub fn needs_helm(entry: &Node) -> Problem {
    let name = ["name", "chartName"].iter().find_map(|key| entry.get(key).and_then(Node::str));
    let chart = name.map(|name| format!(" `{name}`")).unwrap_or_default();
    Problem::at(format!("the chart{chart} is not rendered, because Helm is not run"), entry)
        .with_help("the objects it renders are not known")
}
