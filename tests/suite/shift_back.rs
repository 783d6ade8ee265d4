//! `rotate rollback` in the middle of a rotation of two colours: the traffic goes back, the references stay.

use serde_json::Value;

use crate::routes::ROUTES;
use crate::support::{NOW, Output, Sandbox};

const OLD: &str = "20250601090000";
const NEW: &str = "20250701090000";
const PAIR: &str = "production/pair.yaml";
const ROUTE: &str = "production/route.yaml";

fn workload(slot: &str, version: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web-{slot}, namespace: shop}}\nspec:\n  selector: {{matchLabels: {{app: web, slot: {slot}}}}}\n  template:\n    metadata: {{labels: {{app: web, slot: {slot}}}}}\n    spec: {{containers: [{{name: a, image: b, envFrom: [{{secretRef: {{name: db-{version}}}}}]}}]}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: web-{slot}, namespace: shop}}\nspec: {{selector: {{app: web, slot: {slot}}}}}\n---\n"
    )
}

fn stub(version: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: db-{version}, namespace: shop}}\nspec:\n  secretStoreRef: {{kind: ClusterSecretStore, name: aws}}\n  target: {{name: db-{version}}}\n  dataFrom:\n    - extract: {{key: shop/db, version: \"{version}\"}}\n---\n"
    )
}

fn route(weights: &[u64]) -> String {
    ROUTES[0].manifest(weights)
}

/// Both colours ran the old version; green has the new one now, and some of the traffic.
fn middle(weights: &[u64]) -> Sandbox {
    let sandbox = Sandbox::empty();
    let pair = |green: &str| workload("blue", OLD) + &workload("green", green);
    let file = "resources: [pair.yaml, route.yaml, stubs.yaml]\n";
    sandbox.write("production/kustomization.yaml", file);
    sandbox.write(PAIR, &pair(OLD)).write(ROUTE, &route(weights));
    sandbox.write("production/stubs.yaml", &(stub(OLD) + &stub(NEW)));
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    sandbox.write(PAIR, &pair(NEW));
    sandbox.commit_at("2025-07-02T10:00:00Z", "Bump green\n");
    for (key, value) in [("user.name", "Test"), ("user.email", "test@example.com")] {
        let _ = sandbox.git_at(NOW, &["config", key, value]);
    }
    sandbox
}

fn back(sandbox: &Sandbox, more: &[&str]) -> Output {
    sandbox.rotate(&[&["rollback", "production", "db", "--at", NOW], more].concat())
}

#[test]
fn the_weight_goes_back_with_the_hold_in_one_commit() {
    let sandbox = middle(&[50, 50]);
    let pair = sandbox.read(PAIR);
    let dry = back(&sandbox, &["--dry-run", "--format", "json"]).success();
    let value: Value = serde_json::from_str(&dry.stdout).unwrap();
    let plan = &value["plans"][0];
    assert_eq!(plan["to"], format!("db-{OLD}"));
    assert_eq!(plan["from"], serde_json::json!([format!("db-{OLD}"), format!("db-{NEW}")]));
    assert_eq!(plan["moved"], serde_json::json!([]));
    assert_eq!(plan["routes"][0]["before"], serde_json::json!({"blue": 50, "green": 50}));
    assert_eq!(plan["routes"][0]["after"], serde_json::json!({"blue": 100, "green": 0}));
    let _ = back(&sandbox, &["--check"]).status(1);
    let done = back(&sandbox, &["--commit", "--reason", "logins fail"]).success();
    let _ = done.says(&[
        "HTTPRoute shop/web, spec.rules[0].backendRefs: blue 50 %, green 50 % to blue 100 %, green 0 %",
        "blue of web gets all of its traffic; the references stay",
        "rotate verify production db --context CONTEXT",
        "hold: 20250601090000, until `rotate bump production db --lift-hold`",
    ]);
    assert_eq!(sandbox.read(ROUTE), route(&[100, 0]));
    assert_eq!(sandbox.read(PAIR), pair, "the references stay");
    let settings = sandbox.read("rotate.yaml");
    assert!(settings.contains(OLD) && settings.contains("logins fail"), "{settings}");
    let log = sandbox.git_at(NOW, &["log", "-1", "--format=%B", "--name-only"]);
    assert!(log.starts_with(&format!("Roll back db in production to {OLD}\n")), "{log}");
    for line in
        ["Rotate-Weight: blue 100 %", "Rotate-Previous: 20250701090000", "rotate.yaml", ROUTE]
    {
        assert!(log.contains(line), "{line}: {log}");
    }
    // Once more there is nothing to do, and the newer version gets no traffic while it is held back.
    let again = back(&sandbox, &["--check"]).success();
    let _ = back(&sandbox, &[]).success().says(&["already has all of the traffic"]);
    assert!(again.stdout.is_empty(), "{again}");
    let shift = ["shift", "production", "web", "--to", "green", "--weight", "10", "--at", NOW];
    let _ = sandbox.rotate(&shift).status(1).says(&["hold: held at 20250601090000", "logins fail"]);
}

/// The traffic of a colour is that of all its families.
#[test]
fn what_goes_back_with_it_is_named() {
    let sandbox = middle(&[50, 50]);
    let with = |text: &str, version: &str| {
        let more = format!("}}, {{secretRef: {{name: auth-{version}}}}}]");
        text.replace(&format!("db-{version}}}}}]"), &format!("db-{version}}}{more}"))
    };
    let pair = with(&with(&sandbox.read(PAIR), OLD), NEW);
    assert_eq!(pair.matches("auth-").count(), 2, "{pair}");
    sandbox.write(PAIR, &pair);
    let _ = back(&sandbox, &["--no-hold", "--allow-dirty"])
        .success()
        .says(&["green of web has `auth-20250701090000`, too, and its traffic goes back with it"]);
}

