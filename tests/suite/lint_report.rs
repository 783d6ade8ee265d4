//! What `rotate lint` reports of what it found: narrowed to a part.

use serde_json::Value;

use crate::support::{NOW, Output, Sandbox, workload};

fn named(name: &str, secret: &str) -> String {
    workload(secret).replace("name: web", &format!("name: {name}"))
}

/// `count` workloads of staging name `auth`, one names `mail` and one of production `auth`; nothing makes either.
fn forgotten(count: usize) -> Sandbox {
    let sandbox = Sandbox::empty();
    for number in 0..count {
        let name = format!("w{number:02}");
        sandbox.write(&format!("staging/{name}.yaml"), &named(&name, "auth"));
    }
    sandbox.write("staging/x.yaml", &named("x", "mail"));
    sandbox.write("production/web.yaml", &named("web", "auth"));
    sandbox
}

fn lint(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.rotate(&[&["lint", "--at", NOW], arguments].concat())
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let output = lint(sandbox, &[&["--format", "json"], arguments].concat());
    serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"))
}

/// The files in which something was found.
fn files(sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
    let report = json(sandbox, arguments);
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|one| one["place"]["file"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_part_is_reported_and_decides_the_status() {
    let sandbox = forgotten(1);
    sandbox.write("staging/odd.yaml", &named("odd", "auth-20259999000000"));
    let all = [
        "production/web.yaml",
        "staging/odd.yaml",
        "staging/odd.yaml",
        "staging/w00.yaml",
        "staging/x.yaml",
    ];
    assert_eq!(files(&sandbox, &[]), all);
    assert_eq!(files(&sandbox, &["--environment", "production"]), ["production/web.yaml"]);
    assert_eq!(files(&sandbox, &["--family", "mail"]), ["staging/x.yaml"]);
    assert_eq!(files(&sandbox, &["--rule", "invalid-version"]), ["staging/odd.yaml"]);
    let both = ["--rule", "invalid-version", "--rule", "missing-key,dangling-reference"];
    assert_eq!(files(&sandbox, &both), all);
    let _ = lint(&sandbox, &["--environment", "production", "--rule", "invalid-version"]).success();
    let _ = lint(&sandbox, &["--environment", "production"]).status(1);
    let _ = lint(&sandbox, &["--environment", "production", "--family", "mail"]).success();
    let output = lint(&sandbox, &["--rule", "missing-key"]).success();
    // What was judged does not depend on what is reported.
    let end = "No findings in 2 build roots\n4 references judged in the whole tree\n";
    assert!(output.stdout.ends_with(end), "{output}");
    for (flag, value, said) in [
        ("--rule", "mising-key", "did you mean `missing-key`?"),
        ("--environment", "prodution", "did you mean `production`?"),
        ("--family", "mial", "did you mean `mail`?"),
    ] {
        let _ = lint(&sandbox, &[flag, value]).status(2).says(&[said]);
    }
}

#[test]
fn what_is_left_out_makes_nothing_seem_unused() {
    let sandbox = forgotten(1);
    let allowed = sandbox
        .read("staging/x.yaml")
        .replace("name: mail", "name: mail # rotate: allow[dangling-reference] by hand");
    sandbox.write("staging/x.yaml", &allowed);
    let baseline = ["--baseline", "known.json"];
    let _ = lint(&sandbox, &[&baseline[..], &["--write-baseline"]].concat()).success();
    for part in [
        ["--rule", "unused-setting"],
        ["--rule", "missing-key"],
        ["--environment", "production"],
        ["--family", "mail"],
    ] {
        let output = lint(&sandbox, &[&baseline[..], &part].concat()).success();
        assert!(output.stdout.starts_with("No findings"), "{output}");
        assert!(!output.stdout.contains("no longer found"), "{output}");
    }
    let counts = |part: &[&str]| {
        let counts = json(&sandbox, &[&baseline[..], part].concat())["counts"].clone();
        (counts["baseline"].as_u64().unwrap(), counts["allowed"].as_u64().unwrap())
    };
    assert_eq!(counts(&[]), (2, 1));
    assert_eq!(counts(&["--environment", "production"]), (1, 0));
    assert_eq!(counts(&["--family", "mail"]), (0, 1));
    // A part is no baseline.
    let written = [&baseline[..], &["--write-baseline", "--family", "mail"]].concat();
    let _ = lint(&sandbox, &written).status(2);
}
