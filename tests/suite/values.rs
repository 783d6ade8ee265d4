//! Values of Helm charts in every layout: a bump changes the chosen environment's names of the chosen secret, and nothing else.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{NOW, Sandbox};

const OLD: &str = "shop-db-20250701000000";
const NEW: &str = "shop-db-20250820110000";
/// Another family, which stays.
const OTHER: &str = "mail-20250701000000";

fn stub(name: &str, environment: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: {name} }}\nspec:\n  refreshPolicy: CreatedOnce\n  \
         secretStoreRef: {{ kind: ClusterSecretStore, name: store }}\n  target: {{ name: {name}, immutable: true, deletionPolicy: Retain }}\n  \
         dataFrom:\n    - extract: {{ key: {environment}/{}, version: \"20250701000000\" }}\n",
        name.rsplit_once('-').unwrap().0
    )
}

/// A repository with stubs of both families in a directory of each environment, and more files.
fn repository(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::empty();
    for environment in ["staging", "production"] {
        for name in [OLD, OTHER] {
            let file = format!("secrets/{environment}/{name}.yaml");
            sandbox.write(&file, &stub(name, environment));
        }
    }
    for (file, text) in files {
        sandbox.write(file, text);
    }
    sandbox
}

fn texts(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let text = |(name, bytes): (String, Vec<u8>)| (name, String::from_utf8(bytes).unwrap());
    sandbox.files().into_iter().map(text).collect()
}

fn bump(sandbox: &Sandbox) -> crate::support::Output {
    sandbox.rotate(&["bump", "staging", "shop-db", "--at", NOW])
}

/// Bumps staging; these files, and no others, have the new name's digits instead of the old one's, besides the new stub.
#[track_caller]
fn moves(sandbox: &Sandbox, files: &[&str]) {
    let before = texts(sandbox);
    let _ = bump(sandbox).success();
    let mut after = texts(sandbox);
    assert!(after.remove(&format!("secrets/staging/{NEW}.yaml")).is_some(), "no stub");
    for file in files {
        let (old, new) = (&before[*file], after.remove(*file).unwrap());
        let wanted = old.replace("db-20250701000000", "db-20250820110000");
        assert_ne!(*old, wanted, "{file} has no name");
        assert_eq!(new, wanted, "{file}");
    }
    let rest = |all: &BTreeMap<String, String>| -> Vec<(String, String)> {
        let others = all.iter().filter(|(name, _)| !files.contains(&name.as_str()));
        others.map(|(name, text)| (name.clone(), text.clone())).collect()
    };
    assert_eq!(rest(&before), rest(&after));
    // Each step is checked as the next one finds it.
    let lint = sandbox.rotate(&["lint", "--format", "json", "--at", NOW]);
    let lint: Value = serde_json::from_str(&lint.stdout).unwrap();
    let dangling = lint["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["rule"] == "dangling-reference" || one["rule"] == "mixed-versions");
    assert_eq!(dangling.count(), 0, "{lint:#}");
}

fn release(name: &str, more: &str) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: {name}\nspec:\n  chart: {{ spec: {{ chart: shop }} }}\n{more}"
    )
}

#[test]
fn of_a_helm_release() {
    let values = format!(
        "  values:\n    auth: {{ existingSecret: {OLD} }} # keep\n    mail: {{ existingSecret: {OTHER} }}\n    persistence:\n      keys: {{ type: secret, name: '{OLD}' }}\n    envFrom:\n      - secretRef: {{ name: \"{OLD}\" }}\n"
    );
    let sandbox = repository(&[
        ("apps/staging/release.yaml", &release("shop", &values)),
        ("apps/production/release.yaml", &release("shop", &values)),
    ]);
    moves(&sandbox, &["apps/staging/release.yaml"]);
}

