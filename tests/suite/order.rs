//! A new version is not written where the cluster would make its secret only after what waits for it.

use crate::support::{Output, Sandbox};

const OLD: &str = "20250701000000";
const NOW: &str = "2025-08-20T11:00:00Z";

fn rotate(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.rotate(&[arguments, &["--at", NOW]].concat())
}

fn web(secret: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web, namespace: shop }}
spec:
  template:
    spec:
      containers:
        - name: web
          image: registry.example/web:1
          envFrom:
            - secretRef: {{ name: {secret} }}
"
    )
}

fn stub(name: &str, environment: &str, more: &str) -> String {
    let version = name.strip_prefix("auth-").unwrap_or_default();
    let pin = if version.is_empty() { String::new() } else { format!(", version: \"{version}\"") };
    format!(
        "apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: {name}
  namespace: shop
{more}spec:
  secretStoreRef: {{ kind: ClusterSecretStore, name: aws }}
  target: {{ name: {name}, immutable: true }}
  data:
    - {{ secretKey: url, remoteRef: {{ key: {environment}/auth, property: url{pin} }} }}
"
    )
}

const WAVE: &str = "  annotations:\n    argocd.argoproj.io/sync-wave: \"5\"\n";

#[test]
fn a_first_version_in_a_later_wave_is_refused() {
    let sandbox = Sandbox::empty();
    sandbox.write("staging/web.yaml", &web("auth"));
    sandbox.write("staging/stub.yaml", &stub("auth", "staging", WAVE));
    let before = sandbox.files();
    // Nothing is said of a name that stays: its secret is there.
    let lint = rotate(&sandbox, &["lint", "--format", "concise"]);
    assert!(!lint.stdout.contains("apply-order"), "{lint}");
    let refused = rotate(&sandbox, &["bump", "staging", "auth"]).status(1);
    let _ = refused.says(&[
        "staging/stub.yaml:7: `auth-20250820110000` comes too late",
        "in wave 5, after Deployment `web` in wave 0",
        "`--override lint --reason",
    ]);
    assert_eq!(sandbox.files(), before);
    let why = ["--override", "lint", "--reason", "Argo CD is off"];
    let _ = rotate(&sandbox, &[&["bump", "staging", "auth"][..], &why].concat()).success();
    let lint = rotate(&sandbox, &["lint", "--format", "concise"]).status(1);
    assert!(lint.stdout.contains("-20250820110000.yaml:7:35: error[apply-order]"), "{lint}");
    // Off is off.
    sandbox.write("rotate.yaml", "lint: { rules: { apply-order: \"off\" } }\n");
    let later = "2025-08-21T11:00:00Z";
    let _ = sandbox.rotate(&["bump", "staging", "auth", "--at", later]).success();
}

#[test]
fn what_is_in_order_is_written() {
    let sandbox = Sandbox::empty();
    sandbox.write("staging/web.yaml", &web("auth"));
    sandbox.write("staging/stub.yaml", &stub("auth", "staging", &WAVE.replace('5', "-5")));
    let _ = rotate(&sandbox, &["bump", "staging", "auth"]).success();
    let made = sandbox.read("staging/auth-20250820110000.yaml");
    assert!(made.contains("sync-wave: \"-5\""), "a copy keeps its wave: {made}");
}

/// The order of Flux is in files that name no secret.
#[test]
fn promote_refuses_a_dependency_that_leads_back() {
    let flux = |name: &str, path: &str, after: &str| {
        let after = if after.is_empty() {
            String::new()
        } else {
            format!("  dependsOn:\n    - name: {after}\n")
        };
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{ name: {name}, namespace: flux-system }}
spec:
  path: {path}
  wait: true
  sourceRef: {{ kind: GitRepository, name: flux-system }}
{after}"
        )
    };
    let sandbox = Sandbox::empty();
    for (environment, back) in [("staging", ["", ""]), ("production", ["apps", "middle"])] {
        let cluster = format!("clusters/{environment}");
        let at = |name: &str| format!("./{name}/{environment}");
        sandbox.write(&format!("{cluster}/apps.yaml"), &flux("apps", &at("apps"), ""));
        sandbox.write(&format!("{cluster}/middle.yaml"), &flux("middle", &at("middle"), back[0]));
        let secrets = flux("secrets", &at("secrets"), back[1]);
        sandbox.write(&format!("{cluster}/secrets.yaml"), &secrets);
        sandbox.write(&format!("apps/{environment}/web.yaml"), &web(&format!("auth-{OLD}")));
        let old = stub(&format!("auth-{OLD}"), environment, "");
        sandbox.write(&format!("secrets/{environment}/stub.yaml"), &old);
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, namespace: shop }\n";
        sandbox.write(&format!("middle/{environment}/map.yaml"), map);
    }
    sandbox.commit_at("2025-08-01T10:00:00Z", "Begin\n");
    let staging = ["bump", "staging", "auth", "--version", "20250802110000"];
    let _ = rotate(&sandbox, &staging).success();
    sandbox.commit_at("2025-08-02T12:00:00Z", "Bump\n");
    let promote = rotate(&sandbox, &["promote", "production"]).success();
    let _ = promote.says(&["clusters/production/secrets.yaml:9: ", "comes too late"]);
    let bump = rotate(&sandbox, &["bump", "production", "auth"]).status(1);
    let _ = bump.says(&["clusters/production/secrets.yaml:9: ", "comes too late"]);
    let why = ["--override", "lint", "--reason", "nothing waits"];
    let _ = rotate(&sandbox, &[&["bump", "production", "auth"][..], &why].concat()).success();
}
