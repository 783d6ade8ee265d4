//! Bad input: half a file, other formats, another cluster, Secrets with their values.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::json;

use crate::support::{NOW, Output, Sandbox};
use crate::verify::dump::Dump;
use crate::verify::states::{NEW, at_rest, repository};

/// Runs `rotate verify` with a text as its standard input.
fn piped(sandbox: &Sandbox, text: &[u8], arguments: &[&str]) -> Output {
    let arguments = [&["verify", "staging", "--at", NOW], arguments].concat();
    let mut child = sandbox
        .command(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = text.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&text)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Output {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn what_is_no_dump_is_refused_with_its_place() {
    let sandbox = repository();
    let whole = at_rest(&sandbox).text();
    let half = &whole[..whole.len() / 2];
    let secret = "hunter2";
    let wide: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: &[(&[u8], &str)] = &[
        (b"", "what runs in `staging` has to come from a file or from standard input"),
        (half.as_bytes(), "the JSON is cut off here"),
        (b"apiVersion: v1\nkind: List\nitems: []\npassword: hunter2\n", "standard input:1:1: this is not JSON"),
        (b"[{\"password\": \"hunter2\"}]", "this is not JSON"),
        (b"{\"items\": [\n  {\"kind\": \"Pod\", hunter2}\n]}", "standard input:2:19: this cannot be read as JSON"),
        (b"{\"kind\": \"Table\", \"apiVersion\": \"meta.k8s.io/v1\", \"rows\": [\"hunter2\"], \"metadata\": {}}", "this is a `Table`"),
        (b"{\"kind\": \"Status\", \"apiVersion\": \"v1\", \"message\": \"hunter2\", \"metadata\": {}}", "an error of the API server"),
        (b"{\"password\": \"hunter2\"}", "has no `kind`"),
        (b"{\"kind\": \"Pod\", \"apiVersion\": \"v1\", \"spec\": {\"a\": \"hunter2\"}}", "this object has no name"),
        (b"{\"kind\": \"Pod\", \"metadata\": [\"hunter2\"]}", "another type than Kubernetes gives it"),
        (b"{\"kind\": \"Pod\", \"metadata\": {\"name\": {\"a\": \"hunter2\"}}}", "another type than Kubernetes gives it"),
        (&wide, "this is UTF-16"),
        (b"{\"kind\": \"PodList\", \"apiVersion\": \"v1\", \"metadata\": {\"continue\": \"hunter2\"}, \"items\": []}", "this list goes on: it is one page of several"),
        (b"{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": []}", "no object that names the secrets of `staging`"),
    ];
    for (text, says) in cases {
        let output = piped(&sandbox, text, &[]).status(2).says(&[says, "kubectl get pods,"]);
        assert!(!output.stderr.contains(secret) && output.stdout.is_empty(), "{output}");
    }
    let deep = format!(
        "{{\"kind\":\"Pod\",\"metadata\":{{\"name\":\"a\"}},\"spec\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let _ = piped(&sandbox, deep.as_bytes(), &[]).status(2).says(&["cannot be read as JSON"]);
    let large = format!(
        "{{\"kind\":\"Pod\",\"metadata\":{{\"name\":\"a\"}},\"spec\":{{\"a\":\"{}\"}}}}",
        "x".repeat(17 << 20)
    );
    let _ =
        piped(&sandbox, large.as_bytes(), &[]).status(2).says(&["an object is larger than 16 MiB"]);
    let _ = sandbox
        .rotate(&["verify", "staging", "--live", "gone.json"])
        .status(2)
        .says(&["gone.json"]);
    let _ = sandbox.rotate(&["verify", "staging", "--live", "."]).status(2).says(&["directory"]);
}

#[test]
fn a_dump_of_another_cluster_is_refused() {
    let sandbox = repository();
    let mut other = Dump(vec![at_rest(&sandbox).get("Deployment", "web").clone()]);
    other.0[0]["metadata"]["name"] = json!("billing");
    other.0[0]["metadata"]["namespace"] = json!("bank");
    let _ = other.verify(&sandbox, &["staging"]).status(2).says(&[
        "the input has no object that names the secrets of `staging`: CronJob nightly",
        "it has one object, in bank",
        "kubectl get pods,canaries.flagger.app,cronjobs,daemonsets,deployments,externalsecrets.external-secrets.io",
    ]);
}

#[test]
fn objects_in_no_namespace_are_said_to_be_in_none() {
    let sandbox = repository();
    let node = |name: &str| json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
    for (dump, says) in [
        (vec![node("a")], "it has one object, which is in no namespace; is it of another cluster?"),
        (vec![node("a"), node("b")], "it has 2 objects, none of them in a namespace; is it"),
    ] {
        let _ = Dump(dump).verify(&sandbox, &["staging"]).status(2).says(&[says]);
    }
}

/// Lists in every form in which kubectl and the API server print them, and several one after another.
#[test]
fn every_form_of_a_list_is_read() {
    let sandbox = repository();
    let rest = at_rest(&sandbox);
    let (pods, others): (Vec<_>, Vec<_>) =
        rest.0.iter().cloned().partition(|one| one["kind"] == "Pod");
    let bare = pods.iter().map(|pod| {
        let mut pod = pod.clone();
        pod.as_object_mut().unwrap().remove("kind");
        pod.as_object_mut().unwrap().remove("apiVersion");
        pod
    });
    let bare: Vec<_> = bare.collect();
    let singles: String = others.iter().map(|one| format!("{one}\n")).collect();
    let before = json!({"items": bare, "kind": "PodList", "apiVersion": "v1"});
    let after = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": bare});
    for text in [
        format!("\u{feff}{before}{singles}"),
        format!("{singles}\n\n{after}"),
        format!("{}{singles}{after}", rest.text()),
    ] {
        let output = piped(&sandbox, text.as_bytes(), &["--live", "-"]).success();
        assert!(output.stdout.contains("complete: 7 workloads, 11 pods"), "{output}");
    }
    let twice = format!("{}{}", rest.text(), rest.text());
    let _ = piped(&sandbox, twice.as_bytes(), &["-v"])
        .success()
        .says(&["objects are in the input more than once; the last of each counts"]);
}

/// Values of Secrets, and what kubectl keeps of them in an annotation, reach no output.
#[test]
fn values_of_secrets_reach_no_output() {
    let sandbox = repository();
    let value = "cGxhbnRlZC12YWx1ZQ==";
    let mut dump = at_rest(&sandbox);
    dump.0.push(json!({"apiVersion": "v1", "data": {"a": value}, "immutable": true, "kind": "Secret", "type": "Opaque",
        "metadata": {"name": NEW, "namespace": "shop",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"data\":{{\"a\":\"{value}\"}}}}")}}}));
    dump.get("Pod", "web-5b8c-0")["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": value, "note": value});
    dump.get("Pod", "web-5b8c-1")["spec"]["containers"][0]["env"] =
        json!([{"name": "A", "value": value}]);
    dump.get("Pod", "web-5b8c-1")["status"]["containerStatuses"][0]["state"] = json!({"waiting": {"reason": "RunContainerError", "message": format!("exec: \"--password={value}\": not found")}});
    for format in ["text", "json", "markdown", "github"] {
        let output = dump.verify(&sandbox, &["staging", "--format", format, "-v"]).status(1);
        assert!(!format!("{output}").contains(value), "{output}");
        let _ = output.says(&[
            "the input has Secrets with their values, which were dropped",
            "leave Secrets out",
        ]);
    }
    let half = dump.text();
    let half = &half[..half.find(value).unwrap() + value.len()];
    let output = piped(&sandbox, half.as_bytes(), &["-v"]).status(2);
    assert!(!format!("{output}").contains(value), "{output}");
}