#[test]
fn with_templates() {
    let values = "  values:\n    existingSecret: \"{{ .Release.Name }}-db-20250701000000\"\n    mail: '{{ .Values.prefix }}-20250701000000'\n    prefix: mail\n    own:\n      existingSecret: '{{ .Values.base }}-{{ .Values.at.version }}'\n    base: shop-db\n    at: { version: \"20250701000000\" }\n";
    let text = |environment: &str| {
        release("shop", values)
            .replace("name: shop\n", &format!("name: shop\n  labels: {{ is: {environment} }}\n"))
    };
    let sandbox = repository(&[
        ("apps/staging/release.yaml", &text("staging")),
        ("apps/production/release.yaml", &text("production")),
    ]);
    let before = sandbox.read("apps/staging/release.yaml");
    let _ = bump(&sandbox).success();
    let wanted = before
        .replace("-db-20250701000000", "-db-20250820110000")
        .replace("version: \"20250701000000\"", "version: \"20250820110000\"");
    assert_eq!(sandbox.read("apps/staging/release.yaml"), wanted);
    assert_eq!(sandbox.read("apps/production/release.yaml"), text("production"));
}

#[test]
fn with_a_version_that_two_secrets_share() {
    let values = "  values:\n    a: { existingSecret: 'shop-db-{{ .Values.version }}' }\n    b: { existingSecret: 'mail-{{ .Values.version }}' }\n    version: \"20250701000000\"\n";
    let sandbox = repository(&[
        ("apps/staging/release.yaml", &release("shop", values)),
        ("apps/production/x.yaml", "a: b\n"),
    ]);
    let before = texts(&sandbox);
    let _ = bump(&sandbox).status(1);
    assert_eq!(texts(&sandbox), before, "the other secret would move too");
}

#[test]
fn of_a_template_that_only_the_chart_knows() {
    let values = "  values:\n    existingSecret: '{{ include \"shop.name\" . }}-db'\n";
    let sandbox = repository(&[
        ("apps/staging/release.yaml", &release("shop", values)),
        ("apps/production/x.yaml", "a: b\n"),
    ]);
    let refs = sandbox.rotate(&["refs"]).success();
    assert!(refs.stdout.contains("apps/staging/release.yaml:8: the secret that"), "{refs}");
    assert!(refs.stdout.contains("`include` of the template is not known here"), "{refs}");
}

const FROM: &str = "  valuesFrom: [{ kind: ConfigMap, name: shop-values }, { kind: ConfigMap, name: shop-values, valuesKey: name, targetPath: auth.existingSecret }]\n";
const NAMES: &str = "nameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs: [{ path: spec/valuesFrom/name, kind: HelmRelease }]\n";

#[test]
fn of_a_config_map_that_is_generated() {
    let kustomization = format!(
        "namespace: shop\nresources: [release.yaml]\nconfigurations: [names.yaml]\nconfigMapGenerator:\n- name: shop-values\n  files: [values.yaml=more.yaml]\n  literals: [name={OLD}]\n"
    );
    let more = format!(
        "# values\nreplica:\n  existingSecret: {OLD} # of the replica\nmail:\n  existingSecret: {OTHER}\nhook:\n  existingSecret: '{{{{ .Release.Name }}}}-db-20250701000000'\n"
    );
    let mut files = vec![];
    for environment in ["staging", "production"] {
        for (name, text) in [
            ("kustomization.yaml", kustomization.as_str()),
            ("release.yaml", &release("shop", FROM)),
            ("names.yaml", NAMES),
            ("more.yaml", &more),
        ] {
            files.push((format!("apps/{environment}/{name}"), text.to_owned()));
        }
    }
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let sandbox = repository(&files);
    moves(&sandbox, &["apps/staging/more.yaml", "apps/staging/kustomization.yaml"]);
}

/// The text of the ConfigMap has a name that must stay, too.
#[test]
fn of_a_config_map_with_other_names() {
    let kustomization = "namespace: shop\nresources: [release.yaml]\nconfigurations: [names.yaml]\nconfigMapGenerator:\n- name: shop-values\n  files: [values.yaml=more.yaml]\n";
    let more = format!(
        "mail:\n  existingSecret: {OTHER}\nhook:\n  existingSecret: '{{{{ .Release.Name }}}}-db-20250701000000'\n"
    );
    let from = "  valuesFrom:\n  - { kind: ConfigMap, name: shop-values }\n";
    let mut files = vec![];
    for environment in ["staging", "production"] {
        for (name, text) in [
            ("kustomization.yaml", kustomization),
            ("release.yaml", &release("shop", from)),
            ("names.yaml", NAMES),
            ("more.yaml", &more),
        ] {
            files.push((format!("apps/{environment}/{name}"), text.to_owned()));
        }
    }
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let sandbox = repository(&files);
    let _ = bump(&sandbox).success();
    let wanted = more.replace("-db-20250701000000", "-db-20250820110000");
    assert_eq!(sandbox.read("apps/staging/more.yaml"), wanted);
    assert_eq!(sandbox.read("apps/production/more.yaml"), more);
}

