//! `rotate verify --context`: the cluster asked by a program on the path. A small script replaces kubectl; the oracle has the real one.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{OLD, Output, Sandbox, repository, stub};

/// Prints the file of a kind, or says what is in the file of its error. It notes each run beside itself.
const KUBECTL: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo "$* KUBERC=$KUBERC KUBECONFIG=$KUBECONFIG" >> "$here/runs"
case "$1" in
  config) cat "$here/contexts"; exit 0;;
esac
[ ! -e "$here/dead" ] || { cat "$here/dead" >&2; exit 1; }
case "$2" in
  api-resources) cat "$here/kinds"; [ ! -e "$here/kinds.err" ] || { cat "$here/kinds.err" >&2; exit 1; };;
  get)
    # What comes second is there from the second time on.
    if [ -e "$here/$3.again" ] && [ -e "$here/$3.asked" ]; then mv "$here/$3.again" "$here/$3.out"; fi
    touch "$here/$3.asked"
    if [ -e "$here/$3$4.err" ]; then cat "$here/$3$4.err" >&2; [ -e "$here/$3.out" ] || echo '{"kind":"List","apiVersion":"v1","items":[]}'; fi
    if [ -e "$here/$3.out" ]; then cat "$here/$3.out"; fi
    [ ! -e "$here/$3.runs" ] || . "$here/$3.runs"
    [ ! -e "$here/$3$4.err" ] || exit 1
    [ -e "$here/$3.out" ] || [ -e "$here/$3.runs" ] || echo '{"kind":"List","apiVersion":"v1","items":[]}';;
esac
"#;

const KINDS: &str = "\
pods                po      v1                        true    Pod
secrets                     v1                        true    Secret
deployments         deploy  apps/v1                   true    Deployment
replicasets         rs      apps/v1                   true    ReplicaSet
statefulsets        sts     apps/v1                   true    StatefulSet
externalsecrets     es      external-secrets.io/v1    true    ExternalSecret
";

const NEW: &str = "auth-api-secrets-20250723110000";

/// A repository, and a cluster that runs what it names.
struct Cluster {
    sandbox: Sandbox,
    bin: tempfile::TempDir,
}

fn pod(name: &str, secret: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "shop", "labels": {"pod-template-hash": "5d4f"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f", "uid": "u"}],
        },
        "spec": {"containers": [{"name": "web", "envFrom": [{"secretRef": {"name": secret}}]}]},
        "status": {"phase": "Running", "startTime": "2025-08-19T11:00:00Z"},
    })
}

fn deployment(secret: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "generation": 2},
        "spec": {
            "replicas": 2,
            "template": {"spec": {"containers": [{"name": "web", "envFrom": [{"secretRef": {"name": secret}}]}]}},
        },
        "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
    })
}

fn list(items: &[Value]) -> String {
    json!({"kind": "List", "apiVersion": "v1", "items": items}).to_string()
}

impl Cluster {
    fn new() -> Self {
        let cluster = Self { sandbox: repository(), bin: tempfile::tempdir().unwrap() };
        cluster.file("kubectl", KUBECTL);
        let kubectl = cluster.bin.path().join("kubectl");
        fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).unwrap();
        cluster.file("kinds", KINDS).file("contexts", "prod-eu\nstaging\n");
        cluster.shows("pods", &[pod("web-5d4f-a", OLD), pod("web-5d4f-b", OLD)]);
        cluster.shows("deployments.apps", &[deployment(OLD)]);
        cluster
    }

    fn file(&self, name: &str, text: &str) -> &Self {
        fs::write(self.bin.path().join(name), text).unwrap();
        self
    }

    fn shows(&self, kind: &str, items: &[Value]) -> &Self {
        self.file(&format!("{kind}.out"), &list(items))
    }

    /// Lets a kind be refused with these words.
    fn refuses(&self, kind: &str, said: &str) -> &Self {
        let _none_there = fs::remove_file(self.bin.path().join(format!("{kind}.out")));
        self.file(&format!("{kind}--namespace=shop.err"), said)
    }

    fn forbids(&self, kind: &str) -> &Self {
        let said = format!(
            "Error from server (Forbidden): {kind} is forbidden: User \"x\" cannot list resource"
        );
        self.refuses(kind, &said)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(arguments);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.bin.path().display()));
        command.env("KUBECONFIG", "of-the-user");
        command
    }

    fn rotate(&self, arguments: &[&str]) -> Output {
        let fixed = ["verify", "production", "--context", "prod-eu"];
        self.sandbox.finish(&mut self.command(&[&fixed[..], arguments].concat()))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.rotate(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"))
    }

    fn runs(&self) -> Vec<String> {
        let runs = fs::read_to_string(self.bin.path().join("runs")).unwrap_or_default();
        runs.lines().map(str::to_owned).collect()
    }
}

