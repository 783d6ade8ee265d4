//! The catalogue against its examples, the tables multiplied out, and kustomize's own list.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rotate::k8s::by_value::{self, Families};
use rotate::k8s::found::Found;
use rotate::k8s::heuristics;
use rotate::k8s::providers;
use rotate::k8s::references::catalogue::rows;
use rotate::k8s::references::field_rule::FieldRule;
use rotate::k8s::references::pod_spec::{
    EMBEDDED, IN_CONTAINER, IN_POD_SPEC, IN_VOLUME, WORKLOADS, slots,
};
use rotate::k8s::references::row::{Holds, Reads};
use rotate::k8s::references::{CONFIGURED, find};
use rotate::text::path::TreePath;
use rotate::text::source::{Place, Source};
use rotate::yaml::node::Node;
use rotate::yaml::parse::parse;
use serde_json::{Value, json};

type Lines = BTreeMap<usize, Vec<String>>;

/// The fixtures of a folder: `(row, text)`.
fn fixtures(folder: &str) -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
    let mut out = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let row = path.file_stem().unwrap().to_string_lossy().into_owned();
        out.push((row, fs::read_to_string(&path).unwrap()));
    }
    out.sort();
    out
}

fn objects(text: &str) -> Vec<Node> {
    let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
    stream.documents.into_iter().map(|document| document.root).collect()
}

/// The words behind a mark in the comments, line by line, sorted.
fn marked(text: &str, mark: &str) -> Lines {
    let lines = text.lines().enumerate().filter_map(|(index, line)| {
        let words = line.split_once(mark)?.1.split_whitespace().map(str::to_owned);
        Some((index + 1, sorted(words.collect())))
    });
    lines.collect()
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort();
    words
}

fn line_of(node: &Node) -> usize {
    node.origin.as_ref().map(Place::position).unwrap().line
}

fn every_reference(object: &Node) -> Vec<Found> {
    let rule = FieldRule::new("example.com/v1", "Robot", "spec.brains[].memory").unwrap();
    let families: Families = ["mailer-login"].into_iter().collect();
    let mut found = find(object, &[rule]);
    found.extend(by_value::find(object, &families, &found));
    found
}

fn row_ids() -> BTreeSet<&'static str> {
    let slots = [IN_CONTAINER, IN_POD_SPEC, IN_VOLUME].into_iter().flatten();
    let tables = slots.map(|slot| slot.id).chain(rows().map(|row| row.id));
    tables.chain(heuristics::ROWS.iter().copied()).chain([CONFIGURED, by_value::ROW]).collect()
}

#[test]
fn every_row_has_its_example_and_every_example_its_row() {
    let have: BTreeSet<String> = fixtures("references").into_iter().map(|(row, _)| row).collect();
    let want: BTreeSet<String> = row_ids().into_iter().map(str::to_owned).collect();
    let without: Vec<_> = want.difference(&have).collect();
    assert!(without.is_empty(), "rows without fixtures/references/<row>.yaml: {without:?}");
    let unknown: Vec<_> = have.difference(&want).collect();
    assert!(unknown.is_empty(), "fixtures/references without a row: {unknown:?}");
}

#[test]
fn every_example_is_found_line_by_line() {
    for (row, text) in fixtures("references") {
        let want = marked(&text, "# reference:");
        let named = want.values().flatten().any(|word| *word == row);
        assert!(named, "fixtures/references/{row}.yaml has no line marked `# reference: {row}`");
        let mut have = Lines::new();
        for found in objects(&text).iter().flat_map(every_reference) {
            have.entry(line_of(&found.node)).or_default().push(found.row.to_owned());
        }
        let have: Lines = have.into_iter().map(|(line, rows)| (line, sorted(rows))).collect();
        assert_eq!(have, want, "fixtures/references/{row}.yaml");
    }
}

