//! Kustomizations: shared bases, patches in overlays, components.

use crate::plan::MoveKind;
use crate::plan::batch::overlay;
use crate::plan::bump::plan;
use crate::plan::refusal::PlanError;
use crate::plan::tests::{V2, after, bump, changed, configured, repo, request, why};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web.api
spec:
  template:
    spec:
      containers:
        - name: web
          args: [\"--a=auth-20250101000000\", \"--b\"]
          envFrom:
            - secretRef:
                name: auth-20250101000000
";

const ROLE: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
rules:
  - apiGroups: [\"\"]
    resources: [secrets]
    resourceNames:
      - auth-20250101000000
    verbs: [get]
";

const OVERLAY: &str = "\
namespace: shop
resources:
  - ../base # all of it
";

fn shop(staging: &str) -> Vec<(&str, &str)> {
    vec![
        ("base/kustomization.yaml", "resources: [web.yaml, role.yaml]\n"),
        ("base/web.yaml", WEB),
        ("base/role.yaml", ROLE),
        ("staging/kustomization.yaml", staging),
        ("production/kustomization.yaml", OVERLAY),
    ]
}

#[test]
fn a_shared_reference_gets_a_guarded_patch() {
    let files = shop(OVERLAY);
    let plan = bump(&files, "staging", "auth").unwrap();
    assert_eq!(changed(&plan), ["staging/kustomization.yaml"]);
    let new = format!("auth-{V2}");
    let wanted = format!(
        "{OVERLAY}patches:
  - target:
      group: apps
      version: v1
      kind: Deployment
      name: web\\.api
    patch: |-
      - op: test
        path: /spec/template/spec/containers/0/args/0
        value: --a=auth-20250101000000
      - op: replace
        path: /spec/template/spec/containers/0/args/0
        value: --a={new}
      - op: test
        path: /spec/template/spec/containers/0/envFrom/0/secretRef/name
        value: auth-20250101000000
      - op: replace
        path: /spec/template/spec/containers/0/envFrom/0/secretRef/name
        value: {new}
  - target:
      group: rbac.authorization.k8s.io
      version: v1
      kind: Role
      name: web
    patch: |-
      - op: test
        path: /rules/0/resourceNames/0
        value: auth-20250101000000
      - op: add
        path: /rules/0/resourceNames/-
        value: {new}
"
    );
    assert_eq!(after(&plan, "staging/kustomization.yaml"), wanted);
    assert!(plan.moved.iter().all(|moved| moved.how != MoveKind::InPlace));
}

#[test]
fn a_patched_text_keeps_the_line_break_at_its_end() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n  a: |\n    secret: auth-20250101000000\n";
    let mut files = shop(OVERLAY);
    files.retain(|(path, _)| *path != "base/role.yaml");
    files.push(("base/role.yaml", map));
    let plan = bump(&files, "staging", "auth").unwrap();
    let text = after(&plan, "staging/kustomization.yaml");
    let wanted = format!(
        "      - op: replace\n        value: |\n          secret: auth-{V2}\n        path: /data/a\n"
    );
    assert!(text.ends_with(&wanted), "{text}");
}

#[test]
fn the_next_bump_edits_the_patch_and_not_its_test() {
    let first = bump(&shop(OVERLAY), "staging", "auth").unwrap();
    let text = after(&first, "staging/kustomization.yaml").to_owned();
    let repo = repo(&shop(&text));
    let mut request = request("staging", "auth", None);
    request.now = "2025-08-01T00:00:00Z".parse().unwrap();
    let second = plan(&repo, &request).unwrap();
    let next = after(&second, "staging/kustomization.yaml");
    assert!(next.contains("value: auth-20250101000000\n      - op: replace"), "{next}");
    assert!(next.contains("value: --a=auth-20250801000000"), "{next}");
    let added = |text: &str| text.matches("op: add").count();
    assert_eq!(added(next), 2, "{next}");
    assert_eq!(next.matches(V2).count(), 2, "the grant, and the test of the next one: {next}");
}

#[test]
fn a_base_of_one_environment_is_edited_itself() {
    let files: Vec<_> =
        shop(OVERLAY).into_iter().filter(|(path, _)| !path.starts_with("prod")).collect();
    let plan = bump(&files, "staging", "auth").unwrap();
    assert_eq!(changed(&plan), ["base/role.yaml", "base/web.yaml"]);
    let role =
        ROLE.replace("auth-20250101000000\n", &format!("auth-20250101000000\n      - auth-{V2}\n"));
    assert_eq!(after(&plan, "base/role.yaml"), role);
}

#[test]
fn one_patch_serves_all_clusters() {
    let mut files = shop(OVERLAY);
    let prod = "resources: [../../base]\n";
    files.retain(|(path, _)| !path.starts_with("production"));
    files.extend([
        ("production/common/kustomization.yaml", prod),
        ("production/a/kustomization.yaml", "resources: [../common]\nnamespace: a\n"),
        ("production/b/kustomization.yaml", "resources: [../common]\nnamespace: b\n"),
    ]);
    let staging = bump(&files, "staging", "auth").unwrap();
    let text = after(&staging, "staging/kustomization.yaml").to_owned();
    files.retain(|(path, _)| !path.starts_with("staging"));
    files.push(("staging/kustomization.yaml", &text));
    let plan = bump(&files, "production", "auth").unwrap();
    assert_eq!(changed(&plan), ["production/common/kustomization.yaml"]);
    assert_eq!(plan.to, format!("auth-{V2}"));
}

#[test]
fn text_of_several_lines_is_patched_whole() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata:\n  app.yaml: |\n    # x\n    secret: auth-20250101000000\n\n    last: 1\n";
    let mut files = shop(OVERLAY);
    files.retain(|(path, _)| *path != "base/role.yaml");
    files.push(("base/role.yaml", map));
    let plan = bump(&files, "staging", "auth").unwrap();
    let text = after(&plan, "staging/kustomization.yaml");
    let wanted = format!(
        "        value: |\n          # x\n          secret: auth-{V2}\n\n          last: 1\n"
    );
    assert!(text.contains(&wanted), "{text}");
}

