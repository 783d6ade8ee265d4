//! What a day with the command shows: which tree is meant, what is counted, holds that hold nothing, files of its own.

use crate::support::{NOW, Sandbox};

fn web(secret: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web, namespace: shop }}\nspec:\n  template:\n    spec:\n      \
         containers:\n        - name: web\n          envFrom:\n            - secretRef: {{ name: {secret} }}\n"
    )
}

/// Staging and production on a version of `db`.
fn two() -> Sandbox {
    let sandbox = Sandbox::empty();
    for environment in ["staging", "production"] {
        sandbox.write(&format!("{environment}/web.yaml"), &web("db-20250701000000"));
    }
    sandbox
}

const DECLARED: &str = "environments:\n  - { name: staging, paths: [staging] }\n  - { name: production, paths: [production] }\n";

#[test]
fn a_directory_belongs_to_the_tree_whose_settings_are_above_it() {
    let sandbox = two();
    sandbox.write("rotate.yaml", DECLARED).commit_all();
    let inside = sandbox.rotate(&["-C", "production", "status", "--at", NOW]).success();
    assert!(inside.stdout.contains("staging"), "{inside}");
    std::fs::remove_file(sandbox.path("rotate.yaml")).unwrap();
    let alone = sandbox.rotate(&["-C", "production", "refs", "--format", "json"]).success();
    assert!(
        alone.stdout.contains("\"path\": \".\"") && !alone.stdout.contains("staging"),
        "{alone}"
    );
}

#[test]
fn one_reference_that_several_roots_read_is_one() {
    let sandbox = Sandbox::empty();
    sandbox.write("base/web.yaml", &web("db-20250701000000"));
    sandbox.write("base/kustomization.yaml", "resources: [web.yaml]\n");
    sandbox.write("staging/all/kustomization.yaml", "resources: [../../base]\n");
    for cluster in ["east", "west"] {
        let path = format!("staging/{cluster}/kustomization.yaml");
        sandbox.write(&path, "resources: [../all]\n");
    }
    sandbox.write("production/kustomization.yaml", "resources: [../base]\n");
    let bump = sandbox.rotate(&["bump", "staging", "--dry-run", "--at", NOW]).success();
    let _ = bump.says(&["would move 1 reference with a guarded patch"]);
}

#[test]
fn a_hold_that_holds_nothing_keeps_everybody_back() {
    let sandbox = two();
    let hold = "holds:\n  - { secret: dbs, version: \"20250701000000\", environment: staging }\n";
    sandbox.write("rotate.yaml", &format!("{DECLARED}{hold}")).commit_all();
    let lint = sandbox.rotate(&["lint", "--fail-on", "error", "--at", NOW]).status(1);
    assert!(lint.stdout.contains("so the hold has no effect"), "{lint}");
    assert!(lint.stdout.contains("did you mean `db`?"), "{lint}");
    let bump = sandbox.rotate(&["bump", "staging", "db", "--at", NOW]).status(1);
    let _ = bump.says(&[
        "a hold in rotate.yaml is on `dbs`, which nothing in staging references or provides",
    ]);
    // In an environment that there is not it is a mistake of the settings, declared or not.
    sandbox.write("rotate.yaml", &hold.replace("staging", "stagin"));
    let unknown = sandbox.rotate(&["status", "--at", NOW]).status(2);
    let _ = unknown.says(&["there is no environment `stagin`", "did you mean `staging`?"]);
}

#[test]
fn a_word_for_an_environment_suggests_it() {
    let sandbox = two();
    sandbox.write("rotate.yaml", DECLARED).commit_all();
    let _ =
        sandbox.rotate(&["bump", "stg", "--at", NOW]).status(2).says(&["did you mean `staging`?"]);
}

