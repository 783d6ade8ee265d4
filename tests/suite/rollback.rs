//! `rotate rollback`: which version it goes back to, what it writes, and the stub that was removed meanwhile.

use crate::support::{NOW, Output, Sandbox};

const OLD: &str = "overlays/staging/externalsecret-auth-api-secrets-20250602090000.yaml";
const LISTING: &str = "overlays/staging/kustomization.yaml";

/// Staging has taken a second version, each state in a commit.
fn rotated() -> Sandbox {
    let sandbox = Sandbox::example("auth-api");
    sandbox.commit_all();
    let _ = rotate(&sandbox, &["bump", "staging"]).success();
    sandbox.commit_all();
    sandbox
}

fn rotate(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.rotate(&[arguments, &["--at", NOW]].concat())
}

fn back(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    rotate(sandbox, &[&["rollback", "staging", "auth-api-secrets"], arguments].concat())
}

#[test]
fn the_version_before_is_found_in_history() {
    let sandbox = rotated();
    let _ = back(&sandbox, &["--check"]).status(1);
    let output = back(&sandbox, &["--reason", "it \"fails\": badly"]).success();
    let _ = output.says(&["auth-api-secrets-20250820110000 -> auth-api-secrets-20250602090000"]);
    let settings = sandbox.read("rotate.yaml");
    assert!(settings.contains("reason: \"it \\\"fails\\\": badly\""), "{settings}");
    // Once more there is nothing to do, and no second hold.
    sandbox.commit_all();
    let _ = back(&sandbox, &["--to", "20250602090000"]).success();
    assert_eq!(sandbox.read("rotate.yaml"), settings);
}

#[test]
fn what_was_not_committed_is_taken_back_too() {
    let sandbox = Sandbox::example("auth-api");
    sandbox.commit_all();
    let _ = rotate(&sandbox, &["bump", "staging"]).success();
    let dirty = back(&sandbox, &[]).status(2);
    let _ = dirty.says(&["uncommitted changes"]);
    let output = back(&sandbox, &["--allow-dirty", "--no-hold"]).success();
    let _ = output.says(&["-> auth-api-secrets-20250602090000"]);
    assert!(!sandbox.path("rotate.yaml").exists());
}

#[test]
fn a_removed_stub_comes_back_as_it_was() {
    let sandbox = rotated();
    let (stub, listing) = (sandbox.read(OLD), sandbox.read(LISTING));
    std::fs::remove_file(sandbox.path(OLD)).unwrap();
    let line = "  - externalsecret-auth-api-secrets-20250602090000.yaml\n";
    sandbox.write(LISTING, &listing.replace(line, ""));
    // What a copy of the newest one would not have.
    let newest = OLD.replace("20250602090000", "20250820110000");
    let changed =
        sandbox.read(&newest).replace("key: staging/auth-api", "key: staging/auth-api-v2");
    sandbox.write(&newest, &changed);
    sandbox.commit_all();
    let output = back(&sandbox, &[]).success();
    let _ = output.says(&["brought back as it was", "the operator fetches the value again"]);
    assert_eq!(sandbox.read(OLD), stub);
    assert!(sandbox.read(LISTING).contains(line), "{}", sandbox.read(LISTING));
}

#[test]
fn refusals_say_what_to_type() {
    let sandbox = rotated();
    let unknown = rotate(&sandbox, &["rollback", "staging", "auth-api-secret"]).status(2);
    let _ = unknown.says(&["did you mean `auth-api-secrets`?"]);
    let never = rotate(&sandbox, &["rollback", "production", "auth-api-secrets"]).status(2);
    let _ = never.says(&["no version of `auth-api-secrets` ran in `production` before", "--to V"]);
    let _ = back(&sandbox, &["--to", "20250230000000"]).status(1).says(&["no date and time"]);
    let plain = Sandbox::example("auth-api");
    let _ = back(&plain, &[]).status(2).says(&["not in a Git repository"]);
}
