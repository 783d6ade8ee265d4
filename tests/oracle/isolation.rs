//! A bump changes one family's name in one environment, adds its stub, and nothing else anywhere: kubectl is the judge.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::difference::{self, Names};
use crate::objects::{Identity, Object};
use crate::state::{self, State};
use crate::tree::{self, Copy};

/// The version that everything is bumped to, newer than any in the examples.
const VERSION: &str = "20250901080000";

/// A version in the examples.
const OLD: &str = "20250602090000";

/// Kinds of which no object may change: stubs are the way back, and a Job's template is immutable.
const STAYS: [&str; 4] = ["ExternalSecret", "Job", "SealedSecret", "Secret"];

#[test]
fn argo() {
    every_family_is_isolated("argo", &[]);
}

#[test]
fn auth_api() {
    every_family_is_isolated("auth-api", &[]);
}

#[test]
fn blue_green() {
    every_family_is_isolated("blue-green", &[]);
}

#[test]
fn flux() {
    every_family_is_isolated("flux", &[]);
}

#[test]
fn legacy() {
    let refused = [
        // sealed: nobody but the cluster can read it
        ("staging", "billing-smtp"),
    ];
    every_family_is_isolated("legacy", &refused);
}

#[test]
fn rings() {
    every_family_is_isolated("rings", &[]);
}

#[test]
fn shop_overlays() {
    every_family_is_isolated("shop-overlays", &[]);
}

#[test]
fn shop_plain() {
    every_family_is_isolated("shop-plain", &[]);
}