#[test]
fn generated_and_prefixed_names_are_refused() {
    let staging = "resources: [../base]\nsecretGenerator:\n  - name: auth-20250101000000\n    literals: [a=b]\n";
    let error = bump(&shop(staging), "staging", "auth").unwrap_err();
    assert!(matches!(&error, PlanError::Refused { reasons, .. } if !reasons.is_empty()), "{error}");
    assert!(
        why(&error).contains("kustomize turns the name into `auth-20250101000000-"),
        "{error:?}"
    );
}

#[test]
fn a_stub_in_a_shared_base_goes_to_the_overlay() {
    let stub = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: auth-20250101000000\nspec:\n  secretStoreRef: {name: aws, kind: ClusterSecretStore}\n  dataFrom:\n    - extract: {key: shop/auth, version: '20250101000000'}\n";
    let mut files = shop(OVERLAY);
    files.retain(|(path, _)| *path != "base/role.yaml");
    files.push(("base/role.yaml", stub));
    let plan = bump(&files, "staging", "auth").unwrap();
    let file = format!("staging/auth-{V2}.yaml");
    assert_eq!(changed(&plan), [file.as_str(), "staging/kustomization.yaml"]);
    let wanted = stub.replace("20250101000000", V2).replace(
        &format!("name: auth-{V2}\nspec"),
        &format!("name: auth-{V2}\n  namespace: shop\nspec"),
    );
    assert_eq!(after(&plan, &file), wanted);
    let text = after(&plan, "staging/kustomization.yaml");
    assert!(text.starts_with(&format!("{OVERLAY}  - auth-{V2}.yaml\npatches:\n")), "{text}");
}

#[test]
fn a_stub_is_listed_right_behind_the_old_one() {
    let stub = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: auth-20250101000000\nspec:\n  dataFrom:\n    - extract: {key: shop/auth, version: '20250101000000'}\n";
    let staging = "resources:\n  - ./auth-20250101000000.yaml # live\n  - ../base\n";
    let mut files = shop(staging);
    files.push(("staging/auth-20250101000000.yaml", stub));
    let plan = bump(&files, "staging", "auth").unwrap();
    let text = after(&plan, "staging/kustomization.yaml");
    let wanted = format!(
        "resources:\n  - ./auth-20250101000000.yaml # live\n  - ./auth-{V2}.yaml\n  - ../base\npatches:\n"
    );
    assert!(text.starts_with(&wanted), "{text}");
}

#[test]
fn an_environment_that_another_includes_needs_a_kustomization_of_its_own() {
    let mut files = shop(OVERLAY);
    files.retain(|(path, _)| !path.starts_with("production"));
    files.push(("production/kustomization.yaml", "resources: [../staging]\n"));
    let error = bump(&files, "staging", "auth").unwrap_err();
    assert!(error.reasons().iter().any(|one| one.what.contains("production")), "{error}");
    assert!(error.reasons().iter().all(|one| !one.hint.is_empty()));
}

