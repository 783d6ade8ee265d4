//! A repository of plain names that is given versions step by step, with `rotate lint` as its CI after each commit.

use crate::support::{Output, Sandbox, workload};

fn stub(environment: &str, name: &str, policy: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {name}\n  \
         namespace: shop\nspec:\n  secretStoreRef:\n    name: aws\n    kind: ClusterSecretStore\n  \
         target:\n    name: {name}\n    immutable: true\n    deletionPolicy: {policy}\n  \
         refreshPolicy: CreatedOnce\n  dataFrom:\n    - extract:\n        key: {environment}/auth\n"
    )
}

/// Development, staging and production with plain names, since a month ago.
fn plain() -> Sandbox {
    let sandbox = Sandbox::empty();
    for environment in ["development", "staging", "production"] {
        sandbox.write(&format!("{environment}/web.yaml"), &workload("auth"));
        sandbox.write(&format!("{environment}/auth.yaml"), &stub(environment, "auth", "Delete"));
    }
    sandbox.commit_at("2025-07-01T08:00:00Z", "Begin\n");
    for (key, value) in [("user.name", "Test"), ("user.email", "test@example.com")] {
        let _ = sandbox.git_at("2025-07-01T08:00:00Z", &["config", key, value]);
    }
    sandbox
}

fn at(sandbox: &Sandbox, time: &str, arguments: &[&str]) -> Output {
    sandbox.rotate(&[arguments, &["--at", time]].concat())
}

/// What a command writes, committed at the time at which it runs.
#[track_caller]
fn step(sandbox: &Sandbox, time: &str, arguments: &[&str]) {
    let _ = at(sandbox, time, arguments).success();
    sandbox.commit_at(time, "Step\n");
}

#[track_caller]
fn green(sandbox: &Sandbox, time: &str) -> Output {
    at(sandbox, time, &["lint", "--format", "concise"]).success()
}

#[track_caller]
fn red(sandbox: &Sandbox, time: &str, said: &str) {
    let output = at(sandbox, time, &["lint", "--format", "concise"]).status(1);
    assert!(output.stdout.contains(said), "{output}");
}

#[test]
fn what_init_writes_stays_true_once_there_are_versions() {
    let sandbox = plain();
    let _ = sandbox.rotate(&["init"]).success();
    sandbox.commit_at("2025-08-01T08:30:00Z", "Settings\n");
    let settings = sandbox.read("rotate.yaml");
    assert!(settings.contains("`rotate bump ENVIRONMENT NAME` gives a secret its first version."));
    step(&sandbox, "2025-08-01T09:00:00Z", &["bump", "staging", "auth"]);
    assert_eq!(sandbox.read("rotate.yaml"), settings);
    assert!(!settings.contains("yet"), "{settings}");
}

#[test]
fn lint_stays_green_from_plain_names_to_production_and_back() {
    let sandbox = plain();
    let both = |time: &str| {
        let _ = green(&sandbox, time);
        // The same without settings and with those that `init` writes.
        if sandbox.path("rotate.yaml").exists() {
            return;
        }
        let init = sandbox.rotate(&["init"]).success();
        let _ = green(&sandbox, time);
        std::fs::remove_file(sandbox.path("rotate.yaml")).unwrap_or_else(|_| panic!("{init}"));
    };
    both("2025-08-01T08:00:00Z");
    step(&sandbox, "2025-08-01T09:00:00Z", &["bump", "staging", "auth"]);
    both("2025-08-01T09:00:00Z");
    both("2025-08-02T10:00:00Z");
    step(&sandbox, "2025-08-02T10:00:00Z", &["promote", "production"]);
    both("2025-08-02T10:00:00Z");
    let rollback = ["rollback", "production", "auth", "--to", "plain"];
    let reason = ["--reason", "logins fail"];
    step(&sandbox, "2025-08-02T12:00:00Z", &[&rollback[..], &reason].concat());
    let _ = green(&sandbox, "2025-08-02T12:00:00Z");
    step(&sandbox, "2025-08-03T12:00:00Z", &["bump", "production", "auth", "--lift-hold"]);
    let _ = green(&sandbox, "2025-08-03T12:00:00Z");
    step(&sandbox, "2025-08-20T12:00:00Z", &["bump", "staging", "auth"]);
    let _ = green(&sandbox, "2025-08-20T12:00:00Z");
    let _ = green(&sandbox, "2025-08-21T13:00:00Z");
}

