//! Templates of monitors that `rotate.yaml` declares.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::Deserializer;

use crate::config::error::ConfigError;
use crate::config::ordered::Ordered;
use crate::config::period::Period;
use crate::config::place::At;
use crate::config::promql;
use crate::config::settings::Config;
use crate::config::word;

/// The kind of a monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MonitorKind {
    /// A PrometheusRule of the Prometheus Operator
    Prometheus,
    /// A DatadogMonitor of the Datadog Operator
    Datadog,
    /// An AnalysisTemplate of Argo Rollouts
    Analysis,
}

impl MonitorKind {
    /// The word in `rotate.yaml` and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Datadog => "datadog",
            Self::Analysis => "analysis",
        }
    }

    /// The kind of the object.
    #[must_use]
    pub const fn object(self) -> &'static str {
        match self {
            Self::Prometheus => "PrometheusRule",
            Self::Datadog => "DatadogMonitor",
            Self::Analysis => "AnalysisTemplate",
        }
    }

    /// The fields that a template of it has besides `as` and `objectLabels`; the first is required.
    const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Prometheus => &["expr", "for", "labels", "annotations", "within"],
            Self::Datadog => &["query", "type", "message", "priority", "tags", "thresholds"],
            Self::Analysis => &[
                "query",
                "provider",
                "address",
                "successCondition",
                "failureCondition",
                "interval",
                "count",
                "failureLimit",
            ],
        }
    }
}

/// What an AnalysisTemplate asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// A Prometheus server
    #[default]
    Prometheus,
    /// Datadog
    Datadog,
}

/// A number of Datadog, which its object holds as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold(pub String);

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word::parsed(deserializer, "a number", |text| match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Self(text.to_owned())),
            _ => Err(format!("`{text}` is not a number")),
        })
    }
}

impl JsonSchema for Threshold {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Threshold".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "number"] })
    }
}

/// The thresholds of a DatadogMonitor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// From which value on it is in the state Alert
    pub critical: Option<Threshold>,
    /// From which value on it is in the state Warn
    pub warning: Option<Threshold>,
}

/// A template of a monitor. In every text `{{family}}`, `{{environment}}`, `{{version}}` and `{{namespace}}` are filled in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Template {
    /// What is written
    #[serde(rename = "as")]
    pub kind: MonitorKind,
    /// Prometheus: the PromQL expression that has a result while something is wrong
    #[serde(default)]
    pub expr: Option<String>,
    /// Prometheus: how long the expression must have a result before the alert fires, such as `5m`
    #[serde(default, rename = "for", deserialize_with = "duration")]
    pub hold: Option<String>,
    /// Prometheus: labels of the alert, such as `severity`
    #[serde(default)]
    pub labels: Ordered<String, String>,
    /// Prometheus: annotations of the alert
    #[serde(default)]
    pub annotations: Ordered<String, String>,
    /// Prometheus: how long after a rotation the alert can fire; 24h by default
    #[serde(default)]
    pub within: Option<Period>,
    /// Datadog and analysis: the query
    #[serde(default)]
    pub query: Option<String>,
    /// Datadog: the type of the monitor; `query alert` by default
    #[serde(default, rename = "type", deserialize_with = "datadog_type")]
    pub of_type: Option<String>,
    /// Datadog: the notification
    #[serde(default, deserialize_with = "some_text")]
    pub message: Option<String>,
    /// Datadog: the priority, 1 (high) to 5 (low)
    #[serde(default, deserialize_with = "priority")]
    #[schemars(range(min = 1, max = 5))]
    pub priority: Option<u8>,
    /// Datadog: tags of the monitor, besides those for family and environment
    #[serde(default)]
    pub tags: Vec<String>,
    /// Datadog: the thresholds
    #[serde(default)]
    pub thresholds: Option<Thresholds>,
    /// Analysis: what is asked
    #[serde(default)]
    pub provider: Option<Provider>,
    /// Analysis: the address of the Prometheus server
    #[serde(default, deserialize_with = "some_text")]
    pub address: Option<String>,
    /// Analysis: when a measurement is a success, such as `result[0] < 0.05`
    #[serde(default, deserialize_with = "some_text")]
    pub success_condition: Option<String>,
    /// Analysis: when a measurement is a failure
    #[serde(default, deserialize_with = "some_text")]
    pub failure_condition: Option<String>,
    /// Analysis: the time between two measurements, such as `1m`
    #[serde(default, deserialize_with = "duration")]
    pub interval: Option<String>,
    /// Analysis: how many measurements are made
    #[serde(default)]
    pub count: Option<u32>,
    /// Analysis: how many of them may fail
    #[serde(default)]
    pub failure_limit: Option<u32>,
    /// Labels of the object, such as those by which your Prometheus selects rules
    #[serde(default)]
    pub object_labels: Ordered<String, String>,
}

/// What an environment asks of monitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Monitored {
    /// Every versioned family needs one
    Required,
}

fn some_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    word::text(deserializer).map(Some)
}

/// The types that the CRD of the Datadog Operator allows.
const TYPES: [&str; 13] = [
    "audit alert",
    "composite",
    "error-tracking alert",
    "event alert",
    "event-v2 alert",
    "log alert",
    "metric alert",
    "process alert",
    "query alert",
    "rum alert",
    "service check",
    "slo alert",
    "trace-analytics alert",
];