/// An example that nobody judges would prove nothing.
#[test]
fn every_example_is_judged() {
    for entry in fs::read_dir(tree::example("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let judged = format!("every_family_is_isolated(\"{name}\"");
        assert!(include_str!("isolation.rs").contains(&judged), "nothing judges {name}");
        let compared = format!("holds(\"{name}\"");
        let plain = tree::kustomizations(&tree::example(&name)).is_empty();
        assert!(plain || include_str!("parity.rs").contains(&compared), "nothing compares {name}");
    }
}

/// The judge itself: a bump done rightly by hand has no fault.
#[test]
fn a_bump_by_hand_is_isolated() {
    let copy = Copy::of("shop-overlays");
    let (old, names) =
        ("mailer-smtp-20250610143000".to_owned(), Names::new("mailer-smtp", VERSION));
    let before = state::of(copy.path());
    let overlay = copy.path().join("apps/mailer/overlays/staging");
    for file in ["config.yaml", "credentials.yaml"] {
        rewrite(&overlay.join(file), &old, &names.new);
    }
    let stub = overlay.join(format!("{}.yaml", names.new));
    fs::copy(overlay.join(format!("{old}.yaml")), &stub).unwrap();
    rewrite(&stub, "20250610143000", VERSION);
    let listed = format!("- {old}.yaml");
    rewrite(
        &overlay.join("kustomization.yaml"),
        &listed,
        &format!("{listed}\n- {}.yaml", names.new),
    );
    let mut faults = Vec::new();
    judge(&before, &state::of(copy.path()), "staging", &names, &mut |fault| faults.push(fault));
    assert_eq!(faults, Vec::<String>::new());
}

/// The judge itself: search and replace renames the stub and reaches production through the base.
#[test]
fn search_and_replace_is_found_out() {
    let copy = Copy::of("shop-overlays");
    let names = Names::new("checkout-db-credentials", VERSION);
    let before = state::of(copy.path());
    for directory in ["base", "overlays/staging"] {
        for file in tree::files(&copy.path().join("apps/checkout").join(directory)).keys() {
            let file = copy.path().join("apps/checkout").join(directory).join(file);
            rewrite(
                &file,
                &format!("checkout-db-credentials-{OLD}\n"),
                &format!("{}\n", names.new),
            );
        }
    }
    let mut faults = Vec::new();
    judge(&before, &state::of(copy.path()), "staging", &names, &mut |fault| faults.push(fault));
    let said = faults.join("\n");
    for expected in [
        "production: another environment's root changed",
        "was lost, or came twice",
        "new and no copy of a stub",
        "checkout-worker\")).spec.template.spec.containers[0].envFrom[0].secretRef.name still names",
    ] {
        assert!(said.contains(expected), "{expected:?} is not in:\n{said}");
    }
}

fn rewrite(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    fs::write(file, text.replace(from, to)).unwrap();
}

/// Bumps each family of an example on a fresh copy, in staging and then in production.
///
/// `refused` are the environments and families that `rotate` has to turn down; none of the others may be.
fn every_family_is_isolated(name: &str, refused: &[(&str, &str)]) {
    let pristine = Copy::of(name);
    let first = state::of(pristine.path());
    let families = families(&first, "staging");
    assert!(!families.is_empty(), "{name} has families");
    let mut faults = Vec::new();
    for family in &families {
        let copy = Copy::of(name);
        let mut before = first.clone();
        for environment in ["staging", "production"] {
            if !self::families(&before, environment).contains(family) {
                continue;
            }
            let must_refuse = refused.contains(&(environment, family.as_str()));
            let after = bump(&copy, environment, family, &before, must_refuse, &mut faults);
            let Some(after) = after else { break };
            before = after;
            copy.commit();
        }
    }
    assert!(faults.is_empty(), "{name}, {} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Bumps one family in one environment and judges it; the state afterwards, unless it was refused.
fn bump(
    copy: &Copy,
    environment: &str,
    family: &str,
    before: &State,
    must_refuse: bool,
    faults: &mut Vec<String>,
) -> Option<State> {
    let mut fault = |text: String| faults.push(format!("{family} in {environment}: {text}"));
    let files = tree::files(copy.path());
    // What is rendered is judged here, not the hour or what the rules say of the rest.
    let regardless =
        ["--override", "window", "--override", "lint", "--reason", "kubectl is the judge"];
    let bump = ["bump", environment, family, "--version", VERSION];
    let output = tree::rotate(copy.path(), &[&bump[..], &regardless].concat());
    let changed = changed(&files, copy.path());
    if !output.status.success() {
        if !must_refuse {
            fault(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
        }
        if !changed.is_empty() {
            fault(format!("refused, and yet written: {changed:?}"));
        }
        return None;
    }
    if must_refuse {
        fault("went through, and should have been refused".to_owned());
    }
    for file in &changed {
        if state::environment(file) != Some(environment) {
            fault(format!("changed a file of others: {file}"));
        }
    }
    let after = state::of(copy.path());
    let names = Names::new(family, VERSION);
    judge(before, &after, environment, &names, &mut fault);
    Some(after)
}

/// The files that differ from those before, new and lost ones too.
fn changed(before: &BTreeMap<String, Vec<u8>>, root: &Path) -> BTreeSet<String> {
    let after = tree::files(root);
    let differs = |(file, bytes): &(&String, &Vec<u8>)| before.get(*file) != Some(bytes);
    let mut changed: BTreeSet<_> =
        after.iter().filter(differs).map(|(file, _)| file.clone()).collect();
    changed.extend(before.keys().filter(|file| !after.contains_key(*file)).cloned());
    changed
}

/// The families with a stub in an environment.
pub(crate) fn families(state: &State, environment: &str) -> BTreeSet<String> {
    let own = state.iter().filter(|(path, _)| state::environment(path) == Some(environment));
    own.filter_map(|(_, build)| build.objects.as_ref())
        .flatten()
        .filter_map(stub_secret)
        .filter_map(difference::split)
        .map(|(family, _)| family.to_owned())
        .collect()
}

/// The secret that an object makes, when the object is a stub or sealed.
pub(crate) fn stub_secret(object: &Object) -> Option<&str> {
    match object.kind() {
        "ExternalSecret" => object.text(&["spec", "target", "name"]).or(object.name()),
        "SealedSecret" => object.name(),
        _ => None,
    }
}

fn judge(
    before: &State,
    after: &State,
    environment: &str,
    names: &Names,
    fault: &mut dyn FnMut(String),
) {
    let mut stubs = 0;
    for path in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (Some(then), Some(now)) = (before.get(path), after.get(path)) else {
            fault(format!("{path}: a root came or went"));
            continue;
        };
        if state::environment(path) != Some(environment) {
            if then.text != now.text {
                fault(format!("{path}: another environment's root changed"));
            }
            continue;
        }
        match (&then.objects, &now.objects) {
            (Some(then), Some(now)) => {
                stubs += compare(path, then, now, names, fault);
                left_behind(path, now, names, fault);
            }
            (Some(_), None) => fault(format!("{path}: no longer renders")),
            // What kubectl could not render before, such as a remote base, it cannot judge now.
            (None, _) => stubs += 1,
        }
    }
    if stubs == 0 {
        fault("no stub of the new version".to_owned());
    }
}

const V1: &str = "external-secrets.io/v1";

/// Compares a root's objects; the number of new stubs.
fn compare(
    path: &str,
    before: &[Object],
    after: &[Object],
    names: &Names,
    fault: &mut dyn FnMut(String),
) -> usize {
    let (then, now) = (by_identity(before), by_identity(after));
    for (identity, old) in &then {
        let Some(new) = now.get(identity).filter(|new| new.len() == old.len()) else {
            fault(format!("{path}: {identity:?} was lost, or came twice"));
            continue;
        };
        for (old, new) in old.iter().zip(new) {
            if STAYS.contains(&old.kind()) && old != new {
                fault(format!("{path}: {identity:?} was changed in place"));
            }
            for difference in difference::beyond(&old.0, &new.0, names) {
                fault(format!("{path}: {identity:?}{difference}"));
            }
        }
    }
    let mut stubs = 0;
    for (identity, new) in now.iter().filter(|(identity, _)| !then.contains_key(*identity)) {
        let copied = before.iter().filter(|old| old.kind() == "ExternalSecret");
        let same = |old: &Object| {
            // Where the operator serves `v1`, the next stub is one, whatever the old one was.
            let mut old = old.0.clone();
            if old["apiVersion"] == "external-secrets.io/v1beta1" && new[0].0["apiVersion"] == V1 {
                old["apiVersion"] = V1.into();
            }
            difference::is_next_version(&old, &new[0].0, names)
        };
        if new.len() == 1
            && stub_secret(new[0]) == Some(names.new.as_str())
            && copied.clone().any(same)
        {
            stubs += 1;
        } else {
            fault(format!("{path}: new and no copy of a stub: {identity:?}"));
        }
    }
    stubs
}

fn by_identity(objects: &[Object]) -> BTreeMap<Identity, Vec<&Object>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for object in objects {
        found.entry(object.identity()).or_default().push(object);
    }
    found
}

/// Looks for the older names where only the new one may be.
fn left_behind(path: &str, objects: &[Object], names: &Names, fault: &mut dyn FnMut(String)) {
    for object in objects.iter().filter(|object| !STAYS.contains(&object.kind())) {
        crate::objects::strings(&object.0, "", &mut |field, text| {
            if !field.contains(".resourceNames[") && !names.older_in(text).is_empty() {
                fault(format!("{path}: {:?}{field} still names {text:?}", object.identity()));
            }
        });
    }
}
