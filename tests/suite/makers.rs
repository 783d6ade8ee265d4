//! Who makes a secret, and what a stub of the next version would read: what is refused, and why.

use crate::support::{NOW, Output, Sandbox};

pub(crate) const OLD: &str = "20250701000000";
pub(crate) const NEW: &str = "20250820110000";

pub(crate) fn web(secret: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web }}\nspec:\n  template:\n    spec:\n      containers:\n        \
         - name: web\n          envFrom:\n            - secretRef: {{ name: {secret} }}\n"
    )
}

pub(crate) fn stub(entry: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: db-{OLD} }}\nspec:\n  secretStoreRef: \
         {{ kind: ClusterSecretStore, name: store }}\n  target: {{ name: db-{OLD}, immutable: true }}\n  dataFrom:\n    - extract: {entry}\n"
    )
}

pub(crate) fn store(provider: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {{ name: store }}\nspec: {{ provider: {provider} }}\n"
    )
}

pub(crate) fn bump(sandbox: &Sandbox, arguments: &[&str]) -> Output {
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

/// What is encrypted names the file to make and what must list it.
#[test]
fn encrypted_secrets_and_generators_say_what_to_make() {
    let sops = "apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData: { a: \"ENC[AES256_GCM,data:x,type:str]\" }\n\
                sops: { mac: \"ENC[AES256_GCM,data:x,type:str]\", lastmodified: \"2025-06-02T09:00:00Z\" }\n";
    let command = format!("then `rotate bump staging db --version {NEW}`");
    let listed = "resources: [web.yaml, db.enc.yaml]\n";
    let by_ksops = "resources: [web.yaml]\ngenerators: [made.yaml]\n";
    let ksops = "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: { name: made }\nfiles: [./db.enc.yaml]\n";
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web("db")),
        ("db.enc.yaml", sops),
        ("kustomization.yaml", listed),
    ]);
    let _ = bump(&sandbox, &["db"]).status(1).says(&[
        &format!("`staging/db-{NEW}.enc.yaml`, list it under `resources` in `staging/kustomization.yaml`, {command}"),
    ]);
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web("db")),
        ("db.enc.yaml", sops),
        ("made.yaml", ksops),
        ("kustomization.yaml", by_ksops),
    ]);
    let _ = bump(&sandbox, &["db"])
        .status(1)
        .says(&[&format!("list it under `files` in `staging/made.yaml`, {command}")]);
    // What it says can be followed.
    sandbox.write(
        &format!("staging/db-{NEW}.enc.yaml"),
        &sops.replace("name: db", &format!("name: db-{NEW}")),
    );
    sandbox.write(
        "staging/made.yaml",
        &ksops.replace("yaml]", &format!("yaml, ./db-{NEW}.enc.yaml]")),
    );
    let _ = bump(&sandbox, &["db", "--version", NEW]).success();
    assert!(sandbox.read("staging/web.yaml").contains(&format!("name: db-{NEW} ")));
    let entry = |name: &str| {
        format!(
            "  - {{ name: {name}, literals: [a=b], options: {{ disableNameSuffixHash: true }} }}\n"
        )
    };
    let generator = format!("resources: [web.yaml]\nsecretGenerator:\n{}", entry("db"));
    let sandbox = Sandbox::staging(&[("web.yaml", &web("db")), ("kustomization.yaml", &generator)]);
    let _ = bump(&sandbox, &["db"]).status(1).says(&[
        "a `secretGenerator` makes `db` from values in Git",
        &format!("`name: db-{NEW}`"),
        &command,
    ]);
    sandbox.write("staging/kustomization.yaml", &(generator + &entry(&format!("db-{NEW}"))));
    let _ = bump(&sandbox, &["db", "--version", NEW]).success();
}

