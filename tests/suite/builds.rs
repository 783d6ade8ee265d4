//! Small kustomizations, each about one rule of kustomize's. What is expected of them was held against `kubectl kustomize`,
//! which the tests with real tools do again.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use serde_json::Value as Json;

use crate::support::all_files;

const BUILDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/builds");

/// `SNAPSHOTS=overwrite` renews what is expected.
#[test]
fn are_resolved_as_kubectl_does() {
    let made = report();
    let kept = format!("{BUILDS}/expected.txt");
    if std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite") {
        fs::write(&kept, &made).unwrap();
    }
    let kept = fs::read_to_string(kept).unwrap();
    assert_eq!(kept, made, "SNAPSHOTS=overwrite renews it");
}

/// Every build with its objects, and with the secrets that they name.
fn report() -> String {
    let files = all_files(BUILDS.as_ref());
    let directories = files.iter().filter_map(|(file, _)| file.strip_suffix("/kustomization.yaml"));
    let directories: Vec<&str> = directories.collect();
    assert!(directories.len() > 30, "{directories:?}");
    let output = Command::new(env!("CARGO_BIN_EXE_rotate"))
        .args(["-C", BUILDS, "refs", "--format", "json", "--resources"])
        .args(directories)
        .output()
        .unwrap();
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    let mut text = String::new();
    for root in report["roots"].as_array().unwrap() {
        let word = |node: &Json| node.as_str().unwrap_or_default().to_owned();
        let object = |one: &Json| format!("{} {}", word(&one["kind"]), word(&one["name"]));
        let _ = writeln!(text, "{}: {}", word(&root["path"]), word(&root["status"]));
        for problem in root["problems"].as_array().unwrap() {
            let _ = writeln!(text, "  ! {}", word(&problem["message"]));
        }
        for one in root["resources"].as_array().unwrap() {
            let _ = writeln!(text, "  {}", object(one));
        }
        for one in root["references"].as_array().unwrap() {
            let _ = writeln!(text, "  {} -> {}", object(one), word(&one["secret"]));
        }
    }
    text
}
