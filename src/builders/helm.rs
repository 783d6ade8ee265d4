//! Flux `HelmRelease`s: what each installs, and where its values come from.

use crate::builders::values::Release;
use crate::kustomize::model::object::Object;
use crate::text::path::TreePath;
use crate::yaml::node::Node;

/// The group of the API.
const GROUP: &str = "helm.toolkit.fluxcd.io";

/// The key of a ConfigMap or Secret that holds values, where nothing else is said.
const KEY: &str = "values.yaml";

/// A Flux `HelmRelease`.
#[derive(Debug, Clone)]
pub struct HelmRelease {
    /// What it installs.
    pub release: Release,
    /// Where it takes values from, those that win last; its own values win over them.
    pub from: Vec<ValuesSource>,
    /// The directory of its chart, if that is in a Git repository, which may be this one.
    pub chart: Option<TreePath>,
    /// The values files that the source of the chart has for it, those that win last; all others win over them.
    pub files: Vec<TreePath>,
    /// What changes what is rendered before it is installed, in this order.
    pub renderers: Vec<Node>,
}

/// A ConfigMap or Secret that holds values.
#[derive(Debug, Clone)]
pub struct ValuesSource {
    /// Whether its values are in no file: it is a Secret.
    pub is_secret: bool,
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: String,
    /// The single value that it has, such as `auth.existingSecret`; `None` if it has a text of values.
    pub target: Option<String>,
    /// Whether it need not exist.
    pub optional: bool,
}

impl HelmRelease {
    /// Reads an object; `None` if it is of another kind.
    #[must_use]
    pub fn read(object: &Object) -> Option<Self> {
        let group = object.api_version().rsplit_once('/')?.0;
        if (group, object.kind()) != (GROUP, "HelmRelease") {
            return None;
        }
        let spec = object.node.get("spec")?;
        let target = text(spec, "targetNamespace");
        let name = text(spec, "releaseName").map_or_else(
            || target.map_or_else(String::new, |target| format!("{target}-")) + object.name(),
            str::to_owned,
        );
        let namespace = target.or_else(|| object.namespace()).map(str::to_owned);
        let from = spec.get("valuesFrom").map_or(&[][..], Node::items);
        let chart = spec.at(&["chart", "spec"]);
        let files = chart.and_then(|chart| chart.get("valuesFiles")).map_or(&[][..], Node::items);
        Some(Self {
            release: Release { name: Some(name), namespace, chart: None },
            from: from.iter().filter_map(source).collect(),
            chart: chart.and_then(directory),
            files: files.iter().filter_map(Node::str).filter_map(path).collect(),
            renderers: spec.get("postRenderers").map_or(&[][..], Node::items).to_vec(),
        })
    }
}

/// The directory of a chart that a Git repository has.
fn directory(chart: &Node) -> Option<TreePath> {
    let kind = chart.at(&["sourceRef", "kind"]).and_then(Node::str);
    kind.filter(|kind| *kind == "GitRepository")?;
    path(text(chart, "chart").unwrap_or("."))
}

/// A path, which counts from the root of the source.
fn path(text: &str) -> Option<TreePath> {
    TreePath::new(text.trim_start_matches('/'))
}

fn source(node: &Node) -> Option<ValuesSource> {
    Some(ValuesSource {
        is_secret: text(node, "kind")? == "Secret",
        name: text(node, "name")?.to_owned(),
        key: text(node, "valuesKey").unwrap_or(KEY).to_owned(),
        target: text(node, "targetPath").map(str::to_owned),
        optional: node.get("optional").is_some_and(|node| node.reads("true")),
    })
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::HelmRelease;
    use crate::kustomize::model::object::Object;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    fn release(metadata: &str, spec: &str) -> HelmRelease {
        let text = format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {metadata}\nspec: {spec}\n"
        );
        let root = parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone();
        HelmRelease::read(&Object::new(root)).unwrap()
    }

    #[test]
    fn a_release_is_called_after_its_target() {
        let name = |metadata: &str, spec: &str| {
            let release = release(metadata, spec).release;
            (release.name.unwrap(), release.namespace)
        };
        let some = |name: &str, namespace: &str| (name.to_owned(), Some(namespace.to_owned()));
        let own = "{ name: web, namespace: flux }";
        assert_eq!(name(own, "{ chart: {} }"), some("web", "flux"));
        assert_eq!(name(own, "{ targetNamespace: shop }"), some("shop-web", "shop"));
        assert_eq!(name(own, "{ targetNamespace: shop, releaseName: x }"), some("x", "shop"));
        assert_eq!(name("{ name: web }", "{ chart: {} }"), ("web".to_owned(), None));
    }

    #[test]
    fn values_come_from_config_maps_and_secrets() {
        let spec = "{ valuesFrom: [{ kind: ConfigMap, name: a }, { kind: Secret, name: b, valuesKey: c, targetPath: d.e }, { name: f }] }";
        let from = release("{ name: web }", spec).from;
        let seen: Vec<_> = from
            .iter()
            .map(|one| (one.is_secret, &*one.name, &*one.key, one.target.as_deref()))
            .collect();
        assert_eq!(seen, [(false, "a", "values.yaml", None), (true, "b", "c", Some("d.e"))]);
    }
}