#[test]
fn staging_that_goes_back_to_plain_asks_nothing_of_production() {
    let sandbox = plain();
    step(&sandbox, "2025-08-01T09:00:00Z", &["bump", "staging", "auth"]);
    let rollback = ["rollback", "staging", "auth", "--to", "plain", "--reason", "logins fail"];
    step(&sandbox, "2025-08-01T12:00:00Z", &rollback);
    for time in ["2025-08-01T12:00:00Z", "2025-08-20T12:00:00Z"] {
        let output = green(&sandbox, time);
        let said = "production/web.yaml:13:23: info[unversioned-reference]";
        assert!(output.stdout.contains(said), "{output}");
    }
}

#[test]
fn going_back_without_a_hold_has_its_time() {
    let sandbox = plain();
    step(&sandbox, "2025-08-01T09:00:00Z", &["bump", "staging", "auth"]);
    step(&sandbox, "2025-08-02T10:00:00Z", &["promote", "production"]);
    let back = ["rollback", "production", "auth", "--to", "plain", "--no-hold", "--reason", "x"];
    // Long after, so that production is late as far as staging tells.
    let _ = at(&sandbox, "2025-08-20T10:00:00Z", &back).success();
    let _ = green(&sandbox, "2025-08-20T10:00:00Z");
    sandbox.commit_at("2025-08-20T10:00:00Z", "Go back\n");
    let _ = green(&sandbox, "2025-08-20T10:00:00Z");
    let _ = green(&sandbox, "2025-08-28T09:00:00Z");
    // Without Git, nobody can say when.
    std::fs::rename(sandbox.path(".git"), sandbox.path("../git")).unwrap();
    let _ = green(&sandbox, "2025-08-28T11:00:00Z");
    std::fs::rename(sandbox.path("../git"), sandbox.path(".git")).unwrap();
    red(&sandbox, "2025-08-28T11:00:00Z", "production/web.yaml:13:23: warning[unversioned-ref");
}

/// The same for an older version.
#[test]
fn going_back_to_a_version_without_a_hold_has_its_time() {
    let sandbox = plain();
    step(&sandbox, "2025-08-01T09:00:00Z", &["bump", "staging", "auth"]);
    step(&sandbox, "2025-08-02T10:00:00Z", &["promote", "production"]);
    step(&sandbox, "2025-08-03T09:00:00Z", &["bump", "staging", "auth"]);
    step(&sandbox, "2025-08-04T10:00:00Z", &["promote", "production"]);
    let back = ["rollback", "production", "auth", "--no-hold", "--reason", "x"];
    let _ = at(&sandbox, "2025-08-29T10:00:00Z", &back).success();
    let _ = green(&sandbox, "2025-08-29T10:00:00Z");
    sandbox.commit_at("2025-08-29T10:00:00Z", "Go back\n");
    let _ = green(&sandbox, "2025-08-29T10:00:00Z");
    let _ = green(&sandbox, "2025-09-06T09:00:00Z");
    red(&sandbox, "2025-09-06T11:00:00Z", "production/web.yaml:13:23: warning[stale-reference]");
}

#[test]
fn a_version_that_was_never_taken_has_no_more_time() {
    let sandbox = plain();
    step(&sandbox, "2025-08-01T09:00:00Z", &["bump", "staging", "auth"]);
    step(&sandbox, "2025-08-02T10:00:00Z", &["promote", "production"]);
    step(&sandbox, "2025-08-03T09:00:00Z", &["bump", "staging", "auth"]);
    let said = "production/web.yaml:13:23: warning[stale-reference]";
    red(&sandbox, "2025-08-29T10:00:00Z", said);
    // A second workload on the same version is no way back.
    let job = sandbox.read("production/web.yaml").replace("name: web", "name: report");
    sandbox.write("production/report.yaml", &job).commit_at("2025-08-29T10:00:00Z", "Add\n");
    red(&sandbox, "2025-08-29T10:00:00Z", said);
}

