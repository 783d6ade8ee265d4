//! `--helm`: charts rendered by a program on the path. A small script replaces Helm; `.ci/controllers` has Helm's own engine.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::support::{NOW, Output, Sandbox};

/// Fills in `@key@` in templates with the value of the key, wherever that is in the values, and the name of the release. It notes each
/// run, with what it sees of its environment, beside itself.
const HELM: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo "$* cwd=$(pwd) $(env | tr '\n' ' ')" >> "$here/runs"
[ -z "$(ls -A "$HOME" 2>/dev/null)" ] || { echo "Error: there is something at home" >&2; exit 1; }
cat values.yaml >> "$here/values"
[ ! -e "$here/insists" ] || grep -q "$(cat "$here/insists")" values.yaml || exit 1
[ ! -e "$here/fails" ] || { cat "$here/fails" >&2; exit 1; }
for file in chart/templates/*.yaml; do
  text=$(cat "$file")
  for key in $(grep -o '@[A-Za-z]*@' "$file" | tr -d @ | sort -u); do
    value=$(sed -n "s/.*\"$key\": \"\([^\"]*\)\".*/\1/p" values.yaml)
    text=$(printf '%s\n' "$text" | sed "s/@$key@/$value/g")
  done
  printf -- '---\n# Source: web/%s\n' "${file#chart/}"
  printf '%s\n' "$text" | sed "s/%RELEASE%/$2/g"
done
"#;

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: \"%RELEASE%\"\nspec:\n  template:\n    metadata:\n      annotations:\n        checksum: sum-@sum@\n    spec:\n      imagePullSecrets:\n        - name: @pull@\n      containers:\n        - name: web\n          image: example.com/web\n          envFrom:\n            - secretRef:\n                name: @login@\n            - secretRef:\n                name: cache-@stamp@\n            - secretRef:\n                name: tls-20250601090000\n";

fn stub(environment: &str, name: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {name}\nspec:\n  secretStoreRef: {{name: aws, kind: ClusterSecretStore}}\n  target: {{deletionPolicy: Retain, immutable: true}}\n  dataFrom:\n    - extract: {{key: {environment}/{name}, version: \"20250601090000\"}}\n"
    )
}

/// A chart with the values of two environments, and a program that renders it.
struct Charts {
    sandbox: Sandbox,
    bin: tempfile::TempDir,
}

impl Charts {
    fn new() -> Self {
        let (sandbox, bin) = (Sandbox::empty(), tempfile::tempdir().unwrap());
        let file = bin.path().join("helm");
        fs::write(&file, HELM).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        sandbox.write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
        sandbox.write("charts/web/values.yaml", "pull: registry\nsum: x\nlogin: none\n");
        sandbox.write("charts/web/templates/deployment.yaml", DEPLOYMENT);
        for environment in ["staging", "production"] {
            let values = format!("charts/web/values-{environment}.yaml");
            let own = if environment == "staging" {
                "# own"
            } else {
                "
sum: y"
            };
            let text = format!(
                "login: login-20250601090000 {own}
stamp: \"20250601090000\"
"
            );
            sandbox.write(&values, &text);
            for name in ["login", "cache", "tls"] {
                let name = format!("{name}-20250601090000");
                let file = format!("secrets/{environment}/{name}.yaml");
                sandbox.write(&file, &stub(environment, &name));
            }
            sandbox.write(
                &format!("secrets/{environment}/registry.yaml"),
                &stub(environment, "registry"),
            );
        }
        Self { sandbox, bin }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(arguments);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.bin.path().display()));
        command.env("TMPDIR", self.bin.path()).env("GH_TOKEN", "not-for-helm");
        command
    }

    fn rotate(&self, arguments: &[&str]) -> Output {
        self.sandbox.finish(&mut self.command(arguments))
    }

    fn runs(&self) -> Vec<String> {
        let runs = fs::read_to_string(self.bin.path().join("runs")).unwrap_or_default();
        runs.lines().map(str::to_owned).collect()
    }

    fn fail(&self, said: &str) {
        fs::write(self.bin.path().join("fails"), said).unwrap();
    }

    /// Lets each run fail whose values do not hold a text.
    fn insist(&self, text: &str) {
        fs::write(self.bin.path().join("insists"), text).unwrap();
    }

    fn values(&self) -> String {
        fs::read_to_string(self.bin.path().join("values")).unwrap()
    }
}

