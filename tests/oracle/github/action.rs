//! The Action as a job runs it: installed from a release, with the workflows that the README shows.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::act::released;
use super::place::{FIRST, FRESH, SOAKED};
use super::requests::is_right;
use super::run::World;

const PAGE: &str = "docs/action.md";

/// The workflow of a page that has a command, as it stands there.
fn shown(page: &str, command: &str) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let blocks = text.split("```yaml\n").skip(1);
    let blocks = blocks.filter_map(|rest| Some(rest.split_once("```")?.0));
    let line = format!("command: {command}");
    let found: Vec<&str> =
        blocks.filter(|text| text.contains("jobs:") && text.contains(&line)).collect();
    assert_eq!(found.len(), 1, "workflows in {page} with `{line}`");
    found[0].to_owned()
}

/// A workflow that uses the Action once for each of these inputs.
fn workflow(steps: &[&str]) -> String {
    let mut text = "on: push
permissions: {}
jobs:
  rotate:
    runs-on: ubuntu-latest
    permissions: { contents: write, pull-requests: write }
    steps:
      - uses: actions/checkout@v4
        with: { fetch-depth: 0, persist-credentials: false }
"
    .to_owned();
    for inputs in steps {
        text += "      - uses: example/rotate@v0.1.0\n        with:\n";
        text.extend(inputs.lines().map(|line| format!("          {line}\n")));
    }
    text
}

#[test]
fn the_readmes_promotion_opens_one_pull_request() {
    let world = World::new();
    world.release();
    let promotion = shown("README.md", "promote");
    let job = world.act("push", &promotion).success();
    let open = world.hub.open();
    assert_eq!(open.len(), 1, "{}", job.said);
    is_right(&world.place, &open[0]);
    assert_eq!(job.output("changed"), "true");
    let pulls: Value = serde_json::from_str(&job.output("pull-requests")).unwrap();
    assert_eq!((&pulls[0]["action"], &pulls[0]["number"]), (&"opened".into(), &1.into()));
    // The summary says what waits, and until when.
    let over = world.place.ago(2 - 24).format("%Y-%m-%d %H:%M UTC").to_string();
    let job = job.says(&["Summary - ", "billing", &over]);
    assert!(job.output("report").ends_with(".md"), "{}", job.said);

    // The text of a pull request goes with the day, so a run after midnight renews it.
    let day = || chrono::Utc::now().date_naive();
    let mut began = day();
    let _ = world.hub.asked();
    let before = world.place.branches();
    let mut job = world.act("schedule", &promotion).success();
    if day() != began {
        began = day();
        let _ = world.hub.asked();
        job = world.act("schedule", &promotion).success();
    }
    let writes = world.hub.writes();
    assert!(writes.is_empty() && day() == began, "{writes:?}");
    assert_eq!(world.place.branches(), before);
    assert_eq!(job.output("changed"), "false");
}

#[test]
fn the_readmes_lint_fails_the_job_and_annotates() {
    let world = World::new();
    world.release();
    let lint = shown("README.md", "lint");
    let _ = world.act("push", &lint).success();
    let uploaded = || -> Value {
        let file = fs::read(world.place.path("uploaded")).unwrap();
        serde_json::from_slice(&file).unwrap()
    };
    assert_eq!(uploaded()["runs"][0]["results"].as_array().map(Vec::len), Some(0));

    let file = "production/auth.yaml";
    let text = world.place.read(file).replace("auth-20250602090000", "auth-20250602090001");
    world.place.write(file, &text);
    world.place.commit(0, "Make a mistake");
    world.place.push();
    let job = world.act("push", &lint).fails();
    // The runner took the line for a command: it does not show it as output of the step.
    let command = "::error file=production/auth.yaml,line=";
    let annotated = job.said.lines().any(|line| line.contains(command) && !line.contains("| ::"));
    assert!(annotated, "{}", job.said);
    let job = job.says(&["Summary - ### rotate lint: "]);
    let findings: usize = job.output("findings").parse().unwrap();
    assert!(findings > 0 && job.output("report").ends_with(".sarif"), "{}", job.said);
    let log = uploaded();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), findings);
    assert_eq!(log["version"], "2.1.0");
    assert!(results.iter().any(|one| one["ruleId"] == "dangling-reference"), "{log}");
    assert!(world.hub.asked().is_empty(), "lint needs no GitHub");
}

