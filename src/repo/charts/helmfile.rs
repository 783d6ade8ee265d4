//! The releases of a `helmfile.yaml`, as far as it is plain YAML.

use std::collections::BTreeSet;

use crate::builders::values::Release;
use crate::config::environment::environment_of_word;
use crate::kustomize::load::remote::is_remote;
use crate::repo::charts::beside::{Deployed, chart_name};
use crate::repo::charts::{Charts, Layer, Planned};
use crate::repo::environment::{EnvironmentId, claim_of_file};
use crate::repo::loader::Loader;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::visible::one_line;
use crate::yaml::node::Node;

/// How helmfile spells the name of the environment in a path.
const ENVIRONMENT: [&str; 2] = ["{{ .Environment.Name }}", "{{.Environment.Name}}"];

/// Adds the releases of every helmfile of the tree, and where charts are rendered, those that it deploys.
pub(super) fn add(loader: &Loader<'_>, charts: &mut Charts, deployed: &mut Deployed) {
    for file in loader.layout.files.iter().filter(|file| is_helmfile(file)) {
        let Ok(stream) = loader.library.stream(file) else { continue };
        let roots: Vec<&Node> = stream.documents.iter().map(|document| &document.root).collect();
        let all = |key: &'static str| roots.iter().filter_map(move |root| root.get(key));
        let releases: Vec<&Node> = all("releases").flat_map(Node::items).collect();
        if releases.is_empty() {
            continue;
        }
        let declared = all("environments").flat_map(Node::entries);
        let names: BTreeSet<&str> = declared.filter_map(|entry| entry.key.str()).collect();
        for (environment, name) in environments(loader, file, &names) {
            let key = (file.parent(), environment);
            let reader = Reader { loader, file, environment: name };
            for release in &releases {
                let planned = reader.release(release);
                if let Some(chart) = planned.chart.as_ref().filter(|_| loader.renders.is_some()) {
                    deployed.entry(chart.clone()).or_default().insert(environment);
                }
                charts.add(key.clone(), planned);
            }
        }
    }
}

pub(super) fn is_helmfile(file: &TreePath) -> bool {
    let is_yaml = [".yaml", ".yml"].iter().any(|end| file.name().ends_with(end));
    is_yaml
        && (matches!(file.name(), "helmfile.yaml" | "helmfile.yml")
            || file.parent().name() == "helmfile.d")
}

/// The environments in which a helmfile installs, each with the name that it has there.
fn environments<'n>(
    loader: &Loader<'_>,
    file: &TreePath,
    names: &BTreeSet<&'n str>,
) -> Vec<(Option<EnvironmentId>, Option<&'n str>)> {
    if let Some(claim) = claim_of_file(loader.environments, file) {
        return vec![(Some(claim.environment), None)];
    }
    let of_name = |name: &&'n str| {
        let word = environment_of_word(name).map(|(_, word)| word);
        let mut all = loader.environments.iter();
        let found = all.find(|one| one.name == **name || Some(one.name.as_str()) == word)?;
        Some((Some(found.id), Some(*name)))
    };
    let found: Vec<_> = names.iter().filter_map(of_name).collect();
    if found.is_empty() { vec![(None, None)] } else { found }
}

struct Reader<'a> {
    loader: &'a Loader<'a>,
    file: &'a TreePath,
    environment: Option<&'a str>,
}

impl Reader<'_> {
    fn release(&self, node: &Node) -> Planned {
        let directory = self.file.parent();
        let chart = text(node, "chart").filter(|chart| chart.starts_with('.'));
        let chart = chart.and_then(|chart| directory.join(chart));
        let chart = chart.filter(|chart| self.loader.layout.charts.contains(chart));
        let own = chart.as_ref().and_then(|chart| self.loader.own_values(chart));
        let mut layers: Vec<Layer> = own.map(Layer::File).into_iter().collect();
        let mut problems = Vec::new();
        for entry in node.get("values").map_or(&[][..], Node::items) {
            if !entry.entries().is_empty() {
                layers.push(Layer::Written(self.file.clone(), entry.clone()));
                continue;
            }
            let named = one_line(entry.str().unwrap_or_default());
            match self.named(&directory, &named) {
                Ok(file) => layers.push(Layer::File(file)),
                Err(message) => {
                    problems.push(Problem::at(message, entry).as_partial().hiding_nothing());
                }
            }
        }
        let name = text(node, "name").map(str::to_owned);
        let title = name.clone().unwrap_or_default();
        let release = Release {
            name,
            namespace: text(node, "namespace").map(str::to_owned),
            chart: chart.as_ref().and_then(|chart| chart_name(self.loader, chart)),
        };
        Planned {
            release,
            title,
            layers,
            more: [self.file.clone()].into(),
            problems,
            chart,
            ..Planned::default()
        }
    }

    fn named(&self, directory: &TreePath, text: &str) -> Result<TreePath, String> {
        let named = self.environment.map_or_else(
            || text.to_owned(),
            |name| ENVIRONMENT.iter().fold(text.to_owned(), |text, word| text.replace(word, name)),
        );
        if named.contains("{{") || named.ends_with(".gotmpl") {
            return Err(format!(
                "the values file `{text}` is a template, which only helmfile fills in"
            ));
        }
        let path = directory.join(&named).filter(|_| !is_remote(&named));
        let file = path.and_then(|path| self.loader.file(&path));
        file.ok_or_else(|| format!("the values file `{text}` is not in the repository"))
    }
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::str).filter(|text| !text.is_empty())
}
