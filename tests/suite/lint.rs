//! `rotate lint` as its users call it: formats, statuses, what is left out, what is compared with.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{NOW, Output, Sandbox};

const FORMATS: [&str; 5] = ["text", "concise", "json", "sarif", "github"];

fn deployment(name: &str, secret: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{ name: {name}, namespace: shop }}
spec:
  template:
    spec:
      containers:
        - name: {name}
          image: registry.example/{name}:1.4.2
          envFrom:
            - secretRef: {{ name: {secret} }}
"
    )
}

/// A family with its stub, and `count` workloads whose secrets nothing provides.
fn dangling(count: usize) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("staging/web.yaml", &deployment("web", "auth-20250602090000"));
    sandbox.write(
        "staging/stub.yaml",
        "apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: auth-20250602090000, namespace: shop }
spec:
  secretStoreRef: { kind: ClusterSecretStore, name: aws }
  refreshPolicy: CreatedOnce
  target: { name: auth-20250602090000, immutable: true }
  dataFrom:
    - extract: { key: shop/auth, version: \"uuid/20250602090000\" }
",
    );
    for number in 0..count {
        let name = format!("worker-{number:02}");
        let secret = format!("{name}-20250602090000");
        sandbox.write(&format!("staging/{name}.yaml"), &deployment(&name, &secret));
    }
    sandbox
}

fn lint(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    sandbox.rotate(&[&["lint", "--at", NOW], arguments].concat())
}

fn concise(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    lint(sandbox, &[&["--format", "concise"], arguments].concat())
}

#[test]
fn every_format_says_the_same_with_the_same_status() {
    for count in [0, 3, 25] {
        let sandbox = dangling(count);
        for format in FORMATS {
            let output = lint(&sandbox, &["--format", format]).status(i32::from(count > 0));
            let again = lint(&sandbox, &["--format", format]);
            assert_eq!(output, again, "{format}: not the same twice");
            let found = match format {
                "text" => output.stdout.matches("error[dangling-reference]:").count(),
                "json" => {
                    let value: Value = serde_json::from_str(&output.stdout).unwrap();
                    value["findings"].as_array().unwrap().len()
                }
                "sarif" => {
                    let value: Value = serde_json::from_str(&output.stdout).unwrap();
                    value["runs"][0]["results"].as_array().unwrap().len()
                }
                "github" => {
                    let commands = output.stdout.matches("::error file=").count();
                    assert!(commands <= 10, "GitHub shows ten of a level: {output}");
                    commands + output.stdout.matches("error[dangling-reference]").count()
                }
                _ => output.stdout.lines().count(),
            };
            assert_eq!(found, count, "{format}: {output}");
        }
    }
}

#[test]
fn the_threshold_decides_the_status() {
    let sandbox = dangling(1);
    for (level, status) in [("error", 1), ("warning", 1), ("info", 1), ("never", 0)] {
        let _ = lint(&sandbox, &["--fail-on", level]).status(status);
    }
    sandbox.write("rotate.yaml", "lint: { rules: { dangling-reference: warning } }\n");
    let _ = lint(&sandbox, &["--fail-on", "error"]).status(0);
    let _ = lint(&sandbox, &[]).status(1);
    sandbox.write("rotate.yaml", "lint: { rules: { dangling-reference: \"off\" } }\n");
    assert_eq!(concise(&sandbox, &[]).success().stdout, "");
}

#[test]
fn a_rule_that_there_is_not_is_named_with_its_line() {
    let sandbox = dangling(0);
    sandbox.write("rotate.yaml", "lint:\n  rules:\n    dangling-refrence: error\n");
    let output = lint(&sandbox, &[]).status(2);
    let _ = output.says(&["rotate.yaml:3:5", "did you mean `dangling-reference`?"]);
    let _ = sandbox.rotate(&["explain", "dangling-refrence"]).status(2).says(&["did you mean"]);
}