/// What KSOPS makes is known by the names in its files, unless it also reads Secrets of a cluster or adds a hash.
#[test]
fn a_name_that_ksops_does_not_make_is_missing() {
    let ksops = "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: { name: made }\nfiles: [./db.enc.yaml]\n";
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: dbs\n";
    let values = "stringData: { a: \"ENC[AES256_GCM,data:x,type:str]\" }\nsops: { mac: x }\n";
    let hashed = "  annotations: { kustomize.config.k8s.io/needs-hash: \"true\" }\n";
    let dangling = |ksops: &str, secret: &str| {
        let sandbox = Sandbox::staging(&[
            ("web.yaml", &web("db")),
            ("db.enc.yaml", &format!("{secret}{values}")),
            ("made.yaml", ksops),
            ("kustomization.yaml", "resources: [web.yaml]\ngenerators: [made.yaml]\n"),
        ]);
        let lint = sandbox.rotate(&["lint", "--format", "concise", "--at", NOW]);
        lint.stdout.contains("dangling-reference")
    };
    assert!(dangling(ksops, secret));
    assert!(!dangling(ksops, &secret.replace("dbs", "db")));
    assert!(!dangling(
        &format!("{ksops}secretFrom: [{{ metadata: {{ name: other }} }}]\n"),
        secret
    ));
    assert!(!dangling(ksops, &format!("{secret}{hashed}")));
}

/// Only the SealedSecret is sealed, not what else its file holds.
#[test]
fn what_stands_beside_a_sealed_secret_is_edited() {
    let sealed = |name: &str| {
        format!(
            "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{ name: {name} }}\nspec: {{ encryptedData: {{ a: AgB }} }}\n"
        )
    };
    let file =
        web(&format!("db-{OLD}")) + &sealed(&format!("db-{OLD}")) + &sealed(&format!("db-{NEW}"));
    let sandbox = Sandbox::staging(&[("all.yaml", &file)]);
    let _ = bump(&sandbox, &["--version", NEW]).success();
    let wanted = file.replace(&web(&format!("db-{OLD}")), &web(&format!("db-{NEW}")));
    assert_eq!(sandbox.read("staging/all.yaml"), wanted);
}

