//! From the text of `rotate.yaml` to its settings, or to an error.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::config::error::ConfigError;
use crate::config::keys::UniqueKeys;
use crate::config::monitors;
use crate::config::place::{self, At};
use crate::config::settings::Config;
use crate::text::nearest::nearest;
use crate::text::source::Source;

/// Maximum size of `rotate.yaml`, in bytes.
const LONGEST: usize = 1 << 20;

/// What a window looks like.
const WINDOW: &str =
    "`{ days: [mon, tue, wed], from: \"09:00\", to: \"16:00\", timezone: Europe/Berlin }`";

/// Maximum nesting depth of brackets.
const DEEPEST: usize = 64;

/// Parses `rotate.yaml`; an empty file has no settings.
///
/// # Errors
/// When the text is not valid for `rotate.yaml`; the error has the location.
pub fn parse(source: &Arc<Source>) -> Result<Config, ConfigError> {
    let config = parse_past(source)?;
    holds(&config)?;
    monitors::check(&config)?;
    Ok(config)
}

/// Parses the `rotate.yaml` of an older commit: what has only become outdated since is not an error, nor is a template of a
/// monitor that nothing would be written from.
///
/// # Errors
/// When the text is not valid for `rotate.yaml`; the error has the location.
pub fn parse_past(source: &Arc<Source>) -> Result<Config, ConfigError> {
    bounded(source)?;
    let text = source.text().trim_start_matches('\u{feff}');
    let unique = UniqueKeys::deserialize(serde_yaml::Deserializer::from_str(text));
    let read = unique.and_then(|_| serde_yaml::from_str::<Option<Config>>(text));
    let config = read.map_err(|error| refused(source, &error))?.unwrap_or_default();
    let config = Config { source: Some(Arc::clone(source)), ..config };
    environments(&config)?;
    Ok(config)
}

/// Rejects input that would take the parser too long.
fn bounded(source: &Arc<Source>) -> Result<(), ConfigError> {
    let error = |message: &str, at: usize| ConfigError {
        message: message.to_owned(),
        place: place::at(source, at),
        help: None,
    };
    let text = source.text().trim_start_matches('\u{feff}');
    if text.len() > LONGEST {
        return Err(error("rotate.yaml is longer than 1 MiB", 0));
    }
    let mut open = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > DEEPEST {
            return Err(error("brackets are nested too deeply", at));
        }
    }
    Ok(())
}

/// Rewords an error from serde.
fn refused(source: &Arc<Source>, error: &serde_yaml::Error) -> ConfigError {
    let place = place::at(source, error.location().map_or(0, |at| at.index()));
    let text = without_position(&error.to_string());
    let parts = text.split_once(", expected ").filter(|(what, _)| what.contains("unknown "));
    let Some((what, expected)) = parts else {
        let is_window = text.contains(".window");
        let help = is_window.then(|| format!("a window is written as {WINDOW}"));
        return ConfigError { message: text.replace("struct Window", "hours"), place, help };
    };
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let word = what.split('`').nth(1).unwrap_or_default();
    let help = nearest(word, known.iter().copied()).map_or_else(
        || format!("known here: {}", known.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    let message =
        what.replace("unknown field", "unknown key").replace("unknown variant", "unknown value");
    ConfigError { message, place, help: Some(help) }
}

/// A parser message without its ` at line 3 column 5`, which the place shows better.
fn without_position(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, behind)) = rest.split_once(" at line ") {
        let column = behind.trim_start_matches(|c: char| c.is_ascii_digit());
        let Some(column) = column.strip_prefix(" column ") else {
            return message.to_owned();
        };
        out.push_str(before);
        rest = column.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out.push_str(rest);
    out
}

/// Checks what no single environment can: names are unique, and windows are open at some time.
fn environments(config: &Config) -> Result<(), ConfigError> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, environment) in config.environments.iter().enumerate() {
        let name = &environment.name;
        let at = [At::Value("environments"), At::Item(number)];
        if first.insert(name, number).is_some() {
            let path = [at[0], at[1], At::Value("name")];
            return Err(config.error(
                &path,
                format!("the environment `{name}` is defined twice"),
                None,
            ));
        }
        if environment.window.as_ref().is_some_and(|window| window.from == window.to) {
            let path = [at[0], at[1], At::Value("window"), At::Value("to")];
            let help = "leave the window out where references may be moved at any time".to_owned();
            return Err(config.error(&path, "the window is never open".to_owned(), Some(help)));
        }
    }
    Ok(())
}

/// Checks that every hold names an existing environment.
fn holds(config: &Config) -> Result<(), ConfigError> {
    if config.environments.is_empty() {
        return Ok(());
    }
    for (number, hold) in config.holds.iter().enumerate() {
        let name = &hold.environment;
        if config.environment(name).is_some() {
            continue;
        }
        let known = config.environments.iter().map(|environment| environment.name.as_str());
        let help = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
        let path = [At::Value("holds"), At::Item(number), At::Value("environment")];
        return Err(config.error(&path, format!("there is no environment `{name}`"), help));
    }
    Ok(())
}