/// A push may be of several commits or the first one, so that the one before its last is nothing to compare with.
#[test]
fn the_readmes_lint_compares_pull_requests_only() {
    let world = World::new();
    world.release();
    let lint = shown("README.md", "lint");
    let _ = world.act("push", &lint).success();
    let file = format!("production/externalsecret-auth-{FIRST}.yaml");
    let text = world.place.read(&file);
    let changed = text.replace("key: production/auth", "key: production/other");
    assert_ne!(text, changed);
    world.place.write(&file, &changed);
    world.place.commit(0, "Change what a version reads");
    let job = world.act("push", &lint).success();
    assert_eq!(job.output("findings"), "0");
    let _ = world.act("pull_request", &lint).fails().says(&["changed-in-place"]);
}

#[test]
fn every_input_of_a_promotion_arrives() {
    let world = World::new();
    world.release();
    world.place.succeeds(world.place.git(&["push", "--quiet", "origin", "main:release"]));
    let inputs = "command: promote
environment: production
secrets: |
  auth
working-directory: .
base: release
branch-prefix: keys/
labels: secrets, rotation
reviewers: |
  kim
  example/platform
draft: true
dry-run: true";
    let job = world.act("push", &workflow(&[inputs])).success();
    assert_eq!(job.output("changed"), "true");
    assert!(world.hub.writes().is_empty() && world.place.branch_names() == ["main", "release"]);

    let inputs = workflow(&[&inputs.replace("dry-run: true", "dry-run: false")]);
    let _ = world.act("push", &inputs).success();
    let open = world.hub.open();
    assert_eq!(open.len(), 1);
    let pull = &open[0];
    assert_eq!((&*pull.head, &*pull.base, pull.draft), ("keys/production/auth", "release", true));
    assert_eq!(pull.labels, ["secrets", "rotation"]);
    assert_eq!((&*pull.reviewers[0], &*pull.teams[0]), ("kim", "platform"));
}

#[test]
fn the_pages_bump_keeps_its_versions_while_they_are_open() {
    let world = World::new();
    world.release();
    let bump = shown(PAGE, "bump");
    let _ = world.act("schedule", &bump).success();
    let heads =
        || -> Vec<String> { world.hub.open().iter().map(|pull| pull.head.clone()).collect() };
    let expected = [SOAKED, FRESH].map(|family| format!("rotate/bump/staging/{family}"));
    assert_eq!(heads(), expected);
    let before = world.place.branches();
    let _ = world.act("schedule", &bump).success();
    assert_eq!((heads(), world.place.branches()), (expected.to_vec(), before));
}

#[test]
fn the_pages_prune_and_status_run() {
    let world = World::new();
    world.release();
    let job = world.act("schedule", &shown(PAGE, "prune")).success();
    let (pulls, changed) = (job.output("pull-requests"), job.output("changed"));
    assert_eq!((&*pulls, &*changed), ("[]", "false"));
    for environment in ["staging", "production"] {
        assert!(job.said.contains(&format!("clear away in {environment}")), "{}", job.said);
    }
    let job = world.act("schedule", &shown(PAGE, "status")).success();
    let job = job.says(&["Summary - ### rotate status", "billing", "production"]);
    assert!(job.output("report").ends_with(".md"), "{}", job.said);
}

#[test]
fn each_step_of_a_job_keeps_its_report() {
    let world = World::new();
    world.release();
    let job = world.act("push", &workflow(&["command: status", "command: lint"])).success();
    let reports = job.said.lines().filter_map(|line| line.split_once("::set-output:: report="));
    // Both the script inside and the Action around it set each output.
    let mut reports: Vec<&str> = reports.map(|(_, path)| path.trim()).collect();
    reports.dedup();
    let parts: Vec<_> = reports.iter().map(|path| path.rsplit_once('/').unwrap()).collect();
    let names: Vec<&str> = parts.iter().map(|(_, name)| *name).collect();
    assert_eq!(names, ["report.md", "report.sarif"]);
    assert_ne!(parts[0].0, parts[1].0);
}

#[test]
fn a_program_with_another_checksum_never_runs() {
    let world = World::new();
    for (name, bytes) in released() {
        let mut bytes = bytes.clone();
        if !name.ends_with(".sha256") {
            let end = bytes.len() - 1;
            bytes[end] ^= 1;
        }
        world.hub.serve(&format!("/releases/v{}/{name}", env!("CARGO_PKG_VERSION")), bytes);
    }
    let job = world.act("push", &shown("README.md", "promote")).fails();
    let job = job.says(&["is not what its checksum says"]);
    assert!(!job.said.contains(&format!("rotate {}", env!("CARGO_PKG_VERSION"))), "{}", job.said);
    assert!(world.hub.asked().is_empty() && world.place.branch_names() == ["main"]);
}

