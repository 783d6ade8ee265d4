//! Clones that have only part of a repository: what is not there is said, never guessed.

use std::path::PathBuf;
use std::process::Command;

use crate::support::{Output, Sandbox};

const OLD: &str = "20250701000000";
const NEW: &str = "20250702000000";

fn manifest(kind: &str, environment: &str, version: &str) -> String {
    match kind {
        "web" => format!(
            "# {environment}\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web }}\nspec:\n  template:\n    spec:\n      \
             imagePullSecrets: [{{ name: auth-{version} }}]\n"
        ),
        _ => format!(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: auth-{version} }}\nspec:\n  secretStoreRef: \
             {{ kind: ClusterSecretStore, name: aws }}\n  target: {{ name: auth-{version}, immutable: true }}\n  dataFrom:\n    \
             - extract: {{ key: {environment}/auth, version: \"{version}\" }}\n"
        ),
    }
}

fn run(sandbox: &Sandbox, environment: &str, version: &str) {
    let web = manifest("web", environment, version);
    sandbox.write(&format!("{environment}/web.yaml"), &web);
    let stub = manifest("stub", environment, version);
    sandbox.write(&format!("{environment}/auth-{version}.yaml"), &stub);
}

/// A repository whose staging runs the new version.
fn origin() -> Sandbox {
    let sandbox = Sandbox::empty();
    run(&sandbox, "staging", OLD);
    run(&sandbox, "production", OLD);
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    run(&sandbox, "staging", NEW);
    sandbox.commit_at("2025-07-02T10:00:00Z", "Bump\n");
    sandbox.git_at("2025-07-02T10:00:00Z", &["config", "uploadpack.allowFilter", "true"]);
    sandbox.git_at("2025-07-02T10:00:00Z", &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    sandbox
}

fn git(arguments: &[&str]) {
    let output = Command::new("git").args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

fn clone(origin: &Sandbox, into: &Sandbox, option: &str) -> PathBuf {
    let at = into.path("clone");
    let url = format!("file://{}", origin.root().display());
    git(&["clone", "--quiet", option, &url, at.to_str().unwrap()]);
    at
}

fn rotate(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.rotate(&[&["-C", "clone"], arguments, &["--at", "2025-07-20T00:00:00Z"]].concat())
}

#[test]
fn a_clone_without_old_files_has_no_history() {
    let (origin, sandbox) = (origin(), Sandbox::empty());
    let at = clone(&origin, &sandbox, "--filter=blob:none");
    for command in [&["status"][..], &["promote", "--check"], &["history", "auth"]] {
        let refused = rotate(&sandbox, command).status(2);
        let _ =
            refused.says(&["lacks files of earlier commits", "`git fetch --refetch --no-filter`"]);
    }
    // No gate asks for the past of the first environment.
    let _ = rotate(&sandbox, &["bump", "staging", "auth", "--dry-run"]).success();
    let nowhere = ["bump", "staging", "auth", "--dry-run", "--mainline", "nowhere"];
    let _ = rotate(&sandbox, &nowhere).status(2).says(&["unknown branch or commit `nowhere`"]);
    git(&["-C", at.to_str().unwrap(), "fetch", "--quiet", "--refetch", "--no-filter"]);
    let _ = rotate(&sandbox, &["status"]).success();
}

#[test]
fn a_sparse_checkout_is_not_written_to() {
    let (origin, sandbox) = (origin(), Sandbox::empty());
    let at = clone(&origin, &sandbox, "--no-hardlinks");
    let at = at.to_str().unwrap();
    git(&["-C", at, "sparse-checkout", "set", "--no-cone", "/staging"]);
    let refused = rotate(&sandbox, &["bump", "staging"]).status(2);
    let _ = refused
        .says(&["the sparse checkout leaves out `production/", "`git sparse-checkout disable`"]);
    let _ = rotate(&sandbox, &["bump", "staging", "--dry-run"]).success().says(&["leaves out"]);
    git(&["-C", at, "sparse-checkout", "disable"]);
    let _ = rotate(&sandbox, &["bump", "staging"]).success();
}

#[test]
fn settings_of_a_tree_below_are_not_ignored_in_silence() {
    let sandbox = Sandbox::empty();
    run(&sandbox, "apps/staging", OLD);
    sandbox.write("apps/rotate.yaml", "environments:\n  - { name: staging, paths: [staging] }\n");
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    let told = sandbox.rotate(&["status"]).success();
    let _ = told.says(&["`apps/rotate.yaml` is ignored here"]);
    let _ = sandbox.rotate(&["-C", "apps", "status"]).success();
}