fn application(environment: &str, helm: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{ name: shop, namespace: argocd }}\nspec:\n  destination: {{ namespace: shop, name: {environment} }}\n  sources:\n    - chart: shop\n      repoURL: https://charts.example.com\n      helm:\n{helm}\n    - repoURL: https://git.example.com/team/gitops.git\n      ref: here\n"
    )
}

#[test]
fn of_an_application() {
    let helm = |environment: &str| {
        format!(
            "        valueFiles: [$here/values/common.yaml, $here/values/{environment}.yaml, $here/values/none.yaml]\n        ignoreMissingValueFiles: true\n        parameters:\n          - {{ name: auth.existingSecret, value: {OLD} }}\n          - {{ name: image.tag, value: x }}\n        values: |\n          hook:\n            existingSecret: \"{{{{ .Release.Name }}}}-db-20250701000000\"\n          pull:\n            existingSecret: {OLD}"
        )
    };
    let own = format!("worker:\n  existingSecret: {OLD}\nauth:\n  existingSecret: overridden\n");
    let sandbox = repository(&[
        ("argocd/staging/shop.yaml", &application("staging", &helm("staging"))),
        ("argocd/production/shop.yaml", &application("production", &helm("production"))),
        ("values/common.yaml", &format!("mail:\n  existingSecret: {OTHER}\n")),
        ("values/staging.yaml", &own),
        ("values/production.yaml", &own),
    ]);
    moves(&sandbox, &["argocd/staging/shop.yaml", "values/staging.yaml"]);
}

/// What everybody reads stays; the environment's own file sets the key.
#[test]
fn of_a_shared_file() {
    let common = format!("mail:\n  existingSecret: {OTHER}\nauth:\n  existingSecret: {OLD}\n");
    let chart = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";
    let sandbox = repository(&[
        ("charts/shop/Chart.yaml", chart),
        ("charts/shop/values.yaml", &common),
        ("charts/shop/values-staging.yaml", "# staging\nreplicas: 2\n"),
        ("charts/shop/values-production.yaml", "replicas: 4\n"),
    ]);
    let _ = bump(&sandbox).success().says(&["over charts/shop/values.yaml:4"]);
    let own = format!("# staging\nreplicas: 2\nauth:\n  existingSecret: {NEW}\n");
    assert_eq!(sandbox.read("charts/shop/values-staging.yaml"), own);
    assert_eq!(sandbox.read("charts/shop/values.yaml"), common);
    assert_eq!(sandbox.read("charts/shop/values-production.yaml"), "replicas: 4\n");
    // From now on it is the file of the environment alone.
    let next =
        sandbox.rotate(&["bump", "staging", "shop-db", "--at", "2025-09-20T11:00:00Z"]).success();
    let _ = next.says(&["moved 1 reference in place"]);
}

#[test]
fn in_a_list_of_a_shared_file() {
    let common = format!("envFrom:\n  - secretRef: {{ name: {OLD} }}\n");
    let sandbox = repository(&[
        ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("charts/shop/values.yaml", &common),
        ("charts/shop/values-staging.yaml", "a: b\n"),
        ("charts/shop/values-production.yaml", "a: b\n"),
    ]);
    let _ =
        bump(&sandbox).status(1).says(&["charts/shop/values.yaml:2", "replaces a list as a whole"]);
}