impl Config {
    /// An error about a value of the file that can only be detected with the repository at hand.
    #[must_use]
    pub fn error(&self, path: &[At<'_>], message: String, help: Option<String>) -> ConfigError {
        let place = (0..=path.len()).rev().find_map(|end| self.place(&path[..end]));
        let empty = || place::at(&Source::file(crate::text::path::TreePath::root(), ""), 0);
        ConfigError { message, place: place.unwrap_or_else(empty), help }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::config::environment::Day;
    use crate::config::secrets::{Pin, Service, StoreKind};
    use crate::config::settings::{Config, RuleLevel};
    use crate::text::path::TreePath;
    use crate::text::source::Source;

    fn read(text: &str) -> Config {
        parse(&Source::file(TreePath::new("rotate.yaml").unwrap(), text)).unwrap()
    }

    /// What is wrong, the bytes it points at, and the help.
    fn wrong(text: &str) -> (String, String, String) {
        let error = parse(&Source::file(TreePath::new("rotate.yaml").unwrap(), text)).unwrap_err();
        (error.message, error.place.text().to_owned(), error.help.unwrap_or_default())
    }

    const WHOLE: &str = r#"
environments:                     # in promotion order
  - name: development
    paths: ["*/development", "environments/dev"]
    versioned: false              # plain names allowed
  - name: staging
    paths: ["*/staging"]
    soak: 24h
    retention: 14d
  - name: production
    paths: ["*/production", "clusters/prod-*"]
    retention: 14d
    window: { days: [mon, tue, wed, thu], from: "09:00", to: "16:00", timezone: Europe/Berlin }
secrets:
  auth-api-secrets:
    remote: { version: label }
  legacy-*: { managed: false }
  "*":
    remote:
      version: key-suffix
      provider: aws-secrets-manager
      store: { name: "{environment}-store", kind: ClusterSecretStore }
      key: shop/{environment}/{family}
external:
  - { name: "registry-pull", namespace: "*", reason: "made by Terraform" }
references:
  - { apiVersion: example.com/v1, kind: Mailer, path: "spec.auth[].secretName" }
lint:
  rules: { stale-reference: warning, plaintext-secret: off }
  lag: 3d
holds:
  - { secret: auth-api-secrets, version: 20250723110000, environment: production, reason: slow, since: 2025-07-24 }
"#;

    #[test]
    fn reads_the_whole_of_the_contract() {
        let config = read(WHOLE);
        let (order, production) = config.environment("production").unwrap();
        assert_eq!((order, production.versioned, production.soak), (2, true, None));
        let window = production.window.as_ref().unwrap();
        assert_eq!(window.days, [Day::Mon, Day::Tue, Day::Wed, Day::Thu]);
        assert_eq!((window.from.minutes(), window.timezone.as_str()), (540, "Europe/Berlin"));
        assert!(production.owns(&TreePath::new("clusters/prod-eu/x.yaml").unwrap()));
        assert!(!config.environments[0].versioned);
        assert_eq!(config.environments[1].soak.unwrap().seconds(), 86_400);
        assert_eq!(config.lint.rules.get("plaintext-secret"), Some(&RuleLevel::Off));
        assert_eq!((config.lint.lag_seconds(), read("").lint.lag_seconds()), (259_200, 604_800));
        assert!(config.is_external("registry-pull", Some("any")) && !config.is_external("x", None));
        let hold = config.hold("production", "auth-api-secrets").unwrap();
        assert_eq!(hold.version, "20250723110000");
        assert_eq!(hold.since.unwrap().to_rfc3339(), "2025-07-24T00:00:00+00:00");
        assert_eq!(config.references[0].path, "spec.auth[].secretName");
    }

    #[test]
    fn overlays_a_name_on_the_patterns_that_match_it() {
        let config = read(WHOLE);
        let auth = config.secret("auth-api-secrets");
        assert_eq!(auth.remote.version, Some(Pin::Label));
        assert_eq!(auth.remote.provider, Some(Service::AwsSecretsManager));
        assert_eq!(auth.remote.store.unwrap().kind, StoreKind::ClusterSecretStore);
        let legacy = config.secret("legacy-db");
        assert!(!legacy.is_managed() && auth.managed.is_none());
        assert_eq!(legacy.remote.version, Some(Pin::KeySuffix));
        let key = legacy.remote.key.unwrap();
        assert_eq!(super::super::secrets::Remote::spell(&key, "qa", "db"), "shop/qa/db");
    }

    #[test]
    fn takes_an_empty_file() {
        for text in ["", "# nothing\n", "\u{feff}", "{}", "---\n", "environments:\nsecrets:\n"] {
            assert!(read(text).environments.is_empty(), "{text:?}");
        }
    }

    fn all(cases: &[(&str, &str, &str, &str)]) {
        for (text, message, place, help) in cases {
            let found = wrong(text);
            assert_eq!(
                (found.0.as_str(), found.1.as_str(), found.2.as_str()),
                (*message, *place, *help)
            );
        }
    }

    #[test]
    fn says_which_key_or_value_is_unknown() {
        all(&[
            ("secrts: {}", "unknown key `secrts`", "secrts", "did you mean `secrets`?"),
            (
                "\u{feff}# ü\r\nenvironments:\r\n  - name: ü\r\n",
                "environments[0].name: `ü` is not a valid environment name: letters, digits, `-`, `_` and `.`, beginning with a letter or digit",
                "ü",
                "",
            ),
            (
                "environments:\n  - name: a\n    paths: [x]\n    window: {from: '09:00', to: '10:00', day: [mon]}\n",
                "environments[0].window: unknown key `day`",
                "day",
                "did you mean `days`?",
            ),
            (
                "secrets: {a: {remote: {version: lable}}}",
                "secrets.a.remote.version: unknown value `lable`",
                "lable",
                "did you mean `label`?",
            ),
            (
                "lint: {rules: {x: loud}}",
                "lint.rules.x: unknown value `loud`",
                "loud",
                "known here: error, warning, info, off",
            ),
        ]);
    }

    #[test]
    fn points_at_the_value_that_does_not_hold() {
        let environment =
            |rest: &str| format!("environments:\n  - name: a\n    paths: [x]\n    {rest}\n");
        let place = |rest: &str| wrong(&environment(rest)).1;
        assert_eq!(place("soak: 24"), "24");
        assert_eq!(place("soak: \"1 day\" # x"), "\"1 day\"");
        assert_eq!(place("window: {from: '25:00', to: '09:00'}"), "'25:00'");
        assert_eq!(place("window: {from: '09:00', to: '09:00'}"), "'09:00'");
        assert_eq!(
            place("window: {from: '09:00', to: '10:00', timezone: Berlin time}"),
            "Berlin time"
        );
        assert_eq!(place("versioned: maybe"), "maybe");
        assert_eq!(wrong("environments: [{name: a, paths: ['a/[b']}]").1, "'a/[b'");
        assert_eq!(
            wrong("environments: [{name: a, paths: []}]").0,
            "environments[0].paths: the list must not be empty"
        );
        assert_eq!(wrong("environments: [{name: a}]").0, "environments[0]: missing field `paths`");
        let twice = "environments:\n- {name: a, paths: [x]}\n- {name: \"a\", paths: [y]}\n";
        assert_eq!(
            wrong(twice),
            ("the environment `a` is defined twice".into(), "\"a\"".into(), String::new())
        );
        let hold = "environments: [{name: prod, paths: [x]}]\nholds:\n- {secret: a, version: '20250101000000', environment: prd}\n";
        assert_eq!(
            wrong(hold),
            ("there is no environment `prd`".into(), "prd".into(), "did you mean `prod`?".into())
        );
        assert_eq!(
            wrong("holds: [{secret: a, version: 20251301000000, environment: p}]").1,
            "20251301000000"
        );
        assert_eq!(wrong("secrets: {a: {remote: {key: 'x/{env}'}}}").1, "'x/{env}'");
        assert_eq!(wrong("references: [{apiVersion: v1, kind: A, path: a..b}]").1, "a..b");
    }

    #[test]
    fn knows_time_zones_by_their_names() {
        let named = |zone: &str| {
            let window = format!("window: {{from: '09:00', to: '10:00', timezone: '{zone}'}}");
            format!("environments:\n  - name: a\n    paths: [x]\n    {window}\n")
        };
        for zone in ["UTC", "Etc/UTC", "US/Eastern", "Asia/Kolkata", "America/Argentina/Ushuaia"] {
            let config = read(&named(zone));
            assert_eq!(config.environments[0].window.as_ref().unwrap().timezone, zone);
        }
        for zone in ["europe/berlin", "Etc/Unknown", "Factory", "CEST+2", "+02:00", "../UTC", ""] {
            assert_eq!(wrong(&named(zone)).1, format!("'{zone}'"));
        }
    }

    #[test]
    fn refuses_a_key_that_is_there_twice() {
        let (message, place, _) = wrong("secrets:\n  a: {}\n  \"a\": {managed: false}\n");
        assert_eq!(
            (message.as_str(), place.as_str()),
            ("secrets: the key `a` is there twice", "\"a\"")
        );
        assert_eq!(wrong("lint: {}\nlint: {}\n").0, "the key `lint` is there twice");
    }

    #[test]
    fn refuses_broken_and_hostile_texts() {
        let (message, _, _) = wrong("environments:\n  - name: a\n   paths: [x]\n");
        assert!(
            message.contains("did not find expected") && !message.contains("line"),
            "{message}"
        );
        assert_eq!(wrong(&"{a: ".repeat(100_000)).0, "brackets are nested too deeply");
        assert_eq!(wrong(&"# long\n".repeat(200_000)).0, "rotate.yaml is longer than 1 MiB");
        assert!(wrong(&"- ".repeat(20_000)).0.contains("recursion limit"), "deep");
        assert!(wrong("a: {}\n---\nb: {}\n").0.contains("more than one document"));
        let mut bomb = "a0: &a0 [x]\n".to_owned();
        for level in 1..40 {
            let before = level - 1;
            bomb +=
                &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 9].join(","));
        }
        assert!(wrong(&bomb).0.contains("repetition limit"), "bomb");
    }
}
