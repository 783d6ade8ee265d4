//! Versions that an environment left: they do not come back by themselves, however much of the history was read.

use std::process::Command;

use crate::support::{Output, Sandbox};

const V1: &str = "20250701000000";
const V2: &str = "20250702000000";
const V3: &str = "20250703000000";

fn web(name: &str, version: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n  template:\n    spec:\n      imagePullSecrets: \
         [{{ name: auth-{version} }}]\n"
    )
}

fn stub(environment: &str, version: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: auth-{version} }}\nspec:\n  secretStoreRef: \
         {{ kind: ClusterSecretStore, name: aws }}\n  target: {{ name: auth-{version}, immutable: true }}\n  dataFrom:\n    \
         - extract: {{ key: {environment}/auth, version: \"{version}\" }}\n"
    )
}

fn run(sandbox: &Sandbox, environment: &str, version: &str) {
    sandbox.write(&format!("{environment}/web.yaml"), &web("web", version));
    sandbox.write(&format!("{environment}/auth-{version}.yaml"), &stub(environment, version));
}

fn rotate(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.rotate(&[arguments, &["--at", "2025-07-20T00:00:00Z"]].concat())
}

/// Both environments went from the first version to the second, and production came back.
fn came_back() -> Sandbox {
    let sandbox = Sandbox::empty();
    run(&sandbox, "staging", V1);
    run(&sandbox, "production", V1);
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    run(&sandbox, "staging", V2);
    sandbox.commit_at("2025-07-02T10:00:00Z", "Bump staging\n");
    run(&sandbox, "production", V2);
    sandbox.commit_at("2025-07-04T10:00:00Z", "Bump production\n");
    sandbox
}

#[test]
fn each_environment_takes_what_the_one_before_runs_now() {
    let sandbox = Sandbox::empty();
    let settings = "environments:\n  - { name: dev, paths: [dev], soak: 1h }\n  - { name: staging, paths: [staging], soak: 1h }\n  \
                    - { name: production, paths: [production] }\n";
    sandbox.write("rotate.yaml", settings);
    run(&sandbox, "dev", V3);
    run(&sandbox, "staging", V2);
    run(&sandbox, "production", V1);
    sandbox.commit_at("2025-07-04T10:00:00Z", "Begin\n");
    let _ = rotate(&sandbox, &["promote"]).success();
    assert!(sandbox.read("staging/web.yaml").contains(V3));
    assert!(sandbox.read("production/web.yaml").contains(V2));
}

#[test]
fn a_return_is_known_when_staging_came_back_too() {
    let sandbox = came_back();
    run(&sandbox, "staging", V3);
    sandbox.commit_at("2025-07-05T10:00:00Z", "Bump staging again\n");
    run(&sandbox, "staging", V2);
    sandbox.commit_at("2025-07-06T10:00:00Z", "Revert it\n");
    run(&sandbox, "production", V1);
    sandbox.commit_at("2025-07-06T10:10:00Z", "Revert production\n");
    let waits = rotate(&sandbox, &["promote", "--check"]).status(0);
    let _ = waits.says(&["Nothing is due.", &format!("went back to {V1} on 2025-07-06 10:10 UTC")]);
}

#[test]
fn a_return_of_one_workload_is_not_undone() {
    let sandbox = came_back();
    sandbox.write("production/job.yaml", &web("job", V2));
    sandbox.commit_at("2025-07-05T10:00:00Z", "Add a worker\n");
    sandbox.write("production/job.yaml", &web("job", V1));
    sandbox.commit_at("2025-07-06T10:00:00Z", "Put the worker back\n");
    let _ =
        rotate(&sandbox, &["promote", "--check"]).status(0).says(&["Nothing is due.", "revert"]);
    // One that was never whole goes on.
    let sandbox = came_back();
    run(&sandbox, "staging", V3);
    run(&sandbox, "production", V3);
    sandbox.write("production/job.yaml", &web("job", V2));
    sandbox.commit_at("2025-07-06T10:00:00Z", "Take it in part\n");
    let _ = rotate(&sandbox, &["promote", "--check"]).status(1);
}

#[test]
fn all_with_a_lifted_hold_takes_no_other_family_that_came_back() {
    let sandbox = came_back();
    run(&sandbox, "production", V1);
    sandbox.commit_at("2025-07-06T10:00:00Z", "Revert production\n");
    let all = ["bump", "production", "--all", "--lift-hold", "--check"];
    let _ = rotate(&sandbox, &all).status(1).says(&["revert: production ran"]);
    let _ = rotate(&sandbox, &["bump", "production", "auth", "--dry-run"]).success();
}

#[test]
fn a_shallow_clone_takes_nothing_that_may_have_come_back() {
    let sandbox = came_back();
    run(&sandbox, "production", V1);
    sandbox.commit_at("2025-07-06T10:00:00Z", "Revert production\n");
    let shallow = Sandbox::empty();
    let from = format!("file://{}", sandbox.root().display());
    for depth in ["1", "2"] {
        let at = shallow.path(depth);
        let mut clone = Command::new("git");
        clone.args(["clone", "--quiet", "--depth", depth, &from]).arg(&at);
        assert!(clone.status().unwrap().success());
        let tree = at.display().to_string();
        let promote = rotate(&shallow, &["-C", &tree, "promote", "--check"]).status(0);
        let _ = promote.says(&["Nothing is due.", "production"]);
        let to = ["-C", &tree, "rollback", "production", "auth", "--to", V2];
        let _ = rotate(&shallow, &to).status(2).says(&["the clone is shallow"]);
    }
}

#[test]
fn a_commit_that_fails_still_says_what_is_left() {
    // Nobody said who commits.
    let sandbox = came_back();
    let failed = rotate(&sandbox, &["bump", "staging", "auth", "--commit"]).status(2);
    let failed =
        failed.says(&["the commit was not made", "into the store", "git commit --message"]);
    assert!(failed.stderr.contains("git add --all -- staging/auth-20250720000000.yaml"));
    let sandbox = came_back();
    run(&sandbox, "staging", V3);
    sandbox.commit_at("2025-07-10T10:00:00Z", "Bump staging again\n");
    let prune = ["prune", "staging", "--commit", "--at", "2025-09-20T00:00:00Z"];
    let failed = sandbox.rotate(&prune).status(2);
    let _ = failed.says(&["the commit was not made", "git commit --message", "kubectl get secret"]);
}