#[test]
fn of_a_chart_with_a_file_for_each_environment() {
    let own = format!("existingSecret: {OLD}\nmail: {{ existingSecret: {OTHER} }}\nnone: null\n");
    let common = format!("existingSecret: ''\nname: x\nnone: {{ existingSecret: {OLD} }}\n");
    for (staging, production) in [
        ("values-staging.yaml", "values-production.yaml"),
        ("staging.yaml", "production.yaml"),
        ("values.staging.yaml", "values.production.yaml"),
        ("values/staging.yaml", "values/production.yaml"),
        ("environments/staging/values.yaml", "environments/production/values.yaml"),
    ] {
        let (staging, production) =
            (format!("charts/shop/{staging}"), format!("charts/shop/{production}"));
        let sandbox = repository(&[
            ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
            ("charts/shop/templates/secret.yaml", "{{ if .Values.x }}\n"),
            ("charts/shop/values.yaml", &common),
            (&staging, &own),
            (&production, &own),
        ]);
        let refs = sandbox.rotate(&["refs", "--format", "json", "--resources"]).success();
        let refs: Value = serde_json::from_str(&refs.stdout).unwrap();
        let charts: Vec<&Value> = refs["roots"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|root| root["kind"] == "chart")
            .collect();
        let environments: Vec<&str> =
            charts.iter().map(|root| root["environment"].as_str().unwrap()).collect();
        assert_eq!(environments, ["staging", "production"]);
        assert_eq!(
            (&charts[0]["references"].as_array().unwrap().len(), &charts[0]["resources"]),
            (&2, &serde_json::json!([]))
        );
        moves(&sandbox, &[&staging]);
    }
}

#[test]
fn of_the_charts_of_a_kustomization() {
    let kustomization = format!(
        "namespace: shop\nhelmCharts:\n- name: shop\n  repo: https://charts.example.com\n  releaseName: shop\n  valuesFile: values.yaml\n  valuesInline:\n    auth: {{ existingSecret: {OLD} }}\n    hook:\n      existingSecret: '{{{{ .Release.Name }}}}-db-20250701000000'\n"
    );
    let values = format!("worker:\n  existingSecret: {OLD}\nmail:\n  existingSecret: {OTHER}\n");
    let sandbox = repository(&[
        ("apps/staging/kustomization.yaml", &kustomization),
        ("apps/staging/values.yaml", &values),
        ("apps/production/kustomization.yaml", &kustomization),
        ("apps/production/values.yaml", &values),
    ]);
    moves(&sandbox, &["apps/staging/kustomization.yaml", "apps/staging/values.yaml"]);
    let older = "helmChartInflationGenerator:\n- chartName: shop\n  chartRepoUrl: https://charts.example.com\n  values: values.yaml\n";
    let sandbox = repository(&[
        ("apps/staging/kustomization.yaml", older),
        ("apps/staging/values.yaml", &values),
        ("apps/production/kustomization.yaml", older),
        ("apps/production/values.yaml", &values),
    ]);
    moves(&sandbox, &["apps/staging/values.yaml"]);
}

#[test]
fn of_a_helmfile() {
    let helmfile = format!(
        "environments:\n  staging: {{}}\n  production: {{}}\n---\nreleases:\n- name: shop\n  namespace: shop\n  chart: example/shop\n  values:\n  - values/common.yaml\n  - 'values/{{{{ .Environment.Name }}}}.yaml'\n  - mail: {{ existingSecret: {OTHER} }}\n"
    );
    let own = format!(
        "existingSecret: {OLD}\nhook: {{ existingSecret: '{{{{ .Release.Name }}}}-db-20250701000000' }}\n"
    );
    let sandbox = repository(&[
        ("deploy/helmfile.yaml", &helmfile),
        ("deploy/values/common.yaml", "replicas: 1\n"),
        ("deploy/values/staging.yaml", &own),
        ("deploy/values/production.yaml", &own),
    ]);
    moves(&sandbox, &["deploy/values/staging.yaml"]);
}

