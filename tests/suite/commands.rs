//! Commands that are printed to be copied: a shell reads in them the names that are meant, whatever a repository calls its secrets.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::Value;

use crate::support::{NOW, Output, Sandbox, workload};

const FIRST: &str = "20250601090000";
const SECOND: &str = "20250701090000";
const THIRD: &str = "20250702090000";

/// What stands between what kubectl prints and what reads it.
const PIPE: &str = " -o json | ";

/// Names that a shell, a program's flags or a line would take for something else.
const HOSTILE: &[&str] = &[
    "two words",
    "it's \"quoted\"",
    "$(touch harm)${HOME}",
    ";touch harm&|>x<y#z",
    "-rf",
    "--version",
    "*?[a]{b,c}~!",
    "\\back\\slash",
    "two\nlines",
    "tab\tand\u{1b}[31m\u{7f}",
];

/// A name as a string of JSON, which YAML reads as well.
fn quoted(name: &str) -> String {
    serde_json::to_string(name).unwrap()
}

fn stub(family: &str, version: &str, key: &str) -> String {
    let name = quoted(&format!("{family}-{version}"));
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  \
         secretStoreRef: {{name: store, kind: ClusterSecretStore}}\n  target: {{name: {name}}}\n  \
         dataFrom: [{{extract: {{key: {}, version: \"{version}\"}}}}]\n",
        quoted(key)
    )
}

fn web(name: &str, secret: &str) -> String {
    workload(&quoted(secret))
        .replace("name: web\n  namespace", &format!("name: {name}\n  namespace"))
}

const STORE: &str = "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: store}\nspec: {provider: {aws: \
                     {service: SecretsManager, region: eu-west-1}}}\n";

/// A repository in which much is to be said about a family: what is due, what is behind, what is mixed, missing, skipped, unused.
fn repository(family: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    let secret = |version: &str| format!("{family}-{version}");
    for environment in ["staging", "production"] {
        sandbox.write(&format!("{environment}/web.yaml"), &web("web", &secret(FIRST)));
        sandbox.write(&format!("{environment}/first.yaml"), &stub(family, FIRST, family));
        sandbox.write(&format!("{environment}/store.yaml"), STORE);
    }
    sandbox.commit_at("2025-06-02T09:00:00Z", "Begin\n");
    sandbox.write("staging/second.yaml", &stub(family, SECOND, family));
    sandbox.write("staging/web.yaml", &web("web", &secret(SECOND)));
    sandbox.commit_at("2025-07-01T10:00:00Z", "Rotate\n");
    sandbox
}

/// What is printed between backticks, or as a command of a step, and begins with a program.
fn commands(output: &Output) -> BTreeSet<String> {
    let start = Regex::new("`((?:rotate|git|kubectl|aws) [^`]*)`").unwrap();
    let mut found = BTreeSet::new();
    let text = output.stdout.clone() + &output.stderr;
    match serde_json::from_str::<Value>(&output.stdout) {
        Ok(json) => collect(&json, &start, &mut found),
        Err(_) => {
            found.extend(start.captures_iter(&text).map(|captures| captures[1].to_owned()));
        }
    }
    found
}

fn collect(json: &Value, start: &Regex, found: &mut BTreeSet<String>) {
    match json {
        Value::String(text) => {
            found.extend(start.captures_iter(text).map(|captures| captures[1].to_owned()));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, start, found)),
        Value::Object(entries) => {
            for (key, value) in entries {
                match value.as_str() {
                    Some(text) if key == "command" && text.contains(' ') => {
                        let lines = text.lines().flat_map(|line| match line.split_once(PIPE) {
                            Some((from, to)) => vec![from.to_owned(), to.to_owned()],
                            None => vec![line.to_owned()],
                        });
                        found.extend(lines);
                    }
                    _ => collect(value, start, found),
                }
            }
        }
        _ => {}
    }
}

/// The arguments that a shell makes of a command.
fn arguments(command: &str) -> Vec<String> {
    // What is hidden is spelled as bash, ksh and zsh read it; all else is for every shell.
    let shell = if command.contains("$'") { "bash" } else { "sh" };
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(shell)
        .args(["-c", &format!("printf '%s\\0' {command}")])
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "{command} did something");
    let text = String::from_utf8(output.stdout).unwrap();
    text.strip_suffix('\0').unwrap().split('\0').map(str::to_owned).collect()
}

/// What stands for the family in a command, all else being words of ours.
fn holds_the_family(command: &str, family: &str) -> bool {
    let arguments = arguments(command);
    let ours = Regex::new(
        "^(rotate|git|kubectl|aws|[a-z][a-z.,-]*|-[a-zA-Z]|--[a-z-]*(=.*)?|[0-9]{14}|.*\\.ya?ml|\\.|[A-Z]+|eu-west-1|…|file:///dev/stdin|(Bump|Roll back|Promote|Hold) .*|Rotate-[A-Za-z]+: .*)$",
    )
    .unwrap();
    let mut has = false;
    let mut may_be_options = true;
    for (at, argument) in arguments.iter().enumerate() {
        let is_option = argument.starts_with('-') && may_be_options;
        // A family may be called as an option of ours is.
        let value = arguments.get(at + 1).map_or("", String::as_str);
        if is_option && argument == "--version" && value.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        may_be_options &= argument != "--";
        let rest = argument.replace(family, "");
        has |= rest != *argument;
        let versions =
            ["", "-20250601090000", "-20250701090000", "-20250702090000", "-20250703090000"];
        if argument.contains(family) && versions.contains(&&*rest) {
            assert!(!is_option, "`{command}` has the option {argument}");
            continue;
        }
        let is_ours = ours.is_match(&argument.replace(family, "family").replace('\n', " "));
        assert!(is_ours, "`{command}` has {argument:?} for {family:?}: {arguments:?}");
    }
    has
}

fn said(sandbox: &Sandbox, runs: &[&[&str]]) -> BTreeSet<String> {
    let run = |arguments: &&[&str]| {
        let (command, rest) = arguments.split_first().unwrap();
        commands(&sandbox.rotate(&[&[*command, "--at", NOW], rest].concat()))
    };
    runs.iter().flat_map(run).collect()
}

/// What is printed about a family that can be bumped, whose key in the store and whose directory are called so.
fn by_key_and_path(name: &str) -> BTreeSet<String> {
    let sandbox = Sandbox::empty();
    for environment in ["staging", "production"] {
        let place = format!("{environment}/{name}");
        sandbox.write(&format!("{place}/web.yaml"), &web("web", &format!("auth-{FIRST}")));
        sandbox.write(&format!("{place}/first.yaml"), &stub("auth", FIRST, name));
        sandbox.write(&format!("{environment}/store.yaml"), STORE);
    }
    sandbox.commit_at("2025-06-02T09:00:00Z", "Begin\n");
    sandbox.write(&format!("staging/{name}/old.yaml"), &stub("auth", "20250501090000", name));
    sandbox.commit_at("2025-06-03T09:00:00Z", "Keep\n");
    said(
        &sandbox,
        &[
            &["bump", "--dry-run", "--format", "json", "staging", "auth"],
            &["prune", "--dry-run", "--format", "json", "staging"],
        ],
    )
}

/// What is printed about a family while one version follows the other.
fn in_order(sandbox: &Sandbox, family: &str) -> BTreeSet<String> {
    let (dry, json) = ("--dry-run", "--format=json");
    said(
        sandbox,
        &[
            &["lint", json],
            &["lint"],
            &["status"],
            &["status", "--format", "markdown"],
            &["promote", dry, json],
            &["promote", dry, "--format", "markdown"],
            &["bump", dry, json, "--", "staging", family],
            &["bump", dry, json, "staging"],
            &["rollback", dry, json, "--reason", "x", "--", "staging", family],
            &["checklist", json, "--", "production", family],
            &["checklist", "--", "staging", family],
        ],
    )
}

/// What is printed when a version is missing, mixed in, skipped or unused, and when production is held.
fn in_disorder(sandbox: &Sandbox, family: &str) -> BTreeSet<String> {
    let (dry, json) = ("--dry-run", "--format=json");
    sandbox.write("staging/api.yaml", &web("api", &format!("{family}-{FIRST}")));
    sandbox.write("production/api.yaml", &web("api", &format!("{family}-{THIRD}")));
    sandbox.write("production/plain.yaml", &web("plain", family));
    sandbox.write("production/third.yaml", &stub(family, THIRD, "other"));
    sandbox.write("staging/gone.yaml", &web("gone", &format!("{family}-20250703090000")));
    sandbox.commit_at("2025-07-03T09:00:00Z", "More\n");
    let mut found = said(
        sandbox,
        &[
            &["lint", json, "--base", "HEAD~1"],
            &["status"],
            &["promote", dry, json],
            &["rollback", dry, "--to", SECOND, "--", "production", family],
            &["prune", dry, json, "staging"],
            &["checklist", json, "--", "production", family],
        ],
    );
    let settings = format!(
        "environments:\n- {{name: staging, paths: [staging]}}\n- {{name: production, paths: [production]}}\n\
         holds:\n- {{secret: {}, environment: production, version: '{FIRST}'}}\n",
        quoted(family)
    );
    sandbox.write("rotate.yaml", &settings);
    let held =
        [&["bump", dry, "--", "production", family][..], &["bump", dry, "--", "staging", family]];
    found.extend(said(sandbox, &held));
    found
}

/// The program and its subcommand.
fn kind(command: &str) -> String {
    let is_plain = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    command.split(' ').take(2).take_while(is_plain).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_printed_command_is_read_as_it_is_meant() {
    let mut kinds: BTreeSet<String> = BTreeSet::new();
    for family in HOSTILE {
        let sandbox = repository(family);
        let mut found = in_order(&sandbox, family);
        found.extend(in_disorder(&sandbox, family));
        found.extend(by_key_and_path(family));
        let found = found.iter().filter(|command| holds_the_family(command, family));
        kinds.extend(found.map(|command| kind(command)));
    }
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "aws secretsmanager",
            "git",
            "git add",
            "git commit",
            "kubectl get",
            "rotate bump",
            "rotate history",
            "rotate lint",
            "rotate prune",
            "rotate rollback",
            "rotate status",
            "rotate verify"
        ]
    );
}

/// The paths that commands name.
#[cfg(unix)]
#[test]
fn a_printed_path_is_one_argument() {
    for name in HOSTILE {
        let sandbox = Sandbox::empty();
        let directory = format!("staging/{}", name.replace('/', "_"));
        let broken = "namePrefix: [a]\n";
        sandbox.write(&format!("{directory}/kustomization.yaml"), broken);
        let output = sandbox.rotate(&["lint", "--format", "json"]);
        let found = commands(&output);
        let build = found.iter().find(|command| command.starts_with("kubectl kustomize"));
        let build = build.unwrap_or_else(|| panic!("{output}"));
        assert_eq!(arguments(build), ["kubectl", "kustomize", &directory]);
    }
}

fn sources(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}

/// A name that is put between words of a command passes no shell: `text::shell` puts commands together.
#[test]
fn no_command_is_put_together_by_hand() {
    let program = "(?:rotate|git|gh|kubectl|rm|aws|vault|bao|gcloud|az|\\{program\\})";
    let prose = Regex::new(&format!("`{program} [^`\"]*\\{{[^`\"]*`")).unwrap();
    let whole = Regex::new(&format!("\"{program} [a-z-]+ [^`\"]*\\{{[^`\"]*\"")).unwrap();
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 200);
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        // the commands of a store are held by its own tests
        let is_known =
            |part: Component<'_>| part.as_os_str() == "stores" || part.as_os_str() == "tests";
        if file.components().any(is_known) {
            continue;
        }
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        // which kinds kubectl can make is written beside it
        let lines = lines.filter(|line| !line.contains("\"kubectl create secret {kind}\""));
        for line in lines.filter(|line| prose.is_match(line) || whole.is_match(line)) {
            found.push(format!("{}: {}", file.display(), line.trim()));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whoever types the name of one version may mean that version, so no command takes it for its family.
#[test]
fn the_name_of_a_version_is_no_family() {
    let sandbox = crate::support::repository();
    sandbox.commit_all();
    let name = crate::support::OLD;
    for arguments in [
        &["bump", "staging", name, "--dry-run"][..],
        &["promote", "--family", name, "--dry-run"],
        &["rollback", "staging", name, "--dry-run"],
        &["prune", "staging", name, "--dry-run"],
        &["history", name],
        &["verify", "staging", name],
        &["status", "--family", name],
        &["refs", "--family", name],
    ] {
        let output = sandbox.rotate(arguments).status(2);
        let why = "that is one version of a secret; write its family, auth-api-secrets";
        let _ = output.says(&[why]);
    }
}

/// Pods that ask for a value before the store has it fail: what was committed is pushed after that.
#[test]
fn what_is_committed_is_pushed_after_the_value_is_there() {
    let sandbox = crate::support::repository();
    sandbox.commit_all();
    for setting in [["user.name", "Test"], ["user.email", "test@example.com"]] {
        let _ = sandbox.git_at(NOW, &[&["config"], &setting[..]].concat());
    }
    let steps = |arguments: &[&str]| -> Vec<(String, String)> {
        let bump = ["bump", "staging", "auth-api-secrets", "--at", NOW, "--format", "json"];
        let output = sandbox.rotate(&[&bump[..], arguments].concat()).success();
        let json: Value = serde_json::from_str(&output.stdout).unwrap();
        let text = |step: &Value, key: &str| step[key].as_str().unwrap_or_default().to_owned();
        let steps = json["next"].as_array().unwrap().iter();
        steps.map(|step| (text(step, "title"), text(step, "command"))).collect()
    };
    let begins = |steps: &[(String, String)]| -> Vec<String> {
        steps.iter().map(|(title, _)| title.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(begins(&steps(&["--dry-run"])), ["Put", "Commit", "Watch"]);
    let committed = steps(&["--commit"]);
    assert_eq!(begins(&committed), ["Put", "Push", "Watch"]);
    assert_eq!(committed[1].1, "git push");
}
