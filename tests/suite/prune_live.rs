//! `rotate prune --live`: nothing goes that a cluster still uses, or of which nobody can tell. `rotate checklist --live`.

use std::fs;

use rotate::report::prune::Pruned;
use serde_json::{Value, json};

use crate::contracts::{holds, kept};
use crate::prune::{LATE, V1, V2, V3, run, sandbox, stub, workload};
use crate::support::{NOW, Output, Sandbox};
use crate::verify::dump::{Dump, STARTED, pod};
use crate::verify::states::{CASES, NEW, at_rest, repository};

/// The clean-up of the first version in its store.
const CLEAN_UP: &str = "aws secretsmanager update-secret-version-stage --secret-id shop/auth";

fn prune(sandbox: &Sandbox, dump: &Dump, arguments: &[&str]) -> Output {
    dump.given(sandbox, &[&["prune", "production", "--at", LATE], arguments].concat())
}

/// What is planned, without writing it.
#[track_caller]
fn planned(sandbox: &Sandbox, dump: &Dump, status: i32, arguments: &[&str]) -> Value {
    let base = ["--dry-run", "--format", "json"];
    let output = prune(sandbox, dump, &[&base, arguments].concat()).status(status);
    holds(&kept::<Pruned>("prune.json"), &output)
}

/// Why a version stays.
#[track_caller]
fn why<'v>(plan: &'v Value, version: &str) -> (&'v str, &'v str) {
    let mut kept = plan["kept"].as_array().unwrap().iter();
    let found = kept.find(|one| one["version"] == version).unwrap_or_else(|| panic!("{plan:#}"));
    (found["why"].as_str().unwrap(), found["reason"].as_str().unwrap())
}

/// A pod of the environment's web that uses a version.
fn pod_of(dump: &mut Dump, name: &str, version: &str) {
    let template = json!({"spec": dump.get("Pod", "web-5b8c-0")["spec"].clone()});
    dump.0.push(pod(("ReplicaSet", "web-4a7b"), name, &template, "shop"));
    dump.rename("Pod", name, V3, version);
}

#[test]
fn a_clean_proof_removes_and_cleans_up() {
    let sandbox = sandbox();
    let mut dump = Dump::of(&sandbox, "production");
    // The way back at no replicas uses nothing.
    dump.rename("ReplicaSet", "web-4a7b", V3, V1);
    let value = planned(&sandbox, &dump, 0, &[]);
    let plan = &value["plans"][0];
    assert_eq!(plan["removed"][0]["version"], V1);
    assert_eq!(plan["proof"], json!({"complete": true, "reasons": [], "workloads": 1, "pods": 1}));
    assert_eq!(value["cluster"]["newestPod"], STARTED);
    let output = prune(&sandbox, &dump, &[]).success().says(&[
        "removed auth-20250101090000",
        "every pod has moved: 1 workload, 1 pod, checked on 2025-08-20; the newest pod in the input started at 2025-08-20 09:00 UTC",
        CLEAN_UP,
    ]);
    assert!(!output.stderr.contains("rotate verify"), "{output}");
    assert!(!sandbox.path(&format!("production/auth-{V1}.yaml")).exists());
}

/// Without a cluster, the proof is a step, and comes before what cannot be undone.
#[test]
fn without_a_cluster_the_proof_is_a_step_before_the_clean_up() {
    let sandbox = sandbox();
    let output = sandbox.rotate(&["prune", "production", "--at", LATE]).success();
    let verify = "kubectl get pods,deployments,externalsecrets.external-secrets.io,replicasets -n shop -o json | rotate verify \
                  production auth";
    let place =
        |text: &str| output.stderr.find(text).unwrap_or_else(|| panic!("no {text}: {output}"));
    assert!(place(verify) < place("kubectl get secret auth-") && place(verify) < place(CLEAN_UP));
    let value =
        sandbox.rotate(&["prune", "production", "--at", LATE, "--format", "json"]).success();
    let value: Value = serde_json::from_str(&value.stdout).unwrap();
    assert_eq!((&value["cluster"], &value["plans"][0]["proof"]), (&Value::Null, &Value::Null));
}

