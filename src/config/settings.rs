//! The types of `rotate.yaml`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::by_name::ByName;
use crate::config::environment::Environment;
use crate::config::external::Externals;
use crate::config::monitors::Template;
use crate::config::ordered::Ordered;
use crate::config::pairs::Pair;
use crate::config::period::Period;
use crate::config::secrets::SecretSettings;
use crate::config::word;
use crate::text::source::Source;

/// The settings of a repository.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "rotate.yaml")]
pub struct Config {
    /// The environments in promotion order; none: they are found by the conventions of GitOps repositories
    pub environments: Vec<Environment>,
    /// Secrets that differ from the default, by family; `*`, `?` and `[…]` match as in a shell
    pub secrets: ByName<SecretSettings>,
    /// Secrets that exist though no manifest here provides them
    pub external: Externals,
    /// Fields of your own resources that name a secret
    pub references: Vec<ReferenceField>,
    /// What `rotate lint` reports
    pub lint: Lint,
    /// Versions that an environment stays on until the hold is lifted; `rotate rollback` writes them
    pub holds: Vec<Hold>,
    /// Pairs of workloads, blue and green, where neither their names nor their labels tell
    pub pairs: Vec<Pair>,
    /// Templates of monitors, by name, that `rotate monitor` writes; none of a kind: built-in ones
    pub monitors: Ordered<String, Template>,
    /// The text that the settings were read from.
    #[serde(skip)]
    pub source: Option<Arc<Source>>,
    /// Whether that file is not one of the tree.
    #[serde(skip)]
    pub is_outside: bool,
}

/// A field of a custom resource that names a secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReferenceField {
    /// The resource's group and version, such as `example.com/v1`
    #[serde(deserialize_with = "word::api_version")]
    pub api_version: String,
    /// The resource's kind
    #[serde(deserialize_with = "word::text")]
    pub kind: String,
    /// The field: keys separated by dots, `[]` for every item of a list, such as `spec.auth[].secretName`
    #[serde(deserialize_with = "word::field_path")]
    pub path: String,
}

/// What `rotate lint` reports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lint {
    /// The level of a rule, by its id
    pub rules: Ordered<String, RuleLevel>,
    /// How long a reference may stay behind a newer version, beyond the soak, before it is stale; 7d by default
    pub lag: Option<Period>,
}

impl Lint {
    /// How long a reference may stay behind where nothing is set, in seconds.
    const LAG: u32 = 7 * 24 * 60 * 60;

    /// How long a reference may stay behind, in seconds.
    #[must_use]
    pub fn lag_seconds(&self) -> u32 {
        self.lag.map_or(Self::LAG, Period::seconds)
    }
}

/// How loud a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleLevel {
    /// Fails the run
    Error,
    /// Is worth a look
    Warning,
    /// Is good to know
    Info,
    /// Is not reported
    Off,
}

/// A version that an environment stays on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The family
    #[serde(deserialize_with = "word::text")]
    pub secret: String,
    /// The version it stays on: 14 digits, or `plain` for the name without a version
    #[serde(deserialize_with = "word::version")]
    #[schemars(regex(pattern = "^([0-9]{14}|plain)$"))]
    pub version: String,
    /// The environment
    #[serde(deserialize_with = "word::text")]
    pub environment: String,
    /// Why
    #[serde(default)]
    pub reason: Option<String>,
    /// Since when: a date, or a date and time with its offset
    #[serde(default, deserialize_with = "word::moment")]
    #[schemars(with = "Option<String>")]
    pub since: Option<DateTime<Utc>>,
}

impl Config {
    /// Whether both were read from the same text of the same file, or neither from any.
    #[must_use]
    pub fn is_written_as(&self, other: &Self) -> bool {
        let of = |source: &Arc<Source>| (source.path().clone(), source.text().to_owned());
        self.source.as_ref().map(of) == other.source.as_ref().map(of)
            && self.is_outside == other.is_outside
    }

    /// The environment with that name, and its position in the promotion order.
    #[must_use]
    pub fn environment(&self, name: &str) -> Option<(usize, &Environment)> {
        self.environments.iter().enumerate().find(|(_, environment)| environment.name == name)
    }

    /// What is set for a family: its own entry first, then the patterns that match it from top to bottom;
    /// each setting is taken from the first entry that has it.
    #[must_use]
    pub fn secret(&self, family: &str) -> SecretSettings {
        let mut settings = SecretSettings::default();
        for entry in self.secrets.matching(family) {
            settings.fill(entry);
        }
        settings
    }

    /// Whether a family has an entry of its own, under its full name.
    #[must_use]
    pub fn names_family(&self, family: &str) -> bool {
        self.secrets.names(family)
    }

    /// Whether something outside the repository creates the secret; an unknown namespace matches any.
    #[must_use]
    pub fn is_external(&self, name: &str, namespace: Option<&str>) -> bool {
        self.external.has(name, namespace)
    }

    /// Who makes a secret of `external`, where its entry says so.
    #[must_use]
    pub fn maker(&self, name: &str, namespace: Option<&str>) -> Option<&str> {
        self.external.reason(name, namespace)
    }

    /// The hold on a family in an environment; the first if there are several.
    #[must_use]
    pub fn hold(&self, environment: &str, family: &str) -> Option<&Hold> {
        self.holds_on(environment, family).next()
    }

    /// Every hold on a family in an environment: merging two branches can leave more than one.
    pub fn holds_on(&self, environment: &str, family: &str) -> impl Iterator<Item = &Hold> {
        let is_on = move |hold: &&Hold| hold.environment == environment && hold.secret == family;
        self.holds.iter().filter(is_on)
    }
}
