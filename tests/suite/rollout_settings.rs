//! What `rotate.yaml` says of gradual rollouts: pairs, steps of the traffic, templates of monitors.

use rotate::config::parse::{parse, parse_past};
use rotate::config::settings::Config;
use rotate::text::path::TreePath;
use rotate::text::source::Source;

fn source(text: &str) -> std::sync::Arc<Source> {
    Source::file(TreePath::new("rotate.yaml").unwrap(), text)
}

fn read(text: &str) -> Config {
    parse(&source(text)).unwrap()
}

/// What is wrong, the bytes it points at, and the help.
fn wrong(text: &str) -> (String, String, String) {
    let error = parse(&source(text)).unwrap_err();
    (error.message, error.place.text().to_owned(), error.help.unwrap_or_default())
}

#[test]
fn reads_pairs_and_the_steps_of_the_traffic() {
    let config = read(
        "environments:\n- {name: live, paths: [live], shift: [10, {weight: 50, soak: 2h}, 100]}\npairs:\n- {blue: {kind: Deployment, name: web}, green: {kind: Deployment, name: web-next, namespace: shop}}\n",
    );
    let steps = config.environments[0].shift.iter();
    let steps: Vec<_> =
        steps.map(|one| (one.weight, one.soak.map(|soak| soak.seconds()))).collect();
    assert_eq!(steps, [(10, None), (50, Some(7_200)), (100, None)]);
    assert_eq!(config.pairs[0].blue.namespace, None);
    assert_eq!(config.pairs[0].green.namespace.as_deref(), Some("shop"));
    let steps = |text: &str| {
        let found =
            wrong(&format!("environments: [{{name: live, paths: [live], shift: {text}}}]\n"));
        (found.0, found.1)
    };
    let rise = "must rise and end with 100";
    for (text, message) in [
        ("[50, 10, 100]", rise),
        ("[10, 50]", rise),
        ("[]", "the list must not be empty"),
        ("[0, 100]", "a percentage from 1 to 100"),
        ("[101]", "a percentage from 1 to 100"),
        ("[-1]", "a percentage from 1 to 100"),
        ("[ten]", "a percentage"),
        ("[{weight: 100, soak: 1}]", "not a duration"),
    ] {
        let (found, place) = steps(text);
        assert!(found.contains(message) && !place.is_empty(), "{text}: {found} at `{place}`");
    }
}

#[test]
fn reads_templates_of_monitors() {
    let config = read(
        "environments: [{name: live, paths: [live], monitors: required}]\nmonitors:\n  logins: {as: prometheus, expr: 'x{a=\"{{family}}\"} > 1', for: 5m, within: 2d, labels: {severity: page}}\n  dd: {as: datadog, query: q, thresholds: {critical: 3, warning: '1.5'}, priority: 5}\n",
    );
    assert!(config.environments[0].monitors.is_some());
    let logins = config.monitors.get("logins").unwrap();
    assert_eq!(logins.expr.as_deref(), Some("x{a=\"{{family}}\"} > 1"));
    assert_eq!(logins.within.unwrap().seconds(), 172_800);
    let thresholds = config.monitors.get("dd").unwrap().thresholds.clone().unwrap();
    let texts = [thresholds.critical.unwrap().0, thresholds.warning.unwrap().0];
    assert_eq!(texts, ["3", "1.5"]);
    let one = |text: &str| wrong(&format!("monitors: {{one: {{{text}}}}}\n"));
    for (text, message, place) in [
        ("as: grafana", "unknown value `grafana`", "grafana"),
        ("as: prometheus", "needs `expr`", "prometheus"),
        ("as: analysis, query: ' '", "needs `query`", "analysis"),
        (
            "as: prometheus, expr: x, query: y",
            "`query` is not a field of a prometheus monitor",
            "query",
        ),
        ("as: datadog, query: x, for: 5m", "`for` is not a field of a datadog monitor", "for"),
        ("as: prometheus, expr: x, for: 5", "`5` is not a duration", "5"),
        ("as: prometheus, expr: x, exp: y", "unknown key `exp`", "exp"),
        ("as: datadog, query: x, priority: 6", "from 1 to 5", "6"),
        ("as: datadog, query: x, thresholds: {critical: high}", "`high` is not a number", "high"),
        (
            "as: analysis, query: x, provider: datadog, address: y",
            "of a Prometheus server",
            "address",
        ),
        ("as: datadog, query: x, type: metric", "`metric` is not a type", "metric"),
        ("as: prometheus, expr: 'sum(x'", "not PromQL: `(` is not closed", "'sum(x'"),
        ("as: analysis, query: 'x)'", "not PromQL: `)` closes nothing", "'x)'"),
        ("expr: x", "missing field `as`", ""),
    ] {
        let (found, at, _) = one(text);
        assert!(found.contains(message), "{text}: {found}");
        assert!(place.is_empty() || at == place, "{text}: at `{at}`");
    }
    let name = wrong("monitors: {Bad_Name: {as: prometheus, expr: x}}\n");
    assert_eq!(
        (name.0.as_str(), name.1.as_str()),
        ("`Bad_Name` cannot be part of an object's name", "Bad_Name")
    );
    let environment = wrong("environments: [{name: a, paths: [x], monitors: yes}]\n");
    assert_eq!(environment.1, "yes");
}

#[test]
fn reads_promql_only_where_it_is_written_from_now_on() {
    assert!(read("monitors: {a: {as: datadog, query: 'x)'}}\n").monitors.get("a").is_some());
    assert!(
        read("monitors: {a: {as: analysis, provider: datadog, query: 'x)'}}\n")
            .monitors
            .get("a")
            .is_some()
    );
    let source = Source::file(
        TreePath::new("rotate.yaml").unwrap(),
        "monitors: {a: {as: prometheus, query: x}}\n",
    );
    assert!(parse(&source).is_err() && parse_past(&source).is_ok());
}