#[test]
fn a_root_that_hides_the_family_forbids_the_move() {
    let mut files = shop(OVERLAY);
    files.push(("staging/more/kustomization.yaml", "resources: [auth.yaml, gone.yaml]\n"));
    files.push(("staging/more/auth.yaml", WEB));
    let error = bump(&files, "staging", "auth").unwrap_err();
    assert!(matches!(error, PlanError::Unreadable { .. }), "{error}");
}

#[test]
fn a_planned_tree_is_an_ordinary_tree() {
    let settings = "environments:\n  - {name: staging, paths: [staging]}\n  - {name: production, paths: [production]}\n";
    let files = shop(OVERLAY);
    let repo = configured(&files, settings);
    let plan = plan(&repo, &request("staging", "auth", None)).unwrap();
    let tree = overlay(&repo, &plan.changes);
    let again = crate::repo::Repo::load(
        std::sync::Arc::new(tree),
        Some(repo.config.clone()),
        crate::repo::Scope::Everything,
    )
    .unwrap();
    let nothing = crate::plan::bump::plan(&again, &request("staging", "auth", Some(V2))).unwrap();
    assert!(nothing.is_empty());
    assert_eq!(nothing.from, [format!("auth-{V2}")]);
}

#[test]
fn a_name_that_is_hashed_everywhere_is_refused_under_the_name_that_is_written() {
    let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, envFrom: [{secretRef: {name: auth}}]}]}}}\n";
    let kustomization =
        "resources: [web.yaml]\nsecretGenerator:\n- name: auth\n  literals: [a=b]\n";
    let files = [("staging/kustomization.yaml", kustomization), ("staging/web.yaml", web)];
    let error = bump(&files, "staging", "auth").unwrap_err();
    assert!(
        why(&error).contains("kustomize turns the name into `auth-"),
        "{error}: {}",
        why(&error)
    );
}

/// The base is staging's alone, so it would be edited; a patch written by hand expects the old name there.
#[test]
fn a_test_written_by_hand_is_a_reason_against_it() {
    let staging = "\
resources: [../base]
patches:
  - target: { kind: Deployment }
    patch: |-
      - op: test
        path: /spec/template/spec/containers/0/envFrom/0/secretRef/name
        value: auth-20250101000000
      - { op: add, path: /spec/replicas, value: 2 }
";
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("staging/kustomization.yaml", staging),
    ];
    let error = bump(&files, "staging", "auth").unwrap_err();
    assert!(matches!(error, PlanError::Refused { .. }), "{error}");
    let reason = &error.reasons()[0];
    assert!(reason.what.contains("`staging` would no longer build"), "{}", reason.what);
    assert!(reason.hint.contains("`test`"), "{}", reason.hint);
}

#[test]
fn one_test_guards_what_one_token_spells() {
    let cluster = |second: &str| {
        format!(
            "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {{name: db}}\nspec:\n  backup:\n    barmanObjectStore:\n      s3Credentials:\n        accessKeyId: {{name: &s auth, key: a}}\n        secretAccessKey: {{name: {second}, key: b}}\n"
        )
    };
    for (second, tests) in [("*s", 1), ("auth", 2)] {
        let files = [
            ("base/kustomization.yaml", "resources: [db.yaml]\n"),
            ("base/db.yaml", &cluster(second)),
            ("staging/kustomization.yaml", "resources: [../base]\n"),
            ("production/kustomization.yaml", "resources: [../base]\n"),
        ];
        let plan = bump(&files, "staging", "auth").unwrap();
        let text = after(&plan, "staging/kustomization.yaml");
        assert_eq!(text.matches("op: test").count(), tests, "{text}");
        assert_eq!(text.matches("op: replace").count(), 2, "{text}");
    }
}

#[test]
fn a_root_of_no_environment_keeps_what_a_base_names_and_is_named() {
    let mut files = shop(OVERLAY);
    files.retain(|(path, _)| !path.starts_with("production"));
    files.push(("local/kustomization.yaml", "resources: [../base]\n"));
    let note = "`local` belongs to no environment and keeps `auth-20250101000000`, which `base` names for everything that includes it";
    let settings = "environments:\n  - {name: local, paths: [local], versioned: false}\n  - {name: staging, paths: [staging]}\n";
    for (repo, is_noted) in [(repo(&files), true), (configured(&files, settings), false)] {
        let plan = plan(&repo, &request("staging", "auth", None)).unwrap();
        assert_eq!(changed(&plan), ["staging/kustomization.yaml"]);
        assert_eq!(plan.notes.iter().any(|one| one == note), is_noted, "{:?}", plan.notes);
    }
}
