//! Directories that the builders of several environments share: a bump writes a guarded patch into the object by which one
//! environment builds them.

use std::collections::BTreeMap;

use crate::support::{NOW, OLD, Sandbox, stub, workload};

/// The version that is bumped to.
const NEW: &str = "20250710000000";

/// A Flux `Kustomization` that builds a directory into the namespace of the stubs.
fn flux(name: &str, path: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  namespace: flux-system\nspec:\n  path: ./{path}\n  targetNamespace: shop\n  sourceRef: {{ kind: GitRepository, name: flux-system }}\n"
    )
}

/// An Argo CD `Application` of a directory.
fn application(name: &str, path: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n  namespace: argocd\nspec:\n  destination:\n    namespace: shop\n  source:\n    path: {path}\n    repoURL: https://git.example.com/shop/gitops\n"
    )
}

/// A base that both environments build, and their stubs; `write` writes what builds it for one of them.
fn shared(write: impl Fn(&Sandbox, &str)) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("apps/web/kustomization.yaml", "resources: [web.yaml]\n");
    sandbox.write("apps/web/web.yaml", &workload(OLD).replace("  namespace: shop\n", ""));
    for environment in ["staging", "production"] {
        sandbox.write(&format!("stubs/{environment}/{OLD}.yaml"), &stub(OLD));
        write(&sandbox, environment);
    }
    sandbox
}

/// Bumps staging, and gives what each changed file is now.
fn bumped(sandbox: &Sandbox, version: &str) -> BTreeMap<String, String> {
    let before: BTreeMap<String, Vec<u8>> = sandbox.files().into_iter().collect();
    let arguments = ["bump", "staging", "auth-api-secrets", "--version", version, "--at", NOW];
    let _ = sandbox.rotate(&arguments).success();
    let after = sandbox.files().into_iter();
    let changed = after.filter(|(file, bytes)| before.get(file) != Some(bytes));
    changed.map(|(file, bytes)| (file, String::from_utf8(bytes).unwrap())).collect()
}

/// The patch, indented by so many spaces.
fn patch(indent: usize, version: &str) -> String {
    let field = "/spec/template/spec/containers/0/envFrom/0/secretRef/name";
    let text = format!(
        "- target:\n    group: apps\n    version: v1\n    kind: Deployment\n    name: web\n  patch: |-\n    - op: test\n      path: {field}\n      value: {OLD}\n    - op: replace\n      path: {field}\n      value: auth-api-secrets-{version}\n"
    );
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(indent))).collect()
}

/// The environment's references, each with the file that spells it.
fn names(sandbox: &Sandbox, environment: &str) -> Vec<String> {
    let arguments = ["refs", "--environment", environment, "--format", "json"];
    let output = sandbox.rotate(&arguments).success();
    let refs: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let roots = refs["roots"].as_array().unwrap().iter();
    let all = roots.flat_map(|root| root["references"].as_array().unwrap());
    let name = |one: &serde_json::Value| {
        let (kind, secret) = (one["kind"].as_str().unwrap(), one["secret"].as_str().unwrap());
        format!("{kind} {secret} {}", one["origin"]["file"].as_str().unwrap())
    };
    let mut names: Vec<String> = all.map(name).collect();
    names.sort();
    names
}

/// Each cluster of an environment has a `Kustomization` of its own, and each gets the patch.
#[test]
fn what_flux_builds_is_patched_in_each_kustomization() {
    let file = |environment: &str, cluster: &str| format!("clusters/{environment}/{cluster}.yaml");
    let sandbox = shared(|sandbox, environment| {
        for cluster in ["eu", "us"] {
            let text = format!("{}---\n{}", flux("other", "apps/none"), flux(cluster, "apps/web"));
            sandbox.write(&file(environment, cluster), &text);
        }
    });
    let (eu, us) = (file("staging", "eu"), file("staging", "us"));
    let new = format!("stubs/staging/auth-api-secrets-{NEW}.yaml");
    let changed = bumped(&sandbox, NEW);
    assert_eq!(changed.keys().collect::<Vec<_>>(), [&eu, &us, &new]);
    for (file, cluster) in [(&eu, "eu"), (&us, "us")] {
        let (other, own) = (flux("other", "apps/none"), flux(cluster, "apps/web"));
        let text = format!("{other}---\n{own}  patches:\n{}", patch(2, NEW));
        assert_eq!(changed[file], text);
    }
    // What the patch tests is no use of the old version, and what it sets is one of the new version.
    let seen = names(&sandbox, "staging");
    let name = |kind: &str, file: &str| format!("{kind} auth-api-secrets-{NEW} {file}");
    let kinds = ["Deployment", "Kustomization"];
    let expected: Vec<String> =
        kinds.iter().flat_map(|kind| [name(kind, &eu), name(kind, &us)]).collect();
    assert_eq!(seen, expected);
    let lint = sandbox.rotate(&["lint", "--at", NOW]);
    assert!(!lint.stdout.contains("error["), "{lint}");
    // The next bump changes the patch, and a rollback by hand would be another.
    let next = "20250711000000";
    let changed = bumped(&sandbox, next);
    assert!(changed[&eu].ends_with(&patch(2, next)), "{changed:#?}");
    assert_eq!(names(&sandbox, "production").len(), 2);
}

