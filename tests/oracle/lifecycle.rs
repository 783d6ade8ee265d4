//! The rest of a version's life beside the bump: promotion, the way back, removal. kubectl is the judge again.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::Value;

use crate::isolation::{families, stub_secret};
use crate::objects::{Identity, Object};
use crate::state::{self, State};
use crate::tree::{self, Copy};

const FIRST: &str = "20250901080000";
const SECOND: &str = "20250901090000";
/// A Tuesday, long after every commit in a copy, within the hours of the one example that has some.
const LATER: &str = "2026-06-02T10:00:00Z";

const EXAMPLES: [&str; 7] =
    ["argo", "auth-api", "blue-green", "flux", "rings", "shop-overlays", "shop-plain"];

fn rotate(copy: &Copy, arguments: &[&str]) {
    let output = tree::rotate(copy.path(), &[arguments, &["--at", LATER]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

fn bump(copy: &Copy, environment: &str, family: &str, version: &str) {
    let regardless = ["--override", "window", "--override", "lint", "--reason", "kubectl judges"];
    let bump = ["bump", environment, family, "--version", version];
    rotate(copy, &[&bump[..], &regardless].concat());
    copy.commit();
}

fn of_both(state: &State) -> BTreeSet<String> {
    let (staging, production) = (families(state, "staging"), families(state, "production"));
    staging.intersection(&production).cloned().collect()
}

/// What is promoted is what a bump of each family would have made, byte for byte; that a bump is right, its own test says.
#[test]
fn a_promotion_is_its_bumps() {
    let mut promoted = 0;
    for name in EXAMPLES {
        let (all, each) = (Copy::of(name), Copy::of(name));
        for family in of_both(&state::of(all.path())) {
            for copy in [&all, &each] {
                bump(copy, "staging", &family, FIRST);
            }
        }
        let dry = ["promote", "production", "--dry-run", "--format", "json", "--at", LATER];
        let plan = tree::rotate(all.path(), &dry);
        let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
        let due: Vec<String> = plan["promotions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["family"].as_str().unwrap().to_owned())
            .collect();
        assert!(!due.is_empty(), "{name}: {plan:#}");
        rotate(&all, &["promote", "production"]);
        for family in &due {
            bump(&each, "production", family, FIRST);
        }
        assert!(tree::files(all.path()) == tree::files(each.path()), "{name}");
        promoted += due.len();
    }
    assert!(promoted > 10, "{promoted} promotions only");
}

/// After the way back every build is what it was, but for the new stub and the grants, which both stay.
#[test]
fn the_way_back_leads_back() {
    let mut seen = 0;
    for name in EXAMPLES {
        let pristine = Copy::of(name);
        for family in of_both(&state::of(pristine.path())) {
            let copy = Copy::of(name);
            bump(&copy, "staging", &family, FIRST);
            let before = state::of(copy.path());
            bump(&copy, "production", &family, FIRST);
            rotate(&copy, &["rollback", "production", &family]);
            let after = state::of(copy.path());
            let new = format!("{family}-{FIRST}");
            compare(&format!("{name}: {family}"), &before, &after, |object| without(object, &new));
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} families only");
}

/// After a removal every build is what it was, but for the stubs that went.
#[test]
fn a_removal_takes_old_stubs_only() {
    let mut gone = 0;
    for name in EXAMPLES {
        let pristine = Copy::of(name);
        for family in of_both(&state::of(pristine.path())) {
            let copy = Copy::of(name);
            for version in [FIRST, SECOND] {
                bump(&copy, "staging", &family, version);
                bump(&copy, "production", &family, version);
            }
            let before = state::of(copy.path());
            rotate(&copy, &["prune", "production", &family]);
            let after = state::of(copy.path());
            let left: BTreeSet<String> = stubs(&after, &family);
            let lost: BTreeSet<String> =
                stubs(&before, &family).difference(&left).cloned().collect();
            for version in [FIRST, SECOND] {
                assert!(
                    left.contains(&format!("{family}-{version}")),
                    "{name}: {family}: {left:?}"
                );
            }
            compare(&format!("{name}: {family}"), &before, &after, |object| {
                let is_lost = stub_secret(object).is_some_and(|secret| lost.contains(secret));
                (!is_lost).then(|| object.0.clone())
            });
            gone += lost.len();
        }
    }
    assert!(gone > 5, "{gone} stubs went only");
}

/// The family's stubs in production.
fn stubs(state: &State, family: &str) -> BTreeSet<String> {
    let own = state.iter().filter(|(path, _)| state::environment(path) == Some("production"));
    own.filter_map(|(_, build)| build.objects.as_ref())
        .flatten()
        .filter_map(stub_secret)
        .filter(|secret| secret.strip_prefix(family).is_some_and(|rest| rest.starts_with('-')))
        .map(str::to_owned)
        .collect()
}

/// Holds every build against the one before: the environment's own by their objects, as `told` tells them, the others byte for byte.
fn compare(what: &str, before: &State, after: &State, told: impl Fn(&Object) -> Option<Value>) {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for path in paths {
        let (Some(then), Some(now)) = (before.get(path), after.get(path)) else {
            panic!("{what}: {path}: a root came or went");
        };
        if state::environment(path) != Some("production") {
            assert!(then.text == now.text, "{what}: {path}: another environment's root changed");
            continue;
        }
        let objects = |objects: &Option<Vec<Object>>| -> Option<BTreeMap<Identity, Vec<Value>>> {
            let mut found: BTreeMap<Identity, Vec<Value>> = BTreeMap::new();
            for object in objects.as_ref()? {
                if let Some(value) = told(object) {
                    found.entry(object.identity()).or_default().push(value);
                }
            }
            Some(found)
        };
        let (then, now) = (objects(&then.objects), objects(&now.objects));
        assert_eq!(then, now, "{what}: {path}");
    }
}

/// The object without what a bump to `new` leaves behind on the way back: its stub, and the name among those a role lets in.
fn without(object: &Object, new: &str) -> Option<Value> {
    if stub_secret(object) == Some(new) {
        return None;
    }
    let mut value = object.0.clone();
    for rule in value.get_mut("rules").and_then(Value::as_sequence_mut).into_iter().flatten() {
        if let Some(names) = rule.get_mut("resourceNames").and_then(Value::as_sequence_mut) {
            names.retain(|name| name.as_str() != Some(new));
        }
    }
    Some(value)
}
