//! Each expectation is what `kubectl kustomize` (kustomize 5.8.1) makes of the same object and patch.

use crate::kustomize::transform::strategic::merge;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::yaml::compare::{differences, same};
use crate::yaml::node::Node;
use crate::yaml::parse::parse;

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: a, finalizers: [f1, f2]}
spec:
  tolerations: [{key: a}]
  topologySpreadConstraints: [{topologyKey: z, whenUnsatisfiable: X, maxSkew: 1}]
  imagePullSecrets: [{name: p1}, {name: p2}]
  containers:
  - name: c1
    env: [{name: A, value: '1'}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: C}]
    args: [a]
    envFrom: [{secretRef: {name: s1}}]
    ports: [{containerPort: 80, name: h}, {containerPort: 80, protocol: UDP}]
  - {name: c2, image: i2, resources: {limits: null, x: {}}}
  volumes: [{name: v1, secret: {secretName: s1}}, {name: v2, emptyDir: {}}]
";

fn node(text: &str) -> Node {
    parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
}

fn merged(object: &str, patch: &str) -> Node {
    merge(&node(object), &node(patch)).unwrap().unwrap()
}

/// Merges a patch into the pod's `spec`, and compares one field of the result with `expected`.
#[track_caller]
fn pod(patch: &str, field: &str, expected: &str) {
    let spec =
        |spec: &str| format!("{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {spec}}}");
    let merged = merged(POD, &spec(patch));
    let found = merged.at(&["spec", field]).cloned().unwrap_or_else(|| node("null"));
    assert!(same(&found, &node(expected)), "{field} is {found:?}, expected {expected}");
    let rest = differences(&merged, &node(POD));
    let prefix = format!("spec.{field}");
    assert!(rest.iter().all(|path| path.to_string().starts_with(&prefix)), "{rest:?}");
}

/// Merges one container of the pod, and compares one of its fields with `expected`.
#[track_caller]
fn container(patch: &str, field: &str, expected: &str) {
    let patch = format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{containers: [{patch}]}}}}"
    );
    let merged = merged(POD, &patch);
    let found = merged.at(&["spec", "containers"]).unwrap().items()[0].get(field).cloned().unwrap();
    assert!(same(&found, &node(expected)), "{field} is {found:?}, expected {expected}");
}

#[track_caller]
fn becomes(object: &str, patch: &str, expected: &str) {
    let found = merged(object, patch);
    assert!(same(&found, &node(expected)), "{found:?}, expected {expected}");
}

#[test]
fn joins_mappings_and_takes_nulls_out() {
    becomes(
        "{data: {a: '1', b: x, c: null, d: plain}}",
        "{data: {a: 2, d: 7, e: null, f: 8, g: {h: null}}}",
        "{data: {a: '2', b: x, c: null, d: 7, f: 8, g: {}}}",
    );
    becomes("{data: {a: 1}}", "{data: {a: null}}", "{data: {}}");
    becomes(
        "x:\n  y:\n    a:\n    b: null\n    c: ~\n",
        "{data: 1}",
        "{x: {y: {b: null, c: null}}, data: 1}",
    );
    becomes("x:\n  y:\n", "{data: 1}", "{x: {}, data: 1}");
    becomes("{data: {a: 1}}", "{data: null}", "{}");
}

#[test]
fn follows_directives_in_mappings() {
    let base = "{data: {a: 1, b: 2}}";
    becomes(base, "{data: {$patch: replace, q: w}}", "{data: {q: w}}");
    becomes(base, "{data: {$patch: delete}}", "{}");
    becomes(base, "{data: {$patch: merge, b: 3}}", "{data: {a: 1, b: 3}}");
    becomes(
        base,
        "{more: {a: null, b: {$patch: delete}, c: {d: null}}}",
        "{data: {a: 1, b: 2}, more: {c: {}}}",
    );
    becomes(base, "{$patch: replace, data: {c: 3}}", base);
    assert!(merge(&node(base), &node("{$patch: delete}")).unwrap().is_none());
    let problem = merge(&node(base), &node("{data: {$patch: drop}}")).unwrap_err();
    assert_eq!(problem.message, "`$patch: drop` is no directive");
}

#[test]
fn leaves_directives_that_kustomize_does_not_know() {
    becomes(
        "{data: {a: 1, b: 2}}",
        "{data: {$retainKeys: [a], a: 5}}",
        "{data: {a: 5, b: 2, $retainKeys: [a]}}",
    );
    container(
        "{name: c1, $deleteFromPrimitiveList/args: [a]}",
        "$deleteFromPrimitiveList/args",
        "[a]",
    );
}

