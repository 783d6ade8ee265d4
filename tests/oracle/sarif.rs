//! `rotate lint --format sarif` against the official schema of SARIF 2.1.0.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// The official schema, which `.ci/run` takes from the crate that `.ci/schemas` pins.
fn schema() -> Value {
    let file = env::var_os("SARIF_SCHEMA").expect(
        "SARIF_SCHEMA must name the official schema of SARIF 2.1.0; `.ci/run` knows where it is",
    );
    let mut schema: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    // Its pattern for languages has a bracket too many, which not every engine takes; we name none.
    for of in ["run", "toolComponent"] {
        let language = schema.pointer_mut(&format!("/definitions/{of}/properties/language"));
        language.unwrap().as_object_mut().unwrap().remove("pattern").unwrap();
    }
    schema
}

fn sarif(tree: &Path, base: &[&str]) -> Value {
    let rotate = Command::new(env!("CARGO_BIN_EXE_rotate"))
        .arg("-C")
        .arg(tree)
        .args(["lint", "--format", "sarif", "--at", "2025-08-20T11:00:00Z"])
        .args(base)
        .output()
        .unwrap();
    assert!(matches!(rotate.status.code(), Some(0 | 1)), "{rotate:?}");
    serde_json::from_slice(&rotate.stdout).unwrap()
}

/// Every case of every rule and every example repository, each held against the schema.
#[test]
fn every_log_is_valid() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let list = |directory: &Path| {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    let rules = list(&fixtures.join("lint")).into_iter();
    let cases = rules.flat_map(|rule| list(&rule)).map(|case| case.join("in"));
    let trees: Vec<_> = cases.chain(list(&fixtures.join("trees"))).collect();
    let (mut results, mut related, mut fixes) = (0, 0, 0);
    for tree in trees.iter().filter(|tree| tree.is_dir()) {
        let log = sarif(tree, &[]);
        let errors: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}:\n{}", tree.display(), errors.join("\n"));
        for result in log["runs"][0]["results"].as_array().unwrap() {
            results += 1;
            related += usize::from(result.get("relatedLocations").is_some());
            fixes += usize::from(result.get("fixes").is_some());
            let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            assert!(uri.as_str().unwrap().starts_with("fixtures/"), "{uri}");
        }
    }
    assert!(results > 20 && related > 5 && fixes > 0, "{results}, {related}, {fixes}");
}
