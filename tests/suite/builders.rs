//! Repositories as Flux and Argo CD build them: what a bump of one environment changes there.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{NOW, OLD, Sandbox, stub, workload};

/// The version that is bumped to.
const NEW: &str = "20250710000000";

/// The name of a version of the family.
fn named(version: &str) -> String {
    format!("auth-api-secrets-{version}")
}

/// The version that is in use.
fn old() -> &'static str {
    OLD.rsplit('-').next().unwrap()
}

/// Both environments' stubs, each in the directory that a pattern names.
fn with_stubs(sandbox: &Sandbox, pattern: &str) {
    for environment in ["staging", "production"] {
        let directory = pattern.replace('*', environment);
        sandbox.write(&format!("{directory}/{OLD}.yaml"), &stub(OLD));
    }
}

/// A Flux `Kustomization` that builds a directory into the namespace of the stubs.
fn flux(name: &str, path: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  namespace: flux-system\nspec:\n  path: ./{path}\n  targetNamespace: shop\n  sourceRef: {{ kind: GitRepository, name: flux-system }}\n{more}"
    )
}

/// A Deployment of a base, whose name of a secret its builders set.
fn base(sandbox: &Sandbox, secret: &str) {
    sandbox.write("apps/web/kustomization.yaml", "resources: [web.yaml]\n");
    sandbox.write("apps/web/web.yaml", &workload(secret).replace("  namespace: shop\n", ""));
}

/// Bumps staging, and gives the lines that changed, by file. Files that are new have none.
fn bumped(sandbox: &Sandbox) -> BTreeMap<String, Vec<String>> {
    let before: BTreeMap<String, Vec<u8>> = sandbox.files().into_iter().collect();
    let arguments = ["bump", "staging", "auth-api-secrets", "--version", NEW, "--at", NOW];
    let _ = sandbox.rotate(&arguments).status(0);
    let after = sandbox.files().into_iter();
    let changed = after.filter(|(file, bytes)| before.get(file) != Some(bytes));
    let lines = |bytes: &[u8]| -> Vec<String> {
        String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect()
    };
    changed
        .map(|(file, bytes)| {
            let old = before.get(&file).map(|bytes| lines(bytes));
            let new = lines(&bytes).into_iter().enumerate();
            let new = new.filter(|(at, line)| old.as_ref().is_some_and(|old| old[*at] != *line));
            (file, new.map(|(_, line)| line.trim().to_owned()).collect())
        })
        .collect()
}

/// Holds that a bump of staging changes one line, and adds the stub.
#[track_caller]
fn moves_only(sandbox: &Sandbox, file: &str, line: &str, stubs: &str) {
    let new = format!("{}/{}.yaml", stubs.replace('*', "staging"), named(NEW));
    let expected = [(file.to_owned(), vec![line.to_owned()]), (new, Vec::new())];
    assert_eq!(bumped(sandbox), expected.into_iter().collect());
    let lint = sandbox.rotate(&["lint", "--at", NOW]);
    assert!(!lint.stdout.contains("error["), "{lint}");
}

/// The references of each directory and builder: environment, name and line of the origin.
fn references(sandbox: &Sandbox) -> Vec<String> {
    let output = sandbox.rotate(&["refs", "--format", "json"]).success();
    let refs: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(refs["schema"], "rotate.refs/v2");
    let mut found = Vec::new();
    for root in refs["roots"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        for reference in root["references"].as_array().unwrap() {
            let origin = &reference["origin"];
            found.push(format!(
                "{} {} {} {} {}:{}",
                text(&root["path"]),
                text(&root["builder"]["name"]),
                text(&root["environment"]),
                text(&reference["secret"]),
                text(&origin["file"]),
                origin["line"]
            ));
        }
    }
    found
}

#[test]
fn a_patch_of_flux_moves_where_it_is_written() {
    let sandbox = Sandbox::empty();
    base(&sandbox, "placeholder");
    for environment in ["staging", "production"] {
        let patches = format!(
            "  patches:\n    - target: {{ kind: Deployment }}\n      patch: |\n        - op: replace\n          path: /spec/template/spec/containers/0/envFrom/0/secretRef/name\n          value: {OLD}\n"
        );
        let text = flux("web", "apps/web", &patches);
        sandbox.write(&format!("clusters/{environment}/web.yaml"), &text);
    }
    with_stubs(&sandbox, "stubs/*");
    let here = |environment: &str| {
        format!("apps/web web {environment} {OLD} clusters/{environment}/web.yaml:15")
    };
    let seen = references(&sandbox);
    assert!(seen.contains(&here("staging")) && seen.contains(&here("production")), "{seen:#?}");
    assert!(!seen.iter().any(|line| line.contains("placeholder")), "{seen:#?}");
    let line = format!("value: {}", named(NEW));
    moves_only(&sandbox, "clusters/staging/web.yaml", &line, "stubs/*");
}