#[test]
fn no_version_begins_past_an_environment_that_has_no_place() {
    let sandbox = Sandbox::empty();
    for environment in ["demo", "production", "uat"] {
        sandbox.write(&format!("overlays/{environment}/web.yaml"), &web("db"));
    }
    let _ = sandbox.commit_all();
    let words = ["`uat` (overlays/uat) looks like an environment", "rotate.yaml"];
    let bump = ["bump", "production", "db", "--at", NOW];
    let _ = sandbox.rotate(&bump).status(1).says(&words);
    let _ = sandbox
        .rotate(&[&bump[..], &["--version", "20250601000000"]].concat())
        .status(1)
        .says(&words);
    let status = sandbox.rotate(&["status", "--at", NOW]).success();
    for word in ["uat", "demo"] {
        let line = format!("`{word}` (overlays/{word}) looks like an environment");
        assert!(status.stdout.contains(&line), "{status}");
    }
    let json = sandbox.rotate(&["status", "--format", "json", "--at", NOW]).success();
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let blocks = |index: usize| value["unplaced"][index]["blocks"].as_bool().unwrap();
    assert_eq!((blocks(0), blocks(1)), (false, true), "{json}");
    // With a place, it is as any other.
    let settings = sandbox.rotate(&["init", "--dry-run"]).success().stdout;
    assert!(
        settings.contains("+#  - name: uat\n+#    paths:\n+#      - \"overlays/uat\"\n"),
        "{settings}"
    );
    sandbox.write(
        "rotate.yaml",
        "environments:\n  - { name: uat, paths: [overlays/uat], versioned: false }\n  - { name: production, paths: [overlays/production] }\n",
    );
    let _ = sandbox.commit_all();
    let placed = sandbox.rotate(&[&bump[..], &["--dry-run"]].concat());
    assert!(!placed.stderr.contains("looks like an environment"), "{placed}");
}

#[test]
fn nothing_to_judge_is_said() {
    let sandbox = Sandbox::empty();
    sandbox.write("README.md", "Nothing.\n");
    let lint = sandbox.rotate(&["lint", "--format", "json"]).status(2);
    let _ = lint.says(&["there is no kustomization and no manifest in", "so nothing was checked"]);
    let sandbox = two();
    sandbox.write("docs/readme.md", "Nothing.\n");
    let _ = sandbox.rotate(&["lint", "docs", "--at", NOW]).success();
}

#[test]
fn versions_of_development_count_the_same_with_settings_and_without() {
    let sandbox = two();
    sandbox.write("development/web.yaml", &web("db-20250705000000")).commit_all();
    let ask = |arguments: &[&str]| sandbox.rotate(&[arguments, &["--at", NOW]].concat());
    let commands: [&[&str]; 3] = [
        &["status", "--format", "json"],
        &["promote", "--dry-run", "--format", "json"],
        &["bump", "staging", "db", "--dry-run"],
    ];
    let before = commands.map(&ask);
    let _ = sandbox.rotate(&["init"]).success();
    assert!(before == commands.map(&ask));
}

#[test]
fn files_of_its_own_use_no_secret() {
    let sandbox = Sandbox::example("shop-plain");
    sandbox.commit_all();
    let _ = sandbox.rotate(&["bump", "staging", "returns-db", "--at", NOW]).success();
    sandbox.commit_at(NOW, "Bump\n");
    let later = "2025-09-20T11:00:00Z";
    let kept = |sandbox: &Sandbox| {
        let prune =
            ["prune", "staging", "returns-db", "--dry-run", "--format", "json", "--at", later];
        let output = sandbox.rotate(&prune).success();
        let prune: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        prune["plans"][0]["kept"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["why"].to_string())
            .collect::<Vec<_>>()
    };
    let before = kept(&sandbox);
    for (arguments, file) in [
        (&["lint", "--format", "sarif"][..], "lint.sarif"),
        (&["lint", "--format", "json"], "lint.json"),
        (&["history", "returns-db", "--format", "json"], "history.json"),
    ] {
        let output = sandbox.rotate(&[arguments, &["--at", later]].concat());
        sandbox.write(file, &output.stdout);
    }
    let report = ["promote", "--dry-run", "--report", "report.md", "--at", later];
    let _ = sandbox.rotate(&report);
    assert!(sandbox.read("report.md").starts_with("<!-- rotate report -->\n"));
    sandbox.commit_at(NOW, "Reports\n");
    assert_eq!(kept(&sandbox), before);
}