#[test]
fn refuses_values_of_another_kind() {
    let problem = merge(&node("{a: {b: x}}"), &node("{a: {b: {c: 1}}}")).unwrap_err();
    assert_eq!(problem.message, "the patch has a mapping where the object has a plain value");
    assert_eq!(problem.place.unwrap().text(), "{c: 1}");
    assert!(
        merge(&node(POD), &node("{apiVersion: v1, kind: Pod, spec: {volumes: {a: b}}}")).is_err()
    );
}

#[test]
fn joins_lists_by_key_with_the_patch_in_front() {
    pod(
        "{imagePullSecrets: [{name: p3}, {name: p2}]}",
        "imagePullSecrets",
        "[{name: p3}, {name: p2}, {name: p1}]",
    );
    pod(
        "{volumes: [{name: v1, emptyDir: {}}]}",
        "volumes",
        "[{name: v1, secret: {secretName: s1}, emptyDir: {}}, {name: v2, emptyDir: {}}]",
    );
    container(
        "{name: c1, env: [{name: B, value: z, valueFrom: null}, {name: N, value: n}, {name: A, $patch: delete}]}",
        "env",
        "[{name: B, value: z}, {name: N, value: n}, {name: C}]",
    );
    pod(
        "{volumes: []}",
        "volumes",
        "[{name: v1, secret: {secretName: s1}}, {name: v2, emptyDir: {}}]",
    );
    pod("{volumes: null}", "volumes", "null");
}

#[test]
fn replaces_lists_without_a_key() {
    pod("{tolerations: [{key: b}]}", "tolerations", "[{key: b}]");
    container(
        "{name: c1, envFrom: [{secretRef: {name: s2}}]}",
        "envFrom",
        "[{secretRef: {name: s2}}]",
    );
    becomes(
        "{apiVersion: x.io/v1, kind: Foo, metadata: {finalizers: [a]}, spec: {env: [{name: a, x: 1}]}}",
        "{metadata: {finalizers: [b]}, spec: {env: [{name: b, y: null, z: {q: null, $patch: delete}}]}}",
        "{apiVersion: x.io/v1, kind: Foo, metadata: {finalizers: [b]}, \
          spec: {env: [{name: b, y: null, z: {q: null, $patch: delete}}]}}",
    );
}

#[test]
fn follows_directives_in_lists() {
    pod("{volumes: [{$patch: replace}, {name: q}]}", "volumes", "[{name: q}]");
    pod("{volumes: [{name: q}, {$patch: replace}]}", "volumes", "[{name: q}]");
    pod("{volumes: [{$patch: delete}]}", "volumes", "null");
    pod(
        "{volumes: [{$patch: merge}, {name: v1, emptyDir: {}}]}",
        "volumes",
        "[{name: v1, secret: {secretName: s1}, emptyDir: {}}, {name: v2, emptyDir: {}}]",
    );
    pod("{volumes: [{name: v1, $patch: delete}]}", "volumes", "[{name: v2, emptyDir: {}}]");
    // An item with `$patch: replace` stays unchanged; a new list keeps only the directive.
    pod(
        "{volumes: [{name: v1, $patch: replace, emptyDir: {}}]}",
        "volumes",
        "[{name: v1, secret: {secretName: s1}}, {name: v2, emptyDir: {}}]",
    );
    pod(
        "{initContainers: [{$patch: replace}, {name: c1}]}",
        "initContainers",
        "[{$patch: replace}]",
    );
}

#[test]
fn joins_new_lists_with_themselves() {
    pod(
        "{initContainers: [{name: c, image: q}, {name: c, args: [a]}]}",
        "initContainers",
        "[{name: c, args: [a]}]",
    );
    pod(
        "{initContainers: [{name: c1, image: null}, {name: c2, $patch: delete}]}",
        "initContainers",
        "[{name: c1}]",
    );
}

#[test]
fn loses_what_kustomize_loses_without_a_key() {
    pod("{containers: [{image: q}]}", "containers", "[]");
    container("{name: c1, env: [{value: q}]}", "env", "[]");
    pod("{volumes: [null, {name: x}]}", "volumes", "[{name: x}]");
}

#[test]
fn refuses_a_list_of_the_object_that_has_no_keys() {
    let pod = "{apiVersion: v1, kind: Pod, spec: {volumes: [x, {name: a}]}}";
    let problem = merge(&node(pod), &node("{spec: {volumes: [{name: b}]}}")).unwrap_err();
    assert_eq!(problem.message, "expected a mapping with `name`");
    assert!(merge(&node(pod), &node("{metadata: {name: x}}")).is_err());
}