#[test]
fn paths_limit_the_report_only() {
    let sandbox = dangling(3);
    let output = concise(&sandbox, &["staging/worker-01.yaml"]).status(1);
    assert!(
        output.stdout.starts_with("staging/worker-01.yaml:11:")
            && output.stdout.lines().count() == 1
    );
    // The stub elsewhere still counts.
    let _ = concise(&sandbox, &["staging/web.yaml"]).success();
    assert_eq!(concise(&sandbox, &["staging"]).stdout.lines().count(), 3);
    let _ = lint(&sandbox, &["production"]).status(2);
    let _ = lint(&sandbox, &[".."]).status(2).says(&["not in the tree"]);
}

#[test]
fn a_comment_silences_its_line() {
    let sandbox = dangling(2);
    for (name, comment) in [
        ("worker-00", "# rotate: allow[dangling-reference] made by hand"),
        ("worker-01", "# rotate: allow[dangling-reference]"),
    ] {
        let file = format!("staging/{name}.yaml");
        let text = sandbox.read(&file).replace(
            "            - secretRef",
            &format!("            {comment}\n            - secretRef"),
        );
        sandbox.write(&file, &text);
    }
    let output = concise(&sandbox, &[]).status(1);
    assert!(!output.stdout.contains("worker-00"), "{output}");
    assert!(output.stdout.contains("worker-01.yaml:12:34: error[dangling-reference]"), "{output}");
    assert!(output.stdout.contains("worker-01.yaml:11:13: warning[unused-setting]"), "{output}");
}

/// Comments may stand one above the other, and in files that no build root reads.
#[test]
fn comments_reach_what_they_stand_above() {
    let sandbox = Sandbox::empty();
    sandbox.write("production/kustomization.yaml", "resources: [app.yaml]\n");
    sandbox
        .write("production/app.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n");
    sandbox.write(
        "production/unlisted.yaml",
        "apiVersion: v1
kind: Secret
metadata:
  # rotate: allow[plaintext-secret] a value for tests on this machine
  # rotate: allow[dangling-reference] never needed
  # a word on the name
  name: x
stringData: { a: b2 }
",
    );
    let output = concise(&sandbox, &[]).status(1);
    assert!(!output.stdout.contains("plaintext-secret"), "{output}");
    assert!(output.stdout.contains("unlisted.yaml:5:3: warning[unused-setting]"), "{output}");
}

/// One mistake in a base is one finding, also where overlays give it namespaces and prefixes of their own.
#[test]
fn a_mistake_in_a_base_is_reported_once() {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "base/web.yaml",
        &deployment("web", "auth-20250602090000").replace(", namespace: shop", ""),
    );
    sandbox.write("base/kustomization.yaml", "resources: [web.yaml]\n");
    for (environment, prefix) in [("staging", "stg-"), ("production", "prd-")] {
        let text =
            format!("namespace: shop-{environment}\nnamePrefix: {prefix}\nresources: [../base]\n");
        sandbox.write(&format!("{environment}/kustomization.yaml"), &text);
    }
    let output = concise(&sandbox, &[]).status(1);
    assert_eq!(output.stdout.lines().count(), 1, "{output}");
    assert!(output.stdout.ends_with("(in staging, production)\n"), "{output}");
}

#[test]
fn a_long_line_is_not_shown() {
    let sandbox = Sandbox::empty();
    let object = |name: usize| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p{name}"}},"spec":{{"containers":[{{"name":"a","envFrom":[{{"secretRef":{{"name":"x{name}-20250602090000"}}}}]}}]}}}}"#
        )
    };
    let items: Vec<String> = (0..20).map(object).collect();
    let text = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#, items.join(","));
    sandbox.write("staging/all.json", &text);
    let output = lint(&sandbox, &[]).status(1);
    assert!(output.stdout.contains("staging/all.json:1:"), "{output}");
    assert!(output.stdout.len() < 20_000, "{} bytes", output.stdout.len());
}

