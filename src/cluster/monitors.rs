//! The states of monitors, as the Datadog Operator, Datadog, Alertmanager and Prometheus print them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::BufRead;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::cluster::fault::{Fault, Why};
use crate::cluster::reader::{Counted, Position};

/// How many bytes an input has at most.
const LARGEST: u64 = 64 << 20;
/// How many monitors and alerts an input has at most.
const MOST: usize = 100_000;
/// How many characters of a state are kept.
const LONGEST_STATE: usize = 64;

/// What prints states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// `kubectl get datadogmonitors`: an object for each monitor.
    Objects,
    /// `GET /api/v1/monitor` of Datadog: an entry for each monitor.
    Datadog,
    /// `GET /api/v2/alerts` of Alertmanager or `GET /api/v1/alerts` of Prometheus: an entry for each alert that fires.
    Alerts,
}

/// A monitor or an alert with its state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The name of the object, of the monitor in Datadog, or of the alert.
    pub name: String,
    /// The namespace of the object.
    pub namespace: Option<String>,
    /// What Datadog calls the monitor of an object.
    pub title: Option<String>,
    /// The labels of an alert.
    pub labels: BTreeMap<String, String>,
    /// The state, in the words of what prints it; empty if it has none yet.
    pub state: String,
}

/// What an input says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct States {
    /// What printed it.
    pub form: Form,
    /// Each monitor or alert.
    pub seen: Vec<Seen>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    name: Option<String>,
}

/// An entry of any form: only what tells its state is kept.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    kind: Option<String>,
    metadata: Option<Metadata>,
    spec: Option<Spec>,
    status: Option<Value>,
    name: Option<String>,
    overall_state: Option<String>,
    query: Option<IgnoredAny>,
    labels: Option<BTreeMap<String, String>>,
    /// A word of Prometheus, or what Datadog says of each group.
    state: Option<Value>,
}

impl Entry {
    fn take(
        self,
        of_list: bool,
        all: &mut BTreeSet<Form>,
        seen: &mut Vec<Seen>,
    ) -> Result<(), Why> {
        if seen.len() >= MOST {
            return Err(Why::TooMany(MOST, "monitors"));
        }
        let of_status = |key: &str| Some(shortened(self.status.as_ref()?.get(key)?.as_str()?));
        if of_list || self.kind.is_some() {
            all.insert(Form::Objects);
            if self.kind.as_deref() == Some("DatadogMonitor") {
                let state = of_status("monitorState").unwrap_or_default();
                let metadata = self.metadata.unwrap_or_default();
                let name = metadata.name.ok_or(Why::NoName)?;
                let title = self.spec.and_then(|spec| spec.name);
                let (namespace, labels) = (metadata.namespace, BTreeMap::new());
                seen.push(Seen { name, namespace, title, labels, state });
            }
            return Ok(());
        }
        let is_datadog = self.overall_state.is_some() || self.query.is_some();
        if let Some(name) = self.name.filter(|_| is_datadog) {
            all.insert(Form::Datadog);
            let state = shortened(&self.overall_state.unwrap_or_default());
            seen.push(Seen { name, state, ..Seen::default() });
            return Ok(());
        }
        let own = || self.state.as_ref().and_then(Value::as_str).map(shortened);
        let state = of_status("state").or_else(own);
        let (Some(labels), Some(state)) = (self.labels, state) else { return Err(Why::NoMonitor) };
        all.insert(Form::Alerts);
        let name = labels.get("alertname").cloned().unwrap_or_default();
        seen.push(Seen { name, labels, state, ..Seen::default() });
        Ok(())
    }
}

fn shortened(state: &str) -> String {
    state.chars().take(LONGEST_STATE).collect()
}

/// What has been read so far, and why the reading ended.
#[derive(Default)]
struct Reading {
    forms: BTreeSet<Form>,
    seen: Vec<Seen>,
    why: Option<Why>,
}

