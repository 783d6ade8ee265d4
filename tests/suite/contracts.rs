//! The JSON that programs read: each schema is made from the types, kept in the repository, and held
//! against real output.

use std::fs;
use std::path::Path;

use rotate::report::bump::Bump;
use rotate::report::explain::Explained;
use rotate::report::history::History;
use rotate::report::lint::json::Lint;
use rotate::report::monitor::MonitorView;
use rotate::report::promote::Promote;
use rotate::report::prune::Pruned;
use rotate::report::refs::Refs;
use rotate::report::status::Status;
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use crate::support::{NOW, Output, Sandbox};

const TREES: &[&str] =
    &["argo", "auth-api", "blue-green", "flux", "legacy", "rings", "shop-overlays", "shop-plain"];

/// The kept schema, which must be the one that the types make. `SNAPSHOTS=overwrite` renews it.
pub(crate) fn kept<T: JsonSchema>(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/schemas").join(name);
    let mut made = serde_json::to_string_pretty(&schema_for!(T)).unwrap();
    made.push('\n');
    if std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite") {
        fs::write(&path, &made).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == made, "{name} is not what the types make; renew it with SNAPSHOTS=overwrite");
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
pub(crate) fn holds(schema: &Value, output: &Output) -> Value {
    let value: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    value
}

#[test]
fn refs_are_as_their_schema_says() {
    let schema = kept::<Refs>("refs.json");
    for tree in TREES {
        let sandbox = Sandbox::example(tree);
        let output = sandbox.rotate(&["refs", "--format", "json", "--resources"]);
        let value = holds(&schema, &output);
        assert!(!value["roots"].as_array().unwrap().is_empty(), "{tree}");
    }
}