/// A state of the cluster that is not fine keeps everything, and a fine one nothing.
#[test]
fn every_state_that_is_not_fine_keeps_the_stubs() {
    let sandbox = repository();
    let rest = at_rest(&sandbox);
    let older = "20250101090000";
    let text = sandbox.read("staging/new.yaml");
    let new = NEW.rsplit('-').next().unwrap();
    sandbox.write("staging/older.yaml", &text.replace(new, older));
    sandbox.commit_all();
    for (index, (kind, name, word, change)) in CASES.iter().enumerate() {
        let mut dump = rest.clone();
        change(&mut dump);
        let command =
            ["prune", "staging", "--dry-run", "--format", "json", "--at", "2026-01-01T00:00:00Z"];
        let is_fine = matches!(*word, "moved" | "not-checked");
        let output = dump.given(&sandbox, &command).status(i32::from(!is_fine));
        let value: Value = serde_json::from_str(&output.stdout).unwrap();
        let plan = &value["plans"][0];
        let case = format!("case {index}, {kind} {name}: {output}");
        assert_eq!(plan["removed"].as_array().unwrap().is_empty(), !is_fine, "{case}");
        if is_fine {
            continue;
        }
        assert_eq!(plan["removed"].as_array().unwrap().len(), 0, "{case}");
        assert_eq!(why(plan, older).0, "not-proved", "{case}");
        let reasons: Vec<&str> = plan["proof"]["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one.as_str().unwrap())
            .collect();
        let is_it = |reason: &&str| {
            reason.starts_with(kind) && reason.contains(&format!("{name} is {word}: "))
        };
        assert!(reasons.iter().any(is_it), "{case}");
        assert_eq!(plan["next"], json!([]), "{case}");
    }
}

#[test]
fn what_is_live_names_what_uses_it() {
    let sandbox = sandbox();
    let before = sandbox.files();
    let mut dump = Dump::of(&sandbox, "production");
    pod_of(&mut dump, "web-4a7b-0", V1);
    dump.get("Pod", "web-4a7b-0")["metadata"]["deletionTimestamp"] = json!(NOW);
    let value = planned(&sandbox, &dump, 1, &[]);
    let expected = ("live", "Pod shop/web-4a7b-0 (being stopped) still uses it");
    assert_eq!(why(&value["plans"][0], V1), expected);
    // Somebody's Job that is not in Git.
    let mut dump = Dump::of(&sandbox, "production");
    let spec = dump.get("Pod", "web-5b8c-0")["spec"].clone();
    dump.0.push(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "report", "namespace": "shop", "uid": "r"},
        "spec": {"template": {"spec": spec}}, "status": {"active": 1}}));
    dump.rename("Job", "report", V3, V1);
    let value = planned(&sandbox, &dump, 1, &[]);
    assert_eq!(why(&value["plans"][0], V1), ("live", "Job shop/report still uses it"));
    let output = prune(&sandbox, &dump, &[])
        .status(1)
        .says(&["nothing to remove", "stays auth-20250101090000: Job shop/report still uses it"]);
    assert!(!output.stderr.contains(CLEAN_UP), "{output}");
    assert!(sandbox.files() == before);
}

#[test]
fn half_an_input_keeps_everything() {
    let sandbox = sandbox();
    let before = sandbox.files();
    for (kind, name, word) in
        [("Pod", "web-5b8c-0", "missing-pods"), ("Deployment", "web", "missing-workload")]
    {
        let mut dump = Dump::of(&sandbox, "production");
        dump.remove(kind, name);
        let value = planned(&sandbox, &dump, 1, &[]);
        let (kind, reason) = why(&value["plans"][0], V1);
        let start = format!(
            "it is not proved that every pod in production has moved: Deployment shop/web is {word}: "
        );
        assert!(kind == "not-proved" && reason.starts_with(&start), "{reason}");
    }
    // Of what is not due, nothing is refused.
    let mut dump = Dump::of(&sandbox, "production");
    dump.remove("Pod", "web-5b8c-0");
    let early = ["prune", "production", "--at", "2025-03-09T00:00:00Z"];
    let _ = dump.given(&sandbox, &early).success().says(&["it is kept for"]);
    assert!(sandbox.files() == before);
}