#[test]
fn a_baseline_leaves_what_is_new() {
    let sandbox = dangling(2);
    let _ = lint(&sandbox, &["--baseline", "known.json"]).status(2).says(&["--write-baseline"]);
    let _ = lint(&sandbox, &["--baseline", "known.json", "--write-baseline"]).success();
    let first = sandbox.read("known.json");
    let output = lint(&sandbox, &["--baseline", "known.json"]).success();
    assert!(output.stdout.contains("2 in the baseline"), "{output}");
    // Lines that move do not make a finding new.
    let moved = format!("# Workers are old.\n\n{}", sandbox.read("staging/worker-00.yaml"));
    sandbox.write("staging/worker-00.yaml", &moved);
    let _ = lint(&sandbox, &["--baseline", "known.json"]).success();
    sandbox.write("staging/new.yaml", &deployment("new", "new-20250602090000"));
    let output = concise(&sandbox, &["--baseline", "known.json"]).status(1);
    assert!(output.stdout.starts_with("staging/new.yaml:") && output.stdout.lines().count() == 1);
    std::fs::remove_file(sandbox.path("staging/new.yaml")).unwrap();
    std::fs::remove_file(sandbox.path("staging/worker-01.yaml")).unwrap();
    let output = lint(&sandbox, &["--baseline", "known.json"]).success();
    assert!(output.stdout.contains("1 finding of the baseline no longer found"), "{output}");
    let _ = lint(&sandbox, &["--baseline", "known.json", "--write-baseline"]).success();
    assert_eq!(first.matches("\"rule\"").count(), 2);
    assert_eq!(sandbox.read("known.json").matches("\"rule\"").count(), 1);
    sandbox.write("known.json", "{}");
    let _ = lint(&sandbox, &["--baseline", "known.json"]).status(2).says(&["not a baseline"]);
}

/// A file of the first version, whose fingerprints were made another way, is matched by what it says.
#[test]
fn a_baseline_of_the_first_version_is_read_and_written_anew() {
    let sandbox = dangling(2);
    let _ = lint(&sandbox, &["--baseline", "known.json", "--write-baseline"]).success();
    let now = sandbox.read("known.json");
    assert!(now.contains("\"rotate.baseline/v2\""), "{now}");
    let mut then = String::new();
    for line in now.replace("baseline/v2", "baseline/v1").lines() {
        let is_print = line.trim_start().starts_with("\"fingerprint\"");
        then.push_str(if is_print { "\"fingerprint\": \"0123\"" } else { line });
        then.push('\n');
    }
    sandbox.write("known.json", &then);
    let output = lint(&sandbox, &["--baseline", "known.json"]).success();
    assert!(output.stdout.contains("2 in the baseline"), "{output}");
    sandbox.write("staging/new.yaml", &deployment("new", "new-20250602090000"));
    let _ = lint(&sandbox, &["--baseline", "known.json"]).status(1);
    let _ = lint(&sandbox, &["--baseline", "known.json", "--write-baseline"]).success();
    assert!(sandbox.read("known.json").contains("\"rotate.baseline/v2\""));
}

