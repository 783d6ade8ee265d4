//! No value of a Secret is printed, wherever it stands, whichever command runs, in whichever format.

use crate::support::{NOW, OLD, Sandbox, repository, stub};

const FAMILY: &str = "auth-api-secrets";

/// The value that every case plants, in base64 as well.
const VALUE: &str = "Pl4nted7";
const ENCODED: &str = "UGw0bnRlZDc=";

/// What each command prints, in each of its formats.
pub(crate) const COMMANDS: &[(&[&str], &[&str])] = &[
    (
        &["bump", "staging", FAMILY, "--at", NOW, "--dry-run", "--verbose"],
        &["text", "json", "markdown", "github"],
    ),
    (&["promote", "production", "--at", NOW, "--dry-run"], &["text", "json", "markdown", "github"]),
    (
        &["rollback", "staging", FAMILY, "--at", NOW, "--reason", "x", "--dry-run"],
        &["text", "json"],
    ),
    (&["prune", "staging", "--at", NOW, "--dry-run"], &["text", "json", "markdown", "github"]),
    (
        &["lint", "--at", NOW, "--fix", "--dry-run"],
        &["text", "json", "concise", "sarif", "markdown", "github"],
    ),
    (&["status", "--at", NOW], &["text", "json", "markdown", "github"]),
    (&["history", FAMILY, "--at", NOW], &["text", "json", "markdown", "mermaid"]),
    (&["checklist", "production", FAMILY, "--at", NOW], &["text", "json", "markdown"]),
    (&["refs", "--resources"], &["text", "json"]),
    (&["init", "--dry-run"], &["text"]),
    (&["explain", "plaintext-secret"], &["text", "json"]),
];

