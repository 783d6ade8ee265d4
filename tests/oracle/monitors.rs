//! What `rotate monitor` writes against the CRDs' own types, and its PromQL against a parser.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::Value;

use crate::tree::{self, Copy};

/// Templates with every field, braces of others, and a comment in PromQL.
const TEMPLATES: &str = r#"monitors:
  logins:
    as: prometheus
    expr: |
      # {{family}}
      sum(rate(login_errors_total{environment="{{environment}}"}[5m])) by (pod)
        > 1
    for: 1h30m
    labels: { severity: page }
    annotations: { summary: "{{ $labels.pod }}: {{ $value | humanize }}" }
    within: 48h
    objectLabels: { release: prometheus }
  of-version: { as: prometheus, expr: 'errors{secret="{{family}}-{{ version }}"} > 1', within: 1h }
  errors:
    as: datadog
    type: metric alert
    query: "avg(last_5m):sum:errors{secret:{{family}}} > 10"
    message: "{{#is_alert}}{{host.name}}{{/is_alert}}"
    priority: 2
    tags: ["team:shop"]
    thresholds: { critical: 10, warning: 5.5 }
  rate:
    as: analysis
    address: http://prometheus.example.com
    query: sum(rate(errors{secret="{{family}}"}[5m]))
    successCondition: result[0] < 1
    failureCondition: result[0] > 5
    interval: 1m
    count: 5
    failureLimit: 1
  other: { as: analysis, provider: datadog, query: "sum:errors{secret:{{family}}}" }
"#;

const KINDS: [&str; 3] = ["prometheus", "datadog", "analysis"];

/// The judge, which `.ci/run` builds.
fn judge() -> PathBuf {
    env::var_os("CRDS")
        .expect("CRDS must name the program of `.ci/crds`; `.ci/run` builds it")
        .into()
}

/// Groups whose CRDs are held against by the models of npm.
const MODELLED: [&str; 4] =
    ["argoproj.io", "gateway.networking.k8s.io", "networking.istio.io", "traefik.io"];

/// What is wrong with objects.
pub(crate) fn faults(objects: &[Value]) -> String {
    let models = env::var_os("MODELS").expect(
        "MODELS must name the directory with the packages of `.ci/models`; `.ci/run` installs them",
    );
    let mut node = Command::new("node");
    node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/models/check.js")).arg(models);
    let is_modelled = |one: &&Value| {
        let group = one["apiVersion"].as_str().and_then(|version| version.split('/').next());
        group.is_some_and(|group| MODELLED.contains(&group))
    };
    let (modelled, mut others): (Vec<&Value>, Vec<&Value>) = objects.iter().partition(is_modelled);
    // Its queries are parsed, too.
    others.extend(modelled.iter().filter(|one| one["kind"] == "AnalysisTemplate"));
    said(&mut Command::new(judge()), &others) + &said(&mut node, &modelled)
}

/// What a program prints of objects, one a line.
fn said(command: &mut Command, objects: &[&Value]) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: Vec<String> = objects.iter().map(|one| one.to_string()).collect();
    child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.success(), output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Writes the monitors of every family and kind in every environment; gives the objects.
fn written(copy: &Copy) -> Vec<Value> {
    let status = tree::rotate(copy.path(), &["status", "--format", "json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let mut files: BTreeSet<String> = BTreeSet::new();
    for one in status["families"].as_array().unwrap() {
        let [environment, family] = ["environment", "family"].map(|key| one[key].as_str().unwrap());
        for kind in KINDS {
            let write =
                ["monitor", environment, family, "--as", kind, "--allow-dirty", "--format", "json"];
            let output = tree::rotate(copy.path(), &write);
            let Ok(value) = serde_json::from_slice::<Value>(&output.stdout) else { continue };
            let monitors = value["monitors"].as_array().unwrap();
            files.extend(monitors.iter().map(|one| one["file"].as_str().unwrap().to_owned()));
        }
    }
    let read = |file: &String| {
        let text = fs::read_to_string(copy.path().join(file)).unwrap();
        serde_yaml::from_str(&text).unwrap()
    };
    files.iter().map(read).collect()
}

#[test]
fn every_monitor_is_valid() {
    let mut seen = 0;
    for name in ["auth-api", "shop-overlays", "shop-plain"] {
        let copy = Copy::of(name);
        copy.commit();
        let objects = written(&copy);
        let kinds: BTreeSet<&str> = objects.iter().filter_map(|one| one["kind"].as_str()).collect();
        assert_eq!(kinds.len(), 3, "{name}: {kinds:?}");
        assert_eq!(faults(&objects), "", "{name}");
        let copy = Copy::of(name);
        let settings = copy.path().join("rotate.yaml");
        let text = fs::read_to_string(&settings).unwrap_or_default();
        fs::write(&settings, format!("{text}\n{TEMPLATES}")).unwrap();
        copy.commit();
        let objects = written(&copy);
        assert_eq!(faults(&objects), "", "{name}");
        assert!(objects.len() >= 5, "{name}: {}", objects.len());
        seen += objects.len();
    }
    assert!(seen >= 30, "only {seen} monitors");
}

#[test]
fn the_judge_finds_what_is_wrong() {
    assert!(Path::new(&judge()).exists());
    let rule = |expr: &str| {
        serde_json::json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "a"},
            "spec": {"groups": [{"name": "a", "rules": [{"alert": "A", "expr": expr}]}]}})
    };
    assert_eq!(faults(&[rule("up > 1")]), "");
    assert!(faults(&[rule("up > (1")]).contains("up > (1"));
    let mut unknown = rule("up");
    unknown["spec"]["groups"][0]["rules"][0]["annotation"] = "x".into();
    assert!(faults(&[unknown]).contains("the CRD only has"));
    let analysis = serde_json::json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": "a"},
        "spec": {"metrics": [{"name": "a", "count": 1, "provider": {"prometheus": {"query": "up"}}}]}});
    assert_eq!(faults(std::slice::from_ref(&analysis)), "");
    let mut wrong = analysis;
    wrong["spec"]["metrics"][0]["name"] = 3.into();
    assert!(faults(&[wrong]).contains("spec/metrics/0/name"));
    let datadog = serde_json::json!({"apiVersion": "datadoghq.com/v1alpha1", "kind": "DatadogMonitor", "metadata": {"name": "a"},
        "spec": {"name": "a", "message": "a", "type": "query alert", "query": "q", "options": {"thresholds": {"critical": 1}}}});
    assert!(faults(&[datadog]).contains("string"));
}
