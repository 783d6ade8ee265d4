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
    let _ = output.says(&[
        "is restored as it was",
        "the operator fetches the value again",
        "1. Check that the store still has the version 20250602090000 of staging/auth-api: it may have been removed together with the stub.",
        "aws secretsmanager list-secret-version-ids --secret-id staging/auth-api --region eu-central-1",
        "2. Commit the change",
    ]);
    assert_eq!(sandbox.read(OLD), stub);
    assert!(sandbox.read(LISTING).contains(line), "{}", sandbox.read(LISTING));
}

#[test]
fn refusals_say_what_to_type() {
    let sandbox = rotated();
    let unknown = rotate(&sandbox, &["rollback", "staging", "auth-api-secret"]).status(2);
    let _ = unknown.says(&["did you mean `auth-api-secrets`?"]);
    let never = rotate(&sandbox, &["rollback", "production", "auth-api-secrets"]).status(2);
    let _ = never.says(&[
        "no earlier version of `auth-api-secrets` ran alone in `production`",
        "there is no version to give to `--to`",
    ]);
    let _ = back(&sandbox, &["--to", "20250230000000"]).status(2).says(&["is not a version"]);
    let plain = Sandbox::example("auth-api");
    let _ = back(&plain, &[]).status(2).says(&["not in a Git repository"]);
}

/// Production on three versions one after the other, each with its stub, committed day by day.
fn three_versions() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("staging/web.yaml", &web("20250703000000"));
    for (day, version) in [(1, "20250701000000"), (2, "20250702000000"), (3, "20250703000000")] {
        sandbox.write("production/web.yaml", &web(version));
        sandbox.write(&format!("production/{version}.yaml"), &stub(version));
        sandbox.write(&format!("staging/{version}.yaml"), &stub(version));
        sandbox.commit_at(&format!("2025-08-0{day}T10:00:00Z"), "Rotate\n");
    }
    sandbox
}

fn web(version: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web, namespace: shop }}\nspec:\n  template:\n    spec:\n      \
         containers:\n        - name: web\n          envFrom:\n            - secretRef: {{ name: db-{version} }}\n"
    )
}

fn stub(version: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: db-{version}, namespace: shop }}\nspec:\n  \
         secretStoreRef: {{ kind: ClusterSecretStore, name: aws }}\n  target: {{ name: db-{version} }}\n  dataFrom:\n    - \
         extract: {{ key: shop/db, version: \"{version}\" }}\n"
    )
}

fn in_production(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    rotate(sandbox, &[&["rollback", "production", "db"], arguments].concat())
}

#[test]
fn a_second_rollback_goes_further_back_and_keeps_the_reason() {
    let sandbox = three_versions();
    let _ = in_production(&sandbox, &["--reason", "logins fail"]).success();
    sandbox.commit_at("2025-08-04T10:00:00Z", "Roll back\n");
    let newer = in_production(&sandbox, &["--to", "20250703000000"]).status(2);
    let _ = newer.says(&[
        "`20250703000000` is newer than what `production` runs",
        "`--to` takes one of: 20250701000000",
    ]);
    let second = in_production(&sandbox, &["--reason", "so do payments"]).success();
    let _ = second.says(&["db-20250702000000 -> db-20250701000000"]);
    let settings = sandbox.read("rotate.yaml");
    assert!(settings.contains("version: \"20250701000000\""), "{settings}");
    assert!(settings.contains("reason: \"logins fail; so do payments\""), "{settings}");
    sandbox.commit_at("2025-08-05T10:00:00Z", "Roll back further\n");
    let third = in_production(&sandbox, &[]).status(2);
    let _ = third.says(&[
        "no earlier version of `db` ran alone in `production`",
        "newer: 20250703000000, 20250702000000",
    ]);
}

#[test]
fn only_what_ran_there_is_a_way_back() {
    let sandbox = three_versions();
    sandbox.write("production/20250601000000.yaml", &stub("20250601000000"));
    sandbox.commit_at("2025-08-04T10:00:00Z", "Add a stub\n");
    let never = in_production(&sandbox, &["--to", "20250601000000"]).status(2);
    let _ = never.says(&[
        "never ran `20250601000000`",
        "`--to` takes one of: 20250702000000, 20250701000000",
    ]);
}

