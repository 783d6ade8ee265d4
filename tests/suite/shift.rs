//! Traffic moved between two colours, in each kind of route, in place and by a patch.

use rotate::report::shift::ShiftView;
use serde_json::Value;

use crate::contracts::{holds, kept};
use crate::support::{Output, Sandbox};

/// A blue and a green workload with a Service each.
const PAIR: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web-blue, namespace: shop}
spec: {template: {metadata: {labels: {app: web, slot: blue}}, spec: {containers: [{name: a, image: b}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-green, namespace: shop}
spec: {template: {metadata: {labels: {app: web, slot: green}}, spec: {containers: [{name: a, image: b}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: web-blue, namespace: shop}
spec: {selector: {app: web, slot: blue}}
---
apiVersion: v1
kind: Service
metadata: {name: web-green, namespace: shop}
spec: {selector: {app: web, slot: green}}
";

fn gateway(blue: &str, green: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: web, namespace: shop}}\nspec:\n  rules:\n    - backendRefs: # both colours\n        - name: web-blue\n          port: 80{blue}\n        - name: web-green\n          port: 80{green}\n"
    )
}

fn weights(blue: u64, green: u64) -> String {
    gateway(&format!("\n          weight: {blue} # b"), &format!("\n          weight: {green}"))
}

/// Production with the pair and a route.
fn production(route: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("production/kustomization.yaml", "resources: [pair.yaml, route.yaml]\n");
    sandbox.write("production/pair.yaml", PAIR).write("production/route.yaml", route);
    sandbox.commit_all();
    sandbox
}

fn shift(sandbox: &Sandbox, to: &str, weight: u64, more: &[&str]) -> Output {
    let weight = weight.to_string();
    let all = ["shift", "production", "web", "--to", to, "--weight", &weight, "--allow-dirty"];
    sandbox.rotate(&[&all[..], more].concat())
}

fn json(sandbox: &Sandbox, to: &str, weight: u64) -> Value {
    let output = shift(sandbox, to, weight, &["--format", "json", "--dry-run"]).success();
    holds(&kept::<ShiftView>("shift.json"), &output)
}

#[test]
fn weights_are_written_where_they_are_and_nothing_else_changes() {
    let sandbox = production(&weights(100, 0));
    let value = json(&sandbox, "green", 10);
    assert_eq!(value["routes"][0]["before"], serde_json::json!({"blue": 100, "green": 0}));
    assert_eq!(value["routes"][0]["after"], serde_json::json!({"blue": 90, "green": 10}));
    assert_eq!(
        (&value["routes"][0]["file"], &value["routes"][0]["line"], &value["written"]),
        (&"production/route.yaml".into(), &9.into(), &false.into())
    );
    assert_eq!(sandbox.read("production/route.yaml"), weights(100, 0), "a dry run writes nothing");
    let output = shift(&sandbox, "green", 10, &[]).success();
    assert_eq!(sandbox.read("production/route.yaml"), weights(90, 10));
    let table = "HTTPRoute shop/web, spec.rules[0].backendRefs  blue 100 %, green 0 %  to  blue 90 %, green 10 %";
    assert!(output.stdout.contains(table), "{output}");
    assert!(
        output.stderr.contains("rotate shift production web --to green --weight 0"),
        "{output}"
    );
    let again = shift(&sandbox, "green", 10, &["--check"]).success();
    assert!(again.stdout.contains("Nothing to do: green has 10 % of web already."), "{again}");
    let _ = shift(&sandbox, "blue", 100, &[]).success();
    assert_eq!(sandbox.read("production/route.yaml"), weights(100, 0), "the first bytes again");
}

#[test]
fn the_sum_of_a_list_stays_unless_it_is_too_small() {
    let sandbox = production(&weights(1, 0));
    let _ = shift(&sandbox, "green", 10, &[]).status(1).says(&[
        "its weights add up to 1, so 10 % would be rounded to 0 %",
        "`--total 100` writes weights that add up to 100",
    ]);
    let _ = shift(&sandbox, "green", 100, &[]).success();
    assert_eq!(sandbox.read("production/route.yaml"), weights(0, 1));
    let _ = shift(&sandbox, "green", 10, &["--total", "100"]).success();
    assert_eq!(sandbox.read("production/route.yaml"), weights(90, 10));
    let thousand = production(&weights(1000, 0));
    let _ = shift(&thousand, "green", 33, &[]).success();
    assert_eq!(thousand.read("production/route.yaml"), weights(670, 330));
}

/// A default of 1 would mean something else beside a weight of 10, so all are written, and add up to 100.
#[test]
fn all_weights_are_written_where_one_was_not() {
    for (blue, green) in [("", ""), ("", "\n          weight: 1"), ("\n          weight: 7", "")] {
        let sandbox = production(&gateway(blue, green));
        let _ = shift(&sandbox, "green", 10, &[]).success();
        let new = gateway("\n          weight: 90", "\n          weight: 10");
        assert_eq!(sandbox.read("production/route.yaml"), new, "{blue:?} {green:?}");
    }
    let flow = "apiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: web, namespace: shop}\nspec: {weighted: {services: [{name: web-blue}, {name: web-green}]}}\n";
    let sandbox = production(flow);
    let _ = shift(&sandbox, "green", 10, &[]).success();
    let new = flow.replace("blue}", "blue, weight: 90}").replace("green}", "green, weight: 10}");
    assert_eq!(sandbox.read("production/route.yaml"), new);
}

/// Where others read the file, too, a patch adds the weights, and tests which backend each belongs to.
#[test]
fn absent_weights_of_a_shared_file_are_patched() {
    let istio = "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec: {http: [{route: [{destination: {host: web-blue}}, {destination: {host: web-green}}]}]}
";
    for (route, pointer, telling) in [
        (gateway("", ""), "/spec/rules/0/backendRefs/1", "/name"),
        (istio.to_owned(), "/spec/http/0/route/1", "/destination/host"),
    ] {
        let sandbox = shared(&route);
        let _ = shift(&sandbox, "green", 10, &[]).success();
        let patched = sandbox.read("overlays/production/kustomization.yaml");
        let guarded = format!(
            "    - op: test\n      path: {pointer}{telling}\n      value: web-green\n    - op: add\n      path: {pointer}/weight\n      value: 10\n"
        );
        assert!(patched.contains(&guarded), "{patched}");
        assert_eq!(sandbox.read("base/route.yaml"), route);
        let _ = shift(&sandbox, "green", 50, &[]).success();
        let again = patched.replace("value: 10", "value: 50").replace("value: 90", "value: 50");
        assert_eq!(sandbox.read("overlays/production/kustomization.yaml"), again, "edited");
    }
}

/// Staging and production with one base that has the pair and a route.
fn shared(route: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("base/kustomization.yaml", "resources: [pair.yaml, route.yaml]\n");
    sandbox.write("base/pair.yaml", PAIR).write("base/route.yaml", route);
    for environment in ["staging", "production"] {
        let file = format!("overlays/{environment}/kustomization.yaml");
        sandbox.write(&file, "resources: [../../base]\n");
    }
    sandbox.commit_all();
    sandbox
}

/// A route that production shares with staging is patched for production alone, and the patch is edited the next time.
#[test]
fn a_shared_route_is_patched() {
    let sandbox = shared(&weights(100, 0));
    let _ = shift(&sandbox, "green", 10, &[]).success();
    let patched = sandbox.read("overlays/production/kustomization.yaml");
    assert!(patched.contains("value: 100\n") && patched.contains("value: 90\n"), "{patched}");
    assert_eq!(sandbox.read("base/route.yaml"), weights(100, 0));
    assert_eq!(sandbox.read("overlays/staging/kustomization.yaml"), "resources: [../../base]\n");
    let _ = shift(&sandbox, "green", 50, &[]).success();
    let again = sandbox.read("overlays/production/kustomization.yaml");
    assert_eq!(again.matches("op: replace").count(), 2, "{again}");
    assert!(again.contains("value: 50\n") && !again.contains("value: 90\n"), "{again}");
}

#[test]
fn other_kinds_of_routes() {
    let istio = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\nspec: {hosts: [web], http: [{route: [{destination: {host: web-blue}, weight: 100}, {destination: {host: web-green}, weight: 0}]}]}\n";
    let traefik = "apiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: web, namespace: shop}\nspec: {weighted: {services: [{name: web-blue, port: 80, weight: 100}, {name: web-green, port: 80, weight: 0}]}}\n";
    let contour = "apiVersion: projectcontour.io/v1\nkind: HTTPProxy\nmetadata: {name: web, namespace: shop}\nspec: {routes: [{services: [{name: web-blue, port: 80, weight: 100}, {name: web-green, port: 80, weight: 0}]}]}\n";
    let apisix = "apiVersion: apisix.apache.org/v2\nkind: ApisixRoute\nmetadata: {name: web, namespace: shop}\nspec: {http: [{name: a, backends: [{serviceName: web-blue, servicePort: 80, weight: 100}, {serviceName: web-green, servicePort: 80, weight: 0}]}]}\n";
    for route in [istio, traefik, contour, apisix] {
        let sandbox = production(route);
        let _ = shift(&sandbox, "green", 10, &[]).success();
        let wanted =
            route.replace("weight: 0", "weight: 10").replace("weight: 100}", "weight: 90}");
        assert_eq!(sandbox.read("production/route.yaml"), wanted);
    }
    let ingress = |name: &str, more: &str, service: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, namespace: shop{more}}}\nspec: {{rules: [{{host: h, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}]}}}}]}}\n---\n"
        )
    };
    let canary = |weight: &str| {
        let more = format!(
            ", annotations: {{nginx.ingress.kubernetes.io/canary: \"true\", nginx.ingress.kubernetes.io/canary-weight: \"{weight}\"}}"
        );
        ingress("web", "", "web-blue") + &ingress("web-canary", &more, "web-green")
    };
    let bare = canary("0").replace(", nginx.ingress.kubernetes.io/canary-weight: \"0\"", "");
    let sandbox = production(&bare);
    let _ = shift(&sandbox, "green", 10, &[]).success();
    assert_eq!(sandbox.read("production/route.yaml"), canary("10"), "a string, as annotations are");
    let sandbox = production(&canary("0"));
    let _ = shift(&sandbox, "green", 10, &[]).success();
    assert_eq!(sandbox.read("production/route.yaml"), canary("10"), "it stays a string");
    let _ = shift(&sandbox, "blue", 100, &[]).success();
    assert_eq!(sandbox.read("production/route.yaml"), canary("0"));
}