/// `.argocd-source.yaml` beside the path says more than the Application.
#[test]
fn of_an_override_beside_the_path() {
    let application = |environment: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{ name: shop-{environment} }}\nspec:\n  destination: {{ namespace: shop }}\n  source:\n    repoURL: https://git.example.com/team/gitops.git\n    path: charts/shop\n    helm: {{ valueFiles: [{environment}.yaml] }}\n"
        )
    };
    let parameters =
        format!("helm:\n  parameters:\n    - {{ name: auth.existingSecret, value: {OLD} }}\n");
    let own = format!("auth: {{ existingSecret: {OTHER} }}\nhook: {{ existingSecret: {OLD} }}\n");
    let sandbox = repository(&[
        ("argocd/staging/shop.yaml", &application("staging")),
        ("argocd/production/shop.yaml", &application("production")),
        ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("charts/shop/values.yaml", "a: b\n"),
        ("charts/shop/staging.yaml", &own),
        ("charts/shop/production.yaml", &own),
        ("charts/shop/.argocd-source-shop-staging.yaml", &parameters),
    ]);
    moves(&sandbox, &["charts/shop/staging.yaml", "charts/shop/.argocd-source-shop-staging.yaml"]);
}

/// A plain name that a chart comes with is nobody's choice.
#[test]
fn the_defaults_of_a_chart_do_not_dangle() {
    let sandbox = repository(&[
        ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        (
            "charts/shop/values.yaml",
            "existingSecret: some-default\nempty: { existingSecret: '' }\nsecretRef: { name: other }\n",
        ),
        ("charts/shop/values-staging.yaml", "a: b\n"),
        ("charts/shop/values-production.yaml", "a: b\n"),
    ]);
    let lint = sandbox.rotate(&["lint", "--format", "json", "--at", NOW]);
    let lint: Value = serde_json::from_str(&lint.stdout).unwrap();
    let of_values =
        |one: &&Value| one["place"]["file"].as_str().unwrap_or_default().starts_with("charts/");
    assert_eq!(
        lint["findings"].as_array().unwrap().iter().filter(of_values).count(),
        0,
        "{lint:#}"
    );
}

/// A base that both environments include keeps the template; a patch of the overlay has the new one.
#[test]
fn with_a_template_in_a_shared_base() {
    let values = format!(
        "  values:\n    auth: {{ existingSecret: {OLD} }}\n    hook:\n      existingSecret: \"{{{{ .Release.Name }}}}-db-20250701000000\"\n"
    );
    let base = release("shop", &values);
    let sandbox = repository(&[
        ("apps/base/kustomization.yaml", "resources: [release.yaml]\n"),
        ("apps/base/release.yaml", &base),
        ("apps/staging/kustomization.yaml", "resources: [../base]\n"),
        ("apps/production/kustomization.yaml", "resources: [../base]\n"),
    ]);
    let _ = bump(&sandbox).success();
    assert_eq!(sandbox.read("apps/base/release.yaml"), base);
    let overlay = sandbox.read("apps/staging/kustomization.yaml");
    assert!(
        overlay.contains("\"{{ .Release.Name }}-db-20250820110000\"")
            || overlay.contains("'{{ .Release.Name }}-db-20250820110000'"),
        "{overlay}"
    );
    assert_eq!(sandbox.read("apps/production/kustomization.yaml"), "resources: [../base]\n");
    // The next one edits that patch.
    let _ =
        sandbox.rotate(&["bump", "staging", "shop-db", "--at", "2025-09-20T11:00:00Z"]).success();
    let next = sandbox.read("apps/staging/kustomization.yaml");
    assert_eq!(next, overlay.replace("20250820110000", "20250920110000"));
}