/// The references to a secret in an environment: the kind, and where the name is written.
fn origins(report: &serde_json::Value, environment: &str, secret: &str) -> Vec<String> {
    let roots = report["roots"].as_array().unwrap().iter();
    let roots = roots.filter(|root| root["environment"] == environment);
    let references = roots.flat_map(|root| root["references"].as_array().unwrap());
    let place = |one: &serde_json::Value| {
        let origin = &one["origin"];
        let text = format!("{} {}:{}", one["kind"], origin["file"], origin["line"]);
        text.replace('"', "")
    };
    references.filter(|one| one["secret"] == secret).map(place).collect()
}

fn report(output: &Output) -> serde_json::Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn what_charts_render_is_found_where_it_is_written() {
    let charts = Charts::new();
    let report = report(&charts.rotate(&["refs", "--helm", "--format", "json"]));
    let of = |secret: &str| origins(&report, "staging", secret);
    let values = "Deployment charts/web/values-staging.yaml";
    assert_eq!(of("login-20250601090000"), [format!("{values}:1")], "{report:#}");
    assert_eq!(of("cache-20250601090000"), [format!("{values}:2")]);
    assert_eq!(of("tls-20250601090000"), ["Deployment charts/web/templates/deployment.yaml:22"]);
    assert_eq!(of("registry"), ["Deployment charts/web/values.yaml:1"]);
    // Once as it is and once marked, for each environment.
    let runs = charts.runs();
    assert_eq!(runs.len(), 4, "{runs:#?}");
    for run in &runs {
        assert!(run.starts_with("template release-name ./chart --namespace="), "{run}");
        assert!(!run.contains("not-for-helm") && run.contains("/home/home"), "{run}");
    }
    // Nothing is left behind.
    assert_eq!(fs::read_dir(charts.bin.path()).unwrap().count(), 3);
}

#[test]
fn nothing_is_rendered_unless_it_is_asked_for() {
    let charts = Charts::new();
    let plain = charts.rotate(&["refs", "--format", "json"]);
    assert!(charts.runs().is_empty());
    assert_eq!(plain, charts.sandbox.rotate(&["refs", "--format", "json"]));
    assert!(!plain.stdout.contains("tls-20250601090000\",\n      \"optional"));
    let output = charts.sandbox.finish(
        charts.command(&["refs", "--helm"]).env("PATH", charts.sandbox.root().join("nowhere")),
    );
    assert_eq!(output.status, 2);
    assert!(output.stderr.contains("`--helm` needs `helm`"), "{output:?}");
    assert!(output.stderr.contains("https://helm.sh"), "{output:?}");
}

#[test]
fn a_chart_that_does_not_render_is_named_and_its_values_are_read() {
    let charts = Charts::new();
    charts.fail("Error: at https://bot:token-1@example.com/x: \u{1b}[31mno\n");
    let output = charts.rotate(&["refs", "--helm", "--format", "json"]);
    let report = report(&output);
    assert!(output.stdout.contains("`helm template` fails: Error"), "{output:?}");
    assert!(!output.stdout.contains("token-1") && !output.stdout.contains('\u{1b}'));
    let of = origins(&report, "staging", "login-20250601090000");
    assert_eq!(of, ["Values charts/web/values-staging.yaml:1"]);
    let root = report["roots"].as_array().unwrap().iter().find(|one| one["kind"] == "chart");
    assert_eq!(root.unwrap()["status"], "partial");
}

#[test]
fn values_of_rendered_secrets_are_not_printed() {
    let charts = Charts::new();
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: made-20250601090000\nstringData:\n  password: hunter2-@login@\n";
    charts.sandbox.write("charts/web/templates/secret.yaml", secret);
    for command in [&["refs", "--helm", "--format", "json"][..], &["lint", "--helm"]] {
        let output = charts.rotate(command);
        assert!(!format!("{output:?}").contains("hunter2"), "{output:?}");
    }
}

#[test]
fn a_chart_gets_no_flag_by_its_name() {
    let charts = Charts::new();
    let application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\nspec:\n  destination: {namespace: web}\n  source:\n    repoURL: https://example.com/x.git\n    path: charts/web\n    helm: {releaseName: --post-renderer=x, valueFiles: [values-staging.yaml]}\n";
    charts.sandbox.write("staging/web.yaml", application);
    let output = charts.rotate(&["refs", "--helm"]);
    assert!(output.stdout.contains("cannot be the name of a release"), "{output:?}");
    assert!(charts.runs().iter().all(|run| !run.contains("post-renderer")), "{output:?}");
}