impl Reading {
    fn take<E: Error>(&mut self, entry: Entry, of_list: bool) -> Result<(), E> {
        let (forms, seen) = (&mut self.forms, &mut self.seen);
        entry.take(of_list, forms, seen).map_err(|why| {
            self.why = Some(why);
            E::custom("ended")
        })
    }

    fn end<T, E: Error>(&mut self, why: Why) -> Result<T, E> {
        self.why = Some(why);
        Err(E::custom("ended"))
    }
}

/// The whole input.
struct Document<'r>(&'r mut Reading);
/// The entries of a list; whether it is one of objects.
struct Entries<'r>(&'r mut Reading, bool);
/// What Prometheus wraps its alerts into.
struct Data<'r>(&'r mut Reading);

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(entry) = items.next_element::<Entry>()? {
            self.0.take(entry, self.1)?;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Data<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut has_alerts = false;
        while let Some(key) = entries.next_key::<String>()? {
            if key == "alerts" {
                has_alerts = true;
                self.0.forms.insert(Form::Alerts);
                entries.next_value_seed(Entries(self.0, false))?;
            } else {
                let _: IgnoredAny = entries.next_value()?;
            }
        }
        if has_alerts { Ok(()) } else { self.0.end(Why::NoMonitor) }
    }
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or a mapping")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        Entries(self.0, false).visit_seq(items)?;
        // Of Alertmanager, an empty list says that nothing fires.
        if self.0.forms.is_empty() {
            self.0.forms.insert(Form::Alerts);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut one = Entry::default();
        let mut is_list = false;
        while let Some(key) = entries.next_key::<String>()? {
            match key.as_str() {
                "items" => {
                    is_list = true;
                    self.0.forms.insert(Form::Objects);
                    entries.next_value_seed(Entries(self.0, true))?;
                }
                "data" => {
                    is_list = true;
                    entries.next_value_seed(Data(self.0))?;
                }
                "kind" => one.kind = entries.next_value()?,
                "metadata" => one.metadata = entries.next_value()?,
                "spec" => one.spec = entries.next_value()?,
                "status" => one.status = entries.next_value()?,
                _ => {
                    let _: IgnoredAny = entries.next_value()?;
                }
            }
        }
        match one.kind.as_deref() {
            _ if is_list => Ok(()),
            Some("Status") => self.0.end(Why::Status),
            Some("DatadogMonitor") => self.0.take(one, false),
            _ => self.0.end(Why::NoMonitor),
        }
    }
}

