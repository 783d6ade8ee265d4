//! Committer dates that cannot be right: before that of a parent, or in the future.

use serde_json::Value;

use crate::support::{Sandbox, commit};

const VERSION: &str = "20250801000000";
const NOW: &str = "2025-08-20T11:00:00Z";

fn web(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: web }}\nspec:\n  containers:\n    - name: web\n      envFrom:\n        \
         - secretRef: {{ name: {name} }}\n"
    )
}

/// Staging and production on one version, then staging on the next, committed at a time.
fn bumped_at(time: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::empty();
    for environment in ["staging", "production"] {
        sandbox.write(&format!("{environment}/web.yaml"), &web("auth-20250701000000"));
    }
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    sandbox.write("README.md", "Unrelated.\n").commit_at("2025-08-20T09:00:00Z", "Describe\n");
    sandbox.write("staging/web.yaml", &web(&format!("auth-{VERSION}")));
    let id = commit(&sandbox.root(), time, "Bump\n");
    (sandbox, id)
}

/// Since when staging runs what it runs, as `status` has it.
fn since(sandbox: &Sandbox) -> Value {
    let output = sandbox.rotate(&["status", "--format", "json", "--at", NOW]).success();
    let status: Value = serde_json::from_str(&output.stdout).unwrap();
    let families = status["families"].as_array().unwrap();
    let staging = families.iter().find(|one| one["environment"] == "staging").unwrap();
    staging["since"].clone()
}

fn bump(sandbox: &Sandbox) -> crate::support::Output {
    sandbox.rotate(&["bump", "production", "--dry-run", "--at", NOW])
}

#[test]
fn a_commit_counts_from_the_newest_date_of_its_ancestors() {
    let (sandbox, id) = bumped_at("2025-08-02T10:00:00Z");
    let since = since(&sandbox);
    assert_eq!(
        (since["time"].as_str(), since["commit"].as_str()),
        (Some("2025-08-20T09:00:00Z"), Some(&*id))
    );
    assert_eq!(since["datedBy"], Value::Null);
    let _ = bump(&sandbox).status(1).says(&["soak: staging has run 20250801000000", "2h of 1d"]);
}

#[test]
fn a_date_in_the_future_is_no_date() {
    let (sandbox, id) = bumped_at("2025-09-20T10:00:00Z");
    let _ = bump(&sandbox).status(1).says(&[
        &format!("since {}, which is dated in the future", &id[..9]),
        "the soak begins with the next commit on main",
    ]);
    // The next commit with a usable date counts, and is named.
    sandbox.write("README.md", "More.\n");
    let next = commit(&sandbox.root(), "2025-08-19T11:00:00Z", "Describe more\n");
    let since = since(&sandbox);
    assert_eq!(
        (&since["commit"], &since["datedBy"]),
        (&Value::from(id.clone()), &Value::from(next.clone()))
    );
    // It cannot be older than what came before it.
    assert_eq!(since["time"], "2025-08-20T09:00:00Z");
    let named = format!("({}, because {} is dated in the future)", &next[..9], &id[..9]);
    let _ = bump(&sandbox).status(1).says(&[&named]);
    let status = sandbox.rotate(&["status", "--at", NOW]).success();
    assert!(status.stdout.contains(&named[1..]), "{status}");
}

#[test]
fn what_a_merge_brings_counts_from_the_merge() {
    let (sandbox, _) = bumped_at("2025-08-20T09:30:00Z");
    let _ = sandbox.git_at(NOW, &["checkout", "--quiet", "-b", "slow", "HEAD~1"]);
    sandbox.write("docs.md", "Slow clock.\n").commit_at("2025-08-20T10:30:00Z", "Write\n");
    let _ = sandbox.git_at(NOW, &["checkout", "--quiet", "main"]);
    // The merge itself is dated before what it merges.
    let _ = sandbox
        .git_at("2025-08-01T00:00:00Z", &["merge", "--quiet", "--no-edit", "--no-ff", "slow"]);
    sandbox.write("staging/web.yaml", &web("auth-20250802000000"));
    let _ = commit(&sandbox.root(), "2025-08-02T10:00:00Z", "Bump again\n");
    assert_eq!(since(&sandbox)["time"], "2025-08-20T10:30:00Z");
}
