//! `--pull-request` against a program that answers in the place of `gh`: what would be done, and that nothing is.
//! What is really done is held against the real `gh` in the other test target.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use rotate::report::pulls::PullRequests;
use serde_json::{Value, json};

use crate::contracts::{holds, kept};
use crate::support::{Output, Sandbox};

const NOW: &str = "2025-07-25T11:00:00Z";
const BRANCH: &str = "rotate/production/auth-api-secrets";
/// Answers what `open.json` and `branch.json` beside it hold, and writes down what it was asked.
const GH: &str = r#"#!/bin/sh
here="$(dirname "$0")"
echo "$*" >> "$here/asked"
case "$*" in
  *--method*) echo "nothing may be written" >&2; exit 1 ;;
  *state=open*) cat "$here/open.json" ;;
  *) cat "$here/branch.json" ;;
esac
"#;

pub(crate) struct Hub {
    pub(crate) sandbox: Sandbox,
    programs: PathBuf,
    _keeps: tempfile::TempDir,
}

impl Hub {
    /// An example in which staging has soaked, as a clone of a bare repository beside it.
    fn new() -> Self {
        let sandbox = Sandbox::example("shop-overlays");
        sandbox.commit_all();
        Self::of(sandbox)
    }

    /// A repository as a clone of a bare one beside it.
    pub(crate) fn of(sandbox: Sandbox) -> Self {
        let keeps = tempfile::tempdir().unwrap();
        let (bare, programs) = (keeps.path().join("bare"), keeps.path().join("programs"));
        fs::create_dir(&programs).unwrap();
        fs::write(programs.join("gh"), GH).unwrap();
        fs::set_permissions(programs.join("gh"), fs::Permissions::from_mode(0o755)).unwrap();
        let bare = bare.to_str().unwrap();
        let _ = sandbox.git_at(NOW, &["clone", "--quiet", "--bare", ".", bare]);
        let _ = sandbox.git_at(NOW, &["remote", "add", "origin", bare]);
        let hub = Self { sandbox, programs, _keeps: keeps };
        hub.answers("open", &json!([]));
        hub.answers("branch", &json!([]));
        hub
    }

    pub(crate) fn answers(&self, to: &str, with: &Value) {
        fs::write(self.programs.join(format!("{to}.json")), with.to_string()).unwrap();
    }

    pub(crate) fn rotate(&self, arguments: &[&str]) -> Output {
        let mut command = self.sandbox.command(arguments);
        command.args(["--at", NOW]);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::split_paths(&path);
        let path = std::env::join_paths([self.programs.clone()].into_iter().chain(path)).unwrap();
        self.sandbox.finish(command.env("PATH", path))
    }

    fn promote(&self) -> Value {
        let arguments = ["promote", "--pull-request", "--dry-run", "--format", "json"];
        let output = self.rotate(&arguments).success();
        holds(&kept::<PullRequests>("pull-requests.json"), &output)["pullRequests"].clone()
    }

    fn branches(&self) -> String {
        let mut git = Command::new("git");
        git.current_dir(self.sandbox.root()).args(["ls-remote", "origin"]);
        self.sandbox.finish(&mut git).success().stdout
    }
}

pub(crate) fn pull(branch: &str, repository: &str, marker: &Value) -> Value {
    in_state("open", "main", branch, repository, marker)
}

fn in_state(state: &str, base: &str, branch: &str, repository: &str, marker: &Value) -> Value {
    let side = |name: &str, of: &str| json!({ "ref": name, "sha": "0".repeat(40), "repo": { "full_name": of } });
    json!({
        "number": 7, "html_url": "https://github.example/7", "title": "Old", "merged_at": null, "state": state,
        "body": format!("<!-- rotate -->\nText\n\n<!-- rotate: {marker} -->\n"),
        "head": side(branch, repository), "base": side(base, "o/r"),
    })
}

fn marker(version: &str) -> Value {
    json!({ "kind": "promote", "environment": "production", "family": "auth-api-secrets", "version": version })
}

fn actions(pulls: &Value) -> Vec<(Option<u64>, &str)> {
    let all = pulls.as_array().unwrap().iter();
    all.map(|pull| (pull["number"].as_u64(), pull["action"].as_str().unwrap())).collect()
}

