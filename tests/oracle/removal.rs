//! A removal takes stubs out of one environment, and nothing else out of anything: kubectl is the judge.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::kubectl::{Rendered, render};
use crate::objects::Object;

const OLD: &str = "20250602090000";
const ROTATIONS: [(&str, &str); 2] =
    [("20250723110000", "2025-07-23"), ("20250823110000", "2025-08-23")];
const LATE: &str = "2025-11-01T00:00:00Z";

fn run(program: &str, at: &Path, arguments: &[&str], date: &str) {
    let mut command = Command::new(program);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "a").env(format!("GIT_{who}_EMAIL"), "a@localhost");
        command.env(format!("GIT_{who}_DATE"), format!("{date}T12:00:00Z"));
    }
    let output = command.current_dir(at).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {}: {said}", arguments.join(" "));
}

fn commit(at: &Path, date: &str) {
    run("git", at, &["add", "--all"], date);
    run("git", at, &["commit", "--quiet", "--no-gpg-sign", "--message", "A step"], date);
}

fn rotate(at: &Path, arguments: &[&str]) {
    run(env!("CARGO_BIN_EXE_rotate"), at, arguments, "2025-01-01");
}

fn overlays(at: &Path) -> Vec<(String, Vec<Object>)> {
    ["development", "staging", "production"]
        .map(|name| match render(&at.join("overlays").join(name)) {
            Rendered::Refused(why) => panic!("{name}: {why}"),
            rendered @ Rendered::Text(_) => (name.to_owned(), rendered.objects().unwrap()),
        })
        .into()
}

#[test]
fn only_the_unused_stub_goes() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    copy(&crate::tree::example("auth-api"), at);
    run("git", at, &["init", "--quiet"], "2025-06-02");
    commit(at, "2025-06-02");
    for (version, date) in ROTATIONS {
        for environment in ["staging", "production"] {
            let now = format!("{date}T11:00:00Z");
            let bump = ["bump", environment, "--version", version, "--at", &now];
            let early = ["--override", "soak", "--reason", "a test"];
            let early = if environment == "production" { &early[..] } else { &[] };
            rotate(at, &[&bump[..], early].concat());
            commit(at, date);
        }
    }
    let before = overlays(at);
    rotate(at, &["prune", "production", "--at", LATE]);
    let after = overlays(at);
    for ((name, old), (_, new)) in before.iter().zip(&after) {
        let gone: Vec<&Object> = old.iter().filter(|object| !new.contains(object)).collect();
        assert!(new.iter().all(|object| old.contains(object)), "{name} has something new");
        let names: Vec<String> = gone.iter().map(|object| format!("{object:?}")).collect();
        if name == "production" {
            assert_eq!(names.len(), 1, "{names:?}");
            assert!(names[0].contains("ExternalSecret") && names[0].contains(OLD), "{names:?}");
        } else {
            assert!(names.is_empty(), "{name}: {names:?}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