#[test]
fn what_is_asked_for_has_to_be_there() {
    let sandbox = repository();
    let rest = at_rest(&sandbox);
    let _ = rest.verify(&sandbox, &["stagin"]).status(2).says(&["staging"]);
    let _ = rest
        .verify(&sandbox, &["staging", "outh"])
        .status(2)
        .says(&["nothing in `staging` names `outh`", "did you mean `auth`?"]);
    let _ = rest.verify(&sandbox, &["staging", NEW]).status(2).says(&["write its family, auth"]);
    let _ = rest
        .verify(&sandbox, &["staging", "--cluster", "moon"])
        .status(2)
        .says(&["no workload is deployed to a cluster `moon`"]);
    let plain = Sandbox::staging(&[("web.yaml", &crate::support::workload("auth"))]);
    let rest = Dump::of(&plain, "staging");
    let _ = rest
        .verify(&plain, &["staging"])
        .status(2)
        .says(&["nothing in `staging` runs a version", "auth"]);
    let output = rest.verify(&plain, &["staging", "auth"]).success();
    assert!(
        output.stdout.contains("which value runs under a name that never changes cannot be proved"),
        "{output}"
    );
}

/// What is not committed is what is compared, and that is said.
#[test]
fn changes_that_are_not_committed_are_named() {
    let sandbox = repository();
    let rest = at_rest(&sandbox);
    sandbox.write(
        "staging/role.yaml",
        &sandbox.read("staging/role.yaml").replace("verbs: [get]", "verbs: [get, list]"),
    );
    let output = rest.verify(&sandbox, &["staging"]).success();
    assert!(output.stdout.contains("are not committed: staging/role.yaml"), "{output}");
}

#[test]
fn impossible_counts_are_missing_pods() {
    let sandbox = repository();
    let mut dump: serde_json::Value = serde_json::from_str(&at_rest(&sandbox).text()).unwrap();
    for one in dump["items"].as_array_mut().unwrap() {
        if one["kind"] == "Deployment" {
            one["status"]["replicas"] = json!(u64::MAX);
        }
    }
    let output = piped(&sandbox, dump.to_string().as_bytes(), &["auth"]).status(1);
    assert!(output.stdout.contains("18446744073709551615 pods"), "{output}");
}