#[test]
fn a_selector_switches_all_at_once() {
    let service = |slot: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop}}\nspec: {{selector: {{app: web, slot: {slot}}}}}\n"
        )
    };
    let sandbox = production(&service("blue"));
    let _ = shift(&sandbox, "green", 10, &[]).status(1).says(&["selects its pods all at once"]);
    let output = shift(&sandbox, "green", 100, &[]).success();
    assert!(
        output.stdout.contains("Service `web` switches all of its traffic at once"),
        "{output}"
    );
    assert_eq!(sandbox.read("production/route.yaml"), service("green"));
}

#[test]
fn what_a_controller_writes_is_left_to_it() {
    let rollout = "---\napiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: api, namespace: shop}\nspec: {strategy: {canary: {trafficRouting: {plugins: {argoproj-labs/gatewayAPI: {httpRoute: web}}}}}}\n";
    let sandbox = production(&(weights(100, 0) + rollout));
    let _ = shift(&sandbox, "green", 10, &[]).status(1).says(&[
        "Argo Rollouts writes it for Rollout `api`",
        "`spec.strategy` of Rollout `api` (production/route.yaml:",
    ]);
}

#[test]
fn backends_of_neither_colour_are_asked_about() {
    let three = "apiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: web, namespace: shop}\nspec: {weighted: {services: [{name: web-blue, weight: 60}, {name: web-green, weight: 0}, {name: old, weight: 40}]}}\n";
    let sandbox = production(three);
    let _ = shift(&sandbox, "green", 10, &[])
        .status(1)
        .says(&["`old` shares the list", "`--others keep`"]);
    let _ = shift(&sandbox, "green", 10, &["--others", "keep"]).success();
    let kept = three.replace("weight: 60", "weight: 50").replace("weight: 0}", "weight: 10}");
    assert_eq!(sandbox.read("production/route.yaml"), kept);
    let sandbox = production(three);
    let _ = shift(&sandbox, "green", 50, &["--others", "scale"]).success();
    let scaled = three
        .replace("weight: 60", "weight: 30")
        .replace("weight: 0}", "weight: 50}")
        .replace("weight: 40", "weight: 20");
    assert_eq!(sandbox.read("production/route.yaml"), scaled);
    let sandbox = production(three);
    let _ = shift(&sandbox, "green", 80, &["--others", "keep"])
        .status(1)
        .says(&["at most 60 % are left"]);
}

