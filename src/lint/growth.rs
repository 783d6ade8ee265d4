//! Four times as much to judge takes about four times as many steps.

use crate::lint::allow::Allows;
use crate::lint::rule::{Facts, History};
use crate::lint::selection::Selection;
use crate::lint::{fingerprint, merge};
use crate::repo::Repo;
use crate::repo::testing::{deployment, repo};
use crate::text::work;

const VERSION: &str = "20250601090000";

/// The steps of all rules on a tree, and how many findings they made.
fn steps(repo: &Repo) -> (usize, usize) {
    let selection = Selection::of(&repo.config).unwrap();
    let history = History::new(|_| None);
    let now = "2025-12-01T00:00:00Z".parse().unwrap();
    let facts = Facts::new(repo, None, &history, now);
    let mut count = 0;
    let steps = work::steps(|| {
        let found = selection.rules.iter().flat_map(|(rule, _)| (rule.check)(&facts));
        let mut findings = merge(&facts, found);
        let mut allows = Allows::of(repo);
        count = findings.len();
        findings.retain(|finding| !allows.takes(finding));
        fingerprint::give(repo, &mut findings);
    });
    (steps, count)
}

/// Compares trees of 40 and 160 parts.
#[track_caller]
fn grows_evenly(files: impl Fn(usize) -> Vec<(String, String)>) {
    let of = |count: usize| {
        let files = files(count);
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        steps(&repo(&files))
    };
    let ((few, found), (many, more)) = (of(40), of(160));
    assert!(found > 0 && more >= 3 * found, "{found} and {more} findings");
    assert!(few > 0 && many <= 5 * few, "{few} and {many} steps");
}

fn kustomization(namespace: &str, resources: &str) -> String {
    format!("namespace: {namespace}\nresources: [{resources}]\n")
}

fn stub(secret: &str, namespace: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {secret}, namespace: {namespace}}}\nspec:\n  \
         secretStoreRef: {{name: s}}\n  dataFrom: [{{extract: {{key: k, version: \"{VERSION}\"}}}}]\n"
    )
}

/// A Deployment in a namespace of its own.
fn within(namespace: &str, name: &str, secret: &str) -> String {
    let name_of_all = format!("  name: {name}\n");
    let both = format!("{name_of_all}  namespace: {namespace}\n");
    deployment(name, secret).replacen(&name_of_all, &both, 1)
}

#[test]
fn roots_that_fail_are_not_asked_for_each_reference() {
    grows_evenly(|count| {
        let mut files = Vec::new();
        for at in 0..count {
            let (bad, good) =
                (format!("apps/bad-{at}/production"), format!("apps/good-{at}/production"));
            let absent = kustomization(&format!("bad-{at}"), "app.yaml, absent.yaml");
            let whole = kustomization(&format!("good-{at}"), "app.yaml");
            files.push((format!("{bad}/kustomization.yaml"), absent));
            files.push((format!("{bad}/app.yaml"), deployment("app", "x")));
            files.push((format!("{good}/kustomization.yaml"), whole));
            files.push((
                format!("{good}/app.yaml"),
                deployment("app", &format!("a-{at}-{VERSION}")),
            ));
        }
        files
    });
}

#[test]
fn charts_are_not_asked_for_each_reference() {
    let chart = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: chart}\nspec: {}\n";
    grows_evenly(|count| {
        let mut files = Vec::new();
        for at in 0..count {
            let own = format!("apps/app-{at}/production");
            let (other, namespace) = (format!("charts/c-{at}/production"), format!("team-{at}"));
            files
                .push((format!("{own}/kustomization.yaml"), kustomization(&namespace, "app.yaml")));
            files.push((
                format!("{own}/app.yaml"),
                deployment("app", &format!("a-{at}-credentials")),
            ));
            let elsewhere = kustomization(&format!("chart-{at}"), "chart.yaml");
            files.push((format!("{other}/kustomization.yaml"), elsewhere));
            files.push((format!("{other}/chart.yaml"), chart.to_owned()));
        }
        files
    });
}

#[test]
fn the_namespaces_of_a_family_are_not_compared_each_with_each() {
    grows_evenly(|count| {
        let mut files = Vec::new();
        for (environment, secret) in
            [("staging", format!("a-{VERSION}")), ("production", "a".to_owned())]
        {
            for at in 0..count {
                let namespace = format!("team-{at}-{environment}");
                let text =
                    [within(&namespace, "app", &secret), stub(&secret, &namespace)].join("---\n");
                files.push((format!("{environment}/app-{at}.yaml"), text));
            }
        }
        files
    });
}

#[test]
fn values_in_the_clear_of_one_file_are_found_by_their_names() {
    let secret = |at: usize| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: a-{at}}}\nstringData: {{k: hunter2}}\n"
        )
    };
    let text = |count: usize| (0..count).map(secret).collect::<Vec<_>>().join("---\n");
    grows_evenly(|count| vec![("production/all.yaml".to_owned(), text(count))]);
    grows_evenly(|count| {
        let prefix = "namePrefix: p-\nnameSuffix: -s\nresources: [all.yaml]\n";
        vec![
            ("production/all.yaml".to_owned(), text(count)),
            ("production/kustomization.yaml".to_owned(), prefix.to_owned()),
        ]
    });
}

