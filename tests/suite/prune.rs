//! `rotate prune`: what goes and what stays, in histories with fixed dates.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json as value};

use crate::support::{Output, Sandbox};

pub(crate) const V1: &str = "20250101090000";
pub(crate) const V2: &str = "20250301090000";
pub(crate) const V3: &str = "20250308090000";
/// Long after the retention of every version.
pub(crate) const LATE: &str = "2025-08-20T11:00:00Z";

pub(crate) fn stub(version: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: auth-{version}\nspec:\n  \
         secretStoreRef: {{ kind: ClusterSecretStore, name: aws }}\n  dataFrom:\n    - extract: {{ key: shop/auth, \
         version: \"{version}\" }}\n"
    )
}

pub(crate) fn workload(name: &str, version: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n  template:\n    spec:\n      \
         containers:\n        - name: web\n          envFrom:\n            - secretRef: {{ name: auth-{version} }}\n"
    )
}

fn cron_job(schedule: &str, version: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{ name: report }}\nspec:\n  schedule: \"{schedule}\"\n  \
         suspend: true\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n            \
         - name: report\n              envFrom:\n                - secretRef: {{ name: auth-{version} }}\n"
    )
}

/// Lets an environment run the newest of some versions, with a stub for each.
pub(crate) fn run(sandbox: &Sandbox, environment: &str, versions: &[&str]) {
    let mut list = "# Ours.\nnamespace: shop\nresources:\n  - web.yaml # the shop\n".to_owned();
    for version in versions {
        let _ = writeln!(list, "  # since {}\n  - auth-{version}.yaml", &version[..4]);
        sandbox.write(&format!("{environment}/auth-{version}.yaml"), &stub(version));
    }
    if sandbox.path(&format!("{environment}/report.yaml")).exists() {
        list.push_str("  - report.yaml\n");
    }
    sandbox.write(&format!("{environment}/kustomization.yaml"), &list);
    let current = versions.last().unwrap();
    sandbox.write(&format!("{environment}/web.yaml"), &workload("web", current));
}

/// A store, and a repository whose production ran three versions.
fn story(prepare: impl Fn(&Sandbox)) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "cluster/store.yaml",
        "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: { name: aws }\nspec:\n  provider:\n    \
         aws: { service: SecretsManager, region: eu-central-1 }\n",
    );
    prepare(&sandbox);
    run(&sandbox, "production", &[V1]);
    sandbox.commit_at("2025-01-01T09:30:00Z", "One\n");
    run(&sandbox, "production", &[V1, V2]);
    sandbox.commit_at("2025-03-01T09:30:00Z", "Two\n");
    run(&sandbox, "production", &[V1, V2, V3]);
    sandbox.commit_at("2025-03-08T09:30:00Z", "Three\n");
    sandbox
}

/// A repository with a stub that may go, for contracts and crashes.
pub(crate) fn sandbox() -> Sandbox {
    story(|_| {})
}

fn prune(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.rotate(&[&["prune", "production"], arguments].concat())
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"))
}

