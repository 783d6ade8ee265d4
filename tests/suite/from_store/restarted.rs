//! Keys that were deleted and made again, whose numbers start over.

use super::{Does, GOOGLE, VAULT, check, given, tree};
use crate::makers::{NEW, bump, stub};
use crate::support::Sandbox;

/// A number, and the day when it was made.
type Made = (u64, &'static str);

fn listing(provider: &str, versions: &[Made]) -> String {
    let google = |(number, day): &Made| {
        format!(
            "{{\"createTime\": \"{day}T10:00:00.1Z\", \"name\": \"projects/1/secrets/db/versions/{number}\", \"state\": \"ENABLED\"}}"
        )
    };
    let vault = |(number, day): &Made| {
        format!(
            "\"{number}\": {{\"created_time\": \"{day}T10:00:00.1Z\", \"deletion_time\": \"\", \"destroyed\": false}}"
        )
    };
    if provider == GOOGLE {
        return format!("[{}]", versions.iter().map(google).collect::<Vec<_>>().join(", "));
    }
    let newest = versions.iter().map(|(number, _)| number).max().unwrap();
    let versions: Vec<String> = versions.iter().map(vault).collect();
    format!(
        "{{\"data\": {{\"current_version\": {newest}, \"versions\": {{{}}}}}}}",
        versions.join(", ")
    )
}

fn key(provider: &str) -> &'static str {
    if provider == GOOGLE { "db" } else { "shop/db" }
}

/// Whether a number is new depends on when its value was made, and never on a number of a key that is gone.
#[test]
fn numbers_that_start_over_are_not_compared() {
    let (before, after) = ("2025-06-20", "2025-08-01");
    for provider in [VAULT, GOOGLE] {
        for (what, versions, does) in [
            ("below", &[(1, after), (2, after)][..], Does::Refuses("have started over")),
            ("below, of any time", &[(2, before)], Does::Refuses("the newest one there is 2")),
            ("the same", &[(6, after), (7, after)], Does::Refuses("that was made at 2025-08-01")),
            ("above", &[(1, after), (7, after), (8, after)], Does::Moves(NEW, "8")),
            ("the old ones were dropped", &[(8, after), (9, after)], Does::Moves(NEW, "9")),
            ("not started over", &[(6, before), (7, before)], Does::Nothing),
            ("made late", &[(6, before), (7, after)], Does::Nothing),
        ] {
            let sandbox = tree(provider, key(provider), "7");
            check(what, &sandbox, &listing(provider, versions), &does);
        }
    }
}

/// A pin that was withdrawn was named all the same, also where the stub's name never changed.
#[test]
fn a_withdrawn_pin_is_not_taken_again() {
    for provider in [VAULT, GOOGLE] {
        let key = key(provider);
        let sandbox: Sandbox = tree(provider, key, "7");
        for (pin, time) in [("8", "2025-07-02T10:00:00Z"), ("7", "2025-07-03T10:00:00Z")] {
            let text = stub(&format!("{{ key: \"{key}\", version: \"{pin}\" }}"));
            sandbox.write("staging/stub.yaml", &text);
            sandbox.commit_at(time, "Pin\n");
        }
        let made = "2025-06-20";
        check("withdrawn", &sandbox, &listing(provider, &[(7, made), (8, made)]), &Does::Nothing);
    }
}

/// What the refusal says to type settles it, also for the runs that follow.
#[test]
fn a_pin_settles_which_numbers_count() {
    for provider in [VAULT, GOOGLE] {
        let key = key(provider);
        let sandbox: Sandbox = tree(provider, key, "7");
        let two = listing(provider, &[(1, "2025-08-01"), (2, "2025-08-02")]);
        let pin = format!("--pin db/{key}=2");
        let refused = given(&sandbox, &["--from-store", "-"], &two).status(1);
        let _ = refused.says(&["`staging` has named version 7 since 2025-07-01 10:00 UTC (", &pin]);
        let (flag, pin) = pin.split_once(' ').unwrap();
        let _ = bump(&sandbox, &["db", flag, pin]).success();
        sandbox.write("staging/stub.yaml", &stub(&format!("{{ key: {key}, version: \"7\" }}")));
        sandbox.commit_at("2025-08-20T11:00:00Z", "Bump\n");
        check("settled", &sandbox, &two, &Does::Nothing);
        let three = listing(provider, &[(1, "2025-08-01"), (2, "2025-08-02"), (3, "2025-08-20")]);
        let file = sandbox.root().parent().unwrap().join("listing.json");
        std::fs::write(&file, &three).unwrap();
        let from = file.to_str().unwrap();
        let at = "2025-08-21T11:00:00Z";
        let _ =
            sandbox.rotate(&["bump", "staging", "db", "--from-store", from, "--at", at]).success();
        let made = sandbox.read("staging/db-20250821110000.yaml");
        assert!(made.contains("version: \"3\""), "{made}");
    }
}