#[test]
fn comments_of_one_file_are_found_by_their_line() {
    grows_evenly(|count| {
        let app = |at: usize| {
            let secret = format!("a-{at}-{VERSION}");
            let lines = deployment(&format!("app-{at}"), &secret);
            lines.replace(&secret, &format!("{secret} # rotate: allow[dangling-reference] known"))
        };
        let all: Vec<String> = (0..count).map(app).collect();
        vec![("production/all.yaml".to_owned(), all.join("---\n"))]
    });
}

#[test]
fn what_is_made_elsewhere_is_not_asked_for_each_reference() {
    let chart = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: chart}\nspec: {}\n";
    grows_evenly(|count| {
        let mut files = Vec::new();
        for at in 0..count {
            let (own, namespace) = (format!("apps/app-{at}/production"), format!("team-{at}"));
            let all = kustomization(&namespace, "app.yaml, chart.yaml");
            files.push((format!("{own}/kustomization.yaml"), all));
            files.push((format!("{own}/app.yaml"), deployment("app", "token")));
            files.push((format!("{own}/chart.yaml"), chart.to_owned()));
            let makes = kustomization(&format!("other-{at}"), "stub.yaml");
            files.push((format!("apps/other-{at}/production/kustomization.yaml"), makes));
            let text = stub("token", &format!("other-{at}"));
            files.push((format!("apps/other-{at}/production/stub.yaml"), text));
        }
        files
    });
}

#[test]
fn what_spells_a_name_is_found_once() {
    grows_evenly(|count| {
        let app = |at: usize| {
            let (missing, made) = (format!("a-{at}-env"), format!("b-{at}-env"));
            let maker = deployment(&format!("maker-{at}"), &made);
            let args = format!("        args: [{made}, {made}]\n");
            [deployment(&format!("app-{at}"), &missing), maker + &args].join("---\n")
        };
        let all: Vec<String> = (0..count).map(app).collect();
        vec![("production/all.yaml".to_owned(), all.join("---\n"))]
    });
}

#[test]
fn what_waits_for_a_wave_is_not_compared_each_with_each() {
    grows_evenly(|count| {
        let one = |at: usize| {
            let (namespace, secret) = (format!("team-{at}"), format!("a-{VERSION}"));
            let wave = "annotations: {argocd.argoproj.io/sync-wave: \"5\"}, namespace:";
            let late = stub(&secret, &namespace).replacen("namespace:", wave, 1);
            [within(&namespace, "app", &secret), late].join("---\n")
        };
        let all: Vec<String> = (0..count).map(one).collect();
        vec![("production/all.yaml".to_owned(), all.join("---\n"))]
    });
}

#[test]
fn what_flux_applies_later_is_followed_once() {
    let flux = |name: &str, path: &str, after: &str| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
             spec: {{path: {path}, sourceRef: {{kind: GitRepository, name: flux-system}}, dependsOn: [{after}]}}\n"
        )
    };
    grows_evenly(|count| {
        let mut files = Vec::new();
        for at in 0..count {
            let (namespace, secret) = (format!("team-{at}"), format!("a-{at}-{VERSION}"));
            let (app, made) = (format!("apps/{at}/production"), format!("secrets/{at}/production"));
            let text = flux(&format!("app-{at}"), &app, "");
            let after = format!("{{name: app-{at}}}");
            let both = [text, flux(&format!("secret-{at}"), &made, &after)].join("---\n");
            files.push((format!("clusters/production/{at}.yaml"), both));
            files.push((format!("{app}/app.yaml"), within(&namespace, "app", &secret)));
            files.push((format!("{made}/stub.yaml"), stub(&secret, &namespace)));
        }
        files
    });
}
