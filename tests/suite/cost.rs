//! A plan says beforehand which workloads it takes down, and which cannot go back at once.

use serde_json::Value;

use crate::support::Sandbox;

const NOW: &str = "2025-08-20T11:00:00Z";

fn workload(kind: &str, api: &str, name: &str, secret: &str, more: &str) -> String {
    format!(
        "apiVersion: {api}
kind: {kind}
metadata: {{ name: {name}, namespace: shop }}
spec:
  {more}
  template:
    spec:
      containers:
        - name: {name}
          image: registry.example/{name}:1
          envFrom:
            - secretRef: {{ name: {secret} }}
"
    )
}

#[test]
fn a_bump_says_what_it_costs_before_it_is_written() {
    let sandbox = Sandbox::empty();
    let (old, other) = ("auth-20250701000000", "mail-20250701000000");
    let all = [
        workload("Deployment", "apps/v1", "web", old, "strategy: { type: Recreate }"),
        workload("Deployment", "apps/v1", "mail", other, "strategy: { type: Recreate }"),
        workload("Deployment", "apps/v1", "calm", old, "replicas: 2"),
        workload(
            "Rollout",
            "argoproj.io/v1alpha1",
            "shop",
            old,
            "strategy: { canary: { steps: [{ setWeight: 20 }, { pause: {} }] } }",
        ),
    ];
    sandbox.write("staging/all.yaml", &all.join("---\n"));
    for name in [old, other] {
        sandbox.write(
            &format!("staging/{name}.yaml"),
            &format!(
                "apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {{ name: {name}, namespace: shop }}
spec:
  secretStoreRef: {{ kind: ClusterSecretStore, name: aws }}
  target: {{ name: {name}, immutable: true }}
  dataFrom:
    - extract: {{ key: {name}, version: \"20250701000000\" }}
"
            ),
        );
    }
    let bump = ["bump", "staging", "auth", "--dry-run", "--at", NOW];
    let text = sandbox.rotate(&bump).success();
    let text = text.says(&[
        "note: Deployment `web` goes down while the change rolls out: `Recreate` stops every pod",
        "note: Rollout `shop` cannot go back at once: it walks all 2 steps of its canary again",
    ]);
    for silent in ["`mail`", "`calm`"] {
        assert!(!text.stderr.contains(silent), "{text}");
    }
    let json = sandbox.rotate(&[&bump[..], &["--format", "json"]].concat()).success();
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    let notes = json["plans"][0]["notes"].as_array().unwrap();
    let about =
        |word: &str| notes.iter().filter(|note| note.as_str().unwrap().contains(word)).count();
    assert_eq!((about("goes down"), about("go back at once")), (1, 1), "{notes:?}");
}
