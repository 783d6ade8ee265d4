//! What `rotate shift` writes: kubectl's rendering before and after differs in the weights alone, in one environment alone, and
//! the CRDs allow it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::kubectl::render;
use crate::monitors::faults;
use crate::objects::Object;
use crate::routes::{Form, PAIR, ROUTES, Route};
use crate::tree::{self, Copy};

const ENVIRONMENTS: [&str; 2] = ["staging", "production"];

/// A repository whose two environments share a base with the pair and a route, or have one each.
fn repository(route: &Route, weights: &[u64], is_shared: bool) -> Copy {
    let copy = Copy::empty();
    let write = |file: &str, text: &str| {
        let file = copy.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    let listed = "resources: [pair.yaml, route.yaml]\n";
    let places = if is_shared { &["base"][..] } else { &ENVIRONMENTS[..] };
    for place in places {
        write(&format!("{place}/kustomization.yaml"), listed);
        write(&format!("{place}/pair.yaml"), PAIR);
        write(&format!("{place}/route.yaml"), &route.manifest(weights));
    }
    if is_shared {
        for environment in ENVIRONMENTS {
            write(&format!("{environment}/kustomization.yaml"), "resources: [../base]\n");
        }
    }
    copy.commit();
    copy
}

fn rendered(root: &Path, environment: &str) -> Vec<Object> {
    let rendered = render(&root.join(environment));
    rendered.objects().unwrap_or_else(|| panic!("{rendered:?}"))
}

fn weights(route: &Route, objects: &[Object]) -> Vec<u64> {
    objects.iter().find_map(|object| route.weights(&object.0)).unwrap()
}

/// The one object that differs.
fn changed<'o>(before: &[Object], after: &'o [Object]) -> &'o Object {
    assert_eq!(before.len(), after.len());
    let pairs = before.iter().zip(after).filter(|(old, new)| old != new);
    let changed: Vec<&Object> = pairs.map(|(_, new)| new).collect();
    let [one] = changed[..] else { panic!("one object changes: {changed:?}") };
    one
}

fn shift(copy: &Copy, percent: u64) {
    let percent = percent.to_string();
    let shift = ["shift", "production", "web", "--to", "green", "--weight", &percent];
    let output = tree::rotate(copy.path(), &[&shift[..], &["--others", "keep"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    copy.commit();
}

#[test]
fn kubectl_renders_what_a_shift_meant() {
    let mut valid: BTreeSet<String> = BTreeSet::new();
    for (route, is_shared) in ROUTES.iter().flat_map(|route| [(route, false), (route, true)]) {
        let third = (route.form == Form::List).then_some(30);
        let list = |green: u64| {
            [70 + 30 - third.unwrap_or(0) - green, green].into_iter().chain(third).collect()
        };
        let first: Vec<u64> = list(0);
        let copy = repository(route, &first, is_shared);
        let text = |weights: &[u64]| {
            let objects = crate::objects::parse(&format!("{PAIR}---\n{}", route.manifest(weights)));
            let mut objects = objects.unwrap();
            objects.sort_by_key(Object::identity);
            objects
        };
        let original = tree::files(copy.path());
        let staging = render(&copy.path().join("staging"));
        for green in [10, 50, 70, 10, 0] {
            let before = rendered(copy.path(), "production");
            shift(&copy, green);
            let mut after = rendered(copy.path(), "production");
            assert_eq!(weights(route, &after), list(green) as Vec<u64>, "{}", route.name);
            let object = changed(&before, &after).clone();
            assert_eq!(render(&copy.path().join("staging")), staging, "{}", route.name);
            // All of it is what somebody would have written with these weights.
            after.sort_by_key(Object::identity);
            assert_eq!(after, text(&list(green) as &Vec<u64>), "{} {green}", route.name);
            if object.kind() != "Mapping" {
                let object: Value = serde_json::to_value(&object.0).unwrap();
                assert_eq!(faults(std::slice::from_ref(&object)), "", "{} {green}", route.name);
                valid.insert(object["kind"].as_str().unwrap().to_owned());
            }
        }
        let now = tree::files(copy.path());
        let changed = original.iter().filter(|(file, text)| now.get(*file) != Some(*text));
        let changed: Vec<&str> = changed.map(|(file, _)| file.as_str()).collect();
        // In place the first bytes are there again; a patch stays, and says what counts.
        let stays = ["production/kustomization.yaml"];
        assert_eq!(changed, if is_shared { &stays[..] } else { &[][..] }, "{}", route.name);
    }
    assert_eq!(valid.len(), 8, "{valid:?}");
}

/// The judges find a weight that a CRD does not allow.
#[test]
fn a_wrong_weight_is_found() {
    for route in ROUTES.iter().filter(|route| route.name != "Mapping") {
        let objects = crate::objects::parse(&route.manifest(&[90, 10])).unwrap();
        let object = objects.iter().find(|object| object.name() == Some("web")).unwrap();
        let mut object: Value = serde_json::to_value(&object.0).unwrap();
        assert_eq!(faults(std::slice::from_ref(&object)), "", "{}", route.name);
        let text = serde_json::to_string(&object).unwrap();
        let wrong = if route.form == Form::List {
            text.replace("\"weight\":10", "\"weight\":\"10\"")
        } else {
            text.replace("canary-weight\":\"10\"", "canary-weight\":10")
        };
        assert_ne!(text, wrong, "{}", route.name);
        object = serde_json::from_str(&wrong).unwrap();
        assert_ne!(faults(&[object]), "", "{}", route.name);
    }
}
