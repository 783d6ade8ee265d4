//! Names that a move leaves where they are: what refuses the move, what is listed after it.

use crate::support::{NOW, Output, Sandbox};

const OLD: &str = "shop-secrets-20250701000000";

fn release(values: &str) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{ name: shop }}\nspec:\n  values:\n{values}"
    )
}

fn stub(name: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: {name} }}\nspec:\n  refreshPolicy: CreatedOnce\n  \
         secretStoreRef: {{ kind: ClusterSecretStore, name: store }}\n  target: {{ name: {name}, immutable: true }}\n  dataFrom:\n    \
         - extract: {{ key: shop, version: \"20250701000000\" }}\n"
    )
}

fn bump(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.rotate(&[&["bump", "staging", "shop-secrets"], arguments, &["--at", NOW]].concat())
}

#[test]
fn a_field_that_names_a_secret_is_not_left_in_silence() {
    let values = format!(
        "    existingSecret: {OLD}\n    migration:\n      existingSecret: '{{{{ include \"shop.name\" . }}}}-secrets-20250701000000'\n"
    );
    let sandbox =
        Sandbox::staging(&[("release.yaml", &release(&values)), ("stub.yaml", &stub(OLD))]);
    let _ = bump(&sandbox, &[]).status(1).says(&[
        "spec.values.migration.existingSecret names a secret",
        "`--leave staging/release.yaml:8`",
    ]);
    let left = bump(&sandbox, &["--leave", "staging/release.yaml:8", "--dry-run"]);
    let _ = left.status(0).says(&["left: staging/release.yaml:8", "`--leave` names it"]);
    let _ = bump(&sandbox, &["--leave", "staging/release.yaml:7"]).status(1);
    let unused = ["--leave", "staging/release.yaml:8", "--leave", "staging/stub.yaml:1"];
    let _ =
        bump(&sandbox, &unused).status(2).says(&["`--leave staging/stub.yaml:1` matches nothing"]);
    let _ =
        bump(&sandbox, &["--leave", "staging/release.yaml"]).status(2).says(&["is not FILE:LINE"]);
}

#[test]
fn values_that_no_build_shows_are_told_or_refused() {
    let kustomization = "resources: [web.yaml, stub.yaml]\nhelmCharts:\n- name: mq\n  repo: https://charts.example.com\n  valuesFile: values.yaml\n";
    let web = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web }}\nspec:\n  template:\n    spec:\n      imagePullSecrets: [{{ name: {OLD} }}]\n"
    );
    let values = format!("auth:\n  existingSecret: {OLD}\n");
    let more = format!("replica:\n  existingSecret: {OLD}\n");
    let sandbox = Sandbox::staging(&[
        ("more.yaml", &more),
        ("kustomization.yaml", kustomization),
        ("web.yaml", &web),
        ("stub.yaml", &stub(OLD)),
        ("values.yaml", &values),
        ("run.sh", &format!("# {OLD} is described here\nkubectl get secret {OLD}\n")),
    ]);
    let _ = bump(&sandbox, &[]).status(1).says(&["replica.existingSecret", "staging/more.yaml:2"]);
    let told = bump(&sandbox, &["--leave", "staging/more.yaml:2", "--dry-run"]).status(0);
    assert!(told.stdout.contains("+++ b/staging/values.yaml"), "{told}");
    let told = told.says(&["left: staging/run.sh:2", "the file holds no object"]);
    assert!(!told.stdout.contains("run.sh:1"), "a comment is no use");
}

#[test]
fn what_a_shared_base_gives_to_a_chart_is_seen_too() {
    let sandbox = Sandbox::staging(&[
        ("kustomization.yaml", "resources: [../base, release.yaml, stub.yaml]\n"),
        ("release.yaml", &release(&format!("    existingSecret: {OLD}\n"))),
        ("stub.yaml", &stub(OLD)),
    ]);
    let chart = format!(
        "helmCharts:\n- name: mq\n  repo: https://charts.example.com\n  valuesInline: {{ existingSecret: {OLD} }}\n"
    );
    sandbox.write("base/kustomization.yaml", &chart);
    let _ = bump(&sandbox, &[]).status(0);
    assert!(
        sandbox.read("base/kustomization.yaml").contains("existingSecret: shop-secrets-20250820")
    );
}

