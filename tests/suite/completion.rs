//! Completion as a shell asks for it: the program prints what fits, and nothing else ever.

use std::fs;
use std::path::MAIN_SEPARATOR;

use crate::support::Sandbox;

/// What fits in place of the last word, flags left out.
#[track_caller]
fn offered(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let mut arguments = vec!["--", "rotate"];
    arguments.extend(words);
    let mut command = sandbox.command(&arguments);
    command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    // Nothing else may run.
    command.env("PATH", "");
    let output = sandbox.finish(&mut command).success();
    assert_eq!(output.stderr, "");
    let all = output.stdout.lines().filter(|word| !word.starts_with('-'));
    all.map(str::to_owned).collect()
}

fn git_files(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path(".git")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn environments_families_and_rules_of_the_tree_are_offered() {
    let sandbox = Sandbox::example("shop-overlays");
    sandbox.commit_all();
    let (files, git) = (sandbox.files(), git_files(&sandbox));
    let offered = |words: &[&str]| offered(&sandbox, words);
    assert_eq!(offered(&["bump", ""]), ["development", "staging", "production"]);
    assert_eq!(offered(&["prune", "s"]), ["staging"]);
    assert_eq!(offered(&["status", "--environment", "staging,p"]), ["staging,production"]);
    assert_eq!(
        offered(&["bump", "staging", "checkout-"]),
        ["checkout-db-credentials", "checkout-tls"]
    );
    assert_eq!(offered(&["bump", "staging", "checkout-tls", "mail"]), ["mailer-smtp"]);
    assert_eq!(offered(&["history", "mail"]), ["mailer-smtp"]);
    assert_eq!(offered(&["explain", "stale-"]), ["stale-annotation", "stale-reference"]);
    assert_eq!(offered(&["lint", "--rule", "missing"]), ["missing-key", "missing-monitor"]);
    assert_eq!(offered(&["lint", "--environment", "s"]), ["staging"]);
    let families = ["lint", "--environment", "staging", "--family", "mail"];
    assert_eq!(offered(&families), ["mailer-smtp"]);
    assert_eq!(offered(&["lint", "ap"]), [format!("apps{MAIN_SEPARATOR}")]);
    let apps = format!("apps{MAIN_SEPARATOR}");
    let stored = ["bump", "staging", "checkout-tls", "--from-store"];
    assert_eq!(offered(&[&stored[..], &["a"]].concat()), ["aws", "az", &apps]);
    assert_eq!(offered(&[&stored[..], &["shop/db=a"]].concat()), [format!("shop/db={apps}")]);
    let ticked = ["checklist", "staging", "checkout-tls", "--from-store"];
    assert_eq!(offered(&[&ticked[..], &["a"]].concat()), ["aws", "az", &apps]);
    assert_eq!(offered(&["prune", "staging", "--from-store", "a"]), ["aws", "az", &apps]);
    assert_eq!(offered(&["lint", "--from-store", "a"]), [&*apps]);
    assert_eq!(offered(&["monitor", "staging", "mail"]), ["mailer-smtp"]);
    let pairs = Sandbox::example("blue-green");
    let of_pair = |words: &[&str]| self::offered(&pairs, words);
    assert_eq!(of_pair(&["shift", "production", ""]), ["box-office"]);
    let to = ["shift", "production", "box-office", "--to", ""];
    assert_eq!(of_pair(&to), ["blue", "green"]);
    let kinds = ["monitor", "staging", "mailer-smtp", "--as", ""];
    assert_eq!(offered(&kinds), ["prometheus", "datadog", "analysis"]);
    assert_eq!(offered(&["promote", "--monitors", "staging=a"]), [format!("staging={apps}")]);
    assert_eq!(offered(&["roll"]), ["rollback"]);
    assert_eq!((sandbox.files(), git_files(&sandbox)), (files, git));
}

#[test]
fn only_families_of_the_environment_are_offered() {
    let sandbox = Sandbox::empty();
    let secret = |name: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\n");
    sandbox.write("staging/a.yaml", &secret("first-20250602090000"));
    sandbox.write("production/b.yaml", &secret("second-20250602090000"));
    assert_eq!(offered(&sandbox, &["bump", "staging", ""]), ["first"]);
    assert_eq!(offered(&sandbox, &["bump", "prod", ""]), ["second"]);
    assert_eq!(offered(&sandbox, &["checklist", "prod", ""]), ["second"]);
    assert_eq!(offered(&sandbox, &["checklist", "s"]), ["staging"]);
    assert_eq!(offered(&sandbox, &["promote", "--family", ""]), ["first", "second"]);
}

#[test]
fn a_rollback_is_offered_what_is_there_to_go_back_to() {
    let sandbox = Sandbox::example("auth-api");
    sandbox.commit_all();
    let bump = ["bump", "staging", "--version", "20250723110000"];
    let _ = sandbox.rotate(&bump).success();
    let to = ["rollback", "staging", "auth-api-secrets", "--to", ""];
    assert_eq!(offered(&sandbox, &to), ["20250602090000"]);
}

#[test]
fn the_directory_that_is_named_counts() {
    let sandbox = Sandbox::empty();
    sandbox.write("part/rotate.yaml", "environments: [{name: blue, paths: [x]}]\n");
    sandbox.write("part/x/a.yaml", "");
    for words in
        [&["-C", "part", "bump", ""][..], &["bump", "-C", "part", ""], &["bump", "-Cpart", ""]]
    {
        assert_eq!(offered(&sandbox, words), ["blue"], "{words:?}");
    }
    assert_eq!(offered(&sandbox, &["-C", "part", "lint", "r"]), ["rotate.yaml"]);
    sandbox.write("other.yaml", "environments: [{name: green, paths: [part]}]\n");
    assert_eq!(offered(&sandbox, &["--config", "other.yaml", "bump", ""]), ["green"]);
}

#[test]
fn what_is_broken_offers_nothing() {
    let sandbox = Sandbox::example("shop-overlays");
    assert_eq!(offered(&sandbox, &["-C", "missing", "bump", ""]), [""; 0]);
    assert_eq!(offered(&sandbox, &["--config", "missing", "bump", ""]), [""; 0]);
    sandbox.write("rotate.yaml", "environments: [{name: staging, paths: [nowhere]}]\n");
    assert_eq!(offered(&sandbox, &["bump", ""]), [""; 0]);
    assert_eq!(offered(&sandbox, &["bump", "staging", ""]), [""; 0]);
    sandbox.write("rotate.yaml", "environments: [\n");
    assert_eq!(offered(&sandbox, &["bump", ""]), [""; 0]);
    fs::remove_file(sandbox.path("rotate.yaml")).unwrap();
    sandbox.write("apps/broken/staging/x.yaml", "a: [\n");
    assert!(offered(&sandbox, &["bump", ""]).contains(&"staging".to_owned()));
}

/// The variable may be set for another reason.
#[test]
fn a_run_that_asks_for_nothing_is_any_other_run() {
    let sandbox = Sandbox::empty();
    for value in ["bash", "1", "/bin/zsh", ""] {
        let mut command = sandbox.command(&["explain", "stale-reference"]);
        let output = sandbox.finish(command.env("COMPLETE", value)).success();
        assert!(output.stdout.starts_with("## stale-reference"), "{value}: {output}");
    }
}

#[test]
fn every_shell_gets_a_script_that_asks() {
    let sandbox = Sandbox::empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = sandbox.rotate(&["completions", shell]).success().stdout;
        assert!(script.contains("COMPLETE") && script.contains("rotate"), "{shell}: {script}");
        assert!(script.contains(shell), "{script}");
    }
}

/// The script in a real shell, where there is one.
#[cfg(target_os = "linux")]
#[test]
fn bash_completes_by_the_script() {
    let sandbox = Sandbox::example("shop-overlays");
    let directory = std::path::Path::new(env!("CARGO_BIN_EXE_rotate")).parent().unwrap();
    let script = r#"PATH="$1:$PATH"
source <(rotate completions bash)
COMP_WORDS=(rotate bump s) COMP_CWORD=2 COMP_TYPE=9
_clap_complete_rotate rotate s bump
printf '%s\n' "${COMPREPLY[@]}""#;
    let mut command = std::process::Command::new("bash");
    command.current_dir(sandbox.root()).args(["--norc", "-c", script, "bash"]).arg(directory);
    let output = sandbox.finish(&mut command).success();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("staging\n", ""));
}