/// Why each version stays, and which go.
#[track_caller]
fn judged(sandbox: &Sandbox, arguments: &[&str]) -> (Vec<String>, Vec<(String, String)>) {
    let base = ["prune", "production", "--dry-run", "--format", "json"];
    let value = json(&sandbox.rotate(&[&base, arguments].concat()).success());
    let plan = &value["plans"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let gone = plan["removed"].as_array().unwrap().iter().map(|one| text(&one["version"]));
    let kept = plan["kept"].as_array().unwrap().iter();
    (gone.collect(), kept.map(|one| (text(&one["version"]), text(&one["why"]))).collect())
}

#[track_caller]
fn keeps(sandbox: &Sandbox, arguments: &[&str], why: &str) {
    let (gone, kept) = judged(sandbox, arguments);
    assert_eq!(gone, Vec::<String>::new());
    let first = kept.iter().find(|(version, _)| version == V1).unwrap();
    assert_eq!(first.1, why, "{kept:?}");
}

#[track_caller]
fn removes(sandbox: &Sandbox, arguments: &[&str]) {
    let (gone, kept) = judged(sandbox, arguments);
    assert_eq!(gone, [V1], "{kept:?}");
}

#[test]
fn goes_when_its_retention_is_over_and_the_way_back_stays() {
    let sandbox = story(|_| {});
    keeps(&sandbox, &["--at", "2025-03-15T09:29:59Z"], "retention");
    let (gone, kept) = judged(&sandbox, &["--at", "2025-03-15T09:30:00Z"]);
    assert_eq!(gone, [V1]);
    let kept: Vec<(&str, &str)> = kept.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(kept, [(V2, "way-back"), (V3, "referenced")]);
    let before = sandbox.files();
    let output = prune(&sandbox, &["--at", LATE]).success().says(&[
        "removed auth-20250101090000 in production/auth-20250101090000.yaml",
        "nothing has referenced it since 2025-03-01 09:30 UTC",
        "stays auth-20250301090000: production needs it to roll back from 20250308090000",
        "stays auth-20250308090000: Deployment `web` names it in production",
        "kubectl get secret auth-20250101090000 --namespace shop --ignore-not-found",
        "aws secretsmanager update-secret-version-stage --secret-id shop/auth --region eu-central-1 --version-stage 20250101090000 \
         --remove-from-version-id \"$(aws secretsmanager list-secret-version-ids --secret-id shop/auth --region eu-central-1 --output text \
         --query \"Versions[?contains(VersionStages, '20250101090000')].VersionId\")\"",
    ]);
    assert!(output.stdout.is_empty(), "{output}");
    assert_eq!(
        sandbox.read("production/kustomization.yaml"),
        "# Ours.\nnamespace: shop\nresources:\n  - web.yaml # the shop\n  # since 2025\n  # since 2025\n  \
         - auth-20250301090000.yaml\n  # since 2025\n  - auth-20250308090000.yaml\n"
    );
    let gone = "production/auth-20250101090000.yaml";
    let rest: Vec<_> = before
        .into_iter()
        .filter(|(path, _)| path != gone && path != "production/kustomization.yaml")
        .collect();
    let now = sandbox.files().into_iter();
    assert_eq!(
        now.filter(|(path, _)| path != "production/kustomization.yaml").collect::<Vec<_>>(),
        rest
    );
    // Nothing is left to do.
    let _ = prune(&sandbox, &["--check", "--at", LATE]).success().says(&["nothing to remove"]);
}

#[test]
fn stays_for_a_cron_job_that_waits_longer() {
    let sandbox = story(|sandbox| {
        sandbox.write("production/report.yaml", &cron_job("0 3 1 * *", V3));
    });
    // Twice the 31 days between two runs, from the first of March on.
    keeps(&sandbox, &["--at", "2025-05-02T09:29:00Z"], "retention");
    let _ = prune(&sandbox, &["--dry-run", "--at", "2025-03-20T00:00:00Z"])
        .success()
        .says(&["it is kept for 62d, for the CronJob `report`, until 2025-05-02 09:30 UTC"]);
}

#[test]
fn a_schedule_that_nobody_can_read_keeps_everything() {
    let sandbox = story(|sandbox| {
        sandbox.write("production/report.yaml", &cron_job("${SCHEDULE}", V3));
    });
    keeps(&sandbox, &["--at", LATE], "unreadable");
}

#[test]
fn stays_for_a_mention_in_a_script() {
    let sandbox = story(|sandbox| {
        sandbox.write("restore.sh", &format!("kubectl get secret auth-{V1}\n"));
        sandbox.write("other.md", &format!("mailer-{V1}\n"));
    });
    keeps(&sandbox, &["--at", LATE], "mentioned");
    let _ =
        prune(&sandbox, &["--dry-run", "--at", LATE]).success().says(&["restore.sh:1 mentions it"]);
    removes(&sandbox, &["--at", LATE, "--ignore-text"]);
}

#[test]
fn a_base_that_an_overlay_patches_is_no_mention_and_its_comments_are() {
    let sandbox = story(|sandbox| {
        sandbox.write("base/kustomization.yaml", "resources: [api.yaml]\n");
        sandbox.write("base/api.yaml", &workload("api", V1));
        let patch = format!(
            "resources: [../../base]\npatches:\n  - target: {{ kind: Deployment, name: api }}\n    patch: |-\n      \
             - {{ op: test, path: /spec/template/spec/containers/0/envFrom/0/secretRef/name, value: auth-{V1} }}\n      \
             - {{ op: replace, path: /spec/template/spec/containers/0/envFrom/0/secretRef/name, value: auth-{V3} }}\n"
        );
        sandbox.write("production/api/kustomization.yaml", &patch);
    });
    removes(&sandbox, &["--at", LATE]);
    let text = workload("api", V1);
    sandbox.write("base/api.yaml", &format!("# go back with auth-{V1}\n{text}"));
    keeps(&sandbox, &["--at", LATE], "mentioned");
}

#[test]
fn stays_for_a_hold_and_for_what_still_names_it() {
    let sandbox = story(|_| {});
    let settings = format!(
        "environments:\n  - {{ name: production, paths: [production] }}\nholds:\n  - {{ secret: auth, version: \"{V1}\", \
         environment: production }}\n"
    );
    sandbox.write("rotate.yaml", &settings);
    keeps(&sandbox, &["--at", LATE], "held");
    sandbox.write("rotate.yaml", &settings.replace(V1, V2));
    removes(&sandbox, &["--at", LATE]);
    sandbox.write("tools/job.yaml", &workload("tool", V1));
    keeps(&sandbox, &["--at", LATE], "referenced");
}

/// A stub in a base that two environments share goes when neither names it.
#[test]
fn stays_for_another_environment_that_reaches_it() {
    let sandbox = Sandbox::empty();
    let base = |versions: &[&str]| {
        let mut list = "resources:\n".to_owned();
        for version in versions {
            let _ = writeln!(list, "- auth-{version}.yaml");
            sandbox.write(&format!("base/auth-{version}.yaml"), &stub(version));
        }
        sandbox.write("base/kustomization.yaml", &list);
    };
    let names = |environment: &str, version: &str| {
        let list = "resources: [../base, web.yaml]\n";
        sandbox.write(&format!("{environment}/kustomization.yaml"), list);
        sandbox.write(&format!("{environment}/web.yaml"), &workload("web", version));
    };
    base(&[V1, V2, V3]);
    for (time, staging, production) in [
        ("2025-01-01T00:00:00Z", V1, V1),
        ("2025-03-01T00:00:00Z", V2, V1),
        ("2025-03-08T00:00:00Z", V3, V1),
        ("2025-04-01T00:00:00Z", V3, V2),
    ] {
        names("staging", staging);
        names("production", production);
        sandbox.commit_at(time, "A step\n");
    }
    let staging = |at: &str| {
        let prune = ["prune", "staging", "--dry-run", "--format", "json", "--at", at];
        json(&sandbox.rotate(&prune).success())["plans"][0].clone()
    };
    let plan = staging(LATE);
    assert_eq!(plan["kept"][0]["why"], "way-back");
    assert_eq!(plan["kept"][0]["reason"], format!("production needs it to roll back from {V2}"));
    names("production", V3);
    sandbox.commit_at("2025-05-01T00:00:00Z", "A step\n");
    let plan = staging("2025-04-14T00:00:00Z");
    assert_eq!(
        plan["kept"][0]["reason"],
        value!(format!(
            "production has not named it since 2025-04-01 00:00 UTC ({}); it is kept for 14d, until 2025-04-15 00:00 UTC",
            plan["kept"][0]["reason"].as_str().unwrap().split(['(', ')']).nth(1).unwrap()
        ))
    );
    let plan = staging(LATE);
    assert_eq!(plan["removed"][0]["listedIn"][0], "base/kustomization.yaml", "{plan}");
}

#[test]
fn a_version_stays_in_a_store_that_another_environment_reads() {
    let store = |project: &str| {
        format!(
            "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {{ name: aws }}\n\
             spec: {{ provider: {{ gcpsm: {{ projectID: {project} }} }} }}\n"
        )
    };
    for (project, stays) in [("one", true), ("other", false)] {
        let sandbox = story(|sandbox| {
            std::fs::remove_file(sandbox.path("cluster/store.yaml")).unwrap();
            sandbox.write("production/store.yaml", &store("one"));
            sandbox.write("staging/store.yaml", &store(project));
            run(sandbox, "staging", &[V1]);
        });
        for environment in ["production", "staging"] {
            let list = format!("{environment}/kustomization.yaml");
            sandbox.write(&list, &format!("{}  - store.yaml\n", sandbox.read(&list)));
        }
        sandbox.commit_at("2025-03-09T09:30:00Z", "Stores\n");
        let output = prune(&sandbox, &["--at", LATE]).success();
        let said = output.stderr.contains("`auth-20250101090000` in staging still reads");
        assert_eq!(said, stays, "{output}");
        let removes = output.stderr.contains("gcloud secrets versions destroy");
        assert_eq!(removes, !stays, "{output}");
    }
}

#[test]
fn stays_for_a_branch_that_names_it() {
    let sandbox = story(|_| {});
    let git = |arguments: &[&str]| {
        let done =
            Command::new("git").arg("-C").arg(sandbox.root()).args(arguments).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    let main = git(&["symbolic-ref", "--short", "HEAD"]);
    git(&["checkout", "--quiet", "-b", "hotfix"]);
    sandbox.write("production/web.yaml", &workload("web", V1));
    sandbox.commit_at("2025-03-09T00:00:00Z", "Go back\n");
    git(&["checkout", "--quiet", &main]);
    removes(&sandbox, &["--at", LATE]);
    keeps(&sandbox, &["--at", LATE, "--also-branch", &main, "--also-branch", "hotfix"], "branch");
    let _ = prune(&sandbox, &["--dry-run", "--at", LATE, "--also-branch", "nowhere"])
        .status(2)
        .says(&["unknown branch or commit `nowhere`"]);
}

#[test]
fn takes_a_document_out_of_its_file() {
    let sandbox = Sandbox::empty();
    let all = |versions: &[&str]| {
        let stubs: Vec<String> = versions.iter().map(|version| stub(version)).collect();
        let text = format!("# The stubs.\n---\n{}", stubs.join("---\n# The next one.\n"));
        sandbox.write("production/stubs.yaml", &text);
        sandbox.write("production/web.yaml", &workload("web", versions.last().unwrap()));
    };
    for (time, versions) in [
        ("2025-01-01T00:00:00Z", &[V1][..]),
        ("2025-03-01T00:00:00Z", &[V1, V2]),
        ("2025-03-08T00:00:00Z", &[V1, V2, V3]),
    ] {
        all(versions);
        sandbox.commit_at(time, "A step\n");
    }
    let _ = prune(&sandbox, &["--at", LATE]).success().says(&["(only its document)"]);
    let expected = format!(
        "# The stubs.\n---\n# The next one.\n{}---\n# The next one.\n{}",
        stub(V2),
        stub(V3)
    );
    assert_eq!(sandbox.read("production/stubs.yaml"), expected);
}

/// A stub that stood alone in its kustomization: an empty list is left, which builds.
#[test]
fn an_empty_list_still_builds() {
    let sandbox = Sandbox::empty();
    let old = |name: &str| sandbox.path(name).exists();
    for (time, version) in
        [("2025-01-01T00:00:00Z", V1), ("2025-03-01T00:00:00Z", V2), ("2025-03-08T00:00:00Z", V3)]
    {
        let directory = format!("production/{version}");
        sandbox
            .write(&format!("{directory}/kustomization.yaml"), "resources:\n- stub.yaml # one\n");
        sandbox.write(&format!("{directory}/stub.yaml"), &stub(version));
        let known = [V1, V2, V3].into_iter().filter(|one| old(&format!("production/{one}")));
        let list: Vec<&str> = known.collect();
        let list = format!("resources: [web.yaml, \"{}\"]\n", list.join("\", \""));
        sandbox.write("production/kustomization.yaml", &list);
        sandbox.write("production/web.yaml", &workload("web", version));
        sandbox.commit_at(time, "A step\n");
    }
    let _ = prune(&sandbox, &["--at", LATE]).success();
    assert_eq!(sandbox.read(&format!("production/{V1}/kustomization.yaml")), "resources: []\n");
    assert!(!old(&format!("production/{V1}/stub.yaml")));
    let refs = json(&sandbox.rotate(&["refs", "--format", "json"]).success());
    let roots = refs["roots"].as_array().unwrap();
    assert!(roots.iter().all(|root| root["status"] == "resolved"), "{refs}");
}

/// What a patch insists on cannot go, and nothing else goes then.
#[test]
fn all_or_nothing() {
    let sandbox = story(|_| {});
    let list = sandbox.read("production/kustomization.yaml");
    let patch = format!(
        "{list}patchesStrategicMerge:\n  - |-\n    apiVersion: external-secrets.io/v1\n    kind: ExternalSecret\n    \
         metadata: {{ name: auth-{V1} }}\n    spec: {{ refreshInterval: 1h }}\n"
    );
    sandbox.write("production/kustomization.yaml", &patch);
    sandbox.commit_at("2025-03-09T00:00:00Z", "Patch a stub\n");
    let before = sandbox.files();
    let _ = prune(&sandbox, &["--at", LATE]).status(1).says(&[
        "the unused stubs of `auth` cannot be removed in `production`; nothing was written",
        "without them `production` would no longer build",
    ]);
    assert!(sandbox.files() == before);
}

#[test]
fn shows_what_it_would_do_and_writes_nothing() {
    let sandbox = story(|_| {});
    let before = sandbox.files();
    let _ = prune(&sandbox, &["--check", "--at", LATE]).status(1).says(&["would remove"]);
    let _ = prune(&sandbox, &["--check", "--at", "2025-03-09T00:00:00Z"]).success();
    let diff = prune(&sandbox, &["--dry-run", "--at", LATE]).success().stdout;
    let file = format!("production/auth-{V1}.yaml");
    assert!(diff.contains(&format!("--- a/{file}\n+++ /dev/null\n")), "{diff}");
    assert!(diff.contains(&format!("-  - auth-{V1}.yaml\n")), "{diff}");
    assert!(sandbox.files() == before);
    sandbox.write(&file, &format!("# mine\n{}", stub(V1)));
    let _ = prune(&sandbox, &["--at", LATE]).status(2).says(&["uncommitted changes in", &file]);
    let _ = prune(&sandbox, &["--at", LATE, "--allow-dirty"]).success();
    assert!(!sandbox.path(&file).exists());
}

fn name_the_author(repository: &git2::Repository) {
    let mut config = repository.config().unwrap();
    for (key, value) in
        [("user.name", "a"), ("user.email", "a@localhost"), ("commit.gpgSign", "false")]
    {
        config.set_str(key, value).unwrap();
    }
}

#[test]
fn makes_a_commit_with_trailers() {
    let sandbox = story(|_| {});
    let repository = git2::Repository::open(sandbox.root()).unwrap();
    name_the_author(&repository);
    let _ = prune(&sandbox, &["--commit", "--at", LATE]).success();
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    assert_eq!(
        head.message().unwrap(),
        format!(
            "Prune auth in production\n\nNothing in production names auth-{V1} any more, and the retention is over.\n\n\
             Rotate-Family: auth\nRotate-Environment: production\nRotate-Version: {V1}\n"
        )
    );
    let tree = head.tree().unwrap();
    let gone = format!("production/auth-{V1}.yaml");
    assert!(tree.get_path(std::path::Path::new(&gone)).is_err());
    assert!(repository.statuses(None).unwrap().is_empty());
}

#[test]
fn needs_git_and_the_history_that_decides() {
    let sandbox = Sandbox::empty();
    run(&sandbox, "production", &[V1, V2, V3]);
    let _ = prune(&sandbox, &["--at", LATE]).status(2).says(&["is not in a Git repository"]);
    let whole = story(|_| {});
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", whole.root().display());
    let to = clone.path().join("clone");
    let done = Command::new("git")
        .args(["clone", "--quiet", "--depth", "1", &from])
        .arg(&to)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let to = to.to_str().unwrap();
    let _ = whole
        .rotate(&["-C", to, "prune", "production", "--at", LATE])
        .status(2)
        .says(&["the clone is shallow", "fetch-depth: 0"]);
    let _ = whole.rotate(&["prune", "prodution"]).status(2).says(&["did you mean `production`?"]);
    let _ = prune(&whole, &["aut"]).status(2).says(&["did you mean `auth`?"]);
}

/// Stubs of two families in one file, which goes when both have gone, in a commit each.
#[test]
fn families_that_share_a_file() {
    let sandbox = Sandbox::empty();
    let mailer =
        |text: String| text.replace("auth-", "mailer-").replace("shop/auth", "shop/mailer");
    for (time, versions) in [
        ("2025-01-01T00:00:00Z", &[V1][..]),
        ("2025-03-01T00:00:00Z", &[V1, V2]),
        ("2025-03-08T00:00:00Z", &[V1, V2, V3]),
    ] {
        let mut list = "resources:\n- auth.yaml\n- mailer.yaml\n".to_owned();
        for version in versions {
            let _ = writeln!(list, "- {version}.yaml");
            let both = format!("{}---\n{}", stub(version), mailer(stub(version)));
            sandbox.write(&format!("production/{version}.yaml"), &both);
        }
        let current = versions.last().unwrap();
        sandbox.write("production/kustomization.yaml", &list);
        sandbox.write("production/auth.yaml", &workload("auth", current));
        sandbox.write("production/mailer.yaml", &mailer(workload("mail", current)));
        sandbox.commit_at(time, "A step\n");
    }
    let file = format!("production/{V1}.yaml");
    let _ = prune(&sandbox, &["mailer", "--at", LATE]).success();
    assert_eq!(sandbox.read(&file), stub(V1));
    assert!(sandbox.read("production/kustomization.yaml").contains(V1));
    sandbox.write(&file, &format!("{}---\n{}", stub(V1), mailer(stub(V1))));
    let diff = prune(&sandbox, &["--dry-run", "--at", LATE]).success().stdout;
    assert!(diff.contains("+++ /dev/null") && diff.matches("--- a/").count() == 2, "{diff}");
    let repository = git2::Repository::open(sandbox.root()).unwrap();
    name_the_author(&repository);
    let _ = prune(&sandbox, &["--commit", "--at", LATE]).success();
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    assert_eq!(head.summary().unwrap(), Some("Prune mailer in production"));
    let before = head.parent(0).unwrap();
    assert_eq!(before.summary().unwrap(), Some("Prune auth in production"));
    assert!(before.tree().unwrap().get_path(std::path::Path::new(&file)).is_ok());
    assert!(!sandbox.path(&file).exists());
    assert!(repository.statuses(None).unwrap().is_empty());
}

/// What nothing names any more has no way back, and goes as a whole.
#[test]
fn a_family_that_was_taken_out_of_use() {
    let sandbox = Sandbox::empty();
    for (time, version) in [("2025-01-01T00:00:00Z", V1), ("2025-03-01T00:00:00Z", V2)] {
        sandbox.write(&format!("production/stubs/{version}.yaml"), &stub(version));
        sandbox.write("production/web.yaml", &workload("web", version));
        sandbox.commit_at(time, "A step\n");
    }
    let other = workload("web", V2).replace("auth-", "mailer-");
    sandbox.write("production/web.yaml", &other);
    // Nothing ever named this one, and nothing followed it: somebody may be about to use it.
    sandbox.write(&format!("production/stubs/{V3}.yaml"), &stub(V3));
    sandbox.commit_at("2025-04-01T00:00:00Z", "Do without\n");
    let auth = |at: &str| {
        let prune = ["prune", "production", "auth", "--dry-run", "--format", "json", "--at", at];
        json(&sandbox.rotate(&prune).success())["plans"][0].clone()
    };
    let versions = |list: &Value| -> Vec<String> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|one| one["version"].as_str().unwrap().to_owned())
            .collect()
    };
    let plan = auth("2025-04-10T00:00:00Z");
    assert_eq!(
        (versions(&plan["removed"]), versions(&plan["kept"])),
        (vec![V1.into()], vec![V2.into(), V3.into()])
    );
    let plan = auth(LATE);
    assert_eq!(
        (versions(&plan["removed"]), versions(&plan["kept"])),
        (vec![V1.into(), V2.into()], vec![V3.into()])
    );
    assert_eq!(
        plan["kept"][0]["reason"],
        "nothing in production ever referenced it, and no version followed it"
    );
}

