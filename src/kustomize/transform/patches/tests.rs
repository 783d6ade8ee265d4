//! Each expectation is what `kubectl kustomize` (kustomize 5.8.1) makes of the same files.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::kustomize::load::context::Context;
use crate::kustomize::model::object::Object;
use crate::kustomize::transform::json_patch;
use crate::kustomize::transform::patches::apply::apply_json;
use crate::kustomize::transform::patches::{json6902, patches, strategic_merge};
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::source::Source;
use crate::tree::memory::MemoryTree;
use crate::yaml::compare::same;
use crate::yaml::library::Library;
use crate::yaml::node::{Node, Provenance, Value};
use crate::yaml::parse::parse;

const MAP: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {a: '1'}
";

/// A patch of `MAP` without its data.
const HEAD: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}";

fn nodes(text: &str) -> Vec<Node> {
    let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
    stream.documents.into_iter().map(|document| document.root).collect()
}

/// Of many patches of one object, none copies what an earlier one has changed.
#[test]
fn operations_change_an_object_in_place() {
    let mut object = Object::new(nodes(MAP).remove(0));
    let data = |object: &Object| match &object.node.get("data").unwrap().value {
        Value::Map(map) => Arc::as_ptr(map),
        _ => panic!("no mapping"),
    };
    let mut places = Vec::new();
    for key in ["b", "c", "d"] {
        let list = nodes(&format!("[{{op: add, path: /data/{key}, value: x}}]")).remove(0);
        apply_json(&mut object, &json_patch::read(&list).unwrap()).unwrap();
        places.push(data(&object));
    }
    assert!(places.iter().all(|place| std::ptr::eq(*place, places[0])));
    assert_eq!(object.node.get("data").unwrap().entries().len(), 4);
}

/// The objects after the steps of a kustomization `k/kustomization.yaml`.
fn apply(
    objects: &str,
    kustomization: &str,
    files: &[(&str, &str)],
) -> Result<Vec<Object>, Problem> {
    let file = TreePath::new("k/kustomization.yaml").unwrap();
    let path = |name: &str| TreePath::new(&format!("k/{name}")).unwrap();
    let texts = files.iter().map(|(name, text)| (path(name), text.as_bytes().to_vec()));
    let library = Library::new(Arc::new(MemoryTree::new(texts)));
    let (mut read, mut outside) = (BTreeSet::new(), None);
    let directory = file.parent();
    let mut context = Context {
        library: &library,
        directory: &directory,
        file: &file,
        files: &mut read,
        outside: &mut outside,
    };
    let source = Source::file(file.clone(), kustomization);
    let root = parse(&source).unwrap().documents.remove(0).root;
    let mut objects: Vec<Object> = nodes(objects).into_iter().map(Object::new).collect();
    for entry in root.entries() {
        match entry.key.str().unwrap() {
            "patches" => patches(&mut objects, &entry.value, &mut context)?,
            "patchesStrategicMerge" => strategic_merge(&mut objects, &entry.value, &mut context)?,
            _ => json6902(&mut objects, &entry.value, &mut context)?,
        }
    }
    Ok(objects)
}

#[track_caller]
fn becomes(objects: &str, kustomization: &str, expected: &str) {
    becomes_with(objects, kustomization, &[], expected);
}

#[track_caller]
fn becomes_with(objects: &str, kustomization: &str, files: &[(&str, &str)], expected: &str) {
    let found = apply(objects, kustomization, files).unwrap();
    let expected: Vec<Node> =
        nodes(expected).into_iter().filter(|node| !node.entries().is_empty()).collect();
    let found: Vec<&Node> = found.iter().map(|object| &object.node).collect();
    let equal = found.len() == expected.len()
        && found.iter().zip(&expected).all(|(found, expected)| same(found, expected));
    assert!(equal, "{found:?}, expected {expected:?}");
}

#[track_caller]
fn fails(objects: &str, kustomization: &str) -> Problem {
    apply(objects, kustomization, &[]).unwrap_err()
}

