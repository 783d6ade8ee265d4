//! Environments of several clusters, and namespaces that Git does not set.

use std::fs;

use serde_json::{Value, json};

use crate::support::{NOW, Sandbox, stub, workload};
use crate::verify::dump::Dump;

const SECRET: &str = "auth-20250701090000";

/// Two clusters of production that run the same.
fn fleet() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("base/web.yaml", &workload(SECRET));
    sandbox.write("base/kustomization.yaml", "resources: [web.yaml]\n");
    for cluster in ["eu", "us"] {
        let path = format!("clusters/production/{cluster}/kustomization.yaml");
        sandbox.write(&path, "resources: [../../../base]\n");
    }
    sandbox.commit_all();
    sandbox
}

fn saved(sandbox: &Sandbox, name: &str, dump: &Dump) -> String {
    let file = sandbox.root().parent().unwrap().join(name);
    fs::write(&file, dump.text()).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn each_cluster_needs_its_own_dump() {
    let sandbox = fleet();
    let rest = Dump::of(&sandbox, "production");
    let mut behind = rest.clone();
    behind.rename("Pod", "web-5b8c-0", SECRET, "auth-20250601090000");
    let (one, two) = (saved(&sandbox, "one.json", &rest), saved(&sandbox, "two.json", &behind));
    let other = saved(&sandbox, "other.json", &rest);
    let verify = |live: &[&str]| {
        let live: Vec<&str> = live.iter().flat_map(|file| ["--live", *file]).collect();
        sandbox.rotate(&[&["verify", "production", "--at", NOW], &live[..]].concat())
    };
    let output = verify(&[&one]).status(1);
    assert!(output.stdout.contains("missing-workload"), "{output}");
    assert!(output.stdout.contains("clusters/production/us"), "{output}");
    let _ = verify(&[&one, &other]).success();
    let output = verify(&[&one, &two]).status(1);
    assert!(output.stdout.contains("1 of 1 pod runs 20250601090000"), "{output}");
    let (eu, us) = (format!("eu={one}"), format!("us={other}"));
    let _ = verify(&[&eu, &us]).success();
    let late = format!("us={two}");
    let output = verify(&[&eu, &late]).status(1);
    assert!(output.stdout.contains("Deployment shop/web in clusters/production/us"), "{output}");
    let only = ["verify", "production", "--cluster", "eu", "--live", &one, "--at", NOW];
    let _ = sandbox.rotate(&only).success();
}

#[test]
fn a_namespace_that_git_does_not_set_is_found_if_there_is_one() {
    let text = workload(SECRET).replace("  namespace: shop\n", "");
    let sandbox = Sandbox::staging(&[("web.yaml", &text)]);
    let rest = Dump::of(&sandbox, "staging");
    let _ = rest.verify(&sandbox, &["staging"]).success();
    let mut both = rest.clone();
    both.0.extend(rest.0.iter().cloned().map(|mut one: Value| {
        one["metadata"]["namespace"] = json!("other");
        one
    }));
    let output = both.verify(&sandbox, &["staging"]).status(1);
    assert!(output.stdout.contains("2 namespaces have it (default, other)"), "{output}");
    let _ = both.verify(&sandbox, &["staging", "--namespace", "other"]).success();
}

/// The template of a Rollout may be that of a Deployment, which then has no pods itself.
#[test]
fn a_rollout_runs_the_pods_of_the_deployment_it_names() {
    let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: buy, namespace: shop}\nspec: {replicas: 2, workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
    let none = workload(SECRET).replace("spec:\n  template", "spec:\n  replicas: 0\n  template");
    let sandbox = Sandbox::staging(&[("a-web.yaml", &none), ("rollout.yaml", rollout)]);
    let mut rest = Dump::of(&sandbox, "staging");
    let output = rest.verify(&sandbox, &["staging"]).success();
    assert!(output.stdout.contains("Rollout shop/buy  2 of 2 pods"), "{output}");
    rest.rename("Pod", "buy-5b8c-1", SECRET, "auth-20250601090000");
    let output = rest.verify(&sandbox, &["staging"]).status(1);
    assert!(output.stdout.contains("1 of 2 pods runs 20250601090000: buy-5b8c-1"), "{output}");
}

/// A Job that is removed once it has ended need not be there; any other has to be.
#[test]
fn a_job_may_be_gone_if_it_is_removed_once_it_has_ended() {
    let job = |more: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: once, namespace: shop}}\nspec: {{{more}template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: a, envFrom: [{{secretRef: {{name: {SECRET}}}}}]}}]}}}}}}\n"
        )
    };
    for (more, status, word) in
        [("ttlSecondsAfterFinished: 60, ", 0, "not-checked"), ("", 1, "missing-workload")]
    {
        let sandbox =
            Sandbox::staging(&[("web.yaml", &workload(SECRET)), ("job.yaml", &job(more))]);
        let mut dump = Dump::of(&sandbox, "staging");
        dump.remove("Job", "once");
        let output = dump.verify(&sandbox, &["staging"]).status(status);
        let line = output.stdout.lines().find(|line| line.ends_with("Job shop/once"));
        assert!(line.is_some_and(|line| line.trim().starts_with(word)), "{output}");
    }
}