/// Reads a whole input.
///
/// # Errors
/// When it is none of the forms, or larger than the limits.
pub fn read(file: &str, stream: impl BufRead) -> Result<States, Fault> {
    let at = Position::default();
    let fault = |at, why| Fault { file: file.to_owned(), at, why };
    let mut stream = Counted::new(stream, &at);
    let refused = |error: std::io::Error| fault(None, Why::System(error.to_string()));
    if stream.skip(b"\xff\xfe").map_err(refused)? || stream.skip(b"\xfe\xff").map_err(refused)? {
        return Err(fault(None, Why::Utf16));
    }
    stream.skip("\u{feff}".as_bytes()).map_err(refused)?;
    match stream.peek().map_err(refused)? {
        None => return Err(fault(None, Why::Empty)),
        Some(b'{' | b'[') => {}
        Some(_) => return Err(fault(Some(at.place()), Why::NotJson)),
    }
    let mut reading = Reading::default();
    at.allow(Some(LARGEST));
    let mut json = serde_json::Deserializer::from_reader(&mut stream);
    let read = Document(&mut reading).deserialize(&mut json).and_then(|()| json.end());
    if let Err(error) = read {
        let place = (error.line() > 0).then(|| (error.line(), error.column().max(1)));
        let why = reading.why.take();
        let limit = at.is_passed().then_some(LARGEST);
        let why = why.unwrap_or_else(|| Why::of(error, limit, Why::NoMonitor));
        return Err(fault(place, why));
    }
    let mut forms = reading.forms.into_iter();
    match (forms.next(), forms.next()) {
        (Some(form), None) => Ok(States { form, seen: reading.seen }),
        _ => Err(fault(None, Why::NoMonitor)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, States, read};
    use crate::cluster::fault::Why;

    fn states(text: &str) -> States {
        read("f", text.as_bytes()).unwrap()
    }

    fn why(text: &str) -> Why {
        read("f", text.as_bytes()).unwrap_err().why
    }

    #[test]
    fn every_form_is_told_by_what_it_holds() {
        let object = r#"{"kind":"DatadogMonitor","metadata":{"name":"a","namespace":"n","labels":{"x":"y"}},"spec":{"name":"T","query":"q"},"status":{"monitorState":"No Data","id":3}}"#;
        let list = states(&format!(
            r#"{{"apiVersion":"v1","kind":"List","items":[{object}],"metadata":{{}}}}"#
        ));
        assert_eq!(list.form, Form::Objects);
        let one = &list.seen[0];
        assert_eq!((one.name.as_str(), one.state.as_str()), ("a", "No Data"));
        assert_eq!((one.namespace.as_deref(), one.title.as_deref()), (Some("n"), Some("T")));
        assert_eq!(states(object), list);
        let none = states(r#"{"kind":"DatadogMonitorList","items":[]}"#);
        assert_eq!((none.form, none.seen.len()), (Form::Objects, 0));
        let datadog =
            states(r#"[{"id":1,"name":"T","overall_state":"Alert","tags":["a"],"options":{}}]"#);
        assert_eq!((datadog.form, datadog.seen[0].state.as_str()), (Form::Datadog, "Alert"));
        let groups = states(
            r#"[{"name":"T","overall_state":"OK","state":{"groups":{"host:a":{"status":"OK"}}}},{"name":"U","overall_state":null,"query":"q","state":{}}]"#,
        );
        assert_eq!((groups.form, groups.seen.len()), (Form::Datadog, 2));
        let said: Vec<&str> = groups.seen.iter().map(|one| one.state.as_str()).collect();
        assert_eq!(said, ["OK", ""]);
        let alert = r#"{"labels":{"alertname":"A","family":"x"},"annotations":{},"status":{"state":"active","inhibitedBy":[]}}"#;
        let alerts = states(&format!("[{alert}]"));
        assert_eq!((alerts.form, alerts.seen[0].name.as_str()), (Form::Alerts, "A"));
        assert_eq!(states("[]").form, Form::Alerts);
        let own = states(
            r#"{"status":"success","data":{"alerts":[{"labels":{"alertname":"A"},"state":"pending","value":"1"}]}}"#,
        );
        assert_eq!((own.form, own.seen[0].state.as_str()), (Form::Alerts, "pending"));
    }

    #[test]
    fn everything_else_is_refused() {
        assert_eq!(why(""), Why::Empty);
        assert_eq!(why("alertname"), Why::NotJson);
        assert_eq!(why("[{\"labels\""), Why::Cut);
        assert_eq!(why("[1,]"), Why::NoMonitor);
        assert_eq!(why("[{}]"), Why::NoMonitor);
        assert_eq!(why(r#"[{"labels":{"a":"b"},"state":{}}]"#), Why::NoMonitor);
        assert_eq!(why("{}"), Why::NoMonitor);
        assert_eq!(why(r#"{"data":{"groups":[]}}"#), Why::NoMonitor);
        assert_eq!(why(r#"[{"labels":{"a":1},"state":"x"}]"#), Why::NoMonitor);
        assert_eq!(why(r#"{"kind":"Status","status":"Failure"}"#), Why::Status);
        assert_eq!(why("[] x"), Why::Syntax);
        assert_eq!(why("\u{feff}[}"), Why::Syntax);
        let mixed = r#"[{"name":"T","overall_state":"OK"},{"labels":{},"state":"firing"}]"#;
        assert_eq!(why(mixed), Why::NoMonitor);
        let deep = "[".repeat(100_000);
        assert!(matches!(why(&deep), Why::Syntax | Why::NoMonitor));
    }
}
