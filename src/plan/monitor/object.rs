//! The objects that templates become.

use crate::config::monitors::{MonitorKind, Provider, Template};
use crate::config::ordered::Ordered;
use crate::k8s::secret_name::{LONGEST_LABEL, check};
use crate::plan::monitor::fill::{Values, fill, has};
use crate::plan::monitor::value::{Map, Value, document};

/// How long after a rotation a rule can fire, where the template does not say, in seconds.
const WITHIN: u32 = 24 * 60 * 60;

/// A template with what is filled in.
pub(super) struct Filled<'f> {
    pub(super) name: &'f str,
    pub(super) template: &'f Template,
    pub(super) values: Values<'f>,
    /// The labels by which Prometheus selects rules.
    pub(super) selected_by: &'f [(String, String)],
    /// The namespace that the object spells itself.
    pub(super) own_namespace: Option<&'f str>,
}

/// Whether a template is written once for each version.
pub(super) fn is_per_version(template: &Template) -> bool {
    template.texts().any(|text| has(text, "version"))
}

impl Filled<'_> {
    /// What the object is called.
    pub(super) fn object_name(&self) -> String {
        let Values { family, version, .. } = self.values;
        let base = format!("{family}-{}", self.name);
        if is_per_version(self.template) { format!("{base}-{version}") } else { base }
    }

    /// The first label of the object that Kubernetes would refuse, as `key: value`.
    pub(super) fn refused_label(&self) -> Option<String> {
        let mut labels = self.all(&self.template.object_labels);
        let refused = labels.find(|(key, value)| !is_label_key(key) || !is_label_value(value));
        refused.map(|(key, value)| format!("{key}: {value}"))
    }

    /// The object as text.
    pub(super) fn document(&self) -> String {
        let spec = match self.template.kind {
            MonitorKind::Prometheus => self.rule(),
            MonitorKind::Datadog => self.datadog(),
            MonitorKind::Analysis => self.analysis(),
        };
        let version = match self.template.kind {
            MonitorKind::Prometheus => "monitoring.coreos.com/v1",
            MonitorKind::Datadog => "datadoghq.com/v1alpha1",
            MonitorKind::Analysis => "argoproj.io/v1alpha1",
        };
        let selected_by = match self.template.kind {
            MonitorKind::Prometheus => self.selected_by,
            _ => &[],
        };
        let labels = Map::default()
            .extend(self.all(&self.template.object_labels))
            .extend(selected_by.iter().cloned());
        let metadata = Map::default()
            .with("name", self.object_name())
            .maybe("namespace", self.own_namespace)
            .map("labels", labels)
            .map("annotations", self.annotations());
        let object = Map::default()
            .with("apiVersion", version)
            .with("kind", self.template.kind.object())
            .map("metadata", metadata)
            .map("spec", spec);
        document(object)
    }

    /// What says which family is watched, where no other field does for every template.
    fn annotations(&self) -> Map {
        let own = self.own_labels().map(|(key, value)| (format!("rotate/{key}"), value));
        match self.template.kind {
            MonitorKind::Analysis => Map::default().extend(own.into_iter()),
            MonitorKind::Prometheus | MonitorKind::Datadog => Map::default(),
        }
    }

    fn text(&self, text: &str) -> String {
        fill(text, &self.values)
    }

    fn maybe(&self, text: Option<&String>) -> Option<String> {
        text.map(|text| self.text(text))
    }

    fn all(&self, texts: &Ordered<String, String>) -> impl Iterator<Item = (String, String)> {
        let pairs = texts.iter().map(|(key, text)| (key.clone(), self.text(text)));
        pairs.collect::<Vec<_>>().into_iter()
    }

    fn own_labels(&self) -> [(String, String); 2] {
        let Values { family, environment, .. } = self.values;
        [("family", family), ("environment", environment)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
    }

    fn rule(&self) -> Map {
        let template = self.template;
        let labels =
            Map::default().extend(self.own_labels().into_iter()).extend(self.all(&template.labels));
        let annotations = Map::default().extend(self.all(&template.annotations));
        let expression = self.maybe(template.expr.as_ref()).unwrap_or_default();
        let rule = Map::default()
            .with("alert", format!("Rotation{}", pascal(self.name)))
            .with("expr", self.limited(&expression))
            .maybe("for", template.hold.as_deref())
            .map("labels", labels)
            .map("annotations", annotations);
        let group = Map::default()
            .with("name", self.object_name())
            .with("rules", Value::List(vec![rule.into()]));
        Map::default().with("groups", Value::List(vec![group.into()]))
    }

    /// An expression that has a result only for a while after a Secret of the family was created.
    fn limited(&self, expression: &str) -> String {
        let Values { family, version, namespace, .. } = self.values;
        let is_per_version = is_per_version(self.template);
        let within = self.template.within.map(crate::config::period::Period::seconds);
        let Some(within) = within.or((!is_per_version).then_some(WITHIN)) else {
            return expression.to_owned();
        };
        let secret = if is_per_version {
            format!("secret=\"{family}-{version}\"")
        } else {
            format!("secret=~\"{}-[0-9]{{14}}\"", pattern(family))
        };
        let namespace = namespace.map_or_else(String::new, |one| format!("namespace=\"{one}\","));
        let limit = format!(
            "and on () (time() - max(kube_secret_created{{{namespace}{secret}}}) < {within})"
        );
        let expression = expression.trim();
        // A comment at the end of a line would reach beyond a bracket.
        if expression.contains(['\n', '#']) {
            format!("(\n{expression}\n)\n{limit}")
        } else {
            format!("({expression})\n{limit}")
        }
    }

    fn datadog(&self) -> Map {
        let template = self.template;
        let Values { family, environment, version, .. } = self.values;
        let of = if is_per_version(template) {
            format!("{family}-{version}")
        } else {
            family.to_owned()
        };
        let name = format!("Rotation of {of} in {environment}: {}", self.name);
        let message = self.maybe(template.message.as_ref());
        let tags = self.own_labels().map(|(key, value)| format!("{key}:{value}")).into_iter();
        let tags = tags.chain(template.tags.iter().map(|tag| self.text(tag))).map(Value::Text);
        let thresholds = template.thresholds.clone().unwrap_or_default();
        let thresholds = Map::default()
            .maybe("critical", thresholds.critical.map(|one| one.0))
            .maybe("warning", thresholds.warning.map(|one| one.0));
        let options = Map::default().map("thresholds", thresholds);
        Map::default()
            .with("name", name.clone())
            .with("type", template.of_type.as_deref().unwrap_or("query alert"))
            .with("query", self.maybe(template.query.as_ref()).unwrap_or_default())
            .with("message", message.unwrap_or(name))
            .maybe("priority", template.priority.map(|one| Value::Number(u64::from(one))))
            .with("tags", Value::List(tags.collect()))
            .map("options", options)
    }

    fn analysis(&self) -> Map {
        let template = self.template;
        let query = self.maybe(template.query.as_ref()).unwrap_or_default();
        let provider = match template.provider.unwrap_or_default() {
            Provider::Prometheus => Map::default().map(
                "prometheus",
                Map::default()
                    .maybe("address", self.maybe(template.address.as_ref()))
                    .with("query", query),
            ),
            Provider::Datadog => Map::default().map("datadog", Map::default().with("query", query)),
        };
        let number = |number: Option<u32>| number.map(|one| Value::Number(u64::from(one)));
        let metric = Map::default()
            .with("name", self.name)
            .maybe("interval", template.interval.as_deref())
            .maybe("count", number(template.count))
            .maybe("successCondition", self.maybe(template.success_condition.as_ref()))
            .maybe("failureCondition", self.maybe(template.failure_condition.as_ref()))
            .maybe("failureLimit", number(template.failure_limit))
            .map("provider", provider);
        Map::default().with("metrics", Value::List(vec![metric.into()]))
    }
}

/// Whether Kubernetes takes a text as the key of a label: a name, which may have a domain before it.
fn is_label_key(text: &str) -> bool {
    let (domain, name) =
        text.split_once('/').map_or((None, text), |(domain, name)| (Some(domain), name));
    !name.is_empty() && is_label_value(name) && domain.is_none_or(|domain| check(domain).is_ok())
}

/// Whether Kubernetes takes a text as the value of a label.
fn is_label_value(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let ends = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= LONGEST_LABEL
        && bytes.iter().copied().all(inner)
        && ends(bytes.first())
        && ends(bytes.last())
}

/// A name inside a regular expression inside a string of PromQL.
pub(super) fn pattern(name: &str) -> String {
    name.replace('.', "\\\\.")
}

/// `slow-logins` as `SlowLogins`.
fn pascal(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        format!("{}{rest}", first.to_uppercase())
    });
    words.collect()
}