const BEFORE: &str = "auth-20250601090000";

/// A cluster in which everything of an environment is still on the version before.
fn behind(sandbox: &Sandbox) -> Dump {
    let text = Dump::of(sandbox, "production").text().replace(SECRET, BEFORE);
    let mut dump: Value = serde_json::from_str(&text).unwrap();
    Dump(dump["items"].take().as_array().unwrap().clone())
}

#[test]
fn what_is_of_another_cluster_does_not_count_for_the_one_that_is_chosen() {
    let sandbox = fleet();
    let (old, new) = (behind(&sandbox), Dump::of(&sandbox, "production"));
    let eu = format!("eu={}", saved(&sandbox, "eu.json", &old));
    let us = format!("us={}", saved(&sandbox, "us.json", &new));
    let chosen = ["verify", "production", "--cluster", "eu", "--at", NOW];
    let verify = |live: &[&str]| {
        let live: Vec<&str> = live.iter().flat_map(|file| ["--live", *file]).collect();
        sandbox.rotate(&[&chosen[..], &live[..]].concat())
    };
    let _ = verify(&[&eu]).status(1);
    let output = verify(&[&eu, &us]).status(1);
    assert!(output.stdout.contains("not-applied"), "{output}");
    let _ = verify(&[&us]).status(2);
    let typed = us.replacen("us=", "uss=", 1);
    let _ = verify(&[&eu, &typed])
        .status(2)
        .says(&["no workload is deployed to a cluster `uss`", "did you mean `us`?"]);
}

/// One directory that two clusters are built from.
#[test]
fn two_clusters_of_one_directory_are_checked_each_by_itself() {
    let sandbox = Sandbox::empty();
    sandbox.write("production/web.yaml", &workload(SECRET));
    sandbox.commit_all();
    let (old, new) = (behind(&sandbox), Dump::of(&sandbox, "production"));
    let (old, new) = (saved(&sandbox, "old.json", &old), saved(&sandbox, "new.json", &new));
    let verify = |first: &str, second: &str| {
        let words = ["verify", "production", "--at", NOW, "--live", first, "--live", second];
        sandbox.rotate(&words)
    };
    let (eu, us) = (format!("eu={old}"), format!("us={new}"));
    for (first, second) in [(&eu, &us), (&us, &eu)] {
        let output = verify(first, second).status(1);
        assert!(output.stdout.contains("Deployment shop/web in us  1 of 1 pod"), "{output}");
        assert!(output.stdout.contains("Deployment shop/web in eu"), "{output}");
    }
    let again = saved(&sandbox, "again.json", &Dump::of(&sandbox, "production"));
    let _ = verify(&format!("eu={again}"), &us).success();
    let output = verify(&old, &new).status(1);
    assert!(output.stdout.contains("it is there in two states"), "{output}");
    let _ = verify(&new, &again).success();
}

/// A dump is of one cluster, whatever it is called.
#[test]
fn an_input_that_is_given_twice_is_refused() {
    let sandbox = fleet();
    let rest = Dump::of(&sandbox, "production");
    let one = saved(&sandbox, "one.json", &rest);
    let file = std::path::Path::new(&one);
    let folder = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let same = format!("us={}/../{folder}/one.json", file.parent().unwrap().display());
    let cases: &[([&str; 2], &str)] = &[
        ([&one, &one], "is given twice"),
        ([&format!("eu={one}"), &same], "is given for `eu` and for `us`, and is of one cluster"),
        ([&format!("eu={one}"), &one], "is given twice"),
        (["-", "-"], "standard input is given twice"),
        (["eu=-", "us=-"], "standard input is given for `eu` and for `us`"),
    ];
    for ([first, second], says) in cases {
        let live = ["--live", first, "--live", second, "--at", NOW];
        for command in ["verify", "prune"] {
            let output = sandbox.rotate(&[&[command, "production"], &live[..]].concat()).status(2);
            assert!(output.stdout.is_empty(), "{output}");
            let _ = output.says(&[says, "`--live CLUSTER=FILE`"]);
        }
    }
}