#[test]
fn another_cluster_or_no_input_ends_with_two() {
    let sandbox = sandbox();
    let before = sandbox.files();
    let mut dump = Dump::of(&sandbox, "production");
    dump.0.retain(|one| one["kind"] == "ExternalSecret");
    dump.0.iter_mut().for_each(|one| one["metadata"]["name"] = json!("other"));
    let _ = prune(&sandbox, &dump, &[]).status(2).says(&[
        "the input has no object that names the secrets of `production`: Deployment web",
        "is it of another cluster?",
    ]);
    let file = sandbox.root().parent().unwrap().join("half.json");
    let text = Dump::of(&sandbox, "production").text();
    fs::write(&file, &text[..text.len() / 2]).unwrap();
    let file = file.to_str().unwrap();
    let base = ["prune", "production", "--at", LATE];
    let _ = sandbox.rotate(&[&base[..], &["--live", file]].concat()).status(2).says(&["half.json"]);
    let _ = sandbox.rotate(&[&base[..], &["--live", "nowhere.json"]].concat()).status(2);
    // Without an input, these would say nothing.
    for flag in ["--cluster", "--namespace"] {
        let _ = sandbox.rotate(&[&base[..], &[flag, "x"]].concat()).status(2);
        let checklist = ["checklist", "production", "auth", flag, "x"];
        let _ = sandbox.rotate(&checklist).status(2);
    }
    let both = ["--live", file, "--context", "x"];
    let _ = sandbox.rotate(&[&base[..], &both].concat()).status(2).says(&["cannot be used with"]);
    assert!(sandbox.files() == before);
}

fn mailer(text: &str) -> String {
    text.replace("auth-", "mailer-").replace("shop/auth", "shop/mailer")
}

/// Two families, each in a workload of its own.
fn two_families() -> Sandbox {
    let sandbox = Sandbox::empty();
    for (time, versions) in [
        ("2025-01-01T00:00:00Z", &[V1][..]),
        ("2025-03-01T00:00:00Z", &[V1, V2]),
        ("2025-03-08T00:00:00Z", &[V1, V2, V3]),
    ] {
        let mut list = "namespace: shop\nresources:\n- auth.yaml\n- mail.yaml\n".to_owned();
        for version in versions {
            list.push_str(&format!("- auth-{version}.yaml\n- mailer-{version}.yaml\n"));
            sandbox.write(&format!("production/auth-{version}.yaml"), &stub(version));
            sandbox.write(&format!("production/mailer-{version}.yaml"), &mailer(&stub(version)));
        }
        let current = versions.last().unwrap();
        sandbox.write("production/kustomization.yaml", &list);
        sandbox.write("production/auth.yaml", &workload("auth", current));
        sandbox.write("production/mail.yaml", &mailer(&workload("mail", current)));
        sandbox.commit_at(time, "A step\n");
    }
    sandbox
}

#[test]
fn of_two_families_the_one_that_has_moved_is_pruned() {
    let sandbox = two_families();
    let mut dump = Dump::of(&sandbox, "production");
    dump.remove("Pod", "mail-5b8c-0");
    let output = prune(&sandbox, &dump, &[]).status(1).says(&[
        "removed auth-20250101090000",
        "stays mailer-20250101090000: it is not proved that every pod in production has moved: Deployment shop/mail is missing-pods",
        "Remove the version 20250101090000 of shop/auth from the store.",
    ]);
    assert!(!output.stderr.contains("of shop/mailer from the store"), "{output}");
    assert!(!sandbox.path(&format!("production/auth-{V1}.yaml")).exists());
    assert!(sandbox.path(&format!("production/mailer-{V1}.yaml")).exists());
}

/// Nothing names the family any more: only the workloads of others show that the input has all pods.
#[test]
fn a_family_that_is_out_of_use_needs_a_whole_input() {
    let sandbox = two_families();
    sandbox.write("production/auth.yaml", &mailer(&workload("auth", V3)));
    sandbox.commit_at("2025-03-09T00:00:00Z", "Do without\n");
    let dump = Dump::of(&sandbox, "production");
    let value = planned(&sandbox, &dump, 0, &["auth"]);
    assert_eq!(value["plans"][0]["removed"].as_array().unwrap().len(), 3, "{value:#}");
    assert_eq!(value["plans"][0]["family"], "auth");
    let mut part = dump.clone();
    part.remove("Pod", "mail-5b8c-0");
    let value = planned(&sandbox, &part, 1, &["auth"]);
    let reason = "it is not proved that every pod in production has moved: Deployment shop/mail is missing-pods: ";
    let said = why(&value["plans"][0], V1).1;
    assert!(said.starts_with(reason), "{said}");
    let mut used = dump.clone();
    used.rename("Pod", "auth-5b8c-0", &format!("mailer-{V3}"), &format!("auth-{V2}"));
    let value = planned(&sandbox, &used, 1, &["auth"]);
    assert_eq!(why(&value["plans"][0], V2), ("live", "Pod shop/auth-5b8c-0 still uses it"));
    assert_eq!(why(&value["plans"][0], V1).0, "not-proved");
    // The step without a cluster is a command that works.
    let output =
        sandbox.rotate(&["prune", "production", "auth", "--dry-run", "--at", LATE]).success();
    assert!(output.stderr.contains("-o json | rotate verify production auth"), "{output}");
    let _ = dump.verify(&sandbox, &["production", "auth"]).success();
    let _ = part.verify(&sandbox, &["production", "auth"]).status(1);
    let _ = used.verify(&sandbox, &["production", "auth"]).status(1);
}

