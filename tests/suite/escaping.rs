//! What a repository says reaches a terminal, a workflow's log and a page as text, and as nothing else.

use std::fs;

use serde_json::json;

use crate::masking::COMMANDS;
use crate::support::{NOW, OLD, Output, Sandbox, stub, workload};

/// Escape, bell, C1 and bidirectional characters, and a colour that is not ours.
const CONTROLS: &str = "\u{1b}[31mX\u{7}\u{9b}2J\u{202e}\u{2066}y";
/// What a workflow's runner, or a page, would act on.
const LIVE: &str = "::error::x ##[error]y @octocat #26 GH-26 https://evil.example www.evil.example <img src=x> [a](b) ```";

/// A text in double quotes of YAML.
fn quoted(text: &str) -> String {
    let escaped: String = text.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect();
    format!("\"{escaped}\"")
}

/// A tree that has hostile texts wherever commands repeat what they read.
fn repository(text: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    let hostile = quoted(text);
    for environment in ["staging", "production"] {
        sandbox.write(&format!("{environment}/web.yaml"), &workload(OLD));
        let stub = stub(OLD).replace("key: shop/auth-api", &format!("key: {hostile}"));
        sandbox.write(&format!("{environment}/{OLD}.yaml"), &stub);
    }
    let named = workload("gone-20250601090000").replace(
        "name: web\n  namespace: shop",
        &format!("name: {hostile}\n  namespace: {hostile}\n  annotations: {{a: {hostile}}}"),
    );
    sandbox.write("staging/named.yaml", &named);
    sandbox.write("staging/broken.yaml", &format!("# {}\na: [\n", text.replace(['\n', '\r'], " ")));
    sandbox.write("staging/twice.yaml", &format!("{hostile}: 1\n{hostile}: 2\n"));
    #[cfg(unix)]
    sandbox.write(&format!("staging/{}.yaml", text.replace('/', "_")), "a: [\n");
    sandbox.write(
        "rotate.yaml",
        &format!(
            "environments:\n- {{name: staging, paths: [staging]}}\n- {{name: production, paths: \
             [production]}}\nholds:\n- {{secret: auth-api-secrets, environment: production, version: \
             '20250601090000', reason: {hostile}}}\n"
        ),
    );
    sandbox.commit_at("2025-06-27T04:53:20Z", &format!("{text}\n"));
    sandbox.git_at(
        "2025-06-28T04:53:20Z",
        &[
            "commit",
            "--quiet",
            "--amend",
            "--no-edit",
            "--author",
            &format!("{} <a@b>", text.replace(['<', '>', '\n'], " ")),
        ],
    );
    sandbox
}

/// What is wrong with a text that a terminal shows.
fn raw_control(text: &str) -> Option<char> {
    let is_bad = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    text.chars().find(is_bad)
}

/// A line that the runner would take for a command that is not ours.
fn foreign_command(text: &str) -> Option<&str> {
    let ours = ["::error ", "::warning ", "::notice ", "::group::", "::endgroup::"];
    // What begins with a command is never searched for one of the old kind.
    let is_ours = |line: &str| ours.iter().any(|own| line.starts_with(own));
    text.lines().find(|line| {
        !is_ours(line) && (line.trim_start().starts_with("::") || line.contains("##["))
    })
}

/// Markdown without what is code, where nothing is live.
fn without_code(text: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let start = line.trim_start();
        let ticks: String = start.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if start.trim_end() == open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                // Our code has single backticks, and none inside.
                let line = line.replace("\\`", "");
                let parts: Vec<&str> = line.split('`').collect();
                out.push_str(&parts.into_iter().step_by(2).collect::<Vec<_>>().join(" "));
                out.push('\n');
            }
        }
    }
    out
}

/// What of the hostile text would be live on a page.
fn live(markdown: &str) -> Option<&'static str> {
    let text = without_code(markdown);
    let signs = ["@octocat", "#26", "GH-26", "https://evil", "www.evil", "<img", "[a](b)"];
    signs.into_iter().find(|sign| text.contains(sign))
}