#[test]
fn the_plain_name_is_a_way_back_on_demand() {
    let sandbox = Sandbox::empty();
    let plain = |text: String| {
        text.replace("db-20250701000000", "db").replace(", version: \"20250701000000\"", "")
    };
    sandbox.write("production/web.yaml", &plain(web("20250701000000")));
    sandbox.write("production/db.yaml", &plain(stub("20250701000000")));
    sandbox.commit_at("2025-08-01T10:00:00Z", "Begin\n");
    sandbox.write("production/web.yaml", &web("20250701000000"));
    sandbox.write("production/20250701000000.yaml", &stub("20250701000000"));
    sandbox.commit_at("2025-08-02T10:00:00Z", "Version it\n");
    for (key, value) in [("user.name", "Test"), ("user.email", "test@example.com")] {
        let _ = sandbox.git_at(NOW, &["config", key, value]);
    }
    let refused = in_production(&sandbox, &[]).status(2);
    let _ = refused.says(&["`rotate rollback production db --to plain`"]);
    let back =
        in_production(&sandbox, &["--to", "plain", "--reason", "fails", "--commit"]).success();
    let _ = back.says(&["db-20250701000000 -> db", "`db` reads `shop/db` without a version"]);
    assert_eq!(sandbox.read("production/web.yaml"), plain(web("20250701000000")));
    assert!(sandbox.read("rotate.yaml").contains("version: \"plain\""));
    let message = sandbox.git_at(NOW, &["log", "-1", "--format=%B"]);
    assert!(message.starts_with("Roll back db in production to plain\n"), "{message}");
    let lint = rotate(&sandbox, &["lint", "--format", "json"]);
    assert!(!lint.stdout.contains("unversioned-reference"), "{lint}");
    // Without its provider there is no way back.
    let _ = sandbox.git_at(NOW, &["reset", "--quiet", "--hard", "HEAD~1"]);
    std::fs::remove_file(sandbox.path("production/db.yaml")).unwrap();
    sandbox.commit_at("2025-08-03T10:00:00Z", "Remove it\n");
    let gone = in_production(&sandbox, &["--to", "plain"]).status(1);
    let _ = gone.says(&["nothing provides `db` in the namespace shop any more"]);
}

#[test]
fn what_was_reverted_by_hand_is_not_promoted_by_itself() {
    let sandbox = three_versions();
    sandbox.write("production/web.yaml", &web("20250702000000"));
    sandbox.commit_at("2025-08-04T10:00:00Z", "Take it back\n");
    let status = rotate(&sandbox, &["status"]).success();
    assert!(
        status.stdout.contains("production ran 20250703000000 and went back to 20250702000000"),
        "{status}"
    );
    let _ = rotate(&sandbox, &["promote", "--check"]).success();
    let _ =
        rotate(&sandbox, &["bump", "production", "db"]).success().says(&["-> db-20250703000000"]);
}

#[test]
fn two_holds_on_one_family_are_lifted_together() {
    let sandbox = three_versions();
    sandbox.write("production/web.yaml", &web("20250702000000"));
    let held = |version, reason| {
        format!(
            "- {{ secret: db, environment: production, version: \"{version}\", reason: {reason} }}\n"
        )
    };
    let holds =
        format!("holds:\n{}{}", held("20250703000000", "ours"), held("20250702000000", "theirs"));
    sandbox.write("rotate.yaml", &holds);
    sandbox.commit_at("2025-08-04T10:00:00Z", "Merge\n");
    // The first one asks for the very version; the other one still keeps it back.
    let bump = rotate(&sandbox, &["bump", "production", "db"]).status(1);
    let _ = bump.says(&["held at 20250702000000: theirs"]);
    let _ = rotate(&sandbox, &["bump", "production", "db", "--lift-hold"]).success();
    assert!(!sandbox.path("rotate.yaml").exists());
}