/// A kustomization of staging with one more resource, and further lines.
fn kustomization(more: &str) -> String {
    format!("resources:\n  - web.yaml\n  - {OLD}.yaml\n{more}")
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: plain\n  namespace: shop\n";

/// What follows the name of a Secret in a file of its own.
const SECRETS: &[(&str, &str)] = &[
    ("a second block", "stringData:\n  a: b\nstringData:\n  k: Pl4nted7\n"),
    ("comments", "stringData:\n  # Pl4nted7\n  k: x # was Pl4nted7\n"),
    ("base64", "data:\n  k: UGw0bnRlZDc=\n"),
    ("a wrong key", "strinGdata:\n  k: Pl4nted7\n  k: Pl4nted7\n"),
    ("a colon in a value", "stringData:\n  k: x: Pl4nted7\n"),
    ("a final colon", "stringData:\n  k: [\n  Pl4nted7:\n"),
    ("a block scalar", "stringData:\n  k: |\n    kind: Pl4nted7\n   b: Pl4nted7\n"),
    ("quotes over lines", "stringData:\n  k: \"a\n    kind: Pl4nted7\n    b\n"),
    ("an alias", "stringData:\n  k: *Pl4nted7\n"),
    ("an anchor", "stringData:\n  k: &Pl4nted7! x\n"),
    ("a tag", "stringData:\n  k: !Pl4nted7!x y\n"),
    ("an escape", "stringData:\n  k: \"\\q Pl4nted7\"\n"),
    ("a tab", "stringData:\n\tk: Pl4nted7\n"),
    ("a template", "stringData:\n  k: {{ x }}Pl4nted7\n"),
];

/// Objects whose kind says nothing.
const OBJECTS: &[(&str, &str)] = &[
    ("no kind", "metadata:\n  name: a\nstringData:\n  k: Pl4nted7\n  k: Pl4nted7\n"),
    ("nothing but values", "stringData:\n  kind: Pl4nted7\n"),
    (
        "a kind in lower case",
        "apiVersion: v1\nkind: secret\nmetadata: {name: a}\nstringData: {k: Pl4nted7, k: x}\n",
    ),
    (
        "a misspelt kind",
        "apiVersion: v1\nkind: Sercet\nmetadata: {name: a}\ndata: {k: UGw0bnRlZDc=, k: x}\n",
    ),
];

/// Further lines of a kustomization.
const BUILT: &[(&str, &str)] = &[
    ("a generator in another case", "SecretGenerator:\n- name: a\n  literals: [k=Pl4nted7]\n"),
    ("literals in another case", "secretGenerator:\n- name: a\n  Literals: [k=Pl4nted7]\n"),
    (
        "an escaped key",
        "\"secretGener\\u0061tor\":\n- name: a\n  \"liter\\u0061ls\": [k=Pl4nted7]\n  x: y\n",
    ),
    ("literals without `=`", "secretGenerator:\n- name: a\n  literals: [Pl4nted7]\n"),
    (
        "a patch of the root",
        "patches:\n- target: {kind: Secret}\n  patch: '[{op: replace, path: \"\", value: {data: {k: Pl4nted7}}}, {op: x}]'\n",
    ),
    (
        "a patch of the root without a target",
        "patches:\n- target: {name: x}\n  patch: |-\n    - op: replace\n      path: \"\"\n      value: {kind: Secret, stringData: {k: Pl4nted7}}\n    - op: x\n",
    ),
    (
        "a patch that does not parse",
        "patches:\n- patch: |-\n    kind: Secret\n    stringData: {k: Pl4nted7\n",
    ),
    (
        "a strategic patch",
        "patchesStrategicMerge:\n- |-\n  kind: Secret\n  stringData: {k: Pl4nted7}\n",
    ),
    ("a list that does not end", "secretGenerator:\n- name: a\n  literals: [k=Pl4nted7\n"),
];

/// Files below `staging`, and the values that they hold.
fn cases() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let mut cases: Vec<(&str, Vec<(&str, String)>)> = Vec::new();
    for (name, rest) in SECRETS {
        cases.push((name, vec![("plain.yaml", format!("{SECRET}{rest}"))]));
    }
    for (name, text) in OBJECTS {
        cases.push((name, vec![("plain.yaml", (*text).to_owned())]));
    }
    for (name, more) in BUILT {
        cases.push((name, vec![("kustomization.yaml", kustomization(more))]));
    }
    let template = "  target:\n    template:\n      data:\n        k: Pl4nted7 # Pl4nted7\n";
    let stub = ("auth-api-secrets-20250601090000.yaml", format!("{}{template}", stub(OLD)));
    cases.push(("a template of an ExternalSecret", vec![stub]));
    let envs = kustomization("secretGenerator:\n- name: a\n  envs: [a.env]\n");
    let variables = ("a.env", "k=Pl4nted7\nPl4nted7 x=Pl4nted7\n".to_owned());
    cases.push(("variables", vec![("kustomization.yaml", envs), variables]));
    let replaced = kustomization(
        "  - plain.yaml\nreplacements:\n- source: {kind: Secret, name: plain, fieldPath: stringData.k}\n  \
         targets:\n  - select: {kind: Deployment}\n    fieldPaths: [metadata.name, \
         spec.template.spec.containers.0.envFrom.0.secretRef.name]\n",
    );
    let plain = ("plain.yaml", format!("{SECRET}stringData:\n  k: Pl4nted7\n"));
    cases.push(("a value that becomes a name", vec![("kustomization.yaml", replaced), plain]));
    cases.extend(copied().map(|(name, objects, more)| {
        let lines = format!("  - plain.yaml\n{more}");
        let plain = ("plain.yaml", format!("{SECRET}stringData:\n  k: Pl4nted7\n---\n{objects}"));
        (name, vec![("kustomization.yaml", kustomization(&lines)), plain])
    }));
    cases
}

/// Objects that a value of a Secret is copied into, or out of.
const INGRESS: &str = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: copied, namespace: shop}\nspec: {tls: [{secretName: $(V)}, {secretName: a-$(V)}]}\n";
const FLUX: &str = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: copied, namespace: shop}\nspec: {url: 'https://example.com', ref: {branch: x}, secretRef: {name: x}}\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: copied, namespace: shop}\nspec: {path: x, targetNamespace: x, sourceRef: {kind: GitRepository, name: copied}, decryption: {provider: sops, secretRef: {name: x}}}\n";
const TEMPLATE: &str = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: made, namespace: shop}\nspec: {target: {template: {data: {k: Pl4nted7}}}}\n---\n";
const VARIABLE: &str = "vars:\n- name: V\n  objref: {apiVersion: v1, kind: Secret, name: plain}\n  fieldref: {fieldPath: 'stringData.k'}\n";
const VARIABLES: &str =
    "  containers: [{name: app, image: a, env: [{name: A, value: $(V)}], args: [$(V), x-$(V)]}]\n";

fn pod(fields: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: copied, namespace: shop}}\nspec:\n{fields}"
    )
}