/// A new workload joins the version that runs, as every command says that finds it.
#[test]
fn a_workload_is_added_to_a_version() {
    let sandbox = plain();
    step(&sandbox, "2025-08-01T09:00:00Z", &["bump", "staging", "auth"]);
    step(&sandbox, "2025-08-02T10:00:00Z", &["promote", "production"]);
    let job = workload("auth").replace("name: web", "name: report");
    for environment in ["staging", "production"] {
        sandbox.write(&format!("{environment}/report.yaml"), &job);
    }
    let time = "2025-08-12T10:00:00Z";
    sandbox.commit_at(time, "Add\n");
    let join = ["bump", "staging", "auth", "--version", "20250801090000"];
    let said = format!("`rotate {}`", join.join(" "));
    let lint = at(&sandbox, time, &["lint"]).status(1);
    assert!(lint.stdout.contains(&format!("{said} gives it the one that runs here")), "{lint}");
    assert!(lint.stdout.contains("`rotate bump production auth` gives it one"), "{lint}");
    let status = at(&sandbox, time, &["status"]).success();
    let unclear = format!("staging does not run a single version: {said}");
    assert!(status.stdout.contains(&unclear), "{status}");
    let refused = at(&sandbox, time, &["bump", "production", "auth"]).status(1);
    assert!(refused.stderr.contains(said.trim_matches('`')), "{refused}");
    step(&sandbox, time, &join);
    let soaked = "2025-08-13T11:00:00Z";
    step(&sandbox, soaked, &["bump", "production", "auth"]);
    for environment in ["staging", "production"] {
        let report = sandbox.read(&format!("{environment}/report.yaml"));
        assert!(report.contains("auth-20250801090000"), "{report}");
    }
    let _ = green(&sandbox, soaked);
}

#[test]
fn a_family_named_in_the_settings_is_no_warning_before_it_has_a_version() {
    let sandbox = plain();
    sandbox.write("rotate.yaml", "secrets:\n  auth: { remote: { version: label } }\n");
    sandbox.commit_at("2025-07-02T08:00:00Z", "Configure\n");
    let _ = green(&sandbox, "2025-08-20T10:00:00Z");
    step(&sandbox, "2025-08-20T11:00:00Z", &["bump", "staging", "auth"]);
    let _ = green(&sandbox, "2025-08-20T11:00:00Z");
}

#[test]
fn a_forgotten_plain_name_is_a_warning_after_the_soak() {
    let sandbox = plain();
    step(&sandbox, "2025-08-01T09:00:00Z", &["bump", "staging", "auth"]);
    let job = workload("auth").replace("name: web", "name: report");
    sandbox.write("staging/report.yaml", &job).commit_at("2025-08-01T10:00:00Z", "Add\n");
    let said = "staging/report.yaml:13:23: info[unversioned-reference]";
    let output = green(&sandbox, "2025-08-02T08:59:00Z");
    assert!(output.stdout.contains(said), "{output}");
    red(&sandbox, "2025-08-02T09:01:00Z", "staging/report.yaml:13:23: warning[unversioned-");
    // Where the next version is younger than the soak, the family is not.
    let rotated = sandbox.read("staging/web.yaml").replace("20250801090000", "20250803090000");
    sandbox.write("staging/web.yaml", &rotated).commit_at("2025-08-03T09:00:00Z", "Rotate\n");
    red(&sandbox, "2025-08-03T09:00:00Z", "staging/report.yaml:13:23: warning[unversioned-");
}

