//! What an environment takes from a store after the one before it.

use super::{
    A, B, C, GOOGLE, PARAMETERS, SECRETS, V1, V2, VAULT, google, parameters, secrets, vault,
};
use crate::makers::{OLD, store, stub, web};
use crate::support::{Output, Sandbox};

/// Two environments with a stub each, of which the first has moved to a version and a pin.
fn moved(provider: &str, keys: [&str; 2], pins: [&str; 2]) -> Sandbox {
    let old = format!("db-{OLD}");
    let sandbox = Sandbox::empty();
    for (environment, key) in ["staging", "production"].into_iter().zip(keys) {
        let entry = format!("{{ key: \"{key}\", version: \"{}\" }}", pins[0]);
        sandbox.write(&format!("{environment}/web.yaml"), &web(&old));
        sandbox.write(&format!("{environment}/stub.yaml"), &stub(&entry));
        sandbox.write(&format!("{environment}/store.yaml"), &store(provider));
    }
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    let pin: &[&str] = if pins[1].contains(V1) { &[] } else { &["--pin", pins[1]] };
    let bump = ["bump", "staging", "db", "--version", V1, "--at", "2025-08-01T12:00:00Z"];
    let _ = sandbox.rotate(&[&bump[..], pin].concat()).success();
    sandbox.commit_at("2025-08-01T12:00:00Z", "Bump\n");
    sandbox
}

/// Moves production by a listing, after the soak.
fn follow(sandbox: &Sandbox, listing: &str) -> Output {
    let file = sandbox.root().parent().unwrap().join("listing.json");
    std::fs::write(&file, listing).unwrap();
    let file = file.to_str().unwrap();
    let at = "2025-08-18T12:00:00Z";
    sandbox.rotate(&["bump", "production", "db", "--from-store", file, "--at", at])
}

/// A number that is newer than what the environment before runs was never tried there.
#[test]
fn it_takes_the_pin_that_the_one_before_runs() {
    let numbers = |all: &[u64]| vault(&all.iter().map(|one| (*one, "", false)).collect::<Vec<_>>());
    let enabled =
        |all: &[u64]| google(&all.iter().map(|one| (*one, "ENABLED")).collect::<Vec<_>>());
    for (provider, keys, all, pin) in [
        (VAULT, ["shop/db"; 2], numbers(&[7, 8, 9]), Some("8")),
        (GOOGLE, ["db"; 2], enabled(&[9, 8, 7]), Some("8")),
        // What production alone reads has numbers of its own.
        (VAULT, ["staging/db", "production/db"], numbers(&[7, 8, 9]), Some("9")),
        (GOOGLE, ["db-staging", "db"], enabled(&[9, 8, 7]), Some("9")),
        (VAULT, ["shop/db"; 2], vault(&[(7, "", false), (8, "", true), (9, "", false)]), None),
    ] {
        let sandbox = moved(provider, keys, ["7", "8"]);
        let before = sandbox.files();
        let output = follow(&sandbox, &all).success();
        if let Some(pin) = pin {
            let made = sandbox.read(&format!("production/db-{V1}.yaml"));
            assert!(made.contains(&format!("version: \"{pin}\"")), "{provider}: {made}{output}");
        } else {
            let _ = output.says(&["in Vault is 9, but `staging` runs 8"]);
            assert_eq!(sandbox.files(), before);
        }
    }
}

/// The label of what has soaked stays where it is.
#[test]
fn a_label_stays_on_the_version_that_the_one_before_runs() {
    let (old, new) = (format!("v{OLD}"), format!("v{V1}"));
    let listing = parameters(&[
        (1, &[&old], "1751324400.0"),
        (2, &[&new], "1754049600.0"),
        (3, &[], "\"2025-08-10T12:00:00Z\""),
    ]);
    let sandbox = moved(PARAMETERS, ["/shop/db"; 2], [&old, &new]);
    let output = follow(&sandbox, &listing).success();
    assert!(!format!("{output}").contains("label-parameter-version"), "{output}");
    assert!(sandbox.read(&format!("production/db-{V1}.yaml")).contains(&new), "{output}");

    // What cannot be read yet has the label all the same.
    let listing = secrets(&[
        (A, &[OLD], "1751324400"),
        (B, &["AWSPENDING", V1], "1754049600"),
        (C, &["AWSCURRENT"], "1754827200"),
    ]);
    let sandbox = moved(SECRETS, ["shop/db"; 2], [OLD, V1]);
    let output = follow(&sandbox, &listing).status(1);
    let output = output.says(&["another version has the label of the new version already"]);
    assert!(!format!("{output}").contains(V2), "{output}");
}

/// Where the numbers of the key have started over, the pin to type is the one that the environment before runs.
#[test]
fn numbers_that_started_over_are_given_as_the_one_before_has_them() {
    let sandbox = moved(VAULT, ["shop/db"; 2], ["7", "2"]);
    let all = vault(&[(1, "", false), (2, "", false), (3, "", false)]);
    let words = ["have started over: `production` has named version 7", "`--pin db/shop/db=2`"];
    let _ = follow(&sandbox, &all).status(1).says(&words);
    let at = "2025-08-18T12:00:00Z";
    let pinned = ["bump", "production", "db", "--pin", "db/shop/db=2", "--at", at];
    let _ = sandbox.rotate(&pinned).success();
    assert!(sandbox.read(&format!("production/db-{V1}.yaml")).contains("version: \"2\""));
}
