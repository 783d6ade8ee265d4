//! Which version of the External Secrets Operator an environment's cluster runs, as far as the repository pins one.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::k8s::resource::{group_of, kind_of};
use crate::k8s::values::{Written, held};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::Root;
use crate::text::path::TreePath;
use crate::yaml::embed::parse_inside;
use crate::yaml::node::Node;

/// The API group of the operator.
const GROUP: &str = "external-secrets.io";
/// What the operator's chart and its package for OLM are called.
const NAMES: &[&str] = &["external-secrets", "external-secrets-operator"];
/// The first version that serves `external-secrets.io/v1`.
const FIRST_WITH_V1: (u32, u32) = (0, 16);
/// The first version that no longer serves `external-secrets.io/v1beta1`.
const FIRST_WITHOUT_V1BETA1: (u32, u32) = (0, 17);
/// The last version of the community's package for OLM.
const LAST_OF_OLM: (u32, u32) = (0, 11);
/// The value of the chart with which it serves `v1beta1` again.
const UNSAFE: &str = "unsafeServeV1Beta1";

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

/// Which API versions the operator of an environment serves, as far as the repository pins its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// `v1beta1`: it is older than `v1`.
    Before,
    /// `v1` and `v1beta1`.
    Both,
    /// `v1` alone.
    After,
    /// Unknown: nothing pins it, a range does, or several versions do.
    Unknown,
}

/// What a root says of the operator.
#[derive(Debug, Clone, Default)]
pub(super) struct Pins {
    /// What it installs; `Unknown` for a range.
    installed: BTreeSet<Operator>,
    /// Whether the values of a chart have it serve `v1beta1`, whatever its version.
    is_unsafe: bool,
}

impl Pins {
    fn is_empty(&self) -> bool {
        self.installed.is_empty() && !self.is_unsafe
    }
}

impl Operator {
    fn of(version: Option<(u32, u32)>) -> Self {
        match version {
            None => Self::Unknown,
            Some(version) if version < FIRST_WITH_V1 => Self::Before,
            Some(version) if version < FIRST_WITHOUT_V1BETA1 => Self::Both,
            Some(_) => Self::After,
        }
    }

    /// What some roots say together; `None` if they say nothing.
    fn together<'p>(pins: impl Iterator<Item = &'p Pins>) -> Option<Self> {
        let (mut installed, mut is_unsafe) = (BTreeSet::new(), false);
        for one in pins {
            installed.extend(&one.installed);
            is_unsafe |= one.is_unsafe;
        }
        let all: Vec<Self> = installed.into_iter().collect();
        match all[..] {
            [] => None,
            [Self::After] | [Self::Both, Self::After] if is_unsafe => Some(Self::Both),
            [one] => Some(one),
            // One of several clusters no longer serves the old version.
            [Self::Both, Self::After] => Some(Self::After),
            _ => Some(Self::Unknown),
        }
    }
}

impl Repo {
    /// Which API versions the operator serves that an environment installs, or else what belongs to none (with `None`, only
    /// the latter): by its chart in a HelmRelease, Argo CD Application or kustomization, its image, or its OLM package.
    #[must_use]
    pub fn operator(&self, environment: Option<EnvironmentId>) -> Operator {
        let of = |index: Option<EnvironmentId>| {
            let roots = self.roots.iter().filter(move |root| root.environment == index);
            Operator::together(roots.map(|root| self.pins(root)))
        };
        let own = environment.and_then(|index| of(Some(index)));
        own.or_else(|| of(None)).unwrap_or(Operator::Unknown)
    }

    /// Whether a root says anything of the operator's version.
    pub(super) fn pins_operator(&self, root: &Root) -> bool {
        !self.pins(root).is_empty()
    }