/// The version comes from a ConfigMap, and the rest of the name from the base.
#[test]
fn a_variable_moves_where_it_has_its_value() {
    let sandbox = Sandbox::empty();
    base(&sandbox, "auth-api-secrets-${VERSION}");
    for environment in ["staging", "production"] {
        let from = "  postBuild:\n    substituteFrom: [{ kind: ConfigMap, name: settings }]\n";
        let text = flux("web", "apps/web", from);
        sandbox.write(&format!("clusters/{environment}/web.yaml"), &text);
        let settings = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: flux-system\ndata:\n  VERSION: \"{}\"\n",
            old()
        );
        sandbox.write(&format!("clusters/{environment}/settings.yaml"), &settings);
    }
    with_stubs(&sandbox, "clusters/*/stubs");
    let origin = format!("apps/web web staging {OLD} clusters/staging/settings.yaml:7");
    assert!(references(&sandbox).contains(&origin), "{:#?}", references(&sandbox));
    let line = format!("VERSION: \"{NEW}\"");
    moves_only(&sandbox, "clusters/staging/settings.yaml", &line, "clusters/*/stubs");
}

#[test]
fn a_variable_with_another_use_is_not_moved() {
    let sandbox = Sandbox::empty();
    base(&sandbox, "auth-api-secrets-${VERSION}");
    let web = sandbox.read("apps/web/web.yaml");
    let web = web.replace("  name: web\n", "  name: web\n  labels: { build: \"${VERSION}\" }\n");
    sandbox.write("apps/web/web.yaml", &web);
    for environment in ["staging", "production"] {
        let variable = format!("  postBuild:\n    substitute:\n      VERSION: \"{}\"\n", old());
        let text = flux("web", "apps/web", &variable);
        sandbox.write(&format!("clusters/{environment}/web.yaml"), &text);
    }
    with_stubs(&sandbox, "stubs/*");
    let before = sandbox.files();
    let arguments = ["bump", "staging", "auth-api-secrets", "--version", NEW, "--at", NOW];
    let _ = sandbox.rotate(&arguments).status(1).says(&[
        "the same text also defines something that must not change",
        "clusters/staging/web.yaml:12",
        "give the name, or its version, a variable that nothing else uses",
    ]);
    assert_eq!(sandbox.files(), before);
}

/// What a `Kustomization` builds are more of them, which it patches.
#[test]
fn a_chain_is_followed_down_to_the_leaves() {
    let sandbox = Sandbox::empty();
    base(&sandbox, "${SECRET}");
    for environment in ["staging", "production"] {
        let patches = format!(
            "  patches:\n    - target: {{ kind: Kustomization, group: kustomize.toolkit.fluxcd.io }}\n      patch: |\n        - op: add\n          path: /spec/postBuild\n          value: {{ substitute: {{ SECRET: {OLD} }} }}\n"
        );
        let top = flux("apps", "tenants", &patches);
        sandbox.write(&format!("clusters/{environment}/apps.yaml"), &top);
    }
    sandbox.write("tenants/a/kustomization.yaml", "resources: [web.yaml]\n");
    sandbox.write("tenants/a/web.yaml", &flux("web", "apps/web", ""));
    with_stubs(&sandbox, "stubs/*");
    let here = |environment: &str| {
        format!("apps/web web {environment} {OLD} clusters/{environment}/apps.yaml:15")
    };
    let seen = references(&sandbox);
    assert!(seen.contains(&here("staging")) && seen.contains(&here("production")), "{seen:#?}");
    let line = format!("value: {{ substitute: {{ SECRET: {} }} }}", named(NEW));
    moves_only(&sandbox, "clusters/staging/apps.yaml", &line, "stubs/*");
}

