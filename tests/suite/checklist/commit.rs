//! What is written and not in the mainline yet: the printed commands bring it there.

use super::{Place, SETTINGS};

const MOVED: &str = "moved-production";

/// Runs the command of an item as its reader would.
fn carry_out(place: &Place, id: &str) {
    let list = place.list(&["production", "auth"]);
    let command = list.item(id)["command"].as_str().unwrap().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-e", "-c", &command]).current_dir(place.sandbox.root());
    let output = place.dated(&mut shell).output().unwrap();
    assert!(output.status.success(), "{command}\n{output:?}");
}

/// Every file of the bump is committed, and no other.
#[test]
fn a_move_that_is_not_committed_has_the_command() {
    let mut place = Place::new();
    let hold = |environment: &str| {
        format!(
            "  - environment: {environment}\n    secret: auth\n    version: \"20250601090000\"\n    reason: no\n"
        )
    };
    let held = format!("{SETTINGS}holds:\n{}{}", hold("staging"), hold("production"));
    place.sandbox.write("rotate.yaml", &held);
    let listed = "resources: [web.yaml, store.yaml, auth-20250601090000.yaml]\n";
    place.sandbox.write("production/kustomization.yaml", listed);
    place.commit("Hold");
    let origin = place.sandbox.root().parent().unwrap().join("origin.git");
    let origin = origin.to_str().unwrap();
    let git = |arguments: &[&str]| place.sandbox.git_at("2025-07-22T11:00:00Z", arguments);
    let _ = git(&["clone", "--quiet", "--bare", ".", origin]);
    let _ = git(&["remote", "add", "origin", origin]);
    let _ = git(&["fetch", "--quiet", "origin"]);
    let _ = git(&["remote", "set-head", "origin", "main"]);
    let _ = git(&["branch", "--quiet", "--set-upstream-to", "origin/main"]);

    place.at("2025-07-22T11:00:00Z");
    let bump = ["bump", "staging", "auth", "--lift-hold", "--commit"];
    let _ = place.run(&bump).success();
    let list = place.list(&["production", "auth"]);
    list.notes("moved-staging", "origin/main does not: push and merge it");
    list.asks("moved-staging", "git push");
    let _ = place.sandbox.git_at(&place.now, &["push", "--quiet"]);

    place.at("2025-07-28T10:00:00Z");
    let _ = place.run(&["bump", "production", "auth", "--lift-hold"]).success();
    // Another family whose name begins alike, and a word that does.
    let store = place.sandbox.read("production/store.yaml");
    place.sandbox.write("production/store.yaml", &format!("# by the authors of auth-api\n{store}"));
    place.sandbox.write("production/other.yaml", "{}\n");
    let list = place.list(&["production", "auth"]);
    list.is(MOVED, "open").notes(MOVED, "origin/main does not: commit and merge it");
    list.asks(
        MOVED,
        "git add --all -- production/auth-20250722110000.yaml production/kustomization.yaml production/web.yaml rotate.yaml\n\
         git commit --message 'Bump auth in production to 20250722110000' --trailer 'Rotate-Family: auth' \
         --trailer 'Rotate-Environment: production' --trailer 'Rotate-Version: 20250722110000' \
         --trailer 'Rotate-Previous: 20250601090000' \
         -- production/auth-20250722110000.yaml production/kustomization.yaml production/web.yaml rotate.yaml\ngit push",
    );
    carry_out(&place, MOVED);
    place.list(&["production", "auth"]).is(MOVED, "done");
    let left = place.sandbox.git_at(&place.now, &["status", "--porcelain"]);
    assert_eq!(left.trim(), "M production/store.yaml\n?? production/other.yaml");
}

/// A branch that has nowhere to be pushed to is merged by whoever knows where to.
#[test]
fn a_commit_of_a_branch_without_an_upstream_is_merged() {
    let mut place = Place::new();
    let _ = place.sandbox.git_at(&place.now, &["checkout", "--quiet", "-b", "move"]);
    place.at("2025-07-22T11:00:00Z");
    let _ = place.run(&["bump", "staging", "auth", "--commit"]).success();
    let list = place.list(&["staging", "auth", "--mainline", "main"]);
    list.is("moved-staging", "open").notes("moved-staging", "main does not: merge it");
    assert!(list.item("moved-staging")["command"].is_null());
}
