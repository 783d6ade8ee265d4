//! Builds are shared, and problems say where they are.

use std::sync::Arc;

use super::Resolver;
use crate::kustomize::model::build::{Build, Status};
use crate::text::path::TreePath;
use crate::text::work;
use crate::tree::memory::MemoryTree;
use crate::yaml::library::Library;
use crate::yaml::node::{Node, Provenance, Value};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {volumes: [{name: v, secret: {secretName: db}}]}\n";

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

fn resolver(files: &[(&str, &str)]) -> Resolver {
    let files = files.iter().map(|(name, text)| (path(name), text.as_bytes().to_vec()));
    Resolver::new(Arc::new(Library::new(Arc::new(MemoryTree::new(files)))))
}

fn build(files: &[(&str, &str)], root: &str) -> Arc<Build> {
    resolver(files).build(&path(root)).restricted()
}

fn names(build: &Build) -> Vec<String> {
    build.objects.iter().map(|object| object.identity().to_string()).collect()
}

fn secret_name(build: &Build) -> &Node {
    let volumes = build.objects[0].node.at(&["spec", "volumes"]).unwrap();
    volumes.items()[0].at(&["secret", "secretName"]).unwrap()
}

#[test]
fn a_patched_value_comes_from_its_patch() {
    let patch = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {volumes: [{name: v, secret: {secretName: new}}]}\n";
    let files = [
        ("base/kustomization.yaml", "resources: [pod.yaml]"),
        ("base/pod.yaml", POD),
        ("over/kustomization.yaml", "resources: [../base]\npatches: [{path: p.yaml}]"),
        ("over/p.yaml", patch),
    ];
    let build = build(&files, "over");
    let name = secret_name(&build);
    assert_eq!((name.str(), name.how), (Some("new"), Provenance::Patched));
    let origin = name.origin.as_ref().unwrap();
    assert_eq!((origin.source.path().as_str(), origin.text()), ("over/p.yaml", "new"));
    assert_eq!(build.status, Status::Resolved);
    assert_eq!(build.files.len(), 4);
}

#[test]
fn a_reference_follows_a_generated_name() {
    let files = [
        (
            "a/kustomization.yaml",
            "resources: [pod.yaml]\nsecretGenerator: [{name: db, literals: [a=b]}]\nnamePrefix: p-\nnamespace: shop\n",
        ),
        ("a/pod.yaml", POD),
    ];
    let build = build(&files, "a");
    assert_eq!(names(&build), ["Pod p-web in shop", "Secret p-db-k695gkmbtk in shop"]);
    let name = secret_name(&build);
    assert_eq!((name.str(), name.how), (Some("p-db-k695gkmbtk"), Provenance::Derived));
    assert_eq!(name.origin.as_ref().unwrap().text(), "db");
}

#[test]
fn what_is_remote_leaves_the_rest() {
    let text = "resources: [pod.yaml, 'https://example.com/x.yaml']\npatches:\n- patch: '{kind: Other, metadata: {name: x}}'\nnamePrefix: p-\n";
    let build = build(&[("a/kustomization.yaml", text), ("a/pod.yaml", POD)], "a");
    assert_eq!((build.status, build.problems.len()), (Status::Partial, 2));
    assert_eq!(names(&build), ["Pod p-web"]);
    assert!(build.problems.iter().all(|problem| problem.partial));
}

#[test]
fn a_schema_of_its_own_is_not_followed() {
    let text = "resources: [pod.yaml]\nopenapi: {path: 'https://example.com/schema.json'}\n";
    let build = build(&[("a/kustomization.yaml", text), ("a/pod.yaml", POD)], "a");
    assert_eq!((build.status, &*names(&build)), (Status::Partial, &["Pod web".to_owned()][..]));
}

#[test]
fn a_tree_without_end_is_refused() {
    let copy = |at| format!("\n    - {{op: copy, from: /spec, path: /spec/x{at}}}");
    let copies: String = (0..40).map(copy).collect();
    let (slashes, dots) = (["a"; 50_000].join("/"), ["z"; 50_000].join("."));
    for (text, says) in [
        (format!("patches:\n- target: {{kind: Pod}}\n  patch: |-{copies}"), "too large"),
        (
            format!("labels: [{{pairs: {{q: r}}, fields: [{{path: {slashes}, create: true}}]}}]"),
            "more than 500 keys",
        ),
        (
            format!(
                "replacements: [{{sourceValue: x, targets: [{{select: {{kind: Pod}}, fieldPaths: [{dots}], options: {{create: true}}}}]}}]"
            ),
            "nests too deep",
        ),
    ] {
        let text = format!("resources: [pod.yaml]\n{text}\n");
        let build = build(&[("a/kustomization.yaml", &text), ("a/pod.yaml", POD)], "a");
        let message = &build.problems[0].message;
        assert!(message.contains(says), "{says}: {}", &message[..message.len().min(90)]);
    }
}