/// One file has the names of both environments.
#[test]
fn an_element_of_an_application_set_moves_alone() {
    let sandbox = Sandbox::empty();
    base(&sandbox, "placeholder");
    let set = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{ name: web, namespace: argocd }}\nspec:\n  goTemplate: true\n  generators:\n    - list:\n        elements:\n          - {{ env: staging, secret: {OLD} }}\n          - {{ env: production, secret: {OLD} }}\n  template:\n    metadata: {{ name: 'web-{{{{.env}}}}' }}\n    spec:\n      destination: {{ namespace: shop }}\n      source:\n        repoURL: https://git.example.com/team/gitops.git\n        path: apps/web\n        kustomize:\n          patches:\n            - target: {{ kind: Deployment }}\n              patch: |-\n                - op: replace\n                  path: /spec/template/spec/containers/0/envFrom/0/secretRef/name\n                  value: {{{{.secret}}}}\n"
    );
    sandbox.write("argocd/web.yaml", &set);
    with_stubs(&sandbox, "stubs/*");
    let line = format!("- {{ env: staging, secret: {} }}", named(NEW));
    moves_only(&sandbox, "argocd/web.yaml", &line, "stubs/*");
    let seen = references(&sandbox);
    let production = format!("apps/web web-production production {OLD} argocd/web.yaml:10");
    assert!(seen.contains(&production), "{seen:#?}");
    // Nothing in the first change keeps the second environment from taking it.
    sandbox.commit_at("2025-07-10T00:00:00Z", "Bump\n");
    let promoted = sandbox.rotate(&[
        "bump",
        "production",
        "auth-api-secrets",
        "--override",
        "soak",
        "--reason",
        "test",
        "--at",
        NOW,
    ]);
    let _ = promoted.status(0);
    let text = sandbox.read("argocd/web.yaml");
    assert_eq!(text.matches(&named(NEW)).count(), 2, "{text}");
}

/// The directories that a generator lists, each in the environment that the Application is named for.
#[test]
fn the_directories_of_an_application_set_are_built() {
    let sandbox = Sandbox::empty();
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: { name: sites, namespace: argocd }\nspec:\n  goTemplate: true\n  generators:\n    - git:\n        repoURL: https://git.example.com/team/gitops.git\n        directories: [{ path: 'sites/*' }, { path: sites/old, exclude: true }]\n  template:\n    metadata: { name: '{{.path.basename}}' }\n    spec:\n      destination: { namespace: '{{.path.basename}}' }\n      source:\n        repoURL: https://git.example.com/team/gitops.git\n        path: '{{.path.path}}'\n";
    sandbox.write("argocd/sites.yaml", set);
    for site in ["shop-staging", "shop-production", "old"] {
        let web = workload(OLD).replace("  namespace: shop\n", "");
        sandbox.write(&format!("sites/{site}/web.yaml"), &web);
    }
    let seen = references(&sandbox);
    let expected = [
        format!("sites/old - - {OLD} sites/old/web.yaml:12"),
        format!(
            "sites/shop-production shop-production production {OLD} sites/shop-production/web.yaml:12"
        ),
        format!("sites/shop-staging shop-staging staging {OLD} sites/shop-staging/web.yaml:12"),
    ];
    assert_eq!(seen, expected);
}

/// A path of another repository means nothing here, even if there is a directory of that name.
#[test]
fn what_another_repository_has_is_not_taken_from_here() {
    let sandbox = Sandbox::empty();
    let application = |name: &str, url: &str, path: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{ name: {name}, namespace: argocd }}\nspec:\n  destination: {{ namespace: shop }}\n  source: {{ repoURL: '{url}', path: {path}, kustomize: {{ namePrefix: x- }} }}\n"
        )
    };
    let own = "https://git.example.com/team/gitops.git";
    base(&sandbox, OLD);
    sandbox.write("apps/other/kustomization.yaml", "resources: [web.yaml]\n");
    sandbox.write("apps/other/web.yaml", &workload(OLD));
    sandbox.write("argocd/a.yaml", &application("a", own, "apps/web"));
    sandbox.write("argocd/b.yaml", &application("b", own, "apps/other"));
    let foreign = application("c", "git@git.example.com:team/app.git", "apps/other");
    sandbox.write("argocd/c.yaml", &foreign);
    let built: Vec<String> = references(&sandbox)
        .iter()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(built, ["apps/other b", "apps/web a"]);
}

/// A release of a chart of a registry.
const CACHE: &str = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: cache, namespace: shop }\nspec:\n  chart:\n    spec:\n      chart: redis\n      sourceRef: { kind: HelmRepository, name: charts, namespace: flux-system }\n  values: { auth: { existingSecret: cache-login } }\n";

