//! `rotate monitor`: what it writes, where, and what becomes of it in bumps and prunes.

use serde_json::Value;

use crate::support::{NOW, OLD, Sandbox, repository, stub, workload};

const FAMILY: &str = "auth-api-secrets";
const WRITE: &[&str] = &["monitor", "production", FAMILY, "--as", "prometheus"];

/// Two environments that kustomize builds, with these settings.
fn kustomized(settings: &str) -> Sandbox {
    let sandbox = repository();
    for environment in ["staging", "production"] {
        let text = format!("resources:\n  - {OLD}.yaml\n  - web.yaml\n");
        sandbox.write(&format!("{environment}/kustomization.yaml"), &text);
    }
    let environments = "environments:\n  - { name: staging, paths: [staging] }\n  - { name: production, paths: [production] }\n";
    sandbox.write("rotate.yaml", &format!("{environments}{settings}"));
    sandbox.commit_all();
    sandbox
}

const PER_VERSION: &str = "monitors:\n  logins: { as: prometheus, expr: 'errors{secret=\"{{family}}-{{ version }}\"} > 1' }\n";

#[test]
fn a_built_in_monitor_is_written_beside_the_stub_once() {
    let sandbox = kustomized("");
    let _ =
        sandbox.rotate(WRITE).success().says(&["wrote PrometheusRule `auth-api-secrets-waiting`"]);
    let listed = sandbox.read("production/kustomization.yaml");
    assert_eq!(
        listed,
        format!("resources:\n  - {OLD}.yaml\n  - prometheus-{FAMILY}-waiting.yaml\n  - web.yaml\n")
    );
    let text = sandbox.read(&format!("production/prometheus-{FAMILY}-waiting.yaml"));
    let limit = format!(
        "and on () (time() - max(kube_secret_created{{namespace=\"shop\",secret=~\"{FAMILY}-[0-9]{{14}}\"}}) < 86400)"
    );
    for part in [limit.as_str(), "pod=~\"web-.+\"", "namespace: shop", "environment: production"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let before = sandbox.files();
    let _ = sandbox.rotate(WRITE).success().says(&["nothing to do"]);
    let _ = sandbox.rotate(&[WRITE, &["--check"]].concat()).success();
    assert!(sandbox.files() == before);
    assert!(!sandbox.read("staging/kustomization.yaml").contains("prometheus"));
}

#[test]
fn only_our_own_placeholders_are_filled_in() {
    let sandbox = kustomized(
        "monitors:\n  logins:\n    as: prometheus\n    expr: 'x{n=\"{{namespace}}\"} > 1'\n    annotations: { a: \"{{ $labels.pod }} {{family}} in {{environment}} {{famly}}\" }\n    objectLabels: { release: prom }\n",
    );
    let _ = sandbox.rotate(WRITE).success().says(&["did you mean `{{family}}`?"]);
    let text = sandbox.read(&format!("production/prometheus-{FAMILY}-logins.yaml"));
    let said = format!("{{{{ $labels.pod }}}} {FAMILY} in production {{{{famly}}}}");
    assert!(text.contains(&said) && text.contains("(x{n=\"shop\"} > 1)"), "{text}");
    assert!(text.contains("    release: prom\n"), "{text}");
}

#[test]
fn a_changed_template_updates_its_file() {
    let sandbox = kustomized("monitors: { a: { as: datadog, query: \"q{s:{{family}}} > 1\" } }\n");
    let datadog = ["monitor", "production", FAMILY, "--as", "datadog"];
    let _ = sandbox.rotate(&datadog).success();
    let changed = sandbox.read("rotate.yaml").replace("> 1", "> 2");
    sandbox.write("rotate.yaml", &changed).commit_all();
    let _ = sandbox.rotate(&[&datadog[..], &["--check"]].concat()).status(1);
    let _ = sandbox.rotate(&datadog).success().says(&["updated DatadogMonitor"]);
    let text = sandbox.read(&format!("production/datadog-{FAMILY}-a.yaml"));
    assert!(text.contains(&format!("q{{s:{FAMILY}}} > 2")), "{text}");
}

#[test]
fn every_template_of_the_kind_is_written_as_json_says() {
    let sandbox = kustomized(
        "monitors:\n  one: { as: analysis, query: a }\n  two: { as: analysis, query: b }\n  three: { as: datadog, query: c }\n",
    );
    let analysis = ["monitor", "production", FAMILY, "--as", "analysis", "--format", "json"];
    let output = sandbox.rotate(&analysis).success();
    let value: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(value["schema"], "rotate.monitor/v1");
    assert_eq!((&value["written"], value["monitors"].as_array().unwrap().len()), (&true.into(), 2));
    assert_eq!(value["monitors"][0]["template"], "one");
    assert_eq!(value["monitors"][0]["state"], "new");
}

#[test]
fn a_monitor_of_one_version_stays_with_it() {
    let sandbox = kustomized(PER_VERSION);
    let write = ["monitor", "staging", FAMILY, "--as", "prometheus"];
    let _ = sandbox.rotate(&write).success();
    let file = format!("staging/prometheus-{FAMILY}-logins-20250601090000.yaml");
    let text = sandbox.read(&file);
    sandbox.commit_all();
    let bump = sandbox.rotate(&["bump", "staging", FAMILY, "--at", NOW]).success();
    let again = format!("rotate monitor staging {FAMILY} --as prometheus");
    let bump = bump.says(&[again.as_str()]);
    assert!(!bump.stderr.contains("left: "), "{bump}");
    assert_eq!(sandbox.read(&file), text);
    sandbox.commit_at(NOW, "bump\n");
    let _ = sandbox.rotate(&write).success();
    let new = format!("staging/prometheus-{FAMILY}-logins-20250820110000.yaml");
    assert!(sandbox.read(&new).contains("errors{secret=\\\"auth-api-secrets-20250820110000\\\"}"));
    assert_eq!(sandbox.read(&file), text);
}

#[test]
fn a_rollback_says_that_the_monitor_of_its_version_is_missing() {
    let sandbox = kustomized(PER_VERSION);
    let (new, at) = ("20250820110000", "2025-08-20T11:00:00Z");
    let bump = ["bump", "staging", FAMILY, "--version", new, "--at", at];
    let _ = sandbox.rotate(&bump).success();
    sandbox.commit_at(at, "bump\n");
    let write = ["monitor", "staging", FAMILY, "--as", "prometheus"];
    let _ = sandbox.rotate(&write).success();
    sandbox.commit_at("2025-08-20T12:00:00Z", "monitor\n");
    let later = "2025-08-21T11:00:00Z";
    let back =
        ["rollback", "staging", FAMILY, "--reason", "x", "--at", later, "--mainline", "main"];
    let output = sandbox.rotate(&back).success();
    let again = format!("rotate monitor staging {FAMILY} --as prometheus");
    let output = output.says(&["Write the PrometheusRule of 20250601090000", again.as_str()]);
    assert!(!output.stderr.contains("Put the value"), "{output}");
    let _ = sandbox.rotate(&write).success();
    let old = format!("staging/prometheus-{FAMILY}-logins-20250601090000.yaml");
    assert!(sandbox.path(&old).exists());
    sandbox.commit_at(later, "back\n");
    let bump = ["bump", "staging", FAMILY, "--version", new, "--lift-hold", "--at", later];
    let output = sandbox.rotate(&[&bump[..], &["--mainline", "main"]].concat()).success();
    assert!(!output.stderr.contains("Write the PrometheusRule"), "{output}");
}

#[test]
fn prune_removes_a_monitor_with_its_version() {
    let sandbox = kustomized(PER_VERSION);
    let write = ["monitor", "staging", FAMILY, "--as", "prometheus"];
    let _ = sandbox.rotate(&write).success();
    sandbox.commit_at("2025-07-24T00:00:00Z", "one\n");
    for at in ["2025-08-20T11:00:00Z", "2025-09-20T11:00:00Z"] {
        let _ = sandbox.rotate(&["bump", "staging", FAMILY, "--at", at]).success();
        sandbox.commit_at(at, "bump\n");
    }
    let prune = ["prune", "staging", FAMILY, "--at", "2025-12-01T00:00:00Z", "--mainline", "main"];
    let said = format!("PrometheusRule `{FAMILY}-logins-20250601090000`");
    let _ = sandbox.rotate(&prune).success().says(&[said.as_str(), "goes with 20250601090000"]);
    let listed = sandbox.read("staging/kustomization.yaml");
    assert!(!listed.contains("prometheus") && !listed.contains("20250601090000"), "{listed}");
    assert!(
        !sandbox.path(&format!("staging/prometheus-{FAMILY}-logins-20250601090000.yaml")).exists()
    );
}

#[test]
fn a_shared_stub_has_its_monitor_in_the_overlay() {
    let sandbox = Sandbox::empty();
    sandbox.write("base/web.yaml", &workload(OLD)).write("base/stub.yaml", &stub(OLD));
    sandbox.write("base/kustomization.yaml", "resources: [web.yaml, stub.yaml]\n");
    for environment in ["staging", "production"] {
        let file = format!("overlays/{environment}/kustomization.yaml");
        sandbox.write(&file, "resources:\n  - ../../base\n");
    }
    sandbox.commit_all();
    let _ = sandbox.rotate(WRITE).success();
    let listed = sandbox.read("overlays/production/kustomization.yaml");
    assert!(listed.contains(&format!("prometheus-{FAMILY}-waiting.yaml")), "{listed}");
    assert!(!sandbox.read("base/kustomization.yaml").contains("prometheus"));
}

#[test]
fn the_labels_are_those_that_prometheus_asks_for() {
    let sandbox = kustomized("");
    sandbox.write(
        "infra/prometheus.yaml",
        "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: { name: main, namespace: obs }\nspec:\n  ruleSelector: { matchLabels: { team: shop } }\n",
    );
    sandbox.commit_all();
    let output = sandbox.rotate(WRITE).success();
    assert!(!output.stderr.contains("ruleSelector"), "{output}");
    let text = sandbox.read(&format!("production/prometheus-{FAMILY}-waiting.yaml"));
    assert!(text.contains("  labels:\n    team: shop\n"), "{text}");
    let analysis = ["monitor", "production", FAMILY, "--as", "analysis", "--dry-run"];
    let output = sandbox.rotate(&analysis).success();
    assert!(output.stdout.contains("prometheus-operated.obs.svc"), "{output}");
}

/// A Prometheus with this selector.
fn prometheus(selector: &str) -> String {
    format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {{ name: main, namespace: obs }}\nspec:\n  ruleSelector: {{ {selector} }}\n"
    )
}