/// A finding keeps its fingerprint when its lines move or its version changes, and has another one in
/// another object.
#[test]
fn a_fingerprint_is_of_the_object_and_the_field() {
    let prints = |sandbox: &Sandbox| -> Vec<String> {
        let output = lint(sandbox, &["--format", "json"]);
        let report: Value = serde_json::from_str(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap();
        findings.iter().map(|one| one["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let sandbox = dangling(1);
    let first = prints(&sandbox);
    let text = sandbox.read("staging/worker-00.yaml");
    sandbox.write(
        "staging/worker-00.yaml",
        &format!("# Old.\n{}", text.replace("20250602090000", "20250702090000")),
    );
    assert_eq!(prints(&sandbox), first);
    sandbox.write("staging/worker-00.yaml", &text.replace("name: worker-00", "name: other"));
    assert_ne!(prints(&sandbox), first);
}

#[test]
fn a_revision_to_compare_with() {
    let sandbox = dangling(0);
    let _ = lint(&sandbox, &["--base", "HEAD"]).status(2).says(&["not in a Git repository"]);
    git2::Repository::init(sandbox.root()).unwrap();
    let _ = lint(&sandbox, &["--base", "HEAD"]).success();
    sandbox.commit_all();
    let _ = lint(&sandbox, &["--base", "HEAD"]).success();
    let _ = lint(&sandbox, &["--base", "nowhere"]).status(2).says(&["nowhere"]);
    let stub = sandbox.read("staging/stub.yaml").replace("shop/auth", "shop/other");
    sandbox.write("staging/stub.yaml", &stub);
    let _ = lint(&sandbox, &[]).success();
    let output = concise(&sandbox, &["--base", "HEAD"]).status(1);
    assert!(output.stdout.contains("error[changed-in-place]"), "{output}");
}

/// What the base has cut off matters only where it is read.
#[test]
fn a_damaged_file_of_the_base_is_told_if_it_is_read() {
    let sandbox = dangling(1);
    sandbox.commit_all();
    let id = |file: &str| git2::Oid::hash_file(git2::ObjectType::Blob, sandbox.path(file)).unwrap();
    let cut = |id: git2::Oid| {
        let id = id.to_string();
        let object = sandbox.path(&format!(".git/objects/{}/{}", &id[..2], &id[2..]));
        let bytes = std::fs::read(&object).unwrap();
        std::fs::remove_file(&object).unwrap();
        std::fs::write(object, &bytes[..bytes.len() - 8]).unwrap();
    };
    let (stub, worker) = (id("staging/stub.yaml"), id("staging/worker-00.yaml"));
    let text = sandbox.read("staging/stub.yaml");
    sandbox.write("staging/stub.yaml", &text.replace("shop/auth", "shop/other"));
    cut(worker);
    let output = concise(&sandbox, &["--base", "HEAD"]).status(1);
    assert!(output.stdout.contains("error[changed-in-place]"), "{output}");
    cut(stub);
    let output = concise(&sandbox, &["--base", "HEAD"]).status(2);
    let _ = output.says(&[&stub.to_string()[2..], "is damaged"]);
}

#[test]
fn github_gets_commands_and_a_summary() {
    let sandbox = dangling(12);
    let summary = sandbox.path("../summary.md");
    std::fs::write(&summary, "Before.\n").unwrap();
    let mut command = sandbox.command(&["lint", "--format", "github", "--at", NOW]);
    let output = sandbox.finish(command.env("GITHUB_STEP_SUMMARY", &summary)).status(1);
    let first = "::error file=staging/worker-00.yaml,line=11,endLine=11,col=34,endColumn=58,title=rotate%3A dangling-reference::nothing provides `worker-00-20250602090000`";
    assert!(output.stdout.starts_with(first), "{output}");
    assert!(output.stdout.contains("::group::2 more"), "{output}");
    let end = "rotate lint: 12 errors in 1 build root\n12 findings: 12 dangling-reference\n13 references judged\n";
    assert!(output.stdout.ends_with(end), "{output}");
    let summary = std::fs::read_to_string(&summary).unwrap();
    assert!(summary.starts_with("Before.\n### rotate lint: 12 errors"), "{summary}");
    assert_eq!(summary.matches("| error | `dangling-reference` |").count(), 12);
}

#[test]
fn what_is_not_judged_is_counted_and_a_finding_when_that_is_asked_for() {
    let sandbox = dangling(0);
    sandbox.write("staging/cache.yaml", &deployment("cache", "shop-redis"));
    sandbox.write("staging/cache-2.yaml", &deployment("cache-2", "shop-redis"));
    sandbox.write(
        "infra/staging/redis.yaml",
        "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: redis, namespace: flux-system }
spec: { targetNamespace: shop, chart: { spec: { chart: redis } } }
",
    );
    let said =
        "1 reference judged; 2 to 1 secret not, because of `infra/staging/redis.yaml` (chart)";
    let text = lint(&sandbox, &[]).success();
    assert!(text.stdout.ends_with(&format!("{said}\n")), "{text}");
    assert!(lint(&sandbox, &["--format", "github"]).success().stdout.contains(said));
    let markdown = lint(&sandbox, &["--format", "markdown"]).success().stdout;
    assert!(markdown.contains("2 to 1 secret not"), "{markdown}");
    let json: Value =
        serde_json::from_str(&lint(&sandbox, &["--format", "json"]).success().stdout).unwrap();
    assert_eq!(json["coverage"]["judged"], 1);
    assert_eq!(json["coverage"]["unjudged"], 2);
    let secret = &json["coverage"]["secrets"][0];
    assert_eq!(secret["secret"], "shop-redis");
    assert_eq!(secret["namespace"], "shop");
    assert_eq!(secret["because"], "infra/staging/redis.yaml");
    assert_eq!(secret["place"]["file"], "staging/cache-2.yaml");
    let sarif: Value =
        serde_json::from_str(&lint(&sandbox, &["--format", "sarif"]).success().stdout).unwrap();
    let invocation = &sarif["runs"][0]["invocations"][0];
    let told = invocation["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(told.len(), 1, "{sarif}");
    assert_eq!(told[0]["level"], "note");
    let strict = concise(&sandbox, &["--strict"]).status(1).stdout;
    assert_eq!(strict.matches("warning[unjudged-reference]").count(), 2, "{strict}");
}

/// Files and messages cannot spell a command of their own.
#[cfg(unix)]
#[test]
fn github_commands_cannot_be_forged() {
    let sandbox = Sandbox::empty();
    for number in 0..12 {
        let mut name = String::new();
        let _ = write!(name, "staging/{number:02}\n::add-mask::x,y%.yaml");
        sandbox.write(&name, &deployment("web", "auth-20250602090000"));
    }
    let output = lint(&sandbox, &["--format", "github"]).status(1);
    for line in output.stdout.lines() {
        assert!(!line.trim_start().starts_with("::add-mask"), "{output}");
    }
    assert!(output.stdout.contains("%0A%3A%3Aadd-mask%3A%3Ax%2Cy%25.yaml,line=11"), "{output}");
}

#[test]
fn a_tree_below_the_repositorys_root_is_named_from_there() {
    let sandbox = dangling(1);
    for (path, bytes) in sandbox.files() {
        sandbox.write(&format!("deploy/{path}"), &String::from_utf8(bytes).unwrap());
    }
    std::fs::remove_dir_all(sandbox.path("staging")).unwrap();
    git2::Repository::init(sandbox.root()).unwrap();
    let output = sandbox.rotate(&["-C", "deploy", "lint", "--format", "sarif", "--at", NOW]);
    assert!(output.stdout.contains("\"uri\": \"deploy/staging/worker-00.yaml\""), "{output}");
    let output = sandbox.rotate(&["-C", "deploy", "lint", "--format", "github", "--at", NOW]);
    assert!(output.stdout.contains("file=deploy/staging/worker-00.yaml,"), "{output}");
}

/// Two days after the last rotation in the examples: production waits for nothing yet.
const SOON: &str = "2025-07-25T11:00:00Z";

#[test]
fn the_examples_are_clean() {
    let trees = std::fs::read_dir(crate::support::example("")).unwrap();
    let mut seen = 0;
    for tree in trees.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        if tree == "legacy" {
            continue;
        }
        let output = Sandbox::example(&tree).rotate(&["lint", "--format", "concise", "--at", SOON]);
        assert_eq!(output.success().stdout, "", "{tree}");
        seen += 1;
    }
    assert!(seen >= 7, "{seen} examples only");
}

#[test]
fn repairs_are_written_and_nothing_else() {
    let sandbox = Sandbox::example("legacy");
    sandbox.commit_all();
    let before = sandbox.files();
    let dry = lint(&sandbox, &["--fix", "--dry-run"]).status(1);
    assert_eq!(sandbox.files(), before);
    assert!(dry.stdout.contains("-apiVersion: external-secrets.io/v1beta1"), "{dry}");
    assert!(dry.stdout.contains("4 of them can be repaired"), "{dry}");
    let output = lint(&sandbox, &["--fix", "--format", "concise"]).status(1);
    for rule in ["removed-api-version", "numeric-version"] {
        assert!(!output.stdout.contains(rule), "{output}");
    }
    let changed: Vec<String> = sandbox
        .files()
        .into_iter()
        .zip(before)
        .filter(|(now, before)| now != before)
        .map(|((name, _), _)| name)
        .collect();
    assert_eq!(
        changed,
        ["apps/billing/prd/externalsecret.yml", "apps/billing/stg/externalsecret.yml"]
    );
    let text = sandbox.read("apps/billing/prd/externalsecret.yml");
    assert!(text.contains("version: \"20250602090000\""), "{text}");
    // Again there is nothing to repair, and nothing is in the way of that.
    let again = sandbox.files();
    let _ = lint(&sandbox, &["--fix"]).status(1);
    assert_eq!(sandbox.files(), again);
}

#[test]
fn repairs_leave_uncommitted_changes_alone() {
    let sandbox = Sandbox::example("legacy");
    sandbox.commit_all();
    let file = "apps/billing/prd/externalsecret.yml";
    let text = sandbox.read(file) + "# not committed yet\n";
    sandbox.write(file, &text);
    let before = sandbox.files();
    let _ = lint(&sandbox, &["--fix"]).status(2).says(&["uncommitted changes", "--allow-dirty"]);
    assert_eq!(sandbox.files(), before);
    let _ = lint(&sandbox, &["--fix", "--allow-dirty"]).status(1);
    assert!(sandbox.read(file).ends_with("# not committed yet\n"));
    assert!(!sandbox.read(file).contains("v1beta1"));
}

#[test]
fn repairs_leave_what_a_broken_root_reads() {
    let sandbox = Sandbox::empty();
    let stub = |name: &str| {
        format!(
            "apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {{ name: {name}-20250602090000, namespace: shop }}
spec:
  secretStoreRef: {{ kind: ClusterSecretStore, name: aws }}
  refreshPolicy: CreatedOnce
  target: {{ name: {name}-20250602090000, immutable: true }}
  dataFrom:
    - extract: {{ key: shop/{name}, version: 20250602090000 }}
"
        )
    };
    sandbox.write("base/kustomization.yaml", "resources: [stub.yaml]\n");
    sandbox.write("base/stub.yaml", &stub("auth"));
    sandbox.write("own/kustomization.yaml", "resources: [stub.yaml]\n");
    sandbox.write("own/stub.yaml", &stub("mail"));
    sandbox.write("production/kustomization.yaml", "resources: [../base, ../own]\n");
    // What comes behind the missing file was never read.
    sandbox.write("staging/kustomization.yaml", "resources: [absent.yaml, ../base]\n");
    sandbox.commit_all();
    let said = lint(&sandbox, &["--fix"]).status(1).stdout;
    assert!(said.contains("`staging` reads `base/stub.yaml` and does not build"), "{said}");
    assert_eq!(sandbox.read("base/stub.yaml"), stub("auth"));
    assert!(sandbox.read("own/stub.yaml").contains("version: \"20250602090000\""));
    sandbox.write("staging/absent.yaml", "");
    let _ = lint(&sandbox, &["--fix"]);
    assert!(sandbox.read("base/stub.yaml").contains("version: \"20250602090000\""));
}

/// Nothing that a Secret holds is in any output.
#[test]
fn values_are_never_shown() {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "staging/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: { name: auth }\nstringData: { token: hunter2-hunter2 }\n",
    );
    sandbox.write(
        "staging/kustomization.yaml",
        "resources: [secret.yaml]\nsecretGenerator:\n  - name: made\n    literals: [key=hunter2-hunter2]\n",
    );
    for format in FORMATS {
        let output = lint(&sandbox, &["--format", format]).status(1);
        assert!(output.stdout.contains("plaintext-secret"), "{output}");
        assert!(
            !output.stdout.contains("hunter2") && !output.stderr.contains("hunter2"),
            "{output}"
        );
    }
}

/// Where there is Git, it says what an environment had before and since when.
#[test]
fn rules_on_time_ask_git() {
    let sandbox = Sandbox::empty();
    let stub = |version: &str| {
        format!(
            "apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {{ name: auth-{version}, namespace: shop }}
spec:
  secretStoreRef: {{ kind: ClusterSecretStore, name: aws }}
  refreshPolicy: CreatedOnce
  target: {{ immutable: true }}
  dataFrom:
    - extract: {{ key: shop/auth, version: \"uuid/{version}\" }}
"
        )
    };
    let put = |environment: &str, version: &str| {
        let name = format!("auth-{version}");
        sandbox.write(&format!("{environment}/web.yaml"), &deployment("web", &name));
        sandbox.write(&format!("{environment}/auth.yaml"), &stub(version));
    };
    let at = |time: &str| sandbox.rotate(&["lint", "--format", "concise", "--at", time]);
    put("staging", "20250301000000");
    put("production", "20250301000000");
    sandbox.commit_all();
    // Made long ago, but in staging only since this commit: nothing is late on the day after.
    put("staging", "20250401000000");
    let _ = at("2025-06-28T09:00:00Z").status(1);
    sandbox.commit_all();
    assert_eq!(at("2025-06-28T09:00:00Z").success().stdout, "");
    let late = at("2025-07-20T09:00:00Z").status(1);
    assert!(late.stdout.contains("warning[stale-reference]"), "{late}");
    // Staging went back: production has what staging has no more, but had.
    put("production", "20250401000000");
    put("staging", "20250301000000");
    sandbox.commit_all();
    let back = at("2025-06-28T09:00:00Z");
    assert!(!back.stdout.contains("skipped-environment"), "{back}");
    put("production", "20250501000000");
    let skipped = at("2025-06-28T09:00:00Z").status(1);
    assert!(skipped.stdout.contains("error[skipped-environment]"), "{skipped}");
}

/// A version that is older than all that the environment before ever had was not skipped there.
#[test]
fn an_environment_that_is_versioned_later_skips_nothing() {
    let sandbox = Sandbox::empty();
    let put = |environment: &str, secret: &str| {
        let stub = format!(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: {secret}, namespace: shop }}\nspec:\n  \
             secretStoreRef: {{ kind: ClusterSecretStore, name: aws }}\n  dataFrom:\n    - extract: {{ key: {environment}/auth }}\n"
        );
        sandbox.write(&format!("{environment}/web.yaml"), &deployment("web", secret));
        sandbox.write(&format!("{environment}/auth.yaml"), &stub);
    };
    let lint = || {
        let rule = ["lint", "--rule", "skipped-environment", "--at", "2025-07-20T09:00:00Z"];
        sandbox.rotate(&rule)
    };
    put("staging", "auth");
    put("production", "auth-20250301000000");
    sandbox.commit_at("2025-03-01T00:00:00Z", "Begin\n");
    put("production", "auth-20250401000000");
    sandbox.commit_at("2025-04-01T00:00:00Z", "Rotate\n");
    put("staging", "auth-20250501000000");
    sandbox.commit_at("2025-05-01T00:00:00Z", "Version staging too\n");
    let _ = lint().success();
    // The same without Git.
    std::fs::rename(sandbox.path(".git"), sandbox.path("../git")).unwrap();
    let _ = lint().success();
    std::fs::rename(sandbox.path("../git"), sandbox.path(".git")).unwrap();
    // What was made while staging had versions was skipped, however new the one that staging has by now.
    put("staging", "auth-20250701000000");
    sandbox.commit_at("2025-07-01T00:00:00Z", "Rotate\n");
    put("production", "auth-20250601000000");
    let skipped = lint().status(1);
    assert!(skipped.stdout.contains("`rotate bump production auth` takes over"), "{skipped}");
}
