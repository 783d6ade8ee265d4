//! Each expectation is what `kubectl kustomize` (kustomize 5.8.1) makes of the same.

use crate::kustomize::fields::candidates::Candidates;
use crate::kustomize::model::object::Object;
use crate::kustomize::transform::replacements::replace;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::source::Source;
use crate::yaml::compare::same;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::parse::parse;

const OBJECTS: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: src, labels: {l: x}, annotations: {a.b/c: ann}}
data: {a: "x-y-z", n: 5, t: "true", e: null}
list: [{name: p, v: 1}, {name: q, v: 2}]
m: {deep: {er: 1}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: dep, namespace: ns}
spec:
  replicas: 1
  q: "1"
  s: a-b-c
  nul: null
  map: {x: y}
  containers: [{name: a, image: "i:1", env: [{name: X.Y, value: z}]}, {name: b, image: "j:2"}]
  args: [foo, bar]
"#;

fn nodes(text: &str) -> Vec<Node> {
    let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
    stream.documents.into_iter().map(|document| document.root).collect()
}

fn replaced(replacement: &str) -> Result<Vec<Object>, Problem> {
    let mut objects: Vec<Object> = nodes(OBJECTS).into_iter().map(Object::new).collect();
    replace(&mut objects, &mut Candidates::default(), &nodes(replacement)[0])?;
    Ok(objects)
}

/// Copies `source`, the path and options of the ConfigMap, to `target`, those of the Deployment.
fn copy(source: &str, target: &str) -> String {
    format!(
        "{{source: {{kind: ConfigMap, name: src, fieldPath: {source}}}, \
          targets: [{{select: {{kind: Deployment}}, fieldPaths: [{target}}}]}}"
    )
}

#[track_caller]
fn becomes(source: &str, target: &str, expected: &str) {
    let objects = replaced(&copy(source, target)).unwrap();
    let found = objects[1].node.get("spec").unwrap();
    let mut spec = nodes(OBJECTS)[1].get("spec").unwrap().clone();
    for entry in nodes(expected)[0].entries() {
        spec.set(entry.key.str().unwrap(), entry.value.clone());
    }
    assert!(same(found, &spec), "{found:?}, expected {expected}");
}

#[track_caller]
fn fails(source: &str, target: &str) -> String {
    let problem = replaced(&copy(source, target)).unwrap_err();
    format!("{}; {}", problem.message, problem.help.unwrap_or_default())
}

/// The names of the objects that get a label when `target` says which.
fn labelled(target: &str) -> Vec<String> {
    let entry = format!(
        "{{sourceValue: new, targets: [{{{target}, fieldPaths: [metadata.labels.z], options: {{create: true}}}}]}}"
    );
    let objects = replaced(&entry).unwrap();
    let has = |object: &&Object| object.node.at(&["metadata", "labels", "z"]).is_some();
    objects.iter().filter(has).map(|object| object.name().to_owned()).collect()
}

#[test]
fn copies_values_into_fields() {
    becomes("data.a", "spec.s]", "{s: x-y-z}");
    becomes("metadata.name", "spec.s, spec.q]", "{s: src, q: src}");
    becomes("list.1.v", "spec.s]", "{s: '2'}");
    becomes("'list.[name=q].v'", "spec.s]", "{s: '2'}");
    becomes("'metadata.annotations.[a.b/c]'", "spec.s]", "{s: ann}");
    becomes(r"'metadata.annotations.a\.b/c'", "spec.s]", "{s: ann}");
    becomes("m", "spec.map]", "{map: {deep: {er: 1}}}");
    becomes("m", "spec.s]", "{s: ''}");
    becomes("data.a", "spec.args.1]", "{args: [foo, x-y-z]}");
    becomes("data.a", "'spec.args.[=foo]']", "{args: [x-y-z, bar]}");
}

#[test]
fn keeps_the_type_of_the_field() {
    becomes("data.n", "spec.q]", "{q: '5'}");
    becomes("data.n", "spec.s]", "{s: '5'}");
    becomes("data.n", "spec.replicas]", "{replicas: 5}");
    becomes("data.t", "spec.new], options: {create: true}", "{new: true}");
    becomes("data.n", "spec.new], options: {create: true}", "{new: 5}");
    assert!(fails("data.a", "spec.replicas]").starts_with("the value does not fit the type"));
    assert!(fails("data.t", "spec.nul]").starts_with("the value does not fit the type"));
}

#[test]
fn splits_and_joins_at_a_delimiter() {
    becomes("data.a, options: {delimiter: '-', index: 1}", "spec.s]", "{s: y}");
    becomes("data.a, options: {delimiter: '-'}", "spec.s]", "{s: x}");
    becomes("data.n", "spec.s], options: {delimiter: '-', index: 1}", "{s: a-5-c}");
    becomes("data.n", "spec.s], options: {delimiter: '-', index: -1}", "{s: 5-a-b-c}");
    becomes("data.n", "spec.s], options: {delimiter: '-', index: 9}", "{s: a-b-c-5}");
    assert!(
        fails("data.a, options: {delimiter: '-', index: 9}", "spec.s]")
            .starts_with("the source has no part 9")
    );
    assert!(fails("m, options: {delimiter: '-'}", "spec.s]").contains("plain values only"));
    assert!(fails("data.n", "spec.map], options: {delimiter: '-'}").contains("plain values only"));
}