#[test]
fn bases_without_end_are_refused() {
    for field in ["resources", "components"] {
        let kind = if field == "components" { "kind: Component\n" } else { "" };
        let of = |at: usize| match at {
            120 => format!("{kind}resources: [pod.yaml]"),
            _ => format!("{kind}{field}: [../d{}]", at + 1),
        };
        let texts = (0..=120).map(|at| (path(&format!("d{at}/kustomization.yaml")), of(at)));
        let files = texts.chain([(path("d120/pod.yaml"), POD.to_owned())]);
        let tree = MemoryTree::new(files.map(|(name, text)| (name, text.into_bytes())));
        let resolver = Resolver::new(Arc::new(Library::new(Arc::new(tree))));
        let refused = resolver.build(&path("d20"));
        assert!(refused.problems[0].message.contains("levels deep"), "{refused:?}");
        assert_eq!(names(&resolver.build(&path("d21"))), ["Pod web"]);
    }
}

#[test]
fn a_cycle_is_named() {
    let files = [
        ("a/kustomization.yaml", "resources: [../b]"),
        ("b/kustomization.yaml", "resources: [../c]"),
        ("c/kustomization.yaml", "resources: [../b]"),
    ];
    let build = build(&files, "a");
    assert_eq!(build.status, Status::Failed);
    assert_eq!(build.problems[0].message, "a kustomization includes itself: `b` -> `c` -> `b`");
    assert_eq!(build.problems[0].place.as_ref().unwrap().text(), "../c");
}

#[test]
fn a_failure_says_where() {
    for (text, place, message) in [
        ("resources: [gone.yaml]", "gone.yaml", "`a/gone.yaml` does not exist"),
        ("resources: [../empty]", "../empty", "`empty` has no kustomization file"),
        (
            "resources: [pod.yaml, pod.yaml]",
            "pod.yaml",
            "Pod web is already defined, from `a/pod.yaml`",
        ),
        ("resources: [../../out]", "../../out", "`../../out` is outside the repository"),
        (
            "resources: [../pod.yaml]",
            "../pod.yaml",
            "`../pod.yaml` is not in or below `a`, where the kustomization is",
        ),
    ] {
        let files = [
            ("a/kustomization.yaml", text),
            ("a/pod.yaml", POD),
            ("pod.yaml", POD),
            ("empty/x.yaml", POD),
        ];
        let build = build(&files, "a");
        assert_eq!(build.status, Status::Failed);
        assert_eq!(build.problems[0].message, message);
        assert_eq!(build.problems[0].place.as_ref().unwrap().text(), place);
        assert!(build.files.contains(&path("a/kustomization.yaml")));
    }
}

#[test]
fn overlays_share_their_base() {
    let resolver = resolver(&[
        ("base/kustomization.yaml", "resources: [pod.yaml]"),
        ("base/pod.yaml", POD),
        ("one/kustomization.yaml", "resources: [../base]"),
        ("two/kustomization.yaml", "resources: [../base]"),
    ]);
    let (one, two) = (resolver.build(&path("one")), resolver.build(&path("two")));
    let (Value::Map(one), Value::Map(two)) =
        (&one.objects[0].node.value, &two.objects[0].node.value)
    else {
        panic!("objects are mappings")
    };
    assert!(Arc::ptr_eq(one, two));
}

#[test]
fn a_layer_knows_its_objects_before_they_are_renamed() {
    let resolver = resolver(&[
        ("base/kustomization.yaml", "resources: [pod.yaml]"),
        ("base/pod.yaml", POD),
        ("a/kustomization.yaml", "resources: [../base]\ncomponents: [../part]\nnamePrefix: p-"),
        ("part/kustomization.yaml", "kind: Component\nnameSuffix: -c"),
    ]);
    let layer = resolver.layer(&path("a")).unwrap();
    assert_eq!((&layer.bases, &layer.components), (&vec![path("base")], &vec![path("part")]));
    assert_eq!(layer.patched[0].name(), "web-c");
    assert_eq!(layer.objects[0].name(), "p-web-c");
}

/// They share what the later steps change, which would be copied for each kustomization of a tree.
#[test]
fn objects_before_they_are_renamed_are_kept_only_for_a_layer() {
    let resolver = resolver(&[
        ("base/kustomization.yaml", "resources: [pod.yaml]"),
        ("base/pod.yaml", POD),
        ("a/kustomization.yaml", "resources: [../base]\ncomponents: [../part]\nnamePrefix: p-"),
        ("part/kustomization.yaml", "kind: Component\nnameSuffix: -c"),
    ]);
    let kept = |run: &dyn Fn()| work::during(run).get("objects kept").copied();
    assert_eq!(kept(&|| drop(resolver.build(&path("a")))), None);
    assert_eq!(kept(&|| drop(resolver.layer(&path("a")))), Some(1));
    assert_eq!(kept(&|| drop(resolver.layer(&path("a")))), None);
}