/// The notes of a report that name something that was not read.
fn notes(report: &Value) -> Vec<&str> {
    let notes = report["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap());
    notes.filter(|note| note.contains("of context prod-eu")).collect()
}

#[test]
fn only_the_kinds_and_namespaces_of_the_environment_are_asked_for() {
    let cluster = Cluster::new();
    let output = cluster.rotate(&[]).success();
    assert!(output.stdout.contains("\ncomplete: "), "{output}");
    let own = |words: &str| format!("--context=prod-eu {words} KUBERC=off KUBECONFIG=of-the-user");
    let get = |kind: &str| {
        own(&format!("get {kind} --namespace=shop --request-timeout=30s --output=json"))
    };
    assert_eq!(
        cluster.runs(),
        [
            own("api-resources --verbs=list --no-headers --request-timeout=30s"),
            get("pods"),
            get("deployments.apps"),
            get("replicasets.apps"),
            get("externalsecrets.external-secrets.io"),
        ]
    );
    let report = cluster.json(&[]);
    assert_eq!(report["inputs"], json!([{"name": "context prod-eu", "cluster": null}]));
    assert_eq!((&report["complete"], &report["unread"]), (&json!(true), &json!([])));
}

#[test]
fn a_pod_of_another_version_is_found() {
    let cluster = Cluster::new();
    cluster.shows("pods", &[pod("web-5d4f-a", OLD), pod("web-5d4f-b", NEW)]);
    let output = cluster.rotate(&[]).status(1);
    assert!(output.stdout.contains("web-5d4f-b"), "{output}");
}

#[test]
fn what_is_missing_or_forbidden_is_named_and_decides_only_where_pods_depend_on_it() {
    let cluster = Cluster::new();
    cluster.forbids("replicasets.apps");
    cluster.file(
        "kinds",
        &KINDS.replace("externalsecrets  ", "others  ").replace("ExternalSecret", "Other"),
    );
    let _ = cluster.rotate(&[]).success();
    let report = cluster.json(&[]);
    assert_eq!(
        notes(&report),
        [
            "not checked: externalsecrets.external-secrets.io of context prod-eu: the cluster has no such kind",
            "not checked: replicasets.apps in shop of context prod-eu: Error from server (Forbidden): replicasets.apps is forbidden: User \"x\" cannot list resource",
        ]
    );
    cluster.forbids("pods");
    let output = cluster.rotate(&[]).status(1);
    assert!(output.stdout.contains("not checked: pods in shop of context prod-eu"), "{output}");
    assert_eq!(cluster.json(&[])["unread"][1]["required"], json!(true));
    let annotated = cluster.rotate(&["--format", "github"]).status(1);
    assert!(
        annotated.stdout.contains("::error title=context prod-eu::pods could not be read"),
        "{annotated}"
    );
    cluster.forbids("deployments.apps");
    let words = ["none of the workloads of `production`", "pods cannot be read", "is forbidden"];
    let _ = cluster.rotate(&[]).status(2).says(&words);
}

/// No workload has pods, so nothing but the refusal itself shows that they were not looked at.
#[test]
fn pods_that_may_not_be_read_are_never_taken_for_none() {
    let cluster = Cluster::new();
    let mut scaled = deployment(OLD);
    scaled["spec"]["replicas"] = json!(0);
    scaled["status"] = json!({"observedGeneration": 2});
    cluster.shows("deployments.apps", &[scaled]).shows("pods", &[]);
    let _ = cluster.rotate(&[]).success();
    cluster.forbids("pods");
    let output = cluster.rotate(&[]).status(1);
    assert!(output.stdout.contains("not complete: pods could not be read"), "{output}");
}

#[test]
fn a_part_of_the_api_that_is_down_hides_only_its_own() {
    let cluster = Cluster::new();
    let down = "E1130 20:08:50.9   10506 memcache.go:403] \"no\"\nerror: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1: the server is currently unable to handle the request\n";
    cluster.file("kinds.err", down);
    let _ = cluster.rotate(&[]).success();
    cluster.file("kinds.err", &down.replace("metrics.k8s.io/v1", "apps/v1"));
    let rest = KINDS.lines().filter(|line| !line.contains("apps/v1"));
    cluster.file("kinds", &rest.collect::<Vec<_>>().join("\n"));
    let output = cluster.rotate(&[]).status(2);
    let _ = output
        .says(&["deployments cannot be read", "this part of the cluster's API does not answer"]);
}

#[test]
fn secrets_are_asked_for_only_with_the_flag_and_only_as_columns() {
    let cluster = Cluster::new();
    cluster.file("secrets.out", &format!("shop   {OLD}   true\nshop   other   <none>\n"));
    let output = cluster.rotate(&[]).success();
    assert!(output.stdout.contains("not checked: whether each Secret is immutable"), "{output}");
    assert!(!cluster.runs().iter().any(|run| run.contains(" secrets ")), "{:?}", cluster.runs());
    let output = cluster.rotate(&["--secrets"]).success();
    assert!(!output.stdout.contains("immutable"), "{output}");
    let columns = "get secrets --namespace=shop --request-timeout=30s --no-headers --output=custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,IMMUTABLE:.immutable";
    assert!(cluster.runs().last().unwrap().contains(columns), "{:?}", cluster.runs());

    cluster.file("secrets.out", &format!("shop   {OLD}   <none>\n"));
    let output = cluster.rotate(&["--secrets"]).success();
    assert!(
        output.stdout.contains("it is not immutable, so its name does not prove its value"),
        "{output}"
    );
    cluster.file("secrets.out", "shop   other   true\n");
    let output = cluster.rotate(&["--secrets"]).status(1);
    assert!(output.stdout.contains(&format!("Secret shop/{OLD}")), "{output}");
    assert!(output.stdout.contains("it is not in the cluster"), "{output}");

    cluster.file("secrets.out", "");
    let output = cluster.rotate(&["--secrets"]).status(1);
    assert!(!output.stdout.contains("immutable"), "{output}");

    cluster.forbids("secrets");
    let output = cluster.rotate(&["--secrets"]).status(1);
    assert!(output.stdout.contains("not checked: secrets in shop of context prod-eu"), "{output}");
    assert!(!output.stdout.contains("it is not in the cluster"), "{output}");
    assert!(output.stdout.contains("since Secrets could not be read"), "{output}");

    cluster.shows("pods", &[]).shows("deployments.apps", &[]);
    let output = cluster.rotate(&["--secrets"]).status(2);
    let _ = output.says(&["no object that names the secrets", "kubectl config get-contexts"]);
}

/// kubectl receives the values, so it is asked for no more Secrets than need be.
#[test]
fn secrets_of_all_namespaces_are_never_asked_for() {
    let cluster = Cluster::new();
    cluster.file("secrets.out", "");
    for number in 0..9 {
        let text = cluster.sandbox.read("production/web.yaml");
        let text = text.replace("namespace: shop", &format!("namespace: shop-{number}"));
        cluster.sandbox.write(&format!("production/web-{number}.yaml"), &text);
    }
    let gets = || -> usize {
        let runs = cluster.runs();
        let gets = runs.iter().filter(|run| run.contains(" get secrets "));
        gets.inspect(|run| assert!(!run.contains("--all-namespaces"), "{run}")).count()
    };
    let _ = cluster.rotate(&["--secrets"]).status(1);
    assert_eq!(gets(), 10);

    let cluster = Cluster::new();
    cluster.file("secrets.out", "");
    for file in ["web.yaml".to_owned(), format!("{OLD}.yaml")] {
        let text = cluster.sandbox.read(&format!("production/{file}"));
        let text = text.replace("  namespace: shop\n", "");
        cluster.sandbox.write(&format!("production/{file}"), &text);
    }
    let output = cluster.rotate(&["--secrets"]).success();
    assert!(!cluster.runs().iter().any(|run| run.contains(" get secrets ")), "{output}");
    assert!(output.stdout.contains("not checked: secrets of context prod-eu"), "{output}");
    assert!(output.stdout.contains("--namespace NAMESPACE"), "{output}");
    let _ = cluster.rotate(&["--secrets", "--namespace", "shop"]);
    let last = cluster.runs().pop().unwrap();
    assert!(last.contains("get secrets --namespace=shop"), "{last}");
}

/// One unknown namespace leaves the Secrets of the others to be checked.
#[test]
fn secrets_of_the_known_namespaces_are_checked() {
    let cluster = Cluster::new();
    for file in ["web.yaml".to_owned(), format!("{OLD}.yaml")] {
        let text = cluster.sandbox.read(&format!("production/{file}"));
        for (place, more) in [("  namespace: edge\n", "edge"), ("", "bare")] {
            let text = text.replace("  namespace: shop\n", place).replace("name: web", "name: api");
            cluster.sandbox.write(&format!("production/{more}-{file}"), &text);
        }
    }
    cluster.file(
        "secrets.runs",
        &format!("case \"$4\" in --namespace=shop) echo 'shop {OLD} <none>';; esac\n"),
    );
    let output = cluster.rotate(&["--secrets"]).status(1);
    let runs = cluster.runs();
    let mut asked: Vec<&str> = runs
        .iter()
        .filter_map(|run| run.strip_prefix("--context=prod-eu get secrets ")?.split(' ').next())
        .collect();
    asked.sort_unstable();
    assert_eq!(asked, ["--namespace=edge", "--namespace=shop"]);
    let says = |words: &str| assert!(output.stdout.contains(words), "{words}: {output}");
    says(&format!("not-checked       Secret shop/{OLD}"));
    says("it is not immutable, so its name does not prove its value");
    says(&format!("not-synced        Secret edge/{OLD}"));
    says(&format!("not-checked       Secret {OLD}"));
    says(
        "not checked: secrets of context prod-eu: Git sets no namespace for some of what uses them",
    );
}

/// Without it, they would act on whatever context is current.
#[test]
fn commands_name_the_context_that_was_asked() {
    let cluster = Cluster::new();
    let mut lost = pod("debug", NEW);
    lost["metadata"]["ownerReferences"] = json!([]);
    cluster.shows("pods", &[pod("web-5d4f-a", NEW), pod("web-5d4f-b", OLD), lost]);
    let report = cluster.json(&[]);
    let parts = report["families"][0]["objects"].as_array().unwrap().iter();
    let findings = parts.flat_map(|part| part["findings"].as_array().unwrap());
    let next: Vec<&str> = findings.filter_map(|finding| finding["next"].as_str()).collect();
    for command in ["rollout status deployment/web", "describe pod/debug"] {
        let whole = format!("kubectl {command} --context prod-eu -n shop");
        assert!(next.contains(&whole.as_str()), "{next:?}");
    }
    assert!(next.iter().all(|command| command.contains(" --context prod-eu ")), "{next:?}");
}

/// The command proves what was asked about, and not more or less.
#[test]
fn without_input_the_command_that_is_printed_proves_the_same() {
    let sandbox = repository();
    let given = ["production", "auth-api-secrets", "--namespace", "shop", "--mainline", "main"];
    let output = sandbox.rotate(&[&["verify"], &given[..]].concat()).status(2);
    let same = given.join(" ");
    let _ = output.says(&[
        &format!("| rotate verify {same}`"),
        &format!("`rotate verify {same} --context CONTEXT`"),
    ]);
}

/// What reloads or copies may be annotated on a Secret, which makes it an object that names another one.
#[test]
fn a_secret_in_git_that_names_another_one_is_not_asked_for() {
    let cluster = Cluster::new();
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: copy\n  namespace: shop\n  annotations: {{secret.reloader.stakater.com/reload: {OLD}}}\n"
    );
    cluster.sandbox.write("production/copy.yaml", &secret);
    let printed = cluster.sandbox.rotate(&["verify", "production"]).status(2);
    assert!(
        printed.stderr.contains("kubectl get pods,") && !printed.stderr.contains(",secrets"),
        "{printed}"
    );
    let output = cluster.rotate(&[]).success();
    assert!(output.stdout.contains("Secret shop/copy"), "{output}");
    assert!(!cluster.runs().iter().any(|run| run.contains("get secrets")), "{:?}", cluster.runs());
    cluster.file("secrets.out", &format!("shop {OLD} true\nshop copy <none>\n"));
    let output = cluster.rotate(&["--secrets"]).success();
    assert!(output.stdout.contains("in a place that is not looked at in the cluster"), "{output}");
}

