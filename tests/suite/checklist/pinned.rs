//! Stubs that do not read the version of their name, or that are missing: nothing about them is ticked.

use super::{FIRST, Place, SECOND, external};

const STORED: &str = "stored-staging-staging-auth";
const LIST: &str =
    "aws secretsmanager list-secret-version-ids --secret-id staging/auth --region eu-west-1";
const LINT: &str = "rotate lint --environment staging --family auth";

/// Staging has moved to the second version, and its stub is what `change` makes of it.
fn moved(change: impl Fn(&str) -> String) -> Place {
    let mut place = Place::new();
    place.at("2025-07-22T11:00:00Z");
    let _ = place.run(&["bump", "staging", "auth", "--commit"]).success();
    let file = format!("staging/auth-{SECOND}.yaml");
    place.sandbox.write(&file, &change(&external("staging", SECOND)));
    place.commit("Change the stub");
    place.at("2025-08-20T11:00:00Z");
    place
}

/// A stub that reads something else than its version is not ticked, and neither is a value that it does not read.
#[test]
fn a_stub_that_reads_something_else_is_open() {
    let pin = format!("version: \"{SECOND}\"");
    for (change, command, words) in [
        ("", LINT, "reads whatever `staging/auth` holds now, no version of it"),
        ("version: AWSCURRENT", LINT, "which moves with each rotation"),
        ("version: \"20250601090000\"", LINT, "reads version 20250601090000"),
        (
            "version: stable",
            LIST,
            "reads `stable` of `staging/auth`, which does not name the version",
        ),
    ] {
        let place = moved(|stub| {
            assert!(stub.contains(&pin), "{stub}");
            stub.replace(&format!("        {pin}\n"), &format!("        {change}\n"))
        });
        let list = place.list(&["staging", "auth"]);
        list.is("stub-staging", "open").asks("stub-staging", command);
        list.notes("stub-staging", words);
        list.is(STORED, "open").asks(STORED, LIST).notes(STORED, "the stub reads ");
        assert_eq!(list.item(STORED)["text"], format!("The store has {SECOND} of `staging/auth`."));
        // What the way back reads is another matter.
        place.list(&["staging", "auth", "--version", FIRST]).is("moved-staging", "done");
        // Where that is how the family is meant to be, it is no fault.
        let settings =
            format!("{}secrets: {{ auth: {{ remote: {{ version: none }} }} }}\n", super::SETTINGS);
        place.sandbox.write("rotate.yaml", &settings);
        let list = place.list(&["staging", "auth"]);
        list.is("stub-staging", "done");
    }
}

/// Two names of one value are no rotation.
#[test]
fn a_stub_that_reads_what_the_old_one_reads_is_open() {
    let place = Place::of_vault();
    let stub = external("staging", SECOND).replace(&format!("\"{SECOND}\""), "\"4\"");
    place.sandbox.write(&format!("staging/auth-{SECOND}.yaml"), &stub);
    place.sandbox.write("staging/web.yaml", &crate::support::workload(&format!("auth-{SECOND}")));
    place.commit("Begin");
    let list = place.list(&["staging", "auth"]);
    list.is("stub-staging", "open").asks("stub-staging", LINT);
    list.notes("stub-staging", "reads version 4 of `staging/auth`, as `auth-20250601090000` does");
}

/// Pods that cannot start were not watched, and have not soaked.
#[test]
fn what_nothing_provides_has_not_soaked() {
    let place = moved(str::to_owned);
    place.list(&["staging", "auth"]).is("watch-staging", "done");
    place.list(&["production", "auth"]).is("soak-production", "done");
    std::fs::remove_file(place.sandbox.path(&format!("staging/auth-{SECOND}.yaml"))).unwrap();
    place.commit("Lose the stub");
    let list = place.list(&["staging", "auth"]);
    list.is("watch-staging", "open").notes("watch-staging", "nothing in the tree provides it");
    list.asks("watch-staging", LINT);
    let list = place.list(&["production", "auth"]);
    list.is("soak-production", "open").notes("soak-production", "nothing in the tree provides it");
}

/// The list of a rotation that is over names what is left of it.
#[test]
fn the_list_of_an_old_version_says_that_it_is_left() {
    let place = moved(str::to_owned);
    let list = place.list(&["staging", "auth", "--version", FIRST]);
    list.lacks(&["prune-staging"]).is("kept-staging-20250601090000", "waiting");
    // There is a third one, so that nothing needs the first any more.
    let mut place = place;
    let _ = place.run(&["bump", "staging", "auth", "--commit"]).success();
    place.at("2025-10-20T11:00:00Z");
    for version in [FIRST, SECOND] {
        let list = place.list(&["staging", "auth", "--version", version]);
        list.is("kept-staging-20250722110000", "waiting").is("prune-staging", "open");
        assert!(list.item("prune-staging")["text"].as_str().unwrap().contains(FIRST));
    }
    let _ = place.run(&["prune", "staging", "auth", "--commit"]).success();
    let list = place.list(&["staging", "auth", "--version", FIRST]);
    list.lacks(&["prune-staging"]).is("kept-staging-20250722110000", "waiting");
}