/// An entry of `patches` with a target.
fn json(operations: &str) -> String {
    format!("patches: [{{target: {{kind: ConfigMap}}, patch: '{operations}'}}]")
}

fn map(name: &str, rest: &str) -> String {
    format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, {rest}}}")
}

#[test]
fn finds_the_object_that_a_patch_names() {
    becomes(
        MAP,
        &format!("patches:\n- patch: |-\n    {HEAD}, data: {{b: x}}}}"),
        &map("a", "data: {a: '1', b: x}"),
    );
    let two = format!("{MAP}---\n{}", map("b", "data: {}"));
    let patch = "patches:
- patch: |-
    apiVersion: v1
    kind: List
    items:
    - {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}, data: {q: w}}
    ---
    # nothing but a comment
    ---
    {apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {r: w}}
";
    becomes(
        &two,
        patch,
        &format!("{}\n---\n{}", map("a", "data: {a: '1', q: w}"), map("b", "data: {r: w}")),
    );
}

#[test]
fn says_what_is_there_when_nothing_matches() {
    let problem =
        fails(MAP, "patches:\n- patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: q}}'");
    assert_eq!(problem.message, "no object matches the patch `ConfigMap q`");
    assert_eq!(problem.help.unwrap(), "the kustomization has of this kind: `a`");
    assert_eq!(problem.place.unwrap().text(), "q");
    let problem =
        fails(MAP, "patches:\n- patch: '{apiVersion: v2, kind: ConfigMap, metadata: {name: a}}'");
    assert!(problem.help.unwrap().contains("apiVersion `v1`"));
    let problem =
        fails(MAP, "patches:\n- patch: '{apiVersion: v1, kind: Secret, metadata: {name: a}}'");
    assert_eq!(problem.help.unwrap(), "there is `ConfigMap a`");
}

#[test]
fn a_target_selects_whatever_the_patch_is_called() {
    let head = "patches:\n- target: {kind: Config.*}\n  patch: |-\n    {kind: Foo, metadata: {name: q, namespace: z}";
    becomes(MAP, &format!("{head}, data: {{b: x}}}}"), &map("a", "data: {a: '1', b: x}"));
    becomes(MAP, &head.replace("Config.*", "Config").replace("z}", "z}}"), MAP);
    let annotated =
        map("a", "data: {}").replace("{name: a}", "{name: a, annotations: {z: '1', y: '2'}}");
    let patch = "{kind: ConfigMap, metadata: {name: q, annotations: {z: null, k: 6}}}";
    let expected = annotated.replace("z: '1'", "z: 'null', k: '6'");
    becomes(
        &annotated,
        &format!("patches:\n- target: {{name: a}}\n  patch: |-\n    {patch}"),
        &expected,
    );
}

#[test]
fn a_target_keeps_labels_and_annotations_from_going_all_at_once() {
    let annotated = MAP.replace("{name: a}", "{name: a, labels: {l: x}, annotations: {z: y}}");
    let patch = |before: &str, field: &str| {
        let head = HEAD.replace("name: a", &format!("name: a, {field}: null"));
        format!("patches:\n- {before}patch: |-\n    {head}}}")
    };
    for (field, rest) in [("labels", "annotations: {z: y}"), ("annotations", "labels: {l: x}")] {
        let expected = MAP.replace("{name: a}", &format!("{{name: a, {rest}}}"));
        becomes(&annotated, &patch("", field), &expected);
        becomes(&annotated, &patch("target: {name: a}\n  ", field), &annotated);
    }
}

#[test]
fn names_and_kinds_change_only_where_allowed() {
    let patch = |options: &str| {
        format!(
            "patches:\n- target: {{kind: ConfigMap}}\n  options: {{{options}}}\n  patch: |-\n    \
             {{apiVersion: v9, kind: Foo, metadata: {{name: z, namespace: n}}}}\n"
        )
    };
    becomes(MAP, &patch(""), MAP);
    becomes(MAP, &patch("allowNameChange: true"), &map("z", "data: {a: '1'}"));
    becomes(MAP, &patch("allowKindChange: true"), &MAP.replace("ConfigMap", "Foo"));
    let objects = apply(MAP, &patch("allowNameChange: true"), &[]).unwrap();
    assert_eq!(&*objects[0].previous[0].name, "a");
    let two = format!("{MAP}---\n{}", map("b", "data: {}"));
    let problem = fails(&two, &patch("allowNameChange: true"));
    assert_eq!(problem.message, "behind the patch there are two objects `ConfigMap z`");
}