/// Sources that are not here: a chart, a directory, and one without a manifest.
const SET: &str = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: { name: all, namespace: argocd }\nspec:\n  generators: [{ list: { elements: [{ name: one }] } }]\n  template:\n    metadata: { name: '{{name}}-set' }\n    spec:\n      destination: { namespace: shop }\n      sources:\n        - { repoURL: https://charts.example.com, chart: queue, targetRevision: 1.0.0 }\n        - { repoURL: https://git.example.com/shop/gitops, path: none }\n        - { repoURL: https://git.example.com/shop/gitops, path: jsonnet }\n";

/// A build root that is not known in full, with the first reason; `None` if it is known.
fn incomplete(root: &Value) -> Option<String> {
    let problem = &root["problems"][0];
    let message = problem["message"].as_str()?;
    Some(format!(
        "{} {} {} {} {} {} {}:{} {message}",
        root["path"].as_str()?,
        root["kind"].as_str()?,
        root["environment"].as_str()?,
        root["status"].as_str()?,
        root["builder"]["kind"].as_str()?,
        root["builder"]["name"].as_str()?,
        problem["file"].as_str()?,
        problem["line"],
    ))
}

/// What a builder takes from another repository or a registry has an entry, with the object that names it and where.
#[test]
fn what_is_elsewhere_is_named() {
    let sandbox = Sandbox::empty();
    base(&sandbox, OLD);
    let source = |kind: &str, name: &str, url: &str| {
        format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\nmetadata: {{ name: {name}, namespace: flux-system }}\nspec: {{ url: {url} }}\n"
        )
    };
    let own = source("GitRepository", "flux-system", "https://git.example.com/shop/gitops");
    let other = source("GitRepository", "other", "https://me:hidden@git.example.com/shop/other");
    let charts = source("HelmRepository", "charts", "https://charts.example.com");
    let foreign = flux("foreign", "deploy", "").replace("name: flux-system }", "name: other }");
    let files = [own, other, charts, flux("web", "apps/web", ""), foreign, CACHE.to_owned()];
    sandbox.write("clusters/staging/all.yaml", &files.join("---\n"));
    sandbox.write("clusters/staging/set.yaml", SET);
    sandbox.write("jsonnet/main.jsonnet", "{}\n");
    let output = sandbox.rotate(&["refs", "--format", "json"]).success();
    let refs: Value = serde_json::from_str(&output.stdout).unwrap();
    let seen: Vec<String> =
        refs["roots"].as_array().unwrap().iter().filter_map(incomplete).collect();
    let (set, all) = ("clusters/staging/set.yaml", "clusters/staging/all.yaml");
    let values = "is not in this repository; of the release, only its values are read";
    assert_eq!(
        seen,
        [
            format!(
                "./deploy remote staging partial Kustomization foreign {all}:34 `./deploy` is in the GitRepository `other` (https://git.example.com/shop/other), which is another repository"
            ),
            format!(
                "redis chart staging partial HelmRelease cache {all}:43 the chart `redis` of the HelmRepository `charts` (https://charts.example.com) {values}"
            ),
            format!(
                "queue chart staging partial Application one-set {set}:11 the chart `queue` of https://charts.example.com {values}"
            ),
            format!(
                "none remote staging partial Application one-set {set}:12 there is no directory `none` in this repository"
            ),
            format!(
                "jsonnet remote staging partial Application one-set {set}:13 nothing in `jsonnet` is a manifest"
            ),
        ]
    );
    assert!(!output.stdout.contains("hidden@"));
    let text = sandbox.rotate(&["refs"]).success();
    assert!(text.stdout.ends_with("build roots, 5 of which are not built here\n"), "{text}");
    // The coverage of the rules is what it was.
    let lint = sandbox.rotate(&["lint", "--format", "json", "--at", NOW]);
    assert!(!lint.stdout.contains("which is another repository"), "{lint}");
    let one = sandbox.rotate(&["refs", "--as-built", "apps/web"]).success();
    assert!(!one.stdout.contains("not built here"), "{one}");
}

#[test]
fn a_directory_is_shown_as_kubectl_or_as_its_builders_build_it() {
    let sandbox = Sandbox::empty();
    base(&sandbox, "${SECRET}");
    let variable = format!("  postBuild: {{ substitute: {{ SECRET: {OLD} }} }}\n");
    sandbox.write("clusters/staging/web.yaml", &flux("web", "apps/web", &variable));
    let shown = |arguments: &[&str]| -> Value {
        let arguments = [&["refs", "apps/web", "--format", "json"], arguments].concat();
        serde_json::from_str(&sandbox.rotate(&arguments).success().stdout).unwrap()
    };
    let (kubectl, built) = (shown(&[]), shown(&["--as-built"]));
    assert_eq!(kubectl["schema"], "rotate.refs/v1");
    assert_eq!(kubectl["roots"][0]["references"][0]["secret"], "${SECRET}");
    assert!(kubectl["roots"][0].get("builder").is_none());
    assert_eq!(built["schema"], "rotate.refs/v2");
    let builder = &built["roots"][0]["builder"];
    let seen = ["kind", "namespace", "name"].map(|key| builder[key].as_str().unwrap());
    assert_eq!(seen, ["Kustomization", "flux-system", "web"]);
    assert_eq!(builder["origin"]["file"], "clusters/staging/web.yaml");
    assert_eq!(built["roots"][0]["references"][0]["secret"], OLD);
}