/// What no weight divides stays where it is, and is named.
#[test]
fn what_stays_is_said() {
    let rule =
        "    - matches: [{path: {value: /old}}]\n      backendRefs: [{name: web-blue, port: 80}]\n";
    let more = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web, slot: blue}}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: door, namespace: shop}\nspec: {rules: [{host: h, http: {paths: [{path: /, backend: {service: {name: web-green}}}]}}]}\n";
    let sandbox = production(&(weights(100, 0) + rule + more));
    let output = shift(&sandbox, "green", 10, &["--dry-run"]).success();
    for note in [
        "note: HTTPRoute `web`, spec.rules[1].backendRefs has blue as its only backend, so that traffic stays there",
        "note: Ingress `door` has green as its only backend",
        "note: Service `web` selects blue alone: what calls it by that name stays there",
    ] {
        assert!(output.stdout.contains(note), "{note}: {output}");
    }
    sandbox.write(
        "production/kustomization.yaml",
        "resources: [pair.yaml, route.yaml, \"https://github.com/a/b//c?ref=v1\"]\n",
    );
    let output = shift(&sandbox, "green", 10, &["--dry-run"]).success();
    assert!(output.stdout.contains("note: `production` is known only in part"), "{output}");
}

/// A list is left alone where it is not clear where a backend leads, or what its weight is.
#[test]
fn what_is_not_clear_is_refused() {
    let both = PAIR.replace(", slot: green}}\n", "}}\n");
    for (pair, route, words) in [
        (PAIR, weights(100, 0).replace("web-green", "gone"), "1 backends of blue and 0 of green"),
        (&both, weights(100, 0), "the Service of `web-green` selects the pods of both colours"),
        (PAIR, weights(1_000_000, 1_000_000), "would be larger than 1000000"),
        (PAIR, weights(7, 0).replace("weight: 7", "weight: 010"), "is not a plain number"),
    ] {
        let sandbox = production(&route);
        sandbox.write("production/pair.yaml", pair);
        let _ = shift(&sandbox, "green", 100, &[]).status(1).says(&[words]);
        assert_eq!(sandbox.read("production/route.yaml"), route);
    }
    let subset = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\nspec: {http: [{route: [{destination: {host: web, subset: blue}, weight: 100}, {destination: {host: web-green}, weight: 0}]}]}\n";
    let sandbox = production(subset);
    let _ = shift(&sandbox, "green", 10, &[]).status(1).says(&[
        "nothing in Git tells which pods `web` leads to",
        "the DestinationRule of its subset",
    ]);
    let two = PAIR.replace("kind: Deployment", "kind: StatefulSet") + "---\n" + PAIR;
    let sandbox = production(&weights(100, 0));
    sandbox.write(
        "production/pair.yaml",
        &two.replacen(
            "\n---\napiVersion: v1\nkind: Service",
            "\n---\napiVersion: v1\nkind: Endpoints",
            2,
        ),
    );
    let _ = shift(&sandbox, "green", 10, &[])
        .status(1)
        .says(&["pairs of different kinds", "`Deployment/web` or `StatefulSet/web`"]);
}

