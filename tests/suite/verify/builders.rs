//! What applies commits, and releases of charts.

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::verify::dump::Dump;
use crate::verify::states::state;

/// What Flux says once it has applied a revision.
fn applied(dump: &mut Dump, kind: &str, revision: &str) {
    for one in dump.0.iter_mut().filter(|one| one["kind"] == kind) {
        one["metadata"]["generation"] = json!(3);
        one["status"] = json!({"observedGeneration": 3, "lastAppliedRevision": revision,
            "conditions": [{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded"}]});
    }
}

/// The example under Flux, with the cluster at a revision.
fn flux() -> (Sandbox, Dump, [String; 3]) {
    let sandbox = Sandbox::example("flux");
    sandbox.write("README.md", "0\n").commit_at("2025-07-01T10:00:00Z", "Begin\n");
    let head = |sandbox: &Sandbox| {
        sandbox.git_at("2025-07-01T10:00:00Z", &["rev-parse", "HEAD"]).trim().to_owned()
    };
    let first = head(&sandbox);
    let bump = [
        "bump",
        "staging",
        "reading-list-redis",
        "--version",
        "20250801090000",
        "--at",
        "2025-08-01T09:00:00Z",
    ];
    let _ = sandbox.rotate(&bump).success();
    let second = head(sandbox.commit_at("2025-08-01T10:00:00Z", "Rotate\n"));
    sandbox.write("README.md", "1\n").commit_at("2025-08-02T10:00:00Z", "Later\n");
    let third = head(&sandbox);
    let dump = Dump::of(&sandbox, "staging");
    (sandbox, dump, [first, second, third])
}

#[test]
fn flux_has_to_have_applied_the_commit() {
    let (sandbox, rest, [first, second, third]) = flux();
    let run = |change: &dyn Fn(&mut Dump), word: &str, status: i32| {
        let mut dump = rest.clone();
        change(&mut dump);
        let arguments = ["staging", "reading-list-redis", "--format", "json"];
        let output = dump.verify(&sandbox, &arguments).status(status);
        let value: Value = serde_json::from_str(&output.stdout).unwrap();
        let objects = value["families"][0]["objects"].as_array().unwrap();
        let builder = objects.iter().find(|one| one["role"] == "builder");
        let builder = builder.unwrap_or_else(|| panic!("{output}"));
        assert_eq!(builder["state"], word, "{builder:#}");
        builder["findings"].to_string()
    };
    let at = |revision: String| move |dump: &mut Dump| applied(dump, "Kustomization", &revision);
    run(&at(format!("main@sha1:{second}")), "moved", 0);
    run(&at(format!("main@sha1:{third}")), "moved", 0);
    run(&at(format!("main/{third}")), "moved", 0);
    let said = run(&at(format!("main@sha1:{first}")), "not-applied", 1);
    assert!(said.contains("does not have the commit yet"), "{said}");
    let said = run(&at(format!("main@sha1:{}", "1".repeat(40))), "not-checked", 0);
    assert!(said.contains("git fetch"), "{said}");
    let failing = |dump: &mut Dump| {
        applied(dump, "Kustomization", &format!("main@sha1:{third}"));
        for one in dump.0.iter_mut().filter(|one| one["kind"] == "Kustomization") {
            one["status"]["conditions"] = json!([{"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "no such file"}]);
        }
    };
    let said = run(&failing, "not-applied", 1);
    assert!(said.contains("BuildFailed: no such file"), "{said}");
    let behind = |dump: &mut Dump| {
        applied(dump, "Kustomization", &format!("main@sha1:{third}"));
        dump.0.iter_mut().for_each(|one| {
            if one["kind"] == "Kustomization" {
                one["status"]["observedGeneration"] = json!(2);
            }
        });
    };
    run(&behind, "not-applied", 1);
    run(&|dump: &mut Dump| dump.0.retain(|one| one["kind"] != "Kustomization"), "not-checked", 0);
}

/// The pods of a chart are not in Git: those of its namespace that name the family stand for them.
#[test]
fn the_pods_of_a_release_are_its_proof() {
    let (sandbox, mut rest, [.., third]) = flux();
    applied(&mut rest, "HelmRelease", "1.2.3");
    applied(&mut rest, "Kustomization", &format!("main@sha1:{third}"));
    let arguments = ["staging", "storefront-db", "--format", "json"];
    let of = |dump: &Dump, status: i32| {
        let output = dump.verify(&sandbox, &arguments).status(status);
        serde_json::from_str::<Value>(&output.stdout).unwrap()
    };
    let value = of(&rest, 1);
    let release = state(&value, "HelmRelease", "storefront");
    assert_eq!(release["state"], "missing-pods", "{value:#}");
    let namespace = release["namespace"].as_str().unwrap().to_owned();
    let secret = release["secrets"][0].as_str().unwrap().to_owned();
    let template = json!({"spec": {"containers": [{"name": "a", "image": "a", "envFrom": [{"secretRef": {"name": secret}}]}]}});
    let mut pod = crate::verify::dump::pod(
        ("ReplicaSet", "storefront-77"),
        "storefront-77-a",
        &template,
        &namespace,
    );
    pod["metadata"]["labels"]["pod-template-hash"] = json!("77");
    rest.0.push(pod);
    let value = of(&rest, 1);
    assert_eq!(
        state(&value, "HelmRelease", "storefront")["state"],
        "missing-workload",
        "{value:#}"
    );
    rest.0.push(json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "storefront", "namespace": namespace, "generation": 1, "uid": "s"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": template["spec"]}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}}));
    let value = of(&rest, 0);
    assert_eq!(state(&value, "HelmRelease", "storefront")["state"], "moved", "{value:#}");
    // Whether the release itself succeeded is said only by its own status.
    let mut without = rest.clone();
    without.0.retain(|one| one["kind"] != "HelmRelease");
    let value = of(&without, 0);
    assert_eq!(state(&value, "HelmRelease", "storefront")["state"], "not-checked", "{value:#}");
    // A workload of the release that has no pods now is judged by its template.
    let mut idle = rest.clone();
    idle.0.retain(|one| one["metadata"]["name"] != "storefront-77-a");
    let scaled = idle.get("Deployment", "storefront");
    scaled["spec"]["replicas"] = json!(0);
    scaled["status"] = json!({"observedGeneration": 1});
    let value = of(&idle, 0);
    assert_eq!(state(&value, "HelmRelease", "storefront")["state"], "moved", "{value:#}");
    rest.rename("Pod", "storefront-77-a", &secret, "storefront-db-20200101000000");
    let value = of(&rest, 1);
    assert_eq!(state(&value, "Deployment", "storefront")["state"], "rolling", "{value:#}");
}

#[test]
fn an_application_has_to_be_synced_and_healthy() {
    let sandbox = Sandbox::example("argo");
    sandbox.commit_all();
    let head = sandbox.git_at("2025-07-01T10:00:00Z", &["rev-parse", "HEAD"]).trim().to_owned();
    let rest = Dump::of(&sandbox, "staging");
    let healthy = json!({"sync": {"status": "Synced", "revision": head}, "health": {"status": "Healthy"},
        "operationState": {"phase": "Succeeded", "finishedAt": "2025-08-20T08:00:00Z"}});
    let cases: &[(&[(&str, Value)], &str)] = &[
        (&[], "moved"),
        (&[("/sync/status", json!("OutOfSync"))], "not-applied"),
        (&[("/health/status", json!("Degraded"))], "degraded"),
        (&[("/health/status", json!("Suspended"))], "moved"),
        (&[("/health/status", json!("Progressing"))], "rolling"),
        (&[("/operationState/phase", json!("Running"))], "not-applied"),
        (
            &[("/sync/status", json!("OutOfSync")), ("/operationState/phase", json!("Failed"))],
            "not-applied",
        ),
    ];
    for (changes, word) in cases {
        let mut status = healthy.clone();
        for (pointer, value) in *changes {
            *status.pointer_mut(pointer).unwrap() = value.clone();
        }
        let mut dump = rest.clone();
        dump.0
            .iter_mut()
            .filter(|one| one["kind"] == "Application")
            .for_each(|one| one["status"] = status.clone());
        let output = dump.verify(&sandbox, &["staging", "--format", "json"]);
        let value: Value =
            serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
        let all = value["families"].as_array().unwrap().iter();
        let all = all.flat_map(|family| family["objects"].as_array().unwrap());
        let builders: Vec<&Value> = all.filter(|one| one["role"] == "builder").collect();
        assert!(!builders.is_empty(), "{value:#}");
        assert!(builders.iter().all(|one| one["state"] == *word), "{word}: {builders:#?}");
    }
}

/// One source at the commit does not prove that the files came from it.
#[test]
fn a_source_that_is_behind_is_named() {
    let sandbox = Sandbox::example("argo");
    let head = |sandbox: &Sandbox| {
        sandbox.git_at("2025-07-01T10:00:00Z", &["rev-parse", "HEAD"]).trim().to_owned()
    };
    let first = head(sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n"));
    let bump = ["bump", "staging", "ledger-signing", "--version", "20250801090000"];
    let _ = sandbox.rotate(&[&bump[..], &["--at", "2025-08-01T09:00:00Z"]].concat()).success();
    let second = head(sandbox.commit_at("2025-08-01T10:00:00Z", "Rotate\n"));
    let mut dump = Dump::of(&sandbox, "staging");
    let of = |dump: &mut Dump, revisions: [&String; 2]| {
        for one in dump.0.iter_mut().filter(|one| one["kind"] == "Application") {
            one["status"] = json!({"sync": {"status": "Synced", "revisions": revisions}, "health": {"status": "Healthy"},
                "operationState": {"phase": "Succeeded", "finishedAt": "2025-08-20T08:00:00Z"}});
        }
        let output = dump.verify(&sandbox, &["staging", "ledger-signing", "--format", "json"]);
        let value: Value =
            serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
        state(&value, "Application", "ledger").clone()
    };
    assert_eq!(of(&mut dump, [&second, &second])["state"], "moved");
    let behind = of(&mut dump, [&first, &second]);
    assert_eq!(behind["state"], "not-checked", "{behind:#}");
    assert!(behind["findings"].to_string().contains(&first), "{behind:#}");
    assert_eq!(of(&mut dump, [&first, &first])["state"], "not-applied");
}

/// Without a history, no commit is known that has to be applied; the pods prove all the same.
#[test]
fn without_git_revisions_are_not_checked() {
    let sandbox = Sandbox::example("flux");
    let mut dump = Dump::of(&sandbox, "staging");
    applied(&mut dump, "Kustomization", &format!("main@sha1:{}", "1".repeat(40)));
    let arguments = ["staging", "reading-list-redis", "--format", "json"];
    let output = dump.verify(&sandbox, &arguments).success();
    assert!(output.stdout.contains("without Git, no commit is known"), "{output}");
}

/// What applies objects quotes them where it fails, and a Secret may be one of them.
#[test]
fn a_message_that_may_quote_a_value_is_not_shown() {
    let quoting = [
        "failed to create typed patch object (shop/a; /v1, Kind=Secret): .stringData.PIN: expected string, got &value.valueUnstructured{Value:1234}",
        "json: cannot unmarshal number into Go struct field Secret.data.PIN of type []uint8, error found in #10 byte of ...|1234|..., bigger context ...|{\"PIN\":1234}|...",
        "Secret.v1.data.a: .data.PIN: 1234",
    ];
    let (sandbox, rest, [.., third]) = flux();
    let argo = Sandbox::example("argo");
    let applications = Dump::of(&argo, "staging");
    for message in quoting {
        let mut dump = rest.clone();
        applied(&mut dump, "Kustomization", &format!("main@sha1:{third}"));
        for one in dump.0.iter_mut().filter(|one| one["kind"] == "Kustomization") {
            one["status"]["conditions"] = json!([{"type": "Ready", "status": "False", "reason": "ReconciliationFailed", "message": message}]);
        }
        let flux = dump.verify(&sandbox, &["staging", "reading-list-redis"]).status(1);
        let mut dump = applications.clone();
        for one in dump.0.iter_mut().filter(|one| one["kind"] == "Application") {
            one["status"] = json!({"sync": {"status": "OutOfSync"}, "operationState": {"phase": "Failed", "message": message}});
        }
        let argo = dump.verify(&argo, &["staging"]).status(1);
        for output in [flux, argo] {
            assert!(output.stdout.contains("its message is not shown, because"), "{output}");
            assert!(!output.stdout.contains("1234"), "{output}");
        }
    }
}