#[test]
fn what_is_no_column_reaches_no_output() {
    let cluster = Cluster::new();
    for printed in [
        format!("shop   {OLD}   true   Pl4nted7\n"),
        "{\"kind\": \"SecretList\", \"items\": [{\"data\": {\"a\": \"Pl4nted7\"}}]}\n".to_owned(),
        format!("shop   {OLD}   Pl4nted7\n"),
    ] {
        cluster.file("secrets.out", &printed);
        let output = cluster.rotate(&["--secrets", "--verbose"]).status(2);
        let output = output.says(&["context prod-eu:1:1", "not the columns"]);
        assert!(!format!("{output}").contains("Pl4nted7"), "{output}");
    }
}

#[test]
fn a_cluster_that_cannot_be_asked_is_an_error_that_says_what_to_type() {
    let cluster = Cluster::new();
    for (said, words) in [
        (
            "Error in configuration: context was not found for specified context: prod-eu",
            &["context was not found", "did you mean `prod-eu`?"][..],
        ),
        (
            "error: You must be logged in to the server (Unauthorized)",
            &["logged in to the server", "`kubectl --context prod-eu auth whoami`"],
        ),
        (
            "E1130 20:08:50.934752   10506 memcache.go:265] \"Unhandled Error\"\nUnable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout\n",
            &[
                "kubectl cannot ask the cluster of context `prod-eu`: Unable to connect",
                "`kubectl --context prod-eu get --raw /version`",
                "--live FILE",
            ],
        ),
        (
            "a\u{1b}]0;title\u{7}b https://user:pass@host/",
            &["a\\u{1b}]0;title\\u{7}b https://***@host/"],
        ),
        ("", &["`kubectl` ended with exit status: 1"]),
    ] {
        cluster.file("dead", said);
        let output = cluster.rotate(&[]).status(2).says(words);
        assert!(!output.stderr.contains("memcache"), "{output}");
        assert_eq!(output.stdout, "");
    }
    let mut without = cluster.command(&["verify", "production", "--context", "prod-eu"]);
    let output = cluster.sandbox.finish(without.env("PATH", "/nowhere")).status(2);
    let _ =
        output.says(&["`--context` needs `kubectl`", "https://kubernetes.io/docs/tasks/tools/"]);
}

