//! Environments of several clusters, and namespaces that Git does not set.

use std::fs;

use serde_json::{Value, json};

use crate::support::{NOW, Sandbox, workload};
use crate::verify::dump::Dump;

const SECRET: &str = "auth-20250701090000";

/// Two clusters of production that run the same.
fn fleet() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("base/web.yaml", &workload(SECRET));
    sandbox.write("base/kustomization.yaml", "resources: [web.yaml]\n");
    for cluster in ["eu", "us"] {
        let path = format!("clusters/production/{cluster}/kustomization.yaml");
        sandbox.write(&path, "resources: [../../../base]\n");
    }
    sandbox.commit_all();
    sandbox
}

fn saved(sandbox: &Sandbox, name: &str, dump: &Dump) -> String {
    let file = sandbox.root().parent().unwrap().join(name);
    fs::write(&file, dump.text()).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn each_cluster_needs_its_own_dump() {
    let sandbox = fleet();
    let rest = Dump::of(&sandbox, "production");
    let mut behind = rest.clone();
    behind.rename("Pod", "web-5b8c-0", SECRET, "auth-20250601090000");
    let (one, two) = (saved(&sandbox, "one.json", &rest), saved(&sandbox, "two.json", &behind));
    let verify = |live: &[&str]| {
        let live: Vec<&str> = live.iter().flat_map(|file| ["--live", *file]).collect();
        sandbox.rotate(&[&["verify", "production", "--at", NOW], &live[..]].concat())
    };
    let output = verify(&[&one]).status(1);
    assert!(output.stdout.contains("missing-workload"), "{output}");
    assert!(output.stdout.contains("clusters/production/us"), "{output}");
    let _ = verify(&[&one, &one]).success();
    let output = verify(&[&one, &two]).status(1);
    assert!(output.stdout.contains("1 of 1 pod runs 20250601090000"), "{output}");
    let (eu, us) = (format!("eu={one}"), format!("us={one}"));
    let _ = verify(&[&eu, &us]).success();
    let late = format!("us={two}");
    let output = verify(&[&eu, &late]).status(1);
    assert!(output.stdout.contains("Deployment shop/web in clusters/production/us"), "{output}");
    let only = ["verify", "production", "--cluster", "eu", "--live", &one, "--at", NOW];
    let _ = sandbox.rotate(&only).success();
}

#[test]
fn a_namespace_that_git_does_not_set_is_found_if_there_is_one() {
    let text = workload(SECRET).replace("  namespace: shop\n", "");
    let sandbox = Sandbox::staging(&[("web.yaml", &text)]);
    let rest = Dump::of(&sandbox, "staging");
    let _ = rest.verify(&sandbox, &["staging"]).success();
    let mut both = rest.clone();
    both.0.extend(rest.0.iter().cloned().map(|mut one: Value| {
        one["metadata"]["namespace"] = json!("other");
        one
    }));
    let output = both.verify(&sandbox, &["staging"]).status(1);
    assert!(output.stdout.contains("2 namespaces have it (default, other)"), "{output}");
    let _ = both.verify(&sandbox, &["staging", "--namespace", "other"]).success();
}

/// The template of a Rollout may be that of a Deployment, which then has no pods itself.
#[test]
fn a_rollout_runs_the_pods_of_the_deployment_it_names() {
    let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: buy, namespace: shop}\nspec: {replicas: 2, workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
    let none = workload(SECRET).replace("spec:\n  template", "spec:\n  replicas: 0\n  template");
    let sandbox = Sandbox::staging(&[("a-web.yaml", &none), ("rollout.yaml", rollout)]);
    let mut rest = Dump::of(&sandbox, "staging");
    let output = rest.verify(&sandbox, &["staging"]).success();
    assert!(output.stdout.contains("Rollout shop/buy  2 of 2 pods"), "{output}");
    rest.rename("Pod", "buy-5b8c-1", SECRET, "auth-20250601090000");
    let output = rest.verify(&sandbox, &["staging"]).status(1);
    assert!(output.stdout.contains("1 of 2 pods runs 20250601090000: buy-5b8c-1"), "{output}");
}

/// A Job that is removed once it has ended need not be there; any other has to be.
#[test]
fn a_job_may_be_gone_if_it_is_removed_once_it_has_ended() {
    let job = |more: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: once, namespace: shop}}\nspec: {{{more}template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: a, envFrom: [{{secretRef: {{name: {SECRET}}}}}]}}]}}}}}}\n"
        )
    };
    for (more, status, word) in
        [("ttlSecondsAfterFinished: 60, ", 0, "not-checked"), ("", 1, "missing-workload")]
    {
        let sandbox =
            Sandbox::staging(&[("web.yaml", &workload(SECRET)), ("job.yaml", &job(more))]);
        let mut dump = Dump::of(&sandbox, "staging");
        dump.remove("Job", "once");
        let output = dump.verify(&sandbox, &["staging"]).status(status);
        let line = output.stdout.lines().find(|line| line.ends_with("Job shop/once"));
        assert!(line.is_some_and(|line| line.trim().starts_with(word)), "{output}");
    }
}
