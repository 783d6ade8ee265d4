//! What `rotate lint` reports of what it found: by cause, in total, and narrowed to a part.

use std::fs;

use serde_json::{Value, json};

use crate::support::{NOW, Output, Sandbox, stub, workload};

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
fn one_cause_is_one_finding_with_its_places() {
    let sandbox = forgotten(20);
    let output = lint(&sandbox, &[]).status(1);
    assert_eq!(output.stdout.matches("error[dangling-reference]").count(), 3, "{output}");
    assert_eq!(output.stdout.matches("\n  also: ").count(), 19, "{output}");
    let also = "  also: staging/w19.yaml:13:23: Deployment w19 in shop (spec.template.spec.";
    assert!(output.stdout.contains(also), "{output}");
    let end = "3 errors (22 places) in 2 build roots\n3 findings: 3 dangling-reference (22 places)\n22 references judged\n";
    assert!(output.stdout.ends_with(end), "{output}");
    // A line, a result and a fingerprint for each place.
    let concise = lint(&sandbox, &["--format", "concise"]).status(1);
    assert_eq!(concise.stdout.lines().count(), 22, "{concise}");
    let report = json(&sandbox, &[]);
    assert_eq!(report["counts"]["error"], 22);
    let totals = json!([{"rule": "dangling-reference", "findings": 3, "places": 22}]);
    assert_eq!(report["totals"], totals);
    let mut prints: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["fingerprint"].as_str().unwrap())
        .collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), 22);
    let sarif = lint(&sandbox, &["--format", "sarif"]).status(1);
    let sarif: Value = serde_json::from_str(&sarif.stdout).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 22);
}

#[test]
fn a_cause_with_very_many_places_is_cut_short() {
    let output = lint(&forgotten(25), &[]).status(1);
    assert_eq!(output.stdout.matches("\n  also: staging/").count(), 19, "{output}");
    assert!(output.stdout.contains("\n  also: 5 more places; `--format concise`"), "{output}");
}

#[test]
fn another_namespace_and_another_environment_are_another_cause() {
    let sandbox = forgotten(2);
    let other = named("w02", "auth").replace("namespace: shop", "namespace: bank");
    sandbox.write("staging/w02.yaml", &other);
    let output = lint(&sandbox, &[]).status(1);
    let end = "4 findings: 4 dangling-reference (5 places)\n5 references judged\n";
    assert!(output.stdout.ends_with(end), "{output}");
}

#[test]
fn each_place_is_silenced_by_itself() {
    let sandbox = forgotten(3);
    let baseline = ["--baseline", "known.json"];
    let _ = lint(&sandbox, &[&baseline[..], &["--write-baseline"]].concat()).success();
    sandbox.write("staging/w03.yaml", &named("w03", "auth"));
    let output = lint(&sandbox, &baseline).status(1);
    assert!(output.stdout.contains("staging/w03.yaml") && !output.stdout.contains("also:"));
    assert!(output.stdout.contains("5 in the baseline"), "{output}");
    let comment = "name: auth # rotate: allow[dangling-reference] made by hand";
    let allowed = sandbox.read("staging/w01.yaml").replace("name: auth", comment);
    sandbox.write("staging/w01.yaml", &allowed);
    let output = lint(&sandbox, &["staging"]).status(1);
    assert!(!output.stdout.contains("w01"), "{output}");
    assert_eq!(output.stdout.matches("\n  also: ").count(), 2, "{output}");
    // Wherever one of its places lies, the finding shows.
    let output = lint(&sandbox, &["staging/w02.yaml"]).status(1);
    assert!(output.stdout.contains("staging/w02.yaml:13:23") && !output.stdout.contains("also:"));
}

