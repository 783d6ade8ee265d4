//! Objects that deploy others, and the namespace in which names in their values are looked up.

use crate::k8s::found::EVERYWHERE;
use crate::k8s::resource::{group_of, kind_of};
use crate::yaml::node::Node;
use crate::yaml::path::{Path, PathStep};

/// A kind that deploys others, the fields with their values, and the fields with the target namespace.
struct Deployer {
    group: &'static str,
    kind: &'static str,
    values: &'static [&'static [&'static str]],
    namespace: &'static [&'static str],
    /// Whether the values are looked up in the object's own namespace if no other is named; otherwise it may be any.
    is_own: bool,
}

const DEPLOYERS: &[Deployer] = &[
    Deployer {
        group: "argoproj.io",
        kind: "Application",
        values: &[&["spec", "source"], &["spec", "sources"]],
        namespace: &["spec", "destination", "namespace"],
        is_own: false,
    },
    Deployer {
        group: "argoproj.io",
        kind: "ApplicationSet",
        values: &[
            &["spec", "template", "spec", "source"],
            &["spec", "template", "spec", "sources"],
            &["spec", "generators"],
        ],
        namespace: &["spec", "template", "spec", "destination", "namespace"],
        is_own: false,
    },
    Deployer {
        group: "helm.cattle.io",
        kind: "HelmChart",
        values: &[&["spec", "set"], &["spec", "valuesContent"]],
        namespace: &["spec", "targetNamespace"],
        is_own: true,
    },
    Deployer {
        group: "helm.toolkit.fluxcd.io",
        kind: "HelmRelease",
        values: &[&["spec", "values"]],
        namespace: &["spec", "targetNamespace"],
        is_own: true,
    },
    Deployer {
        group: "kustomize.toolkit.fluxcd.io",
        kind: "Kustomization",
        values: &[&["spec", "patches"], &["spec", "postBuild"]],
        namespace: &["spec", "targetNamespace"],
        is_own: false,
    },
];

/// Whether an object deploys others and holds values for them.
#[must_use]
pub fn deploys(object: &Node) -> bool {
    deployer(object).is_some()
}

fn deployer(object: &Node) -> Option<&'static Deployer> {
    let (group, kind) = (group_of(object), kind_of(object));
    DEPLOYERS.iter().find(|one| one.group == group && one.kind == kind)
}

/// The namespace in which a name at a path of an object is looked up, if it is not the object's own; [`EVERYWHERE`] if it may be
/// any.
#[must_use]
pub fn of<'n>(object: &'n Node, path: &Path) -> Option<&'n str> {
    let deployer = deployer(object)?;
    if !deployer.values.iter().any(|values| starts_with(path, values)) {
        return None;
    }
    let namespace = object.at(deployer.namespace).and_then(Node::str);
    match namespace.filter(|namespace| !namespace.is_empty()) {
        // The template of an ApplicationSet is filled in by the controller.
        Some(namespace) if namespace.contains("{{") || namespace.contains("${") => Some(EVERYWHERE),
        None if !deployer.is_own => Some(EVERYWHERE),
        known => known,
    }
}

fn starts_with(path: &Path, keys: &[&str]) -> bool {
    let step =
        |(step, key): (&PathStep, &&str)| matches!(step, PathStep::Key(found) if **found == **key);
    path.0.len() >= keys.len() && path.0.iter().zip(keys).all(step)
}

#[cfg(test)]
mod tests {
    use super::{EVERYWHERE, of};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;
    use crate::yaml::path::Path;

    fn namespace(text: &str, keys: &[&str]) -> Option<String> {
        let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
        let path = keys.iter().fold(Path::default(), |path, key| path.key(key));
        of(&stream.documents[0].root, &path).map(str::to_owned)
    }

    #[test]
    fn values_are_meant_for_the_destination() {
        let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {destination: {namespace: ledger}}\n";
        let values = ["spec", "source", "helm", "values"];
        assert_eq!(namespace(application, &values).as_deref(), Some("ledger"));
        assert_eq!(namespace(application, &["metadata", "annotations", "a"]), None);
        let other = application.replace("argoproj.io", "example.com");
        assert_eq!(namespace(&other, &values), None);
    }

    #[test]
    fn what_is_not_said_is_its_own_or_may_be_any() {
        let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec: {}\n";
        assert_eq!(namespace(release, &["spec", "values", "a"]), None);
        let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec: {template: {spec: {destination: {namespace: '{{ name }}'}}}}\n";
        let values = ["spec", "template", "spec", "source", "helm"];
        assert_eq!(namespace(set, &values).as_deref(), Some(EVERYWHERE));
        let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {}\n";
        let variable = ["spec", "postBuild", "substitute", "SECRET"];
        assert_eq!(namespace(flux, &variable).as_deref(), Some(EVERYWHERE));
        assert_eq!(namespace(flux, &["spec", "path"]), None);
    }
}