/// The whole way of a version through the values of a chart.
#[test]
fn from_the_first_bump_to_the_last_prune() {
    let own = format!(
        "# own\nexistingSecret: {OLD}\nhook: {{ existingSecret: '{{{{ .Values.base }}}}-20250701000000' }}\n"
    );
    let sandbox = repository(&[
        ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("charts/shop/values.yaml", "base: shop-db\n"),
        ("charts/shop/values-staging.yaml", &own),
        ("charts/shop/values-production.yaml", &own),
    ]);
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    let run = |at: &str, arguments: &[&str]| {
        sandbox.rotate(&[arguments, &["--at", at]].concat()).success()
    };
    let _ = run("2025-08-20T11:00:00Z", &["bump", "staging", "shop-db"]);
    sandbox.commit_at("2025-08-20T11:00:00Z", "Bump\n");
    let status = run("2025-08-21T10:00:00Z", &["status"]);
    assert!(status.stdout.contains("2025-08-20 11:00 UTC (23h"), "{status}");
    let _ = run("2025-08-21T11:30:00Z", &["promote"]);
    let new = own.replace("20250701000000", "20250820110000");
    assert_eq!(sandbox.read("charts/shop/values-production.yaml"), new);
    sandbox.commit_at("2025-08-21T11:30:00Z", "Promote\n");
    let history = run("2025-08-22T11:00:00Z", &["history", "shop-db"]);
    assert!(history.stdout.contains("2025-08-21 11:30"), "{history}");
    let _ = run(
        "2025-08-22T11:00:00Z",
        &["rollback", "production", "shop-db", "--reason", "logins fail"],
    );
    assert_eq!(sandbox.read("charts/shop/values-production.yaml"), own);
    sandbox.commit_at("2025-08-22T11:00:00Z", "Back\n");
    let _ = run("2025-09-20T11:00:00Z", &["bump", "staging", "shop-db"]);
    sandbox.commit_at("2025-09-20T11:00:00Z", "Bump again\n");
    let _ = run("2025-12-01T11:00:00Z", &["prune", "staging", "shop-db"]);
    let newest = own.replace("20250701000000", "20250920110000");
    assert_eq!(sandbox.read("charts/shop/values-staging.yaml"), newest);
    let stubs = ["20250701000000", "20250820110000", "20250920110000"];
    let is_there = |version: &str| {
        texts(&sandbox).contains_key(&format!("secrets/staging/shop-db-{version}.yaml"))
    };
    assert_eq!(stubs.map(is_there), [false, true, true]);
}

/// A value that a template puts into a name changes which secret is used, though it names no family.
#[test]
fn a_changed_value_may_change_a_name() {
    let values = |base: &str| {
        release(
            "shop",
            &format!(
                "  values:\n    base: {base}\n    existingSecret: '{{{{ .Values.base }}}}-db-20250701000000'\n"
            ),
        )
    };
    let sandbox = repository(&[
        ("apps/staging/release.yaml", &values("none")),
        ("apps/production/release.yaml", &values("shop")),
    ]);
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    sandbox.write("apps/staging/release.yaml", &values("shop"));
    sandbox.commit_at("2025-07-09T10:00:00Z", "Rename\n");
    let status = sandbox.rotate(&["status", "--at", NOW]).success();
    let line = |environment: &str| -> String {
        let lines = status.stdout.lines().skip_while(|line| !line.starts_with("shop-db"));
        lines
            .into_iter()
            .find(|line| line.trim_start().starts_with(environment))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        line("staging").contains("since 2025-07-09")
            || line("staging").contains("2025-07-09 10:00"),
        "{status}"
    );
    assert!(line("production").contains("2025-07-01 10:00"), "{status}");
}

/// A default of a chart of the tree that a release does not set is a reference of the release, and one that it sets is none.
#[test]
fn of_the_chart_that_a_helm_release_installs() {
    let sandbox = Sandbox::empty();
    sandbox.write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    sandbox.write("charts/web/templates/web.yaml", "{{/* nothing */}}\n");
    let defaults = "imagePullSecrets: [{ name: registry }]\nauth:\n  existingSecret: default-db\nmail:\n  existingSecret: \"{{ .Release.Name }}-mail\"\n";
    sandbox.write("charts/web/values.yaml", defaults);
    for environment in ["staging", "production"] {
        let release = format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  chart:\n    spec:\n      chart: ./charts/web\n      sourceRef: {{ kind: GitRepository, name: flux-system }}\n  values:\n    auth:\n      existingSecret: {environment}-db\n    own: \"{{{{ .Release.Name }}}}-own\"\n"
        );
        sandbox.write(&format!("apps/{environment}/web.yaml"), &release);
    }
    let arguments = ["refs", "--environment", "staging", "--format", "json"];
    let output = sandbox.rotate(&arguments).success();
    let refs: Value = serde_json::from_str(&output.stdout).unwrap();
    let mut seen = Vec::new();
    for root in refs["roots"].as_array().unwrap() {
        for one in root["references"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            seen.push(format!(
                "{} {} {} {} {}",
                text(&root["path"]),
                text(&root["builder"]["kind"]),
                text(&one["secret"]),
                text(&one["namespace"]),
                text(&one["origin"]["file"]),
            ));
        }
    }
    let chart = "charts/web HelmRelease";
    assert_eq!(
        seen,
        [
            "apps/staging - staging-db shop apps/staging/web.yaml".to_owned(),
            format!("{chart} registry shop charts/web/values.yaml"),
            format!("{chart} web-mail shop -"),
        ]
    );
}

