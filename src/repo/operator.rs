//! Which version of the External Secrets Operator an environment's cluster runs, as far as the repository pins one.

use std::sync::Arc;

use crate::k8s::resource::{group_of, kind_of};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::yaml::node::Node;

/// The API group of the operator.
const GROUP: &str = "external-secrets.io";
/// What the operator's chart and its package for OLM are called.
const NAMES: &[&str] = &["external-secrets", "external-secrets-operator"];
/// The first version that serves `external-secrets.io/v1`.
const FIRST_WITH_V1: (u32, u32) = (0, 16);

/// What is known about the API version that an environment serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// `external-secrets.io/v1`.
    V1,
    /// Only earlier versions: the pinned operator is older.
    Before,
    /// Unknown.
    Unknown,
}

impl Repo {
    /// The major and minor version of the operator that an environment, or what belongs to none, pins (with
    /// `None`, only the latter): its chart in a HelmRelease, Argo CD Application or kustomization, or its OLM package.
    #[must_use]
    pub fn operator(&self, environment: Option<EnvironmentId>) -> Option<(u32, u32)> {
        let near = |index: Option<EnvironmentId>| index.is_none() || index == environment;
        let roots = self.roots.iter().filter(|root| near(root.environment));
        let own = |root: &&Arc<Root>| root.environment.is_some();
        let (own, shared): (Vec<_>, Vec<_>) = roots.partition(own);
        own.iter().chain(&shared).find_map(|root| {
            *root.facts.operator.get_or_init(|| {
                let by_object = root.objects().iter().find_map(|object| pinned(&object.node));
                by_object.or_else(|| root.kustomizations().find_map(|file| self.inflated(file)))
            })
        })
    }

    /// The version of the operator's chart that a kustomization has Helm render.
    fn inflated(&self, file: &TreePath) -> Option<(u32, u32)> {
        let stream = self.library.stream(file).ok()?;
        let charts = stream.documents.first()?.root.get("helmCharts")?.items().iter();
        let text = |chart: &Node, key: &str| chart.get(key).and_then(Node::str).map(str::to_owned);
        let mut own = charts
            .filter(|chart| text(chart, "name").is_some_and(|name| NAMES.contains(&name.as_str())));
        own.find_map(|chart| exact(&text(chart, "version")?))
    }

    /// Whether the operator of an environment, or of what belongs to none, is older than `external-secrets.io/v1`.
    #[must_use]
    pub fn has_old_operator(&self, environment: Option<EnvironmentId>) -> bool {
        self.operator(environment).is_some_and(|version| version < FIRST_WITH_V1)
    }

    /// Whether an environment is known to serve `external-secrets.io/v1`.
    #[must_use]
    pub fn serves(&self, environment: EnvironmentId) -> Serves {
        match self.operator(Some(environment)) {
            Some(version) if version < FIRST_WITH_V1 => return Serves::Before,
            Some(_) => return Serves::V1,
            None => {}
        }
        let is_v1 = |node: &Node| {
            let api_version = node.get("apiVersion").and_then(Node::str).unwrap_or_default();
            group_of(node) == GROUP && api_version.ends_with("/v1")
        };
        let serves = |root: &Root| {
            let has_v1 = || root.objects().iter().any(|object| is_v1(&object.node));
            *root.facts.is_v1.get_or_init(has_v1)
        };
        let is_served = self.roots_of(environment).any(|(_, root)| serves(root));
        if is_served { Serves::V1 } else { Serves::Unknown }
    }
}

/// The version of the operator that an object pins.
fn pinned(object: &Node) -> Option<(u32, u32)> {
    let text = |path: &[&str]| object.at(path).and_then(Node::str);
    let chart = |source: &Node| {
        let name = source.get("chart").and_then(Node::str)?.rsplit('/').next()?;
        let version = source.get("targetRevision").or_else(|| source.get("version"))?.str()?;
        NAMES.contains(&name).then_some(version.to_owned())
    };
    let version = match (group_of(object), kind_of(object)) {
        ("helm.toolkit.fluxcd.io", "HelmRelease") => chart(object.at(&["spec", "chart", "spec"])?),
        ("argoproj.io", "Application") => {
            let one = object.at(&["spec", "source"]).and_then(chart);
            one.or_else(|| object.at(&["spec", "sources"])?.items().iter().find_map(chart))
        }
        ("operators.coreos.com", "Subscription") if NAMES.contains(&text(&["spec", "name"])?) => {
            let csv = text(&["spec", "startingCSV"])?;
            csv.rsplit_once(".v").map(|(_, version)| version.to_owned())
        }
        _ => None,
    };
    exact(&version?)
}

/// The first two numbers of a version; `None` for a range.
fn exact(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor, patch) = (parts.next()?, parts.next()?, parts.next()?);
    patch.starts_with(|c: char| c.is_ascii_digit()).then_some(())?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::Serves;
    use crate::repo::testing::repo;

    fn release(version: &str) -> String {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{ name: eso }}\nspec:\n  chart:\n    spec: {{ chart: external-secrets, version: {version} }}\n"
        )
    }

    fn serves(files: &[(&str, &str)]) -> Serves {
        let web = crate::repo::testing::deployment("web", "auth-20250101000000");
        let repo = repo(&[&[("staging/web.yaml", web.as_str())], files].concat());
        repo.serves(repo.environment("staging").unwrap())
    }

    #[test]
    fn a_pinned_operator_tells_what_is_served() {
        for (version, is) in [
            ("0.20.1", Serves::V1),
            ("0.15.1", Serves::Before),
            ("v1.0.0", Serves::V1),
            ("\"0.x\"", Serves::Unknown),
            ("\">=0.16.0\"", Serves::Unknown),
        ] {
            assert_eq!(serves(&[("infrastructure/eso.yaml", &release(version))]), is, "{version}");
        }
    }

    #[test]
    fn a_chart_of_a_kustomization_pins_it_too() {
        let kustomization = "helmCharts:\n- { name: external-secrets, version: 0.11.0, repo: https://charts.example.com }\n";
        assert_eq!(serves(&[("eso/kustomization.yaml", kustomization)]), Serves::Before);
    }

    #[test]
    fn another_object_of_the_environment_tells_too() {
        let store = "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: { name: a }\nspec: {}\n";
        assert_eq!(serves(&[("staging/store.yaml", store)]), Serves::V1);
        assert_eq!(serves(&[("production/store.yaml", store)]), Serves::Unknown);
        let both = [("staging/store.yaml", store), ("eso.yaml", &*release("0.11.0"))];
        assert_eq!(serves(&both), Serves::Before);
    }
}