/// A Canary may be in another directory than what it steers.
#[test]
fn a_canary_of_another_directory_hides_pods_as_well() {
    let sandbox = Sandbox::empty();
    sandbox.write("production/web/web.yaml", &workload(SECRET));
    sandbox.write("production/web/kustomization.yaml", "resources: [web.yaml]\n");
    let canary = "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: web, namespace: shop}\nspec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
    sandbox.write("production/canaries/web.yaml", canary);
    sandbox.write("production/canaries/kustomization.yaml", "resources: [web.yaml]\n");
    sandbox.commit_all();
    let mut dump = Dump::of(&sandbox, "production");
    dump.remove("Canary", "web");
    let output = dump.verify(&sandbox, &["production"]).status(1);
    assert!(output.stdout.contains("Canary `web`, by which Flagger runs its pods"), "{output}");
}

/// The live template may not have the reference yet that Git has added.
#[test]
fn a_workload_without_pods_has_to_have_the_reference() {
    let idle = workload(SECRET).replace("spec:\n  template", "spec:\n  replicas: 0\n  template");
    let sandbox = Sandbox::staging(&[("web.yaml", &idle)]);
    let rest = Dump::of(&sandbox, "staging");
    let _ = rest.verify(&sandbox, &["staging"]).success();
    let text = rest.text().replace(SECRET, "other-20250601090000");
    let mut dump: Value = serde_json::from_str(&text).unwrap();
    let bare = Dump(dump["items"].take().as_array().unwrap().clone());
    let output = bare.verify(&sandbox, &["staging"]).status(1);
    assert!(output.stdout.contains("its template does not name auth yet"), "{output}");
}

/// A chart may have a workload of the same name as one that Git has in another namespace.
#[test]
fn a_workload_of_a_release_is_told_from_one_of_git_by_its_namespace() {
    let release = format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: chart, namespace: shop}}\nspec: {{values: {{existingSecret: {SECRET}}}}}\n"
    );
    let elsewhere = workload(SECRET).replace("namespace: shop", "namespace: other");
    let sandbox = Sandbox::staging(&[("web.yaml", &elsewhere), ("release.yaml", &release)]);
    let mut dump = Dump::of(&sandbox, "staging");
    let of_chart: Vec<Value> =
        dump.0.iter().filter(|one| one["kind"] != "HelmRelease").cloned().collect();
    dump.0.extend(of_chart.into_iter().map(|mut one| {
        one["metadata"]["namespace"] = json!("shop");
        one
    }));
    let output = dump.verify(&sandbox, &["staging"]);
    assert!(output.stdout.contains("moved        Deployment shop/web  1 of 1 pod"), "{output}");
}

/// What deploys `production` to a cluster.
fn deployed_by(kind: &str, cluster: &str) -> String {
    match kind {
        "name" | "server" => {
            let destination = if kind == "name" {
                format!("name: {cluster}")
            } else {
                format!("server: 'https://{cluster}'")
            };
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: web-{cluster}, namespace: argocd}}\nspec: {{source: {{repoURL: x, path: production}}, destination: {{{destination}, namespace: shop}}}}\n"
            )
        }
        _ => {
            let (name, more) = if kind == "kubeconfig" {
                (cluster, format!(", kubeConfig: {{secretRef: {{name: {cluster}}}}}"))
            } else {
                ("apps", String::new())
            };
            format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\nspec: {{interval: 1m, path: ./production{more}}}\n"
            )
        }
    }
}

/// A directory that is deployed to two clusters.
fn deployed_twice(kind: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("production/web.yaml", &workload(SECRET));
    for cluster in ["eu", "us"] {
        sandbox.write(&format!("clusters/{cluster}/apps.yaml"), &deployed_by(kind, cluster));
    }
    sandbox.commit_all();
    sandbox
}