#[test]
fn standings_promotions_and_ways_back_are_as_their_schemas_say() {
    let (status, promote, back) =
        (kept::<Status>("status.json"), kept::<Promote>("promote.json"), kept::<Bump>("bump.json"));
    let sandbox = Sandbox::example("shop-overlays");
    sandbox.commit_all();
    let json = ["--format", "json", "--at", NOW];
    let value = holds(&status, &sandbox.rotate(&[&["status"][..], &json].concat()).success());
    let families = value["families"].as_array().unwrap();
    let due = families.iter().find(|one| one["due"] == true).unwrap();
    assert_eq!(
        (&due["environment"], &due["nextVersion"]),
        (&"production".into(), &"20250723110000".into())
    );
    let dry = [&["promote", "--dry-run"][..], &json].concat();
    let value = holds(&promote, &sandbox.rotate(&dry).success());
    assert_eq!(value["promotions"][0]["fromEnvironment"], "staging");
    assert_eq!(value["promotions"][0]["gates"][0]["gate"], "soak");
    let early = ["promote", "--dry-run", "--format", "json", "--at", "2025-06-27T09:00:00Z"];
    let value = holds(&promote, &sandbox.rotate(&early).success());
    assert_eq!(value["waiting"][0]["gates"][0]["open"], false);
    let bump = ["bump", "staging", "auth-api-secrets", "--at", NOW];
    let _ = sandbox.rotate(&bump).success();
    sandbox.commit_all();
    let to = ["rollback", "staging", "auth-api-secrets", "--to", "20250723110000", "--dry-run"];
    let value = holds(&back, &sandbox.rotate(&[&to[..], &json].concat()).success());
    assert_eq!(value["schema"], "rotate.rollback/v1");
    assert_eq!(value["settings"][0]["path"], "rotate.yaml");
    let _ = sandbox.git_at(NOW, &["reset", "--quiet", "--hard", "HEAD~1"]);
    let markdown = ["promote", "--dry-run", "--format", "markdown", "--at", NOW];
    let text = sandbox.rotate(&markdown).success().stdout;
    for words in [
        "## auth-api-secrets in production",
        "| soak | open | staging has run it since",
        "rotate rollback production",
    ] {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn monitors_are_as_their_schema_says() {
    let schema = kept::<MonitorView>("monitor.json");
    let sandbox = Sandbox::example("shop-overlays");
    sandbox.commit_all();
    let write = ["monitor", "staging", "auth-api-secrets", "--format", "json", "--as"];
    for kind in ["prometheus", "datadog", "analysis"] {
        let dry = [&write[..], &[kind, "--dry-run"]].concat();
        let value = holds(&schema, &sandbox.rotate(&dry).success());
        assert_eq!((&value["kind"], &value["written"]), (&kind.into(), &false.into()));
        assert_eq!(value["monitors"][0]["state"], "new");
    }
    let _ = holds(&schema, &sandbox.rotate(&[&write[..], &["datadog"]].concat()).success());
    let value = holds(&schema, &sandbox.rotate(&[&write[..], &["datadog"]].concat()).success());
    assert_eq!(
        (&value["written"], &value["monitors"][0]["state"]),
        (&false.into(), &"unchanged".into())
    );
}

#[test]
fn findings_are_as_their_schema_says() {
    let schema = kept::<Lint>("lint.json");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lint");
    let list = |directory: &Path| {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    let sandbox = Sandbox::empty();
    let mut seen = 0;
    for case in list(&cases).iter().flat_map(|rule| list(rule)) {
        let tree = case.join("in");
        let lint = ["-C", tree.to_str().unwrap(), "lint", "--format", "json", "--at", NOW];
        let value = holds(&schema, &sandbox.rotate(&lint));
        seen += value["findings"].as_array().unwrap().len();
    }
    assert!(seen > 10, "{seen} findings only");
}

#[test]
fn explanations_are_as_their_schema_says() {
    let schema = kept::<Explained>("explain.json");
    let sandbox = Sandbox::empty();
    let value = holds(&schema, &sandbox.rotate(&["explain", "--format", "json"]));
    assert!(value["rules"].as_array().unwrap().len() > 4);
    let one = ["explain", "dangling-reference", "--format", "json"];
    let value = holds(&schema, &sandbox.rotate(&one));
    assert_eq!(value["rules"].as_array().unwrap().len(), 1);
}

/// What a reference's origin points at is the secret's name, byte for byte.
#[test]
fn origins_spell_the_name() {
    let mut seen = 0;
    for tree in TREES {
        let sandbox = Sandbox::example(tree);
        let output = sandbox.rotate(&["refs", "--format", "json"]);
        let value: Value = serde_json::from_str(&output.stdout).unwrap();
        let roots = value["roots"].as_array().unwrap().iter();
        let lists = roots.flat_map(|root| ["references", "mentions"].map(|key| root[key].clone()));
        let lists: Vec<Vec<Value>> = lists.map(|list| list.as_array().unwrap().clone()).collect();
        for reference in lists.iter().flatten() {
            let origin = &reference["origin"];
            let Some(file) = origin["file"].as_str() else { continue };
            let number = |key: &str| usize::try_from(origin[key].as_u64().unwrap()).unwrap();
            let text = sandbox.read(file);
            assert_eq!(&text[number("start")..number("end")], reference["secret"], "{reference}");
            let before = text[..number("start")].trim_start_matches('\u{feff}');
            assert_eq!(before.matches('\n').count() + 1, number("line"), "{reference}");
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            assert_eq!(column, number("column"), "{reference}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} origins only");
}

#[test]
fn bumps_are_as_their_schema_says() {
    let schema = kept::<Bump>("bump.json");
    for tree in ["auth-api", "blue-green", "flux", "rings", "shop-overlays", "shop-plain"] {
        let sandbox = Sandbox::example(tree);
        let bump = ["bump", "staging", "--all", "--at", NOW, "--format", "json"];
        let dry = sandbox.rotate(&[&bump[..], &["--dry-run"]].concat()).success();
        let value = holds(&schema, &dry);
        assert_eq!(value["written"], false);
        let output = sandbox.rotate(&bump).success();
        let value = holds(&schema, &output);
        assert_eq!(value["written"], true);
        assert!(!value["plans"].as_array().unwrap().is_empty(), "{tree}");
    }
}

#[test]
fn removals_are_as_their_schema_says() {
    let schema = kept::<Pruned>("prune.json");
    let sandbox = crate::prune::sandbox();
    let prune = ["prune", "production", "--at", crate::prune::LATE, "--format", "json"];
    let dry = sandbox.rotate(&[&prune[..], &["--dry-run"]].concat()).success();
    let value = holds(&schema, &dry);
    assert_eq!(value["written"], false);
    let plan = &holds(&schema, &sandbox.rotate(&prune).success())["plans"][0];
    assert_eq!(plan["removed"][0]["version"], crate::prune::V1);
    let gone = plan["files"].as_array().unwrap().iter().filter(|file| file["removed"] == true);
    assert_eq!(gone.count(), 1);
    assert_eq!(plan["kept"].as_array().unwrap().len(), 2);
}

#[test]
fn histories_are_as_their_schema_says() {
    let schema = kept::<History>("history.json");
    let sandbox = Sandbox::example("shop-plain");
    sandbox.commit_all();
    let history = ["history", "returns-db", "--at", NOW, "--format", "json"];
    let value = holds(&schema, &sandbox.rotate(&history).success());
    assert!(!value["environments"].as_array().unwrap().is_empty());
}