/// The archive is all that a job saves, and what it restores is checked again.
#[test]
fn a_cached_archive_that_was_tampered_with_is_fetched_anew() {
    let world = World::new();
    world.release();
    let lint = shown("README.md", "lint");
    let _ = world.act("push", &lint).success();
    let entries = |directory: &Path| -> Vec<PathBuf> {
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let saved = entries(&world.cache());
    assert_eq!(saved.len(), 1, "{saved:?}");
    let files = entries(&saved[0]);
    assert_eq!(files.len(), 1, "{files:?}");
    let name = files[0].file_name().unwrap().to_str().unwrap();
    assert_eq!(fs::read(&files[0]).unwrap(), released()[name]);
    let checksum = String::from_utf8_lossy(&released()[&format!("{name}.sha256")]).into_owned();
    assert!(saved[0].to_str().unwrap().ends_with(checksum.split(' ').next().unwrap()));

    let job = world.act("push", &lint).success();
    assert!(!job.said.contains("thrown away"), "{}", job.said);

    fs::write(&files[0], "tampered").unwrap();
    let job =
        world.act("push", &lint).success().says(&["it was thrown away", "gh cache delete rotate-"]);
    assert_eq!(job.output("findings"), "0");
}

#[test]
fn the_action_works_inside_of_another_one() {
    let world = World::new();
    world.release();
    world.nest();
    let step = workflow(&[])
        + "      - uses: ./.github/actions/nesting\n        with: { command: promote }\n";
    let job = world.act("push", &step).success();
    assert_eq!(world.hub.open().len(), 1, "{}", job.said);
    assert_eq!(job.output("changed"), "true");
}

/// What the job has in mind for a `gh` of its own.
#[test]
fn pull_requests_go_to_the_repository_of_the_workflow() {
    let world = World::new();
    world.release();
    let inputs = "command: promote\n";
    let elsewhere = "permissions: {}\nenv: { GH_HOST: nowhere.example, GH_REPO: else/where, GH_CONFIG_DIR: /nowhere }\n";
    let step = workflow(&[inputs]).replace("permissions: {}\n", elsewhere);
    let job = world.act("push", &step).success();
    let open = world.hub.open();
    assert_eq!(open.len(), 1, "{}", job.said);
    is_right(&world.place, &open[0]);
}

#[test]
fn what_an_input_holds_is_never_run() {
    let world = World::new();
    world.release();
    let trap = world.place.path("trapped");
    let trap = trap.display();
    let value =
        format!(">-\n  $(touch {trap})`touch {trap}`'; touch {trap}; '\"; touch {trap}; \"");
    for (inputs, refused) in [
        (format!("command: {value}"), "not lint, status, promote, bump or prune"),
        (format!("command: lint\nversion: {value}"), "the input `version` is no version"),
        (format!("command: lint\nconfig: {value}\nbase: {value}"), "touch"),
        (format!("command: lint\nworking-directory: {value}"), "touch"),
        (
            format!(
                "command: promote\nenvironment: {value}\nlabels: {value}\nreviewers: {value}\nsecrets: {value}"
            ),
            "touch",
        ),
        (format!("command: promote\nbranch-prefix: {value}\nbase: {value}"), "touch"),
    ] {
        let job = world.act("push", &workflow(&[&inputs])).fails().says(&[refused]);
        assert!(!world.place.path("trapped").exists(), "{}", job.said);
        // The program, or the script before it, said no; nothing before them did.
        assert!(job.said.contains("Failure - Main "), "{}", job.said);
    }
    assert!(world.hub.writes().is_empty() && world.place.branch_names() == ["main"]);
}

#[test]
fn the_token_of_an_app_opens_it() {
    let world = World::new();
    world.release();
    let workflow = shown(PAGE, "promote");
    let job = world.act_with("a-token-that-may-nothing", "schedule", &workflow).success();
    let open = world.hub.open();
    assert_eq!(open.len(), 1, "{}", job.said);
    is_right(&world.place, &open[0]);
    assert_eq!((&*open[0].labels[0], &*open[0].teams[0]), ("rotation", "platform"));
}

#[test]
fn an_input_that_the_command_does_not_use_is_refused() {
    let world = World::new();
    world.release();
    let inputs = format!("command: lint\nsecrets: {SOAKED}");
    let job = world.act("push", &workflow(&[&inputs])).fails();
    let _ = job.says(&["`lint` does not use the input `secrets`"]);
    assert!(world.hub.asked().is_empty());
}