/// A directory without a kustomization is patched by Flux, too.
#[test]
fn plain_manifests_that_flux_builds_are_patched() {
    let sandbox = shared(|sandbox, environment| {
        let text = flux("web", "apps")
            .replace("name: flux-system }", "name: flux-system }\n  patches: []");
        sandbox.write(&format!("clusters/{environment}/web.yaml"), &text);
    });
    std::fs::remove_file(sandbox.path("apps/web/kustomization.yaml")).unwrap();
    let changed = bumped(&sandbox, NEW);
    let text = &changed["clusters/staging/web.yaml"];
    assert!(text.ends_with(&format!("  patches:\n{}", patch(2, NEW))), "{text}");
}

#[test]
fn what_argo_cd_builds_is_patched_in_the_application() {
    let sandbox = shared(|sandbox, environment| {
        let text = application(&format!("web-{environment}"), "apps/web");
        sandbox.write(&format!("argocd/{environment}/web.yaml"), &text);
    });
    let own = application("web-staging", "apps/web");
    let changed = bumped(&sandbox, NEW);
    let text = format!("{own}    kustomize:\n      patches:\n{}", patch(8, NEW));
    assert_eq!(changed["argocd/staging/web.yaml"], text);
    assert_eq!(changed.len(), 2);
    let next = "20250711000000";
    assert_eq!(bumped(&sandbox, next)["argocd/staging/web.yaml"], text.replace(NEW, next));
    let lint = sandbox.rotate(&["lint", "--at", NOW]);
    assert!(!lint.stdout.contains("error["), "{lint}");
}

/// A key without a value is as good as none.
#[test]
fn a_field_without_a_value_takes_patches() {
    let argo = |fields: &str| format!("{}{fields}", application("web-staging", "apps/web"));
    let flux = |fields: &str| format!("{}{fields}", flux("web", "apps/web"));
    for (text, lines) in [
        (flux("  patches:\n"), format!("  patches:\n{}", patch(2, NEW))),
        (flux("  patches: ~ # none\n"), format!("  patches: # none\n{}", patch(2, NEW))),
        (argo("    kustomize:\n"), format!("    kustomize:\n      patches:\n{}", patch(6, NEW))),
        (
            argo("    kustomize:\n      patches: null\n"),
            format!("    kustomize:\n      patches:\n{}", patch(6, NEW)),
        ),
    ] {
        let sandbox = shared(|sandbox, environment| {
            let text = text.replace("staging", environment);
            sandbox.write(&format!("deploy/{environment}/web.yaml"), &text);
        });
        let changed = bumped(&sandbox, NEW);
        let made = &changed["deploy/staging/web.yaml"];
        assert!(made.ends_with(&lines), "{made}");
    }
}

/// An object that environments share takes no patch of one of them, and neither does a template of Applications.
#[test]
fn an_object_that_is_shared_takes_no_patch() {
    let set = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: { name: web, namespace: argocd }\nspec:\n  generators: [{ list: { elements: [{ env: staging }, { env: production }] } }]\n  template:\n    metadata: { name: 'web-{{env}}' }\n    spec: { destination: { namespace: shop }, source: { path: apps/web } }\n";
    let by_set = shared(|sandbox, _| {
        sandbox.write("argocd/set.yaml", set);
    });
    let by_base = shared(|sandbox, environment| {
        sandbox.write("clusters/base/web.yaml", &flux("web", "apps/web"));
        sandbox.write("clusters/base/kustomization.yaml", "resources: [web.yaml]\n");
        let overlay = format!("clusters/{environment}/kustomization.yaml");
        sandbox.write(&overlay, "resources: [../base]\n");
    });
    // A file of one Application replaces its list.
    let by_file = shared(|sandbox, environment| {
        let text = application(&format!("web-{environment}"), "apps/web");
        sandbox.write(&format!("argocd/{environment}/web.yaml"), &text);
        let list = "kustomize: { patches: [{ target: { kind: Pod }, patch: '- { op: remove, path: /spec }' }] }\n";
        sandbox.write(&format!("apps/web/.argocd-source-web-{environment}.yaml"), list);
    });
    for sandbox in [by_set, by_base, by_file] {
        let arguments = ["bump", "staging", "auth-api-secrets", "--version", NEW, "--at", NOW];
        let output = sandbox.rotate(&arguments).status(1);
        let words = output.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        let hint =
            "give the environment a `Kustomization` or an `Application` in a file of its own";
        assert!(words.contains(hint), "{output}");
    }
}