#[test]
fn rendered_references_are_moved_with_their_values() {
    let charts = Charts::new();
    let bump = ["bump", "staging", "login", "--helm", "--at", NOW];
    let output = charts.rotate(&bump).success();
    assert!(output.stderr.contains("moved 2 references in place"), "{output:?}");
    assert!(output.stderr.contains("rotate bump --helm production login"), "{output:?}");
    let read = |file: &str| charts.sandbox.read(&format!("charts/web/{file}"));
    let new = "login: login-20250820110000 # own\nstamp: \"20250601090000\"\n";
    assert_eq!(read("values-staging.yaml"), new);
    assert!(read("values-production.yaml").contains("login-20250601090000"));
    // The digits alone, which only the rendered chart makes a name of.
    let _ = charts.rotate(&["bump", "staging", "cache", "--helm", "--at", NOW]).success();
    let new = "login: login-20250820110000 # own\nstamp: \"20250820110000\"\n";
    assert_eq!(read("values-staging.yaml"), new);
    // Both environments have the template.
    let output = charts.rotate(&["bump", "staging", "tls", "--helm", "--at", NOW]);
    assert_eq!(output.status, 1);
    assert!(output.stderr.contains("templates/deployment.yaml"), "{output:?}");
    assert!(output.stderr.contains("values file of its own"), "{output:?}");
    assert_eq!(read("templates/deployment.yaml"), DEPLOYMENT);
}

#[test]
fn a_default_is_set_in_the_values_of_the_environment() {
    let charts = Charts::new();
    let write = |file: &str, text: &str| {
        charts.sandbox.write(&format!("charts/web/{file}"), text);
    };
    write("values.yaml", "pull: registry\nsum: x\nlogin: login-20250601090000\n");
    write("values-staging.yaml", "stamp: \"20250601090000\"\n");
    let _ = charts.rotate(&["bump", "staging", "login", "--helm", "--at", NOW]).success();
    let new = "stamp: \"20250601090000\"\nlogin: login-20250820110000\n";
    assert_eq!(charts.sandbox.read("charts/web/values-staging.yaml"), new);
}

#[test]
fn the_past_is_not_rendered() {
    let count = |commits: usize| {
        let charts = Charts::new();
        charts.sandbox.commit_at("2025-06-01T09:00:00Z", "Begin\n");
        for number in 0..commits {
            let text = format!("pull: registry\nsum: x{number}\nlogin: none\n");
            charts.sandbox.write("charts/web/values.yaml", &text);
            let time = format!("2025-06-0{}T09:00:00Z", number + 2);
            charts.sandbox.commit_at(&time, "Change\n");
        }
        let output = charts.rotate(&["promote", "--helm", "--dry-run", "--at", NOW]);
        assert_eq!(output.status, 0, "{output:?}");
        charts.runs().len()
    };
    assert_eq!(count(1), count(5));
}

fn application(name: &str, chart: &str, helm: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  destination: {{namespace: shop}}\n  source:\n    repoURL: https://example.com/x.git\n    path: {chart}\n    helm: {helm}\n"
    )
}

/// The builders of the charts of an environment, each with a secret that is named there and its namespace.
fn built(report: &serde_json::Value, environment: &str, family: &str) -> Vec<String> {
    let roots = report["roots"].as_array().unwrap().iter();
    let roots = roots.filter(|root| root["environment"] == environment && root["kind"] == "chart");
    let mut all: Vec<String> = roots
        .flat_map(|root| {
            let references = root["references"].as_array().unwrap().iter();
            let named =
                references.filter(|one| one["secret"].as_str().unwrap().starts_with(family));
            named.map(move |one| {
                let text = format!(
                    "{} {} {} {} {} {}",
                    root["path"],
                    root["builder"]["kind"],
                    root["builder"]["name"],
                    one["kind"],
                    one["namespace"],
                    one["secret"]
                );
                text.replace('"', "")
            })
        })
        .collect();
    all.sort();
    all
}