#[test]
fn only_what_others_include_is_kept_as_a_part() {
    let mut resolver = resolver(&[
        ("base/kustomization.yaml", "resources: [pod.yaml]"),
        ("base/pod.yaml", POD),
        ("a/kustomization.yaml", "resources: [../base]\nnamePrefix: p-"),
    ]);
    let built = [resolver.build(&path("base")), resolver.build(&path("a"))];
    resolver.forget_outermost();
    assert_eq!(resolver.outcomes.paths(), [path("base")]);
    assert!(Arc::ptr_eq(&built[1], &resolver.build(&path("a"))));
    assert_eq!(resolver.layer(&path("a")).unwrap().objects[0].name(), "p-web");
}

#[test]
fn a_file_above_is_read_without_load_restrictions_only() {
    let overlay = "resources: [../web.yaml, ../base]\n";
    let above = "resources: [../../web.yaml]\n";
    let pod = |name: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name} }}\n");
    let resolver = resolver(&[
        ("apps/base/kustomization.yaml", above),
        ("apps/staging/kustomization.yaml", overlay),
        ("apps/web.yaml", &pod("web")),
        ("web.yaml", &pod("other")),
    ]);
    let refused = resolver.build(&path("apps/staging")).restricted();
    assert_eq!((refused.status, refused.objects.len()), (Status::Failed, 0));
    let [problem] = &refused.problems[..] else { panic!("{:?}", refused.problems) };
    assert!(problem.message.contains("`../web.yaml` is not in or below"), "{}", problem.message);
    let built = resolver.build(&path("apps/staging"));
    assert_eq!(names(&built), ["Pod web", "Pod other"]);
    assert_eq!((built.status, built.problems.len()), (Status::Resolved, 0));
    // What a base reads counts, too.
    let base = resolver.build(&path("apps/base")).restricted();
    assert_eq!(base.status, Status::Failed);
}

/// What a field names is looked for among the objects that had the name, however many others there are.
#[test]
fn references_to_generated_names_are_followed_one_by_one() {
    let steps = |count: usize| {
        let (mut generators, mut pods) = ("configMapGenerator:\n".to_owned(), String::new());
        for number in 0..count {
            generators += &format!("- {{name: c{number}, literals: [a=b]}}\n");
            pods += &format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{number}}}\nspec: {{volumes: [{{name: v, configMap: {{name: c{number}}}}}]}}\n"
            );
        }
        let kustomization = format!("resources: [pods.yaml]\n{generators}");
        let files = [("a/kustomization.yaml", kustomization.as_str()), ("a/pods.yaml", &pods)];
        let resolver = resolver(&files);
        let mut objects = 0;
        let steps = work::steps(|| objects = resolver.build(&path("a")).objects.len());
        assert_eq!(objects, 2 * count);
        steps
    };
    let (few, many) = (steps(20), steps(40));
    assert!(few > 0 && many <= 2 * few, "{few} became {many}");
}

/// A base below overlays is no place for a cycle; what includes more is searched for one.
#[test]
fn only_what_is_nested_is_searched_for_a_cycle() {
    let overlay = |base: &str| format!("resources: [../{base}]\nnamespace: shop\n");
    let searched = |files: &[(&str, &str)], at: &str| {
        let resolver = resolver(files);
        let mut failed = false;
        let work = work::during(|| {
            failed = resolver.build(&path(at)).restricted().status == Status::Failed;
        });
        (work.get("directory searched for a cycle").copied().unwrap_or_default(), failed)
    };
    let (base, a, b) = ("resources: [pod.yaml]\n", overlay("base"), overlay("a"));
    let files = [
        ("a/kustomization.yaml", a.as_str()),
        ("b/kustomization.yaml", b.as_str()),
        ("base/kustomization.yaml", base),
        ("base/pod.yaml", POD),
    ];
    assert_eq!(searched(&files, "a"), (0, false));
    assert!(matches!(searched(&files, "b"), (1.., false)));
    let own = [("a/kustomization.yaml", "resources: [../a]\n")];
    assert!(matches!(searched(&own, "a"), (1.., true)));
    let above = [("a/kustomization.yaml", base), ("a/b/kustomization.yaml", "resources: [..]\n")];
    assert!(matches!(searched(&above, "a/b"), (1.., true)));
}