#[test]
fn a_hold_is_written_into_the_file_that_was_named() {
    let sandbox = three_versions();
    sandbox.write("cfg/my.yaml", "# ours\n");
    sandbox.commit_at("2025-08-04T10:00:00Z", "Set\n");
    let named = ["--config", "cfg/my.yaml"];
    let _ = in_production(&sandbox, &named).success();
    let written = sandbox.read("cfg/my.yaml");
    assert!(written.starts_with("# ours\nholds:\n  - secret: \"db\"\n"), "{written}");
    assert!(!sandbox.path("rotate.yaml").exists());
    sandbox.commit_at("2025-08-05T10:00:00Z", "Roll back\n");
    let bump = ["bump", "production", "db", "--lift-hold"];
    let _ = rotate(&sandbox, &[&bump, &named[..]].concat()).success();
    assert_eq!(sandbox.read("cfg/my.yaml"), "# ours\n");
    sandbox.commit_at("2025-08-06T10:00:00Z", "Lift\n");
    let elsewhere = Sandbox::empty();
    elsewhere.write("outside.yaml", "");
    let outside = elsewhere.path("outside.yaml");
    let refused = in_production(&sandbox, &["--config", outside.to_str().unwrap()]).status(2);
    let refused = refused.says(&[
        "a hold cannot be written into",
        "outside.yaml: it is not a file of the tree",
        "`--no-hold` goes back without one",
    ]);
    assert!(!refused.stderr.contains("rotate.yaml"), "{refused}");
}

#[test]
fn a_bump_says_that_a_hold_must_be_lifted() {
    let sandbox = three_versions();
    let steps =
        |sandbox: &Sandbox| rotate(sandbox, &["bump", "staging", "db", "--dry-run"]).success();
    let free = steps(&sandbox).says(&["then promote the version."]);
    assert!(!format!("{free}").contains("--lift-hold"), "{free}");
    sandbox.write(
        "rotate.yaml",
        "holds:\n- { secret: db, environment: production, version: \"20250702000000\", reason: slow }\n",
    );
    sandbox.commit_at("2025-08-04T10:00:00Z", "Hold\n");
    let _ = steps(&sandbox).says(&[
        "then lift the hold in production and promote the version.",
        "rotate bump production db --lift-hold",
    ]);
}

#[test]
fn what_runs_already_is_held_on_demand() {
    let sandbox = three_versions();
    for (key, value) in [("user.name", "Test"), ("user.email", "test@example.com")] {
        let _ = sandbox.git_at(NOW, &["config", key, value]);
    }
    let here = ["--to", "20250703000000", "--reason", "do not deploy: 401"];
    let _ = in_production(&sandbox, &[&here[..], &["--no-hold"]].concat()).success();
    assert!(!sandbox.path("rotate.yaml").exists());
    let _ = in_production(&sandbox, &[&here[..], &["--check"]].concat()).status(1);
    let held = in_production(&sandbox, &[&here[..], &["--commit"]].concat()).success();
    let _ = held.says(&["hold: 20250703000000, until `rotate bump production db --lift-hold`"]);
    let message = sandbox.git_at(NOW, &["log", "-1", "--format=%B"]);
    assert!(message.starts_with("Hold db in production at 20250703000000\n"), "{message}");
    let settings = sandbox.read("rotate.yaml");
    assert!(settings.contains("reason: \"do not deploy: 401\""), "{settings}");
    // Once more nothing changes; another reason is added.
    let _ = in_production(&sandbox, &[&here[..], &["--check"]].concat()).success();
    let _ = in_production(&sandbox, &[&here[..2], &["--reason", "deploy"]].concat()).success();
    let settings = sandbox.read("rotate.yaml");
    assert!(settings.contains("reason: \"do not deploy: 401; deploy\""), "{settings}");
}

#[test]
fn programs_are_told_of_the_settings_that_change() {
    let sandbox = three_versions();
    let back = in_production(&sandbox, &["--format", "json"]).success();
    let told: serde_json::Value = serde_json::from_str(&back.stdout).unwrap();
    let written = sandbox.read("rotate.yaml");
    let file = |new: bool, text: serde_json::Value| serde_json::json!([{ "path": "rotate.yaml", "new": new, "removed": !new, "text": text }]);
    assert_eq!(told["settings"], file(true, written.into()));
    sandbox.commit_at("2025-08-04T10:00:00Z", "Roll back\n");
    let json = ["bump", "production", "db", "--check", "--format", "json", "--lift-hold"];
    let lift = rotate(&sandbox, &json).status(1);
    let told: serde_json::Value = serde_json::from_str(&lift.stdout).unwrap();
    assert_eq!(told["settings"], file(false, serde_json::Value::Null));
    let bump = rotate(&sandbox, &[&json[..6], &["--override", "hold", "--reason", "x"]].concat());
    let told: serde_json::Value = serde_json::from_str(&bump.stdout).unwrap();
    assert_eq!(told["settings"], serde_json::json!([]));
}