#[test]
fn what_is_due_would_be_opened_and_nothing_is_touched() {
    let hub = Hub::new();
    let (files, branches) = (hub.sandbox.files(), hub.branches());
    let pulls = hub.promote();
    assert_eq!(actions(&pulls), [(None, "opened")]);
    assert_eq!(
        (&pulls[0]["branch"], &pulls[0]["version"]),
        (&BRANCH.into(), &"20250723110000".into())
    );
    let said = hub.rotate(&["promote", "--pull-request", "--dry-run"]).success().stdout;
    let line = format!("production: auth-api-secrets 20250723110000: would be opened {BRANCH}\n");
    assert_eq!(said, line);
    assert_eq!((hub.sandbox.files(), hub.branches()), (files, branches));
}

#[test]
fn the_base_branch_counts_and_not_what_is_checked_out() {
    let hub = Hub::new();
    for (name, bytes) in hub.sandbox.files() {
        let text = String::from_utf8_lossy(&bytes).replace("20250723110000", "20250101000000");
        hub.sandbox.write(&name, &text);
    }
    assert_eq!(actions(&hub.promote()), [(None, "opened")]);
}

#[test]
fn what_is_open_is_updated_superseded_or_closed() {
    let hub = Hub::new();
    hub.answers("open", &json!([pull(BRANCH, "o/r", &marker("20250723110000"))]));
    assert_eq!(actions(&hub.promote()), [(Some(7), "updated")]);
    hub.answers("open", &json!([pull(BRANCH, "o/r", &marker("20250701110000"))]));
    assert_eq!(actions(&hub.promote()), [(Some(7), "superseded"), (None, "opened")]);
    let mut other = marker("20250723110000");
    other["family"] = "gone".into();
    hub.answers("open", &json!([pull("rotate/production/gone", "o/r", &other)]));
    let pulls = hub.promote();
    assert_eq!(actions(&pulls), [(Some(7), "closed"), (None, "opened")]);
    assert_eq!(pulls[0]["reason"], "nothing in production names gone any more");
}

#[test]
fn what_waits_for_quiet_monitors_stays_open_but_is_not_opened() {
    let hub = Hub::new();
    hub.sandbox.write("../alerts.json", "[]");
    let promote = || {
        let arguments = ["promote", "--pull-request", "--dry-run", "--format", "json"];
        let output = hub.rotate(&[&arguments[..], &["--monitors", "../alerts.json"]].concat());
        let output = output.success();
        holds(&kept::<PullRequests>("pull-requests.json"), &output)
    };
    assert_eq!(actions(&promote()["pullRequests"]), []);
    hub.answers("open", &json!([pull(BRANCH, "o/r", &marker("20250723110000"))]));
    assert_eq!(actions(&promote()["pullRequests"]), [(Some(7), "updated")]);
}

#[test]
fn what_is_of_others_is_left() {
    let hub = Hub::new();
    let fork = pull(BRANCH, "fork/r", &marker("20250701110000"));
    let elsewhere = pull("feature", "o/r", &marker("20250701110000"));
    hub.answers("open", &json!([fork, elsewhere]));
    assert_eq!(actions(&hub.promote()), [(None, "opened")]);
}

#[test]
fn what_a_person_closed_stays_closed() {
    let hub = Hub::new();
    let mut by_us = marker("20250723110000");
    by_us["closed"] = true.into();
    hub.answers("branch", &json!([in_state("closed", "main", BRANCH, "o/r", &by_us)]));
    assert_eq!(actions(&hub.promote()), [(None, "opened")]);
    let by_person = in_state("closed", "main", BRANCH, "o/r", &marker("20250723110000"));
    hub.answers("branch", &json!([by_person]));
    assert_eq!(actions(&hub.promote()), [(Some(7), "declined")]);
}