#[test]
fn each_release_of_a_chart_is_a_build_root() {
    let charts = Charts::new();
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: flux, namespace: flux}\nspec:\n  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: here}}}\n  values: {login: login-20250601090001}\n";
    let helm = "{valueFiles: [values-staging.yaml]}";
    charts.sandbox.write("staging/web.yaml", &application("argo", "charts/web", helm));
    charts.sandbox.write("staging/release.yaml", release);
    // A chart that deploys a chart.
    let app = application("inner", "charts/web", "{valuesObject: {login: \"@inner@\"}}");
    charts.sandbox.write("charts/apps/Chart.yaml", "apiVersion: v2\nname: apps\nversion: 1.0.0\n");
    charts.sandbox.write("charts/apps/values.yaml", "inner: login-20250601090002\n");
    charts.sandbox.write("charts/apps/templates/app.yaml", &app);
    charts.sandbox.write("staging/apps.yaml", &application("outer", "charts/apps", "{}"));
    let report = report(&charts.rotate(&["refs", "--helm", "--format", "json"]));
    assert_eq!(
        built(&report, "staging", "login"),
        [
            "charts/apps Application outer Application argocd login-20250601090002",
            "charts/web Application argo Deployment shop login-20250601090000",
            "charts/web Application inner Deployment shop login-20250601090002",
            "charts/web HelmRelease flux Deployment flux login-20250601090001",
        ]
    );
    let inner = origins(&report, "staging", "login-20250601090002");
    assert_eq!(
        inner,
        ["Application charts/apps/values.yaml:1", "Deployment charts/apps/values.yaml:1"]
    );
    let flux = origins(&report, "staging", "login-20250601090001");
    assert!(flux.contains(&"Deployment staging/release.yaml:6".to_owned()), "{flux:?}");
}

#[test]
fn parameters_are_given_as_helm_reads_them() {
    let charts = Charts::new();
    let parameters = "{valueFiles: [values-staging.yaml], parameters: [{name: on, value: \"true\"}, {name: text, value: \"true\", forceString: true}, {name: \"list[0]\", value: x}]}";
    charts.sandbox.write("staging/web.yaml", &application("web", "charts/web", parameters));
    let output = charts.rotate(&["refs", "--helm"]);
    assert!(output.stdout.contains("the parameter `list[0]` is not given to Helm"), "{output:?}");
    assert!(charts.values().contains("\"on\": true, \"text\": \"true\""), "{}", charts.values());
}

#[test]
fn where_a_mark_is_in_the_way_the_others_are_found() {
    let charts = Charts::new();
    charts.insist("\"pull\": \"registry\"");
    let report = report(&charts.rotate(&["refs", "--helm", "--format", "json"]));
    let of = |secret: &str| origins(&report, "staging", secret);
    let values = "Deployment charts/web/values-staging.yaml";
    assert_eq!(of("login-20250601090000"), [format!("{values}:1")]);
    assert_eq!(of("cache-20250601090000"), [format!("{values}:2")]);
    assert!(of("registry").contains(&"Deployment null:null".to_owned()), "{:?}", of("registry"));
    let runs = charts.runs().len();
    assert!(runs <= 2 * 9, "{runs}");
}

/// A chart may hand a name on to an Application in another namespace: without rendering, the stub there cannot be told to be meant.
#[test]
fn a_name_that_a_chart_hands_on_asks_for_helm() {
    let sandbox = Sandbox::empty();
    sandbox.write("services/Chart.yaml", "apiVersion: v2\nname: services\nversion: 1.0.0\n");
    sandbox.write("services/templates/all.yaml", "{{/* Applications in other namespaces */}}\n");
    for environment in ["staging", "production"] {
        let values = format!("services/values-{environment}.yaml");
        sandbox.write(&values, "tickets:\n  existingSecret: tickets-db-20250601090000\n");
        let application = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: services-{environment}\n  namespace: argocd\nspec:\n  destination: {{ namespace: argocd }}\n  source:\n    path: services\n    helm: {{ valueFiles: [values-{environment}.yaml] }}\n"
        );
        sandbox.write(&format!("argocd/{environment}.yaml"), &application);
        let name = "tickets-db-20250601090000";
        let text = stub(environment, name)
            .replace(&format!("name: {name}\n"), &format!("name: {name}\n  namespace: tickets\n"));
        sandbox.write(&format!("stubs/{environment}/{name}.yaml"), &text);
    }
    let version = ["--version", "20250710000000", "--at", NOW];
    let arguments = [&["bump", "staging", "tickets-db"], &version[..]].concat();
    let output = sandbox.rotate(&arguments).status(1);
    let words = output.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    let hint = "`rotate bump staging tickets-db --version 20250710000000 --helm`";
    assert!(words.contains("its stub is in another namespace, `tickets`"), "{output}");
    assert!(words.contains(hint), "{output}");
    assert!(!sandbox.path("stubs/staging/tickets-db-20250710000000.yaml").exists());
}