#[test]
fn every_provider_has_its_example_and_is_found_line_by_line() {
    let fixtures = fixtures("providers");
    let have: BTreeSet<&str> = fixtures.iter().map(|(row, _)| &**row).collect();
    let rows = providers::table::ROWS.iter().map(|row| row.id);
    let want: BTreeSet<&str> = rows.chain([providers::commands::ROW]).collect();
    assert_eq!(have, want, "rows of the table of providers and fixtures/providers");
    for (row, text) in &fixtures {
        let mut have: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        let mut rows = BTreeSet::new();
        for provided in objects(text).iter().flat_map(providers::find) {
            let line = have.entry(line_of(&provided.node)).or_default();
            let namespace = provided.namespace.map(|name| format!("{name}/")).unwrap_or_default();
            line.insert(format!("{namespace}{}", provided.secret));
            if let Some(keys) = provided.keys {
                line.insert(format!("keys={}", sorted(keys).join(",")));
            }
            rows.insert(provided.row);
        }
        let want: BTreeMap<usize, BTreeSet<String>> = marked(text, "# provider:")
            .into_iter()
            .map(|(line, words)| (line, words.into_iter().collect()))
            .collect();
        assert_eq!(have, want, "fixtures/providers/{row}.yaml");
        assert!(rows.contains(&**row), "fixtures/providers/{row}.yaml does not show its row");
    }
}

/// Every path that braces stand for.
fn alternatives(path: &str) -> Vec<String> {
    let Some(open) = path.find('{') else { return vec![path.to_owned()] };
    let mut depth = 0;
    let mut cuts = vec![open];
    for (at, character) in path.char_indices().skip(open) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => cuts.push(at),
            _ => {}
        }
        if depth == 0 {
            cuts.push(at);
            break;
        }
    }
    let end = cuts[cuts.len() - 1];
    let choices = cuts.windows(2).map(|cut| &path[cut[0] + 1..cut[1]]);
    choices
        .flat_map(|choice| alternatives(&format!("{}{choice}{}", &path[..open], &path[end + 1..])))
        .collect()
}

/// The steps of a path without braces, `**` left out.
fn steps(path: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut inside = false;
    for character in path.chars() {
        match character {
            '.' if !inside => steps.push(String::new()),
            '[' => {
                inside = true;
                steps.push("[".to_owned());
            }
            ']' => inside = false,
            _ => steps.last_mut().unwrap().push(character),
        }
    }
    steps.retain(|step| !step.is_empty() && step != "**");
    steps
}

/// An object with a value at a path.
fn planted(path: &str, value: &str) -> Value {
    steps(path).iter().rev().fold(json!(value), |below, step| match step.strip_prefix('[') {
        None => json!({ step.replace('*', "any"): below }),
        Some("") => json!([below]),
        Some(condition) if condition.contains('=') => {
            let (key, value) = condition.split_once('=').unwrap();
            let mut item = below;
            let list = json!([value]);
            let value = if key == "resources" { list } else { json!(value) };
            item[key.trim_end_matches('?')] = value;
            json!([item])
        }
        Some(key) => json!({ key.replace('*', "any"): below }),
    })
}

fn object(group: &str, kind: &str, mut content: Value) -> Node {
    let group = group.replace('*', "some");
    let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
    content["apiVersion"] = json!(version);
    content["kind"] = json!(if kind == "*" { "Anything" } else { kind });
    objects(&content.to_string()).remove(0)
}

fn assert_found(group: &str, kind: &str, path: &str, row: &str, value: &str) {
    let object = object(group, kind, planted(path, value));
    let found = find(&object, &[]);
    let hit = found.iter().any(|found| found.row == row && found.secret == "the-secret");
    assert!(hit, "{group} {kind} {path} should be found by `{row}`: {found:?}");
    assert_eq!(found.len(), 1, "{group} {kind} {path} is found more than once: {found:?}");
}

#[test]
fn every_workload_yields_every_slot() {
    let mut count = 0;
    for (kind, place) in WORKLOADS {
        for (row, path) in slots(Holds::PodSpec, place) {
            for path in alternatives(&path) {
                assert_found("apps", kind, &path, row, "the-secret");
                count += 1;
            }
        }
    }
    let per_workload = 3 * IN_CONTAINER.len() + IN_VOLUME.len() + 6 + IN_POD_SPEC.len();
    assert_eq!(count, WORKLOADS.len() * per_workload);
}

#[test]
fn every_embedded_pod_spec_yields_every_slot() {
    for embedding in EMBEDDED {
        for (kind, place) in
            embedding.kinds.iter().flat_map(|kind| embedding.paths.iter().map(move |at| (kind, at)))
        {
            for (row, path) in slots(embedding.holds, place) {
                for path in alternatives(&path) {
                    assert_found(embedding.groups[0], kind, &path, row, "the-secret");
                }
            }
        }
    }
}

