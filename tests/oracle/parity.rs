//! What `rotate refs` reports is what kubectl renders: references, providers, objects.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use crate::judgement::{self, Facts};
use crate::kubectl::{self, Rendered};
use crate::tree;

#[test]
fn argo() {
    holds("argo", &[]);
}

#[test]
fn auth_api() {
    holds("auth-api", &[]);
}

#[test]
fn blue_green() {
    holds("blue-green", &[]);
}

#[test]
fn flux() {
    holds("flux", &[]);
}

#[test]
fn legacy() {
    let refused = [
        "apps/reporting/prd",
        "apps/reporting/stg",
        "apps/vendor/stg",
        "attic/gone",
        "attic/round",
        "attic/round/about",
    ];
    holds("legacy", &refused);
}

#[test]
fn rings() {
    holds("rings", &["components/payments"]);
}

#[test]
fn shop_overlays() {
    holds("shop-overlays", &[]);
}

/// Small builds, each about one rule of kustomize's.
#[test]
fn builds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/builds");
    let refused = [
        "configuration/contradiction",
        "configuration/unknown-key",
        "crds/definition",
        "names/alike-at-the-end",
        "names/none",
        "patches/unknown-option",
        "plugins/without-fields",
        "replicas/nothing",
    ];
    holds_in(&root, "builds", &refused, &["replacements/inside-yaml"]);
}

/// Compares every kustomization of an example; `refused` are the ones that kubectl cannot render.
fn holds(name: &str, refused: &[&str]) {
    holds_in(&tree::example(name), name, refused, &[]);
}

/// Compares every kustomization of a tree; of `partial` ones it must be said that something is not seen.
fn holds_in(root: &Path, name: &str, refused: &[&str], partial: &[&str]) {
    let directories = tree::kustomizations(root);
    assert!(!directories.is_empty(), "{name} has no kustomization");
    let reported = reported(root, &directories);
    let mut faults = Vec::new();
    let mut unrendered = BTreeSet::new();
    for directory in &directories {
        let Some(found) = reported.get(directory.as_str()) else {
            faults.push(format!("{directory}: not reported"));
            continue;
        };
        let resolved = found["status"] == "resolved";
        if partial.contains(&directory.as_str()) {
            assert_eq!(found["status"], "partial", "{directory}");
            continue;
        }
        match kubectl::render(&root.join(directory)) {
            Rendered::Refused(why) => {
                unrendered.insert(directory.as_str());
                if resolved {
                    faults.push(format!("{directory}: called resolved, kubectl says {why}"));
                }
            }
            rendered @ Rendered::Text(_) => {
                let expected = Facts::rendered(&rendered.objects().unwrap());
                faults.extend(judgement::compare(directory, &expected, &Facts::reported(found)));
                if !resolved {
                    faults.push(format!("{directory}: {} {}", found["status"], found["problems"]));
                }
            }
        }
    }
    assert_eq!(unrendered, refused.iter().copied().collect(), "what kubectl refuses in {name}");
    assert!(faults.is_empty(), "{name}:\n{}", faults.join("\n"));
}

/// The roots that `rotate refs` reports for these directories, by path.
fn reported(root: &Path, directories: &[String]) -> BTreeMap<String, Json> {
    let mut arguments = vec!["refs", "--format", "json", "--resources"];
    arguments.extend(directories.iter().map(String::as_str));
    let output = tree::rotate(root, &arguments);
    let report: Json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let talk = String::from_utf8_lossy(&output.stderr);
        panic!("rotate refs printed no JSON ({error}), {}: {talk}", output.status)
    });
    assert_eq!(report["schema"], "rotate.refs/v1");
    let roots = report["roots"].as_array().expect("an array of roots").iter();
    roots.map(|root| (root["path"].as_str().unwrap().to_owned(), root.clone())).collect()
}
