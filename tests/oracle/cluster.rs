//! `rotate verify --context` with the real kubectl, against a stand-in for an API server on loopback.

use std::env;
use std::fs;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::github::http::{Request, Response, Server};

const SECRET: &str = "db-20250601090000";
const OLD: &str = "db-20250501090000";

/// A value that no output of ours may have.
const PLANTED: &str = "UGw0bnRlZDc=";

/// The kinds of the cluster: group, version, plural, kind.
const KINDS: &[(&str, &str, &str, &str)] = &[
    ("", "v1", "pods", "Pod"),
    ("", "v1", "secrets", "Secret"),
    ("apps", "v1", "deployments", "Deployment"),
    ("apps", "v1", "replicasets", "ReplicaSet"),
    ("external-secrets.io", "v1", "externalsecrets", "ExternalSecret"),
    ("networking.k8s.io", "v1", "ingresses", "Ingress"),
];

/// What the API server is to be like.
#[derive(Clone, Default)]
struct Manners {
    /// Whether it has all kinds in one answer, as servers of today have.
    is_aggregated: bool,
    /// The plurals that may not be listed.
    forbidden: Vec<&'static str>,
    /// The groups that it has not.
    missing: Vec<&'static str>,
    /// How many pods run, and how many of them an old version.
    pods: (usize, usize),
    /// Whether a list of pods expires before its last page.
    expires: bool,
}

/// A repository, a kubeconfig and a cluster.
struct Bench {
    server: Server,
    requests: Arc<Mutex<Vec<String>>>,
    directory: TempDir,
}

fn answer(status: u16, kind: &str, body: &Value) -> Response {
    let headers = vec![("Content-Type", kind.to_owned())];
    Response { status, headers, body: serde_json::to_vec(body).unwrap() }
}

fn refusal(code: u16, reason: &str, message: &str) -> Response {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "reason": reason, "message": message, "code": code,
    });
    answer(code, "application/json", &body)
}