/// What is wrong with what the commands print about a tree.
fn faults(sandbox: &Sandbox, more: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (command, formats) in COMMANDS {
        for format in *formats {
            let arguments = [*command, &["--format", format], more].concat();
            let output = sandbox.rotate(&arguments);
            let mut fault = |what: String| found.push(format!("{what}: {arguments:?}\n{output}"));
            for text in [&output.stdout, &output.stderr] {
                let text = if more.is_empty() { text.clone() } else { without_colours(text) };
                if let Some(control) = raw_control(&text) {
                    fault(format!("{control:?}"));
                }
                if let Some(line) = (*format == "github").then(|| foreign_command(&text)).flatten()
                {
                    fault(line.to_owned());
                }
            }
            if let Some(sign) = (*format == "markdown").then(|| live(&output.stdout)).flatten() {
                fault(sign.to_owned());
            }
            if output.stdout.contains("\u{1b}[31mX") || output.stderr.contains("\u{1b}[31mX") {
                fault("a colour that is not ours".to_owned());
            }
        }
    }
    found
}

/// A text without sequences that only set colours.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        out.push_str(rest.strip_prefix('m').unwrap_or("\u{1b}"));
    }
    out
}

#[track_caller]
fn holds(text: &str, more: &[&str]) {
    let found = faults(&repository(text), more);
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
}

#[test]
fn controls_are_spelled_out() {
    holds(CONTROLS, &[]);
}

#[test]
fn only_our_own_colours_are_printed() {
    holds(CONTROLS, &["--color", "always"]);
}

#[test]
fn what_is_live_elsewhere_is_text_here() {
    holds(LIVE, &[]);
}

#[test]
fn a_line_break_begins_no_command() {
    holds(&format!("a\n{LIVE}\r{LIVE}"), &[]);
}

/// A name with a line break would say on a line of its own what the file's owner likes.
#[cfg(unix)]
#[test]
fn a_name_of_a_file_stays_on_its_line() {
    let sandbox = Sandbox::empty();
    for environment in ["staging", "production"] {
        let place = format!("{environment}/a\nINJECTED\tb");
        sandbox.write(&format!("{place}/web\nINJECTED.yaml"), &workload(OLD));
        sandbox.write(&format!("{place}/{OLD}\nINJECTED.yaml"), &stub(OLD));
        sandbox.write(&format!("{place}/lost\nINJECTED.yaml"), &workload("gone-20250601090000"));
        sandbox.write(&format!("{place}/broken\nINJECTED.yaml"), "a: [\n");
        sandbox.write(
            &format!("{environment}/root\nINJECTED/kustomization.yaml"),
            "resources: [missing.yaml]\n",
        );
    }
    assert!(spelled_out(&sandbox) > 10);
}

/// So would a name in a manifest, and that of a file which keeps references from being judged.
#[cfg(unix)]
#[test]
fn a_name_in_a_manifest_stays_on_its_line() {
    let sandbox = Sandbox::empty();
    let hostile = quoted("a\nINJECTED\tb");
    let at = |namespace: &str| format!("  namespace: {namespace}\n");
    for environment in ["staging", "production"] {
        let name = |file: &str| format!("{environment}/{file}\nINJECTED.yaml");
        let mine = workload(OLD).replace("name: web", &format!("name: {hostile}"));
        sandbox.write(&name("web"), &mine);
        sandbox.write(&name("stub"), &stub(OLD));
        // What is missing here is made in a namespace with such a name.
        let lost = "gone-20250601090000";
        sandbox.write(&name("lost"), &workload(lost));
        sandbox.write(&name("found"), &stub(lost).replace(&at("shop"), &at(&hostile)));
        let chart = workload("made-by-chart").replace(&at("shop"), &at("other"));
        sandbox.write(&name("chart"), &chart);
        let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: r, namespace: other }\nspec: { chart: { spec: { chart: c, sourceRef: { kind: HelmRepository, name: h } } } }\n";
        sandbox.write(&name("release"), release);
    }
    assert!(spelled_out(&sandbox) > 10);
    let lint = sandbox.rotate(&["lint", "--at", NOW]);
    assert!(lint.stdout.contains("provided here, in namespace `a\\nINJECTED"), "{lint}");
    assert!(lint.stdout.contains("not, because of `production/release\\nINJECTED"), "{lint}");
}