#[test]
fn a_list_that_fails_after_its_beginning_proves_nothing() {
    let cluster = Cluster::new();
    let many: Vec<Value> = (0..500).map(|number| pod(&format!("web-5d4f-{number}"), OLD)).collect();
    cluster
        .shows("pods", &many)
        .file("pods--namespace=shop.err", "The provided continue parameter is too old");
    let said = [
        "context prod-eu",
        "the provided continue parameter is too old",
        "kubectl get pods --context prod-eu -n shop -o json",
    ];
    let output = cluster.rotate(&[]).status(2);
    let lower = Output { stderr: output.stderr.replace("The provided", "the provided"), ..output };
    let _ = lower.says(&said);
}

#[test]
fn output_without_an_end_is_refused() {
    let cluster = Cluster::new();
    fs::remove_file(cluster.bin.path().join("pods.out")).unwrap();
    let endless = "printf '{\"kind\":\"List\",\"items\":[{\"kind\":\"Pod\",\"spec\":\"'; exec yes aaaaaaaaaaaaaaaaaaaa\n";
    cluster
        .file("pods.runs", &endless.replace("yes aaaaaaaaaaaaaaaaaaaa", "tr '\\0' a < /dev/zero"));
    let _ = cluster.rotate(&[]).status(2).says(&["an object is larger than 16 MiB"]);
}