/// The releases of a helmfile are rendered, each into its own namespace.
#[test]
fn releases_of_a_helmfile_are_rendered() {
    let charts = Charts::new();
    let release = |name: &str| {
        format!(
            "  - name: {name}\n    namespace: {name}-space\n    chart: ./charts/web\n    values: [\"charts/web/values-{{{{ .Environment.Name }}}}.yaml\", {{ pull: {name}-pull }}]\n"
        )
    };
    let text = format!(
        "environments:\n  staging: {{}}\n  production: {{}}\nreleases:\n{}{}",
        release("front"),
        release("back")
    );
    charts.sandbox.write("helmfile.yaml", &text);
    let plain = report(&charts.rotate(&["refs", "--format", "json"]));
    assert!(origins(&plain, "staging", "tls-20250601090000").is_empty());
    let arguments = ["refs", "--format", "json", "--helm"];
    let refs = report(&charts.rotate(&arguments));
    let root = refs["roots"].as_array().unwrap().iter();
    let mut root = root.filter(|root| root["path"] == "." && root["environment"] == "staging");
    let references = root.next().unwrap()["references"].as_array().unwrap().iter();
    let rendered = references.filter(|one| one["kind"] == "Deployment");
    let seen: Vec<String> = rendered
        .map(|one| {
            let (namespace, name) = (one["namespace"].as_str(), one["name"].as_str());
            let origin = &one["origin"];
            format!(
                "{}/{} {} {}:{}",
                namespace.unwrap_or_default(),
                name.unwrap_or_default(),
                one["secret"].as_str().unwrap(),
                origin["file"].as_str().unwrap_or("-"),
                origin["line"]
            )
        })
        .collect();
    for name in ["front", "back"] {
        let at = format!("{name}-space/{name}");
        let line = if name == "front" { 8 } else { 12 };
        for expected in [
            format!("{at} {name}-pull helmfile.yaml:{line}"),
            format!("{at} login-20250601090000 charts/web/values-staging.yaml:1"),
            format!("{at} tls-20250601090000 charts/web/templates/deployment.yaml:22"),
        ] {
            assert!(seen.contains(&expected), "{expected} {seen:#?}");
        }
    }
}

/// Charts with a kustomization for each environment that renders them, its stubs beside it.
fn inflated(entry: &str) -> Charts {
    let charts = Charts::new();
    for environment in ["staging", "production"] {
        let directory = format!("deploy/{environment}");
        let kustomization = format!(
            "namespace: shop\nresources: [../../secrets/{environment}]\nhelmGlobals: {{chartHome: ../../charts}}\nhelmCharts:\n  - name: web\n    releaseName: shop\n    valuesFile: values.yaml\n    {entry}\n"
        );
        charts.sandbox.write(&format!("{directory}/kustomization.yaml"), &kustomization);
        charts.sandbox.write(
            &format!("{directory}/values.yaml"),
            "login: login-20250601090000\nstamp: \"20250601090000\"\n",
        );
        fs::remove_file(charts.sandbox.path(&format!("charts/web/values-{environment}.yaml")))
            .unwrap();
        let names =
            ["cache-20250601090000", "login-20250601090000", "registry", "tls-20250601090000"];
        let files: Vec<String> = names.iter().map(|name| format!("{name}.yaml")).collect();
        charts.sandbox.write(
            &format!("secrets/{environment}/kustomization.yaml"),
            &format!("resources: [{}]\n", files.join(", ")),
        );
    }
    charts
}