#[test]
fn github_annotates_every_cause_before_it_annotates_one_again() {
    let sandbox = forgotten(12);
    let summary = sandbox.path("../summary.md");
    let mut command = sandbox.command(&["lint", "--format", "github", "--at", NOW]);
    let output = sandbox.finish(command.env("GITHUB_STEP_SUMMARY", &summary)).status(1);
    let annotated: Vec<&str> = output
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("::error file=")?.split(',').next())
        .collect();
    let expected = [
        "production/web.yaml",
        "staging/w00.yaml",
        "staging/x.yaml",
        "staging/w01.yaml",
        "staging/w02.yaml",
        "staging/w03.yaml",
        "staging/w04.yaml",
        "staging/w05.yaml",
        "staging/w06.yaml",
        "staging/w07.yaml",
    ];
    assert_eq!(annotated, expected, "{output}");
    assert!(output.stdout.contains("::group::4 more, which GitHub would not show"), "{output}");
    let summary = fs::read_to_string(&summary).unwrap();
    assert_eq!(summary.matches("| error | `dangling-reference` |").count(), 3, "{summary}");
    assert!(summary.contains("`staging/w09.yaml:13`<br>and 2 more |"), "{summary}");
    assert!(summary.contains("3 findings: 3 dangling-reference (14 places)."), "{summary}");
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

/// Causes of the whole repository have places as others have: each with its own comment, entry of a baseline and path.
#[test]
fn a_general_cause_has_places_of_its_own() {
    let sandbox = Sandbox::empty();
    let old = "apiVersion: external-secrets.io/v1beta1\nkind: SecretStore\nmetadata: { name: vault, namespace: shop }\nspec: { provider: {} }\n";
    let allow = |rule: &str, text: &str| format!("# rotate: allow[{rule}] for a while\n{text}");
    let (api, place) = ("removed-api-version", "unplaced-environment");
    for (directory, environment) in
        [("a", "staging"), ("a", "production"), ("a", "uat"), ("b", "staging"), ("b", "uat")]
    {
        let text = if environment == "uat" { &workload("auth") } else { old };
        sandbox.write(&format!("{directory}/{environment}/it.yaml"), text);
    }
    let rules = ["--rule", "removed-api-version,unplaced-environment,unused-setting"];
    let found = |more: &[&str]| files(&sandbox, &[&rules[..], more].concat());
    let all = [
        "a/production/it.yaml",
        "a/staging/it.yaml",
        "a/uat/it.yaml",
        "b/staging/it.yaml",
        "b/uat/it.yaml",
    ];
    assert_eq!(found(&[]), all);
    assert_eq!(found(&["b"]), all[3..]);
    assert_eq!(found(&["--environment", "production"]), all[..1]);
    let text = lint(&sandbox, &rules).status(1);
    for line in [
        "also: a/staging/it.yaml:1:13: in staging",
        "also: b/uat/it.yaml:1:1",
        "2 findings: 1 removed-api-version (3 places), 1 unplaced-environment (2 places)",
    ] {
        assert!(text.stdout.contains(line), "{text}");
    }
    let github = lint(&sandbox, &[&rules[..], &["--format", "github"]].concat());
    assert_eq!(github.stdout.matches("::warning file=").count(), 5, "{github}");
    let _ = lint(&sandbox, &["--baseline", "known.json", "--write-baseline"]).success();
    sandbox.write("a/production/new.yaml", old);
    sandbox.write("b/staging/new.yaml", old);
    let new = ["a/production/new.yaml", "b/staging/new.yaml"];
    assert_eq!(found(&["--baseline", "known.json"]), new);
    for file in new {
        fs::remove_file(sandbox.path(file)).unwrap();
    }
    sandbox.write("a/production/it.yaml", &allow(api, old));
    sandbox.write("a/uat/it.yaml", &allow(place, &workload("auth")));
    assert_eq!(found(&[]), [all[1], all[3], all[4]]);
}

/// Without a namespace, a secret that is made elsewhere is made in another environment.
#[test]
fn a_secret_without_a_namespace_is_provided_in_an_environment() {
    let sandbox = Sandbox::empty();
    let anywhere = |text: &str| text.replace("  namespace: shop\n", "");
    sandbox.write("staging/web.yaml", &anywhere(&workload("auth")));
    sandbox.write("production/stub.yaml", &anywhere(&stub("auth")));
    let output = lint(&sandbox, &[]).status(1);
    assert!(output.stdout.contains(": provided here, in production\n"), "{output}");
}