#[test]
fn waiting_ends_when_all_has_moved() {
    let cluster = Cluster::new();
    cluster.shows("pods", &[pod("web-5d4f-a", NEW), pod("web-5d4f-b", OLD)]);
    cluster.file("pods.again", &list(&[pod("web-5d4f-a", OLD), pod("web-5d4f-b", OLD)]));
    let output = cluster.rotate(&["--wait", "1s"]).success();
    assert!(output.stdout.contains("\ncomplete: "), "{output}");
    let progress = "objects are complete; waiting for Deployment shop/web (rolling)\n";
    assert!(output.stderr.contains(progress) && output.stderr.lines().count() == 1, "{output}");
    assert_eq!(cluster.runs().iter().filter(|run| run.contains("get pods")).count(), 2);
}

#[test]
fn waiting_ends_with_the_time() {
    let cluster = Cluster::new();
    cluster.shows("pods", &[pod("web-5d4f-a", NEW), pod("web-5d4f-b", OLD)]);
    let output = cluster.rotate(&["--wait", "1s"]).status(1);
    assert!(output.stderr.ends_with("not complete after 1s\n"), "{output}");
    assert_eq!(cluster.rotate(&["--wait", "1s", "--quiet"]).status(1).stderr, "");
}

#[test]
fn waiting_ends_at_once_where_only_a_person_can_help() {
    let cluster = Cluster::new();
    let set = |secret: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": {"name": "db", "namespace": "shop", "generation": 2},
            "spec": {
                "replicas": 2,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}},
                "template": {"spec": {"containers": [{"name": "db", "envFrom": [{"secretRef": {"name": secret}}]}]}},
            },
            "status": {
                "observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "availableReplicas": 2, "updatedReplicas": 1,
                "currentRevision": "db-1", "updateRevision": "db-2",
            },
        })
    };
    let mut old = pod("db-0", NEW);
    let owner = json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "u"}]);
    old["metadata"]["ownerReferences"] = owner.clone();
    let mut new = pod("db-1", OLD);
    new["metadata"]["ownerReferences"] = owner;
    let manifest = format!(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db, namespace: shop}}\nspec:\n  template:\n    spec:\n      containers:\n        - name: db\n          envFrom: [{{secretRef: {{name: {OLD}}}}}]\n"
    );
    cluster.sandbox.write("production/db.yaml", &manifest);
    cluster.shows("statefulsets.apps", &[set(OLD)]);
    cluster.shows("pods", &[pod("web-5d4f-a", OLD), pod("web-5d4f-b", OLD), old, new]);
    let output = cluster.rotate(&["--wait", "10m"]).status(1);
    assert!(
        output.stderr.starts_with("waiting does not help: StatefulSet shop/db is partition: "),
        "{output}"
    );
}