fn datadog_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    word::parsed(deserializer, "a type of Datadog", |text| {
        let known = TYPES.contains(&text).then(|| Some(text.to_owned()));
        known.ok_or_else(|| {
            format!("`{text}` is not a type of a DatadogMonitor; known: {}", TYPES.join(", "))
        })
    })
}

fn priority<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    word::parsed(deserializer, "a number from 1 to 5", |text| match text.parse() {
        Ok(priority @ 1..=5) => Ok(Some(priority)),
        _ => Err(format!("`{text}` is not a priority; write a number from 1 to 5")),
    })
}

/// The units of Prometheus, the larger ones first.
const UNITS: [&str; 7] = ["y", "w", "d", "h", "m", "s", "ms"];

/// Whether a text is a duration as Prometheus and Argo Rollouts both read it: `1h30m`.
fn is_duration(text: &str) -> bool {
    let (mut rest, mut last) = (text, None);
    while !rest.is_empty() {
        let unit = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = &rest[..rest.len() - unit.len()];
        let end = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        let place = UNITS.iter().position(|known| *known == &unit[..end]);
        if number.is_empty() || number.len() > 9 || place.is_none() || place <= last {
            return false;
        }
        (rest, last) = (&unit[end..], place);
    }
    last.is_some()
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    word::parsed(deserializer, "a duration such as `5m`", |text| {
        let filled = is_duration(text).then(|| text.to_owned());
        filled.ok_or_else(|| format!("`{text}` is not a duration; write `5m` or `1h30m`")).map(Some)
    })
}

impl Template {
    /// Whether each field is set.
    fn set(&self) -> [(&'static str, bool); 18] {
        [
            ("expr", self.expr.is_some()),
            ("for", self.hold.is_some()),
            ("labels", !self.labels.is_empty()),
            ("annotations", !self.annotations.is_empty()),
            ("within", self.within.is_some()),
            ("query", self.query.is_some()),
            ("type", self.of_type.is_some()),
            ("message", self.message.is_some()),
            ("priority", self.priority.is_some()),
            ("tags", !self.tags.is_empty()),
            ("thresholds", self.thresholds.is_some()),
            ("provider", self.provider.is_some()),
            ("address", self.address.is_some()),
            ("successCondition", self.success_condition.is_some()),
            ("failureCondition", self.failure_condition.is_some()),
            ("interval", self.interval.is_some()),
            ("count", self.count.is_some()),
            ("failureLimit", self.failure_limit.is_some()),
        ]
    }

    /// The texts in which placeholders are filled in.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let single = [
            &self.expr,
            &self.query,
            &self.message,
            &self.address,
            &self.success_condition,
            &self.failure_condition,
        ];
        let maps = [&self.labels, &self.annotations, &self.object_labels];
        let maps = maps.into_iter().flat_map(|map| map.iter().map(|(_, value)| value));
        let texts = single.into_iter().flatten().chain(maps).chain(&self.tags);
        texts.map(String::as_str)
    }
}

/// Checks what depends on several fields of a template: each has those of its kind, and what it needs.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    for (name, template) in config.monitors.iter() {
        let at = [At::Value("monitors"), At::Value(name.as_str())];
        let kind = template.kind;
        if !is_label(name) {
            let text = format!("`{name}` cannot be part of an object's name");
            let help = "use lower-case letters, digits and `-`, at most 63 of them".to_owned();
            return Err(config.error(&[at[0], At::Key(name.as_str())], text, Some(help)));
        }
        let fields = kind.fields();
        if let Some((field, _)) =
            template.set().into_iter().find(|(field, is_set)| *is_set && !fields.contains(field))
        {
            let text = format!("`{field}` is not a field of a {} monitor", kind.word());
            let help = format!("known here: as, {}, objectLabels", fields.join(", "));
            return Err(config.error(&[at[0], at[1], At::Key(field)], text, Some(help)));
        }
        let texts = template.expr.as_ref().or(template.query.as_ref());
        if texts.is_none_or(|text| text.trim().is_empty()) {
            let needed = fields.first().copied().unwrap_or_default();
            let text = format!("a {} monitor needs `{needed}`", kind.word());
            return Err(config.error(&[at[0], at[1], At::Value("as")], text, None));
        }
        let asks_prometheus = template.provider.unwrap_or_default() == Provider::Prometheus;
        if let Some(fault) = texts
            .filter(|_| kind != MonitorKind::Datadog && asks_prometheus)
            .and_then(|text| promql::fault(text))
        {
            let key = fields.first().copied().unwrap_or_default();
            let text = format!("this is not PromQL: {fault}");
            return Err(config.error(&[at[0], at[1], At::Value(key)], text, None));
        }
        if kind == MonitorKind::Analysis && !asks_prometheus && template.address.is_some() {
            let text = "`address` is of a Prometheus server".to_owned();
            let help = Some("remove it, or `provider: datadog`".to_owned());
            return Err(config.error(&[at[0], at[1], At::Key("address")], text, help));
        }
    }
    Ok(())
}

/// Whether a name can be part of an object's.
fn is_label(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty()
        && name.len() <= 63
        && name.chars().all(fits)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::is_duration;

    #[test]
    fn durations_are_those_of_prometheus() {
        for text in ["5m", "1h30m", "90s", "1d", "500ms", "2w"] {
            assert!(is_duration(text), "{text}");
        }
        for text in ["", "5", "m", "5 m", "30m1h", "1h1h", "1.5h", "5min", "-1m", "ü1m"] {
            assert!(!is_duration(text), "{text}");
        }
    }
}