#[test]
fn every_row_finds_what_stands_in_its_fields() {
    for row in rows() {
        let value = match row.reads {
            Reads::Name => "the-secret".to_owned(),
            Reads::Scoped => "other/the-secret".to_owned(),
            Reads::Proxy => "kubernetes-gateway://other/the-secret".to_owned(),
            Reads::List => " the-secret ".to_owned(),
            Reads::Json(key) => format!("{{\"a\": 1, \"{key}\": \"the-secret\"}}"),
            Reads::Behind(word) => format!("x{word}other/the-secret#key"),
        };
        for (kind, path) in
            row.kinds.iter().flat_map(|kind| row.paths.iter().map(move |path| (kind, path)))
        {
            for (group, path) in row
                .groups
                .iter()
                .flat_map(|group| alternatives(path).into_iter().map(move |path| (group, path)))
            {
                assert_found(group, kind, &path, row.id, &value);
            }
        }
    }
}

/// What kustomize's own list has for Secret in a pod spec, with its way of writing paths.
const KUSTOMIZE_POD_SPEC: &[&str] = &[
    "volumes/secret/secretName",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
    "volumes/projected/sources/secret/name",
];

/// Where kustomize looks for a pod spec.
const KUSTOMIZE_WORKLOADS: &[(&str, &str, &str)] = &[
    ("", "Pod", "spec"),
    ("", "PodTemplate", "template/spec"),
    ("apps", "Deployment", "spec/template/spec"),
    ("apps", "ReplicaSet", "spec/template/spec"),
    ("apps", "DaemonSet", "spec/template/spec"),
    ("apps", "StatefulSet", "spec/template/spec"),
    ("batch", "Job", "spec/template/spec"),
    ("batch", "CronJob", "spec/jobTemplate/spec/template/spec"),
];

/// What else kustomize's list has.
const KUSTOMIZE_ELSEWHERE: &[(&str, &str, &str)] = &[
    ("networking.k8s.io", "Ingress", "spec/tls/secretName"),
    ("networking.k8s.io", "Ingress", "metadata/annotations/ingress.kubernetes.io\\/auth-secret"),
    (
        "networking.k8s.io",
        "Ingress",
        "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret",
    ),
    (
        "networking.k8s.io",
        "Ingress",
        "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret",
    ),
    ("", "ServiceAccount", "imagePullSecrets/name"),
    ("storage.k8s.io", "StorageClass", "parameters/secretName"),
    ("storage.k8s.io", "StorageClass", "parameters/adminSecretName"),
    ("storage.k8s.io", "StorageClass", "parameters/userSecretName"),
    ("storage.k8s.io", "StorageClass", "parameters/secretRef"),
    ("rbac.authorization.k8s.io", "Role", "rules/resourceNames"),
    ("rbac.authorization.k8s.io", "ClusterRole", "rules/resourceNames"),
    (
        "serving.knative.dev",
        "Service",
        "spec/template/spec/containers/env/valueFrom/secretKeyRef/name",
    ),
    ("", "PersistentVolume", "spec/azureFile/secretName"),
];

/// kustomize's way of writing a path as ours; it enters lists unasked.
fn from_kustomize(path: &str) -> String {
    const LISTS: &[&str] = &[
        "containers",
        "env",
        "envFrom",
        "imagePullSecrets",
        "initContainers",
        "resourceNames",
        "sources",
        "tls",
        "volumes",
    ];
    let mut keys = Vec::new();
    for key in path.replace("\\/", "\0").split('/') {
        keys.push(match key {
            "rules" => "rules[resources=secrets]".to_owned(),
            key if LISTS.contains(&key) => format!("{key}[]"),
            key if key.contains('\0') => format!("[{}]", key.replace('\0', "/")),
            key => key.to_owned(),
        });
    }
    keys.join(".")
}

#[test]
fn nothing_of_kustomize_is_missing() {
    let in_pods = KUSTOMIZE_WORKLOADS.iter().flat_map(|&(group, kind, place)| {
        KUSTOMIZE_POD_SPEC.iter().map(move |path| (group, kind, format!("{place}/{path}")))
    });
    let elsewhere =
        KUSTOMIZE_ELSEWHERE.iter().map(|&(group, kind, path)| (group, kind, path.to_owned()));
    let mut count = 0;
    for (group, kind, path) in in_pods.chain(elsewhere) {
        let ours = from_kustomize(&path);
        let found = find(&object(group, kind, planted(&ours, "the-secret")), &[]);
        assert_eq!(found.len(), 1, "{kind} {path}, as {ours}");
        count += 1;
    }
    // Its list has 70 entries, one of them twice.
    assert_eq!(count, 69);
}