/// What `verify` prints of a cluster that has a text wherever it repeats what it read.
fn verified(text: &str, format: &str) -> Output {
    let sandbox = Sandbox::empty();
    let hostile = quoted(text);
    let named = workload(OLD).replace("name: web", &format!("name: {hostile}"));
    sandbox.write("production/named.yaml", &named).write("production/web.yaml", &workload(OLD));
    sandbox.write(&format!("production/{OLD}.yaml"), &stub(OLD));
    sandbox.commit_all();
    let pod = |owner: &str| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": text, "namespace": "shop", "ownerReferences": [{"apiVersion": "a/v1", "kind": owner, "name": text, "uid": "u"}]},
            "spec": {"containers": [{"name": text, "envFrom": [{"secretRef": {"name": "auth-api-secrets-20240101000000"}}]}]},
            "status": {"phase": "Pending", "containerStatuses": [{"name": text, "state": {"waiting": {"reason": text, "message": text}}}]}})
    };
    let failed = json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": OLD, "namespace": "shop"},
        "status": {"conditions": [{"type": "Ready", "status": "False", "reason": text, "message": text}]}});
    let items = [pod("Job"), pod(text), failed];
    let dump = json!({"kind": "List", "apiVersion": "v1", "items": items}).to_string();
    let file = sandbox.root().parent().unwrap().join("live.json");
    fs::write(&file, dump).unwrap();
    let file = file.to_str().unwrap();
    sandbox.rotate(&["verify", "production", "--live", file, "--format", format]).status(1)
}

#[test]
fn what_a_cluster_says_is_text_on_its_line() {
    for text in [CONTROLS.to_owned(), LIVE.to_owned(), format!("a\n{LIVE}\r{LIVE}")] {
        for format in ["text", "markdown", "github"] {
            let output = verified(&text, format);
            assert_eq!(raw_control(&output.stdout), None, "{output}");
            if format == "github" {
                assert_eq!(foreign_command(&output.stdout), None, "{output}");
            }
            if format == "markdown" {
                assert_eq!(live(&output.stdout), None, "{output}");
            }
        }
    }
    // The last line is the verdict, which no name may be taken for.
    let output = verified("web\ncomplete: 9 workloads", "text");
    let lines = || output.stdout.lines();
    assert!(!lines().any(|line| line.starts_with("complete")), "{output}");
    assert!(lines().filter(|line| line.contains("web\\ncomplete")).count() > 4, "{output}");
}

/// How many lines of all commands have a line break spelled out. The text after a break never begins a line.
#[cfg(unix)]
#[track_caller]
fn spelled_out(sandbox: &Sandbox) -> usize {
    sandbox.commit_at("2025-06-27T04:53:20Z", "A state\n");
    let mut shown = 0;
    for (command, formats) in COMMANDS {
        for format in formats.iter().filter(|format| ["text", "concise"].contains(format)) {
            let output = sandbox.rotate(&[*command, &["--format", format]].concat());
            for line in output.stdout.lines().chain(output.stderr.lines()) {
                assert!(!line.trim_start().starts_with("INJECTED"), "{command:?}\n{output}");
                shown += usize::from(line.contains("\\nINJECTED"));
            }
        }
    }
    shown
}

/// The stub's key goes into commands, which the description of a pull request has in a block of code.
#[test]
fn a_key_closes_no_block_of_code() {
    let sandbox = Sandbox::empty();
    for environment in ["staging", "production"] {
        let key = quoted(&format!("x\r```\r{LIVE}\n```\n~~~~\n{LIVE}"));
        sandbox.write(&format!("{environment}/web.yaml"), &workload(OLD));
        let stub = stub(OLD).replace("key: shop/auth-api", &format!("key: {key}"));
        sandbox.write(&format!("{environment}/{OLD}.yaml"), &stub);
    }
    sandbox.commit_all();
    let bump = ["bump", "staging", "auth-api-secrets", "--at", NOW, "--dry-run"];
    let output = sandbox.rotate(&[&bump[..], &["--format", "markdown"]].concat()).success();
    assert!(output.stdout.contains("octocat"), "{output}");
    assert_eq!(live(&output.stdout), None, "{output}");
    assert_eq!(raw_control(&output.stdout), None, "{output}");
}