    fn pins<'r>(&self, root: &'r Root) -> &'r Pins {
        root.facts.operator.get_or_init(|| {
            let mut pins = Pins::default();
            for object in root.objects() {
                pins.installed.extend(pinned(&object.node));
                pins.is_unsafe |= serves_again(&object.node);
            }
            root.kustomizations().for_each(|file| self.inflated(file, &mut pins));
            pins
        })
    }

    /// Adds what a kustomization has Helm render.
    fn inflated(&self, file: &TreePath, pins: &mut Pins) {
        let Ok(stream) = self.library.stream(file) else { return };
        let Some(document) = stream.documents.first() else { return };
        let charts = document.root.get("helmCharts").map_or(&[][..], Node::items);
        let named = |chart: &&Node| chart.get("name").and_then(Node::str).is_some_and(is_named);
        for chart in charts.iter().filter(named) {
            let version = chart.get("version").and_then(Node::str);
            pins.installed.insert(Operator::of(version.and_then(exact)));
            pins.is_unsafe |= chart.get("valuesInline").is_some_and(is_unsafe);
            let values = chart.get("valuesFile").and_then(Node::str);
            let values = values.and_then(|path| file.parent().join(path));
            let values = values.and_then(|path| self.library.stream(&path).ok());
            pins.is_unsafe |=
                values.is_some_and(|one| one.documents.iter().any(|one| is_unsafe(&one.root)));
        }
    }

    /// Whether an environment is known to serve `external-secrets.io/v1`.
    #[must_use]
    pub fn serves(&self, environment: EnvironmentId) -> Serves {
        match self.operator(Some(environment)) {
            Operator::Before => return Serves::Before,
            Operator::Both | Operator::After => return Serves::V1,
            Operator::Unknown => {}
        }
        let is_v1 = |node: &Node| {
            let api_version = node.get("apiVersion").and_then(Node::str).unwrap_or_default();
            group_of(node) == GROUP && api_version.ends_with("/v1")
        };
        let serves = |root: &Root| {
            let has_v1 = || root.objects().iter().any(|object| is_v1(&object.node));
            *root.facts.is_v1.get_or_init(has_v1)
        };
        let is_served = self.roots_of(environment).any(|(_, root): (_, &Arc<Root>)| serves(root));
        if is_served { Serves::V1 } else { Serves::Unknown }
    }
}

/// Whether a name, or the last part of an address, is the operator's.
fn is_named(name: &str) -> bool {
    name.trim_end_matches('/').rsplit('/').next().is_some_and(|last| NAMES.contains(&last))
}