#[test]
fn other_backends_keep_their_share() {
    let sandbox = middle(&[30, 50, 20]);
    let _ = back(&sandbox, &["--no-hold"]).success();
    assert_eq!(sandbox.read(ROUTE), route(&[80, 0, 20]));
    assert!(!sandbox.path("rotate.yaml").exists());
}

/// Each cluster goes back to the colour that has the older version there.
#[test]
fn clusters_differ_in_the_colour() {
    let sandbox = Sandbox::empty();
    let pair = |blue: &str, green: &str| workload("blue", blue) + &workload("green", green);
    let clusters = [("eu", [OLD, NEW], [40, 60]), ("us", [NEW, OLD], [60, 40])];
    for (cluster, [blue, green], weights) in clusters {
        let file = |name: &str| format!("production/{cluster}/{name}.yaml");
        let listed = "resources: [pair.yaml, route.yaml, stubs.yaml]\n";
        sandbox.write(&file("kustomization"), listed).write(&file("pair"), &pair(OLD, OLD));
        sandbox.write(&file("route"), &route(&weights));
        sandbox.write(&file("stubs"), &(stub(OLD) + &stub(NEW)));
        sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
        sandbox.write(&file("pair"), &pair(blue, green));
    }
    sandbox.commit_at("2025-07-02T10:00:00Z", "Bump one colour\n");
    let _ = back(&sandbox, &[]).success().says(&[
        "production/eu: HTTPRoute shop/web, spec.rules[0].backendRefs: blue 40 %, green 60 % to blue 100 %, green 0 %",
        "production/us: HTTPRoute shop/web, spec.rules[0].backendRefs: blue 60 %, green 40 % to blue 0 %, green 100 %",
        "green of web in production/us gets all of its traffic",
        "weight: blue 100 % in production/eu",
    ]);
    assert_eq!(sandbox.read("production/eu/route.yaml"), route(&[100, 0]));
    assert_eq!(sandbox.read("production/us/route.yaml"), route(&[0, 100]));
}

#[test]
fn a_selector_goes_back_at_once() {
    let sandbox = middle(&[50, 50]);
    let service = |slot: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop}}\nspec: {{selector: {{app: web, slot: {slot}}}}}\n"
        )
    };
    sandbox.write(ROUTE, &service("green"));
    sandbox.commit_at("2025-07-03T10:00:00Z", "Select green\n");
    let _ = back(&sandbox, &["--no-hold"]).success();
    assert_eq!(sandbox.read(ROUTE), service("blue"));
}

/// Where weights cannot do it, the references move as they always did, and the reason is said.
#[test]
fn references_move_where_weights_do_not_suffice() {
    let back_to_old = |sandbox: &Sandbox, words: &str| {
        let _ = back(sandbox, &["--no-hold", "--allow-dirty"]).success().says(&[words]);
        assert!(!sandbox.read(PAIR).contains(NEW), "{}", sandbox.read(PAIR));
    };
    let also = middle(&[50, 50]);
    let job = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly, namespace: shop}\nspec: {schedule: \"0 1 * * *\", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b, envFrom: [{secretRef: {name: db-VERSION}}]}]}}}}}\n";
    also.write(PAIR, &(also.read(PAIR) + &job.replace("VERSION", NEW)));
    back_to_old(&also, "CronJob `nightly` must go back, too");
    assert_eq!(also.read(ROUTE), route(&[50, 50]));
    let unrouted = middle(&[50, 50]);
    unrouted.write(ROUTE, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    back_to_old(&unrouted, "nothing in Git divides the traffic of web");
    let asked = middle(&[50, 50]);
    let _ = back(&asked, &["--no-hold", "--references"]).success();
    assert!(!asked.read(PAIR).contains(NEW));
    assert_eq!(asked.read(ROUTE), route(&[50, 50]));
    // Users that have the old version already do not matter.
    let fine = middle(&[50, 50]);
    fine.write(PAIR, &(fine.read(PAIR) + &job.replace("VERSION", OLD)));
    let _ = back(&fine, &["--no-hold", "--allow-dirty"]).success();
    assert_eq!(fine.read(ROUTE), route(&[100, 0]));
}

#[test]
fn a_removed_stub_comes_back_with_the_references() {
    let sandbox = middle(&[50, 50]);
    sandbox.write("production/stubs.yaml", &stub(NEW));
    sandbox.commit_at("2025-07-03T10:00:00Z", "Remove the old stub\n");
    let _ = back(&sandbox, &["--no-hold"])
        .success()
        .says(&[&format!("nothing provides `db-{OLD}` any more"), "is restored as it was"]);
    assert!(!sandbox.read(PAIR).contains(NEW));
}

/// What a controller writes is refused, with the other way back.
#[test]
fn a_refusal_names_the_other_way() {
    let sandbox = middle(&[50, 50]);
    let rollout = "---\napiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: api, namespace: shop}\nspec: {strategy: {canary: {trafficRouting: {plugins: {argoproj-labs/gatewayAPI: {httpRoute: web}}}}}}\n";
    let text = route(&[50, 50]) + rollout;
    sandbox.write(ROUTE, &text);
    sandbox.commit_at("2025-07-03T10:00:00Z", "Add a Rollout\n");
    let _ = back(&sandbox, &[]).status(1).says(&[
        "Argo Rollouts writes it for Rollout `api`",
        "`rotate rollback production db --references` moves the references instead",
    ]);
    assert_eq!(sandbox.read(ROUTE), text);
    let _ = back(&sandbox, &["--references", "--no-hold"]).success();
    assert!(!sandbox.read(PAIR).contains(NEW));
}