#[test]
fn joins_lists_by_two_keys() {
    let ports = "[{containerPort: 80, name: h}, {containerPort: 80, protocol: UDP}]";
    container("{name: c1, ports: [{containerPort: 80, name: web}]}", "ports", ports);
    container(
        "{name: c2, ports: [{containerPort: 80, name: web}, {containerPort: 80, protocol: UDP}]}",
        "ports",
        "[{containerPort: 80, name: web}, {containerPort: 80, protocol: UDP}]",
    );
    container(
        "{name: c1, ports: [{containerPort: 81, name: web}, {containerPort: 80, protocol: UDP, name: u}]}",
        "ports",
        "[{containerPort: 81, name: web}, {containerPort: 80, name: h}, {containerPort: 80, name: u, protocol: UDP}]",
    );
    pod(
        "{topologySpreadConstraints: [{topologyKey: z, whenUnsatisfiable: Y}, \
          {topologyKey: z, whenUnsatisfiable: X, maxSkew: 2}]}",
        "topologySpreadConstraints",
        "[{topologyKey: z, whenUnsatisfiable: Y}, {topologyKey: z, whenUnsatisfiable: X, maxSkew: 2}]",
    );
    let service = "{apiVersion: v1, kind: Service, spec: {ports: [PORTS]}}";
    becomes(
        &service.replace("PORTS", "{port: 80, name: h}, {port: 443, protocol: TCP}"),
        &service.replace(
            "PORTS",
            "{port: 443, targetPort: 1}, {port: 80, protocol: TCP, targetPort: 2}, {port: 9}",
        ),
        &service.replace("PORTS", "{port: 9}, {port: 80, name: h}, {port: 443, protocol: TCP}"),
    );
}

#[test]
fn joins_lists_of_plain_values() {
    becomes(
        "{apiVersion: v1, kind: ServiceAccount, metadata: {finalizers: [f1, f2], ownerReferences: [{uid: u1, name: x}]}, \
          secrets: [{name: s1}], imagePullSecrets: [{name: p1}]}",
        "{metadata: {finalizers: [f3, f1], ownerReferences: [{uid: u2}, {uid: u1, name: y}]}, \
          secrets: [{name: s2}], imagePullSecrets: [{name: p2}]}",
        "{apiVersion: v1, kind: ServiceAccount, \
          metadata: {finalizers: [f3, f1, f2], ownerReferences: [{uid: u2}, {uid: u1, name: y}]}, \
          secrets: [{name: s2}, {name: s1}], imagePullSecrets: [{name: p2}]}",
    );
}

#[test]
fn keeps_the_last_of_two_items_with_one_key() {
    let pod = "{apiVersion: v1, kind: Pod, spec: {containers: [CONTAINERS]}}";
    let doubled = "{name: c, env: [{name: A, value: '1'}, {name: B}, {name: A, value: '2'}]}, {}";
    let single = "{name: c, env: [{name: A, value: '2'}, {name: B}]}";
    let before = pod.replace("CONTAINERS", doubled);
    let after = pod.replace("CONTAINERS", single);
    becomes(&before, "{metadata: null}", &after);
    becomes(&before, "{spec: {containers: [{name: c, env: [{name: A, value: '3'}]}]}}", &after);
}

#[test]
fn knows_an_object_inside_an_unknown_one() {
    becomes(
        "{apiVersion: x.io/v1, kind: Foo, spec: {pod: {apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}}}",
        "{spec: {pod: {spec: {containers: [{name: b}]}}}}",
        "{apiVersion: x.io/v1, kind: Foo, \
          spec: {pod: {apiVersion: v1, kind: Pod, spec: {containers: [{name: b}, {name: a}]}}}}",
    );
    let doubled = "{kind: Foo, spec: {apiVersion: v1, kind: Pod, spec: {volumes: [{name: a}, {name: a, x: 1}]}}}";
    becomes(
        doubled,
        "{metadata: null}",
        "{kind: Foo, spec: {apiVersion: v1, kind: Pod, spec: {volumes: [{name: a, x: 1}]}}}",
    );
}

#[test]
fn values_keep_where_they_are_written() {
    let patch = "{spec: {volumes: [{name: v1, secret: {secretName: s9}}]}}";
    let merged = merged(POD, patch);
    let secret = &merged.at(&["spec", "volumes"]).unwrap().items()[0];
    let origin = secret.at(&["secret", "secretName"]).unwrap().origin.clone().unwrap();
    assert_eq!((origin.text(), origin.source.text()), ("s9", patch));
    let kept = merged.at(&["spec", "volumes"]).unwrap().items()[1].get("name").unwrap();
    assert_eq!(kept.origin.as_ref().unwrap().source.text(), POD);
}