/// Pods that cannot start get no traffic.
#[test]
fn a_version_that_nothing_provides_gets_no_traffic() {
    let sandbox = production(&weights(100, 0));
    let named = PAIR.replacen(
        "slot: green}}, spec: {containers: [{name: a, image: b}]",
        "slot: green}}, spec: {containers: [{name: a, image: b, envFrom: [{secretRef: {name: auth-20250701090000}}]}]",
        1,
    );
    sandbox.write("production/pair.yaml", &named);
    let _ = shift(&sandbox, "green", 10, &[]).status(1).says(&[
        "Deployment `web-green` names `auth-20250701090000`, which nothing provides",
        "production/pair.yaml",
    ]);
    let _ = shift(&sandbox, "blue", 100, &[]).success();
}

/// A newer version gets more traffic only while the gates are open; an older one always.
#[test]
fn gates_hold_for_what_is_newer() {
    let sandbox = production(&weights(100, 0));
    let version = |slot: &str, version: &str| {
        (
            format!("slot: {slot}}}}}, spec: {{containers: [{{name: a, image: b}}]"),
            format!(
                "slot: {slot}}}}}, spec: {{containers: [{{name: a, image: b, envFrom: [{{secretRef: {{name: auth-{version}}}}}]}}]"
            ),
        )
    };
    let mut pair = PAIR.to_owned();
    for (from, to) in [version("blue", "20250601090000"), version("green", "20250701090000")] {
        pair = pair.replace(&from, &to);
    }
    sandbox.write("production/pair.yaml", &pair);
    sandbox.write("rotate.yaml", "external: [{name: \"auth-*\", namespace: shop, reason: made elsewhere}]\nenvironments:\n- {name: production, paths: [production], window: {days: [mon], from: \"09:00\", to: \"10:00\"}}\n");
    sandbox.commit_all();
    let late = ["--at", "2025-07-22T12:00:00Z"];
    let _ = shift(&sandbox, "green", 10, &late).status(1).says(&["outside the change window"]);
    let over = ["--at", "2025-07-22T12:00:00Z", "--override", "window", "--reason", "now"];
    let _ = shift(&sandbox, "green", 10, &over).success();
    let _ = shift(&sandbox, "green", 0, &late).success();
    assert_eq!(sandbox.read("production/route.yaml"), weights(100, 0));
}