#[test]
fn makes_fields_only_when_asked() {
    becomes("data.a", "spec.x.y], options: {create: true}", "{x: {y: x-y-z}}");
    becomes("m", "spec.x], options: {create: true}", "{x: {deep: {er: 1}}}");
    becomes(
        "data.a",
        "'spec.new.[name=c].image'], options: {create: true}",
        "{new: [{name: c, image: x-y-z}]}",
    );
    becomes("data.a", "'spec.args.[=baz]'], options: {create: true}", "{args: [foo, bar, x-y-z]}");
    assert!(fails("data.a", "spec.x]").contains("options: {create: true}"));
    assert!(
        fails("data.a", "spec.s, spec.x]").starts_with("`spec.x` is not in `Deployment dep in ns`")
    );
    assert!(fails("data.a", "spec.args.5], options: {create: true}").contains("the list has 2"));
}

#[test]
fn walks_lists_by_star_and_by_pattern() {
    let both = "{containers: [{name: a, image: x-y-z, env: [{name: X.Y, value: z}]}, {name: b, image: x-y-z}]}";
    becomes("data.a", "spec.containers.*.image]", both);
    becomes("data.a", "'spec.containers.[name=.].image']", both);
    becomes(
        "data.a",
        "'spec.containers.[name=a].env.[name=X.Y].value']",
        "{containers: [{name: a, image: 'i:1', env: [{name: X.Y, value: x-y-z}]}, {name: b, image: 'j:2'}]}",
    );
    assert!(fails("data.a", "'spec.containers.[name=zz].image']").contains("is not in"));
    assert!(fails("data.a", "spec.map.*]").contains("is for a list"));
}

#[test]
fn wants_one_source() {
    let source = |source: &str| {
        let entry = format!(
            "{{source: {source}, targets: [{{select: {{kind: Deployment}}, fieldPaths: [spec.s]}}]}}"
        );
        replaced(&entry)
            .map(|objects| objects[1].node.at(&["spec", "s"]).unwrap().str().unwrap().to_owned())
    };
    assert_eq!(source("{kind: ConfigMap}").unwrap(), "src");
    assert_eq!(source("{kind: ConfigMap, namespace: default}").unwrap(), "src");
    assert_eq!(
        source("{kind: Config.*}").unwrap_err().message,
        "the source of the replacement is not there"
    );
    assert_eq!(
        source("{}").unwrap_err().message,
        "the source of the replacement is not the only one"
    );
    let missing = source("{kind: ConfigMap, fieldPath: data.e}").unwrap_err();
    assert_eq!(missing.message, "`data.e` of `ConfigMap src` is missing or empty");
    assert!(replaced("{targets: []}").unwrap_err().message.contains("no source"));
    assert!(replaced("{source: {kind: ConfigMap}}").unwrap_err().message.contains("no targets"));
    assert!(
        replaced("{sourceValue: x, source: {}, targets: []}")
            .unwrap_err()
            .message
            .contains("twice")
    );
    assert!(
        replaced("{sourceValue: x, targets: [{fieldPaths: [a]}]}")
            .unwrap_err()
            .message
            .contains("selects nothing")
    );
}

#[test]
fn selects_and_rejects_targets() {
    assert_eq!(labelled("select: {}"), ["src", "dep"]);
    assert_eq!(labelled("select: {kind: Deploy.*}"), ["dep"]);
    assert_eq!(labelled("select: {name: d..}"), ["dep"]);
    assert_eq!(labelled("select: {labelSelector: l=x}"), ["src"]);
    assert!(labelled("select: {kind: Foo}").is_empty());
    assert_eq!(labelled("select: {}, reject: [{kind: Config.*}]"), ["dep"]);
    assert_eq!(labelled("select: {}, reject: [{labelSelector: l=x}]"), ["dep"]);
    assert!(labelled("select: {}, reject: [{kind: Deployment, labelSelector: l=x}]").is_empty());
    assert_eq!(labelled("select: {}, reject: [{}]"), ["src", "dep"]);
}

#[test]
fn copies_lead_back_to_the_source() {
    let objects = replaced(&copy("data.a", "spec.s]")).unwrap();
    let value = objects[1].node.at(&["spec", "s"]).unwrap();
    assert_eq!(
        (value.how, value.origin.as_ref().unwrap().text()),
        (Provenance::Copied, "\"x-y-z\"")
    );
    let objects = replaced(&copy("data.n", "spec.s], options: {delimiter: '-'}")).unwrap();
    assert_eq!(objects[1].node.at(&["spec", "s"]).unwrap().how, Provenance::Derived);
    let entry = "{sourceValue: new, targets: [{select: {kind: Deployment}, fieldPaths: [spec.s]}]}";
    let objects = replaced(entry).unwrap();
    let value = objects[1].node.at(&["spec", "s"]).unwrap();
    assert_eq!((value.how, value.origin.as_ref().unwrap().text()), (Provenance::Patched, "new"));
}