/// The operators that an object installs.
fn pinned(object: &Node) -> Vec<Operator> {
    let text = |node: &Node, path: &[&str]| node.at(path).and_then(Node::str).map(str::to_owned);
    let version = |node: Option<String>| Operator::of(node.as_deref().and_then(exact));
    let chart = |source: &Node| {
        let is_ours = text(source, &["chart"]).is_some_and(|chart| is_named(&chart));
        let pin = text(source, &["targetRevision"]).or_else(|| text(source, &["version"]));
        is_ours.then(|| version(pin))
    };
    let application = |spec: Option<&Node>| -> Vec<Operator> {
        let Some(spec) = spec else { return Vec::new() };
        let several = spec.get("sources").map_or(&[][..], Node::items);
        several.iter().chain(spec.get("source")).filter_map(chart).collect()
    };
    match (group_of(object), kind_of(object)) {
        ("helm.toolkit.fluxcd.io", "HelmRelease") => {
            object.at(&["spec", "chart", "spec"]).and_then(chart).into_iter().collect()
        }
        ("source.toolkit.fluxcd.io", "HelmChart") => {
            object.get("spec").and_then(chart).into_iter().collect()
        }
        ("source.toolkit.fluxcd.io", "OCIRepository") => {
            let is_ours = text(object, &["spec", "url"]).is_some_and(|url| is_named(&url));
            is_ours.then(|| version(text(object, &["spec", "ref", "tag"]))).into_iter().collect()
        }
        ("argoproj.io", "Application") => application(object.get("spec")),
        ("argoproj.io", "ApplicationSet") => application(object.at(&["spec", "template", "spec"])),
        ("apps", "Deployment") => images(object).map(|tag| Operator::of(exact(tag))).collect(),
        ("operators.coreos.com", "Subscription") => {
            let is_ours = text(object, &["spec", "name"]).is_some_and(|name| is_named(&name));
            let csv = text(object, &["spec", "startingCSV"]);
            let csv = csv.and_then(|csv| exact(csv.rsplit_once(".v")?.1));
            is_ours.then(|| Operator::of(csv.or(Some(LAST_OF_OLM)))).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The tags of the operator's image in a workload; empty where it has none.
fn images(object: &Node) -> impl Iterator<Item = &str> {
    let containers = object.at(&["spec", "template", "spec", "containers"]);
    let images = containers.map_or(&[][..], Node::items).iter();
    images.filter_map(|container| {
        let image = container.get("image").and_then(Node::str)?;
        let image = image.split_once('@').map_or(image, |(image, _)| image);
        let (name, tag) = image.rsplit_once(':').unwrap_or((image, ""));
        name.ends_with("/external-secrets/external-secrets").then_some(tag)
    })
}

/// Whether an object has the operator's chart serve `v1beta1` again.
fn serves_again(object: &Node) -> bool {
    held(object).iter().any(|held| match held.values {
        Written::Tree(values) => is_unsafe(values),
        Written::Text(text) if text.str().is_some_and(|text| text.contains(UNSAFE)) => {
            let values = parse_inside(text);
            values.is_ok_and(|values| values.documents.iter().any(|one| is_unsafe(&one.root)))
        }
        Written::Text(_) => false,
        Written::Parameters(list) => list.items().iter().any(|one| {
            one.get("name").is_some_and(|name| name.reads("crds.unsafeServeV1Beta1"))
                && one.get("value").is_some_and(|value| value.reads("true"))
        }),
    })
}

fn is_unsafe(values: &Node) -> bool {
    values.at(&["crds", UNSAFE]).is_some_and(|value| value.reads("true"))
}

/// The first two numbers of a version; `None` for a range.
fn exact(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor, patch) = (parts.next()?, parts.next()?, parts.next()?);
    let is_one = patch.starts_with(|c: char| c.is_ascii_digit())
        && !version.contains(|c: char| c.is_whitespace() || ",|<>".contains(c));
    is_one.then_some(())?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Operator, Serves};
    use crate::repo::Repo;
    use crate::repo::testing::repo;

    fn release(version: &str) -> String {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{ name: eso }}\nspec:\n  chart:\n    spec: {{ chart: external-secrets, version: {version} }}\n"
        )
    }

    fn with(files: &[(&str, &str)]) -> Repo {
        let web = crate::repo::testing::deployment("web", "auth-20250101000000");
        repo(&[&[("staging/web.yaml", web.as_str())], files].concat())
    }

    fn serves(files: &[(&str, &str)]) -> Serves {
        let repo = with(files);
        repo.serves(repo.environment("staging").unwrap())
    }

    fn operator(files: &[(&str, &str)]) -> Operator {
        let repo = with(files);
        repo.operator(Some(repo.environment("staging").unwrap()))
    }

    #[test]
    fn a_pinned_operator_tells_what_is_served() {
        for (version, is) in [
            ("0.20.1", Serves::V1),
            ("0.15.1", Serves::Before),
            ("v1.0.0", Serves::V1),
            ("\"0.x\"", Serves::Unknown),
            ("\">=0.16.0\"", Serves::Unknown),
            ("0.10.7 - 0.20.0", Serves::Unknown),
            ("0.10.7 || 0.20.1", Serves::Unknown),
            ("\"0.10.7,<0.20.0\"", Serves::Unknown),
            ("0.20.1-rc1+b.2", Serves::V1),
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

    #[test]
    fn whatever_installs_it_tells_its_version() {
        let deployment = |tag: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: eso }}\nspec: {{ template: {{ spec: {{ containers: [{{ name: a, image: 'ghcr.io/external-secrets/external-secrets{tag}' }}] }} }} }}\n"
            )
        };
        let subscription = |more: &str| {
            format!(
                "apiVersion: operators.coreos.com/v1alpha1\nkind: Subscription\nmetadata: {{ name: a }}\nspec: {{ name: external-secrets-operator, channel: stable{more} }}\n"
            )
        };
        let oci = |reference: &str| {
            format!(
                "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {{ name: a }}\nspec: {{ url: oci://ghcr.io/external-secrets/charts/external-secrets, ref: {reference} }}\n"
            )
        };
        let application = |revision: &str| {
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{ name: a }}\nspec: {{ sources: [{{ chart: external-secrets, targetRevision: '{revision}' }}] }}\n"
            )
        };
        for (object, is) in [
            (deployment(":v0.9.20"), Operator::Before),
            (deployment(":v0.16.2@sha256:0123"), Operator::Both),
            (deployment(":latest"), Operator::Unknown),
            (deployment(""), Operator::Unknown),
            (subscription(""), Operator::Before),
            (subscription(", startingCSV: external-secrets-operator.v0.11.0"), Operator::Before),
            (oci("{ tag: 0.19.2 }"), Operator::After),
            (oci("{ semver: 0.x }"), Operator::Unknown),
            (application("0.16.1"), Operator::Both),
            (application("0.17.0"), Operator::After),
            (application("*"), Operator::Unknown),
        ] {
            assert_eq!(operator(&[("eso.yaml", &object)]), is, "{object}");
        }
        assert_eq!(operator(&[]), Operator::Unknown);
    }

    #[test]
    fn the_environment_wins_and_several_versions_leave_it_open() {
        let (old, both, new) = (release("0.9.20"), release("0.16.0"), release("0.19.2"));
        let two = |one: &str, other: &str| {
            operator(&[("staging/a.yaml", one), ("staging/b.yaml", other)])
        };
        assert_eq!(two(&old, &new), Operator::Unknown);
        assert_eq!(two(&both, &new), Operator::After);
        assert_eq!(operator(&[("staging/a.yaml", &old), ("eso.yaml", &new)]), Operator::Before);
        assert_eq!(operator(&[("production/a.yaml", &old)]), Operator::Unknown);
        let range = release("0.x");
        assert_eq!(operator(&[("staging/a.yaml", &range), ("eso.yaml", &new)]), Operator::Unknown);
    }

    #[test]
    fn values_of_the_chart_keep_the_old_version() {
        let kept = |more: &str| operator(&[("eso.yaml", &(release("0.19.2") + more))]);
        assert_eq!(kept("  values: { crds: { unsafeServeV1Beta1: true } }\n"), Operator::Both);
        assert_eq!(kept("  values: { crds: { unsafeServeV1Beta1: false } }\n"), Operator::After);
        let application = |helm: &str| {
            let text = format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{ name: a }}\nspec: {{ source: {{ chart: external-secrets, targetRevision: 1.0.0, helm: {helm} }} }}\n"
            );
            operator(&[("eso.yaml", &text)])
        };
        let text = "{ values: \"crds: { unsafeServeV1Beta1: true }\" }";
        assert_eq!(application(text), Operator::Both);
        let parameters = "{ parameters: [{ name: crds.unsafeServeV1Beta1, value: 'true' }] }";
        assert_eq!(application(parameters), Operator::Both);
        assert_eq!(application("{}"), Operator::After);
        let chart =
            "helmCharts:\n- { name: external-secrets, version: 0.19.2, valuesFile: v.yaml }\n";
        let values = "crds:\n  unsafeServeV1Beta1: true\n";
        let files = [("eso/kustomization.yaml", chart), ("eso/v.yaml", values)];
        assert_eq!(operator(&files), Operator::Both);
        assert_eq!(operator(&files[..1]), Operator::After);
    }
}
