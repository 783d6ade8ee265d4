//! Flux `Kustomization`s: what each builds, and how.
//!
//! The rules are those of kustomize-controller (`fluxcd/pkg`, `kustomize/kustomize_generator.go` and `kustomize_varsub.go`).

use crate::builders::substitute::{Variables, fill, needs};
use crate::kustomize::load::kustomization::Overrides;
use crate::kustomize::model::build::{Build, Status};
use crate::kustomize::model::object::Object;
use crate::kustomize::resolver::Resolver;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::yaml::node::Node;

/// The group of the API.
const GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// The label or annotation of objects in which no variable is filled in.
const SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// A Flux `Kustomization`.
#[derive(Debug, Clone)]
pub struct FluxKustomization {
    /// Its name.
    pub name: String,
    /// The namespace it is in.
    pub namespace: Option<String>,
    /// The directory that it builds.
    pub path: TreePath,
    /// Whether it says so; otherwise it builds whatever is at the top of its source.
    pub has_path: bool,
    /// The namespace of everything that it builds.
    pub target_namespace: Option<String>,
    /// What it writes into the directory's kustomization.
    overrides: Overrides,
    /// Whether that is more than a namespace.
    writes_more: bool,
    /// Where the directory comes from.
    pub source: SourceRef,
    /// The variables that it gives.
    substitute: Vec<(String, Node)>,
    /// Where it takes more variables from.
    pub from: Vec<VariableSource>,
}

/// A ConfigMap or Secret whose entries are variables.
#[derive(Debug, Clone)]
pub struct VariableSource {
    /// Whether its values are in no file: it is a Secret.
    pub is_secret: bool,
    /// Its name.
    pub name: String,
    /// Whether it need not exist.
    pub optional: bool,
    /// The entry that names it.
    pub node: Node,
}

impl FluxKustomization {
    /// Reads an object; `None` if it is another kind, or builds no directory that is known.
    #[must_use]
    pub fn read(object: &Object) -> Option<Self> {
        let group = object.api_version().rsplit_once('/')?.0;
        if (group, object.kind()) != (GROUP, "Kustomization") {
            return None;
        }
        let spec = object.node.get("spec")?;
        let has_path = text(spec, "path").is_some();
        let path = text(spec, "path").unwrap_or("./");
        // The path starts at the root of the source, whether or not it begins with a slash.
        let path = TreePath::new(path.trim_start_matches('/'))?;
        Some(Self {
            name: object.name().to_owned(),
            namespace: object.namespace().map(str::to_owned),
            path,
            has_path,
            target_namespace: text(spec, "targetNamespace").map(str::to_owned),
            writes_more: WRITTEN.iter().any(|field| spec.get(field).is_some_and(is_given)),
            overrides: overrides(spec),
            source: SourceRef::read(spec, "sourceRef"),
            substitute: variables(spec),
            from: sources(spec),
        })
    }

    /// What it writes into the directory's kustomization.
    #[must_use]
    pub const fn overrides(&self) -> &Overrides {
        &self.overrides
    }

    /// Builds the directory as the controller does. `given` are the variables of its sources, as far as they are known.
    #[must_use]
    pub fn build(&self, resolver: &Resolver, given: &Variables) -> Build {
        let mut build = resolver.build_with(&self.path, &self.overrides);
        // The controller has no load restrictions.
        build.outside = None;
        self.fill(&mut build, given);
        build
    }

    /// Whether the build is another than what kubectl makes without load restrictions, in the target namespace. `objects`: those
    /// that kubectl makes.
    pub fn differs<'o>(
        &self,
        mut objects: impl Iterator<Item = &'o Object> + Clone,
        given: &Variables,
    ) -> bool {
        let target = self.target_namespace.as_deref();
        let is_elsewhere = |object: &'o Object| {
            target.is_some() && object.namespace().is_some_and(|own| Some(own) != target)
        };
        let is_filled = |object: &'o Object| needs(&object.node) && !is_left_out(object);
        self.writes_more
            || objects.clone().any(is_elsewhere)
            || !self.variables(given).is_empty() && objects.any(is_filled)
    }

    /// The variables that are filled in: those of its own win over those of its sources.
    fn variables(&self, given: &Variables) -> Variables {
        let mut variables = given.clone();
        for (name, value) in &self.substitute {
            variables.set(name, value.clone());
        }
        variables
    }

    /// Fills in the variables; with none at all, not even defaults are.
    pub fn fill(&self, build: &mut Build, given: &Variables) {
        let variables = self.variables(given);
        if variables.is_empty() {
            return;
        }
        let mut failures = Vec::new();
        let filled = build.objects.iter().map(|object| {
            if is_left_out(object) {
                return object.clone();
            }
            Object { node: fill(&object.node, &variables, &mut failures), ..object.clone() }
        });
        build.objects = filled.collect();
        build.files.extend(variables.files());
        for (failure, node) in failures {
            let problem = Problem::at(failure.to_string(), &node).as_partial().hiding_nothing();
            let problem = problem.with_help(
                "the text stays as it is here; give the variable a value under `postBuild.substitute`, or a default",
            );
            let is_known = build.problems.iter().any(|one| one.message == problem.message);
            if !is_known {
                build.problems.push(problem);
            }
            if build.status == Status::Resolved {
                build.status = Status::Partial;
            }
        }
    }
}

