//! `rotate lint --format github` in a real workflow, which `act` runs on this machine.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

const WORKFLOW: &str = "on: push
permissions: {}
jobs:
  lint:
    runs-on: ubuntu-latest
    permissions: { contents: read }
    steps:
      - uses: actions/checkout@v4
      - run: rotate lint --format github --at 2025-07-25T11:00:00Z
";

/// Runs the workflow on a copy of a tree: whether it succeeded, and what it said.
fn run(tree: &str) -> (bool, String) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("repo");
    fs::create_dir_all(root.join(".github/workflows")).unwrap();
    fs::write(root.join(".github/workflows/lint.yml"), WORKFLOW).unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut copy = Command::new("cp");
    assert!(
        copy.arg("-r").arg(fixtures.join(tree).join(".")).arg(&root).status().unwrap().success()
    );
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
        &[
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.com",
            "commit",
            "--quiet",
            "-m",
            "A state",
        ],
    ] {
        assert!(Command::new("git").current_dir(&root).args(arguments).status().unwrap().success());
    }
    let built = Path::new(env!("CARGO_BIN_EXE_rotate")).parent().unwrap().to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([built].into_iter().chain(env::split_paths(&path))).unwrap();
    let act = env::var_os("ACT").unwrap_or_else(|| "act".into());
    let output = Command::new(&act)
        .current_dir(&root)
        .args(["push", "-P", "ubuntu-latest=-self-hosted"])
        .env("PATH", path)
        .env("HOME", directory.path())
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "{} does not start: {error}\ninstall it, or set ACT to its file; `.ci/run` installs the pinned one",
                act.display()
            )
        });
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn findings_fail_the_job_and_are_annotated() {
    // The runner took the line for a command: it does not show it as output of the step.
    let command = "::error file=base/web.yaml,line=14,endLine=14,col=34,endColumn=53,title=rotate%3A dangling-reference::";
    let is_annotated =
        |said: &str| said.lines().any(|line| line.contains(command) && !line.contains("| ::"));
    let (mut success, mut said) = run("lint/dangling-reference/shared-base/in");
    // On a busy machine act may drop the last lines of a step that ends at once.
    for _ in 0..2 {
        if !is_annotated(&said) {
            (success, said) = run("lint/dangling-reference/shared-base/in");
        }
    }
    assert!(!success && is_annotated(&said), "{said}");
    assert!(said.contains("Summary - ### rotate lint: 1 error in 3 build roots"), "{said}");
    assert!(said.contains("| error | `dangling-reference` | `base/web.yaml:14` |"), "{said}");
}

#[test]
fn a_clean_tree_passes() {
    let (success, said) = run("trees/auth-api");
    assert!(success, "{said}");
    assert!(said.contains("rotate lint: no findings in"), "{said}");
}