#[test]
fn a_chart_of_a_kustomization_is_rendered_in_it() {
    let patch = r#"'[{"op": "add", "path": "/spec/template/spec/imagePullSecrets/-", "value": {"name": "patched"}}]'"#;
    let patches = format!("patches: [{{target: {{kind: Deployment}}, patch: {patch}}}]");
    let charts = inflated(&format!("valuesInline: {{sum: inline}}\n{patches}"));
    let output = charts.rotate(&["refs", "--helm", "--format", "json"]);
    let report = report(&output);
    let roots = report["roots"].as_array().unwrap();
    assert!(roots.iter().all(|root| root["kind"] != "chart"), "{report:#}");
    let root = roots.iter().find(|root| root["path"] == "deploy/staging").unwrap();
    assert_eq!(root["status"], "resolved", "{root:#}");
    let of = |secret: &str| origins(&report, "staging", secret);
    let values = "Deployment deploy/staging/values.yaml";
    assert_eq!(of("login-20250601090000"), [format!("{values}:1")], "{report:#}");
    assert_eq!(of("cache-20250601090000"), [format!("{values}:2")]);
    assert_eq!(of("tls-20250601090000"), ["Deployment charts/web/templates/deployment.yaml:22"]);
    assert_eq!(of("registry"), ["Deployment charts/web/values.yaml:1"]);
    let references = root["references"].as_array().unwrap();
    assert!(references.iter().all(|one| one["namespace"] == "shop"), "{root:#}");
    assert!(references.iter().all(|one| one["name"] == "shop"), "{root:#}");
    assert_eq!(of("patched"), ["Deployment deploy/staging/kustomization.yaml:9"]);
    assert!(charts.runs().iter().all(|run| run.starts_with("template shop ./chart")), "{report:#}");
    assert!(charts.runs().iter().all(|run| run.contains("--namespace=shop")));
    assert!(charts.values().contains("\"sum\": \"inline\""), "{}", charts.values());
    // Once as it is and once marked: the environments have the same values.
    assert_eq!(charts.runs().len(), 2, "{:#?}", charts.runs());
    // It is not, unless that is asked for.
    let plain = charts.rotate(&["refs", "--format", "json"]).stdout;
    assert!(plain.contains("because Helm is not run"), "{plain}");
}

#[test]
fn what_a_kustomization_renders_is_moved() {
    let charts = inflated("valuesInline: {sum: inline}");
    let bump = |family: &str| charts.rotate(&["bump", "staging", family, "--helm", "--at", NOW]);
    let output = bump("login").success();
    assert!(output.stderr.contains("moved 1 reference in place"), "{output:?}");
    let new = "login: login-20250820110000\nstamp: \"20250601090000\"\n";
    assert_eq!(charts.sandbox.read("deploy/staging/values.yaml"), new);
    let _ = bump("cache").success();
    let new = "login: login-20250820110000\nstamp: \"20250820110000\"\n";
    assert_eq!(charts.sandbox.read("deploy/staging/values.yaml"), new);
    // A name in the template is patched by the kustomization of the environment.
    let output = bump("tls").success();
    assert!(output.stderr.contains("moved 1 reference with a guarded patch"), "{output:?}");
    assert!(
        charts.sandbox.read("deploy/staging/kustomization.yaml").contains("tls-20250820110000")
    );
    assert_eq!(charts.sandbox.read("charts/web/templates/deployment.yaml"), DEPLOYMENT);
    let report = report(&charts.rotate(&["refs", "--helm", "--format", "json"]));
    for family in ["login", "cache", "tls"] {
        assert_eq!(origins(&report, "staging", &format!("{family}-20250820110000")).len(), 1);
        assert_eq!(origins(&report, "production", &format!("{family}-20250601090000")).len(), 1);
    }
}

#[test]
fn the_values_of_a_kustomization_are_merged_as_it_says() {
    for (entry, sum) in [
        ("valuesInline: {login: inline}", "\"login\": \"inline\""),
        ("valuesInline: {login: inline}\n    valuesMerge: merge", "\"login\": \"login-2025"),
        ("valuesInline: {login: inline}\n    valuesMerge: replace", "\"login\": \"inline\""),
        ("additionalValuesFiles: [more.yaml]", "\"login\": \"more\""),
        ("version: 1.0.0", "\"login\": \"login-2025"),
    ] {
        let charts = inflated(entry);
        charts.sandbox.write("deploy/staging/more.yaml", "login: more\n");
        charts.sandbox.write("deploy/production/more.yaml", "login: more\n");
        let output = charts.rotate(&["refs", "--helm"]);
        assert_eq!(output.status, 0, "{output:?}");
        assert!(charts.values().contains(sum), "{entry}: {}", charts.values());
    }
    // A chart that is pulled, or that the cluster's version changes, is named as before.
    for entry in ["version: 1.0.0\n    repo: https://example.com", "kubeVersion: 1.30"] {
        let output = inflated(entry).rotate(&["refs", "--helm", "--format", "json"]);
        assert!(output.stdout.contains("the chart `web` is not rendered"), "{output:?}");
    }
}