#[test]
fn what_gh_and_git_refuse_is_told() {
    let hub = Hub::new();
    let arguments = ["promote", "--pull-request", "--base", "nowhere", "--dry-run"];
    let _ = hub.rotate(&arguments).status(2).says(&["nowhere", "git ls-remote origin"]);
    fs::write(hub.programs.join("gh"), "#!/bin/sh\necho 'gh: Not Found (HTTP 404)' >&2\nexit 1\n")
        .unwrap();
    let arguments = ["promote", "--pull-request", "--dry-run"];
    let _ = hub.rotate(&arguments).status(2).says(&["HTTP 404", "GH_REPO=OWNER/NAME"]);
    fs::write(hub.programs.join("gh"), "#!/bin/sh\necho '{'\n").unwrap();
    let _ = hub.rotate(&arguments).status(2).says(&["GitHub's answer cannot be read"]);
    for also in ["--check", "--commit", "--allow-dirty"] {
        let _ = hub
            .rotate(&["promote", "--pull-request", also])
            .status(2)
            .says(&["cannot be used with"]);
    }
    let _ = hub
        .rotate(&["promote", "--pull-request", "--branch-prefix", "a b/"])
        .status(2)
        .says(&["no branch can have a name that begins with"]);
    let _ = hub.rotate(&["promote", "--draft"]).status(2).says(&["--pull-request"]);
}

#[test]
fn what_is_proposed_elsewhere_or_is_not_known_any_more_is_left() {
    let hub = Hub::new();
    let elsewhere = in_state("open", "release", BRANCH, "o/r", &marker("20250723110000"));
    hub.answers("branch", &json!([elsewhere]));
    let pulls = hub.promote();
    assert_eq!(actions(&pulls), [(Some(7), "left")]);
    assert!(pulls[0]["reason"].as_str().unwrap().contains("`release` by #7"), "{pulls}");
    let mut lost = pull(BRANCH, "o/r", &marker("20250723110000"));
    lost["body"] = "A text of mine".into();
    hub.answers("open", &json!([lost]));
    hub.answers("branch", &json!([lost]));
    let pulls = hub.promote();
    assert_eq!(actions(&pulls), [(Some(7), "left")]);
    assert!(
        pulls[0]["reason"].as_str().unwrap().contains("#7 has lost its identifying comment"),
        "{pulls}"
    );
}

#[test]
fn a_family_that_there_is_not_is_refused() {
    let sandbox = Sandbox::example("shop-overlays");
    sandbox.commit_all();
    let arguments = ["promote", "--family", "auth-api", "--dry-run"];
    let _ = sandbox.rotate(&arguments).status(2).says(&["`auth-api`", "did you mean"]);
}

#[test]
fn another_trees_pull_requests_are_not_ours() {
    let hub = Hub::new();
    let mut theirs = marker("20250701110000");
    theirs["tree"] = "clusters/eu".into();
    let branch = "rotate/clusters.eu+production/auth-api-secrets";
    hub.answers("open", &json!([pull(branch, "o/r", &theirs)]));
    assert_eq!(actions(&hub.promote()), [(None, "opened")]);
}

#[test]
fn what_cannot_be_read_closes_nothing() {
    let hub = Hub::new();
    let mut other = marker("20250723110000");
    other["family"] = "gone".into();
    hub.answers("open", &json!([pull("rotate/production/gone", "o/r", &other)]));
    hub.sandbox
        .write("apps/mailer/overlays/staging/kustomization.yaml", "resources: [nowhere.yaml]\n");
    let _ = hub.sandbox.git_at(NOW, &["commit", "--quiet", "--all", "--message", "Break it"]);
    let _ = hub.sandbox.git_at(NOW, &["push", "--quiet", "origin", "HEAD"]);
    let arguments = ["promote", "--pull-request", "--dry-run"];
    let output = hub
        .rotate(&arguments)
        .status(2)
        .says(&["does not build on origin/", "were left as they are"]);
    assert!(output.stdout.contains("production: gone 20250723110000: left #7"), "{output}");
}