#[test]
fn each_cluster_that_one_directory_is_deployed_to_needs_its_own_dump() {
    for (kind, eu, us) in [
        ("name", "eu", "us"),
        ("server", "eu", "us"),
        ("kubeconfig", "eu", "us"),
        ("directory", "clusters/eu", "clusters/us"),
    ] {
        let sandbox = deployed_twice(kind);
        let rest = Dump::of(&sandbox, "production");
        let (one, two) = (saved(&sandbox, "one.json", &rest), saved(&sandbox, "two.json", &rest));
        let run = |command: &str, options: &[&str]| {
            sandbox.rotate(&[&[command, "production", "--at", NOW], options].concat())
        };
        let output = run("verify", &["--live", &one]).status(1);
        let words = format!(
            "it is deployed to 2 clusters ({eu}, {us}), and the input is of 1; name each: `--live CLUSTER=FILE`"
        );
        assert!(output.stdout.contains(&words), "{kind}: {output}");
        let place = format!("missing-workload  Deployment shop/web in {eu} or {us}");
        assert!(output.stdout.contains(&place), "{kind}: {output}");
        // Two files of which nothing is said are parts of one dump.
        let output = run("verify", &["--live", &one, "--live", &two]).status(1);
        assert!(output.stdout.contains(&words), "{kind}: {output}");
        let (of_eu, of_us) = (format!("eu={one}"), format!("us={two}"));
        let output = run("verify", &["--live", &of_eu]).status(1);
        let words = format!("the input has no dump of `{us}`");
        assert!(output.stdout.contains(&words), "{kind}: {output}");
        let _ = run("verify", &["--live", &of_eu, "--live", &of_us]).success();
        let _ = run("verify", &["--live", &one, "--cluster", "eu"]).success();
        // A version may be in use in a cluster that was left out.
        sandbox.write("production/old.yaml", &stub(BEFORE));
        sandbox.commit_all();
        let late = ["--live", &one, "--cluster", "eu", "--format", "json"];
        let output = run("prune", &late);
        let words = format!("the cluster `{us}` was left out");
        assert!(output.stdout.contains(&words), "{kind}: {output}");
    }
}

/// Argo CD may run in a cluster of its own.
#[test]
fn a_cluster_that_only_deploys_to_others_needs_no_workloads() {
    let sandbox = Sandbox::empty();
    sandbox.write("production/web.yaml", &workload(SECRET));
    sandbox.write("argocd/web.yaml", &deployed_by("name", "prod"));
    sandbox.commit_all();
    let rest = Dump::of(&sandbox, "production");
    let mut application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "web-prod", "namespace": "argocd", "generation": 1},
        "status": {"sync": {"status": "OutOfSync"}, "health": {"status": "Healthy"}}});
    let verify = |hub: &Dump, name: &str| {
        let (one, two) = (saved(&sandbox, "one.json", &rest), saved(&sandbox, "two.json", hub));
        let (one, two) = (format!("prod={one}"), format!("{name}{two}"));
        sandbox.rotate(&["verify", "production", "--at", NOW, "--live", &one, "--live", &two])
    };
    let output = verify(&Dump(vec![application.clone()]), "hub=").status(1);
    assert!(output.stdout.contains("not-applied  Application argocd/web-prod in hub"), "{output}");
    assert!(output.stdout.contains("moved        Deployment shop/web  1 of 1 pod"), "{output}");
    application["status"]["sync"]["status"] = json!("Synced");
    let hub = Dump(vec![application]);
    for name in ["hub=", ""] {
        let output = verify(&hub, name).success();
        assert_eq!(output.stdout.matches("Deployment shop/web").count(), 1, "{output}");
        assert_eq!(output.stdout.matches("Application argocd/web-prod").count(), 1, "{output}");
    }
    // By itself it proves nothing, and what has pods of the family is no such cluster.
    let file = saved(&sandbox, "hub.json", &hub);
    let alone = ["verify", "production", "--at", NOW, "--live", &file];
    let _ = sandbox.rotate(&alone).status(2).says(&["is it of another cluster?"]);
    let mut both = hub;
    both.0.push(rest.0.iter().find(|one| one["kind"] == "Pod").unwrap().clone());
    let _ = verify(&both, "hub=").status(2).says(&["no workload is deployed to a cluster `hub`"]);
}
