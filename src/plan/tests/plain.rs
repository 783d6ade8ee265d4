//! Trees of plain manifests.

use crate::plan::MoveKind;
use crate::plan::bump::plan;
use crate::plan::refusal::PlanError;
use crate::plan::tests::{V2, after, bump, changed, repo, request, why};

const DEPLOYMENT: &str = "\
# the web server
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  annotations:
    secret.reloader.stakater.com/reload: \"tls, auth-20250101000000\"
spec:
  template:
    spec:
      containers:
        - name: web
          image: web:1
          args: [\"--secret=auth-20250101000000\"]
          envFrom:
            - secretRef: {name: 'auth-20250101000000'} # keep
";

const ROLE: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
  namespace: shop
rules:
  - apiGroups: [\"\"]
    resources: [secrets]
    resourceNames: [auth-20250101000000]
    verbs: [get]
";

#[test]
fn names_move_where_they_stand_and_nothing_else_does() {
    let files = [("staging/web.yaml", DEPLOYMENT), ("production/web.yaml", DEPLOYMENT)];
    let plan = bump(&files, "staging", "auth").unwrap();
    assert_eq!(changed(&plan), ["staging/web.yaml"]);
    assert_eq!(after(&plan, "staging/web.yaml"), DEPLOYMENT.replace("20250101000000", V2));
    assert_eq!(plan.moved.len(), 3);
    assert!(plan.moved.iter().all(|moved| moved.how == MoveKind::InPlace));
    assert_eq!(plan.from, ["auth-20250101000000"]);
    let last = plan.next.last().unwrap();
    assert_eq!(last.command.as_deref(), Some("rotate bump production auth"));
}

#[test]
fn a_plain_name_is_versioned_for_the_first_time() {
    let plain = DEPLOYMENT.replace("auth-20250101000000", "auth");
    let plan = bump(&[("staging/web.yaml", &plain)], "staging", "auth").unwrap();
    let text = after(&plan, "staging/web.yaml");
    assert!(text.contains(&format!("name: 'auth-{V2}'")), "{text}");
    assert!(text.contains(&format!("\"tls, auth-{V2}\"")), "{text}");
    let command = plan.next[0].command.as_deref().unwrap();
    let wanted = format!(
        "kubectl create secret generic auth-{V2} --namespace shop --from-env-file=/dev/stdin"
    );
    assert_eq!(command, wanted);
}

#[test]
fn roles_get_the_new_name_beside_the_old_one() {
    let files = [("staging/web.yaml", DEPLOYMENT), ("staging/role.yaml", ROLE)];
    let plan = bump(&files, "staging", "auth").unwrap();
    let wanted = format!("[auth-20250101000000, auth-{V2}]");
    assert_eq!(after(&plan, "staging/role.yaml"), ROLE.replace("[auth-20250101000000]", &wanted));
    assert!(plan.moved.iter().any(|moved| moved.how == MoveKind::Added));
}

#[test]
fn production_takes_over_what_staging_runs() {
    let next = DEPLOYMENT.replace("20250101000000", "20250501000000");
    let files = [("staging/web.yaml", next.as_str()), ("production/web.yaml", DEPLOYMENT)];
    let plan = bump(&files, "production", "auth").unwrap();
    assert_eq!(plan.to, "auth-20250501000000");
    assert_eq!(after(&plan, "production/web.yaml"), next);
    let mixed = next.replacen("20250501000000", "20250401000000", 1);
    let files = [("staging/web.yaml", mixed.as_str()), ("production/web.yaml", DEPLOYMENT)];
    let error = bump(&files, "production", "auth").unwrap_err();
    assert_eq!(error.reasons().len(), 3);
    assert!(!error.is_trouble());
}

#[test]
fn there_is_nothing_to_do_twice() {
    let repo = repo(&[("staging/web.yaml", DEPLOYMENT)]);
    let same = plan(&repo, &request("staging", "auth", Some("20250101000000"))).unwrap();
    assert!(same.is_empty());
    let old = plan(&repo, &request("staging", "auth", Some("20240101000000")));
    assert!(matches!(old, Err(PlanError::Version { .. })));
}

#[test]
fn jobs_stay_and_are_told() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\nspec:\n  template:\n    spec:\n      volumes:\n        - name: a\n          secret:\n            secretName: auth\n";
    let plain = DEPLOYMENT.replace("auth-20250101000000", "auth");
    let plan =
        bump(&[("staging/all.yaml", &format!("{plain}---\n{job}"))], "staging", "auth").unwrap();
    assert!(after(&plan, "staging/all.yaml").ends_with(job));
    assert_eq!(plan.left.len(), 1);
    assert!(plan.left[0].what.contains("migrate"));
    let alone = bump(&[("staging/job.yaml", job)], "staging", "auth").unwrap_err();
    assert!(matches!(alone, PlanError::Refused { .. }));
    let hook = job.replace(
        "  name: migrate\n",
        "  name: migrate\n  annotations:\n    argocd.argoproj.io/hook: PreSync\n",
    );
    let plan = bump(&[("staging/job.yaml", &hook)], "staging", "auth").unwrap();
    assert!(after(&plan, "staging/job.yaml").contains(&format!("auth-{V2}")));
}

#[test]
fn an_anchor_that_something_else_reads_stays() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: &n auth\nspec:\n  containers: []\n  volumes:\n    - name: a\n      secret: {secretName: *n}\n";
    let plan = bump(&[("staging/pod.yaml", text)], "staging", "auth").unwrap();
    assert_eq!(after(&plan, "staging/pod.yaml"), text.replace("*n", &format!("auth-{V2}")));
    assert!(plan.notes.iter().any(|note| note.contains("Pod `auth`")), "{:?}", plan.notes);
}

#[test]
fn what_is_not_known_is_named_with_what_is_near() {
    let files = [("staging/web.yaml", DEPLOYMENT)];
    let error = bump(&files, "staging", "auht").unwrap_err();
    assert!(error.to_string().contains("did you mean `auth`?"), "{error}");
    assert!(error.is_trouble());
    let error = bump(&files, "stagng", "auth").unwrap_err();
    assert!(error.to_string().contains("did you mean `staging`?"), "{error}");
}

#[test]
fn encrypted_files_are_refused() {
    let sops = "\nsops:\n  mac: ENC[x]\n  lastmodified: \"2025-01-01T00:00:00Z\"\n";
    let error = bump(&[("staging/web.yaml", &format!("{DEPLOYMENT}{sops}"))], "staging", "auth")
        .unwrap_err();
    assert!(why(&error).contains("encrypted"), "{error:?}");
    assert!(error.reasons().iter().all(|one| !one.hint.is_empty() && one.place.is_some()));
}