#[test]
fn a_context_is_one_argument_whatever_it_is_called() {
    let cluster = Cluster::new();
    let mut command = cluster.command(&["verify", "production", "--context=--all x;y"]);
    let output = cluster.sandbox.finish(&mut command).success();
    assert!(cluster.runs()[1].starts_with("--context=--all x;y get pods"), "{output}");
    let refused =
        cluster.sandbox.finish(&mut cluster.command(&["verify", "production", "--context", ""]));
    let _ = refused.status(2);
}

#[test]
fn the_flags_need_a_context() {
    let cluster = Cluster::new();
    for flags in [&["--secrets"][..], &["--wait", "10m"]] {
        let mut command = cluster.command(&[&["verify", "production"], flags].concat());
        let _ = cluster.sandbox.finish(&mut command).status(2).says(&["--context <CONTEXT>"]);
    }
    let _ = cluster.rotate(&["--live", "a.json"]).status(2).says(&["cannot be used with"]);
    let _ = cluster.rotate(&["--wait", "soon"]).status(2).says(&["is not a duration"]);
}

#[test]
fn two_contexts_are_two_clusters_of_an_environment() {
    let cluster = Cluster::new();
    for place in ["east", "west"] {
        let below = format!("production/{place}/");
        for file in ["web.yaml".to_owned(), format!("{OLD}.yaml")] {
            let text = cluster.sandbox.read(&format!("production/{file}"));
            cluster.sandbox.write(&format!("{below}{file}"), &text);
        }
        let files = format!("resources: [web.yaml, {OLD}.yaml]\n");
        cluster.sandbox.write(&format!("{below}kustomization.yaml"), &files);
    }
    for file in ["web.yaml".to_owned(), format!("{OLD}.yaml")] {
        fs::remove_file(cluster.sandbox.path(&format!("production/{file}"))).unwrap();
    }
    let two = |first: &str, second: &str| {
        let words = ["verify", "production", "--context", first, "--context", second];
        cluster.sandbox.finish(&mut cluster.command(&words))
    };
    let output = two("east=a", "west=b").success();
    let workloads = output.stdout.matches("Deployment shop/web").count();
    assert_eq!(workloads, 2, "{output}");
    let one = cluster.sandbox.finish(&mut cluster.command(&[
        "verify",
        "production",
        "--context",
        "east=a",
    ]));
    let one = one.status(1);
    assert!(one.stdout.contains("name each: `--context CLUSTER=CONTEXT`"), "{one}");
}