/// A stub for each namespace, although all references are in one directory.
#[test]
fn first_stubs_of_two_namespaces_have_a_file_each() {
    let in_namespace = |name: &str| {
        web("db").replace("{ name: web }", &format!("{{ name: web, namespace: {name} }}"))
    };
    let both = format!("{}---\n{}", in_namespace("eu"), in_namespace("us"));
    let sandbox =
        Sandbox::staging(&[("web.yaml", &both), ("kustomization.yaml", "resources: [web.yaml]\n")]);
    sandbox.write(
        "rotate.yaml",
        "environments:\n  - { name: staging, paths: [staging] }\nsecrets:\n  db: { remote: { store: { name: aws }, key: shop/db } }\n",
    );
    let _ = bump(&sandbox, &["db"]).success();
    assert!(sandbox.read(&format!("staging/db-{NEW}.yaml")).contains("namespace: eu"));
    assert!(sandbox.read(&format!("staging/db-{NEW}-us.yaml")).contains("namespace: us"));
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

/// Labels that a base gives its objects are in a stub that stands outside of it; what is no longer true is not.
#[test]
fn a_first_stub_has_the_labels_of_its_base_and_no_comment_of_other_values() {
    let all = "# About the file.\n---\n# The database.\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: db\n  \
               annotations:\n    a: b\nspec:\n  refreshInterval: 1h # hourly\n  secretStoreRef: { kind: ClusterSecretStore, name: aws }\n  \
               target:\n    deletionPolicy: Delete # as the store has it\n    immutable: true # for good\n  dataFrom:\n    - extract:\n        \
               key: shop/db # of the shop\n        version: AWSCURRENT # whatever is current\n---\napiVersion: v1\nkind: Service\n\
               metadata: { name: web }\n";
    let sandbox = Sandbox::empty();
    sandbox.write("base/web.yaml", &web("db"));
    sandbox.write("base/all.yaml", all);
    sandbox.write(
        "base/kustomization.yaml",
        "resources: [web.yaml, all.yaml]\ncommonAnnotations: { owner: shop }\nlabels: [{ pairs: { team: shop } }]\n",
    );
    for environment in ["staging", "production"] {
        sandbox.write(
            &format!("{environment}/kustomization.yaml"),
            &format!("resources: [../base]\nlabels: [{{ pairs: {{ env: {environment} }} }}]\n"),
        );
    }
    let _ = bump(&sandbox, &["db"]).success();
    let wanted = format!(
        "# The database.\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: db-{NEW}\n  annotations:\n    \
         a: b\n    owner: shop\n  labels:\n    team: shop\nspec:\n  secretStoreRef: {{ kind: ClusterSecretStore, name: aws }}\n  target:\n    \
         deletionPolicy: Retain\n    immutable: true # for good\n  dataFrom:\n    - extract:\n        key: shop/db # of the shop\n        \
         version: \"{NEW}\"\n  refreshPolicy: CreatedOnce\n"
    );
    assert_eq!(sandbox.read(&format!("staging/db-{NEW}.yaml")), wanted);
}

#[test]
fn comments_that_tell_of_the_old_version_are_not_copied() {
    let old = format!("db-{OLD}");
    let text = stub(&format!("{{ key: shop/db, version: \"{OLD}\" }} # {OLD}, after the leak"));
    let head = format!(
        "# {old}: the database\n# made 2025-07-01 for {old}\n# rotate: allow[label-budget] 2025-07-01, few labels\n"
    );
    let sandbox = Sandbox::staging(&[("web.yaml", &web(&old)), ("stub.yaml", &(head + &text))]);
    let _ = bump(&sandbox, &[]).success();
    let wanted = format!(
        "# db-{NEW}: the database\n# rotate: allow[label-budget] 2025-07-01, few labels\n{}",
        stub(&format!("{{ key: shop/db, version: \"{NEW}\" }}")).replace(OLD, NEW)
    );
    assert_eq!(sandbox.read(&format!("staging/db-{NEW}.yaml")), wanted);
}

/// A stub whose own name is another than its Secret's is bumped again and again.
#[test]
fn a_stub_with_another_name_than_its_secret_is_copied_again() {
    let named = |name: &str| {
        stub(&format!("{{ key: shop/db, version: \"{OLD}\" }}"))
            .replace(&format!("{{ name: db-{OLD} }}\nspec"), &format!("{{ name: {name} }}\nspec"))
    };
    for name in [format!("es-db-{OLD}"), format!("db-{OLD}-es"), "db-external".to_owned()] {
        let sandbox = Sandbox::staging(&[
            ("web.yaml", &web(&format!("db-{OLD}"))),
            ("stub.yaml", &named(&name)),
            ("kustomization.yaml", "resources: [web.yaml, stub.yaml]\n"),
        ]);
        sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
        let _ = bump(&sandbox, &[]).success();
        sandbox.commit_at("2025-08-20T12:00:00Z", "Bump\n");
        let _ = sandbox.rotate(&["bump", "staging", "--at", "2025-09-20T11:00:00Z"]).success();
    }
}

/// What adds to a Secret makes none of the new name, and what an old operator serves is written for it.
#[test]
fn stubs_that_would_make_nothing_are_refused_or_written_for_their_operator() {
    let merging = stub("{ key: db }")
        .replace(&format!("-{OLD}"), "")
        .replace("immutable: true", "creationPolicy: Merge");
    let sandbox = Sandbox::staging(&[("web.yaml", &web("db")), ("stub.yaml", &merging)]);
    let _ = bump(&sandbox, &["db"])
        .status(1)
        .says(&["with `creationPolicy: Merge` it makes no Secret"]);
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: eso }\nspec: { chart: { spec: { chart: external-secrets, version: 0.10.4 } } }\n";
    let sandbox = Sandbox::staging(&[("web.yaml", &web("db")), ("eso.yaml", release)]);
    sandbox.write("rotate.yaml", "environments:\n  - { name: staging, paths: [staging] }\nsecrets:\n  db: { remote: { store: { name: aws }, key: shop/db } }\n");
    let _ = bump(&sandbox, &["db"]).success();
    let made = sandbox.read(&format!("staging/db-{NEW}.yaml"));
    assert!(
        made.starts_with("apiVersion: external-secrets.io/v1beta1\n")
            && made.contains("refreshInterval: \"0\"")
            && !made.contains("refreshPolicy"),
        "{made}"
    );
    let lint = sandbox.rotate(&["lint", "--format", "concise"]);
    assert!(!lint.stdout.contains("removed-api-version"), "{lint}");
}
