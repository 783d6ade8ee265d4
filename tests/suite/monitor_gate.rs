//! The gate for monitors: what `--monitors` reads, what closes it, and what is said without it.

use serde_json::{Value, json};

use crate::support::{NOW, OLD, Sandbox, repository};

const FAMILY: &str = "auth-api-secrets";
const NEW: &str = "20250723110000";

/// Staging has run a newer version for long enough, and both environments have monitors of a kind.
fn watched(kind: &str) -> Sandbox {
    let sandbox = repository();
    sandbox.write(
        "rotate.yaml",
        "environments:\n  - { name: staging, paths: [staging], monitors: required }\n  - { name: production, paths: [production] }\n",
    );
    for environment in ["staging", "production"] {
        if kind != "none" {
            let _ = sandbox.rotate(&["monitor", environment, FAMILY, "--as", kind]).success();
        }
    }
    sandbox.commit_at("2025-07-01T00:00:00Z", "one\n");
    let bump = ["bump", "staging", FAMILY, "--version", NEW, "--at", "2025-07-23T11:00:00Z"];
    let _ = sandbox.rotate(&bump).success();
    sandbox.commit_at("2025-07-23T11:00:00Z", "two\n");
    sandbox
}

/// What kubectl prints of both monitors, each in a state.
fn objects(staging: &str, production: &str) -> String {
    let one = |environment: &str, state: &str| {
        json!({"apiVersion": "datadoghq.com/v1alpha1", "kind": "DatadogMonitor",
            "metadata": {"name": format!("{FAMILY}-waiting"), "namespace": "shop"},
            "spec": {"name": format!("Rotation of {FAMILY} in {environment}: waiting")},
            "status": {"monitorState": state}})
    };
    let items = [one("staging", staging), one("production", production)];
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

fn bump(sandbox: &Sandbox, more: &[&str]) -> crate::support::Output {
    let bump = ["bump", "production", FAMILY, "--at", NOW, "--mainline", "main", "--dry-run"];
    sandbox.rotate(&[&bump, more].concat())
}

#[test]
fn every_state_but_ok_and_warn_closes_it() {
    let sandbox = watched("datadog");
    let with = |staging: &str, production: &str| {
        sandbox.write("../states.json", &objects(staging, production));
        bump(&sandbox, &["--monitors", "../states.json"])
    };
    let _ = with("OK", "OK").success();
    let _ = with("Warn", "OK").success();
    for state in ["Alert", "No Data", "Unknown", "Skipped", "Ignored", ""] {
        for (staging, production, place) in [(state, "OK", "staging"), ("OK", state, "production")]
        {
            let said = format!("DatadogMonitor `{FAMILY}-waiting` in {place}");
            let _ = with(staging, production).status(1).says(&["monitors:", said.as_str()]);
        }
    }
}

#[test]
fn a_missing_monitor_closes_it_and_an_override_opens_it() {
    let sandbox = watched("datadog");
    sandbox.write("../none.json", r#"{"kind": "List", "items": []}"#);
    let with = ["--monitors", "../none.json"];
    let _ =
        bump(&sandbox, &with).status(1).says(&["is missing in the input", "--override monitors"]);
    let over = [&with[..], &["--override", "monitors", "--reason", "known"]].concat();
    let _ = bump(&sandbox, &over).success().says(&["override: monitors (", "known"]);
    sandbox.write("../alerts.json", "[]");
    let _ = bump(&sandbox, &["--monitors", "../alerts.json"])
        .status(1)
        .says(&["no input has the state of"]);
    let sandbox = watched("none");
    sandbox.write("../alerts.json", "[]");
    let _ = bump(&sandbox, &["--monitors", "../alerts.json"])
        .status(1)
        .says(&["no monitor in staging watches"]);
}

#[test]
fn what_datadog_says_of_each_group_is_read_past() {
    let sandbox = watched("datadog");
    let one = |environment: &str, state: Value| {
        json!({"name": format!("Rotation of {FAMILY} in {environment}: waiting"), "query": "q",
            "overall_state": state, "state": {"groups": {"host:a": {"status": "Alert"}}}})
    };
    let with = |other: Value| {
        let all = json!([one("staging", "OK".into()), one("production", "OK".into()), other]);
        sandbox.write("../states.json", &all.to_string());
        bump(&sandbox, &["--monitors", "../states.json"])
    };
    let _ = with(json!({"name": "another", "query": "q", "overall_state": null})).success();
    let _ = with(one("production", Value::Null)).status(1).says(&["has no state yet"]);
}

#[test]
fn why_no_monitor_tells_is_said() {
    let sandbox = watched("analysis");
    sandbox.write("../alerts.json", "[]");
    let with = ["--monitors", "../alerts.json"];
    let _ = bump(&sandbox, &with)
        .status(1)
        .says(&["in staging, only an AnalysisTemplate watches `auth-api-secrets`"]);
    let sandbox = watched("none");
    let rule = format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {{ name: {OLD} }}\nspec: {{ groups: [{{ name: g, rules: [{{ alert: A, expr: 'up{{secret=\"{OLD}\"}} == 0' }}] }}] }}\n"
    );
    sandbox.write("staging/rule.yaml", &rule).commit_at("2025-07-23T12:00:00Z", "rule\n");
    sandbox.write("../alerts.json", "[]");
    let _ = bump(&sandbox, &with).status(1).says(&["watch only versions that do not run there"]);
}

#[test]
fn an_alert_closes_it_where_its_labels_are_those_of_the_rule() {
    let sandbox = watched("prometheus");
    let alert = |environment: &str, family: &str, state: &str| {
        let labels = json!({"alertname": "RotationWaiting", "family": family, "environment": environment, "severity": "warning"});
        json!([{"labels": labels, "status": {"state": state}}]).to_string()
    };
    for (text, status) in [
        ("[]".to_owned(), 0),
        (alert("staging", FAMILY, "active"), 1),
        (alert("staging", FAMILY, "suppressed"), 1),
        (alert("production", FAMILY, "active"), 1),
        (alert("staging", "other", "active"), 0),
        (alert("development", FAMILY, "active"), 0),
    ] {
        sandbox.write("../alerts.json", &text);
        let output = bump(&sandbox, &["--monitors", "../alerts.json"]);
        assert_eq!(output.status, status, "{text}: {output}");
    }
    let own = |state: &str| {
        let labels =
            json!({"alertname": "RotationWaiting", "family": FAMILY, "environment": "staging"});
        json!({"status": "success", "data": {"alerts": [{"labels": labels, "state": state}]}})
            .to_string()
    };
    for (state, status) in [("pending", 0), ("firing", 1)] {
        sandbox.write("../alerts.json", &own(state));
        let _ = bump(&sandbox, &["--monitors", "../alerts.json"]).status(status);
    }
}

#[test]
fn a_file_can_be_of_one_environment() {
    let sandbox = watched("datadog");
    let of = |environment: &str, state: &str| {
        let name = format!("Rotation of {FAMILY} in {environment}: waiting");
        json!([{"name": name, "overall_state": state}]).to_string()
    };
    sandbox.write("../s.json", &of("staging", "OK")).write("../p.json", &of("production", "OK"));
    let both = ["--monitors", "staging=../s.json", "--monitors", "production=../p.json"];
    let _ = bump(&sandbox, &both).success();
    let swapped = ["--monitors", "staging=../p.json", "--monitors", "production=../s.json"];
    let _ = bump(&sandbox, &swapped).status(1).says(&["is missing in the input"]);
    let unknown = ["--monitors", "stagin=../s.json"];
    let _ = bump(&sandbox, &unknown).status(2).says(&["no environment `stagin`"]);
}

#[test]
fn promotions_wait_for_quiet_monitors() {
    let sandbox = watched("datadog");
    sandbox
        .write("../alert.json", &objects("Alert", "OK"))
        .write("../ok.json", &objects("OK", "OK"));
    let promote = [
        "promote",
        "production",
        "--at",
        NOW,
        "--mainline",
        "main",
        "--dry-run",
        "--format",
        "json",
    ];
    let with = |file: &str| -> Value {
        let output = sandbox.rotate(&[&promote[..], &["--monitors", file]].concat()).success();
        serde_json::from_str(&output.stdout).unwrap()
    };
    let waits = with("../alert.json");
    let gates = waits["waiting"][0]["gates"].as_array().unwrap();
    let gate = gates.iter().find(|gate| gate["gate"] == "monitors").unwrap();
    assert_eq!(gate["open"], false);
    let due = with("../ok.json");
    let gates = due["promotions"][0]["gates"].as_array().unwrap();
    assert!(gates.iter().any(|gate| gate["gate"] == "monitors" && gate["open"] == true), "{due}");
    let all = ["bump", "production", "--all", "--at", NOW, "--mainline", "main", "--dry-run"];
    let _ = sandbox.rotate(&[&all[..], &["--monitors", "../alert.json"]].concat()).status(1);
    let markdown = [
        "promote",
        "--at",
        NOW,
        "--mainline",
        "main",
        "--dry-run",
        "--format",
        "markdown",
        "--monitors",
        "../ok.json",
    ];
    let text = sandbox.rotate(&markdown).success().stdout;
    assert!(text.contains("| monitors | open | 2 monitors are quiet |"), "{text}");
}

#[test]
fn without_the_flag_it_is_said_where_there_is_something_to_ask() {
    let sandbox = watched("datadog");
    let said = format!("the monitors of `{FAMILY}` in staging and production were not asked");
    let _ = bump(&sandbox, &[]).success().says(&[said.as_str()]);
    let promote = ["promote", "--at", NOW, "--mainline", "main", "--dry-run"];
    for format in ["text", "json", "markdown"] {
        let output = sandbox.rotate(&[&promote[..], &["--format", format]].concat()).success();
        let text = format!("{}{}", output.stdout, output.stderr);
        assert!(
            text.contains(&said) || text.replace("\\`", "`").contains(&said),
            "{format}: {text}"
        );
    }
    let sandbox = repository();
    sandbox.commit_all();
    let output = sandbox.rotate(&["bump", "staging", FAMILY, "--at", NOW, "--dry-run"]).success();
    assert!(!output.stderr.contains("monitors"), "{output}");
}

#[test]
fn what_is_no_state_of_monitors_is_refused() {
    let sandbox = watched("datadog");
    let whole = objects("OK", "OK");
    for text in ["", "{}", "[1]", "NAME STATE", &whole[..whole.len() / 2], r#"{"kind": "Status"}"#]
    {
        sandbox.write("../states.json", text);
        let output = bump(&sandbox, &["--monitors", "../states.json"]).status(2);
        let _ =
            output.says(&["the states of monitors cannot be read", "kubectl get datadogmonitors"]);
    }
    let _ = bump(&sandbox, &["--monitors", "../no-such.json"]).status(2).says(&["no-such.json"]);
    let twice = ["--monitors", "-", "--monitors", "staging=-"];
    let _ = bump(&sandbox, &twice).status(2).says(&["standard input twice"]);
    assert!(sandbox.read("production/web.yaml").contains(OLD));
}
