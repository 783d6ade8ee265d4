//! Names that a move leaves where they are: what refuses it, what is told after it.

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

fn staging(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::empty();
    for (path, text) in files {
        sandbox.write(&format!("staging/{path}"), text);
    }
    sandbox
}

fn bump(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.rotate(&[&["bump", "staging", "shop-secrets"], arguments, &["--at", NOW]].concat())
}

#[test]
fn a_field_that_names_a_secret_is_not_left_in_silence() {
    let values = format!(
        "    existingSecret: {OLD}\n    migration:\n      existingSecret: \"{{{{ .Release.Name }}}}-secrets-20250701000000\"\n"
    );
    let sandbox = staging(&[("release.yaml", &release(&values)), ("stub.yaml", &stub(OLD))]);
    let _ = bump(&sandbox, &[]).status(1).says(&[
        "spec.values.migration.existingSecret names a secret",
        "`--leave staging/release.yaml:8`",
    ]);
    let left = bump(&sandbox, &["--leave", "staging/release.yaml:8", "--dry-run"]);
    let _ = left.status(0).says(&["left: staging/release.yaml:8", "`--leave` names it"]);
    let _ = bump(&sandbox, &["--leave", "staging/release.yaml:7"]).status(1);
    let _ = bump(&sandbox, &["--leave", "staging/release.yaml"]).status(2).says(&["is no place"]);
}

#[test]
fn values_that_no_build_shows_are_told_or_refused() {
    let kustomization = "resources: [web.yaml, stub.yaml]\nhelmCharts:\n- name: mq\n  repo: https://charts.example.com\n  valuesFile: values.yaml\n";
    let web = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web }}\nspec:\n  template:\n    spec:\n      imagePullSecrets: [{{ name: {OLD} }}]\n"
    );
    let values = format!("auth:\n  existingSecret: {OLD}\n");
    let sandbox = staging(&[
        ("kustomization.yaml", kustomization),
        ("web.yaml", &web),
        ("stub.yaml", &stub(OLD)),
        ("values.yaml", &values),
        ("run.sh", &format!("# {OLD} is described here\nkubectl get secret {OLD}\n")),
    ]);
    let _ = bump(&sandbox, &[]).status(1).says(&["auth.existingSecret", "staging/values.yaml:2"]);
    let told = bump(&sandbox, &["--leave", "staging/values.yaml:2", "--dry-run"]).status(0);
    let told = told.says(&["left: staging/run.sh:2", "the file holds no object"]);
    assert!(!told.stdout.contains("run.sh:1"), "a comment is no use");
}

#[test]
fn a_first_version_tells_of_values_that_spell_the_plain_name() {
    let values = "    auth:\n      credentials: shop-secrets\n      existingSecret: shop-secrets\n    image: shop-secrets\n";
    let sandbox =
        staging(&[("release.yaml", &release(values)), ("stub.yaml", &stub("shop-secrets"))]);
    let told = bump(&sandbox, &["--dry-run"]).status(0).says(&[
        "would move 1 reference",
        "left: staging/release.yaml:7 (HelmRelease `shop`, spec.values.auth.credentials)",
    ]);
    assert!(!told.stdout.contains("left: staging/release.yaml:9"), "an image is no secret");
}