/// The fields that it writes into a kustomization, besides a namespace.
const WRITTEN: [&str; 4] = ["namePrefix", "nameSuffix", "patches", "components"];

/// Whether a field has a value that counts.
fn is_given(value: &Node) -> bool {
    !value.items().is_empty() || value.str().is_some_and(|text| !text.is_empty())
}

/// What a Flux object names as the source of its files.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceRef {
    /// `GitRepository`, `OCIRepository`, `Bucket` …
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace, if it is another one.
    pub namespace: Option<String>,
}

impl SourceRef {
    /// Reads a field that names one, such as `sourceRef`.
    #[must_use]
    pub fn read(spec: &Node, field: &str) -> Self {
        let field = |key| spec.at(&[field, key]).and_then(Node::str).unwrap_or_default();
        let namespace = Some(field("namespace")).filter(|text| !text.is_empty());
        Self {
            kind: field("kind").to_owned(),
            name: field("name").to_owned(),
            namespace: namespace.map(str::to_owned),
        }
    }
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::str).filter(|text| !text.is_empty())
}

/// What is written into the kustomization, in the controller's order.
fn overrides(spec: &Node) -> Overrides {
    let mut overrides = Overrides::default();
    let fields = [
        ("targetNamespace", "namespace"),
        ("namePrefix", "namePrefix"),
        ("nameSuffix", "nameSuffix"),
    ];
    for (from, to) in fields {
        if text(spec, from).is_some()
            && let Some(value) = spec.get(from)
        {
            overrides.set(to, value.clone());
        }
    }
    for list in ["patches", "components"] {
        overrides.append(list, spec.get(list).map_or(&[][..], Node::items));
    }
    if text(spec, "ignoreMissingComponents") == Some("true") {
        overrides.ignore_missing_components();
    }
    overrides
}

fn variables(spec: &Node) -> Vec<(String, Node)> {
    let given = spec.at(&["postBuild", "substitute"]).map_or(&[][..], Node::entries);
    let pair =
        |entry: &crate::yaml::node::Entry| Some((entry.key.str()?.to_owned(), entry.value.clone()));
    given.iter().filter_map(pair).collect()
}

fn sources(spec: &Node) -> Vec<VariableSource> {
    let all = spec.at(&["postBuild", "substituteFrom"]).map_or(&[][..], Node::items);
    let source = |node: &Node| {
        Some(VariableSource {
            is_secret: text(node, "kind")? == "Secret",
            name: text(node, "name")?.to_owned(),
            optional: text(node, "optional") == Some("true"),
            node: node.clone(),
        })
    };
    all.iter().filter_map(source).collect()
}