/// After a rollback the newer version stays, and so does the one before.
#[test]
fn a_rollback_leaves_both_ways_open() {
    let sandbox = story(|_| {});
    sandbox.write("production/web.yaml", &workload("web", V2));
    sandbox.commit_at("2025-03-09T00:00:00Z", "Go back\n");
    let (gone, kept) = judged(&sandbox, &["--at", LATE]);
    assert_eq!(gone, Vec::<String>::new());
    let kept: Vec<(&str, &str)> = kept.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(kept, [(V1, "way-back"), (V2, "referenced"), (V3, "newer")]);
}

/// What the tree no longer names may still be deployed from the mainline.
#[test]
fn stays_while_the_mainline_names_it() {
    let sandbox = Sandbox::empty();
    run(&sandbox, "production", &[V1, V2]);
    sandbox.write("production/api.yaml", &workload("api", V1));
    let list = sandbox.read("production/kustomization.yaml");
    sandbox.write("production/kustomization.yaml", &format!("{list}  - api.yaml\n"));
    sandbox.commit_at("2025-03-01T00:00:00Z", "One\n");
    run(&sandbox, "production", &[V1, V2, V3]);
    sandbox.write("production/api.yaml", &workload("api", V3));
    let (gone, kept) = judged(&sandbox, &["--at", LATE]);
    assert_eq!(gone, Vec::<String>::new());
    let kept: Vec<(&str, &str)> = kept.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(kept, [(V1, "mainline"), (V2, "way-back"), (V3, "referenced")]);
}