fn pod(number: usize, secret: &str) -> Value {
    json!({
        "metadata": {
            "name": format!("web-5d4f-{number}"), "namespace": "shop", "labels": {"pod-template-hash": "5d4f"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f", "uid": "u", "controller": true}],
        },
        "spec": {"containers": [{"name": "web", "envFrom": [{"secretRef": {"name": secret}}]}]},
        "status": {"phase": "Running", "startTime": "2025-08-19T11:00:00Z"},
    })
}

impl Manners {
    fn kinds(
        &self,
    ) -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str, &'static str)>
    {
        KINDS.iter().filter(|(group, ..)| !self.missing.contains(group))
    }

    fn groups(&self) -> Vec<&'static str> {
        let mut groups: Vec<&str> =
            self.kinds().map(|(group, ..)| *group).filter(|group| !group.is_empty()).collect();
        groups.dedup();
        groups
    }

    fn answer(&self, request: &Request) -> Response {
        let accepts = request.header("Accept").unwrap_or_default().contains("apidiscovery.k8s.io");
        let json = |body: &Value| answer(200, "application/json", body);
        match request.path() {
            "/version" => json(&json!({"major": "1", "minor": "33", "gitVersion": "v1.33.0"})),
            path @ ("/api" | "/apis") if self.is_aggregated && accepts => {
                let kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
                answer(200, kind, &self.aggregated(path == "/api"))
            }
            "/api" => json(&json!({"kind": "APIVersions", "versions": ["v1"]})),
            "/apis" => {
                let group = |name: &&str| {
                    let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
                    json!({"name": name, "versions": [version], "preferredVersion": version})
                };
                // The last one is served by something that is down.
                let groups = self.groups().into_iter().chain(["metrics.k8s.io"]);
                let groups: Vec<Value> = groups.map(|name| group(&name)).collect();
                json(&json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
            }
            "/apis/metrics.k8s.io/v1" => refusal(
                503,
                "ServiceUnavailable",
                "the server is currently unable to handle the request",
            ),
            "/api/v1" => json(&self.listed("", "v1")),
            path => match path.strip_prefix("/apis/").and_then(|rest| rest.split_once('/')) {
                Some((group, "v1")) if self.groups().contains(&group) => {
                    json(&self.listed(group, &format!("{group}/v1")))
                }
                _ => self.list(path, request),
            },
        }
    }

    fn listed(&self, group: &str, version: &str) -> Value {
        let own = self.kinds().filter(|(of, ..)| *of == group);
        let resources = own.map(|(_, _, plural, kind)| {
            json!({"name": plural, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get", "list"]})
        });
        let resources: Vec<Value> = resources.collect();
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources})
    }

    fn aggregated(&self, is_core: bool) -> Value {
        let group = |name: &str| {
            let own = self.kinds().filter(|(of, ..)| *of == name);
            let resources = own.map(|(group, version, plural, kind)| {
                json!({
                    "resource": plural, "scope": "Namespaced", "singularResource": "", "verbs": ["get", "list"],
                    "responseKind": {"group": group, "version": version, "kind": kind},
                })
            });
            let resources: Vec<Value> = resources.collect();
            let version = json!({"version": "v1", "resources": resources, "freshness": "Current"});
            json!({"metadata": {"name": name}, "versions": [version]})
        };
        let mut items: Vec<Value> =
            if is_core { vec![group("")] } else { self.groups().into_iter().map(group).collect() };
        if !is_core {
            let down = json!({"version": "v1", "freshness": "Stale"});
            items.push(json!({"metadata": {"name": "metrics.k8s.io"}, "versions": [down]}));
        }
        json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
    }

    /// A list of a kind, in a namespace or in all, a page at a time.
    fn list(&self, path: &str, request: &Request) -> Response {
        let plural = path.rsplit('/').next().unwrap();
        let Some((group, version, _, kind)) = self.kinds().find(|(_, _, one, _)| *one == plural)
        else {
            return refusal(404, "NotFound", "the server could not find the requested resource");
        };
        if self.forbidden.contains(&plural) {
            let text = format!(
                "{plural} is forbidden: User \"dev\" cannot list resource \"{plural}\" in the namespace \"shop\""
            );
            return refusal(403, "Forbidden", &text);
        }
        let query = request.query();
        let number = |name: &str| {
            let found = query.iter().find(|(key, _)| key == name);
            found.and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let all = self.objects(plural);
        let start = number("continue").unwrap_or(0);
        if self.expires && plural == "pods" && start > 0 {
            return refusal(410, "Expired", "The provided continue parameter is too old");
        }
        let end = number("limit").map_or(all.len(), |limit| all.len().min(start + limit));
        let mut metadata = json!({"resourceVersion": "7"});
        if end < all.len() {
            metadata["continue"] = json!(end.to_string());
        }
        let version =
            if group.is_empty() { (*version).to_owned() } else { format!("{group}/{version}") };
        answer(
            200,
            "application/json",
            &json!({"kind": format!("{kind}List"), "apiVersion": version, "metadata": metadata, "items": all[start..end]}),
        )
    }

    fn objects(&self, plural: &str) -> Vec<Value> {
        let (count, old) = self.pods;
        match plural {
            "pods" => {
                (0..count).map(|one| pod(one, if one < old { OLD } else { SECRET })).collect()
            }
            "deployments" => vec![json!({
                "metadata": {"name": "web", "namespace": "shop", "generation": 2},
                "spec": {
                    "replicas": count,
                    "template": {"spec": {"containers": [{"name": "web", "envFrom": [{"secretRef": {"name": SECRET}}]}]}},
                },
                "status": {"observedGeneration": 2, "replicas": count, "updatedReplicas": count, "availableReplicas": count},
            })],
            "externalsecrets" => vec![json!({
                "metadata": {"name": SECRET, "namespace": "shop", "generation": 1},
                "spec": {"target": {"name": SECRET}},
                "status": {
                    "conditions": [{"type": "Ready", "status": "True", "reason": "SecretSynced"}],
                    "syncedResourceVersion": "1-abc",
                },
            })],
            "secrets" => vec![
                json!({
                    "metadata": {
                        "name": SECRET, "namespace": "shop",
                        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": PLANTED},
                    },
                    "type": "Opaque", "immutable": true, "data": {"password": PLANTED},
                }),
                json!({"metadata": {"name": "other", "namespace": "shop"}, "type": "Opaque", "data": {"a": PLANTED}}),
            ],
            _ => Vec::new(),
        }
    }
}

impl Bench {
    fn new(manners: Manners) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&requests);
        let server = Server::start(move |request| {
            heard.lock().unwrap().push(format!("{} {}", request.method, request.target));
            manners.answer(request)
        });
        let write = |name: &str, text: &str| {
            let file = directory.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        for environment in ["staging", "production"] {
            write(
                &format!("repo/{environment}/web.yaml"),
                &format!(
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          envFrom: [{{secretRef: {{name: {SECRET}}}}}]\n"
                ),
            );
            write(
                &format!("repo/{environment}/stub.yaml"),
                &format!(
                    "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {SECRET}, namespace: shop}}\nspec:\n  secretStoreRef: {{name: aws, kind: ClusterSecretStore}}\n  target: {{immutable: true}}\n  dataFrom: [{{extract: {{key: shop/db, version: \"20250601090000\"}}}}]\n"
                ),
            );
        }
        let config = format!(
            "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: \"{}\"}}}}]\nusers: [{{name: u, user: {{token: none}}}}]\ncontexts: [{{name: prod, context: {{cluster: c, user: u, namespace: elsewhere}}}}]\n",
            server.url()
        );
        write("kubeconfig", &config);
        Self { server, requests, directory }
    }

    fn verify(&self, arguments: &[&str]) -> Output {
        let at = self.directory.path();
        let program = env::var_os("KUBECTL").unwrap_or_else(|| "kubectl".into());
        let bin = at.join("bin");
        if !bin.exists() {
            fs::create_dir(&bin).unwrap();
            let found = which(&program).expect("the oracle needs kubectl: set KUBECTL to its file");
            std::os::unix::fs::symlink(found, bin.join("kubectl")).unwrap();
        }
        Command::new(env!("CARGO_BIN_EXE_rotate"))
            .current_dir(at.join("repo"))
            .args(["verify", "production"])
            .args(arguments)
            .env_clear()
            .env("HOME", at)
            .env("PATH", &bin)
            .env("KUBECONFIG", at.join("kubeconfig"))
            .output()
            .unwrap()
    }

    /// The lists that were asked for since the last time.
    fn lists(&self) -> Vec<String> {
        let requests = std::mem::take(&mut *self.requests.lock().unwrap());
        assert!(requests.iter().all(|one| one.starts_with("GET ")), "{requests:?}");
        let path = |one: String| one.strip_prefix("GET ").unwrap().to_owned();
        let is_list = |path: &String| path.contains("limit=");
        requests.into_iter().map(path).filter(is_list).collect()
    }
}

/// The file of a program that is named as a shell would.
fn which(program: &std::ffi::OsStr) -> Option<std::path::PathBuf> {
    let named = std::path::PathBuf::from(program);
    if named.is_absolute() {
        return Some(named);
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[track_caller]
fn ends(output: &Output, status: i32) -> String {
    let (stdout, stderr) = texts(output);
    assert_eq!(output.status.code(), Some(status), "{stdout}\n{stderr}");
    format!("{stdout}\n{stderr}")
}

const CONTEXT: &[&str] = &["--context", "prod"];

#[test]
fn kubectl_asks_for_what_is_needed_and_never_for_secrets() {
    for is_aggregated in [false, true] {
        let bench = Bench::new(Manners { is_aggregated, pods: (3, 0), ..Manners::default() });
        let said = ends(&bench.verify(CONTEXT), 0);
        assert!(said.contains("\ncomplete: "), "{said}");
        let lists = bench.lists();
        let place = |group: &str, plural: &str| format!("{group}/namespaces/shop/{plural}?");
        let expected = [
            place("/api/v1", "pods"),
            place("/apis/apps/v1", "deployments"),
            place("/apis/apps/v1", "replicasets"),
            place("/apis/external-secrets.io/v1", "externalsecrets"),
        ];
        assert_eq!(lists.len(), expected.len(), "{lists:?}");
        for (list, expected) in lists.iter().zip(&expected) {
            assert!(list.starts_with(expected.as_str()), "{list} {expected}");
        }
    }
}

#[test]
fn with_secrets_no_value_reaches_an_output() {
    let bench = Bench::new(Manners { pods: (3, 1), ..Manners::default() });
    for format in ["text", "json", "markdown", "github"] {
        let words = [CONTEXT, &["--secrets", "--verbose", "--format", format]].concat();
        let said = ends(&bench.verify(&words), 1);
        assert!(!said.contains(PLANTED) && !said.contains("whether each Secret"), "{said}");
        let lists = bench.lists();
        let secrets = lists.iter().filter(|one| one.contains("/secrets"));
        let secrets: Vec<&String> = secrets.collect();
        assert!(
            matches!(secrets[..], [one] if one.starts_with("/api/v1/namespaces/shop/secrets?")),
            "{lists:?}"
        );
    }
}

#[test]
fn what_is_forbidden_or_missing_is_named() {
    let manners = Manners { pods: (3, 0), ..Manners::default() };
    let forbids =
        |forbidden: &[&'static str]| Manners { forbidden: forbidden.to_vec(), ..manners.clone() };
    let said = ends(&Bench::new(forbids(&["replicasets"])).verify(CONTEXT), 0);
    assert!(
        said.contains(
            "not checked: replicasets.apps in shop of context prod: Error from server (Forbidden)"
        ),
        "{said}"
    );
    let said = ends(&Bench::new(forbids(&["pods"])).verify(CONTEXT), 1);
    assert!(said.contains("not checked: pods in shop of context prod"), "{said}");
    let said = ends(&Bench::new(forbids(&["pods", "deployments"])).verify(CONTEXT), 2);
    assert!(
        said.contains("pods cannot be read") && said.contains("User \"dev\" cannot list"),
        "{said}"
    );
    let missing = Manners { missing: vec!["external-secrets.io"], ..manners };
    let said = ends(&Bench::new(missing).verify(CONTEXT), 0);
    assert!(
        said.contains(
            "externalsecrets.external-secrets.io of context prod: the cluster has no such kind"
        ),
        "{said}"
    );
}

#[test]
fn every_page_of_a_long_list_counts() {
    let bench = Bench::new(Manners { pods: (1234, 0), ..Manners::default() });
    let said = ends(&bench.verify(CONTEXT), 0);
    assert!(said.contains("1234 of 1234 pods"), "{said}");
    assert_eq!(bench.lists().iter().filter(|one| one.contains("/pods?")).count(), 3);
    let bench = Bench::new(Manners { pods: (1234, 1), ..Manners::default() });
    let said = ends(&bench.verify(CONTEXT), 1);
    assert!(said.contains("web-5d4f-0"), "{said}");
}

#[test]
fn a_list_that_expires_proves_nothing() {
    let bench = Bench::new(Manners { pods: (1234, 0), expires: true, ..Manners::default() });
    let said = ends(&bench.verify(CONTEXT), 2);
    assert!(said.contains("The provided continue parameter is too old"), "{said}");
}

#[test]
fn a_cluster_that_cannot_be_reached_or_is_not_known_is_an_error() {
    let bench = Bench::new(Manners { pods: (3, 0), ..Manners::default() });
    let said = ends(&bench.verify(&["--context", "prd"]), 2);
    assert!(said.contains("did you mean `prod`?"), "{said}");
    let Bench { server, requests, directory } = bench;
    drop(server);
    let elsewhere = Server::start(|_| refusal(401, "Unauthorized", "Unauthorized"));
    let config = directory.path().join("kubeconfig");
    let text = fs::read_to_string(&config).unwrap();
    let bench = Bench { server: elsewhere, requests, directory };
    let said = ends(&bench.verify(CONTEXT), 2);
    assert!(said.contains("get --raw /version") && said.contains("--live FILE"), "{said}");
    let at = text.find("http://").unwrap();
    let end = at + text[at..].find('"').unwrap();
    fs::write(&config, text.replace(&text[at..end], &bench.server.url())).unwrap();
    let said = ends(&bench.verify(CONTEXT), 2);
    assert!(said.contains("auth whoami"), "{said}");
}