/// Whether no variable is filled in in an object.
fn is_left_out(object: &Object) -> bool {
    ["labels", "annotations"].iter().any(|field| {
        let value = object.node.at(&["metadata", field, SUBSTITUTE]);
        value.and_then(Node::str) == Some("disabled")
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::FluxKustomization;
    use crate::builders::substitute::Variables;
    use crate::kustomize::model::build::{Build, Status};
    use crate::kustomize::model::object::Object;
    use crate::kustomize::resolver::Resolver;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::tree::memory::MemoryTree;
    use crate::yaml::library::Library;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn flux(spec: &str) -> FluxKustomization {
        let text = format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{ name: web, namespace: flux-system }}\nspec:\n{spec}"
        );
        let source = Source::file(TreePath::new("clusters/web.yaml").unwrap(), text);
        let root = parse(&source).unwrap().documents[0].root.clone();
        FluxKustomization::read(&Object::new(root)).unwrap()
    }

    fn build(files: &[(&str, &str)], spec: &str) -> Build {
        let files = files
            .iter()
            .map(|(path, text)| (TreePath::new(path).unwrap(), text.as_bytes().to_vec()));
        let library = Arc::new(Library::new(Arc::new(MemoryTree::new(files))));
        flux(spec).build(&Resolver::new(library), &Variables::default())
    }

    const WEB: &str =
        "apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { serviceAccountName: one }\n";

    fn seen(build: &Build) -> Vec<String> {
        let one = |object: &Object| {
            let account = object.node.at(&["spec", "serviceAccountName"]).and_then(Node::str);
            format!("{} {}", object.identity(), account.unwrap_or_default())
        };
        build.objects.iter().map(one).collect()
    }

    #[test]
    fn its_fields_are_written_into_the_kustomization() {
        let kustomization = "resources: [web.yaml]\nnamespace: own\nnameSuffix: -own\npatches: [{ patch: '[{\"op\": \"replace\", \"path\": \"/spec/serviceAccountName\", \"value\": \"two\"}]', target: { kind: Pod } }]\n";
        let files = [("apps/kustomization.yaml", kustomization), ("apps/web.yaml", WEB)];
        assert_eq!(seen(&build(&files, "  path: apps\n")), ["Pod web-own in own two"]);
        let spec = "  path: ./apps\n  targetNamespace: shop\n  namePrefix: x-\n  nameSuffix: -y\n  patches:\n    - target: { kind: Pod }\n      patch: |\n        - op: replace\n          path: /spec/serviceAccountName\n          value: three\n";
        let built = build(&files, spec);
        assert_eq!(seen(&built), ["Pod x-web-y in shop three"]);
        let account = built.objects[0].node.at(&["spec", "serviceAccountName"]).unwrap();
        let place = account.origin.as_ref().unwrap().in_file().unwrap();
        assert_eq!((place.source.path().as_str(), place.text()), ("clusters/web.yaml", "three"));
    }

    #[test]
    fn a_directory_without_a_kustomization_gets_one() {
        let other = WEB.replace("name: web", "name: other");
        let files = [
            ("apps/a/b/web.yaml", WEB),
            ("apps/c/kustomization.yaml", "resources: [other.yaml]\nnamePrefix: c-\n"),
            ("apps/c/other.yaml", other.as_str()),
            ("apps/c/not-listed.yaml", "a: b\n"),
        ];
        let built = build(&files, "  path: /apps\n  targetNamespace: shop\n");
        assert_eq!(built.status, Status::Resolved, "{:?}", built.problems);
        assert_eq!(seen(&built), ["Pod web in shop one", "Pod c-other in shop one"]);
    }

    #[test]
    fn variables_are_filled_in_after_the_build() {
        let pod = WEB.replace("serviceAccountName: one", "serviceAccountName: \"${A}-${B:=x}\"");
        let disabled = pod.replace(
            "name: web }",
            "name: left, annotations: { kustomize.toolkit.fluxcd.io/substitute: disabled } }",
        );
        let files = [
            ("apps/kustomization.yaml", "resources: [web.yaml, left.yaml]\n"),
            ("apps/web.yaml", pod.as_str()),
            ("apps/left.yaml", disabled.as_str()),
        ];
        let built = build(&files, "  path: apps\n  postBuild: { substitute: { A: one } }\n");
        assert_eq!(seen(&built), ["Pod web one-x", "Pod left ${A}-${B:=x}"]);
        assert_eq!(built.status, Status::Resolved);
        // Nothing is filled in where there are no variables.
        assert_eq!(seen(&build(&files, "  path: apps\n"))[0], "Pod web ${A}-${B:=x}");
        let built = build(&files, "  path: apps\n  postBuild: { substitute: { C: one } }\n");
        assert_eq!(
            (seen(&built)[0].as_str(), built.status),
            ("Pod web ${A}-${B:=x}", Status::Partial)
        );
        assert!(built.problems[0].message.contains("`A` has no value"), "{:?}", built.problems);
    }

    #[test]
    fn a_component_that_leads_back_or_nowhere_fails() {
        let files = [
            ("apps/kustomization.yaml", "resources: [web.yaml]\n"),
            ("apps/web.yaml", WEB),
            ("part/kustomization.yaml", "kind: Component\ncomponents: [../part]\n"),
        ];
        let built = build(&files, "  path: apps\n  components: [../part]\n");
        assert_eq!(built.status, Status::Failed);
        let missing = "  path: apps\n  components: [../none]\n";
        assert_eq!(build(&files, missing).status, Status::Failed);
        let built = build(&files, &format!("{missing}  ignoreMissingComponents: true\n"));
        assert_eq!(built.status, Status::Resolved);
    }
}