#[test]
fn a_context_that_is_named_twice_is_refused() {
    let cluster = Cluster::new();
    for (first, second) in [("a", "a"), ("east=a", "west=a"), ("a", "=a")] {
        let words = ["verify", "production", "--context", first, "--context", second];
        let output = cluster.sandbox.finish(&mut cluster.command(&words)).status(2);
        let _ = output.says(&["context `a` is named twice", "`--context CLUSTER=CONTEXT`"]);
    }
    assert!(cluster.runs().is_empty());
}

/// Each cluster answers by itself, though all are built from one directory.
#[test]
fn two_contexts_of_one_directory_are_two_clusters() {
    let cluster = Cluster::new();
    // The second cluster is asked after the first, and answers something else.
    cluster.shows("pods", &[pod("web-5d4f-c", NEW), pod("web-5d4f-d", NEW)]);
    cluster.shows("deployments.apps", &[deployment(NEW)]);
    cluster.file("pods.again", &list(&[pod("web-5d4f-a", OLD), pod("web-5d4f-b", OLD)]));
    cluster.file("deployments.apps.again", &list(&[deployment(OLD)]));
    let words = ["verify", "production", "--context", "one", "--context", "two"];
    let output = cluster.sandbox.finish(&mut cluster.command(&words)).status(1);
    assert!(output.stdout.contains("Deployment shop/web in one"), "{output}");
    assert!(output.stdout.contains("Deployment shop/web in two  2 of 2 pods"), "{output}");
    let output = cluster.sandbox.finish(&mut cluster.command(&words)).success();
    assert_eq!(output.stdout.matches("Deployment shop/web in ").count(), 2, "{output}");
}

/// The cluster of Argo CD has the Applications, and those of the workloads have the pods.
#[test]
fn a_context_of_argo_cd_needs_no_workloads() {
    let cluster = Cluster::new();
    cluster.sandbox.write(
        "argocd/web.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\nspec: {source: {repoURL: x, path: production}, destination: {server: 'https://prod.example:6443'}}\n",
    );
    let kinds = format!("{KINDS}applications  app  argoproj.io/v1alpha1  true  Application\n");
    cluster.file("kinds", &kinds);
    // Each answers for what it has.
    let shows = |kind: &str, context: &str, items: &[Value]| {
        let _none_there = fs::remove_file(cluster.bin.path().join(format!("{kind}.out")));
        let (some, none) = (list(items), list(&[]));
        let runs = format!(
            "case \"$1\" in --context={context}) echo '{some}';; *) echo '{none}';; esac\n"
        );
        cluster.file(&format!("{kind}.runs"), &runs);
    };
    shows("pods", "prod", &[pod("web-5d4f-a", OLD), pod("web-5d4f-b", OLD)]);
    shows("deployments.apps", "prod", &[deployment(OLD)]);
    let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "web", "namespace": "argocd", "generation": 1},
        "status": {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}});
    shows("applications.argoproj.io", "hub", &[application]);
    let verify = |contexts: &[&str]| {
        let contexts = contexts.iter().flat_map(|name| ["--context", *name]);
        let words: Vec<&str> = ["verify", "production"].into_iter().chain(contexts).collect();
        cluster.sandbox.finish(&mut cluster.command(&words))
    };
    let output = verify(&["prod", "hub"]).success();
    assert!(output.stdout.contains("Deployment shop/web  2 of 2 pods"), "{output}");
    assert!(output.stdout.contains("Application argocd/web in hub"), "{output}");
    // Another context without the workloads is one of a cluster that has to have them.
    let output = verify(&["prod", "other"]).status(1);
    assert!(output.stdout.contains("missing-workload  Deployment shop/web in other"), "{output}");
}