#[test]
fn the_prometheus_of_the_environment_itself_counts() {
    let sandbox = kustomized("");
    for environment in ["staging", "production"] {
        let listed = sandbox.read(&format!("{environment}/kustomization.yaml"));
        sandbox.write(
            &format!("{environment}/kustomization.yaml"),
            &format!("{listed}  - prometheus.yaml\n"),
        );
        let selector = format!(
            "matchExpressions: [{{ key: tier, operator: In, values: [{environment}, all] }}, {{ key: no, operator: DoesNotExist }}]"
        );
        sandbox.write(&format!("{environment}/prometheus.yaml"), &prometheus(&selector));
    }
    sandbox.commit_all();
    for environment in ["staging", "production"] {
        let write = ["monitor", environment, FAMILY, "--as", "prometheus"];
        let output = sandbox.rotate(&write).success();
        assert!(!output.stderr.contains("ruleSelector"), "{output}");
        let text = sandbox.read(&format!("{environment}/prometheus-{FAMILY}-waiting.yaml"));
        assert!(text.contains(&format!("  labels:\n    tier: {environment}\n")), "{text}");
    }
}

#[test]
fn labels_that_nothing_tells_are_said() {
    let said = "by which labels your Prometheus selects";
    let sandbox = kustomized("");
    let selector = "matchExpressions: [{ key: tier, operator: Exists }]";
    sandbox.write("infra/prometheus.yaml", &prometheus(selector)).commit_all();
    let _ = sandbox.rotate(WRITE).success().says(&[said]);
    // A rule without labels, such as one of ours, tells nothing.
    let sandbox = kustomized("");
    let rule = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: { name: own }\nspec: { groups: [] }\n";
    sandbox.write("infra/rule.yaml", rule).commit_all();
    let _ = sandbox.rotate(WRITE).success().says(&[said]);
}