#[test]
fn a_chart_of_a_kustomization_that_does_not_render_is_named_there() {
    let charts = inflated("valuesInline: {sum: inline}");
    charts.fail("Error: no\n");
    let report = report(&charts.rotate(&["refs", "--helm", "--format", "json"]));
    let roots = report["roots"].as_array().unwrap();
    let root = roots.iter().find(|root| root["path"] == "deploy/staging").unwrap();
    assert_eq!(root["status"], "partial");
    let message = root["problems"][0]["message"].as_str().unwrap();
    assert!(message.contains("`helm template` fails: Error: no"), "{root:#}");
    assert_eq!(origins(&report, "staging", "login-20250601090000").len(), 1, "{report:#}");
}

#[test]
fn values_of_another_root_are_given_to_helm() {
    let charts = Charts::new();
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\nspec:\n  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: here}}}\n  valuesFrom: [{kind: ConfigMap, name: web}]\n";
    for environment in ["staging", "production"] {
        fs::remove_file(charts.sandbox.path(&format!("charts/web/values-{environment}.yaml")))
            .unwrap();
        charts.sandbox.write(&format!("apps/{environment}/web.yaml"), release);
        let values = format!("values/{environment}");
        charts.sandbox.write(
            &format!("{values}/kustomization.yaml"),
            "namespace: shop\nconfigMapGenerator:\n- name: web\n  files: [values.yaml]\n  options: {disableNameSuffixHash: true}\n",
        );
        charts.sandbox.write(&format!("{values}/values.yaml"), "login: login-20250601090000\n");
        let stub = stub(environment, "login-20250601090000")
            .replace("metadata:\n", "metadata:\n  namespace: shop\n");
        charts.sandbox.write(&format!("secrets/{environment}/login-20250601090000.yaml"), &stub);
    }
    let refs = report(&charts.rotate(&["refs", "--helm", "--format", "json"]));
    let of = origins(&refs, "staging", "login-20250601090000");
    let file = "values/staging/values.yaml:1";
    assert!(of.contains(&format!("Deployment {file}")), "{of:?} {refs:#}");
    let _ = charts.rotate(&["bump", "staging", "login", "--helm", "--at", NOW]).success();
    let read =
        |environment: &str| charts.sandbox.read(&format!("values/{environment}/values.yaml"));
    assert_eq!(read("staging"), "login: login-20250820110000\n");
    assert_eq!(read("production"), "login: login-20250601090000\n");
}

/// A default that the releases of several environments read is set in the release of one of them, with and without rendering.
#[test]
fn a_default_is_set_in_the_release_of_the_environment() {
    for helm in [&["--helm"][..], &[]] {
        let charts = Charts::new();
        let defaults = "pull: registry\nsum: x\nlogin: login-20250601090000\n";
        charts.sandbox.write("charts/web/values.yaml", defaults);
        let release = |values: &str| {
            format!(
                "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop}}\n---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: web, namespace: shop}}\nspec:\n  chart: {{spec: {{chart: ./charts/web, sourceRef: {{kind: GitRepository, name: here}}}}}}\n{values}"
            )
        };
        for environment in ["staging", "production"] {
            let values = format!("charts/web/values-{environment}.yaml");
            fs::remove_file(charts.sandbox.path(&values)).unwrap();
            let name = "login-20250601090000";
            let stub =
                stub(environment, name).replace("metadata:\n", "metadata:\n  namespace: shop\n");
            charts.sandbox.write(&format!("secrets/{environment}/{name}.yaml"), &stub);
        }
        charts.sandbox.write("apps/staging/web.yaml", &release("  values:\n    sum: y\n"));
        charts.sandbox.write("apps/production/web.yaml", &release(""));
        let bump = |environment: &str, more: &[&str]| {
            let arguments = [&["bump", environment, "login", "--at", NOW], more, helm].concat();
            charts.rotate(&arguments).success()
        };
        let output = bump("staging", &[]);
        assert!(output.stderr.contains("apps/staging/web.yaml"), "{output:?}");
        let new = "  values:\n    sum: y\n    login: login-20250820110000\n";
        assert_eq!(charts.sandbox.read("apps/staging/web.yaml"), release(new));
        assert_eq!(charts.sandbox.read("apps/production/web.yaml"), release(""));
        assert_eq!(charts.sandbox.read("charts/web/values.yaml"), defaults);
        let arguments = [&["refs", "--format", "json"], helm].concat();
        let refs = report(&charts.rotate(&arguments));
        let named = |environment: &str, secret: &str| origins(&refs, environment, secret);
        assert!(!named("staging", "login-20250820110000").is_empty(), "{refs:#}");
        assert!(named("staging", "login-20250601090000").is_empty(), "{refs:#}");
        assert!(!named("production", "login-20250601090000").is_empty(), "{refs:#}");
        // A release that sets nothing gets the values as a whole.
        let version = ["--version", "20250820110000", "--override", "soak", "--reason", "test"];
        let _ = bump("production", &version);
        let new = "  values:\n    login: login-20250820110000\n";
        assert_eq!(charts.sandbox.read("apps/production/web.yaml"), release(new));
    }
}