/// `lint` of a commit that removed a stub, or of what is there.
fn lint(sandbox: &Sandbox, rule: &str, time: &str, arguments: &[&str]) -> Output {
    let base = ["lint", "--rule", rule, "--format", "concise", "--at", time];
    sandbox.rotate(&[&base[..], arguments].concat())
}

/// What `prune` removed, `removed-too-soon` accepts: the version went out of use with the one after it, not with the newest.
#[test]
fn lint_accepts_what_was_pruned() {
    let sandbox = story(|_| {});
    let (early, time) = ("2025-03-15T09:00:00Z", "2025-03-15T10:00:00Z");
    keeps(&sandbox, &["--at", early], "retention");
    let _ = prune(&sandbox, &["--at", time]).success();
    sandbox.commit_at(time, "Prune\n");
    let base = ["--base", "HEAD~1"];
    let accepted = lint(&sandbox, "removed-too-soon", time, &base).success();
    assert_eq!(accepted.stdout, "", "{accepted}");
    let refused = lint(&sandbox, "removed-too-soon", early, &base).status(1);
    let said = "before its retention was over (2025-03-15 09:30 UTC at the earliest)";
    assert!(refused.stdout.contains(said), "{refused}");
}

/// The digits say that a version was replaced long ago, and Git that it was in use until last week.
#[test]
fn lint_counts_from_the_last_use_as_prune_does() {
    let sandbox = story(|_| {});
    // Back to the first version, and on again step by step.
    let web = |version: &str, time: &str| {
        sandbox.write("production/web.yaml", &workload("web", version));
        sandbox.commit_at(time, "Move\n");
    };
    web(V1, "2025-03-09T00:00:00Z");
    web(V2, "2025-06-01T00:00:00Z");
    web(V3, "2025-06-02T00:00:00Z");
    let early = "2025-06-14T23:00:00Z";
    keeps(&sandbox, &["--at", early], "retention");
    let silent = lint(&sandbox, "unused-stub", early, &[]).success();
    assert_eq!(silent.stdout, "", "{silent}");
    let late = "2025-06-15T01:00:00Z";
    removes(&sandbox, &["--at", late]);
    let said = lint(&sandbox, "unused-stub", late, &[]).success();
    assert!(said.stdout.contains("any more, and its retention is over"), "{said}");
    let _ = prune(&sandbox, &["--at", late]).success();
    sandbox.commit_at(late, "Prune\n");
    for (time, status) in [(early, 1), (late, 0)] {
        let _ = lint(&sandbox, "removed-too-soon", time, &["--base", "HEAD~1"]).status(status);
    }
}

/// What the environment goes back to is not the version before by its digits.
#[test]
fn lint_leaves_the_way_back_that_prune_keeps() {
    let sandbox = Sandbox::empty();
    for (time, versions) in [
        ("2025-03-01T00:00:00Z", &[V2][..]),
        ("2025-03-02T00:00:00Z", &[V2, V1]),
        ("2025-03-09T00:00:00Z", &[V2, V1, V3]),
        ("2025-03-10T00:00:00Z", &[V2, V1]),
        ("2025-03-11T00:00:00Z", &[V2, V1, V3]),
    ] {
        run(&sandbox, "production", versions);
        sandbox.commit_at(time, "Move\n");
    }
    let (gone, kept) = judged(&sandbox, &["--at", LATE]);
    assert_eq!(gone, [V2], "{kept:?}");
    let silent = lint(&sandbox, "unused-stub", LATE, &[]).success();
    assert_eq!(silent.stdout, "", "{silent}");
}