#[test]
fn built_in_monitors_see_what_does_not_start_and_are_quiet_otherwise() {
    let sandbox = Sandbox::empty();
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: one, namespace: shop }}\nspec: {{ containers: [{{ name: a, envFrom: [{{ secretRef: {{ name: {OLD} }} }}] }}] }}\n"
    );
    sandbox.write("production/all.yaml", &[workload(OLD), stub(OLD), pod].join("---\n"));
    sandbox.commit_all();
    let _ = sandbox.rotate(WRITE).success();
    let text = sandbox.read(&format!("production/prometheus-{FAMILY}-waiting.yaml"));
    for part in [
        "sum by (pod) (max_over_time(",
        "reason=~\"ContainerCreating|PodInitializing\"",
        "kube_pod_(init_)?container_status_waiting_reason",
        "pod=~\"one|web-.+\"",
        "{{ $labels.pod }}",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let _ = sandbox
        .commit_all()
        .rotate(&["monitor", "production", FAMILY, "--as", "datadog"])
        .success();
    let text = sandbox.read(&format!("production/datadog-{FAMILY}-waiting.yaml"));
    for part in
        ["max(last_5m):default_zero(sum:kubernetes_state.", "(pod_name:one OR pod_name:web-*)"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[track_caller]
fn refused(sandbox: &Sandbox, arguments: &[&str], status: i32, says: &[&str]) {
    let before = sandbox.files();
    let output = sandbox.rotate(arguments).status(status).says(says);
    assert!(sandbox.files() == before, "something was written:\n{output}");
}

#[test]
fn what_cannot_be_written_is_refused() {
    let sandbox = kustomized("");
    refused(&sandbox, &["monitor", "production", FAMILY, "--as", "grafana"], 2, &["prometheus"]);
    refused(&sandbox, &["monitor", "production", FAMILY], 2, &["--as"]);
    refused(
        &sandbox,
        &["monitor", "prod", FAMILY, "--as", "datadog"],
        2,
        &["no environment `prod`"],
    );
    let typo = ["monitor", "production", "auth-api-secret", "--as", "datadog"];
    refused(&sandbox, &typo, 2, &["did you mean `auth-api-secrets`?"]);
    let file = format!("production/prometheus-{FAMILY}-waiting.yaml");
    sandbox.write(&file, "a: [1\n").commit_all();
    refused(&sandbox, WRITE, 1, &["already exists", file.as_str()]);
    sandbox.write(&file, "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n").commit_all();
    refused(&sandbox, WRITE, 1, &["already exists"]);
    let sandbox = kustomized("monitors: { a: { as: prometheus, query: x } }\n");
    refused(
        &sandbox,
        WRITE,
        2,
        &["rotate.yaml:4", "`query` is not a field of a prometheus monitor"],
    );
    let sandbox = kustomized("monitors: { a: { as: prometheus, expr: 'x > 1) or (y' } }\n");
    refused(&sandbox, WRITE, 2, &["rotate.yaml:4", "this is not PromQL"]);
    for label in
        ["team: a b", "-team: a", "team: '{{family}}-{{family}}-{{family}}-{{family}}-{{family}}'"]
    {
        let settings = format!(
            "monitors: {{ a: {{ as: prometheus, expr: x, objectLabels: {{ {label} }} }} }}\n"
        );
        refused(&kustomized(&settings), WRITE, 1, &["cannot be a label", "objectLabels"]);
    }
    let sandbox = kustomized("secrets: { auth-api-secrets: { managed: false } }\n");
    refused(&sandbox, WRITE, 1, &["leave the family alone"]);
    let sandbox = kustomized("");
    sandbox.write(
        "production/kustomization.yaml",
        "resources: [web.yaml, auth-api-secrets-20250601090000.yaml] # x\n",
    );
    refused(&sandbox, WRITE, 2, &["uncommitted changes"]);
}

#[test]
fn a_monitor_by_hand_is_recognised() {
    let sandbox = kustomized("");
    sandbox.write(
        "production/alerts.yaml",
        &format!("apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {{ name: own }}\nspec:\n  groups:\n    - name: g\n      rules:\n        - alert: A\n          expr: x{{secret=\"{OLD}\"}} > 1\n"),
    );
    let list = sandbox.read("production/kustomization.yaml") + "  - alerts.yaml\n";
    sandbox.write("production/kustomization.yaml", &list).commit_all();
    let _ = sandbox.rotate(WRITE).success().says(&["`own` in production/alerts.yaml watches"]);
    let settings =
        sandbox.read("rotate.yaml").replace("[production] }", "[production], monitors: required }");
    sandbox.write("rotate.yaml", &settings).commit_all();
    let lint = sandbox.rotate(&["lint", "--rule", "missing-monitor"]);
    assert_eq!(lint.status, 0, "{lint}");
}

#[test]
fn the_namespace_of_a_monitor_is_not_what_it_watches() {
    let sandbox = kustomized("");
    let rule = format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {{ name: own, namespace: {FAMILY} }}\nspec: {{ groups: [{{ name: g, rules: [{{ alert: A, expr: up == 0 }}] }}] }}\n"
    );
    let settings =
        sandbox.read("rotate.yaml").replace("[production] }", "[production], monitors: required }");
    sandbox.write("rotate.yaml", &settings).write("production/rule.yaml", &rule);
    let listed = sandbox.read("production/kustomization.yaml") + "  - rule.yaml\n";
    sandbox.write("production/kustomization.yaml", &listed).commit_all();
    let lint = sandbox.rotate(&["lint", "--rule", "missing-monitor"]).status(1);
    assert!(lint.stdout.contains("no monitor in production watches"), "{lint}");
}
