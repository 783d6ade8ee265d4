//! The work for many families, namespaces and roots grows as they do.

use std::collections::BTreeMap;

use super::{repo, request};
use crate::plan::batch::plan_all;
use crate::plan::request::BumpRequest;
use crate::repo::Repo;
use crate::text::work::during;

const OLD: &str = "20240101000000";
const NEW: &str = "20240301000000";

fn workload(secret: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: app }}\nspec:\n  template:\n    spec:\n      containers:\n        - name: app\n          envFrom:\n            - secretRef:\n                name: {secret}\n"
    )
}

fn stub(secret: &str, key: &str, version: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {secret}\nspec:\n  secretStoreRef: {{ kind: ClusterSecretStore, name: store }}\n  dataFrom:\n    - extract: {{ key: {key}, version: \"{version}\" }}\n"
    )
}

/// A tree in which staging runs a newer version than production of each family in each namespace.
fn tree(families: usize, namespaces: usize) -> Repo {
    let mut files = Vec::new();
    for (environment, version) in [("staging", NEW), ("production", OLD)] {
        for (family, namespace) in
            (0..families).flat_map(|family| (0..namespaces).map(move |one| (family, one)))
        {
            let secret = format!("service-{family}-{version}");
            let at = format!("apps/{family}-{namespace}/{environment}");
            let key = format!("{environment}/{family}-{namespace}");
            files.push((
                format!("{at}/kustomization.yaml"),
                format!(
                    "namespace: {environment}-{namespace}\nresources:\n- app.yaml\n- {secret}.yaml\n"
                ),
            ));
            files.push((format!("{at}/app.yaml"), workload(&secret)));
            files.push((format!("{at}/{secret}.yaml"), stub(&secret, &key, version)));
        }
    }
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    repo(&files)
}

/// The work of moving all families of production together.
fn work(families: usize, namespaces: usize) -> BTreeMap<&'static str, usize> {
    let repo = tree(families, namespaces);
    let requests: Vec<BumpRequest> = (0..families)
        .map(|one| request("production", &format!("service-{one}"), Some(NEW)))
        .collect();
    during(|| {
        let (plans, _) = plan_all(&repo, &requests).unwrap();
        assert!(plans.iter().all(|plan| plan.stubs.len() == namespaces));
    })
}

fn grows_as_its_tree(once: &BTreeMap<&'static str, usize>, twice: &BTreeMap<&'static str, usize>) {
    assert!(once.len() >= 4, "{once:?}");
    for (what, count) in twice {
        let before = once.get(what).copied().unwrap_or_default();
        assert!(*count <= before * 5 / 2, "{what}: {before} became {count}");
    }
}

#[test]
fn work_grows_with_the_number_of_families() {
    grows_as_its_tree(&work(20, 1), &work(40, 1));
}

#[test]
fn work_grows_with_the_number_of_namespaces() {
    grows_as_its_tree(&work(1, 16), &work(1, 32));
}

/// The work of moving a family that each of many workloads of one file names.
fn work_on_one_file(
    count: usize,
    version: impl Fn(usize) -> String,
) -> BTreeMap<&'static str, usize> {
    let all: Vec<String> = (0..count)
        .map(|at| {
            workload(&format!("auth-{}", version(at))).replace("app }", &format!("app-{at} }}"))
        })
        .collect();
    let repo = repo(&[("staging/all.yaml", &all.join("---\n"))]);
    during(|| {
        let (plans, _) = plan_all(&repo, &[request("staging", "auth", Some(NEW))]).unwrap();
        assert_eq!(plans[0].moved.len(), count);
    })
}

#[test]
fn moving_many_references_of_one_file_reads_it_a_few_times() {
    let same = |_| OLD.to_owned();
    let other = |at: usize| format!("202401010{:05}", at % 60 + at / 60 * 100);
    for version in [&same as &dyn Fn(usize) -> String, &other] {
        let (few, many) = (work_on_one_file(40, version), work_on_one_file(160, version));
        for (what, few) in few {
            assert!(many[what] <= 5 * few, "{what}: {few} and {} times", many[what]);
        }
    }
}
