//! Who makes a secret, and what a stub of the next version would read: what is refused, and why.

use crate::support::{NOW, Output, Sandbox};

const OLD: &str = "20250701000000";
const NEW: &str = "20250820110000";

fn web(secret: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web }}\nspec:\n  template:\n    spec:\n      containers:\n        \
         - name: web\n          envFrom:\n            - secretRef: {{ name: {secret} }}\n"
    )
}

fn stub(entry: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: db-{OLD} }}\nspec:\n  secretStoreRef: \
         {{ kind: ClusterSecretStore, name: store }}\n  target: {{ name: db-{OLD}, immutable: true }}\n  dataFrom:\n    - extract: {entry}\n"
    )
}

fn store(provider: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {{ name: store }}\nspec: {{ provider: {provider} }}\n"
    )
}

fn bump(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.rotate(&[&["bump", "staging"], arguments, &["--at", NOW]].concat())
}

#[test]
fn what_a_controller_fills_gets_no_version() {
    let token = "apiVersion: v1\nkind: Secret\nmetadata: { name: db, annotations: { kubernetes.io/service-account.name: web } }\n\
                 type: kubernetes.io/service-account-token\n";
    let sandbox = Sandbox::staging(&[("web.yaml", &web("db")), ("token.yaml", token)]);
    let _ = bump(&sandbox, &["db"])
        .status(1)
        .says(&["Kubernetes fills `db` with the token of a service account"]);
    let certificate = "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: { name: web }\nspec: { secretName: db }\n";
    let seed = stub("{ key: a }").replace(&format!("-{OLD}"), "");
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web("db")),
        ("tls.yaml", certificate),
        ("seed.yaml", &seed),
    ]);
    let _ = bump(&sandbox, &["db"])
        .status(1)
        .says(&["cert-manager makes and renews `db` for the Certificate `web`"]);
}

#[test]
fn a_pin_that_the_store_made_is_given_and_never_copied() {
    let vault = store("{ vault: { path: apps } }");
    let pinned = stub("{ key: shop/db, version: \"7\" }");
    let old = format!("db-{OLD}");
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web(&old)),
        ("stub.yaml", &pinned),
        ("store.yaml", &vault),
    ]);
    sandbox.write("production/web.yaml", &web(&old));
    sandbox.write("production/stub.yaml", &pinned);
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    let _ = bump(&sandbox, &[]).status(1).says(&[
        "7 is the old value",
        &format!("`rotate bump staging db --version {NEW} --pin shop/db=VALUE`"),
        "`vault kv metadata get -mount=apps shop/db` lists them",
    ]);
    let _ = bump(&sandbox, &["--pin", "7"]).status(1).says(&["is what the old version reads"]);
    let _ =
        bump(&sandbox, &["--pin", "x"]).status(1).says(&["Vault wants the number of the version"]);
    let unused = bump(&sandbox, &["--pin", "shop/db=8", "--pin", "shop/other=9"]).status(2);
    let _ = unused.says(&["`--pin shop/other=9` fits no entry of a new stub"]);
    let _ = bump(&sandbox, &["--pin", "shop/db=8"]).success();
    assert!(sandbox.read(&format!("staging/db-{NEW}.yaml")).contains("version: \"8\""));
    sandbox.commit_at("2025-08-20T12:00:00Z", "Bump\n");
    // Production reads the same key of the same store.
    let promote = ["promote", "--at", "2025-08-22T12:00:00Z"];
    let _ = sandbox.rotate(&promote).success();
    assert!(sandbox.read(&format!("production/db-{NEW}.yaml")).contains("version: \"8\""));
    // Another mount numbers its own versions.
    let _ = sandbox.git_at(NOW, &["reset", "--quiet", "--hard"]);
    std::fs::remove_file(sandbox.path(&format!("production/db-{NEW}.yaml"))).unwrap();
    sandbox.write("production/store.yaml", &store("{ vault: { path: other } }"));
    sandbox.commit_at("2025-08-21T12:00:00Z", "Another mount\n");
    let _ = sandbox.rotate(&promote).status(1).says(&["7 is the old value"]);
}

#[test]
fn a_patch_that_makes_the_new_stub_read_an_old_value_is_named() {
    let patch = format!(
        "resources: [web.yaml, stub.yaml]\npatches:\n  - target: {{ kind: ExternalSecret }}\n    patch: |-\n      - {{ op: replace, path: \
         /spec/dataFrom/0/extract/version, value: \"{OLD}\" }}\n"
    );
    let pinned = stub(&format!("{{ key: shop/db, version: \"{OLD}\" }}"));
    let old = format!("db-{OLD}");
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web(&old)),
        ("stub.yaml", &pinned),
        ("kustomization.yaml", &patch),
    ]);
    let _ = bump(&sandbox, &[]).status(1).says(&[
        &format!("the new stub would read `{OLD}`, which is of another version"),
        "staging/kustomization.yaml",
    ]);
}

#[test]
fn a_name_that_is_copied_from_the_stub_does_not_rename_it() {
    let copied = format!(
        "resources: [web.yaml, stub.yaml]\nreplacements:\n  - source: {{ kind: ExternalSecret, name: db-{OLD}, fieldPath: metadata.name }}\n    \
         targets:\n      - select: {{ kind: Deployment }}\n        fieldPaths: [spec.template.spec.containers.0.envFrom.0.secretRef.name]\n"
    );
    let pinned = stub(&format!("{{ key: shop/db, version: \"{OLD}\" }}"));
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web("x")),
        ("stub.yaml", &pinned),
        ("kustomization.yaml", &copied),
    ]);
    let _ = bump(&sandbox, &[])
        .status(1)
        .says(&["`staging/kustomization.yaml` copies the name from the object"]);
}
