//! `status`, `bump`, `promote` and `lint` say the same of one state.

use serde_json::Value;

use crate::support::{NOW, Output, Sandbox};

const OLD: &str = "20250701000000";
const NEW: &str = "20250801000000";

fn web(secret: &str, key: Option<&str>) -> String {
    let read = key.map_or_else(
        || format!("envFrom:\n            - secretRef: {{ name: {secret} }}\n"),
        |key| {
            format!(
                "env:\n            - name: X\n              valueFrom: {{ secretKeyRef: {{ name: {secret}, key: {key} }} }}\n"
            )
        },
    );
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web-{secret}, namespace: shop }}\nspec:\n  template:\n    \
         spec:\n      containers:\n        - name: web\n          {read}"
    )
}

fn stub(environment: &str, family: &str, version: &str, api: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/{api}\nkind: ExternalSecret\nmetadata: {{ name: {family}-{version}, namespace: shop }}\n\
         spec:\n  secretStoreRef: {{ kind: ClusterSecretStore, name: aws }}\n  target: {{ name: {family}-{version} }}\n  data:\n    \
         - {{ secretKey: url, remoteRef: {{ key: {environment}/{family}, property: url, version: \"{version}\" }} }}\n"
    )
}

/// Staging on the new version since the second of August, production on the old one.
fn waiting(families: &[&str]) -> Sandbox {
    let sandbox = Sandbox::empty();
    for family in families {
        for environment in ["staging", "production"] {
            sandbox.write(
                &format!("{environment}/{family}.yaml"),
                &web(&format!("{family}-{OLD}"), None),
            );
            sandbox.write(
                &format!("{environment}/{family}-{OLD}.yaml"),
                &stub(environment, family, OLD, "v1"),
            );
        }
    }
    sandbox.commit_at("2025-08-01T10:00:00Z", "Begin\n");
    for family in families {
        sandbox.write(&format!("staging/{family}.yaml"), &web(&format!("{family}-{NEW}"), None));
        sandbox.write(&format!("staging/{family}-{NEW}.yaml"), &stub("staging", family, NEW, "v1"));
    }
    sandbox.commit_at("2025-08-02T10:00:00Z", "Bump\n");
    sandbox
}

fn rotate(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.rotate(&[arguments, &["--at", NOW]].concat())
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"))
}

fn standing(sandbox: &Sandbox, environment: &str, family: &str) -> Value {
    let status = ["status", "--format", "json", "--environment", environment, "--family", family];
    let status = json(&rotate(sandbox, &status).success());
    let [only] = &status["families"].as_array().unwrap()[..] else { panic!("{status}") };
    only.clone()
}

#[test]
fn what_the_rules_refuse_is_not_due() {
    let sandbox = waiting(&["auth", "db"]);
    assert_eq!(standing(&sandbox, "production", "db")["due"], true);
    // The workload asks for a key that the stub does not make.
    sandbox.write("production/db.yaml", &web(&format!("db-{OLD}"), Some("token")));
    sandbox.commit_at("2025-08-03T10:00:00Z", "Read a token\n");
    let status = standing(&sandbox, "production", "db");
    assert_eq!(status["due"], false);
    let gates = status["gates"].as_array().unwrap();
    assert!(gates.iter().any(|gate| gate["gate"] == "lint" && gate["open"] == false), "{status:#}");
    let _ = rotate(&sandbox, &["bump", "production", "db"]).status(1).says(&["lint: a lint error"]);
    let promote = json(&rotate(&sandbox, &["promote", "--dry-run", "--format", "json"]).success());
    assert_eq!(promote["promotions"][0]["family"], "auth");
    assert_eq!(promote["waiting"][0]["family"], "db");
}

#[test]
fn what_cannot_be_planned_is_not_due() {
    let sandbox = waiting(&["db"]);
    sandbox.write(&format!("production/db-{NEW}.yaml"), "# taken\n");
    sandbox.commit_at("2025-08-03T10:00:00Z", "Take the name\n");
    let status = standing(&sandbox, "production", "db");
    let gates = status["gates"].as_array().unwrap();
    let plan =
        gates.iter().find(|gate| gate["gate"] == "plan").unwrap_or_else(|| panic!("{status:#}"));
    assert!(plan["text"].as_str().unwrap().contains("already exists"), "{status:#}");
    assert_eq!(status["due"], false);
    let _ = rotate(&sandbox, &["bump", "production", "db"]).status(1);
}

#[test]
fn all_of_a_later_environment_is_what_a_promotion_takes() {
    let sandbox = waiting(&["auth", "db", "web"]);
    let hold =
        format!("holds:\n  - {{ secret: web, environment: production, version: \"{OLD}\" }}\n");
    sandbox.write("rotate.yaml", &hold);
    // One of them is plain in production still.
    sandbox.write("production/db.yaml", &web("db", None));
    sandbox.write(
        "production/plain.yaml",
        &stub("production", "db", OLD, "v1").replace(&format!("-{OLD}"), ""),
    );
    std::fs::remove_file(sandbox.path(&format!("production/db-{OLD}.yaml"))).unwrap();
    sandbox.commit_at("2025-08-03T10:00:00Z", "Hold one\n");
    let promote = json(
        &rotate(&sandbox, &["promote", "production", "--dry-run", "--format", "json"]).success(),
    );
    let all = json(
        &rotate(&sandbox, &["bump", "production", "--all", "--dry-run", "--format", "json"])
            .success(),
    );
    let names = |of: &Value| -> Vec<String> {
        of.as_array().unwrap().iter().map(|one| one["family"].to_string()).collect()
    };
    assert_eq!(names(&all["plans"]), ["\"auth\"", "\"db\""]);
    assert_eq!(names(&all["plans"]), names(&promote["promotions"]));
    assert_eq!(
        (names(&all["waiting"]), &all["waiting"]),
        (vec!["\"web\"".to_owned()], &promote["waiting"])
    );
    let _ = rotate(&sandbox, &["bump", "production", "--all"])
        .success()
        .says(&["production: web 20250801000000 waits"]);
    sandbox.commit_at("2025-08-04T10:00:00Z", "Bump\n");
    // Nothing but what waits is left: that is a refusal.
    let _ = rotate(&sandbox, &["bump", "production", "--all"]).status(1).says(&["waits"]);
    let why = ["--override", "hold", "--reason", "now"];
    let _ = rotate(&sandbox, &[&["bump", "production", "--all"][..], &why].concat()).success();
}

/// A version that no longer serves `v1beta1`.
const OPERATOR: &str = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: external-secrets, namespace: external-secrets }
spec: { chart: { spec: { chart: external-secrets, version: 0.19.2 } } }
";

#[test]
fn what_will_keep_production_back_is_said_in_staging() {
    let sandbox = Sandbox::empty();
    sandbox.write("infrastructure/external-secrets.yaml", OPERATOR);
    for environment in ["staging", "production"] {
        sandbox.write(&format!("{environment}/db.yaml"), &web(&format!("db-{OLD}"), None));
        sandbox.write(
            &format!("{environment}/db-{OLD}.yaml"),
            &stub(environment, "db", OLD, "v1beta1"),
        );
    }
    sandbox.commit_at("2025-08-01T10:00:00Z", "Begin\n");
    let bump = rotate(&sandbox, &["bump", "staging"]).success();
    let _ = bump.says(&[
        "a lint error: staging/db-",
        "no longer serves external-secrets.io/v1beta1",
        "`rotate lint --fix staging/db-",
        "production cannot take this version later: a lint error: production/db-",
    ]);
}

#[test]
fn flags_before_and_behind_the_command_are_one() {
    let sandbox = waiting(&["db"]);
    let behind = rotate(&sandbox, &["status", "--format", "json"]).success();
    assert!(rotate(&sandbox, &["--format", "json", "status"]) == behind);
    let wrong = rotate(&sandbox, &["--format", "sarif", "status"]).status(2);
    let _ = wrong.says(&["does not print `sarif`"]);
}

#[test]
fn a_part_can_be_shown() {
    let sandbox = waiting(&["auth", "db"]);
    let refs = ["refs", "--format", "json", "--family", "db", "--environment", "staging"];
    let refs = json(&rotate_refs(&sandbox, &refs).success());
    let roots = refs["roots"].as_array().unwrap();
    assert!(roots.iter().all(|root| root["environment"] == "staging"), "{refs:#}");
    let secrets: Vec<&Value> =
        roots.iter().flat_map(|root| root["references"].as_array().unwrap()).collect();
    assert!(!secrets.is_empty());
    assert!(secrets.iter().all(|one| one["secret"].as_str().unwrap().starts_with("db-")));
    let _ = rotate(&sandbox, &["status", "--family", "bd"]).status(2).says(&["did you mean `db`?"]);
    let _ = rotate(&sandbox, &["status", "--environment", "stagin"])
        .status(2)
        .says(&["did you mean `staging`?"]);
}

fn rotate_refs(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.rotate(arguments)
}