/// The values of a release may be in a ConfigMap that another build root has: what counts is the namespace, in the same environment.
#[test]
fn of_a_config_map_that_another_root_gets_into_the_namespace() {
    let sandbox = Sandbox::empty();
    sandbox.write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    sandbox.write("charts/web/templates/web.yaml", "{{/* nothing */}}\n");
    for environment in ["staging", "production"] {
        let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  chart:\n    spec:\n      chart: ./charts/web\n      sourceRef: { kind: GitRepository, name: flux-system }\n  valuesFrom:\n    - { kind: ConfigMap, name: plain }\n    - { kind: ConfigMap, name: made }\n    - { kind: ConfigMap, name: away }\n";
        let map = |name: &str, namespace: &str| {
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\ndata:\n  values.yaml: |\n    {name}: {{ existingSecret: {name}-db-20250601090000 }}\n"
            )
        };
        sandbox.write(&format!("apps/{environment}/web.yaml"), release);
        sandbox.write(&format!("apps/{environment}/kustomization.yaml"), "resources: [web.yaml]\n");
        let directory = format!("values/{environment}");
        sandbox.write(&format!("{directory}/plain.yaml"), &map("plain", "shop"));
        sandbox.write(&format!("{directory}/away.yaml"), &map("away", "other"));
        sandbox.write(
            &format!("{directory}/web-values.yaml"),
            "auth:\n  existingSecret: made-db-20250601090000\n",
        );
        sandbox.write(
            &format!("{directory}/kustomization.yaml"),
            "resources: [plain.yaml, away.yaml]\nconfigMapGenerator:\n- name: made\n  namespace: shop\n  files: [values.yaml=web-values.yaml]\n  options: { disableNameSuffixHash: true }\n",
        );
        for family in ["plain", "made"] {
            let name = format!("{family}-db-20250601090000");
            let stub = format!(
                "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {name}\n  namespace: shop\nspec:\n  secretStoreRef: {{ name: aws, kind: ClusterSecretStore }}\n  target: {{ deletionPolicy: Retain, immutable: true }}\n  dataFrom:\n    - extract: {{ key: {environment}/{name}, version: \"20250601090000\" }}\n"
            );
            sandbox.write(&format!("secrets/{environment}/{name}.yaml"), &stub);
        }
    }
    let output = sandbox.rotate(&["refs", "--environment", "staging"]).success();
    assert!(output.stdout.contains("made-db-20250601090000"), "{output}");
    assert!(output.stdout.contains("plain-db-20250601090000"), "{output}");
    let lines = output.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        lines.contains("values of the release come from `away`, which no file here has"),
        "{output}"
    );
    assert!(
        !lines.contains("come from `plain`") && !lines.contains("come from `made`"),
        "{output}"
    );
    for family in ["plain-db", "made-db"] {
        let _ = sandbox.rotate(&["bump", "staging", family, "--at", NOW]).success();
    }
    let read = |file: &str| sandbox.read(&format!("values/{file}"));
    assert_eq!(
        read("staging/web-values.yaml"),
        "auth:\n  existingSecret: made-db-20250820110000\n"
    );
    assert!(read("staging/plain.yaml").contains("{ existingSecret: plain-db-20250820110000 }"));
    assert!(read("production/plain.yaml").contains("plain-db-20250601090000"));
    assert!(read("production/web-values.yaml").contains("made-db-20250601090000"));
}