#[test]
fn a_stub_that_may_lose_its_secret_is_a_warning_after_the_soak() {
    let sandbox = plain();
    let name = "auth-20250801090000";
    // Minted long before the change was merged, by hand.
    sandbox.write(
        "staging/v1.yaml",
        &stub("staging", name, "Delete").replace(
            "key: staging/auth\n",
            "key: staging/auth\n        version: \"20250801090000\"\n",
        ),
    );
    sandbox.write("staging/web.yaml", &workload(name));
    let said = "staging/v1.yaml:13:21: info[deletion-policy]";
    // Not on the mainline yet, then merged.
    let output = green(&sandbox, "2025-08-09T10:00:00Z");
    assert!(output.stdout.contains(said), "{output}");
    sandbox.commit_at("2025-08-09T10:00:00Z", "Version it\n");
    let output = green(&sandbox, "2025-08-10T09:00:00Z");
    assert!(output.stdout.contains(said), "{output}");
    red(&sandbox, "2025-08-10T11:00:00Z", "staging/v1.yaml:13:21: warning[deletion-policy]");
    // A level in the settings applies at once.
    sandbox.write("rotate.yaml", "lint: { rules: { deletion-policy: warning } }\n");
    red(&sandbox, "2025-08-10T09:00:00Z", "staging/v1.yaml:13:21: warning[deletion-policy]");
}

#[test]
fn without_history_the_digits_count() {
    let sandbox = plain();
    step(&sandbox, "2025-08-01T09:00:00Z", &["bump", "staging", "auth"]);
    std::fs::remove_dir_all(sandbox.path(".git")).unwrap();
    let _ = green(&sandbox, "2025-08-01T09:00:00Z");
    let _ = green(&sandbox, "2025-08-09T08:59:00Z");
    red(&sandbox, "2025-08-09T09:01:00Z", "production/web.yaml:13:23: warning[unversioned-");
}

#[test]
fn a_remark_in_one_environment_hides_no_warning_in_the_next() {
    let sandbox = plain();
    let job = workload("auth").replace("name: web", "name: report");
    sandbox.write("base/report.yaml", &job);
    sandbox.write("base/kustomization.yaml", "resources: [report.yaml]\n");
    let name = "auth-20250702090000";
    for environment in ["staging", "production"] {
        let resources = "resources: [../base, web.yaml, auth.yaml, v1.yaml]\n";
        sandbox.write(&format!("{environment}/kustomization.yaml"), resources);
        sandbox.write(&format!("{environment}/web.yaml"), &workload(name));
        let stub = stub(environment, name, "Retain");
        let version = format!("{environment}/auth\n        version: \"20250702090000\"\n");
        let stub = stub.replace(&format!("{environment}/auth\n"), &version);
        sandbox.write(&format!("{environment}/v1.yaml"), &stub);
    }
    sandbox.commit_at("2025-07-02T09:00:00Z", "Version it\n");
    sandbox
        .write("staging/web.yaml", &workload("auth"))
        .commit_at("2025-08-20T08:00:00Z", "Back\n");
    let output = at(&sandbox, "2025-08-20T09:00:00Z", &["lint", "--format", "concise"]).status(1);
    let levels: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(levels.len(), 2, "{output}");
    assert!(levels[0].starts_with("base/report.yaml:13:23: warning[unversioned-reference]"));
    assert!(levels[0].ends_with("(in staging, production)"), "{output}");
    assert!(levels[1].starts_with("staging/web.yaml:13:23: info[unversioned-"), "{output}");
}

#[test]
fn what_is_made_elsewhere_is_not_offered() {
    let sandbox = plain();
    let both = format!("{}---\n{}", workload("auth"), workload("pull").replace("web", "job"));
    sandbox.write("staging/web.yaml", &both);
    sandbox.write("rotate.yaml", "external:\n- { name: pull }\n");
    sandbox.commit_at("2025-07-02T08:00:00Z", "Pull\n");
    let bump = at(&sandbox, "2025-08-01T08:00:00Z", &["bump", "staging"]).status(2);
    assert!(bump.stderr.contains("name one to give it its first version: auth"), "{bump}");
    assert!(!bump.stderr.contains("pull"), "{bump}");
}