/// What `--format github` leaves for the steps that follow, and `--report`.
#[test]
fn a_step_of_a_workflow_gets_its_outputs() {
    let hub = Hub::new();
    let files = ["output", "summary"].map(|name| hub.programs.join(name));
    let run = |arguments: &[&str]| {
        let mut command = hub.sandbox.command(arguments);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::split_paths(&path);
        let path = std::env::join_paths([hub.programs.clone()].into_iter().chain(path)).unwrap();
        command.args(["--at", NOW, "--format", "github", "--report", "../report/r.md"]);
        command.env("PATH", path).env("GITHUB_OUTPUT", &files[0]);
        command.env("GITHUB_STEP_SUMMARY", &files[1]);
        let output = hub.sandbox.finish(&mut command);
        let texts = files.clone().map(|file| fs::read_to_string(file).unwrap());
        files.iter().for_each(|file| fs::remove_file(file).unwrap());
        (output, texts)
    };
    let report = || fs::read_to_string(hub.sandbox.path("../report/r.md")).unwrap();
    let (output, [left, summary]) = run(&["promote", "--pull-request", "--dry-run"]);
    let notice = "::notice title=rotate%3A production::production: auth-api-secrets 20250723110000: would be opened";
    assert!(output.success().stdout.starts_with(notice));
    assert!(
        left.starts_with("changed=true\npull-requests=[{\"family\":\"auth-api-secrets\","),
        "{left}"
    );
    assert!(
        left.contains("\nreport=[ROOT]/../report/r.md\n") || left.contains("report/r.md\n"),
        "{left}"
    );
    assert!(summary.starts_with("### rotate promote\n\n| environment |"), "{summary}");
    assert!(report().contains("| production | `auth-api-secrets` | 20250723110000 |"));
    let (output, [left, summary]) = run(&["status"]);
    assert!(output.success().stdout.contains("auth-api-secrets"));
    assert!(left.starts_with("changed=false\npull-requests=[]\nreport="), "{left}");
    assert!(
        summary.starts_with("### rotate status\n")
            && report().starts_with("<!-- rotate report -->\n| family |")
    );
    let (output, [left, _]) = run(&["lint", "--fail-on", "never"]);
    drop(output.success());
    assert!(left.contains("\nfindings=0\n"), "{left}");
    assert!(serde_json::from_str::<Value>(&report()).unwrap()["runs"].is_array());
    let (output, [left, summary]) = run(&["bump", "staging", "auth-api-secrets", "--dry-run"]);
    drop(output.success());
    assert!(left.starts_with("changed=true\npull-requests=[]\n"), "{left}");
    assert!(summary.contains("### What changes") && report().contains("### Before merging"));
    let (output, [left, summary]) = run(&["bump", "nowhere", "--dry-run"]);
    let said = output.status(2).stdout;
    assert!(said.starts_with("::error title=rotate::") && said.contains("nowhere"), "{said}");
    assert_eq!(left, "changed=false\npull-requests=[]\n");
    assert!(summary.starts_with("### rotate could not run\n"), "{summary}");
    let (output, [left, summary]) = run(&["prune", "staging", "--dry-run"]);
    drop(output.success());
    assert!(
        left.starts_with("changed=") && summary.contains("### rotate prune"),
        "{left}{summary}"
    );
}

/// A listing of the store chooses what is proposed; where it has nothing new, nothing is.
#[test]
fn the_store_chooses_what_is_proposed() {
    let hub = Hub::new();
    let list = |label: &str| {
        let text = format!(
            "{{\"Versions\": [{{\"VersionId\": \"a\", \"VersionStages\": [\"{label}\"], \"CreatedDate\": 1}}], \"Name\": \"shop/staging/auth-api\"}}"
        );
        hub.sandbox.write("list.json", &text);
        let flags =
            ["--from-store", "list.json", "--pull-request", "--dry-run", "--format", "json"];
        let output = hub.rotate(&[&["bump", "staging", "auth-api-secrets"], &flags[..]].concat());
        let output = output.success();
        let kept = kept::<PullRequests>("pull-requests.json");
        (holds(&kept, &output)["pullRequests"].clone(), output.stderr)
    };
    let (proposed, _) = list("20250724080000");
    assert_eq!(proposed[0]["version"], "20250724080000");
    assert_eq!(proposed[0]["family"], "auth-api-secrets");
    let (proposed, said) = list("20250602090000");
    assert_eq!(proposed, json!([]));
    assert!(said.contains("auth-api-secrets has nothing new to take"), "{said}");
    let text = hub.sandbox.read("list.json").replace("staging", "production");
    hub.sandbox.write("list.json", &text);
    let flags = ["--from-store", "list.json", "--pull-request"];
    let _ = hub
        .rotate(&[&["bump", "staging", "auth-api-secrets"], &flags[..]].concat())
        .status(2)
        .says(&["it is a listing of `shop/production/auth-api`"]);
}