#[test]
fn a_renamed_object_is_still_found_by_its_old_name() {
    let kustomization = format!(
        "patches:\n- target: {{name: a}}\n  patch: '[{{\"op\":\"replace\",\"path\":\"/metadata/name\",\"value\":\"z\"}}]'\n\
         - patch: |-\n    {HEAD}, data: {{n: x}}}}\n- patch: |-\n    {}, data: {{m: x}}}}\n",
        HEAD.replace("name: a", "name: z")
    );
    becomes(MAP, &kustomization, &map("z", "data: {a: '1', n: x, m: x}"));
}

#[test]
fn deletes_whole_objects() {
    let two = format!("{MAP}---\n{}", map("b", "data: {}"));
    let delete = format!("- patch: |-\n    {HEAD}, $patch: delete}}\n");
    becomes(&two, &format!("patches:\n{delete}"), &map("b", "data: {}"));
    becomes(&two, &format!("patches:\n- target: {{kind: ConfigMap}}\n  {}", &delete[2..]), "{}");
    let again = fails(MAP, &format!("patches:\n{delete}{delete}"));
    assert_eq!(again.help.unwrap(), "the kustomization has no ConfigMap");
}

#[test]
fn tells_json_patches_by_their_list() {
    let yaml = "patches:\n- target: {name: a}\n  patch: |-\n    - op: add\n      path: /data/b\n      value: yes\n";
    becomes(MAP, yaml, &map("a", "data: {a: '1', b: true}"));
    becomes(
        MAP,
        &json(r#"[{"op":"add","path":"/data/b","value":5}]"#),
        &map("a", "data: {a: '1', b: 5}"),
    );
    assert_eq!(
        fails(MAP, &json("[{op: add, path: /data/b, value: 5}]")).message,
        "the patch is not JSON"
    );
    assert_eq!(
        fails(MAP, "patches: [{patch: '- {op: remove, path: /data}'}]").message,
        "the patch has no target"
    );
    assert_eq!(fails(MAP, &json("text")).message, "the patch is neither an object nor a list");
    assert_eq!(
        fails(MAP, "patches: [{patch: '{kind: A}'}]").message,
        "the patch has no `metadata.name`"
    );
    assert!(fails(MAP, &json("a: b: c")).message.contains("not YAML"));
    becomes(MAP, &json("# nothing"), MAP);
}

#[test]
fn wants_one_patch_in_an_entry() {
    assert_eq!(
        fails(MAP, "patches: [{path: p.yaml, patch: 'a: b'}]").message,
        "the patch is given twice"
    );
    assert_eq!(fails(MAP, "patches: [{target: {name: a}}]").message, "the entry has no patch");
    let several = format!(
        "patches:\n- target: {{name: a}}\n  patch: |-\n    {HEAD}}}\n    ---\n    {HEAD}}}\n"
    );
    assert!(fails(MAP, &several).message.contains("several"));
}

#[test]
fn annotations_are_there_for_a_json_patch_and_texts_behind_it() {
    let operation = r#"[{"op":"add","path":"/metadata/annotations/y","value":5}]"#;
    let expected = MAP.replace("{name: a}", "{name: a, annotations: {y: '5'}}");
    becomes(MAP, &json(operation), &expected);
    becomes(
        MAP,
        &json(r#"[{"op":"add","path":"/data/b","value":"x"}]"#),
        &map("a", "data: {a: '1', b: x}"),
    );
    let old = "patchesJson6902: [{target: {kind: ConfigMap, name: a}, patch: 'OPERATION'}]";
    assert_eq!(
        fails(MAP, &old.replace("OPERATION", operation)).message,
        "`/metadata/annotations/y` leads nowhere"
    );
}

#[test]
fn reads_the_older_fields() {
    let patch = format!("{HEAD}, data: {{z: '1'}}}}");
    let expected = map("a", "data: {a: '1', z: '1'}");
    becomes_with(MAP, "patchesStrategicMerge: [p.yaml]", &[("p.yaml", &patch)], &expected);
    becomes(MAP, &format!("patchesStrategicMerge:\n- |-\n  {patch}\n"), &expected);
    let operation = "[{\"op\":\"add\",\"path\":\"/data/z\",\"value\":\"1\"}]";
    let old = "patchesJson6902: [{target: {kind: Config.*, name: a}, path: p.json}]";
    becomes_with(MAP, old, &[("p.json", operation)], &expected);
    becomes_with(MAP, &old.replace("name: a", "name: b"), &[("p.json", operation)], MAP);
    let unnamed = fails(MAP, &old.replace(", name: a", ""));
    assert_eq!(unnamed.message, "the target has no name");
    assert_eq!(fails(MAP, "patchesStrategicMerge: [q.yaml]").message, "`k/q.yaml` does not exist");
    let empty = apply(MAP, "patchesStrategicMerge: [p.yaml]", &[("p.yaml", "")]);
    assert_eq!(empty.unwrap_err().message, "the patch is empty");
}

#[test]
fn values_lead_back_to_the_bytes_of_the_patch() {
    let text = "patches:\n- target: {name: a}\n  patch: |-\n    - op: replace\n      path: /data/a\n      value: new\n";
    let objects = apply(MAP, text, &[]).unwrap();
    let value = objects[0].node.at(&["data", "a"]).unwrap();
    let file = value.origin.as_ref().unwrap().in_file().unwrap();
    assert_eq!((file.text(), file.span().start), ("new", text.find("new").unwrap()));
    assert_eq!(value.how, Provenance::Patched);
    let text = format!("patches:\n- patch: |-\n    {HEAD}, data: {{a: newer}}}}");
    let objects = apply(MAP, &text, &[]).unwrap();
    let value = objects[0].node.at(&["data", "a"]).unwrap();
    let file = value.origin.as_ref().unwrap().in_file().unwrap();
    assert_eq!((file.text(), file.span().start), ("newer", text.find("newer").unwrap()));
    let name = objects[0].node.at(&["metadata", "name"]).unwrap();
    assert_eq!(name.how, Provenance::Written);
}

#[test]
fn a_block_at_the_end_of_an_inline_patch_loses_its_line_break() {
    let operation = "- op: replace\n      path: /data/a\n      value: |\n        text\n";
    let target = "target: {kind: ConfigMap, version: v1, name: a}";
    let cut = map("a", "data: {a: text}");
    let whole = map("a", "data: {a: \"text\\n\"}");
    becomes(MAP, &format!("patches:\n- {target}\n  patch: |\n    {operation}"), &cut);
    becomes(MAP, &format!("patchesJson6902:\n- {target}\n  patch: |\n    {operation}"), &whole);
    let merge = format!("{HEAD}, data: {{a: \"text\\n\"}}}}");
    becomes(MAP, &format!("patches:\n- patch: |\n    {merge}\n\n\n"), &whole);
}

/// Each patch asks the objects for their names first, and makes an identity only of those that it may mean.
#[test]
fn a_patch_of_one_object_makes_no_identity_of_the_others() {
    let work = |count: usize| {
        let names = || (0..count).map(|number| format!("app-{number}"));
        let objects: Vec<String> = names().map(|name| map(&name, "")).collect();
        let patch = |name: String| {
            format!(
                "- target: {{kind: ConfigMap, name: {name}}}\n  patch: '[{{\"op\": \"add\", \"path\": \"/data\", \"value\": {{}}}}]'\n"
            )
        };
        let patches: String = names().map(patch).collect();
        let counts = crate::text::work::during(|| {
            apply(&objects.join("\n---\n"), &format!("patches:\n{patches}"), &[]).unwrap();
        });
        counts["identity made"]
    };
    assert!(work(40) <= work(20) * 5 / 2, "{} became {}", work(20), work(40));
}