#[test]
fn what_cannot_be_is_refused() {
    let sandbox = production(&weights(100, 0));
    for (arguments, status, words) in [
        (
            &["production", "web", "--to", "red", "--weight", "1"][..],
            2,
            "possible values: blue, green",
        ),
        (&["production", "web", "--to", "green", "--weight", "101"], 2, "101 is not in 0..=100"),
        (&["production", "wbe", "--to", "green", "--weight", "1"], 1, "pairs here: `web`"),
        (&["prodution", "web", "--to", "green", "--weight", "1"], 2, "did you mean `production`?"),
    ] {
        let _ = sandbox.rotate(&[&["shift"], arguments].concat()).status(status).says(&[words]);
    }
    let alone = Sandbox::empty();
    alone.write("production/web.yaml", &PAIR.replace("green", "blue"));
    let _ = shift(&alone, "green", 1, &[]).status(1).says(&[
        "no two workloads in production are a pair",
        "the second workload has to be written by hand",
    ]);
    let unrouted = production("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    let _ = shift(&unrouted, "green", 1, &[]).status(1).says(&["nothing in Git divides traffic"]);
}

/// The commit has the pair, the weight and only what changed.
#[test]
fn a_commit_says_what_was_shifted() {
    let sandbox = production(&weights(100, 0));
    let mut command = sandbox.command(&[
        "shift",
        "production",
        "web",
        "--to",
        "green",
        "--weight",
        "10",
        "--commit",
    ]);
    for (key, value) in [
        ("GIT_AUTHOR_NAME", "A"),
        ("GIT_AUTHOR_EMAIL", "a@b"),
        ("GIT_COMMITTER_NAME", "A"),
        ("GIT_COMMITTER_EMAIL", "a@b"),
    ] {
        command.env(key, value);
    }
    let _ = sandbox.finish(&mut command).success();
    let log = sandbox.git_at("2025-08-01T00:00:00Z", &["log", "-1", "--format=%B"]);
    assert!(log.starts_with("Shift web in production to green 10 %\n"), "{log}");
    assert!(
        log.contains("Rotate-Pair: web\nRotate-Environment: production\nRotate-Weight: green 10 %"),
        "{log}"
    );
}

/// What is printed names the tree, the next step of `rotate.yaml` with its soak, and families that can be verified.
#[test]
fn the_next_commands_can_be_typed() {
    let sandbox = Sandbox::empty();
    let tree = |path: &str| format!("deploy tree/{path}");
    sandbox.write(&tree("rotate.yaml"), "environments:\n- {name: production, paths: [production], soak: 3h, shift: [{weight: 10, soak: 2h}, 50, 100]}\n");
    let versioned = PAIR.replace(
        "image: b}",
        "image: b, envFrom: [{secretRef: {name: auth-20250601090000}}, {secretRef: {name: pull}}]}",
    );
    sandbox.write(&tree("production/pair.yaml"), &versioned);
    sandbox.write(&tree("production/stub.yaml"), &crate::support::stub("auth-20250601090000"));
    sandbox.write(&tree("production/route.yaml"), &weights(100, 0));
    sandbox.commit_all();
    let shift = |weight: &str| {
        let all = [
            "-C",
            "deploy tree",
            "shift",
            "production",
            "web",
            "--to",
            "green",
            "--allow-dirty",
            "--weight",
            weight,
        ];
        sandbox.rotate(&all).success().stderr
    };
    let first = shift("10");
    for words in [
        "rotate -C 'deploy tree' verify production auth --context CONTEXT\n",
        "Watch it for 2h, then take the next step.",
        "rotate -C 'deploy tree' shift production web --to green --weight 50\n",
        "rotate -C 'deploy tree' shift production web --to green --weight 0\n",
    ] {
        assert!(first.contains(words), "no {words:?}:\n{first}");
    }
    let second = shift("50");
    assert!(second.contains("Watch it for 3h") && second.contains("--weight 100"), "{second}");
    let last = shift("100");
    assert!(!last.contains("the next step") && last.contains("--weight 50"), "{last}");
}

/// Another root that is known only in part does not hide that a version is missing here.
#[test]
fn a_colour_without_its_secret_gets_no_more_traffic() {
    let sandbox = production(&weights(100, 0));
    let green = "slot: green}}, spec: {containers: [{name: a, image: b";
    let named = PAIR.replace(
        green,
        &format!("{green}, envFrom: [{{secretRef: {{name: auth-20250701090000}}}}]"),
    );
    assert_ne!(named, PAIR);
    sandbox.write("production/pair.yaml", &named);
    let chart = "resources: [https://example.com/crds?ref=v1]\nnamespace: elsewhere\n";
    sandbox.write("production/other/kustomization.yaml", chart);
    let _ = shift(&sandbox, "green", 10, &[]).status(1).says(&[
        "names `auth-20250701090000`, which nothing provides, so its pods would not start",
    ]);
    let _ = shift(&sandbox, "green", 0, &[]).success();
}

/// `rotate status` shows how a pair shares the traffic, beside the versions of the family that it uses.
#[test]
fn the_status_shows_how_the_traffic_is_shared() {
    let sandbox = production(&weights(90, 10));
    let versioned =
        PAIR.replace("image: b}", "image: b, envFrom: [{secretRef: {name: auth-20250601090000}}]}");
    sandbox.write("production/pair.yaml", &versioned);
    sandbox.commit_all();
    let status = |more: &[&str]| sandbox.rotate(&[&["status"], more].concat()).success().stdout;
    let pairs = || {
        let value: Value = serde_json::from_str(&status(&["--format", "json"])).unwrap();
        value["families"][0]["pairs"][0].clone()
    };
    assert!(status(&[]).contains("traffic of web: blue 90 %, green 10 %"), "{}", status(&[]));
    assert_eq!((&pairs()["green"], &pairs()["idle"]), (&10.into(), &Value::Null));
    sandbox.write("production/route.yaml", &weights(0, 100));
    assert_eq!(pairs()["idle"], "blue");
    sandbox
        .write("production/route.yaml", &weights(0, 100).replace("weight: 0 # b", "weight: ${w}"));
    assert!(
        status(&[]).contains("traffic of web is not known: a weight is no number"),
        "{}",
        status(&[])
    );
}