#[test]
fn where_nothing_names_a_secret_no_input_proves_anything() {
    let sandbox = Sandbox::empty();
    for (time, version) in [("2025-01-01T00:00:00Z", V1), ("2025-03-01T00:00:00Z", V2)] {
        sandbox.write(&format!("production/stubs/{version}.yaml"), &stub(version));
        sandbox.write("production/web.yaml", &workload("web", version));
        sandbox.commit_at(time, "A step\n");
    }
    let without = workload("web", V2);
    let without = without.split("          envFrom").next().unwrap();
    sandbox.write("production/web.yaml", without);
    sandbox.commit_at("2025-04-01T00:00:00Z", "Do without\n");
    let value = planned(&sandbox, &Dump(Vec::new()), 1, &[]);
    let (kind, reason) = why(&value["plans"][0], V1);
    assert!(kind == "not-proved" && reason.contains("nothing there names a secret"), "{reason}");
    let output = sandbox.rotate(&["prune", "production", "--dry-run", "--at", LATE]).success();
    assert!(!output.stderr.contains("rotate verify"), "{output}");
}

/// A base that was rotated twice, and what includes it.
fn shared(overlays: &[(String, String)]) -> Sandbox {
    let sandbox = Sandbox::empty();
    for (time, versions) in [
        ("2025-01-01T00:00:00Z", &[V1][..]),
        ("2025-03-01T00:00:00Z", &[V1, V2]),
        ("2025-03-08T00:00:00Z", &[V1, V2, V3]),
    ] {
        run(&sandbox, "base", versions);
        for (path, text) in overlays {
            sandbox.write(path, text);
        }
        sandbox.commit_at(time, "A step\n");
    }
    sandbox
}

/// A stub that two environments deploy is not removed on the proof of one.
#[test]
fn a_stub_of_another_environment_stays() {
    let overlay = |environment: &str| {
        let text = format!("namespace: {environment}\nresources: [../base]\n");
        (format!("{environment}/kustomization.yaml"), text)
    };
    let sandbox = shared(&["staging", "production"].map(overlay));
    let dump = Dump::of(&sandbox, "production");
    let value = planned(&sandbox, &dump, 1, &[]);
    let (kind, reason) = why(&value["plans"][0], V1);
    assert!(kind == "not-proved" && reason.contains("deployed in staging as well"), "{reason}");
}

/// The proof of one cluster of two is none.
#[test]
fn one_cluster_of_two_is_not_enough() {
    let overlay = |cluster: &str| {
        let path = format!("clusters/production/{cluster}/kustomization.yaml");
        (path, "resources: [../../../base]\n".to_owned())
    };
    let sandbox = shared(&["eu", "us"].map(overlay));
    let mut dump = Dump::of(&sandbox, "production");
    let value = planned(&sandbox, &dump, 1, &["--cluster", "eu"]);
    let (kind, reason) = why(&value["plans"][0], V1);
    assert!(kind == "not-proved" && reason.contains("us` was left out"), "{reason}");
    let value = planned(&sandbox, &dump, 1, &[]);
    assert!(why(&value["plans"][0], V1).1.contains("is missing-workload"), "{value:#}");
    dump.0.iter_mut().for_each(|one| one["metadata"]["uid"] = json!("other"));
    let us = sandbox.root().parent().unwrap().join("us.json");
    fs::write(&us, dump.text()).unwrap();
    let value = planned(&sandbox, &dump, 0, &["--live", us.to_str().unwrap()]);
    assert_eq!(value["plans"][0]["removed"][0]["version"], V1);
}

/// The report for a reviewer has the day of the proof, and what was proved.
#[test]
fn a_report_has_the_proof_and_its_day() {
    let sandbox = sandbox();
    let dump = Dump::of(&sandbox, "production");
    let report = prune(&sandbox, &dump, &["--dry-run", "--format", "markdown"]).success();
    let said = "### In the cluster\n\nEvery pod in production has moved: 1 workload, 1 pod, checked on 2025-08-20; the newest pod \
                in the input started at 2025-08-20 09:00 UTC.\n";
    assert!(report.stdout.contains(said), "{report}");
    let mut half = dump;
    half.remove("Pod", "web-5b8c-0");
    let report = prune(&sandbox, &half, &["--dry-run", "--format", "markdown"]).status(1);
    let said = "Not proved on 2025-08-20 that every pod in production has moved: Deployment shop/web is missing-pods: ";
    assert!(report.stdout.contains(said), "{report}");
}