/// What the post-renderers of a release change is seen, and moved where they say it.
#[test]
fn post_renderers_are_applied() {
    let charts = Charts::new();
    let name = "login-20250601090000";
    let json = format!(
        "[{{op: replace, path: /spec/template/spec/containers/0/envFrom/0/secretRef/name, value: {name}}}]"
    );
    let merge = "apiVersion: apps/v1\n              kind: Deployment\n              metadata: {name: shop-web}\n              spec: {template: {spec: {imagePullSecrets: [{name: merged}, {name: login-20250601090000}]}}}";
    let other = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop-web}, spec: {template: {spec: {volumes: [{name: v, secret: {secretName: strategic}}]}}}}";
    let release = |more: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: web, namespace: shop}}\nspec:\n  releaseName: shop-web\n  chart: {{spec: {{chart: ./charts/web, sourceRef: {{kind: GitRepository, name: here}}}}}}\n  postRenderers:\n    - kustomize:\n        patches:\n          - patch: |\n              {merge}\n        patchesStrategicMerge: [{other}]\n        patchesJson6902: [{{target: {{kind: Deployment, name: shop-web}}, patch: {json}}}]\n{more}"
        )
    };
    for environment in ["staging", "production"] {
        charts.sandbox.write(&format!("apps/{environment}/web.yaml"), &release(""));
        let stub = stub(environment, name).replace("metadata:\n", "metadata:\n  namespace: shop\n");
        charts.sandbox.write(&format!("secrets/{environment}/{name}.yaml"), &stub);
    }
    let output = charts.rotate(&["refs", "--helm", "--format", "json"]);
    assert!(!output.stdout.contains("post-renderers"), "{output:?}");
    let refs = report(&output);
    let of = |secret: &str| origins(&refs, "staging", secret);
    let at = |line: usize| vec![format!("Deployment apps/staging/web.yaml:{line}")];
    assert!(of("merged").ends_with(&at(14)), "{:?} {refs:#}", of("merged"));
    assert!(of("strategic").ends_with(&at(15)), "{:?}", of("strategic"));
    assert!(of(name).ends_with(&[at(16), at(14)].concat()), "{:?}", of(name));
    let _ = charts.rotate(&["bump", "staging", "login", "--helm", "--at", NOW]).success();
    let new = release("").replace(name, "login-20250820110000");
    assert_eq!(charts.sandbox.read("apps/staging/web.yaml"), new);
    assert_eq!(charts.sandbox.read("apps/production/web.yaml"), release(""));
    // One that does not apply is named.
    let wrong = "    - kustomize: {patches: [{target: {kind: Deployment}, patch: '[{\"op\": \"remove\", \"path\": \"/nowhere\"}]'}]}\n";
    charts.sandbox.write("apps/staging/web.yaml", &release(wrong));
    let output = charts.rotate(&["refs", "--helm"]);
    assert!(
        output.stdout.contains("the post-renderers of the release are not applied"),
        "{output:?}"
    );
}