/// What could not be read is not called absent.
#[test]
fn what_is_forbidden_in_one_namespace_is_not_called_missing_there() {
    let cluster = Cluster::new();
    for (file, text) in [
        ("production/edge.yaml", cluster.sandbox.read("production/web.yaml")),
        ("production/edge-stub.yaml", stub(OLD)),
    ] {
        cluster.sandbox.write(file, &text.replace("namespace: shop", "namespace: edge"));
    }
    let es = json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": OLD, "namespace": "shop"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    cluster.shows("externalsecrets.external-secrets.io", &[es]);
    let kinds = ["deployments.apps", "externalsecrets.external-secrets.io"];
    for kind in kinds {
        let said = format!("Error from server (Forbidden): {kind} is forbidden");
        cluster.file(&format!("{kind}--namespace=edge.err"), &said);
    }
    let output = cluster.rotate(&[]).status(1);
    for kind in kinds {
        assert!(output.stdout.contains(&format!("{kind} in edge could not be read")), "{output}");
    }
    for word in ["missing-workload", "not-synced"] {
        assert!(!output.stdout.contains(word), "{output}");
    }
}

#[test]
fn many_namespaces_are_asked_at_once_or_one_by_one_where_that_is_forbidden() {
    let cluster = Cluster::new();
    for number in 0..9 {
        let text = cluster.sandbox.read("production/web.yaml");
        let text = text.replace("namespace: shop", &format!("namespace: shop-{number}"));
        cluster.sandbox.write(&format!("production/web-{number}.yaml"), &text);
        let text = stub(OLD).replace("namespace: shop", &format!("namespace: shop-{number}"));
        cluster.sandbox.write(&format!("production/stub-{number}.yaml"), &text);
    }
    let gets = |from: usize| -> Vec<String> {
        let runs = cluster.runs().split_off(from);
        let pods = runs.iter().filter_map(|run| run.strip_prefix("--context=prod-eu get pods "));
        pods.map(|rest| rest.split(' ').next().unwrap().to_owned()).collect()
    };
    let _ = cluster.rotate(&[]).status(1);
    assert_eq!(gets(0), ["--all-namespaces"]);
    let before = cluster.runs().len();
    cluster.file("pods--all-namespaces.err", "Error from server (Forbidden): pods is forbidden");
    let _ = cluster.rotate(&[]).status(1);
    let each = gets(before);
    assert_eq!((each.len(), each[1].as_str()), (11, "--namespace=shop"));
}

/// The kinds that are asked for in an environment of an example, each with where.
fn asked(example: &str, environment: &str) -> Vec<String> {
    let cluster = Cluster::new();
    let more = "\
kustomizations  ks  kustomize.toolkit.fluxcd.io/v1  true  Kustomization
applications  app  argoproj.io/v1alpha1  true  Application
cronjobs  cj  batch/v1  true  CronJob
jobs  batch/v1  true  Job
";
    cluster.file("kinds", &format!("{KINDS}{more}"));
    let cluster = Cluster { sandbox: Sandbox::example(example), ..cluster };
    let mut command = cluster.command(&["verify", environment, "--context", "c"]);
    let _ = cluster.sandbox.finish(&mut command).status(2);
    let runs = cluster.runs();
    let gets = runs.iter().filter_map(|run| run.strip_prefix("--context=c get "));
    gets.map(|rest| rest.split(" --request").next().unwrap().to_owned()).collect()
}

#[test]
fn what_applies_commits_is_asked_for_in_its_own_namespace() {
    let of_flux = asked("flux", "staging");
    let kustomization = "kustomizations.kustomize.toolkit.fluxcd.io --namespace=flux-system";
    assert!(of_flux.contains(&kustomization.to_owned()), "{of_flux:?}");
    assert!(!of_flux.iter().any(|one| one.contains("--all-namespaces")), "{of_flux:?}");
    let of_argo = asked("argo", "staging");
    let application = "applications.argoproj.io --namespace=argocd";
    assert!(of_argo.contains(&application.to_owned()), "{of_argo:?}");
    assert!(!of_argo.iter().any(|one| one.contains("--all-namespaces")), "{of_argo:?}");
}

#[test]
fn contexts_are_offered_to_a_shell() {
    let cluster = Cluster::new();
    let mut command = cluster.command(&["--", "rotate", "verify", "production", "--context", ""]);
    command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "4");
    let output = cluster.sandbox.finish(&mut command).success();
    assert_eq!(output.stdout.lines().collect::<Vec<_>>(), ["prod-eu", "staging"]);
}