/// What the cluster keeps is not proposed, and a pull request for it is closed with the reason.
#[cfg(unix)]
#[test]
fn a_pull_request_needs_the_proof() {
    use crate::pulls::{Hub, pull};
    let hub = Hub::of(sandbox());
    let dump = Dump::of(&hub.sandbox, "production");
    let file = hub.sandbox.root().parent().unwrap().join("live.json");
    let proposed = |dump: &Dump, status: i32| {
        fs::write(&file, dump.text()).unwrap();
        let live =
            ["--live", file.to_str().unwrap(), "--pull-request", "--dry-run", "--format", "json"];
        let output = hub.rotate(&[&["prune", "production"], &live[..]].concat()).status(status);
        let value: Value = serde_json::from_str(&output.stdout).unwrap();
        (value["pullRequests"].clone(), output)
    };
    let (pulls, _) = proposed(&dump, 0);
    assert_eq!((&pulls[0]["action"], &pulls[0]["version"]), (&json!("opened"), &json!(V1)));
    let mut half = dump;
    half.remove("Pod", "web-5b8c-0");
    let said = "it is not proved that every pod in production has moved: Deployment shop/web is missing-pods";
    let (pulls, output) = proposed(&half, 1);
    assert_eq!(pulls, json!([]));
    let _ = output.says(&["the unused stubs of `auth` stay in `production`", said]);
    let marker =
        json!({ "kind": "prune", "environment": "production", "family": "auth", "version": V1 });
    hub.answers("open", &json!([pull("rotate/prune/production/auth", "o/r", &marker)]));
    let (pulls, _) = proposed(&half, 1);
    assert_eq!(pulls[0]["action"], "closed");
    assert!(pulls[0]["reason"].as_str().unwrap().starts_with(said), "{pulls:#}");
}

#[test]
fn values_of_secrets_reach_no_output() {
    let sandbox = sandbox();
    let mut dump = Dump::of(&sandbox, "production");
    dump.0.push(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": format!("auth-{V1}"), "namespace": "shop"},
        "data": {"password": "cGxhbnRlZA=="}}));
    for format in ["text", "json", "markdown", "github"] {
        let output = prune(&sandbox, &dump, &["--dry-run", "--format", format]).success();
        for text in [&output.stdout, &output.stderr] {
            assert!(!text.contains("cGxhbnRlZA") && !text.contains("planted"), "{output}");
        }
        assert!(
            output.stderr.contains("Secrets with their values") || format == "github",
            "{output}"
        );
    }
}

#[test]
fn a_checklist_ticks_what_the_cluster_proves() {
    let sandbox = sandbox();
    let dump = Dump::of(&sandbox, "production");
    let item = |dump: &Dump, status: i32| {
        let list = ["checklist", "production", "auth", "--at", LATE, "--format", "json"];
        let output = dump.given(&sandbox, &list).status(status);
        let value: Value = serde_json::from_str(&output.stdout).unwrap();
        let mut items = value["sections"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|one| one["items"].as_array().unwrap());
        (items.find(|one| one["id"] == "pods-production").unwrap().clone(), output)
    };
    let (done, output) = item(&dump, 0);
    assert_eq!((&done["state"], &done["command"]), (&json!("done"), &Value::Null));
    let note = "1 workload, 1 pod, checked on 2025-08-20; the newest pod in the input started at 2025-08-20 09:00 UTC";
    assert_eq!(done["note"], note);
    assert!(
        !output.stdout.contains("rotate verify") && output.stdout.contains(CLEAN_UP),
        "{output}"
    );
    let mut half = dump.clone();
    half.remove("Pod", "web-5b8c-0");
    let (open, output) = item(&half, 0);
    assert_eq!(open["state"], "open");
    assert!(
        open["note"].as_str().unwrap().starts_with("Deployment shop/web is missing-pods: "),
        "{open}"
    );
    let command = open["command"].as_str().unwrap();
    assert!(command.ends_with("-n shop -o json | rotate verify production auth"), "{command}");
    assert!(!output.stdout.contains(CLEAN_UP), "{output}");
    let mut other = dump;
    other.0.clear();
    let list = ["checklist", "production", "auth", "--at", LATE];
    let _ = other
        .given(&sandbox, &list)
        .status(2)
        .says(&["the input has no object that names the secrets"]);
}