#[test]
fn a_first_version_tells_of_values_that_spell_the_plain_name() {
    let values = "    auth:\n      credentials: shop-secrets\n      existingSecret: shop-secrets\n    image: shop-secrets\n";
    let sandbox = Sandbox::staging(&[
        ("release.yaml", &release(values)),
        ("stub.yaml", &stub("shop-secrets")),
    ]);
    let told = bump(&sandbox, &["--dry-run"]).status(0).says(&[
        "would move 1 reference",
        "left: staging/release.yaml:7 (HelmRelease `shop`, spec.values.auth.credentials)",
    ]);
    assert!(!told.stdout.contains("left: staging/release.yaml:9"), "an image is no secret");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_read_refuses_what_it_may_name() {
    use std::os::unix::ffi::OsStrExt as _;
    let at = |version: &str| release(&format!("    existingSecret: shop-secrets-{version}\n"));
    let sandbox =
        Sandbox::staging(&[("release.yaml", &at("20250701000000")), ("stub.yaml", &stub(OLD))]);
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    sandbox.write("staging/release.yaml", &at("20250702000000"));
    sandbox.write("staging/next.yaml", &stub("shop-secrets-20250702000000"));
    sandbox.commit_at("2025-07-02T10:00:00Z", "Bump\n");
    let odd = sandbox.root().join("staging").join(std::ffi::OsStr::from_bytes(b"we\xffb.yaml"));
    std::fs::write(odd, "a: b\n").unwrap();
    let run = |arguments: &[&str]| sandbox.rotate(&[arguments, &["--at", NOW]].concat());
    for command in ["bump", "prune"] {
        let _ =
            run(&[command, "staging"]).status(2).says(&["cannot be read (its name is not UTF-8)"]);
    }
    let back = ["rollback", "staging", "shop-secrets"];
    let path = "staging/we\u{fffd}b.yaml";
    let _ = run(&back).status(2).says(&["roll back anyway with `--leave", path]);
    let _ = run(&[&back[..], &["--leave", path]].concat()).success();
    assert_eq!(sandbox.read("staging/release.yaml"), at("20250701000000"));
}

#[test]
fn what_spells_a_secret_that_nothing_uses_is_named() {
    let values = "    auth:\n      credentials: shop-secrets\n";
    let sandbox = Sandbox::staging(&[
        ("release.yaml", &release(values)),
        ("stub.yaml", &stub("shop-secrets")),
    ]);
    let refused = bump(&sandbox, &[]).status(1);
    let refused = refused
        .says(&["spec.values.auth.credentials contains the name", "`references` in rotate.yaml"]);
    assert!(!refused.stderr.contains("nothing here uses"));
}

#[test]
fn a_field_that_nobody_knows_can_be_declared() {
    let pipeline = "apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: { name: ci }\nspec:\n  tasks:\n    - name: push\n      params:\n        \
                    - name: TOKEN_SECRET_NAME\n          value: shop-secrets\n";
    let web = "apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: web, envFrom: [{ secretRef: { name: shop-secrets } }] }] }\n";
    let sandbox = Sandbox::staging(&[("ci.yaml", pipeline), ("web.yaml", web)]);
    let _ = bump(&sandbox, &[]).status(1).says(&[
        "spec.tasks[0].params[0].value contains the secret's name in a field that rotate does not recognize",
        "under `references` in rotate.yaml",
        "`--leave staging/ci.yaml:9`",
    ]);
    sandbox.write(
        "rotate.yaml",
        "environments:\n  - { name: staging, paths: [staging] }\nreferences:\n  - { apiVersion: tekton.dev/v1, kind: Pipeline, path: \"spec.tasks[].params[].value\" }\n",
    );
    let _ = bump(&sandbox, &[]).success();
    assert!(sandbox.read("staging/ci.yaml").contains("value: shop-secrets-20250820110000"));
}

/// A file of values among plain manifests is edited, so that nothing of it stays behind.
#[test]
fn values_among_plain_manifests_move_by_their_value() {
    let sandbox = Sandbox::staging(&[
        ("values.yaml", &format!("existingSecret: {OLD}\n")),
        ("stub.yaml", &stub(OLD)),
    ]);
    let said = bump(&sandbox, &[]).success();
    assert_eq!(
        sandbox.read("staging/values.yaml"),
        "existingSecret: shop-secrets-20250820110000\n"
    );
    let said = said.says(&["by value: staging/values.yaml:1 (existingSecret)"]);
    assert!(!said.stderr.contains("left:"), "{said}");
}