#[test]
fn a_secret_that_every_overlay_deletes_is_in_no_environment() {
    let sandbox = Sandbox::empty();
    sandbox.write("base/kustomization.yaml", "resources: [secret.yaml]\n");
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData: { PASSWORD: replace-me }\n";
    sandbox.write("base/secret.yaml", secret);
    let delete = "resources: [../base]\npatches:\n- patch: |-\n    $patch: delete\n    apiVersion: v1\n    kind: Secret\n    \
                  metadata: { name: db }\n";
    sandbox.write("staging/kustomization.yaml", delete);
    sandbox.write("production/kustomization.yaml", "resources: [../base]\n");
    let output = sandbox.rotate(&["lint", "--format", "json"]).status(1);
    let found: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let found = found["findings"].as_array().unwrap();
    let leak = found.iter().find(|one| one["rule"] == "plaintext-secret").unwrap();
    assert_eq!(leak["environments"], serde_json::json!(["production"]));
}

#[test]
fn promote_suggests_a_family_that_has_no_version_yet() {
    let sandbox = Sandbox::empty();
    for environment in ["staging", "production"] {
        sandbox.write(&format!("{environment}/web.yaml"), &web("mailer-login"));
    }
    sandbox.write("rotate.yaml", DECLARED).commit_all();
    let promote = |family| sandbox.rotate(&["promote", "--family", family, "--at", NOW]).status(2);
    let _ = promote("mailer-logn").says(&["did you mean `mailer-login`?"]);
    let _ = promote("mailer-login").says(&[
        "no environment has a versioned secret `mailer-login`",
        "`rotate bump staging mailer-login` gives it its first version",
    ]);
}

#[test]
fn a_dry_run_says_what_would_be_refused() {
    let sandbox = two();
    sandbox.write("staging/stub.yaml", &stub("db-20250701000000"));
    sandbox.write("rotate.yaml", DECLARED).commit_all();
    let bump =
        |flags: &[&str]| sandbox.rotate(&[&["bump", "staging", "db", "--at", NOW], flags].concat());
    let refused = "this is refused: ";
    let dry = bump(&["--dry-run"]).success();
    assert!(!dry.stderr.contains(refused), "{dry}");
    let dirty = format!("# mine\n{}", sandbox.read("staging/web.yaml"));
    sandbox.write("staging/web.yaml", &dirty);
    let why = "uncommitted changes in staging/web.yaml";
    let dry = bump(&["--dry-run"]).success();
    assert!(dry.stdout.contains("+++ b/staging/web.yaml"), "{dry}");
    let _ =
        dry.says(&[&format!("without `--dry-run`, {refused}{why}\n"), "or use `--allow-dirty`"]);
    let allowed = bump(&["--dry-run", "--allow-dirty"]).success();
    assert!(!allowed.stderr.contains(refused), "{allowed}");
    let _ = bump(&[]).status(2).says(&[why]);
    // So it is where Git would leave the new stub out.
    sandbox.write(".gitignore", "staging/db-2*.yaml\n");
    let ignored = bump(&["--dry-run", "--allow-dirty"]).success();
    let _ = ignored.says(&[refused, "Git would ignore the new file `staging/db-2"]);
}

fn stub(name: &str) -> String {
    let version = name.rsplit('-').next().unwrap();
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: {name}, namespace: shop }}\nspec:\n  \
         secretStoreRef: {{ kind: ClusterSecretStore, name: aws }}\n  target: {{ name: {name} }}\n  dataFrom:\n    - \
         extract: {{ key: shop/db, version: \"{version}\" }}\n"
    )
}
