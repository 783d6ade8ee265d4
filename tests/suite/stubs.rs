//! The stubs that bumps make are what the operator's schema allows.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{NOW, Sandbox};

/// The schema as the operator ships it, where it is beside the repository; else a small one of ours.
fn schema() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = root.join("../shared/schemas/externalsecret-crd-v2.9.0.json");
    let own = root.join("fixtures/schemas/externalsecret-v1.json");
    let path: PathBuf = if shipped.exists() { shipped } else { own };
    let text = fs::read_to_string(path).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    schema["versions"]["v1"]["schema"].clone()
}

#[track_caller]
fn fits(schema: &Value, path: &str, text: &str) {
    let stub: Value = serde_yaml::from_str(text).unwrap();
    assert_eq!(stub["apiVersion"], "external-secrets.io/v1", "{path}");
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&stub)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{path}\n{}\n{text}", errors.join("\n"));
}

#[test]
fn new_stubs_fit_the_schema() {
    let schema = schema();
    let mut seen = 0;
    for tree in ["argo", "auth-api", "blue-green", "flux", "rings", "shop-overlays", "shop-plain"] {
        let sandbox = Sandbox::example(tree);
        let before = sandbox.files();
        for environment in ["staging", "production"] {
            let _ = sandbox.rotate(&["bump", environment, "--all", "--at", NOW]);
        }
        for (path, bytes) in sandbox.files() {
            let new = !before.iter().any(|(known, _)| *known == path);
            if new && path.contains("20250820110000") {
                fits(&schema, &path, &String::from_utf8(bytes).unwrap());
                seen += 1;
            }
        }
    }
    assert!(seen >= 20, "{seen} stubs only");
}

#[test]
fn the_schema_refuses_a_version_without_quotes() {
    let stub = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: { name: a }\nspec:\n  \
                dataFrom:\n    - extract: { key: a, version: 20250820110000 }\n";
    let stub: Value = serde_yaml::from_str(stub).unwrap();
    assert!(!jsonschema::validator_for(&schema()).unwrap().is_valid(&stub));
}

/// A family without any ExternalSecret gets its first one from `rotate.yaml`.
#[test]
fn first_stubs_fit_the_schema() {
    for (version, key) in [("label", "shop/auth"), ("key-suffix", "shop/auth-20250820110000")] {
        let sandbox = Sandbox::empty();
        sandbox.write(
            "staging/web.yaml",
            "apiVersion: v1\nkind: ReplicationController\nmetadata: { name: web }\nspec:\n  template:\n    \
             spec:\n      containers:\n        - name: web\n          envFrom:\n            \
             - secretRef: { name: auth }\n",
        );
        sandbox.write(
            "rotate.yaml",
            &format!(
                "environments:\n  - name: staging\n    paths: [staging]\nsecrets:\n  auth:\n    remote:\n      \
                 version: {version}\n      store: {{ name: aws, kind: ClusterSecretStore }}\n      \
                 key: shop/auth\n"
            ),
        );
        let _ = sandbox.rotate(&["bump", "staging", "auth", "--at", NOW]).success();
        let made = sandbox.files().into_iter().find(|(path, _)| path.contains("20250820110000"));
        let (path, bytes) = made.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        fits(&schema(), &path, &text);
        assert!(text.contains(&format!("key: {key}\n")), "{text}");
        assert_eq!(text.contains("version: \"20250820110000\""), version == "label", "{text}");
    }
}

/// A bump whose new Secret something else must make says so, with the command that shows whether it is there; a stub in
/// Git is copied whatever `external` says.
#[test]
fn what_something_else_makes_is_asked_for() {
    let own = "secrets: { legacy-db: { remote: { store: { name: aws, kind: ClusterSecretStore }, key: shop/db } } }\n";
    for (pattern, remote) in
        [("legacy-db", ""), ("legacy-*", ""), ("legacy-*", own), ("legacy-db", own)]
    {
        let sandbox = Sandbox::empty();
        sandbox.write(
            "rotate.yaml",
            &format!(
                "environments: [{{ name: staging, paths: [staging] }}]\n{remote}external:\n  \
                 - {{ name: \"{pattern}\", reason: Terraform makes it }}\n"
            ),
        );
        sandbox.write(
            "staging/web.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web, namespace: shop }\nspec:\n  template:\n    \
             spec:\n      containers:\n        - name: web\n          envFrom: [{ secretRef: { name: legacy-db } }]\n",
        );
        let plan = sandbox.rotate(&["bump", "staging", "legacy-db", "--at", NOW, "--dry-run"]);
        let asks = [
            "Create legacy-db-20250820110000 in namespace shop with whatever manages this secret outside the repository \
             (Terraform makes it), then check that it exists.",
            "kubectl get secret legacy-db-20250820110000 --namespace shop --output name",
        ];
        let is_new = pattern == "legacy-db" && !remote.is_empty();
        for text in asks {
            assert_eq!(plan.stderr.contains(text), !is_new, "{pattern}: {}", plan.stderr);
        }
        sandbox.write(
            "staging/stub.yaml",
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: { name: legacy-db, namespace: shop }\n\
             spec:\n  secretStoreRef: { name: aws, kind: ClusterSecretStore }\n  data:\n    - secretKey: password\n      \
             remoteRef: { key: shop/db, version: uuid/1 }\n",
        );
        let plan = sandbox.rotate(&["bump", "staging", "legacy-db", "--at", NOW, "--dry-run"]);
        assert!(plan.stdout.contains("name: legacy-db-20250820110000"), "{}", plan.stdout);
        assert!(!plan.stderr.contains("outside the repository"), "{}", plan.stderr);
    }
}