/// Values that a variable or a replacement copies out of a Secret: further objects, and lines of the kustomization.
fn copied() -> [(&'static str, String, String); 6] {
    let replacement = |source: &str, target: &str| {
        format!("replacements:\n- source: {{{source}}}\n  targets:\n  - {target}\n")
    };
    let one = "kind: Secret, name: plain, fieldPath: stringData.k";
    [
        ("variables", format!("{}---\n{INGRESS}", pod(VARIABLES)), VARIABLE.to_owned()),
        (
            "a mapping of a Secret that becomes a list of references",
            pod("  containers: [{name: app, image: a, envFrom: [{secretRef: {name: x}}]}]\n"),
            replacement(
                "kind: Secret, name: plain, fieldPath: stringData",
                "{select: {kind: Pod}, fieldPaths: [metadata.annotations, spec.imagePullSecrets.0], options: {create: true}}",
            ),
        ),
        (
            "a mapping of a Secret with the key of a name",
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{name: named, namespace: shop}}\nstringData: {{name: Pl4nted7}}\n---\n{}",
                pod("  containers: [{name: app, image: a, envFrom: [{secretRef: {name: x}}]}]\n")
            ),
            replacement(
                "kind: Secret, name: named, fieldPath: stringData",
                "{select: {kind: Pod}, fieldPaths: [spec.containers.0.envFrom.0.secretRef]}",
            ),
        ),
        (
            "a template of a Secret",
            format!(
                "{TEMPLATE}{}",
                pod("  containers: [{name: app, image: a, envFrom: [{secretRef: {name: x}}]}]\n")
            ),
            replacement(
                "kind: ExternalSecret, name: made, fieldPath: spec.target.template.data.k",
                "{select: {kind: Pod}, fieldPaths: [spec.containers.0.envFrom.0.secretRef.name]}",
            ),
        ),
        (
            "the branch and the namespace of Flux",
            FLUX.to_owned(),
            replacement(
                one,
                "{select: {name: copied}, fieldPaths: [spec.ref.branch, spec.targetNamespace, spec.path, spec.secretRef.name, spec.decryption.secretRef.name], options: {create: true}}",
            ),
        ),
        (
            "the environment in a name",
            pod(
                "  containers: [{name: app, image: a, envFrom: [{secretRef: {name: x-environment}}]}]\n",
            ),
            replacement(
                one,
                "{select: {kind: Pod}, fieldPaths: [spec.containers.0.envFrom.0.secretRef.name, metadata.namespace, 'metadata.labels.environment'], options: {delimiter: '-', index: 1, create: true}}",
            ),
        ),
    ]
}

/// What shows a value, of all commands on a tree.
fn leaks(sandbox: &Sandbox, name: &str, more: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (command, formats) in COMMANDS {
        for format in *formats {
            let arguments = [*command, &["--format", format], more].concat();
            let output = sandbox.rotate(&arguments);
            let text = format!("{}{}", output.stdout, output.stderr);
            if text.contains(VALUE) || text.contains(ENCODED) {
                found.push(format!("{name}: {arguments:?}\n{output}"));
            }
        }
    }
    found
}

#[test]
fn no_command_shows_a_value() {
    let cases = cases();
    let run = |(name, files): &(&str, Vec<(&str, String)>)| {
        let sandbox = repository();
        for (path, text) in files {
            sandbox.write(&format!("staging/{path}"), text);
        }
        sandbox.commit_all();
        leaks(&sandbox, name, &[])
    };
    let (first, second) = cases.split_at(cases.len() / 2);
    let found: Vec<String> = std::thread::scope(|scope| {
        let other = scope.spawn(|| second.iter().flat_map(run).collect::<Vec<_>>());
        let mut found: Vec<String> = first.iter().flat_map(run).collect();
        found.extend(other.join().unwrap());
        found
    });
    assert!(found.is_empty(), "{} leaks:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_wrong_file_of_settings_is_not_quoted() {
    let secret = format!("{SECRET}stringData:\n  k: Pl4nted7\n");
    for (name, text) in [
        ("variables", "k=Pl4nted7\n"),
        ("a word", "Pl4nted7"),
        ("a Secret", secret.as_str()),
        ("values of a chart", "secrets:\n  k: Pl4nted7\n"),
        ("other keys", "environments: []\npassword: Pl4nted7\n"),
        ("a list", "- Pl4nted7\n"),
        ("what does not parse", "k: [Pl4nted7\n"),
    ] {
        let sandbox = repository();
        sandbox.write("wrong", text).commit_all();
        let found = leaks(&sandbox, name, &["--config", "wrong"]);
        assert!(found.is_empty(), "{} leaks:\n{}", found.len(), found.join("\n"));
    }
}
